"""How pb_mes_run.py sees the ballots: for each project the groups of ballots that support it. Equal ballots are one group."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from counting.profile import OptionId, ProfileError, ScoredProfile


@dataclass(frozen=True, eq=False)
class Bloc:
    """Groups of `weight` ballots each that support one project with `points`.

    `mark` is what stands on these ballots. `pick` takes the groups' entries from a list.
    """

    mark: Any
    points: int
    weight: int
    groups: tuple[int, ...]
    pick: Callable[[Sequence[int]], tuple[int, ...]]

    @property
    def ballots(self) -> int:
        return self.weight * len(self.groups)

    def part(self, groups: tuple[int, ...]) -> "Bloc":
        """The bloc of some of these groups."""
        return replace(self, groups=groups, pick=picker(groups))


def option_of(mark: Any) -> OptionId:
    """The project of one mark on a ballot: an id where ballots approve, (id, points) where they give points."""
    option: OptionId = mark if isinstance(mark, str) else mark[0]
    return option


def points_of(mark: Any) -> int:
    """The points of one mark: 1 for an approval."""
    points: int = 1 if isinstance(mark, str) else mark[1]
    return points


def blocs_of(profile: ScoredProfile, options: Collection[OptionId]) -> dict[OptionId, list[Bloc]]:
    """The blocs of each project. Groups are numbered as they stand in `profile.groups`. Raises ProfileError when a ballot names
    a stranger."""
    found: dict[int, dict[Any, list[int]]] = {weight: defaultdict(list) for weight in set(profile.groups.values())}
    for group, (ballot, weight) in enumerate(profile.groups.items()):
        supporters = found[weight]
        for mark in ballot:
            supporters[mark].append(group)
    blocs: dict[OptionId, list[Bloc]] = {option: [] for option in options}
    for weight, marks in found.items():
        for mark, groups in marks.items():
            if option_of(mark) not in blocs:
                raise ProfileError(f"a ballot names {option_of(mark)!r}, which is not an option of this poll")
            blocs[option_of(mark)].append(Bloc(mark, points_of(mark), weight, tuple(groups), picker(groups)))
    return blocs


def picker(places: Sequence[int]) -> Callable[[Sequence[int]], tuple[int, ...]]:
    """A function that takes the entries at these places from a list."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)
