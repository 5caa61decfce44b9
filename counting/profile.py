"""Profiles: the ballots of one poll as a multiset. Equal ballots are one group with a count; nobody is behind
them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any

OptionId = str
ApprovalBallot = tuple[OptionId, ...]
PointsBallot = tuple[tuple[OptionId, int], ...]


class ProfileError(ValueError):
    """A ballot that cannot be counted was handed to a count. A bug of the caller: ballots are checked when
    they are cast."""


class _Grouped:
    """What every profile can tell. `()` is the group of blank ballots."""

    groups: Mapping[Any, int]

    @property
    def total(self) -> int:
        """All ballots, blank ones included."""
        return sum(self.groups.values())

    @property
    def blank(self) -> int:
        """Ballots without any mark."""
        return self.groups.get((), 0)

    @property
    def valid(self) -> int:
        """Ballots with at least one mark."""
        return self.total - self.blank


@dataclass(frozen=True)
class ApprovalProfile(_Grouped):
    """How many ballots approve exactly which set of options.

    `groups` maps the approved ids, sorted by code point, to the number of such ballots; the empty tuple
    stands for blank ballots. Raises ProfileError when ids are unsorted or repeated, or a count is not
    positive.

    >>> profile = ApprovalProfile.of([["b", "a"], ["a", "b"], ["b"], []])
    >>> dict(profile.groups)
    {(): 1, ('a', 'b'): 2, ('b',): 1}
    >>> profile.total, profile.valid, profile.blank, profile.scores(["a", "b", "c"])
    (4, 3, 1, {'a': 2, 'b': 3, 'c': 0})
    """

    groups: Mapping[ApprovalBallot, int]

    def __post_init__(self) -> None:
        for ballot, count in self.groups.items():
            if list(ballot) != sorted(set(ballot)):
                raise ProfileError(f"approvals must be sorted and different: {ballot!r}")
            _require_count(count)
        object.__setattr__(self, "groups", MappingProxyType(dict(sorted(self.groups.items()))))

    @classmethod
    def of(cls, ballots: Iterable[Iterable[OptionId]]) -> "ApprovalProfile":
        """Group `ballots`, each the approved ids in any order."""
        return cls(Counter(tuple(sorted(ballot)) for ballot in ballots))

    def scores(self, options: Collection[OptionId]) -> dict[OptionId, int]:
        """Number of approving ballots of each option. Raises ProfileError when a ballot names another one."""
        return _add_up((([(option, 1) for option in ballot], count) for ballot, count in self.groups.items()), options)


@dataclass(frozen=True)
class PointsProfile(_Grouped):
    """How many ballots give exactly which points. `groups` maps ((id, points), …), sorted by id, points ≥ 1,
    to a count.

    Points are added up as they stand; a ballot that spends less than it might is never scaled up (counting.md
    §1.7).

    >>> profile = PointsProfile.of([{"a": 3, "b": 1}, {"b": 1, "a": 3}, {"b": 0}])
    >>> dict(profile.groups), profile.scores(["a", "b"])
    ({(): 1, (('a', 3), ('b', 1)): 2}, {'a': 6, 'b': 2})
    """

    groups: Mapping[PointsBallot, int]

    def __post_init__(self) -> None:
        for ballot, count in self.groups.items():
            ids = [option for option, _ in ballot]
            if ids != sorted(set(ids)):
                raise ProfileError(f"options must be sorted and different: {ballot!r}")
            if any(type(points) is not int or points < 1 for _, points in ballot):
                raise ProfileError(f"points must be whole numbers from 0: {ballot!r}")
            _require_count(count)
        object.__setattr__(self, "groups", MappingProxyType(dict(sorted(self.groups.items()))))

    @classmethod
    def of(cls, ballots: Iterable[Mapping[OptionId, int]]) -> "PointsProfile":
        """Group `ballots`, each the points by id; zero points are the same as none."""
        return cls(Counter(tuple(sorted((o, p) for o, p in ballot.items() if p != 0)) for ballot in ballots))

    def scores(self, options: Collection[OptionId]) -> dict[OptionId, int]:
        """Points of each option. Raises ProfileError when a ballot names another one."""
        return _add_up(self.groups.items(), options)


Rank = tuple[OptionId, ...]
RankedBallot = tuple[Rank, ...]
Paper = tuple[OptionId | Rank, ...]


class RankedProfile(_Grouped):
    """How many ballots hold exactly which ranking, as marked: what a rule makes of gaps and shared ranks is its own business.

    `groups` maps rankings to a count. A ranking is a tuple of ranks, best first; a rank is the ids marked there, sorted: one,
    several (equal, or an over-vote) or none (a skipped rank). The last rank is never empty; `()` is a blank ballot. An id may
    stand at several ranks. Raises ProfileError for anything else. A million groups are too many to sort for nothing: they
    stand in no particular order.

    `papers`: the groups and their counts as counts walk through them. After `of_orders` a ranking holds the ids themselves and
    `groups` are made only when they are asked for.

    >>> profile = RankedProfile.of([[["a"], ["b"]], [["a"], ["b"], []], [[], ["c", "b"]], []])
    >>> dict(profile.groups)
    {(('a',), ('b',)): 2, ((), ('b', 'c')): 1, (): 1}
    """

    papers: Sequence[tuple[Paper, int]]
    _marks: frozenset[OptionId | Rank]

    def __init__(self, groups: Mapping[RankedBallot, int]) -> None:
        self.groups = MappingProxyType(dict(groups))
        self._keep(groups)
        for rank in self._marks:
            if type(rank) is not tuple or list(rank) != sorted(set(rank)):
                raise ProfileError(f"a rank is a tuple of ids, sorted and different: {rank!r}")
        for ballot in groups:
            if ballot and not ballot[-1]:
                raise ProfileError(f"the last rank is empty: {ballot!r}")

    @classmethod
    def of(cls, ballots: Iterable[Iterable[Iterable[OptionId]]]) -> "RankedProfile":
        """Group `ballots`, each its ranks, each the ids in any order."""
        return cls(Counter(map(_Ranks().ballot, ballots)))

    @classmethod
    def of_orders(cls, orders: Iterable[tuple[OptionId, ...]]) -> "RankedProfile":
        """Group `orders`, each the ids one after another, best first: ballots without gaps and shared ranks.

        >>> RankedProfile.of_orders([("a", "b"), ("a", "b"), ()]) == RankedProfile.of([[["a"], ["b"]]] * 2 + [[]])
        True
        """
        profile = cls.__new__(cls)
        profile._keep(Counter(orders))
        if strange := set(map(type, profile._marks)) - {str}:
            raise ProfileError(f"an order is a tuple of ids, not of {strange.pop().__name__}")
        return profile

    def _keep(self, papers: Mapping[Any, int]) -> None:
        if strange := set(map(type, papers)) - {tuple}:
            raise ProfileError(f"a ranking is a tuple of ranks, not a {strange.pop().__name__}")
        for count in papers.values():
            _require_count(count)
        self.papers = tuple(papers.items())
        self._marks = frozenset(chain.from_iterable(papers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RankedProfile) and self.groups == other.groups

    def __repr__(self) -> str:
        return f"RankedProfile({dict(self.groups)!r})"

    @cached_property
    def groups(self) -> Mapping[RankedBallot, int]:  # type: ignore[override]
        ranks: dict[OptionId | Rank, Rank] = {option: (option,) for option in self._marks if isinstance(option, str)}
        return MappingProxyType({tuple(map(ranks.__getitem__, order)): count for order, count in self.papers})

    @cached_property
    def ranks(self) -> frozenset[Rank]:
        """Every different rank on some ballot."""
        return frozenset((mark,) if isinstance(mark, str) else mark for mark in self._marks)

    def require_known(self, options: Collection[OptionId]) -> None:
        """Raise ProfileError when a ballot names an option that is none of `options`."""
        known = set(options)
        for rank in self.ranks:
            if not known.issuperset(rank):
                raise ProfileError(f"a ballot names {rank!r}, of which not all are options of this poll")


class _Ranks(dict[Rank, Rank]):
    """Ranks as handed in, and the one tuple that stands for them: a million ballots share a handful of ranks."""

    def __missing__(self, rank: Rank) -> Rank:
        ids = tuple(sorted(rank))
        self[rank] = self[ids] if ids != rank else ids
        return self[rank]

    def ballot(self, ranks: Iterable[Iterable[OptionId]]) -> RankedBallot:
        ballot = tuple(map(self.__getitem__, map(tuple, ranks)))
        while ballot and not ballot[-1]:
            ballot = ballot[:-1]
        return ballot


ScoredProfile = ApprovalProfile | PointsProfile
Profile = ApprovalProfile | PointsProfile | RankedProfile


def _add_up(ballots: Iterable[tuple[Iterable[tuple[OptionId, int]], int]], options: Collection[OptionId]) -> dict[OptionId, int]:
    totals = dict.fromkeys(options, 0)
    for ballot, count in ballots:
        for option, points in ballot:
            if option not in totals:
                raise ProfileError(f"a ballot names {option!r}, which is not an option of this poll")
            totals[option] += points * count
    return totals


def _require_count(count: int) -> None:
    if type(count) is not int or count < 1:
        raise ProfileError(f"a group holds at least one ballot, not {count!r}")
