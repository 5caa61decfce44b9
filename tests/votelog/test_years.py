"""A log for each year: how one begins and ends, and where a poll stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client

from merkle import canonical
from tests.votelog import make
from tests.votelog.append_only import lifted
from votelog import files, fsck, log, sequencer, shards, trees
from votelog.actions import promise, record
from votelog.entries import read
from votelog.errors import LogTakesNoMore
from votelog.models import Abandoned, Checkpoint, Event, Pending
from votelog.news import Lookout
from votelog.signals import entries_published

pytestmark = pytest.mark.django_db

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SUMMER, tick=False) as traveller:
        yield traveller


def entries_of(shard: str) -> list[dict[str, Any]]:
    return [read(event.body) for event in Event.objects.filter(shard=shard).order_by("idx")]


def publish(poll: str) -> None:
    """A result, as far as the log looks into it."""
    with transaction.atomic():
        record("tally.published", poll=poll, d={"act": 1})


def answer(poll: str) -> None:
    d = {"objection": "abcd", "finding": "rejected", "text_sha256": make.Z, "actor": make.ACTORS[0]}
    with transaction.atomic():
        record("objection.answered", poll=poll, d=d)


def objection(poll: str) -> None:
    with transaction.atomic():
        record("objection.filed", poll=poll, d={"objection": "abcd", "text_sha256": make.Z})


def kinds_of(shard: str) -> list[str]:
    return [entry["type"] for entry in entries_of(shard)]


def two_years(clock: time_machine.Traveller) -> None:
    """Poll p1 in log 2026, closed and not counted; log 2027 open."""
    make.small_log()
    clock.move_to(NEW_YEAR)
    sequencer.run_once()


def test_a_name_sorts_behind_every_older_one() -> None:
    names = ["2026", "2026-2", "2026-9", "2027", "2027-2", "2028"]
    assert sorted(set(names)) == names
    assert [shards.is_name(name) for name in (*names, "2026-1", "2026-10", "26", "2026-", "x")] == [True] * 6 + [False] * 5


def test_the_next_log_begins_with_the_year_in_utc_and_names_the_last_checkpoint_of_the_one_before(
    clock: time_machine.Traveller,
) -> None:
    settings.TIME_ZONE = "Asia/Tehran"
    make.small_log()
    clock.move_to(NEW_YEAR - timedelta(seconds=1))
    assert sequencer.run_once().size == 10
    assert log.shards() == ["2026"]
    clock.move_to(NEW_YEAR)
    published = sequencer.run_once()
    assert (log.shards(), log.current_shard(), published.size) == (["2026", "2027"], "2027", 1)
    (opening,) = entries_of("2027")
    signed = log.latest_checkpoint("2026")
    assert signed is not None
    assert opening["d"]["prev"] == {"origin": "vote.example.org/log/2026", "size": 10, "root": bytes(signed.root).hex()}
    assert (opening["type"], opening["n"], opening["prev"], opening["d"]["origin"]) == ("log.opened", 0, make.Z, log.origin())
    assert opening["d"]["receipt_vkey"] == log.receipt_vkey("2027") != log.receipt_vkey("2026")
    assert sequencer.run_once() == published
    assert fsck.findings() == []


def test_a_poll_stays_in_the_log_that_it_began_in_and_new_ones_go_into_the_newest(clock: time_machine.Traveller) -> None:
    make.opened("p1")
    sequencer.run_once()
    clock.move_to(NEW_YEAR)
    sequencer.run_once()
    make.cast(*range(6), poll="p1", k=3)
    make.opened("p2")
    with transaction.atomic():
        record("staff.action", d={"action": "x", "object_sha256": make.Z, "actor": "a" * 32})
    published = sequencer.run_once()
    assert set(published.polls) == {"p1", "p2"}
    assert {event.shard for event in Event.objects.filter(poll="p1")} == {"2026"} == {log.shard_of("p1")}
    assert {event.shard for event in Event.objects.filter(poll="p2")} == {"2027"} == {log.shard_of("p2")}
    assert [event.kind for event in Event.objects.filter(poll="", shard="2027")] == ["log.opened", "staff.action"]
    assert [entry["n"] for entry in log.entries("p1")] == list(range(8))
    assert not Pending.objects.filter(poll="p2").exists()
    assert fsck.findings() == []


def test_a_poll_that_was_recorded_before_the_new_year_is_in_the_old_log(clock: time_machine.Traveller) -> None:
    """Its voters may hold promises that name the old log."""
    sequencer.run_once()
    make.opened("p1")
    clock.move_to(NEW_YEAR)
    sequencer.run_once()
    assert (log.shard_of("p1"), log.shards()) == ("2026", ["2026"])
    sequencer.run_once()
    assert (log.shard_of("p1"), log.shards()) == ("2026", ["2026", "2027"])


def test_several_logs_are_told_of_served_and_proved_each_under_its_name(
    clock: time_machine.Traveller, client: Client
) -> None:
    heard: list[tuple[str, int, dict[str, range]]] = []

    def hear(polls: dict[str, range], shard: str, size: int, **_: object) -> None:
        heard.append((shard, size, polls))

    two_years(clock)
    make.opened("p2")
    publish("p1")
    entries_published.connect(hear)
    sequencer.run_once()
    entries_published.disconnect(hear)
    assert heard == [("2026", 11, {"p1": range(9, 10)}), ("2027", 5, {"p2": range(4)})]
    assert [served["prefix"] for served in client.get("/log/").json()["logs"]] == ["/log/2026/", "/log/2027/"]
    for shard, size in (("2026", 11), ("2027", 5)):
        text = client.get(f"/log/{shard}/checkpoint").content.decode()
        assert text.splitlines()[:2] == [f"vote.example.org/log/{shard}", str(size)]
        assert client.get(f"/log/{shard}/tile/0/000.p/{size}").status_code == 200
    event = log.find_ballot("p1", make.bid(1))
    assert event is not None
    assert "vote.example.org/log/2026\n11\n" in log.proof(event)


def test_the_old_log_is_closed_when_its_polls_are_published_and_the_term_for_appeals_is_over(
    clock: time_machine.Traveller,
) -> None:
    two_years(clock)
    clock.shift(timedelta(days=400))
    sequencer.run_once()
    assert not shards.is_closed("2026")  # p1 has no result
    publish("p1")
    sequencer.run_once()
    clock.shift(timedelta(days=20))
    objection("p1")
    sequencer.run_once()
    clock.shift(timedelta(days=100))
    sequencer.run_once()
    assert not shards.is_closed("2026")  # nobody has answered it
    answer("p1")
    sequencer.run_once()
    clock.shift(timedelta(days=30, seconds=-1))
    sequencer.run_once()
    assert not shards.is_closed("2026")
    assert log.takes_entries("p1")
    clock.shift(timedelta(minutes=11))
    sequencer.run_once()
    last = entries_of("2026")[-1]
    assert (last["type"], last["poll"], last["d"]) == ("log.closed", "", {"next_origin": "vote.example.org/log/2027"})
    assert log.size("2026") == trees.size("2026")
    assert kinds_of("2026").count("log.closed") == 1
    assert not log.takes_entries("p1")
    sequencer.run_once()
    assert fsck.findings() == []


def test_a_log_is_not_closed_while_a_result_is_withdrawn_or_something_waits(clock: time_machine.Traveller) -> None:
    make.small_log()
    publish("p1")
    sequencer.run_once()
    with transaction.atomic():
        record("tally.superseded", poll="p1", d={"act": 1, "text_sha256": make.Z, "actors": make.ACTORS})
    clock.move_to(NEW_YEAR + timedelta(days=90))
    sequencer.run_once()
    clock.shift(timedelta(days=90))
    sequencer.run_once()
    assert log.shards() == ["2026", "2027"]
    assert not shards.is_closed("2026")


def test_the_newest_log_is_never_closed(clock: time_machine.Traveller) -> None:
    make.small_log()
    publish("p1")
    sequencer.run_once()
    clock.move_to(datetime(2026, 12, 31, tzinfo=UTC))
    sequencer.run_once()
    assert not shards.is_closed("2026")


@pytest.fixture
def closed_log(clock: time_machine.Traveller) -> None:
    make.small_log()
    publish("p1")
    sequencer.run_once()
    clock.move_to(NEW_YEAR)
    sequencer.run_once()
    clock.shift(timedelta(minutes=11))
    sequencer.run_once()
    assert kinds_of("2026")[-1] == "log.closed"


def test_a_ballot_cast_in_the_new_year_is_promised_by_the_log_of_its_poll(clock: time_machine.Traveller) -> None:
    two_years(clock)
    assert log.current_shard() == "2027"
    assert promise(poll="p1", d=make.ballot(1), deadline=1).startswith("vote.example.org/log/2026/receipt\n")
    assert promise(poll="p9", d=make.ballot(1), deadline=1).startswith("vote.example.org/log/2027/receipt\n")


def test_nothing_is_recorded_of_a_poll_whose_log_is_closed(closed_log: None) -> None:
    with pytest.raises(LogTakesNoMore), transaction.atomic():
        record("objection.filed", poll="p1", d={"objection": "abcd", "text_sha256": make.Z})
    assert not Pending.objects.exists()


def test_nothing_enters_a_closed_log(closed_log: None) -> None:
    size = trees.size("2026")
    Pending.objects.create(poll="p1", kind="objection.filed", t=1, body="{}")
    sequencer.run_once()
    assert trees.size("2026") == size
    assert Pending.objects.count() == 1
    with pytest.raises(DatabaseError, match="closed"):
        sequencer.append("2026", ["p1"])


def test_a_closed_log_stays_readable_and_its_lost_files_are_written_again(closed_log: None, client: Client) -> None:
    before = files.read("2026", "checkpoint")
    assert before is not None
    for path in files.directory("2026").rglob("*"):
        if path.is_file():
            path.unlink()
    sequencer._files_checked.clear()
    sequencer._finished.clear()
    sequencer.run_once()
    assert files.read("2026", "checkpoint") == before == client.get("/log/2026/checkpoint").content
    assert fsck.findings() == []


def test_a_lookout_in_another_process_tells_of_each_entry_once_and_first_of_polls_without_result(
    clock: time_machine.Traveller,
) -> None:
    make.small_log()
    publish("p1")
    make.opened("p2")
    sequencer.run_once(tell=False)
    heard: list[dict[str, range]] = []

    def hear(polls: dict[str, range], **_: object) -> None:
        heard.append(polls)

    lookout = Lookout()
    entries_published.connect(hear)
    try:
        lookout.look()
        lookout.look()
        assert heard == [{"p2": range(4)}]
        clock.move_to(NEW_YEAR)
        sequencer.run_once(tell=False)
        make.opened("p3")
        make.cast(*range(6), poll="p2", k=3)
        sequencer.run_once(tell=False)
        lookout.look()
        assert heard[1:] == [{"p2": range(4, 8)}, {"p3": range(4)}]
    finally:
        entries_published.disconnect(hear)


# --- a log begun anew


def lose_everything() -> None:
    with lifted():
        Checkpoint.objects.all().delete()
        Event.objects.all().delete()
    Pending.objects.all().delete()


def test_after_a_loss_a_new_log_is_begun_that_names_what_was_published(
    clock: time_machine.Traveller, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    make.small_log()
    signed = client.get("/log/2026/checkpoint").content
    lose_everything()
    call_command("log_new_shard", because="The disk of the database died.")
    said = capsys.readouterr().out
    assert "Log 2026 is given up" in said
    assert "vote.example.org/log/2026-2" in said
    make.opened("p2")
    published = sequencer.run_once()
    assert (log.shards(), log.current_shard(), published.size) == (["2026-2"], "2026-2", 5)
    prev = entries_of("2026-2")[0]["d"]["prev"]
    assert (prev["origin"], prev["size"]) == ("vote.example.org/log/2026", 10)
    assert canonical.dumps(prev["root"]) != canonical.dumps(make.Z)
    assert fsck.findings() == []
    assert client.get("/log/2026/checkpoint").content == signed
    assert client.get("/log/2026/tile/entries/000.p/10").status_code == 200
    assert client.get("/log/2026/tile/0/001.p/1").status_code == 404
    call_command("log_fsck")
    assert "given up and is not looked at: The disk of the database died." in capsys.readouterr().out
    with pytest.raises(CommandError, match="no damage"):
        call_command("log_new_shard", because="Again.")


def test_polls_of_a_log_that_was_given_up_go_no_further(
    clock: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
) -> None:
    make.opened("p1")
    sequencer.run_once()
    with lifted():
        Event.objects.filter(idx=3).update(body="{}")
    trees._trees.clear()
    call_command("log_new_shard", because="A row was damaged.")
    assert "These polls had no result and can have none now: p1." in capsys.readouterr().out
    make.cast(*range(9), poll="p1")
    sequencer.run_once()
    assert Pending.objects.filter(poll="p1").count() == 9
    assert not log.takes_entries("p1")
    assert log.takes_entries("p2") and log.takes_entries("")
    assert log.shard_of("p1") == "2026"


def test_a_sound_log_is_given_up_only_when_it_is_named(clock: time_machine.Traveller) -> None:
    make.small_log()
    with pytest.raises(CommandError, match="no damage"):
        call_command("log_new_shard", because="The key was lost.")
    with pytest.raises(CommandError, match="no log 2025"):
        call_command("log_new_shard", because="The key was lost.", give_up="2025")
    with pytest.raises(CommandError, match="Say why"):
        call_command("log_new_shard", because=" ", give_up="2026")
    call_command("log_new_shard", because="The key was lost.", give_up="2026")
    (settings.KEYS_DIR / "log-2026.pem").unlink()
    assert sequencer.run_once().size == 1
    assert log.vkey("2026-2").split("+")[2] != log.vkey("2026").split("+")[2]
    with pytest.raises(CommandError, match="given up before"):
        call_command("log_new_shard", because="Again.", give_up="2026")


def test_a_log_is_not_given_up_under_a_running_sequencer(clock: time_machine.Traveller) -> None:
    from votelog.instance import Instance

    running = Instance()
    assert running.acquire()
    with pytest.raises(CommandError, match="stop it first"):
        call_command("log_new_shard", because="Why not.", give_up="2026")
    running.release()


def test_a_year_has_nine_logs_at_most(clock: time_machine.Traveller) -> None:
    sequencer.run_once()
    for name in ("2026", *(f"2026-{n}" for n in range(2, 9))):
        call_command("log_new_shard", because="Once more.", give_up=name)
        sequencer.run_once()
    with pytest.raises(CommandError, match="nine logs already"):
        call_command("log_new_shard", because="Once more.", give_up="2026-9")
    assert Abandoned.objects.count() == 8
    clock.move_to(NEW_YEAR)
    sequencer.run_once()
    assert log.shards()[-2:] == ["2026-9", "2027"]


# --- software


def changes() -> list[dict[str, Any]]:
    return [entry["d"] for entry in entries_of(log.current_shard()) if entry["type"] == "config.changed"]


def restart() -> None:
    sequencer._files_checked.clear()


def test_other_software_is_named_in_the_log_at_its_first_pass(
    clock: time_machine.Traveller, settings: Any, tmp_path: Any
) -> None:
    settings.STATIC_ROOT = tmp_path
    sequencer.run_once()
    restart()
    sequencer.run_once()
    assert changes() == []
    settings.SOFTWARE_VERSION = "9.9.9"
    sequencer.run_once()
    assert changes() == []
    restart()
    sequencer.run_once()
    (release,) = changes()
    opened = canonical.dumps(entries_of("2026")[0]["d"]["software"])
    assert (release["scope"], release["key"], release["actors"]) == ("software", "release", [])
    assert release["old_sha256"] == make.sha256_hex(opened)
    assert release["new_sha256"] == make.sha256_hex(release["public_value"].encode())
    assert canonical.loads(release["public_value"].encode()) == {"name": "deliberate", "version": "9.9.9", "commit": ""}

    (tmp_path / "staticfiles.json").write_text("{}")
    restart()
    sequencer.run_once()
    assert changes()[1:] == [
        {"scope": "software", "key": "assets", "old_sha256": make.Z, "new_sha256": make.sha256_hex(b"{}"), "actors": []}
    ]
    (tmp_path / "staticfiles.json").write_text("{ }")
    restart()
    sequencer.run_once()
    restart()
    sequencer.run_once()
    assert [(d["key"], d["old_sha256"]) for d in changes()[2:]] == [("assets", make.sha256_hex(b"{}"))]
    assert fsck.findings() == []
