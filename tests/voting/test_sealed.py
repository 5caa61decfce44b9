"""Sealed polls: what the log shows while they are open, and what it shows afterwards."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from django.utils import timezone

from ballotbox.local import commitment
from tests import make
from votelog import log, sequencer
from votelog.actions import get_blob
from voting import actions, tabulate
from voting.models import Poll
from voting.standing import find_receipt, standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Any]:
    return make.users(6)


@pytest.fixture
def sealed(people: list[Any]) -> Poll:
    poll = make.poll(roll=make.roll(*people), visibility=Poll.Visibility.SEALED, mix_k=2)
    return actions.open_poll(poll=poll, by=None)


def cast(poll: Poll) -> list[dict[str, Any]]:
    return [entry["d"] for entry in log.entries(poll.public_id, kind="ballot.cast")]


def openings(poll: Poll) -> list[dict[str, Any]]:
    (entry,) = log.entries(poll.public_id, kind="openings.published")
    data = get_blob(entry["d"]["sha256"])
    assert (len(data), sha256(data).hexdigest()) == (entry["d"]["bytes"], entry["d"]["sha256"])
    return [json.loads(line) for line in data.splitlines()]


def test_the_log_of_an_open_sealed_poll_shows_commitments_and_no_choice(sealed: Poll, people: list[Any]) -> None:
    receipts = [make.cast(sealed, person, "o1") for person in people]
    sequencer.run_once()
    shown = cast(sealed)
    assert len(shown) == 4, "groups of two, and two stay behind"
    assert all(set(d) == {"bid", "cred", "rev", "c"} for d in shown)
    assert len({d["c"] for d in shown}) == 4, "equal ballots cannot be told to be equal"
    assert {d["c"] for d in shown} <= {receipt.d["c"] for receipt in receipts}


def test_the_voter_can_open_the_commitment_and_nobody_else_before_the_close(sealed: Poll, people: list[Any]) -> None:
    receipt = make.cast(sealed, people[0], "o2")
    assert receipt.nonce is not None
    made = commitment(
        poll=sealed.public_id,
        credential=bytes.fromhex(receipt.d["cred"]),
        revision=0,
        nonce=bytes.fromhex(receipt.nonce),
        b={"approve": ["o2"]},
    )
    assert made == receipt.d["c"] == receipt.file["d"]["c"]
    assert standing(sealed, people[0]).choice == {"approve": ["o2"]}


def test_a_receipt_number_that_stands_in_the_log_does_not_show_the_ballot(sealed: Poll, people: list[Any]) -> None:
    receipt = make.cast(sealed, people[0], "o2")
    waiting = find_receipt(receipt.bid)
    assert waiting is not None and waiting.choice == {"approve": ["o2"]}, "only the voter knows the number by now"
    for person in people[1:]:
        make.cast(sealed, person, "o1")
    sequencer.run_once()
    for d in cast(sealed):
        found = find_receipt(d["bid"])
        assert found is not None and (found.state, found.choice) == ("in_log", None)


def test_neither_board_nor_anything_else_shows_tallies_before_the_result(sealed: Poll, people: list[Any]) -> None:
    for person in people:
        make.cast(sealed, person, "o1")
    sequencer.run_once()
    actions.tick(at=timezone.now())
    sealed.board.refresh_from_db()
    assert (sealed.board.turnout, sealed.board.tallies) == (4, {})
    make.published(sealed)
    sealed.board.refresh_from_db()
    assert sealed.board.tallies["o1"] == 6


def test_after_the_close_every_ballot_that_counts_is_opened_and_no_other(sealed: Poll, people: list[Any]) -> None:
    first = make.cast(sealed, people[0], "o1")
    last = [make.cast(sealed, person, "o2") for person in people]
    poll = make.published(sealed)
    opened = {opening["bid"]: opening for opening in openings(poll)}
    assert set(opened) == {receipt.bid for receipt in last}
    assert first.bid not in opened
    assert list(opened) == sorted(opened)
    for receipt in last:
        assert opened[receipt.bid] == {"bid": receipt.bid, "b": {"approve": ["o2"]}, "nonce": receipt.nonce}
        found = find_receipt(receipt.bid)
        assert found is not None and (found.state, found.choice) == ("counted", {"approve": ["o2"]})
    replaced = find_receipt(first.bid)
    assert replaced is not None and (replaced.state, replaced.choice) == ("replaced", None)


def test_the_result_is_counted_from_what_was_opened(sealed: Poll, people: list[Any]) -> None:
    for person, choice in zip(people, ("o1", "o1", "o2", "o3", "o3", "o3"), strict=True):
        make.cast(sealed, person, choice)
    poll = make.published(sealed)
    assert tabulate.profile_of(tabulate.counted(poll)).groups == {
        ("o1",): 2,
        ("o2",): 1,
        ("o3",): 3,
    }
    assert poll.results.get().outcome["input"]["ballots"] == 6
    kinds = [entry["type"] for entry in log.entries(poll.public_id)]
    assert kinds[-4:] == ["poll.closed", "openings.published", "participation.published", "tally.published"]
    (config,) = log.entries(poll.public_id, kind="poll.created")
    assert (config["d"]["ballots"], config["d"]["visibility"]) == ("sealed", "sealed")


def test_the_same_form_sent_twice_gets_the_same_receipt(sealed: Poll, people: list[Any]) -> None:
    once, again = (make.cast(sealed, people[0], "o1", bid="0f" * 16, revision=0) for _ in range(2))
    assert again.replayed
    assert (once.d, once.nonce, once.promise) == (again.d, again.nonce, again.promise)
