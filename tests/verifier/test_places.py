"""What single people hold: receipt files, notes typed off, promises of extended polls, and places on the roll."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.attacks_on_events import at
from tests.verifier.test_events import failed
from tests.verifier.writelog import NOW, Memory, Scene, cast, eventful, finished, open_log, open_poll, path, root, sha
from verifier import __main__ as verifier

Capture = pytest.CaptureFixture[str]


def receipt(raw: bytes, source: Any, now: int = NOW, **noted: Any) -> verifier.Report:
    typed = verifier.Noted(**noted) if noted else None
    return verifier.verify_receipt(raw, source, verifier.Asked(now=now), verifier.Progress(), typed)


def ballot(scene: Scene, number: int, rev: int = 0) -> tuple[int, dict[str, Any]]:
    """Index and `d` of a ballot of p1."""
    bid = cast(number, "", rev)["bid"]
    return next((i, e["d"]) for i, e in enumerate(scene.entries) if e["poll"] == "p1" and e["d"].get("bid") == bid)


# --------------------------------------------------------------------------------------------------------- receipt files


@pytest.mark.parametrize("visibility", ["live", "sealed"])
def test_a_receipt_file_passes_against_the_log_and_reads_the_ballot_out(visibility: str, tmp_path: Path, capsys: Capture) -> None:
    scene = finished(visibility=visibility).seal()
    index, d = ballot(scene, 1)
    file = tmp_path / "receipt.json"
    file.write_bytes(scene.receipt(d, NOW - 9))
    assert verifier.main(["receipt", str(file), "--url", str(scene.write(tmp_path / "log"))]) == 0
    out = capsys.readouterr().out
    assert f"promise kept: the ballot is entry {index}" in out
    assert "o2 (Project o2 / پروژه o2); o3 (Project" in out
    assert ("its commitment holds what was noted" in out) == (visibility == "sealed")
    assert verifier.main(["receipt", str(file)]) == 2  # nobody looked into the log


def test_a_receipt_of_a_ballot_that_waits_for_its_group_is_not_due_yet() -> None:
    scene = open_log()
    open_poll(scene)
    scene.seal()
    d = cast(4, "o1")
    report = receipt(scene.receipt(d, NOW + 60), scene.memory())
    assert report.verdict == "cannot tell"
    assert any("promised, not yet due" in sentence for sentence in report.undecided)


@pytest.mark.parametrize(
    "change",
    [
        {"b": {"approve": ["o5"]}},
        {"nonce": "0" * 64},
        {"poll": "p2"},
        {"v": 2},
        {"d": {}},
        {"more": 1},
        {"promise": "x"},
        {"b": {"approve": [1]}},
        {"d": cast(5, "o1")},
    ],
)
def test_a_receipt_file_whose_parts_do_not_fit_each_other_fails(change: dict[str, Any]) -> None:
    scene = finished(visibility="sealed").seal()
    _, d = ballot(scene, 1)
    file = {**json.loads(scene.receipt(d, NOW - 9)), **change}
    assert failed(receipt(json.dumps(file).encode(), scene.memory())) == {"C20"}


def test_a_receipt_of_another_poll_than_its_ballot_stands_in_fails() -> None:
    scene = finished().seal()
    _, d = ballot(scene, 1)
    assert failed(receipt(scene.receipt(d, NOW - 9, poll="p2"), scene.memory())) == {"C20"}


@pytest.mark.parametrize("raw", [b"{", b"{}", b"[]", b'{"v":1.5}', b"{" * 70_000])
def test_a_receipt_file_of_garbage_fails(raw: bytes) -> None:
    assert failed(receipt(raw, None)) == {"C20"}


def test_what_became_of_a_ballot_is_told() -> None:
    scene = finished("irv-v1").seal()
    report = receipt(scene.receipt(ballot(scene, 3)[1], NOW), scene.memory())
    assert (report.poll["replaced"], report.poll["voided"]) == (True, False)
    scene = eventful(visibility="sealed").seal()
    report = receipt(scene.receipt(ballot(scene, 2)[1], NOW), scene.memory())
    assert (report.verdict, report.poll["voided"]) == ("pass", True)
    assert "It was voided." in verifier.show(report)


# -------------------------------------------------------------------------------------------------- notes that were typed


def test_a_sealed_proof_is_compared_with_what_the_voter_noted(tmp_path: Path, capsys: Capture) -> None:
    scene = finished(visibility="sealed").seal()
    index, d = ballot(scene, 1)
    secret = scene.openings[d["bid"]]
    (tmp_path / "proof").write_bytes(scene.proof(index))
    argv = ["receipt", str(tmp_path / "proof"), "--vkey", scene.signer.vkey]
    noted = ["--ballot", json.dumps(secret["b"]), "--nonce", secret["nonce"].upper()]
    assert verifier.main([*argv, *noted]) == 0
    assert "its commitment holds what was noted" in capsys.readouterr().out
    assert verifier.main(argv) == 0
    assert "is sealed (commitment " in capsys.readouterr().out
    assert verifier.main([*argv, "--ballot", '{"approve":["o5"]}', "--nonce", secret["nonce"]]) == 1
    assert verifier.main([*argv, "--ballot", json.dumps(secret["b"]), "--nonce", "0" * 64]) == 1
    assert verifier.main([*argv, "--ballot", json.dumps(secret["b"])]) == 2
    for wrong in (["--nonce", "0" * 64], ["--ballot", "x"], ["--ballot", "{}"], [*noted[:2], "--nonce", "zz"]):
        assert verifier.main([*argv, *wrong]) == 3


def test_a_live_proof_and_a_promise_are_compared_with_what_was_noted() -> None:
    scene = finished().seal()
    index, d = ballot(scene, 1)
    for raw in (scene.proof(index), scene.promise(d, NOW)):
        assert receipt(raw, scene.memory(), b=d["b"]).verdict == "pass"
        assert failed(receipt(raw, scene.memory(), b={"approve": []})) == {"C20"}


# --------------------------------------------------------------------------------------------------- extended polls


def extended() -> Scene:
    scene = open_log()
    open_poll(scene, closes_at=NOW)
    open_poll(scene, poll="p2")
    scene.act("poll.extended", closes_at=NOW + 1000)
    scene.act("incident.declared", poll="", code="outage", at=NOW + 90_000)
    return scene.seal()


@pytest.mark.parametrize(("poll", "now", "verdict"), [
    ("p1", NOW + 4600, "cannot tell"),
    ("p1", NOW + 4601, "fail"),
    ("p2", NOW + 3700, "fail"),
])  # fmt: skip
def test_a_receipt_of_an_extended_poll_falls_due_later(poll: str, now: int, verdict: str) -> None:
    scene = extended()
    assert receipt(scene.receipt(cast(3, "o1"), NOW + 3600, poll=poll), scene.memory(), now).verdict == verdict


@pytest.mark.parametrize(("now", "verdict"), [(NOW + 4600, "cannot tell"), (NOW + 4601, "fail")])
def test_a_bare_promise_cannot_be_called_broken_while_some_poll_is_extended(now: int, verdict: str) -> None:
    scene = extended()
    assert receipt(scene.promise(cast(3, "o1"), NOW + 3600), scene.memory(), now).verdict == verdict


def test_a_copy_of_the_log_from_before_the_deadline_shows_no_broken_promise() -> None:
    scene = finished().seal()
    assert receipt(scene.promise(cast(19, "o1"), NOW), scene.memory(), NOW + 9).verdict == "cannot tell"
    assert receipt(scene.promise(cast(19, "o1"), NOW - 1), scene.memory(), NOW + 9).verdict == "fail"


# --------------------------------------------------------------------------------------------------- places on the roll


SALTS = [hashlib.sha256(b"salt %d" % i).hexdigest()[:32] for i in range(65)]
UIDS = [hashlib.sha256(b"uid %d" % i).hexdigest()[:32] for i in range(65)]


def with_roll() -> tuple[Scene, list[bytes]]:
    """The eventful log over a real roll: 60 places, then five more."""
    scene = eventful()
    leaves = [
        hashlib.sha256(b"\0roll/v1" + bytes.fromhex(salt) + bytes.fromhex(uid)).digest()
        for salt, uid in zip(SALTS, UIDS, strict=True)
    ]
    scene.d("roll.committed")["root"] = root(leaves[:60]).hex()
    scene.d("roll.changed")["added_root"] = root(leaves[60:]).hex()
    return scene.seal(), leaves


def place_file(leaves: list[bytes], number: int, **change: Any) -> bytes:
    batch = leaves[60:] if number >= 60 else leaves[:60]
    index = number - 60 if number >= 60 else number
    file = {"v": 1, "poll": "p1", "roll": "r1", "index": index, "count": len(batch), "salt": SALTS[number], "uid": UIDS[number]}
    if number >= 60:
        file["batch"] = 1
    return json.dumps({**file, "hashes": [h.hex() for h in path(batch, index)], **change}).encode()


def placed(raw: bytes, source: Any) -> verifier.Report:
    return verifier.verify_place(raw, source, verifier.Asked(now=NOW), verifier.Progress())


@pytest.mark.parametrize(("number", "voted"), [(0, True), (2, True), (7, False), (59, False), (61, True), (62, False)])
def test_a_place_says_that_it_is_on_the_roll_and_whether_it_cast(number: int, voted: bool) -> None:
    scene, leaves = with_roll()
    report = placed(place_file(leaves, number), scene.memory())
    assert report.verdict == "pass", report.checks
    assert (report.poll["place"], report.poll["voted"]) == (number, voted)
    assert ("A ballot was cast from it." in verifier.show(report)) == voted


@pytest.mark.parametrize(
    "change",
    [
        {"salt": "0" * 32},
        {"uid": "0" * 32},
        {"index": 4},
        {"count": 61},
        {"roll": "r2"},
        {"batch": 1},
        {"batch": 9},
        {"hashes": []},
        {"hashes": ["0" * 64] * 6},
        {"v": 2},
        {"name": "x"},
        {"index": "3"},
    ],
)
def test_a_place_that_is_not_on_the_committed_roll_fails(change: dict[str, Any]) -> None:
    scene, leaves = with_roll()
    assert failed(placed(place_file(leaves, 3, **change), scene.memory())) == {"C20"}


def test_the_place_command_needs_a_source_and_says_who_cast(tmp_path: Path, capsys: Capture) -> None:
    scene, leaves = with_roll()
    (tmp_path / "place.json").write_bytes(place_file(leaves, 61))
    argv = ["place", str(tmp_path / "place.json")]
    assert verifier.main(argv) == 3
    assert verifier.main([*argv, "--url", str(scene.write(tmp_path / "log"))]) == 0
    assert "Place 61 of the roll r1: A ballot was cast from it. Is that so?" in capsys.readouterr().out


def test_a_place_in_an_open_poll_does_not_know_yet_and_one_of_no_poll_cannot_be_told() -> None:
    scene, leaves = with_roll()
    scene.entries[at(scene, "poll.closed") :] = []
    report = placed(place_file(leaves, 0), scene.seal().memory())
    assert (report.verdict, report.poll["voted"]) == ("pass", None)
    assert placed(place_file(leaves, 0, poll="p7"), scene.memory()).verdict == "cannot tell"


def test_a_participation_bit_turned_for_one_place_is_seen_by_whoever_did_not_vote() -> None:
    """Who did not vote finds the bit set: the only trace of a ghost ballot."""
    scene, leaves = with_roll()
    name = scene.d("participation.published")["bitmap_sha256"]
    bits = bytearray(scene.blobs[name])
    bits[0] ^= 0b01000001  # place 1 cast and is called absent, place 7 the other way round
    scene.d("participation.published")["bitmap_sha256"] = scene.blob(bytes(bits))
    report = placed(place_file(leaves, 7), Memory(scene.seal().files()))
    assert (report.verdict, report.poll["voted"]) == ("pass", True)
    assert sha(bytes(bits)) != name
