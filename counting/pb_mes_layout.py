"""How pb_mes_run.py sees the ballots: for each project the groups of ballots that support it.

While only a few projects have been bought, all ballots that agree on those few hold the same money. A *coarse* layout puts them
in one group each; it is good for a run until another project is to be bought, and then the run goes on with the finer one.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter, mul
from typing import Any

from counting.profile import OptionId, ScoredProfile

COARSE = (10, 20)
"""Projects that coarse layouts tell apart."""
WORTHWHILE = 3
"""A coarse layout has at most one group for so many of the finer one's; else it is not worth the trouble."""

Holdings = tuple[Sequence[int], Sequence[int] | None]
"""What groups hold a ballot, and how many ballots each is; None: as many as `weight` of their bloc says."""


@dataclass(frozen=True)
class Bloc:
    """Groups that support one project with `points`: each with `weight` ballots, or with `weights` where they differ.

    `mark` is what stands on these ballots. `pick` takes the groups' entries from a list.
    """

    mark: Any
    points: int
    groups: tuple[int, ...]
    weight: int
    weights: tuple[int, ...] | None
    pick: Callable[[Sequence[int]], tuple[int, ...]]

    def total(self, holdings: Holdings) -> tuple[int, int]:
        """(ballots, money) of these of its groups."""
        held, weights = holdings
        if weights is None:
            return self.weight * len(held), self.weight * sum(held)
        return sum(weights), sum(map(mul, held, weights))


def at_least(limit: int, holdings: Holdings) -> Holdings:
    """Those who hold `limit` or more."""
    held, weights = holdings
    if weights is None:
        return [balance for balance in held if balance >= limit], None
    flags = [balance >= limit for balance in held]
    return list(compress(held, flags)), list(compress(weights, flags))


@dataclass(frozen=True)
class Layout:
    """`ballots`: the marks on the ballots of each group, as far as this layout tells them apart; `blocs` by project.

    Good while only projects of `top` were bought (None: always). `finer` is the next finer layout, and `spread` makes a list of
    its groups from one of these groups.
    """

    ballots: Sequence[tuple[Any, ...]]
    blocs: Mapping[OptionId, tuple[Bloc, ...]]
    top: frozenset[OptionId] | None = None
    finer: "Layout | None" = None
    spread: Callable[[Sequence[int]], Sequence[int]] = list


def option_of(mark: Any) -> OptionId:
    """The project of one mark on a ballot: an id where ballots approve, (id, points) where they give points."""
    option: OptionId = mark if isinstance(mark, str) else mark[0]
    return option


def points_of(mark: Any) -> int:
    """The points of one mark: 1 for an approval."""
    points: int = 1 if isinstance(mark, str) else mark[1]
    return points


def finest(profile: ScoredProfile, options: Sequence[OptionId]) -> Layout:
    """Every different ballot is a group. One bloc holds those of a project that have the same mark and as many ballots."""
    found: dict[OptionId, dict[tuple[Any, int], list[int]]] = {option: {} for option in options}
    for group, (ballot, weight) in enumerate(profile.groups.items()):
        for mark in ballot:
            found[option_of(mark)].setdefault((mark, weight), []).append(group)
    blocs = {
        option: tuple(
            Bloc(mark, points_of(mark), tuple(groups), weight, None, _picker(groups)) for (mark, weight), groups in marks.items()
        )
        for option, marks in found.items()
    }
    return Layout(list(profile.groups), blocs)


def coarser(finer: Layout, top: Sequence[OptionId]) -> Layout | None:
    """The layout that only tells apart what ballots say about `top`; None when it is not worthwhile."""
    wanted = frozenset(top)
    kinds: dict[tuple[Any, ...], int] = {}
    into = [
        kinds.setdefault(tuple([mark for mark in ballot if option_of(mark) in wanted]), len(kinds)) for ballot in finer.ballots
    ]
    if len(kinds) * WORTHWHILE > len(into):
        return None
    blocs = {}
    for option, old in finer.blocs.items():
        ballots: dict[Any, Counter[int]] = {bloc.mark: Counter() for bloc in old}
        for bloc in old:
            if bloc.weights is None:
                for kind, groups in Counter(bloc.pick(into)).items():
                    ballots[bloc.mark][kind] += groups * bloc.weight
            else:
                for kind, weight in zip(bloc.pick(into), bloc.weights, strict=True):
                    ballots[bloc.mark][kind] += weight
        blocs[option] = tuple(
            Bloc(mark, points_of(mark), tuple(counts), 0, tuple(counts.values()), _picker(tuple(counts)))
            for mark, counts in ballots.items()
        )
    return Layout(list(kinds), blocs, wanted, finer, _picker(into))


def _picker(places: Sequence[int]) -> Callable[[Sequence[int]], tuple[int, ...]]:
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    return itemgetter(*places)
