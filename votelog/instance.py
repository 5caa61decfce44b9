"""One sequencer at a time on one database, for as long as it lives."""

import fcntl
from typing import IO

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

_ADVISORY_LOCK = 0x766F74656C6F6732  # "votelog2"; that of a single pass is in `votelog.sequencer`


class Instance:
    """The right to be the sequencer: a lock of a database connection of its own, or of a file with SQLite. It ends with the
    process, however that ends. Belongs to the thread that made it."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Whether this is the one: it has the lock still, or got it now. Raises OperationalError while the database is away."""
        if connection.vendor == "postgresql":
            return self._still() or self._from_database()
        return self._file is not None or self._from_file()

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._file is not None:
            self._file.close()
        self._connection = self._file = None

    def _still(self) -> bool:
        if self._connection is None:
            return False
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("select 1")
            return True
        except DatabaseError:  # the lock went with the connection
            self.release()
            return False

    def _from_database(self) -> bool:
        own = connection.copy()
        try:
            with own.cursor() as cursor:
                cursor.execute("select pg_try_advisory_lock(%s)", [_ADVISORY_LOCK])
                (taken,) = cursor.fetchone()
        except BaseException:
            own.close()
            raise
        if taken:
            self._connection = own
        else:
            own.close()
        return bool(taken)

    def _from_file(self) -> bool:
        settings.LOG_DIR.mkdir(parents=True, exist_ok=True)
        file = (settings.LOG_DIR / "sequencer.instance").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True
