"""Instances with several logs, bundles, saved checkpoints, witnesses, and the commands that look at them."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.test_events import checked, failed, log_checked, text
from tests.verifier.writelog import (
    DAY,
    NEXT_ORIGIN,
    NOW,
    ORIGIN,
    WITNESSES,
    Memory,
    Scene,
    Signer,
    canon,
    eventful,
    finished,
    instance,
    policy,
    root,
    two_logs,
    write_files,
    zipped,
)
from verifier import __main__ as verifier

Capture = pytest.CaptureFixture[str]


def command(*argv: str, capsys: Capture) -> tuple[int, dict[str, Any]]:
    code = verifier.main([*argv, "--json"])
    return code, json.loads(capsys.readouterr().out)


# --------------------------------------------------------------------------------------------------------- several logs


@pytest.mark.parametrize(("poll", "origin"), [("p1", ORIGIN), ("p2", ORIGIN), ("p9", NEXT_ORIGIN)])
def test_a_poll_is_found_in_whichever_log_it_stands(poll: str, origin: str, tmp_path: Path, capsys: Capture) -> None:
    code, report = command("poll", str(write_files(instance(*two_logs()), tmp_path)), poll, capsys=capsys)
    assert (code, report["log"]["origin"]) == (0, origin)


def test_a_poll_in_no_log_cannot_be_told() -> None:
    assert checked(Memory(instance(*two_logs())), "p7").verdict == "cannot tell"


def test_both_logs_of_an_instance_are_checked_and_that_one_follows_the_other() -> None:
    report = log_checked(Memory(instance(*two_logs())))
    assert report.verdict == "pass", report.checks
    assert f"the log follows {ORIGIN} at 66 entries" in text(report, "C4")
    _, new = two_logs()
    report = log_checked(new.memory())
    assert report.verdict == "pass"
    assert any("is not here" in warning for warning in report.warnings)


def test_a_key_of_one_of_two_logs_asks_for_that_log_alone() -> None:
    report = log_checked(Memory(instance(*two_logs())), vkeys=[Signer(NEXT_ORIGIN).vkey])
    assert (report.verdict, report.log["origin"]) == ("pass", NEXT_ORIGIN)
    assert any(f"{ORIGIN} was not checked" in warning for warning in report.warnings)


def spoil(**prev: Any) -> Callable[[Scene, Scene], object]:
    return lambda old, new: new.d("log.opened")["prev"].update(prev)


@pytest.mark.parametrize(
    ("check", "apply"),
    [
        ("C4", spoil(root="0" * 64)),
        ("C4", spoil(size=999)),
        ("C4", lambda old, new: new.d("log.opened")["prev"].update(size=999, root=root(old.leaves).hex())),
        ("C4", lambda old, new: new.d("log.opened").pop("prev")),
        ("C4", lambda old, new: old.d("log.closed").update(next_origin="other.example/log")),
        ("C8", lambda old, new: old.add("log.closed", poll="", next_origin=NEXT_ORIGIN)),
    ],
)
def test_a_second_log_that_does_not_follow_the_first_fails(check: str, apply: Callable[[Scene, Scene], object]) -> None:
    old, new = two_logs()
    apply(old, new)
    assert check in failed(log_checked(Memory(instance(old.seal(), new.seal()))))


def test_a_closed_log_may_lack_a_text_without_a_record_and_says_so() -> None:
    old, _ = two_logs()
    old.blobs.pop(old.d("objection.filed")["text_sha256"])
    report = checked(old.memory())
    assert report.verdict == "pass"
    assert any("is closed, records no erasure" in warning for warning in report.warnings)


# -------------------------------------------------------------------------------------------------------------- bundles


@pytest.fixture
def bundle() -> dict[str, bytes]:
    return eventful(visibility="sealed").seal().bundle()


def test_a_poll_passes_from_its_zip_and_from_the_unpacked_zip(bundle: dict[str, bytes], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "p1.zip").write_bytes(zipped(bundle))
    assert command("poll", str(tmp_path / "p1.zip"), "p1", capsys=capsys)[0] == 0
    assert command("poll", str(write_files(bundle, tmp_path / "unpacked")), "p1", capsys=capsys)[0] == 0
    code, report = command("poll", str(tmp_path / "p1.zip"), "p2", capsys=capsys)
    assert code == 2
    assert "holds what belongs to the poll p1" in str(report["warnings"])


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update({"bundle.json": b"{"}),
        lambda b: b.update({"bundle.json": canon({"v": 2, "origin": ORIGIN, "poll": "p1"})}),
        lambda b: b.update({"bundle.json": canon({"v": 1, "origin": "x.example", "poll": "p1"})}),
        lambda b: b.update({"log/index.json": b'{"logs":[{"origin":"x","prefix":"/../../etc/"}]}'}),
        lambda b: b.update({"../evil": b"x"}),
        lambda b: b.update({"/abs": b"x"}),
        lambda b: b.update({"a\\b": b"x"}),
        lambda b: b.update({"log/../../x": b"x"}),
    ],
)
def test_a_bundle_with_names_or_papers_that_make_no_sense_cannot_be_told(
    change: Callable[[dict[str, bytes]], object], bundle: dict[str, bytes], tmp_path: Path, capsys: Capture
) -> None:
    change(bundle)
    (tmp_path / "p1.zip").write_bytes(zipped(bundle))
    assert command("poll", str(tmp_path / "p1.zip"), "p1", capsys=capsys)[0] == 2


def craft(write: Callable[[zipfile.ZipFile], object]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        write(archive)
    return packed.getvalue()


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("checkpoint")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def bomb(archive: zipfile.ZipFile) -> None:
    for number in range(3):
        info = zipfile.ZipInfo(f"blob/{number}")
        archive.writestr(info, b"x")
        info.file_size = 2**30  # as the list of files states it


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x05\x06" + bytes(17) + b"\x01",
        b"not a zip at all, but long enough to be read as one",
        craft(link),
        craft(bomb),
        zipped({"a": b"1", "A": b"2"}),
        zipped({"checkpoint": b"x"})[:-1],
        zipped({"checkpoint": b"x"}) + b"trailing",
        b"PK\x05\x06" + b"\xff" * 16 + bytes(2),
        craft(lambda z: z.writestr(zipfile.ZipInfo("checkpoint"), b"x", zipfile.ZIP_BZIP2)),
    ],
)
def test_a_hostile_zip_never_passes_and_never_breaks_the_program(raw: bytes, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.zip").write_bytes(raw)
    code = verifier.main(["poll", str(tmp_path / "x.zip"), "p1"])
    assert code in (1, 2)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["MAX_ZIP", "MAX_ZIP_LIST", "MAX_UNZIPPED"])
def test_a_zip_beyond_a_limit_is_not_read(limit: str, bundle: dict[str, bytes], tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "p1.zip").write_bytes(zipped(bundle))
    assert verifier.main(["poll", str(tmp_path / "p1.zip"), "p1"]) == 0
    monkeypatch.setattr(verifier, limit, 100)
    assert verifier.main(["poll", str(tmp_path / "p1.zip"), "p1"]) == 2


def test_a_file_that_unpacks_to_more_than_it_may_is_read_no_further(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"checkpoint": bytes(50_000_000)}))
    assert len(verifier.Bundle(str(tmp_path / "x.zip")).read("checkpoint", 1000)) == 1001


def test_a_damaged_zip_never_breaks_the_program(bundle: dict[str, bytes], tmp_path: Path, capsys: Capture) -> None:
    raw = zipped(bundle)
    for position in range(40, len(raw) // 2, len(raw) // 12):
        (tmp_path / "p1.zip").write_bytes(raw[:position] + bytes([raw[position] ^ 0xFF]) + raw[position + 1 :])
        assert verifier.main(["poll", str(tmp_path / "p1.zip"), "p1"]) in (0, 1, 2)
        assert "Traceback" not in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------------------ witnesses


def witnessed(*witnesses: int, at: int = NOW, quorum: str = "group two 2 w0 w1 w2\nquorum two") -> verifier.Report:
    scene = finished().seal().cosign(*witnesses, at=at)
    return checked(scene.memory(), policy=verifier.parse_policy(policy(quorum).encode()))


def status(report: verifier.Report) -> str:
    return next(check["status"] for check in report.checks if check["id"] == "C3")


def test_a_quorum_of_witnesses_passes_and_is_named() -> None:
    report = witnessed(0, 2)
    assert (report.verdict, status(report)) == ("pass", "pass")
    assert report.log["witnesses"] == ["witness0.example", "witness2.example"]
    assert not any("witness" in warning or "key was taken" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("quorum", "enough", "short"),
    [
        ("quorum w1", (1,), (0, 2)),
        ("group all all w0 w1 w2\nquorum all", (0, 1, 2), (0, 1)),
        ("group one any w0 w1\ngroup both all one w2\nquorum both", (1, 2), (0, 1)),
    ],
)
def test_a_policy_may_ask_for_groups_of_groups(quorum: str, enough: tuple[int, ...], short: tuple[int, ...]) -> None:
    assert witnessed(*enough, quorum=quorum).verdict == "pass"
    assert failed(witnessed(*short, quorum=quorum)) == {"C3"}


def test_too_few_cosignatures_a_forged_one_and_one_from_the_future_fail() -> None:
    assert failed(witnessed(0)) == {"C3"}
    assert failed(witnessed(0, 1, at=NOW + 601)) == {"C3"}
    assert witnessed(0, 1, at=NOW + 599).verdict == "pass"
    scene = finished().seal()
    other = finished("irv-v1").seal()
    scene.checkpoint += WITNESSES[0].line(scene.checkpoint, NOW) + WITNESSES[1].line(other.checkpoint, NOW)
    assert failed(checked(scene.memory(), policy=verifier.parse_policy(policy().encode()))) == {"C3"}


def test_old_cosignatures_are_a_warning_unless_the_log_is_closed() -> None:
    report = witnessed(0, 1, at=NOW - DAY - 1)
    assert (report.verdict, status(report)) == ("pass", "warn")
    assert status(witnessed(0, 1, at=NOW - DAY)) == "pass"
    old, _ = two_logs()
    old.cosign(0, 1, at=NOW - 9 * DAY)
    assert status(checked(old.memory(), policy=verifier.parse_policy(policy().encode()))) == "pass"


def test_cosignatures_without_a_policy_are_not_counted_and_a_policy_without_a_quorum_asks_for_none() -> None:
    scene = finished().seal().cosign(0, 1)
    report = checked(scene.memory())
    assert (report.verdict, status(report)) == ("pass", "warn")
    assert any("no witness policy was given" in warning for warning in report.warnings)
    report = checked(scene.memory(), policy=verifier.parse_policy(policy("quorum none").encode()))
    assert (report.verdict, status(report)) == ("pass", "warn")


def test_the_log_key_of_the_policy_is_the_one_that_counts() -> None:
    lines = policy("quorum none").replace(Signer(ORIGIN).vkey, Signer(ORIGIN, 9).vkey)
    assert failed(checked(finished().seal().memory(), policy=verifier.parse_policy(lines.encode()))) == {"C1"}


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "quorum none\nquorum none",
        "quorum w7",
        "witness w0",
        "group g 1\nquorum g",
        "group g 4 w0 w1 w2\nquorum g",
        "group g 0 w0\nquorum g",
        "group g any w0 w0\nquorum g",
        "group g any later\ngroup later any w0\nquorum g",
        "group g any w0\ngroup h any w0\nquorum h",
        "group w0 any w1\nquorum w0",
        f"witness none {WITNESSES[0].vkey}\nquorum none",
        f"witness again {WITNESSES[0].vkey}\nquorum none",
        f"witness x {Signer('x').vkey}\nquorum none",
        "colour blue\nquorum none",
    ],
)
def test_a_policy_that_makes_no_sense_is_exit_three(lines: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "policy").write_text(policy(lines))
    finished().seal().write(tmp_path / "log")
    assert verifier.main(["log", str(tmp_path / "log"), "--policy", str(tmp_path / "policy")]) == 3
    assert "policy" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------------- diff and watch


def test_a_log_that_has_only_grown_passes_the_comparison_with_a_source_and_with_a_saved_checkpoint(
    tmp_path: Path, capsys: Capture
) -> None:
    scene = eventful()
    early = Scene(entries=scene.entries[:30], blobs=scene.blobs).seal()
    old, new = early.write(tmp_path / "old"), scene.seal().write(tmp_path / "new")
    code, report = command("diff", str(old), str(new), capsys=capsys)
    assert code == 0
    assert "only grown (from 30 to 66 entries)" in str(report["checks"])
    assert command("diff", str(old / "checkpoint"), str(new), capsys=capsys)[0] == 0
    code, report = command("diff", str(new), str(old), capsys=capsys)
    assert (code, "had 66 entries and now shows 30" in str(report["checks"])) == (1, True)


def test_two_histories_are_told_apart_and_a_foreign_checkpoint_is_refused(tmp_path: Path, capsys: Capture) -> None:
    scene = finished().seal()
    other = finished("pb-mes-v1").seal()
    old, new = scene.write(tmp_path / "old"), other.write(tmp_path / "new")
    code, report = command("diff", str(old), str(new), capsys=capsys)
    assert (code, "evidence" in str(report["checks"])) == (1, True)
    body = f"{ORIGIN}\n3\n{'A' * 43}=\n"
    (tmp_path / "forged").write_bytes(Signer(ORIGIN, 9).sign(body))
    code, report = command("diff", str(tmp_path / "forged"), str(new), capsys=capsys)
    assert (code, [c["id"] for c in report["checks"] if c["status"] == "fail"]) == (1, ["C2"])
    (tmp_path / "other").write_bytes(Signer("x.example").sign(f"x.example\n3\n{'A' * 43}=\n"))
    assert command("diff", str(tmp_path / "other"), str(new), capsys=capsys)[0] == 1
    assert verifier.main(["diff", str(tmp_path / "nothing"), str(new)]) == 3


def test_watching_says_what_is_new_and_stops_at_a_rewritten_history(tmp_path: Path) -> None:
    scene = eventful()
    files: dict[str, bytes] = Scene(entries=scene.entries[:30], blobs=scene.blobs).seal().files()
    source, said = Memory(files), []
    asked = verifier.Asked(state=str(tmp_path), now=NOW)

    def tell(report: verifier.Report, news: str) -> None:
        said.append((report.verdict, news))
        if len(said) == 2:
            source.files = scene.seal().files()
        if len(said) == 3:
            source.files = finished().seal().files()

    assert verifier.watch(source, asked, 0, 4, tell) == "fail"
    assert [verdict for verdict, _ in said] == ["pass", "pass", "pass", "fail"]
    assert "grew from 0 to 30 entries" in said[0][1]
    assert said[1][1] == "nothing new"
    assert "grew from 30 to 66 entries" in said[2][1] and "p1: " in said[2][1] and "1 poll.closed" in said[2][1]


def test_watching_goes_on_where_nobody_answers_and_ends_with_what_it_saw_last(tmp_path: Path, capsys: Capture) -> None:
    state = ["--state", str(tmp_path / "state"), "--times", "1"]
    assert verifier.main(["watch", str(tmp_path), *state]) == 2
    finished().seal().write(tmp_path / "log")
    assert verifier.main(["watch", str(tmp_path / "log"), *state, "--json"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert "CANNOT TELL" in out[0]
    assert json.loads(out[-1])["verdict"] == "pass" and "grew from 0" in json.loads(out[-1])["news"]
    assert verifier.main(["watch", str(tmp_path / "log")]) == 3
    assert verifier.main(["watch", str(tmp_path / "log"), *state, "--every", "-1"]) == 3


def test_the_roots_that_the_tests_write_are_those_that_the_verifier_computes() -> None:
    old, _ = two_logs()
    assert root(old.leaves) == verifier.tree_root(old.leaves)
