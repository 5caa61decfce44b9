"""Invented residents go on voting while somebody looks at the demo.

A ballot enters the log only together with at least nine others, so a visitor who votes alone would wait until the poll
closes. When a ballot waits, others follow within seconds; otherwise one comes now and then, and the board is alive.
"""

import random
import time

from django.utils import timezone

from common.refusal import Refusal
from deliberate.demo import build
from votelog.models import BALLOT, Pending
from voting.models import Ballot, Poll

QUICK, SLOW = 1.0, 20.0
_chance = random.Random()  # noqa: S311 -- invented people
_last: dict[str, float] = {}


def beat() -> None:
    for poll in Poll.objects.filter(status=Poll.Status.OPEN, source=None).select_related("roll"):
        waiting = Pending.objects.filter(poll=poll.public_id, kind=BALLOT).count()
        pause = QUICK if waiting else SLOW
        if time.monotonic() - _last.setdefault(poll.public_id, time.monotonic()) < pause:
            continue
        _last[poll.public_id] = time.monotonic()
        if Ballot.objects.filter(poll=poll).count() < poll.roll.entries.count() * 8 // 10:
            _cast_one(poll)


def _cast_one(poll: Poll) -> None:
    polls = build.content("polls")["polls"]
    planned = next((item for item in polls if (item["title"], item["process"]) == (poll.title, poll.process.slug)), None)
    if planned is None:
        return
    for entry in build.invented_voters(poll.roll, 20, _chance):
        try:
            return build.cast_invented(poll, entry, planned, _chance, at=timezone.now())
        except Refusal:
            continue  # this one has voted
