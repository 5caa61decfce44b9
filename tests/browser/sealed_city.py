"""Polls of several kinds of secrecy, and sessions of a voter and of staff: `python -m tests.browser.sealed_city` prints them."""

import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")


def build() -> dict[str, Any]:
    from django.conf import settings

    from tests import make
    from voting import actions
    from voting.models import Poll

    ada, staff = make.user("ada@example.org", display_name="Ada"), make.user("staff@example.org", is_staff=True)
    roll = make.roll(ada, *make.users(11))
    process = make.process()
    polls = {
        "sealed": actions.open_poll(
            poll=make.poll(roll=roll, process=process, mix_k=1, visibility=Poll.Visibility.SEALED), by=None
        ),
        "ranked": actions.open_poll(
            poll=make.election(
                roll=roll, process=process, method="irv-v1", ballot={"rank": {}}, visibility=Poll.Visibility.SEALED
            ),
            by=None,
        ),
        "turnout": actions.open_poll(
            poll=make.poll(roll=roll, process=process, visibility=Poll.Visibility.TURNOUT), by=None
        ),
        "decided": actions.open_poll(poll=make.poll(roll=roll, process=process, mix_k=1), by=None),
        "draft": make.election(roll=roll, process=process, method="irv-v1", ballot={"rank": {}}, options=8),
    }
    for person in [entry.user for entry in roll.entries.select_related("user")][1:4]:
        assert person is not None
        make.cast(polls["decided"], person, "o1")
    make.published(polls["decided"])
    return {
        "cookie": settings.SESSION_COOKIE_NAME,
        "voter": session(ada),
        "staff": session(staff),
        "polls": {name: poll.public_id for name, poll in polls.items()},
    }


def session(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    assert store.session_key
    return store.session_key


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(build(), sys.stdout)
