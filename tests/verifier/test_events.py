"""Polls that are extended, paused, grown, voided in and corrected, sealed ones too: right ones pass, attacked ones do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verifier.attacks import ATTACKS, Attack
from tests.verifier.attacks_on_events import LIVE, SEALED, at, cut
from tests.verifier.writelog import (
    ACTORS,
    DAY,
    NOW,
    Memory,
    Scene,
    canon,
    cast,
    cast_all,
    close_poll,
    eventful,
    group,
    open_log,
    open_poll,
    publish,
    sha,
    void,
)
from verifier import __main__ as verifier


def checked(source: Any, poll: str = "p1", **asked: Any) -> verifier.Report:
    return verifier.verify_poll(source, poll, verifier.Asked(**{"now": NOW, **asked}), verifier.Progress())


def log_checked(source: Any, **asked: Any) -> verifier.Report:
    return verifier.verify_log(source, verifier.Asked(**{"now": NOW, **asked}), verifier.Progress())[0]


def failed(report: verifier.Report) -> set[str]:
    """The checks that failed, and each found what is wrong: none merely stumbled over it."""
    assert not any("malformed (" in check["text"] for check in report.checks), report.checks
    return {check["id"] for check in report.checks if check["status"] == "fail"}


def text(report: verifier.Report, check: str) -> str:
    return " ".join(c["text"] for c in report.checks if c["id"] == check)


@pytest.mark.parametrize("poll", ["p1", "p2"])
@pytest.mark.parametrize("visibility", ["live", "sealed"])
def test_a_poll_in_which_everything_happens_passes(visibility: str, poll: str) -> None:
    report = checked(eventful(visibility=visibility).seal().memory(), poll)
    assert report.verdict == "pass", report.checks


def test_the_report_says_what_officials_did_and_why() -> None:
    report = checked(eventful().seal().memory())
    shown = verifier.show(report)
    assert "sums (18 cast = 16 counted + 0 replaced + 2 voided)" in text(report, "C15")
    assert "mix (4 groups of ballots, the smallest of 3 voters)" in text(report, "C18")
    assert "two officials (8 acts by two different people each)" in text(report, "C9")
    assert "poll.extended to 2026-" in shown and "Grounds for" in shown and "objection.answered ob7f (partly): In part." in shown
    report = checked(eventful(visibility="sealed").seal().memory())
    assert "openings (17, each fits its commitment)" in text(report, "C14")


def run(name: str, check: str, apply: Attack, visibility: str) -> None:
    scene = eventful(visibility=visibility)
    scene.chain()
    apply(scene)
    report = checked(scene.seal().memory())
    if check == "open":
        assert report.verdict == "cannot tell", report.checks
    else:
        assert check in failed(report), (name, report.checks)


@pytest.mark.parametrize(("name", "check", "apply"), LIVE, ids=[name for name, _, _ in LIVE])
def test_an_attack_on_what_happens_in_a_poll_fails_at_its_check(name: str, check: str, apply: Attack) -> None:
    run(name, check, apply, "live")


@pytest.mark.parametrize(("name", "check", "apply"), SEALED, ids=[name for name, _, _ in SEALED])
def test_an_attack_on_a_sealed_poll_fails_at_its_check(name: str, check: str, apply: Attack) -> None:
    run(name, check, apply, "sealed")


def test_names_of_attacks_are_their_own() -> None:
    names = [name for name, _, _ in [*ATTACKS, *LIVE, *SEALED]]
    assert len(set(names)) >= len(names) - 1  # one stands twice on purpose, in another poll
    assert len(names) > 150


# --------------------------------------------------------------------------------------------- what is right, or not yet


@pytest.mark.parametrize("last", ["poll.paused", "poll.closed", "openings.published", "participation.published"])
def test_a_sealed_poll_on_its_way_is_not_called_right_or_wrong(last: str) -> None:
    scene = eventful(visibility="sealed")
    place = at(scene, last)
    scene.entries[place + 1 :] = []
    report = checked(scene.seal().memory())
    assert report.verdict == "cannot tell", report.checks


def test_a_superseded_result_without_a_new_one_is_not_called_right() -> None:
    scene = eventful()
    cut("tally.published")(scene)
    report = checked(scene.seal().memory())
    assert report.verdict == "cannot tell"
    assert report.poll["state"] == "superseded"


def test_a_poll_may_close_paused_with_the_ballots_that_waited() -> None:
    scene = open_log()
    open_poll(scene, k=3)
    group(scene, [cast(i, "o1") for i in range(3)])
    scene.act("poll.paused")
    cast_all(scene, [cast(i, "o2") for i in range(3, 6)])
    close_poll(scene)
    assert checked(scene.seal().memory()).verdict == "pass"


def test_a_small_poll_shows_its_ballots_at_the_close_and_the_report_warns() -> None:
    scene = open_log()
    open_poll(scene)
    cast_all(scene, [cast(i, "o1") for i in range(4)])
    close_poll(scene)
    report = checked(scene.seal().memory())
    assert report.verdict == "pass"
    assert any("all 4 voters" in warning for warning in report.warnings)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_turnout_poll_that_shows_ballots_before_its_close_fails(groups: int) -> None:
    scene = open_log()
    open_poll(scene, k=2, visibility="turnout")
    for number in range(groups):
        group(scene, [cast(i + 5 * number, "o1") for i in range(5)])
    scene.act("incident.declared", code="outage")
    cast_all(scene, [cast(i, "o1") for i in range(12, 15)])
    close_poll(scene)
    assert failed(checked(scene.seal().memory())) == {"C18"}


def test_an_amended_poll_passes_by_its_last_configuration() -> None:
    scene = open_log()
    open_poll(scene)
    config = scene.d("poll.created")
    amended = {**config, "budget": 60, "closes_at": 3}
    place = at(scene, "roll.committed")
    scene.act("poll.amended", **amended)
    scene.entries.insert(place, scene.entries.pop())
    cast_all(scene, [cast(i, "o1,o2") for i in range(12)])
    close_poll(scene)
    report = checked(scene.seal().memory())
    assert report.verdict == "pass", report.checks
    assert report.poll["budget"] == 60


def test_thirty_days_are_not_too_long() -> None:
    scene = eventful()
    scene.d("poll.extended")["closes_at"] = NOW - 100 + 30 * DAY
    cut("poll.closed")(scene)
    close_poll(scene)
    scene.entries[at(scene, "poll.closed")]["t"] = NOW + 40 * DAY
    assert checked(scene.seal().memory()).verdict == "pass"


def test_a_voided_revision_does_not_revive_the_one_before() -> None:
    scene = open_log()
    open_poll(scene)
    cast_all(scene, [*(cast(i, "o1") for i in range(12)), cast(3, "o2", 1)])
    void_at = scene.d("ballot.cast", 12)["bid"]
    close_poll(scene)
    void(scene, void_at)
    scene.act("tally.superseded", act=1)
    publish(scene)
    report = checked(scene.seal().memory())
    assert report.verdict == "pass", report.checks
    assert "11 counted + 1 replaced + 1 voided" in text(report, "C15")


# ------------------------------------------------------------------------------------------------------- the log itself


def test_a_whole_log_passes_without_counting_and_tells_of_incidents() -> None:
    report = log_checked(eventful().seal().memory())
    assert report.verdict == "pass", report.checks
    assert "13 acts" in text(report, "C9")
    assert any("incident declared" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("name", "check", "apply"),
    [
        ("one official", "C9", lambda s: s.d("config.changed", 1).update(actors=ACTORS[:1])),
        ("erasure by one", "C9", lambda s: s.d("erasure.recorded").update(actors=[ACTORS[0]] * 2)),
        ("software by people", "C9", lambda s: s.d("config.changed").update(actors=ACTORS)),
        ("an incident's text gone", "C6", lambda s: s.blobs.pop(s.d("incident.declared", 1)["text_sha256"])),
        ("a second log.opened", "C6", lambda s: s.entries.append(s.entries[0])),
        ("a log.closed of a poll", "C6", lambda s: s.add("log.closed", poll="p1", next_origin="x")),
        ("an entry after log.closed", "C8", lambda s: s.entries.insert(-1, {"type": "log.closed", "poll": "", "v": 1, "t": 1,
                                                                           "d": {"next_origin": "x"}})),
        ("a basis nobody knows", "C6", lambda s: s.d("erasure.recorded").update(basis_code="shame")),
        ("a deed that is not in the house rules", "C6", lambda s: s.d("moderation.action").update(action="ban")),
        ("software without its release", "C6", lambda s: s.d("config.changed").update(new_sha256=sha(canon("x")))),
        ("a receipt key of another log", "C1", lambda s: s.d("log.opened").update(receipt_vkey=s.signer.vkey)),
    ],
)  # fmt: skip
def test_an_attack_on_the_log_itself_fails_at_its_check(name: str, check: str, apply: Attack) -> None:
    scene = eventful()
    scene.chain()
    apply(scene)
    assert check in failed(log_checked(Memory(scene.seal().files()))), name


def test_an_entry_after_the_end_of_a_log_also_fails_the_poll() -> None:
    scene: Scene = eventful()
    scene.entries.insert(-1, {"type": "log.closed", "poll": "", "v": 1, "t": 1, "d": {"next_origin": "x"}})
    assert "C8" in failed(checked(scene.seal().memory()))
