"""How many different ballots a poll allows, and what staff are told about it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import make
from voting import kinds
from voting.models import Option, Poll
from voting.patterns import MANY, meter, patterns

RANK = {"min": 0, "max": None, "ties": False, "raw": False}
APPROVE = {"min": 0, "max": None, "max_cost": None}
ALLOC = {"sum": 10, "exact": False, "max": None, "min": 0}


@pytest.mark.parametrize(("options", "ways"), [(5, 325), (6, 1_956), (8, 109_600), (10, 9_864_100)])
def test_the_numbers_of_the_italian_attack_come_out(options: int, ways: int) -> None:
    assert patterns("rank", RANK, [0] * options).count == ways


@pytest.mark.parametrize(("options", "ways"), [(5, 85), (6, 156), (8, 400), (10, 820)])
def test_three_ranks_leave_few_orders_to_agree_upon(options: int, ways: int) -> None:
    assert patterns("rank", {**RANK, "max": 3}, [0] * options).count == ways


def test_twelve_projects_can_be_approved_in_4096_ways_the_blank_one_included() -> None:
    assert patterns("approve", APPROVE, [0] * 12).count + 1 == 4_096


def valid(kind: str, limits: dict[str, Any], costs: list[int]) -> int:
    """Every ballot there could be, tried one by one against the rule that the ballot box itself asks."""
    keys = [f"o{n}" for n in range(1, len(costs) + 1)]
    options = [Option(key=key, cost=cost, title={"en": key}) for key, cost in zip(keys, costs, strict=True)]
    poll = Poll(ballot=kinds.full_ballot({kind: limits}))
    if kind == "approve":
        marks: Any = ([key for key, chosen in zip(keys, row, strict=True) if chosen] for row in product((0, 1), repeat=len(keys)))
    elif kind == "rank":
        rows = product(range(len(keys) + 1), repeat=len(keys))
        ranks = range(1, len(keys) + 1)
        marks = ([[key for key, at in zip(keys, row, strict=True) if at == rank] for rank in ranks] for row in rows)
    else:
        most = limits.get("max") or limits["sum"]
        marks = (dict(zip(keys, row, strict=True)) for row in product(range(most + 1), repeat=len(keys)))
    seen = {str(ballot) for ballot in (kinds.normal(poll, {kind: mark}) for mark in marks)
            if ballot[kind] and kinds.why_not_valid(poll, options, ballot) is None}  # fmt: skip
    return len(seen)


@pytest.mark.parametrize(
    ("kind", "limits", "costs"),
    [
        ("approve", {}, [1, 2, 3, 4]),
        ("approve", {"min": 2, "max": 3}, [1, 2, 3, 4]),
        ("approve", {"max_cost": 6}, [1, 2, 2, 4, 7]),
        ("approve", {"min": 2, "max_cost": 6}, [1, 2, 2, 4, 7]),
        ("approve", {"max": 2, "max_cost": 100}, [30, 40, 50, 60, 70]),
        ("approve", {"max_cost": 9}, [3, 3, 3, 3]),
        ("rank", {}, [0] * 4),
        ("rank", {"min": 2, "max": 3}, [0] * 4),
        ("rank", {"ties": True}, [0] * 4),
        ("rank", {"ties": True, "min": 1, "max": 3}, [0] * 5),
        ("rank", {"raw": True}, [0] * 3),
        ("score", {"max": 3}, [0] * 4),
        ("alloc", {"sum": 6}, [0] * 3),
        ("alloc", {"sum": 6, "exact": True}, [0] * 3),
        ("alloc", {"sum": 6, "max": 3}, [0] * 3),
        ("alloc", {"sum": 7, "max": 3, "exact": True}, [0] * 4),
        ("alloc", {"sum": 5, "min": 2}, [0] * 4),
        ("alloc", {"sum": 2}, [0] * 4),
    ],
)
def test_as_many_are_counted_as_the_ballot_box_would_take(kind: str, limits: dict[str, Any], costs: list[int]) -> None:
    full = kinds.full_ballot({kind: limits})[kind]
    found = patterns(kind, full, costs)
    assert found.exact
    assert found.count == valid(kind, full, costs)


def test_where_too_many_sums_differ_a_lower_bound_is_said_to_be_one() -> None:
    costs = [3**n for n in range(1, 31)]
    found = patterns("approve", {**APPROVE, "max_cost": sum(costs) - 1}, costs)
    assert not found.exact
    assert 10_000 < found.count < 2**30
    assert str(found).startswith("at least")


def test_nobody_has_to_read_forty_figures() -> None:
    assert str(patterns("rank", RANK, [0] * 40)) == "more than 1,000,000,000,000"
    assert patterns("rank", RANK, [0] * 40).count > MANY


@pytest.mark.parametrize(("voters", "kind"), [(30, "calm"), (29, "rare"), (3, "rare"), (2, "alone")])
def test_one_pattern_for_ten_voters_is_where_it_begins_to_be_said(db: None, voters: int, kind: str) -> None:
    poll = make.poll(roll=make.roll(empty=voters), costs=(1, 1, 1), budget=3, max_choices=1)
    found = meter(poll)
    assert (found.patterns.count, found.voters, found.kind) == (3, voters, kind)
    assert bool(found.advice) == (kind != "calm")


def page(client: Client, poll: Poll, user: object = None) -> str:
    if user:
        client.force_login(user)  # type: ignore[arg-type]
    return client.get(reverse("voting:poll-detail", args=[poll.public_id])).content.decode()


def test_staff_are_told_while_the_poll_is_a_draft_and_what_would_help(ada, staff, client: Client) -> None:
    poll = make.election(roll=make.roll(ada, empty=999), method="irv-v1", ballot={"rank": {}}, options=8)
    html = page(client, poll, staff)
    assert "109,600" in html and "1,000" in html
    assert "If only the first 3 places can be ranked, there are 400." in html


def test_a_poll_with_few_patterns_is_left_alone(ada, staff, client: Client) -> None:
    poll = make.poll(roll=make.roll(ada, empty=999), costs=(1, 1), budget=2)
    assert "Few different ballots are possible here" in page(client, poll, staff)


def test_nobody_else_is_bothered_with_it_and_nobody_once_it_is_open(ada, bo, staff, open_poll: Poll, client: Client) -> None:
    assert "data-patterns" not in page(client, open_poll, staff)
    poll = make.poll(roll=open_poll.roll, process=open_poll.process, status=Poll.Status.FROZEN)
    assert "data-patterns" in page(client, poll, staff)
    assert "data-patterns" not in page(client, poll, bo)
