"""The fraud that no replay can see, and who sees it all the same; and what a single changed bit does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.verifier.attacks import redo_close
from tests.verifier.test_events import checked, failed
from tests.verifier.writelog import NOW, WITNESSES, Memory, Scene, cast, eventful, finished, instance, policy, two_logs
from verifier import __main__ as verifier

ASKED = verifier.Asked(now=NOW)


def receipt(raw: bytes, source: object, now: int = NOW) -> verifier.Report:
    return verifier.verify_receipt(raw, source, verifier.Asked(now=now), verifier.Progress())


@pytest.mark.parametrize("visibility", ["live", "sealed"])
def test_the_perfect_fraud_passes_every_replay_and_is_caught_by_receipts_witnesses_and_memory(
    visibility: str, tmp_path: Path
) -> None:
    """A ballot dropped, its group, the close, the openings, the participation and the tally made again, all signed again."""
    state, asked = tmp_path / "state", verifier.Asked(state=str(tmp_path / "state"), now=NOW)
    scene = finished(visibility=visibility).seal()
    victim = next(entry["d"] for entry in scene.entries if entry["type"] == "ballot.cast" and entry["d"]["rev"] == 0)
    index = next(i for i, entry in enumerate(scene.entries) if entry["d"] is victim)
    promise, proof, file = scene.promise(victim, NOW - 9), scene.proof(index), scene.receipt(victim, NOW - 9)
    bystander = scene.proof(index + 1)
    for raw in (promise, proof, file, bystander):
        assert receipt(raw, scene.memory()).verdict == "pass"
    kept = tmp_path / "checkpoint"
    kept.write_bytes(scene.cosign(0, 1).checkpoint)  # what witnesses saw, and anyone may keep
    rules = verifier.parse_policy(policy().encode())
    assert checked(scene.memory(), policy=rules).verdict == "pass"
    assert verifier.verify_log(scene.memory(), asked, verifier.Progress())[0].verdict == "pass"

    scene.entries.remove(next(entry for entry in scene.entries if entry["d"] is victim))
    redo_close(scene)
    scene.seal()

    fraud = scene.memory()
    assert checked(fraud).verdict == "pass"  # perfect in itself
    assert verifier.verify_log(fraud, ASKED, verifier.Progress())[0].verdict == "pass"
    assert failed(receipt(promise, fraud)) == {"C20"}
    assert failed(receipt(file, fraud)) == {"C20"}
    assert failed(receipt(proof, fraud)) == {"C4"}
    assert failed(receipt(bystander, fraud)) == {"C4"}
    assert failed(checked(fraud, policy=rules)) == {"C3"}  # no witness signs a second history
    assert failed(verifier.verify_diff(str(kept), fraud, ASKED, verifier.Progress())) == {"C4"}
    assert failed(verifier.verify_log(fraud, asked, verifier.Progress())[0]) == {"C4"}
    assert state.is_dir()


def test_the_whole_fraud_done_with_the_witnesses_signatures_pasted_below_fails() -> None:
    scene = finished().seal()
    old = b"".join(witness.line(scene.checkpoint, NOW) for witness in WITNESSES[:2])
    scene.entries.remove(next(entry for entry in scene.entries if entry["type"] == "ballot.cast"))
    redo_close(scene)
    scene.seal().checkpoint += old
    assert failed(checked(scene.memory(), policy=verifier.parse_policy(policy().encode()))) == {"C3"}


def test_a_ballot_promised_and_never_published_is_seen_by_its_receipt_alone() -> None:
    scene = finished().seal()
    assert failed(receipt(scene.receipt(cast(19, "o1"), NOW - 5), scene.memory())) == {"C20"}


# ------------------------------------------------------------------------------------------------------- single bits


def everything(source: Memory, asked: verifier.Asked) -> str:
    """What the logs of a source and all their polls are called; every log is loaded once."""
    whole, older, progress = verifier.Report(), list[verifier.Log](), verifier.Progress()
    try:
        for place in verifier.find_logs(source):
            log = verifier.load_log(place, asked, whole, progress)
            verifier.check_log_itself(log, older, whole)
            older.append(log)
    except (verifier.CannotTell, verifier.Problem):
        return "refused"
    for poll in [verifier.Poll(read, name, progress) for read in older for name in read.polls if name]:
        if whole.verdict == "pass":
            verifier._run_poll_checks(poll, whole)
    return whole.verdict


def flips(scene_files: dict[str, bytes], asked: verifier.Asked, times: int, seed: int) -> dict[str, int]:
    """Single-bit flips, every bit of every file as likely as any other, and how often each verdict followed."""
    chance = random.Random(seed)
    names, sizes = list(scene_files), [len(data) for data in scene_files.values()]
    outcome: dict[str, int] = {}
    for _ in range(times):
        (name,) = chance.choices(names, sizes)
        data = bytearray(scene_files[name])
        bit = chance.randrange(8 * len(data))
        data[bit // 8] ^= 1 << bit % 8
        verdict = everything(Memory({**scene_files, name: bytes(data)}), asked)
        outcome[verdict] = outcome.get(verdict, 0) + 1
        assert verdict != "pass", (name, bit)
    return outcome


def test_fifteen_hundred_flipped_bits_of_a_served_log_all_fail() -> None:
    """Tiles, bundles of entries, blobs and a cosigned checkpoint: no byte of them is read by nobody."""
    scenes: list[Scene] = [eventful(visibility="sealed").seal(), eventful().seal(), finished("irv-v1").seal()]
    asked = verifier.Asked([scenes[0].signer.vkey], verifier.parse_policy(policy("quorum w0").encode()), now=NOW)
    for number, scene in enumerate(scenes):
        files = scene.cosign(0).files()
        assert everything(Memory(files), asked) == "pass"
        assert flips(files, asked, 500, number) == {"fail": 500}


def test_flipped_bits_of_an_instance_with_two_logs_never_pass() -> None:
    files = instance(*two_logs())
    assert everything(Memory(files), ASKED) == "pass"
    flips(files, ASKED, 60, 9)
