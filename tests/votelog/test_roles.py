"""The roles of PostgreSQL: what each may not do, and that everything works for those who may do no more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests import make as city
from tests.conftest import PROJECT
from tests.votelog import make
from votelog import fsck, log, roles, sequencer
from votelog.models import Event
from voting.models import Ballot, Board, Poll

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

REFUSALS = {"42501", "23001"}
"""Permission denied, and what our triggers say. Anything else would be a mistake in how an attempt is written."""
LEAF = "decode(repeat('00', 32), 'hex')"
EVENT = "insert into votelog_event (shard, idx, poll, n, kind, bid, body, leaf) values"
NEXT = "(select max(idx) + 1 from votelog_event)"
SHARD = "(select max(shard) from votelog_event)"

REFUSED_TO_EVERYBODY = [
    "update votelog_event set body = '{}'",
    "delete from votelog_event where idx = 3",
    "truncate votelog_event",
    "truncate votelog_event, votelog_checkpoint cascade",
    f"{EVENT} ({SHARD}, {NEXT} + 1, 'p9', 0, 'x', null, '{{}}', {LEAF})",
    f"{EVENT} ({SHARD}, {NEXT}, 'p9', 1, 'x', null, '{{}}', {LEAF})",
    f"{EVENT} ({SHARD}, 3, 'p9', 0, 'x', null, '{{}}', {LEAF}) on conflict (shard, idx) do update set body = excluded.body",
    "update votelog_checkpoint set note = ''",
    "delete from votelog_checkpoint",
    "truncate votelog_checkpoint",
    f"insert into votelog_checkpoint (shard, size, root, note) values ({SHARD}, 1, {LEAF}, '')",
    "insert into votelog_abandoned values ('1999', 'x', 1); update votelog_abandoned set because = 'y'",
    "insert into votelog_abandoned values ('1999', 'x', 1); delete from votelog_abandoned",
    "update votelog_blob set data = ''",
    "update voting_ballot set body = ''",
    "delete from voting_ballot",
    "truncate voting_ballot cascade",
    "set session_replication_role = replica; delete from votelog_event where idx = 3",
    "set session_replication_role = replica; update votelog_event set body = '{}'",
    "set session_replication_role = replica; truncate votelog_event",
    "set session_replication_role = replica; update votelog_checkpoint set note = ''",
    "set session_replication_role = replica; delete from voting_ballot",
]
REFUSED_TO_BOTH_ROLES = [
    "alter table votelog_event disable trigger all",
    "drop trigger votelog_event_row on votelog_event",
    "create or replace function votelog_deny() returns trigger language plpgsql as $$ begin return new; end $$",
    "drop table votelog_event",
    "create table public.x (i int)",
    "update votelog_pending set body = ''",
    "truncate votelog_pending",
    "truncate votelog_blob",
    "update votelog_cosignature set line = ''",
    "delete from votelog_cosignature",
    "delete from django_migrations",
    "create role x superuser",
]
REFUSED_TO_THE_APP = [
    f"{EVENT} ({SHARD}, {NEXT}, 'p9', 0, 'x', null, '{{}}', {LEAF})",
    f"insert into votelog_checkpoint (shard, size, root, note) values ({SHARD}, {NEXT}, {LEAF}, '')",
    "insert into votelog_abandoned values ('1999', 'x', 1)",
    "insert into votelog_cosignature (shard, size, witness, time, line) values ('1999', 1, 'w', 1, '')",
    "delete from votelog_pending",
]
REFUSED_TO_THE_SEQUENCER = [
    "select body from voting_ballot",
    "insert into voting_ballot select * from voting_ballot",
    "select email from accounts_user",
    "select session_key from django_session",
    "select uid from eligibility_rollentry",
    "update voting_board set turnout = 0",
    "update voting_poll set status = 'open'",
    "insert into votelog_pending (poll, kind, t, body) values ('', 'x', 1, '{}')",
    "insert into votelog_blob values ('x', '')",
    "select data from votelog_blob",
]


@pytest.fixture
def names() -> Iterator[dict[str, str]]:
    """The two roles, made as an operator makes them."""
    base = connection.settings_dict["NAME"]
    found = {"app": f"{base}_app", "sequencer": f"{base}_seq"}
    call_command("db_roles", "--apply", **found)
    with connection.cursor() as cursor:
        for name in found.values():
            cursor.execute(f"alter role {name} password 'for-this-test'")
    yield found
    with connection.cursor() as cursor:
        for name in found.values():
            cursor.execute(f"drop owned by {name}; drop role {name}")


def url(role: str) -> str:
    """The database of this test, for another role; with "" for the owner."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    where = parts.netloc.rpartition("@")[2]
    who = f"{role}:for-this-test" if role else parts.netloc.rpartition("@")[0]
    return f"postgres://{who}@{where}/{connection.settings_dict['NAME']}"


@pytest.fixture
def a_log_with_a_ballot() -> Poll:
    ada = city.user("ada@example.org")
    poll = city.poll(roll=city.roll(ada), mix_k=1)
    from voting import actions

    poll = actions.open_poll(poll=poll, by=None)
    city.cast(poll, ada, "o1")
    sequencer.run_once()
    return poll


def everything() -> list[object]:
    found = []
    with connection.cursor() as cursor:
        for table in (*roles.SEQUENCER_RIGHTS, "votelog_blob", "voting_ballot"):
            cursor.execute(f"select t::text from {table} t order by 1")
            found.append(cursor.fetchall())
    return found


def test_every_attempt_to_change_what_was_recorded_is_refused(names: dict[str, str], a_log_with_a_ballot: Poll) -> None:
    import psycopg

    attempts = {
        "": REFUSED_TO_EVERYBODY,  # a superuser
        names["app"]: [*REFUSED_TO_EVERYBODY, *REFUSED_TO_BOTH_ROLES, *REFUSED_TO_THE_APP],
        names["sequencer"]: [*REFUSED_TO_EVERYBODY, *REFUSED_TO_BOTH_ROLES, *REFUSED_TO_THE_SEQUENCER],
    }
    before = everything()
    allowed = []
    for role, tried in attempts.items():
        for sql in tried:
            with psycopg.connect(url(role)) as own:
                if not role:
                    assert own.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (True,)
                try:
                    own.execute(sql)
                    allowed.append((role, sql))
                    own.rollback()
                except psycopg.Error as error:
                    own.rollback()
                    if error.sqlstate not in REFUSALS:
                        allowed.append((role, f"{sql}: {error}"))
    assert allowed == []
    assert everything() == before


def test_the_app_role_can_use_every_other_table_and_the_sequencer_none(names: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        for table in roles.tables():
            for right in ("select", "insert", "update", "delete"):
                rights = {}
                for role in names.values():
                    cursor.execute("select has_table_privilege(%s, %s, %s)", [role, table, right])
                    (rights[role],) = cursor.fetchone()
                restricted = roles.APP_RIGHTS.get(table, "select, insert, update, delete")
                assert rights[names["app"]] == (right in restricted.split(", ")), (table, right)
                assert rights[names["sequencer"]] == (right in roles.SEQUENCER_RIGHTS.get(table, "").split(", ")), (table, right)
    assert set(roles.tables()) >= {model._meta.db_table for model in apps.get_models(include_auto_created=True)}


def test_setting_the_rights_again_changes_nothing_and_takes_away_what_is_too_much(names: dict[str, str]) -> None:
    def has(role: str, right: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select has_table_privilege(%s, 'votelog_event', %s)", [role, right])
            return bool(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute(f"grant update on votelog_event to {names['app']}")
    assert has(names["app"], "update")
    call_command("db_roles", "--apply", **names)
    assert not has(names["app"], "update")
    assert has(names["app"], "select")
    with pytest.raises(CommandError, match="not a plain name"):
        call_command("db_roles", "--apply", app="x; drop table y")


@contextmanager
def process(environment: dict[str, str], *command: str, ready: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "manage.py", *command], env=environment, cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            assert ready in running.stdout.readline()
            yield running
        finally:
            running.terminate()
            running.wait(30)
        assert running.returncode == 0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline, pause = time.monotonic() + 90, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(0.1)


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


WEB = """
from django.utils import timezone
from tests import make
from accounts.models import User
from voting import actions
from voting.models import Poll
poll = Poll.objects.get()
{}
"""


def test_a_poll_goes_from_opening_to_result_in_separate_processes_under_these_roles(
    names: dict[str, str], tmp_path: Path
) -> None:
    """Each has its own role and its own folder of keys, and no key that it does not need."""
    ada = city.user("ada@example.org")
    poll = city.poll(roll=city.roll(ada), mix_k=1)
    socket = tmp_path / "box" / "socket"
    socket.parent.mkdir()
    shared = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "BALLOTBOX_SOCKET": str(socket)}
    shared |= {"LOG_DIR": str(settings.LOG_DIR), "DATA_DIR": str(tmp_path / "data")}
    keys = {name: tmp_path / f"keys-{name}" for name in ("box", "sequencer", "web", "worker")}
    own = {name: {**shared, "KEYS_DIR": str(folder), "DATABASE_URL": url(names["app"])} for name, folder in keys.items()}
    own["sequencer"]["DATABASE_URL"] = url(names["sequencer"])
    own["box"]["DATABASE_URL"] = "postgres://nobody@127.0.0.1:9/none"

    def web(code: str) -> None:
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", WEB.format(code)]
        subprocess.run(command, env=own["web"], cwd=PROJECT, check=True)

    with ExitStack() as running:
        running.enter_context(process(own["box"], "ballotbox", ready="open"))
        running.enter_context(process(own["sequencer"], "sequencer", ready="running"))
        running.enter_context(process(own["worker"], "worker", ready="ready"))
        web("actions.open_poll(poll=poll, by=None)")
        until(lambda: Event.objects.filter(kind="poll.opened").exists(), "the poll is not in the log")
        web("make.cast(poll, User.objects.get(), 'o1', 'o3')")
        until(lambda: Board.objects.get().turnout == 1, "the worker does not bring the news to the board")
        web("actions.close_poll(poll=poll, by=None, at=poll.closes_at)")
        until(lambda: Event.objects.filter(kind="tally.published").exists(), "there is no result in the log")

        second = subprocess.run(
            [sys.executable, "manage.py", "sequencer"], env=own["sequencer"], cwd=PROJECT, capture_output=True, text=True
        )
        assert second.returncode == 1
        assert "Another sequencer is at work" in second.stderr

    poll.refresh_from_db()
    assert poll.status == Poll.Status.PUBLISHED
    assert make.kinds(poll.public_id)[-2:] == ["participation.published", "tally.published"]
    assert log.size() == Event.objects.count()
    assert fsck.findings() == []
    assert {name: files_in(folder) for name, folder in keys.items()} == {
        "box": [f"polls/{poll.public_id}.key", f"polls/{poll.public_id}.nonce", "receipt.pem"],
        "sequencer": [f"log-{log.current_shard()}.pem"],
        "web": [],
        "worker": [],
    }
    assert Ballot.objects.count() == 1 and poll.closes_at > timezone.now()

