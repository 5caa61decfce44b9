"""cumulative-v1: everybody has the same number of points to give, to one option or to several; the highest sums win.

A ballot that gives fewer points than it might is never scaled up. Exact rule: docs/reference/results.md. Source: cumulative
voting as Illinois elected its House of Representatives from 1870 to 1980, here in whole points.
"""

from collections.abc import Sequence

from counting.by_score import elect_by_score, tally
from counting.election import COMMON, check_common
from counting.options import OptionsError, RuleOptions, require_choice, require_keys, require_whole_number
from counting.outcome import Outcome
from counting.profile import OptionId, PointsBallot, PointsProfile

ID = "cumulative-v1"
DEFAULTS: RuleOptions = {"seats": 1, "max_sum": None, "exact_sum": False, "max_points": None, "min_options": 0, **COMMON}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    max_sum: the most points of one ballot; with exact_sum it gives exactly so many, or is blank. max_points: the most for one
    option. min_options: how many options a ballot that is not blank gives points to at least. None: no limit.
    """
    require_keys(options, DEFAULTS)
    check_common(options)
    for key in ("max_sum", "max_points"):
        if options[key] is not None:
            require_whole_number(options, key, at_least=1)
    require_choice(options, "exact_sum", (True, False))
    if options["exact_sum"] and options["max_sum"] is None:
        raise OptionsError("exact_sum", "needs max_sum")
    require_whole_number(options, "min_options", at_least=0)


def count(
    profile: PointsProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Add up points; the `seats` highest win. Raises OptionsError, ValueError, ProfileError.

    >>> profile = PointsProfile.of([{"a": 6, "b": 4}, {"b": 3}, {"a": 11}, {}])
    >>> outcome = count(profile, ["a", "b"], tie_order=["a", "b"], options={**DEFAULTS, "max_sum": 10})
    >>> outcome.winners, dict(outcome.rounds[0].tallies), outcome.rejected, outcome.blank
    (('b',), {'a': 6, 'b': 7}, {'too_much': 1}, 1)
    """
    check_options(options)
    most, most_each = options["max_sum"], options["max_points"]

    def fault(ballot: PointsBallot) -> str | None:
        given = sum(points for _, points in ballot)
        if (most_each is not None and any(points > most_each for _, points in ballot)) or (most is not None and given > most):
            return "too_much"
        if options["exact_sum"] and given != most:
            return "wrong_sum"
        return "too_few" if len(ballot) < options["min_options"] else None

    tallies, rejected = tally(profile, candidates, fault)
    return elect_by_score(
        tallies, candidates, rule=ID, options=options, tie_order=tie_order,
        ballots=profile.total, blank=profile.blank, rejected=rejected,
    )  # fmt: skip
