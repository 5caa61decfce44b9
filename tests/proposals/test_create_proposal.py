"""Writing a proposal: draft, preview, publish."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from processes.models import Phase
from processes.rules import NotInThisPhase
from proposals import actions, errors
from proposals.models import Proposal, Version
from tests import make
from tests.proposals.conftest import move_to, propose

TYPED = {"title": "A bench at the ferry", "body": "My mother waits there **standing**, every day.", "language": "en"}


def url(process) -> str:
    return reverse("proposals:proposal-create", args=[process.slug])


def test_it_publishes_the_text_as_its_first_version(proposing, ada, now) -> None:
    proposal = propose(proposing, ada, at=now)
    assert (proposal.status, proposal.version, proposal.published_at) == ("published", 1, now)
    assert list(proposal.versions.values_list("number", "title", "body")) == [(1, proposal.title, proposal.body)]


@pytest.mark.parametrize("phase", [Phase.Type.DEBATE, Phase.Type.VOTE, Phase.Type.RESULTS])
def test_it_refuses_outside_the_phase_for_proposals_and_writes_nothing(proposing, ada, phase) -> None:
    move_to(proposing, phase)
    with pytest.raises(NotInThisPhase):
        propose(proposing, ada)
    assert not Proposal.objects.exists()
    assert not Version.objects.exists()


def test_a_draft_is_seen_by_its_author_alone_until_it_is_published(proposing, ada, bo, staff, now) -> None:
    draft = propose(proposing, ada, draft=True)
    for reader, sees in [(ada, True), (bo, False), (staff, False)]:
        assert Proposal.objects.visible_to(reader).filter(pk=draft.pk).exists() is sees
    assert not draft.versions.exists()
    published = actions.publish_proposal(proposal=draft, by=ada, at=now)
    assert Proposal.objects.visible_to(bo).get() == published
    assert (published.version, published.versions.count()) == (1, 1)
    with pytest.raises(errors.ProposalAlreadyPublished):
        actions.publish_proposal(proposal=draft, by=ada, at=now)


def test_only_the_author_publishes_a_draft(proposing, ada, bo, client: Client) -> None:
    draft = propose(proposing, ada, draft=True)
    client.force_login(bo)
    assert client.post(reverse("proposals:proposal-publish", args=[draft.pk])).status_code == 404
    draft.refresh_from_db()
    assert not draft.is_published
    client.force_login(ada)
    assert client.post(reverse("proposals:proposal-publish", args=[draft.pk])).status_code == 302
    draft.refresh_from_db()
    assert draft.is_published


def test_the_preview_shows_the_text_keeps_the_form_and_publishes_nothing(client: Client, proposing, ada) -> None:
    client.force_login(ada)
    page = client.post(url(proposing), TYPED | {"do": "preview"}).content.decode()
    assert "<strong>standing</strong>" in page
    assert 'value="A bench at the ferry"' in page
    assert "**standing**" in page
    assert not Proposal.objects.exists()


def test_the_preview_names_similar_proposals_and_no_others(client: Client, proposing, ada, bo) -> None:
    propose(proposing, bo, title="A bench for the ferry stop")
    propose(proposing, bo, title="Cheaper swimming lessons")
    client.force_login(ada)
    page = client.post(url(proposing), TYPED | {"do": "preview"}).content.decode()
    assert "A bench for the ferry stop" in page
    assert "Cheaper swimming lessons" not in page


def test_publishing_leads_to_the_proposal(client: Client, proposing, ada) -> None:
    client.force_login(ada)
    answer = client.post(url(proposing), TYPED | {"do": "publish"})
    proposal = Proposal.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, proposal.get_absolute_url())
    assert (proposal.author, proposal.status) == (ada, "published")


def test_a_form_that_cannot_be_read_is_shown_again_with_the_typed_text(client: Client, proposing, ada) -> None:
    client.force_login(ada)
    answer = client.post(url(proposing), TYPED | {"title": "", "do": "publish"})
    assert answer.status_code == 422
    assert "**standing**" in answer.content.decode()
    assert not Proposal.objects.exists()


def test_a_refusal_is_explained_and_keeps_the_typed_text(client: Client, proposing, ada) -> None:
    client.force_login(ada)
    move_to(proposing, Phase.Type.VOTE)
    answer = client.post(url(proposing), TYPED | {"do": "publish"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "does not allow that" in page
    assert "**standing**" in page


def test_who_is_signed_out_meanwhile_keeps_the_typed_text(client: Client, proposing) -> None:
    answer = client.post(url(proposing), TYPED | {"do": "publish"})
    assert answer.status_code == 409
    assert "**standing**" in answer.content.decode()
    assert not Proposal.objects.exists()


def test_without_an_account_one_is_led_to_sign_in_and_back(client: Client, proposing) -> None:
    answer = client.get(url(proposing))
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next={url(proposing)}")


def test_a_district_outside_the_process_is_refused(client: Client, proposing, ada) -> None:
    inside, outside = make.scope("harbour", parent=proposing.scope), make.scope("elsewhere")
    client.force_login(ada)
    assert client.post(url(proposing), TYPED | {"scope": outside.pk, "do": "publish"}).status_code == 422
    assert client.post(url(proposing), TYPED | {"scope": inside.pk, "do": "publish"}).status_code == 302
    assert Proposal.objects.get().scope == inside


def test_writing_too_fast_is_refused_and_the_text_kept(client: Client, proposing, ada, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"proposal_create": "1/h/user"}
    client.force_login(ada)
    client.post(url(proposing), TYPED | {"do": "publish"})
    answer = client.post(url(proposing), TYPED | {"title": "Another bench", "do": "publish"})
    assert answer.status_code == 409
    assert "Another bench" in answer.content.decode()
    assert Proposal.objects.count() == 1


def test_bidi_controls_do_not_get_into_a_title(client: Client, proposing, ada) -> None:
    client.force_login(ada)
    client.post(url(proposing), TYPED | {"title": "A \u202ebench\u2066 here", "do": "publish"})
    assert Proposal.objects.get().title == "A bench here"


def test_a_proposal_outlives_the_account_of_its_author(proposing, ada, client: Client) -> None:
    proposal = propose(proposing, ada, at=timezone.now())
    ada.delete()
    proposal.refresh_from_db()
    assert proposal.author is None
    assert "Former participant" in client.get(proposal.get_absolute_url()).content.decode()
