"""Closing, counting and publishing; and that the stand-alone verifier agrees with what we publish."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ballotbox import box
from common.refusal import NotPermitted
from tests import make
from votelog import log, sequencer
from voting import actions, errors, signals
from voting.models import Ballot, Poll

ROOT = Path(__file__).resolve().parent.parent.parent


def types(poll: Poll) -> list[str]:
    return [entry["type"] for entry in log.entries(poll.public_id)]


def test_the_log_tells_the_life_of_a_poll_in_order(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    poll = make.published(open_poll)
    assert types(poll) == [
        "poll.created", "roll.committed", "credentials.committed", "poll.opened",
        "ballot.cast", "intake.summary", "poll.closed", "participation.published", "tally.published",
    ]  # fmt: skip


def test_the_nonce_is_not_shown_before_the_closing_stands_in_the_log(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    with pytest.raises(errors.ClosingNotInLog):
        actions.publish_result(poll=open_poll, by=None, at=timezone.now())
    assert not open_poll.results.exists()


def test_a_box_that_was_tampered_with_after_closing_is_not_counted(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    sequencer.run_once()
    stuffed = Ballot.objects.get()
    more = {"d": {"bid": "cd" * 16, "cred": "ab" * 32, "rev": 0}, "b": {"approve": ["o3"]}}
    stuffed.body = box().seal(poll=open_poll.public_id, content=more, room=512)
    stuffed.tag, stuffed.bid_tag = "ab" * 32, "cd" * 32
    stuffed.save(force_insert=True)
    with pytest.raises(errors.CountDiffersFromLog):
        actions.publish_result(poll=open_poll, by=None, at=timezone.now())
    assert not open_poll.results.exists()


@pytest.mark.parametrize("statement", ["update voting_ballot set body = '{}'", "delete from voting_ballot"])
def test_the_database_refuses_to_change_or_remove_a_ballot(open_poll: Poll, ada, statement: str) -> None:
    make.cast(open_poll, ada, "o1")
    with pytest.raises(DatabaseError, match="a ballot stays as it was cast"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Ballot.objects.count() == 1


def test_only_staff_publish_by_hand(open_poll: Poll, ada, staff) -> None:
    actions.close_poll(poll=open_poll, by=("a" * 32, "b" * 32), at=timezone.now(), reason={"en": "A storm."})
    sequencer.run_once()
    assert [entry["d"]["reason"] for entry in log.entries(open_poll.public_id, kind="poll.closed")] == ["by_hand"]
    with pytest.raises(NotPermitted):
        actions.publish_result(poll=open_poll, by=ada, at=timezone.now())


def test_the_clock_closes_counts_and_publishes_what_is_due(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    later = open_poll.closes_at + timedelta(seconds=1)
    actions.tick(at=open_poll.closes_at - timedelta(seconds=1))
    open_poll.refresh_from_db()
    assert open_poll.status == Poll.Status.OPEN
    actions.tick(at=later)
    sequencer.run_once()
    actions.tick(at=later)
    open_poll.refresh_from_db()
    assert open_poll.status == Poll.Status.PUBLISHED


def test_it_publishes_once(open_poll: Poll, ada) -> None:
    poll = make.published(open_poll)
    with pytest.raises(errors.PollNotClosed):
        actions.publish_result(poll=poll, by=None, at=timezone.now())
    assert poll.results.count() == 1


def test_whoever_brought_something_to_the_vote_is_told(open_poll: Poll, ada) -> None:
    told = []

    def listen(sender, poll, result, **rest):
        told.append((poll.pk, result.act))

    signals.result_published.connect(listen)
    try:
        make.published(open_poll)
    finally:
        signals.result_published.disconnect(listen)
    assert told == [(open_poll.pk, 1)]


@pytest.mark.django_db
def test_turnout_polls_keep_every_ballot_back_until_the_close() -> None:
    people = make.users(25)
    poll = make.poll(roll=make.roll(*people), visibility=Poll.Visibility.TURNOUT)
    poll = actions.open_poll(poll=poll, by=None)
    for person in people:
        make.cast(poll, person, "o1")
    sequencer.run_once()
    actions.tick(at=timezone.now())
    poll.board.refresh_from_db()
    assert "ballot.cast" not in types(poll)
    assert poll.board.turnout == 20, "whole groups of ten only"
    assert poll.board.tallies == {}
    make.published(poll)
    poll.board.refresh_from_db()
    assert poll.board.turnout == 25
    assert poll.board.tallies["o1"] == 25


@pytest.mark.django_db
def test_live_polls_show_ballots_in_groups_of_at_least_ten() -> None:
    people = make.users(35)
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people)), by=None)
    seen = []
    for person in people:
        make.cast(poll, person, "o1")
        sequencer.run_once()
        poll.board.refresh_from_db()
        seen.append(poll.board.turnout)
    assert sorted(set(seen)) == [0, 10, 20]


@pytest.mark.django_db
def test_nobody_can_push_somebody_elses_ballot_out_alone_by_voting_often() -> None:
    victim, other = make.users(2)
    poll = actions.open_poll(poll=make.poll(roll=make.roll(victim, other)), by=None)
    make.cast(poll, victim, "o1")
    for _ in range(poll.mix_k):
        make.cast(poll, other, "o2")
    sequencer.run_once()
    assert "ballot.cast" not in types(poll)


@pytest.mark.django_db
def test_a_poll_that_cannot_be_finished_does_not_hold_up_the_others(settings) -> None:
    people = make.users(1)
    polls = [
        actions.open_poll(poll=make.poll(roll=make.roll(*people), process=make.process(slug)), by=None)
        for slug in ("one", "two", "three")
    ]
    later = polls[0].closes_at + timedelta(seconds=1)
    actions.tick(at=later)
    sequencer.run_once()
    lost, *others = Poll.objects.all()
    (Path(settings.KEYS_DIR) / "polls" / f"{lost.public_id}.nonce").unlink()
    actions.tick(at=later)
    assert [Poll.objects.get(pk=poll.pk).status for poll in (lost, *others)] == ["closed", "published", "published"]


def test_the_nonce_is_not_shown_while_no_signed_checkpoint_covers_the_closing(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    sequencer.run_once()
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    sequencer.append(log.current_shard(), [open_poll.public_id])  # and there the sequencer dies
    with pytest.raises(errors.ClosingNotInLog):
        actions.publish_result(poll=open_poll, by=None, at=timezone.now())
    sequencer.run_once()
    assert actions.publish_result(poll=open_poll, by=None, at=timezone.now()).act == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"budget": None, "max_cost": None},
        {"costs": (40, None, 50)},
        {"method": "pb-mes-v1", "rule": make.MES, "budget": 500_000, "max_cost": None, "costs": (80_000, 420_000)},
        {"method": "pb-mes-v1", "rule": make.MES | {"step": 5}, "budget": 500_000, "costs": (80_000, 480_000)},
    ],
)
def test_a_poll_that_perhaps_could_not_be_counted_does_not_open(roll, broken) -> None:
    with pytest.raises(errors.PollNotCountable):
        actions.open_poll(poll=make.poll(roll=roll, **broken), by=None)


@pytest.mark.django_db
def test_a_poll_of_few_voters_with_the_step_that_opening_asks_for_can_be_counted() -> None:
    people = make.users(3)
    rule = make.MES | {"step": 6}
    poll = make.poll(roll=make.roll(*people), method="pb-mes-v1", rule=rule, budget=500_000, costs=(80_000, 480_000))
    poll = actions.open_poll(poll=poll, by=None)
    make.cast(poll, people[0], "o2")
    make.cast(poll, people[1], "o1")
    make.cast(poll, people[2])
    assert make.published(poll).status == Poll.Status.PUBLISHED


def test_titles_are_committed_to_however_their_letters_are_composed(roll) -> None:
    decomposed = "Cafe\u0301"
    poll = actions.open_poll(poll=make.poll(roll=roll, title={"en": decomposed}), by=None)
    assert poll.is_open


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["pb-greedy-v1", "pb-mes-v1"])
def test_the_verifier_passes_on_what_is_published_and_fails_when_a_stored_entry_is_changed(method: str, settings) -> None:
    people = make.users(30)
    rule = make.MES if method == "pb-mes-v1" else {"mode": "skip", "threshold": 0, "pots": None, "groups": None}
    poll = make.poll(roll=make.roll(*people, empty=7), method=method, rule=rule)
    poll = actions.open_poll(poll=poll, by=None)
    for i, person in enumerate(people):
        make.cast(poll, person, *[("o1", "o2"), ("o3",), (), ("o2", "o4")][i % 4])
        if i % 7 == 0:
            make.cast(poll, person, "o4")
    poll = make.published(poll)
    folder = export(settings.LOG_DIR)
    verdict = verify(folder, poll)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "PASS C16" in verdict.stdout
    entries = max((folder / "tile" / "entries").glob("*.p/*"), key=lambda path: int(path.name))
    damaged = bytearray(entries.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    entries.write_bytes(damaged)
    assert verify(folder, poll).returncode == 1


def export(log_dir: Path) -> Path:
    """The served files as a folder: what the log wrote, and the blobs."""
    from votelog.models import Blob

    folder = next(path for path in log_dir.iterdir() if path.is_dir())
    (folder / "blob").mkdir(exist_ok=True)
    for blob in Blob.objects.all():
        (folder / "blob" / blob.sha256).write_bytes(blob.data)
    return folder


def verify(folder: Path, poll: Poll) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "verifier", "poll", str(folder), poll.public_id]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
