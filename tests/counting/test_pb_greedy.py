"""pb-greedy-v1, by examples small enough to check by hand and against a plain second count."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting.outcome import Outcome
from counting.pb_greedy import count_pb_greedy
from counting.profile import ApprovalProfile, PointsProfile
from counting.rules import full_options
from tests.counting import naive

SCORES = {"park": 9, "pool": 7, "bus": 5, "tree": 4, "bench": 1}
COSTS = {"park": 60, "pool": 50, "bus": 30, "tree": 20, "bench": 5}


def count(scores: dict[str, int], costs: dict[str, int], budget: int, **options: Any) -> Outcome:
    profile = ApprovalProfile.of([o] for o, score in scores.items() for _ in range(score))
    full = full_options("pb-greedy-v1", **options)
    return count_pb_greedy(profile, costs, budget=budget, tie_order=list(costs), options=full)


def decisions(outcome: Outcome) -> list[tuple[str, str, int]]:
    return [(step.option, step.decision, step.left) for step in outcome.rounds]  # type: ignore[union-attr]


def test_it_passes_over_what_the_money_left_does_not_cover() -> None:
    outcome = count(SCORES, COSTS, 100)
    assert decisions(outcome) == [
        ("park", "funded", 40),
        ("pool", "unaffordable", 40),
        ("bus", "funded", 10),
        ("tree", "unaffordable", 10),
        ("bench", "funded", 5),
    ]
    assert (outcome.winners, outcome.spent, outcome.lots_used) == (("park", "bus", "bench"), 95, False)


def test_in_mode_stop_the_first_unaffordable_project_ends_it() -> None:
    outcome = count(SCORES, COSTS, 100, mode="stop", threshold=2)
    assert [decision for _, decision, _ in decisions(outcome)] == [
        "funded",
        "unaffordable",
        "stopped",
        "stopped",
        "below_threshold",
    ]
    assert outcome.why["bus"].numbers["stopped_by"] == "pool"


def test_a_project_at_the_threshold_qualifies() -> None:
    assert count(SCORES, COSTS, 1000, threshold=5).winners == ("park", "pool", "bus")


def test_among_equal_scores_the_cheaper_goes_first_and_that_is_no_tie() -> None:
    outcome = count({"a": 3, "b": 3}, {"a": 9, "b": 8}, 10)
    assert (outcome.winners, outcome.lots_used) == (("b",), False)


def test_equal_score_and_cost_is_a_tie_that_the_lots_settle_and_the_record_shows() -> None:
    profile = ApprovalProfile.of([["a", "b", "c"]])
    costs = {"a": 5, "b": 5, "c": 4}
    for tie_order in (["c", "b", "a"], ["a", "b", "c"]):
        options = full_options("pb-greedy-v1")
        outcome = count_pb_greedy(profile, costs, budget=9, tie_order=tie_order, options=options)
        first = "b" if tie_order[0] == "c" else "a"
        assert outcome.winners == ("c", first)
        assert outcome.lots_used
        assert {step.tied for step in outcome.rounds if step.tied} == {tuple(o for o in tie_order if o != "c")}


def test_points_count_as_they_were_given() -> None:
    profile = PointsProfile.of([{"a": 1, "b": 3}, {"a": 1}])
    options = full_options("pb-greedy-v1")
    outcome = count_pb_greedy(profile, {"a": 1, "b": 1}, budget=1, tie_order=["a", "b"], options=options)
    assert outcome.winners == ("b",)


def test_it_says_what_a_loser_missed() -> None:
    why = count(SCORES, COSTS, 100).why
    assert dict(why["pool"].numbers) == {
        "rank": 2, "score": 7, "cost": 50, "left": 40, "missing_money": 10, "cost_cut_needed": 10, "votes_needed": 2,
        "threshold": 0,
    }  # fmt: skip
    assert (why["park"].won, why["park"].code) == (True, "funded")
    assert dict(why["park"].numbers) == {"rank": 1, "score": 9, "cost": 60, "left": 100}


def test_no_number_of_votes_helps_a_project_above_the_whole_budget() -> None:
    why = count({"a": 3, "b": 1}, {"a": 11, "b": 3}, 10).why["a"]
    assert (why.numbers["votes_needed"], why.numbers["cost_cut_needed"]) == (None, 1)


def test_no_cut_helps_a_project_below_the_threshold() -> None:
    why = count({"a": 3, "b": 1}, {"a": 5, "b": 5}, 10, threshold=3).why["b"]
    assert (why.code, why.numbers["cost_cut_needed"], why.numbers["votes_needed"]) == ("below_threshold", None, 2)


def test_a_cut_can_be_smaller_than_the_missing_money_when_it_wins_a_tie() -> None:
    numbers = count({"a": 3, "b": 3}, {"a": 90, "b": 100}, 150).why["b"].numbers
    assert (numbers["missing_money"], numbers["cost_cut_needed"]) == (40, 11)


@given(naive.polls(), st.sampled_from(["skip", "stop"]), st.integers(0, 3))
def test_it_agrees_with_the_plain_count(
    poll: tuple[naive.Ballots, dict[str, int], int, list[str]], mode: str, threshold: int
) -> None:
    ballots, projects, budget, tie_order = poll
    profile = ApprovalProfile.of(ballots)
    options = full_options("pb-greedy-v1", mode=mode, threshold=threshold)
    outcome = count_pb_greedy(profile, projects, budget=budget, tie_order=tie_order, options=options)
    plain = naive.greedy(profile.scores(projects), projects, budget, tie_order, mode, threshold)
    assert decisions(outcome) == plain
    assert list(outcome.winners) == naive.funded(plain)


@given(naive.polls(), st.sampled_from(["skip", "stop"]), st.integers(0, 3))
def test_the_votes_and_cuts_it_names_are_the_smallest_that_help(
    poll: tuple[naive.Ballots, dict[str, int], int, list[str]], mode: str, threshold: int
) -> None:
    ballots, projects, budget, tie_order = poll
    profile = ApprovalProfile.of(ballots)
    scores = profile.scores(projects)
    options = full_options("pb-greedy-v1", mode=mode, threshold=threshold)
    outcome = count_pb_greedy(profile, projects, budget=budget, tie_order=tie_order, options=options)
    for option, why in outcome.why.items():
        if why.won:
            continue
        helpful_votes = [
            votes
            for votes in range(1, 20)
            if option
            in naive.funded(
                naive.greedy({**scores, option: scores[option] + votes}, projects, budget, tie_order, mode, threshold)
            )
        ]
        helpful_cuts = [
            cut
            for cut in range(1, projects[option])
            if option
            in naive.funded(
                naive.greedy(scores, {**projects, option: projects[option] - cut}, budget, tie_order, mode, threshold)
            )
        ]
        assert why.numbers["votes_needed"] == (helpful_votes[0] if helpful_votes else None)
        assert why.numbers["cost_cut_needed"] == (helpful_cuts[0] if helpful_cuts else None)


def test_nothing_is_funded_without_money() -> None:
    assert count(SCORES, COSTS, 0).winners == ()


def test_it_counts_a_poll_without_ballots() -> None:
    outcome = count_pb_greedy(
        ApprovalProfile.of([]), {"a": 5}, budget=10, tie_order=["a"], options=full_options("pb-greedy-v1", threshold=1)
    )
    assert (outcome.winners, outcome.ballots) == ((), 0)


@pytest.mark.parametrize("size", [300])
def test_a_long_list_is_explained_quickly(size: int) -> None:
    costs = {f"o{number:03}": 7 + number % 13 for number in range(size)}
    scores = {option: 1 + (number * 7) % 50 for number, option in enumerate(costs)}
    outcome = count(scores, costs, 500)
    assert len(outcome.why) == size
