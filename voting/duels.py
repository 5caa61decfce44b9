"""Comparisons of everybody with everybody as tables, from the published record of a Condorcet rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.templatetags.text import number

Record = Mapping[str, Any]
MOST = 30
"""Options of which people can still read a table of everybody against everybody. The act has all numbers in any case."""


@dataclass(frozen=True)
class Duel:
    """`text`: ballots that put the row above the column. `state`: `won`, `lost`, `even`, or `self`."""

    text: str
    against: str
    state: str


@dataclass(frozen=True)
class Row:
    title: str
    key: str
    number: str
    duels: list[Duel]


def matrix(outcome: Record, titles: Mapping[str, str], *, field: str = "matrix") -> list[Row]:
    """Rows in the order of the ranking. `field`: `matrix` (ballots) or `paths` (strength of the strongest path)."""
    order = ranking(outcome)
    place = {key: index for index, key in enumerate(outcome["candidates"])}
    values: Sequence[Sequence[int]] = outcome[field]
    rows = []
    for position, key in enumerate(order, start=1):
        duels = [_duel(values, place[key], place[other]) for other in order]
        rows.append(Row(titles[key], key, number(position), duels))
    return rows


def _duel(values: Sequence[Sequence[int]], row: int, column: int) -> Duel:
    if row == column:
        return Duel("", "", "self")
    ours, theirs = values[row][column], values[column][row]
    return Duel(number(ours), number(theirs), "won" if ours > theirs else "lost" if ours < theirs else "even")


def ranking(outcome: Record) -> list[str]:
    """All options, best first; options of one set in the order of the lots."""
    return [key for entry in outcome["ranking"] for key in (entry if isinstance(entry, list) else [entry])]


def wins(outcome: Record) -> dict[str, int]:
    """How many others each option beats one on one."""
    values = outcome["matrix"]
    everybody = range(len(values))
    return {
        key: sum(values[row][column] > values[column][row] for column in everybody)
        for row, key in enumerate(outcome["candidates"])
    }
