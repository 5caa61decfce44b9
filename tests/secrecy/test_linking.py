"""Whoever steals the database and the access log, but not the poll's key, does not learn who voted how.

The thief here has every row of every table in the order in which it lies on disk, the whole public log with the time of each
checkpoint, and the time and account of each cast. For each ballot in the log the thief names one voter, by the best of several
ways. Blind guessing within a group of k is right once in k times; nothing may do better than that, but for chance.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from tests import make
from votelog import log, sequencer
from voting import actions
from voting.models import Poll

K = 10
Row = tuple[Any, ...]


@dataclass
class Loot:
    """What the thief has. `casts`: voters in the order of the access log. `groups`: receipt numbers that each new checkpoint
    brought, in log order, with the number of casts before it. `rows`: by table, in the order on disk, at the worst moments."""

    casts: list[int] = field(default_factory=list)
    groups: list[tuple[int, list[str]]] = field(default_factory=list)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: list[dict[str, list[Row]]] = field(default_factory=list)
    truth: dict[str, int] = field(default_factory=dict)
    """By receipt number, who cast it. Not for the thief."""


def everything_on_disk() -> dict[str, list[Row]]:
    """Every row of every table in physical order, as a dump or a copy of the files shows it."""
    found = {}
    place = "rowid" if connection.vendor == "sqlite" else "ctid"
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select * from "{table}" order by {place}')
            found[table] = [tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row) for row in cursor]
    return found


def election(people: list[User], *, k: int, often: float = 0.5, close: bool = True) -> Loot:
    """Everybody casts once, in an order of chance; the log is put in order after every few casts."""
    chance = random.Random(5)
    poll = make.poll(roll=make.roll(*people), visibility=Poll.Visibility.LIVE, mix_k=k)
    poll = actions.open_poll(poll=poll, by=None)
    sequencer.run_once()
    loot, shown = Loot(), 0
    order = list(range(len(people)))
    chance.shuffle(order)

    def look() -> None:
        nonlocal shown
        sequencer.run_once()
        ballots = [entry["d"] for entry in log.entries(poll.public_id, kind="ballot.cast")]
        if len(ballots) > shown:
            loot.groups.append((len(loot.casts), [d["bid"] for d in ballots[shown:]]))
            loot.entries |= {d["bid"]: d for d in ballots[shown:]}
            shown = len(ballots)

    for number, voter in enumerate(order):
        choice = [key for key in ("o1", "o2", "o3", "o4") if chance.random() < 0.5]
        receipt = make.cast(poll, people[voter], *choice[:2])
        loot.casts.append(voter)
        loot.truth[receipt.bid] = voter
        if chance.random() < often:
            look()
        if number % 100 == 50:
            loot.rows.append(everything_on_disk())
    if close:
        actions.close_poll(poll=poll, by=None, at=poll.closes_at)
        look()
    loot.rows.append(everything_on_disk())
    return loot


Guess = dict[str, int]


def by_order(loot: Loot) -> Guess:
    """The first in the log came first."""
    log_order = [bid for _, group in loot.groups for bid in group]
    return dict(zip(log_order, loot.casts, strict=False))


def by_group(loot: Loot) -> Guess:
    """Who came last before a group left is in it."""
    guess: Guess = {}
    for before, group in loot.groups:
        latest = [voter for voter in loot.casts[:before] if voter not in guess.values()][-len(group) :]
        guess |= dict(zip(group, latest, strict=False))
    return guess


def by_rows(loot: Loot) -> Guess:
    """A row on disk that shares a value with an entry of the log, or whose length does, is that ballot; the n-th row of its
    table is of the n-th in the access log."""
    guess: Guess = {}
    for tables in loot.rows:
        for table, rows in tables.items():
            if table.startswith("votelog_event"):
                continue
            wanted = {value: bid for bid, d in loot.entries.items() for value in values_of(d)}
            for number, row in enumerate(rows[: len(loot.casts)]):
                for text in texts_in(row):
                    if text in wanted:
                        guess[wanted[text]] = loot.casts[number]
    return guess


def by_length(loot: Loot) -> Guess:
    """Ballots that say more are longer: the n-th longest row is the n-th longest entry."""
    rows = loot.rows[-1]["voting_ballot"]
    longest = sorted(range(len(rows)), key=lambda number: -sum(len(str(cell)) for cell in rows[number]))
    entries = sorted(loot.entries, key=lambda bid: -len(json.dumps(loot.entries[bid]["b"])))
    return {bid: loot.casts[number] for bid, number in zip(entries, longest, strict=False)}


def by_rows_in_groups(loot: Loot) -> Guess:
    """The rows of a group, sorted by any column, stand as the entries of the group do, sorted by any field."""
    rows = loot.rows[-1]["voting_ballot"]
    best: Guess = {}
    for column in range(len(rows[0])):
        for name in ("bid", "cred"):
            guess: Guess = {}
            for before, group in loot.groups:
                numbers = range(max(0, before - len(group)), before)
                ordered = sorted(numbers, key=lambda number: str(rows[number][column]))
                entries = sorted(group, key=lambda bid: str(loot.entries[bid][name]))
                guess |= {bid: loot.casts[number] for bid, number in zip(entries, ordered, strict=False)}
            best = max(best, guess, key=lambda found: right(loot, found))
    return best


def values_of(d: dict[str, Any]) -> Iterable[str]:
    return (d["bid"], d["cred"])


def texts_in(row: Row) -> Iterable[str]:
    """Every hex value and every word in a row."""
    for cell in row:
        text = cell.hex() if isinstance(cell, bytes) else str(cell)
        yield text
        yield from text.replace('"', " ").replace(",", " ").replace(":", " ").split()


def right(loot: Loot, guess: Guess) -> int:
    return sum(loot.truth[bid] == voter for bid, voter in guess.items())


THIEVES: list[Callable[[Loot], Guess]] = [by_order, by_group, by_rows, by_length, by_rows_in_groups]


@pytest.mark.django_db
def test_a_thief_of_database_and_access_log_guesses_no_better_than_one_in_k() -> None:
    people = make.users(500)
    loot = election(people, k=K)
    assert len(loot.entries) == 500
    expected = 500 / K
    noise = 4 * math.sqrt(expected)
    found = {thief.__name__: right(loot, thief(loot)) for thief in THIEVES}
    assert max(found.values()) <= expected + noise, found
    assert found["by_rows"] == 0, "no value of the log is found in the database"


@pytest.mark.django_db
def test_the_thief_is_able_without_groups_everybody_is_found() -> None:
    """A control: where ballots enter the log one by one, order alone tells."""
    loot = election(make.users(40), k=1, often=1)
    assert right(loot, by_group(loot)) == right(loot, by_order(loot)) == 40


@pytest.mark.django_db
def test_the_thief_is_able_to_find_a_value_that_database_and_log_share() -> None:
    """A control: had a row the receipt number or the credential in it, the thief would know everybody."""
    loot = election(make.users(40), k=K)
    by_voter = {voter: bid for bid, voter in loot.truth.items()}
    loot.rows = [{"voting_ballot": [(number, f'{{"bid":"{by_voter[voter]}"}}') for number, voter in enumerate(loot.casts)]}]
    assert right(loot, by_rows(loot)) == 40


@pytest.mark.django_db
def test_while_a_poll_is_open_nobody_is_singled_out_by_what_has_left() -> None:
    loot = election(make.users(60), k=K, close=False)
    assert all(len(group) >= K for _, group in loot.groups)
    assert 60 - len(loot.entries) >= K, "as many stay behind"
