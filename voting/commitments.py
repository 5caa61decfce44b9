"""What the log is told about a poll: the `d` of each entry, as docs/reference/vote-log.md has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from django.conf import settings

from ballotbox import box
from common.localized import Localized
from eligibility.models import Roll, RollEntry
from merkle import canonical, tree
from votelog import log
from votelog.actions import put_blob
from votelog.models import BALLOT
from voting import draws, tabulate
from voting.models import Poll, Result
from voting.tabulate import Counted

D = dict[str, Any]


def text_blob(text: Localized) -> str:
    """The hash of a salted blob with the text: deleting the blob later leaves nothing that could be guessed."""
    return put_blob(canonical.dumps({language: normalize("NFC", words) for language, words in text.items()}), salted=True)


def decided(reason: Localized, actors: Sequence[str]) -> D:
    """`text_sha256` and `actors`: why, and which two people."""
    return {"text_sha256": text_blob(reason), "actors": list(actors)}


def poll_created(poll: Poll, *, origin: str) -> D:
    options = [
        {"id": option.key, "title_sha256": text_blob(option.title)} | ({"cost": option.cost} if option.cost is not None else {})
        for option in poll.options.all()
    ]
    return {
        "title_sha256": text_blob(poll.title),
        "options": options,
        "method": poll.method,
        "rule": poll.rule,
        "ballot": poll.ballot,
        "opens_at": int(poll.opens_at.timestamp()),
        "closes_at": int(poll.closes_at.timestamp()),
        "ballots": "sealed" if poll.visibility == Poll.Visibility.SEALED else "live",
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


def roll_leaves(entries: Iterable[RollEntry]) -> list[bytes]:
    return [tree.leaf_hash(b"roll/v1" + bytes(entry.salt) + bytes(entry.uid)) for entry in entries]


def roll_committed(roll: Roll) -> D:
    leaves = roll_leaves(roll.entries.order_by("index"))
    return {"roll": roll.public_id, "count": len(leaves), "root": tree.root(leaves).hex(), "rule_sha256": text_blob(roll.rule)}


def roll_changed(roll: Roll, added: Sequence[RollEntry]) -> D:
    """`added`: the new places, by index."""
    root = tree.root(roll_leaves(added)).hex()
    return {"roll": roll.public_id, "added_count": len(added), "added_root": root, "removed": []}


def credentials_committed(poll: Poll, added: Sequence[RollEntry] | None = None) -> D:
    """Of all places of the poll, or of those `added` alone."""
    entries = poll.roll.entries.all() if added is None else added
    uids = [bytes(entry.uid).hex() for entry in entries]
    leaves = [bytes.fromhex(leaf) for leaf in box().credential_leaves(poll=poll.public_id, uids=uids)]
    return {
        "count": len(leaves),
        "root": tree.root(leaves).hex(),
        "blob_sha256": put_blob(b"".join(leaves), salted=True),
    }


def participation(poll: Poll) -> D:
    """Who took part, by place on the roll: one bit each, so that whoever did not vote can see that nobody did in their name."""
    own = poll.roll.entries.filter(index__lt=poll.roll_count).order_by("index")  # others were added after the close
    places = [(index, bytes(uid).hex()) for index, uid in own.values_list("index", "uid")]
    credentials = {entry["d"]["cred"] for entry in log.entries(poll.public_id, kind=BALLOT)}
    took_part = box().participated(poll=poll.public_id, uids=[uid for _, uid in places], credentials=sorted(credentials))
    bits = bytearray(-(-len(places) // 8))
    used = 0
    for (index, _uid), cast in zip(places, took_part, strict=True):
        if cast:
            bits[index // 8] |= 0x80 >> index % 8
            used += 1
    return {"roll": poll.roll.public_id, "used": used, "bitmap_sha256": put_blob(bytes(bits), salted=False)}


def openings_published(ballots: Counted) -> D:
    data = tabulate.openings(ballots)
    return {"count": len(ballots), "sha256": put_blob(data, salted=False), "bytes": len(data)}


def announced(poll: Poll) -> D:
    """The configuration under which the poll opened, as it stands in the log."""
    kinds = ("poll.created", "poll.amended")
    last: D = [entry["d"] for kind in kinds for entry in log.entries(poll.public_id, kind=kind)][-1]
    return last


def tally_published(poll: Poll, ballots: Counted, result: Result) -> D:
    bids = {cast.bid for cast in ballots.values()}
    void = tabulate.voided(poll)
    leaves, cast = [], 0
    for event in log.events(poll.public_id, kind=BALLOT):
        cast += 1
        if event.bid in bids:
            leaves.append(bytes(event.leaf))
    return {
        # What was announced before opening, also when a newer version of the software counts.
        "tally": announced(poll)["tally"],
        "act": result.act,
        **draws.shown(poll),
        "ballots_root": tree.root(leaves).hex(),
        "ballots_sha256": result.outcome["ballots_sha256"],
        "counted": len(leaves),
        "replaced": cast - len(leaves) - len(void),
        "voided": len(void),
        "invalid": 0,
        "result_sha256": result.sha256,
    }
