"""Staff answer an objection: once, in public, logged, and by mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.refusal import NotPermitted
from objections import actions, errors
from objections.models import Answer, Objection
from tests import make
from tests.objections.conftest import ADDRESS, TEXT, answered, filed, send_mail
from tests.objections.test_file_objection import blob, entries
from voting.models import Poll

pytestmark = pytest.mark.django_db
SAID = "The notice said six; here is a photograph of it."


def page_of(objection: Objection) -> str:
    return reverse("objections:objection-answer", args=[objection.public_id])


def given(**fields: str) -> dict[str, str]:
    return {"finding": "partly", "text": SAID, "language": "en"} | fields


def test_the_answer_is_public_logged_under_a_pseudonym_and_mailed_in_full(
    visitor: Client, council: Client, open_poll: Poll, staff: Any
) -> None:
    objection = filed(open_poll)
    answer = council.post(page_of(objection), given())
    assert answer.status_code == 302 and answer["Location"] == objection.get_absolute_url()
    page = visitor.get(objection.get_absolute_url()).content.decode()
    assert SAID in page and "Answer: Upheld in part" in page and "Not answered yet" not in page
    assert staff.display_name not in page.split("<main", 1)[1].replace("Council staff", "")
    (entry,) = entries("objection.answered")
    assert entry["poll"] == open_poll.public_id
    assert set(entry["d"]) == {"objection", "finding", "text_sha256", "actor"}
    assert (entry["d"]["objection"], entry["d"]["finding"], entry["d"]["actor"]) == (
        objection.public_id,
        "partly",
        staff.pseudonym,
    )
    assert blob(entry["d"]["text_sha256"]) == {"en": SAID}
    (letter,) = send_mail()
    assert letter.to == [ADDRESS] and letter.subject == "Your objection is answered"
    assert SAID in letter.body and "Upheld in part" in letter.body and TEXT in letter.body
    assert f"http://testserver{objection.get_absolute_url()}" in letter.body


def test_the_mail_speaks_the_language_of_the_objection(open_poll: Poll, staff: Any) -> None:
    objection = filed(open_poll, language="fa")
    answered(objection, staff)
    (letter,) = send_mail()
    assert "/fa/objections/" in letter.body and "چه بسازیم؟" in letter.body


def test_there_is_one_answer(council: Client, open_poll: Poll, staff: Any) -> None:
    objection = filed(open_poll)
    answered(objection, staff)
    second = "I have looked at it again and am of another opinion now."
    stale = Objection.objects.get(pk=objection.pk)
    with pytest.raises(errors.ObjectionAnswered):
        answered(stale, staff, text=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(objection=objection, finding="upheld", text=second, language="en", at=timezone.now())
    refused = council.post(page_of(objection), given(text=second))
    assert refused.status_code == 409
    assert "has been answered already" in refused.content.decode() and second in refused.content.decode()
    assert Answer.objects.count() == len(entries("objection.answered")) == 1
    assert "<textarea" not in council.get(page_of(objection)).content.decode()


@pytest.mark.parametrize("wrong", [{"finding": ""}, {"finding": "perhaps"}, {"text": "No."}, {"text": "x" * 5_001}])
def test_a_form_with_a_fault_comes_back_with_everything_in_it(council: Client, open_poll: Poll, wrong: dict[str, str]) -> None:
    objection = filed(open_poll)
    sent = given(**wrong)
    answer = council.post(page_of(objection), sent)
    assert answer.status_code == 422 and sent["text"] in answer.content.decode()
    assert not Answer.objects.exists() and send_mail() == []


def test_only_staff_answer(visitor: Client, open_poll: Poll, ada: Any) -> None:
    objection = filed(open_poll)
    with pytest.raises(NotPermitted):
        answered(objection, ada)
    assert visitor.post(page_of(objection), given()).status_code == 302  # to sign in
    visitor.force_login(ada)
    for page in (page_of(objection), reverse("objections:objection-open")):
        assert visitor.get(page).status_code == 403
    assert visitor.post(page_of(objection), given()).status_code == 403
    assert "/answer/" not in visitor.get(objection.get_absolute_url()).content.decode()
    assert not Answer.objects.exists() and entries("objection.answered") == []


def test_staff_see_what_waits_the_oldest_first_with_its_age(council: Client, open_poll: Poll, staff: Any) -> None:
    late, early, done = filed(open_poll), filed(open_poll), filed(open_poll)
    answered(done, staff)
    Objection.objects.filter(pk=early.pk).update(filed_at=timezone.now() - timedelta(days=9))
    page = council.get(reverse("objections:objection-open")).content.decode()
    assert page.index(early.public_id) < page.index(late.public_id)
    assert done.public_id not in page
    assert "filed" in page and "9 days ago" in page


def test_the_clock_deletes_the_address_thirty_days_after_the_answer(open_poll: Poll, staff: Any) -> None:
    objection, unanswered = filed(open_poll), filed(open_poll, email="other@press.example")
    answered(objection, staff)
    now = timezone.now()
    actions.tick(at=now + timedelta(days=29, hours=23))
    objection.refresh_from_db()
    assert objection.email == ADDRESS
    actions.tick(at=now + timedelta(days=30, seconds=5))
    objection.refresh_from_db()
    unanswered.refresh_from_db()
    assert (objection.email, unanswered.email) == ("", "other@press.example")


def test_poll_and_result_page_say_how_many_objections_there_are(visitor: Client, open_poll: Poll, staff: Any) -> None:
    pages = [reverse("voting:poll-detail", args=[open_poll.public_id]), reverse("voting:result", args=[open_poll.public_id])]
    assert "Nobody has objected" in visitor.get(pages[0]).content.decode()
    answered(filed(open_poll), staff)
    filed(open_poll)
    make.published(open_poll)
    for page in pages:
        shown = visitor.get(page).content.decode()
        assert "2 objections, 1 answered" in shown
        assert reverse("objections:objection-list", args=[open_poll.public_id]) in shown


def test_a_mail_that_cannot_be_sent_is_tried_again_and_nothing_else_waits_for_it(
    open_poll: Poll, staff: Any, settings: Any
) -> None:
    from outbox import actions as outbox
    from outbox.models import Mail

    objection = filed(open_poll)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answered(objection, staff)
    now = timezone.now()
    outbox.tick(at=now)
    outbox.tick(at=now + timedelta(minutes=1))
    assert Mail.objects.get().tries == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    before = len(mail.outbox)
    outbox.tick(at=now + timedelta(minutes=6))
    assert [letter.to for letter in mail.outbox[before:]] == [[ADDRESS]]
    assert not Mail.objects.exists()


def test_a_mail_is_given_up_after_two_days_and_the_address_with_it(open_poll: Poll, settings: Any, caplog: Any) -> None:
    from outbox import actions as outbox
    from outbox.models import Mail
    from tests.objections.conftest import send_in

    send_in(open_poll)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    outbox.tick(at=timezone.now() + timedelta(hours=49))
    assert not Mail.objects.exists()
    assert "given up" in caplog.text and ADDRESS not in caplog.text
