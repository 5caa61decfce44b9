from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merkle import canonical, note, proof
from merkle.errors import ProofError
from merkle.tree import check_consistency
from tests.votelog import make
from tests.votelog.append_only import lifted
from votelog import entries, keys, log, sequencer, trees
from votelog.actions import promise
from votelog.errors import LogDamaged, NotPublished
from votelog.models import Checkpoint, Event

BASE_DIR = Path(__file__).parents[2]
VECTORS = json.loads((Path(__file__).parents[1] / "merkle" / "vectors.json").read_text())


@pytest.mark.parametrize("event", VECTORS["events"], ids=lambda event: json.loads(event["bytes"])["type"])
def test_we_write_the_golden_entries(event: dict[str, str]) -> None:
    golden = json.loads(event["bytes"])
    written = entries.write(
        kind=golden["type"],
        poll=golden["poll"],
        n=golden["n"],
        prev=golden["prev"],
        t=golden.get("t"),
        d=golden["d"],
    )
    assert written.decode() == event["bytes"]
    assert entries.read(event["bytes"]) == golden


@pytest.mark.django_db
def test_from_cast_to_proof_in_a_poll_with_a_revised_ballot() -> None:
    make.opened()
    make.cast(*range(12), k=3)
    sequencer.run_once()
    make.cast(100, voter=5, rev=1, approve=("o2", "o3"))
    make.closed(ballots=13)
    sequencer.run_once()

    key = note.VerifierKey.parse(log.vkey())
    for number in [*range(12), 100]:
        event = log.find_ballot("p1", make.bid(number))
        assert event is not None
        found = proof.check(log.proof(event), key, keys.check_signature)
        entry = canonical.loads(found.entry)
        assert (found.index, entry["n"], entry["d"]["bid"]) == (event.idx, event.n, make.bid(number))
    cast = [entry["d"] for entry in log.entries("p1") if entry["type"] == "ballot.cast"]
    assert [event.bid for event in log.events("p1", kind="ballot.cast")] == [d["bid"] for d in cast]
    last = {d["cred"]: d["b"]["approve"] for d in cast}
    assert len(last) == 12
    assert sorted(last.values()).count(["o2", "o3"]) == 1
    assert last[make.ballot(100, voter=5)["cred"]] == ["o2", "o3"]
    assert log.size() == 21


@pytest.mark.django_db
def test_every_checkpoint_is_consistent_with_every_later_one() -> None:
    make.opened()
    for number in range(8):
        make.cast(number, k=1)
        sequencer.run_once()
    tree = trees.load(log.current_shard())
    rows = list(Checkpoint.objects.order_by("size"))
    assert [row.size for row in rows] == [7, 9, 11, 13, 15, 17, 19, 21]
    for old in rows:
        for new in rows[rows.index(old) :]:
            check_consistency(
                old_size=old.size,
                old_root=bytes(old.root),
                new_size=new.size,
                new_root=bytes(new.root),
                proof=tree.consistency_proof(old.size, new.size),
            )


@pytest.mark.django_db
def test_a_ballot_is_found_by_its_number_in_its_own_poll_only() -> None:
    make.opened("p1")
    make.opened("p2")
    make.cast(1, poll="p1", k=1)
    sequencer.run_once()
    assert log.find_ballot("p1", make.bid(1)) == log.find_ballot(None, make.bid(1)) == Event.objects.get(bid=make.bid(1))
    assert log.find_ballot("p2", make.bid(1)) is None
    assert log.find_ballot(None, make.bid(2)) is None


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads small tables whole")
def test_what_happened_besides_the_ballots_is_found_without_looking_at_each_of_them() -> None:
    make.opened()
    with CaptureQueriesContext(connection) as asked:
        list(log.events("p1", kind="poll.opened"))
    with connection.cursor() as cursor:
        cursor.execute(f"explain query plan {asked.captured_queries[-1]['sql']}")
        plan = " ".join(row[-1] for row in cursor.fetchall())
    assert "event_but_ballots" in plan and "SCAN" not in plan


@pytest.mark.django_db
def test_a_ballot_that_waits_is_not_found_and_one_without_a_checkpoint_has_no_proof() -> None:
    make.opened()
    make.cast(1, 2, k=3)
    sequencer.run_once()
    assert log.find_ballot("p1", make.bid(1)) is None
    make.cast(3, 4, 5, 6, k=3)
    make.closed(ballots=6)
    sequencer.append(log.current_shard(), ["p1"])
    event = log.find_ballot("p1", make.bid(1))
    assert event is not None
    with pytest.raises(NotPublished):
        log.proof(event)


@pytest.mark.django_db
def test_no_proof_is_given_of_an_entry_that_was_changed() -> None:
    make.small_log()
    event = log.find_ballot("p1", make.bid(1))
    assert event is not None
    with lifted():
        Event.objects.filter(pk=event.pk).update(body=event.body.replace("o1", "o2"))
    event.refresh_from_db()
    with pytest.raises(LogDamaged, match=f"entry {event.idx} corrupt"):
        log.proof(event)


@pytest.mark.django_db
def test_a_proof_does_not_check_under_another_key() -> None:
    make.small_log()
    event = log.find_ballot("p1", make.bid(1))
    assert event is not None
    with pytest.raises(ProofError):
        proof.check(log.proof(event), note.VerifierKey.parse(log.receipt_vkey()), keys.check_signature)


@pytest.mark.django_db
def test_before_the_first_entry_there_is_no_key_and_no_checkpoint() -> None:
    with pytest.raises(NotPublished):
        log.vkey()
    assert log.latest_checkpoint() is None
    assert log.size() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("damaged", [False, True])
def test_the_independent_verifier_agrees_about_a_proof_and_a_promise(damaged: bool, tmp_path: Path) -> None:
    make.small_log()
    event = log.find_ballot("p1", make.bid(1))
    assert event is not None
    kept = promise(poll="p1", d=make.ballot(1), deadline=1795904200)
    # 2, "cannot tell": a promise says nothing about the log until one looks there.
    for text, vkey, code in ((log.proof(event), log.vkey(), 0), (kept, log.receipt_vkey(), 2)):
        if damaged:
            text = text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:]
        assert verify(tmp_path, text, "--vkey", vkey) == (1 if damaged else code)


def test_the_independent_verifier_finds_a_promised_ballot_in_the_log_that_we_serve(
    live_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.LOG_HOST = live_server.url.removeprefix("http://")
    make.small_log()
    kept = promise(poll="p1", d=make.ballot(1), deadline=1)
    broken = promise(poll="p1", d=make.ballot(99), deadline=1)
    assert verify(tmp_path, kept, "--url", live_server.url) == 0
    assert verify(tmp_path, broken, "--url", live_server.url) == 1


def verify(folder: Path, receipt: str, *options: str) -> int:
    (folder / "receipt").write_text(receipt)
    command = [sys.executable, "-m", "verifier", "receipt", str(folder / "receipt"), *options]
    result = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True)
    print(result.stdout, result.stderr)
    return result.returncode
