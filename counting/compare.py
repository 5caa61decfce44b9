"""Several rules on the same ballots, side by side. Information only: people who vote under one rule might vote otherwise under
another, and none of the others was announced."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from counting.options import RuleOptions
from counting.outcome import Outcome
from counting.profile import OptionId, PointsProfile, Profile, RankedBallot, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE
from counting.rules import RULES, count, full_options

INFORMATION_ONLY = "Information only: these votes were cast under one rule, and under another people might have voted otherwise."


def fitting(profile: Profile, budgeted: bool) -> list[str]:
    """Ids of the rules that count such ballots; `budgeted`: whether options have costs and there is a budget."""
    return [rule.id for rule in RULES.values() if isinstance(profile, rule.ballots) and rule.budgeted == budgeted]


def compare(
    rules: Collection[str],
    profile: Profile,
    projects: Mapping[OptionId, int],
    *,
    budget: int = 0,
    seats: int = 1,
    tie_order: Sequence[OptionId],
    options: Mapping[str, RuleOptions] | None = None,
    withdrawn: Sequence[OptionId] = (),
) -> dict[str, Outcome]:
    """The outcome by rule id, in the order asked for.

    `projects`: cost by option id in ballot order, 0 where nothing costs anything. `options`: what to set for a rule beyond its
    defaults; `seats` and `withdrawn` are set for every rule that has them, unless `options` say otherwise. Raises what
    `counting.rules.count` and `full_options` raise.
    """
    outcomes = {}
    for rule in rules:
        usual = usual_options(rule, profile, seats=seats, withdrawn=withdrawn)
        chosen = full_options(rule, **{**usual, **(options or {}).get(rule, {})})
        ballots = readable(profile, rule)
        outcomes[rule] = count(rule, ballots, projects, budget=budget, tie_order=tie_order, options=chosen)
    return outcomes


def usual_options(rule: str, profile: Profile, *, seats: int | None, withdrawn: Sequence[OptionId] = ()) -> dict[str, Any]:
    """What to set beyond the defaults because of the ballots, as far as the rule knows it. An unknown rule knows nothing:
    counting by it will say so."""
    known = RULES[rule].defaults if rule in RULES else {}
    usual: dict[str, Any] = {"withdrawn": list(withdrawn)}
    if seats is not None:
        usual["seats"] = seats
    if isinstance(profile, PointsProfile):
        usual["utility"] = "points"
    return {key: value for key, value in usual.items() if key in known}


def readable(profile: Profile, rule: str) -> Profile:
    """The ballots as this rule can read them.

    Over-votes of which nobody knows the marks mean something only to rules with an option `overvote`; for the others nothing is
    marked at such a rank, and a ballot with nothing else is blank.
    """
    if not isinstance(profile, RankedProfile) or rule not in RULES or "overvote" in RULES[rule].defaults:
        return profile
    if not any(UNKNOWN_OVERVOTE in ballot for ballot in profile.groups):
        return profile
    groups: Counter[RankedBallot] = Counter()
    for ballot, count_ in profile.groups.items():
        ranks = [() if rank == UNKNOWN_OVERVOTE else rank for rank in ballot]
        while ranks and not ranks[-1]:
            ranks.pop()
        groups[tuple(ranks)] += count_
    return RankedProfile(groups)
