"""The rules once more, as plainly as they can be written and as slowly: what the real counts are compared with.

Every ballot for itself, Fractions throughout, no pruning, every search a loop over all numbers. Written from
docs/reference/vote-log.md.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from hypothesis import strategies as st

Ballots = list[tuple[str, ...]]


def price(cost: int, balances: Sequence[Fraction]) -> Fraction | None:
    """The q with sum(min(b, q)) = cost; the smallest where all is spent; None when there is too little."""
    if sum(balances) < cost:
        return None
    rest, heads = Fraction(cost), len(balances)
    for balance in sorted(balances):
        if balance * heads >= rest:
            return rest / heads
        rest, heads = rest - balance, heads - 1
    raise AssertionError("unreachable")


def equal_shares_run(
    ballots: Ballots, projects: dict[str, int], voter_budget: Fraction, tie_order: Sequence[str], utility: str
) -> list[tuple[str, Fraction, Fraction, list[str]]]:
    """(option, rho, effective votes, tied) of every purchase of one run."""
    balances = [voter_budget] * len(ballots)
    purchases: list[tuple[str, Fraction, Fraction, list[str]]] = []
    while True:
        offers = []
        for option, cost in projects.items():
            who = [i for i, ballot in enumerate(ballots) if option in ballot]
            if option in {purchase[0] for purchase in purchases} or not who:
                continue
            if (q := price(cost, [balances[i] for i in who])) is not None:
                rho = q / (cost if utility == "cost" else 1)
                offers.append(((rho, cost, -len(who)), tie_order.index(option), option, q, who))
        if not offers:
            return purchases
        key, _, option, q, who = min(offers)
        tied = [offer[2] for offer in sorted(offers) if offer[0] == key]
        purchases.append((option, key[0], projects[option] / q, tied if len(tied) > 1 else []))
        for i in who:
            balances[i] -= min(balances[i], q)


def equal_shares(
    ballots: Ballots, projects: dict[str, int], budget: int, tie_order: Sequence[str], options: dict[str, object]
) -> tuple[list[tuple[str, Fraction, Fraction, list[str]]], list[tuple[Fraction, int, int]]]:
    """(purchases of the kept run, (voter budget, spent, winners) of every run)."""
    n = len(ballots)
    add1 = "add1" in options["completion"]  # type: ignore[operator]
    voter_budget = Fraction(budget // n) if add1 and options["integral"] else Fraction(budget, n)
    kept: list[tuple[str, Fraction, Fraction, list[str]]] = []
    runs: list[tuple[Fraction, int, int]] = []
    while True:
        purchases = equal_shares_run(ballots, projects, voter_budget, tie_order, str(options["utility"]))
        spent = sum(projects[purchase[0]] for purchase in purchases)
        runs.append((voter_budget, spent, len(purchases)))
        if spent > budget:
            return kept, runs
        kept = purchases
        supported = {option for ballot in ballots for option in ballot}
        missing = [projects[option] for option in supported - {purchase[0] for purchase in purchases}]
        if not add1 or not missing:
            return kept, runs
        if options["stop_when_exhaustive"] and all(cost > budget - spent for cost in missing):
            return kept, runs
        voter_budget += options["step"]  # type: ignore[operator]


def greedy(
    scores: dict[str, int], projects: dict[str, int], budget: int, tie_order: Sequence[str], mode: str, threshold: int
) -> list[tuple[str, str, int]]:
    """(option, decision, money after it) in the order of the walk."""
    walked, left, stopped = [], budget, False
    for option in sorted(projects, key=lambda o: (-scores[o], projects[o], tie_order.index(o))):
        decision = "funded"
        if scores[option] < threshold:
            decision = "below_threshold"
        elif stopped:
            decision = "stopped"
        elif projects[option] > left:
            decision, stopped = "unaffordable", mode == "stop"
        if decision == "funded":
            left -= projects[option]
        walked.append((option, decision, left))
    return walked


def funded(walked: Iterable[tuple[str, str, int]]) -> list[str]:
    """The funded ones of a walk, in order."""
    return [option for option, decision, _ in walked if decision == "funded"]


@st.composite
def polls(draw: st.DrawFn) -> tuple[Ballots, dict[str, int], int, list[str]]:
    """A small poll with many ties: (ballots, projects, budget, tie order). Some ballots blank, some projects unwanted."""
    options = [f"o{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
    projects = {option: draw(st.integers(1, 12)) for option in options}
    ballot = st.lists(st.sampled_from(options), unique=True, max_size=4).map(lambda chosen: tuple(sorted(chosen)))
    ballots = draw(st.lists(ballot, min_size=1, max_size=9))
    return ballots, projects, draw(st.integers(1, 40)), draw(st.permutations(options))
