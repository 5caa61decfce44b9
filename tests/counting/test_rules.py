"""The registry: rules by id, their options complete and exact."""

from typing import Any

import pytest

from counting import rules
from counting.profile import ApprovalProfile, PointsProfile, Profile, RankedProfile

GREEDY = rules.full_options("pb-greedy-v1")
MES = rules.full_options("pb-mes-v1")
BUDGETED = [rule.id for rule in rules.RULES.values() if rule.budgeted]
OTHERS = [rule.id for rule in rules.RULES.values() if not rule.budgeted]
PROFILES: dict[type[Profile], Profile] = {
    ApprovalProfile: ApprovalProfile.of([["a"]]),
    PointsProfile: PointsProfile.of([{"a": 1}]),
    RankedProfile: RankedProfile.of([[["a"]]]),
}


def ballots_for(rule: str) -> Profile:
    return PROFILES[rules.RULES[rule].ballots[0]]


def test_every_rule_of_the_design_is_there_and_under_its_own_id() -> None:
    assert BUDGETED == ["pb-greedy-v1", "pb-maxutil-v1", "pb-mes-v1"]
    assert OTHERS == [
        "irv-v1", "stv-scottish-v1", "stv-meek-prf-v1", "seqpav-v1", "seqphragmen-v1", "equal-shares-v1",
        "schulze-wv-v1", "ranked-pairs-v1", "borda-v1", "approval-v1", "score-v1", "cumulative-v1",
    ]  # fmt: skip
    assert all(rule.id == name for name, rule in rules.RULES.items())


def test_the_options_written_out_are_those_of_the_reference() -> None:
    assert GREEDY == {"mode": "skip", "threshold": 0, "pots": None, "groups": None}
    assert MES == {
        "utility": "cost",
        "completion": ["add1"],
        "integral": True,
        "step": 1,
        "stop_when_exhaustive": True,
    }


@pytest.mark.parametrize("rule", OTHERS)
def test_rules_without_a_budget_have_a_quorum_and_all_but_irv_have_seats(rule: str) -> None:
    assert rules.full_options(rule)["quorum"] == 0
    assert rules.full_options(rule).get("seats") == (None if rule == "irv-v1" else 1)


@pytest.mark.parametrize("rule", BUDGETED)
def test_rules_with_a_budget_have_neither_seats_nor_quorum(rule: str) -> None:
    assert not {"seats", "quorum"} & set(rules.full_options(rule))


@pytest.mark.parametrize(
    ("rule", "changes", "key"),
    [
        ("pb-greedy-v1", {"mode": "jump"}, "mode"),
        ("pb-greedy-v1", {"threshold": -1}, "threshold"),
        ("pb-greedy-v1", {"threshold": 1.5}, "threshold"),
        ("pb-greedy-v1", {"threshold": True}, "threshold"),
        ("pb-greedy-v1", {"pots": {}}, "pots"),
        ("pb-greedy-v1", {"groups": []}, "groups"),
        ("pb-greedy-v1", {"colour": "red"}, "colour"),
        ("pb-mes-v1", {"utility": "votes"}, "utility"),
        ("pb-mes-v1", {"completion": ["utilitarian", "add1"]}, "completion"),
        ("pb-mes-v1", {"completion": "add1"}, "completion"),
        ("pb-mes-v1", {"completion": ["add1", "add1"]}, "completion"),
        ("pb-mes-v1", {"integral": 1}, "integral"),
        ("pb-mes-v1", {"step": 0}, "step"),
        ("pb-mes-v1", {"stop_when_exhaustive": None}, "stop_when_exhaustive"),
        ("stv-meek-prf-v1", {"overvote": "exhaust_if_multiple_continuing"}, "overvote"),
        ("approval-v1", {"min": 3, "max": 2}, "max"),
        ("cumulative-v1", {"exact_sum": True}, "exact_sum"),
    ],
)
def test_it_names_the_option_that_cannot_be(rule: str, changes: dict[str, object], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options(rule, **changes)
    assert refused.value.key == key
    assert str(refused.value) == f"{key}: {refused.value.reason}"


def test_of_several_options_at_fault_the_first_by_name_is_named() -> None:
    given = rules.full_options("irv-v1")
    for changed, key in ((given | dict.fromkeys("gfedcba", 1), "a"), ({}, "batch"), ({"z": 1}, "z")):
        with pytest.raises(rules.OptionsError) as refused:
            rules.validate_options("irv-v1", changed)
        assert refused.value.key == key


@pytest.mark.parametrize("rule", list(rules.RULES))
def test_every_option_must_be_written_out(rule: str) -> None:
    options = rules.full_options(rule)
    for key in options:
        with pytest.raises(rules.OptionsError, match=f"{key}: is missing"):
            rules.validate_options(rule, {k: v for k, v in options.items() if k != key})


@pytest.mark.parametrize("rule", list(rules.RULES))
def test_a_count_refuses_options_that_were_not_validated(rule: str) -> None:
    with pytest.raises(rules.OptionsError):
        rules.count(rule, ballots_for(rule), {"a": 1}, budget=1, tie_order=["a"], options={"quorum": 0})


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(rules.UnknownRule, match="'irv-v9'"):
        rules.count("irv-v9", ApprovalProfile.of([]), {}, budget=1, tie_order=[], options={})


@pytest.mark.parametrize("rule", list(rules.RULES))
def test_changing_the_options_one_got_does_not_change_the_rule(rule: str) -> None:
    before = rules.full_options(rule)
    for value in rules.full_options(rule).values():
        if isinstance(value, list):
            value.append("utilitarian")
    assert rules.full_options(rule) == before


@pytest.mark.parametrize("rule", list(rules.RULES))
def test_ballots_of_a_kind_that_the_rule_does_not_count_are_refused(rule: str) -> None:
    for kind, profile in PROFILES.items():
        if kind not in rules.RULES[rule].ballots:
            with pytest.raises(rules.WrongBallots, match=kind.__name__):
                counted(rule, profile, {"a": 1}, 1, ["a"])


def counted(rule: str, profile: Profile, projects: dict[str, Any], budget: int, tie_order: list[str]) -> None:
    rules.count(rule, profile, projects, budget=budget, tie_order=tie_order, options=rules.full_options(rule))


@pytest.mark.parametrize("rule", BUDGETED)
@pytest.mark.parametrize(("cost", "budget"), [(0, 10), (1.5, 10), (True, 10), ("1", 10), (1, -1), (1, 1.5)])
def test_costs_are_whole_from_1_and_budgets_from_0(rule: str, cost: Any, budget: Any) -> None:
    with pytest.raises(ValueError, match="must be a whole number"):
        counted(rule, ballots_for(rule), {"a": cost}, budget, ["a"])


@pytest.mark.parametrize("rule", OTHERS)
def test_where_nothing_costs_anything_the_money_is_not_looked_at(rule: str) -> None:
    options = rules.full_options(rule)
    one, other = (
        rules.count(rule, ballots_for(rule), {"a": cost}, budget=budget, tie_order=["a"], options=options)
        for cost, budget in ((0, 0), (7, -1))
    )
    assert one == other
    assert one.winners == ("a",)
    assert one.budget is one.spent is None


@pytest.mark.parametrize("rule", list(rules.RULES))
@pytest.mark.parametrize("tie_order", [[], ["a"], ["a", "a"], ["a", "b", "c"], ["a", "b", "b"]])
def test_the_lots_hold_every_option_once(rule: str, tie_order: list[str]) -> None:
    with pytest.raises(ValueError, match="tie_order must hold every"):
        counted(rule, ballots_for(rule), {"a": 1, "b": 1}, 10, tie_order)


@pytest.mark.parametrize("rule", list(rules.RULES))
def test_a_ballot_for_a_stranger_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="'a'"):
        counted(rule, ballots_for(rule), {"b": 1}, 10, ["b"])


@pytest.mark.parametrize(("quorum", "reached"), [(2, True), (3, True), (4, False)])
def test_a_quorum_is_reached_by_just_as_many_ballots_blank_ones_included(quorum: int, reached: bool) -> None:
    options = rules.full_options("approval-v1", quorum=quorum)
    profile = ApprovalProfile.of([["a"], ["a"], []])
    outcome = rules.count("approval-v1", profile, {"a": 0, "b": 0}, budget=0, tie_order=["a", "b"], options=options)
    assert outcome.winners == (("a",) if reached else ())
    assert (outcome.why["a"].code, len(outcome.rounds)) == ("most_votes" if reached else "no_quorum", 1)
    if not reached:
        assert outcome.why["b"].numbers == {"ballots": 3, "quorum": 4} and not outcome.why["a"].won


def test_without_projects_any_step_ends_the_count() -> None:
    for stop in (True, False):
        options = rules.full_options("pb-mes-v1", stop_when_exhaustive=stop)
        assert rules.least_step("pb-mes-v1", [], budget=10**9, options=options) == 1
