"""The rules once more, as plainly as they can be written and as slowly: what the real counts are compared with.

Every ballot for itself, Fractions throughout, no pruning, every search a loop over all numbers. Written from
docs/reference/results.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from hypothesis import strategies as st

Ballots = list[tuple[str, ...]]


PointBallots = list[dict[str, int]]
Purchase = tuple[str, Fraction, Fraction, list[str]]
"""(option, rho, effective votes, tied)"""


def utilities(ballot: Iterable[str], projects: Mapping[str, int], utility: str) -> dict[str, int]:
    """What each project that the ballot supports is worth to its voter. Ballots with points are dicts."""
    if utility == "points":
        assert isinstance(ballot, dict)
        return {option: points for option, points in ballot.items() if points}
    return {option: projects[option] if utility == "cost" else 1 for option in ballot}


def price(cost: int, holdings: Sequence[tuple[Fraction, int]]) -> Fraction | None:
    """The rho with sum(min(money, rho × worth)) = cost over (money, worth); the smallest where all is spent; None when there is
    too little. Between two neighbours of the sorted money/worth the sum is a straight line."""
    if sum(money for money, _ in holdings) < cost:
        return None
    for limit in sorted(money / worth for money, worth in holdings):
        if sum(min(money, limit * worth) for money, worth in holdings) >= cost:
            poor = [(money, worth) for money, worth in holdings if money < limit * worth]
            rich = sum(worth for money, worth in holdings if money >= limit * worth)
            return (cost - sum(money for money, _ in poor)) / Fraction(rich)
    raise AssertionError("unreachable")


def equal_shares_run(
    worths: list[dict[str, int]], projects: dict[str, int], voter_budget: Fraction, tie_order: Sequence[str]
) -> list[Purchase]:
    """Every purchase of one run."""
    balances = [voter_budget] * len(worths)
    purchases: list[Purchase] = []
    while True:
        offers = []
        for option, cost in projects.items():
            who = [i for i, worth in enumerate(worths) if option in worth]
            if option in {purchase[0] for purchase in purchases} or not who:
                continue
            if (rho := price(cost, [(balances[i], worths[i][option]) for i in who])) is not None:
                offers.append(((rho, cost, -len(who)), tie_order.index(option), option, who))
        if not offers:
            return purchases
        key, _, option, who = min(offers)
        tied = [offer[2] for offer in sorted(offers) if offer[0] == key]
        payments = {i: min(balances[i], key[0] * worths[i][option]) for i in who}
        purchases.append((option, key[0], projects[option] / max(payments.values()), tied if len(tied) > 1 else []))
        for i, payment in payments.items():
            balances[i] -= payment


def equal_shares(
    ballots: Sequence[Iterable[str]], projects: dict[str, int], budget: int, tie_order: Sequence[str], options: dict[str, object]
) -> tuple[list[Purchase], list[tuple[Fraction, int, int]]]:
    """(purchases of the kept run, (voter budget, spent, winners) of every run)."""
    n = len(ballots)
    worths = [utilities(ballot, projects, str(options["utility"])) for ballot in ballots]
    add1 = "add1" in options["completion"]  # type: ignore[operator]
    voter_budget = Fraction(budget // n) if add1 and options["integral"] else Fraction(budget, n)
    kept: list[Purchase] = []
    runs: list[tuple[Fraction, int, int]] = []
    while True:
        purchases = equal_shares_run(worths, projects, voter_budget, tie_order)
        spent = sum(projects[purchase[0]] for purchase in purchases)
        runs.append((voter_budget, spent, len(purchases)))
        if spent > budget:
            return kept, runs
        kept = purchases
        supported = {option for worth in worths for option in worth}
        missing = [projects[option] for option in supported - {purchase[0] for purchase in purchases}]
        if not add1 or not missing:
            return kept, runs
        if options["stop_when_exhaustive"] and all(cost > budget - spent for cost in missing):
            return kept, runs
        voter_budget += options["step"]  # type: ignore[operator]


def equal_shares_winners(
    ballots: Sequence[Iterable[str]], projects: dict[str, int], budget: int, tie_order: Sequence[str], options: dict[str, object]
) -> tuple[list[str], tuple[int, int]]:
    """(winners after all completions, (ballots that prefer Equal Shares, that prefer greedy))."""
    worths = [utilities(ballot, projects, str(options["utility"])) for ballot in ballots]
    totals = {o: sum(w.get(o, 0) if options["utility"] == "points" else o in w for w in worths) for o in projects}
    winners = [purchase[0] for purchase in equal_shares(ballots, projects, budget, tie_order, options)[0]]
    if "utilitarian" in options["completion"]:  # type: ignore[operator]
        rest = {option: cost for option, cost in projects.items() if option not in winners}
        left = budget - sum(projects[option] for option in winners)
        winners += funded(greedy(totals, rest, left, tie_order, "skip", 0))
    other = funded(greedy(totals, projects, budget, tie_order, "skip", 0))
    leads = [sum(o in w for o in winners) - sum(o in w for o in other) for w in worths]
    prefer = sum(lead > 0 for lead in leads), sum(lead < 0 for lead in leads)
    return (other if "comparison" in options["completion"] and prefer[1] > prefer[0] else winners), prefer  # type: ignore[operator]


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


@st.composite
def point_polls(draw: st.DrawFn) -> tuple[PointBallots, dict[str, int], int, list[str]]:
    """The same with points: many ties, and voters to whom very little or very much is worth something."""
    ballots, projects, budget, tie_order = draw(polls())
    points = st.sampled_from([1, 1, 2, 3, 50])
    return [{option: draw(points) for option in ballot} for ballot in ballots], projects, budget, tie_order
