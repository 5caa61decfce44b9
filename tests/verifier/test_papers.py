"""Files that somebody was handed: receipts whose parts do not belong together, keys that are given beside them, and zips."""

from __future__ import annotations

import json
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.attacks import casts, place, redo_close
from tests.verifier.test_events import failed, text
from tests.verifier.test_places import ballot, extended, place_file, placed, with_roll
from tests.verifier.test_sources import craft
from tests.verifier.writelog import (
    NEXT_ORIGIN,
    NOW,
    ORIGIN,
    Memory,
    Scene,
    Signer,
    cast,
    eventful,
    finished,
    instance,
    receipts,
    two_logs,
    zipped,
)
from verifier import __main__ as verifier

RECEIPTS = receipts(ORIGIN).vkey


def receipt(raw: bytes, source: Any, *vkeys: str, now: int = NOW) -> verifier.Report:
    return verifier.verify_receipt(raw, source, verifier.Asked(vkeys, now=now), verifier.Progress())


# -------------------------------------------------------------------------------------------------------------- receipts


def test_an_old_receipt_sees_that_somebody_elses_ballot_was_changed() -> None:
    """The voter's own entry stands where it stood; another one of that time says something else."""
    scene = finished().seal()
    mine = scene.proof(place(scene, "ballot.cast"))
    assert receipt(mine, scene.memory()).verdict == "pass"
    casts(scene)[5]["d"]["b"] = {"approve": ["o4"]}
    redo_close(scene)
    report = receipt(mine, scene.seal().memory())
    assert failed(report) == {"C4"} and "not the one that this receipt was given for" in text(report, "C4")


def test_a_receipt_of_a_larger_log_than_there_is_now_says_so() -> None:
    scene = finished().seal()
    mine = scene.proof(place(scene, "ballot.cast"))
    del scene.entries[place(scene, "poll.closed") :]
    report = receipt(mine, scene.seal().memory())
    assert failed(report) == {"C4"} and "smaller now" in text(report, "C4")


def test_a_promise_for_another_ballot_fails_although_it_is_not_due_yet() -> None:
    scene = finished().seal()
    other = json.loads(scene.receipt(cast(18, "o2"), NOW + 99))
    file = {**json.loads(scene.receipt(cast(19, "o1"), NOW + 99)), "promise": other["promise"]}
    report = receipt(json.dumps(file).encode(), scene.memory())
    assert failed(report) == {"C20"} and "for another ballot" in text(report, "C20")


def test_a_promise_for_other_words_with_the_receipt_number_of_a_ballot_fails() -> None:
    """What stands in the log under this receipt number is not what was promised."""
    scene = finished().seal()
    _, d = ballot(scene, 1)
    promised = {**d, "b": {"approve": ["o5"]}}
    report = receipt(scene.receipt(promised, NOW - 9), scene.memory())
    assert failed(report) == {"C20"} and "the promise was broken" in text(report, "C20")


def test_a_field_that_stands_twice_in_a_receipt_file_fails() -> None:
    scene = finished().seal()
    raw = scene.receipt(ballot(scene, 1)[1], NOW - 9)
    assert receipt(raw, scene.memory()).verdict == "pass"
    assert failed(receipt(raw.replace(b"{", b'{"poll":"p1",', 1), scene.memory())) == {"C20"}


@pytest.mark.parametrize(("was", "now"), [(b"proof@v1", b"proof@v2"), (b"proof@v1", b"proof@v1 "), (b"\nextra ", b"\nExtra "),
                                          (b"\nindex ", b"\nplace "), (b"\nindex 6", b"\nindex 06")])  # fmt: skip
def test_a_proof_with_another_word_in_its_head_fails(was: bytes, now: bytes) -> None:
    scene = finished().seal()
    raw = scene.proof(6)
    assert was in raw and receipt(raw, None, scene.signer.vkey).verdict == "pass"
    assert failed(receipt(raw.replace(was, now, 1), None, scene.signer.vkey)) == {"C20"}
    head = b"c2sp.org/tlog-proof@v1\nextra AAAA\n\n"
    assert failed(receipt(head + scene.checkpoint, None, scene.signer.vkey)) == {"C20"}


def test_a_proof_of_a_sealed_ballot_reads_it_out_once_it_is_opened() -> None:
    scene = finished(visibility="sealed").seal()
    index, d = ballot(scene, 1)
    report = receipt(scene.proof(index), scene.memory())
    assert report.poll["approve"] == scene.openings[d["bid"]]["b"]["approve"] and "sealed" not in report.poll
    del scene.entries[place(scene, "openings.published") :]
    report = receipt(scene.seal().proof(index), scene.memory())
    assert report.poll["sealed"] == d["c"] and "approve" not in report.poll


def test_a_voided_ballot_that_is_never_opened_is_read_out_from_its_receipt() -> None:
    scene = eventful(visibility="sealed").seal()
    _, d = ballot(scene, 2)
    report = receipt(scene.receipt(d, NOW - 9), scene.memory())
    assert report.verdict == "pass" and report.poll["approve"] == scene.openings[d["bid"]]["b"]["approve"]


@pytest.mark.parametrize("index", [3, 4, -1])
def test_a_proof_of_an_entry_that_is_no_ballot_says_what_it_is(index: int) -> None:
    scene = finished().seal()
    index %= len(scene.raw)
    report = receipt(scene.proof(index), scene.memory())
    assert failed(report) == {"C6"} and "not for a ballot" in text(report, "C6")


@pytest.mark.parametrize("order", [1, -1])
def test_keys_of_the_log_and_of_its_receipts_may_be_given_together(order: int) -> None:
    scene = finished().seal()
    keys = [scene.signer.vkey, RECEIPTS][::order]
    d = ballot(scene, 1)[1]
    for raw in (scene.proof(6), scene.promise(d, NOW - 9), scene.receipt(d, NOW - 9)):
        report = receipt(raw, scene.memory(), *keys)
        assert report.verdict == "pass", report.checks
        assert not any("key was taken" in warning for warning in report.warnings)


def test_a_key_that_is_given_counts_and_not_the_one_that_the_log_names() -> None:
    scene = finished().seal()
    d = ballot(scene, 1)[1]
    assert failed(receipt(scene.promise(d, NOW - 9), scene.memory(), Signer(ORIGIN + "/receipt", 9).vkey)) == {"C2"}
    assert failed(receipt(scene.proof(6), scene.memory(), Signer(ORIGIN, 9).vkey)) >= {"C1"}
    assert any("receipt key was taken" in warning for warning in receipt(scene.promise(d, NOW - 9), scene.memory()).warnings)
    forged = Signer(ORIGIN + "/receipt", 9).sign(scene.promise(d, NOW - 9).decode().partition("\n\n")[0] + "\n")
    assert failed(receipt(forged, scene.memory())) == {"C2"}


def test_a_receipt_is_looked_up_in_the_log_that_it_is_of() -> None:
    old, new = two_logs()
    source = Memory(instance(old, new))
    first = ballot(old, 1)[1]
    last = next(entry["d"] for entry in new.entries if entry["type"] == "ballot.cast")
    for scene, d, poll in ((old, first, "p1"), (new, last, "p9")):
        report = receipt(scene.receipt(d, NOW - 9, poll=poll), source)
        assert (report.verdict, report.log["origin"]) == ("pass", scene.origin)
    foreign = Signer("x.example/receipt", 2).sign(f"x.example/receipt\nballot.cast\n{'A' * 43}=\ndeadline 5\n")
    assert receipt(foreign, source).verdict == "cannot tell"
    assert receipt(old.promise(first, NOW - 9), new.memory()).verdict == "cannot tell"
    assert old.origin != NEXT_ORIGIN


def test_a_promise_is_due_to_the_second() -> None:
    scene = extended()
    raw = scene.receipt(cast(3, "o1"), NOW + 9000)  # later than the extension itself makes it
    assert receipt(raw, scene.memory(), now=NOW + 9000).verdict == "cannot tell"
    assert failed(receipt(raw, scene.memory(), now=NOW + 9001)) == {"C20"}


# ---------------------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize(("change", "reason"), [
    ({"batch": 2}, "has no batch 2"),
    ({"count": 59}, "with 60 places"),
    ({"roll": "r2"}, "commits to the roll r1"),
    ({"index": 60}, "not inside a tree"),
    ({"hashes": ["0" * 64] * 7}, "inclusion proof"),
])  # fmt: skip
def test_a_place_that_is_wrong_is_told_why(change: dict[str, Any], reason: str) -> None:
    scene, leaves = with_roll()
    report = placed(place_file(leaves, 3, **change), scene.memory())
    assert failed(report) == {"C20"} and reason in text(report, "C20")


def test_a_place_is_not_told_from_a_participation_that_does_not_add_up() -> None:
    scene, leaves = with_roll()
    scene.d("participation.published")["used"] += 1
    report = placed(place_file(leaves, 7), scene.seal().memory())
    assert failed(report) == {"C19"} and "voted" not in report.poll


def test_a_place_is_not_told_from_a_poll_out_of_order() -> None:
    scene, leaves = with_roll()
    scene.entries.pop(place(scene, "roll.committed") + 1)  # the credentials
    assert failed(placed(place_file(leaves, 7), scene.seal().memory())) == {"C8"}


def test_a_place_of_the_first_places_is_none_of_those_added_later_and_the_other_way_round() -> None:
    scene, leaves = with_roll()
    assert placed(place_file(leaves, 61), scene.memory()).verdict == "pass"
    file = json.loads(place_file(leaves, 61))
    del file["batch"]
    assert failed(placed(json.dumps(file).encode(), scene.memory())) == {"C20"}
    assert failed(placed(place_file(leaves, 3, batch=0), scene.memory())) == {"C20"}


def test_a_place_is_found_in_whichever_log_its_poll_stands() -> None:
    scene, leaves = with_roll()
    scene.add("log.closed", poll="", next_origin=NEXT_ORIGIN)
    _, new = two_logs()
    source = Memory(instance(scene.seal(), new))
    report = placed(place_file(leaves, 61), source)
    assert (report.poll["voted"], report.log["origin"]) == (True, ORIGIN)
    report = placed(place_file(leaves, 3, poll="p9"), source)
    assert (failed(report), report.log["origin"]) == ({"C20"}, NEXT_ORIGIN)  # that poll has another roll
    assert placed(place_file(leaves, 61, poll="p7"), source).verdict == "cannot tell"


# ------------------------------------------------------------------------------------------------------------------ zips


@pytest.fixture
def bundle() -> dict[str, bytes]:
    return eventful().seal().bundle()


def read(raw: bytes, directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the program says of a zip, and whether it could tell."""
    (directory / "p1.zip").write_bytes(raw)
    code = verifier.main(["poll", str(directory / "p1.zip"), "p1"])
    out = capsys.readouterr().out
    assert (code == 0) == out.endswith("\nPASS\n")
    return "" if code == 0 else out.splitlines()[-2] if code == 2 else "FAIL"


def packed(bundle: dict[str, bytes], **of_one: Any) -> bytes:
    """A zip that is right but for the fields of the entry of one blob."""
    odd = next(name for name in bundle if "/blob/" in name)

    def write(archive: zipfile.ZipFile) -> None:
        for name, data in bundle.items():
            info = zipfile.ZipInfo(name)
            archive.writestr(info, data, of_one.get("packing") if name == odd else None)
            for field, value in of_one.items():
                if name == odd and field != "packing":
                    setattr(info, field, value)

    return craft(write)


@pytest.mark.parametrize(("of_one", "said"), [
    ({}, ""),
    ({"external_attr": (stat.S_IFREG | 0o644) << 16}, ""),
    ({"packing": zipfile.ZIP_DEFLATED}, ""),
    ({"packing": zipfile.ZIP_BZIP2}, "packed in an unknown way"),
    ({"packing": zipfile.ZIP_LZMA}, "packed in an unknown way"),
    ({"flag_bits": 1}, "encrypted"),
    ({"external_attr": (stat.S_IFLNK | 0o777) << 16}, "a name that no bundle has"),
    ({"external_attr": (stat.S_IFIFO | 0o644) << 16}, "a name that no bundle has"),
])  # fmt: skip
def test_a_zip_is_of_plain_files(
    of_one: dict[str, Any], said: str, bundle: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = read(packed(bundle, **of_one), tmp_path, capsys)
    assert said in answer and (answer == "") == (said == "")


@pytest.mark.parametrize("name", ["../x", "/x", "x/../y", "./x", "x/.", "a b", "x//y", "C:\\x", "\u0629"])
def test_a_zip_with_one_odd_name_more_is_not_read(
    name: str, bundle: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(zipped(bundle), tmp_path, capsys) == ""
    assert read(zipped({**bundle, "x/": b""}), tmp_path, capsys) == ""  # a directory is no harm
    assert "a name that no bundle has" in read(zipped({**bundle, name: b"x"}), tmp_path, capsys)


def test_a_zip_that_holds_a_name_twice_is_not_read(
    bundle: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(archive: zipfile.ZipFile) -> None:
        for name, data in [*bundle.items(), ("README.txt", b"another")]:
            archive.writestr(name, data)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "holds it twice" in read(craft(write), tmp_path, capsys)


def test_a_zip_of_the_large_kind_is_not_read(
    bundle: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)  # so the zip is written as zip64
    assert "not a plain zip" in read(zipped(bundle), tmp_path, capsys)


def test_a_zip_may_go_to_the_limits_and_no_further(
    bundle: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = zipped(bundle)
    listed = int.from_bytes(raw[-10:-6], "little")
    for name, size in (
        ("MAX_ZIP", len(raw)), ("MAX_ZIP_LIST", listed), ("MAX_UNZIPPED", sum(map(len, bundle.values()))),
    ):  # fmt: skip
        monkeypatch.setattr(verifier, name, size)
        assert read(raw, tmp_path, capsys) == ""
        monkeypatch.setattr(verifier, name, size - 1)
        assert read(raw, tmp_path, capsys) != ""
        monkeypatch.undo()


def test_a_bundle_of_two_logs_or_of_another_is_not_read() -> None:
    one: Scene = eventful().seal()
    files = {**one.bundle(), "log/index.json": instance(*two_logs())["log/index.json"]}
    with pytest.raises(verifier.CannotTell, match="not of the log beside it"):
        verifier.bundled_poll(Memory(files))
    assert verifier.bundled_poll(Memory(one.bundle())) == "p1"
    assert verifier.bundled_poll(one.memory()) == ""


def test_papers_of_another_poll_than_the_bundle_are_no_evidence_against_anyone() -> None:
    scene, leaves = with_roll()
    index, d = ballot(scene, 1)
    mine, other = Memory(scene.bundle("p1")), Memory(scene.bundle("p2"))
    for raw in (scene.receipt(d, NOW), scene.proof(index)):
        assert receipt(raw, mine).verdict == "pass"
        report = receipt(raw, other)
        assert report.verdict == "cannot tell"
        assert any("of the poll p1, and this bundle holds what belongs to p2" in reason for reason in report.undecided)
    assert placed(place_file(leaves, 3), mine).verdict == "pass"
    with pytest.raises(verifier.CannotTell, match="holds what belongs to p2"):
        placed(place_file(leaves, 3), other)
