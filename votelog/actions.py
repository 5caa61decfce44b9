"""Everything other apps may do to the log: record, put a blob, promise. The sequencer gives what is recorded its place."""

import hashlib
import os
import re
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from merkle import canonical, note
from votelog import keys, log
from votelog.entries import FILLED_IN, NO_LEAF, RECORDED, write
from votelog.errors import LogTakesNoMore
from votelog.models import BALLOT, Blob, Event, Pending

_HEX = re.compile(r"[0-9a-f]+")
_NEEDED_BEFORE_OPENING = {"poll.created", "roll.committed"}


def record(type: str, *, poll: str = "", at: datetime | None = None, d: dict[str, Any]) -> None:
    """Record that something happened, in the caller's transaction: it enters the log if and only if that commits.

    Ballots wait on for their group, but at `poll.closed`: those recorded before it enter the log before it. `at` is the
    moment it happened, now by default. Fields that only the sequencer can know (`config` and `roll` of poll.opened,
    `last_n` of poll.closed) are left out of `d`.

    Raises RuntimeError outside a transaction, ValueError when this could never become an entry of the log, LogTakesNoMore
    where the log of the poll is closed or was given up.
    """
    _in_a_transaction()
    if type not in RECORDED:
        raise ValueError(f"{type} is not recorded by callers")
    filled_in = FILLED_IN.get(type, ())
    if any(field in d for field in filled_in):
        raise ValueError(f"the sequencer fills in {' and '.join(filled_in)} of {type}")
    if type == "poll.opened":
        needed = Q(poll=poll, kind__in=_NEEDED_BEFORE_OPENING)
        known = {row.kind for rows in (Pending.objects, Event.objects) for row in rows.filter(needed).only("kind")}
        if missing := _NEEDED_BEFORE_OPENING - known:
            raise ValueError(f"poll {poll} cannot open before {' and '.join(sorted(missing))}")
    t = int((at or timezone.now()).timestamp())
    _fits(type, poll, t, {**d, **dict.fromkeys(filled_in, NO_LEAF)})
    Pending.objects.create(kind=type, poll=poll, t=t, body=canonical.dumps(d).decode())
    if not log.takes_entries(poll):
        raise LogTakesNoMore()


def record_ballot(*, poll: str, d: dict[str, Any], body: str, k: int | None) -> None:
    """Record an accepted ballot, in the caller's transaction. When and in which order it enters the log is unforeseeable:
    shuffled, in a group with those of at least `k` credentials of its poll, or, with None, when the poll closes.

    `d` is what its entry will hold, and is not stored; `body` is the same as the ballot box shut it (`prepare` or `seal`).

    Raises RuntimeError outside a transaction, ValueError when this could never become an entry of the log.
    """
    _in_a_transaction()
    bid, cred, rev = d.get("bid"), d.get("cred"), d.get("rev")
    if not (isinstance(bid, str) and len(bid) == 32 and _HEX.fullmatch(bid)):
        raise ValueError("a ballot needs a bid of 32 hex digits")
    if not (isinstance(cred, str) and len(cred) == 64 and _HEX.fullmatch(cred)):
        raise ValueError("a ballot needs a cred of 64 hex digits")
    if not (type(rev) is int and rev >= 0):
        raise ValueError("a ballot needs a rev, 0 or more")
    if not poll or (k is not None and k < 1):
        raise ValueError("a ballot needs a poll, and k, if any, of at least 1")
    _fits(BALLOT, poll, None, d)
    Pending.objects.create(kind=BALLOT, poll=poll, k=k, body=body)


def put_blob(data: bytes, *, salted: bool) -> str:
    """Store bytes for `/log/<year>/blob/<sha256>` and return that name, the hex SHA-256 of the stored bytes.

    With `salted`, 16 random bytes are stored in front of `data`: text that a person wrote is always salted, so that
    deleting the blob leaves nothing in the log to guess it from.
    """
    if salted:
        data = os.urandom(16) + data
    name = hashlib.sha256(data).hexdigest()
    Blob.objects.bulk_create([Blob(sha256=name, data=data)], ignore_conflicts=True)
    return name


def get_blob(name: str) -> bytes:
    """The stored bytes of a blob. Raises Blob.DoesNotExist where there is none (any more)."""
    return bytes(Blob.objects.get(sha256=name).data)


def promise(*, poll: str, d: dict[str, Any], deadline: int) -> str:
    """The signed promise that the ballot `d` stands in the poll's log by `deadline` (unix seconds). Raises NotCanonical."""
    name = log.receipt_name(log.shard_of(poll))
    digest = note.encode_base64(hashlib.sha256(canonical.dumps(d)).digest())
    text = f"{name}\n{BALLOT}\n{digest}\ndeadline {deadline}\n"
    return note.sign(text, keys.receipt_verifier_key(name), keys.sign_receipt)


def _in_a_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("recording needs the transaction in which the thing itself happens")


def _fits(kind: str, poll: str, t: int | None, d: dict[str, Any]) -> None:
    # Refused here, while there is a caller to tell: an entry that cannot be written would stop the whole log.
    if len(poll) > 64:
        raise ValueError("a poll id has at most 64 characters")
    write(kind=kind, poll=poll, n=canonical.MAX_INTEGER, prev=NO_LEAF, t=t, d=d)
