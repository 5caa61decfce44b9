"""The runs of `add1` of which the record only says what they bought: the same purchases as in pb_mes_run.py, found faster.

Three things make them fast, and none changes what is bought.

*Nothing is exact.* A payment is only known within bounds, and so much more may the balances of its payers be off. That is
enough as long as the bounds show which project is next; where they do not, the run is made again exactly. So a lot never decides
here.

*The opening is the same in every run.* No rho is below cost ÷ (supporters' points × worth), which a project has when all its
supporters can pay in full. Sort the projects by that (tie: lower cost, more supporters, best lot). If the first of them can be
paid in full by all its supporters it is bought first, for no other can have a smaller rho; then the same holds for the second,
and so on: these are the opening, up to where a lot would decide. In a run with more money everybody has more left after each of
these purchases, so that run opens with the same projects at the same prices, and starts from what everybody has paid by then.

*Who was poor last time is looked at first.* As if all others paid in full, that gives a lower bound, which mostly shows that a
project is not next. Before it is bought, all others are asked whether they can indeed pay.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import compress
from operator import not_

from counting.outcome import Run
from counting.pb_mes_layout import Bloc, picker
from counting.pb_mes_run import NO_BOUND, Electorate, EqualSharesRun
from counting.profile import OptionId

_RESPLIT = 8  # Runs after which it is looked at again who is poor.


class _InDoubt(Exception):
    """The bounds do not show what is bought next."""


class Trials:
    """What runs with ever more money buy. `voter_budget`: of the first or one before it."""

    def __init__(self, electorate: Electorate, voter_budget: Fraction) -> None:
        self.electorate, self.units = electorate, electorate.units(voter_budget)
        supported = [lot for lot, option in enumerate(electorate.tie_order) if electorate.supporters[option]]
        # What is not in the opening yet, in its order. Then what groups pay in the opening, in units, off by less than `slack`:
        # the different amounts, and for each group which.
        self.after = sorted(supported, key=self.best_place)
        self.opening: list[OptionId] = []
        self.paid, self.spread = [0], picker([0] * len(electorate.ballots))
        self.slack = 1
        # Only speed depends on these, by lot: the payment a point when it was last bought; who was poor then or nearly so, and
        # all others.
        self.guess: dict[int, int] = {}
        self.split: dict[int, tuple[list[Bloc], list[Bloc]]] = {}
        self.number = 0

    def run(self, voter_budget: Fraction) -> tuple[Run, Sequence[OptionId]]:
        """One run, and what it buys. No call may give less than the one before."""
        try:
            trial = _Trial(self, voter_budget)
        except _InDoubt:
            run = self.electorate.run(voter_budget)
            return run.summary(), [purchase.option for purchase in run.purchases]
        return trial.summary(), trial.bought

    def best_place(self, lot: int) -> tuple[Fraction, int, int, int]:
        """Its place in the contest when all its supporters can pay in full; the last is the lot."""
        voters, option = self.electorate, self.electorate.tie_order[lot]
        cost = voters.projects[option]
        return Fraction(cost, voters.points[option] * voters.worth[option]), cost, -voters.supporters[option], lot


class _Trial(EqualSharesRun):
    """One run; `bought` instead of `purchases`."""

    def __init__(self, trials: Trials, voter_budget: Fraction) -> None:
        super().__init__(trials.electorate, voter_budget, units=trials.units)
        given = self._balances[0]
        self._balances = list(trials.spread([given - paid for paid in trials.paid]))
        self._slack, self._guess, self._split = trials.slack, trials.guess, trials.split
        self._glances: dict[int, tuple[list[tuple[Bloc, tuple[int, ...]]], int]] = {}
        trials.number += 1
        self._number = trials.number
        opening = len(trials.opening)
        while self._opens(trials.after, trials):
            trials.opening.append(self.electorate.tie_order[trials.after.pop(0)])
        if len(trials.opening) > opening:
            amounts: dict[int, int] = {}
            trials.spread = picker([amounts.setdefault(given - left, len(amounts)) for left in self._balances])
            trials.paid, trials.slack = list(amounts), self._slack
        self.bought = list(trials.opening)
        self.buy_all(trials.after)

    def summary(self) -> Run:
        """No lot decided: where it would, the bounds leave open who is next."""
        return Run(self.voter_budget, sum(self.electorate.projects[option] for option in self.bought), len(self.bought))

    def _opens(self, lots: Sequence[int], trials: Trials) -> bool:
        """Can all supporters of the first surely pay it in full, and no lot puts it there? Then they do, in all runs to come."""
        places = [trials.best_place(lot)[:-1] for lot in lots[:2]]
        if not places or (places[0] == places[-1] and len(places) > 1):
            return False
        voters, option = self.electorate, self.electorate.tie_order[lots[0]]
        payment, blocs = voters.projects[option] * self._units // voters.points[option], voters.blocs[option]
        if any(min(bloc.pick(self._balances)) <= (payment + 1) * bloc.points + self._slack for bloc in blocs):
            return False
        for bloc in blocs:
            for group in bloc.groups:
                self._balances[group] -= payment * bloc.points
        self._slack += max(bloc.points for bloc in blocs)
        return True

    def _glance(self, lot: int) -> bool:
        """A lower bound from those of whom one may be poor: the payment is no smaller than if all others paid in full."""
        if lot in self._glances or lot not in self._split:
            return False
        risky = [(bloc, bloc.pick(self._balances)) for bloc in self._split[lot][0]]
        self._glances[lot] = risky, self._narrow(lot, risky)
        return True

    def _estimate(self, lot: int) -> bool:
        """As in other runs; but where a glance told who is poor, and the others can indeed pay, nothing is left to do."""
        if lot in self._glances and self._high[lot] != NO_BOUND:
            risky, edge = self._glances[lot]
            safe = [(bloc, bloc.pick(self._balances)) for bloc in self._split[lot][1]]
            if all(min(held) > edge * bloc.points + self._slack for bloc, held in safe):
                self._held[lot] = risky + safe
                return True
            self._split.pop(lot)
        return super()._estimate(lot)

    def _resplit(self, lot: int) -> None:
        """Who holds not much more than is to be paid is risky in the runs to come, who holds more is safe."""
        risky: list[Bloc] = []
        safe: list[Bloc] = []
        for bloc, held in self._held[lot]:
            most = self._high[lot] * bloc.points * 11 // 10
            flags = [balance > most for balance in held]
            risky.append(bloc.part(tuple(compress(bloc.groups, map(not_, flags)))))
            safe.append(bloc.part(tuple(compress(bloc.groups, flags))))
        self._split[lot] = [bloc for bloc in risky if bloc.groups], [bloc for bloc in safe if bloc.groups]

    def _settle(self, contenders: Sequence[int]) -> Iterable[int]:
        """Buy the only one. What a voter has left differs from the truth by as much as before, and as the payment does."""
        lot = contenders[0]
        low, high, option = self._low[lot], self._high[lot], self.electorate.tie_order[lot]
        if len(contenders) > 1 or high == NO_BOUND:
            raise _InDoubt
        safe = self._split[lot][1] if lot in self._split else []
        payment, balances = (low + high) // 2, self._balances
        for bloc, held in self._held[lot]:
            amount, least = payment * bloc.points, max(1, low * bloc.points - self._slack)
            if bloc in safe:
                for group, balance in zip(bloc.groups, held, strict=True):
                    balances[group] = balance - amount
            else:
                for group, balance in zip(bloc.groups, held, strict=True):
                    # Who may not be dry holds at least 1.
                    balances[group] = balance - amount if balance > amount else 1 if balance >= least else 0
        if lot not in self._split or (lot + self._number) % _RESPLIT == 0:
            self._resplit(lot)
        self._slack += (high - payment) * max(bloc.points for bloc, _ in self._held[lot])
        self._guess[lot] = payment
        self._held.clear()
        self._glances.clear()
        self.bought.append(option)
        return ()
