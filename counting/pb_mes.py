"""pb-mes-v1: the Method of Equal Shares, exact, with its completions.

Every ballot gets an equal share of the budget; a project is bought when its supporters can pay for it together, the best value
for their money first. Rule: Peters, Pierczyński, Skowron, "Proportional Participatory Budgeting with Additive Utilities"
(NeurIPS 2021); completions: equalshares.net; exact text: docs/reference/results.md. One run is in pb_mes_run.py.
"""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from counting.options import RuleOptions, require_choice, require_keys, require_whole_number
from counting.outcome import Outcome, Run, WalkStep, Why
from counting.pb_greedy import explain_walk, require_contest, walk
from counting.pb_mes_layout import option_of
from counting.pb_mes_run import Electorate, EqualSharesRun
from counting.pb_mes_trial import Trials
from counting.profile import ApprovalProfile, OptionId, PointsProfile, ProfileError, ScoredProfile

ID = "pb-mes-v1"
DEFAULTS: RuleOptions = {
    "utility": "cost", "completion": ["add1"], "integral": True, "step": 1, "stop_when_exhaustive": True,
}  # fmt: skip
COMPLETIONS: tuple[list[str], ...] = tuple(
    [name for name, chosen in zip(("add1", "utilitarian", "comparison"), choice, strict=True) if chosen]
    for choice in product((False, True), repeat=3)
)
"""Any of the three, in this order."""

MAX_RUNS = 100_000


class TooManyRuns(RuntimeError):
    """`add1` needs more than MAX_RUNS runs: its `step` is tiny beside what a voter holds. A greater step is
    the cure."""


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    utility: `cost` (an approved project is worth its cost to a voter), `cardinality` (each is worth 1) or `points` (what the
    ballot gives it; needs ballots with points, the other two approvals).
    completion: what spends the money that the plain method leaves, in order (see COMPLETIONS).
    integral, step, stop_when_exhaustive: how `add1` starts, goes on, and ends.
    """
    require_keys(options, DEFAULTS)
    require_choice(options, "utility", ("cost", "cardinality", "points"))
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
    profile: ScoredProfile,
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    options: RuleOptions,
) -> Outcome:
    """Give every ballot (blank ones too) an equal share; fund what its supporters can pay, the lowest price a
    vote first.

    `projects`: cost > 0 by id, in ballot order, in the currency's smallest unit, as `budget` ≥ 0. `tie_order`: a permutation of
    the projects, best lot first, the same in every run. Raises OptionsError, ValueError, ProfileError (also for points where
    `utility` needs approvals, and the other way round), TooManyRuns.

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

    `Outcome.why`: `funded` with `round` (from 1), `supporters`, `cost`, `rho`, `effective_votes`, `largest_payment` (the most
    that one supporter paid); `funded_by_completion` with the greedy numbers; `supporters_money_short` or `no_support` with
    `supporters`, `cost`, `supporters_money` (what they could still pay at the end of the kept run) and `shortfall`, and after a
    utilitarian completion also `left` and `missing_money` when its turn came there; where the comparison chose the greedy
    winners, `comparison_lost` and `funded_by_comparison` for those whom that took out and let in.
    """
    check_options(options)
    require_contest(projects, budget=budget, tie_order=tie_order)
    needed = PointsProfile if options["utility"] == "points" else ApprovalProfile
    if profile.valid and not isinstance(profile, needed):  # Where all are blank they are of either kind.
        raise ProfileError(f"utility {options['utility']!r} needs a {needed.__name__}, not a {type(profile).__name__}")
    completion: list[str] = options["completion"]
    electorate = Electorate(profile, projects, tie_order, utility=options["utility"])
    steps: list[WalkStep] = []
    greedy: list[WalkStep] = []
    if profile.total:
        kept, runs = _run_to_the_end(electorate, budget=budget, options=options)
        scores = electorate.points
        if "utilitarian" in completion:
            bought = {purchase.option for purchase in kept.purchases}
            unfunded = {option: cost for option, cost in projects.items() if option not in bought}
            left = budget - kept.spent
            steps = walk(scores, unfunded, budget=left, tie_order=tie_order, completion="utilitarian")
        if "comparison" in completion:
            greedy = walk(scores, projects, budget=budget, tie_order=tie_order, completion="comparison")
    else:
        kept, runs = electorate.run(Fraction(0)), ()
    winners = tuple(purchase.option for purchase in kept.purchases) + _funded(steps)
    why = _explain(electorate, kept, steps, budget=budget)
    extra: dict[str, Any] = {}
    if "comparison" in completion:
        extra["comparison"] = _compare(electorate, winners, _funded(greedy))
        if extra["comparison"]["chosen"] == "greedy":
            why |= _explain_comparison(electorate, winners, _funded(greedy), extra["comparison"])
            winners = _funded(greedy)
    return Outcome(
        rule=ID, options=options, budget=budget, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=winners, spent=sum(projects[option] for option in winners), rounds=(*kept.purchases, *steps, *greedy),
        why=why, voter_budget=kept.voter_budget, runs=runs, extra=extra,
    )  # fmt: skip


def _run_to_the_end(electorate: Electorate, *, budget: int, options: RuleOptions) -> tuple[EqualSharesRun, tuple[Run, ...]]:
    """The kept run, and every run made in order. With `add1` each next run gives every voter `step` more."""
    add1, ballots, projects = "add1" in options["completion"], electorate.total, electorate.projects
    voter_budget = Fraction(budget // ballots) if add1 and options["integral"] else Fraction(budget, ballots)
    first = electorate.run(voter_budget)
    bought: Collection[OptionId] = [purchase.option for purchase in first.purchases]
    kept, trials = first.summary(), Trials(electorate, voter_budget)
    runs = [kept]
    while add1:
        missing = set(projects).difference(bought)
        wanted = [projects[option] for option in missing if electorate.supporters[option]]
        if not wanted or (options["stop_when_exhaustive"] and min(wanted) > budget - kept.spent):
            break
        if len(runs) == MAX_RUNS:
            raise TooManyRuns(f"add1 did not end within {MAX_RUNS} runs; choose a step greater than {options['step']}")
        voter_budget += options["step"]
        run, bought = trials.run(voter_budget)
        runs.append(run)
        if run.spent > budget:
            break
        kept = run
    return first if kept is runs[0] else electorate.run(kept.voter_budget), tuple(runs)


def _funded(steps: Sequence[WalkStep]) -> tuple[OptionId, ...]:
    return tuple(step.option for step in steps if step.decision == "funded")


def _compare(electorate: Electorate, mes: Collection[OptionId], greedy: Collection[OptionId]) -> dict[str, Any]:
    """How many ballots support more of `mes` than of `greedy`, how many fewer, and whom that chooses. Equal: `mes`."""
    only_mes, only_greedy = set(mes) - set(greedy), set(greedy) - set(mes)
    more, fewer = 0, 0
    for ballot, weight in electorate.groups.items():
        supported = [option_of(mark) for mark in ballot]
        lead = len(only_mes.intersection(supported)) - len(only_greedy.intersection(supported))
        more += weight if lead > 0 else 0
        fewer += weight if lead < 0 else 0
    return {"prefer_mes": more, "prefer_greedy": fewer, "chosen": "greedy" if fewer > more else "mes"}


def _explain(electorate: Electorate, kept: EqualSharesRun, steps: Sequence[WalkStep], *, budget: int) -> dict[OptionId, Why]:
    walked = explain_walk(steps, budget=budget - kept.spent, tie_order=electorate.tie_order)
    bought = {purchase.option: (place, purchase) for place, purchase in enumerate(kept.purchases, start=1)}
    why = {}
    for option, cost in electorate.projects.items():
        supporters = electorate.supporters[option]
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
            money = kept.money_left(option)
            numbers |= {"supporters_money": money, "shortfall": cost - money}
            if option in walked:
                numbers |= {name: walked[option].numbers[name] for name in ("left", "missing_money")}
            why[option] = Why(option, False, "supporters_money_short" if supporters else "no_support", numbers)
    return why


def _explain_comparison(
    electorate: Electorate, mes: Collection[OptionId], greedy: Collection[OptionId], comparison: Mapping[str, Any]
) -> dict[OptionId, Why]:
    """Why those lost, or won, whom the choice of the greedy winners took out, or let in."""
    why = {}
    for option in sorted(set(mes) ^ set(greedy)):
        numbers = {
            "prefer_mes": comparison["prefer_mes"], "prefer_greedy": comparison["prefer_greedy"],
            "supporters": electorate.supporters[option], "cost": electorate.projects[option],
        }  # fmt: skip
        won = option in greedy
        why[option] = Why(option, won, "funded_by_comparison" if won else "comparison_lost", numbers)
    return why
