"""What people may know of their own place on the roll of a poll: the file that proves it, and what the public list says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eligibility.models import RollEntry
from merkle import tree
from votelog import log
from votelog.actions import get_blob
from votelog.entries import read
from votelog.models import Blob
from voting.commitments import roll_leaves
from voting.models import Poll


def place_file(poll: Poll, entry: RollEntry) -> dict[str, Any] | None:
    """The place file of docs/reference/vote-log.md; None while the log does not show the roll, or where this place is none of
    the poll's: added to the roll after its end."""
    start = 0
    for batch, (count, root) in enumerate(_batches(poll)):
        if entry.index < start + count:
            places = RollEntry.objects.filter(roll=entry.roll_id, index__gte=start, index__lt=start + count).order_by("index")
            leaves = tree.Tree(roll_leaves(places))
            if leaves.root().hex() != root:
                raise ValueError(f"poll {poll.public_id}: the roll is not the one that was committed to")
            return {
                "v": 1,
                "poll": poll.public_id,
                "roll": poll.roll.public_id,
                "index": entry.index - start,
                "count": count,
                "salt": bytes(entry.salt).hex(),
                "uid": bytes(entry.uid).hex(),
                "hashes": [node.hex() for node in leaves.inclusion_proof(entry.index - start)],
                **({"batch": batch} if batch else {}),
            }
        start += count
    return None


def took_part(poll: Poll, entry: RollEntry) -> bool | None:
    """Whether the public list says that a ballot was cast from this place; None while it says nothing, or not of this place."""
    published = next(_shown(poll, "participation.published"), None)
    places = sum(count for count, _ in _batches(poll))
    if published is None or entry.index >= places:
        return None
    try:
        bits = get_blob(published["bitmap_sha256"])
    except Blob.DoesNotExist:
        return None
    return bool(bits[entry.index // 8] & 0x80 >> entry.index % 8)


def _batches(poll: Poll) -> list[tuple[int, str]]:
    """Number of places and root of the roll as committed to, and of each batch of places that was added later."""
    committed = [(d["count"], d["root"]) for d in _shown(poll, "roll.committed")]
    return committed + [(d["added_count"], d["added_root"]) for d in _shown(poll, "roll.changed")]


def _shown(poll: Poll, kind: str) -> Iterator[dict[str, Any]]:
    """`d` of the entries of a kind that everybody can see by now."""
    return (read(event.body)["d"] for event in log.events(poll.public_id, kind=kind) if log.is_published(event))
