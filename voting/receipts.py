"""What a receipt leads to: where the ballot is by now, and whether a receipt file that somebody kept fits what is there."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from ballotbox.local import commitment
from common.localized import Localized
from merkle import canonical, note
from merkle.errors import ProofError
from votelog import keys, log
from votelog.actions import get_blob
from votelog.entries import read
from votelog.models import Blob
from votelog.witnesses import Witnessed, witnessed_by
from voting import errors, kinds
from voting.actions import deadline_of
from voting.models import Poll
from voting.standing import ReceiptState, find_receipt

MAX_FILE = 65_536
"""Bytes of a receipt file, at most."""

Stage = Literal["promised", "unknown", "overdue", "in_log", "counted", "replaced", "voided", "differs"]


@dataclass(frozen=True)
class Kept:
    """A receipt file that hangs together: `b` is what was cast as `d`, and the promise of `d` is signed by this site."""

    poll: Poll
    d: dict[str, Any]
    b: kinds.Body
    deadline: datetime


@dataclass(frozen=True)
class Step:
    """`state`: `done`, `now`, `next` or `late`."""

    name: Literal["promised", "in_log", "witnessed", "counted"]
    state: str


@dataclass(frozen=True)
class Void:
    """Why a ballot does not count: the rule and the grounds, as the log publishes them, where they are not erased."""

    rule: Localized
    grounds: Localized


@dataclass(frozen=True)
class Whereabouts:
    """Of one ballot. `unknown`: promised in a file, and neither log nor box has it, though there is time left; `overdue`: there
    is none left; `differs`: the log holds another ballot under this number than the file says.

    `choice`: what the ballot says, None while this page must not tell; `opened`: it says so because a file was shown.
    `commitment`: what the log shows of a sealed ballot.
    """

    poll: Poll
    bid: str
    stage: Stage
    index: int | None
    choice: kinds.Body | None
    revision: int
    deadline: datetime
    commitment: str = ""
    opened: bool = False
    witnessed: Witnessed | None = None
    void: Void | None = None

    @property
    def sealed(self) -> bool:
        return self.poll.visibility == Poll.Visibility.SEALED and self.choice is None

    @property
    def evidence(self) -> bool:
        """Whether what the voter kept now speaks against this site."""
        return self.stage in ("overdue", "differs")

    @property
    def steps(self) -> list[Step]:
        """The way of a ballot that is not replaced, voided or in dispute."""
        here, late = self.index is not None, self.stage == "overdue"
        counted = self.stage == "counted"
        steps = [
            Step("promised", "late" if late else "done" if here else "now"),
            Step("in_log", "next" if not here else "done" if counted or self.witnessed else "now"),
        ]
        if self.witnessed:
            steps.append(Step("witnessed", "next" if not here else "done" if self.witnessed.enough else "now"))
        return [*steps, Step("counted", "done" if counted else "next")]


def where(bid: str, *, at: datetime, kept: Kept | None = None) -> Whereabouts | None:
    """Where the ballot with this receipt number is; with the file that its voter kept also what it says, and whether the site
    has kept its word. None where nobody knows the number."""
    state = find_receipt(bid)
    if state is None or (kept and state.poll != kept.poll):
        return _lost(kept, at) if kept else None
    event = log.find_ballot(state.poll.public_id, bid)
    entry = read(event.body)["d"] if event is not None and state.index is not None else None
    differs = kept is not None and entry is not None and entry != kept.d
    stage: Stage = state.state
    if differs:
        stage = "differs"
    elif state.index is None and at > state.deadline:
        stage = "overdue"
    # A sealed ballot that still waits is not shown either: the page must not say more before its group than after it.
    choice = None if state.poll.visibility == Poll.Visibility.SEALED and state.index is None else state.choice
    opened = kept is not None and choice is None and not differs
    return Whereabouts(
        poll=state.poll,
        bid=bid,
        stage=stage,
        index=state.index,
        choice=kept.b if kept and opened else choice,
        revision=state.revision,
        deadline=state.deadline,
        commitment=(entry or {}).get("c", ""),
        opened=opened,
        witnessed=witnessed_by(event.shard, event.idx) if event is not None and state.index is not None else _nobody_yet(state),
        void=_void(state) if stage == "voided" else None,
    )


def _lost(kept: Kept, at: datetime) -> Whereabouts:
    deadline = max(kept.deadline, deadline_of(kept.poll))  # a poll that is extended moves all of its promises
    return Whereabouts(
        poll=kept.poll,
        bid=kept.d["bid"],
        stage="overdue" if at > deadline else "unknown",
        index=None,
        choice=kept.b,
        revision=kept.d["rev"],
        deadline=deadline,
        opened=True,
    )


def _nobody_yet(state: ReceiptState) -> Witnessed | None:
    found = witnessed_by(log.shard_of(state.poll.public_id), 2**62)
    return found and Witnessed(0, found.of, enough=False)


def _void(state: ReceiptState) -> Void | None:
    found = [d for d in log.recorded(state.poll.public_id, kind="ballot.voided") if d["bid"] == state.bid]
    return Void(_text(found[-1]["rule_sha256"]), _text(found[-1]["evidence_sha256"])) if found else None


def _text(name: str) -> Localized:
    """A salted text by language; empty where it was erased."""
    try:
        text: Localized = json.loads(get_blob(name)[16:])
        return text
    except (Blob.DoesNotExist, ValueError):
        return {}


# --- receipt files

_SHAPE = {"v", "poll", "d", "b", "promise"}
_HEX = {"bid": re.compile(r"[0-9a-f]{32}"), "cred": re.compile(r"[0-9a-f]{64}"), "nonce": re.compile(r"[0-9a-f]{64}")}


def open_file(data: bytes, *, user: object) -> Kept:
    """Read a receipt file (docs/reference/vote-log.md). Raises ReceiptFileUnreadable for what is none, ReceiptFileAltered for
    one whose parts do not fit together or that this site has not signed."""
    try:
        file = json.loads(data.decode("utf-8-sig"))
        if len(data) > MAX_FILE or file["v"] != 1 or set(file) - {"nonce"} != _SHAPE:
            raise errors.ReceiptFileUnreadable()
        d, nonce, promise = file["d"], file.get("nonce", ""), file["promise"]
        if not all(_HEX[name].fullmatch(d[name]) for name in ("bid", "cred")) or type(d["rev"]) is not int or d["rev"] < 0:
            raise errors.ReceiptFileUnreadable()
        poll = Poll.objects.visible_to(user).filter(public_id=str(file["poll"])[:16]).select_related("process").first()
        if poll is None:
            raise errors.ReceiptFileUnreadable()
        b = kinds.normal(poll, file["b"])
        if "c" in d:
            said = _HEX["nonce"].fullmatch(nonce) and d["c"] == commitment(
                poll=poll.public_id, credential=bytes.fromhex(d["cred"]), revision=d["rev"], nonce=bytes.fromhex(nonce), b=b
            )
        else:
            said = d["b"] == b
        if not said:
            raise errors.ReceiptFileAltered()
        return Kept(poll, d, b, _promised(promise, d))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, errors.BallotOfAnotherKind):
        raise errors.ReceiptFileUnreadable() from None


def _promised(promise: str, d: dict[str, Any]) -> datetime:
    """Until when this ballot was promised to stand in the log."""
    digest = b64encode(sha256(canonical.dumps(d)).digest()).decode()
    names = {log.receipt_name(shard): shard for shard in {*log.shards(), log.current_shard()}}
    try:
        name, kind, of, due, end = note.parse(promise).text.split("\n")
        key = note.VerifierKey.parse(log.receipt_vkey(names[name]))
        note.check(promise, key, keys.check_signature)
    except (ProofError, ValueError, KeyError):
        raise errors.ReceiptFileAltered() from None
    seconds = re.fullmatch(r"deadline ([0-9]{1,11})", due)
    if (kind, of, end) != ("ballot.cast", digest, "") or seconds is None:
        raise errors.ReceiptFileAltered()
    return datetime.fromtimestamp(int(seconds[1]), UTC)
