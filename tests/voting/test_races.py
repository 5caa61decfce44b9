"""Many people, and several of our own processes, at the same moment.

Where the outcome depends on who comes first, the order is forced by a lock that the test holds, and both orders are tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from approvals import actions as approvals
from approvals import errors as approval_errors
from approvals.models import Request
from ballotbox import box
from common.refusal import Refusal
from eligibility.models import RollEntry
from tests import make, services
from tests.conftest import PROJECT
from votelog import fsck, log, sequencer
from votelog.actions import record_ballot
from votelog.models import Pending
from voting import actions, changes, errors, kinds
from voting.models import Ballot, Poll

Work = Callable[[], object]
ACTORS = ["a" * 32, "b" * 32]
WHY = {"en": "The server was away.", "fa": "سرور در دسترس نبود."}

on_postgres = [pytest.mark.prove, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def together(*work: Work) -> list[object]:
    """What each returned, or the refusal it raised. All begin at one moment, each with a connection of its own."""
    start = threading.Barrier(len(work))

    def run(task: Work) -> object:
        start.wait(60)
        return outcome(task)

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result() for future in [pool.submit(run, task) for task in work]]


def outcome(task: Work) -> object:
    try:
        return task()
    except Refusal as refusal:
        return refusal
    finally:
        connection.close()


def kinds_of(results: Sequence[object]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def opened(people: Sequence[Any], **fields: Any) -> Poll:
    return actions.open_poll(poll=make.poll(roll=make.roll(*people), **fields), by=None)


def casting(poll: Poll, place: RollEntry, *, bid: str | None = None, at: datetime | None = None, choice: str = "o1") -> Work:
    return lambda: actions.cast_ballot(
        poll=poll,
        voter=place,
        choice={"approve": [choice]},
        bid=bid or actions.new_receipt_number(),
        revision=0,
        at=at or timezone.now(),
    )


def places(poll: Poll) -> list[RollEntry]:
    return list(RollEntry.objects.filter(roll=poll.roll_id).order_by("index"))


# --- the same credential many times ----------------------------------------------------------------------------------


class TestOneCredential:
    pytestmark = on_postgres

    def test_of_16_ballots_that_think_they_are_the_first_one_is(self) -> None:
        """16 threads, 50 credentials, all with revision 0."""
        poll = opened(make.users(50))
        entries, step = places(poll), threading.Barrier(16)

        def one(thread: int) -> list[object]:
            found = []
            for entry in entries:
                step.wait(60)
                found.append(outcome(casting(poll, entry, choice=f"o{thread % 4 + 1}")))
            return found

        results: Any = together(*[lambda thread=thread: one(thread) for thread in range(16)])
        assert kinds_of([each for found in results for each in found]) == {"Receipt": 50, "BallotStale": 750}
        assert all(kinds_of(tries) == {"Receipt": 1, "BallotStale": 15} for tries in zip(*results, strict=True))
        assert (Ballot.objects.count(), Pending.objects.filter(kind="ballot.cast").count()) == (50, 50)

    def test_a_form_sent_16_times_is_one_ballot_with_one_receipt(self) -> None:
        poll = opened(make.users(10))
        for number, entry in enumerate(places(poll)):
            results: Any = together(*[casting(poll, entry, bid=f"{number:032x}")] * 16)
            assert kinds_of(results) == {"Receipt": 16}
            assert len({(receipt.promise, receipt.revision) for receipt in results}) == 1
            assert sum(not receipt.replayed for receipt in results) == 1
        assert (Ballot.objects.count(), Pending.objects.filter(kind="ballot.cast").count()) == (10, 10)

    def test_one_receipt_number_never_stands_for_two_ballots(self) -> None:
        """As a clash attack would have it: 16 voters are given the same number, some with the same choice."""
        poll = opened(make.users(16))
        results = together(*[casting(poll, entry, bid="c" * 32, choice=f"o{n % 2 + 1}") for n, entry in enumerate(places(poll))])
        found = kinds_of(results)
        assert found["Receipt"] == 1 and found["Receipt"] + found["ReceiptNumberTaken"] + found["BallotStale"] == 16
        assert Ballot.objects.count() == 1

    def test_a_ballot_that_comes_again_while_others_replace_it_gets_its_own_receipt(self) -> None:
        """Replays of the first ballot race the second one: every replay is answered, and the second ballot counts."""
        poll = opened(make.users(1))
        (entry,) = places(poll)
        first: Any = casting(poll, entry, bid="1" * 32)()

        def again() -> object:
            return actions.cast_ballot(
                poll=poll, voter=entry, choice={"approve": ["o2"]}, bid="2" * 32, revision=1, at=timezone.now()
            )

        results: Any = together(*[casting(poll, entry, bid="1" * 32), again] * 8)
        assert kinds_of(results) == {"Receipt": 16}
        assert {result.promise for result in results[::2]} == {first.promise}
        assert [ballot.revision for ballot in Ballot.objects.order_by("revision")] == [0, 1]


# --- a cast and something that shuts the poll: both orders, forced ----------------------------------------------------


def naive_cast(poll: Poll, place: RollEntry) -> Work:
    """What must not be done: asks first whether the poll is open, and then puts the ballot in without holding the poll."""

    def cast() -> object:
        if Poll.objects.get(pk=poll.pk).status != Poll.Status.OPEN:
            raise errors.PollNotOpen()
        with transaction.atomic():
            choice, bid = kinds.normal(poll, {"approve": ["o1"]}), actions.new_receipt_number()
            prepared = box().prepare(
                poll=poll.public_id,
                uid=bytes(place.uid).hex(),
                bid=bid,
                revision=0,
                b=choice,
                sealed=False,
                origin="",
                room=kinds.room(list(poll.options.all())),
            )
            body = prepared["body"]
            Ballot.objects.create(poll=poll, tag=prepared["tag"], revision=0, bid_tag=prepared["bid_tag"], body=body)
            record_ballot(poll=poll.public_id, d=prepared["d"], body=body, k=poll.mix_k)
        return bid

    return cast


@contextmanager
def held(table: str) -> Iterator[Callable[[Work], Future[object]]]:
    """Nobody else can write to `table` inside. What is begun with the callable has got as far as it can by its return: it is
    done, or waits for a lock. On leaving all of them go on."""
    pool = ThreadPoolExecutor(8)
    begun: list[Future[object]] = []

    def begin(task: Work) -> Future[object]:
        begun.append(pool.submit(outcome, task))
        until = time.monotonic() + 60
        while waiting() + sum(future.done() for future in begun) < len(begun):
            assert time.monotonic() < until, "nothing happens"
        return begun[-1]

    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"lock table {table} in share row exclusive mode")
            yield begin
    finally:
        pool.shutdown()


def waiting() -> int:
    """How many sessions of this database wait for a lock."""
    ours = "database = (select oid from pg_database where datname = current_database())"
    with connection.cursor() as cursor:
        cursor.execute(f"select count(distinct pid) from pg_locks where not granted and {ours}")
        return int(cursor.fetchone()[0])


def shut(poll: Poll) -> Work:
    return lambda: actions.close_poll(poll=poll, by=None, at=poll.closes_at)


def missing_from_the_closing(poll: Poll) -> int:
    """How many accepted ballots the closing does not speak of."""
    sequencer.run_once()
    (closing,) = log.entries(poll.public_id, kind="poll.closed")
    return Ballot.objects.filter(poll=poll).count() - int(closing["d"]["ballots"])


class TestClosing:
    pytestmark = on_postgres

    @pytest.fixture
    def poll(self) -> Poll:
        return opened(make.users(24), mix_k=2)

    def test_the_close_waits_for_a_cast_that_has_begun(self, poll: Poll) -> None:
        with held("voting_ballot") as begin:
            cast = begin(casting(poll, places(poll)[0]))
            close = begin(shut(poll))
            assert not cast.done() and not close.done()
        assert isinstance(cast.result(), actions.Receipt)
        assert isinstance(close.result(), Poll)
        assert missing_from_the_closing(poll) == 0

    def test_a_cast_waits_for_a_close_that_has_begun_and_is_refused(self, poll: Poll) -> None:
        with held("votelog_pending") as begin:
            close = begin(shut(poll))
            cast = begin(casting(poll, places(poll)[0]))
            assert not cast.done() and not close.done()
        assert isinstance(cast.result(), errors.PollNotOpen)
        assert isinstance(close.result(), Poll)
        assert Ballot.objects.count() == missing_from_the_closing(poll) == 0

    def test_control_the_naive_cast_accepts_a_ballot_that_the_close_has_not_seen(self, poll: Poll) -> None:
        """If this fails, the two tests above prove nothing."""
        with held("voting_ballot") as begin:
            cast = begin(naive_cast(poll, places(poll)[0]))
            close = begin(shut(poll))
            assert close.done(), "it does not wait for the naive cast"
            assert not cast.done()
        assert isinstance(cast.result(), str), "the naive cast is accepted"
        assert missing_from_the_closing(poll) == 1

    def test_control_the_naive_cast_does_not_wait_for_a_close_that_has_begun(self, poll: Poll) -> None:
        with held("votelog_pending") as begin:
            close = begin(shut(poll))
            cast = begin(naive_cast(poll, places(poll)[0]))
        assert isinstance(close.result(), Poll)
        assert isinstance(cast.result(), str), "the naive cast is accepted"
        assert missing_from_the_closing(poll) == 1

    @pytest.mark.parametrize("visibility", ["live", "turnout", "sealed"])
    def test_every_cast_around_a_close_is_counted_or_refused(self, visibility: str) -> None:
        poll = opened(make.users(24), mix_k=2, visibility=visibility)
        work = [casting(poll, entry) for entry in places(poll)]
        results = together(*work[:12], shut(poll), *work[12:])
        accepted = {receipt.bid for receipt in results if isinstance(receipt, actions.Receipt)}
        found = kinds_of(results)
        assert found["Receipt"] + found["PollNotOpen"] == 24 and found["Poll"] == 1
        assert missing_from_the_closing(poll) == 0
        result = actions.publish_result(poll=poll, by=None, at=timezone.now())
        assert result.outcome["input"]["ballots"] == len(accepted)
        assert {entry["d"]["bid"] for entry in log.entries(poll.public_id, kind="ballot.cast")} == accepted


class TestPausingAndExtending:
    pytestmark = on_postgres

    @pytest.fixture
    def poll(self) -> Poll:
        return opened(make.users(24), mix_k=2)

    @staticmethod
    def pausing(poll: Poll) -> Work:
        return lambda: changes.pause_poll(poll=poll, reason=WHY, actors=ACTORS, at=timezone.now())

    @staticmethod
    def extending(poll: Poll, *, at: datetime | None = None) -> Work:
        later = poll.closes_at + timedelta(hours=1)
        return lambda: changes.extend_poll(poll=poll, closes_at=later, reason=WHY, actors=ACTORS, at=at or timezone.now())

    def test_a_pause_waits_for_a_cast_that_has_begun(self, poll: Poll) -> None:
        with held("voting_ballot") as begin:
            cast = begin(casting(poll, places(poll)[0]))
            pause = begin(self.pausing(poll))
            assert not cast.done() and not pause.done()
        assert kinds_of([cast.result(), pause.result()]) == {"Receipt": 1, "Poll": 1}
        rows = list(Pending.objects.order_by("id").values_list("kind", flat=True))
        assert rows[-2:] == ["ballot.cast", "poll.paused"]

    def test_a_cast_waits_for_a_pause_that_has_begun_and_is_refused(self, poll: Poll) -> None:
        with held("votelog_pending") as begin:
            pause = begin(self.pausing(poll))
            cast = begin(casting(poll, places(poll)[0]))
            assert not cast.done() and not pause.done()
        assert kinds_of([cast.result(), pause.result()]) == {"PollPaused": 1, "Poll": 1}
        assert not Ballot.objects.exists()

    def test_a_cast_after_the_old_close_waits_for_an_extension_that_has_begun(self, poll: Poll) -> None:
        with held("votelog_pending") as begin:
            extension = begin(self.extending(poll))
            cast = begin(casting(poll, places(poll)[0], at=poll.closes_at + timedelta(seconds=1)))
            assert not cast.done() and not extension.done()
        receipt = cast.result()
        assert isinstance(receipt, actions.Receipt)
        assert receipt.deadline == actions.deadline_of(Poll.objects.get(pk=poll.pk)) > actions.deadline_of(poll)

    def test_casts_after_the_old_close_are_refused_or_promised_for_the_new_one(self, poll: Poll) -> None:
        work = [casting(poll, entry, at=poll.closes_at + timedelta(seconds=1)) for entry in places(poll)]
        results = together(*work[:6], self.extending(poll), *work[6:])
        receipts = [result for result in results if isinstance(result, actions.Receipt)]
        found = kinds_of(results)
        assert found["Receipt"] + found["PollNotOpen"] == 24 and found["Poll"] == 1
        assert {receipt.deadline for receipt in receipts} <= {actions.deadline_of(Poll.objects.get(pk=poll.pk))}
        assert Ballot.objects.count() == len(receipts)

    def test_of_a_scheduled_close_and_an_extension_one_comes_too_late(self, poll: Poll) -> None:
        just_before = poll.closes_at - timedelta(seconds=1)
        results = together(*[self.extending(poll, at=just_before), shut(poll)] * 4)
        sequencer.run_once()
        written = [event.kind for event in log.events(poll.public_id) if event.kind in ("poll.extended", "poll.closed")]
        assert written in (["poll.extended"], ["poll.closed"]), "no poll is extended after its close, or closed before its end"
        refused = {"poll.extended": {"CloseNotLater", "PollStillRuns"}, "poll.closed": {"PollNotOpen"}}[written[0]]
        assert kinds_of(results)["Poll"] == 1 and set(kinds_of(results)) == {"Poll", *refused}

    def test_of_eight_pauses_one_happens(self, poll: Poll) -> None:
        assert kinds_of(together(*[self.pausing(poll)] * 8)) == {"Poll": 1, "PausedAlready": 7}
        assert Pending.objects.filter(kind="poll.paused").count() == 1


# --- two people, two sequencers --------------------------------------------------------------------------------------


class TestApproving:
    pytestmark = on_postgres

    @pytest.fixture
    def request_to_extend(self, staff: Any) -> Request:
        poll = opened(make.users(1))
        return approvals.request_change(
            action="poll.extend",
            subject=poll.public_id,
            arguments={"closes_at": int(poll.closes_at.timestamp()) + 3600},
            reason=WHY,
            by=staff,
            at=timezone.now(),
            reauthenticated=True,
            site="https://vote.example.org",
        )

    @staticmethod
    def approving(request: Request, by: Any) -> Work:
        return lambda: approvals.approve(
            request=request, by=by, at=timezone.now(), reauthenticated=True, arguments_sha256=request.arguments_sha256
        )

    def test_an_approval_a_rejection_and_a_withdrawal_at_once_are_one_decision(
        self, request_to_extend: Request, staff: Any
    ) -> None:
        other = make.user("council@example.org", is_staff=True)
        now = timezone.now()
        results = together(
            self.approving(request_to_extend, other),
            lambda: approvals.reject(request=request_to_extend, by=other, at=now),
            lambda: approvals.withdraw(request=request_to_extend, by=staff, at=now),
        )
        assert sum(isinstance(result, approval_errors.RequestDecided) for result in results) == 2
        request_to_extend.refresh_from_db()
        carried_out = request_to_extend.state == Request.State.CARRIED_OUT
        assert Pending.objects.filter(kind="poll.extended").count() == carried_out


class TestTwoSequencers:
    pytestmark = on_postgres

    def test_passes_of_two_processes_while_ballots_are_cast_give_every_ballot_one_place(self) -> None:
        poll = opened(make.users(40), mix_k=2)
        receipts: Any = []
        with both_sequencing() as sequencers:
            entries = places(poll)
            for at in range(0, 40, 8):
                receipts += together(*[casting(poll, entry) for entry in entries[at : at + 8]])
            actions.close_poll(poll=poll, by=None, at=poll.closes_at)
            for process in sequencers:
                process.communicate("", timeout=60)  # its input ends: one more pass, and it ends
        assert [process.returncode for process in sequencers] == [0, 0]
        written = [entry["d"]["bid"] for entry in log.entries(poll.public_id, kind="ballot.cast")]
        assert sorted(written) == sorted(receipt.bid for receipt in receipts)
        assert Pending.objects.count() == 0 and fsck.findings() == []


PASSES = """
import os, select, sys
import django
django.setup()
from votelog import sequencer
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    sequencer.run_once(tell=False)
sequencer.run_once(tell=False)
"""


@contextmanager
def both_sequencing() -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that put the log of this test in order, again and again, until their input ends."""
    database = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"
    environment = services.environment(
        DATABASE_URL=database,
        DJANGO_SETTINGS_MODULE="tests.settings",
        LOG_DIR=str(settings.LOG_DIR),
        KEYS_DIR=str(settings.KEYS_DIR),
    )
    pipe: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", PASSES], cwd=PROJECT, env=environment, **pipe) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


# --- SQLite: one file, whose writers wait for each other --------------------------------------------------------------


@pytest.mark.prove
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="It races on a SQLite file of its own: once, in the SQLite part.")
def test_on_sqlite_too_one_of_eight_ballots_is_the_first_and_none_gets_past_the_close(tmp_path: Any) -> None:
    """The test database lives in memory, where threads cannot meet: this needs a file and so a process of its own."""
    environment = services.environment(DEBUG="1", DATA_DIR=str(tmp_path), LOG_HOST="vote.example.org", EMBEDDED_SEQUENCER="0")
    for command in (["manage.py", "migrate", "-v", "0"], ["-m", "tests.voting.race_on_sqlite"]):
        run = subprocess.run([sys.executable, *command], cwd=PROJECT, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["same"] == {"Receipt": 6, "BallotStale": 42}
    assert found["again"] == {"Receipt": 8}
    around = found["around the close"]
    accepted = around.get("Receipt", 0)  # none where the close was first
    assert around["Poll"] == 1 and accepted + around.get("PollNotOpen", 0) == 12
    assert found["ballots"] == found["said at the close"] == found["counted"] == found["in the log"] == accepted + 7
    assert found["findings"] == []
