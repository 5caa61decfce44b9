"""The list of polls, a poll, and the board that observers watch."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import segno
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from common.templatetags.text import moment
from realtime.actions import last_seq
from tests import make
from votelog import sequencer
from voting import actions, charts
from voting.board import render_board
from voting.models import Poll


def board(client: Client, poll: Poll, **headers: str):  # type: ignore[no-untyped-def]
    return client.get(reverse("voting:board", args=[poll.public_id]), headers=headers)


@pytest.fixture
def voters(db: None):  # type: ignore[no-untyped-def]
    return make.users(5)


def opened(voters, **fields):  # type: ignore[no-untyped-def]
    return actions.open_poll(poll=make.poll(roll=make.roll(*voters, empty=5), mix_k=1, **fields), by=None)


def test_the_board_shows_turnout_and_tallies_without_an_account(voters, client: Client) -> None:
    poll = opened(voters)
    for voter in voters[:3]:
        make.cast(poll, voter, "o2")
    make.cast(poll, voters[3], "o1", "o2")
    sequencer.run_once()
    html = board(client, poll).content.decode()
    assert "40.0%" in html  # four ballots of ten
    table = re.findall(r'<th scope="row"><bdi>(.*?)</bdi></th>.*?<td class="n">(\d+)</td>', html)
    assert table[:2] == [("Project 2", "4"), ("Project 1", "1")]


def test_a_poll_that_hides_its_tallies_shows_turnout_only(voters, client: Client) -> None:
    poll = opened(voters, visibility=Poll.Visibility.TURNOUT)
    for voter in voters:
        make.cast(poll, voter, "o2")
    actions.tick(at=timezone.now())
    html = board(client, poll).content.decode()
    assert "Votes for each option are hidden for now." in html
    assert "Project 2" not in html
    assert "tally__row" not in html
    assert "50.0%" in html


def test_tallies_left_over_in_the_table_are_not_shown_while_hidden(voters, client: Client) -> None:
    poll = opened(voters, visibility=Poll.Visibility.TURNOUT)
    poll.board.tallies = {"o1": 3}
    poll.board.save()
    assert "Project 1" not in board(client, poll).content.decode()
    assert "Project 1" not in render_board(poll)


def test_htmx_gets_the_part_that_sockets_send(voters, client: Client) -> None:
    poll = opened(voters)
    part = board(client, poll, HX_Request="true")
    html = part.content.decode()
    assert "<html" not in html
    assert "Turnout" in html
    assert "HX-Request" in part["Vary"]
    assert "<h2" in render_board(poll)


def test_the_page_names_its_topic_and_the_last_message(voters, client: Client) -> None:
    poll = opened(voters)
    html = board(client, poll).content.decode()
    assert f'data-live-topic="board.{poll.public_id}" data-live-seq="{last_seq(poll.topic)}"' in html


def test_the_fragment_speaks_the_language_it_is_rendered_in(voters) -> None:
    poll = opened(voters)
    make.cast(poll, voters[0], "o1")
    sequencer.run_once()
    with translation.override("fa"):
        assert "طرح 1" in render_board(poll)
    with translation.override("en"):
        assert "Project 1" in render_board(poll)


def test_bars_grow_with_votes_and_never_beyond_the_whole() -> None:
    assert [charts.width(part, 200) for part in (0, 1, 100, 200, 300)] == [0, 5, 500, 1000, 1000]
    assert charts.width(1, 10**9) == 2  # one vote can be seen
    assert charts.width(3, 0) == 0


def test_stacked_stretches_add_up_exactly() -> None:
    segments = charts.stack([("a", 1), ("b", 1), ("c", 1)], 3)
    assert [(s.start, s.width) for s in segments] == [(0, 333), (333, 333), (666, 334)]


def test_a_qr_code_draws_exactly_the_dark_modules() -> None:
    drawn = charts.qr("https://vote.example.org/en/receipts/" + "0f" * 16)
    dark = set()
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawn.path):
        dark |= {(int(x) + step - 4, int(y) - 4) for step in range(int(run))}
    matrix = segno.make("https://vote.example.org/en/receipts/" + "0f" * 16, error="m", micro=False).matrix
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert drawn.size == len(matrix) + 8


def test_open_polls_come_first(voters, client: Client) -> None:
    process = make.process()
    done = make.poll(roll=make.roll(), process=process, title={"en": "Old question"}, status=Poll.Status.PUBLISHED)
    now = opened(voters, process=process, title={"en": "New question"})
    html = client.get(reverse("voting:poll-list")).content.decode()
    assert html.index("New question") < html.index("Old question")
    assert reverse("voting:ballot", args=[now.public_id]) in html
    assert reverse("voting:result", args=[done.public_id]) in html


def test_no_page_invites_to_vote_in_a_paused_poll(voters, client: Client) -> None:
    poll = opened(voters, title={"en": "Stopped question"})
    poll.paused = True
    poll.save()
    ballot, home = reverse("voting:ballot", args=[poll.public_id]), client.get(reverse("home")).content.decode()
    assert "Stopped question" not in home
    client.force_login(voters[0])
    for page in (
        reverse("voting:poll-list"),
        reverse("voting:board", args=[poll.public_id]),
        poll.process.get_absolute_url(),
        poll.get_absolute_url(),
        reverse("eligibility:mine"),
    ):
        html = client.get(page).content.decode()
        assert "Voting is paused" in html, page
        assert ballot not in html, page


def test_a_poll_that_was_closed_early_says_when_it_closed(voters, client: Client) -> None:
    poll = opened(voters)
    poll.status, poll.closed_at = Poll.Status.CLOSED, poll.closes_at - timedelta(days=2)
    poll.save()
    html = client.get(poll.get_absolute_url()).content.decode()
    assert f"until {moment(poll.closed_at)}" in html and moment(poll.closes_at) not in html


def test_a_process_says_when_voting_in_its_announced_poll_begins(voters, client: Client) -> None:
    poll = make.poll(roll=make.roll(*voters), status=Poll.Status.FROZEN)
    html = client.get(poll.process.get_absolute_url()).content.decode()
    assert "Voting begins on" in html and "Read the rules" in html
    assert "Being counted" not in html


def test_the_list_does_not_ask_the_database_for_every_poll(voters, client: Client, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    process, roll = make.process(), make.roll(*voters)
    for _ in range(6):
        make.poll(roll=roll, process=process, status=Poll.Status.PUBLISHED)
    with django_assert_max_num_queries(6):
        client.get(reverse("voting:poll-list"))


def test_a_poll_shows_ones_own_part_to_oneself_only(open_poll: Poll, ada, bo, client: Client) -> None:
    make.cast(open_poll, ada, "o3")
    address = open_poll.get_absolute_url()
    assert "Your ballot is cast" not in client.get(address).content.decode()
    client.force_login(bo)
    html = client.get(address).content.decode()
    assert "Your ballot is cast" not in html
    assert "not on the roll" in html
    client.force_login(ada)
    answer = client.get(address)
    assert "Your ballot is cast" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_an_option_has_a_page_of_its_own(open_poll: Poll, client: Client) -> None:
    html = client.get(reverse("voting:option-detail", args=[open_poll.public_id, "o2"])).content.decode()
    assert "Project 2" in html
    assert "30 <small>credits</small>" in html
    assert client.get(reverse("voting:option-detail", args=[open_poll.public_id, "o9"])).status_code == 404
