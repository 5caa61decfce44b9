"""schulze-wv-v1: the Schulze method with winning votes. Who beats whom along chains of majorities, each as strong as its weakest.

Exact rule: docs/reference/results.md. Source: Markus Schulze, "A new monotonic, clone-independent, reversal symmetric, and
condorcet-consistent single-winner election method", Social Choice and Welfare 36 (2011), doi 10.1007/s00355-010-0475-4.
"""

from collections.abc import Mapping, Sequence

from counting.election import lots
from counting.options import RuleOptions
from counting.outcome import Outcome, Round, Tie
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

ID = "schulze-wv-v1"
DEFAULTS = CONDORCET
check_options = check_condorcet_options


def count(
    profile: RankedProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Rank the options by strongest paths; the first `seats` win. Raises OptionsError, ValueError, ProfileError.

    Three against two rank a over b over c, and everybody ranks b over c:

    >>> profile = RankedProfile.of([[["a"], ["b"], ["c"]]] * 3 + [[["b"], ["c"], ["a"]]] * 2)
    >>> outcome = count(profile, ["a", "b", "c"], tie_order=["c", "b", "a"], options=DEFAULTS)
    >>> outcome.winners, outcome.extra["ranking"], outcome.extra["matrix"]
    (('a',), [['a'], ['b'], ['c']], [[0, 3, 3], [2, 0, 5], [2, 0, 0]])
    >>> outcome.why["b"].code, outcome.why["b"].numbers["votes"], outcome.why["b"].numbers["against"]
    ('ranked_below', 3, 2)
    """
    check_options(options)
    lot = lots(candidates, tie_order)
    read = read_preferences(profile, candidates, options)
    matrix = read.matrix()
    paths = strongest_paths(matrix)
    ranking = _ranking(read.candidates, paths, lot)
    order = [option for equals in ranking for option in equals]
    elected = tuple(order[: options["seats"]]) if read.valid else ()
    ties = []
    place: dict[OptionId, int] = {}
    for equals in ranking:
        chosen = tuple(option for option in equals if option in elected)
        # Losers who stand equal share a place: the lots order only those among whom they elected.
        place |= {option: len(place) + 1 + (number if chosen else 0) for number, option in enumerate(equals)}
        if chosen and len(equals) > 1:
            ties.append(Tie("elect", tuple(sorted(equals, key=candidates.index)), chosen, True))
    best = condorcet_winner(matrix)
    index = {option: i for i, option in enumerate(read.candidates)}

    def decided_by_lot(option: OptionId) -> bool:
        equals = next(equals for equals in ranking if option in equals)
        return len({other in elected for other in equals}) == 2

    def beaten(option: OptionId) -> tuple[OptionId, Numbers]:
        ahead = [other for other in order if paths[index[other]][index[option]] > paths[index[option]][index[other]]]
        if decided_by_lot(option):
            rival = elected[-1]
        else:
            rival = next((other for other in reversed(elected) if other in ahead), ahead[0])
        return rival, {"path": paths[index[rival]][index[option]], "path_back": paths[index[option]][index[rival]]}

    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order), ballots=read.ballots, blank=read.blank, rejected=read.rejected,
        winners=elected, rounds=(Round({}, elected=elected, ties=tuple(ties)),) if read.valid else (),
        why=explain_ranking(
            read, candidates, matrix=matrix, place=place, elected=elected, lot=decided_by_lot, beaten=beaten
        ),
        extra={
            "candidates": list(read.candidates), "matrix": matrix, "paths": paths, "ranking": ranking,
            "condorcet_winner": None if best is None else read.candidates[best],
        },
    )  # fmt: skip


def strongest_paths(matrix: Matrix) -> Matrix:
    """p[i][j]: the strength of the strongest path from i to j; 0 where there is none. A link is a majority and as strong as its
    votes, a path as strong as its weakest link. (Floyd and Warshall's way.)

    >>> strongest_paths([[0, 5, 2], [3, 0, 6], [4, 2, 0]])
    [[0, 5, 5], [4, 0, 6], [4, 4, 0]]
    """
    everyone = range(len(matrix))
    paths = [[matrix[i][j] if matrix[i][j] > matrix[j][i] else 0 for j in everyone] for i in everyone]
    for via in everyone:
        onward = paths[via]
        for i, row in enumerate(paths):
            if first := row[via]:
                for j in everyone:
                    link = onward[j]
                    strength = first if first < link else link
                    if strength > row[j] and i != j:
                        row[j] = strength
    return paths


def _ranking(candidates: Sequence[OptionId], paths: Matrix, lot: Mapping[OptionId, int]) -> list[list[OptionId]]:
    """Again and again all that nobody left beats, best lot first. Beating is transitive, so there always is one."""
    left = list(range(len(candidates)))
    ranking = []
    while left:
        unbeaten = [i for i in left if all(paths[i][j] >= paths[j][i] for j in left)]
        ranking.append(sorted((candidates[i] for i in unbeaten), key=lot.__getitem__))
        left = [i for i in left if i not in unbeaten]
    return ranking
