"""equal-shares-v1: the Method of Equal Shares for committees ("Rule X"), with its completions.

Every ballot holds an equal share of the seats; an option is elected when those who approve of it can pay 1 for it together,
the one that takes least of any of them first. What cannot be bought so is left to a completion, or stays empty. Sources:
Peters and Skowron, "Proportionality and the Limits of Welfarism" (EC 2020), arXiv 1911.11747; Lackner and Skowron 2023,
doi 10.1007/978-3-031-09016-5; exact text docs/reference/results.md.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import Any

from counting import committee
from counting.committee import Electorate, elected_in
from counting.election import check_common
from counting.options import RuleOptions, require_choice, require_keys
from counting.outcome import Outcome, Round, Why
from counting.profile import ApprovalProfile, OptionId
from counting.seqphragmen import fill_seats

ID = "equal-shares-v1"
COMPLETIONS = ("seqphragmen", "add1", "none")
DEFAULTS: RuleOptions = {**committee.DEFAULTS, "completion": "seqphragmen"}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    completion: what fills the seats that nobody can pay: `seqphragmen` (Phragmén's rule, starting from what was spent),
    `add1` (greater shares until the seats are filled), `none` (they stay empty).
    """
    require_keys(options, DEFAULTS)
    check_common(options)
    require_choice(options, "completion", COMPLETIONS)


@dataclass(frozen=True)
class _Run:
    """One run with the money of `seats` + `raises` seats, and what a ballot of each group has left, in units of 1/`scale`.

    `lots_before`: whether a lot decided in another run made, which might have been the last with another lot.
    """

    raises: int
    voter_budget: Fraction
    rounds: list[Round]
    money: list[int]
    scale: int
    lots_before: bool = False

    @property
    def lots_used(self) -> bool:
        return self.lots_before or any(round_.lots_used for round_ in self.rounds)


def count(
    profile: ApprovalProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Elect up to `seats`. `candidates` in ballot order; `tie_order` holds each once, best lot first.

    Equal: more approvals, then the best lot. Raises OptionsError, ValueError, ProfileError.

    Six and four share three seats, 3/10 each. The six pay 1/6 each, twice 1/6 they do not have; the four pay 1/4:

    >>> profile = ApprovalProfile.of([["hill", "peak", "ridge"]] * 6 + [["sea"]] * 4)
    >>> names = ["hill", "peak", "ridge", "sea"]
    >>> outcome = count(profile, names, tie_order=names, options={**DEFAULTS, "seats": 3, "completion": "none"})
    >>> outcome.winners, {name: str(number) for name, number in outcome.why["peak"].numbers.items()}
    (('hill', 'sea'), {'supporters': '6', 'cost': '1', 'supporters_money': '4/5', 'shortfall': '1/5'})
    >>> more = count(profile, names, tie_order=names, options={**DEFAULTS, "seats": 3, "completion": "add1"})
    >>> more.winners, more.extra
    (('hill', 'peak', 'sea'), {'voter_budget': '2/5', 'raises': 1})

    `Outcome.why`: winners as committee.explain; losers `supporters_money_short` or `no_support` with `supporters`, `cost`,
    `supporters_money` (what they hold at the end of the kept run, before a seqphragmen completion) and `shortfall`.
    """
    check_options(options)
    electorate = Electorate.of(profile, candidates, tie_order)
    if profile.valid:
        run = _add1(electorate, options["seats"]) if options["completion"] == "add1" else _run(electorate, options["seats"])
    else:
        run = _Run(0, Fraction(0), [], [], 1)
    rounds = list(run.rounds)
    if profile.valid and options["completion"] == "seqphragmen":
        elected = set(elected_in(rounds))
        spent = [run.voter_budget.numerator * (run.scale // run.voter_budget.denominator) - left for left in run.money]
        rounds += fill_seats(
            electorate, [option for option in candidates if option not in elected], loads=spent, scale=run.scale,
            seats=options["seats"] - len(rounds), completion="seqphragmen",
        )  # fmt: skip
    extra: dict[str, Any] = {"voter_budget": str(run.voter_budget)}
    if options["completion"] == "add1":
        extra["raises"] = run.raises
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=elected_in(rounds), rounds=tuple(rounds), why=_explain(electorate, run, rounds), extra=extra,
        lot_elsewhere=run.lots_used,
    )  # fmt: skip


def _add1(electorate: Electorate, seats: int) -> _Run:
    """The run that is kept. Runs before the first made here elect too few to end anything and are left out: fewer than the
    wanted number of options have supporters who hold 1 together."""
    approvals = sorted(filter(None, electorate.approvals.values()), reverse=True)
    wanted = min(seats, len(approvals))
    first = -(-sum(electorate.weights) // approvals[wanted - 1]) - seats
    kept = _run(electorate, seats, raises=max(0, first - 1))
    while len(kept.rounds) < wanted:
        run = _run(electorate, seats, raises=kept.raises + 1)
        if len(run.rounds) > seats:
            return replace(kept, lots_before=kept.lots_used or run.lots_used)
        kept = replace(run, lots_before=kept.lots_used)
    return kept


def _run(electorate: Electorate, seats: int, *, raises: int = 0) -> _Run:
    """Elect until nobody can be paid."""
    voter_budget = Fraction(seats + raises, sum(electorate.weights))
    money, scale = [voter_budget.numerator] * len(electorate.weights), voter_budget.denominator
    payable = list(electorate.approvals)
    rounds: list[Round] = []
    while True:
        # Money only goes down: an option that cannot be paid now is out for this run.
        prices = {option: rho for option in payable if (rho := _price(electorate, option, money, scale)) is not None}
        if not prices:
            return _Run(raises, voter_budget, rounds, money, scale)
        best = min(prices.values())
        rounds.append(electorate.elect(prices, [option for option, rho in prices.items() if rho == best]))
        (chosen,) = rounds[-1].elected
        payable = [option for option in prices if option != chosen]
        finer = best.denominator // gcd(best.denominator, scale)
        scale *= finer
        money = [left * finer for left in money]
        payment = best.numerator * (scale // best.denominator)
        for group in electorate.supporters[chosen]:
            money[group] = max(0, money[group] - payment)


def _price(electorate: Electorate, option: OptionId, money: Sequence[int], scale: int) -> Fraction | None:
    """The smallest rho with which min(money, rho) of its supporters adds up to 1; None when they hold less."""
    purses: Counter[int] = Counter()
    for group in electorate.supporters[option]:
        purses[money[group]] += electorate.weights[group]
    rest, heads = scale, electorate.approvals[option]
    for held in sorted(purses):
        if held * heads >= rest:
            return Fraction(rest, heads * scale)
        rest -= held * purses[held]
        heads -= purses[held]
    return None


def _explain(electorate: Electorate, run: _Run, rounds: Sequence[Round]) -> dict[OptionId, Why]:
    why = committee.explain(rounds, electorate)
    for option, supporters in electorate.approvals.items():
        if why[option].won or not run.money:
            continue
        held = sum(electorate.weights[group] * run.money[group] for group in electorate.supporters[option])
        money = Fraction(held, run.scale)
        code = "supporters_money_short" if supporters else "no_support"
        why[option] = Why(
            option, False, code, {"supporters": supporters, "cost": 1, "supporters_money": money, "shortfall": 1 - money}
        )
    return why
