"""Plausible marks of an invented voter, whose liking for each option is given in per cent, by its key in the content."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voting.models import Option, Poll

Likes = Mapping[str, int]
Invent = Callable[[Poll, Sequence[Option], Likes, random.Random], Any]
_TIRED = 14
"""Chance in per cent to stop after each rank."""


def _approve(poll: Poll, options: Sequence[Option], likes: Likes, chance: random.Random) -> list[str]:
    if poll.single_choice:
        return [] if chance.randrange(100) < 3 else _draw(options, likes, chance, 1)
    left, chosen = poll.limits["max_cost"], []
    for option in options:
        fits = left is None or (option.cost or 0) <= left
        if fits and chance.randrange(100) < likes.get(option.external_id, 0):
            chosen.append(option.key)
            left = None if left is None else left - (option.cost or 0)
    return chosen


def _rank(poll: Poll, options: Sequence[Option], likes: Likes, chance: random.Random) -> list[list[str]]:
    order = [] if chance.randrange(100) < 2 else _draw(options, likes, chance, len(options))
    length = 1
    while length < len(order) and chance.randrange(100) >= _TIRED:
        length += 1
    ranks = [[key] for key in order[:length]]
    if poll.limits["ties"] and len(ranks) > 2 and chance.randrange(100) < 30:
        at = chance.randrange(len(ranks) - 1)
        ranks[at : at + 2] = [ranks[at] + ranks[at + 1]]
    return ranks


def _score(poll: Poll, options: Sequence[Option], likes: Likes, chance: random.Random) -> dict[str, int]:
    most = poll.limits["max"]
    points = {}
    for option in options:
        near = (likes.get(option.external_id, 0) * most + 50) // 100 + chance.choice((-1, 0, 0, 1))
        points[option.key] = 0 if chance.randrange(100) < 8 else min(max(near, 0), most)
    return points


def _alloc(poll: Poll, options: Sequence[Option], likes: Likes, chance: random.Random) -> dict[str, int]:
    most = poll.limits["max"] or poll.limits["sum"]
    few = _draw(options, likes, chance, chance.choice((2, 3, 3, 4)))
    weights = {option.key: 1 + likes.get(option.external_id, 0) for option in options}
    points = dict.fromkeys(few, 0)
    for _point in range(poll.limits["sum"]):
        open_ = [key for key in few if points[key] < most]
        if open_:
            points[chance.choices(open_, weights=[weights[key] for key in open_])[0]] += 1
    return points


def _draw(options: Sequence[Option], likes: Likes, chance: random.Random, count: int) -> list[str]:
    """So many different options one after another; what is liked twice as much comes four times as often."""
    rest = {option.key: likes.get(option.external_id, 0) ** 2 for option in options}
    drawn: list[str] = []
    while len(drawn) < count and any(rest.values()):
        drawn.append(chance.choices(list(rest), weights=list(rest.values()))[0])
        del rest[drawn[-1]]
    return drawn


INVENT: Mapping[str, Invent] = {"approve": _approve, "rank": _rank, "score": _score, "alloc": _alloc}
