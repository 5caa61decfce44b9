"""Casting a ballot: one ballot per voter, nothing half done, nothing lost."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from eligibility.models import RollEntry
from processes.models import Phase
from tests import make
from votelog import log, sequencer
from votelog.models import Abandoned, Pending
from voting import actions, errors
from voting.models import Ballot, Poll
from voting.standing import find_receipt, standing

BID = "0f" * 16


def stored() -> tuple[int, int]:
    return Ballot.objects.count(), Pending.objects.filter(kind="ballot.cast").count()


def test_it_puts_one_ballot_into_the_box_and_promises_its_place_in_the_log(open_poll: Poll, ada) -> None:
    receipt = make.cast(open_poll, ada, "o2", "o1", bid=BID)
    assert stored() == (1, 1)
    assert receipt.choice == {"approve": ["o1", "o2"]}
    assert receipt.promise.startswith("vote.example.org/log/")
    assert f"deadline {int(actions.deadline_of(open_poll).timestamp())}" in receipt.promise
    assert standing(open_poll, ada).choice == {"approve": ["o1", "o2"]}


def test_no_ballot_is_promised_a_place_in_a_log_that_was_given_up_and_the_clock_leaves_its_polls_alone(
    open_poll: Poll, ada, caplog
) -> None:
    sequencer.run_once()
    Abandoned.objects.create(shard=log.shard_of(open_poll.public_id), because="A disk died.", at=0)
    with pytest.raises(errors.PollCannotGoOn):
        make.cast(open_poll, ada, "o1")
    assert stored() == (0, 0)
    actions.tick(at=open_poll.closes_at)
    assert Poll.objects.get(pk=open_poll.pk).is_open and not caplog.records


def test_nothing_stored_beside_a_ballot_says_who_when_or_where() -> None:
    columns = {field.column for field in Ballot._meta.concrete_fields if field.column}
    assert columns == {"poll_id", "tag", "revision", "bid_tag", "body"}


def test_nothing_stored_with_a_ballot_can_be_found_again_in_the_log(open_poll: Poll, ada) -> None:
    receipt = make.cast(open_poll, ada, "o1", bid=BID)
    (ballot,) = Ballot.objects.values("tag", "bid_tag", "body")
    (pending,) = Pending.objects.filter(kind="ballot.cast").values("body")
    for text in (*ballot.values(), *pending.values()):
        assert not {BID, receipt.d["cred"], "o1"} & set(text.replace('"', " ").split())
        for secret in (BID, receipt.d["cred"], bytes(standing(open_poll, ada).entry.uid).hex()):
            assert secret not in text


def test_ballots_of_one_poll_have_one_length_whatever_they_say(open_poll: Poll, ada, bo) -> None:
    make.cast(open_poll, ada)
    for chosen in (["o1"], ["o1", "o2"], ["o4"]):
        make.cast(open_poll, ada, *chosen)
    assert len({len(body) for body in Ballot.objects.values_list("body", flat=True)}) == 1


def test_a_blank_ballot_is_a_ballot(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada)
    assert standing(open_poll, ada).choice == {"approve": []}


def test_the_last_ballot_counts_when_a_voter_changes_it(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    second = make.cast(open_poll, ada, "o2")
    assert second.revision == 1
    assert standing(open_poll, ada).choice == {"approve": ["o2"]}
    rounds = make.published(open_poll).results.get().outcome["rounds"]
    assert {step["option"]: step["score"] for step in rounds} == {"o1": 0, "o2": 1, "o3": 0, "o4": 0}


def test_the_same_form_sent_twice_gives_the_same_receipt_and_one_ballot(open_poll: Poll, ada) -> None:
    first = make.cast(open_poll, ada, "o1", bid=BID)
    again = make.cast(open_poll, ada, "o1", bid=BID, revision=0)
    assert (again.promise, again.replayed, first.replayed) == (first.promise, True, False)
    assert stored() == (1, 1)


def test_the_same_form_answers_with_its_receipt_even_after_the_close(open_poll: Poll, ada) -> None:
    first = make.cast(open_poll, ada, "o1", bid=BID)
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    assert make.cast(open_poll, ada, "o1", bid=BID, revision=0).promise == first.promise


def test_it_refuses_a_receipt_number_that_belongs_to_another_ballot(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    with pytest.raises(errors.ReceiptNumberTaken):
        make.cast(open_poll, ada, "o2", bid=BID)
    assert stored() == (1, 1)


def test_it_refuses_a_form_that_does_not_know_of_a_ballot_cast_meanwhile(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    with pytest.raises(errors.BallotStale):
        make.cast(open_poll, ada, "o2", revision=0)
    assert standing(open_poll, ada).choice == {"approve": ["o1"]}


def test_it_refuses_a_second_ballot_in_a_poll_without_revoting(roll, ada) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, revote=Poll.Revote.NONE), by=None)
    make.cast(poll, ada, "o1")
    with pytest.raises(errors.RevotingNotAllowed):
        make.cast(poll, ada, "o2")
    assert stored() == (1, 1)


@pytest.mark.parametrize(
    ("choice", "refusal"),
    [
        (("o1", "o2", "o3"), errors.BallotOverBudget),
        (("o9",), errors.UnknownOption),
        (("o1", "o1"), errors.UnknownOption),
    ],
)
def test_it_refuses_a_ballot_that_breaks_the_rules_of_the_poll(open_poll: Poll, ada, choice, refusal) -> None:
    with pytest.raises(refusal):
        make.cast(open_poll, ada, *choice)
    assert stored() == (0, 0)


def test_it_refuses_more_and_fewer_choices_than_the_poll_allows(roll, ada) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, min_choices=1, max_choices=2, max_cost=None), by=None)
    with pytest.raises(errors.TooManyChoices, match="at most 2"):
        make.cast(poll, ada, "o1", "o2", "o3")
    with pytest.raises(errors.TooFewChoices, match="at least 1"):
        make.cast(poll, ada)
    assert stored() == (0, 0)


def test_it_refuses_someone_who_is_not_on_the_roll(open_poll: Poll, bo) -> None:
    with pytest.raises(errors.NotOnRoll):
        make.cast(open_poll, bo, "o1", revision=0)
    assert stored() == (0, 0)


def test_it_refuses_a_place_on_another_roll(open_poll: Poll, bo) -> None:
    other = RollEntry.objects.get(roll=make.roll(bo))
    with pytest.raises(errors.NotOnRoll):
        actions.cast_ballot(poll=open_poll, voter=other, choice={"approve": ["o1"]}, bid=BID, revision=0, at=timezone.now())
    assert stored() == (0, 0)


def test_it_refuses_before_opening_and_after_the_time_is_over(open_poll: Poll, ada) -> None:
    with pytest.raises(errors.PollNotYetOpen):
        make.cast(open_poll, ada, "o1", at=open_poll.opens_at - timedelta(seconds=1))
    with pytest.raises(errors.PollNotOpen):
        make.cast(open_poll, ada, "o1", at=open_poll.closes_at)
    assert stored() == (0, 0)


def test_a_draft_refuses_before_it_has_a_key(draft_poll: Poll, ada) -> None:
    with pytest.raises(errors.PollNotOpen):
        make.cast(draft_poll, ada, "o1", revision=0)


def test_it_refuses_in_a_phase_that_is_not_for_voting(roll, ada) -> None:
    poll = make.poll(roll=roll, process=make.process(phase=Phase.Type.DEBATE))
    poll = actions.open_poll(poll=poll, by=None)
    with pytest.raises(errors.Refusal) as refusal:
        make.cast(poll, ada, "o1")
    assert refusal.value.code == "not_in_this_phase"
    assert stored() == (0, 0)


def test_a_receipt_leads_from_promised_to_in_the_log_to_counted(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    assert find_receipt(BID).state == "promised"
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    sequencer.run_once()
    found = find_receipt(BID)
    assert found.state == "in_log"
    assert found.index is not None
    actions.publish_result(poll=open_poll, by=None, at=timezone.now())
    assert find_receipt(BID).state == "counted"
    assert find_receipt("00" * 16) is None


def test_the_receipt_of_a_ballot_that_was_changed_says_so(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    make.cast(open_poll, ada, "o2")
    make.published(open_poll)
    assert find_receipt(BID).state == "replaced"


def at_once(count: int, work) -> list[object]:
    """Run `work(i)` in threads that start together; what each returned or raised."""
    start, results = threading.Barrier(count), [None] * count

    def one(i: int) -> None:
        start.wait()
        try:
            results[i] = work(i)
        except errors.Refusal as refusal:
            results[i] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[i]) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_tabs_cast_one_ballot(open_poll: Poll, ada) -> None:
    results = at_once(8, lambda i: make.cast(open_poll, ada, "o1", revision=0))
    assert sum(isinstance(result, actions.Receipt) for result in results) == 1
    assert sum(isinstance(result, errors.BallotStale) for result in results) == 7
    assert stored() == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_sendings_of_one_form_get_one_ballot(open_poll: Poll, ada) -> None:
    results = at_once(8, lambda i: make.cast(open_poll, ada, "o1", bid=BID, revision=0))
    assert {type(result) for result in results} == {actions.Receipt}, "whichever answer the browser shows has the receipt"
    assert len({result.promise for result in results}) == 1
    assert stored() == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_every_ballot_that_got_a_receipt_is_in_the_closing_count(attempt: int) -> None:
    """Casts race the close: each is either in the count or refused."""
    people = make.users(24)
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people)), by=None)

    def work(i: int) -> object:
        if i == 12:
            return actions.close_poll(poll=poll, by=None, at=poll.closes_at)
        return make.cast(poll, people[i], "o1")

    results = at_once(24, work)
    accepted = {result.bid for result in results if isinstance(result, actions.Receipt)}
    refused = [result for result in results if isinstance(result, errors.PollNotOpen)]
    assert len(accepted) + len(refused) == 23
    sequencer.run_once()
    result = actions.publish_result(poll=poll, by=None, at=timezone.now())
    assert result.outcome["input"]["ballots"] == len(accepted)
    assert {state.state for state in map(find_receipt, accepted)} <= {"counted"}
