"""One asks, another one approves: who may, until when, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from approvals import actions, errors
from approvals.kinds import KINDS, Done, Kind, Order, Shown
from approvals.models import Request
from common.refusal import NotPermitted, Refusal
from outbox.models import Mail
from processes.models import Scope
from tests import make

REASON = {"en": "Because."}


class TooTall(Refusal):
    code = "too_tall"
    reason = "It has grown too tall."


def _name(order: Order) -> Done:
    """What the tests ask for: that a district gets another name."""
    if order.arguments["name"] == "forbidden":
        raise TooTall()
    changed = Scope.objects.filter(slug=order.subject).update(name={"en": order.arguments["name"]})
    assert changed == 1
    Scope.objects.filter(slug=order.subject).update(name={"en": f"{order.arguments['name']} by {len(order.actors)}"})
    return Done()


@pytest.fixture(autouse=True)
def a_kind(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    kind = Kind("Name a district", "poll.change", lambda order: None, _name, lambda order: Shown("City", "/", [], [], []))
    monkeypatch.setitem(KINDS, "test.name", kind)


@pytest.fixture
def other(db: None) -> User:
    return make.user("other@example.org", display_name="Other", is_staff=True)


def ask(by: User, name: str = "Rud", **fields: object) -> Request:
    make.scope()
    defaults: dict[str, object] = {"reason": REASON, "at": timezone.now(), "reauthenticated": True, "site": "https://vote.example.org/"}
    return actions.request_change(action="test.name", subject="city", arguments={"name": name}, by=by, **defaults | fields)  # type: ignore[arg-type]


def approve(request: Request, by: User, **fields: object) -> Done:
    defaults: dict[str, object] = {"at": timezone.now(), "reauthenticated": True, "arguments_sha256": request.arguments_sha256}
    return actions.approve(request=request, by=by, **defaults | fields)  # type: ignore[arg-type]


def name() -> str:
    return str(Scope.objects.get(slug="city").name["en"])


def refused(kind: type[Refusal], request: Request, work: Callable[[], object]) -> None:
    """It says no, and leaves everything as it was."""
    before = name(), Request.objects.values().get(pk=request.pk)
    with pytest.raises(kind):
        work()
    assert (name(), Request.objects.values().get(pk=request.pk)) == before


def test_what_one_asks_for_happens_when_another_one_approves_and_not_before(staff, other) -> None:
    request = ask(staff)
    assert name() == "City"
    approve(request, other)
    assert name() == "Rud by 2"
    request.refresh_from_db()
    assert (request.state, request.decided_by) == (Request.State.CARRIED_OUT, other)


@pytest.mark.asvs("2.3.5")
def test_nobody_approves_what_they_asked_for(staff) -> None:
    request = ask(staff)
    refused(errors.OwnRequest, request, lambda: approve(request, staff))
    refused(errors.OwnRequest, request, lambda: actions.reject(request=request, by=staff, at=timezone.now()))


def test_the_database_too_refuses_one_person_twice(staff) -> None:
    request = ask(staff)
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state="carried_out", decided_by=staff, decided_at=timezone.now())


def test_residents_neither_ask_nor_approve(staff, ada) -> None:
    with pytest.raises(NotPermitted):
        ask(ada)
    request = ask(staff)
    refused(NotPermitted, request, lambda: approve(request, ada))
    refused(NotPermitted, request, lambda: actions.reject(request=request, by=ada, at=timezone.now()))
    refused(NotPermitted, request, lambda: actions.withdraw(request=request, by=ada, at=timezone.now()))


@pytest.mark.asvs("7.5.3")
def test_both_have_just_shown_who_they_are(staff, other) -> None:
    with pytest.raises(errors.NotReauthenticated):
        ask(staff, reauthenticated=False)
    assert not Request.objects.exists()
    request = ask(staff)
    refused(errors.NotReauthenticated, request, lambda: approve(request, other, reauthenticated=False))


def test_only_what_was_looked_at_is_approved(staff, other) -> None:
    seen = ask(staff)
    request = ask(staff, "Kenar")
    refused(errors.RequestChanged, request, lambda: approve(request, other, arguments_sha256=seen.arguments_sha256))
    refused(errors.RequestChanged, request, lambda: approve(request, other, arguments_sha256=""))


@pytest.mark.parametrize(
    "change",
    [{"arguments": '{"name":"Mine"}'}, {"subject": "elsewhere"}, {"reason": {"en": "Another one."}}, {"action": "test.other"}],
)
def test_a_row_that_was_changed_behind_our_back_is_not_carried_out(staff, other, change, monkeypatch) -> None:
    monkeypatch.setitem(KINDS, "test.other", KINDS["test.name"])
    request = ask(staff)
    Request.objects.filter(pk=request.pk).update(**change)
    refused(errors.RequestChanged, request, lambda: approve(request, other))


def test_after_twenty_four_hours_it_no_longer_holds(staff, other) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        request, late = ask(staff), ask(staff, "Late")
        clock.shift(timedelta(hours=24) - timedelta(seconds=1))
        approve(request, other)
        assert name() == "Rud by 2"
        clock.shift(timedelta(seconds=1))
        refused(errors.RequestExpired, late, lambda: approve(late, other))
        refused(errors.RequestExpired, late, lambda: actions.reject(request=late, by=other, at=timezone.now()))
        assert actions.expire_overdue(at=timezone.now()) == 1
        refused(errors.RequestExpired, late, lambda: approve(late, other))
        late.refresh_from_db()
        assert late.state == Request.State.EXPIRED


def test_it_is_decided_once(staff, other) -> None:
    at = timezone.now()
    done, rejected, withdrawn = ask(staff), ask(staff, "B"), ask(staff, "C")
    approve(done, other)
    actions.reject(request=rejected, by=other, at=at)
    actions.withdraw(request=withdrawn, by=staff, at=at)
    for request in (done, rejected, withdrawn):
        refused(errors.RequestDecided, request, lambda request=request: approve(request, other))
        refused(errors.RequestDecided, request, lambda request=request: actions.reject(request=request, by=other, at=at))
        refused(errors.RequestDecided, request, lambda request=request: actions.withdraw(request=request, by=staff, at=at))
    assert name() == "Rud by 2"


def test_only_whoever_asked_withdraws(staff, other) -> None:
    request = ask(staff)
    refused(errors.NotOwnRequest, request, lambda: actions.withdraw(request=request, by=other, at=timezone.now()))


def test_when_the_change_itself_says_no_the_request_goes_on_waiting(staff, other) -> None:
    request = ask(staff, "forbidden")
    refused(TooTall, request, lambda: approve(request, other))
    assert Request.objects.waiting(timezone.now()).count() == 1


def test_a_kind_that_says_no_is_not_even_asked_for(staff, monkeypatch) -> None:
    kind = Kind("", "poll.change", lambda order: TooTall(), _name, lambda order: Shown("", "", [], [], []))
    monkeypatch.setitem(KINDS, "test.name", kind)
    with pytest.raises(TooTall):
        ask(staff)
    assert not Request.objects.exists() and not Mail.objects.exists()


@pytest.mark.parametrize("change", [{"is_staff": False}, {"is_active": False}])
def test_whoever_asked_must_still_work_here(staff, other, change) -> None:
    request = ask(staff)
    User.objects.filter(pk=staff.pk).update(**change)
    refused(errors.RequesterGone, request, lambda: approve(request, other))


def test_an_account_that_is_gone_has_asked_for_nothing(staff, other) -> None:
    request = ask(staff)
    staff.delete()
    refused(errors.RequesterGone, request, lambda: approve(request, other))


def test_the_same_is_asked_for_once_and_again_when_the_first_time_is_over(staff, other) -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False) as clock:
        first = ask(staff)
        with pytest.raises(errors.RequestedAlready):
            ask(other)
        assert Request.objects.count() == 1
        clock.shift(timedelta(hours=24))
        ask(other)
        first.refresh_from_db()
        assert first.state == Request.State.EXPIRED


@pytest.mark.parametrize("reason", [{}, {"en": "  \n"}, {"en": "x" * 2001}])
def test_there_is_always_a_reason_of_readable_length(staff, reason) -> None:
    with pytest.raises(errors.ReasonMissing):
        ask(staff, reason=reason)
    assert not Request.objects.exists()


def test_the_other_members_of_staff_get_a_mail_in_their_language_without_the_reason(staff, other, ada) -> None:
    User.objects.filter(pk=other.pk).update(language="fa")
    third = make.user("third@example.org", is_staff=True)
    make.user("gone@example.org", is_staff=True, is_active=False)
    request = ask(staff)
    mails = {mail.to: mail for mail in Mail.objects.all()}
    assert set(mails) == {other.email, third.email}, "neither whoever asked, nor residents, nor closed accounts"
    for mail in mails.values():
        assert f"https://vote.example.org/en/approvals/{request.pk}/" in mail.body or f"/fa/approvals/{request.pk}/" in mail.body
        assert "Because." not in mail.body
    assert "/fa/approvals/" in mails[other.email].body


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_of_eight_who_approve_at_once_one_carries_it_out(attempt: int) -> None:
    asker = make.user("asker@example.org", is_staff=True)
    approvers = [make.user(f"a{i}@example.org", is_staff=True) for i in range(8)]
    request = ask(asker)
    start, results = threading.Barrier(8), []

    def work(by: User) -> None:
        start.wait()
        try:
            results.append(approve(request, by))
        except Refusal as refusal:
            results.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[by]) for by in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, Done) for result in results) == 1
    assert sum(isinstance(result, errors.RequestDecided) for result in results) == 7
    request.refresh_from_db()
    assert request.decided_by in approvers
