"""pb-greedy-v1, by examples small enough to check by hand and against a plain second count."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from counting.outcome import Outcome, WalkStep
from counting.pb_greedy import count_pb_greedy
from counting.profile import ApprovalProfile, PointsProfile
from counting.rules import OptionsError, full_options
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
        assert {step.tied for step in outcome.rounds if isinstance(step, WalkStep) and step.tied} == {
            tuple(o for o in tie_order if o != "c")
        }


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


def test_where_another_takes_the_last_of_the_money_a_loser_must_go_before_it() -> None:
    why = count({"hall": 5, "hut": 3}, {"hall": 10, "hut": 4}, 10).why["hut"]
    assert (why.numbers["votes_needed"], why.numbers["cost_cut_needed"]) == (2, None)  # with 5 votes the cheaper goes first


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


# Pots and groups

POTS = [
    {"id": "north", "budget": 60, "options": ["bus", "park"]},
    {"id": "south", "budget": 30, "options": ["pool", "tree", "bench"]},
]


def test_each_pot_is_spent_on_its_own_projects() -> None:
    outcome = count(SCORES, COSTS, 100, pots=POTS)
    assert decisions(outcome) == [
        ("park", "funded", 0),
        ("bus", "unaffordable", 0),
        ("pool", "unaffordable", 30),
        ("tree", "funded", 10),
        ("bench", "funded", 5),
    ]
    record = outcome.record()
    assert [step["pot"] for step in record["rounds"]] == ["north", "north", "south", "south", "south"]
    assert (record["winners"], record["spent"], record["budget"]) == (["park", "tree", "bench"], 85, 100)
    assert [outcome.why["pool"].numbers[key] for key in ("pot", "rank", "left", "missing_money", "votes_needed")] == [
        "south", 1, 30, 20, None,
    ]  # fmt: skip


def test_the_pots_are_walked_in_their_order_and_each_stops_for_itself() -> None:
    outcome = count(SCORES, COSTS, 100, mode="stop", pots=POTS[::-1])
    assert [(option, decision) for option, decision, _ in decisions(outcome)] == [
        ("pool", "unaffordable"),
        ("tree", "stopped"),
        ("bench", "stopped"),
        ("park", "funded"),
        ("bus", "unaffordable"),
    ]
    assert outcome.why["tree"].numbers["stopped_by"] == "pool"


def test_projects_of_different_pots_are_never_tied() -> None:
    scores, costs = {"a": 2, "b": 2, "c": 2}, {"a": 5, "b": 5, "c": 5}
    pots = [{"id": "1", "budget": 5, "options": ["a", "b"]}, {"id": "2", "budget": 5, "options": ["c"]}]
    outcome = count(scores, costs, 10, pots=pots)
    assert [step.tied for step in outcome.rounds if isinstance(step, WalkStep)] == [("a", "b"), ("a", "b"), ()]


def test_of_projects_that_exclude_each_other_the_first_is_funded() -> None:
    outcome = count(SCORES, COSTS, 1000, groups=[["bus", "pool"], ["bench", "tree"]])
    assert [decision for _, decision, _ in decisions(outcome)] == ["funded", "funded", "group_taken", "funded", "group_taken"]
    assert dict(outcome.why["bus"].numbers) == {
        "rank": 3, "score": 5, "cost": 30, "left": 890, "missing_money": 0, "cost_cut_needed": None, "votes_needed": 2,
        "threshold": 0, "group_winner": "pool",
    }  # fmt: skip


def test_an_unaffordable_project_does_not_take_its_group() -> None:
    outcome = count(SCORES, COSTS, 100, groups=[["bus", "pool"]])
    assert outcome.winners == ("park", "bus", "bench")


def test_a_project_whose_group_is_taken_does_not_stop_the_walk() -> None:
    outcome = count(SCORES, COSTS, 80, mode="stop", groups=[["park", "pool", "bus"]])
    assert outcome.winners == ("park", "tree")
    assert outcome.why["bench"].code == "unaffordable"


def test_rivals_that_exclude_each_other_do_not_both_count_in_what_a_loser_missed() -> None:
    outcome = count({"a": 9, "b": 8, "c": 7, "d": 5}, {"a": 10, "b": 10, "c": 5, "d": 10}, 20, groups=[["a", "b"]])
    assert outcome.winners == ("a", "c")
    assert [outcome.why["d"].numbers[key] for key in ("left", "missing_money", "votes_needed")] == [5, 5, 3]


def test_a_group_taken_in_an_earlier_pot_leaves_no_way() -> None:
    outcome = count(SCORES, COSTS, 100, pots=POTS, groups=[["tree", "park"]])
    why = outcome.why["tree"]
    assert (why.code, why.numbers["group_winner"], why.numbers["votes_needed"]) == ("group_taken", "park", None)
    assert outcome.winners == ("park", "bench")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pots", [], "must be null or a list of pots"),
        ("pots", [{"id": "a", "budget": 1}], "exactly id, budget and options"),
        ("pots", [{"id": "", "budget": 1, "options": []}], "not empty"),
        ("pots", [{"id": "a", "budget": -1, "options": []}], "whole number from 0"),
        ("pots", [{"id": "a", "budget": True, "options": []}], "whole number from 0"),
        ("pots", [{"id": "a", "budget": 1, "options": "ab"}], "list of ids"),
        ("pots", [{"id": "a", "budget": 1, "options": []}] * 2, "two pots are called 'a'"),
        ("pots", [{"id": "a", "budget": 1, "options": ["x"]}, {"id": "b", "budget": 1, "options": ["x"]}], "'x' is named twice"),
        ("groups", {}, "must be null or a list of groups"),
        ("groups", [["a"]], "two or more ids"),
        ("groups", [["a", 1]], "two or more ids"),
        ("groups", [["a", "a"]], "'a' is named twice"),
        ("groups", [["a", "b"], ["b", "c"]], "'b' is named twice"),
    ],
)
def test_it_says_what_is_wrong_with_pots_and_groups(key: str, value: object, message: str) -> None:
    with pytest.raises(OptionsError, match=message) as refused:
        full_options("pb-greedy-v1", **{key: value})
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"pots": [{"id": "a", "budget": 1, "options": [*COSTS, "zoo"]}]}, "pots: 'zoo' is not a project"),
        ({"pots": [{"id": "a", "budget": 1, "options": ["bus", "tree", "pool"]}]}, "pots: 'park' is in no pot"),
        ({"pots": [{**POTS[0], "budget": 80}, POTS[1]]}, "pots: hold 110 together, more than the budget of 100"),
        ({"groups": [["bus", "zoo"]]}, "groups: 'zoo' is not a project"),
    ],
)
def test_it_refuses_pots_and_groups_that_do_not_fit_the_poll(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message) as refused:
        count(SCORES, COSTS, 100, **chosen)
    assert [refused.value.key] == list(chosen)


Poll = tuple[naive.Ballots, dict[str, int], int, list[str]]


@st.composite
def divided(draw: st.DrawFn) -> tuple[Poll, dict[str, Any]]:
    """A small poll with options; often with pots, often with groups."""
    poll = draw(naive.polls())
    names, budget = list(poll[1]), poll[2]
    pots = None
    if draw(st.booleans()):
        places = draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
        cuts = sorted([0, *draw(st.lists(st.integers(0, budget), min_size=3, max_size=3))])
        pots = [
            {
                "id": f"pot{pot}",
                "budget": cuts[pot + 1] - cuts[pot],
                "options": [o for o, p in zip(names, places, strict=True) if p == pot],
            }
            for pot in range(3)
        ]
    places = draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
    groups = [[o for o, p in zip(names, places, strict=True) if p == group] for group in (0, 1)]
    groups = [group for group in groups if len(group) > 1]
    options = full_options(
        "pb-greedy-v1", pots=pots, groups=groups or None, mode=draw(st.sampled_from(["skip", "stop"])),
        threshold=draw(st.integers(0, 3)),
    )  # fmt: skip
    return poll, options


def plainly(
    scores: dict[str, int], projects: dict[str, int], budget: int, tie_order: list[str], options: dict[str, Any]
) -> list[tuple[str, str, int]]:
    walked: list[tuple[str, str, int]] = []
    for pot in options["pots"] or [{"budget": budget, "options": list(projects)}]:
        left, stopped = pot["budget"], False
        for option in sorted(pot["options"], key=lambda o: (-scores[o], projects[o], tie_order.index(o))):
            rivals = {rival for group in options["groups"] or () if option in group for rival in group}
            if scores[option] < options["threshold"]:
                decision = "below_threshold"
            elif stopped:
                decision = "stopped"
            elif rivals.intersection(naive.funded(walked)):
                decision = "group_taken"
            elif projects[option] > left:
                decision, stopped = "unaffordable", options["mode"] == "stop"
            else:
                decision, left = "funded", left - projects[option]
            walked.append((option, decision, left))
    return walked


@given(divided())
def test_with_pots_and_groups_it_agrees_with_the_plain_count(case: tuple[Poll, dict[str, Any]]) -> None:
    (ballots, projects, budget, tie_order), options = case
    profile = ApprovalProfile.of(ballots)
    outcome = count_pb_greedy(profile, projects, budget=budget, tie_order=tie_order, options=options)
    assert decisions(outcome) == plainly(profile.scores(projects), projects, budget, tie_order, options)


@given(divided())
def test_no_pot_is_overspent_and_no_group_wins_twice(case: tuple[Poll, dict[str, Any]]) -> None:
    (ballots, projects, budget, tie_order), options = case
    outcome = count_pb_greedy(ApprovalProfile.of(ballots), projects, budget=budget, tie_order=tie_order, options=options)
    assert outcome.spent is not None and outcome.spent <= budget
    for pot in options["pots"] or ():
        assert sum(projects[option] for option in outcome.winners if option in pot["options"]) <= pot["budget"]
    for group in options["groups"] or ():
        assert len(set(group).intersection(outcome.winners)) <= 1
    assert list(outcome.why) == list(projects)
    assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)


@given(divided())
def test_with_pots_and_groups_the_votes_and_cuts_it_names_are_the_smallest_that_help(case: tuple[Poll, dict[str, Any]]) -> None:
    (ballots, projects, budget, tie_order), options = case
    profile = ApprovalProfile.of(ballots)
    scores = profile.scores(projects)
    outcome = count_pb_greedy(profile, projects, budget=budget, tie_order=tie_order, options=options)
    assume(len(outcome.winners) < len(projects))

    def helps(option: str, *, votes: int = 0, cut: int = 0) -> bool:
        more, cheaper = {**scores, option: scores[option] + votes}, {**projects, option: projects[option] - cut}
        return option in naive.funded(plainly(more, cheaper, budget, tie_order, options))

    for option, why in outcome.why.items():
        if not why.won:
            votes = next((votes for votes in range(1, 20) if helps(option, votes=votes)), None)
            cut = next((cut for cut in range(1, projects[option]) if helps(option, cut=cut)), None)
            assert (why.numbers["votes_needed"], why.numbers["cost_cut_needed"]) == (votes, cut)
            assert ("group_winner" in why.numbers) == (why.code == "group_taken")


@given(divided())
def test_one_pot_with_everything_is_the_same_as_none(case: tuple[Poll, dict[str, Any]]) -> None:
    (ballots, projects, budget, tie_order), options = case
    one = {**options, "pots": [{"id": "all", "budget": budget, "options": list(projects)}]}
    profile = ApprovalProfile.of(ballots)
    with_pot = count_pb_greedy(profile, projects, budget=budget, tie_order=tie_order, options=one)
    without = count_pb_greedy(profile, projects, budget=budget, tie_order=tie_order, options={**options, "pots": None})
    assert with_pot.winners == without.winners
    assert [step.record() for step in with_pot.rounds] == [{**step.record(), "pot": "all"} for step in without.rounds]
