"""Changing a proposal: every published state is kept, and no text is lost."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from common.refusal import NotPermitted
from processes.models import Phase
from processes.rules import NotInThisPhase
from proposals import actions, errors
from proposals.models import Proposal
from tests import make
from tests.proposals.conftest import move_to, propose


def edit(proposal: Proposal, by, version: int, body: str, at, **fields) -> Proposal:
    return actions.edit_proposal(
        proposal=proposal,
        by=by,
        version=version,
        title=fields.get("title", proposal.title),
        body=body,
        language="en",
        scope=None,
        topic=None,
        at=at,
    )


def test_it_keeps_every_version(proposal, ada, now) -> None:
    edit(proposal, ada, 1, "Twenty lamps, I counted.", now)
    edited = edit(proposal, ada, 2, "Twenty-two lamps, she counted.", now)
    assert (edited.version, edited.body) == (3, "Twenty-two lamps, she counted.")
    assert [version.number for version in proposal.versions.all()] == [3, 2, 1]
    assert proposal.versions.get(number=1).body == proposal.body


def test_an_edit_is_found_by_its_new_words_only(proposal, ada, now) -> None:
    edit(proposal, ada, 1, "Lanterns instead, please.", now)
    assert Proposal.objects.search("lanterns").exists()
    assert not Proposal.objects.search("dark").exists()


def test_a_stale_edit_is_refused_and_changes_nothing(proposal, ada, now) -> None:
    edit(proposal, ada, 1, "What the other window said.", now)
    with pytest.raises(errors.ProposalEditedMeanwhile):
        edit(proposal, ada, 1, "What this window says.", now)
    proposal.refresh_from_db()
    assert (proposal.body, proposal.version, proposal.versions.count()) == ("What the other window said.", 2, 2)


def test_a_stale_draft_is_refused_even_when_it_was_published_meanwhile(proposing, ada, now) -> None:
    draft = propose(proposing, ada, draft=True)
    stale = draft.version
    edit(draft, ada, stale, "Better words than before.", now)
    actions.publish_proposal(proposal=draft, by=ada, at=now)
    with pytest.raises(errors.ProposalEditedMeanwhile):
        edit(draft, ada, stale, "Old words from an old window.", now)


def test_nobody_edits_what_somebody_else_wrote(proposal, bo, staff, now) -> None:
    for person in (bo, staff):
        with pytest.raises(NotPermitted):
            edit(proposal, person, 1, "Somebody else's words.", now)
    proposal.refresh_from_db()
    assert proposal.version == 1


@pytest.mark.parametrize("phase", [Phase.Type.DEBATE, Phase.Type.VOTE, Phase.Type.RESULTS])
def test_the_text_stands_still_after_the_phase_for_proposals(proposal, ada, now, phase) -> None:
    move_to(proposal.process, phase)
    with pytest.raises(NotInThisPhase):
        edit(proposal, ada, 1, "Too late for other words.", now)
    proposal.refresh_from_db()
    assert proposal.version == 1


def test_what_is_put_to_vote_stays_as_it_is(proposal, ada, roll, now, client: Client) -> None:
    option = make.poll(roll=roll).options.first()
    actions.put_to_vote(proposal=proposal, option=option)
    with pytest.raises(errors.ProposalPutToVote):
        edit(proposal, ada, 1, "Quietly something else.", now)
    assert option.poll.get_absolute_url() in client.get(proposal.get_absolute_url()).content.decode()


def form(proposal: Proposal, **changes: str) -> dict[str, str]:
    texts = {"title": proposal.title, "body": proposal.body, "language": "en"}
    return texts | {"version": str(proposal.version), "do": "save"} | changes


def test_the_page_keeps_the_typed_text_of_a_stale_edit_and_the_second_try_replaces(client: Client, proposal, ada, now) -> None:
    client.force_login(ada)
    url = reverse("proposals:proposal-edit", args=[proposal.pk])
    edit(proposal, ada, 1, "What the other window said.", now)
    answer = client.post(url, form(proposal, body="What this window says, at length."))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "What this window says, at length." in page
    assert "What the other window said." in page
    assert 'name="version" value="2"' in page
    assert client.post(url, form(proposal, body="What this window says, at length.", version="2")).status_code == 302
    proposal.refresh_from_db()
    assert (proposal.body, proposal.versions.count()) == ("What this window says, at length.", 3)


def test_previewing_an_edit_saves_nothing(client: Client, proposal, ada) -> None:
    client.force_login(ada)
    url = reverse("proposals:proposal-edit", args=[proposal.pk])
    page = client.post(url, form(proposal, body="Please *twelve* lamps, not ten.", do="preview")).content.decode()
    assert "<em>twelve</em>" in page
    proposal.refresh_from_db()
    assert proposal.version == 1


def test_the_versions_page_shows_every_text(client: Client, proposal, ada, now) -> None:
    edit(proposal, ada, 1, "Twenty lamps, I counted.", now)
    page = client.get(reverse("proposals:proposal-versions", args=[proposal.pk])).content.decode()
    assert "Ten lamps would do." in page
    assert "Twenty lamps, I counted." in page
