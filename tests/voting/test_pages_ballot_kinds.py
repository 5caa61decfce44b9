"""Filling in, reviewing and casting ballots that rank or give points, and single choices."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import make
from voting import actions
from voting.models import Ballot, Poll
from voting.standing import standing

BID = "0123456789abcdef" * 2


@pytest.fixture
def as_ada(client: Client, ada) -> Client:  # type: ignore[no-untyped-def]
    client.force_login(ada)
    return client


def opened(roll: Any, method: str, ballot: Any, **fields: Any) -> Poll:
    return actions.open_poll(poll=make.election(roll=roll, method=method, ballot=ballot, **fields), by=None)


@pytest.fixture
def ranked(roll) -> Poll:  # type: ignore[no-untyped-def]
    return opened(roll, "irv-v1", {"rank": {}})


def url(name: str, poll: Poll, language: str = "en") -> str:
    return reverse(f"voting:{name}", args=[poll.public_id]).replace("/en/", f"/{language}/")


def form(marks: dict[str, str], *, bid: str = BID, revision: int = 0, **more: str) -> dict[str, object]:
    return {f"mark-{key}": value for key, value in marks.items()} | {"bid": bid, "revision": revision} | more


def said(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split()).replace(" ,", ",")


def typed(page: str) -> dict[str, str]:
    """What stands in the number fields of the form."""
    found = re.findall(r'name="mark-(\w+)" value="([^"]*)" data-mark', page)
    return {key: value for key, value in found if value}


def carried(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="mark-(\w+)" value="([^"]*)"', page))


def cast(client: Client, poll: Poll, marks: dict[str, str], **more: Any) -> str:
    """Through review, and what the review page carries is cast."""
    review = client.post(url("ballot", poll), form(marks, step="review"))
    assert review.status_code == 200
    answer = client.post(url("ballot-cast", poll), form(carried(review.content.decode()), **more))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_ranking_is_read_back_in_order_and_cast_as_read(ranked: Poll, as_ada: Client, ada) -> None:
    review = as_ada.post(url("ballot", ranked), form({"o3": "1", "o1": "2"}, step="review")).content.decode()
    assert re.search(r"1 Option 3 2 Option 1 Not ranked: Option [24], Option [24]", said(review))
    assert carried(review) == {"o3": "1", "o1": "2"}
    assert not Ballot.objects.exists()
    page = cast(as_ada, ranked, {"o3": "1", "o1": "2"})
    assert "1 Option 3 2 Option 1" in said(page)
    assert standing(ranked, ada).choice == {"rank": [["o3"], ["o1"]]}
    receipt = as_ada.get(reverse("voting:receipt", args=[BID])).content.decode()
    assert "1 Option 3 2 Option 1" in said(receipt)
    assert "1 Option 3 2 Option 1" in said(as_ada.get(url("poll-detail", ranked)).content.decode())


def test_gaps_in_a_ranking_are_closed_and_the_review_says_so(ranked: Poll, as_ada: Client, ada) -> None:
    review = as_ada.post(url("ballot", ranked), form({"o3": "1", "o1": "3"}, step="review")).content.decode()
    assert "You wrote 1, 3. We read this as 1, 2" in said(review)
    assert carried(review) == {"o3": "1", "o1": "2"}


def test_a_ranking_without_gaps_needs_no_words_about_them(ranked: Poll, as_ada: Client) -> None:
    review = as_ada.post(url("ballot", ranked), form({"o3": "1", "o1": "2"}, step="review")).content.decode()
    assert "You wrote" not in said(review)


@pytest.mark.parametrize("name", ["ballot", "ballot-cast"])
def test_one_rank_for_two_is_refused_naming_both_and_keeping_everything(ranked: Poll, as_ada: Client, name: str) -> None:
    answer = as_ada.post(url(name, ranked), form({"o3": "1", "o1": "2", "o4": "2"}, step="review"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-refusal="same_rank"' in page
    assert re.search("“Option [14]” and “Option [14]” have the same rank\\.", said(page))
    assert typed(page) == {"o3": "1", "o1": "2", "o4": "2"}
    assert set(re.findall(r'href="#mark-(\w+)"', page)) == {"o1", "o4"}
    assert len(re.findall(r'aria-invalid="true" aria-describedby="fault-o[14]"', page)) == 2
    assert not Ballot.objects.exists()


def test_equal_ranks_are_read_where_the_ballot_allows_them(roll, as_ada: Client, ada) -> None:
    poll = opened(roll, "schulze-wv-v1", {"rank": {"ties": True}})
    review = as_ada.post(url("ballot", poll), form({"o3": "2", "o1": "1", "o4": "2"}, step="review")).content.decode()
    assert said(review).count("same rank") == 2
    cast(as_ada, poll, {"o3": "2", "o1": "1", "o4": "2"})
    assert standing(poll, ada).choice == {"rank": [["o1"], ["o3", "o4"]]}


@pytest.mark.parametrize("text", ["first", "1.5", "-1", "0", "1 000 000 000"])
def test_a_word_for_a_number_is_answered_422_and_stays_in_its_field(ranked: Poll, as_ada: Client, text: str) -> None:
    for name in ("ballot", "ballot-cast"):
        answer = as_ada.post(url(name, ranked), form({"o3": text, "o1": "1"}, step="review"))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f"Beside “Option 3” stands “{text}”. Write 1, 2, 3 and so on there" in said(page)
        assert "One number needs another look. Nothing was cast." in said(page)
        assert typed(page) == {"o3": text, "o1": "1"}
    assert not Ballot.objects.exists()


def test_a_form_with_an_option_that_is_not_on_the_ballot_is_unreadable(ranked: Poll, as_ada: Client) -> None:
    answer = as_ada.post(url("ballot-cast", ranked), form({"o9": "1", "o1": "2"}))
    assert answer.status_code == 422
    assert typed(answer.content.decode()) == {"o1": "2"}


@pytest.mark.parametrize("digits", ["۱۲", "١٢"])
def test_persian_and_arabic_digits_are_numbers(ranked: Poll, as_ada: Client, ada, digits: str) -> None:
    page = as_ada.get(url("ballot", ranked, "fa"))
    assert page.status_code == 200
    cast(as_ada, ranked, {"o3": digits[0], "o1": digits[1] + "\u200f"})
    assert standing(ranked, ada).choice == {"rank": [["o3"], ["o1"]]}
    assert typed(as_ada.get(url("ballot", ranked, "fa")).content.decode()) == {"o3": "۱", "o1": "۲"}


def test_a_cast_ranking_stands_in_the_fields_when_one_comes_back(ranked: Poll, as_ada: Client, ada) -> None:
    make.cast(ranked, ada, b={"rank": [["o2"], ["o4"]]})
    page = as_ada.get(url("ballot", ranked)).content.decode()
    assert typed(page) == {"o2": "1", "o4": "2"}
    assert "A ballot of yours is cast and counts." in page


def test_going_back_keeps_what_was_written_also_its_gaps(ranked: Poll, as_ada: Client) -> None:
    page = as_ada.post(url("ballot", ranked), form({"o2": "1", "o4": "4"}, step="edit")).content.decode()
    assert typed(page) == {"o2": "1", "o4": "4"}


def test_signing_in_leads_back_to_the_same_ranking(ranked: Poll, client: Client) -> None:
    answer = client.post(url("ballot", ranked), form({"o3": "1", "o1": "2"}, step="review"))
    assert answer.status_code == 409
    assert "mark-o3%3D1" in answer.content.decode()
    again = client.get(url("ballot", ranked) + "?mark-o3=1&mark-o1=2").content.decode()
    assert typed(again) == {"o3": "1", "o1": "2"}


def test_a_second_window_shows_the_ranking_that_stands(ranked: Poll, as_ada: Client, ada) -> None:
    make.cast(ranked, ada, b={"rank": [["o2"], ["o4"]]})
    page = as_ada.post(url("ballot-cast", ranked), form({"o1": "1"})).content.decode()
    assert 'data-refusal="ballot_stale"' in page
    assert "The ballot that stands now 1 Option 2 2 Option 4" in said(page)
    assert carried(page) == {"o1": "1"}


@pytest.mark.parametrize(
    ("method", "ballot"),
    [
        ("approval-v1", {"approve": {"max": 1}}),
        ("irv-v1", {"rank": {}}),
        ("score-v1", {"score": {"max": 5}}),
        ("score-v1", {"score": {"max": 100}}),
        ("cumulative-v1", {"alloc": {"sum": 10, "exact": True}}),
    ],
)
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_blank_ballot_of_every_kind_is_named_and_can_be_cast(
    roll, as_ada: Client, method: str, ballot: Any, language: str
) -> None:
    poll = opened(roll, method, ballot)
    assert as_ada.get(url("ballot", poll, language)).status_code == 200
    blank = form({}, step="review") | ({"choose": ""} if poll.kind == "approve" else {})
    review = as_ada.post(url("ballot", poll, language), blank).content.decode()
    assert ("Confirm: cast a blank ballot" in review) == (language == "en")
    assert as_ada.post(url("ballot-cast", poll, language), form({})).status_code == 200
    assert Ballot.objects.count() == 1
    assert as_ada.get(reverse("voting:receipt", args=[BID])).status_code == 200


def test_a_single_choice_is_one_of_a_group_of_buttons_and_none_is_one_of_them(roll, as_ada: Client, ada) -> None:
    poll = opened(roll, "approval-v1", {"approve": {"max": 1}})
    page = as_ada.get(url("ballot", poll)).content.decode()
    assert len(re.findall(r'type="radio" name="choose"', page)) == 5
    assert "checkbox" not in page
    assert "None of these: a blank ballot" in page
    answer = as_ada.post(url("ballot-cast", poll), form({}) | {"choose": "o2"})
    assert answer.status_code == 200
    assert standing(poll, ada).choice == {"approve": ["o2"]}
    assert re.search(r'value="o2"[^>]* checked', as_ada.get(url("ballot", poll)).content.decode())


def test_who_cast_no_choice_finds_none_of_these_chosen(roll, as_ada: Client, ada) -> None:
    poll = opened(roll, "approval-v1", {"approve": {"max": 1}})
    assert not re.search(r'name="choose"[^>]* checked', as_ada.get(url("ballot", poll)).content.decode())
    make.cast(poll, ada)
    assert re.search(r'value="" data-mark data-cost="0" checked', as_ada.get(url("ballot", poll)).content.decode())


def test_scores_are_rows_of_buttons_and_nothing_said_is_nought(roll, as_ada: Client, ada) -> None:
    poll = opened(roll, "score-v1", {"score": {"max": 5}})
    page = as_ada.get(url("ballot", poll)).content.decode()
    assert len(re.findall(r'<input type="radio" name="mark-o\d" value="\d"', page)) == 4 * 6
    assert len(re.findall(r'name="mark-o\d" value="0"[^>]* checked', page)) == 4
    review = as_ada.post(url("ballot", poll), form({"o1": "4", "o2": "0", "o3": "5"}, step="review")).content.decode()
    assert re.search(r"Option 3 5 of 5 Option 1 4 of 5 0, or no opinion: Option [24], Option [24]", said(review))
    cast(as_ada, poll, {"o1": "4", "o2": "0", "o3": "5"})
    assert standing(poll, ada).choice == {"score": {"o1": 4, "o3": 5}}
    page = as_ada.get(url("ballot", poll)).content.decode()
    assert sorted(re.findall(r'name="mark-(o\d)" value="([1-5])"[^>]* checked', page)) == [("o1", "4"), ("o3", "5")]


def test_a_score_out_of_many_is_a_number_to_write(roll, as_ada: Client) -> None:
    poll = opened(roll, "score-v1", {"score": {"max": 100}})
    answer = as_ada.post(url("ballot", poll), form({"o1": "101", "o2": "7"}, step="review"))
    assert answer.status_code == 409
    assert "“Option 1” can get at most 100 points" in said(answer.content.decode())
    assert typed(answer.content.decode()) == {"o1": "101", "o2": "7"}


def test_points_are_added_up_on_the_way_to_the_receipt(roll, as_ada: Client, ada) -> None:
    poll = opened(roll, "cumulative-v1", {"alloc": {"sum": 10}})
    answer = as_ada.post(url("ballot", poll), form({"o1": "7", "o2": "5"}, step="review"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "You gave 12 points, and there are 10 to give. Take 2 away somewhere." in said(page)
    assert "Too much by 2" in said(page)
    assert typed(page) == {"o1": "7", "o2": "5"}
    review = as_ada.post(url("ballot", poll), form({"o1": "6", "o2": "1"}, step="review")).content.decode()
    assert "Option 1 6 points Option 2 1 point Together 7 of 10" in said(review)
    cast(as_ada, poll, {"o1": "6", "o2": "1"})
    assert standing(poll, ada).choice == {"alloc": {"o1": 6, "o2": 1}}


def test_the_board_of_a_ranked_poll_says_that_first_choices_are_no_result(roll, client: Client, ada) -> None:
    from votelog import sequencer

    poll = opened(roll, "irv-v1", {"rank": {}})
    make.cast(poll, ada, b={"rank": [["o2"], ["o4"]]})
    sequencer.run_once()
    page = said(client.get(url("board", poll)).content.decode())
    assert "First choices so far" in page
    assert "the further ranks count too" in page


@pytest.mark.parametrize(
    ("method", "ballot"), [("irv-v1", {"rank": {}}), ("schulze-wv-v1", {"rank": {}}), ("score-v1", {"score": {}})]
)
def test_files_to_take_away_fit_the_kind_of_poll(roll, client: Client, ada, method: str, ballot: Any) -> None:
    poll = opened(roll, method, ballot)
    make.cast(poll, ada, b={poll.kind: [["o2"]] if poll.kind == "rank" else {"o2": 3}})
    make.published(poll)
    for kind, status in [("csv", 200), ("json", 200), ("pb", 404)]:
        answer = client.get(reverse("voting:result-download", args=[poll.public_id, kind]))
        assert answer.status_code == status
        if kind == "csv":
            votes = {"irv-v1": "1", "schulze-wv-v1": "", "score-v1": "3"}[method]
            assert f"o2,,Option 2,گزینهٔ 2,,,,{votes},1,1," in answer.content.decode()
