"""Staff hide and restore proposals and comments: what the public sees, what is counted, logged and told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import object_sha256
from accounts.models import User
from common.refusal import NotPermitted
from moderation.errors import AlreadyHidden, NotHidden
from moderation.models import Act
from outbox import actions as outbox
from processes.models import Process
from proposals import actions, errors
from proposals.models import Comment, Proposal
from tests.proposals.conftest import propose, say
from votelog import sequencer
from votelog.models import Event

pytestmark = pytest.mark.django_db
WORDS = "I have walked it"


def hide(thing: Proposal | Comment, by: User, **fields: Any) -> None:
    given = {"rule": "insult", "reason": "Name the matter, not the man.", "at": timezone.now(), "base_url": "https://v.example/"}
    if isinstance(thing, Comment):
        actions.hide_comment(comment=thing, by=by, **given | fields)
    else:
        actions.hide_proposal(proposal=thing, by=by, **given | fields)


def restore(thing: Proposal | Comment, by: User) -> None:
    given: dict[str, Any] = {"reason": "It was about the lamp.", "at": timezone.now(), "base_url": "https://v.example/"}
    if isinstance(thing, Comment):
        actions.restore_comment(comment=thing, by=by, **given)
    else:
        actions.restore_proposal(proposal=thing, by=by, **given)


def logged() -> list[dict[str, Any]]:
    sequencer.run_once()
    return [json.loads(event.body)["d"] for event in Event.objects.filter(kind="moderation.action").order_by("idx")]


def seen_by(person: User | None, url: str) -> str:
    client = Client()
    if person:
        client.force_login(person)
    return client.get(url, follow=True).content.decode()


def letters() -> list[Any]:
    before = len(mail.outbox)
    outbox.tick(at=timezone.now())
    return mail.outbox[before:]


def test_a_hidden_comment_is_a_notice_for_all_but_its_author_and_staff(
    proposal: Proposal, ada: User, bo: User, staff: User
) -> None:
    comment = say(proposal, ada)
    answer = say(proposal, bo, "Did you, though?", parent=comment)
    hide(comment, staff)
    for reader in (None, bo):
        page = seen_by(reader, comment.get_absolute_url())
        assert WORDS not in page
        assert "This comment was hidden. The rule: It insults or threatens somebody." in page
        assert "Did you, though?" in page
    for reader in (ada, staff):
        assert WORDS in seen_by(reader, comment.get_absolute_url())
    assert "Name the matter" not in seen_by(None, comment.get_absolute_url())
    comment.refresh_from_db()
    assert comment.body == "I have walked it." and answer.parent == comment


def test_a_page_that_asks_for_news_gets_the_notice(proposal: Proposal, ada: User, staff: User) -> None:
    comment = say(proposal, ada)
    hide(comment, staff)
    page = seen_by(None, reverse("proposals:comment-news", args=[proposal.pk]) + "?since=0")
    assert f'id="c{comment.pk}"' in page and "This comment was hidden" in page and WORDS not in page


def test_who_wrote_a_hidden_comment_is_hidden_too(proposal: Proposal, bo: User, staff: User) -> None:
    comment = say(proposal, bo, stance="against")
    assert "Bo" in seen_by(None, comment.get_absolute_url())
    hide(comment, staff)
    page = seen_by(None, comment.get_absolute_url())
    assert f">{bo.display_name}<" not in page and "Hidden comment" in page and "stance--against" not in page


def test_a_hidden_comment_cannot_be_answered(proposal: Proposal, ada: User, bo: User, staff: User) -> None:
    comment = say(proposal, ada)
    hide(comment, staff)
    with pytest.raises(errors.CommentHidden):
        say(proposal, bo, parent=comment)
    assert f"?reply={comment.pk}" not in seen_by(bo, comment.get_absolute_url())
    client = Client()
    client.force_login(bo)
    address = reverse("proposals:comment-create", args=[proposal.pk])
    sent = client.post(address, {"body": "My careful answer", "stance": "for", "parent": comment.pk})
    assert sent.status_code == 409 and "My careful answer" in sent.content.decode()


def test_counters_leave_hidden_comments_out_and_take_restored_ones_back(proposal: Proposal, ada: User, staff: User) -> None:
    first, _ = say(proposal, ada, stance="for"), say(proposal, ada, stance="for")

    def counts() -> tuple[int, int]:
        from proposals.thread import totals

        return Proposal.objects.get(pk=proposal.pk).comments_count, totals(proposal)["for"]

    assert counts() == (2, 2)
    hide(first, staff)
    with pytest.raises(AlreadyHidden):
        hide(first, staff)
    assert counts() == (1, 1)
    restore(first, staff)
    with pytest.raises(NotHidden):
        restore(first, staff)
    assert counts() == (2, 2)
    assert WORDS in seen_by(None, first.get_absolute_url())


def test_a_hidden_proposal_leaves_the_lists_and_every_count(
    proposing: Process, proposal: Proposal, ada: User, staff: User
) -> None:
    say(proposal, ada)
    other = propose(proposing, ada, title="Benches on the square")
    hide(proposal, staff)
    for url in (reverse("proposals:proposal-list"), reverse("proposals:process-proposals", args=[proposing.slug])):
        page = seen_by(None, url)
        assert other.title in page and proposal.title not in page
        assert proposal.title not in seen_by(staff, url)
    assert proposal.title not in seen_by(None, proposing.get_absolute_url())
    assert "1 proposal" in seen_by(None, reverse("processes:process-list"))
    assert "1 comment" not in seen_by(None, reverse("processes:process-list"))
    restore(proposal, staff)
    assert proposal.title in seen_by(None, reverse("proposals:proposal-list"))


def test_no_page_and_no_address_shows_the_text_of_a_hidden_proposal(proposal: Proposal, bo: User, ada: User, staff: User) -> None:
    shown = proposal.get_absolute_url()
    hide(proposal, staff, rule="personal_data")
    pages = [
        shown,
        reverse("proposals:proposal-short", args=[proposal.pk]),
        reverse("proposals:proposal-versions", args=[proposal.pk]),
        reverse("proposals:proposal-edit", args=[proposal.pk]),
    ]
    for reader in (None, bo):
        for url in pages:
            page = seen_by(reader, url)
            assert "river path" not in page and "lights-for" not in page and "After dark" not in page, url
        assert "It tells private things about somebody." in seen_by(reader, shown)
        assert f">{ada.display_name}<" not in seen_by(reader, shown)
    for reader in (ada, staff):
        page = seen_by(reader, shown)
        assert "river path" in page and "After dark" in page and "This proposal was hidden" in page


def test_a_hidden_proposal_can_be_neither_endorsed_nor_commented_on_nor_changed(
    proposal: Proposal, ada: User, bo: User, staff: User, now: datetime
) -> None:
    hide(proposal, staff)
    proposal.refresh_from_db()
    with pytest.raises(errors.ProposalHidden):
        actions.endorse(proposal=proposal, by=bo, at=now)
    with pytest.raises(errors.ProposalHidden):
        say(proposal, bo)
    with pytest.raises(errors.ProposalHidden):
        actions.edit_proposal(
            proposal=proposal, by=ada, version=1, title="Other", body="Other", language="en", scope=None, topic=None, at=now
        )
    proposal.refresh_from_db()
    assert (proposal.endorsements_count, proposal.comments_count, proposal.version) == (0, 0, 1)
    page = seen_by(bo, proposal.get_absolute_url())
    assert "endorse-button" not in page and 'name="body"' not in page


def test_a_draft_cannot_be_hidden(proposing: Process, ada: User, staff: User) -> None:
    draft = propose(proposing, ada, draft=True)
    with pytest.raises(errors.ProposalNotPublished):
        hide(draft, staff)
    assert logged() == []


def test_the_log_names_the_object_by_a_fingerprint_and_staff_by_a_pseudonym(proposal: Proposal, ada: User, staff: User) -> None:
    comment = say(proposal, ada)
    hide(comment, staff)
    restore(comment, staff)
    hide(proposal, staff, rule="spam")
    this = object_sha256("comment", comment.pk)
    that = object_sha256("proposal", proposal.pk)
    assert logged() == [
        {"action": "hide", "actor": staff.pseudonym, "object_sha256": this, "rule": "insult"},
        {"action": "restore", "actor": staff.pseudonym, "object_sha256": this, "rule": "insult"},
        {"action": "hide", "actor": staff.pseudonym, "object_sha256": that, "rule": "spam"},
    ]


def test_the_fingerprint_of_an_object_is_that_of_kind_colon_number() -> None:
    # printf 'comment:71' | sha256sum
    assert object_sha256("comment", 71) == "590182a9af9eac0628c66df3a4dfb1ee6de79d908cf0d89f204e2aa7cafb06c5"


def test_the_author_is_told_the_rule_the_reason_and_what_to_do(
    proposal: Proposal, ada: User, staff: User, settings: Any
) -> None:
    settings.CONTACT_MAIL = "appeals@city.example"
    comment = say(proposal, ada)
    hide(comment, staff)
    (letter,) = letters()
    assert letter.to == [ada.email] and letter.subject == "A text of yours was hidden"
    assert "It insults or threatens somebody." in letter.body and "Name the matter, not the man." in letter.body
    assert "I have walked it." in letter.body and f"https://v.example/en/comments/{comment.pk}/" in letter.body
    assert "appeals@city.example" in letter.body and letter.reply_to == ["appeals@city.example"]
    assert staff.display_name not in letter.body and staff.email not in letter.body
    restore(comment, staff)
    (letter,) = letters()
    assert letter.subject == "A text of yours is shown again" and "It was about the lamp." in letter.body


def test_the_mail_speaks_the_language_of_the_author(proposal: Proposal, ada: User, staff: User) -> None:
    ada.language = "fa"
    ada.save(update_fields=["language"])
    hide(say(proposal, ada), staff)
    assert "/fa/comments/" in letters()[0].body


def test_only_staff_hide(proposal: Proposal, ada: User, bo: User) -> None:
    comment = say(proposal, ada)
    for thing in (comment, proposal):
        for person in (ada, bo):
            with pytest.raises(NotPermitted):
                hide(thing, person)
    client = Client()
    urls = [
        reverse("proposals:comment-moderate", args=[comment.pk]),
        reverse("proposals:proposal-moderate", args=[proposal.pk]),
    ]
    for url in urls:
        assert client.post(url, {"rule": "spam"}).status_code == 302
    client.force_login(ada)
    for url in urls:
        assert client.get(url).status_code == client.post(url, {"rule": "spam", "do": "hide"}).status_code == 403
    assert "/moderate/" not in seen_by(ada, comment.get_absolute_url())
    comment.refresh_from_db()
    assert comment.hidden == "" and logged() == [] and letters() == []


def test_staff_hide_and_restore_on_a_page_that_asks_for_the_rule(proposal: Proposal, ada: User, staff: User) -> None:
    comment = say(proposal, ada)
    url = reverse("proposals:comment-moderate", args=[comment.pk])
    assert url in seen_by(staff, comment.get_absolute_url())
    client = Client()
    client.force_login(staff)
    assert WORDS in client.get(url).content.decode()
    unruly = client.post(url, {"do": "hide", "reason": "Because I say so"})
    assert unruly.status_code == 422 and "Because I say so" in unruly.content.decode()
    assert client.post(url, {"do": "hide", "rule": "house_style"}).status_code == 422
    assert client.post(url, {"do": "hide", "rule": "off_topic", "reason": ""})["Location"] == comment.get_absolute_url()
    again = client.post(url, {"do": "hide", "rule": "spam", "reason": ""})
    assert again.status_code == 409 and "hidden already" in again.content.decode()
    comment.refresh_from_db()
    assert comment.hidden == "off_topic"
    assert client.post(url, {"do": "restore", "reason": ""}).status_code == 302
    assert client.post(url, {"do": "restore", "reason": ""}).status_code == 409
    comment.refresh_from_db()
    assert comment.hidden == "" and Act.objects.count() == 2


def test_looking_at_the_page_hides_nothing(proposal: Proposal, staff: User) -> None:
    seen_by(staff, reverse("proposals:proposal-moderate", args=[proposal.pk]))
    proposal.refresh_from_db()
    assert proposal.hidden == ""


def test_the_public_list_says_what_was_hidden_when_and_why_without_a_name(proposal: Proposal, ada: User, staff: User) -> None:
    url = reverse("moderation:act-list")
    assert "Nothing was ever hidden" in seen_by(None, url)
    first, second = say(proposal, ada), say(proposal, ada, "Buy my lamps")
    hide(first, staff)
    hide(second, staff, rule="spam")
    restore(first, staff)
    page = seen_by(None, url)
    main = page.split("<main", 1)[1]
    assert main.index(f"/en/comments/{second.pk}/") < main.index(f"/en/comments/{first.pk}/")
    table = main.split("<tbody>")[1].split("</tbody>")[0]
    newest, oldest = table.split("</tr>")[:2]
    assert "It is advertising" in newest and "<td>No</td>" in newest
    assert "It insults" in oldest and "<td>No</td>" not in oldest
    assert not any(text in main for text in (ada.display_name, staff.display_name, "Name the matter", WORDS, "Buy my lamps"))
    assert seen_by(None, f"/en/comments/{first.pk}/").count(WORDS) >= 1
