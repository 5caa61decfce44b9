"""The result page: what won, why, how it was counted, what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from voting import actions
from voting.models import Poll

NBSP = "\u00a0"


def held(*ballots: Sequence[str], **fields: Any) -> Poll:
    """A published poll in which these ballots were cast."""
    people = make.users(len(ballots))
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people, empty=1), mix_k=1, **fields), by=None)
    for person, choice in zip(people, ballots, strict=True):
        make.cast(poll, person, *choice)
    return make.published(poll)


def page(client: Client, poll: Poll) -> str:
    answer = client.get(reverse("voting:result", args=[poll.public_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def why(html: str, key: str) -> str:
    """The reason given for one option, without markup."""
    found = re.search(rf'id="{key}">.*?<p class="result__why">(.*?)</p>', html, re.S)
    assert found
    return found[1].replace(NBSP, " ").replace("&#x27;", "'")


# Costs of o1 to o4: 40, 30, 50, 20; budget 100.
GREEDY = [["o1", "o3"], ["o1", "o3"], ["o1", "o2"], ["o3"], ["o2"], ["o4"], []]


def test_each_project_says_why_it_won_or_lost_under_greedy(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY))
    assert why(html, "o1") == "Won: number 1 by votes. It cost 40 credits, and 100 credits was left when its turn came."
    assert why(html, "o3") == "Won: number 2 by votes. It cost 50 credits, and 60 credits was left when its turn came."
    assert why(html, "o2") == (
        "Lost: number 3 by votes. It cost 30 credits; when its turn came only 10 credits was left, so 20 credits was missing."
        " 1 more vote would have been enough. At 10 credits, that is 20 credits cheaper,"
        " it would have been funded with the votes it had."
    )


def test_what_would_have_been_enough_is_enough(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY, ["o2"]))
    assert why(html, "o2").startswith("Won:")


def test_under_equal_shares_a_loser_is_told_what_its_supporters_lacked(db: None, client: Client) -> None:
    ballots = [["o1"]] * 3 + [["o3"]] * 2 + [["o2"]]
    poll = held(*ballots, method="pb-mes-v1", rule=make.MES | {"completion": []})
    html = page(client, poll)
    # Six ballots, 100 to spend: each holds 100/6. Three supporters hold 50, two 33 and a third, one 16 and two thirds.
    assert why(html, "o1") == (
        "Won: its 3 supporters could pay 40 credits together. Nobody had to give more than 13.33 credits of their share."
    )
    assert why(html, "o3") == (
        "Lost: its 2 supporters could still put together 33 credits; it cost 50 credits, so 17 credits was missing."
    )
    assert why(html, "o4") == "Lost: nobody voted for it."


def test_the_steps_of_equal_shares_are_shown(db: None, client: Client) -> None:
    ballots = [["o1"]] * 3 + [["o3"]] * 2 + [["o2"]]
    html = page(client, held(*ballots, method="pb-mes-v1", rule=make.MES))
    assert "runs with growing shares" in html
    assert "Kept: this is the result" in html
    assert "What each project’s supporters paid" in html


def test_the_walk_of_greedy_is_shown(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY))
    assert "Project by project" in html
    assert "Not enough money left" in html


def test_the_act_has_a_number_a_fingerprint_and_the_command_that_checks_it(db: None, client: Client) -> None:
    poll = held(*GREEDY)
    html = page(client, poll)
    assert "Result act 1" in html
    assert poll.results.get().sha256 in html
    assert f"python3 votelog_verify.py poll http://testserver {poll.public_id}" in html
    assert "2 of 4 projects are funded" in html


def test_winners_stand_in_the_order_of_funding_and_losers_by_votes(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY))
    assert re.findall(r'<li class="result result--(\w+)" id="(\w+)"', html) == [
        ("won", "o1"), ("won", "o3"), ("lost", "o2"), ("lost", "o4"),
    ]  # fmt: skip


SOURCE = {"name": "town_2023.pb", "sha256": "ab" * 32}


def test_an_imported_poll_says_that_it_equals_its_source(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY, source=SOURCE | {"selected": ["o3", "o1"]}))
    assert "Our result equals the “selected” column of town_2023.pb exactly." in html


def test_an_imported_poll_lists_how_it_differs_from_its_source(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY, source=SOURCE | {"selected": ["o1", "o2"]}))
    assert "does NOT equal" in html
    assert "exactly" not in html
    assert "not funded by our count:</p>" not in html
    assert re.search(r"not funded by our count: <bdi>Project 2</bdi></p>", html)
    assert re.search(r"not selected in the file: <bdi>Project 3</bdi></p>", html)


def test_an_imported_poll_without_a_selection_claims_nothing(db: None, client: Client) -> None:
    html = page(client, held(*GREEDY, source=SOURCE | {"selected": None}))
    assert "nothing to compare with" in html
    assert "exactly" not in html


def test_delivery_shows_award_against_spending_and_flags_trouble(db: None, client: Client) -> None:
    poll = held(*GREEDY)
    now = timezone.now()
    one, three = poll.options.get(key="o1"), poll.options.get(key="o3")
    actions.record_delivery(option=one, by=None, status="planned", at=now, due_at=now - timedelta(days=3), spent=10)
    actions.record_delivery(option=three, by=None, status="done", at=now, due_at=now + timedelta(days=3), spent=70)
    html = page(client, poll).replace(NBSP, " ")
    first, second = html.split('class="panel"')[1:3]
    assert "Awarded 40 credits, spent so far 10 credits" in first
    assert "Late" in first
    assert "Over budget" not in first
    assert "20 credits too much" in second
    assert "Over budget" in second
    assert "Late" not in second


def test_before_there_is_a_result_the_page_says_what_it_waits_for(open_poll: Poll, client: Client) -> None:
    assert "There is no result yet: voting is on" in page(client, open_poll)
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    assert "the result is on its way" in page(client, open_poll)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_poll_in_which_nobody_voted_still_has_a_result(db: None, client: Client, language: str) -> None:
    for rule in ({}, {"method": "pb-mes-v1", "rule": make.MES}):
        poll = held(costs=[40], process=make.process(f"p-{len(rule)}"), **rule)
        address = reverse("voting:result", args=[poll.public_id]).replace("/en/", f"/{language}/")
        assert client.get(address).status_code == 200
