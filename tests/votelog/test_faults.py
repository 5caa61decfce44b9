"""The disk fails at every single step of writing, one after the other; and what the start says to old and damaged data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from deliberate import background
from merkle import checkpoint as checkpoints
from merkle import note
from merkle.tree import check_consistency
from tests.conftest import PROJECT
from tests.votelog import make
from tests.votelog.append_only import lifted
from votelog import files, fsck, keys, log, sequencer, start, trees
from votelog.errors import LogDamaged
from votelog.instance import Instance
from votelog.models import Checkpoint, Event

pytestmark = pytest.mark.django_db


class Disk:
    """The operating system's writing calls, counted; the one with number `fails` fails, and every later one too: the process
    that met it is as good as dead. A write that fails has written half."""

    def __init__(self, *, fails: int | None) -> None:
        self.calls, self._fails = 0, fails
        self._real = {name: getattr(os, name) for name in ("write", "fsync", "replace")}

    def _step(self) -> None:
        self.calls += 1
        if self._fails is not None and self.calls >= self._fails:
            raise OSError(5, "Input/output error")

    def write(self, descriptor: int, data: bytes) -> int:
        try:
            self._step()
        except OSError:
            self._real["write"](descriptor, bytes(data[: len(data) // 2]))
            raise
        # Short writes are allowed to any disk.
        return int(self._real["write"](descriptor, bytes(data[: max(1, len(data) // 2)])))

    def fsync(self, descriptor: int) -> None:
        self._step()
        self._real["fsync"](descriptor)

    def replace(self, source: Any, target: Any) -> None:
        self._step()
        self._real["replace"](source, target)


@contextmanager
def disk(*, fails: int | None = None) -> Iterator[Disk]:
    failing = Disk(fails=fails)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("write", "fsync", "replace"):
            patch.setattr(os, name, getattr(failing, name))
        yield failing


def restart() -> None:
    trees._trees.clear()
    sequencer._files_checked.clear()


def served() -> checkpoints.Checkpoint:
    data = files.read(log.current_shard(), "checkpoint")
    assert data is not None
    return checkpoints.check(data.decode(), note.VerifierKey.parse(log.vkey()), keys.check_signature)


def is_prefix(old: checkpoints.Checkpoint, new: checkpoints.Checkpoint) -> bool:
    if old.size == new.size:
        return old.root == new.root
    tree = trees.load(log.current_shard())
    proof = tree.consistency_proof(old.size, new.size)
    check_consistency(old_size=old.size, old_root=old.root, new_size=new.size, new_root=new.root, proof=proof)
    return True


def test_whichever_write_fsync_or_rename_fails_nothing_published_is_lost_and_the_next_start_heals(tmp_path: Path) -> None:
    settings.CHECKPOINT_COPY_DIR = tmp_path / "copies"
    settings.CHECKPOINT_COPY_DIR.mkdir()
    make.opened()
    make.cast(*range(249), k=1)
    sequencer.run_once()
    rows = dict(Checkpoint.objects.values_list("size", "note"))
    number, failed = 1000, 0
    for fails in range(1, 200):
        before = served()
        number += 1
        make.cast(number, k=1)
        with disk(fails=fails):
            try:
                sequencer.run_once()
                break
            except OSError:
                failed += 1
        # What everyone sees is what they saw, or the whole new checkpoint; and its row came first.
        shown = served()
        assert shown.size >= before.size and is_prefix(before, shown)
        assert Checkpoint.objects.filter(size=shown.size).exists()
        restart()
        start.check()
        sequencer.run_once()
        assert fsck.findings() == []
        assert is_prefix(before, served())
        assert served().size == trees.size(log.current_shard())
    else:
        raise AssertionError("it never got through")
    assert failed > 20
    assert rows.items() <= dict(Checkpoint.objects.values_list("size", "note")).items()
    assert not list(files.directory(log.current_shard()).rglob(".*.new"))


def test_a_start_whose_every_write_may_fail_heals_in_the_end() -> None:
    make.opened()
    make.cast(*range(300), k=1)
    sequencer.run_once()
    before = served()
    for fails in range(1, 200):
        shutil.rmtree(files.directory(log.current_shard()))
        restart()
        with disk(fails=fails):
            try:
                sequencer.run_once()
                break
            except OSError:
                pass
        restart()
        sequencer.run_once()
        assert fsck.findings() == []
        assert served() == before
    else:
        raise AssertionError("it never got through")
    assert fails > 20


# --- the start


def old_backup() -> None:
    """The database of a while ago."""
    with lifted():
        Checkpoint.objects.filter(size__gt=10).delete()
        Event.objects.filter(idx__gte=10).delete()
    restart()


def two_passes() -> None:
    make.small_log()
    make.opened("p2")
    sequencer.run_once()


def damaged_database() -> None:
    two_passes()
    old_backup()


def damaged_row() -> None:
    two_passes()
    with lifted():
        event = Event.objects.get(idx=8)
        Event.objects.filter(idx=8).update(body=event.body.replace("3", "2"))
    restart()


def damaged_hash() -> None:
    two_passes()
    with lifted():
        Event.objects.filter(idx=8).update(leaf=bytes(32))
    restart()


def missing_row() -> None:
    two_passes()
    with lifted():
        Event.objects.filter(idx=4).delete()
    restart()


def damaged_checkpoint_row() -> None:
    two_passes()
    with lifted():
        Checkpoint.objects.filter(size=10).update(root=bytes(32))
    restart()


def damaged_file() -> None:
    two_passes()
    path = files.directory(log.current_shard()) / "checkpoint"
    path.write_bytes(path.read_bytes()[:-9])


DAMAGE: dict[Callable[[], None], str] = {
    damaged_database: "published 14 > database 10; refusing to fork",
    damaged_row: "entry 8 corrupt",
    damaged_hash: "entry 8 corrupt",
    missing_row: "entry 4 missing",
    damaged_checkpoint_row: "checkpoint 10: the note says something else than the row",
    damaged_file: "is damaged",
}


@pytest.mark.django_db(transaction=True)  # what is tried closes connections
@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_nothing_starts_on_damaged_data_and_it_says_what_is_wrong_and_where_to_read_on(damage: Callable[[], None]) -> None:
    damage()
    before = [list(model.objects.order_by("pk").values()) for model in (Event, Checkpoint)]
    for begin in (start.check, background.start):
        with pytest.raises(LogDamaged) as said:
            begin()
        assert DAMAGE[damage] in str(said.value)
        assert "docs/how-to/recover-the-log.md" in str(said.value)
    for command in ("sequencer", "worker"):
        with pytest.raises(CommandError, match=DAMAGE[damage].replace("(", r"\(")) as refused:
            in_the_main_thread(command)
        assert refused.value.returncode == 1
    assert [list(model.objects.order_by("pk").values()) for model in (Event, Checkpoint)] == before
    assert "background" not in {thread.name for thread in threading.enumerate()}


def in_the_main_thread(command: str) -> None:
    import signal

    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        call_command(command)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_every_document_that_a_message_names_is_there() -> None:
    assert (PROJECT / start.HOW_TO).exists()


def test_a_file_system_restored_together_with_the_database_is_caught_by_the_copy(tmp_path: Path) -> None:
    settings.CHECKPOINT_COPY_DIR = tmp_path / "other_disk"
    settings.CHECKPOINT_COPY_DIR.mkdir()
    make.small_log()
    backup = tmp_path / "backup"
    shutil.copytree(settings.LOG_DIR, backup)
    make.opened("p2")
    sequencer.run_once()
    start.check()
    old_backup()
    shutil.rmtree(settings.LOG_DIR)
    shutil.copytree(backup, settings.LOG_DIR)
    with pytest.raises(LogDamaged, match=r"published \(by .*other_disk.*\) 14 > database 10; refusing to fork"):
        start.check()
    settings.CHECKPOINT_COPY_DIR = None
    start.check()  # nothing else could know


def test_a_copy_whose_disk_is_not_mounted_is_said_at_the_start_and_does_not_stop_a_log_that_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHECKPOINT_COPY_DIR = tmp_path / "other_disk"
    settings.CHECKPOINT_COPY_DIR.write_text("not a folder")
    make.small_log()
    assert "could not be copied to CHECKPOINT_COPY_DIR" in caplog.text
    settings.CHECKPOINT_COPY_DIR.unlink()
    with pytest.raises(LogDamaged, match="is its disk mounted"):
        start.check()


def test_a_lost_copy_is_laid_down_again_with_the_next_checkpoint(tmp_path: Path) -> None:
    settings.CHECKPOINT_COPY_DIR = tmp_path
    make.small_log()
    copy = tmp_path / f"{log.current_shard()}.checkpoint"
    assert copy.read_bytes() == files.read(log.current_shard(), "checkpoint")
    copy.unlink()
    start.check()
    make.opened("p2")
    sequencer.run_once()
    assert copy.read_bytes() == files.read(log.current_shard(), "checkpoint")


def test_many_findings_are_counted_not_poured_out() -> None:
    two_passes()
    with lifted():
        Event.objects.filter(idx__gte=4).update(leaf=bytes(32))
    with pytest.raises(LogDamaged, match=r"entry 4 corrupt.*entry 5 corrupt.*entry 6 corrupt.* and \d+ more"):
        start.check()


# --- one at a time


@pytest.mark.django_db(transaction=True)  # what is tried closes connections
def test_there_is_one_sequencer_and_the_next_can_begin_when_it_ends() -> None:
    first, second = Instance(), Instance()
    assert first.acquire() and first.acquire()
    assert not second.acquire()
    with pytest.raises(CommandError, match="Another sequencer is at work"):
        in_the_main_thread("sequencer")
    first.release()
    assert second.acquire()
    second.release()


@pytest.mark.django_db(transaction=True)  # what is tried closes connections
def test_an_embedded_server_beside_another_reads_only_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    beats: list[int] = []
    monkeypatch.setattr(background, "HEARTBEAT", 0.01)
    monkeypatch.setattr(background, "BEATS", [lambda: beats.append(1)])
    other = Instance()
    assert other.acquire()

    class Rounds(threading.Event):
        left = 20

        def wait(self, timeout: float | None = None) -> bool:
            self.left -= 1
            if self.left == 5:
                other.release()
            return self.left < 0

    background._run(Rounds(), checked=True)
    assert len(beats) == 6  # from the moment the other was gone
    assert [record.message for record in caplog.records] == [
        "Another process puts the vote log in order. This one only reads until that ends."
    ]


def test_an_embedded_server_on_damaged_data_ends_with_exit_code_1(tmp_path: Path) -> None:
    environment = os.environ | {"DEBUG": "1", "DATA_DIR": str(tmp_path), "EMBEDDED_SEQUENCER": "1", "PYTHONPATH": str(PROJECT)}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], env=environment, cwd=PROJECT, capture_output=True, text=True)

    assert run("manage.py", "migrate", "-v", "0").returncode == 0
    assert run("manage.py", "shell", "-v", "0", "-c", "from votelog import sequencer; sequencer.run_once()").returncode == 0
    (tmp_path / "deliberate.sqlite3").unlink()
    assert run("manage.py", "migrate", "-v", "0").returncode == 0
    server = run("-c", "import deliberate.asgi")
    assert server.returncode == 1
    assert "The server does not start: published 1 > database 0; refusing to fork" in server.stderr
    assert "docs/how-to/recover-the-log.md" in server.stderr
    assert "Traceback" not in server.stderr
