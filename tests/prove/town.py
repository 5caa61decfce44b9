"""Run as `python -m tests.prove.town <what>` with the environment of an instance: what the kill tests need inside of it.

`open N`: N people with sessions and an open poll; `finish`: close, count and publish; `look`: what the log holds. Each prints
JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")


def open_poll(count: int) -> dict[str, Any]:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User
    from tests import make
    from voting import actions

    people = make.users(count)
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=3), by=None)
    sessions = []
    for person in User.objects.filter(pk__in=[person.pk for person in people]).order_by("pk"):
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.create()
        sessions.append(session.session_key)
    return {"poll": poll.public_id, "sessions": sessions}


def finish() -> dict[str, Any]:
    from django.utils import timezone

    from votelog import sequencer
    from voting import actions
    from voting.models import Poll

    poll = Poll.objects.get()
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    sequencer.run_once()
    actions.publish_result(poll=poll, by=None, at=timezone.now())
    sequencer.run_once()
    return look()


def look() -> dict[str, Any]:
    from votelog import fsck, log, trees
    from voting.models import Ballot, Poll

    poll = Poll.objects.get()
    shard = log.current_shard()
    tree = trees.load(shard)
    return {
        "bids": [entry["d"]["bid"] for entry in log.entries(poll.public_id, kind="ballot.cast")],
        "box": Ballot.objects.count(),
        "counted": [result.outcome["input"]["ballots"] for result in poll.results.all()],
        "roots": {size: tree.root(size).hex() for size in range(1, tree.size + 1)},
        "findings": fsck.findings(),
        "shard": shard,
    }


def main(arguments: list[str]) -> None:
    import django

    django.setup()
    what = {"open": lambda: open_poll(int(arguments[1])), "finish": finish, "look": look}[arguments[0]]
    print(json.dumps(what()))


if __name__ == "__main__":
    main(sys.argv[1:])
