"""The pages on which staff ask for a change, a second person decides, and everybody reads what was changed."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from approvals.models import Request
from outbox.models import Mail
from tests import make
from votelog import log, sequencer
from voting import actions, changes
from voting.models import Poll


def signed_in(person: User, *, recently: bool = True, by: str = "password", ago: int = 0) -> Client:
    """A client of this person, who has just shown again who they are."""
    client = Client()
    client.force_login(person)
    if recently:
        session = client.session
        session["account_authentication_methods"] = [
            {"method": "mfa" if by == "webauthn" else by, "type": by, "at": time.time() - ago, "reauthenticated": True}
        ]
        session["account_authentication_methods_user"] = user_id_to_str(person)
        session.save()
    return client


@pytest.fixture
def other(db: None) -> User:
    return make.user("other@example.org", display_name="Other", is_staff=True)


@pytest.fixture
def running(roll) -> Poll:
    return actions.open_poll(poll=make.poll(roll=roll, mix_k=1), by=None)


def new(poll: Poll, what: str) -> str:
    return reverse("voting:change-new", args=[poll.public_id, what])


def ask(poll: Poll, by: User, what: str = "pause", **data: Any) -> Request:
    answer = signed_in(by).post(new(poll, what), {"reason_en": "A storm.", "do": "ask"} | data)
    assert answer.status_code == 302, answer.content.decode()
    return Request.objects.latest("pk")


def decide(request: Request, by: User, do: str = "approve", **data: Any) -> Any:
    return signed_in(by).post(request.get_absolute_url(), {"do": do, **read(request, by)} | data)


def read(request: Request, by: User) -> dict[str, str]:
    """What the form holds after the page was read."""
    page = signed_in(by).get(request.get_absolute_url()).content.decode()
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', page)
    return {"seen": request.arguments_sha256, "shown": shown[1] if shown else ""}


def fresh(poll: Poll) -> Poll:
    return Poll.objects.get(pk=poll.pk)


def test_one_asks_another_approves_and_everybody_reads_it(running: Poll, staff, other, client: Client) -> None:
    review = signed_in(staff).post(new(running, "pause"), {"reason_en": "A storm.", "do": "review"})
    assert "poll.paused" in review.content.decode() and staff.pseudonym in review.content.decode()
    assert not Request.objects.exists(), "looking asks for nothing"
    request = ask(running, staff)
    assert not fresh(running).paused
    assert [mail.to for mail in Mail.objects.all()] == [other.email]
    page = signed_in(other, recently=False).get(request.get_absolute_url()).content.decode()
    assert "A storm." in page and "Approve, and do it now" in page
    assert decide(request, other).status_code == 302
    assert fresh(running).paused
    sequencer.run_once()
    d = next(log.entries(running.public_id, kind="poll.paused"))["d"]
    assert d["actors"] == [staff.pseudonym, other.pseudonym]
    public = client.get(running.get_absolute_url()).content.decode()
    assert "A storm." in public and staff.pseudonym in public and "Voting is paused" in public
    assert staff.display_name not in public and other.display_name not in public


@pytest.mark.asvs("2.3.5")
def test_whoever_asked_finds_no_way_to_approve(running: Poll, staff) -> None:
    request = ask(running, staff)
    assert "Approve, and do it now" not in signed_in(staff).get(request.get_absolute_url()).content.decode()
    answer = decide(request, staff)
    assert answer.status_code == 409 and "You asked for this yourself" in answer.content.decode()
    assert not fresh(running).paused


def test_nobody_approves_what_meanwhile_means_something_else(running: Poll, staff, other) -> None:
    later = running.closes_at + timedelta(days=1)
    request = ask(running, staff, "pause")
    before = read(request, other)
    changes.extend_poll(
        poll=running, closes_at=later, reason={"en": "A storm."}, actors=["a" * 32, "b" * 32], at=timezone.now()
    )
    answer = signed_in(other).post(request.get_absolute_url(), {"do": "approve", **before})
    assert answer.status_code == 409
    assert not fresh(running).paused
    assert decide(request, other).status_code == 302, "whoever reads it again may approve"


@pytest.mark.parametrize("how", [{"recently": False}, {"ago": 301}])
def test_nobody_asks_or_approves_without_showing_again_who_they_are(running: Poll, staff, other, how) -> None:
    answer = signed_in(staff, **how).post(new(running, "pause"), {"reason_en": "A storm.", "do": "ask"})
    assert answer.status_code == 302 and reverse("account_reauthenticate") in answer["Location"]
    assert not Request.objects.exists()
    request = ask(running, staff)
    answer = signed_in(other, **how).post(request.get_absolute_url(), {"do": "approve", "seen": request.arguments_sha256})
    assert reverse("account_reauthenticate") in answer["Location"]
    assert not fresh(running).paused


def test_a_password_is_not_enough_for_somebody_with_a_passkey(running: Poll, staff) -> None:
    Authenticator.objects.create(user=staff, type=Authenticator.Type.WEBAUTHN, data={"name": "key", "credential": {}})
    form = {"reason_en": "A storm.", "do": "ask"}
    answer = signed_in(staff).post(new(running, "pause"), form)
    assert reverse("mfa_reauthenticate_webauthn") in answer["Location"]
    assert not Request.objects.exists()
    signed_in(staff, by="webauthn").post(new(running, "pause"), form)
    assert Request.objects.count() == 1


def test_somebody_without_passkey_and_password_is_told_to_add_one(running: Poll, staff) -> None:
    staff.set_unusable_password()
    staff.save()
    client = signed_in(staff, recently=False)
    answer = client.post(new(running, "pause"), {"reason_en": "A storm.", "do": "ask"})
    assert answer["Location"] == reverse("mfa_index")
    assert not Request.objects.exists()


def test_what_was_typed_is_asked_for_once_the_password_was_given(running: Poll, staff) -> None:
    client = signed_in(staff, recently=False)
    to = client.post(new(running, "pause"), {"reason_en": "A storm.", "do": "ask"})["Location"]
    client.post(to, {"password": "correct horse battery"})
    assert Request.objects.get().reason == {"en": "A storm."}


def test_another_request_than_the_one_looked_at_is_not_approved(running: Poll, staff, other) -> None:
    request = ask(running, staff)
    answer = decide(request, other, seen="0" * 64)
    assert answer.status_code == 409 and "no longer what you looked at" in answer.content.decode()
    assert not fresh(running).paused


def test_what_is_no_longer_possible_is_said_and_nothing_happens(running: Poll, staff, other) -> None:
    request = ask(running, staff)
    changes.pause_poll(poll=running, reason={"en": "x"}, actors=("a" * 32, "b" * 32), at=timezone.now())
    answer = decide(request, other)
    assert answer.status_code == 409 and "paused already" in answer.content.decode()
    request.refresh_from_db()
    assert request.state == Request.State.OPEN


def test_rejected_and_withdrawn_requests_change_nothing(running: Poll, staff, other) -> None:
    rejected = ask(running, staff)
    assert decide(rejected, other, "reject").status_code == 302
    withdrawn = ask(running, staff)
    assert decide(withdrawn, staff, "withdraw").status_code == 302
    assert decide(withdrawn, other).status_code == 409
    assert not fresh(running).paused
    page = signed_in(staff).get(reverse("voting:changes", args=[running.public_id])).content.decode()
    assert "Rejected" in page and "Withdrawn" in page


@pytest.mark.parametrize("form", [{}, {"reason_en": "  "}, {"reason_en": "x" * 2001}])
def test_without_a_readable_reason_nothing_is_asked_for(running: Poll, staff, form) -> None:
    assert signed_in(staff).post(new(running, "pause"), form | {"do": "ask"}).status_code == 422
    assert not Request.objects.exists()


def test_residents_and_visitors_find_nothing_of_this(running: Poll, staff, ada, client: Client) -> None:
    request = ask(running, staff)
    places = [
        reverse("voting:changes", args=[running.public_id]), new(running, "pause"), new(running, "close"),
        reverse("voting:poll-close", args=[running.public_id]), reverse("voting:poll-freeze", args=[running.public_id]),
        request.get_absolute_url(), reverse("approvals:list"),
    ]  # fmt: skip
    for place in places:
        assert client.get(place).status_code == 302 and client.post(place, {"do": "approve"}).status_code in (302, 405)
    resident = signed_in(ada)
    for place in places:
        assert resident.get(place).status_code == 403
        assert resident.post(place, {"do": "approve", "reason_en": "x"}).status_code in (403, 405)
    assert "Change this poll" not in resident.get(running.get_absolute_url()).content.decode()
    assert "Change this poll" in signed_in(staff).get(running.get_absolute_url()).content.decode()


def test_a_poll_is_extended_and_closed_early_by_two(running: Poll, staff, other, client: Client) -> None:
    close = timezone.localtime(running.closes_at + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    decide(ask(running, staff, "extend", closes_at=close), other)
    assert fresh(running).announced_close == running.closes_at
    assert "was extended" in client.get(running.get_absolute_url()).content.decode()
    decide(ask(running, other, "close"), staff)
    assert fresh(running).status == Poll.Status.CLOSED
    sequencer.run_once()
    d = next(log.entries(running.public_id, kind="poll.closed"))["d"]
    assert d["actors"] == [other.pseudonym, staff.pseudonym]


def test_a_ballot_is_voided_by_two_and_the_result_says_how_many(running: Poll, staff, other, ada, client: Client) -> None:
    bid = make.cast(running, ada, "o1").bid
    sequencer.run_once()
    shown = " ".join(bid[at : at + 4] for at in range(0, 32, 4)).upper()
    form = {"bid": shown, "reason_code": "not_eligible", "reason_en": "x", "do": "review"}
    review = signed_in(staff).post(new(running, "void"), form)
    assert "Project 1" not in review.content.decode(), "what the ballot says must not matter"
    decide(ask(running, staff, "void", bid=shown, reason_code="not_eligible", reason_en="Moved away."), other)
    make.published(running)
    page = client.get(reverse("voting:result", args=[running.public_id])).content.decode()
    assert "1 ballot is void" in page and "Moved away." in page and "Not eligible" in page


def test_a_corrected_result_says_so_before_and_after(running: Poll, staff, other, ada, client: Client) -> None:
    make.cast(running, ada, "o1")
    poll = make.published(running)
    decide(ask(poll, staff, "supersede", reason_en="An objection was upheld."), other)
    sequencer.run_once()
    place = reverse("voting:result", args=[poll.public_id])
    assert "Act 1 no longer holds." in client.get(place).content.decode()
    actions.tick(at=timezone.now())
    assert "This is act 2" in client.get(place).content.decode()


def test_codes_of_new_places_are_shown_to_whoever_approves_and_to_nobody_else(running: Poll, staff, other) -> None:
    request = ask(running, staff, "add-places", count="۳")
    codes = re.findall(r"<code class=\"ltr\">([0-9A-Z-]{14})</code>", decide(request, other).content.decode())
    assert len(codes) == 3
    for person in (staff, other):
        page = signed_in(person).get(request.get_absolute_url()).content.decode()
        assert not any(code in page for code in codes)
    assert fresh(running).voters == 4


def test_a_draft_is_announced_by_one_and_amended_by_two(roll, staff, other, client: Client) -> None:
    start = timezone.now() + timedelta(days=1)
    poll = make.poll(roll=roll, mix_k=1, opens_at=start, closes_at=start + timedelta(days=3))
    place = reverse("voting:poll-freeze", args=[poll.public_id])
    assert signed_in(staff).get(place).status_code == 200 and fresh(poll).status == Poll.Status.DRAFT
    signed_in(staff).post(place)
    assert fresh(poll).status == Poll.Status.FROZEN
    assert signed_in(staff).post(place).status_code == 409
    assert "Voting begins on" in client.get(poll.get_absolute_url()).content.decode()
    assert str(poll) in client.get(reverse("voting:poll-list")).content.decode()
    form = signed_in(staff).get(new(poll, "amend")).context["form"]
    same = {name: field.value() for name, field in ((field.name, field) for field in form) if field.value() is not None}
    same = {name: value.strftime("%Y-%m-%dT%H:%M") if hasattr(value, "strftime") else value for name, value in same.items()}
    nothing = signed_in(staff).post(new(poll, "amend"), same | {"reason_en": "x", "do": "ask"})
    assert nothing.status_code == 409 and "announced already" in nothing.content.decode()
    request = ask(poll, staff, "amend", **same | {"title_en": "Where now?", "cost_o1": "۴۵", "limit_max": "2", "budget": "90"})
    assert request.read == {
        "title": {"en": "Where now?", "fa": poll.title["fa"]}, "budget": 90, "options": {"o1": {"cost": 45}},
        "ballot": {"approve": {"min": 0, "max": 2, "max_cost": 100}},
    }  # fmt: skip
    assert "Where now?" in signed_in(other).get(request.get_absolute_url()).content.decode()
    decide(request, other)
    after = fresh(poll)
    assert (after.title["en"], after.budget, after.limits["max"], after.options.get(key="o1").cost) == ("Where now?", 90, 2, 45)


def test_what_cannot_be_asked_for_now_is_neither_offered_nor_taken(running: Poll, staff) -> None:
    client = signed_in(staff)
    page = client.get(reverse("voting:changes", args=[running.public_id])).content.decode()
    offered = set(re.findall(r"/changes/new/([a-z-]+)/", page))
    assert offered == {"extend", "pause", "close", "void", "add-places"}
    assert client.get(new(running, "amend")).status_code == 409
    assert client.get(new(running, "nothing")).status_code == 404
    assert client.post(new(running, "resume"), {"reason_en": "x", "do": "ask"}).status_code == 409
    assert not Request.objects.exists()
