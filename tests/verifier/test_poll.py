"""A whole poll: right ones pass, and each named attack fails at the check that should see it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.writelog import ORIGIN, Scene, Signer, canon, cast, cast_all, close_poll, finished, open_log, open_poll, republish, sha
from verifier import __main__ as verifier

METHODS = ["pb-greedy-v1", "pb-mes-v1"]


def verify(directory: Path | str, capsys: pytest.CaptureFixture[str], *options: str, poll: str = "p1") -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report of `poll`."""
    code = verifier.main(["poll", str(directory), poll, "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def failed(report: dict[str, Any]) -> set[str]:
    return {check["id"] for check in report["checks"] if check["status"] == "fail"}


@pytest.mark.parametrize("method", METHODS)
def test_an_untouched_poll_passes(method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished(method).seal()
    code, report = verify(scene.write(tmp_path), capsys, "--vkey", scene.signer.vkey)
    assert (code, report["verdict"]) == (0, "pass")
    assert {c["id"] for c in report["checks"]} == {f"C{n}" for n in range(1, 20)}
    assert {c["id"] for c in report["checks"] if c["status"] not in ("pass", "warn")} == {"C4", "C9", "C13", "C14", "C18"}
    assert report["log"] == {"origin": ORIGIN, "size": len(scene.raw), "root": report["log"]["root"]}
    assert report["poll"]["counted"] == 14 and report["poll"]["winners"][0]["title"].startswith("Project o")
    assert not any("taken from the log itself" in warning for warning in report["warnings"])
    assert all(any(word in " ".join(report["warnings"]) for word in (topic,)) for topic in ("roll", "paid", "ghost", "witness"))


def test_the_report_for_people_ends_with_the_verdict_and_names_the_winners(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished("pb-mes-v1").seal().write(tmp_path)
    assert verifier.main(["poll", str(tmp_path), "p1"]) == 0
    out = capsys.readouterr().out
    assert "PASS C16 tally (pb-mes-v1, 8 runs, 14 ballots)\n" in out and out.endswith("\nPASS\n")
    assert "What to build?" in out and "Project o1 / پروژه o1" in out and "taken from the log itself" in out


def test_a_poll_that_fills_several_tiles_shares_its_log_with_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = open_log()
    open_poll(scene, roll=700, method="pb-mes-v1", budget=300)
    open_poll(scene, poll="p2")
    cast_all(scene, [cast(i, ["o1", "o2,o3", "o4", ""][i % 4]) for i in range(350)])
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
    assert "C5" in failed(verify(tmp_path, capsys)[1])      # 64 bytes are no full tile


def test_a_full_tile_may_stand_in_for_a_partial_one_that_was_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = open_log()
    open_poll(scene, roll=400)
    cast_all(scene, [cast(i, "o1") for i in range(300)])
    close_poll(scene)
    scene.seal().write(tmp_path)
    early = Scene(entries=scene.entries[:200]).seal()
    (tmp_path / "checkpoint").write_bytes(early.checkpoint)
    code, report = verify(tmp_path, capsys)
    assert code == 2 and not failed(report) and report["log"]["size"] == 200


# ------------------------------------------------------------------------------------------------------ named attacks

Attack = Callable[[Scene], None]
ATTACKS: list[tuple[str, str, Attack]] = []


def attack(name: str, check: str) -> Callable[[Attack], Attack]:
    def keep(function: Attack) -> Attack:
        ATTACKS.append((name, check, function))
        return function
    return keep


def change(type: str, **fields: Any) -> Attack:
    return lambda scene: scene.d(type).update(fields)


def casts(scene: Scene) -> list[dict[str, Any]]:
    return [entry for entry in scene.entries if entry["type"] == "ballot.cast"]


def place(scene: Scene, type: str) -> int:
    return next(i for i, entry in enumerate(scene.entries) if entry["type"] == type)


def reblob(type: str, field: str, spoil: Callable[[bytes], bytes]) -> Attack:
    """Other bytes under another name, and the entry names them: only the content is wrong."""
    def apply(scene: Scene) -> None:
        d = scene.d(type)
        d[field] = scene.blob(spoil(scene.blobs[d[field]]))
    return apply


def recast(index: int, **fields: Any) -> Attack:
    return lambda scene: casts(scene)[index]["d"].update(fields)


def approve(*ids: str) -> Attack:
    return recast(0, b={"approve": list(ids)})


def insert(at: str, entry: dict[str, Any]) -> Attack:
    return lambda scene: scene.entries.insert(place(scene, at), {"poll": "p1", "v": 1, "t": 1, **entry})


def swap(one: str, two: str) -> Attack:
    def apply(scene: Scene) -> None:
        i, j = place(scene, one), place(scene, two)
        scene.entries[i], scene.entries[j] = scene.entries[j], scene.entries[i]
    return apply


def repeat(type: str) -> Attack:
    return lambda scene: scene.entries.insert(place(scene, type) + 1, json.loads(json.dumps(scene.entries[place(scene, type)])))


def envelope(index: int, **fields: Any) -> Attack:
    return lambda scene: scene.entries[index].update(fields)


def result(**fields: Any) -> Attack:
    return lambda scene: republish(scene, fields)


def redo_close(scene: Scene) -> None:
    """What an operator does who has touched the casts: close, participation and tally all made again to fit."""
    del scene.entries[place(scene, "poll.closed") :]
    close_poll(scene)


@attack("a ballot dropped, everything signed again", "C15")
def drop(scene: Scene) -> None:
    scene.entries.remove(casts(scene)[1])


@attack("a ballot dropped and the tally redone, participation as it was", "C19")
def drop_and_recount(scene: Scene) -> None:
    participation = dict(scene.d("participation.published"))
    drop(scene)
    redo_close(scene)
    scene.d("participation.published").update(participation)


@attack("a ballot by a credential that was never committed", "C10")
def stuff(scene: Scene) -> None:
    scene.entries.insert(place(scene, "poll.closed"), {"type": "ballot.cast", "poll": "p1", "v": 1, "d": cast(999, "o5")})
    redo_close(scene)


@attack("a ballot changed after the tally", "C15")
def alter(scene: Scene) -> None:
    casts(scene)[0]["d"]["b"] = {"approve": ["o4"]}


@attack("a ballot cast after the close", "C8")
def late(scene: Scene) -> None:
    scene.entries.append({"type": "ballot.cast", "poll": "p1", "v": 1, "d": cast(19, "o1")})


@attack("a second ballot where nobody may vote twice", "C11")
def twice(scene: Scene) -> None:
    scene.d("poll.created")["revote"] = "none"
    redo_close(scene)


@attack("an unsorted list of credentials", "C10")
def unsorted_credentials(scene: Scene) -> None:
    reblob("credentials.committed", "blob_sha256", lambda b: b[:16] + b[48:80] + b[16:48] + b[80:])(scene)


@attack("a title whose bytes were exchanged", "C6")
def retitle(scene: Scene) -> None:
    scene.blobs[scene.d("poll.created")["options"][0]["title_sha256"]] = bytes(16) + canon({"en": "Another project"})


@attack("the rule of the count exchanged with its hash unchanged", "C6")
def other_rule(scene: Scene) -> None:
    scene.d("poll.created")["rule"] = {**scene.d("poll.created")["rule"], "mode": "stop", "step": 2}


@attack("the log opened under another origin", "C1")
def other_origin(scene: Scene) -> None:
    scene.d("log.opened")["origin"] = "vote.example.net/log/2026"


@attack("signed with a key that is not the log's", "C2")
def other_key(scene: Scene) -> None:
    scene.signer = Signer(ORIGIN, 9)


@attack("the key exchanged for one of another name", "C1")
def other_name(scene: Scene) -> None:
    scene.d("log.opened")["vkey"] = Signer("vote.example.net/log/2026").vkey


@attack("two options with one id", "C6")
def twin(scene: Scene) -> None:
    scene.d("poll.created")["options"].append(scene.d("poll.created")["options"][0])


@attack("a budget poll without a cost", "C6")
def free(scene: Scene) -> None:
    del scene.d("poll.created")["options"][0]["cost"]


@attack("an entry type nobody knows", "C6")
def unknown(scene: Scene) -> None:
    scene.add("ballot.replaced", bid="00")


ATTACKS += [
    ("a receipt number used twice", "C11", lambda s: recast(1, bid=casts(s)[0]["d"]["bid"])(s)),
    ("a revision left out", "C11", recast(14, rev=2)),
    ("a revision repeated", "C11", recast(16, rev=1)),
    ("a ballot above its budget", "C12", approve("o2", "o5")),
    ("a ballot with too many marks", "C12", approve("o1", "o2", "o3", "o4")),
    ("a ballot with an unknown option", "C12", approve("o9")),
    ("an unsorted ballot", "C12", approve("o3", "o2")),
    ("a ballot that marks one option twice", "C12", approve("o1", "o1")),
    ("a mark that is no text", "C6", recast(0, b={"approve": [1]})),
    ("a time on a ballot", "C6", envelope(6, t=1795900000)),
    ("a credential in upper case", "C6", recast(0, cred="AB" * 32)),
    ("a boolean revision", "C6", recast(0, rev=False)),
    ("an unknown field", "C6", change("poll.opened", note="x")),
    ("an unknown field of the envelope", "C6", envelope(4, w=1)),
    ("another version", "C6", envelope(4, v=2)),
    ("a missing field", "C6", lambda s: s.d("tally.published").pop("nonce")),
    ("a poll entry that names no poll", "C6", envelope(-1, poll="")),
    ("a second log.opened", "C6", lambda s: s.entries.append(s.entries[0])),
    ("a gap in n", "C7", envelope(-1, n=99)),
    ("a chain that is broken", "C7", envelope(-1, prev="f" * 64)),
    ("a chain of another poll", "C7", envelope(-1, poll="p2", n=24)),
    ("more credentials than people", "C10", change("roll.committed", count=19)),
    ("another root of the credentials", "C10", change("credentials.committed", root="0" * 64)),
    ("a credential listed twice", "C10", reblob("credentials.committed", "blob_sha256", lambda b: b[:48] + b[16:48] + b[80:])),
    ("a credential list cut short", "C10", reblob("credentials.committed", "blob_sha256", lambda b: b[:-32])),
    ("the credential list not served", "C10", lambda s: s.blobs.pop(s.d("credentials.committed")["blob_sha256"])),
    ("a poll opened with another configuration", "C8", change("poll.opened", config="0" * 64)),
    ("a poll opened with another roll", "C8", change("poll.opened", roll="0" * 64)),
    ("opened before there is a roll", "C8", swap("roll.committed", "poll.opened")),
    ("credentials before the roll", "C8", swap("roll.committed", "credentials.committed")),
    ("closed twice", "C8", repeat("poll.closed")),
    ("created twice", "C8", repeat("poll.created")),
    ("opened twice", "C8", repeat("poll.opened")),
    ("participation after the tally", "C8", swap("participation.published", "tally.published")),
    ("no participation at all", "C8", lambda s: s.entries.pop(place(s, "participation.published"))),
    ("the poll never opened", "C8", lambda s: s.entries.pop(place(s, "poll.opened"))),
    ("no configuration", "C8", lambda s: s.entries.pop(place(s, "poll.created"))),
    ("too few ballots at the close", "C15", change("poll.closed", ballots=16)),
    ("another last entry at the close", "C15", change("poll.closed", last_n=3)),
    ("another ballot file at the close", "C15", change("poll.closed", ballots_sha256="0" * 64)),
    ("another ballot file in the tally", "C15", change("tally.published", ballots_sha256="0" * 64)),
    ("another root of the counted ballots", "C15", change("tally.published", ballots_root="0" * 64)),
    ("a wrong number counted", "C15", change("tally.published", counted=15)),
    ("a wrong number replaced", "C15", change("tally.published", replaced=2)),
    ("a ballot called void", "C15", change("tally.published", voided=1)),
    ("a ballot called invalid", "C15", change("tally.published", invalid=1)),
    ("a nonce that was not committed to", "C16", change("tally.published", nonce="11" * 32)),
    ("another counting rule in the tally", "C16", change("tally.published", tally={"name": "x", "version": "1", "sha256": "0" * 64})),
    ("a second result without a number of its own", "C16", repeat("tally.published")),
    ("the first result called the second", "C16", change("tally.published", act=2)),
    ("other winners", "C16", result(winners=["o5"])),
    ("winners in another order", "C16", lambda s: result(winners=published(s)["winners"][::-1])(s)),
    ("another sum", "C16", result(spent=99)),
    ("another seed", "C16", result(seed="0" * 64)),
    ("another order of lots", "C16", result(tie_order=["o1", "o2", "o3", "o4", "o5"])),
    ("a round left out", "C16", lambda s: result(rounds=published(s)["rounds"][1:])(s)),
    ("a field too many in the result", "C16", result(comment="x")),
    ("true instead of one", "C16", result(v=True)),
    ("lots denied", "C16", result(lots_used=False)),
    ("result bytes changed in place", "C17", lambda s: s.blobs.update({s.d("tally.published")["result_sha256"]: b"{}"})),
    ("the result not served", "C17", lambda s: s.blobs.pop(s.d("tally.published")["result_sha256"])),
    ("a result that is not canonical", "C17", reblob("tally.published", "result_sha256", lambda b: b + b"\n")),
    ("a result that is no object", "C16", reblob("tally.published", "result_sha256", lambda b: b"[]")),
    ("a result nested deeply", "C17", reblob("tally.published", "result_sha256", lambda b: b"[" * 100_000 + b"]" * 100_000)),
    ("a wrong number of participants", "C19", change("participation.published", used=13)),
    ("another roll of participants", "C19", change("participation.published", roll="r2")),
    ("a bit too many", "C19", reblob("participation.published", "bitmap_sha256", lambda b: b[:-1] + bytes([b[-1] | 0x10]))),
    ("a bit beyond the roll", "C19", reblob("participation.published", "bitmap_sha256", lambda b: bytes([b[0] & 127]) + b[1:-1] + bytes([b[-1] | 1]))),
    ("a bitmap that is too long", "C19", reblob("participation.published", "bitmap_sha256", lambda b: b + b"\0")),
    ("a bitmap that is too short", "C19", reblob("participation.published", "bitmap_sha256", lambda b: b[:-1])),
    ("the bitmap not served", "C19", lambda s: s.blobs.pop(s.d("participation.published")["bitmap_sha256"])),
]


def published(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scene.blobs[scene.d("tally.published")["result_sha256"]])
    return found


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "check", "apply"), ATTACKS, ids=[name for name, _, _ in ATTACKS])
def test_a_named_attack_fails_at_its_check(
    name: str, check: str, apply: Attack, method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = finished(method)
    scene.chain()
    apply(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1 and report["verdict"] == "fail"
    assert check in failed(report), report["checks"]
    assert not any("malformed (" in c["text"] for c in report["checks"]), "a check stumbled instead of finding it"


def test_two_acts_with_the_same_result_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished()
    repeat("tally.published")(scene)
    scene.entries[-1]["d"]["act"] = 2
    assert verify(scene.seal().write(tmp_path), capsys)[0] == 0


@pytest.mark.parametrize("raw", [
    b"", b"{}", b"[]", b"null", b"1", b"\xff", b'{"type":[]}', b'{"type":"log.opened"}', b"[" * 8000, b'{"a":' * 2500 + b"1" + b"}" * 2500,
    b'{"d":{},"n":0,"poll":"p1","prev":"x","t":1,"type":"poll.opened","v":1}', b'{"d":[],"n":28,"poll":"p1","type":"ballot.cast","v":1}',
])  # fmt: skip
@pytest.mark.parametrize("at", [0, 3, -1])
def test_a_signed_entry_of_garbage_is_a_failure_and_not_a_crash(raw: bytes, at: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished()
    scene.chain()
    scene.raw[at] = raw
    code, report = verify(scene.seal(rechain=False).write(tmp_path), capsys, "--vkey", scene.signer.vkey)
    assert code == 1 and "C6" in failed(report)


# -------------------------------------------------------------------------------------------------------- damaged files

def test_no_flipped_byte_of_any_file_goes_unnoticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished("pb-mes-v1").seal()
    scene.write(tmp_path)
    for name, data in scene.files().items():
        expected = {"checkpoint": {"C1", "C2", "C5"}, "tile": {"C5"}, "blob": {"C6", "C10", "C17", "C19"}}[name.split("/")[0]]
        for position in {0, 1, len(data) // 3, len(data) // 2, len(data) - 1}:
            (tmp_path / name).write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
            code, report = verify(tmp_path, capsys)
            assert code == 1 and failed(report) & expected, (name, position)
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


@pytest.mark.parametrize("name", ["tile/0/000.p/25", "tile/entries/000.p/25"])
def test_a_tile_that_is_not_served_is_a_failure(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished().seal().write(tmp_path)
    (tmp_path / name).unlink()
    assert failed(verify(tmp_path, capsys)[1]) >= {"C5"}


def test_an_erased_title_is_a_warning_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished().seal()
    scene.write(tmp_path)
    (tmp_path / "blob" / scene.d("poll.created")["options"][0]["title_sha256"]).unlink()
    code, report = verify(tmp_path, capsys)
    assert code == 0 and any("the title of o1" in warning for warning in report["warnings"])


# --------------------------------------------------------------------------------------------------- not finished yet

def ongoing(votes: int, **options: Any) -> Scene:
    scene = open_log()
    open_poll(scene, **options)
    cast_all(scene, [cast(i, "o1") for i in range(votes)])
    return scene.seal()


def test_an_open_poll_is_checked_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verify(ongoing(10).write(tmp_path), capsys)
    assert (code, report["verdict"], report["poll"]["state"]) == (2, "cannot tell", "still open") and not failed(report)
    assert any("not published yet" in warning for warning in report["warnings"])


@pytest.mark.parametrize(("votes", "visibility"), [(9, "live"), (1, "live"), (10, "turnout")])
def test_an_open_poll_that_shows_too_small_a_group_fails(votes: int, visibility: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verify(ongoing(votes, visibility=visibility).write(tmp_path), capsys)
    assert code == 1 and failed(report) == {"C18"}


def test_an_open_poll_with_a_stuffed_ballot_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = ongoing(10)
    cast_all(scene, [cast(999, "o1")])
    assert failed(verify(scene.seal().write(tmp_path), capsys)[1]) == {"C10"}


@pytest.mark.parametrize("last", ["poll.created", "roll.committed", "credentials.committed", "poll.opened", "poll.closed", "participation.published"])
def test_a_poll_on_its_way_is_not_called_right_or_wrong(last: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = finished()
    del scene.entries[place(scene, last) + 1 :]
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 2 and not failed(report)


def test_a_poll_that_is_not_there_and_a_log_that_is_not_there_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    scene.d("poll.created")["method"] = "irv-v1"
    lines = verifier.ballot_file("p1", "irv-v1", ["o1", "o2", "o3", "o4", "o5"], verifier.Poll(parsed(scene), "p1", verifier.Progress()).groups)
    scene.d("poll.closed")["ballots_sha256"] = scene.d("tally.published")["ballots_sha256"] = sha(lines)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1 and failed(report) == {"C15"}      # the counted leaves moved with the chain
    scene.d("tally.published")["ballots_root"] = counted_root(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 2 and not failed(report)


def parsed(scene: Scene) -> verifier.Log:
    scene.chain()
    return verifier.Log(None, raw=scene.raw, leaves=scene.leaves, entries=[json.loads(raw) for raw in scene.raw], size=len(scene.raw))


def counted_root(scene: Scene) -> str:
    log = parsed(scene)
    return verifier.tree_root(log.leaves[index] for index, _ in verifier.Poll(log, "p1", verifier.Progress()).counted).hex()


# -------------------------------------------------------------------------------------------------- keys and memory

def test_another_key_than_the_one_given_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished().seal().write(tmp_path)
    assert failed(verify(tmp_path, capsys, "--vkey", Signer(ORIGIN, 9).vkey)[1]) == {"C1"}
    assert failed(verify(tmp_path, capsys, "--vkey", Signer("other.example/log").vkey)[1]) == {"C1"}


def test_a_log_remembered_may_grow_and_may_not_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, state = tmp_path / "log", ("--state", str(tmp_path / "state"))
    scene = finished()
    Scene(entries=scene.entries[:18]).seal().write(log)
    assert verify(log, capsys, *state)[0] == 2
    scene.seal().write(log)
    code, report = verify(log, capsys, *state)
    assert code == 0 and any("grew from 18 to 25" in check["text"] for check in report["checks"])
    kept = shutil.copytree(log, tmp_path / "kept")
    drop(scene)
    redo_close(scene)
    scene.seal().write(log)
    assert verify(log, capsys)[0] == 0                                                  # perfect in itself
    assert failed(verify(log, capsys, *state)[1]) == {"C4"}                             # smaller than it was
    scene.add("poll.created", poll="p2", **{**scene.d("poll.created")})
    assert failed(verify(scene.seal().write(log), capsys, *state)[1]) == {"C4"}         # as large, with another past
    assert verify(kept, capsys, *state)[0] == 0                                         # a mirror of the true one


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


@pytest.mark.parametrize("argv", [[], ["poll"], ["poll", "nowhere", "p1"], ["poll", "ftp://x", "p1"], ["poll", ".", "p1", "--vkey", "x"],
                                  ["receipt", "/nonexistent"], ["tally", "x"]])
def test_a_command_line_that_makes_no_sense_is_exit_three(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main(argv) == 3
    assert capsys.readouterr().err.startswith("verifier: ")
