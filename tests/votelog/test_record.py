from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from merkle import canonical, note
from merkle.errors import ProofError
from tests.votelog import make
from votelog import keys, log, sequencer
from votelog.actions import promise, put_blob, record, record_ballot
from votelog.models import Blob, Pending


@pytest.mark.django_db
def test_what_is_recorded_waits_with_its_moment() -> None:
    with transaction.atomic():
        record("poll.created", poll="p1", at=datetime(2026, 11, 23, 7, tzinfo=UTC), d={"method": "x"})
    row = Pending.objects.get()
    assert (row.kind, row.poll, row.t, row.k, row.body) == ("poll.created", "p1", 1795417200, None, '{"method":"x"}')


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record("poll.created", poll="p1", d={})
    with pytest.raises(RuntimeError, match="transaction"):
        record_ballot(poll="p1", d=make.ballot(1), body="shut", k=1)
    assert not Pending.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_never_happened() -> None:
    with transaction.atomic():
        record("poll.created", poll="p1", d={})
        record_ballot(poll="p1", d=make.ballot(1), body="shut", k=1)
        transaction.set_rollback(True)
    assert not Pending.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "d", "reason"),
    [
        ("ballot.cast", {}, "not recorded by callers"),
        ("log.opened", {}, "not recorded by callers"),
        ("poll.invented", {}, "not recorded by callers"),
        ("poll.opened", {"config": make.Z}, "fills in"),
        ("poll.closed", {"last_n": 3}, "fills in"),
        ("poll.opened", {}, "cannot open before poll.created and roll.committed"),
        ("poll.created", {"share": 0.5}, "float"),
        ("poll.created", {"Title": "x"}, "key"),
        ("poll.created", {"title": "x" * 16_384}, "more than 16384"),
    ],
)
def test_it_refuses_to_record_what_could_never_become_an_entry(kind: str, d: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        record(kind, poll="p1", d=d)
    assert not Pending.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"d": make.ballot(1) | {"bid": "short"}},
        {"d": make.ballot(1) | {"bid": "F" * 32}},
        {"d": make.ballot(1) | {"cred": None}},
        {"d": make.ballot(1) | {"rev": -1}},
        {"d": make.ballot(1) | {"rev": True}},
        {"d": make.ballot(1) | {"b": 0.5}},
        {"d": {}},
        {"k": 0},
        {"poll": ""},
        {"poll": "p" * 65},
    ],
    ids=str,
)
def test_it_refuses_a_ballot_that_could_never_become_an_entry(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"ballot|float|poll"):
        record_ballot(**{"poll": "p1", "d": make.ballot(1), "body": "shut", "k": 3} | wrong)
    assert not Pending.objects.exists()


@pytest.mark.django_db
def test_an_entry_as_long_as_may_be_recorded_can_be_written_too() -> None:
    for length in range(16_100, 16_384):
        try:
            record("poll.created", poll="p1", d={"title": "x" * length})
        except ValueError:
            break
    make.opened("p2")
    assert sequencer.run_once().polls["p1"] == range(Pending.objects.count(), length - 16_100)
    assert length > 16_100


@pytest.mark.django_db
def test_a_blob_is_named_by_what_is_stored_and_salt_makes_equal_texts_differ() -> None:
    assert put_blob(b"plain", salted=False) == put_blob(b"plain", salted=False) == hashlib.sha256(b"plain").hexdigest()
    first, second = put_blob(b"text", salted=True), put_blob(b"text", salted=True)
    assert first != second
    stored = bytes(Blob.objects.get(sha256=first).data)
    assert (len(stored), stored[16:]) == (20, b"text")
    assert hashlib.sha256(stored).hexdigest() == first
    assert Blob.objects.count() == 3


@pytest.mark.django_db
def test_a_promise_names_the_ballot_and_the_deadline_and_is_signed_by_the_receipt_key() -> None:
    d = make.ballot(1)
    signed = promise(poll="p1", d=d, deadline=1795904200)
    key = note.VerifierKey.parse(log.receipt_vkey())
    assert key.name == f"{log.origin()}/receipt"
    digest = note.encode_base64(hashlib.sha256(canonical.dumps(d)).digest())
    assert note.check(signed, key, keys.check_signature) == f"{key.name}\nballot.cast\n{digest}\ndeadline 1795904200\n"
    with pytest.raises(ProofError):
        note.check(signed.replace("1795904200", "1895904200"), key, keys.check_signature)
