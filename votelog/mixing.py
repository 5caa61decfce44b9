"""Which of what waits enters the log now, and in which order: ballots in shuffled groups (docs/reference/vote-log.md, Mixes)."""

import random
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, Max
from django.utils import timezone

from ballotbox import box
from merkle import canonical
from votelog.models import BALLOT, Pending

CLOSING, PAUSE = "poll.closed", "poll.paused"
_random = random.SystemRandom()


class Waiting(NamedTuple):
    """A pending row, what it says opened. `id` 0: made here, there is no row of it."""

    id: int
    poll: str
    kind: str
    t: int | None
    k: int | None
    d: dict[str, Any]


def ripe_polls() -> set[str]:
    """The polls of which something may enter the log now: those with news of their own, or with enough ballots for a group.

    Whether so many ballots are of so many voters is seen when they are opened, in `in_order`.
    """
    news = Pending.objects.exclude(kind=BALLOT).values_list("poll", flat=True)
    mixable = Pending.objects.filter(k__isnull=False).values("poll").annotate(waiting=Count("k"), most=Max("k"))
    return {*news.distinct(), *(row["poll"] for row in mixable if row["waiting"] >= enough(row["most"]))}


def enough(k: int) -> int:
    """How many credentials must wait before a group may leave: k of them stay behind, so that the last group is no smaller."""
    return 2 * k if k > 1 else 1


def opened(rows: Iterable[Pending]) -> list[Waiting]:
    """The rows with what they say, but for ballots that wait for a close that has not come.

    Ballots are opened by the ballot box, poll by poll. Raises BallotBoxError, BallotBoxAway.
    """
    rows = list(rows)
    closing = {row.poll for row in rows if row.kind == CLOSING}
    rows = [row for row in rows if row.kind != BALLOT or row.k is not None or row.poll in closing]
    shut: dict[str, list[Pending]] = {}
    for row in rows:
        if row.kind == BALLOT:
            shut.setdefault(row.poll, []).append(row)
    said: dict[int, dict[str, Any]] = {}
    for poll, ballots in shut.items():
        contents = box().unseal(poll=poll, bodies=[row.body for row in ballots])
        said |= {row.pk: content["d"] for row, content in zip(ballots, contents, strict=True)}
    said |= {row.pk: canonical.loads(row.body.encode()) for row in rows if row.kind != BALLOT}
    return [Waiting(row.pk, row.poll, row.kind, row.t, row.k, said[row.pk]) for row in rows]


def in_order(rows: Iterable[Waiting], rng: random.Random = _random) -> list[Waiting]:
    """The rows (by id) that enter the log now, in the order in which they do, with the summary after each group of ballots.

    What is no ballot enters as it comes. Ballots go in shuffled groups: before the close of their poll all that wait; else,
    when those of at least 2k credentials wait, all but those of k credentials chosen at random, which stay.
    """
    ordered: list[Waiting] = []
    waiting: dict[str, list[Waiting]] = {}
    for row in rows:
        if row.kind == BALLOT:
            waiting.setdefault(row.poll, []).append(row)
            continue
        if row.kind == CLOSING:
            ordered += _group(waiting.pop(row.poll, []), rng)
        elif row.kind == PAUSE:  # ballots cast before a pause are not to stand in it: what is ripe leaves first
            ripe = _leaving(waiting.get(row.poll, []), rng)
            gone = {ballot.id for ballot in ripe}
            waiting[row.poll] = [ballot for ballot in waiting.get(row.poll, []) if ballot.id not in gone]
            ordered += _group(ripe, rng)
        ordered.append(row)
    for ballots in waiting.values():
        ordered += _group(_leaving(ballots, rng), rng)
    return ordered


def _leaving(ballots: list[Waiting], rng: random.Random) -> list[Waiting]:
    """Those of a poll that goes on which leave now. Voters are counted, not ballots: whoever votes again and again must not
    make up a group to single somebody out."""
    if not ballots or any(row.k is None for row in ballots):
        return []
    k = max((row.k or 0) for row in ballots)
    voters = sorted({row.d["cred"] for row in ballots})
    if len(voters) < enough(k):
        return []
    stay = set(rng.sample(voters, k if k > 1 else 0))
    return [row for row in ballots if row.d["cred"] not in stay]


def _group(ballots: list[Waiting], rng: random.Random) -> list[Waiting]:
    if not ballots:
        return []
    mix = list(ballots)
    rng.shuffle(mix)
    # Whoever cast twice within one group still has the last word: the places of a credential are filled by revision.
    places: dict[str, list[int]] = {}
    for place, row in enumerate(mix):
        places.setdefault(row.d["cred"], []).append(place)
    for taken in places.values():
        revisions = sorted((mix[place] for place in taken), key=lambda row: int(row.d["rev"]))
        for place, row in zip(taken, revisions, strict=True):
            mix[place] = row
    summary = {"accepted": len(mix), "voters": len(places)}
    return [*mix, Waiting(0, mix[0].poll, "intake.summary", int(timezone.now().timestamp()), None, summary)]
