"""Locks that end with the transaction.

Never `SELECT … FOR UPDATE` on a row that others reference: it deadlocks against their foreign-key checks. On SQLite a
transaction is IMMEDIATE, that is, exclusive from its first statement, and no further lock is needed.
"""

from django.db import connection


def _advisory(function: str, name: str) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("a lock needs a transaction to end with")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"select {function}(hashtextextended(%s, 0))", [name])


def lock_shared(name: str) -> None:
    """Wait for an exclusive holder of `name`; other shared holders do not matter."""
    _advisory("pg_advisory_xact_lock_shared", name)


def lock_exclusive(name: str) -> None:
    """Wait for every holder of `name` and keep all others out until this transaction ends."""
    _advisory("pg_advisory_xact_lock", name)
