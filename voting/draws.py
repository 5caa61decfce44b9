"""Where the lots of a poll come from: what is promised at opening, taken after the close, and shown with the result.

Three sources (docs/reference/results.md, Lots).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from unicodedata import category

from django.utils.translation import gettext_lazy as _

from ballotbox import box
from common.refusal import Refusal
from counting import lots
from votelog import entries, log
from votelog.actions import put_blob
from voting import errors
from voting.models import Poll

MAX_TEXT = 65_536
"""Bytes of the text of a draw: whoever checks the log reads no more."""

_ANOTHER = _("it is not what was named when the poll opened")
_PARTS = {
    "text": (
        _("Text of the draw"),
        _("it must say in plain text what was drawn, in at most 65,536 bytes and without control characters"),
    ),
    "hash": (_("Chain"), _ANOTHER),
    "genesis_time": (_("First round of the chain"), _ANOTHER),
    "period": (_("Seconds between two rounds"), _ANOTHER),
    "round": (_("Round"), _("it must be a whole number from 1")),
    "signature": (_("Signature"), _("it must be 96 or 192 hex digits, in lower case")),
    "randomness": (_("Randomness"), _("it must be the SHA-256 of the signature, 64 hex digits in lower case")),
}
"""What is called how, and how it must be."""


def _refused(part: str) -> Refusal:
    name, why = _PARTS[part]
    return errors.DrawRefused(part=name, why=why)


def promised(poll: Poll) -> dict[str, str]:
    """`tie` of poll.created. With commit-reveal the nonce must be there."""
    tie = {"rule": "lots-v1", "seed_source": str(poll.seed_source)}
    if poll.seed_source == Poll.SeedSource.COMMIT_REVEAL:
        return tie | {"commit": sha256(bytes.fromhex(box().nonce(poll=poll.public_id))).hexdigest()}
    return tie | ({"chain": poll.draw_plan["hash"]} if poll.seed_source == Poll.SeedSource.DRAND else {})


def closing(poll: Poll) -> dict[str, Any] | None:
    """The poll's poll.closed as it stands in the log, once a signed checkpoint covers it."""
    event = next(log.events(poll.public_id, kind="poll.closed"), None)
    return entries.read(event.body) if event is not None and log.is_published(event) else None


def due_round(poll: Poll, *, closed_at: int) -> tuple[int, int]:
    """With drand: the one round that decides, and its time (Unix). `closed_at` is `t` of poll.closed.

    The first round at least DRAND_DELAY after the close, and no later one: whoever may choose among rounds chooses the lots.
    """
    start, period = poll.draw_plan["genesis_time"], poll.draw_plan["period"]
    number = max(1, 1 - (start - closed_at - lots.DRAND_DELAY) // period)
    return number, start + (number - 1) * period


def taken(poll: Poll, *, text: str | None, drand: Mapping[str, Any] | None, closed_at: int, at: datetime) -> dict[str, Any]:
    """The evidence as it is kept and published. Raises DrawFromElsewhere, and what the two below raise."""
    if poll.seed_source == Poll.SeedSource.PUBLIC_DRAW and text is not None and drand is None:
        return text_taken(text)
    if poll.seed_source == Poll.SeedSource.DRAND and drand is not None and text is None:
        return round_taken(poll, drand, closed_at=closed_at, at=at)
    raise errors.DrawFromElsewhere(source=poll.get_seed_source_display())


def text_taken(text: str) -> dict[str, Any]:
    """Lines ended by LF, everything else as it stands. Raises DrawRefused."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        lots.beacon_of("public-draw", {"text": text})
    except lots.EvidenceError as error:
        raise _refused(error.key) from error
    if len(text.encode()) > MAX_TEXT or any(category(letter) == "Cc" and letter not in "\n\t" for letter in text):
        raise _refused("text")
    return {"text": text}


def round_taken(poll: Poll, served: Mapping[str, Any], *, closed_at: int, at: datetime) -> dict[str, Any]:
    """`served`: `hash`, `genesis_time` and `period` of the chain, `round`, `randomness` and `signature`, as drand serves them.

    Whatever else is in it is not looked at. The signature itself is not checked: that needs drand's tools.
    Raises DrawRefused, DrawRoundNotDue, DrawRoundNotYet.
    """
    for part in ("hash", "genesis_time", "period"):
        if served.get(part) != poll.draw_plan[part]:
            raise _refused(part)
    given = {part: served.get(part) for part in ("genesis_time", "period", "round", "signature", "randomness")}
    given["chain"] = served["hash"]
    due, time = due_round(poll, closed_at=closed_at)
    if type(given["round"]) is int and given["round"] != due:
        raise errors.DrawRoundNotDue(round=given["round"], due=due)
    if at.timestamp() < time:
        raise errors.DrawRoundNotYet(due=due)
    try:
        lots.beacon_of("drand", given | {"closes_at": closed_at})
    except lots.EvidenceError as error:
        raise _refused(error.key) from error
    return {part: given[part] for part in ("chain", "round", "signature")}


def beacon(poll: Poll) -> str:
    """What the lots follow from, 64 hex digits. Raises EvidenceError when the nonce is not the one promised in the log."""
    if poll.seed_source == Poll.SeedSource.COMMIT_REVEAL:
        promise = next(log.entries(poll.public_id, kind="poll.created"))["d"]["tie"]["commit"]
        return lots.beacon_of("commit-reveal", {"nonce": box().nonce(poll=poll.public_id), "commit": promise})
    evidence = poll.draw.evidence
    data = evidence["text"].encode() if "text" in evidence else bytes.fromhex(evidence["signature"])
    return sha256(data).hexdigest()


def shown(poll: Poll) -> dict[str, Any]:
    """The field of tally.published that lets everybody draw the lots again; the text of a draw becomes a blob."""
    if poll.seed_source == Poll.SeedSource.COMMIT_REVEAL:
        return {"nonce": box().nonce(poll=poll.public_id)}
    evidence = poll.draw.evidence
    if "text" in evidence:
        return {"draw_sha256": put_blob(evidence["text"].encode(), salted=False)}
    return {"drand": evidence}
