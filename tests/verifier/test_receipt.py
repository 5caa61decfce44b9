"""Receipts: a proof or a promise, alone and against the log as it stands today."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.attacks import casts, drop, redo_close
from tests.verifier.test_poll import failed
from tests.verifier.writelog import ORIGIN, Scene, Signer, cast, finished
from verifier import __main__ as verifier

NAME = ORIGIN + "/receipt"
RECEIPT_KEY = Signer(NAME, 2).vkey


def check(raw: bytes, base: Path | str | None, *vkeys: str, now: int | None = None) -> verifier.Report:
    asked = verifier.Asked(vkeys) if now is None else verifier.Asked(vkeys, now=now)
    return verifier.verify_receipt(raw, None if base is None else str(base), asked, verifier.Progress())


def fails(report: verifier.Report) -> set[str]:
    return failed({"checks": report.checks})


@pytest.fixture
def scene() -> Scene:
    return finished("pb-mes-v1").seal()


def test_a_proof_passes_with_the_key_and_reads_the_ballot_out(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "receipt").write_bytes(scene.proof(5))
    assert verifier.main(["receipt", str(tmp_path / "receipt"), "--vkey", scene.signer.vkey]) == 0
    out = capsys.readouterr().out
    assert f"{casts(scene)[0]['d']['bid']} approves: o1; o2\n" in out
    assert out.endswith("\nPASS\n")
    assert verifier.main(["receipt", str(tmp_path / "receipt"), "--url", str(scene.write(tmp_path / "log"))]) == 0
    assert "o1 (Project o1 / پروژه o1); o2 (Project o2" in capsys.readouterr().out


def test_a_blank_ballot_and_a_replaced_one_are_called_so(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = scene.write(tmp_path / "log")
    for index, words in ((7, "nothing (a blank ballot)"), (8, "A later ballot with the same credential replaces it.")):
        (tmp_path / "receipt").write_bytes(scene.proof(index))
        assert verifier.main(["receipt", str(tmp_path / "receipt"), "--url", str(log)]) == 0
        assert words in capsys.readouterr().out


def test_a_proof_without_a_key_cannot_be_told(scene: Scene) -> None:
    report = check(scene.proof(5), None)
    assert report.verdict == "cannot tell"
    assert not fails(report)


def test_a_proof_of_every_ballot_passes_and_none_survives_damage(scene: Scene) -> None:
    chance = random.Random(3)
    for index in range(5, 22):
        raw = scene.proof(index)
        assert check(raw, None, scene.signer.vkey).verdict == "pass"
        for _ in range(6):
            bit = chance.randrange(8 * len(raw))
            damaged = bytearray(raw)
            damaged[bit // 8] ^= 1 << bit % 8
            assert check(bytes(damaged), None, scene.signer.vkey).verdict == "fail", (index, bit)


def test_a_proof_for_something_else_than_a_ballot_fails(scene: Scene) -> None:
    assert fails(check(scene.proof(4), None, scene.signer.vkey)) == {"C6"}


def test_a_proof_signed_by_another_log_fails(scene: Scene) -> None:
    assert fails(check(scene.proof(5), None, Signer(ORIGIN, 9).vkey)) == {"C2"}
    assert fails(check(scene.proof(5), None, Signer("other.example/log").vkey)) == {"C1"}


def test_an_old_proof_still_holds_when_the_log_has_grown(scene: Scene, tmp_path: Path) -> None:
    early = Scene(entries=scene.entries[:14]).seal()
    assert check(early.proof(6), scene.write(tmp_path)).verdict == "pass"


def test_the_perfect_fraud_is_caught_by_the_old_receipt(scene: Scene, tmp_path: Path) -> None:
    """A ballot dropped and all that follows made again: every check of the poll passes, and the voter's file does not."""
    old = scene.proof(6)
    bystander = scene.proof(9)
    drop(scene)
    redo_close(scene)
    scene.seal().write(tmp_path)
    assert verifier.main(["poll", str(tmp_path), "p1"]) == 0
    for receipt in (old, bystander):
        report = check(receipt, tmp_path)
        assert fails(report) == {"C4"}
        assert "evidence" in str(report.checks)


def test_a_promise_kept_passes_and_names_the_entry(scene: Scene, tmp_path: Path) -> None:
    raw = scene.promise(casts(scene)[0]["d"], 1000)
    report = check(raw, scene.write(tmp_path), RECEIPT_KEY, now=5000)
    assert report.verdict == "pass"
    assert "entry 5" in str(report.checks)
    assert report.poll["approve"] == ["o1", "o2"]


def test_a_promise_not_due_yet_cannot_be_told_and_a_broken_one_is_evidence(scene: Scene, tmp_path: Path) -> None:
    raw, log = scene.promise(cast(19, "o4"), 1000), scene.write(tmp_path)
    report = check(raw, log, RECEIPT_KEY, now=1000)
    assert report.verdict == "cannot tell"
    assert "promised, not yet due" in str(report.undecided)
    report = check(raw, log, RECEIPT_KEY, now=1001)
    assert fails(report) == {"C20"}
    assert "This file is evidence" in str(report.checks)


def test_a_promise_alone_shows_only_that_it_was_signed(scene: Scene) -> None:
    raw = scene.promise(cast(19, "o4"), 1000)
    assert check(raw, None, RECEIPT_KEY).verdict == "cannot tell"
    assert check(raw, None).verdict == "cannot tell"
    assert fails(check(raw, None, Signer(NAME, 9).vkey)) == {"C2"}


def test_no_damaged_promise_passes(scene: Scene, tmp_path: Path) -> None:
    raw, log, chance = scene.promise(casts(scene)[0]["d"], 1000), scene.write(tmp_path), random.Random(5)
    for _ in range(60):
        damaged = bytearray(raw)
        bit = chance.randrange(8 * len(raw))
        damaged[bit // 8] ^= 1 << bit % 8
        assert check(bytes(damaged), log, RECEIPT_KEY, now=1).verdict != "pass", bit


@pytest.mark.parametrize(
    "lines",
    [
        [NAME, "ballot.cast", "AAAA", "deadline 5"],
        [NAME, "ballot.void", "A" * 43 + "=", "deadline 5"],
        [NAME, "ballot.cast", "A" * 43 + "=", "deadline 05"],
        [NAME, "ballot.cast", "A" * 43 + "="],
        ["x", "ballot.cast", "A" * 43 + "=", "deadline 5"],
    ],
)
def test_a_note_of_the_right_key_that_is_no_promise_fails(lines: list[str]) -> None:
    assert fails(check(Signer(NAME, 2).sign("\n".join(lines) + "\n"), None, RECEIPT_KEY)) == {"C20"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"x" * 200_000,
        b"\xff\xfe",
        b"c2sp.org/tlog-proof@v1",
        b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n",
        b"c2sp.org/tlog-proof@v2\nextra \nindex 0\n\nx\n",
        b"c2sp.org/tlog-proof@v1\n" * 9 + b"\n\n\n",
    ],
)
def test_a_file_of_garbage_fails_without_a_traceback(raw: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "receipt").write_bytes(raw)
    assert verifier.main(["receipt", str(tmp_path / "receipt"), "--json"]) == 1
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert failed(report)
    assert failed(report) <= {"C1", "C20"}
