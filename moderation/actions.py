"""Hide and restore texts. The apps that hold them call this in the transaction in which they put their counters right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.actors import object_sha256
from accounts.models import User
from accounts.permissions import can
from common.refusal import NotPermitted
from moderation import errors
from moderation.models import Act, Hidden, Rule
from outbox.actions import post
from votelog.actions import record


@dataclass(frozen=True)
class Wrote:
    """Who wrote a text, as far as they are told what happens to it. `email` empty: nobody can be told."""

    email: str
    language: str
    text: str


def hide(
    *, thing: Hidden, kind: str, number: object, author: Wrote, by: User, rule: str, reason: str, at: datetime, base_url: str
) -> None:
    """Replace a text by a notice for everybody but its author and staff. Nothing is deleted.

    Recorded in the public log and in the list of moderation; the author is told by mail. `base_url`: scheme and host for
    the link in that mail. Raises NotPermitted, AlreadyHidden, and then nothing was changed; ValueError for an unknown rule.
    """
    if rule not in Rule.values:
        raise ValueError(f"{rule} is no rule of the house")
    _act(Act.Action.HIDE, thing, kind, number, author, by, rule, reason, at, base_url)


def restore(
    *, thing: Hidden, kind: str, number: object, author: Wrote, by: User, reason: str, at: datetime, base_url: str
) -> None:
    """Show a hidden text again. Recorded and told like hiding. Raises NotPermitted, NotHidden."""
    rule = type(thing)._default_manager.values_list("hidden", flat=True).get(pk=thing.pk)
    if not rule:
        raise errors.NotHidden()
    _act(Act.Action.RESTORE, thing, kind, number, author, by, rule, reason, at, base_url)


def _act(
    action: Act.Action,
    thing: Hidden,
    kind: str,
    number: object,
    author: Wrote,
    by: User,
    rule: str,
    reason: str,
    at: datetime,
    base_url: str,
) -> None:
    if not can(by, "content.hide", thing):
        raise NotPermitted()
    hiding = action == Act.Action.HIDE
    before, after = ("", rule) if hiding else (rule, "")
    with transaction.atomic():
        # Of two members of staff at once, the row count decides who was first.
        if not type(thing)._default_manager.filter(pk=thing.pk, hidden=before).update(hidden=after):
            raise errors.AlreadyHidden() if hiding else errors.NotHidden()
        thing.hidden = after
        act = Act.objects.create(kind=kind, number=str(number), action=action, rule=rule, reason=reason, by=by, at=at)
        d = {"object_sha256": object_sha256(kind, number), "action": str(action), "rule": rule, "actor": by.pseudonym}
        record("moderation.action", at=at, d=d)
        if author.email:
            _tell(act, author, base_url)


def _tell(act: Act, author: Wrote, base_url: str) -> None:
    with translation.override(author.language):
        context = {
            "act": act,
            "text": author.text,
            "url": base_url.rstrip("/") + act.get_absolute_url(),
            "contact": settings.CONTACT_MAIL,
            "site_name": settings.SITE_NAME_FA if author.language == "fa" else settings.SITE_NAME,
        }
        subject = _("A text of yours was hidden") if act.action == Act.Action.HIDE else _("A text of yours is shown again")
        post(to=author.email, subject=subject, body=render_to_string("moderation/mail.txt", context).strip() + "\n", at=act.at)
