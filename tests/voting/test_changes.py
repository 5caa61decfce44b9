"""What two people change about a poll after it was announced: each change is in the log, each refusal leaves all as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from common.refusal import NotPermitted, Refusal
from eligibility import actions as eligibility
from eligibility.models import RollEntry
from tests import make
from tests.voting.test_publish_result import export, verify
from votelog import log, sequencer
from votelog.actions import get_blob
from votelog.models import Event, Pending
from voting import actions, change_errors, changes, errors
from voting.change_history import history
from voting.models import Poll
from voting.standing import find_receipt

WHY = {"en": "A storm.", "fa": "توفان."}
ACTORS = ("a" * 32, "b" * 32)


def by(at: datetime | None = None) -> dict[str, Any]:
    return {"reason": WHY, "actors": ACTORS, "at": at or timezone.now()}


def kinds(poll: Poll) -> list[str]:
    """The types of the poll's entries, in order, ballots left out."""
    sequencer.run_once()
    return [entry["type"] for entry in log.entries(poll.public_id) if entry["type"] != "ballot.cast"]


def entry(poll: Poll, kind: str) -> dict[str, Any]:
    sequencer.run_once()
    found = list(log.entries(poll.public_id, kind=kind))[-1]
    return dict(found["d"])


def fresh(poll: Poll) -> Poll:
    return Poll.objects.get(pk=poll.pk)


def refused(kind: type[Refusal], poll: Poll, work: Callable[[], object]) -> None:
    def everything() -> object:
        rows = Poll.objects.values().get(pk=poll.pk), list(poll.options.values())
        return rows, Event.objects.count(), Pending.objects.count(), RollEntry.objects.count()

    before = everything()
    with pytest.raises(kind):
        work()
    assert everything() == before


@pytest.fixture
def frozen(roll) -> Poll:
    start = timezone.now() + timedelta(hours=1)
    poll = make.poll(roll=roll, mix_k=1, opens_at=start, closes_at=start + timedelta(days=2))
    return actions.freeze_poll(poll=poll, by=None)


@pytest.fixture
def running(roll) -> Poll:
    return actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)


# --- announcing


def test_an_announced_poll_is_public_with_its_rules_in_the_log_and_takes_no_ballots(frozen: Poll, ada, bo) -> None:
    assert frozen.status == Poll.Status.FROZEN
    assert Poll.objects.visible_to(bo).filter(pk=frozen.pk).exists()
    assert kinds(frozen) == ["poll.created"]
    actions.refresh_board(public_id=frozen.public_id)  # as after each entry of the log; there is no board to refresh
    refused(errors.PollNotYetOpen, frozen, lambda: make.cast(frozen, ada, "o1"))


def test_the_clock_opens_it_when_its_time_has_come_and_not_before(frozen: Poll, ada) -> None:
    actions.tick(at=frozen.opens_at - timedelta(seconds=1))
    assert fresh(frozen).status == Poll.Status.FROZEN
    actions.tick(at=frozen.opens_at)
    assert fresh(frozen).is_open
    assert kinds(frozen) == ["poll.created", "roll.committed", "credentials.committed", "poll.opened"]
    make.cast(frozen, ada, "o1", at=frozen.opens_at)


def test_a_draft_stays_with_staff_and_is_announced_once(draft_poll: Poll, ada, staff) -> None:
    refused(NotPermitted, draft_poll, lambda: actions.freeze_poll(poll=draft_poll, by=ada))
    actions.tick(at=timezone.now())
    assert fresh(draft_poll).status == Poll.Status.DRAFT, "the clock announces nothing"
    actions.freeze_poll(poll=draft_poll, by=staff)
    refused(errors.PollNotDraft, draft_poll, lambda: actions.freeze_poll(poll=draft_poll, by=staff))


def test_a_draft_with_a_rule_that_cannot_be_counted_is_not_announced(roll) -> None:
    poll = make.poll(roll=roll, costs=())
    refused(errors.PollIncomplete, poll, lambda: actions.freeze_poll(poll=poll, by=None))


# --- amending


def test_an_announced_poll_is_amended_in_public_and_opens_under_the_new_rules(frozen: Poll) -> None:
    fields = {
        "title": {"en": "Where to build?"},
        "budget": 90,
        "closes_at": int(frozen.closes_at.timestamp()) + 3600,
        "ballot": {"approve": {"max": 2, "max_cost": 90}},
        "options": {"o1": {"title": {"en": "Bridge"}, "cost": 45}},
    }
    changes.amend_poll(poll=frozen, fields=fields, **by())
    created, amended = entry(frozen, "poll.created"), entry(frozen, "poll.amended")
    assert amended["actors"] == list(ACTORS)
    assert set(amended) - set(created) == {"actors", "text_sha256"}
    assert (amended["budget"], amended["options"][0]["cost"], amended["ballot"]["approve"]["max"]) == (90, 45, 2)
    assert amended["tie"] == created["tie"], "what decides between equals stays"
    after = actions.open_poll(poll=frozen, by=None)
    assert str(after) == "Where to build?"
    opened = Event.objects.get(kind="poll.amended")
    assert entry(frozen, "poll.opened")["config"] == bytes(opened.leaf).hex()


def test_it_opens_under_the_new_rules_also_when_amended_and_opened_within_one_pass_of_the_log(frozen: Poll) -> None:
    changes.amend_poll(poll=frozen, fields={"budget": 90}, **by())
    changes.amend_poll(poll=frozen, fields={"budget": 95}, **by())
    actions.open_poll(poll=frozen, by=None)
    sequencer.run_once()
    last = Event.objects.filter(kind="poll.amended").order_by("n").last()
    assert entry(frozen, "poll.opened")["config"] == bytes(last.leaf).hex()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (change_errors.NothingAmended, {}),
        (change_errors.NothingAmended, {"budget": 100}),
        (change_errors.TitleMissing, {"title": {}}),
        (change_errors.TitleMissing, {"options": {"o2": {"title": {"en": ""}}}}),
        (change_errors.OpeningInPast, {"opens_at": 1}),
        (change_errors.CloseBeforeOpening, {"closes_at": 1}),
        (errors.RuleOptionRefused, {"rule": {"mode": "leap"}}),
        (errors.BallotLimitsRefused, {"ballot": {"approve": {"min": 9}}}),
    ],
)
def test_what_could_not_be_announced_is_not_amended_to(frozen: Poll, kind, fields) -> None:
    refused(kind, frozen, lambda: changes.amend_poll(poll=frozen, fields=fields, **by()))


def test_nothing_is_amended_once_voting_has_begun(running: Poll) -> None:
    refused(change_errors.PollNotFrozen, running, lambda: changes.amend_poll(poll=running, fields={"budget": 90}, **by()))


# --- extending


def test_an_extended_poll_takes_ballots_until_the_new_close_and_promises_move_with_it(running: Poll, ada) -> None:
    close = running.closes_at.replace(microsecond=0) + timedelta(days=3)
    poll = changes.extend_poll(poll=running, closes_at=close, **by())
    assert entry(poll, "poll.extended")["closes_at"] == int(close.timestamp())
    assert actions.deadline_of(poll) == close + timedelta(seconds=poll.mix_max_s)
    actions.tick(at=running.closes_at + timedelta(hours=1))
    make.cast(poll, ada, "o1", at=running.closes_at + timedelta(hours=1))
    actions.tick(at=close)
    assert fresh(poll).status == Poll.Status.CLOSED


def test_a_poll_is_extended_by_thirty_days_in_all_and_no_second_more(running: Poll) -> None:
    first = running.closes_at.replace(microsecond=0)
    changes.extend_poll(poll=running, closes_at=first + timedelta(days=20), **by())
    latest = first + timedelta(days=30)
    too_late = latest + timedelta(seconds=1)
    refused(change_errors.CloseTooLate, running, lambda: changes.extend_poll(poll=running, closes_at=too_late, **by()))
    changes.extend_poll(poll=running, closes_at=latest, **by())
    refused(change_errors.CloseNotLater, running, lambda: changes.extend_poll(poll=running, closes_at=latest, **by()))


def test_a_poll_whose_time_is_over_does_not_come_back(running: Poll) -> None:
    close = running.closes_at + timedelta(days=1)
    late = by(at=running.closes_at)
    for change in (changes.pause_poll, changes.resume_poll, changes.close_poll_early):
        refused(change_errors.CloseHasPassed, running, lambda change=change: change(poll=running, **late))
    refused(change_errors.CloseHasPassed, running, lambda: changes.extend_poll(poll=running, closes_at=close, **late))
    actions.close_poll(poll=running, by=None, at=running.closes_at)
    refused(errors.PollNotOpen, running, lambda: changes.extend_poll(poll=running, closes_at=close, **by()))


# --- pausing


def test_a_paused_poll_takes_no_ballots_and_a_resumed_one_does(running: Poll, ada) -> None:
    changes.pause_poll(poll=running, **by())
    refused(errors.PollPaused, running, lambda: make.cast(running, ada, "o1"))
    refused(change_errors.PausedAlready, running, lambda: changes.pause_poll(poll=running, **by()))
    changes.resume_poll(poll=running, **by())
    refused(change_errors.NotPaused, running, lambda: changes.resume_poll(poll=running, **by()))
    make.cast(running, ada, "o1")
    assert kinds(running)[4:6] == ["poll.paused", "poll.resumed"]


def test_a_paused_poll_closes_when_its_time_has_come(running: Poll) -> None:
    changes.pause_poll(poll=running, **by())
    actions.tick(at=running.closes_at)
    assert fresh(running).status == Poll.Status.CLOSED


@pytest.mark.django_db
def test_ballots_cast_before_a_pause_do_not_enter_the_log_in_it() -> None:
    people = make.users(8)
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=2), by=None)
    for person in people:
        make.cast(poll, person, "o1")
    changes.pause_poll(poll=poll, **by())
    sequencer.run_once()
    order = [entry["type"] for entry in log.entries(poll.public_id)]
    assert order[4:] == ["ballot.cast"] * 6 + ["intake.summary", "poll.paused"], "two voters stay behind for the next group"


# --- closing early


def test_closing_early_says_who_and_why(running: Poll, ada) -> None:
    changes.close_poll_early(poll=running, **by())
    closed = entry(running, "poll.closed")
    assert closed["reason"] == "by_hand" and closed["actors"] == list(ACTORS) and len(closed["text_sha256"]) == 64
    refused(errors.PollNotOpen, running, lambda: changes.close_poll_early(poll=running, **by()))
    refused(errors.PollNotOpen, running, lambda: make.cast(running, ada, "o1"))


# --- voiding


def void(poll: Poll, bid: str, at: datetime | None = None) -> Poll:
    return changes.void_ballot(poll=poll, bid=bid, reason_code="cast_by_another", **by(at))


def test_a_void_ballot_is_not_counted_and_what_it_replaced_does_not_come_back(running: Poll, ada) -> None:
    make.cast(running, ada, "o1")
    second = make.cast(running, ada, "o2")
    sequencer.run_once()
    void(running, second.bid)
    assert find_receipt(second.bid).state == "voided"
    poll = make.published(running)
    tally = entry(poll, "tally.published")
    assert (tally["counted"], tally["voided"], tally["replaced"]) == (0, 1, 1)
    assert poll.results.get().outcome["input"]["ballots"] == 0
    d = entry(poll, "ballot.voided")
    assert d["actors"] == list(ACTORS) and d["reason_code"] == "cast_by_another"


def test_only_a_ballot_that_stands_in_the_published_log_can_be_voided_and_only_once(running: Poll, ada) -> None:
    bid = make.cast(running, ada, "o1").bid
    refused(change_errors.BallotNotInLog, running, lambda: void(running, bid))
    refused(change_errors.BallotNotInLog, running, lambda: void(running, "0" * 32))
    sequencer.run_once()
    elsewhere = actions.open_poll(poll=make.poll(roll=running.roll, mix_k=1, process=running.process), by=None)
    refused(change_errors.BallotNotInLog, elsewhere, lambda: void(elsewhere, bid))
    void(running, bid)
    refused(change_errors.BallotVoidedAlready, running, lambda: void(running, bid))


def test_whoever_lost_a_ballot_by_a_void_may_vote_again_also_without_revoting(roll, ada) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1, revote="none"), by=None)
    bid = make.cast(poll, ada, "o1").bid
    refused(errors.RevotingNotAllowed, poll, lambda: make.cast(poll, ada, "o2"))
    sequencer.run_once()
    void(poll, bid)
    make.cast(poll, ada, "o2")
    assert make.published(poll).results.get().outcome["input"]["ballots"] == 1


def test_nothing_is_voided_before_voting_begins(frozen: Poll) -> None:
    refused(errors.PollNotOpen, frozen, lambda: void(frozen, "0" * 32))


# --- correcting a result


def test_a_void_after_the_result_leads_to_a_new_act_with_the_same_lots(running: Poll, ada) -> None:
    bid = make.cast(running, ada, "o1").bid
    poll = make.published(running)
    first = poll.results.get()
    assert first.outcome["input"]["ballots"] == 1
    void(poll, bid)
    sequencer.run_once()
    actions.tick(at=timezone.now())
    second = fresh(poll).results.first()
    assert (second.act, second.outcome["input"]["ballots"]) == (2, 0)
    assert second.outcome["seed"] == first.outcome["seed"]
    assert kinds(poll)[-4:] == ["tally.published", "ballot.voided", "tally.superseded", "tally.published"]
    assert kinds(poll).count("participation.published") == 1
    assert entry(poll, "tally.superseded")["act"] == 1


def test_two_voids_before_the_next_act_need_one_act_only(roll, ada) -> None:
    people = [ada, *make.users(1)]
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=1), by=None)
    bids = [make.cast(poll, person, "o1").bid for person in people]
    poll = make.published(poll)
    for bid in bids:
        void(poll, bid)
    sequencer.run_once()
    actions.tick(at=timezone.now())
    assert entry(poll, "tally.published")["act"] == 2
    assert kinds(poll).count("tally.superseded") == 1
    assert fresh(poll).results.first().outcome["input"]["ballots"] == 0


def test_a_result_is_superseded_where_there_is_one_and_within_the_term_for_appeals(running: Poll, ada, settings) -> None:
    settings.APPEALS_DAYS = 30
    bid = make.cast(running, ada, "o1").bid
    refused(change_errors.NoResultYet, running, lambda: changes.supersede_result(poll=running, **by()))
    poll = make.published(running)
    ended = poll.results.get().published_at + timedelta(days=30)
    refused(change_errors.AppealsOver, poll, lambda: changes.supersede_result(poll=poll, **by(ended)))
    refused(change_errors.AppealsOver, poll, lambda: void(poll, bid, at=ended))
    changes.supersede_result(poll=poll, **by(ended - timedelta(seconds=1)))
    refused(change_errors.NoResultYet, poll, lambda: changes.supersede_result(poll=poll, **by()))
    sequencer.run_once()
    actions.tick(at=timezone.now())
    assert fresh(poll).results.first().act == 2


def test_a_box_that_was_tampered_with_is_not_counted_a_second_time_either(running: Poll, ada, monkeypatch) -> None:
    bid = make.cast(running, ada, "o1").bid
    poll = make.published(running)
    void(poll, bid)
    sequencer.run_once()
    monkeypatch.setattr("voting.tabulate.voided_at_close", lambda poll: {bid})
    with pytest.raises(errors.CountDiffersFromLog):
        actions.publish_result(poll=fresh(poll), by=None, at=timezone.now())
    assert fresh(poll).results.count() == 1


# --- places


def test_new_places_join_every_open_poll_on_the_roll_and_their_codes_give_votes(roll, ada, bo) -> None:
    first = actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)
    second = actions.open_poll(poll=make.poll(roll=roll, mix_k=2, process=first.process), by=None)
    over = make.published(actions.open_poll(poll=make.poll(roll=roll, mix_k=1, process=first.process), by=None))
    codes = changes.add_places(poll=first, count=3, **by())
    assert len(set(codes)) == 3
    for poll in (first, second):
        assert kinds(poll)[-2:] == ["roll.changed", "credentials.committed"]
        d = entry(poll, "roll.changed")
        assert (d["added_count"], d["removed"], d["actors"]) == (3, [], list(ACTORS))
        assert entry(poll, "credentials.committed")["count"] == 3
        assert fresh(poll).voters == 4
    assert "roll.changed" not in kinds(over) and fresh(over).voters == 1
    eligibility.redeem_code(user=bo, code=codes[0].lower())
    make.cast(fresh(first), bo, "o1")
    assert make.published(first).results.get().outcome["input"]["ballots"] == 1


def test_places_added_later_have_no_vote_in_a_poll_that_is_closed_and_leave_its_participation_alone(roll, ada, bo) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)
    other = actions.open_poll(poll=make.poll(roll=roll, mix_k=1, process=poll.process), by=None)
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    codes = changes.add_places(poll=other, count=9, **by())
    eligibility.redeem_code(user=bo, code=codes[0])
    refused(errors.PollNotOpen, poll, lambda: make.cast(fresh(poll), bo, "o1"))
    sequencer.run_once()
    actions.publish_result(poll=poll, by=None, at=timezone.now())
    assert len(get_blob(entry(poll, "participation.published")["bitmap_sha256"])) == 1


def test_fewer_places_than_a_group_has_ballots_are_refused_also_for_the_sake_of_another_poll(roll) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=2), by=None)
    actions.open_poll(poll=make.poll(roll=roll, mix_k=7, process=poll.process), by=None)
    refused(change_errors.TooFewPlaces, poll, lambda: changes.add_places(poll=poll, count=6, **by()))
    refused(change_errors.TooManyPlaces, poll, lambda: changes.add_places(poll=poll, count=1001, **by()))
    assert len(changes.add_places(poll=poll, count=7, **by())) == 7


# --- all of it


def test_a_poll_to_which_all_of_this_happened_is_verified_by_a_stranger(ada, bo, settings) -> None:
    """Announced, amended, opened by the clock, extended, paused, resumed, enlarged, a ballot voided, closed early, corrected."""
    people = [ada, bo, *make.users(6)]
    start = timezone.now().replace(microsecond=0)
    with time_machine.travel(start, tick=False) as clock:
        poll = make.poll(roll=make.roll(*people), mix_k=2, opens_at=start + timedelta(hours=1))
        actions.freeze_poll(poll=poll, by=None)
        changes.amend_poll(poll=poll, fields={"title": {"en": "What now?"}, "budget": 120}, **by())
        sequencer.run_once()
        clock.shift(timedelta(hours=1))
        actions.tick(at=timezone.now())
        poll = fresh(poll)
        receipts = [make.cast(poll, person, "o1") for person in people[:5]]
        sequencer.run_once()
        changes.extend_poll(poll=poll, closes_at=start + timedelta(days=5), **by())
        changes.pause_poll(poll=poll, **by())
        sequencer.run_once()
        changes.resume_poll(poll=poll, **by())
        codes = changes.add_places(poll=poll, count=2, **by())
        late = make.user("late@example.org")
        eligibility.redeem_code(user=late, code=codes[1])
        poll = fresh(poll)
        for person in (*people[5:], late):
            make.cast(poll, person, "o2")
        sequencer.run_once()
        in_log = [receipt.bid for receipt in receipts if log.find_ballot(poll.public_id, receipt.bid)]
        void(poll, in_log[0])
        changes.close_poll_early(poll=poll, **by())
        sequencer.run_once()
        actions.tick(at=timezone.now())
        sequencer.run_once()
        void(fresh(poll), receipts[-1].bid if receipts[-1].bid != in_log[0] else receipts[-2].bid)
        sequencer.run_once()
        actions.tick(at=timezone.now())
        sequencer.run_once()
    assert fresh(poll).results.count() == 2
    verdict = verify(export(settings.LOG_DIR), poll)
    assert verdict.returncode == 0, verdict.stdout
    told = [change.title for change in history(fresh(poll))]
    assert len(told) == 9 and all(change.reason == WHY for change in history(fresh(poll)))
