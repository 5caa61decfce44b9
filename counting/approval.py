"""approval-v1: as many options as one likes, or as the rules of the poll allow; those approved most often win.

With `seats` and `max` this is also single choice (`max` 1), block and limited voting. Exact rule: docs/reference/results.md.
Source: S. J. Brams, P. C. Fishburn, "Approval voting", American Political Science Review 72 (1978).
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from counting.by_score import elect_by_score, tally
from counting.election import COMMON, check_common
from counting.options import OptionsError, RuleOptions, require_keys, require_whole_number
from counting.outcome import Outcome
from counting.profile import ApprovalBallot, ApprovalProfile, OptionId

ID = "approval-v1"
DEFAULTS: RuleOptions = {"seats": 1, "min": 0, "max": None, "majority": None, **COMMON}
_MAJORITY = re.compile(r"(>=?)([1-9][0-9]*)/([1-9][0-9]*)\Z")


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    min, max: how many approvals a ballot that is not blank has at least and at most (max None: any number). majority: None, or
    the share of the valid ballots that an option needs besides a place among the first: ">1/2" is more than half, ">=2/3" two
    thirds or more. seats, quorum: as everywhere.
    """
    require_keys(options, DEFAULTS)
    check_common(options)
    require_whole_number(options, "min", at_least=0)
    if options["max"] is not None:
        require_whole_number(options, "max", at_least=max(1, options["min"]))
    if options["majority"] is not None:
        _majority(options["majority"])


def count(
    profile: ApprovalProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Add up approvals; the `seats` highest win, if they have the majority asked for. Raises OptionsError, ValueError,
    ProfileError.

    >>> profile = ApprovalProfile.of([["a", "b"], ["b"], ["a", "b", "c"], ["c"], []])
    >>> outcome = count(profile, ["a", "b", "c"], tie_order=["c", "b", "a"], options={**DEFAULTS, "max": 2, "majority": ">1/2"})
    >>> outcome.winners, dict(outcome.rounds[0].tallies), outcome.valid, outcome.rejected
    (('b',), {'a': 1, 'b': 2, 'c': 1}, 3, {'too_many': 1})
    """
    check_options(options)
    most = options["max"] if options["max"] is not None else len(candidates)

    def fault(ballot: ApprovalBallot) -> str | None:
        if len(ballot) < options["min"]:
            return "too_few"
        return "too_many" if len(ballot) > most else None

    tallies, rejected = tally(profile, candidates, fault)
    valid = profile.valid - sum(rejected.values())
    return elect_by_score(
        tallies, candidates, rule=ID, options=options, tie_order=tie_order, ballots=profile.total, blank=profile.blank,
        rejected=rejected, needed=0 if options["majority"] is None else votes_needed(options["majority"], valid),
    )  # fmt: skip


def votes_needed(majority: str, valid: int) -> int:
    """The least number of votes that is the `majority` of `valid` ballots. Raises OptionsError.

    >>> votes_needed(">1/2", 10), votes_needed(">=1/2", 10), votes_needed(">=2/3", 10), votes_needed(">2/3", 9)
    (6, 5, 7, 7)
    """
    more_than, share = _majority(majority)
    return floor(share * valid) + 1 if more_than else ceil(share * valid)


def _majority(text: object) -> tuple[bool, Fraction]:
    match = _MAJORITY.match(text) if isinstance(text, str) else None
    if match:
        more_than, share = match[1] == ">", Fraction(int(match[2]), int(match[3]))
        if share < 1 or (share == 1 and not more_than):
            return more_than, share
    raise OptionsError("majority", f'must be a share like ">1/2" or ">=2/3" that votes can reach, or None, not {text!r}')
