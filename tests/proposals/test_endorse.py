"""Endorsing: once a person, counted right."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from processes.models import Phase
from processes.rules import NotInThisPhase
from proposals import actions, errors
from proposals.models import Endorsement, Proposal
from tests import make
from tests.proposals.conftest import move_to, propose


def count(proposal: Proposal) -> tuple[int, int]:
    proposal.refresh_from_db()
    return proposal.endorsements_count, proposal.endorsements.count()


def test_an_endorsement_counts_once_however_often_the_button_is_pressed(proposal, bo, now) -> None:
    actions.endorse(proposal=proposal, by=bo, at=now)
    actions.endorse(proposal=proposal, by=bo, at=now)
    assert count(proposal) == (1, 1)


def test_withdrawing_takes_back_only_what_was_given(proposal, ada, bo, now) -> None:
    actions.endorse(proposal=proposal, by=bo, at=now)
    actions.withdraw_endorsement(proposal=proposal, by=ada, at=now)
    assert count(proposal) == (1, 1)
    actions.withdraw_endorsement(proposal=proposal, by=bo, at=now)
    actions.withdraw_endorsement(proposal=proposal, by=bo, at=now)
    assert count(proposal) == (0, 0)


@pytest.mark.parametrize("phase", [Phase.Type.VOTE, Phase.Type.RESULTS])
def test_it_is_refused_where_the_phase_forbids_it_and_nothing_changes(proposal, bo, now, phase) -> None:
    actions.endorse(proposal=proposal, by=bo, at=now)
    move_to(proposal.process, phase)
    for act in (actions.endorse, actions.withdraw_endorsement):
        with pytest.raises(NotInThisPhase):
            act(proposal=proposal, by=bo, at=now)
    assert count(proposal) == (1, 1)


def test_a_draft_is_not_endorsed(proposing, ada, now) -> None:
    draft = propose(proposing, ada, draft=True)
    with pytest.raises(errors.ProposalNotPublished):
        actions.endorse(proposal=draft, by=ada, at=now)
    assert count(draft) == (0, 0)


def test_support_stays_when_the_account_is_erased(proposal, bo, now) -> None:
    actions.endorse(proposal=proposal, by=bo, at=now)
    bo.delete()
    assert count(proposal) == (1, 1)


def test_the_button_works_without_javascript(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    answer = client.post(reverse("proposals:proposal-endorse", args=[proposal.pk]))
    assert (answer.status_code, answer["Location"]) == (302, proposal.get_absolute_url() + "#endorse")
    assert count(proposal) == (1, 1)
    assert "You endorse this" in client.get(proposal.get_absolute_url()).content.decode()
    client.post(reverse("proposals:endorsement-withdraw", args=[proposal.pk]))
    assert count(proposal) == (0, 0)


def test_htmx_gets_only_the_box(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    url = reverse("proposals:proposal-endorse", args=[proposal.pk])
    part = client.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "1 person endorses this" in part
    assert "<html" not in part


def test_a_refusal_is_shown_where_the_button_was(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    move_to(proposal.process, Phase.Type.VOTE)
    answer = client.post(reverse("proposals:proposal-endorse", args=[proposal.pk]))
    assert answer.status_code == 409
    assert "does not allow that" in answer.content.decode()
    assert count(proposal) == (0, 0)


def test_without_an_account_nothing_is_endorsed_and_the_page_says_what_to_do(client: Client, proposal) -> None:
    answer = client.post(reverse("proposals:proposal-endorse", args=[proposal.pk]))
    assert answer.status_code == 409
    assert "Sign in to take part" in answer.content.decode()
    assert count(proposal) == (0, 0)


def test_reading_a_page_endorses_nothing(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    assert client.get(reverse("proposals:proposal-endorse", args=[proposal.pk])).status_code == 405


def at_once(*works) -> list[BaseException]:
    """Run the functions at the same moment, each on a connection of its own."""
    start, failed = threading.Barrier(len(works)), []

    def run(work) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_people_at_once_are_eight_endorsements(proposal, now) -> None:
    people = make.users(8)
    works = [lambda person=person: actions.endorse(proposal=proposal, by=person, at=now) for person in people]
    assert at_once(*works) == []
    assert count(proposal) == (8, 8)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_person_in_eight_windows_is_one_endorsement(proposal, bo, now) -> None:
    assert at_once(*[lambda: actions.endorse(proposal=proposal, by=bo, at=now)] * 8) == []
    assert count(proposal) == (1, 1)
    assert Endorsement.objects.get().person == bo


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_person_withdrawing_in_eight_windows_takes_back_one(proposal, ada, bo, now) -> None:
    actions.endorse(proposal=proposal, by=ada, at=now)
    actions.endorse(proposal=proposal, by=bo, at=now)
    assert at_once(*[lambda: actions.withdraw_endorsement(proposal=proposal, by=bo, at=now)] * 8) == []
    assert count(proposal) == (1, 1)
