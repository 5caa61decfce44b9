"""Invented residents go on voting while somebody looks at the demo.

A ballot enters the log only in a group with those of others, and as many stay behind: a visitor who votes alone would
wait until the poll closes. When a visitor's ballot waits, invented ones follow within seconds; otherwise one comes now
and then, until most have voted, and the board is alive.
"""

import random
import time
from contextlib import suppress

from django.utils import timezone

from ballotbox import box
from common.refusal import Refusal
from deliberate.demo import build
from votelog.models import BALLOT, Pending
from voting.models import Ballot, Poll
from voting.standing import standing_of

QUICK, SLOW = 1.0, 12.0
ENOUGH = 65
"""Per cent of the roll. Beyond it invented residents vote, or vote again, only to keep a visitor's ballot company."""
_chance = random.Random()  # noqa: S311 -- invented people
_last: dict[str, float] = {}


def beat() -> None:
    for poll in Poll.objects.filter(status=Poll.Status.OPEN, source__isnull=True).select_related("roll", "process"):
        visitor_waits = _visitor_waits(poll)
        pause = QUICK if visitor_waits else SLOW
        if time.monotonic() - _last.setdefault(poll.public_id, time.monotonic()) < pause:
            continue
        _last[poll.public_id] = time.monotonic()
        enough = poll.board.turnout * 100 >= poll.roll.entries.count() * ENOUGH
        if visitor_waits or not enough:
            _cast_one(poll)


def _visitor_waits(poll: Poll) -> bool:
    """Whether a visitor's ballot waits for company; what waits for the close does not."""
    waiting = Pending.objects.filter(poll=poll.public_id, kind=BALLOT, k__isnull=False)
    bodies = list(waiting.values_list("body", flat=True))
    tags = [box().tag(poll=poll.public_id, uid=bytes(entry.uid).hex()) for entry in build.visitors(poll.roll)]
    return Ballot.objects.filter(poll=poll, tag__in=tags, body__in=bodies).exists()


def _cast_one(poll: Poll) -> None:
    here = (poll.title, poll.process.slug)
    planned = next((item for item in build.planned_polls() if (item["title"], item["process"]) == here), None)
    if planned is None:
        return
    # Whoever has not voted yet goes first; when everybody asked has, one changes their mind.
    asked = [standing_of(poll, entry) for entry in build.invented_voters(poll.roll, 12, _chance)]
    who = min(asked, key=lambda standing: standing.next_revision)
    if who.entry is not None:
        with suppress(Refusal):  # the poll may have closed at this moment
            build.cast_invented(poll, who.entry, planned, _chance, at=timezone.now(), revision=who.next_revision)
