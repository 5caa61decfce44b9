"""pabutools, an independent implementation, as oracle on random small polls.

Known differences, and how they are met here: ties there go by name unless told otherwise (we hand it our order: cost,
supporters, lot); its `add1` starts from the exact share budget/n (`integral: false`) and always stops when the outcome is
exhaustive (`stop_when_exhaustive: true`); it has no threshold and no mode `stop`.
"""

import random
from typing import Any

import pytest

from counting import rules
from counting.profile import ApprovalProfile, PointsProfile


def random_poll(seed: int) -> tuple[list[list[str]], dict[str, int], int, list[str]]:
    chance = random.Random(seed)
    options = [f"o{number}" for number in range(chance.randint(2, 8))]
    top = chance.choice([4, 30, 1000])
    projects = {option: chance.randint(1, top) for option in options}
    sizes = [chance.randint(0, min(4, len(options))) for _ in range(chance.randint(3, 15))]
    ballots = [chance.sample(options, size) for size in sizes]
    budget = max(1, sum(projects.values()) * chance.randint(20, 90) // 100)
    return ballots, projects, budget, chance.sample(options, len(options))


def in_their_words(poll: tuple[list[list[str]], dict[str, int], int, list[str]]) -> tuple[Any, Any, Any]:
    election = pytest.importorskip("pabutools.election", reason="pabutools is not installed: pip install the group `oracles`.")
    from pabutools.tiebreaking import TieBreakingRule

    ballots, projects, budget, tie_order = poll
    theirs = {option: election.Project(option, cost) for option, cost in projects.items()}
    instance = election.Instance(theirs.values(), budget_limit=budget)
    profile = election.ApprovalProfile(
        [election.ApprovalBallot([theirs[option] for option in ballot]) for ballot in ballots], instance=instance
    )
    scores = ApprovalProfile.of(ballots).scores(projects)
    order = sorted(projects, key=lambda option: (projects[option], -scores[option], tie_order.index(option)))
    return instance, profile, TieBreakingRule(lambda _, __, project: order.index(project.name))


def ours(poll: tuple[list[list[str]], dict[str, int], int, list[str]], rule: str, **chosen: Any) -> list[str]:
    ballots, projects, budget, tie_order = poll
    options = rules.full_options(rule, **chosen)
    profile = ApprovalProfile.of(ballots)
    return list(rules.count(rule, profile, projects, budget=budget, tie_order=tie_order, options=options).winners)


@pytest.mark.parametrize("seed", range(150))
def test_pabutools_funds_the_same_projects_by_points(seed: int) -> None:
    poll = random_poll(seed)
    instance, _, ties = in_their_words(poll)
    from pabutools import election
    from pabutools.rules import method_of_equal_shares

    ballots, projects, budget, tie_order = poll
    chance = random.Random(f"points {seed}")
    points = [{option: chance.randint(1, chance.choice([2, 30])) for option in ballot} for ballot in ballots]
    named = {project.name: project for project in instance}
    profile = election.CardinalProfile(
        [election.CardinalBallot({named[option]: given for option, given in ballot.items()}) for ballot in points],
        instance=instance,
    )
    for increment, completion in ((None, []), (1, ["add1"])):
        theirs = method_of_equal_shares(
            instance, profile, sat_class=election.Additive_Cardinal_Sat, tie_breaking=ties, voter_budget_increment=increment
        )
        options = rules.full_options("pb-mes-v1", utility="points", completion=completion, integral=False)
        mine = rules.count(
            "pb-mes-v1", PointsProfile.of(points), projects, budget=budget, tie_order=tie_order, options=options
        )
        assert list(mine.winners) == [project.name for project in theirs]


@pytest.mark.parametrize("seed", range(200))
def test_pabutools_funds_the_same_projects(seed: int) -> None:
    poll = random_poll(seed)
    instance, profile, ties = in_their_words(poll)
    from pabutools.election import Cardinality_Sat, Cost_Sat
    from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares

    greedy = greedy_utilitarian_welfare(instance, profile, sat_class=Cost_Sat, tie_breaking=ties)
    assert ours(poll, "pb-greedy-v1") == [project.name for project in greedy]
    for utility, satisfaction in (("cost", Cost_Sat), ("cardinality", Cardinality_Sat)):
        plain = method_of_equal_shares(instance, profile, sat_class=satisfaction, tie_breaking=ties)
        assert ours(poll, "pb-mes-v1", utility=utility, completion=[]) == [project.name for project in plain]
        add1 = method_of_equal_shares(instance, profile, sat_class=satisfaction, tie_breaking=ties, voter_budget_increment=1)
        mine = ours(poll, "pb-mes-v1", utility=utility, completion=["add1"], integral=False)
        assert mine == [project.name for project in add1]
