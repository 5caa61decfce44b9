"""The kinds of ballots, in one place: what a form may say, what stands in the log, what is not valid, what is counted.

`Poll.ballot` is `{kind: limits}` and `b` of a cast ballot `{kind: marks}`, as docs/reference/results.md has them. Everything
that differs between kinds is asked here; KINDS is the table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.http import QueryDict

from common.persian import ascii_digits
from common.refusal import Refusal
from counting.profile import ApprovalProfile, PointsProfile, Profile, RankedProfile
from voting import errors
from voting.models import Option, Poll

Body = Mapping[str, Any]
"""What a ballot says: `{"approve": ["o1"]}`, `{"rank": [["o3"], ["o1"]]}`, `{"score": {"o1": 4}}`, `{"alloc": {"o1": 7}}`."""
Limits = Mapping[str, Any]
MOST = 999_999
"""The largest number that a limit may be, and the most that is read out of a field."""


@dataclass(frozen=True)
class Reading:
    """What a form says. `written`: by option key, as typed, to be shown again. `unreadable`: keys whose field is no number.

    `strange`: whether the form names something that is not on the ballot. `closed`: of a ranking with gaps, the numbers as
    written and as read.
    """

    marks: Any
    written: Mapping[str, str]
    unreadable: tuple[str, ...] = ()
    strange: bool = False
    closed: tuple[tuple[int, ...], tuple[int, ...]] | None = None


class Kind:
    """One kind of ballot. `marks` are what stands under its name in `b`."""

    id: ClassVar[str]
    limits: ClassVar[Limits]
    """Every limit with its default."""
    profile: ClassVar[type[ApprovalProfile] | type[PointsProfile] | type[RankedProfile]]

    def why_not_limits(self, limits: Limits) -> tuple[str, str] | None:
        """Name and fault (in English) of a limit that cannot be, None when all can."""
        raise NotImplementedError

    def read(self, data: QueryDict, keys: Sequence[str], limits: Limits) -> Reading:
        """What of a form can be read, also where it cannot be cast."""
        raise NotImplementedError

    def fields(self, marks: Any) -> list[tuple[str, str]]:
        """The form fields that say the same: read again they give these marks."""
        raise NotImplementedError

    def normal(self, marks: Any, limits: Limits) -> Any:
        """The one way of writing these marks in the log. Raises TypeError, ValueError for what is not of this kind."""
        raise NotImplementedError

    def named(self, marks: Any) -> list[str]:
        """The keys of the options that these marks are about; one as often as it is marked."""
        raise NotImplementedError

    def why_not(self, marks: Any, limits: Limits, options: Mapping[str, Option]) -> Refusal | None:
        """Why normal marks for known options are no valid ballot."""
        raise NotImplementedError

    def tally(self, marks: Any) -> Mapping[str, int]:
        """What one ballot adds to the live numbers."""
        raise NotImplementedError

    def rows(self, marks: Any) -> list[tuple[str, int | None]]:
        """Key and number (rank or points; None for approvals) in the order in which people read a ballot."""
        raise NotImplementedError


class Approve(Kind):
    id = "approve"
    limits = {"min": 0, "max": None, "max_cost": None}
    profile = ApprovalProfile

    def why_not_limits(self, limits: Limits) -> tuple[str, str] | None:
        return _why_not_between(limits) or _why_not_whole(limits, "max_cost", least=1, most=None)

    def read(self, data: QueryDict, keys: Sequence[str], limits: Limits) -> Reading:
        wanted = set(data.getlist("choose")) - {""}  # the blank ballot has a button of its own, without a key
        chosen = [key for key in keys if key in wanted]
        return Reading(chosen, dict.fromkeys(chosen, "on"), strange=not wanted <= set(keys))

    def fields(self, marks: Any) -> list[tuple[str, str]]:
        return [("choose", key) for key in marks]

    def normal(self, marks: Any, limits: Limits) -> Any:
        return sorted(_keys(marks))

    def named(self, marks: Any) -> list[str]:
        return list(marks)

    def why_not(self, marks: Any, limits: Limits, options: Mapping[str, Option]) -> Refusal | None:
        if len(set(marks)) != len(marks):
            return errors.UnknownOption()
        if refusal := _why_not_so_many(len(marks), limits):
            return refusal
        cap = limits["max_cost"]
        return errors.BallotOverBudget() if cap is not None and sum(options[key].cost or 0 for key in marks) > cap else None

    def tally(self, marks: Any) -> Mapping[str, int]:
        return dict.fromkeys(marks, 1)

    def rows(self, marks: Any) -> list[tuple[str, int | None]]:
        return [(key, None) for key in marks]


class Rank(Kind):
    id = "rank"
    limits = {"min": 0, "max": None, "ties": False, "raw": False}
    profile = RankedProfile

    def why_not_limits(self, limits: Limits) -> tuple[str, str] | None:
        for name in ("ties", "raw"):
            if not isinstance(limits[name], bool):
                return name, f"must be true or false, not {limits[name]!r}"
        return _why_not_between(limits)

    def read(self, data: QueryDict, keys: Sequence[str], limits: Limits) -> Reading:
        """Gaps are closed, unless ballots are kept as marked: then no form makes more ranks than there are options."""
        most = len(keys) if limits["raw"] else MOST
        written, numbers, unreadable, strange = _read_numbers(data, keys, least=1, most=most)
        if limits["raw"]:
            last = max(numbers.values(), default=0)
            ranks = [[key for key in keys if numbers.get(key) == number] for number in range(1, last + 1)]
            return Reading(ranks, written, unreadable, strange)
        used = sorted(set(numbers.values()))
        ranks = [[key for key in keys if numbers.get(key) == number] for number in used]
        wrote = tuple(sorted(numbers.values()))
        read = tuple(used.index(number) + 1 for number in wrote)
        return Reading(ranks, written, unreadable, strange, closed=None if wrote == read else (wrote, read))

    def fields(self, marks: Any) -> list[tuple[str, str]]:
        return [(f"mark-{key}", str(place)) for key, place in self.rows(marks)]

    def normal(self, marks: Any, limits: Limits) -> Any:
        ranks = [sorted(set(_keys(rank)) if limits["raw"] else _keys(rank)) for rank in marks]
        while ranks and not ranks[-1]:
            ranks.pop()
        return ranks if limits["raw"] else [rank for rank in ranks if rank]

    def named(self, marks: Any) -> list[str]:
        return [key for rank in marks for key in rank]

    def why_not(self, marks: Any, limits: Limits, options: Mapping[str, Option]) -> Refusal | None:
        if limits["raw"]:
            return None
        named = self.named(marks)
        if len(set(named)) != len(named):
            return errors.UnknownOption()
        for rank in marks:
            if len(rank) > 1 and not limits["ties"]:
                first, second = (options[key] for key in rank[:2])
                return errors.SameRank(first=str(first), second=str(second), keys=rank)
        return _why_not_so_many(len(named), limits)

    def tally(self, marks: Any) -> Mapping[str, int]:
        return dict.fromkeys(next((rank for rank in marks if rank), ()), 1)

    def rows(self, marks: Any) -> list[tuple[str, int | None]]:
        return [(key, place) for place, rank in enumerate(marks, start=1) for key in rank]


class _Points(Kind):
    profile = PointsProfile

    def read(self, data: QueryDict, keys: Sequence[str], limits: Limits) -> Reading:
        written, numbers, unreadable, strange = _read_numbers(data, keys, least=0)
        return Reading({key: points for key, points in numbers.items() if points}, written, unreadable, strange)

    def fields(self, marks: Any) -> list[tuple[str, str]]:
        return [(f"mark-{key}", str(points)) for key, points in marks.items()]

    def normal(self, marks: Any, limits: Limits) -> Any:
        if any(type(points) is not int or points < 0 for points in marks.values()):
            raise ValueError("points are whole numbers from 0")
        return {key: marks[key] for key in sorted(_keys(list(marks))) if marks[key]}

    def named(self, marks: Any) -> list[str]:
        return list(marks)

    def why_not(self, marks: Any, limits: Limits, options: Mapping[str, Option]) -> Refusal | None:
        for key, points in marks.items():
            if limits["max"] is not None and points > limits["max"]:
                return errors.TooManyPoints(option=str(options[key]), limit=limits["max"], keys=[key])
        return None

    def tally(self, marks: Any) -> Mapping[str, int]:
        return dict(marks)

    def rows(self, marks: Any) -> list[tuple[str, int | None]]:
        """Most points first."""
        return sorted(marks.items(), key=lambda mark: -mark[1])


class Score(_Points):
    id = "score"
    limits = {"max": 5}

    def why_not_limits(self, limits: Limits) -> tuple[str, str] | None:
        return _why_not_whole(limits, "max", least=1, most=MOST, optional=False)


class Alloc(_Points):
    id = "alloc"
    limits = {"sum": 10, "exact": False, "max": None, "min": 0}

    def why_not_limits(self, limits: Limits) -> tuple[str, str] | None:
        if not isinstance(limits["exact"], bool):
            return "exact", f"must be true or false, not {limits['exact']!r}"
        fault = (
            _why_not_whole(limits, "sum", least=1, most=MOST, optional=False)
            or _why_not_whole(limits, "max", least=1, most=MOST)
            or _why_not_whole(limits, "min", least=0, most=MOST, optional=False)
        )
        return fault or (("min", "is more than there are points") if limits["min"] > limits["sum"] else None)

    def why_not(self, marks: Any, limits: Limits, options: Mapping[str, Option]) -> Refusal | None:
        given, allowed = sum(marks.values()), limits["sum"]
        if refusal := super().why_not(marks, limits, options):
            return refusal
        if given > allowed:
            return errors.PointsOverSum(given=given, sum=allowed, over=given - allowed)
        if marks and limits["exact"] and given < allowed:
            return errors.PointsNotAll(given=given, sum=allowed, left=allowed - given)
        return errors.TooFewChoices(limit=limits["min"]) if 0 < len(marks) < limits["min"] else None


KINDS: Mapping[str, Kind] = {kind.id: kind for kind in (Approve(), Rank(), Score(), Alloc())}


def kind_of(poll: Poll) -> Kind:
    return KINDS[poll.kind]


def full_ballot(ballot: Mapping[str, Any]) -> dict[str, Any]:
    """A poll's `ballot` with every limit written out. Raises BallotLimitsRefused, naming the limit at fault."""
    if len(ballot) != 1 or (name := next(iter(ballot))) not in KINDS or not isinstance(ballot[name], Mapping):
        raise errors.BallotLimitsRefused(limit="ballot", why=f"must be one of {', '.join(KINDS)} with its limits")
    kind = KINDS[name]
    if strange := sorted(set(ballot[name]) - set(kind.limits)):
        raise errors.BallotLimitsRefused(limit=strange[0], why=f"a ballot of the kind {name} has no such limit")
    limits = {**kind.limits, **ballot[name]}
    if fault := kind.why_not_limits(limits):
        raise errors.BallotLimitsRefused(limit=fault[0], why=fault[1])
    return {name: limits}


def normal(poll: Poll, b: Body) -> dict[str, Any]:
    """The ballot as it will stand in the log. Raises BallotOfAnotherKind for what is not of the poll's kind at all."""
    kind = kind_of(poll)
    try:
        if set(b) == {kind.id}:
            return {kind.id: kind.normal(b[kind.id], poll.limits)}
        raise errors.BallotOfAnotherKind()
    except (TypeError, ValueError, AttributeError):
        raise errors.BallotOfAnotherKind() from None


def why_not_valid(poll: Poll, options: Iterable[Option], b: Body) -> Refusal | None:
    """Whether a normal ballot may be cast. Without any mark it is blank."""
    kind, known = kind_of(poll), {option.key: option for option in options}
    if not set(kind.named(b[kind.id])) <= known.keys():
        return errors.UnknownOption()
    return kind.why_not(b[kind.id], poll.limits, known)


def profile(kind: Kind, ballots: Iterable[Body]) -> Profile:
    marks = [b[kind.id] for b in ballots]
    if kind.profile is RankedProfile and all(len(rank) == 1 for ranks in marks for rank in ranks):
        return RankedProfile.of_orders(tuple(rank[0] for rank in ranks) for ranks in marks)  # the fast way in
    return kind.profile.of(marks)


def tallies(kind: Kind, ballots: Iterable[Body], keys: Sequence[str]) -> dict[str, int]:
    """Live numbers by option key: approvals, first preferences (shared first ranks count for each), sums of points."""
    total: Counter[str] = Counter(dict.fromkeys(keys, 0))
    for b in ballots:
        total.update(kind.tally(b[kind.id]))
    return {key: total[key] for key in keys}


@dataclass(frozen=True)
class Line:
    """One option on a ballot as people read it. `number`: rank or points. `shared`: another option has the same rank."""

    option: Option
    number: int | None = None
    shared: bool = False


@dataclass(frozen=True)
class Shown:
    """A ballot as people read it. `lines` in order, `others`: the options it does not name, `total`: points, or cost."""

    lines: list[Line] = field(default_factory=list)
    others: list[Option] = field(default_factory=list)
    total: int = 0

    @property
    def blank(self) -> bool:
        return not self.lines


def shown(poll: Poll, options: Sequence[Option], b: Body | None) -> Shown:
    """`b` None: nothing was cast. Keys that are not among `options` are left out."""
    kind, known = kind_of(poll), {option.key: option for option in options}
    rows = [row for row in (kind.rows(b[kind.id]) if b else []) if row[0] in known]
    if kind.id in ("approve", "score", "alloc"):  # equal ones in the order of the page
        order = {option.key: place for place, option in enumerate(options)}
        rows.sort(key=lambda row: (-(row[1] or 0), order[row[0]]))
    times = Counter(number for _, number in rows)
    lines = [Line(known[key], number, kind.id == "rank" and times[number] > 1) for key, number in rows]
    named = {key for key, _ in rows}
    total = sum(line.option.cost or 0 if line.number is None else line.number for line in lines)
    return Shown(lines, [option for option in options if option.key not in named], total)


def _keys(marks: Any) -> list[str]:
    if isinstance(marks, str | Mapping) or not all(isinstance(key, str) for key in marks):
        raise TypeError("a list of option keys")
    return list(marks)


def _read_numbers(
    data: QueryDict, keys: Sequence[str], *, least: int, most: int = MOST
) -> tuple[dict[str, str], dict[str, int], tuple[str, ...], bool]:
    """Fields `mark-<key>`: as written, as numbers, those that are none, and whether there was one for a strange key."""
    written = {key: text for key in keys if (text := data.get(f"mark-{key}", "").strip()[:40])}
    numbers: dict[str, int] = {}
    unreadable = []
    for key, text in written.items():
        digits = re.sub(r"[\s\u200c\u200e\u200f\u061c]", "", ascii_digits(text))
        if re.fullmatch(r"[0-9]{1,6}", digits) and least <= int(digits) <= most:
            numbers[key] = int(digits)
        else:
            unreadable.append(key)
    strange = any(name.startswith("mark-") and name[5:] not in set(keys) for name in data)
    return written, numbers, tuple(unreadable), strange


def _why_not_so_many(count: int, limits: Limits) -> Refusal | None:
    if limits["max"] is not None and count > limits["max"]:
        return errors.TooManyChoices(limit=limits["max"])
    return errors.TooFewChoices(limit=limits["min"]) if count < limits["min"] else None


def _why_not_between(limits: Limits) -> tuple[str, str] | None:
    fault = _why_not_whole(limits, "min", least=0, most=MOST, optional=False) or _why_not_whole(limits, "max", least=1, most=MOST)
    if not fault and limits["max"] is not None and limits["min"] > limits["max"]:
        return "min", "is more than max"
    return fault


def _why_not_whole(
    limits: Limits, name: str, *, least: int, most: int | None, optional: bool = True
) -> tuple[str, str] | None:
    value = limits[name]
    if value is None and optional:
        return None
    if type(value) is not int or value < least or (most is not None and value > most):
        span = f"from {least}" + (f" to {most}" if most is not None else "")
        return name, f"must be a whole number {span}{' or null' if optional else ''}, not {value!r}"
    return None


def room(options: Sequence[Option]) -> int:
    """Bytes that are enough for any ballot on these options, so that shut ones all have one length."""
    return 768 + sum(len(option.key) + 24 for option in options)
