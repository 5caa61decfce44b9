"""Reading ranked ballots as marked (docs/reference/results.md, "Reading ranked ballots"), and passing them on.

`read` applies the four options to every ballot once. What it leaves is the ballot's *paper*: the marks that can still count,
best first, and, where the ballot ends early, the reason. A mark that can never count does no harm, so most papers are the
ballots as they stand: `follow` passes over gaps, over options that are out, and over an option's second mark, for an option
that held the ballot once is out when it moves on.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from counting.election import check_withdrawn, standing
from counting.options import RuleOptions, require_choice, require_whole_number
from counting.profile import OptionId, Paper, Rank, RankedBallot, RankedProfile

Pile = list[tuple[Paper, int]]
"""Papers, each with the number of ballots that became it."""
REASONS = ("overvote", "skipped", "duplicate", "choices")
"""Why a ballot is out of the count, in the order of records."""
DEFAULTS: RuleOptions = {"overvote": "exhaust", "max_skipped": None, "duplicate": "skip", "withdrawn": []}
OVERVOTES = ("exhaust", "skip", "exhaust_if_multiple_continuing")
UNKNOWN_OVERVOTE: Rank = ("\x00over", "\x00vote")
"""A rank of an imported file with several marks, of which the file does not say whose (BLT `-=-`, CSV `overvote`). It ends a
ballot or is passed over like any over-vote; it is never settled by who continues. No option has such an id."""

_ENDS: Mapping[str, Rank] = {reason: (f"\x00{reason}",) for reason in REASONS}
"""The last mark of a paper that ends early. No option has such an id."""
_REASONS = {end: reason for reason, end in _ENDS.items()}


def check(options: RuleOptions, *, overvotes: Collection[str] = OVERVOTES) -> None:
    """Raise OptionsError unless the four options mean something. `overvotes`: the values the rule allows for `overvote`."""
    require_choice(options, "overvote", overvotes)
    if options["max_skipped"] is not None:
        require_whole_number(options, "max_skipped", at_least=0)
    require_choice(options, "duplicate", ("skip", "exhaust"))
    check_withdrawn(options)


@dataclass(frozen=True)
class Papers:
    """The ballots of a count after reading. `ballots` = `blank` + `valid` + all `rejected`.

    `marked`: all ballots with a mark. `first`: those of each option in round 1, where it has any; a count may change these
    piles. `rejected`: how many count for nobody in round 1, by reason, without zeros. `standing`: the options that were not
    withdrawn, in ballot order.
    """

    ballots: int
    blank: int
    rejected: Mapping[str, int]
    standing: tuple[OptionId, ...]
    marked: Pile
    first: dict[OptionId, Pile]

    @property
    def valid(self) -> int:
        return self.ballots - self.blank - sum(self.rejected.values())

    def each(self) -> Iterator[tuple[tuple[Rank, ...], str, int]]:
        """Every different paper without the marks that never count: its preferences, why it ends, and how many ballots became
        it. Not for counting: slow."""
        found: Counter[tuple[tuple[Rank, ...], str]] = Counter()
        for paper, count in self.marked:
            ranks = dict.fromkeys((mark,) if isinstance(mark, str) else mark for mark in paper)
            end = next((_REASONS[rank] for rank in ranks if rank in _REASONS), "choices")
            found[tuple(rank for rank in ranks if set(rank).intersection(self.standing)), end] += count
        for (preferences, end), count in found.items():
            yield preferences, end, count


def size(pile: Iterable[tuple[Paper, int]]) -> int:
    """How many ballots."""
    return sum(map(itemgetter(1), pile))


def follow(pile: Iterable[tuple[Paper, int]], continuing: Collection[OptionId]) -> tuple[dict[OptionId, Pile], dict[str, int]]:
    """Pass ballots on to their first preference among `continuing` (best a set): the pile each option receives, and how many
    ballots are out by reason. Nothing that is zero.

    None of the options that held these ballots before may be among `continuing`, nor any that was out when they passed it.

    A preference of several ids counts for the one of them that continues, ends the ballot for good (`overvote`) when several
    do, and is passed over when none does.
    """
    to: defaultdict[OptionId, Pile] = defaultdict(list)
    out: defaultdict[str, Pile] = defaultdict(list)
    receivers: dict[OptionId | Rank, Pile | None] = {}
    for item in pile:
        for mark in item[0]:
            try:
                receiver = receivers[mark]
            except KeyError:
                receiver = receivers[mark] = _receiver(mark, continuing, to, out)
            if receiver is not None:
                receiver.append(item)
                break
        else:
            out["choices"].append(item)
    return dict(to), {reason: size(over) for reason, over in out.items()}


def _receiver(
    mark: OptionId | Rank, continuing: Collection[OptionId], to: dict[OptionId, Pile], out: dict[str, Pile]
) -> Pile | None:
    """Where a ballot goes that comes to this mark; None: on to the next."""
    left = [option for option in ((mark,) if isinstance(mark, str) else mark) if option in continuing]
    if len(left) == 1:
        return to[left[0]]
    if left:
        return out["overvote"]
    return out[_REASONS[mark]] if mark in _REASONS else None


def read(profile: RankedProfile, candidates: Sequence[OptionId], options: RuleOptions) -> Papers:
    """What counts of every ballot. `candidates`: all on the ballot, the withdrawn ones too. Options that are not of reading are
    not looked at. Raises OptionsError when a withdrawn id is no candidate, ProfileError when a ballot names a stranger.

    >>> profile = RankedProfile.of([[["a"], [], ["b"]], [["a"], ["b"], ["a"]], [["a", "b"], ["c"]], [["c"]], []])
    >>> papers = read(profile, ["a", "b", "c"], DEFAULTS)
    >>> papers.ballots, papers.blank, papers.rejected, papers.valid
    (5, 1, {'overvote': 1}, 3)
    >>> sorted(papers.each())
    [((), 'overvote', 1), ((('a',), ('b',)), 'choices', 2), ((('c',),), 'choices', 1)]
    >>> {option: size(pile) for option, pile in follow(papers.marked, {"b", "c"})[0].items()}
    {'b': 2, 'c': 1}
    """
    left = standing(candidates, options)
    profile.require_known({*candidates, *UNKNOWN_OVERVOTE})
    marked = _marked(profile, frozenset(left), options)
    first, rejected = follow(marked, frozenset(left))
    blank = sum(count for paper, count in profile.papers if not paper)
    return Papers(
        ballots=blank + size(marked), blank=blank, standing=left, marked=marked, first=first,
        rejected={reason: rejected[reason] for reason in REASONS if reason in rejected},
    )  # fmt: skip


def _marked(profile: RankedProfile, left: Collection[OptionId], options: RuleOptions) -> Pile:
    """The papers of all ballots with a mark."""
    once = options["duplicate"] == "skip"
    strange = {rank for rank in profile.ranks if len(rank) > 1 or not (rank or options["max_skipped"] is None)}
    if once and not strange:
        return list(filter(itemgetter(0), profile.papers))
    papers: Pile = []
    for ballot, count in profile.groups.items():
        clean = strange.isdisjoint(ballot) and (once or len(set(ballot)) == len(ballot))
        if ballot:
            papers.append((ballot if clean else _judged(ballot, left, options), count))
    return papers


def _judged(ballot: RankedBallot, standing: Collection[OptionId], options: RuleOptions) -> Paper:
    """The paper of a ballot, rank by rank, for every ballot."""
    marks: list[Rank] = []
    run = 0
    marked: set[OptionId] = set()
    for rank in ballot:
        if not rank:
            run += 1
            continue
        if options["max_skipped"] is not None and run > options["max_skipped"]:
            return (*marks, _ENDS["skipped"])
        run = 0
        if rank == UNKNOWN_OVERVOTE:
            if options["overvote"] == "skip":
                continue
            return (*marks, _ENDS["overvote"])
        left = [option for option in rank if option in standing]
        if options["duplicate"] == "exhaust":
            if not marked.isdisjoint(left):
                return (*marks, _ENDS["duplicate"])
            marked.update(left)
        else:
            left = [option for option in left if option not in marked]
        if len(left) > 1 and options["overvote"] == "exhaust":
            return (*marks, _ENDS["overvote"])
        if left and not (len(left) > 1 and options["overvote"] == "skip"):
            marks.append(tuple(left))
            marked.update(left)  # an over-vote that was passed over is no earlier mark, unless duplicates end the ballot
    return tuple(marks)
