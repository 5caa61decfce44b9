"""The log as it is served: the stand-alone verifier passes on a real round, and on nothing that was touched."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.browser.conftest import ROOT, ROUND, City


def verify(city: City, poll: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "verifier", "poll", city.address, poll]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def swiecie(city: City) -> str:
    if not ROUND.exists():
        pytest.skip(f"The published round is not at {ROUND}: set DELIBERATE_DATA to where the elections are.")
    with sqlite3.connect(city.folder / "deliberate.sqlite3") as database:
        row = database.execute("select public_id from voting_poll where source is not null").fetchone()
    return str(row[0])


def test_the_verifier_passes_on_a_published_round(city: City, swiecie: str) -> None:
    run = verify(city, swiecie)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "PASS C16 tally (pb-mes-v1, 245 runs, 2,553 ballots)" in run.stdout


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_result_page_says_that_we_equal_the_published_outcome(city: City, swiecie: str, language: str) -> None:
    with urllib.request.urlopen(f"{city.address}/{language}/polls/{swiecie}/result/") as answer:
        page = answer.read().decode()
    assert "Poland_Swiecie_2023.pb" in page
    sentence = {"en": "Our result equals the", "fa": "نتیجهٔ ما"}[language]
    assert re.search(rf"callout--success.{{0,600}}{sentence}", page, re.DOTALL)


def files(city: City, pattern: str) -> list[Path]:
    return sorted((city.folder / "log").glob(pattern))


def newest(paths: list[Path]) -> list[Path]:
    """Full tiles, and of the partial ones the widest: what a reader of the latest checkpoint fetches."""
    full = [path for path in paths if path.is_file() and path.name.isdecimal() and not path.parent.name.endswith(".p")]
    partial: dict[Path, Path] = {}
    for path in paths:
        if path.parent.name.endswith(".p") and int(path.name) > int(partial.get(path.parent, Path("0")).name):
            partial[path.parent] = path
    return full + list(partial.values())


def served(city: City) -> list[Path]:
    return newest(files(city, "*/tile/[0-9]/**/*")) + newest(files(city, "*/tile/entries/**/*"))


def test_it_fails_when_any_served_tile_has_one_byte_changed(city: City, swiecie: str) -> None:
    tiles = served(city)
    assert len(tiles) >= 20
    unnoticed = []
    for tile in tiles[:: max(1, len(tiles) // 8)]:
        good = tile.read_bytes()
        bad = bytearray(good)
        bad[len(bad) // 3] ^= 0x20
        tile.write_bytes(bad)
        try:
            # The city lives on: a partial tile that a wider one replaced meanwhile is read by nobody.
            if verify(city, swiecie).returncode != 1 and tile in served(city):
                unnoticed.append(tile.name)
        finally:
            tile.write_bytes(good)
    assert unnoticed == []
    assert verify(city, swiecie).returncode == 0


def test_it_fails_when_a_single_stored_entry_is_changed(city: City, swiecie: str) -> None:
    database = sqlite3.connect(city.folder / "deliberate.sqlite3", isolation_level=None, timeout=30)
    body, idx = database.execute(
        "select body, idx from votelog_event where poll = ? and body like '%ballot.cast%' limit 1", [swiecie]
    ).fetchone()
    trigger = database.execute("select sql from sqlite_master where name = 'votelog_event_no_update'").fetchone()[0]
    database.execute("drop trigger votelog_event_no_update")
    changed = re.sub(r'"bid":"(.)', lambda match: '"bid":"' + ("0" if match[1] != "0" else "1"), body)
    assert changed != body
    try:
        database.execute("update votelog_event set body = ? where idx = ?", [changed, idx])
        assert verify(city, swiecie).returncode == 1
    finally:
        database.execute("update votelog_event set body = ? where idx = ?", [body, idx])
        database.execute(trigger)
        database.close()
    assert verify(city, swiecie).returncode == 0
