"""The pages on which a ballot is filled in, reviewed and cast."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from votelog import sequencer
from votelog.models import Pending
from voting import actions, changes
from voting.models import Ballot, Poll
from voting.standing import standing

BID = "0123456789abcdef" * 2


@pytest.fixture
def as_ada(client: Client, ada) -> Client:  # type: ignore[no-untyped-def]
    client.force_login(ada)
    return client


def url(name: str, poll: Poll) -> str:
    return reverse(f"voting:{name}", args=[poll.public_id])


def form(*choice: str, bid: str = BID, revision: int = 0, **more: str) -> dict[str, object]:
    return {"choose": list(choice), "bid": bid, "revision": revision} | more


def ticked(html: str) -> set[str]:
    return set(re.findall(r'name="choose" value="(\w+)"[^>]* checked', html))


def carried(html: str) -> set[str]:
    """The choices that the first form of a review page would cast."""
    return set(re.findall(r'type="hidden" name="choose" value="(\w+)"', html))


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found
    return found[1]


def nothing_was_cast() -> bool:
    return not Ballot.objects.exists() and not Pending.objects.filter(kind="ballot.cast").exists()


def test_the_ballot_shows_the_rule_every_option_and_its_cost(open_poll: Poll, client: Client) -> None:
    html = client.get(url("ballot", open_poll)).content.decode()
    assert "together they cost at most 100\u00a0credits" in html
    for option in open_poll.options.all():
        assert f'value="{option.key}"' in html
        assert str(option) in html
    assert "Not yet cast" in html


def test_anyone_may_fill_in_a_ballot_but_is_asked_to_sign_in_at_review(open_poll: Poll, client: Client) -> None:
    answer = client.post(url("ballot", open_poll), form("o1", "o4", step="review"))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-refusal="not_signed_in"' in html
    # Signing in leads back to the ballot with the same boxes ticked, also where no script runs.
    assert "choose%3Do1" in html
    assert "choose%3Do4" in html
    again = client.get(url("ballot", open_poll) + "?choose=o1&choose=o4").content.decode()
    assert ticked(again) == {"o1", "o4"}
    assert "cast/" not in html
    assert nothing_was_cast()


def test_casting_without_signing_in_is_refused_and_keeps_the_choices(open_poll: Poll, client: Client) -> None:
    answer = client.post(url("ballot-cast", open_poll), form("o2"))
    assert answer.status_code == 409
    assert carried(answer.content.decode()) == {"o2"}
    assert nothing_was_cast()


def test_the_way_from_review_to_receipt(open_poll: Poll, as_ada: Client, ada) -> None:
    review = as_ada.post(url("ballot", open_poll), form("o1", "o4", step="review"))
    html = review.content.decode()
    assert review.status_code == 200
    assert "Not yet cast" in html
    assert "60\u00a0credits" in html
    assert "40\u00a0credits of 100\u00a0credits" in html
    assert nothing_was_cast()
    cast = as_ada.post(
        url("ballot-cast", open_poll), form(*carried(html), bid=hidden(html, "bid"), revision=int(hidden(html, "revision")))
    )
    page = cast.content.decode()
    assert cast.status_code == 200
    assert standing(open_poll, ada).choice == {"approve": ["o1", "o4"]}
    assert "0123 4567 89ab cdef" in page
    assert 'href="data:application/json;base64,' in page
    assert " download=" in page
    assert "Never send it to anyone who pressures you" in page
    assert "no-store" in cast["Cache-Control"]


def test_the_receipt_page_speaks_no_jargon(open_poll: Poll, as_ada: Client) -> None:
    page = as_ada.post(url("ballot-cast", open_poll), form("o1")).content.decode()
    text = re.sub(r"<[^>]+>", " ", page).lower()
    for word in ("merkle", "hash", "checkpoint", "inclusion", "nonce", "credential"):
        assert word not in text


def test_no_session_ever_holds_a_receipt(open_poll: Poll, as_ada: Client) -> None:
    before = dict(as_ada.session.items())
    as_ada.post(url("ballot-cast", open_poll), form("o1"))
    assert dict(as_ada.session.items()) == before


def test_the_same_form_sent_twice_shows_the_same_receipt(open_poll: Poll, as_ada: Client) -> None:
    as_ada.post(url("ballot-cast", open_poll), form("o1"))
    again = as_ada.post(url("ballot-cast", open_poll), form("o1"))
    assert again.status_code == 200
    assert "It had arrived already" in again.content.decode()
    assert Ballot.objects.count() == 1


def test_a_blank_ballot_is_named_before_it_is_cast(open_poll: Poll, as_ada: Client) -> None:
    review = as_ada.post(url("ballot", open_poll), form(step="review")).content.decode()
    assert "A blank ballot" in review
    assert "Confirm: cast a blank ballot" in review
    assert as_ada.post(url("ballot-cast", open_poll), form()).status_code == 200
    assert Ballot.objects.count() == 1


@pytest.mark.parametrize("name", ["ballot", "ballot-cast"])
def test_a_ballot_over_the_budget_is_refused_with_its_choices_kept(open_poll: Poll, as_ada: Client, name: str) -> None:
    answer = as_ada.post(url(name, open_poll), form("o1", "o2", "o3", step="review"))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-refusal="ballot_over_budget"' in html
    assert ticked(html) == {"o1", "o2", "o3"}
    assert "20\u00a0credits" in html  # too much by
    assert nothing_was_cast()


def test_too_many_choices_are_refused_with_the_limit(roll, as_ada: Client) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, max_choices=1), by=None)
    answer = as_ada.post(url("ballot", poll), form("o1", "o2", step="review"))
    assert answer.status_code == 409
    assert "You may choose at most 1." in answer.content.decode()
    assert ticked(answer.content.decode()) == {"o1", "o2"}


@pytest.mark.parametrize("damage", [{"bid": "g" * 32}, {"bid": ""}, {"revision": "x"}, {"choose": ["o1", "o99"]}])
def test_an_unreadable_form_is_answered_422_and_casts_nothing(open_poll: Poll, as_ada: Client, damage: dict[str, object]) -> None:
    for name in ("ballot", "ballot-cast"):
        answer = as_ada.post(url(name, open_poll), form("o1", step="review") | damage)
        assert answer.status_code == 422
        assert ticked(answer.content.decode()) == {"o1"}
    assert nothing_was_cast()


def test_somebody_off_the_roll_is_told_how_to_get_on_it(open_poll: Poll, client: Client, bo) -> None:
    client.force_login(bo)
    for name in ("ballot", "ballot-cast"):
        answer = client.post(url(name, open_poll), form("o1", step="review"))
        html = answer.content.decode()
        assert answer.status_code == 409
        assert 'data-refusal="not_on_roll"' in html
        assert reverse("eligibility:redeem") in html
        assert carried(html) == {"o1"}
    assert nothing_was_cast()


def test_a_second_window_is_shown_what_stands_and_may_confirm_again(open_poll: Poll, as_ada: Client, ada) -> None:
    make.cast(open_poll, ada, "o2")
    answer = as_ada.post(url("ballot-cast", open_poll), form("o1"))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-refusal="ballot_stale"' in html
    assert "The ballot that stands now" in html
    assert standing(open_poll, ada).choice == {"approve": ["o2"]}
    second = as_ada.post(
        url("ballot-cast", open_poll), form("o1", bid=hidden(html, "bid"), revision=int(hidden(html, "revision")))
    )
    assert second.status_code == 200
    assert standing(open_poll, ada).choice == {"approve": ["o1"]}


def test_a_cast_ballot_is_ticked_when_one_comes_back_to_change_it(open_poll: Poll, as_ada: Client, ada) -> None:
    make.cast(open_poll, ada, "o2", "o4")
    html = as_ada.get(url("ballot", open_poll)).content.decode()
    assert ticked(html) == {"o2", "o4"}
    assert hidden(html, "revision") == "1"
    assert "A ballot of yours is cast and counts." in html


def test_where_ballots_stay_as_cast_a_second_one_is_refused(roll, as_ada: Client, ada) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, revote=Poll.Revote.NONE), by=None)
    make.cast(poll, ada, "o1")
    for name in ("ballot", "ballot-cast"):
        answer = as_ada.post(url(name, poll), form("o2", revision=1, step="review"))
        assert answer.status_code == 409
        assert 'data-refusal="revoting_not_allowed"' in answer.content.decode()
    assert Ballot.objects.count() == 1


def test_whoever_lost_a_ballot_by_a_void_is_told_and_may_cast_another_also_where_ballots_stay(roll, as_ada: Client, ada) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, mix_k=1, revote="none"), by=None)
    bid = make.cast(poll, ada, "o1").bid
    sequencer.run_once()
    by = {"reason": {"en": "A mix-up."}, "actors": ("a" * 32, "b" * 32), "at": timezone.now()}
    changes.void_ballot(poll=poll, bid=bid, reason_code="technical_fault", **by)
    html = as_ada.get(poll.get_absolute_url()).content.decode()
    assert "declared void" in html and "You have not voted yet" not in html and "Your ballot is cast" not in html
    assert "cast and counts" not in as_ada.get(url("ballot", poll)).content.decode()
    review = as_ada.post(url("ballot", poll), form("o2", revision=1, step="review"))
    assert review.status_code == 200 and carried(review.content.decode()) == {"o2"}
    assert as_ada.post(url("ballot-cast", poll), form("o2", revision=1)).status_code == 200
    assert standing(poll, ada).choice == {"approve": ["o2"]}


def test_a_receipt_number_used_for_another_ballot_gets_a_fresh_one(open_poll: Poll, as_ada: Client, ada) -> None:
    make.cast(open_poll, ada, "o2", bid=BID)
    answer = as_ada.post(url("ballot-cast", open_poll), form("o1", revision=1))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-refusal="receipt_number_taken"' in html
    assert hidden(html, "bid") != BID


def test_after_the_close_nothing_is_lost_but_nothing_is_cast(open_poll: Poll, as_ada: Client) -> None:
    actions.close_poll(poll=open_poll, by=None, at=open_poll.closes_at)
    for name in ("ballot", "ballot-cast"):
        answer = as_ada.post(url(name, open_poll), form("o1", "o4", step="review"))
        html = answer.content.decode()
        assert answer.status_code == 409
        assert 'data-refusal="poll_not_open"' in html
        assert carried(html) == {"o1", "o4"}
        assert "Confirm:" not in html
    assert as_ada.get(url("ballot", open_poll)).status_code == 302
    assert nothing_was_cast()


def test_going_back_from_review_keeps_the_choices(open_poll: Poll, as_ada: Client) -> None:
    answer = as_ada.post(url("ballot", open_poll), form("o3", step="edit"))
    assert answer.status_code == 200
    assert ticked(answer.content.decode()) == {"o3"}


def test_the_order_of_options_is_the_same_for_one_person_and_differs_between_people(roll, client: Client, ada) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, costs=[10] * 12), by=None)

    def order() -> list[str]:
        return re.findall(r'name="choose" value="(\w+)"', client.get(url("ballot", poll)).content.decode())

    client.force_login(ada)
    first = order()
    assert order() == first
    client.force_login(make.user("cleo@example.org"))
    assert order() != first
    assert sorted(order()) == sorted(first)


def test_a_receipt_has_no_address_to_load_again(open_poll: Poll, as_ada: Client) -> None:
    answer = as_ada.get(url("ballot-cast", open_poll))
    assert answer.status_code == 302
    assert answer["Location"] == url("ballot", open_poll)


def test_the_ballot_is_never_kept_by_a_cache(open_poll: Poll, as_ada: Client) -> None:
    assert "no-store" in as_ada.get(url("ballot", open_poll))["Cache-Control"]
    assert "no-store" in as_ada.post(url("ballot", open_poll), form(step="review"))["Cache-Control"]


def test_a_draft_is_not_there_for_the_public(draft_poll: Poll, client: Client) -> None:
    for name in ("poll-detail", "ballot", "board", "result"):
        assert client.get(url(name, draft_poll)).status_code == 404


def test_every_ballot_page_is_complete_in_persian(open_poll: Poll, as_ada: Client) -> None:
    fa = url("ballot", open_poll).replace("/en/", "/fa/")
    page = as_ada.get(fa).content.decode()
    assert 'dir="rtl"' in page
    assert "۱۰۰\u00a0اعتبار" in page
    assert as_ada.post(fa, form("o1", step="review")).status_code == 200
    assert "طرح 1" in as_ada.post(f"{fa}cast/", form("o1")).content.decode()


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1)])
def test_a_poll_whose_time_is_over_refuses_before_the_clock_has_closed_it(roll, as_ada: Client, late: timedelta) -> None:
    poll = actions.open_poll(poll=make.poll(roll=roll, closes_at=timezone.now() - late), by=None)
    answer = as_ada.post(url("ballot-cast", poll), form("o1"))
    assert answer.status_code == 409
    assert nothing_was_cast()


def test_casting_again_and_again_within_a_minute_is_slowed_down(open_poll: Poll, as_ada: Client, ada, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"ballot_cast": "2/m/user"}
    for revision in range(3):
        answer = as_ada.post(url("ballot-cast", open_poll), form("o1", bid=f"{revision:032x}", revision=revision))
    html = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-refusal="casting_too_fast"' in html
    assert carried(html) == {"o1"}
    assert Ballot.objects.count() == 2


@pytest.mark.parametrize("page", ["ballot", "ballot-cast"])
def test_a_revision_beyond_every_number_is_a_damaged_form(as_ada: Client, open_poll: Poll, page: str) -> None:
    answer = as_ada.post(url(page, open_poll), form("o1", revision=10**17) | {"step": "review"})
    assert answer.status_code == 422
    assert nothing_was_cast()


def test_a_lost_cache_costs_nobody_the_vote(as_ada: Client, open_poll: Poll, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}}
    assert as_ada.post(url("ballot-cast", open_poll), form("o1")).status_code == 200
    assert Ballot.objects.count() == 1
