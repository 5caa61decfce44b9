"""pb-maxutil-v1: by hand, against all subsets of small polls, against pabutools, and on rounds that cities held."""

import random
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, canonical_bytes, result
from counting.pabulib import read_pabulib
from counting.pb_maxutil import MAX_PAIRS, TooManyPairs, best_set
from counting.profile import ApprovalProfile, PointsProfile
from tests.counting import naive

Poll = tuple[naive.Ballots, dict[str, int], int, list[str]]


def count(poll: Poll, value: str = "score") -> Outcome:
    ballots, projects, budget, tie_order = poll
    options = rules.full_options("pb-maxutil-v1", value=value)
    return rules.count(
        "pb-maxutil-v1", ApprovalProfile.of(ballots), projects, budget=budget, tie_order=tie_order, options=options
    )


BALLOTS: naive.Ballots = [*[("park",)] * 5, *[("bus",)] * 3, *[("tree",)] * 3]
COSTS = {"park": 90, "bus": 50, "tree": 50, "zoo": 1}


def test_two_cheap_projects_beat_one_dear_one_with_more_votes() -> None:
    outcome = count((BALLOTS, COSTS, 100, list(COSTS)))
    record = outcome.record()
    assert record["rounds"] == [
        {"option": "park", "score": 5, "cost": 90, "value": 5, "decision": "left_out", "tied": []},
        {"option": "bus", "score": 3, "cost": 50, "value": 3, "decision": "funded", "tied": []},
        {"option": "tree", "score": 3, "cost": 50, "value": 3, "decision": "funded", "tied": []},
        {"option": "zoo", "score": 0, "cost": 1, "value": 0, "decision": "left_out", "tied": []},
    ]
    assert (record["winners"], record["spent"], record["value"], record["lots_used"]) == (["bus", "tree"], 100, 6, False)
    assert (outcome.why["bus"].code, dict(outcome.why["park"].numbers)) == ("chosen", {"score": 5, "cost": 90, "value": 5})


def test_votes_may_count_for_each_unit_of_money() -> None:
    outcome = count((BALLOTS, COSTS, 100, list(COSTS)), "cost_score")
    assert (outcome.winners, outcome.extra) == (("park",), {"value": 450})


def test_points_are_added_up_too() -> None:
    profile = PointsProfile.of([{"a": 1, "b": 3}, {"a": 1}])
    options = rules.full_options("pb-maxutil-v1")
    assert rules.count("pb-maxutil-v1", profile, {"a": 1, "b": 1}, budget=1, tie_order=["a", "b"], options=options).winners == (
        "b",
    )


def test_of_equal_sets_the_cheaper_is_chosen_without_a_lot() -> None:
    outcome = count(([("a",), ("b",)], {"a": 7, "b": 6}, 10, ["a", "b"]))
    assert (outcome.winners, outcome.lots_used) == (("b",), False)


def test_of_sets_equal_in_cost_too_the_best_lots_decide_and_the_record_says_so() -> None:
    poll: Poll = ([("a",), ("b",), ("c",)], {"a": 5, "b": 5, "c": 5}, 10, ["c", "b", "a"])
    outcome = count(poll)
    assert (outcome.winners, outcome.lots_used) == (("c", "b"), True)


def test_it_refuses_another_value() -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options("pb-maxutil-v1", value="cost")
    assert refused.value.key == "value"


@given(naive.polls(), st.sampled_from(["score", "cost_score"]))
def test_no_set_is_better(poll: Poll, value: str) -> None:
    ballots, projects, budget, tie_order = poll
    scores = ApprovalProfile.of(ballots).scores(projects)
    worth = {option: scores[option] * (cost if value == "cost_score" else 1) for option, cost in projects.items()}
    sets = sorted(
        (
            -sum(worth[option] for option in chosen),
            sum(projects[option] for option in chosen),
            sorted(map(tie_order.index, chosen)),
        )
        for size in range(len(projects) + 1)
        for chosen in combinations(projects, size)
        if sum(projects[option] for option in chosen) <= budget
    )
    outcome = count(poll, value)
    best, cost, lots = sets[0]
    assert (outcome.extra["value"], outcome.spent) == (-best, cost)
    assert sorted(map(tie_order.index, outcome.winners)) == lots
    assert outcome.lots_used == (len(sets) > 1 and sets[1][:2] == sets[0][:2])
    assert list(outcome.why) == list(projects)
    assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
    assert canonical_bytes(result(outcome, poll="p1", ballots_sha256="0" * 64, seed="1" * 64))


@pytest.mark.parametrize("seed", range(30))
def test_larger_costs_and_more_projects_against_a_table_over_every_amount(seed: int) -> None:
    chance = random.Random(seed)
    costs = [chance.randint(1, 60) for _ in range(25)]
    values = [chance.randint(1, 40) for _ in costs]
    budget = sum(costs) * chance.randint(10, 90) // 100
    table = [(0, 0)] * (budget + 1)  # by money: (value, −cost) of the best set
    for cost, value in zip(costs, values, strict=True):
        table = [
            max(here, (table[money - cost][0] + value, table[money - cost][1] - cost)) if money >= cost else here
            for money, here in enumerate(table)
        ]
    places, _ = best_set(costs, values, budget=budget)
    assert places == sorted(places)
    assert (sum(values[place] for place in places), -sum(costs[place] for place in places)) == table[budget]


@pytest.mark.parametrize("seed", range(40))
def test_pabutools_finds_the_same_value(seed: int) -> None:
    election = pytest.importorskip("pabutools.election", reason="pabutools is not installed: pip install the group `oracles`.")
    max_additive_utilitarian_welfare = pytest.importorskip("pabutools.rules").max_additive_utilitarian_welfare
    chance = random.Random(seed)
    projects = {f"o{number}": chance.randint(1, 500) for number in range(chance.randint(2, 10))}
    ballots: Any = [tuple(sorted(o for o in projects if chance.random() < 0.4)) for _ in range(chance.randint(1, 15))]
    budget = max(1, sum(projects.values()) * chance.randint(20, 80) // 100)
    theirs = {option: election.Project(option, cost) for option, cost in projects.items()}
    instance = election.Instance(theirs.values(), budget_limit=budget)
    profile = election.ApprovalProfile(
        [election.ApprovalBallot([theirs[option] for option in ballot]) for ballot in ballots], instance=instance
    )
    scores = ApprovalProfile.of(ballots).scores(projects)
    for value, satisfaction in (("score", election.Cardinality_Sat), ("cost_score", election.Cost_Sat)):
        outcome = count((ballots, projects, budget, list(projects)), value)
        found = max_additive_utilitarian_welfare(instance, profile, sat_class=satisfaction)
        worth = {option: scores[option] * (cost if value == "cost_score" else 1) for option, cost in projects.items()}
        assert sum(worth[project.name] for project in found) == outcome.extra["value"]


def test_real_rounds_are_no_work_and_never_below_what_greedy_reaches(data: Path) -> None:
    for path in sorted((data / "voting" / "pb").glob("*.pb")):
        file = read_pabulib(path.read_bytes())
        projects, profile = file.costs, file.profile()

        def by(rule: str, file: Any = file, projects: dict[str, int] = projects, profile: Any = profile) -> Outcome:
            return rules.count(
                rule, profile, projects, budget=file.budget, tie_order=list(projects), options=rules.full_options(rule)
            )

        scores = profile.scores(projects)
        best, greedy = by("pb-maxutil-v1"), by("pb-greedy-v1")
        assert best.spent is not None and best.spent <= file.budget
        assert best.extra["value"] == sum(scores[o] for o in best.winners) >= sum(scores[o] for o in greedy.winners)


def test_a_poll_that_would_take_for_ever_is_refused_in_good_time() -> None:
    # Every value is half its cost, costs are enormous and without a pattern: no set can be ruled out.
    chance = random.Random(1)
    costs = [2 * chance.randint(10**12, 10**13) for _ in range(60)]
    start = time.monotonic()
    with pytest.raises(TooManyPairs, match=str(MAX_PAIRS)):
        best_set(costs, [cost // 2 for cost in costs], budget=sum(costs) // 2 + 1)
    assert time.monotonic() - start < 60
