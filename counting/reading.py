"""Reading ranked ballots as marked (docs/reference/results.md, "Reading ranked ballots"), and passing them on.

`read` applies the four options to every ballot once. What is left of a ballot is its *paper*: the preferences that can still
count, best first, and the reason for which it is out when none of them continues any more. Papers that became equal are one.

A count never walks through papers. They stand sorted, so all that begin alike are neighbours, and a `Bundle` is such a run
of neighbours: ballots that went the same way so far. `follow` passes bundles on to the options that continue. What it costs
depends on how many ways there are through the options that are out, not on how many ballots there are.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType

from counting.election import check_withdrawn, standing
from counting.options import RuleOptions, require_choice, require_whole_number
from counting.profile import OptionId, RankedBallot, RankedProfile

REASONS = ("overvote", "skipped", "duplicate", "choices")
"""Why a ballot is out of the count, in the order of records."""
DEFAULTS: RuleOptions = {"overvote": "exhaust", "max_skipped": None, "duplicate": "skip", "withdrawn": []}
OVERVOTES = ("exhaust", "skip", "exhaust_if_multiple_continuing")
UNKNOWN_OVERVOTE: tuple[OptionId, ...] = ("\x00over", "\x00vote")
"""A rank of an imported file with several marks, of which the file does not say whose (BLT `-=-`, CSV `overvote`). It ends a
ballot or is passed over like any over-vote; it is never settled by who continues. No option has such an id."""

_ENDS = {reason: chr(number) for number, reason in enumerate(REASONS)}


def check(options: RuleOptions, *, overvotes: Collection[str] = OVERVOTES) -> None:
    """Raise OptionsError unless the four options mean something. `overvotes`: the values the rule allows for `overvote`."""
    require_choice(options, "overvote", overvotes)
    if options["max_skipped"] is not None:
        require_whole_number(options, "max_skipped", at_least=0)
    require_choice(options, "duplicate", ("skip", "exhaust"))
    check_withdrawn(options)


@dataclass(frozen=True)
class _Sorted:
    """All papers of a count as text, sorted: one character for each preference, then one for the reason of its end.

    `before[i]`: ballots on the papers before the i-th. `preferences`: what the characters stand for.
    """

    papers: Sequence[str]
    before: Sequence[int]
    preferences: Mapping[str, tuple[OptionId, ...]]


class Bundle:
    """Ballots whose papers are equal down to some preference, and which nobody has looked at below it.

    `count`: how many. `branches`: what comes next on them, each the preference (one id; several only under
    `exhaust_if_multiple_continuing`) and the bundle of those that have it, in no particular order. `ended`: of how many ballots
    the paper ends here, by reason. `count` = sum of the counts of the branches and of `ended`.
    """

    __slots__ = ("_all", "_depth", "_first", "_next", "_stop", "count")

    def __init__(self, everything: _Sorted, first: int, stop: int, depth: int) -> None:
        self._all, self._first, self._stop, self._depth = everything, first, stop, depth
        self.count = everything.before[stop] - everything.before[first]
        self._next: tuple[tuple[tuple[tuple[OptionId, ...], Bundle], ...], Mapping[str, int]] | None = None

    @property
    def branches(self) -> tuple[tuple[tuple[OptionId, ...], "Bundle"], ...]:
        return (self._next or self._split())[0]

    @property
    def ended(self) -> Mapping[str, int]:
        return (self._next or self._split())[1]

    def _split(self) -> "tuple[tuple[tuple[tuple[OptionId, ...], Bundle], ...], Mapping[str, int]]":
        papers, before, depth = self._all.papers, self._all.before, self._depth
        branches, ended = [], {}
        at = self._first
        while at < self._stop:
            paper = papers[at]
            mark = paper[depth]
            past = bisect_left(papers, paper[:depth] + chr(ord(mark) + 1), at + 1, self._stop)
            if mark in self._all.preferences:
                branches.append((self._all.preferences[mark], Bundle(self._all, at, past, depth + 1)))
            else:
                ended[REASONS[ord(mark)]] = before[past] - before[at]
            at = past
        self._next = tuple(branches), MappingProxyType(ended)
        return self._next


@dataclass(frozen=True)
class Papers:
    """The ballots of a count after reading. `ballots` = `blank` + `start.count`.

    `start`: all ballots with a mark, before any preference was looked at. `rejected`: of these the ones that count for nobody
    in round 1, by reason, without zeros. `standing`: the options that were not withdrawn, in ballot order.
    """

    ballots: int
    blank: int
    rejected: Mapping[str, int]
    standing: tuple[OptionId, ...]
    start: Bundle

    @property
    def valid(self) -> int:
        return self.start.count - sum(self.rejected.values())

    def each(self) -> Iterator[tuple[tuple[tuple[OptionId, ...], ...], str, int]]:
        """Every different paper: its preferences, why it ends, and how many ballots became it. Not for counting: slow."""
        stack: list[tuple[tuple[tuple[OptionId, ...], ...], Bundle]] = [((), self.start)]
        while stack:
            path, bundle = stack.pop()
            for reason, count in bundle.ended.items():
                yield path, reason, count
            stack += [((*path, preference), branch) for preference, branch in bundle.branches]


def follow(bundles: Iterable[Bundle], continuing: Collection[OptionId]) -> tuple[dict[OptionId, list[Bundle]], dict[str, int]]:
    """Pass ballots on to their next preference among `continuing` (best a set): the bundles each option receives, and how many
    ballots are out by reason. Nothing that is zero.

    A preference of several ids counts for the one of them that continues, ends the ballot for good (`overvote`) when several
    do, and is passed over when none does.
    """
    to: defaultdict[OptionId, list[Bundle]] = defaultdict(list)
    out: defaultdict[str, int] = defaultdict(int)
    waiting = list(bundles)
    while waiting:
        bundle = waiting.pop()
        for reason, count in bundle.ended.items():
            out[reason] += count
        for preference, branch in bundle.branches:
            left = [option for option in preference if option in continuing]
            if len(left) == 1:
                to[left[0]].append(branch)
            elif left:
                out["overvote"] += branch.count
            else:
                waiting.append(branch)
    return dict(to), dict(out)


def read(profile: RankedProfile, candidates: Sequence[OptionId], options: RuleOptions) -> Papers:
    """What counts of every ballot. `candidates`: all on the ballot, the withdrawn ones too. Options that are not of reading are
    not looked at. Raises OptionsError when a withdrawn id is no candidate, ProfileError when a ballot names a stranger.

    >>> profile = RankedProfile.of([[["a"], [], ["b"]], [["a"], ["b"], ["a"]], [["a", "b"], ["c"]], [["c"]], []])
    >>> papers = read(profile, ["a", "b", "c"], DEFAULTS)
    >>> papers.ballots, papers.blank, papers.rejected, papers.valid
    (5, 1, {'overvote': 1}, 3)
    >>> sorted(papers.each())
    [((), 'overvote', 1), ((('a',), ('b',)), 'choices', 2), ((('c',),), 'choices', 1)]
    >>> {option: sum(bundle.count for bundle in bundles) for option, bundles in follow([papers.start], {"b", "c"})[0].items()}
    {'c': 1, 'b': 2}
    """
    left = standing(candidates, options)
    profile.require_known({*candidates, *UNKNOWN_OVERVOTE})
    reader = _Reader(left, options)
    counts: dict[str, int] = {}
    for ballot, count in profile.groups.items():
        if ballot:
            paper = reader.paper(ballot)
            counts[paper] = counts.get(paper, 0) + count
    papers = sorted(counts)
    before = [0, *accumulate(map(counts.__getitem__, papers))]
    start = Bundle(_Sorted(papers, before, reader.preferences), 0, len(papers), 0)
    rejected = follow([start], frozenset(left))[1]
    return Papers(
        ballots=profile.blank + start.count, blank=profile.blank, standing=left, start=start,
        rejected={reason: rejected[reason] for reason in REASONS if reason in rejected},
    )  # fmt: skip


class _Reader:
    """Turns ballots into papers, and knows what the characters of papers stand for."""

    def __init__(self, left: Sequence[OptionId], options: RuleOptions) -> None:
        self._overvote, self._duplicate = options["overvote"], options["duplicate"]
        self._max_skipped = options["max_skipped"]
        self._mark: dict[tuple[OptionId, ...], str] = {}
        self.preferences: dict[str, tuple[OptionId, ...]] = {}
        self._left = frozenset(left)
        for option in left:
            self._character((option,))
        self._plain = {**self._mark, **{(option,): "" for option in options["withdrawn"]}}
        if self._max_skipped is None:
            self._plain[()] = ""

    def paper(self, ballot: RankedBallot) -> str:
        """The paper of a ballot with marks."""
        try:
            marks = "".join(map(self._plain.__getitem__, ballot))
        except KeyError:
            return self._judged(ballot)
        if len(set(marks)) == len(marks):
            return marks + _ENDS["choices"]
        return self._judged(ballot)

    def _judged(self, ballot: RankedBallot) -> str:
        """The same, rank by rank, for every ballot."""
        marks: list[str] = []
        run = 0
        marked: set[OptionId] = set()
        for rank in ballot:
            if not rank:
                run += 1
                continue
            if self._max_skipped is not None and run > self._max_skipped:
                return "".join(marks) + _ENDS["skipped"]
            run = 0
            if rank == UNKNOWN_OVERVOTE:
                if self._overvote == "skip":
                    continue
                return "".join(marks) + _ENDS["overvote"]
            left = [option for option in rank if option in self._left]
            if self._duplicate == "exhaust":
                if not marked.isdisjoint(left):
                    return "".join(marks) + _ENDS["duplicate"]
                marked.update(left)
            else:
                left = [option for option in left if option not in marked]
            if len(left) > 1 and self._overvote == "exhaust":
                return "".join(marks) + _ENDS["overvote"]
            if left and not (len(left) > 1 and self._overvote == "skip"):
                marks.append(self._character(tuple(left)))
                marked.update(left)  # an over-vote that was passed over is no earlier mark, unless duplicates end the ballot
        return "".join(marks) + _ENDS["choices"]

    def _character(self, preference: tuple[OptionId, ...]) -> str:
        if preference not in self._mark:
            character = chr(len(REASONS) + len(self._mark))
            self._mark[preference] = character
            self.preferences[character] = preference
        return self._mark[preference]
