"""Finding a ballot again by its receipt number."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from votelog import log, sequencer
from voting import actions
from voting.models import Poll

BID = "0123456789abcdef" * 2
FIND = "/en/receipts/"


def page(client: Client, bid: str = BID):  # type: ignore[no-untyped-def]
    return client.get(reverse("voting:receipt", args=[bid]))


@pytest.mark.parametrize(
    "typed",
    [BID, "0123 4567 89ab cdef 0123 4567 89ab cdef", BID.upper(), "۰۱۲۳ ۴۵۶۷ ۸۹ab cdef ۰۱۲۳-۴۵۶۷-۸۹AB-CDEF"],
)
def test_a_number_is_found_however_it_is_typed(open_poll: Poll, ada, client: Client, typed: str) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    answer = client.post(FIND, {"bid": typed})
    assert answer.status_code == 302
    assert answer["Location"] == reverse("voting:receipt", args=[BID])


@pytest.mark.parametrize("typed", ["", "0123", "g" * 32, "0" * 33])
def test_what_is_not_a_number_is_explained(db: None, client: Client, typed: str) -> None:
    answer = client.post(FIND, {"bid": typed})
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()


def test_an_unknown_number_is_answered_kindly(db: None, client: Client) -> None:
    answer = page(client)
    assert answer.status_code == 404
    assert "There is no ballot with this number." in answer.content.decode()


def test_a_ballot_is_promised_then_in_the_log_then_counted(roll, ada, client: Client) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)
    make.cast(poll, ada, "o1", bid=BID)
    assert "Your ballot waits for its group" in page(client).content.decode()
    assert client.get(reverse("voting:receipt-proof", args=[BID])).status_code == 404
    sequencer.run_once()
    html = page(client).content.decode()
    assert "Your ballot is in the public log" in html
    assert "Project 1" in html
    make.published(poll)
    assert "Your ballot was counted" in page(client).content.decode()


def test_there_is_no_proof_while_no_checkpoint_covers_the_ballot(roll, ada, client: Client) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)
    sequencer.run_once()
    make.cast(poll, ada, "o1", bid=BID)
    sequencer.append(log.current_shard(), [poll.public_id])  # and there the sequencer dies
    assert "Your ballot waits for its group" in page(client).content.decode()
    assert client.get(reverse("voting:receipt-proof", args=[BID])).status_code == 404


@pytest.mark.parametrize("path", ["/en/receipts/a%00b/", "/en/polls/x%00/", "/en/receipts/x%00/proof"])
def test_addresses_that_no_database_could_hold_are_not_found(db: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_replaced_ballot_says_so(roll, ada, client: Client) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)
    make.cast(poll, ada, "o1", bid=BID)
    make.cast(poll, ada, "o2")
    sequencer.run_once()
    assert "A later ballot took the place of this one" in page(client).content.decode()


def test_the_proof_is_a_file_that_names_the_entry(roll, ada, client: Client) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)
    make.cast(poll, ada, "o1", bid=BID)
    sequencer.run_once()
    answer = client.get(reverse("voting:receipt-proof", args=[BID]))
    assert answer.status_code == 200
    assert answer.content.startswith(b"c2sp.org/tlog-proof@v1\n")
    assert "attachment" in answer["Content-Disposition"]


def test_receipts_are_kept_from_caches_and_search_engines(open_poll: Poll, ada, client: Client) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    answer = page(client)
    assert "no-store" in answer["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in answer.content.decode()


def test_the_receipt_says_nothing_about_the_person(open_poll: Poll, ada, client: Client) -> None:
    make.cast(open_poll, ada, "o1", bid=BID, at=timezone.now())
    html = page(client).content.decode()
    assert ada.display_name not in html
    assert ada.email not in html
    assert ada.uid not in html


def test_no_log_of_the_server_remembers_which_receipt_was_asked_for(
    open_poll: Poll, ada, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    client.get(reverse("voting:receipt-proof", args=[BID]))
    client.get(reverse("voting:receipt", args=["ab" * 16]))
    assert caplog.text == ""
