"""Preference ballots: of a ranked ballot only the order counts. Schulze, ranked pairs and Borda read them so.

Marks for withdrawn options are removed; the first mark for an option counts; options at one rank are equal; options without a
mark share the last place; empty ranks mean nothing (docs/reference/results.md, schulze-wv-v1).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from counting.election import COMMON, check_common, check_withdrawn, standing
from counting.options import RuleOptions, require_keys
from counting.outcome import Why
from counting.profile import OptionId, ProfileError, RankedBallot, RankedProfile

Matrix = list[list[int]]
Numbers = dict[str, int | str | None]
CONDORCET: RuleOptions = {"seats": 1, "withdrawn": [], **COMMON}

# Ballots are walked this many ranks at a time, equal pieces below equal sets of options only once: with ten options there are
# 3.6 million full rankings and 60,000 such pieces. Any number gives the same; of 3 to 6 this was fastest.
_PIECE = 5


@dataclass(frozen=True)
class Preferences:
    """Preference ballots, read and merged as far as counts by pairs and places can tell them apart.

    `candidates`: the options not withdrawn, in ballot order; bit i of a set stands for candidates[i]. `ranks[above, here]`: how
    many ballots rank exactly the options of the set `here` equal, directly below exactly those of the set `above`.
    """

    candidates: tuple[OptionId, ...]
    ballots: int
    blank: int
    ranks: Mapping[tuple[int, int], int]

    @property
    def valid(self) -> int:
        """Ballots that rank an option which is not withdrawn."""
        return sum(count for (above, _), count in self.ranks.items() if not above)

    @property
    def rejected(self) -> dict[str, int]:
        """`choices`: ballots that rank withdrawn options only. Left out when there are none."""
        only_withdrawn = self.ballots - self.blank - self.valid
        return {"choices": only_withdrawn} if only_withdrawn else {}

    def matrix(self) -> Matrix:
        """d[i][j]: ballots that rank candidates[i] strictly above candidates[j]."""
        size = len(self.candidates)
        marked = [0] * size
        level_or_above = [[0] * size for _ in range(size)]
        for (above, here), count in self.ranks.items():
            not_below = list(members(above | here))
            for i in members(here):
                marked[i] += count
                row = level_or_above[i]
                for j in not_below:
                    row[j] += count
        return [[marked[i] - count for count in row] for i, row in enumerate(level_or_above)]


def read_preferences(profile: RankedProfile, candidates: Sequence[OptionId], options: RuleOptions) -> Preferences:
    """Read `profile` without the options `withdrawn`. `candidates`: all options of the poll. Raises OptionsError when one of
    `withdrawn` is none of them, ProfileError when a ballot names another one.

    >>> profile = RankedProfile.of([[["x"], [], ["b"], ["a", "b"]], [["a", "c"]], [["x"]], []])
    >>> read = read_preferences(profile, ["a", "b", "c", "x"], {"withdrawn": ["x"]})
    >>> read.candidates, read.valid, read.rejected, read.matrix()
    (('a', 'b', 'c'), 2, {'choices': 1}, [[0, 1, 1], [1, 0, 1], [0, 1, 0]])
    """
    left = standing(candidates, options)
    bits = dict.fromkeys(candidates, 0) | {option: 1 << i for i, option in enumerate(left)}
    ranks: defaultdict[tuple[int, int], int] = defaultdict(int)
    todo: Mapping[int, Mapping[RankedBallot, int]] = {0: profile.groups}
    try:
        while todo:
            todo = _read_piece(todo, bits, ranks)
    except KeyError as error:
        raise ProfileError(f"a ballot names {error.args[0]!r}, which is not an option of this poll") from None
    return Preferences(left, profile.total, profile.blank, ranks)


def _read_piece(
    todo: Mapping[int, Mapping[RankedBallot, int]], bits: Mapping[OptionId, int], ranks: defaultdict[tuple[int, int], int]
) -> Mapping[int, Mapping[RankedBallot, int]]:
    """Read the first ranks of what is left of the ballots, by the set of options above it, into `ranks`; return the rest."""
    rest: defaultdict[int, defaultdict[RankedBallot, int]] = defaultdict(lambda: defaultdict(int))
    for above, ballots in todo.items():
        pieces: defaultdict[RankedBallot, int] = defaultdict(int)
        below: dict[RankedBallot, defaultdict[RankedBallot, int]] = {}
        for ballot, count in ballots.items():
            piece = ballot[:_PIECE]
            pieces[piece] += count
            if len(ballot) > _PIECE:
                lower = below.get(piece)
                if lower is None:
                    lower = below[piece] = rest[above | _set_of(piece, bits)]
                lower[ballot[_PIECE:]] += count
        for piece, count in pieces.items():
            seen = above
            for rank in piece:
                if here := _set_of([rank], bits) & ~seen:
                    ranks[seen, here] += count
                    seen |= here
    return rest


def _set_of(ranks: Sequence[Sequence[OptionId]], bits: Mapping[OptionId, int]) -> int:
    found = 0
    for rank in ranks:
        for option in rank:
            found |= bits[option]
    return found


def members(options: int) -> Iterator[int]:
    """Indices of the bits of a set, from 0."""
    while options:
        lowest = options & -options
        yield lowest.bit_length() - 1
        options ^= lowest


def check_condorcet_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something. seats: how many are elected. withdrawn: options that
    no longer stand; marks for them are passed over. quorum: see `election.COMMON`."""
    require_keys(options, CONDORCET)
    check_common(options)
    check_withdrawn(options)


def condorcet_winner(matrix: Matrix) -> int | None:
    """Index of the option that more ballots rank above than below each other one; None when there is none.

    >>> condorcet_winner([[0, 3], [2, 0]]), condorcet_winner([[0, 2], [2, 0]])
    (0, None)
    """
    everyone = range(len(matrix))
    return next((i for i in everyone if all(matrix[i][j] > matrix[j][i] for j in everyone if j != i)), None)


def explain_ranking(
    read: Preferences,
    candidates: Sequence[OptionId],
    *,
    matrix: Matrix,
    place: Mapping[OptionId, int],
    elected: Sequence[OptionId],
    lot: Callable[[OptionId], bool],
    beaten: Callable[[OptionId], tuple[OptionId, Numbers]],
) -> dict[OptionId, Why]:
    """Why each of `candidates` won or lost under a Condorcet rule. `place`: where those standing are ranked, from 1.

    `lot`: whether the lots had a part in it. `beaten`: who stands in the way of an option that lost, and further numbers.
    Codes `condorcet_winner`, `ranked`, `ranked_below`, `withdrawn`, `no_valid_ballot`: docs/reference/results.md.
    """
    index = {option: i for i, option in enumerate(read.candidates)}

    def duel(one: OptionId, other: OptionId) -> Numbers:
        return {"votes": matrix[index[one]][index[other]], "against": matrix[index[other]][index[one]]}

    def reason(option: OptionId) -> Why:
        if option not in place:
            return Why(option, False, "withdrawn", {})
        if not elected:
            return Why(option, False, "no_valid_ballot", {})
        rivals = [other for other in read.candidates if other != option]
        if rivals and condorcet_winner(matrix) == index[option]:
            closest = min(rivals, key=lambda rival: matrix[index[option]][index[rival]] - matrix[index[rival]][index[option]])
            return Why(option, True, "condorcet_winner", {"closest": closest, **duel(option, closest)})
        numbers: Numbers = {"place": place[option], "lot": lot(option)}
        if option in elected:
            return Why(option, True, "ranked", numbers)
        rival, further = beaten(option)
        return Why(option, False, "ranked_below", {**numbers, "beaten_by": rival, **duel(rival, option), **further})

    return {option: reason(option) for option in candidates}
