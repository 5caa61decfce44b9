"""Exactly what a rule allows passes, and one step further fails: the checks of a poll, of logs, of notes and of policies."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.verifier.attacks import Attack, casts, place, redo_close
from tests.verifier.test_events import checked, failed, log_checked, text
from tests.verifier.writelog import (
    ACTORS,
    GREEDY,
    NOW,
    OPTIONS,
    ORIGIN,
    WITNESSES,
    Scene,
    Signer,
    Witness,
    canon,
    cast,
    cast_all,
    close_poll,
    correct,
    eventful,
    finished,
    group,
    grow_roll,
    open_log,
    open_poll,
    policy,
    sha,
    summarise,
    void,
)
from verifier import __main__ as verifier

# ---------------------------------------------------------------------------------------------------- what a poll may do


def grown_by(number: int) -> Scene:
    scene = open_log()
    open_poll(scene, k=4)
    grow_roll(scene, range(20, 20 + number))
    cast_all(scene, [cast(i, "o1") for i in range(12)])
    close_poll(scene)
    return scene.seal()


def test_a_roll_may_grow_by_k_at_once() -> None:
    assert checked(grown_by(4).memory()).verdict == "pass"
    assert failed(checked(grown_by(3).memory())) == {"C10"}


@pytest.mark.parametrize(("last", "state"), [
    ("credentials.committed", "not open yet"), ("poll.opened", "still open"), ("poll.paused", "paused"),
    ("poll.resumed", "still open"),
    ("poll.closed", "closed"), ("participation.published", "closed"), ("tally.published", "published"),
])  # fmt: skip
def test_how_far_a_poll_is(last: str, state: str) -> None:
    scene = eventful()
    del scene.entries[place(scene, last) + 1 :]
    report = checked(scene.seal().memory())
    assert not failed(report) and report.poll["state"] == state


def turnout(*, summarised: bool = True, closed: bool = True) -> Scene:
    scene = open_log()
    open_poll(scene, k=5, visibility="turnout")
    cast_all(scene, [cast(i, "o1") for i in range(12)])
    if summarised:
        summarise(scene)
    if closed:
        close_poll(scene)
    return scene.seal()


def test_a_turnout_poll_shows_its_ballots_at_the_close_and_no_sooner() -> None:
    assert checked(turnout().memory()).verdict == "pass"
    assert failed(checked(turnout(closed=False).memory())) == {"C18"}
    assert failed(checked(turnout(summarised=False, closed=False).memory())) == {"C18"}


def test_a_poll_with_groups_of_one_keeps_nobody_back() -> None:
    scene = open_log()
    open_poll(scene, k=1)
    group(scene, [cast(1, "o1")])
    scene.act("incident.declared", code="outage")
    close_poll(scene)
    assert checked(scene.seal().memory()).verdict == "pass"


@pytest.mark.parametrize("imported", [True, False])
def test_only_a_poll_made_from_a_ballot_file_has_no_groups(imported: bool) -> None:
    scene = open_log()
    made: dict[str, Any] = {"origin": "import"} if imported else {}
    open_poll(scene, **made)
    cast_all(scene, [{**cast(i, "o1"), "origin": "import"} for i in range(4)])
    close_poll(scene)
    scene.entries.pop(place(scene, "intake.summary"))
    scene.d("poll.closed")["last_n"] -= 1
    assert failed(checked(scene.seal().memory())) == (set() if imported else {"C18"})


def test_a_group_without_its_summary_fails_also_where_another_group_follows() -> None:
    scene = open_log()
    open_poll(scene, k=2)
    group(scene, [cast(i, "o1") for i in range(3)])
    scene.act("incident.declared", code="outage")
    cast_all(scene, [cast(i, "o1") for i in range(3, 6)])
    scene.act("incident.declared", code="outage")
    group(scene, [cast(i, "o1") for i in range(6, 9)])
    close_poll(scene)
    assert failed(checked(scene.seal().memory())) == {"C18"}


@pytest.mark.parametrize(("reason", "early"), [("scheduled", 0), ("scheduled", 1), ("by_hand", 1)])
def test_only_by_hand_may_a_poll_close_before_its_time(reason: str, early: int) -> None:
    scene = open_log()
    open_poll(scene, closes_at=NOW + early)
    cast_all(scene, [cast(i, "o1") for i in range(12)])
    why: dict[str, Any] = {"text_sha256": scene.text(en="Why"), "actors": ACTORS} if reason == "by_hand" else {}
    close_poll(scene, reason=reason, **why)
    assert failed(checked(scene.seal().memory())) == ({"C8"} if early and not why else set())


@pytest.mark.parametrize(("method", "options"), [
    ("approval-v1", {"rule": {**OPTIONS["approval-v1"], "min": 2, "max": 2}}),
    ("pb-greedy-v1", {"rule": {**GREEDY, "groups": [["o1", "o2"], ["o3", "o4", "o5"]]}}),
    ("pb-greedy-v1", {"costs": {"o1": 1, "o2": 100}}),
])  # fmt: skip
def test_the_options_of_a_rule_may_go_to_the_limit(method: str, options: dict[str, Any]) -> None:
    scene = open_log()
    open_poll(scene, method=method, **options)
    cast_all(scene, [cast(i, "o1") for i in range(12)])
    close_poll(scene)
    report = checked(scene.seal().memory())
    assert report.verdict == "pass", report.checks


@pytest.mark.parametrize(("method", "ballot", "choice"), [
    ("score-v1", {"alloc": {"sum": 10, "exact": True, "max": 6, "min": 2}}, ""),
    ("score-v1", {"alloc": {"sum": 10, "exact": True, "max": 6, "min": 2}}, "o1:4,o2:6"),
    ("score-v1", {"alloc": {"sum": 10, "exact": False, "max": None, "min": 2}}, "o1:9,o2:1"),
    ("score-v1", {"score": {"max": 5}}, "o1:5,o2:1,o3:1,o4:1,o5:1"),
    ("irv-v1", {"rank": {"min": 0, "max": None, "ties": False, "raw": False}}, "o1>o2>o3>o4>o5"),
    ("irv-v1", {"rank": {"min": 2, "max": 2, "ties": False, "raw": False}}, "o1>o2"),
    ("irv-v1", {"rank": {"min": 0, "max": 3, "ties": True, "raw": False}}, "o1=o2>o3"),
    ("approval-v1", {"approve": {"min": 2, "max": 2, "max_cost": None}}, "o1,o2"),
    ("approval-v1", {"approve": {"min": 0, "max": None, "max_cost": None}}, "o1,o2,o3,o4,o5"),
    ("pb-greedy-v1", {"approve": {"min": 0, "max": None, "max_cost": 100}}, "o1,o2,o3"),
])  # fmt: skip
def test_a_ballot_may_go_to_the_limit(method: str, ballot: dict[str, Any], choice: str) -> None:
    scene = open_log()
    open_poll(scene, method=method, ballot=ballot)
    cast_all(scene, [cast(0, choice, kind=next(iter(ballot)))])
    close_poll(scene)
    report = checked(scene.seal().memory())
    assert report.verdict == "pass", report.checks


@pytest.mark.parametrize(("marks", "fails"), [(1, True), (2, False), (3, False), (4, True)])
def test_a_ballot_approves_as_many_as_it_may_whatever_they_cost(marks: int, fails: bool) -> None:
    scene = open_log()
    open_poll(scene, method="approval-v1", ballot={"approve": {"min": 2, "max": 3, "max_cost": None}})
    cast_all(scene, [cast(0, ",".join(f"o{i}" for i in range(1, marks + 1)))])
    close_poll(scene)
    assert failed(checked(scene.seal().memory())) == ({"C12"} if fails else set())


def later_void(scene: Scene) -> None:
    """The result superseded by one that leaves the void out again, with act and sums to fit the first."""
    void(scene, cast(31, "")["bid"])
    correct(scene)
    scene.d("tally.published", -1).update({**scene.d("tally.published", 1), "act": 3})


ATTACKS: list[tuple[str, str, Attack]] = [
    ("a list of credentials called shorter than it is", "C10", lambda s: s.d("credentials.committed").update(count=59)),
    ("a second void that the third act passes over", "C15", later_void),
    ("a ballot voided, and no act superseded", "C8", lambda s: void(s, cast(31, "")["bid"])),
    ("nobody in a ballot's group", "C18", lambda s: s.d("intake.summary").update(accepted=6, voters=6) or s.entries.pop(10)),
    ("a pause of another actor alone", "C9", lambda s: s.d("poll.paused").update(actors=ACTORS[1:])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "check", "apply"), ATTACKS, ids=[name for name, _, _ in ATTACKS])
def test_a_further_attack_fails_at_its_check(name: str, check: str, apply: Attack) -> None:
    scene = eventful()
    scene.chain()
    apply(scene)
    assert check in failed(checked(scene.seal().memory())), name


def test_a_list_of_credentials_that_is_too_large_for_us_is_not_called_wrong() -> None:
    scene = finished()
    for type in ("roll.committed", "credentials.committed"):
        scene.d(type)["count"] = 2**24
    report = checked(scene.seal().memory())
    assert next(c["status"] for c in report.checks if c["id"] == "C10") == "open"
    name = scene.blob(b"x")
    assert verifier.read_blob(scene.memory(), name, verifier.MAX_BLOB, "C10", "it") == b"x"
    with pytest.raises(verifier.CannotTell, match="too large"):
        verifier.read_blob(scene.memory(), name, verifier.MAX_BLOB + 1, "C10", "it")


@pytest.mark.parametrize("spare", [0, 1])
def test_a_text_is_at_most_64_kibibytes_long(spare: int) -> None:
    scene = finished()
    scene.act("incident.declared", code="outage")
    size = verifier.MAX_NOTE - 16 - len(canon({"en": ""}))
    scene.entries[-1]["d"]["text_sha256"] = scene.text(en="x" * (size + spare))
    assert failed(checked(scene.seal().memory())) == ({"C6"} if spare else set())


@pytest.mark.parametrize("content", [b"[]", b'{"en":1}', b'{"en":{}}', b'"en"', b'{"en": "x"}', b""])
def test_a_text_is_words_by_language(content: bytes) -> None:
    scene = finished()
    scene.act("incident.declared", code="outage", text_sha256=scene.blob(bytes(16) + content))
    assert failed(checked(scene.seal().memory())) == {"C6"}


@pytest.mark.parametrize("spare", [0, 1])
def test_an_entry_is_at_most_16_kibibytes_long(spare: int) -> None:
    scene = finished()
    changes: dict[str, Any] = {"scope": "mail", "key": "x", "old_sha256": "0" * 64, "new_sha256": "1" * 64, "actors": ACTORS}
    scene.add("config.changed", poll="", **changes, public_value="")
    scene.chain()
    scene.entries[-1]["d"]["public_value"] = "x" * (verifier.MAX_ENTRY - len(scene.raw[-1]) + spare)
    report = checked(scene.seal().memory())
    assert len(scene.raw[-1]) == verifier.MAX_ENTRY + spare
    assert failed(report) == ({"C5"} if spare else set())


@pytest.mark.parametrize(("key", "further", "allowed"), [
    ("assets", {}, True),
    ("release", {}, False),
    ("release", {"public_value": "{}"}, True),
    ("release", {"public_value": {}}, True),
    ("release", {"public_value": "{ }"}, False),
    ("colour", {"public_value": "{}"}, False),
])  # fmt: skip
def test_what_a_change_of_software_shows(key: str, further: dict[str, Any], allowed: bool) -> None:
    scene = finished()
    hashes: dict[str, Any] = {"old_sha256": "0" * 64, "new_sha256": sha(b"{}")}
    scene.add("config.changed", poll="", scope="software", key=key, actors=[], **hashes, **further)
    assert failed(log_checked(scene.seal().memory())) == (set() if allowed else {"C6"})


def test_only_a_poll_below_its_quorum_is_said_to_have_too_few_ballots() -> None:
    assert "Too few ballots" not in verifier.show(checked(finished("irv-v1").seal().memory()))
    assert checked(finished("irv-v1").seal().memory()).poll["winners"]


# ------------------------------------------------------------------------------------------ notes, proofs, reports, policies


def test_a_note_holds_at_most_a_hundred_signatures() -> None:
    note = Signer(ORIGIN).sign("x\n")
    line = note.split(b"\n")[2] + b"\n"
    assert len(verifier.parse_note(note + line * 99).signatures) == 100
    with pytest.raises(verifier.Problem, match="too many"):
        verifier.parse_note(note + line * 100)


@pytest.mark.parametrize(("name", "size", "allowed"), [
    ("a", 5, True), ("a", 4, False), ("a+b", 68, False), ("a\u00a0b", 68, False), ("a\u2003b", 68, False),
])  # fmt: skip
def test_a_signature_line_has_a_name_a_key_id_and_a_signature(name: str, size: int, allowed: bool) -> None:
    raw = f"x\n\n— {name} {base64.b64encode(bytes(size)).decode()}\n".encode()
    if allowed:
        assert verifier.parse_note(raw).signatures == ((name, bytes(4), bytes(size - 4)),)
    else:
        with pytest.raises(verifier.Problem):
            verifier.parse_note(raw)


@pytest.mark.parametrize(
    "body", ["{0}\n6\n", "{0}\n6\n{1}\nmore\n", "{0}\n6\n{1}\n\n", "{0}\n-6\n{1}\n", "{0}\n6\n{1}=\n", "{0}\n6\nAAAA\n"]
)
def test_a_checkpoint_has_just_three_lines(body: str) -> None:
    with pytest.raises(verifier.Problem):
        verifier.parse_checkpoint(verifier.Note(body.format(ORIGIN, "A" * 43 + "="), ()))


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\tb"])
def test_a_checkpoint_and_a_key_need_a_good_name(origin: str) -> None:
    with pytest.raises(verifier.Problem):
        verifier.parse_checkpoint(verifier.Note(f"{origin}\n6\n{'A' * 43}=\n", ()))
    with pytest.raises(verifier.Problem):
        verifier.parse_vkey(Signer(origin).vkey)


def test_a_proof_is_of_an_index_inside_the_tree() -> None:
    leaf = bytes(32)
    verifier.check_inclusion(leaf, 0, 1, [], leaf, "C20")
    for index, size in ((1, 1), (0, 0), (-1, 1), (2, 1)):
        with pytest.raises(verifier.Problem, match="not inside"):
            verifier.check_inclusion(leaf, index, size, [], leaf, "C20")


@pytest.mark.parametrize(("statuses", "verdict"), [
    ([], "pass"), (["pass", "warn", "n/a"], "pass"), (["pass", "open"], "cannot tell"), (["open", "fail"], "fail"),
])  # fmt: skip
def test_what_was_not_reached_is_never_a_pass(statuses: list[str], verdict: str) -> None:
    report = verifier.Report()
    for status in statuses:
        report.add("C1", status, "")
    assert report.verdict == verdict


@pytest.mark.parametrize(
    "lines",
    [
        "log\nquorum none",
        f"log {Signer(ORIGIN).vkey} https://x.example y\nquorum none",
        "witness x\nquorum none",
        f"witness x {WITNESSES[0].vkey.replace('witness0', 'witness9')} https://x.example y\nquorum none",
        f"witnes x {Witness('x', 30).vkey}\nquorum none",
        f"witness w0 {Witness('x', 30).vkey}\nquorum none",
        f"witness none {Witness('x', 30).vkey}\nquorum none",
        f"log {Signer(ORIGIN).vkey}\nquorum none",
        "quorum none\r",
        "quorum\x0bnone",
        "# a bell \x07\nquorum none",
        "#" * 70_000 + "\nquorum none",
        "group g\nquorum none",
        "grupp g any w0\nquorum g",
        "group none any w0\nquorum none",
        "group g any w0\ngroup g any w1\nquorum g",
        "group g 0001 w0\nquorum g",
        "group g -1 w0\nquorum g",
        "quorum w0 w1",
        "quorum",
    ],
)
def test_a_policy_line_has_just_its_words(lines: str) -> None:
    with pytest.raises(verifier.Usage, match="policy"):
        verifier.parse_policy(policy(lines).encode())


def test_a_log_that_nobody_cosigned_says_so_and_one_that_others_signed_counts_them() -> None:
    assert "none. Only this log's own key" in text(checked(finished().seal().memory()), "C3")
    assert "has 2 further signatures" in text(checked(finished().seal().cosign(0, 1).memory()), "C3")


@pytest.mark.parametrize("ahead", [600, 601])
def test_a_cosignature_is_at_most_ten_minutes_ahead(ahead: int) -> None:
    scene = finished().seal().cosign(0, 1, at=NOW + ahead)
    report = checked(scene.memory(), policy=verifier.parse_policy(policy().encode()))
    assert failed(report) == (set() if ahead == 600 else {"C3"})


def test_the_newest_cosignature_of_a_witness_counts() -> None:
    scene = finished().seal().cosign(0, 1, at=NOW - 9 * verifier.DAY).cosign(0, 1)
    rules = verifier.parse_policy(policy().encode())
    assert next(c["status"] for c in checked(scene.memory(), policy=rules).checks if c["id"] == "C3") == "pass"


def test_the_casts_of_the_scene_are_those_that_the_tests_mean() -> None:
    scene = finished()
    assert len(casts(scene)) == 17 and place(scene, "poll.closed") > 17
    redo_close(scene)
    assert checked(scene.seal().memory()).verdict == "pass"
