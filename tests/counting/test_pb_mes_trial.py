"""Trial runs of Equal Shares buy what exact runs buy, whatever they guessed; or they say that they are in doubt."""

import random
from collections.abc import Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ballots import budget_poll
from counting import pb_mes_run, pb_mes_trial
from counting.pb_mes_run import Electorate
from counting.pb_mes_trial import Trials
from counting.profile import ApprovalProfile, OptionId, PointsProfile
from tests.counting import naive


def electorate(ballots: Any, projects: dict[str, int], tie_order: Sequence[str], utility: str) -> Electorate:
    profile = (PointsProfile if utility == "points" else ApprovalProfile).of(ballots)
    return Electorate(profile, projects, tie_order, utility=utility)


def exactly(voters: Electorate, voter_budget: Fraction) -> tuple[Any, list[OptionId]]:
    run = voters.run(voter_budget)
    return run.summary(), [purchase.option for purchase in run.purchases]


def larger(seed: int) -> tuple[Electorate, Fraction]:
    """300 to 600 ballots, some of them equal, and a budget for about a third."""
    chance = random.Random(seed)
    poll = budget_poll(300 + 50 * (seed % 7), 20 + seed % 12, seed=seed)
    ballots: list[Any] = list(poll.ballots) + chance.choices(poll.ballots, k=60)
    utility = ("cost", "cardinality", "points")[seed % 3]
    if utility == "points":
        ballots = [{option: chance.choice([1, 2, 3, 10]) for option in ballot} for ballot in ballots]
    return electorate(ballots, poll.projects, list(poll.projects), utility), Fraction(poll.budget, len(ballots))


@given(st.one_of(naive.polls(), naive.point_polls()), st.sampled_from(["cost", "cardinality"]), st.integers(1, 9))
def test_every_run_with_more_money_buys_what_the_exact_run_buys(poll: Any, utility: str, step: int) -> None:
    ballots, projects, budget, tie_order = poll
    voters = electorate(ballots, projects, tie_order, "points" if any(isinstance(b, dict) for b in ballots) else utility)
    if voters.total:
        start = Fraction(budget, voters.total)
        trials = Trials(voters, start)
        for raises in range(6):
            run, bought = trials.run(start + raises * step)
            assert (run, list(bought)) == exactly(voters, start + raises * step)


@pytest.mark.parametrize("seed", range(12))
def test_larger_polls_are_seldom_in_doubt(seed: int) -> None:
    voters, start = larger(seed)
    budgets = [start + raises for raises in range(0, 60, 3)]
    exact = [exactly(voters, budget) for budget in budgets]
    trials, doubts, found = Trials(voters, start), 0, []
    for budget in budgets:
        try:
            trial = pb_mes_trial._Trial(trials, budget)
            found.append((trial.summary(), trial.bought))
        except pb_mes_trial._InDoubt:
            doubts += 1
            found.append(exactly(voters, budget))
    assert doubts <= 4
    assert found == exact


@pytest.mark.parametrize("seed", range(12))
def test_wrong_guesses_about_payments_and_about_who_is_poor_change_nothing(seed: int) -> None:
    voters, start = larger(seed)
    chance, trials = random.Random(seed), Trials(voters, start)
    for raises in range(0, 60, 6):
        for lot, option in enumerate(voters.tie_order):
            trials.guess[lot] = chance.choice([0, 1, trials.units, 10**30])
            safe = [tuple(group for group in bloc.groups if chance.random() < 0.9) for bloc in voters.blocs[option]]
            pairs = list(zip(voters.blocs[option], safe, strict=True))
            trials.split[lot] = (
                [bloc.part(tuple(sorted({*bloc.groups} - {*some}))) for bloc, some in pairs if len(some) < len(bloc.groups)],
                [bloc.part(some) for bloc, some in pairs if some],
            )
        run, bought = trials.run(start + raises)
        assert (run, list(bought)) == exactly(voters, start + raises)


@pytest.mark.parametrize("bits", [0, 2, 6, 12])
@pytest.mark.parametrize("seed", range(6))
def test_with_coarse_units_a_trial_that_is_not_in_doubt_is_right(seed: int, bits: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pb_mes_run, "MACHINE_BITS", 0)
        patch.setattr(pb_mes_run, "LEAST_BITS", bits)
        voters, start = larger(seed)
        trials = Trials(voters, start)
        for raises in range(0, 40, 8):
            run, bought = trials.run(start + raises)
            assert (run, list(bought)) == exactly(voters, start + raises)


def truth(voters: Electorate, voter_budget: Fraction, bought: Sequence[OptionId]) -> tuple[list[Fraction], Fraction]:
    """What each group's ballots hold after these purchases, and the last payment a point."""
    held, payment = [voter_budget] * len(voters.ballots), Fraction(0)
    for option in bought:
        payers = [(group, bloc) for bloc in voters.blocs[option] for group in bloc.groups]
        holdings = [(held[group], bloc.points) for group, bloc in payers for _ in range(bloc.weight)]
        found = naive.price(voters.projects[option], holdings)
        assert found is not None
        payment = found
        for group, bloc in payers:
            held[group] -= min(held[group], payment * bloc.points)
    return held, payment


class Watched(pb_mes_trial._Trial):
    """Compares what it believes with the truth, after each purchase."""

    def _settle(self, contenders: Sequence[int]) -> Iterable[int]:
        rest = super()._settle(contenders)
        held, payment = truth(self.electorate, self.voter_budget, self.bought)
        assert self._low[contenders[0]] <= payment * self._units <= self._high[contenders[0]]
        for balance, money in zip(self._balances, held, strict=True):
            assert abs(balance - money * self._units) <= self._slack
            assert balance or not money
        return rest


@pytest.mark.parametrize("bits", [0, 2, 6, 12])
@pytest.mark.parametrize("seed", range(9))
def test_payments_are_within_their_bounds_and_balances_off_by_no_more_than_the_slack(seed: int, bits: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pb_mes_run, "MACHINE_BITS", 0)
        patch.setattr(pb_mes_run, "LEAST_BITS", bits)
        chance = random.Random(seed)
        poll = budget_poll(40, 12, seed=seed)
        projects = {option: chance.randint(200, 2000) for option in poll.projects}
        ballots: list[Any] = list(poll.ballots) + chance.choices(poll.ballots, k=10)
        if seed % 3 == 0:
            ballots = [{option: chance.choice([1, 2, 7]) for option in ballot} for ballot in ballots]
        voters = electorate(ballots, projects, list(projects), "cardinality" if seed % 3 else "points")
        trials = Trials(voters, Fraction(100))
        for raises in range(0, 300, 60):
            with suppress(pb_mes_trial._InDoubt):
                Watched(trials, Fraction(100 + raises))


def test_the_opening_is_bought_first_at_its_best_price_in_every_run_with_more_money() -> None:
    voters, start = larger(3)
    trials = Trials(voters, start)
    trials.run(start)
    short = list(trials.opening)
    trials.run(start * 2)
    assert short and trials.opening[: len(short)] == short and len(trials.opening) > len(short)
    for budget in (start * 2, start * 3):
        purchases = voters.run(budget).purchases[: len(trials.opening)]
        assert [purchase.option for purchase in purchases] == trials.opening
        for purchase in purchases:
            best = Fraction(purchase.cost, voters.points[purchase.option] * voters.worth[purchase.option])
            assert purchase.rho == best


def test_the_opening_ends_where_a_lot_would_decide() -> None:
    voters = electorate([["a", "b"]] * 5 + [["c"]] * 4, {"a": 10, "b": 10, "c": 9}, ["b", "a", "c"], "cost")
    trials = Trials(voters, Fraction(50))
    run, bought = trials.run(Fraction(50))
    assert (trials.opening, list(bought), run.lots_used) == ([], ["b", "a", "c"], True)


def test_the_opening_ends_where_a_supporter_cannot_pay_in_full() -> None:
    # Each holds 10. "a" takes 8 from each of five; then "b" needs 4 from each of four, and one of them holds 2.
    voters = electorate([["a"]] * 4 + [["a", "b"]] + [["b"]] * 3, {"a": 40, "b": 16}, ["a", "b"], "cost")
    trials = Trials(voters, Fraction(10))
    assert list(trials.run(Fraction(10))[1]) == ["a", "b"]
    assert trials.opening == ["a"]
    assert list(trials.run(Fraction(13))[1]) == ["a", "b"]
    assert trials.opening == ["a", "b"]


def test_a_tie_is_left_to_the_exact_run() -> None:
    voters = electorate([["a"], ["b"]], {"a": 5, "b": 5}, ["b", "a"], "cost")
    with pytest.raises(pb_mes_trial._InDoubt):
        pb_mes_trial._Trial(Trials(voters, Fraction(5)), Fraction(5))
    assert Trials(voters, Fraction(5)).run(Fraction(5))[0].lots_used
