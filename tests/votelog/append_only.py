"""The one place where the log's triggers are lifted: to damage it on purpose, and to empty the database between tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

import pytest


@contextmanager
def lifted() -> Iterator[None]:
    """Without the triggers, as somebody would work who owns the database."""
    from django.db import connection

    migration = import_module("votelog.migrations.0002_append_only")
    with connection.cursor() as cursor:
        for statement in migration.UNDO[connection.vendor]:
            cursor.execute(statement)
        yield
        for statement in migration.APPLY[connection.vendor]:
            cursor.execute(statement)


@pytest.fixture(scope="session", autouse=True)
def flush_may_empty_the_log() -> Iterator[None]:
    """Tests with `transaction=True` end with a flush of every table, which the triggers rightly refuse."""
    if not find_spec("django"):
        yield
        return
    from django.db.backends.base.operations import BaseDatabaseOperations

    flush = BaseDatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with lifted():
            flush(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield
