"""Which of what waits enters the log now, and in which order: ballots only in shuffled groups."""

import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db.models import Count, F, Max

from votelog.models import BALLOT, Pending

_shuffle = random.SystemRandom().shuffle


class Waiting(NamedTuple):
    """A pending row, its body parsed."""

    id: int
    poll: str
    kind: str
    t: int | None
    k: int | None
    d: dict[str, Any]


def ripe_polls() -> set[str]:
    """The polls of which something may enter the log now: those with a barrier, or with enough ballots for a mix.

    Whether so many ballots are of so many voters is seen when they are read, in `in_order`.
    """
    barriers = Pending.objects.exclude(kind=BALLOT).values_list("poll", flat=True)
    mixable = Pending.objects.filter(k__isnull=False).values("poll").annotate(waiting=Count("k"), most=Max("k"))
    return {*barriers.distinct(), *mixable.filter(waiting__gte=F("most")).values_list("poll", flat=True)}


def in_order(rows: Iterable[Waiting], shuffle: Callable[[list[Waiting]], None] = _shuffle) -> list[Waiting]:
    """The rows (by id) that enter the log now, in the order in which they do.

    A row that is no ballot is a barrier of its poll: the ballots before it enter before it, in one shuffled mix. Ballots
    after the last barrier enter as a mix when those of at least k credentials wait, and stay otherwise.
    """
    ordered: list[Waiting] = []
    waiting: dict[str, list[Waiting]] = {}
    for row in rows:
        if row.kind == BALLOT:
            waiting.setdefault(row.poll, []).append(row)
        else:
            ordered += _mixed(waiting.pop(row.poll, []), shuffle)
            ordered.append(row)
    for ballots in waiting.values():
        # Voters are counted, not ballots: whoever votes again and again must not make up a mix to single somebody out.
        voters = len({row.d["cred"] for row in ballots})
        if all(row.k is not None and row.k <= voters for row in ballots):
            ordered += _mixed(ballots, shuffle)
    return ordered


def _mixed(ballots: list[Waiting], shuffle: Callable[[list[Waiting]], None]) -> list[Waiting]:
    mix = list(ballots)
    shuffle(mix)
    # Whoever cast twice within one mix still has the last word: the places of a credential are filled by revision.
    places: dict[str, list[int]] = {}
    for place, row in enumerate(mix):
        places.setdefault(row.d["cred"], []).append(place)
    for taken in places.values():
        revisions = sorted((mix[place] for place in taken), key=lambda row: int(row.d["rev"]))
        for place, row in zip(taken, revisions, strict=True):
            mix[place] = row
    return mix
