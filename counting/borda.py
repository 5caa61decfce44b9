"""borda-v1: each ballot gives an option as many points as it ranks options below it.

Equals share the average of their places. Exact rule: docs/reference/results.md. Source: Jean-Charles de Borda, "Mémoire sur les
élections au scrutin", in Histoire de l'Académie royale des sciences for 1781.
"""

from collections.abc import Sequence
from fractions import Fraction

from counting.by_score import elect_by_score
from counting.election import COMMON, check_common, check_withdrawn
from counting.options import RuleOptions, require_choice, require_keys
from counting.outcome import Outcome
from counting.preferences import Preferences, members, read_preferences
from counting.profile import OptionId, RankedProfile

ID = "borda-v1"
DEFAULTS: RuleOptions = {"seats": 1, "unranked": "zero", "withdrawn": [], **COMMON}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    unranked: options without a mark get `zero` points, or like every block of equals the `average` of the places they share.
    seats, withdrawn, quorum: as in `preferences.check_condorcet_options`.
    """
    require_keys(options, DEFAULTS)
    check_common(options)
    check_withdrawn(options)
    require_choice(options, "unranked", ("zero", "average"))


def count(
    profile: RankedProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Add up points, C − 1 for the first of C options down to 0; the `seats` highest win. Raises OptionsError, ValueError,
    ProfileError.

    >>> profile = RankedProfile.of([[["a"], ["b", "c"], ["d"]], [["b"], ["a"]]])
    >>> outcome = count(profile, ["a", "b", "c", "d"], tie_order=["d", "c", "b", "a"], options=DEFAULTS)
    >>> outcome.winners, outcome.record()["rounds"][0]["tallies"]
    (('a',), {'a': '5', 'b': '9/2', 'c': '3/2', 'd': '0'})
    """
    check_options(options)
    read = read_preferences(profile, candidates, options)
    halves = _half_points_all(read) if options["unranked"] == "average" else _half_points_ranked(read)
    tallies = {option: Fraction(points, 2) for option, points in zip(read.candidates, halves, strict=True)}
    return elect_by_score(
        tallies, candidates, rule=ID, options=options, tie_order=tie_order,
        ballots=read.ballots, blank=read.blank, rejected=read.rejected,
    )  # fmt: skip


def _half_points_ranked(read: Preferences) -> list[int]:
    """2(C − k) half-points for an option alone at place k, the average for a block; nothing for those without a mark."""
    size = len(read.candidates)
    points = [0] * size
    for (above, here), count in read.ranks.items():
        each = (2 * (size - above.bit_count()) - here.bit_count() - 1) * count
        for i in members(here):
            points[i] += each
    return points


def _half_points_all(read: Preferences) -> list[int]:
    """Two half-points for each other option below, one for each equal. So those without a mark share the average, too."""
    matrix = read.matrix()
    everyone = range(len(matrix))
    return [sum(read.valid + matrix[i][j] - matrix[j][i] for j in everyone if j != i) for i in everyone]
