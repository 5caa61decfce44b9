"""Incidents and erasures: one asks, another approves, then it is public and in the log."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from approvals import actions as approvals
from approvals.errors import OwnRequest, RequestDecided
from approvals.models import Request
from common.refusal import NotPermitted
from incidents import errors
from incidents.models import Erasure, Incident
from tests import make
from votelog import log, sequencer
from votelog.errors import LogTakesNoMore
from votelog.models import Abandoned, Blob, Event
from voting.models import Poll

pytestmark = pytest.mark.django_db
TEXT = {"en": "The board stood still from nine to eleven.", "fa": "تابلو از نه تا یازده ایستاده بود."}


@pytest.fixture
def colleague(db: None) -> User:
    return make.user("colleague@example.org", display_name="Colleague", is_staff=True)


def ask(action: str, subject: str, by: User, **arguments: str) -> Request:
    return approvals.request_change(
        action=action,
        subject=subject,
        arguments=arguments,
        reason=TEXT,
        by=by,
        at=timezone.now(),
        reauthenticated=True,
        site="https://v.example/",
    )


def approve(request: Request, by: User) -> None:
    approvals.approve(request=request, by=by, at=timezone.now(), reauthenticated=True, arguments_sha256=request.arguments_sha256)


def entries(kind: str) -> list[dict[str, Any]]:
    sequencer.run_once()
    return [json.loads(event.body) for event in Event.objects.filter(kind=kind).order_by("idx")]


def text_of(poll: Poll) -> str:
    sequencer.run_once()
    found = next(json.loads(event.body) for event in Event.objects.filter(poll=poll.public_id, kind="poll.created"))
    name: str = found["d"]["title_sha256"]
    return name


def test_an_incident_is_public_and_logged_once_a_second_person_approves(
    client: Client, staff: User, colleague: User, open_poll: Poll
) -> None:
    asked = ask("incident.declare", open_poll.public_id, staff, code="outage")
    assert not Incident.objects.exists() and entries("incident.declared") == []
    with pytest.raises(OwnRequest):
        approve(asked, staff)
    approve(asked, colleague)
    with pytest.raises(RequestDecided):
        approve(asked, colleague)
    (entry,) = entries("incident.declared")
    assert entry["poll"] == open_poll.public_id
    assert set(entry["d"]) == {"code", "text_sha256", "actors"}
    assert entry["d"]["code"] == "outage" and entry["d"]["actors"] == [staff.pseudonym, colleague.pseudonym]
    assert json.loads(bytes(Blob.objects.get(pk=entry["d"]["text_sha256"]).data)[16:]) == TEXT
    for page in (open_poll.get_absolute_url(), reverse("incidents:incident-list")):
        assert TEXT["en"] in client.get(page).content.decode()
    assert TEXT["en"] not in client.get(reverse("log-about")).content.decode()


def test_an_incident_of_the_whole_instance_stands_on_the_page_of_the_log(
    client: Client, staff: User, colleague: User, open_poll: Poll
) -> None:
    approve(ask("incident.declare", "", staff, code="key_compromise"), colleague)
    (entry,) = entries("incident.declared")
    assert entry["poll"] == ""
    page = client.get(reverse("log-about")).content.decode()
    assert TEXT["en"] in page and "Incident: A key fell into wrong hands" in page
    assert TEXT["en"] not in client.get(open_poll.get_absolute_url()).content.decode()


def test_nothing_is_declared_about_a_draft_or_a_poll_that_does_not_exist(staff: User, draft_poll: Poll) -> None:
    for subject in (draft_poll.public_id, "nosuchpoll"):
        with pytest.raises(errors.IncidentPollUnknown):
            ask("incident.declare", subject, staff, code="other")


def test_nothing_is_declared_about_a_poll_whose_log_takes_no_more(staff: User, colleague: User, open_poll: Poll) -> None:
    sequencer.run_once()
    request = ask("incident.declare", open_poll.public_id, staff, code="other")
    Abandoned.objects.create(shard=log.shard_of(open_poll.public_id), because="A disk died.", at=0)
    with pytest.raises(LogTakesNoMore):
        approve(request, colleague)
    request.refresh_from_db()
    assert request.state == Request.State.OPEN and not Incident.objects.exists()


def test_an_erased_text_is_gone_from_the_log_and_the_log_says_so(
    client: Client, staff: User, colleague: User, open_poll: Poll
) -> None:
    name = text_of(open_poll)
    url = f"/log/{Event.objects.latest('idx').shard}/blob/{name}"
    assert client.get(url).status_code == 200
    approve(ask("blob.erase", name, staff, basis="legal_order"), colleague)
    assert client.get(url).status_code == 404
    (entry,) = entries("erasure.recorded")
    actors = [staff.pseudonym, colleague.pseudonym]
    assert entry["poll"] == "" and entry["d"] == {"target": name, "basis_code": "legal_order", "actors": actors}
    page = client.get(reverse("incidents:incident-list")).content.decode()
    assert name in page and "A court or another authority ordered it" in page and TEXT["en"] not in page
    with pytest.raises(errors.NoTextToErase):
        ask("blob.erase", name, staff, basis="legal_order")
    assert Erasure.objects.count() == 1


def test_only_texts_can_be_erased(staff: User, ada: User, open_poll: Poll) -> None:
    make.cast(open_poll, ada, "o1")
    make.published(open_poll)
    texts = set()
    for event in Event.objects.filter(bid__isnull=True):
        texts |= set(re.findall(r'"(?:title|rule|text)_sha256":"([0-9a-f]{64})"', event.body))
    others = set(Blob.objects.values_list("sha256", flat=True)) - texts
    assert len(others) >= 3
    for name in [*others, "0" * 64]:
        with pytest.raises(errors.NoTextToErase):
            ask("blob.erase", name, staff, basis="content_removed")
    assert not Request.objects.exists()


def test_whoever_may_not_ask_sees_no_form(ada: User, client: Client) -> None:
    pages = [reverse("incidents:incident-declare"), reverse("incidents:text-erase")]
    for page in pages:
        assert client.get(page).status_code == 302
    client.force_login(ada)
    for page in pages:
        assert client.get(page).status_code == client.post(page, {"code": "other", "text_en": "x"}).status_code == 403
    assert "Declare an incident" not in client.get(reverse("incidents:incident-list")).content.decode()
    for action, argument in (("incident.declare", {"code": "other"}), ("blob.erase", {"basis": "legal_order"})):
        with pytest.raises(NotPermitted):
            ask(action, "", ada, **argument)


def signed_in(person: User) -> Client:
    """And has just shown again who it is, by password: what takes two people asks for that."""
    client = Client()
    client.post(reverse("account_login"), {"login": person.email, "password": "correct horse battery"})
    client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})
    return client


def test_staff_ask_on_a_page_and_are_led_to_the_request(staff: User, open_poll: Poll) -> None:
    client = signed_in(staff)
    page = reverse("incidents:incident-declare")
    chosen = client.get(f"{page}?poll={open_poll.public_id}").content.decode()
    assert f'value="{open_poll.public_id}" selected' in chosen
    given = {"poll": open_poll.public_id, "code": "outage", "text_en": TEXT["en"], "text_fa": ""}
    for wrong in ({"code": ""}, {"code": "fire"}, {"text_en": ""}, {"poll": "nosuchpoll"}):
        answer = client.post(page, given | wrong)
        assert answer.status_code == 422
        assert (given | wrong)["text_en"] in answer.content.decode()
    answer = client.post(page, given)
    made = Request.objects.get()
    assert answer.status_code == 302 and answer["Location"] == made.get_absolute_url()
    assert (made.subject, made.read, made.reason) == (open_poll.public_id, {"code": "outage"}, {"en": TEXT["en"]})
    again = client.post(page, given)
    assert again.status_code == 409 and TEXT["en"] in again.content.decode()
    assert Request.objects.count() == 1 and not Incident.objects.exists()


def test_staff_ask_for_an_erasure_on_a_page(staff: User, open_poll: Poll) -> None:
    client, name = signed_in(staff), text_of(open_poll)
    page = reverse("incidents:text-erase")
    given = {"target": name, "basis": "consent_withdrawn", "text_en": "She asked for it.", "text_fa": ""}
    assert client.post(page, given | {"target": "abc"}).status_code == 422
    unknown = client.post(page, given | {"target": "0" * 64})
    assert unknown.status_code == 409 and "No text in the public log has this name" in unknown.content.decode()
    assert client.post(page, given).status_code == 302
    assert Request.objects.get().subject == name and Blob.objects.filter(sha256=name).exists()


def test_who_has_not_just_shown_who_they_are_is_asked_to_first(staff: User, open_poll: Poll) -> None:
    client = Client()
    client.force_login(staff)
    given = {"poll": "", "code": "outage", "text_en": TEXT["en"], "text_fa": ""}
    answer = client.post(reverse("incidents:incident-declare"), given)
    assert answer.status_code == 302 and "reauthenticate" in answer["Location"]
    assert not Request.objects.exists()


def test_what_the_second_person_reads_names_the_poll_and_the_text(staff: User, open_poll: Poll) -> None:
    from approvals.kinds import KINDS

    asked = ask("incident.declare", open_poll.public_id, staff, code="outage")
    shown = KINDS[asked.action].shown(approvals.order_of(asked, at=timezone.now()))
    assert shown.subject == "What to build?" and shown.entries == ["incident.declared"]
    assert "Something could not be reached" in [str(value) for _, value in shown.lines]
    erase = ask("blob.erase", text_of(open_poll), staff, basis="legal_order")
    shown = KINDS[erase.action].shown(approvals.order_of(erase, at=timezone.now()))
    lines = [str(value) for _, value in shown.lines]
    assert "What to build?" in lines and f"poll.created {open_poll.public_id}" in lines
