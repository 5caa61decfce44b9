"""Polls to measure with. Everything follows from a fixed seed."""

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

CANDIDATES = tuple(f"c{number}" for number in range(10))
_END = 255
_LENGTHS = [10] * 10 + [1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]


def ranked_bytes(ballots: int, *, seed: int = 1) -> bytes:
    """Rankings of up to ten candidates as an election has them, ten bytes each (255: no further rank).

    Forty camps agree on an order; each voter turns round some neighbours in it. A third ranks all, the others one to nine.
    """
    chance = random.Random(seed)  # noqa: S311
    camps = [chance.sample(range(len(CANDIDATES)), len(CANDIDATES)) for _ in range(40)]
    sizes = list(accumulate(1 / (place + 1) for place in range(len(camps))))
    found = bytearray()
    for _ in range(ballots):
        ranking = list(camps[bisect(sizes, chance.random() * sizes[-1])])
        for place in range(len(ranking) - 1):
            if chance.random() < 0.12:
                ranking[place], ranking[place + 1] = ranking[place + 1], ranking[place]
        found += _ballot(ranking[: _LENGTHS[int(chance.random() * len(_LENGTHS))]])
    return bytes(found)


def scattered_bytes(ballots: int, *, seed: int = 1) -> bytes:
    """The same where nobody follows anybody: each draws the next candidate from all, some wanted more than others.

    No election is like this; half of a million ballots are different ones.
    """
    chance = random.Random(seed)  # noqa: S311
    wanted = list(accumulate(1 / (place + 2) for place in range(len(CANDIDATES))))
    found = bytearray()
    for _ in range(ballots):
        length = _LENGTHS[int(chance.random() * len(_LENGTHS))]
        ranking: list[int] = []
        while len(ranking) < length:
            candidate = bisect(wanted, chance.random() * wanted[-1])
            if candidate not in ranking:
                ranking.append(candidate)
        found += _ballot(ranking)
    return bytes(found)


def _ballot(ranking: list[int]) -> bytes:
    return bytes(ranking).ljust(len(CANDIDATES), bytes([_END]))


def rankings(data: bytes) -> Iterator[list[tuple[str]]]:
    """The ballots in `data`, one after another, as a database would hand them over."""
    ranks = [(candidate,) for candidate in CANDIDATES]
    width = len(CANDIDATES)
    for start in range(0, len(data), width):
        yield [ranks[place] for place in data[start : start + width] if place != _END]


def orders(data: bytes) -> list[tuple[str, ...]]:
    """The ballots in `data`, each the ids it ranks, best first."""
    return [tuple(option for (option,) in ranking) for ranking in rankings(data)]


@dataclass(frozen=True)
class BudgetPoll:
    """`ballots`: the approved ids of each voter; costs and budget in whole units of currency."""

    ballots: list[tuple[str, ...]]
    projects: dict[str, int]
    budget: int


def budget_poll(voters: int, projects: int, *, seed: int = 7) -> BudgetPoll:
    """A city's round: some projects wanted by many and most by few, six themes that voters keep to, 3 to 12 approvals each.

    Costs are spread as in the rounds of Pabulib; the budget pays for about a third, 278 for each voter in the large one.
    """
    chance = random.Random(seed)  # noqa: S311
    ids = [f"o{number}" for number in range(1, projects + 1)]
    theme = {option: chance.randrange(6) for option in ids}
    scale = voters * 160 / 90_000 / projects
    prices = {option: int(chance.lognormvariate(12.6, 1.0) / 100) * 100 for option in ids}
    costs = {option: max(1, int(scale * min(3_000_000, max(8_000, price)))) for option, price in prices.items()}
    wanted = {option: chance.lognormvariate(0, 1) for option in ids}
    pools = [list(accumulate(wanted[o] * (4 if theme[o] == kind else 1) for o in ids)) for kind in range(6)]
    sizes = [min(size, projects // 2) for size in (3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 11, 12)]
    ballots = []
    for _ in range(voters):
        pool, size = pools[chance.randrange(6)], chance.choice(sizes)
        approved: set[str] = set()
        while len(approved) < size:
            approved.add(ids[bisect(pool, chance.random() * pool[-1])])
        ballots.append(tuple(sorted(approved)))
    return BudgetPoll(ballots, costs, 25_000_000 * voters // 90_000)
