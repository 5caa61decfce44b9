"""Web servers, sequencer, ballot box and database are killed while ballots are being cast.

No ballot whose receipt reached its voter is lost, none is there twice, and whatever was ever published as a checkpoint is a
beginning of the final log. `make prove` makes 40 rounds; the suite makes a few (PROVE_ROUNDS).
"""

from __future__ import annotations

import base64
import http.client
import os
import queue
import random
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import services
from tests.prove.instance import Instance, Postgres

ROUNDS = int(os.environ.get("PROVE_ROUNDS", "4"))
BALLOTS_A_ROUND = 12
TOKEN = "a" * 32


class Voters:
    """Threads that cast, and try the same form again until a receipt comes back, as people do."""

    def __init__(self, instance: Instance, poll: str, sessions: list[str], threads: int = 6) -> None:
        self.instance, self.poll = instance, poll
        self.receipts: set[str] = set()
        self.tries = 0
        self.faults: list[str] = []
        self.changed = threading.Condition()
        self.stop = threading.Event()
        self.at_the_door = threading.Semaphore(0)
        self.waiting: queue.Queue[tuple[str, str]] = queue.Queue()
        for number, session in enumerate(sessions):
            self.waiting.put((f"{number:032x}", session))
        self.total = len(sessions)
        self.threads = [threading.Thread(target=self._run, args=[seed], daemon=True) for seed in range(threads)]

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self.stop.is_set():
            self.at_the_door.acquire()
            try:
                bid, session = self.waiting.get_nowait()
            except queue.Empty:
                return
            while not self.stop.is_set():
                try:
                    cast = self._cast(chance.choice(self.instance.ports), bid, session)
                except (OSError, http.client.HTTPException):
                    cast = False
                self.tries += 1
                if cast:
                    with self.changed:
                        self.receipts.add(bid)
                        self.changed.notify_all()
                    break
                self.stop.wait(0.05)  # a person would wait longer before pressing the button again

    def admit(self, count: int) -> None:
        """So many more may come; the others wait outside."""
        self.at_the_door.release(count)

    def leave(self) -> None:
        self.stop.set()
        self.admit(len(self.threads))
        for thread in self.threads:
            thread.join(30)

    def _cast(self, port: int, bid: str, session: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            form = urllib.parse.urlencode({"csrfmiddlewaretoken": TOKEN, "bid": bid, "revision": "0", "choose": "o1"})
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
            }
            connection.request("POST", f"/en/polls/{self.poll}/ballot/cast/", form, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        finally:
            connection.close()
        if answer.status not in (200, 409, 500, 503):
            self.faults.append(f"{answer.status}: {page[:2000]}")
        return answer.status == 200 and bid in page

    def wait_for(self, count: int) -> None:
        with self.changed:
            enough = self.changed.wait_for(lambda: len(self.receipts) >= min(count, self.total) or self.faults, timeout=120)
        assert not self.faults, self.faults[0]
        assert enough, f"{len(self.receipts)} of {count} receipts after two minutes"


class Watcher:
    """Somebody who keeps every checkpoint that was ever to be seen."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = folder, {}  # type: ignore[var-annotated]
        self.stop = threading.Event()
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.stop.wait(0.02):
            self.look()

    def look(self) -> None:
        for path in self.folder.glob("*/checkpoint"):
            _origin, size, root, *_ = path.read_text().split("\n")
            with self.changed:
                known = self.seen.setdefault(int(size), root)
                self.changed.notify_all()
            assert known == root, f"two roots for size {size}"

    def wait_for(self, sizes: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= sizes, timeout=120), "the log stands still"


@pytest.fixture
def on_postgres(tmp_path: Path) -> Iterator[Instance]:
    if services._postgres_bin() is None:
        pytest.skip(services.MISSING["postgres"])
    postgres = Postgres()
    instance = Instance(tmp_path, postgres)
    try:
        instance.start()
        yield instance
        instance.kill()
    finally:
        postgres.remove()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Instance]:
    instance = Instance(tmp_path, None)
    instance.start()
    yield instance
    instance.kill()


def survive(instance: Instance, victims: list[list[str]]) -> None:
    town = instance.town("open", str(BALLOTS_A_ROUND * ROUNDS))
    voters = Voters(instance, town["poll"], town["sessions"])
    watcher = Watcher(instance.folder / "data" / "log")
    for thread in (*voters.threads, watcher.thread):
        thread.start()
    try:
        for number in range(ROUNDS):
            published = len(watcher.seen)
            voters.admit(BALLOTS_A_ROUND)
            voters.wait_for(BALLOTS_A_ROUND * number + 3)
            names = victims[number % len(victims)]
            for name in names:
                instance.parts[name].kill()
            for name in names:
                instance.parts[name].start()
            voters.wait_for(BALLOTS_A_ROUND * (number + 1))
            watcher.wait_for(published + 1)
    finally:
        voters.leave()
        watcher.stop.set()
        watcher.thread.join(30)
    watcher.look()
    acknowledged = voters.receipts
    for name in ("sequencer", "web 0"):
        if name in instance.parts:
            instance.parts[name].kill()
    final = instance.town("finish")
    for name in ("sequencer", "web 0"):
        if name in instance.parts:
            instance.parts[name].start()
    assert final["findings"] == []
    assert set(final["bids"]) == acknowledged, "a ballot with a receipt is not in the log, or one without is"
    assert len(final["bids"]) == len(acknowledged) == final["box"] == voters.total, "a ballot is there twice"
    assert final["counted"] == [voters.total]
    assert voters.tries > voters.total, "nothing was disturbed"
    assert len(watcher.seen) >= ROUNDS
    for size, root in watcher.seen.items():
        assert final["roots"][str(size)] == base64.b64decode(root).hex(), f"the checkpoint of size {size} is not of this log"


@pytest.mark.prove
def test_no_ballot_is_lost_or_doubled_when_any_process_is_killed(on_postgres: Instance) -> None:
    survive(
        on_postgres,
        [
            ["web 0", "sequencer"],
            ["database"],
            ["ballot box"],
            ["web 0", "web 1"],
            ["sequencer"],
            ["database", "sequencer"],
            ["web 1", "ballot box"],
        ],
    )


@pytest.mark.prove
def test_no_ballot_is_lost_or_doubled_when_the_one_process_on_sqlite_is_killed(on_sqlite: Instance) -> None:
    survive(on_sqlite, [["web 0"]])
