"""pb-mes-v1: the Method of Equal Shares for approval ballots, exact, with its completions.

Every ballot gets an equal share of the budget; a project is bought when its supporters can pay for it
together, the best value for their money first. Rule: Peters, Pierczyński, Skowron, "Proportional
Participatory Budgeting with Additive Utilities" (NeurIPS 2021); equalshares.net; exact text counting.md §1.9
and docs/reference/vote-log.md.

Balances are whole numbers over one common denominator (`scale`), so that the inner loops add and compare
integers; a Fraction appears once for each price. Nothing is rounded.
"""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from counting.options import RuleOptions, require_choice, require_keys, require_whole_number
from counting.outcome import Outcome, Purchase, Run, WalkStep, Why
from counting.pb_greedy import explain_walk, require_contest, walk
from counting.profile import ApprovalProfile, OptionId, Profile

ID = "pb-mes-v1"
DEFAULTS: RuleOptions = {
    "utility": "cost", "completion": ["add1"], "integral": True, "step": 1, "stop_when_exhaustive": True,
}  # fmt: skip
COMPLETIONS: tuple[list[str], ...] = ([], ["add1"], ["utilitarian"], ["add1", "utilitarian"])

MAX_RUNS = 100_000


class TooManyRuns(RuntimeError):
    """`add1` needs more than MAX_RUNS runs: its `step` is tiny beside what a voter holds. A greater step is
    the cure."""


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    utility: `cost` (an approved project is worth its cost to a voter) or `cardinality` (each is worth 1).
    completion: what spends the money that the plain method leaves, in order (see COMPLETIONS).
    integral, step, stop_when_exhaustive: how `add1` starts, goes on, and ends.
    """
    require_keys(options, DEFAULTS)
    require_choice(options, "utility", ("cost", "cardinality"))
    require_choice(options, "completion", COMPLETIONS)
    require_choice(options, "integral", (True, False))
    require_whole_number(options, "step", at_least=1)
    require_choice(options, "stop_when_exhaustive", (True, False))


def least_step(costs: Collection[int], *, budget: int, options: RuleOptions) -> int:
    """The smallest `step` with which `add1` ends within MAX_RUNS runs, whatever the ballots will be.

    While it goes on there is an unfunded project whose supporters each hold less than its cost, and nobody has paid
    more than the budget: the share of a voter is below budget + cost, and below the sum of all costs. Where it stops
    when exhausted, the project also fits into what is left, and the share is below the budget.
    """
    if "add1" not in options["completion"] or not costs:
        return 1
    most = min(sum(costs), budget if options["stop_when_exhaustive"] else budget + max(costs))
    return max(1, -(-most // (MAX_RUNS - 1)))


def count_pb_mes(
    profile: Profile,
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    options: RuleOptions,
) -> Outcome:
    """Give every ballot (blank ones too) an equal share; fund what its supporters can pay, the lowest price a
    vote first.

    `projects`: cost > 0 by id, in ballot order, in the currency's smallest unit, as `budget` ≥ 0.
    `tie_order`: a permutation of the projects, best lot first, the same in every run. Approval ballots only
    (else ValueError). Raises OptionsError, ValueError, ProfileError, TooManyRuns.

    Ten ballots and 100 to spend give each voter 10. Hall and hut offer six voters the same value for money;
    the hut is cheaper and goes first. Greedy by votes would buy both and leave the four other voters with
    nothing.

    >>> profile = ApprovalProfile.of([["hall", "hut"]] * 6 + [["trees", "lamps"]] * 4)
    >>> outcome = count_pb_mes(profile, {"hall": 60, "hut": 40, "trees": 24, "lamps": 20}, budget=100,
    ...     tie_order=["hall", "hut", "trees", "lamps"], options={**DEFAULTS, "completion": []})
    >>> outcome.winners, outcome.spent
    (('hut', 'lamps'), 60)
    >>> [(r.option, str(r.rho), str(r.effective_votes)) for r in outcome.rounds]
    [('hut', '1/6', '6'), ('lamps', '1/4', '4')]
    >>> {name: str(number) for name, number in outcome.why["trees"].numbers.items()}
    {'supporters': '4', 'cost': '24', 'supporters_money': '20', 'shortfall': '4'}

    `Outcome.why`: `funded` with `round` (from 1), `supporters`, `cost`, `rho`, `effective_votes`,
    `largest_payment` (the most that one supporter paid); `funded_by_completion` with the greedy numbers;
    `supporters_money_short` or `no_support` with `supporters`, `cost`, `supporters_money` (what they could
    still pay at the end of the kept run) and `shortfall`, and after a utilitarian completion also `left` and
    `missing_money` when its turn came there.
    """
    check_options(options)
    require_contest(projects, budget=budget, tie_order=tie_order)
    if not isinstance(profile, ApprovalProfile):
        raise ValueError("pb-mes-v1 counts approval ballots only")
    completion: list[str] = options["completion"]
    electorate = _Electorate(profile, projects, tie_order, by_cost=options["utility"] == "cost")
    if profile.total:
        kept, runs = _run_to_the_end(electorate, profile.total, budget=budget, options=options)
    else:
        kept, runs = _RunRecord(Fraction(0), (), [0] * len(electorate.weights), 1), ()
    steps: list[WalkStep] = []
    if profile.total and "utilitarian" in completion:
        bought = {purchase.option for purchase in kept.purchases}
        unfunded = {option: cost for option, cost in projects.items() if option not in bought}
        steps = walk(
            electorate.scores,
            unfunded,
            budget=budget - kept.spent,
            tie_order=tie_order,
            completion="utilitarian",
        )
    completed = tuple(step.option for step in steps if step.decision == "funded")
    winners = tuple(purchase.option for purchase in kept.purchases) + completed
    why = _explain(electorate, kept, steps, budget=budget)
    return Outcome(
        rule=ID, options=options, budget=budget, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=winners, spent=sum(projects[option] for option in winners), rounds=(*kept.purchases, *steps),
        why=why, voter_budget=kept.voter_budget, runs=runs,
    )  # fmt: skip


@dataclass(frozen=True)
class _RunRecord:
    """One run: what it bought, and what each group's voters still hold (`balances`, in units of
    1/`scale`)."""

    voter_budget: Fraction
    purchases: tuple[Purchase, ...]
    balances: list[int]
    scale: int

    @property
    def spent(self) -> int:
        return sum(purchase.cost for purchase in self.purchases)


def _run_to_the_end(
    electorate: "_Electorate", ballots: int, *, budget: int, options: RuleOptions
) -> tuple[_RunRecord, tuple[Run, ...]]:
    """The kept run, and every run made in order. With `add1` each next run gives every voter `step` more."""
    add1 = "add1" in options["completion"]
    voter_budget = Fraction(budget // ballots) if add1 and options["integral"] else Fraction(budget, ballots)
    kept = electorate.run(voter_budget)
    runs = [Run(voter_budget, kept.spent, len(kept.purchases))]
    while add1:
        bought = {purchase.option for purchase in kept.purchases}
        supported = [option for option, score in electorate.scores.items() if score]
        wanted = [electorate.projects[option] for option in supported if option not in bought]
        if not wanted or (options["stop_when_exhaustive"] and min(wanted) > budget - kept.spent):
            break
        if len(runs) == MAX_RUNS:
            raise TooManyRuns(f"add1 did not end within {MAX_RUNS} runs; choose a step greater than {options['step']}")
        voter_budget += options["step"]
        next_run = electorate.run(voter_budget)
        runs.append(Run(voter_budget, next_run.spent, len(next_run.purchases)))
        if next_run.spent > budget:
            break
        kept = next_run
    return kept, tuple(runs)


_Offer = tuple[Fraction, int, int, int]  # rho, cost, −supporters, lot: the order in which projects are bought


class _Electorate:
    """The ballots laid out for many runs: groups of equal ballots as indices, supporters of each project as
    lists of them."""

    def __init__(
        self,
        profile: ApprovalProfile,
        projects: Mapping[OptionId, int],
        tie_order: Sequence[OptionId],
        *,
        by_cost: bool,
    ) -> None:
        self.projects = projects
        self.tie_order = tie_order
        self.scores = profile.scores(projects)
        self.weights = list(profile.groups.values())
        self.supporters: dict[OptionId, list[int]] = {option: [] for option in projects}
        for group, ballot in enumerate(profile.groups):
            for option in ballot:
                self.supporters[option].append(group)
        self.utility = {option: cost if by_cost else 1 for option, cost in projects.items()}
        # Nobody pays less than an equal split among all supporters: the lower bounds that every run starts from.
        self.first_offers = [
            self._offer(option, projects[option], self.scores[option], lot)
            for lot, option in enumerate(tie_order)
            if self.scores[option]
        ]
        heapq.heapify(self.first_offers)

    def run(self, voter_budget: Fraction) -> _RunRecord:
        """Buy until no project is affordable.

        Money only goes down, so the price of a project only goes up: a price computed in an earlier round is
        a lower bound, and a project that became unaffordable stays so. Only projects whose bound comes first
        are priced again.
        """
        scale = voter_budget.denominator
        balances = [voter_budget.numerator] * len(self.weights)
        purchases: list[Purchase] = []
        offers = list(self.first_offers)
        priced: dict[int, int] = {}  # lot: the round (= number of purchases) in which its offer was exact
        while offers:
            best = heapq.heappop(offers)
            if not self._is_exact(best, offers, priced, len(purchases), balances, scale):
                continue
            tied = [best]
            while offers and offers[0][:3] == best[:3]:
                other = heapq.heappop(offers)
                if self._is_exact(other, offers, priced, len(purchases), balances, scale):
                    tied.append(other)
            for other in tied[1:]:
                heapq.heappush(offers, other)
            rho, cost, _, lot = best
            option = self.tie_order[lot]
            payment = rho * self.utility[option]
            names = tuple(self.tie_order[offer[3]] for offer in tied) if len(tied) > 1 else ()
            purchases.append(Purchase(option, cost, self.scores[option], rho, cost / payment, names))
            scale = self._pay(option, payment, balances, scale)
        return _RunRecord(voter_budget, tuple(purchases), balances, scale)

    def money_left(self, record: _RunRecord, option: OptionId) -> Fraction:
        """What the supporters of a project still hold after a run."""
        return Fraction(
            sum(self.weights[group] * record.balances[group] for group in self.supporters[option]),
            record.scale,
        )

    def _offer(self, option: OptionId, share: int, heads: int, lot: int, scale: int = 1) -> _Offer:
        """The place of a project in the queue when each of `heads` voters pays share/heads (in units of
        1/scale)."""
        rho = Fraction(share, heads * scale * self.utility[option])
        return rho, self.projects[option], -self.scores[option], lot

    def _is_exact(
        self,
        offer: _Offer,
        offers: list[_Offer],
        priced: dict[int, int],
        now: int,
        balances: list[int],
        scale: int,
    ) -> bool:
        """Was this offer priced with today's balances? If not, price it and queue it again, or drop it for
        good."""
        lot = offer[3]
        if priced.get(lot) == now:
            return True
        option = self.tie_order[lot]
        price = self._price(option, balances, scale)
        if price is not None:
            heapq.heappush(offers, self._offer(option, *price, lot, scale))
            priced[lot] = now
        return False

    def _price(self, option: OptionId, balances: list[int], scale: int) -> tuple[int, int] | None:
        """(share, heads): who can pays share/heads, the others all they have, and together they pay the cost.

        None when the supporters cannot pay it. Where they can only just pay it, the payment is that of the
        richest.
        """
        weights, payers = self.weights, self.supporters[option]
        share, heads = self.projects[option] * scale, self.scores[option]
        while True:
            enough = -(-share // heads)
            poor = [group for group in payers if balances[group] < enough]
            if not poor:
                return share, heads
            for group in poor:
                share -= weights[group] * balances[group]
                heads -= weights[group]
            if not heads:
                return None
            payers = [group for group in payers if balances[group] >= enough]

    def _pay(self, option: OptionId, payment: Fraction, balances: list[int], scale: int) -> int:
        """Take min(balance, payment) from every supporter. Returns the new scale, refined so that payments
        are whole."""
        finer = payment.denominator // gcd(payment.denominator, scale)
        if finer > 1:
            balances[:] = [balance * finer for balance in balances]
            scale *= finer
        amount = payment.numerator * (scale // payment.denominator)
        for group in self.supporters[option]:
            balance = balances[group]
            balances[group] = balance - amount if balance > amount else 0
        return scale


def _explain(electorate: _Electorate, kept: _RunRecord, steps: Sequence[WalkStep], *, budget: int) -> dict[OptionId, Why]:
    walked = explain_walk(steps, budget=budget - kept.spent, tie_order=electorate.tie_order)
    bought = {purchase.option: (place, purchase) for place, purchase in enumerate(kept.purchases, start=1)}
    why = {}
    for option, cost in electorate.projects.items():
        supporters = electorate.scores[option]
        numbers: dict[str, int | Fraction | str | None] = {"supporters": supporters, "cost": cost}
        if option in bought:
            place, purchase = bought[option]
            numbers |= {
                "round": place, "rho": purchase.rho, "effective_votes": purchase.effective_votes,
                "largest_payment": cost / purchase.effective_votes,
            }  # fmt: skip
            why[option] = Why(option, True, "funded", numbers)
        elif option in walked and walked[option].won:
            why[option] = Why(option, True, "funded_by_completion", walked[option].numbers)
        else:
            money = electorate.money_left(kept, option)
            numbers |= {"supporters_money": money, "shortfall": cost - money}
            if option in walked:
                numbers |= {name: walked[option].numbers[name] for name in ("left", "missing_money")}
            why[option] = Why(option, False, "supporters_money_short" if supporters else "no_support", numbers)
    return why
