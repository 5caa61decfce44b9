"""ranked-pairs-v1: majorities are locked from the largest margin down, each unless it would close a circle.

Exact rule: docs/reference/results.md. Sources: T. N. Tideman, "Independence of clones as a criterion for voting rules", Social
Choice and Welfare 4 (1987); T. M. Zavist and T. N. Tideman, "Complete independence of clones in the ranked pairs rule", Social
Choice and Welfare 6 (1989), for equal margins.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

from counting.election import lots
from counting.options import RuleOptions
from counting.outcome import JSONObject, Outcome, Round
from counting.preferences import (
    CONDORCET,
    Matrix,
    Numbers,
    check_condorcet_options,
    condorcet_winner,
    explain_ranking,
    read_preferences,
)
from counting.profile import OptionId, RankedProfile

ID = "ranked-pairs-v1"
DEFAULTS = CONDORCET
check_options = check_condorcet_options


@dataclass(frozen=True)
class _Pair:
    over: int
    under: int
    votes: int
    margin: int


@dataclass(frozen=True)
class _Locked:
    """What was locked. `below[i]`: set (bit j for option j) of all below i. `firm`: the same after the majorities, before pairs
    without one. `lots_chose`: whether the order among equal majorities decided which of them were locked."""

    pairs: frozenset[_Pair]
    below: Sequence[int]
    firm: Sequence[int]
    lots_chose: bool


def count(
    profile: RankedProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Rank the options by locked pairs; the first `seats` win. Raises OptionsError, ValueError, ProfileError.

    A circle: a over b by 5, b over c by 3, c over a by 1; the last is not locked.

    >>> profile = RankedProfile.of([[["a"], ["b"], ["c"]]] * 4 + [[["b"], ["c"], ["a"]]] * 2 + [[["c"], ["a"], ["b"]]] * 3)
    >>> outcome = count(profile, ["a", "b", "c"], tie_order=["c", "b", "a"], options=DEFAULTS)
    >>> outcome.winners, outcome.extra["ranking"], outcome.extra["condorcet_winner"], outcome.lots_used
    (('a',), ['a', 'b', 'c'], None, False)
    >>> [(pair["over"], pair["under"], pair["margin"], pair["locked"]) for pair in outcome.extra["pairs"]]
    [('a', 'b', 5, True), ('b', 'c', 3, True), ('c', 'a', 1, False)]
    """
    check_options(options)
    lot = lots(candidates, tie_order)
    read = read_preferences(profile, candidates, options)
    matrix, seats = read.matrix(), options["seats"]
    pairs = _sorted_pairs(matrix, [lot[option] for option in read.candidates])
    alike = Counter((pair.margin, pair.votes) for pair in pairs)
    locked = _lock(pairs, len(matrix))
    ranking = sorted(range(len(matrix)), key=lambda i: -locked.below[i].bit_count())
    order = [read.candidates[i] for i in ranking]
    elected = tuple(order[:seats]) if read.valid else ()
    best = condorcet_winner(matrix)

    def shown(pair: _Pair) -> JSONObject:
        return {
            "over": read.candidates[pair.over], "under": read.candidates[pair.under],
            "votes": pair.votes, "margin": pair.margin, "locked": pair in locked.pairs,
            "tied": pair.margin == 0 or alike[pair.margin, pair.votes] > 1,
        }  # fmt: skip

    def lots_had_a_part(option: OptionId) -> bool:
        # Pairs without a majority go by lot: such an option could stand anywhere that the majorities leave it.
        i = read.candidates.index(option)
        settled = (
            locked.firm[i].bit_count() >= len(matrix) - seats
            if option in elected
            else sum(below >> i & 1 for below in locked.firm) >= seats
        )
        return seats < len(matrix) and (locked.lots_chose or not settled)

    def beaten(option: OptionId) -> tuple[OptionId, Numbers]:
        return elected[-1], {}

    shown_pairs = [shown(pair) for pair in pairs]
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order), ballots=read.ballots, blank=read.blank, rejected=read.rejected,
        winners=elected, rounds=(Round({}, elected=elected),) if read.valid else (),
        why=explain_ranking(
            read, candidates, matrix=matrix, place={option: number for number, option in enumerate(order, start=1)},
            elected=elected, lot=lots_had_a_part, beaten=beaten,
        ),
        extra={
            "candidates": list(read.candidates), "matrix": matrix, "pairs": shown_pairs, "ranking": order,
            "condorcet_winner": None if best is None else read.candidates[best],
        },
        lot_elsewhere=any(pair["tied"] for pair in shown_pairs),
    )  # fmt: skip


def _sorted_pairs(matrix: Matrix, lot: Sequence[int]) -> list[_Pair]:
    """One pair for each two options, the majority's way round, without one from the better lot to the worse; strongest first."""
    pairs = []
    for i, j in combinations(range(len(matrix)), 2):
        over, under = (i, j) if (matrix[i][j], lot[j]) > (matrix[j][i], lot[i]) else (j, i)
        pairs.append(_Pair(over, under, matrix[over][under], matrix[over][under] - matrix[under][over]))
    return sorted(pairs, key=lambda pair: (-pair.margin, -pair.votes, lot[pair.over], lot[pair.under]))


def _lock(pairs: Sequence[_Pair], size: int) -> _Locked:
    below = [0] * size
    firm = list(below)
    locked = set()
    lots_chose = False
    for (margin, _), equals in groupby(pairs, key=lambda pair: (pair.margin, pair.votes)):
        before = list(below)
        for pair in equals:
            if below[pair.under] >> pair.over & 1:
                lots_chose |= margin > 0 and not before[pair.under] >> pair.over & 1
                continue
            locked.add(pair)
            gained = below[pair.under] | 1 << pair.under
            for i in range(size):
                if i == pair.over or below[i] >> pair.over & 1:
                    below[i] |= gained
        if margin:
            firm = list(below)
    return _Locked(frozenset(locked), below, firm, lots_chose)
