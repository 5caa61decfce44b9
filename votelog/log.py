"""Reading the log: who it is, what it holds of a poll, and the proof that an entry is in it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from merkle import canonical
from merkle import proof as proofs
from merkle.tree import leaf_hash
from votelog import keys, trees
from votelog import shards as shards_
from votelog.entries import read
from votelog.errors import LogDamaged, NotPublished
from votelog.models import BALLOT, Checkpoint, Event, Pending


def current_shard() -> str:
    """The shard that new polls, and entries of no poll, go into."""
    return shards_.current()


def shards() -> list[str]:
    """Every shard that has entries, oldest first."""
    return shards_.with_entries()


_shards: dict[tuple[str, str], str] = {}
"""By poll, where its entries stand: for good, once it has one. Each promise asks."""


def shard_of(poll: str) -> str:
    """The shard that holds the poll's entries; the current one while it has none."""
    known = _shards.get((str(settings.LOG_DIR), poll))
    if known is None:
        known = shards_.of_polls({poll}).get(poll)
        if known is None:
            return current_shard()
        _shards[str(settings.LOG_DIR), poll] = known
    return known


def takes_entries(poll: str) -> bool:
    """Whether an entry of the poll (or of none, with `""`) can still enter the log: not where its log is closed or given up.

    Asked in the transaction that records something, after that: a log is not closed while anything of its polls waits.
    """
    shard = shard_of(poll)
    return shard not in shards_.abandoned() and not shards_.is_closed(shard)


def is_given_up(poll: str) -> bool:
    """Whether the log of the poll was given up (`manage.py log_new_shard`): nothing of the poll can enter it any more."""
    given_up = shards_.abandoned()
    return bool(given_up) and shard_of(poll) in given_up


def origin(shard: str | None = None) -> str:
    """The name of the log, which is also the name its key signs under; of the current shard by default."""
    return f"{settings.LOG_HOST}/log/{shard or current_shard()}"


def receipt_name(shard: str) -> str:
    """The name under which promises are signed."""
    return f"{origin(shard)}/receipt"


def vkey(shard: str | None = None) -> str:
    """The public key of the log, from its own first entry. Raises NotPublished before there is one."""
    shard = shard or current_shard()
    key: str = _opening(shard)["vkey"]
    return key


def receipt_vkey(shard: str | None = None) -> str:
    """The public key that promises are signed with, from the log's first entry; before there is one, the ballot box's."""
    shard = shard or current_shard()
    try:
        key: str = _opening(shard)["receipt_vkey"]
        return key
    except NotPublished:
        return str(keys.receipt_verifier_key(receipt_name(shard)))


def _opening(shard: str) -> dict[str, Any]:
    first = Event.objects.filter(shard=shard, idx=0).first()
    if first is None:
        raise NotPublished(f"log {shard} is not open yet")
    d: dict[str, Any] = read(first.body)["d"]
    return d


def latest_checkpoint(shard: str | None = None) -> Checkpoint | None:
    """The newest checkpoint of the shard, the current one by default."""
    return shards_.last_signed(shard or current_shard())


def size(shard: str | None = None) -> int:
    """How many entries are published: the size of the latest checkpoint, 0 before there is one."""
    latest = latest_checkpoint(shard)
    return latest.size if latest else 0


def is_published(event: Event) -> bool:
    """Whether a signed checkpoint covers it: before that, nobody outside could hold us to it."""
    return event.idx < size(event.shard)


def events(poll: str, *, kind: str | None = None) -> Iterator[Event]:
    """The rows of a poll that have their place in the log, in order, of one kind or of all."""
    found = Event.objects.filter(shard=shard_of(poll), poll=poll).order_by("n")
    if kind is not None:
        found = found.filter(kind=kind)
        if kind != BALLOT:
            found = found.filter(bid__isnull=True)  # says nothing new, but to the planner: an index of these alone
    return found.iterator()


def entries(poll: str, *, kind: str | None = None) -> Iterator[dict[str, Any]]:
    """The same, parsed: `d`, `n`, `poll`, `prev`, `type`, `v`, and `t` except on ballots."""
    return (read(event.body) for event in events(poll, kind=kind))


def ballots_of(poll: str, credential: str) -> Iterator[dict[str, Any]]:
    """The ballots of one credential that have their place in the log, parsed."""
    ballots = Event.objects.filter(shard=shard_of(poll), poll=poll, kind=BALLOT)  # with the shard an index finds the poll
    found = ballots.filter(body__contains=f'"cred":"{credential}"').order_by("n")
    return (read(event.body) for event in found)


def recorded(poll: str, *, kind: str) -> Iterator[dict[str, Any]]:
    """`d` of each entry of a kind, also of those that have no place in the log yet. Not for ballots, which wait shut."""
    if kind == BALLOT:
        raise ValueError("ballots wait shut")
    yield from (entry["d"] for entry in entries(poll, kind=kind))
    for row in Pending.objects.filter(poll=poll, kind=kind).order_by("id"):
        yield canonical.loads(row.body.encode())


def find_ballot(poll: str | None, bid: str) -> Event | None:
    """The ballot with this receipt number, in `poll` or in any, once it has its place in the log."""
    found = Event.objects.filter(bid=bid)
    if poll is not None:
        found = found.filter(poll=poll)
    return found.order_by("shard", "idx").first()


def proof(event: Event) -> str:
    """The proof to keep that this entry is in the log, a C2SP tlog-proof, up to the latest checkpoint.

    Raises NotPublished while no checkpoint covers it, LogDamaged when the stored entry is not what was signed.
    """
    checkpoint = latest_checkpoint(event.shard)
    if checkpoint is None or checkpoint.size <= event.idx:
        raise NotPublished(f"entry {event.idx} is not published yet")
    tree = trees.load(event.shard)
    if leaf_hash(event.body.encode()) != tree.hashes(0, event.idx, event.idx + 1):
        raise LogDamaged(f"fsck: entry {event.idx} corrupt")
    return proofs.write(
        entry=event.body.encode(),
        index=event.idx,
        hashes=tree.inclusion_proof(event.idx, checkpoint.size),
        signed_checkpoint=checkpoint.note,
    )
