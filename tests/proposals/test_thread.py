"""Reading a thread: order, pages, links, what was missed, and that nothing in it is dangerous or slow."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from processes.models import Phase
from proposals.models import Comment, Proposal, segment
from proposals.thread import BEGINNINGS_A_PAGE, NEWS_AT_ONCE, REPLIES_AT_FIRST, read_thread
from tests.proposals.conftest import move_to, propose, say


def shown(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-live-item="(\d+)"', html)]


def page(client: Client, proposal: Proposal, query: str = "", htmx: bool = False) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    return client.get(proposal.get_absolute_url() + query, headers=headers).content.decode()


def many(proposal: Proposal, author, beginnings: int, replies: int = 0) -> list[Comment]:
    """A long thread, written at once."""
    start = (Comment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    rows = []
    for top in range(start, start + beginnings * (replies + 1), replies + 1):
        for number in range(top, top + replies + 1):
            path = segment(top) if number == top else segment(top) + segment(number)
            rows.append(
                Comment(
                    pk=number,
                    proposal=proposal,
                    parent_id=None if number == top else top,
                    path=path,
                    depth=int(number != top),
                    author=author,
                    language="en",
                    body="Some **words** of a person.",
                    at=timezone.now(),
                )
            )
    return Comment.objects.bulk_create(rows)


def test_newest_conversations_come_first_and_their_replies_in_order(client: Client, proposal, ada, bo) -> None:
    first, second = say(proposal, ada), say(proposal, bo)
    early, late = say(proposal, bo, parent=first), say(proposal, ada, parent=first)
    assert shown(page(client, proposal)) == [second.pk, first.pk, early.pk, late.pk]
    assert shown(page(client, proposal, "?order=oldest")) == [first.pk, early.pk, late.pk, second.pk]


def test_a_long_thread_comes_in_pages_that_lose_and_repeat_nothing(client: Client, proposal, ada) -> None:
    rows = many(proposal, ada, beginnings=120, replies=1)
    for order in ("newest", "oldest"):
        seen, query = [], f"?order={order}"
        for _ in range(5):
            html = page(client, proposal, query, htmx="from" in query)
            seen += shown(html)
            assert len(shown(html)) <= 2 * BEGINNINGS_A_PAGE
            if following := re.search(r"from=(\d+)", html):
                query = f"?order={order}&from={following[1]}"
        assert sorted(seen) == sorted(row.pk for row in rows)
        assert len(set(seen)) == len(seen)


def test_a_link_to_a_comment_leads_to_the_page_on_which_it_stands(client: Client, proposal, ada) -> None:
    rows = many(proposal, ada, beginnings=120, replies=1)
    old = rows[1]
    assert old.pk not in shown(page(client, proposal))
    assert old.pk in shown(page(client, proposal, f"?c={old.pk}"))
    assert old.get_absolute_url().endswith(f"?c={old.pk}#c{old.pk}")


@pytest.mark.parametrize("query", ["?c=x", "?c=99999999", "?from=-1", "?from=9e9", "?reply=۱۲x", "?order=up", "?c=" + "9" * 40])
def test_an_address_that_makes_no_sense_shows_the_thread_all_the_same(client: Client, proposal, ada, query) -> None:
    say(proposal, ada)
    assert client.get(proposal.get_absolute_url() + query).status_code == 200


@pytest.mark.parametrize("signed_in", [False, True])
def test_five_hundred_comments_take_eight_queries_at_most(client: Client, proposal, ada, bo, signed_in) -> None:
    many(proposal, ada, beginnings=BEGINNINGS_A_PAGE, replies=500 // BEGINNINGS_A_PAGE - 1)
    if signed_in:
        client.force_login(bo)
    with CaptureQueriesContext(connection) as queries:
        html = page(client, proposal)
    assert len(shown(html)) == 500
    assert len(queries) <= 8, "\n".join(query["sql"][:150] for query in queries)


def test_nesting_is_read_in_two_queries(proposal, ada, django_assert_num_queries) -> None:
    chain = say(proposal, ada)
    for _ in range(8):
        chain = say(proposal, ada, parent=chain)
    proposal = Proposal.objects.get(pk=proposal.pk)
    with django_assert_num_queries(2):
        thread = read_thread(proposal, newest_first=True)
        deepest = thread.conversations[0].replies[0].replies[0].replies[0].replies[0].replies
        assert [answer.answers.author.display_name if answer.answers else "" for answer in deepest] == ["", "Ada", "Ada", "Ada"]


def news(client: Client, proposal: Proposal, since: object) -> str:
    answer = client.get(reverse("proposals:comment-news", args=[proposal.pk]), {"since": since})
    assert "no-cache" in answer["Cache-Control"]
    return answer.content.decode()


def test_a_page_that_missed_something_gets_just_that(client: Client, proposal, ada, bo) -> None:
    old = say(proposal, ada)
    html = page(client, proposal)
    assert f'data-live-since="{old.pk}"' in html
    assert 'data-live-seq="1"' in html
    missed, answer = say(proposal, bo), say(proposal, bo, parent=old)
    assert shown(news(client, proposal, old.pk)) == [missed.pk, answer.pk]
    assert shown(news(client, proposal, answer.pk)) == []
    assert "data-live-continue" not in news(client, proposal, 0)


def test_what_was_missed_comes_in_parts_when_it_is_much(client: Client, proposal, ada) -> None:
    rows = many(proposal, ada, beginnings=NEWS_AT_ONCE + 10)
    first = news(client, proposal, 0)
    assert len(shown(first)) == NEWS_AT_ONCE
    assert "data-live-continue" in first
    assert shown(news(client, proposal, max(shown(first)))) == [row.pk for row in rows[-10:]]


def test_nothing_is_told_of_a_thread_that_one_may_not_see(client: Client, proposing, ada) -> None:
    draft = propose(proposing, ada, draft=True)
    assert client.get(reverse("proposals:comment-news", args=[draft.pk])).status_code == 404


def test_the_balance_counts_stances(client: Client, proposal, ada, bo) -> None:
    for stance in ("for", "for", "against", "neutral"):
        say(proposal, bo, stance=stance)
    context = client.get(proposal.get_absolute_url()).context
    assert context["totals"] == {"for": 2, "neutral": 1, "against": 1, "for_and_neutral": 3, "all": 4}


def test_where_the_phase_forbids_comments_no_form_and_no_reply_is_offered(client: Client, proposal, ada, bo) -> None:
    say(proposal, ada)
    client.force_login(bo)
    move_to(proposal.process, Phase.Type.RESULTS)
    html = page(client, proposal)
    assert "?reply=" not in html
    assert "<textarea" not in html
    assert "Comments are closed in this phase." in html


def test_who_has_no_account_is_offered_to_sign_in_and_come_back(client: Client, proposal, ada) -> None:
    comment = say(proposal, ada)
    html = page(client, proposal)
    assert "<textarea" not in html
    assert f"?next={proposal.get_absolute_url()}%23compose" in html
    part = page(client, proposal, f"?reply={comment.pk}", htmx=True)
    assert f"%3Freply%3D{comment.pk}" in part
    assert "<html" not in part


def test_the_page_is_persian_where_the_reader_is(client: Client, proposal, ada) -> None:
    say(proposal, ada, "سلام", language="fa")
    html = client.get(proposal.get_absolute_url().replace("/en/", "/fa/")).content.decode()
    assert '<html lang="fa" dir="rtl"' in html
    assert 'dir="auto" lang="fa"' in html
    assert "۱" in html


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVa\tScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](//evil.example)",
    "[x](vbscript:msgbox)",
    "<div hx-get='/x' hx-trigger=load>x</div>",
    "<p style='position:fixed'>x</p>",
    "<iframe src=//evil.example></iframe>",
    "<style>*{display:none}</style>",
    "<form action=//evil.example><input name=q></form>",
    "![x](javascript:alert(1))",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "</template></article><script>alert(1)</script>",
    "<template data-live-insert='thread.1'><p>x</p></template>",
    '"><b data-live-slot="comments-count">999</b>',
    "`<script>alert(1)</script>`",
    "> <script>alert(1)</script>",
    "\u202e<script>alert(1)</script>",
]
TEXT_ONLY = {"p", "br", "strong", "em", "s", "ul", "ol", "li", "blockquote", "code", "pre", "h3", "h4", "hr"}


class Elements(HTMLParser):
    """What a browser would make elements of: name and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_people_write_becomes_more_than_text(client: Client, proposing, ada, attack: str) -> None:
    proposal = propose(proposing, ada, title=f"T {attack}"[:120], body=attack)
    comment = say(proposal, ada, attack)
    html = page(client, proposal)
    for body in re.findall(r'class="(?:comment__body )?prose"[^>]*>(.*?)</div>', html, re.S):
        for tag, attributes in Elements(body).found:
            assert (tag in TEXT_ONLY and not attributes) or (tag == "a" and set(attributes) <= {"href", "rel"}), body
            assert (attributes.get("href") or "https:").startswith(("https:", "http:", "mailto:")), body
    assert len(re.findall(r'class="(?:comment__body )?prose"', html)) == 2
    assert html.count("<h1") == 1
    assert shown(html) == [comment.pk]
    title = html[html.index("<h1") : html.index("</h1>")]
    assert title.count("<") == 1
    listing = client.get(reverse("proposals:proposal-list")).content.decode()
    assert "<script>alert" not in listing
    assert "<img src=x" not in listing


@pytest.mark.parametrize("query", ["?reply=", "?c=", "?from="])
def test_a_number_longer_than_any_is_nobodys(proposal: Proposal, client: Client, query: str) -> None:
    assert client.get(proposal.get_absolute_url() + query + "9" * 5000).status_code == 200


def test_an_answer_to_a_number_longer_than_any_is_refused(proposal: Proposal, bo, client: Client) -> None:
    client.force_login(bo)
    said = {"body": "Yes.", "stance": "for", "parent": "9" * 5000}
    assert client.post(reverse("proposals:comment-create", args=[proposal.pk]), said).status_code == 422


def test_a_long_conversation_is_cut_and_a_link_shows_all_of_it(client: Client, proposal, ada) -> None:
    rows = many(proposal, ada, 1, replies=REPLIES_AT_FIRST + 7)
    html = page(client, proposal)
    assert shown(html) == [row.pk for row in rows[: REPLIES_AT_FIRST + 1]]
    assert f"Show all {REPLIES_AT_FIRST + 7} replies" in html
    left_out = rows[REPLIES_AT_FIRST + 1].pk
    assert f'?c={left_out}#c{left_out}"' in html
    assert shown(page(client, proposal, f"?c={left_out}")) == [row.pk for row in rows]


def test_a_conversation_of_the_greatest_length_that_is_shown_at_first_has_no_link(client: Client, proposal, ada) -> None:
    many(proposal, ada, 1, replies=REPLIES_AT_FIRST)
    html = page(client, proposal)
    assert len(shown(html)) == REPLIES_AT_FIRST + 1
    assert "Show all" not in html


def test_the_order_is_offered_where_it_makes_a_difference(client: Client, proposal, ada) -> None:
    say(proposal, ada)
    assert "Oldest first" not in page(client, proposal)
    say(proposal, ada)
    assert "Oldest first" in page(client, proposal)
