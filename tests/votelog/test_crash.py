"""The crash matrix of the specification: die after each step, come back, and see the same log; or refuse to go on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from ballotbox.errors import SealBroken
from merkle import tiles
from tests.votelog import make
from tests.votelog.append_only import lifted
from votelog import files, fsck, log, mixing, sequencer, trees
from votelog.errors import LogDamaged, WrongKey
from votelog.models import Checkpoint, Event, Pending
from votelog.signals import entries_published

pytestmark = pytest.mark.django_db


def restart() -> None:
    """What a process remembers, it forgets."""
    trees._trees.clear()
    sequencer._files_checked.clear()


def on_disk() -> dict[str, bytes]:
    root = files.directory(log.current_shard())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def flip(path: Path, at: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def after_events() -> None:
    sequencer.append(log.current_shard(), mixing.ripe_polls())


def after_tiles() -> None:
    after_events()
    files.write_tiles(log.current_shard(), trees.load(log.current_shard()), since=10)


def after_checkpoint_row() -> None:
    after_tiles()
    sequencer.sign(log.current_shard(), trees.load(log.current_shard()))


@pytest.mark.parametrize("die", [after_events, after_tiles, after_checkpoint_row])
def test_whenever_the_sequencer_dies_the_next_one_publishes_what_was_begun(die: Callable[[], None]) -> None:
    make.small_log()
    make.opened("p2")
    make.cast(11, 12, 13, poll="p2")
    die()
    order = make.bids("p2")
    row = Checkpoint.objects.filter(size=18).first()
    assert not Pending.objects.exists()
    restart()
    heard: list[Any] = []

    def hear(polls: dict[str, range], **_: Any) -> None:
        heard.append(polls)

    entries_published.connect(hear)
    published = sequencer.run_once()
    entries_published.disconnect(hear)
    assert (published.size, published.polls, heard) == (18, {"p2": range(8)}, [{"p2": range(8)}])
    assert make.bids("p2") == order
    assert Checkpoint.objects.count() == 2
    latest = log.latest_checkpoint()
    assert latest is not None
    assert on_disk()["checkpoint"].decode() == latest.note
    if row:
        assert latest.note == row.note
    assert fsck.findings() == []


def test_a_pass_that_fails_within_its_transaction_leaves_everything_as_it_was() -> None:
    make.small_log()
    make.opened("p2")
    make.shut("p2", make.ballot(1))
    Pending.objects.create(poll="p2", kind="ballot.cast", k=1, body="nothing that the box has shut")
    with pytest.raises(SealBroken):
        sequencer.run_once()
    assert (Event.objects.count(), Pending.objects.count(), log.size()) == (10, 5, 10)


def test_files_that_are_lost_are_written_again_byte_for_byte() -> None:
    make.small_log()
    before = on_disk()
    shutil.rmtree(settings.LOG_DIR)
    sequencer.run_once()
    assert on_disk() == before


def test_a_damaged_tile_is_written_again_by_a_restart() -> None:
    make.small_log()
    before = on_disk()
    flip(files.directory(log.current_shard()) / "tile/0/000.p/10")
    assert [finding.split(" is ")[0] for finding in fsck.findings()] == [f"log {log.current_shard()}: tile/0/000.p/10"] * 2
    restart()
    sequencer.run_once()
    assert on_disk() == before
    assert fsck.findings() == []


def test_it_refuses_to_go_on_with_an_older_database_than_was_published(tmp_path: Path) -> None:
    make.small_log()
    with lifted():
        Checkpoint.objects.all().delete()
        Event.objects.all().delete()
    with pytest.raises(LogDamaged, match="published 10 > database 0; refusing to fork"):
        sequencer.run_once()
    assert not Event.objects.exists()
    assert fsck.findings() == ["published 10 > database 0; refusing to fork"]


def test_it_refuses_to_go_on_with_another_history_than_was_published() -> None:
    make.small_log()
    with lifted():
        Checkpoint.objects.all().delete()
        Event.objects.filter(idx__gt=0).delete()
    files.directory(log.current_shard()).joinpath("checkpoint").rename(settings.LOG_DIR / "aside")
    files.directory(log.current_shard()).joinpath("checkpoint.latest").unlink()
    make.small_log(ballots=5)
    (settings.LOG_DIR / "aside").rename(files.directory(log.current_shard()) / "checkpoint")
    with pytest.raises(LogDamaged, match="refusing to fork"):
        sequencer.run_once()


def test_it_refuses_to_go_on_when_less_is_stored_than_was_signed() -> None:
    make.small_log()
    for name in ("checkpoint", "checkpoint.latest"):
        (files.directory(log.current_shard()) / name).unlink()
    with lifted():
        Event.objects.filter(idx=9).delete()
    with pytest.raises(LogDamaged, match="signed 10 > database 9; refusing to fork"):
        sequencer.run_once()


@pytest.mark.parametrize("restarted", [True, False])
def test_it_refuses_to_go_on_when_the_published_checkpoint_is_damaged(restarted: bool) -> None:
    make.small_log()
    path = files.directory(log.current_shard()) / "checkpoint"
    signed = path.read_bytes()
    for at in range(len(signed)):
        flip(path, at)
        if restarted:
            restart()
        with pytest.raises(LogDamaged):
            sequencer.run_once()
        flip(path, at)
    assert sequencer.run_once().size == 10


def test_it_refuses_to_go_on_when_an_entry_is_not_what_was_hashed() -> None:
    make.small_log()
    with lifted():
        event = Event.objects.get(idx=7)
        Event.objects.filter(idx=7).update(body=event.body.replace("o1", "o2"))
    restart()
    with pytest.raises(LogDamaged, match="fsck: entry 7 corrupt"):
        sequencer.run_once()
    assert fsck.findings()[0] == f"log {log.current_shard()}: entry 7 corrupt"
    with pytest.raises(CommandError, match="damaged"):
        call_command("log_fsck")


def test_it_refuses_to_go_on_when_an_entry_was_changed_together_with_its_hash() -> None:
    make.small_log()
    with lifted():
        event = Event.objects.get(idx=7)
        body = event.body.replace("o1", "o2")
        Event.objects.filter(idx=7).update(body=body, leaf=trees.leaf_hash(body.encode()))
    restart()
    with pytest.raises(LogDamaged, match="no longer have the root"):
        sequencer.run_once()
    assert any("its root is not that of the entries" in finding for finding in fsck.findings())


def test_it_does_not_sign_when_the_disk_does_not_hold_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk here loses a bit between rename and reading back."""
    make.small_log()
    make.opened("p2")
    read = files.read

    def read_from_a_bad_disk(shard: int, path: str) -> bytes | None:
        data = read(shard, path)
        return data and bytes([data[0] ^ 1]) + data[1:] if path == "tile/0/000.p/14" else data

    with monkeypatch.context() as patch:
        patch.setattr(files, "read", read_from_a_bad_disk)
        with pytest.raises(LogDamaged, match="tile/0/000"):
            sequencer.run_once()
    assert log.size() == 10
    assert sequencer.run_once().size == 14


def test_it_does_not_sign_while_an_older_tile_of_the_right_edge_is_damaged() -> None:
    make.opened()
    make.cast(*range(254), k=1)
    sequencer.run_once()
    flip(files.directory(log.current_shard()) / "tile/1/000.p/1")
    make.cast(300, k=1)
    with pytest.raises(LogDamaged, match="another root"):
        sequencer.run_once()
    assert log.size() == 260
    restart()
    assert sequencer.run_once().size == 262
    assert fsck.findings() == []


def test_it_refuses_to_sign_with_another_key_or_under_another_name(settings: Any) -> None:
    make.small_log()
    make.opened("p2")
    kept = settings.KEYS_DIR
    settings.KEYS_DIR = kept / "other"
    with pytest.raises(WrongKey, match="restore"):
        sequencer.run_once()
    settings.KEYS_DIR = kept
    settings.LOG_HOST = "other.example.org"
    with pytest.raises(LogDamaged, match="refusing to fork"):
        sequencer.run_once()
    settings.LOG_HOST = "vote.example.org"
    assert sequencer.run_once().size == 14


def test_a_key_that_others_can_read_is_refused() -> None:
    make.small_log()
    make.opened("p2")
    key = settings.KEYS_DIR / f"log-{log.current_shard()}.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(ImproperlyConfigured, match="chmod 600"):
        sequencer.run_once()
    key.chmod(0o600)
    key.write_text("not a key")
    with pytest.raises(ImproperlyConfigured, match="not an Ed25519 private key"):
        sequencer.run_once()


def test_a_log_of_many_tiles_is_the_same_on_disk_however_it_grew() -> None:
    make.opened()
    for start, count in ((0, 100), (100, 151), (251, 1), (252, 300), (552, 30)):
        make.cast(*range(start, start + count), k=1)
        sequencer.run_once()
    tree = trees.load(log.current_shard())
    assert tree.size == 592
    stored = on_disk()
    for tile in tiles.between(0, tree.size):
        assert stored[tile.path] == files.derive(tree, log.current_shard(), tile)
    assert not any(path.startswith(("tile/0/000.p", "tile/entries/001.p")) for path in stored)
    restart()
    shutil.rmtree(settings.LOG_DIR)
    sequencer.run_once()
    assert on_disk().items() <= stored.items()
    assert fsck.findings() == []


def test_fsck_finds_nothing_in_a_sound_log(capsys: pytest.CaptureFixture[str]) -> None:
    make.small_log()
    call_command("log_fsck")
    assert "sound" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [{"poll": "p9"}, {"bid": "f" * 32}, {"kind": "poll.closed"}, {"n": 40}],
    ids=str,
)
def test_fsck_finds_columns_that_say_something_else_than_the_entry(change: dict[str, Any]) -> None:
    make.small_log()
    with lifted():
        Event.objects.filter(idx=6).update(**change)
    assert f"log {log.current_shard()}: entry 6 corrupt" in fsck.findings()
