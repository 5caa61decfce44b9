"""The lines of the table about the vote log: how long checking a large one takes, and how fast ballots get into it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

VERIFIER_SECONDS, VERIFIER_MEGABYTES, BROWSER_SECONDS = 20, 200, 15
"""Goals for 100,000 entries."""
CASTS = {"SQLite": (1, 0.08), "PostgreSQL": (8, 0.06)}
"""Threads that cast, and the least rate of casts per bare durable insert."""
Line = tuple[str, str, str, str]


def lines(events: int, casts: int, folder: Path) -> Iterator[Line]:
    """What, goal, measured, verdict; "" where there is nothing to say."""
    yield from checking(events, folder)
    yield from casting(casts, folder)


def checking(events: int, folder: Path) -> Iterator[Line]:
    log = folder / "big-log"
    run("tests.verifier.biglog", str(log), str(max(22, events * 981 // 1000) // 11 * 11))  # the rest are other entries
    least = child("hashing", str(log))
    yield "SHA-256 over all of its files", "", f"{least['seconds']:.3f} s ({least['bytes'] / 1e6:.1f} MB)", ""
    found = child("verifier", str(log))
    measured = f"{found['seconds']:.1f} s ({found['entries']:,} entries; {found['clock']:.1f} s by the clock)"
    enough = found["seconds"] <= VERIFIER_SECONDS and found["verdict"] == "pass"
    yield "command-line verifier", f"≤ {VERIFIER_SECONDS} s", measured, verdict(enough)
    yield from ratio(found["seconds"], least["seconds"])
    enough = found["megabytes"] <= VERIFIER_MEGABYTES
    yield "    most memory", f"≤ {VERIFIER_MEGABYTES} MB", f"{found['megabytes']} MB", verdict(enough)
    found = child("browser", str(log))
    if "missing" in found:
        yield "browser verifier", f"≤ {BROWSER_SECONDS} s", found["missing"], "missing"
        return
    enough = found["seconds"] <= BROWSER_SECONDS and found["verdict"] == "pass"
    yield (
        "browser verifier (Chromium, a bundle)",
        f"≤ {BROWSER_SECONDS} s",
        f"{found['seconds']:.1f} s ({found['clock']:.1f} s by the clock)",
        verdict(enough),
    )
    yield from ratio(found["seconds"], least["seconds"])


def ratio(seconds: float, least: float) -> Iterator[Line]:
    yield "    ÷ SHA-256 of the same bytes", "", f"{seconds / least:.0f} ×", ""


def casting(casts: int, folder: Path) -> Iterator[Line]:
    for name, (threads, goal) in CASTS.items():
        what = f"casts ÷ durable inserts, {name}, {threads} at a time"
        with database(name) as url:
            if url is None:
                yield what, f"≥ {goal:g}", f"no {name} was found", "missing"
                continue
            here = folder / name
            here.mkdir()
            settings = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATA_DIR": str(here)}
            found = child("casting", str(casts), str(threads), **settings, **({"DATABASE_URL": url} if url else {}))
        share = found["casts"] / found["inserts"]
        yield what, f"≥ {goal:g}", f"{share:.3f} ({found['casts']:.0f}/s ÷ {found['inserts']:.0f}/s)", verdict(share >= goal)
        yield f"    sequencer, {name}", "", f"{found['entries_a_second']:.0f} entries/s (a group of {found['entries']:,})", ""


def verdict(enough: bool) -> str:
    return "ok" if enough else "missed"


@contextlib.contextmanager
def database(name: str) -> Iterator[str | None]:
    """The address of a database of its own that waits for its disk; "" for a SQLite file, None where there is none."""
    if name == "SQLite":
        yield ""
        return
    if import_module("tests.services")._postgres_bin() is None:
        yield None
        return
    server = import_module("tests.prove.instance").Postgres()
    try:
        server.start()
        yield server.url
    finally:
        server.kill()
        server.remove()


def child(*arguments: str, **settings: str) -> dict[str, Any]:
    """What a measuring process printed; its own words go to the terminal."""
    found: dict[str, Any] = json.loads(run("bench.vote_log", *arguments, **settings).splitlines()[-1])
    return found


def run(*arguments: str, **settings: str) -> str:
    environment = import_module("tests.services").environment(**settings) if settings else dict(os.environ)
    return subprocess.run(
        [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, check=True, env=environment
    ).stdout
