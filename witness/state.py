"""What a witness remembers: of each log the newest checkpoint that it signed, those before it, and what it refused.

This file is the witness: it is what keeps it from ever signing a second history. It must never be put back to an older
copy. SQLite with a rollback journal and `synchronous=EXTRA`: a commit is on the disk before it returns.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from merkle.note import VerifierKey
from merkle.tree import EMPTY_ROOT
from witness.errors import CannotStart

APPLICATION_ID = 0x7769746E  # "witn"
VERSION = 1
KEPT = 10_000
"""How many signed checkpoints of a log are kept, and how many refused ones."""

_TABLES = """
create table witness (vkey text not null);
create table signed (
  origin text not null, size integer not null check (size >= 0), root blob not null check (length(root) = 32),
  time integer not null, note text not null, primary key (origin, size)
) without rowid;
create table evidence (
  origin text not null, size integer not null, root blob not null, time integer not null, kind text not null,
  note text not null, signed_note text not null, primary key (origin, size, root)
) without rowid;
"""


@dataclass(frozen=True)
class Signed:
    """A checkpoint that was signed: the log's own note of it, and the second for which we signed."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    time: int = 0
    note: str = ""


@dataclass(frozen=True)
class Evidence:
    """A checkpoint that the log signed and we refused, beside the one of ours that it contradicts (or does not continue)."""

    origin: str
    size: int
    root: bytes
    time: int
    kind: str
    note: str
    signed_note: str


class State:
    """One open state file. Safe to use from many threads, and from several processes at a time."""

    def __init__(self, path: Path, key: VerifierKey | None) -> None:
        """Open the file, or make it. `key`: whose state this must be; None to look only. Raises CannotStart."""
        if key is None and not path.exists():
            raise CannotStart(f"{path} does not exist.")
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute("pragma journal_mode=delete")
            self._db.execute("pragma synchronous=extra")
            with self._transaction() as db:
                _prepare(db, path, key)
        except sqlite3.Error as error:
            raise CannotStart(f"{path} cannot be used as the state of a witness: {error}.") from None

    def latest(self, origin: str) -> Signed:
        """The newest checkpoint of this log that we signed; that of the empty tree before there is one."""
        with self._lock:
            return _latest(self._db, origin)

    def origins(self) -> list[str]:
        """The logs of which anything was signed."""
        with self._lock:
            return [origin for (origin,) in self._db.execute("select distinct origin from signed order by origin")]

    def vkey(self) -> str:
        """Whose state this is."""
        with self._lock:
            return str(self._db.execute("select vkey from witness").fetchone()[0])

    def evidence(self) -> list[Evidence]:
        """Everything that was refused although the log had signed it, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "select origin, size, root, time, kind, note, signed_note from evidence order by time, size"
            )
            return [Evidence(*row) for row in rows]

    @contextmanager
    def transaction(self) -> Iterator["Change"]:
        """Compare and set: what is read in the block is what it is when the block's changes are written, durably."""
        with self._transaction() as db:
            yield Change(db)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise


class Change:
    """The state within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def latest(self, origin: str) -> Signed:
        """As `State.latest`."""
        return _latest(self._db, origin)

    def signed_at(self, origin: str, size: int) -> Signed | None:
        """What was signed of this log at exactly this size, as far as it is still kept."""
        row = self._db.execute(
            "select size, root, time, note from signed where origin = ? and size = ?", (origin, size)
        ).fetchone()
        return Signed(*row) if row else None

    def sign(self, origin: str, checkpoint: Signed) -> None:
        """Make this the newest checkpoint that we signed. Raises RuntimeError when that would go back or fork."""
        latest = self.latest(origin)
        if checkpoint.size < latest.size or (checkpoint.size == latest.size and checkpoint.root != latest.root):
            raise RuntimeError(f"{origin}: {checkpoint.size} after {latest.size}: the state must not be changed like this")
        row = (origin, checkpoint.size, checkpoint.root, checkpoint.time, checkpoint.note)
        self._db.execute(
            "insert into signed values (?, ?, ?, ?, ?)"
            " on conflict (origin, size) do update set time = excluded.time, note = excluded.note",
            row,
        )
        self._db.execute(
            "delete from signed where origin = ? and size <="
            " (select size from signed where origin = ? order by size desc limit 1 offset ?)",
            (origin, origin, KEPT),
        )
        self._db.execute(
            "update evidence set kind = 'settled' where kind = 'unproven' and origin = ? and size = ? and root = ?",
            row[:3],
        )

    def refuse(self, evidence: Evidence) -> bool:
        """Keep what was refused. False when it is kept already, or when there is so much that more would say nothing new."""
        # By kind: whoever sends junk without proofs must not be able to crowd out a fork.
        kept = self._db.execute(
            "select count(*) from evidence where origin = ? and kind = ?", (evidence.origin, evidence.kind)
        )
        if kept.fetchone()[0] >= KEPT:
            return False
        row = (
            evidence.origin,
            evidence.size,
            evidence.root,
            evidence.time,
            evidence.kind,
            evidence.note,
            evidence.signed_note,
        )
        return bool(self._db.execute("insert or ignore into evidence values (?, ?, ?, ?, ?, ?, ?)", row).rowcount)


def _latest(db: sqlite3.Connection, origin: str) -> Signed:
    row = db.execute(
        "select size, root, time, note from signed where origin = ? order by size desc limit 1", (origin,)
    ).fetchone()
    return Signed(*row) if row else Signed()


def _prepare(db: sqlite3.Connection, path: Path, key: VerifierKey | None) -> None:
    application = db.execute("pragma application_id").fetchone()[0]
    version = db.execute("pragma user_version").fetchone()[0]
    if key is not None and not application and not db.execute("select count(*) from sqlite_master").fetchone()[0]:
        for statement in _TABLES.split(";"):
            db.execute(statement)
        db.execute("insert into witness values (?)", (str(key),))
        db.execute(f"pragma application_id={APPLICATION_ID}")
        db.execute(f"pragma user_version={VERSION}")
        return
    if application != APPLICATION_ID:
        raise CannotStart(f"{path} is not the state of a witness.")
    if version != VERSION:
        raise CannotStart(f"{path} was written by another version of this program (state {version}, not {VERSION}).")
    owner = db.execute("select vkey from witness").fetchone()[0]
    if key is not None and owner != str(key):
        raise CannotStart(f"{path} is the state of {owner}, not of {key}: every key keeps its own state.")
