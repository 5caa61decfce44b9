"""pb-maxutil-v1: of all sets of projects that the budget covers, the one with the greatest sum of votes.

The knapsack problem, solved exactly. Source of the rule: Talmon and Faliszewski, "A Framework for Approval-Based
Budgeting Methods" (AAAI 2019); with `cost_score`, Goel, Krishnaswamy, Sakshuwong and Aitamurto, "Knapsack Voting for
Participatory Budgeting" (2019), where each unit of money counts its votes. Method: lists of undominated pairs of cost and
value (Nemhauser and Ullmann 1969), without the pairs that even the best fractional filling of the rest (Dantzig 1957) cannot
bring up to a set already known. Exact text docs/reference/results.md. One vote more can swap many projects: not offered
for polls.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from counting.options import RuleOptions, require_choice, require_keys
from counting.outcome import JSONObject, Outcome, WalkStep, Why
from counting.pb_greedy import require_contest
from counting.profile import OptionId, ScoredProfile

ID = "pb-maxutil-v1"
DEFAULTS: RuleOptions = {"value": "score"}

MAX_PAIRS = 1_000_000
"""Most (cost, value) pairs held at once: some seconds and 200 MB. The real rounds of the tests need at most some 1,300. Never
reached when (number of projects) × (budget ÷ greatest common divisor of the costs) is below it."""


class TooManyPairs(RuntimeError):
    """The best set cannot be found within MAX_PAIRS: very many projects with costs that have little in common."""


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    value: what a project adds: `score` (its votes) or `cost_score` (its cost times its votes).
    """
    require_keys(options, DEFAULTS)
    require_choice(options, "value", ("score", "cost_score"))


@dataclass(frozen=True)
class Choice(WalkStep):
    """One project, chosen or left out; `left` (not in the record) is the money after it."""

    value: int = 0

    def record(self) -> JSONObject:
        return {
            "option": self.option, "score": self.score, "cost": self.cost, "value": self.value,
            "decision": self.decision, "tied": list(self.tied),
        }  # fmt: skip


def count_pb_maxutil(
    profile: ScoredProfile,
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    options: RuleOptions,
) -> Outcome:
    """The affordable set of greatest value; among equals the cheapest, then the one with the best lots.

    `projects`: cost > 0 by id, in ballot order, in the currency's smallest unit, as `budget` ≥ 0. `tie_order`: a
    permutation of the projects, best lot first. Raises OptionsError, ValueError, ProfileError, TooManyPairs. Projects without
    votes are never chosen. `Outcome.why`: `chosen` or `left_out`, with `score`, `cost`, `value`.

    >>> from counting.profile import ApprovalProfile
    >>> profile = ApprovalProfile.of([["park"], ["park"], ["park", "bus"], ["bus"], ["tree", "bench"], ["tree", "bench"]])
    >>> outcome = count_pb_maxutil(profile, {"park": 70, "bus": 50, "tree": 30, "bench": 20}, budget=100,
    ...                            tie_order=["park", "bus", "tree", "bench"], options=DEFAULTS)
    >>> outcome.winners, outcome.spent, outcome.extra
    (('bench', 'tree', 'bus'), 100, {'value': 6})
    """
    check_options(options)
    require_contest(projects, budget=budget, tie_order=tie_order)
    scores = profile.scores(projects)
    by_cost = options["value"] == "cost_score"
    values = {option: scores[option] * (cost if by_cost else 1) for option, cost in projects.items()}
    wanted = [option for option in tie_order if values[option] and projects[option] <= budget]
    places, alone = best_set([projects[option] for option in wanted], [values[option] for option in wanted], budget=budget)
    chosen = {wanted[place] for place in places}
    lot = {option: place for place, option in enumerate(tie_order)}
    steps = []
    left = budget
    for option in sorted(projects, key=lambda option: (-scores[option], projects[option], lot[option])):
        left -= projects[option] if option in chosen else 0
        decision = "funded" if option in chosen else "left_out"
        steps.append(Choice(option, scores[option], projects[option], left, decision, (), value=values[option]))
    why = {}
    for option, cost in projects.items():
        numbers = {"score": scores[option], "cost": cost, "value": values[option]}
        why[option] = Why(option, option in chosen, "chosen" if option in chosen else "left_out", numbers)
    return Outcome(
        rule=ID, options=options, budget=budget, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=tuple(step.option for step in steps if step.option in chosen), spent=budget - left, rounds=tuple(steps),
        why=why, extra={"value": sum(values[option] for option in chosen)}, lot_elsewhere=not alone,
    )  # fmt: skip


_Pair = tuple[int, int, int]  # cost, value, in how many ways it comes about (2: two or more)


def best_set(costs: Sequence[int], values: Sequence[int], *, budget: int) -> tuple[list[int], bool]:
    """Indices of the set with cost within `budget` and the greatest value; then the smallest cost; then the lexicographically
    smallest list of indices. And whether no other set has its value and cost. Costs and values from 1. Raises TooManyPairs.
    """
    order = sorted(range(len(costs)), key=lambda place: Fraction(values[place], costs[place]), reverse=True)
    tails: list[list[_Pair]] = [[(0, 0, 1)]]  # undominated pairs of the last 0, 1, 2 … items
    known, held = 0, 1
    for place in reversed(range(len(costs))):
        open_items = [other for other in order if other < place]
        pairs, known = _within_reach(_with_item(tails[-1], costs[place], values[place]), open_items, costs, values, budget, known)
        tails.append(pairs)
        held += len(pairs)
        if held > MAX_PAIRS:
            raise TooManyPairs(f"the best of 2^{len(costs)} sets was not found within {MAX_PAIRS} pairs of cost and value")
    cost, value, ways = tails[-1][-1]
    chosen = []
    for place, tail in enumerate(tails[-2::-1]):
        # What remains of a best set is undominated among the later items, so taking this item is open just if the rest is there.
        rest = (cost - costs[place], value - values[place])
        found = bisect_left(tail, rest)
        if found < len(tail) and tail[found][:2] == rest:
            chosen.append(place)
            cost, value = rest
    return chosen, ways == 1


def _with_item(pairs: Sequence[_Pair], cost: int, value: int) -> list[_Pair]:
    """The undominated pairs after one more item may be taken: cost and value both rising."""
    both = sorted([*pairs, *((c + cost, v + value, ways) for c, v, ways in pairs)], key=lambda pair: (pair[0], -pair[1]))
    merged: list[_Pair] = []
    for c, v, ways in both:
        if merged and (c, v) == merged[-1][:2]:
            merged[-1] = (c, v, 2)
        elif not merged or v > merged[-1][1]:
            merged.append((c, v, ways))
    return merged


def _within_reach(
    pairs: Sequence[_Pair], open_items: Sequence[int], costs: Sequence[int], values: Sequence[int], budget: int, known: int
) -> tuple[list[_Pair], int]:
    """The pairs that the open items (most value for money first) may still bring up to `known`, the value of a set that
    exists, and that value, now greater where filling up found better."""
    filled_cost = [0, *accumulate(costs[place] for place in open_items)]
    filled_value = [0, *accumulate(values[place] for place in open_items)]
    hopeful: list[tuple[int, _Pair]] = []
    for pair in pairs:
        left = budget - pair[0]
        if left < 0:
            break
        full = bisect_right(filled_cost, left) - 1
        sure = pair[1] + filled_value[full]
        known = max(known, sure)
        last = open_items[full] if full < len(open_items) else None
        part = 0 if last is None else (left - filled_cost[full]) * values[last] // costs[last]
        hopeful.append((sure + part, pair))
    return [pair for hope, pair in hopeful if hope >= known], known
