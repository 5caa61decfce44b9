"""The vote log measured, each thing in a process of its own: `python -m bench.vote_log WHAT …` prints JSON.

hashing FOLDER            SHA-256 over every file: what nobody can be faster than
verifier FOLDER           the command-line verifier on the poll in it
browser FOLDER            the browser verifier on the same as a bundle, all processes of Chromium
casting CASTS THREADS     an instance by its environment: ballots through `cast_ballot` beside bare durable inserts, by turns;
                          then the sequencer on what was cast
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from bench.tasks import best

ROUNDS = 5
"""Ballots and bare inserts take turns so often; medians are compared, since a round alone says little."""
PATIENCE = 600
"""Seconds for the browser."""


def _files(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def hashing(folder: str) -> dict[str, Any]:
    files = _files(folder)
    seconds = best(lambda: [hashlib.sha256(path.read_bytes()).digest() for path in files])
    size = sum(path.stat().st_size for path in files)
    return {"seconds": seconds, "bytes": size, "files": len(files)}


def verifier(folder: str) -> dict[str, Any]:
    start = time.monotonic()
    run = subprocess.run([sys.executable, "-m", "verifier", "poll", folder, "p1", "--json"], capture_output=True, text=True)
    clock = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    kilobytes = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    report = json.loads(run.stdout)
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "clock": clock,
        "megabytes": kilobytes // 1024,
        "verdict": report["verdict"],
        "entries": report["log"]["size"],
    }


def browser(folder: str) -> dict[str, Any]:
    """From choosing the file to the verdict."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {"missing": "playwright is not installed"}
    services = import_module("tests.services")
    chromium = services.chromium()
    if chromium is None:
        return {"missing": services.MISSING["browser"]}
    page_file = Path(__file__).resolve().parent.parent / "static" / "verifier" / "verifier.html"
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        bundle = _bundle(folder, Path(scratch) / "bundle.zip")
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = launched.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(page_file.as_uri())
        start, before = time.monotonic(), _descendants_cpu()
        page.locator("#zip").set_input_files(bundle)
        page.locator("#start").click()
        page.locator("#answer").wait_for()
        clock, seconds = time.monotonic() - start, _descendants_cpu() - before
        verdict = page.locator("#answer").get_attribute("data-verdict")
        launched.close()
    return {"seconds": seconds or clock, "clock": clock, "verdict": verdict}


def _descendants_cpu() -> float:
    """CPU seconds of all living processes below this one; 0 where the system does not tell (it does on Linux)."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = path.read_text().rpartition(")")[2].split()
            pid = int(path.parent.name)
            parents[pid], used[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(used.get(pid, 0) for pid in below - {os.getpid()}) / os.sysconf("SC_CLK_TCK")


def _bundle(folder: str, target: Path) -> Path:
    origin = (Path(folder) / "checkpoint").read_text().split("\n")[0]
    prefix = "/" + origin.partition("/")[2] + "/"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bundle.json", json.dumps({"origin": origin, "poll": "p1", "v": 1}, separators=(",", ":")))
        packed.writestr("log/index.json", json.dumps({"logs": [{"origin": origin, "prefix": prefix}]}))
        for path in _files(folder):
            packed.write(path, prefix[1:] + path.relative_to(folder).as_posix())
    return target


def casting(casts: str, threads: str) -> dict[str, Any]:
    """Rates by the clock: casts, inserts and entries a second."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    from eligibility.models import RollEntry
    from votelog import sequencer
    from voting import actions

    make = import_module("tests.make")
    rounds = _shared_out(int(casts), ROUNDS)
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*make.users(sum(rounds)))), by=None)
    sequencer.run_once()
    places = iter(list(RollEntry.objects.filter(roll=poll.roll_id)))
    with connection.cursor() as cursor:
        number = "integer primary key" if connection.vendor == "sqlite" else "bigint generated always as identity primary key"
        cursor.execute(f"create table bench_bare (id {number}, body text not null)")

    def cast(place: RollEntry) -> None:
        bid = actions.new_receipt_number()
        actions.cast_ballot(poll=poll, voter=place, choice={"approve": ["o1"]}, bid=bid, revision=0, at=timezone.now())

    def insert(_place: RollEntry) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("insert into bench_bare (body) values (%s)", ["x" * 700])

    rates: dict[str, list[float]] = {"casts": [], "inserts": []}
    for size in rounds:
        batch = [next(places) for _ in range(size)]
        for name, work in (("inserts", insert), ("casts", cast)):
            rates[name].append(size / _in_threads(work, batch, int(threads)))
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    start = time.monotonic()
    published = sequencer.run_once()
    passed = time.monotonic() - start
    entries = len(published.polls[poll.public_id])
    return {name: median(found) for name, found in rates.items()} | {"entries": entries, "entries_a_second": entries / passed}


def _shared_out(total: int, parts: int) -> list[int]:
    return [total // parts + (number < total % parts) for number in range(parts)]


def _in_threads(work: Callable[[Any], None], batch: list[Any], threads: int) -> float:
    """Seconds for the whole batch, each thread with a connection that is open already."""
    from django.db import connection

    ready = threading.Barrier(threads + 1)

    def run(own: list[Any]) -> None:
        connection.ensure_connection()
        ready.wait()
        for one in own:
            work(one)
        connection.close()

    with ThreadPoolExecutor(threads) as pool:
        begun = [pool.submit(run, batch[number::threads]) for number in range(threads)]
        ready.wait()
        start = time.monotonic()
        for future in begun:
            future.result()
        return time.monotonic() - start


if __name__ == "__main__":
    tasks: dict[str, Callable[..., dict[str, Any]]] = {"hashing": hashing, "verifier": verifier, "browser": browser}
    print(json.dumps((tasks | {"casting": casting})[sys.argv[1]](*sys.argv[2:])))
