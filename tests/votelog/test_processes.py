"""More than one at a time: threads on PostgreSQL, and the sequencer as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection

from tests.votelog import make
from votelog import fsck, log, sequencer
from votelog.errors import NotAlone
from votelog.instance import Instance
from votelog.models import Checkpoint, Event, Pending
from votelog.signals import entries_published

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*work: Callable[[], object]) -> None:
    ready = threading.Barrier(len(work))

    def run(task: Callable[[], object]) -> None:
        ready.wait()
        try:
            task()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(run, task) for task in work]:
            future.result()


@pytest.mark.postgres
def test_eight_passes_at_a_time_give_every_entry_one_place() -> None:
    make.opened()
    make.cast(*range(100), k=1)
    in_threads(*[sequencer.run_once] * 8)
    assert (Event.objects.count(), Pending.objects.count(), Checkpoint.objects.count()) == (106, 0, 1)
    assert fsck.findings() == []


@pytest.mark.postgres
def test_ballots_that_are_cast_during_passes_enter_once_each() -> None:
    make.opened()

    def pass_often() -> None:
        for _ in range(10):
            sequencer.run_once()

    def cast_some(start: int) -> Callable[[], None]:
        return lambda: make.cast(*range(start, start + 25), k=2)

    in_threads(pass_often, pass_often, *[cast_some(start) for start in (0, 25, 50, 75)])
    make.closed(ballots=100)
    sequencer.run_once()
    assert sorted(make.bids()) == [make.bid(number) for number in range(100)]
    assert make.kinds()[-1] == "poll.closed"
    assert fsck.findings() == []


@pytest.mark.postgres
def test_the_sequencer_as_a_process_ends_cleanly_on_sigterm() -> None:
    name = connection.settings_dict["NAME"]
    environment = {**os.environ, "DATABASE_URL": f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"}
    for setting in ("LOG_DIR", "KEYS_DIR"):
        environment[setting] = str(getattr(settings, setting))
    make.opened()
    command = [sys.executable, "manage.py", "sequencer"]
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    with subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "The sequencer is running.\n"
        process.terminate()
        assert process.wait(30) == 0
    assert sequencer.run_once().size == 5


@pytest.mark.postgres
def test_a_command_beside_a_running_sequencer_waits_for_it() -> None:
    make.opened()
    running = Instance()
    assert running.acquire()
    with pytest.raises(NotAlone, match="does it run"):
        sequencer.settle(patience=0.1)
    assert not Event.objects.exists()
    in_threads(sequencer.settle, sequencer.run_once)
    assert log.size() == 5
    running.release()
    make.cast(1, k=1)
    sequencer.settle()
    assert log.size() == 7


@pytest.mark.postgres
def test_the_lock_of_the_sequencer_is_gone_with_its_connection_and_taken_anew() -> None:
    first, second = Instance(), Instance()
    assert first.acquire()
    assert not second.acquire()
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid() "
            "and database = (select oid from pg_database where datname = current_database())"
        )
    assert second.acquire()
    assert not first.acquire()
    stop = threading.Event()
    with pytest.raises(NotAlone):
        sequencer.run_until(stop, instance=first)
    second.release()
    assert first.acquire()
    first.release()


def test_the_loop_publishes_what_comes_and_ends_when_told() -> None:
    make.opened()
    stop = threading.Event()
    sizes: list[int] = []

    def hear(size: int, **_: object) -> None:
        sizes.append(size)
        if size == 5:
            make.cast(1, k=1)
        else:
            stop.set()

    entries_published.connect(hear)
    try:
        sequencer.run_until(stop)
    finally:
        entries_published.disconnect(hear)
    assert sizes == [5, 7] == [5, log.size()]
