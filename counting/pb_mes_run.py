"""One run of Equal Shares: who buys what at which price, exactly and fast (the rule: docs/reference/results.md, pb-mes-v1).

Money is kept twice. `_balances` are whole units that may be off by `_slack`; they decide whatever is clear from them. What is
not clear, and every price that is paid, is worked out exactly: a voter who never ran dry has paid all prices in full, so what
any set of voters still holds follows from their ballots. Only whole numbers, and nothing is rounded that decides.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, compress
from math import gcd
from typing import Any

from counting.outcome import Purchase, Run
from counting.pb_mes_layout import Bloc, blocs_of
from counting.profile import OptionId, ScoredProfile

MACHINE_BITS, LEAST_BITS = 62, 16
"""How fine the units are: all money together has so many bits, and one unit of currency at least so many. Only speed depends on
it: the coarser they are, the more has to be worked out exactly."""
_FINE = 2**40  # Bounds of rho are whole numbers of 1/(units × _FINE).
NO_BOUND = 2**256  # Of a payment that nothing is known about from above; not even whether it can be paid.

Holdings = tuple[int, int, list[int]]
"""Points and ballots of each group, and what a ballot of each holds."""


@dataclass(frozen=True)
class _Price:
    """What a project costs its supporters, exactly: each pays `share`/`rate` (in 1/scale) a point, or all that they hold.

    `shaky`: groups for whom the balances did not tell which, and those of them who pay all.
    """

    share: int
    rate: int
    low: int
    shaky: tuple[int, ...]
    poor: frozenset[int]


class Electorate:
    """The ballots laid out for many runs.

    `supporters`: ballots that support each project; `points`: all that they give it (an approval is one point). `utility`:
    `cost`, `cardinality` (approvals) or `points`. Raises ProfileError when a ballot names a stranger.
    """

    def __init__(
        self, profile: ScoredProfile, projects: Mapping[OptionId, int], tie_order: Sequence[OptionId], *, utility: str
    ) -> None:
        self.projects, self.tie_order = projects, tuple(tie_order)
        self.total = profile.total
        self.groups = profile.groups
        self.ballots: Sequence[tuple[Any, ...]] = list(profile.groups)
        self.worth = {option: cost if utility == "cost" else 1 for option, cost in projects.items()}
        self.blocs = blocs_of(profile, list(projects))
        self.supporters = {option: sum(bloc.ballots for bloc in blocs) for option, blocs in self.blocs.items()}
        self.points = {option: sum(bloc.points * bloc.ballots for bloc in blocs) for option, blocs in self.blocs.items()}

    def units(self, voter_budget: Fraction) -> int:
        """How many units of a run make one of the currency."""
        money = self.total * voter_budget.numerator // voter_budget.denominator
        return int(2 ** max(LEAST_BITS, MACHINE_BITS - money.bit_length()))

    def run(self, voter_budget: Fraction) -> "EqualSharesRun":
        """Give every ballot `voter_budget` and buy until no project can be paid."""
        run = EqualSharesRun(self, voter_budget, units=self.units(voter_budget))
        run.buy_all(range(len(self.tie_order)))
        return run


class EqualSharesRun:
    """One run: `purchases` in order, `spent`, and what is left (`money_left`)."""

    def __init__(self, electorate: Electorate, voter_budget: Fraction, *, units: int) -> None:
        self.electorate, self.voter_budget = electorate, voter_budget
        self.purchases: list[Purchase] = []
        self.spent = 0
        # Exact: what a voter got, and what each mark on a ballot has cost its voters, in 1/scale.
        self._scale, self._given = voter_budget.denominator, voter_budget.numerator
        self._paid: dict[Any, int] = {}
        # Fast: 0 for whoever ran dry, at least 1 for the others, |balance − truth| ≤ slack.
        self._units = units
        self._balances = [max(1, self._given * units // self._scale) if self._given else 0] * len(electorate.ballots)
        self._slack = 1
        # By lot: bounds of the payment a point. The lower ones only ever rise, for money only gets less.
        self._low: dict[int, int] = {}
        self._high: dict[int, int] = {}
        self._guess: dict[int, int] = {}  # Only speed depends on it.
        self._held: dict[int, list[tuple[Bloc, tuple[int, ...]]]] = {}  # What their supporters held when they were estimated.

    def buy_all(self, lots: Iterable[int]) -> None:
        """Fund the smallest rho (tie: lower cost, more supporters, best lot) of these as long as one can be paid."""
        voters = self.electorate
        offers: list[tuple[int, int]] = []
        for lot in lots:
            option = voters.tie_order[lot]
            if voters.supporters[option] * self._given >= voters.projects[option] * self._scale:
                self._low[lot] = voters.projects[option] * self._units // voters.points[option]
                offers.append((self._rho(lot, self._low[lot]), lot))
        heapq.heapify(offers)
        while contenders := self._contenders(offers):
            for lot in self._settle(contenders):
                heapq.heappush(offers, (self._rho(lot, self._low[lot]), lot))

    def summary(self) -> Run:
        """What of this run stands in the record whether it is kept or not."""
        tied = any(purchase.tied for purchase in self.purchases)
        return Run(self.voter_budget, self.spent, len(self.purchases), tied)

    def money_left(self, option: OptionId) -> Fraction:
        """What the supporters of a project still hold."""
        ballots = [
            (group, bloc.weight) for bloc in self.electorate.blocs[option] for group in bloc.groups if self._balances[group]
        ]
        return Fraction(self._money(ballots), self._scale)

    def _contenders(self, offers: list[tuple[int, int]]) -> list[int]:
        """Take from `offers` the projects of which one is the best: those whose bounds overlap. Drop who cannot be paid."""
        found: list[int] = []
        ceiling: int | None = None
        fresh: set[int] = set()
        while offers and (ceiling is None or offers[0][0] <= ceiling):
            _, lot = heapq.heappop(offers)
            if lot in fresh:
                found.append(lot)
                high = self._rho(lot, self._high[lot]) + 1
                ceiling = high if ceiling is None else min(ceiling, high)
            elif self._glance(lot):
                heapq.heappush(offers, (self._rho(lot, self._low[lot]), lot))
            elif self._estimate(lot):
                fresh.add(lot)
                heapq.heappush(offers, (self._rho(lot, self._low[lot]), lot))
        return found

    def _settle(self, contenders: Sequence[int]) -> Iterable[int]:
        """Buy the best of them, if it can be paid. Returns who stays in the contest."""
        prices = {lot: price for lot in contenders if (price := self._exact(lot)) is not None}
        # Who cannot be paid after all may have kept others out of the contest: then it is held again.
        if len(prices) == len(contenders):
            lot, tied = (contenders[0], []) if len(prices) == 1 else self._best(prices)
            self._buy(lot, prices.pop(lot), tied)
        return prices

    def _rho(self, lot: int, payment: int) -> int:
        return payment * _FINE // self.electorate.worth[self.electorate.tie_order[lot]]

    def _glance(self, lot: int) -> bool:
        """Raise the lower bound with less work than an estimate. False when that was done or cannot be."""
        return False

    def _estimate(self, lot: int) -> bool:
        """Bounds of the payment a point, from the balances of now. False when the supporters surely cannot pay.

        Only who holds little needs a closer look: at most `limit` a point.
        """
        voters, slack = self.electorate, self._slack
        option = voters.tie_order[lot]
        everybody = self._held[lot] = [(bloc, bloc.pick(self._balances)) for bloc in voters.blocs[option]]
        money = sum(bloc.weight * sum(held) for bloc, held in everybody)
        if voters.projects[option] * self._units - money > slack * voters.supporters[option]:
            return False
        limit = max(self._low[lot], self._guess.get(lot, 0)) * 17 // 16
        while True:
            near = [(bloc, _at_most(limit * bloc.points + slack, held)) for bloc, held in everybody]
            edge = self._narrow(lot, near)
            if edge <= limit or all(len(some) == len(held) for (_, some), (_, held) in zip(near, everybody, strict=True)):
                return True
            limit = edge * 17 // 16

    def _narrow(self, lot: int, some: Sequence[tuple[Bloc, Sequence[int]]]) -> int:
        """Bounds of the payment a point if every supporter but `some` pays it in full.

        The lower bound is true in any case; the upper one if they all surely hold the number that is returned, a point, or more.
        What they pay together is concave in the payment: from below, each of Newton's steps gets nearer, and none goes too far.
        """
        voters, slack = self.electorate, self._slack
        option = voters.tie_order[lot]
        above = voters.points[option] - sum(bloc.points * bloc.weight * len(held) for bloc, held in some)
        near = [(bloc.points, bloc.weight, list(filter(None, held))) for bloc, held in some]
        short = voters.projects[option] * self._units - _money(near)
        payment, known, rich = self._low[lot], -1, near
        while True:
            # What the poor hold is what all hold less what the rich hold.
            rich = [(points, weight, _at_least(payment * points, held)) for points, weight, held in rich]
            heads = above + _heads(rich)
            if heads in (0, known):
                break
            payment, known = max(payment, (short + _money(rich)) // heads), heads
        if not heads:
            self._high[lot] = NO_BOUND
            return payment
        rounding = voters.points[option] + 2
        edge = payment + 4 * (slack * _ballots(near) + rounding) // heads + 1
        rich = [(points, weight, _at_least(edge * points + slack, held)) for points, weight, held in rich]
        # Up to the edge, only what the others hold is not known for sure: by so much what all pay may be off.
        margin = slack * (_ballots(near) - _ballots(rich)) + rounding
        firm = above + _heads(rich)
        self._low[lot] = max(self._low[lot], payment - margin // heads - 1)
        self._high[lot] = payment + margin // firm + 1 if firm else NO_BOUND
        if self._high[lot] > edge:
            self._high[lot] = NO_BOUND
        return edge

    def _exact(self, lot: int) -> _Price | None:
        """The exact price of a project whose bounds are fresh; None when its supporters cannot pay it."""
        voters = self.electorate
        option = voters.tie_order[lot]
        low, high, slack = self._low[lot], self._high[lot], self._slack
        poor: list[tuple[int, int]] = []
        shaky: list[tuple[int, int, int]] = []
        heads = voters.points[option]
        for bloc, held in self._held[lot]:
            surely, perhaps = low * bloc.points - slack, high * bloc.points + slack
            flags = [balance <= perhaps for balance in held]
            for group, balance in zip(compress(bloc.groups, flags), compress(held, flags), strict=True):
                if balance and balance >= surely:
                    shaky.append((group, bloc.points, bloc.weight))
                    continue
                heads -= bloc.points * bloc.weight
                if balance:
                    poor.append((group, bloc.weight))
        share = voters.projects[option] * self._scale - self._money(poor)
        ran_dry: set[int] = set()
        exact = {group: self._money([(group, 1)]) for group, _, _ in shaky}
        while heads:
            more = [
                (group, points, weight) for group, points, weight in shaky
                if group not in ran_dry and exact[group] * heads < share * points
            ]  # fmt: skip
            if not more:
                return _Price(share, heads, low, tuple(group for group, _, _ in shaky), frozenset(ran_dry))
            for group, points, weight in more:
                share -= exact[group] * weight
                heads -= points * weight
                ran_dry.add(group)
        return None

    def _money(self, groups: Sequence[tuple[int, int]]) -> int:
        """What so many ballots of these groups (group, ballots), none of which ran dry, hold together, exactly, in 1/scale."""
        ballots = self.electorate.ballots
        marks = Counter(chain.from_iterable([ballots[group] for group, weight in groups if weight == 1]))
        for group, weight in groups:
            if weight > 1:
                for mark in ballots[group]:
                    marks[mark] += weight
        given = sum(weight for _, weight in groups) * self._given
        return given - sum(marks[mark] * paid for mark, paid in self._paid.items() if mark in marks)

    def _best(self, prices: Mapping[int, _Price]) -> tuple[int, list[int]]:
        """The lot that goes first, and all lots (its own first) that are equal to it but for the lot, if there are others."""
        voters = self.electorate
        places = []
        for lot, price in prices.items():
            option = voters.tie_order[lot]
            rho = Fraction(price.share, price.rate * self._scale * voters.worth[option])
            places.append(((rho, voters.projects[option], -voters.supporters[option]), lot))
        places.sort()
        tied = [lot for place, lot in places if place == places[0][0]]
        return tied[0], tied if len(tied) > 1 else []

    def _buy(self, lot: int, price: _Price, tied: Sequence[int]) -> None:
        """Take min(money, payment) from every supporter."""
        voters = self.electorate
        option, names = voters.tie_order[lot], tuple(voters.tie_order[other] for other in tied)
        cost, supporters = voters.projects[option], voters.supporters[option]
        payment = Fraction(price.share, price.rate * self._scale)
        largest = self._largest_payment(option, payment, price)
        effective = Fraction(cost * largest.denominator, largest.numerator)
        self.purchases.append(Purchase(option, cost, supporters, payment * Fraction(1, voters.worth[option]), effective, names))
        self.spent += cost
        balances = self._balances
        for bloc, held in self._held[lot]:
            least = max(1, price.low * bloc.points - self._slack)
            amount = payment.numerator * bloc.points * self._units // payment.denominator
            for group, balance in zip(bloc.groups, held, strict=True):
                balances[group] = balance - amount if balance >= least else 0
        for group in price.shaky:
            balances[group] = 0 if group in price.poor else max(1, balances[group])
        self._slack += 1
        self._held.clear()
        finer = payment.denominator // gcd(payment.denominator, self._scale)
        self._scale *= finer
        self._given *= finer
        self._paid = {mark: paid * finer for mark, paid in self._paid.items()}
        for bloc in self.electorate.blocs[option]:
            self._paid[bloc.mark] = payment.numerator * bloc.points * (self._scale // payment.denominator)

    def _largest_payment(self, option: OptionId, payment: Fraction, price: _Price) -> Fraction:
        """The most that one supporter pays: who gives many points may pay most even when that is all they have."""
        blocs = sorted(self.electorate.blocs[option], key=lambda bloc: -bloc.points)
        most = Fraction(0)
        for bloc in blocs:
            least = max(1, price.low * bloc.points - self._slack)
            held = list(zip(bloc.groups, bloc.pick(self._balances), strict=True)) if bloc.points > blocs[-1].points else []
            if not held or any(balance >= least and group not in price.poor for group, balance in held):
                return max(most, payment * bloc.points)
            near = max(1, max(balance for _, balance in held) - 2 * self._slack)
            for group in (group for group, balance in held if balance >= near):
                most = max(most, Fraction(self._money([(group, 1)]), self._scale))
        raise AssertionError("somebody pays")


def _at_most(limit: int, balances: Sequence[int]) -> list[int]:
    return [balance for balance in balances if balance <= limit]


def _at_least(limit: int, balances: Sequence[int]) -> list[int]:
    return [balance for balance in balances if balance >= limit]


def _heads(holdings: Iterable[Holdings]) -> int:
    """Among how many points they share what they pay."""
    return sum(points * weight * len(some) for points, weight, some in holdings)


def _ballots(holdings: Iterable[Holdings]) -> int:
    return sum(weight * len(some) for _, weight, some in holdings)


def _money(holdings: Iterable[Holdings]) -> int:
    return sum(weight * sum(some) for _, weight, some in holdings)
