"""A whole poll: right ones pass, and each named attack fails at the check that should see it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.attacks import drop, log_of, place, redo_close
from tests.verifier.writelog import (
    ACTORS,
    ORIGIN,
    Scene,
    Signer,
    ballot_file_hash,
    cast,
    cast_all,
    close_poll,
    correct,
    finished,
    group,
    open_log,
    open_poll,
)
from verifier import __main__ as verifier

METHODS = ["pb-greedy-v1", "pb-mes-v1"]


def verify(
    directory: Path | str, capsys: pytest.CaptureFixture[str], *options: str, poll: str = "p1"
) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report of `poll`."""
    code = verifier.main(["poll", str(directory), poll, "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def failed(report: dict[str, Any]) -> set[str]:
    """The checks that failed, and each found what is wrong: none merely stumbled over it."""
    assert not any("malformed (" in check["text"] for check in report["checks"]), report["checks"]
    return {check["id"] for check in report["checks"] if check["status"] == "fail"}


@pytest.mark.parametrize("method", METHODS)
def test_an_untouched_poll_passes(method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished(method).seal()
    code, report = verify(scene.write(tmp_path), capsys, "--vkey", scene.signer.vkey)
    assert (code, report["verdict"]) == (0, "pass")
    assert {c["id"] for c in report["checks"]} == {f"C{n}" for n in range(1, 20)}
    assert {c["id"] for c in report["checks"] if c["status"] not in ("pass", "warn")} == {"C4", "C9", "C13", "C14"}
    root = report["log"]["root"]
    assert report["log"] == {"origin": ORIGIN, "size": len(scene.raw), "root": root, "witnesses": []}
    assert report["poll"]["counted"] == 14
    assert report["poll"]["winners"][0]["title"].startswith("Project o")
    assert not any("taken from the log itself" in warning for warning in report["warnings"])
    for topic in ("roll", "paid", "ghost", "witness", "secret key"):
        assert topic in " ".join(report["warnings"])


def test_the_report_for_people_ends_with_the_verdict_and_names_the_winners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished("pb-mes-v1").seal().write(tmp_path)
    assert verifier.main(["poll", str(tmp_path), "p1"]) == 0
    out = capsys.readouterr().out
    assert "PASS C16 tally (pb-mes-v1, 8 runs, 14 ballots)\n" in out
    assert out.endswith("\nPASS\n")
    assert "What to build?" in out
    assert "Project o1 / پروژه o1" in out
    assert "taken from the log itself" in out


def test_a_poll_that_fills_several_tiles_shares_its_log_with_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = open_log()
    open_poll(scene, roll=700, method="pb-mes-v1", budget=300)
    open_poll(scene, poll="p2")
    group(scene, [cast(i, ["o1", "o2,o3", "o4", ""][i % 4]) for i in range(350)])
    cast_all(scene, [cast(i, "o2") for i in range(12)], poll="p2")
    cast_all(scene, [cast(i, ["o5", "o3", "o4"][i % 3], rev=1) for i in range(320)])
    close_poll(scene, poll="p2")
    close_poll(scene)
    scene.seal().write(tmp_path)
    assert (tmp_path / "tile/1/000.p/2").exists()
    assert verify(tmp_path, capsys)[0] == verify(tmp_path, capsys, poll="p2")[0] == 0
    for tile in ("tile/0/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/001"):
        data = (tmp_path / tile).read_bytes()
        (tmp_path / tile).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert "C5" in failed(verify(tmp_path, capsys)[1]), tile
        (tmp_path / tile).write_bytes(data)
    (tmp_path / "tile/1/000.p/2").rename(tmp_path / "tile/1/000")
    assert "C5" in failed(verify(tmp_path, capsys)[1])  # 64 bytes are no full tile


def test_a_full_tile_may_stand_in_for_a_partial_one_that_was_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = open_log()
    open_poll(scene, roll=400)
    cast_all(scene, [cast(i, "o1") for i in range(300)])
    close_poll(scene)
    scene.seal().write(tmp_path)
    early = Scene(entries=scene.entries[:200]).seal()  # in the midst of a group
    (tmp_path / "checkpoint").write_bytes(early.checkpoint)
    code, report = verify(tmp_path, capsys)
    assert code == 2
    assert not failed(report)
    assert report["log"]["size"] == 200


def test_a_result_superseded_by_the_same_result_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished()
    correct(scene)
    assert verify(scene.seal().write(tmp_path), capsys)[0] == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b"\xff",
        b'{"type":[]}',
        b'{"type":"log.opened"}',
        b"[" * 8000,
        b'{"a":' * 2500 + b"1" + b"}" * 2500,
        b'{"d":{},"n":0,"poll":"p1","prev":"x","t":1,"type":"poll.opened","v":1}',
        b'{"d":[],"n":28,"poll":"p1","type":"ballot.cast","v":1}',
    ],
)
@pytest.mark.parametrize("at", [0, 3, -1])
def test_a_signed_entry_of_garbage_is_a_failure_and_not_a_crash(
    raw: bytes, at: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = finished()
    scene.chain()
    scene.raw[at] = raw
    code, report = verify(scene.seal(rechain=False).write(tmp_path), capsys, "--vkey", scene.signer.vkey)
    assert code == 1
    assert "C6" in failed(report)


# -------------------------------------------------------------------------------------------------------- damaged files


def test_no_flipped_byte_of_any_file_goes_unnoticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished("pb-mes-v1").seal()
    scene.write(tmp_path)
    for name, data in scene.files().items():
        expected = {"checkpoint": {"C1", "C2", "C5"}, "tile": {"C5"}, "blob": {"C6", "C10", "C17", "C19"}}[name.split("/")[0]]
        for position in {0, 1, len(data) // 3, len(data) // 2, len(data) - 1}:
            (tmp_path / name).write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
            code, report = verify(tmp_path, capsys)
            assert code == 1, (name, position)
            assert failed(report) & expected, (name, position)
        for other in (data[:-1], data + b"\0", b""):
            (tmp_path / name).write_bytes(other)
            assert verify(tmp_path, capsys)[0] == 1, (name, len(other))
        (tmp_path / name).write_bytes(data)
    assert verify(tmp_path, capsys)[0] == 0


def test_three_hundred_random_bit_flips_are_all_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, chance = finished().seal(), random.Random(7)
    scene.write(tmp_path)
    files = scene.files()
    for _ in range(300):
        name = chance.choice(sorted(files))
        data = bytearray(files[name])
        bit = chance.randrange(8 * len(data))
        data[bit // 8] ^= 1 << bit % 8
        (tmp_path / name).write_bytes(data)
        assert verify(tmp_path, capsys)[0] == 1, (name, bit)
        (tmp_path / name).write_bytes(files[name])


@pytest.mark.parametrize("name", ["tile/0/000.p/26", "tile/entries/000.p/26"])
def test_a_tile_that_is_not_served_is_a_failure(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished().seal().write(tmp_path)
    (tmp_path / name).unlink()
    assert failed(verify(tmp_path, capsys)[1]) >= {"C5"}


def test_an_erased_title_is_a_warning_only_where_the_log_records_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished().seal()
    scene.write(tmp_path)
    title = scene.d("poll.created")["options"][0]["title_sha256"]
    (tmp_path / "blob" / title).unlink()
    assert failed(verify(tmp_path, capsys)[1]) == {"C6"}  # silently gone
    scene.add("erasure.recorded", poll="", target=title, basis_code="content_removed", actors=ACTORS)
    del scene.blobs[title]
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 0
    assert any("the title of o1 was erased" in warning for warning in report["warnings"])


# --------------------------------------------------------------------------------------------------- not finished yet


def ongoing(votes: int, **options: Any) -> Scene:
    scene = open_log()
    open_poll(scene, **options)
    group(scene, [cast(i, "o1") for i in range(votes)])
    return scene.seal()


def test_an_open_poll_is_checked_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verify(ongoing(10).write(tmp_path), capsys)
    assert (code, report["verdict"], report["poll"]["state"]) == (2, "cannot tell", "still open")
    assert not failed(report)
    assert any("not published yet" in warning for warning in report["warnings"])


@pytest.mark.parametrize(("votes", "visibility"), [(9, "live"), (1, "live"), (10, "turnout")])
def test_an_open_poll_that_shows_too_small_a_group_fails(
    votes: int, visibility: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = verify(ongoing(votes, visibility=visibility).write(tmp_path), capsys)
    assert code == 1
    assert failed(report) == {"C18"}


def test_an_open_poll_with_a_stuffed_ballot_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = ongoing(10)
    group(scene, [cast(i, "o1") for i in range(990, 1000)])
    assert failed(verify(scene.seal().write(tmp_path), capsys)[1]) == {"C10"}


@pytest.mark.parametrize(
    "last", ["poll.created", "roll.committed", "credentials.committed", "poll.opened", "poll.closed", "participation.published"]
)
def test_a_poll_on_its_way_is_not_called_right_or_wrong(last: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished()
    del scene.entries[place(scene, last) + 1 :]
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 2
    assert not failed(report)


def test_a_poll_that_is_not_there_and_a_log_that_is_not_there_cannot_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(finished().seal().write(tmp_path / "log"), capsys, poll="p7")[0] == 2
    (tmp_path / "empty").mkdir()
    assert verify(tmp_path / "empty", capsys)[0] == 2
    assert verify(Scene().seal().write(tmp_path / "new"), capsys)[0] == 2


def test_a_poll_without_a_single_ballot_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for method in METHODS:
        scene = open_log()
        open_poll(scene, method=method)
        close_poll(scene)
        assert verify(scene.seal().write(tmp_path / method), capsys)[0] == 0


def test_a_rule_that_this_program_does_not_know_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished()
    scene.d("poll.created")["method"] = "pb-maxutil-v1"  # for files only, never for polls
    file_hash = ballot_file_hash(scene, "p1")
    scene.d("poll.closed")["ballots_sha256"] = scene.d("tally.published")["ballots_sha256"] = file_hash
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1
    assert failed(report) == {"C15"}
    scene.d("tally.published")["ballots_root"] = counted_root(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 2
    assert not failed(report)


def counted_root(scene: Scene) -> str:
    log = log_of(scene)
    ballots = verifier.Poll(log, "p1", verifier.Progress()).counted(log.size)
    return verifier.tree_root(log.leaves[ballot.index] for ballot in ballots).hex()


# -------------------------------------------------------------------------------------------------- keys and memory


def test_another_key_than_the_one_given_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished().seal().write(tmp_path)
    assert failed(verify(tmp_path, capsys, "--vkey", Signer(ORIGIN, 9).vkey)[1]) == {"C1"}
    assert failed(verify(tmp_path, capsys, "--vkey", Signer("other.example/log").vkey)[1]) == {"C1"}


def test_a_log_remembered_may_grow_and_may_not_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, state = tmp_path / "log", ("--state", str(tmp_path / "state"))
    scene = finished()
    Scene(entries=scene.entries[:18], blobs=scene.blobs).seal().write(log)
    assert verify(log, capsys, *state)[0] == 2
    scene.seal().write(log)
    code, report = verify(log, capsys, *state)
    assert code == 0
    assert any("grew from 18 to 26" in check["text"] for check in report["checks"])
    kept = shutil.copytree(log, tmp_path / "kept")
    drop(scene)
    redo_close(scene)
    scene.seal().write(log)
    assert verify(log, capsys)[0] == 0  # perfect in itself
    assert failed(verify(log, capsys, *state)[1]) == {"C4"}  # smaller than it was
    scene.add("poll.created", poll="p2", **{**scene.d("poll.created")})
    assert failed(verify(scene.seal().write(log), capsys, *state)[1]) == {"C4"}  # as large, with another past
    assert verify(kept, capsys, *state)[0] == 0  # a mirror of the true one


def test_a_key_remembered_cannot_be_exchanged_by_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, state = tmp_path / "log", ("--state", str(tmp_path / "state"))
    assert verify(finished().seal().write(log), capsys, *state)[0] == 0
    scene = finished()
    scene.signer = Signer(ORIGIN, 9)
    scene.d("log.opened")["vkey"] = scene.signer.vkey
    scene.seal().write(log)
    assert verify(log, capsys)[0] == 0
    assert "C1" in failed(verify(log, capsys, *state)[1])


def test_a_memory_that_cannot_be_read_is_said_and_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "votelog-verify.json").write_text("{")
    finished().seal().write(tmp_path / "log")
    assert verify(tmp_path / "log", capsys, "--state", str(tmp_path))[0] == 2
    assert (tmp_path / "votelog-verify.json").read_text() == "{"


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["poll"],
        ["poll", "nowhere", "p1"],
        ["poll", "ftp://x", "p1"],
        ["poll", ".", "p1", "--vkey", "x"],
        ["receipt", "/nonexistent"],
        ["tally", "x"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_exit_three(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main(argv) == 3
    assert capsys.readouterr().err.startswith("verifier: ")


def test_a_signed_root_that_is_not_the_root_of_the_entries_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished().seal()
    scene.write(tmp_path)
    (tmp_path / "checkpoint").write_bytes(scene.signer.sign(f"{ORIGIN}\n{len(scene.raw)}\n{'A' * 43}=\n"))
    assert failed(verify(tmp_path, capsys)[1]) == {"C5"}


def test_a_place_that_serves_a_log_of_another_name_than_before_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, state = tmp_path / "log", ("--state", str(tmp_path / "state"))
    assert verify(finished().seal().write(log), capsys, *state)[0] == 0
    files = (tmp_path / "state" / "votelog-verify.json").read_text()
    (tmp_path / "state" / "votelog-verify.json").write_text(files.replace(ORIGIN, "vote.example.net/log/2026"))
    assert failed(verify(log, capsys, *state)[1]) == {"C4"}


def test_a_log_too_large_to_read_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "checkpoint").write_bytes(Signer(ORIGIN).sign(f"{ORIGIN}\n{10**17}\n{'A' * 43}=\n"))
    assert verify(tmp_path, capsys)[0] == 2
