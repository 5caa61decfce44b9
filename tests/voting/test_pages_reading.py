"""What the pages around a poll say when its state changes, and where the next step stands."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from common.templatetags import text
from tests import make
from votelog import log, sequencer
from voting import actions
from voting.models import Poll


def page(client: Client, name: str, poll: Poll, *more: object) -> str:
    return client.get(reverse(f"voting:{name}", args=[poll.public_id, *more])).content.decode()


@pytest.fixture
def poll(db: None) -> Poll:
    """Open, with one ballot for o1 and one for o2."""
    people = make.users(2)
    opened = actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=1), by=None)
    make.cast(opened, people[0], "o1")
    make.cast(opened, people[1], "o2")
    return opened


def test_the_way_to_vote_stands_before_the_list_of_options(poll: Poll, client: Client) -> None:
    html = page(client, "poll-detail", poll)
    assert html.index("Fill in a ballot") < html.index('<ul class="list-rows">')


def test_only_an_open_poll_says_that_a_ballot_may_be_changed(poll: Poll, client: Client) -> None:
    assert "You may change your ballot" in page(client, "poll-detail", poll)
    make.published(poll)
    assert "You may change your ballot" not in page(client, "poll-detail", poll)


def test_the_board_of_a_decided_poll_is_not_live_and_leads_to_the_result(poll: Poll, client: Client) -> None:
    assert "data-live-topic" in page(client, "board", poll)
    make.published(poll)
    html = page(client, "board", poll)
    assert "data-live-topic" not in html
    assert "Pause updates" not in html
    assert "live.js" not in html
    assert reverse("voting:result", args=[poll.public_id]) in html


def test_the_page_of_an_option_says_the_same_word_as_the_result(poll: Poll, client: Client) -> None:
    make.published(poll)
    assert "Funded" in page(client, "option-detail", poll, "o1")
    assert "Selected" not in page(client, "option-detail", poll, "o1")
    assert "Selected" not in page(client, "result", poll)


def test_an_option_of_a_closed_poll_without_costs_has_something_in_its_panel(db: None, client: Client) -> None:
    ada = make.user("ada@example.org")
    opened = actions.open_poll(poll=make.poll(roll=make.roll(ada), costs=(1, 1), budget=1, mix_k=1), by=None)
    actions.close_poll(poll=opened, by=None, at=opened.closes_at)
    assert "The ballots are being counted" in page(client, "option-detail", opened, "o1")


def test_an_imported_poll_claims_no_turnout(poll: Poll, client: Client) -> None:
    make.published(poll)
    Poll.objects.filter(pk=poll.pk).update(source={"name": "round.pb", "sha256": "0" * 64})
    for name in ("poll-detail", "board", "result"):
        html = page(client, name, poll)
        assert "2 ballots from a published file" in html, name
        assert "from 2 voters" not in html, name


def test_what_is_shared_of_a_poll_is_its_title_and_question(poll: Poll, client: Client) -> None:
    Poll.objects.filter(pk=poll.pk).update(title={"en": 'Parks & "paths"'}, question={"en": "Which ones?"})
    html = page(client, "poll-detail", poll)
    assert '<meta property="og:title" content="Parks &amp; &quot;paths&quot;">' in html
    assert '<meta property="og:description" content="Which ones?">' in html
    assert client.get("/en/").content.decode().count('property="og:title"') == 1


def test_the_paper_receipt_says_where_to_look_it_up(poll: Poll, client: Client) -> None:
    sequencer.run_once()
    (entry, *_) = log.entries(poll.public_id, kind="ballot.cast")
    html = client.get(reverse("voting:receipt", args=[entry["d"]["bid"]])).content.decode()
    assert "http://testserver/en/receipts/</bdi>" in html


def test_the_persian_per_cent_sign_does_not_change_sides_with_the_text_around_it() -> None:
    with translation.override("fa"):
        assert text.percent(1, 2) == "\u061c۵۰٫۰٪"
