"""The sequencer: gives what was recorded its place in the log, and publishes signed checkpoints of it.

The order of steps is what makes a crash harmless at any point: entries are committed before tiles follow from them,
tiles are read back before a root is signed, and a checkpoint is a durable row before anyone can see it. So a crash
leads to the same bytes being published again, never to two roots for one size.
"""

import fcntl
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from merkle import checkpoint as checkpoints
from merkle.tree import Tree, leaf_hash
from votelog import files, keys, log, trees
from votelog.entries import NO_LEAF, write
from votelog.errors import LogDamaged, WrongKey
from votelog.mixing import Waiting, in_order, opened, ripe_polls
from votelog.models import BALLOT, Checkpoint, Event, Pending
from votelog.signals import entries_published

logger = logging.getLogger(__name__)
HEARTBEAT = 0.25
REST_AFTER_PUBLISHING = 1.0
_ADVISORY_LOCK = 0x766F74656C6F6731  # "votelog1"; one per database
_CHUNK = 500

_files_checked: set[tuple[str, int]] = set()


@dataclass(frozen=True)
class Published:
    """What one pass came to: the log's size and root, and the new `n` of each poll that has new entries."""

    polls: dict[str, range]
    size: int
    root: bytes


def run_once() -> Published:
    """Put in order what is due, publish it, and tell who listens. Waits for a pass of another process to end.

    Must not be called in a transaction. Raises LogDamaged or WrongKey, and then has published nothing.
    """
    with _alone():
        shard = log.current_shard()
        place = (str(settings.LOG_DIR), shard)
        files.refuse_to_fork()
        tree = trees.load(shard)
        ripe = ripe_polls()
        if ripe or not tree.size:
            append(shard, ripe)
            tree = trees.load(shard)
        published = files.published(shard)
        since = published.size if published else 0
        if since < tree.size or place not in _files_checked:
            files.write_tiles(shard, tree, since=since if place in _files_checked else 0)
            files.publish(shard, sign(shard, tree))
            files.drop_outgrown(shard, since=since, size=tree.size)
            _files_checked.add(place)
        result = Published(_new_numbers(shard, since, tree.size), tree.size, tree.root())
    if result.polls:
        entries_published.send_robust(sender=Published, polls=result.polls, size=result.size, root=result.root)
    return result


def run_until(stop: threading.Event) -> None:
    """Run passes until `stop` is set. An outage of the database is logged and waited for; damage is raised."""
    while not stop.is_set():
        rest = HEARTBEAT
        try:
            if run_once().polls:
                rest = REST_AFTER_PUBLISHING
        except OperationalError:
            logger.exception("The database does not answer; the log waits for it.")
            rest = 10 * REST_AFTER_PUBLISHING
        finally:
            close_old_connections()
        stop.wait(rest)


def append(shard: int, polls: Iterable[str]) -> None:
    """In one transaction, turn what is pending of these polls, as far as it is due, into events; open the log first.

    Rows are taken by presence, never by "id greater than the last": a transaction that commits late would be skipped.
    """
    with transaction.atomic(durable=True):
        pending = Pending.objects.filter(poll__in=list(polls)).order_by("id")
        due = in_order(opened(pending))
        if not trees.size(shard):
            due.insert(0, _opening(shard))
        Event.objects.bulk_create(_events(shard, due), batch_size=_CHUNK)
        taken = [row.id for row in due if row.id]
        for at in range(0, len(taken), _CHUNK):
            chunk = taken[at : at + _CHUNK]
            if Pending.objects.filter(id__in=chunk).delete()[0] != len(chunk):
                raise LogDamaged("something else took pending entries; nothing was added to the log")


def sign(shard: int, tree: Tree) -> str:
    """The signed checkpoint of the tree, as the durable row it is by now. Raises WrongKey."""
    row = Checkpoint.objects.filter(shard=shard, size=tree.size).first()
    if row is None:
        private = keys.log_key()
        key = keys.verifier_key(log.origin(shard), private)
        if str(key) != log.vkey(shard):
            raise WrongKey(
                f"log {shard} was opened as {log.vkey(shard)}, which is not the key in KEYS_DIR under LOG_HOST; "
                "restore the key or the setting."
            )
        body = checkpoints.Checkpoint(key.name, tree.size, tree.root())
        row = Checkpoint(shard=shard, size=body.size, root=body.root, note=checkpoints.sign(body, key, private.sign))
        with transaction.atomic(durable=True):
            row.save(force_insert=True)
    return row.note


def _opening(shard: int) -> Waiting:
    private = keys.log_key()
    d = {
        "origin": log.origin(shard),
        "vkey": str(keys.verifier_key(log.origin(shard), private)),
        "software": {
            "name": "deliberate",
            "version": settings.SOFTWARE_VERSION,
            "commit": getattr(settings, "SOFTWARE_COMMIT", ""),
        },
    }
    return Waiting(0, "", "log.opened", int(timezone.now().timestamp()), None, d)


def _events(shard: int, rows: Iterable[Waiting]) -> Iterator[Event]:
    index = trees.size(shard)
    chains: dict[str, tuple[int, str]] = {}  # poll -> next n, leaf of its last entry
    leaves: dict[tuple[str, str], str] = {}  # poll, type -> leaf of the last entry of that type in this pass
    for row in rows:
        if row.poll not in chains:
            last = Event.objects.filter(shard=shard, poll=row.poll).order_by("-n").first()
            chains[row.poll] = (last.n + 1, bytes(last.leaf).hex()) if last else (0, NO_LEAF)
        n, prev = chains[row.poll]
        d = dict(row.d)
        if row.kind == "poll.opened":
            d["config"] = leaves.get((row.poll, "poll.created")) or _leaf_of(row.poll, "poll.created")
            d["roll"] = leaves.get((row.poll, "roll.committed")) or _leaf_of(row.poll, "roll.committed")
        elif row.kind == "poll.closed":
            d["last_n"] = n - 1
        body = write(kind=row.kind, poll=row.poll, n=n, prev=prev, t=row.t, d=d)
        leaf = leaf_hash(body)
        chains[row.poll] = (n + 1, leaf.hex())
        leaves[row.poll, row.kind] = leaf.hex()
        yield Event(
            shard=shard,
            idx=index,
            poll=row.poll,
            n=n,
            kind=row.kind,
            bid=d["bid"] if row.kind == BALLOT else None,
            body=body.decode(),
            leaf=leaf,
        )
        index += 1


def _leaf_of(poll: str, kind: str) -> str:
    event = Event.objects.filter(poll=poll, kind=kind).order_by("-shard", "-n").first()
    if event is None:
        raise LogDamaged(f"poll {poll} is to open, and the log has no {kind} of it")
    return bytes(event.leaf).hex()


def _new_numbers(shard: int, since: int, size: int) -> dict[str, range]:
    new = Event.objects.filter(shard=shard, idx__gte=since, idx__lt=size).exclude(poll="")
    rows = new.values("poll").annotate(first=Min("n"), last=Max("n")).values_list("poll", "first", "last")
    return {poll: range(first, last + 1) for poll, first, last in rows}


@contextmanager
def _alone() -> Iterator[None]:
    """One pass at a time on this log, across threads and processes: a lock of the database, or of a file on SQLite."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
    else:
        settings.LOG_DIR.mkdir(parents=True, exist_ok=True)
        with (settings.LOG_DIR / "sequencer.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
