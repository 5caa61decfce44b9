from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from deliberate import views
from processes.models import Phase
from proposals.models import Comment, Proposal
from tests import make
from voting import actions
from voting.models import Delivery


def proposal(process, author, title="A bridge", **fields):
    now = timezone.now()
    return Proposal.objects.create(
        process=process, author=author, language="en", title=title, body="Over the river.", folded="",
        created_at=now, updated_at=now, published_at=now, **fields,
    )  # fmt: skip


def comment(proposal, author, at):
    made = Comment.objects.create(proposal=proposal, author=author, language="en", body="Yes.", at=at, depth=0)
    Proposal.objects.filter(pk=proposal.pk).update(comments_count=proposal.comments.count())
    return made


def test_it_leads_with_the_open_poll_how_many_voted_and_how_long_it_stays_open(client, open_poll, ada):
    make.cast(open_poll, ada, "o1")
    item, = client.get("/en/").context["today"]
    assert item["title"] == "Vote: What to build?"
    assert item["url"] == open_poll.get_absolute_url()
    assert "of 1 have voted" in item["note"]
    assert "1 day left" in item["deadline"]
    assert item["deadline_kind"] == "soon"


def test_it_says_so_in_persian(client, open_poll):
    text = client.get("/fa/").content.decode()
    assert '<html lang="fa" dir="rtl"' in text
    assert "چه بسازیم؟" in text


def test_what_ends_first_comes_first(client, open_poll, ada):
    soon = make.process("streets", phase=Phase.Type.DEBATE)
    soon.phases.update(ends_at=timezone.now() + timedelta(hours=5))
    make.process("parks", phase=Phase.Type.PROPOSE)
    titles = [item["title"] for item in client.get("/en/").context["today"]]
    assert titles == ["Debate: Our budget", "Vote: What to build?", "Propose: Our budget"]


def test_a_debate_tells_how_much_is_being_said(client, ada):
    process, now = make.process("streets", phase=Phase.Type.DEBATE), timezone.now()
    bridge = proposal(process, ada)
    comment(bridge, ada, now - timedelta(days=3))
    comment(bridge, ada, now - timedelta(hours=3))
    item, = client.get("/en/").context["today"]
    assert item["note"] == "1 proposal · 2 comments, 1 since yesterday"


def test_drafts_closed_polls_and_unpublished_processes_are_not_on_it(client, draft_poll, ada):
    hidden = make.process("hidden", phase=Phase.Type.DEBATE, published=False)
    hidden.title = {"en": "Secret plan"}
    hidden.save()
    text = client.get("/en/").content.decode()
    assert "Secret plan" not in text
    assert draft_poll.get_absolute_url() not in text
    assert "Nothing is open today" in text


def test_results_name_what_was_chosen_and_link_to_it(client, open_poll, ada):
    make.cast(open_poll, ada, "o1", "o2")
    poll = make.published(open_poll)
    answer = client.get("/en/")
    result, = answer.context["results"]
    assert [option.key for option in result.chosen] == result.outcome["winners"][:4] != []
    assert f"/en/polls/{poll.public_id}/result/" in answer.content.decode()
    assert f"poll http://testserver {poll.public_id}" in answer.content.decode()


def test_an_election_is_not_said_to_have_chosen_projects(client, ada):
    election = make.election(roll=make.roll(ada), method="irv-v1", ballot={"rank": {}})
    poll = actions.open_poll(poll=election, by=None)
    make.cast(poll, ada, b={"rank": [["o2"], ["o1"]]})
    make.published(poll)
    text = client.get("/en/").content.decode()
    assert "Chosen out of 4:" in text
    assert "projects were" not in text and "project was" not in text


def test_it_shows_what_became_of_the_winners(client, open_poll, ada):
    make.cast(open_poll, ada, "o1")
    poll = make.published(open_poll)
    Delivery.objects.create(
        option=poll.options.get(key="o1"), status="building", happened_at=timezone.now(), spent=12345
    )
    text = client.get("/en/").content.decode()
    assert "Under construction" in text
    assert "12,345" in text


def test_it_counts_people_proposals_comments_and_ballots(client, ada, bo):
    comment(proposal(make.process(), ada), bo, timezone.now())
    shown = {stat["label"]: stat["value"] for stat in client.get("/en/").context["stats"]}
    assert shown == {"people": "2", "proposals": "1", "comments": "1", "ballots": "0"}


def test_it_takes_twelve_queries_however_much_there_is(client, open_poll, ada, django_assert_max_num_queries):
    for number in range(4):
        process = make.process(f"p{number}", phase=Phase.Type.DEBATE)
        for title in "abc":
            comment(proposal(process, ada, title), ada, timezone.now())
    make.cast(open_poll, ada, "o1")
    make.published(open_poll)
    with django_assert_max_num_queries(12):
        assert client.get("/en/").status_code == 200


def test_it_writes_nothing_and_sets_no_cookie_but_the_one_of_its_forms(client, open_poll):
    answer = client.get("/en/")
    assert set(answer.cookies) <= {"csrftoken"}


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("view", [views.home, views.about, views.log_about, views.verify])
def test_it_can_only_be_read(view, method):
    assert view(getattr(RequestFactory(), method)("/")).status_code == 405


def test_an_empty_instance_says_so(client, db):
    answer = client.get("/en/")
    assert answer.status_code == 200
    assert "Nothing is open today" in answer.content.decode()
