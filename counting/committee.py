"""What the committee rules share: who supports whom, electing one option a round, and why each won or lost.

Exact rules: docs/reference/results.md. The rules and what they promise: Lackner and Skowron, "Multi-Winner Voting with
Approval Preferences" (2023), doi 10.1007/978-3-031-09016-5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from counting.election import COMMON, check_common, lots
from counting.options import RuleOptions, require_keys
from counting.outcome import Round, Tie, Why
from counting.profile import ApprovalProfile, OptionId

DEFAULTS: RuleOptions = {"seats": 1, **COMMON}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something. seats: how many are elected; quorum: see election."""
    require_keys(options, DEFAULTS)
    check_common(options)


@dataclass(frozen=True)
class Electorate:
    """The ballots laid out for counting: `weights` holds how many equal ballots each group has, `supporters` the groups (as
    indices) that approve of each candidate, `approvals` how many ballots those are. Mappings in ballot order."""

    weights: tuple[int, ...]
    supporters: Mapping[OptionId, tuple[int, ...]]
    approvals: Mapping[OptionId, int]
    lot: Mapping[OptionId, int]

    @classmethod
    def of(cls, profile: ApprovalProfile, candidates: Sequence[OptionId], tie_order: Sequence[OptionId]) -> "Electorate":
        """Raises ValueError for strange lots, ProfileError for a ballot that names a stranger."""
        lot = lots(candidates, tie_order)
        approvals = profile.scores(candidates)
        supporters: dict[OptionId, list[int]] = {option: [] for option in candidates}
        for group, ballot in enumerate(profile.groups):
            for option in ballot:
                supporters[option].append(group)
        frozen = {option: tuple(groups) for option, groups in supporters.items()}
        return cls(tuple(profile.groups.values()), frozen, approvals, lot)

    def elect(self, tallies: Mapping[OptionId, Any], tied: Sequence[OptionId], **extra: Any) -> Round:
        """The round that elects one of `tied`, which stand best and equal: the one with most approvals, then the best lot."""
        most = max(self.approvals[option] for option in tied)
        foremost = [option for option in tied if self.approvals[option] == most]
        chosen = (min(foremost, key=self.lot.__getitem__),)
        ties = (Tie("elect", tuple(tied), chosen, len(foremost) > 1),) if len(tied) > 1 else ()
        return Round(tallies, elected=chosen, ties=ties, extra=extra)


def elected_in(rounds: Sequence[Round]) -> tuple[OptionId, ...]:
    """The options elected, in order."""
    return tuple(option for step in rounds for option in step.elected)


def explain(rounds: Sequence[Round], electorate: Electorate) -> dict[OptionId, Why]:
    """Why each won (`elected_in_round`) or lost (`already_represented`; `no_valid_ballot` where there is no round).

    Numbers: `round` (from 1), `value` (its tally there; None where nobody approves and the lots alone decide), `supporters`,
    `lot` (did the lot decide for or against it in that round). Of a loser: `value` in the last round, `last` (who was
    elected there) and `last_value`.
    """
    why: dict[OptionId, Why] = {}
    for option, supporters in electorate.approvals.items():
        won = next((number for number, step in enumerate(rounds, start=1) if option in step.elected), None)
        if not rounds:
            why[option] = Why(option, False, "no_valid_ballot", {})
        elif won:
            step = rounds[won - 1]
            numbers = {"round": won, "value": step.tallies.get(option), "supporters": supporters, "lot": step.lots_used}
            why[option] = Why(option, True, "elected_in_round", numbers)
        else:
            (last,), tallies = rounds[-1].elected, rounds[-1].tallies
            drawn = rounds[-1].lots_used and option in rounds[-1].ties[0].tied and supporters == electorate.approvals[last]
            numbers = {"supporters": supporters, "value": tallies.get(option), "lot": drawn}
            why[option] = Why(option, False, "already_represented", {**numbers, "last": last, "last_value": tallies.get(last)})
    return why
