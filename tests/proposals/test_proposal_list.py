"""Finding proposals: search, filters, order, pages, addresses."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from proposals.models import Proposal
from proposals.pages import shuffle_seed
from proposals.text import slug_of
from tests import make
from tests.proposals.conftest import propose

ALL = "proposals:proposal-list"


def found(client: Client, query: str = "", url: str | None = None) -> list[str]:
    page = client.get((url or reverse(ALL)) + query).context["page"]
    return [proposal.title for proposal in page]


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("کتابخانه‌ی سیار برای روستا", "كتابخانه"),  # Arabic kaf
        ("کتابخانه‌ی سیار برای روستا", "سيار روستا"),  # Arabic yeh; words in any order
        ("می‌خواهیم درخت بکاریم", "می خواهیم"),  # a space instead of the ZWNJ
        ("می‌خواهیم درخت بکاریم", "میخواهیم"),  # nothing instead of it
        ("پارک شماره ۱۲", "12"),
        ("Ménage at the café", "CAFÉ"),
    ],
)
def test_search_finds_text_however_it_is_typed(proposing, ada, title: str, typed: str) -> None:
    propose(proposing, ada, title=title)
    assert [proposal.title for proposal in Proposal.objects.search(typed)] == [title]


def test_every_word_of_a_search_must_occur(proposing, ada) -> None:
    propose(proposing, ada, title="Lights for the river path")
    assert Proposal.objects.search("path LIGHTS").exists()
    assert not Proposal.objects.search("path moonlight").exists()


def test_signs_that_mean_something_to_a_database_mean_nothing_in_a_search(proposing, ada) -> None:
    propose(proposing, ada, title="Trees on every street", body="A tenth of them at least.")
    for typed in ("%", "_", "100%", "' OR 1=1 --", "\\"):
        assert not Proposal.objects.search(typed).exists()


def test_the_page_counts_narrows_and_says_when_nothing_fits(client: Client, proposing, ada) -> None:
    harbour, parks = make.scope("harbour", parent=proposing.scope), make.topic("parks")
    propose(proposing, ada, title="Trees at the harbour", scope=harbour, topic=parks)
    propose(proposing, ada, title="Lights for the river path")
    page = client.get(reverse(ALL)).content.decode()
    assert "2 proposals" in page
    assert (
        found(client, "?scope=harbour") == found(client, "?topic=parks") == found(client, "?q=tree") == ["Trees at the harbour"]
    )
    assert len(found(client, "?scope=city")) == 1, "a district includes those inside it, and only what lies in them"
    assert "No proposal fits" in client.get(reverse(ALL) + "?q=zeppelin").content.decode()


def test_what_a_filter_cannot_read_is_ignored(client: Client, proposal) -> None:
    assert found(client, "?scope=nowhere&topic=nothing&sort=sideways&page=eleven") == [proposal.title]


def test_it_sorts_by_age_endorsements_and_discussion(client: Client, proposing, ada) -> None:
    for title, endorsements, comments in [("First one", 5, 0), ("Second one", 1, 9), ("Third one", 3, 3)]:
        proposal = propose(proposing, ada, title=title)
        Proposal.objects.filter(pk=proposal.pk).update(endorsements_count=endorsements, comments_count=comments)
    assert found(client) == ["Third one", "Second one", "First one"]
    assert found(client, "?sort=endorsed") == ["First one", "Third one", "Second one"]
    assert found(client, "?sort=discussed") == ["Second one", "Third one", "First one"]


def test_the_shuffled_order_is_fair_stable_for_a_person_and_differs_between_people(proposing, ada, bo, now) -> None:
    made = [propose(proposing, ada, title=f"Proposal {number}").pk for number in range(12)]

    def order(seed: int) -> list[int]:
        return list(Proposal.objects.sorted_by("random", seed=seed).values_list("pk", flat=True))

    ours, theirs = (shuffle_seed(person, now.date()) for person in (ada, bo))
    assert order(ours) == order(ours) != order(theirs)
    assert sorted(order(ours)) == sorted(made)
    first = {order(seed)[0] for seed in range(0, 2**31, 2**31 // 200)}
    assert first == set(made), "everything comes first for somebody"


def test_it_shows_pages_that_keep_the_filter(client: Client, proposing, ada) -> None:
    for number in range(25):
        propose(proposing, ada, title=f"Tree number {number}")
    assert len(found(client, "?q=tree")) == 20
    assert len(found(client, "?q=tree&page=2")) == 5
    assert escape("?q=tree&page=2") in client.get(reverse(ALL) + "?q=tree").content.decode()


def test_htmx_gets_only_the_results(client: Client, proposal) -> None:
    part = client.get(reverse(ALL), headers={"HX-Request": "true"})
    assert proposal.title in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]
    back = client.get(reverse(ALL), headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.content.decode(), "going back restores the whole page"


def test_the_list_of_a_process_shows_its_own(client: Client, proposal, ada) -> None:
    other = make.process("other", phase="propose")
    propose(other, ada, title="Something else again")
    assert found(client, url=reverse("proposals:process-proposals", args=["river"])) == [proposal.title]
    assert len(found(client)) == 2


def test_an_unpublished_process_shows_nothing(client: Client, ada, staff) -> None:
    hidden = propose(make.process("hidden", phase="propose", published=False), staff)
    assert found(client) == []
    assert client.get(reverse("proposals:process-proposals", args=["hidden"])).status_code == 404
    client.force_login(ada)
    assert client.get(hidden.get_absolute_url()).status_code == 404
    client.force_login(staff)
    assert client.get(hidden.get_absolute_url()).status_code == 200


def test_own_drafts_are_offered_to_oneself_only(client: Client, proposing, ada, bo) -> None:
    propose(proposing, ada, title="Half a thought", draft=True)
    client.force_login(ada)
    assert "Half a thought" in client.get(reverse(ALL)).content.decode()
    client.force_login(bo)
    assert "Half a thought" not in client.get(reverse(ALL)).content.decode()


def test_a_page_of_the_list_takes_few_queries_however_long_it_is(client: Client, proposing, ada) -> None:
    url = reverse("proposals:process-proposals", args=["river"])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        return len(captured)

    propose(proposing, ada)
    one = queries()
    for number in range(19):
        propose(proposing, ada, title=f"Tree number {number}", scope=make.scope(f"s{number}", parent=proposing.scope))
    assert queries() == one <= 8


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Lights for the path!", "lights-for-the-path"), ("می‌خواهیم درخت بکاریم", "می-خواهیم-درخت-بکاریم"), ("?!", "-")],
)
def test_the_address_carries_the_words_of_the_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_the_number_decides_and_a_wrong_slug_leads_to_the_right_address(client: Client, proposing, ada) -> None:
    proposal = propose(proposing, ada, title="می‌خواهیم درخت بکاریم")
    right = proposal.get_absolute_url()
    assert client.get(right).status_code == 200
    for wrong in (f"/en/proposals/{proposal.pk}-something-else/", f"/en/proposals/{proposal.pk}/"):
        answer = client.get(wrong + "?order=oldest")
        assert (answer.status_code, answer["Location"]) == (302, right + "?order=oldest")
    assert client.get(f"/en/proposals/{proposal.pk + 1}-x/").status_code == 404
