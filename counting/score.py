"""score-v1: every option gets points on a scale of its own; the highest sums win.

Exact rule: docs/reference/results.md. Source: score (range) voting, W. D. Smith, "Range voting" (2000); a missing score is 0.
"""

from collections.abc import Sequence

from counting.by_score import elect_by_score, tally
from counting.election import COMMON, check_common
from counting.options import RuleOptions, require_keys, require_whole_number
from counting.outcome import Outcome
from counting.profile import OptionId, PointsBallot, PointsProfile

ID = "score-v1"
DEFAULTS: RuleOptions = {"seats": 1, "max": None, **COMMON}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something. max: the highest score, or None for any."""
    require_keys(options, DEFAULTS)
    check_common(options)
    if options["max"] is not None:
        require_whole_number(options, "max", at_least=1)


def count(
    profile: PointsProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Add up scores; the `seats` highest win. Raises OptionsError, ValueError, ProfileError.

    >>> profile = PointsProfile.of([{"a": 5, "b": 4}, {"b": 4}, {"a": 9}])
    >>> outcome = count(profile, ["a", "b"], tie_order=["a", "b"], options={**DEFAULTS, "max": 5})
    >>> outcome.winners, dict(outcome.rounds[0].tallies), outcome.rejected
    (('b',), {'a': 5, 'b': 8}, {'too_much': 1})
    """
    check_options(options)

    def fault(ballot: PointsBallot) -> str | None:
        if options["max"] is not None and any(points > options["max"] for _, points in ballot):
            return "too_much"
        return None

    tallies, rejected = tally(profile, candidates, fault)
    return elect_by_score(
        tallies, candidates, rule=ID, options=options, tie_order=tie_order,
        ballots=profile.total, blank=profile.blank, rejected=rejected,
    )  # fmt: skip
