"""pb-mes-v1, by examples small enough to check by hand and against a plain second count."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import pb_mes, pb_mes_run, rules
from counting.outcome import Outcome, Purchase, WalkStep
from counting.pb_mes import TooManyRuns, count_pb_mes
from counting.profile import ApprovalProfile, PointsProfile, ProfileError
from counting.rules import full_options
from tests.counting import naive

Poll = tuple[naive.Ballots, dict[str, int], int, list[str]]


def count(
    ballots: Any,
    projects: dict[str, int],
    budget: int,
    tie_order: list[str] | None = None,
    **options: Any,
) -> Outcome:
    return count_pb_mes(
        (PointsProfile if options.get("utility") == "points" else ApprovalProfile).of(ballots),
        projects,
        budget=budget,
        tie_order=tie_order or list(projects),
        options=full_options("pb-mes-v1", **options),
    )


def purchases(outcome: Outcome) -> list[tuple[str, Fraction, Fraction, list[str]]]:
    return [(r.option, r.rho, r.effective_votes, list(r.tied)) for r in outcome.rounds if isinstance(r, Purchase)]


def test_the_voter_who_has_little_left_pays_all_of_it_and_the_others_more() -> None:
    # Each has 10. "a" takes 4 from everybody. "b" costs 13 of {6, 6, 10}: 13/3 each. "c" then finds 5/3 + 17/3 < 8.
    ballots = [["a", "b"], ["a", "b", "c"], ["a"], ["b", "c"]]
    outcome = count(ballots, {"a": 12, "b": 13, "c": 8}, 40, completion=[])
    assert purchases(outcome) == [
        ("a", Fraction(1, 3), Fraction(3), []),
        ("b", Fraction(1, 3), Fraction(3), []),
    ]
    assert outcome.why["c"].code == "supporters_money_short"
    assert outcome.why["c"].numbers["supporters_money"] == Fraction(5, 3) + Fraction(17, 3)
    assert outcome.why["c"].numbers["shortfall"] == Fraction(2, 3)


def test_a_payment_above_what_some_have_lowers_the_effective_votes() -> None:
    # "a" leaves 1 to each of its two supporters, "b" costs 12 of {1, 10, 10}: 1 + 11/2 + 11/2.
    ballots = [["a", "b"], ["a"], ["b"], ["b"]]
    outcome = count(ballots, {"a": 18, "b": 12}, 40, completion=[], utility="cost")
    assert purchases(outcome)[0][:2] == ("b", Fraction(1, 3))
    ballots = [["a", "b"], ["a"], ["a"], ["b"], ["b"]]
    outcome = count(ballots, {"a": 27, "b": 12}, 50, tie_order=["a", "b"], completion=[], utility="cardinality")
    assert purchases(outcome)[0][0] == "b"
    outcome = count([["a", "b"]] * 1 + [["a"]] * 3 + [["b"]] * 2, {"a": 36, "b": 12}, 60, completion=[])
    assert purchases(outcome) == [
        ("a", Fraction(1, 4), Fraction(4), []),
        ("b", Fraction(11, 24), Fraction(24, 11), []),
    ]
    assert outcome.why["b"].numbers["largest_payment"] == Fraction(11, 2)


def test_supporters_who_can_only_just_pay_do_and_the_richest_sets_the_price() -> None:
    outcome = count([["a"], ["a"]], {"a": 10}, 10, completion=[])
    assert purchases(outcome) == [("a", Fraction(1, 2), Fraction(2), [])]


def test_with_cardinality_a_cheap_project_is_worth_as_much_as_a_dear_one() -> None:
    ballots = [["dear"]] * 3 + [["cheap", "dear"]]
    costs = {"dear": 24, "cheap": 5}
    assert count(ballots, costs, 40, completion=[], utility="cost").winners == ("dear",)
    assert count(ballots, costs, 40, completion=[], utility="cardinality").winners == ("cheap", "dear")


def test_blank_ballots_have_a_share_too() -> None:
    assert count([["a"]], {"a": 10}, 10, completion=[]).winners == ("a",)
    outcome = count([["a"], []], {"a": 10}, 10, completion=[])
    assert (outcome.winners, outcome.voter_budget, outcome.blank) == ((), Fraction(5), 1)


def test_a_tie_is_settled_by_cost_then_supporters_then_lot() -> None:
    # rho 1/2 for all four with utility cost; "d" is cheapest; the others are decided by the lots alone.
    ballots = [["a", "d"], ["a", "d"], ["b"], ["b"], ["c"], ["c"]]
    costs = {"a": 4, "b": 4, "c": 4, "d": 2}
    outcome = count(ballots, costs, 24, tie_order=["c", "a", "b", "d"], completion=[])
    assert [(name, tied) for name, _, _, tied in purchases(outcome)] == [
        ("d", []),
        ("c", ["c", "a", "b"]),
        ("a", ["a", "b"]),
        ("b", []),
    ]
    assert outcome.lots_used
    assert [step.tied for step in outcome.rounds if step.tied] == [("c", "a", "b"), ("a", "b")]


def test_at_equal_price_and_cost_more_supporters_go_first_even_if_one_of_them_has_nothing_left() -> None:
    # "c" takes all from its four voters. Then "a" costs 5 each to its two; "b" 5 each to two of its three.
    ballots = [["a"], ["a"], ["b"], ["b"], ["b", "c"], ["c"], ["c"], ["c"]]
    outcome = count(ballots, {"a": 10, "b": 10, "c": 40}, 80, tie_order=["a", "b", "c"], completion=[])
    assert purchases(outcome) == [
        ("c", Fraction(1, 4), Fraction(4), []),
        ("b", Fraction(1, 2), Fraction(2), []),
        ("a", Fraction(1, 2), Fraction(2), []),
    ]


def test_add1_gives_more_until_the_next_run_would_overspend_and_keeps_the_one_before() -> None:
    # Shares: 5 each. "a" (12, two supporters) needs 6 each, "b" (9, one supporter) needs 9: with 9 both, 21 > 20.
    ballots = [["a"], ["a"], ["b"], []]
    outcome = count(ballots, {"a": 12, "b": 9}, 20, stop_when_exhaustive=False)
    assert [(int(run.voter_budget), run.spent, run.winners) for run in outcome.runs] == [
        (5, 0, 0),
        (6, 12, 1),
        (7, 12, 1),
        (8, 12, 1),
        (9, 21, 2),
    ]
    assert (outcome.winners, outcome.voter_budget, outcome.spent) == (("a",), 8, 12)


def test_add1_may_stop_when_nothing_more_fits() -> None:
    outcome = count([["a"], ["a"], ["b"], []], {"a": 12, "b": 9}, 20, stop_when_exhaustive=True)
    assert ([int(run.voter_budget) for run in outcome.runs], outcome.voter_budget) == ([5, 6], 6)


def test_add1_ends_when_everything_with_a_supporter_is_funded() -> None:
    outcome = count([["a"]], {"a": 3, "unwanted": 1}, 100, stop_when_exhaustive=False)
    assert (outcome.winners, len(outcome.runs), outcome.why["unwanted"].code) == (("a",), 1, "no_support")


def test_add1_starts_from_whole_units_or_from_the_exact_share() -> None:
    ballots = [["a"], ["b"], ["b"]]
    whole = count(ballots, {"a": 4, "b": 6}, 10, integral=True)
    exact = count(ballots, {"a": 4, "b": 6}, 10, integral=False)
    assert [str(run.voter_budget) for run in whole.runs] == ["3", "4"]
    assert [str(run.voter_budget) for run in exact.runs] == ["10/3", "13/3"]


def test_a_greater_step_makes_fewer_runs() -> None:
    outcome = count([["a"], [], []], {"a": 25}, 30, step=5)
    assert [str(run.voter_budget) for run in outcome.runs] == ["10", "15", "20", "25"]


def test_add1_with_hopelessly_many_runs_is_refused_instead_of_running_for_days() -> None:
    with pytest.raises(TooManyRuns, match="choose a step greater than 1"):
        count([["a"], [], []], {"a": 10_000_000}, 12_000_000)
    assert pb_mes.MAX_RUNS == 100_000


def test_the_utilitarian_completion_walks_everything_unfunded_with_the_money_left() -> None:
    ballots = [["a"], ["a"], ["b"], ["c"], []]
    outcome = count(ballots, {"a": 8, "b": 9, "c": 3, "d": 20}, 20, completion=["utilitarian"])
    assert outcome.winners == ("a", "c", "b")
    walked = [step for step in outcome.rounds if isinstance(step, WalkStep)]
    assert [(step.option, step.decision, step.left) for step in walked] == [
        ("b", "funded", 0),
        ("d", "unaffordable", 0),
    ]
    assert {step.completion for step in walked} == {"utilitarian"}
    assert outcome.why["b"].code == "funded_by_completion"
    assert (outcome.why["d"].code, outcome.why["d"].numbers["missing_money"]) == ("no_support", 20)
    assert (outcome.spent, outcome.runs[0].spent) == (20, 11)


@pytest.mark.parametrize("completion", pb_mes.COMPLETIONS)
def test_without_any_ballot_there_is_no_run_and_no_winner(completion: list[str]) -> None:
    outcome = count([], {"a": 1}, 10, completion=completion)
    assert (outcome.winners, outcome.runs, outcome.rounds, outcome.voter_budget) == ((), (), (), 0)


def test_blank_ballots_alone_are_of_every_kind() -> None:
    options = full_options("pb-mes-v1", utility="points")
    outcome = count_pb_mes(ApprovalProfile.of([[], []]), {"a": 1}, budget=1, tie_order=["a"], options=options)
    assert (outcome.winners, outcome.blank, outcome.voter_budget) == ((), 2, 0)


def test_a_utility_needs_its_kind_of_ballots() -> None:
    for utility, profile in (("cost", PointsProfile.of([{"a": 1}])), ("points", ApprovalProfile.of([["a"]]))):
        options = full_options("pb-mes-v1", utility=utility)
        with pytest.raises(ProfileError, match=f"utility '{utility}' needs a .*Profile, not a {type(profile).__name__}"):
            count_pb_mes(profile, {"a": 1}, budget=1, tie_order=["a"], options=options)


def test_who_gives_more_points_pays_more() -> None:
    # rho 2: 6 + 2 = 8. Then the first voter has 4 left, and "b" costs 4 + 4 at rho 4.
    outcome = count([{"a": 3, "b": 2}, {"a": 1}, {"b": 1}], {"a": 8, "b": 8}, 30, completion=[], utility="points")
    assert purchases(outcome) == [("a", Fraction(2), Fraction(4, 3), []), ("b", Fraction(4), Fraction(2), [])]
    assert [step.supporters for step in outcome.rounds if isinstance(step, Purchase)] == [2, 2]


def test_the_largest_payment_may_be_all_that_a_voter_with_many_points_holds() -> None:
    # Each holds 10, "a" costs 12: with rho 2 the one with 50 points gives all 10, the other 2.
    outcome = count([{"a": 50}, {"a": 1}], {"a": 12}, 20, completion=[], utility="points")
    assert purchases(outcome) == [("a", Fraction(2), Fraction(6, 5), [])]
    assert outcome.why["a"].numbers["largest_payment"] == 10


def test_more_supporters_means_more_ballots_not_more_points() -> None:
    # rho 2 for both. "b" has two ballots and goes first although the lot is worse and the points are as many.
    ballots = [{"a": 2}, {"b": 1}, {"b": 1}]
    outcome = count(ballots, {"a": 4, "b": 4}, 30, completion=[], utility="points")
    assert [(name, tied) for name, _, _, tied in purchases(outcome)] == [("b", []), ("a", [])]


def test_the_comparison_takes_the_greedy_winners_when_more_ballots_get_more_from_them() -> None:
    # Equal Shares: "small" for its four voters; nobody else can pay. Greedy: "big", approved by five of the nine.
    ballots = [["big"]] * 5 + [["small"]] * 4
    outcome = count(ballots, {"big": 85, "small": 20}, 90, completion=["comparison"])
    assert (outcome.winners, outcome.spent) == (("big",), 85)
    assert outcome.extra["comparison"] == {"prefer_mes": 4, "prefer_greedy": 5, "chosen": "greedy"}
    assert outcome.why["small"].code == "comparison_lost"
    assert outcome.why["big"].code == "funded_by_comparison"
    assert outcome.why["big"].numbers == {"prefer_mes": 4, "prefer_greedy": 5, "supporters": 5, "cost": 85}
    assert [type(step).__name__ for step in outcome.rounds] == ["Purchase", "WalkStep", "WalkStep"]
    assert {step.completion for step in outcome.rounds if isinstance(step, WalkStep)} == {"comparison"}


def test_the_comparison_keeps_equal_shares_when_as_many_prefer_either() -> None:
    # Who approves "big" and "tiny" gets one of them either way.
    ballots = [["big"]] * 5 + [["small"]] * 5 + [["big", "tiny"]]
    outcome = count(ballots, {"big": 85, "small": 20, "tiny": 6}, 90, completion=["comparison"])
    assert outcome.extra["comparison"] == {"prefer_mes": 5, "prefer_greedy": 5, "chosen": "mes"}
    assert (outcome.winners, outcome.why["big"].code) == (("small", "tiny"), "supporters_money_short")


options_of = st.fixed_dictionaries(
    {
        "completion": st.sampled_from(pb_mes.COMPLETIONS),
        "integral": st.booleans(),
        "step": st.integers(1, 3),
        "stop_when_exhaustive": st.booleans(),
    }
)


def agree(poll: Any, options: dict[str, Any]) -> None:
    ballots, projects, budget, tie_order = poll
    outcome = count(ballots, projects, budget, tie_order, **options)
    kept, runs = naive.equal_shares(ballots, projects, budget, tie_order, options)
    winners, prefer = naive.equal_shares_winners(ballots, projects, budget, tie_order, options)
    assert purchases(outcome) == kept
    assert [(run.voter_budget, run.spent, run.winners) for run in outcome.runs] == runs
    assert list(outcome.winners) == winners
    if "comparison" in options["completion"]:
        assert (outcome.extra["comparison"]["prefer_mes"], outcome.extra["comparison"]["prefer_greedy"]) == prefer
    else:
        assert outcome.extra == {}


@given(naive.polls(), st.sampled_from(["cost", "cardinality"]), options_of)
def test_it_agrees_with_the_plain_count(poll: Poll, utility: str, options: dict[str, Any]) -> None:
    agree(poll, {"utility": utility, **options})


@given(naive.point_polls(), options_of)
def test_with_points_too(poll: Any, options: dict[str, Any]) -> None:
    agree(poll, {"utility": "points", **options})


@pytest.mark.parametrize("seed", range(12))
def test_larger_polls_with_huge_fractions_agree_too(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"o{number}" for number in range(14)]
    projects = {name: chance.randint(50, 900) for name in names}
    ballots = [chance.sample(names, chance.randint(0, 6)) for _ in range(150)]
    options = {"completion": ["add1"] if seed % 4 == 1 else [], "utility": chance.choice(["cost", "cardinality"])}
    if seed % 3 == 0:
        ballots = [{name: chance.choice([1, 2, 5, 1000]) for name in ballot} for ballot in ballots]  # type: ignore[misc]
        options["utility"] = "points"
    agree((ballots, projects, 3000, names), full_options("pb-mes-v1", **options))


@given(st.one_of(naive.polls(), naive.point_polls()), st.sampled_from([0, 2, 6]), options_of)
def test_with_coarse_units_everything_is_in_doubt_and_exact_all_the_same(poll: Any, bits: int, options: dict[str, Any]) -> None:
    has_points = any(isinstance(ballot, dict) for ballot in poll[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pb_mes_run, "MACHINE_BITS", 0)
        patch.setattr(pb_mes_run, "LEAST_BITS", bits)
        agree(poll, {"utility": "points" if has_points else "cardinality", **options})


@pytest.mark.parametrize("seed", range(20))
def test_doubts_about_groups_of_several_ballots_are_settled_exactly(seed: int) -> None:
    chance = random.Random(seed)
    names = ["a", "b", "c", "d", "e"]
    projects = {name: chance.randint(5, 60) for name in names}
    kinds = [chance.sample(names, chance.randint(1, 4)) for _ in range(6)]
    ballots: list[Any] = [ballot for ballot in kinds for _ in range(chance.randint(1, 5))]
    if seed % 2:
        points = {name: chance.choice([1, 2, 7]) for name in names}
        ballots = [{name: points[name] for name in ballot} for ballot in ballots]
    options = {"utility": "points" if seed % 2 else "cost", "stop_when_exhaustive": False, "integral": False}
    for bits in (0, 1, 3, 40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pb_mes_run, "MACHINE_BITS", 0)
            patch.setattr(pb_mes_run, "LEAST_BITS", bits)
            agree((ballots, projects, 90, names), full_options("pb-mes-v1", **options))


@given(
    ballots=st.lists(st.sets(st.sampled_from("abcd")).map(sorted), min_size=1, max_size=6),
    costs=st.lists(st.integers(1, 400), min_size=4, max_size=4),
    budget=st.integers(0, 600),
    integral=st.booleans(),
    exhaustive=st.booleans(),
)
def test_with_the_least_step_the_count_ends_whatever_the_ballots(
    ballots: list[list[str]], costs: list[int], budget: int, integral: bool, exhaustive: bool
) -> None:
    options = full_options("pb-mes-v1", integral=integral, stop_when_exhaustive=exhaustive)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pb_mes, "MAX_RUNS", 8)
        options["step"] = pb_mes.least_step(costs, budget=budget, options=options)
        outcome = count(ballots, dict(zip("abcd", costs, strict=True)), budget, **options)
    assert outcome.runs is not None and len(outcome.runs) <= 8


@pytest.mark.parametrize(
    ("costs", "budget", "changes", "least"),
    [
        ([300_000, 100_000], 350_000, {}, 4),  # a share stays below the budget: 350,000 in 99,999 steps
        ([300_000, 100_000], 350_000, {"stop_when_exhaustive": False}, 5),  # below all costs together: 400,000
        ([350_000, 150_000, 150_000], 100_000, {"stop_when_exhaustive": False}, 5),  # below budget and greatest cost: 450,000
        ([99_999], 10**6, {}, 1),
        ([100_000], 10**6, {}, 2),
        ([100_000], 0, {}, 1),
        ([], 10**6, {}, 1),
        ([10**9], 10**9, {"completion": ["utilitarian"]}, 1),  # one run
    ],
)
def test_the_least_step_follows_from_costs_and_budget(costs: list[int], budget: int, changes: dict[str, Any], least: int) -> None:
    assert rules.least_step("pb-mes-v1", costs, budget=budget, options=rules.full_options("pb-mes-v1", **changes)) == least
    assert rules.least_step("irv-v1", costs, budget=budget, options=rules.full_options("irv-v1")) == 1
