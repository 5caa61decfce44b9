"""Damage on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.db import connection


@contextmanager
def lifted() -> Iterator[None]:
    """Without the triggers, as somebody would work who owns the database."""
    migration = import_module("votelog.migrations.0002_append_only")
    with connection.cursor() as cursor:
        for statement in migration.UNDO[connection.vendor]:
            cursor.execute(statement)
        yield
        for statement in migration.APPLY[connection.vendor]:
            cursor.execute(statement)
