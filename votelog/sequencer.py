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
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection, transaction
from django.utils import timezone

from ballotbox.errors import BallotBoxAway
from merkle import checkpoint as checkpoints
from merkle.tree import Tree, leaf_hash
from votelog import files, keys, log, news, shards, software, trees, witnesses, years
from votelog.entries import NO_LEAF, write
from votelog.errors import LogDamaged, NotAlone, WrongKey
from votelog.instance import Instance
from votelog.mixing import Waiting, in_order, opened, ripe_polls
from votelog.models import BALLOT, Checkpoint, Event, Pending

logger = logging.getLogger(__name__)
HEARTBEAT = 0.25
REST_AFTER_PUBLISHING = 1.0
_ADVISORY_LOCK = 0x766F74656C6F6731  # "votelog1"; one per database
_CHUNK = 500

_LOOK_FOR_SETTLED_EVERY = timedelta(minutes=10)

_files_checked: set[tuple[str, str]] = set()
_finished: set[tuple[str, str]] = set()
_looked: dict[tuple[str, str], datetime] = {}
_witnesses_asked = False


@dataclass(frozen=True)
class Published:
    """What one pass came to: the new `n` of each poll that has new entries; size and root of the newest log."""

    polls: dict[str, range]
    size: int
    root: bytes


def run_once(*, tell: bool = True) -> Published:
    """Put in order what is due, publish it, and tell who listens. Waits for a pass of another process to end.

    Must not be called in a transaction. Raises LogDamaged or WrongKey, and then has published nothing of that log. Without
    `tell` nobody is told: for a process that may write to the log only; the worker then tells (`votelog.news`).
    """
    done: dict[str, Published] = {}
    with _alone():
        files.refuse_to_fork()
        _open_what_is_due()
        current = shards.current()
        waiting = _by_shard(ripe_polls(), current)
        given_up = shards.abandoned()
        for shard in log.shards():
            if shard not in given_up and _place(shard) not in _finished:
                done[shard] = _advance(shard, waiting.get(shard, []), is_current=shard == current)
    for shard, published in done.items():
        if tell and published.polls:
            news.tell(shard, published.polls, size=published.size, root=published.root)
    newest = done[current]
    polls = {poll: numbers for published in done.values() for poll, numbers in published.polls.items()}
    return Published(polls, newest.size, newest.root)


def advance(*, tell: bool = True) -> Published:
    """A pass as `run_once`, after which a thread of this process asks the witnesses, where there are any."""
    global _witnesses_asked
    published = run_once(tell=tell)
    if published.polls or not _witnesses_asked:
        witnesses.after_publishing(log.current_shard())
        _witnesses_asked = True
    return published


def settle(*, patience: float = 120.0) -> None:
    """Bring what is recorded by now into the log: by a pass here or, where another process is the sequencer, by waiting for it.

    For commands. Raises NotAlone when the other one has not done it within `patience` seconds, and what `run_once` raises.
    """
    instance = Instance()
    if instance.acquire():
        try:
            run_once()
        finally:
            instance.release()
        return
    rows = Pending.objects.exclude(kind=BALLOT).values_list("id", "poll")
    awaited = [id for id, poll in rows if log.takes_entries(poll)]
    deadline, pause = monotonic() + patience, threading.Event()
    while Pending.objects.filter(id__in=awaited).exists() or any(log.size(s) < trees.size(s) for s in log.shards()):
        if monotonic() > deadline:
            raise NotAlone("the sequencer, a process of its own, does not bring into the log what waits: does it run?")
        pause.wait(HEARTBEAT)


def run_until(stop: threading.Event, *, instance: Instance | None = None, tell: bool = True) -> None:
    """Run passes until `stop` is set. An outage of the database is logged and waited for; damage is raised, and so is NotAlone
    when, with an `instance`, somebody else has become the sequencer in an outage."""
    while not stop.is_set():
        rest = HEARTBEAT
        try:
            if instance is not None and not instance.acquire():
                raise NotAlone("another process is the sequencer by now")
            if advance(tell=tell).polls:
                rest = REST_AFTER_PUBLISHING
        except OperationalError:
            logger.exception("The database does not answer; the log waits for it.")
            rest = 10 * REST_AFTER_PUBLISHING
        except BallotBoxAway:
            logger.exception("The ballot box does not answer; the log waits for it.")
            rest = 10 * REST_AFTER_PUBLISHING
        finally:
            close_old_connections()
        stop.wait(rest)


def _place(shard: str) -> tuple[str, str]:
    return (str(settings.LOG_DIR), shard)


def _by_shard(polls: Iterable[str], current: str) -> dict[str, list[str]]:
    """Where what waits belongs. What belongs where nothing can be added any more is said, and stays."""
    polls = set(polls)
    known, given_up = shards.of_polls(polls), shards.abandoned()
    found: dict[str, list[str]] = {}
    for shard in _homes(current) if "" in polls else ():
        found.setdefault(shard, []).append("")
    for poll in sorted(polls - {""}):
        shard = known.get(poll, current)
        if shard in given_up or (shard != current and shards.is_closed(shard)):
            logger.critical("Something of poll %s waits, and log %s takes no more entries.", poll, shard)
        else:
            found.setdefault(shard, []).append(poll)
    return found


def _homes(current: str) -> set[str]:
    """The logs that something of no poll waits for."""
    rows = Pending.objects.filter(poll="").exclude(kind=BALLOT)
    return {_home(waiting.kind, waiting.d, current) for waiting in opened(rows)}


def _home(kind: str, d: dict[str, Any], current: str) -> str:
    """Where what belongs to no poll goes: into the newest log. The record that a text was erased goes into the one that names
    the text, while that goes on: whoever checks a poll there misses the text, and looks for the reason in that log alone."""
    if kind == "erasure.recorded":
        naming = Event.objects.filter(bid__isnull=True, body__contains=f'"{d["target"]}"').order_by("shard", "idx").first()
        if naming is not None and naming.shard not in shards.abandoned() and not shards.is_closed(naming.shard):
            return naming.shard
    return current


def _open_what_is_due() -> None:
    shard = years.due()
    if shard is None:
        return
    first = not trees.size(shards.current())
    with transaction.atomic(durable=True):
        years.hold_queue()
        if first or not years.a_poll_waits_for_its_place():
            Event.objects.bulk_create(_events(shard, [_opening(shard)]))


def _advance(shard: str, polls: list[str], *, is_current: bool) -> Published:
    place = _place(shard)
    trees.load(shard)  # raises, before anything is added to a log that is damaged
    new = place not in _files_checked
    if new:
        files.drop_drafts(shard)
    own = [_own("config.changed", d) for d in software.changes(shard)] if new and is_current else []
    if polls or own:
        append(shard, polls, own)
    if not is_current:
        _close_if_settled(shard)
    tree = trees.load(shard)
    published = files.published(shard)
    since = published.size if published else 0
    if since < tree.size or new:
        files.write_tiles(shard, tree, since=0 if new else since)
        files.publish(shard, sign(shard, tree), served=not witnesses.holds_back(shard))
        files.drop_outgrown(shard, since=since, size=tree.size)
        _files_checked.add(place)
        if not is_current and shards.is_closed(shard):
            _finished.add(place)
    return Published(news.numbers(shard, since, tree.size), tree.size, tree.root())


def _close_if_settled(shard: str) -> None:
    now, place = timezone.now(), _place(shard)
    if now - _looked.get(place, datetime.min.replace(tzinfo=UTC)) < _LOOK_FOR_SETTLED_EVERY:
        return
    _looked[place] = now
    if shards.is_closed(shard) or not years.settled(shard):
        return
    following = min(name for name in log.shards() if name > shard)
    with transaction.atomic(durable=True):
        years.hold_queue()
        if years.settled(shard):
            closing = _own(shards.CLOSED, {"next_origin": log.origin(following)})
            Event.objects.bulk_create(_events(shard, [closing]))


def append(shard: str, polls: Iterable[str], own: Iterable[Waiting] = ()) -> None:
    """In one transaction, turn what is pending of these polls, as far as it is due, into events, after some of our own.

    Rows are taken by presence, never by "id greater than the last": a transaction that commits late would be skipped.
    """
    with transaction.atomic(durable=True):
        pending = Pending.objects.filter(poll__in=list(polls)).order_by("id")
        current = shards.current()
        due = [row for row in in_order(opened(pending)) if row.poll or _home(row.kind, row.d, current) == shard]
        due = [*own, *due]
        Event.objects.bulk_create(_events(shard, due), batch_size=_CHUNK)
        taken = [row.id for row in due if row.id]
        for at in range(0, len(taken), _CHUNK):
            chunk = taken[at : at + _CHUNK]
            if Pending.objects.filter(id__in=chunk).delete()[0] != len(chunk):
                raise LogDamaged("something else took pending entries; nothing was added to the log")


def sign(shard: str, tree: Tree) -> str:
    """The signed checkpoint of the tree, as the durable row it is by now. Raises WrongKey."""
    row = Checkpoint.objects.filter(shard=shard, size=tree.size).first()
    if row is None:
        private = keys.log_key(shard)
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


def _own(kind: str, d: dict[str, Any]) -> Waiting:
    return Waiting(0, "", kind, int(timezone.now().timestamp()), None, d)


def _opening(shard: str) -> Waiting:
    d: dict[str, Any] = {
        "origin": log.origin(shard),
        "vkey": str(keys.verifier_key(log.origin(shard), keys.log_key(shard))),
        "receipt_vkey": str(keys.receipt_verifier_key(log.receipt_name(shard))),
        "software": software.release(),
    }
    if prev := years.checkpoint_before(shard):
        d["prev"] = prev
    return _own("log.opened", d)


def _events(shard: str, rows: Iterable[Waiting]) -> Iterator[Event]:
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
            d["config"] = _configuration(shard, row.poll, leaves)
            d["roll"] = leaves.get((row.poll, "roll.committed")) or _leaf_of(shard, row.poll, "roll.committed")
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


def _configuration(shard: str, poll: str, leaves: dict[tuple[str, str], str]) -> str:
    """The leaf of what the poll opens under: as it was last amended, in this pass or before, else as it was created."""
    if found := leaves.get((poll, "poll.amended")):
        return found
    if Event.objects.filter(shard=shard, poll=poll, kind="poll.amended").exists():
        return _leaf_of(shard, poll, "poll.amended")
    return leaves.get((poll, "poll.created")) or _leaf_of(shard, poll, "poll.created")


def _leaf_of(shard: str, poll: str, kind: str) -> str:
    event = Event.objects.filter(shard=shard, poll=poll, kind=kind).order_by("-n").first()
    if event is None:
        raise LogDamaged(f"poll {poll} is to open, and the log has no {kind} of it")
    return bytes(event.leaf).hex()


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
