"""One run of Equal Shares: who buys what at which price, exactly and fast (the rule: docs/reference/results.md, pb-mes-v1).

Money is kept twice. `_balances` are whole units that may be off by `_slack`; they decide whatever is clear from them. What is
not clear, and every price that is paid, is worked out exactly: a voter who never ran dry has paid all prices in full, so what
any set of voters still holds follows from their ballots. Only whole numbers, and nothing is rounded that decides.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, compress
from math import gcd
from operator import itemgetter
from typing import Any

from counting.outcome import Purchase
from counting.profile import OptionId, ScoredProfile

_FINE = 2**40  # Bounds of rho are whole numbers of 1/(units × _FINE).


@dataclass(frozen=True)
class Bloc:
    """Groups of `weight` equal ballots each that support one project with `points`. `pick` takes their entries from a list."""

    mark: Any
    points: int
    weight: int
    groups: tuple[int, ...]
    pick: Callable[[Sequence[int]], tuple[int, ...]]


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


def option_of(mark: Any) -> OptionId:
    """The project of one mark on a ballot: an id where ballots approve, (id, points) where they give points."""
    option: OptionId = mark if isinstance(mark, str) else mark[0]
    return option


class Electorate:
    """The ballots laid out for many runs. `supporters`: ballots that support each project; `scores`: votes or points.

    `points`: what is shared among them to get the payment a point; an approval is one point. `utility`: `cost`,
    `cardinality` (approvals) or `points`. Raises ProfileError when a ballot names a stranger.
    """

    def __init__(
        self, profile: ScoredProfile, projects: Mapping[OptionId, int], tie_order: Sequence[OptionId], *, utility: str
    ) -> None:
        self.projects, self.tie_order = projects, tuple(tie_order)
        self.scores = profile.scores(projects)
        self.ballots: list[tuple[Any, ...]] = list(profile.groups)
        self.weights = list(profile.groups.values())
        self.is_weighted = any(weight > 1 for weight in self.weights)
        self.total = sum(self.weights)
        self.worth = {option: cost if utility == "cost" else 1 for option, cost in projects.items()}
        found: dict[OptionId, dict[tuple[Any, int], list[int]]] = {option: {} for option in projects}
        for group, (ballot, weight) in enumerate(profile.groups.items()):
            for mark in ballot:
                found[option_of(mark)].setdefault((mark, weight), []).append(group)
        self.blocs = {
            option: tuple(
                Bloc(mark, 1 if isinstance(mark, str) else mark[1], weight, tuple(groups), _picker(groups))
                for (mark, weight), groups in marks.items()
            )
            for option, marks in found.items()
        }
        self.supporters = {
            option: sum(bloc.weight * len(bloc.groups) for bloc in blocs) for option, blocs in self.blocs.items()
        }
        self.points = {
            option: sum(bloc.points * bloc.weight * len(bloc.groups) for bloc in blocs) for option, blocs in self.blocs.items()
        }

    def run(self, voter_budget: Fraction) -> "EqualSharesRun":
        """Give every ballot `voter_budget` and buy until no project can be paid."""
        run = EqualSharesRun(self, voter_budget)
        run.buy_all()
        return run


class EqualSharesRun:
    """One run: `purchases` in order, `spent`, and what is left (`money_left`)."""

    def __init__(self, electorate: Electorate, voter_budget: Fraction) -> None:
        self.electorate, self.voter_budget = electorate, voter_budget
        self.purchases: list[Purchase] = []
        self.spent = 0
        # Exact: what a voter got, and what each mark on a ballot has cost its voters, in 1/scale.
        self._scale, self._given = voter_budget.denominator, voter_budget.numerator
        self._paid: dict[Any, int] = {}
        # Fast: 0 for whoever ran dry, at least 1 for the others, |balance − truth| ≤ slack.
        # Units are so small that nothing is doubted for long, and so large that all money together is a machine's number.
        self._units = 2 ** max(16, 62 - (electorate.total * self._given // self._scale).bit_length())
        self._balances = [max(1, self._given * self._units // self._scale) if self._given else 0] * len(electorate.weights)
        self._slack = 1
        # By lot: bounds of the payment a point; they only ever rise, for money only gets less.
        self._low: dict[int, int] = {}
        self._high: dict[int, int] = {}
        self._held: dict[int, list[Sequence[int]]] = {}  # The balances of their supporters when they were estimated.

    def buy_all(self) -> None:
        """Fund the smallest rho (tie: lower cost, more supporters, best lot) as long as one can be paid."""
        voters = self.electorate
        offers: list[tuple[int, int]] = []
        for lot, option in enumerate(voters.tie_order):
            if voters.supporters[option] * self._given >= voters.projects[option] * self._scale:
                self._low[lot] = voters.projects[option] * self._units // voters.points[option]
                offers.append((self._rho(lot, self._low[lot]), lot))
        heapq.heapify(offers)
        while contenders := self._contenders(offers):
            prices = {lot: price for lot in contenders if (price := self._exact(lot)) is not None}
            # Who cannot be paid after all may have kept others out of the contest: then it is held again.
            if len(prices) == len(contenders):
                lot, tied = (contenders[0], []) if len(prices) == 1 else self._best(prices)
                self._buy(lot, prices.pop(lot), tied)
            for lot in prices:
                heapq.heappush(offers, (self._rho(lot, self._low[lot]), lot))

    def money_left(self, option: OptionId) -> Fraction:
        """What the supporters of a project still hold."""
        groups = [group for bloc in self.electorate.blocs[option] for group in bloc.groups if self._balances[group]]
        return Fraction(self._money(groups), self._scale)

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
            elif self._estimate(lot):
                fresh.add(lot)
                heapq.heappush(offers, (self._rho(lot, self._low[lot]), lot))
        return found

    def _rho(self, lot: int, payment: int) -> int:
        return payment * _FINE // self.electorate.worth[self.electorate.tie_order[lot]]

    def _estimate(self, lot: int) -> bool:
        """Set bounds of what the supporters pay a point. False when they surely cannot pay.

        Two sums of min(balance, payment) differ by at most slack × voters, and each rises by at least 1 with the payment up to
        where it reaches the cost; so the payments differ by no more than that, and what rounding adds.
        """
        voters = self.electorate
        option = voters.tie_order[lot]
        blocs = voters.blocs[option]
        self._held[lot] = [bloc.pick(self._balances) for bloc in blocs]
        held: list[Sequence[int]] = self._held[lot]
        margin = self._slack * voters.supporters[option] + voters.points[option] + 2
        money = sum(bloc.weight * sum(rich) for bloc, rich in zip(blocs, held, strict=True))
        short = voters.projects[option] * self._units - money
        if short > margin:
            return False
        payment, known = self._low[lot], -1
        while True:
            # What the poor hold is what all hold less what the rich hold.
            limits = [payment * bloc.points for bloc in blocs]
            held = [[balance for balance in rich if balance >= limit] for rich, limit in zip(held, limits, strict=True)]
            heads = sum(bloc.points * bloc.weight * len(rich) for bloc, rich in zip(blocs, held, strict=True))
            if heads in (0, known):
                break
            rich_money = sum(bloc.weight * sum(rich) for bloc, rich in zip(blocs, held, strict=True))
            payment, known = max(payment, (short + rich_money) // heads), heads
        self._low[lot] = max(self._low[lot], payment - margin) if heads else self._low[lot]
        self._high[lot] = payment + margin if heads else max(self._balances) + margin
        return True

    def _exact(self, lot: int) -> _Price | None:
        """The exact price of a project whose bounds are fresh; None when its supporters cannot pay it."""
        voters = self.electorate
        option = voters.tie_order[lot]
        low, high, slack = self._low[lot], self._high[lot], self._slack
        poor: list[int] = []
        shaky: list[tuple[int, int]] = []
        heads = voters.points[option]
        for bloc, held in zip(voters.blocs[option], self._held[lot], strict=True):
            surely, perhaps = low * bloc.points - slack, high * bloc.points + slack
            flags = [balance <= perhaps for balance in held]
            for group, balance in zip(compress(bloc.groups, flags), compress(held, flags), strict=True):
                if balance and balance >= surely:
                    shaky.append((group, bloc.points))
                    continue
                heads -= bloc.points * bloc.weight
                if balance:
                    poor.append(group)
        share = voters.projects[option] * self._scale - self._money(poor)
        ran_dry: set[int] = set()
        exact = {group: self._money([group]) for group, _ in shaky}
        while heads:
            more = [
                (group, points) for group, points in shaky
                if group not in ran_dry and exact[group] * heads < share * points * voters.weights[group]
            ]  # fmt: skip
            if not more:
                return _Price(share, heads, low, tuple(group for group, _ in shaky), frozenset(ran_dry))
            for group, points in more:
                share -= exact[group]
                heads -= points * voters.weights[group]
                ran_dry.add(group)
        return None

    def _money(self, groups: Iterable[int]) -> int:
        """What these groups, none of which ran dry, hold together, exactly, in 1/scale."""
        voters = self.electorate
        groups = list(groups)
        marks = Counter(chain.from_iterable(map(voters.ballots.__getitem__, groups)))
        ballots = len(groups)
        if voters.is_weighted:
            for group in groups:
                if more := voters.weights[group] - 1:
                    ballots += more
                    for mark in voters.ballots[group]:
                        marks[mark] += more
        return ballots * self._given - sum(marks[mark] * paid for mark, paid in self._paid.items() if mark in marks)

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
        for bloc, held in zip(voters.blocs[option], self._held[lot], strict=True):
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
        for bloc in voters.blocs[option]:
            self._paid[bloc.mark] = payment.numerator * bloc.points * (self._scale // payment.denominator)

    def _largest_payment(self, option: OptionId, payment: Fraction, price: _Price) -> Fraction:
        """The most that one supporter pays: who gives many points may pay most even when that is all they have."""
        voters = self.electorate
        blocs = sorted(voters.blocs[option], key=lambda bloc: -bloc.points)
        most = Fraction(0)
        for bloc in blocs:
            least = max(1, price.low * bloc.points - self._slack)
            held = list(zip(bloc.groups, bloc.pick(self._balances), strict=True)) if bloc.points > blocs[-1].points else []
            if not held or any(balance >= least and group not in price.poor for group, balance in held):
                return max(most, payment * bloc.points)
            near = max(1, max(balance for _, balance in held) - 2 * self._slack)
            for group in (group for group, balance in held if balance >= near):
                most = max(most, Fraction(self._money([group]), voters.weights[group] * self._scale))
        raise AssertionError("somebody pays")


def _picker(places: Sequence[int]) -> Callable[[Sequence[int]], tuple[int, ...]]:
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    return itemgetter(*places)
