from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from processes.models import Phase
from processes.views import phase_bar
from proposals.models import Proposal
from tests import make


def add_proposals(process, author, count):
    now = timezone.now()
    Proposal.objects.bulk_create(
        Proposal(
            process=process, author=author, language="en", title=f"Idea {n}", body="Text", folded="", endorsements_count=n,
            comments_count=2, created_at=now, updated_at=now, published_at=now + timedelta(minutes=n),
        )
        for n in range(count)
    )  # fmt: skip


def detail(client, process, language="en"):
    return client.get(reverse("processes:process-detail", args=[process.slug]).replace("/en/", f"/{language}/"))


def test_the_list_tells_running_from_decided_ones(client, db):
    make.process("open", phase=Phase.Type.DEBATE)
    make.process("decided", phase=Phase.Type.RESULTS)
    over = make.process("over", phase=Phase.Type.VOTE)
    over.phases.update(starts_at=timezone.now() - timedelta(days=9), ends_at=timezone.now() - timedelta(days=2))
    answer = client.get(reverse("processes:process-list"))
    assert [card["url"] for card in answer.context["running"]] == ["/en/processes/open/"]
    assert {card["url"]: card["status"] for card in answer.context["others"]} == {
        "/en/processes/decided/": "Results",
        "/en/processes/over/": "Finished",
    }


def test_a_card_counts_what_is_in_the_process(client, ada):
    add_proposals(make.process(phase=Phase.Type.DEBATE), ada, 3)
    card, = client.get(reverse("processes:process-list")).context["running"]
    assert card["facts"] == ["3 proposals", "6 comments"]


def test_one_that_has_not_begun_says_when_it_will(client, db):
    process = make.process()
    process.phases.update(starts_at=timezone.now() + timedelta(days=2), ends_at=timezone.now() + timedelta(days=9))
    card, = client.get(reverse("processes:process-list")).context["others"]
    assert card["status"] == "Not begun"
    assert "begins on" in detail(client, process).content.decode()


def test_unpublished_ones_are_for_staff_only(client, staff, ada):
    process = make.process("secret", published=False)
    assert detail(client, process).status_code == 404
    client.force_login(ada)
    assert detail(client, process).status_code == 404
    assert "/secret/" not in client.get(reverse("processes:process-list")).content.decode()
    client.force_login(staff)
    assert "Not published: only staff see it" in detail(client, process).content.decode()


@pytest.mark.parametrize(
    ("phase", "allowed"),
    [
        (Phase.Type.PROPOSE, {"propose", "endorse", "comment"}),
        (Phase.Type.DEBATE, {"endorse", "comment"}),
        (Phase.Type.VOTE, {"vote", "comment"}),
        (Phase.Type.RESULTS, set()),
    ],
)
def test_it_says_in_words_what_the_phase_permits_and_what_not(client, db, phase, allowed):
    answer = detail(client, make.process(phase=phase))
    permits = answer.context["permits"]
    assert {permit["what"] for permit in permits if permit["allowed"]} == allowed
    # A process that is decided offers its result, not a list of four things that are over.
    assert answer.content.decode().count("not in this phase") == (len(permits) - len(allowed) if allowed else 0)
    # What can be done stands before what cannot.
    assert [permit["allowed"] for permit in permits] == sorted((permit["allowed"] for permit in permits), reverse=True)


def test_one_can_go_from_it_to_the_open_poll(client, open_poll):
    answer = detail(client, open_poll.process)
    permit = answer.context["permits"][0]
    assert (permit["what"], permit["url"]) == ("vote", open_poll.get_absolute_url())
    assert "0 of 1 have voted" in answer.content.decode()


def test_a_draft_poll_is_not_on_it(client, draft_poll, staff):
    assert "What to build?" not in detail(client, draft_poll.process).content.decode()
    client.force_login(staff)
    assert "What to build?" in detail(client, draft_poll.process).content.decode()


def test_a_decided_poll_leads_to_its_result(client, open_poll, ada):
    make.cast(open_poll, ada, "o1")
    poll = make.published(open_poll)
    assert reverse("voting:result", args=[poll.public_id]) in detail(client, poll.process).content.decode()


def test_it_shows_the_most_supported_and_the_newest_proposals(client, ada):
    process = make.process(phase=Phase.Type.DEBATE)
    add_proposals(process, ada, 6)
    answer = detail(client, process)
    assert [proposal.title for proposal in answer.context["most_supported"]] == ["Idea 5", "Idea 4", "Idea 3", "Idea 2"]
    assert [stat["value"] for stat in answer.context["stats"]] == ["6", "12", "15"]


def test_drafts_of_others_are_neither_shown_nor_counted(client, ada, bo):
    process, now = make.process(phase=Phase.Type.PROPOSE), timezone.now()
    Proposal.objects.create(
        process=process, author=ada, language="en", title="Half a thought", body="…", folded="", status="draft", version=-1,
        created_at=now, updated_at=now,
    )  # fmt: skip
    client.force_login(bo)
    answer = detail(client, process)
    assert "Half a thought" not in answer.content.decode()
    assert answer.context["stats"] == []


def test_the_phase_bar_says_what_is_done_what_is_now_and_what_comes(db):
    process, now = make.process(phase=Phase.Type.DEBATE), timezone.now()
    for days, kind in ((-20, Phase.Type.PROPOSE), (6, Phase.Type.VOTE), (9, Phase.Type.RESULTS)):
        start = now + timedelta(days=days)
        end = start + timedelta(days=400 if kind == Phase.Type.RESULTS else 3)
        Phase.objects.create(process=process, type=kind, starts_at=start, ends_at=end)
    bar = phase_bar(process, now)
    assert [phase["state"] for phase in bar] == ["done", "now", "next", "next"]
    assert "–" in bar[0]["when"]
    assert bar[3]["when"].startswith("from ")


def test_html_in_a_description_is_not_run(client, db):
    process = make.process(description={"en": "**Bold** <script>alert(1)</script>"})
    text = detail(client, process).content.decode()
    assert "<strong>Bold</strong>" in text
    assert "<script>alert" not in text


def test_many_proposals_and_polls_take_no_more_queries(client, ada, roll, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    process = make.process(phase=Phase.Type.DEBATE)
    add_proposals(process, ada, 1)
    make.poll(roll=roll, process=process, status="open")
    with CaptureQueriesContext(connection, ) as few:
        detail(client, process)
    add_proposals(process, ada, 20)
    for _number in range(5):
        make.poll(roll=roll, process=process, status="open")
    with django_assert_num_queries(len(few)):
        assert detail(client, process).status_code == 200
    assert len(few) <= 12
