"""The one place that decides who may do what. What is not granted here is refused.

Whether the moment is right (phase, deadline, status) is the business of each app's `rules`.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser

from accounts.models import User

Grant = Callable[[User, Any], bool]


def _anyone_signed_in(user: User, thing: Any) -> bool:
    return True


def _staff(user: User, thing: Any) -> bool:
    return user.is_staff


def _author(user: User, thing: Any) -> bool:
    return bool(thing.author_id == user.pk)


GRANTS: dict[str, Grant] = {
    "profile.edit": lambda user, person: bool(person.pk == user.pk),
    "code.redeem": _anyone_signed_in,
    "proposal.create": _anyone_signed_in,
    "proposal.edit": _author,
    "proposal.endorse": _anyone_signed_in,
    "comment.create": _anyone_signed_in,
    "ballot.cast": _anyone_signed_in,  # the roll decides further
    "process.see_unpublished": _staff,
    "request.see": _staff,
    "poll.see_draft": _staff,
    "poll.freeze": _staff,
    "poll.change.request": _staff,
    "poll.change.approve": _staff,  # somebody else than who asked
    "poll.open": _staff,
    "poll.publish": _staff,
    "delivery.record": _staff,
    "content.hide": _staff,
    "objection.answer": _staff,
    "incident.declare.request": _staff,
    "incident.declare.approve": _staff,  # somebody else than who asked
    "blob.erase.request": _staff,
    "blob.erase.approve": _staff,  # somebody else than who asked
}


def can(user: User | AnonymousUser, action: str, thing: Any = None) -> bool:
    """Whether `user` has the right to `action` on `thing`. Unknown actions and people not signed in: no."""
    if not isinstance(user, User) or not user.is_active:
        return False
    grant = GRANTS.get(action)
    return grant is not None and grant(user, thing)
