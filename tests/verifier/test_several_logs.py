"""Instances with two or three logs: what one of them says does not stand for another, and each is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verifier.test_events import checked, failed, log_checked, text
from tests.verifier.writelog import NOW, ORIGIN, Memory, Scene, Signer, finished, instance, open_log, root, two_logs, write_files
from verifier import __main__ as verifier


def test_a_log_listed_twice_fails() -> None:
    old, new = two_logs()
    files = instance(old, new, new)
    assert failed(log_checked(Memory(files))) == {"C4"}


def test_a_log_may_follow_one_that_is_not_closed_yet() -> None:
    old, new = two_logs()
    old.entries.pop()
    assert log_checked(Memory(instance(old.seal(), new))).verdict == "pass"


def test_a_second_log_that_names_none_before_it_fails_for_that_reason() -> None:
    old, new = two_logs()
    del new.d("log.opened")["prev"]
    report = log_checked(Memory(instance(old, new.seal())))
    assert failed(report) == {"C4"} and "does not say which log it follows" in text(report, "C4")


def test_a_log_may_follow_the_very_end_of_the_one_before_it() -> None:
    old, new = two_logs()
    new.d("log.opened")["prev"].update(size=len(old.raw), root=root(old.leaves).hex())
    assert log_checked(Memory(instance(old, new.seal()))).verdict == "pass"


def test_three_logs_follow_each_other() -> None:
    old, new = two_logs()
    prev = {"origin": new.origin, "size": len(new.raw), "root": root(new.leaves).hex()}
    third = open_log("vote.example.org/log/2028", prev=prev).seal()
    new.add("log.closed", poll="", next_origin=third.origin)
    report = log_checked(Memory(instance(old, new.seal(), third)))
    assert report.verdict == "pass", report.checks
    assert f"the log follows {new.origin} at {prev['size']} entries" in text(report, "C4")


def test_a_comparison_with_a_place_where_no_log_was_cannot_be_told(tmp_path: Path) -> None:
    with pytest.raises(verifier.CannotTell, match="no log is published"):
        verifier.verify_diff(str(tmp_path), finished().seal().memory(), verifier.Asked(now=NOW), verifier.Progress())


def broken(scene: Scene, files: dict[str, bytes]) -> dict[str, bytes]:
    name = scene.listing()["prefix"][1:] + "checkpoint"
    return {**files, name: Signer(scene.origin, 9).sign(files[name].decode().partition("\n\n")[0] + "\n")}


def test_a_poll_does_not_suffer_from_another_log_but_one_that_is_nowhere_does() -> None:
    old, new = two_logs()
    files = instance(old, new)
    for spoiled, healthy, poll in ((new, old, "p1"), (old, new, "p9")):
        source = Memory(broken(spoiled, files))
        report = checked(source, poll)
        assert (report.verdict, report.log["origin"]) == ("pass", healthy.origin)
        assert failed(checked(source, "p7")) == {"C2"}


def test_each_of_two_logs_is_remembered(tmp_path: Path) -> None:
    old, new = two_logs()
    for _ in range(2):
        report = log_checked(Memory(instance(old, new)), state=str(tmp_path))
    assert report.verdict == "pass" and text(report, "C4").count("same log as before (grew from") == 2
    assert (tmp_path / "votelog-verify.json").read_text().count('"origin"') == 2
    old.entries.pop(3)
    report = log_checked(Memory(instance(old.seal(), new)), state=str(tmp_path))
    assert "C4" in failed(report) and "when last seen" in text(report, "C4")


def test_two_logs_are_compared_each_with_its_own_past(tmp_path: Path) -> None:
    files = instance(*two_logs())
    old = str(write_files(files, tmp_path / "old"))
    report = verifier.verify_diff(old, Memory(files), verifier.Asked(now=NOW), verifier.Progress())
    assert report.verdict == "pass" and text(report, "C4").count("has only grown") == 2
    alone = verifier.verify_diff(old, finished().seal().memory(), verifier.Asked(now=NOW), verifier.Progress())
    assert "does not have the log" in text(alone, "C4") and "C4" in failed(alone)


def test_a_list_of_logs_with_another_receipt_key_fails() -> None:
    scene = finished().seal()
    files = instance(scene)
    assert checked(Memory(files)).verdict == "pass"
    other = files["log/index.json"].replace(
        scene.listing()["receipt_vkey"].encode(), Signer(ORIGIN + "/receipt", 9).vkey.encode()
    )
    report = checked(Memory({**files, "log/index.json": other}))
    assert failed(report) == {"C1"} and "another receipt key" in text(report, "C1")
