"""The cast, and where the tests find services and data.

`ada` is on the roll, `bo` never is, `staff` works for the council.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DELIBERATE_DATA", PROJECT.parent / "shared" / "data"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "postgres: needs real PostgreSQL (DATABASE_URL)")
    config.addinivalue_line("markers", "redis: needs real Redis (REDIS_URL)")
    config.addinivalue_line("markers", "browser: needs Chromium")
    config.addinivalue_line("markers", "prove: long, shortened in the suite; whole with `make prove`")
    config.addinivalue_line("markers", "asvs(id): proves a requirement of OWASP ASVS 5.0")


def pytest_report_header() -> str:
    database = os.environ.get("DATABASE_URL", "sqlite").split(":")[0]
    redis = "yes" if os.environ.get("REDIS_URL") else "no"
    return f"deliberate: database {database}, Redis {redis}, data {'yes' if DATA.exists() else 'no'}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("postgres") and not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        pytest.skip("Needs PostgreSQL: set DATABASE_URL, or install postgresql and use `make test`.")
    if item.get_closest_marker("redis") and not os.environ.get("REDIS_URL"):
        pytest.skip("Needs Redis: set REDIS_URL, or install redis-server and use `make test`.")


@pytest.fixture(autouse=True)
def own_files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Every test has its own keys and log files, and starts with empty caches."""
    uses_django = {"settings", "db", "transactional_db"} & set(request.fixturenames)
    if not uses_django and not request.node.get_closest_marker("django_db"):
        yield
        return
    from django.core.cache import cache
    from django.utils import translation

    settings = request.getfixturevalue("settings")
    settings.LOG_DIR = tmp_path / "log"
    settings.KEYS_DIR = tmp_path / "keys"
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture(scope="session", autouse=True)
def flush_may_empty_append_only_tables(pytestconfig: pytest.Config) -> Iterator[None]:
    """Tests with `transaction=True` end with a flush of every table, which the triggers rightly refuse."""
    if not pytestconfig.pluginmanager.hasplugin("django"):
        yield
        return
    from django.db import connection
    from django.db.backends.base.operations import BaseDatabaseOperations

    flush = BaseDatabaseOperations.execute_sql_flush
    triggers = [import_module(name) for name in ("votelog.migrations.0002_append_only", "voting.migrations.0002_ballots_stay")]

    def execute_sql_flush(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with connection.cursor() as cursor:
            for migration in triggers:
                for statement in migration.UNDO[connection.vendor]:
                    cursor.execute(statement)
            flush(self, sql_list)
            for migration in triggers:
                for statement in migration.APPLY[connection.vendor]:
                    cursor.execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture
def data() -> Path:
    if not DATA.exists():
        pytest.skip(f"The published elections are not at {DATA}: set DELIBERATE_DATA to where they are.")
    return DATA


@pytest.fixture
def ada(db: None):  # type: ignore[no-untyped-def]
    from tests import make

    return make.user("ada@example.org", display_name="Ada")


@pytest.fixture
def bo(db: None):  # type: ignore[no-untyped-def]
    from tests import make

    return make.user("bo@example.org", display_name="Bo")


@pytest.fixture
def staff(db: None):  # type: ignore[no-untyped-def]
    from tests import make

    return make.user("staff@example.org", display_name="Council", is_staff=True)


@pytest.fixture
def roll(ada):  # type: ignore[no-untyped-def]
    from tests import make

    return make.roll(ada)


@pytest.fixture
def draft_poll(roll):  # type: ignore[no-untyped-def]
    from tests import make

    return make.poll(roll=roll)


@pytest.fixture
def open_poll(draft_poll):  # type: ignore[no-untyped-def]
    from voting import actions

    return actions.open_poll(poll=draft_poll, by=None)
