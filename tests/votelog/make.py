"""Plain functions that put a tiny poll into the log."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction

from votelog import sequencer
from votelog.actions import put_blob, record, record_ballot
from votelog.models import Event

Z = "0" * 64


def bid(number: int) -> str:
    return f"{number:032x}"


def ballot(number: int, *, voter: int | None = None, rev: int = 0, approve: tuple[str, ...] = ("o1",)) -> dict[str, Any]:
    """Ballot with receipt number `number`, by voter `voter` (one of their own each by default)."""
    cred = hashlib.sha256(str(number if voter is None else voter).encode()).hexdigest()
    return {"bid": bid(number), "cred": cred, "rev": rev, "b": {"approve": sorted(approve)}}


def opened(poll: str = "p1") -> None:
    with transaction.atomic():
        title = put_blob(b'{"en":"Trees"}', salted=True)
        record("poll.created", poll=poll, d={"title_sha256": title, "method": "pb-greedy-v1"})
        record("roll.committed", poll=poll, d={"roll": "r1", "count": 50, "root": Z, "rule_sha256": Z})
        record("credentials.committed", poll=poll, d={"count": 50, "root": Z, "blob_sha256": Z})
        record("poll.opened", poll=poll, d={})


def cast(*numbers: int, poll: str = "p1", k: int | None = 3, **fields: Any) -> None:
    for number in numbers:
        with transaction.atomic():
            record_ballot(poll=poll, d=ballot(number, **fields), k=k)


def closed(poll: str = "p1", ballots: int = 0) -> None:
    with transaction.atomic():
        record("poll.closed", poll=poll, d={"reason": "by_hand", "ballots": ballots, "ballots_sha256": Z})


def small_log(ballots: int = 4) -> sequencer.Published:
    """A poll that was opened, voted in and closed: 6 + `ballots` entries, published."""
    opened()
    cast(*range(ballots))
    closed(ballots=ballots)
    return sequencer.run_once()


def kinds(poll: str = "p1") -> list[str]:
    return [event.kind for event in Event.objects.filter(poll=poll).order_by("n")]


def bids(poll: str = "p1") -> list[str]:
    return [event.bid for event in Event.objects.filter(poll=poll, bid__isnull=False).order_by("n")]
