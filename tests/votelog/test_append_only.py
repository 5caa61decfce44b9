"""Every attempt to change what is in the log, made with plain SQL, and what the database says to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction

from tests.votelog import make
from tests.votelog.append_only import lifted
from votelog import log
from votelog.models import Blob, Checkpoint, Event, Pending

pytestmark = pytest.mark.django_db

EVENT = "insert into votelog_event (shard, idx, poll, n, kind, bid, body, leaf) values"
CHECKPOINT = "insert into votelog_checkpoint (shard, size, root, note) values"
LEAF = {"sqlite": "zeroblob(32)", "postgresql": "decode(repeat('00', 32), 'hex')"}
SHORT = {"sqlite": "zeroblob(31)", "postgresql": "decode(repeat('00', 31), 'hex')"}
EVERYWHERE = [
    "update votelog_event set body = '{}' where idx = 3",
    "update votelog_event set idx = 99 where idx = 9",
    "update votelog_event set poll = poll",
    "delete from votelog_event where idx = 9",
    "delete from votelog_event",
    f"{EVENT} (%(shard)s, 11, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 9, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 0, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, -1, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, null, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 10, 'p1', 10, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 10, 'p1', 8, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 10, 'p2', 1, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (2999, 1, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 10, 'p2', 0, 'x', null, '{'é' * 8193}', %(leaf)s)",
    f"{EVENT} (%(shard)s, 10, 'p2', 0, 'x', null, '{{}}', %(short)s)",
    "update votelog_checkpoint set note = ''",
    "delete from votelog_checkpoint",
    f"{CHECKPOINT} (%(shard)s, 10, %(leaf)s, '')",
    f"{CHECKPOINT} (%(shard)s, 9, %(leaf)s, '')",
    f"{CHECKPOINT} (%(shard)s, 11, %(leaf)s, '')",
    "update votelog_blob set data = %(leaf)s",
]
REPLACE = EVENT.replace("insert", "insert or replace")
REPLACE_ROWID = REPLACE.replace("(shard", "(rowid, shard")
SQLITE = [
    f"{REPLACE} (%(shard)s, 9, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{REPLACE} (%(shard)s, 10, 'p1', 8, 'x', null, '{{}}', %(leaf)s)",
    f"{REPLACE} (%(shard)s, 10, 'p1', 4, 'x', null, '{{}}', %(leaf)s)",
    f"{REPLACE} (%(shard)s, 0, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{REPLACE_ROWID} (1, %(shard)s, 10, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{REPLACE_ROWID} (5, %(shard)s, 10, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    f"{REPLACE_ROWID} (10, %(shard)s, 10, 'p2', 0, 'x', null, '{{}}', %(leaf)s)",
    "update or replace votelog_event set idx = 3 where idx = 4",
    f"{CHECKPOINT.replace('insert', 'insert or replace')} (%(shard)s, 10, %(leaf)s, '')",
]
POSTGRESQL = [
    "truncate votelog_event",
    "truncate votelog_checkpoint",
    "truncate votelog_event, votelog_checkpoint cascade",
    f"{EVENT} (%(shard)s, 9, 'p2', 0, 'x', null, '{{}}', %(leaf)s) on conflict (shard, idx) do update set body = excluded.body",
    "set local session_replication_role = replica; delete from votelog_event",
    "set local session_replication_role = replica; update votelog_checkpoint set note = ''",
    "set local session_replication_role = replica; truncate votelog_event",
]


@pytest.fixture(params=[True, False], ids=["recursive_triggers", "no_recursive_triggers"])
def own_connection(request: pytest.FixtureRequest) -> Iterator[None]:
    """On SQLite also as somebody who opens the file without our PRAGMA, which REPLACE needs to fire delete triggers."""
    if connection.vendor != "sqlite":
        if not request.param:
            pytest.skip("Only SQLite has this setting.")
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"pragma recursive_triggers = {'on' if request.param else 'off'}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("pragma recursive_triggers = on")


def attempt(sql: str) -> None:
    vendor = connection.vendor
    with connection.cursor() as cursor:
        cursor.execute(sql % {"shard": log.current_shard(), "leaf": LEAF[vendor], "short": SHORT[vendor]})


def stored() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (Event, Checkpoint, Blob)]


@pytest.mark.parametrize("sql", EVERYWHERE + SQLITE + POSTGRESQL, ids=lambda sql: sql[:70])
def test_the_database_refuses(sql: str, own_connection: None) -> None:
    if (sql in SQLITE and connection.vendor != "sqlite") or (sql in POSTGRESQL and connection.vendor != "postgresql"):
        pytest.skip("Not in this database's SQL.")
    make.small_log()
    before = stored()
    with pytest.raises(DatabaseError), transaction.atomic():
        attempt(sql)
    assert stored() == before


def test_the_database_allows_the_next_entry_and_its_checkpoint() -> None:
    make.small_log()
    attempt(f"{EVENT} (%(shard)s, 10, 'p2', 0, 'x', null, '{{}}', %(leaf)s)")
    attempt(f"{CHECKPOINT} (%(shard)s, 11, %(leaf)s, '')")
    attempt(f"{EVENT} (2999, 0, 'p1', 0, 'x', null, '{{}}', %(leaf)s)")
    assert Event.objects.count() == 12


def test_a_blob_can_be_deleted_so_that_a_text_can_be_erased() -> None:
    make.small_log()
    assert Blob.objects.all().delete()[0] == 7


def test_the_triggers_can_be_taken_away_and_put_back() -> None:
    make.small_log()
    with lifted():
        attempt("update votelog_event set body = '{}' where idx = 3")
    with pytest.raises(DatabaseError), transaction.atomic():
        attempt("update votelog_event set body = '{}' where idx = 3")


def test_a_pending_ballot_tells_no_time_and_nobody() -> None:
    columns = [field.name for field in Pending._meta.get_fields()]
    assert columns == ["id", "poll", "kind", "t", "k", "body"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Pending.objects.create(poll="p1", kind="ballot.cast", t=1, body="{}")
    assert {field.name for field in Blob._meta.get_fields()} == {"sha256", "data"}
