"""How many different ballots a poll allows, beside how many people may vote in it.

Where there are more possible ballots than voters, a rare one can serve as a signature: whoever buys or forces a vote asks for an
odd order of the last places, and looks for it among the published ballots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, perm
from typing import Any

from django.utils.translation import gettext as _

from common.templatetags.text import number
from voting.models import Poll

_STATES = 50_000
"""So many different sums of costs are told apart; beyond, the count is a lower bound."""
MANY = 10**12
"""From here on a page says "more than": nobody reads such a number."""
_SAFE = 10
"""Voters for each possible ballot, at least, below which a ballot may stand alone."""


@dataclass(frozen=True)
class Patterns:
    """How many different ballots there are besides the blank one. `exact` False: at least so many."""

    count: int
    exact: bool = True

    def __str__(self) -> str:
        if self.count > MANY:
            return _("more than %(count)s") % {"count": number(MANY)}
        return number(self.count) if self.exact else _("at least %(count)s") % {"count": number(self.count)}


@dataclass(frozen=True)
class Meter:
    """`kind`: `calm`; `rare` from one possible ballot for ten voters on; `alone` where there are more of them than voters.

    `advice`: what would make them fewer, in sentences, the gentlest first.
    """

    patterns: Patterns
    voters: int
    kind: str
    advice: list[str]


def meter(poll: Poll) -> Meter:
    costs = [option.cost or 0 for option in poll.options.all()]
    found, voters = patterns(poll.kind, poll.limits, costs), poll.voters
    kind = "alone" if found.count > voters else "rare" if found.count * _SAFE > voters else "calm"
    return Meter(found, voters, kind, [] if kind == "calm" else _advice(poll, costs, found))


def patterns(kind: str, limits: Mapping[str, Any], costs: Sequence[int]) -> Patterns:
    """Of ballots of a kind with these limits (`voting.kinds`) on options that cost so much, one number for each (0: nothing)."""
    return _COUNTERS[kind](limits, costs)


def _approve(limits: Mapping[str, Any], costs: Sequence[int]) -> Patterns:
    least, most = _between(limits, len(costs))
    cap = limits["max_cost"]
    if cap is None or sum(costs) <= cap:
        return Patterns(sum(comb(len(costs), marked) for marked in range(least, most + 1)))
    # By how many are marked, as far as it matters, and by what they cost together. The cheap ones first: should the sums become
    # too many to tell apart, what has been counted by then are the ballots of the cheap options, and the bound is a good one.
    by_size = least > 1 or most < len(costs)
    sums = Counter({(0, 0): 1})
    exact = True
    for cost in sorted(costs):
        more = Counter(sums)
        for (marked, total), times in sums.items():
            if total + cost <= cap and marked + by_size <= most:
                more[marked + by_size, total + cost] += times
        if len(more) > _STATES:
            exact = False
            break
        sums = more
    if by_size:
        return Patterns(sum(times for (marked, _), times in sums.items() if marked >= least), exact)
    return Patterns(sums.total() - 1, exact)


def _rank(limits: Mapping[str, Any], costs: Sequence[int]) -> Patterns:
    options = len(costs)
    if limits["raw"]:  # every option has one of as many ranks as there are options, or none
        return Patterns((options + 1) ** options - 1)
    least, most = _between(limits, options)
    orders = _weak_orders(most) if limits["ties"] else None
    return Patterns(
        sum(comb(options, named) * orders[named] if orders else perm(options, named) for named in range(least, most + 1))
    )


def _weak_orders(most: int) -> list[int]:
    """In how many ways 0, 1, … `most` options can be ranked where several may share a rank."""
    found = [1]
    for named in range(1, most + 1):
        found.append(sum(comb(named, first) * found[named - first] for first in range(1, named + 1)))
    return found


def _score(limits: Mapping[str, Any], costs: Sequence[int]) -> Patterns:
    return Patterns((limits["max"] + 1) ** len(costs) - 1)


def _alloc(limits: Mapping[str, Any], costs: Sequence[int]) -> Patterns:
    points, most = limits["sum"], limits["max"] or limits["sum"]
    least = max(1, limits["min"])
    return Patterns(
        sum(
            comb(len(costs), marked) * _shared_out(points, marked, most, exact=limits["exact"])
            for marked in range(least, min(len(costs), points) + 1)
        )
    )


def _shared_out(points: int, marked: int, most: int, *, exact: bool) -> int:
    """In how many ways so many options get 1 to `most` points each, `points` in all, or up to that many."""
    spare = int(exact)
    total = 0
    for over in range(marked + 1):  # inclusion and exclusion: so many of them get more than `most`
        left = points - over * most
        if left < marked:
            break
        total += (-1) ** over * comb(marked, over) * comb(left - spare, marked - spare)
    return total


_COUNTERS = {"approve": _approve, "rank": _rank, "score": _score, "alloc": _alloc}


def _between(limits: Mapping[str, Any], options: int) -> tuple[int, int]:
    """How many options a ballot that is not blank may mark."""
    return max(1, limits["min"]), min(options, limits["max"] or options)


def _advice(poll: Poll, costs: Sequence[int], now: Patterns) -> list[str]:
    sentences = []
    for change, sentence in _fewer(poll.kind, poll.limits, len(costs)):
        would = patterns(poll.kind, {**poll.limits, **change}, costs)
        if would.exact and would.count < now.count:
            sentences.append(sentence % {"count": would})
    return [*sentences, _("Fewer options make fewer different ballots, and so do larger rolls.")]


def _fewer(kind: str, limits: Mapping[str, Any], options: int) -> list[tuple[dict[str, Any], str]]:
    """Changes of the limits that might help, with a sentence about each."""
    if kind == "approve":
        few = max(3, limits["min"])
        text = _("If a ballot may name at most %(few)s options, there are %%(count)s.") % {"few": number(few)}
        return [({"max": few}, text)]
    if kind == "rank":
        few = max(3, limits["min"])
        short = _("If only the first %(few)s places can be ranked, there are %%(count)s.") % {"few": number(few)}
        alone = {"raw": False, "ties": False}
        return [
            (alone, _("If no two options may share a rank, there are %(count)s.")),
            ({**alone, "max": few}, short),
        ]
    if kind == "score":
        text = _("With points up to %(most)s there are %%(count)s.")
        return [({"max": most}, text % {"most": number(most)}) for most in (3, 1)]
    text = _("With %(points)s points to give there are %%(count)s.")
    return [({"sum": points, "max": None, "min": 0}, text % {"points": number(points)}) for points in (5, 3)]
