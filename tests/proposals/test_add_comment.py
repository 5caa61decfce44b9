"""Saying something in a thread, and telling every open page of it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from processes.models import Phase
from processes.rules import NotInThisPhase
from proposals import actions, errors
from proposals.models import Comment
from realtime import hub
from realtime.actions import last_seq
from tests import make
from tests.proposals.conftest import move_to, propose, say


class Page:
    """A page that watches a topic: what the hub sends it."""

    def __init__(self, topic: str) -> None:
        self.messages: list[dict] = []
        self.loop = asyncio.new_event_loop()
        self.topic = topic

    def deliver(self, message: dict) -> None:
        self.messages.append(message)

    def __enter__(self) -> Page:
        hub.join(self.topic, self)
        return self

    def __exit__(self, *_: object) -> None:
        hub.leave(self.topic, self)
        self.loop.close()

    def heard(self) -> list[dict]:
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        return self.messages


@pytest.fixture
def in_one_process(settings) -> None:
    settings.REDIS_URL = ""


def test_it_stands_in_the_thread_and_is_counted(proposal, bo) -> None:
    comment = say(proposal, bo, "Lamps attract moths.", stance="against")
    proposal.refresh_from_db()
    assert (proposal.comments_count, comment.depth, comment.shown_under) == (1, 0, None)
    assert proposal.comments.get().stance == "against"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("in_one_process")
def test_what_is_said_in_a_process_that_is_not_published_is_told_to_nobody_outside(proposal, ada) -> None:
    proposal.process.published = False
    proposal.process.save()
    with Page(proposal.live_topic) as page:
        say(proposal, ada, "Staff among themselves.")
        assert page.heard() == []


def test_an_answer_stands_below_what_it_answers(proposal, ada, bo) -> None:
    first, second = say(proposal, ada), say(proposal, bo)
    answer = say(proposal, bo, parent=first)
    assert [comment.pk for comment in proposal.comments.all()] == [first.pk, answer.pk, second.pk]
    assert (answer.depth, answer.shown_under, answer.beginning_id) == (1, first.pk, first.pk)


def test_below_the_fifth_answer_the_thread_goes_no_deeper(proposal, ada) -> None:
    chain = [say(proposal, ada)]
    for _ in range(7):
        chain.append(say(proposal, ada, parent=chain[-1]))
    assert [comment.depth for comment in chain] == [0, 1, 2, 3, 4, 5, 5, 5]
    assert {comment.shown_under for comment in chain[5:]} == {chain[4].pk}
    assert chain[7].parent == chain[6]
    assert [comment.pk for comment in proposal.comments.all()] == [comment.pk for comment in chain]


@pytest.mark.parametrize("phase", [Phase.Type.RESULTS])
def test_it_is_refused_where_the_phase_forbids_it_and_nothing_changes(proposal, bo, phase) -> None:
    move_to(proposal.process, phase)
    with pytest.raises(NotInThisPhase):
        say(proposal, bo)
    proposal.refresh_from_db()
    assert (proposal.comments_count, Comment.objects.count(), last_seq(proposal.live_topic)) == (0, 0, 0)


def test_an_answer_to_a_comment_of_another_proposal_is_refused(proposal, ada, bo) -> None:
    other = say(propose(proposal.process, ada, title="Another one altogether"), ada)
    with pytest.raises(errors.CommentElsewhere):
        say(proposal, bo, parent=other)
    proposal.refresh_from_db()
    assert proposal.comments_count == 0


def test_a_draft_takes_no_comments(proposing, ada) -> None:
    with pytest.raises(errors.ProposalNotPublished):
        say(propose(proposing, ada, draft=True), ada)


def test_every_open_page_is_told_exactly_once_after_the_commit(
    proposal, bo, in_one_process, django_capture_on_commit_callbacks
) -> None:
    with Page(proposal.live_topic) as page:
        with django_capture_on_commit_callbacks(execute=True):
            comment = say(proposal, bo, "Lamps attract **moths**.")
            assert page.heard() == []
        (message,) = page.heard()
    assert message["seq"] == last_seq(proposal.live_topic) == 1
    assert set(message["html"]) == {"en", "fa"}
    for html in message["html"].values():
        assert html.count("data-live-item=") == 1
        assert f'data-live-item="{comment.pk}" data-live-parent="0"' in html
        assert "<strong>moths</strong>" in html


def test_nobody_is_told_of_what_was_rolled_back(proposal, bo, in_one_process, django_capture_on_commit_callbacks) -> None:
    with Page(proposal.live_topic) as page:
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            say(proposal, bo)
            transaction.set_rollback(True)
        assert page.heard() == []
    proposal.refresh_from_db()
    assert (proposal.comments_count, last_seq(proposal.live_topic)) == (0, 0)


def test_what_is_sent_to_open_pages_is_what_the_page_itself_shows(
    client: Client, proposal, bo, in_one_process, django_capture_on_commit_callbacks
) -> None:
    with Page(proposal.live_topic) as page:
        with django_capture_on_commit_callbacks(execute=True):
            comment = say(proposal, bo, stance="for")
        (message,) = page.heard()
    sent = article(message["html"]["en"], comment)
    assert sent == article(client.get(proposal.get_absolute_url()).content.decode(), comment)


def article(html: str, comment: Comment) -> str:
    begin = html.index(f'<article class="comment" id="c{comment.pk}"')
    return html[begin : html.index("</article>", begin)]


def post(client: Client, proposal, htmx: bool = False, **typed: object):
    url = reverse("proposals:comment-create", args=[proposal.pk])
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(url, {"body": "I have walked it.", "stance": "for"} | typed, headers=headers)


def test_the_form_works_without_javascript_and_leads_to_the_comment(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    answer = post(client, proposal)
    comment = proposal.comments.get()
    assert (answer.status_code, comment.author, comment.stance) == (302, bo, "for")
    assert answer["Location"] == f"{proposal.get_absolute_url()}?c={comment.pk}#c{comment.pk}"


def test_the_reply_form_stands_under_its_comment_without_javascript(client: Client, proposal, ada, bo) -> None:
    comment = say(proposal, ada)
    client.force_login(bo)
    page = client.get(f"{proposal.get_absolute_url()}?reply={comment.pk}").content.decode()
    assert f'id="r{comment.pk}"' in article(page, comment)
    assert 'id="compose"' not in page
    post(client, proposal, parent=comment.pk)
    assert proposal.comments.last().parent == comment


def test_htmx_gets_an_empty_form_and_the_comment_to_insert(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    part = post(client, proposal, htmx=True, body="Moths like lamps.").content.decode()
    assert "<html" not in part
    form, template = part.split("<template", 1)
    assert 'id="compose"' in form
    assert "Moths like lamps." not in form
    assert "Moths like lamps." in template


@pytest.mark.parametrize("htmx", [False, True])
def test_an_empty_comment_is_not_published(client: Client, proposal, bo, htmx) -> None:
    client.force_login(bo)
    answer = post(client, proposal, htmx, body=" ")
    assert answer.status_code == 422
    assert "Write something before you publish it." in answer.content.decode()
    assert not Comment.objects.exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_a_refusal_keeps_the_typed_text(client: Client, proposal, bo, htmx) -> None:
    client.force_login(bo)
    move_to(proposal.process, Phase.Type.RESULTS)
    answer = post(client, proposal, htmx, body="A long thought.")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "does not allow that" in page
    assert "A long thought." in page
    assert not Comment.objects.exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_who_is_signed_out_meanwhile_keeps_the_typed_text(client: Client, proposal, htmx) -> None:
    answer = post(client, proposal, htmx, body="A long thought.")
    assert answer.status_code == 409
    assert "A long thought." in answer.content.decode()
    assert not Comment.objects.exists()


def test_writing_too_fast_is_refused_and_the_text_kept(client: Client, proposal, bo, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"comment_create": "1/h/user"}
    client.force_login(bo)
    post(client, proposal)
    answer = post(client, proposal, body="And another thing.")
    assert answer.status_code == 409
    assert "And another thing." in answer.content.decode()
    assert Comment.objects.count() == 1


def test_the_language_of_a_comment_is_that_of_its_letters(client: Client, proposal, bo) -> None:
    client.force_login(bo)
    post(client, proposal, body="من هر شب از آنجا می‌گذرم، OK?")
    post(client, proposal, body="I pass it every night, باشه?")
    assert list(Comment.objects.order_by("pk").values_list("language", flat=True)) == ["fa", "en"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_comments_at_once_are_counted_and_numbered_in_the_order_of_commits(proposal) -> None:
    people, start, failed = make.users(8), threading.Barrier(8), []

    def speak(person) -> None:
        start.wait()
        try:
            say(proposal, person)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=speak, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proposal.refresh_from_db()
    assert failed == []
    assert (proposal.comments_count, proposal.comments.count(), last_seq(proposal.live_topic)) == (8, 8, 8)


def test_comments_are_said_through_actions_at_a_given_moment(proposal, bo, now) -> None:
    comment = actions.add_comment(proposal=proposal, author=bo, body="x", stance="for", language="en", at=now)
    assert comment.at == now
