"""Plain functions that put a tiny poll into the log."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction

from ballotbox import box
from merkle import canonical
from votelog import sequencer
from votelog.actions import put_blob, record, record_ballot
from votelog.models import Event

Z = "0" * 64
ACTORS = ["a" * 32, "b" * 32]


def bid(number: int) -> str:
    return f"{number:032x}"


def ballot(number: int, *, voter: int | None = None, rev: int = 0, approve: tuple[str, ...] = ("o1",)) -> dict[str, Any]:
    """Ballot with receipt number `number`, by voter `voter` (one of their own each by default)."""
    cred = hashlib.sha256(str(number if voter is None else voter).encode()).hexdigest()
    return {"bid": bid(number), "cred": cred, "rev": rev, "b": {"approve": sorted(approve)}}


def shut(poll: str, d: dict[str, Any]) -> str:
    """A ballot as the ballot box keeps it."""
    box().make_secrets(poll=poll, with_nonce=False)
    return box().seal(poll=poll, content={"d": d, "b": d["b"]}, room=512)


def text(english: str) -> str:
    return put_blob(canonical.dumps({"en": english}), salted=True)


def created() -> dict[str, Any]:
    """Every field that poll.created has."""
    rule = {"mode": "skip", "threshold": 0, "pots": None, "groups": None}
    return {
        "title_sha256": text("Trees"),
        "options": [{"id": f"o{n}", "title_sha256": text(f"Oak {n}"), "cost": 10 * n} for n in (1, 2, 3)],
        "method": "pb-greedy-v1",
        "rule": rule,
        "ballot": {"approve": {"min": 0, "max": None, "max_cost": None}},
        "budget": 40,
        "opens_at": 1795400000,
        "closes_at": 1795900000,
        "ballots": "live",
        "visibility": "live",
        "secrecy": "L1",
        "revote": "last",
        "mix": {"k": 3, "max_s": 3600},
        "disclosure": "full",
        "min_cell": 10,
        "tie": {"rule": "lots-v1", "seed_source": "commit-reveal", "commit": Z},
        "tally": {"name": "deliberate", "version": "0.1.0", "sha256": hashlib.sha256(canonical.dumps(rule)).hexdigest()},
    }


def opened(poll: str = "p1") -> None:
    with transaction.atomic():
        record("poll.created", poll=poll, d=created())
        record("roll.committed", poll=poll, d={"roll": "r1", "count": 50, "root": Z, "rule_sha256": text("Everyone")})
        blob = put_blob(bytes(50 * 32), salted=True)
        record("credentials.committed", poll=poll, d={"count": 50, "root": Z, "blob_sha256": blob})
        record("poll.opened", poll=poll, d={})


def cast(*numbers: int, poll: str = "p1", k: int | None = 1, **fields: Any) -> None:
    for number in numbers:
        with transaction.atomic():
            d = ballot(number, **fields)
            record_ballot(poll=poll, d=d, body=shut(poll, d), k=k)


def closed(poll: str = "p1", ballots: int = 0) -> None:
    with transaction.atomic():
        why = {"reason": "by_hand", "text_sha256": text("All have voted."), "actors": ACTORS}
        record("poll.closed", poll=poll, d={**why, "ballots": ballots, "ballots_sha256": Z})


def small_log(ballots: int = 3) -> sequencer.Published:
    """A poll that was opened, voted in and closed: 7 + `ballots` entries, published."""
    opened()
    cast(*range(ballots))
    closed(ballots=ballots)
    return sequencer.run_once()


def kinds(poll: str = "p1") -> list[str]:
    return [event.kind for event in Event.objects.filter(poll=poll).order_by("n")]


def bids(poll: str = "p1") -> list[str]:
    return [event.bid for event in Event.objects.filter(poll=poll, bid__isnull=False).order_by("n")]


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
