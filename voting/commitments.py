"""What the log is told about a poll: the `d` of each entry, as docs/reference/vote-log.md has it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from django.conf import settings

from common.localized import Localized
from eligibility.models import Roll
from merkle import canonical, tree
from votelog import log
from votelog.actions import put_blob
from voting import ballotbox, draws
from voting.models import Ballot, Poll, Result

D = dict[str, Any]


def _text(text: Localized) -> str:
    """The hash of a salted blob with the text: deleting the blob later leaves nothing that could be guessed."""
    return put_blob(canonical.dumps({language: normalize("NFC", words) for language, words in text.items()}), salted=True)


def poll_created(poll: Poll, *, origin: str) -> D:
    options = [
        {"id": option.key, "title_sha256": _text(option.title)} | ({"cost": option.cost} if option.cost is not None else {})
        for option in poll.options.all()
    ]
    return {
        "title_sha256": _text(poll.title),
        "options": options,
        "method": poll.method,
        "rule": poll.rule,
        "ballot": poll.ballot,
        "opens_at": int(poll.opens_at.timestamp()),
        "closes_at": int(poll.closes_at.timestamp()),
        "ballots": "live",
        "visibility": poll.visibility,
        "secrecy": "L1",
        "revote": poll.revote,
        "mix": {"k": poll.mix_k, "max_s": poll.mix_max_s},
        "disclosure": "full",
        "min_cell": 10,
        "tie": draws.promised(poll),
        "tally": {
            "name": "deliberate",
            "version": settings.SOFTWARE_VERSION,
            "sha256": sha256(canonical.dumps(poll.rule)).hexdigest(),
        },
        **({"budget": poll.budget} if poll.budget is not None else {}),
        **({"origin": origin} if origin else {}),
    }


def roll_committed(roll: Roll) -> D:
    entries = roll.entries.order_by("index").values_list("salt", "uid")
    leaves = [tree.leaf_hash(b"roll/v1" + bytes(salt) + bytes(uid)) for salt, uid in entries]
    return {"roll": roll.public_id, "count": len(leaves), "root": tree.root(leaves).hex(), "rule_sha256": _text(roll.rule)}


def credentials_committed(poll: Poll) -> D:
    credentials = [ballotbox.credential(poll.public_id, entry) for entry in poll.roll.entries.all()]
    leaves = sorted(tree.leaf_hash(sha256(bytes.fromhex(credential)).digest()) for credential in credentials)
    return {
        "count": len(leaves),
        "root": tree.root(leaves).hex(),
        "blob_sha256": put_blob(b"".join(leaves), salted=True),
    }


def participation(poll: Poll, counted: Mapping[str, Ballot]) -> D:
    """Who took part, by place on the roll: one bit each, so that whoever did not vote can see that nobody did in their name."""
    bits = bytearray(-(-poll.roll.entries.count() // 8))
    used = 0
    for entry in poll.roll.entries.all():
        if ballotbox.credential(poll.public_id, entry) in counted:
            bits[entry.index // 8] |= 0x80 >> entry.index % 8
            used += 1
    return {"roll": poll.roll.public_id, "used": used, "bitmap_sha256": put_blob(bytes(bits), salted=False)}


def tally_published(poll: Poll, counted: Mapping[str, Ballot], result: Result) -> D:
    bids = {ballot.bid for ballot in counted.values()}
    leaves, cast = [], 0
    for event in log.events(poll.public_id, kind="ballot.cast"):
        cast += 1
        if event.bid in bids:
            leaves.append(bytes(event.leaf))
    return {
        # What was announced at opening, also when a newer version of the software counts.
        "tally": next(log.entries(poll.public_id, kind="poll.created"))["d"]["tally"],
        "act": result.act,
        **draws.shown(poll),
        "ballots_root": tree.root(leaves).hex(),
        "ballots_sha256": result.outcome["ballots_sha256"],
        "counted": len(leaves),
        "replaced": cast - len(leaves),
        "voided": 0,
        "invalid": 0,
        "result_sha256": result.sha256,
    }
