"""The ballot box, in this process and in one of its own."""

from __future__ import annotations

import hmac
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from ballotbox import Box, LocalBox, RemoteBox, box
from ballotbox.errors import BallotBoxAway, BallotBoxError, NoSuchKey, SealBroken
from ballotbox.local import commitment
from ballotbox.remote import receive, send
from ballotbox.server import OPERATIONS
from merkle.tree import leaf_hash
from tests.conftest import PROJECT

UIDS = [f"{number:032x}" for number in range(5)]


def start(keys: Path, socket: Path) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "KEYS_DIR": str(keys),
        "BALLOTBOX_SOCKET": str(socket),
        "DATABASE_URL": "sqlite:///:memory:",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "ballotbox"],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first == "The ballot box is open.\n", first + (process.stderr.read() if process.stderr else "")
    return process


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    assert process.wait(30) == 0
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[RemoteBox]:
    process = start(tmp_path / "keys", tmp_path / "box.socket")
    yield RemoteBox(str(tmp_path / "box.socket"))
    stop(process)


@pytest.fixture(params=["in this process", "in its own"])
def any_box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    made: Box = LocalBox(tmp_path / "keys") if request.param == "in this process" else request.getfixturevalue("served")
    made.make_secrets(poll="p1", with_nonce=True)
    return made


def prepared(made: Box, **changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "poll": "p1",
        "uid": UIDS[0],
        "bid": "0f" * 16,
        "revision": 0,
        "b": {"approve": ["o1"]},
        "sealed": False,
        "origin": "",
        "room": 800,
    }
    return made.prepare(**usual | changed)


def test_a_credential_is_what_the_specification_says(any_box: Box, tmp_path: Path) -> None:
    key = (tmp_path / "keys/polls/p1.key").read_bytes()
    credential = hmac.digest(key, bytes.fromhex(UIDS[0]), "sha256")
    assert prepared(any_box)["d"] == {"bid": "0f" * 16, "cred": credential.hex(), "rev": 0, "b": {"approve": ["o1"]}}
    (leaf,) = any_box.credential_leaves(poll="p1", uids=UIDS[:1])
    assert leaf == leaf_hash(sha256(credential).digest()).hex()


def test_the_list_of_credentials_is_sorted_and_does_not_say_whose_is_whose(any_box: Box) -> None:
    leaves = any_box.credential_leaves(poll="p1", uids=UIDS)
    assert leaves == sorted(leaves) == any_box.credential_leaves(poll="p1", uids=UIDS[::-1])


def test_who_took_part_is_told_place_by_place(any_box: Box) -> None:
    cast = [prepared(any_box, uid=UIDS[number])["d"]["cred"] for number in (1, 3)]
    assert any_box.participated(poll="p1", uids=UIDS, credentials=cast) == [False, True, False, True, False]


def test_what_was_shut_is_opened_and_nothing_else(any_box: Box) -> None:
    made = prepared(any_box, sealed=True)
    (content,) = any_box.unseal(poll="p1", bodies=[made["body"]])
    assert content == {"d": made["d"], "b": {"approve": ["o1"]}, "nonce": made["nonce"]}
    any_box.make_secrets(poll="p2", with_nonce=False)
    damaged = made["body"][:40] + ("A" if made["body"][40] != "A" else "B") + made["body"][41:]
    for poll, body in (("p2", made["body"]), ("p1", damaged), ("p1", "AAAA"), ("p1", "no base64!")):
        with pytest.raises(SealBroken):
            any_box.unseal(poll=poll, bodies=[body])


def test_equal_ballots_are_shut_differently_and_all_bodies_have_one_length(any_box: Box) -> None:
    bodies = [prepared(any_box)["body"], prepared(any_box)["body"], prepared(any_box, b={"approve": []})["body"]]
    assert len(set(bodies)) == 3
    assert len({len(body) for body in bodies}) == 1


def test_tags_lead_neither_to_credentials_nor_to_receipt_numbers_nor_to_other_polls(any_box: Box) -> None:
    any_box.make_secrets(poll="p2", with_nonce=False)
    here, there = prepared(any_box), prepared(any_box, poll="p2")
    assert here["tag"] == any_box.tag(poll="p1", uid=UIDS[0]) == prepared(any_box, revision=1, bid="aa" * 16)["tag"]
    assert here["bid_tag"] == any_box.bid_tag(poll="p1", bid="0f" * 16)
    values = [here["tag"], here["bid_tag"], here["d"]["cred"], there["tag"], there["bid_tag"], there["d"]["cred"]]
    assert len(set(values)) == 6


def test_a_commitment_opens_with_its_nonce_and_binds_poll_voter_revision_and_choice(any_box: Box) -> None:
    made = prepared(any_box, sealed=True)
    assert "b" not in made["d"]
    right: dict[str, Any] = {
        "poll": "p1",
        "credential": bytes.fromhex(made["d"]["cred"]),
        "revision": 0,
        "nonce": bytes.fromhex(made["nonce"]),
        "b": {"approve": ["o1"]},
    }
    assert commitment(**right) == made["d"]["c"]
    others: list[dict[str, Any]] = [
        {"poll": "p2"},
        {"credential": bytes(32)},
        {"revision": 1},
        {"nonce": bytes(32)},
        {"b": {"approve": []}},
    ]
    for other in others:
        assert commitment(**right | other) != made["d"]["c"]
    assert prepared(any_box, sealed=True, bid="aa" * 16)["nonce"] != made["nonce"]
    assert prepared(any_box, sealed=True)["d"] == made["d"], "the same form makes the same commitment"


def test_the_commitment_is_the_one_of_the_published_vector() -> None:
    assert (
        commitment(
            poll="p1",
            credential=bytes(range(32)),
            revision=0,
            nonce=bytes(range(100, 132)),
            b={"rank": [["o3"], ["o1", "o2"]]},
        )
        == "7208b8a201d4babc51026a29ae54f952a168f01af9aecc6c6a392059645cecb7"
    )


def test_a_destroyed_key_opens_nothing_and_is_not_made_again(any_box: Box) -> None:
    body = prepared(any_box)["body"]
    assert any_box.holds_key(poll="p1")
    any_box.destroy_key(poll="p1")
    assert not any_box.holds_key(poll="p1")
    for question in (lambda: any_box.unseal(poll="p1", bodies=[body]), lambda: prepared(any_box)):
        with pytest.raises(NoSuchKey):
            question()


@pytest.mark.parametrize("poll", ["../p1", "", "p/1", "پ"])
def test_a_poll_is_no_path(any_box: Box, poll: str) -> None:
    with pytest.raises(NoSuchKey):
        any_box.tag(poll=poll, uid=UIDS[0])


def test_secrets_are_made_once(any_box: Box) -> None:
    before = (prepared(any_box)["d"], any_box.nonce(poll="p1"))
    any_box.make_secrets(poll="p1", with_nonce=True)
    assert (prepared(any_box)["d"], any_box.nonce(poll="p1")) == before


def test_both_boxes_on_the_same_files_are_the_same(served: RemoteBox, tmp_path: Path) -> None:
    served.make_secrets(poll="p1", with_nonce=True)
    here = LocalBox(tmp_path / "keys")
    one, other = prepared(served, sealed=True), prepared(here, sealed=True)
    assert one.pop("body") != other.pop("body")
    assert one == other
    assert served.receipt_public_key() == here.receipt_public_key()
    assert served.sign_receipt(message="م") == here.sign_receipt(message="م")


def test_more_ballots_than_fit_into_a_frame_are_opened_in_their_order(
    served: RemoteBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ballotbox.remote.CHUNK", 2)
    served.make_secrets(poll="p1", with_nonce=False)
    made = [prepared(served, bid=f"{number:032x}") for number in range(5)]
    opened = served.unseal(poll="p1", bodies=[one["body"] for one in made])
    assert [one["d"]["bid"] for one in opened] == [f"{number:032x}" for number in range(5)]


def test_a_box_that_is_away_is_a_refusal_to_the_voter_and_comes_back(tmp_path: Path) -> None:
    keys, socket = tmp_path / "keys", tmp_path / "box.socket"
    remote = RemoteBox(str(socket))
    with pytest.raises(BallotBoxAway):
        remote.holds_key(poll="p1")
    process = start(keys, socket)
    remote.make_secrets(poll="p1", with_nonce=False)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    with pytest.raises(BallotBoxAway):
        prepared(remote)
    process = start(keys, socket)  # takes over the socket that the dead one left behind
    assert prepared(remote)["d"]["rev"] == 0
    stop(process)
    assert not socket.exists()


def test_a_second_box_on_the_same_socket_does_not_start(served: RemoteBox, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="A ballot box answers on"):
        start(tmp_path / "keys", tmp_path / "box.socket")
    assert not served.holds_key(poll="p1")


def test_only_named_operations_are_answered_and_a_fault_says_nothing_of_the_question(served: RemoteBox) -> None:
    odd = (b'{"do":"_key","with":{"poll":"p1"}}', b'{"do":"__class__","with":{}}', b"[]", b"{", b'{"do":"tag","with":{}}')
    for question in odd:
        connection = served._connect()
        send(connection, question)
        assert receive(connection) in (
            b'{"refused": "BallotBoxError", "why": "ValueError"}',
            b'{"refused": "BallotBoxError", "why": "TypeError"}',
            b'{"refused": "BallotBoxError", "why": "JSONDecodeError"}',
        )
        connection.close()
    with pytest.raises(BallotBoxError):
        served._ask("sign", message="x")


def test_every_operation_is_offered_by_both_boxes() -> None:
    for name in OPERATIONS:
        assert callable(getattr(LocalBox, name))
        assert callable(getattr(RemoteBox, name))


def test_a_key_is_on_the_disk_with_its_folder_before_any_ballot_depends_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, really = set(), os.fsync

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    LocalBox(tmp_path).make_secrets(poll="p1", with_nonce=False)
    polls = tmp_path / "polls"
    assert {path.stat().st_ino for path in (polls / "p1.key", polls, tmp_path)} <= synced


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    here = LocalBox(tmp_path)
    here.make_secrets(poll="p1", with_nonce=False)
    assert (tmp_path / "polls/p1.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "polls/p1.key").chmod(0o640)
    with pytest.raises(ImproperlyConfigured, match="chmod 600"):
        here.tag(poll="p1", uid=UIDS[0])


def test_the_setting_says_which_box_it_is(settings: Any, tmp_path: Path) -> None:
    assert isinstance(box(), LocalBox)
    settings.BALLOTBOX_SOCKET = str(tmp_path / "s")
    assert isinstance(box(), RemoteBox)
