"""The counting rules by id. A poll's configuration names one id and all its options; both are frozen at
opening."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Protocol

from counting import (
    approval,
    borda,
    cumulative,
    equal_shares,
    irv,
    pb_greedy,
    pb_maxutil,
    pb_mes,
    ranked_pairs,
    schulze,
    score,
    seqpav,
    seqphragmen,
    stv_meek,
    stv_scottish,
)
from counting.options import OptionsError, RuleOptions
from counting.outcome import Outcome, Why
from counting.profile import ApprovalProfile, OptionId, PointsProfile, Profile, RankedProfile

__all__ = ["RULES", "OptionsError", "Rule", "UnknownRule", "count", "full_options", "least_step", "validate_options"]


class Count(Protocol):
    """A counting rule: a pure function from ballots, projects and lots to an outcome."""

    def __call__(
        self,
        profile: Any,
        projects: Mapping[OptionId, int],
        *,
        budget: int,
        tie_order: Sequence[OptionId],
        options: RuleOptions,
    ) -> Outcome: ...


class UnknownRule(LookupError):
    """No counting rule has this id."""


class WrongBallots(ValueError):
    """The rule does not count ballots of this kind."""


@dataclass(frozen=True)
class Rule:
    """One counting rule. `defaults` hold every option it knows; `check` raises OptionsError for options it
    cannot run with. `ballots`: the profiles it counts. `budgeted`: whether options have costs and there is money to spend;
    the other rules take costs and budget and pay no heed.
    """

    id: str
    defaults: RuleOptions
    check: Callable[[RuleOptions], None]
    count: Count
    ballots: tuple[type[Profile], ...]
    budgeted: bool = False


def _election(module: Any, *ballots: type[Profile]) -> Rule:
    """The rule in `module`: ID, DEFAULTS, check_options(options), count(profile, candidates, *, tie_order, options).

    Below the quorum the count is made and shown, and nobody is elected.
    """

    def count(
        profile: Any,
        projects: Mapping[OptionId, int],
        *,
        budget: int,
        tie_order: Sequence[OptionId],
        options: RuleOptions,
    ) -> Outcome:
        outcome: Outcome = module.count(profile, tuple(projects), tie_order=tie_order, options=options)
        if outcome.ballots >= options["quorum"]:
            return outcome
        numbers = {"ballots": outcome.ballots, "quorum": options["quorum"]}
        why = {option: Why(option, False, "no_quorum", numbers) for option in projects}
        return replace(outcome, winners=(), why=why)

    return Rule(module.ID, module.DEFAULTS, module.check_options, count, ballots)


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            pb_greedy.ID, pb_greedy.DEFAULTS, pb_greedy.check_options, pb_greedy.count_pb_greedy,
            (ApprovalProfile, PointsProfile), budgeted=True,
        ),
        Rule(
            pb_maxutil.ID, pb_maxutil.DEFAULTS, pb_maxutil.check_options, pb_maxutil.count_pb_maxutil,
            (ApprovalProfile, PointsProfile), budgeted=True,
        ),
        Rule(
            pb_mes.ID, pb_mes.DEFAULTS, pb_mes.check_options, pb_mes.count_pb_mes,
            (ApprovalProfile, PointsProfile), budgeted=True,
        ),
        _election(irv, RankedProfile),
        _election(stv_scottish, RankedProfile),
        _election(stv_meek, RankedProfile),
        _election(seqpav, ApprovalProfile),
        _election(seqphragmen, ApprovalProfile),
        _election(equal_shares, ApprovalProfile),
        _election(schulze, RankedProfile),
        _election(ranked_pairs, RankedProfile),
        _election(borda, RankedProfile),
        _election(approval, ApprovalProfile),
        _election(score, PointsProfile),
        _election(cumulative, PointsProfile),
    )
}  # fmt: skip


def full_options(rule: str, **chosen: Any) -> dict[str, Any]:
    """All options of the rule, defaults written out, as `poll.created` publishes them. Raises OptionsError,
    UnknownRule.

    >>> full_options("pb-greedy-v1", threshold=50)
    {'mode': 'skip', 'threshold': 50, 'pots': None, 'groups': None}
    """
    options = {**deepcopy(dict(_rule(rule).defaults)), **chosen}
    validate_options(rule, options)
    return options


def validate_options(rule: str, options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are exactly those of the rule, each with a value it can run with.

    >>> validate_options("pb-greedy-v1", {"mode": "skip", "threshold": -1, "pots": None, "groups": None})
    Traceback (most recent call last):
    counting.options.OptionsError: threshold: must be a whole number from 0, not -1
    """
    _rule(rule).check(options)


def least_step(rule: str, costs: Collection[int], *, budget: int, options: RuleOptions) -> int:
    """The smallest `step` with which the count is sure to end, whatever the ballots will be; 1 for rules without one."""
    return pb_mes.least_step(costs, budget=budget, options=options) if rule == pb_mes.ID else 1


def count(
    rule: str,
    profile: Profile,
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    options: RuleOptions,
) -> Outcome:
    """Count by the rule with this id. `projects`: cost by option id in ballot order, 0 where nothing costs anything.

    See the rule's own function for the contract. Raises UnknownRule for a strange id, WrongBallots for a profile that the
    rule does not count.
    """
    found = _rule(rule)
    if not isinstance(profile, found.ballots):
        raise WrongBallots(f"{rule} does not count a {type(profile).__name__}")
    return found.count(profile, projects, budget=budget, tie_order=tie_order, options=options)


def _rule(rule: str) -> Rule:
    try:
        return RULES[rule]
    except KeyError:
        raise UnknownRule(f"no counting rule is called {rule!r}; there are {', '.join(RULES)}") from None
