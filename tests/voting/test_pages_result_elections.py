"""The result pages of rules without a budget: rounds, duels, seats, reasons, and what other rules would give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests import make
from voting import actions
from voting.models import Poll

pytestmark = pytest.mark.django_db

RANK = {"rank": {"min": 0, "max": None, "ties": False, "raw": False}}
APPROVE = {"approve": {"min": 0, "max": None, "max_cost": None}}
# o1 leads, o2 is in the middle, o3 is second; o4 leaves first, its ballots go to o2 and to nobody.
RUNOFF = ["1 2"] * 8 + ["2 3"] * 5 + ["3 2"] * 7 + ["4 2"] * 2 + ["4"] + [""]


def ranking(text: str) -> dict[str, Any]:
    return {"rank": [[f"o{number}"] for number in text.split()]}


def held(method: str, bodies: Sequence[dict[str, Any]], *, ballot: dict[str, Any] = RANK, **fields: Any) -> Poll:
    people = make.users(len(bodies))
    draft = make.election(roll=make.roll(*people, empty=1), method=method, ballot=ballot, **fields)
    poll = actions.open_poll(poll=draft, by=None)
    for person, body in zip(people, bodies, strict=True):
        make.cast(poll, person, b=body)
    return make.published(poll)


def page(client: Client, poll: Poll, language: str = "en") -> str:
    with translation.override(language):
        answer = client.get(reverse("voting:result", args=[poll.public_id]))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def why(html: str, key: str) -> str:
    found = re.search(rf'id="{key}">.*?<p class="result__why">(.*?)</p>', html)
    assert found
    return found[1]


def test_a_runoff_is_told_in_rounds(client: Client) -> None:
    html = page(client, held("irv-v1", [ranking(text) for text in RUNOFF]))
    assert "“Option 4” has the fewest votes, 3, and leaves the count." in html
    assert "Passed on: 2 to “Option 2”; 1 to nobody, as these ballots name nobody else who is still in." in html
    assert why(html, "o4").startswith("Left the count in round 1 with the fewest votes, 3. “Option 2” stayed in with 5, 2 more.")
    assert "8 first choices" in html


def test_equals_at_the_bottom_are_told_before_the_one_that_leaves(client: Client) -> None:
    # The ballot of o4 brings o3 up to o2 in round 2; in round 1 it was behind.
    ballots = ["1"] * 4 + ["2 1"] * 3 + ["3 1"] * 2 + ["4 3"]
    html = page(client, held("irv-v1", [ranking(text) for text in ballots]))
    story = "“Option 2” and “Option 3” stood equal. In round 1 “Option 3” had fewer."
    assert f"{story}</p><p>“Option 3” leaves the count with 3." in html
    assert why(html, "o3").startswith(
        "Left the count in round 2 with the fewest votes, 3. "
        "“Option 2” had as many and stayed in, because it had more in an earlier round."
    )
    assert "All of its votes went on to “Option 3”." in why(html, "o4")


@pytest.mark.parametrize(
    ("third", "said"),
    [
        (["3 1"] * 2 + ["3 2", "3"], "Of its votes 2 went on to “Option 1”."),
        (["3 1"] * 3 + ["3 2", "3"], "Most of its votes, 3, went on to “Option 1”."),
        (["3 1"] * 3, "All of its votes went on to “Option 1”."),
    ],
)
def test_most_of_the_votes_means_more_than_half_of_them(client: Client, third: list[str], said: str) -> None:
    ballots = ["1"] * 6 + ["2"] * 6 + third
    assert said in why(page(client, held("irv-v1", [ranking(text) for text in ballots], options=3)), "o3")


@pytest.mark.parametrize(
    ("method", "seats", "said"),
    [
        ("approval-v1", 1, "Number 2 with 1 vote. “Option 1” won with 2; "),
        ("seqpav-v1", 2, "Won seat 2: 1 ballot approves of it, and it had the strongest claim to a seat then."),
    ],
)
def test_one_is_not_many(client: Client, method: str, seats: int, said: str) -> None:
    bodies = [{"approve": ["o1"]}] * 2 + [{"approve": ["o2"]}]
    html = page(client, held(method, bodies, ballot=APPROVE, rule={"seats": seats}, options=3))
    assert why(html, "o2").startswith(said)


def test_the_picture_of_a_runoff_keeps_every_vote(client: Client) -> None:
    html = page(client, held("irv-v1", [ranking(text) for text in RUNOFF]))
    assert '<svg class="flows"' in html
    titles = re.findall(r'<path class="flow[^>]*><title>(.*?)</title>', html)
    assert "2 from “Option 4” to “Option 2”" in titles
    assert "1 from “Option 4” to “No longer counting”" in titles
    assert "8 stay with “Option 1”" in titles


def test_a_picture_runs_from_right_to_left_in_persian(client: Client) -> None:
    poll = held("irv-v1", [ranking(text) for text in RUNOFF])
    start = {language: _first_bar(page(client, poll, language)) for language in ("en", "fa")}
    assert start["en"] < 250 < start["fa"]


def _first_bar(html: str) -> int:
    found = re.search(r'<rect class="tint-\w+" x="(\d+)"', html)
    assert found
    return int(found[1])


def test_a_transferred_surplus_is_explained(client: Client) -> None:
    ballots = ["1 2"] * 9 + ["3"] * 4 + ["4"] * 2 + ["2"]
    html = page(client, held("stv-scottish-v1", [ranking(text) for text in ballots], rule={"seats": 2}))
    assert "reaches the quota of 6: elected" in html
    assert "“Option 1” has 3 votes more than the quota." in html
    assert "Quota" in html
    assert "Elected in round 1: 9 votes, and the quota was 6." in html


def test_a_count_of_duels_shows_everybody_against_everybody(client: Client) -> None:
    html = page(client, held("schulze-wv-v1", [ranking(text) for text in RUNOFF]))
    assert "beats every other option one on one" in html
    assert "The strongest paths" in html
    assert why(html, "o2").startswith("Won: one on one it beats everybody.")
    assert "beats no other one on one" in html and "beats 0" not in html


@pytest.mark.parametrize("method", ["schulze-wv-v1", "ranked-pairs-v1"])
def test_a_cycle_is_said_to_be_one(client: Client, method: str) -> None:
    ballots = ["1 2 3"] * 4 + ["2 3 1"] * 3 + ["3 1 2"] * 2
    html = page(client, held(method, [ranking(text) for text in ballots], options=3))
    assert "Nobody beats all the others one on one" in html
    assert ("Left out: it contradicts clearer ones" in html) == (method == "ranked-pairs-v1")


def test_a_block_vote_says_how_many_votes_were_missing(client: Client) -> None:
    bodies = [{"approve": ["o1", "o2"]}] * 4 + [{"approve": ["o3"]}] * 2 + [{"approve": []}]
    html = page(client, held("approval-v1", bodies, ballot=APPROVE, rule={"seats": 2}))
    assert why(html, "o3").startswith("Number 3 with 2 votes.")
    lead = re.search(r"Selected out of 4: <strong><bdi>(.*?)</bdi></strong>, <strong><bdi>(.*?)</bdi></strong></p>", html)
    assert lead and set(lead.groups()) == {"Option 1", "Option 2"}
    assert "4 votes" in html


def test_a_missed_quorum_elects_nobody_and_says_so(client: Client) -> None:
    bodies = [{"approve": ["o1"]}] * 3
    html = page(client, held("approval-v1", bodies, ballot=APPROVE, rule={"quorum": 5}))
    assert "Nothing was selected." in html
    assert "Too few ballots were cast, so nobody is elected." in html
    assert why(html, "o1") == "Nobody is elected: 3 ballots were cast, and 5 were needed for the vote to count."


@pytest.mark.parametrize("method", ["seqpav-v1", "seqphragmen-v1", "equal-shares-v1"])
def test_committees_are_told_seat_by_seat(client: Client, method: str) -> None:
    bodies = [{"approve": ["o1", "o2"]}] * 6 + [{"approve": ["o3"]}] * 4 + [{"approve": ["o4"]}]
    html = page(client, held(method, bodies, ballot=APPROVE, rule={"seats": 2}))
    assert "Seat by seat" in html
    assert why(html, "o3").startswith("Won seat 2: 4 ballots approve of it")


def test_points_are_called_points(client: Client) -> None:
    bodies = [{"score": {"o1": 5, "o2": 3}}, {"score": {"o2": 4}}]
    html = page(client, held("score-v1", bodies, ballot={"score": {"max": 5}}))
    assert why(html, "o2") == "Won: number 1 with 7 points."
    assert "5 points" in html


@pytest.mark.parametrize("method", ["irv-v1", "stv-meek-prf-v1", "borda-v1", "schulze-wv-v1"])
def test_a_poll_without_a_single_vote_has_a_page_too(client: Client, method: str) -> None:
    html = page(client, held(method, [ranking("")]))
    assert "there was no valid ballot" in html


def test_other_rules_stand_beside_the_result_as_information(client: Client) -> None:
    poll = held("irv-v1", [ranking(text) for text in RUNOFF])
    html = page(client, poll)
    assert "For information only. This changes nothing." in html
    ours, borda = poll.results.get().outcome["winners"], poll.results.get().compared["borda-v1"]
    assert (ours, borda) == (["o3"], ["o2"])
    assert re.search(r"Borda count</th><td><bdi>Option 2</bdi></td><td>No</td>", html)


def test_a_choice_of_one_has_nothing_to_compare(client: Client) -> None:
    one = {"approve": {"min": 0, "max": 1, "max_cost": None}}
    html = page(client, held("approval-v1", [{"approve": ["o1"]}], ballot=one))
    assert "For information only" not in html


def test_a_comparison_of_too_many_options_is_not_put_on_a_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voting.duels.MOST", 3)
    html = page(client, held("ranked-pairs-v1", [ranking(text) for text in RUNOFF]))
    assert "There are too many options for a table." in html
    assert "The comparisons, the clearest first" not in html
    assert "beats 3 others one on one" in html
