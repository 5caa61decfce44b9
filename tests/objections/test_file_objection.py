"""An observer objects: the form, the mail, the confirmation, and what the log then holds."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from objections import actions, errors
from objections.models import Objection, Unconfirmed
from tests import make
from tests.objections.conftest import ADDRESS, TEXT, address_to_file, code_in, filed, form, link_in, send_in, send_mail
from votelog import sequencer
from votelog.models import Blob, Event, Pending
from voting.models import Poll

pytestmark = pytest.mark.django_db


def entries(kind: str) -> list[dict[str, Any]]:
    sequencer.run_once()
    return [json.loads(event.body) for event in Event.objects.filter(kind=kind).order_by("idx")]


def blob(name: str) -> dict[str, str]:
    data = bytes(Blob.objects.get(pk=name).data)
    assert sha256(data).hexdigest() == name
    text: dict[str, str] = json.loads(data[16:])
    return text


def test_it_is_sent_in_without_an_account_and_nothing_is_public_before_it_is_confirmed(visitor: Client, open_poll: Poll) -> None:
    answer = visitor.post(address_to_file(open_poll), form())
    waiting = Unconfirmed.objects.get()
    assert answer.status_code == 302 and answer["Location"].endswith(f"/objections/confirm/{waiting.handle}/")
    assert not Objection.objects.exists()
    assert entries("objection.filed") == []
    page = visitor.get(reverse("objections:objection-list", args=[open_poll.public_id])).content.decode()
    assert "Evening Post" not in page and "Nobody has objected" in page


def test_the_mail_has_a_code_and_a_link_and_none_of_the_text(visitor: Client, open_poll: Poll) -> None:
    visitor.post(address_to_file(open_poll), form())
    (letter,) = send_mail()
    assert letter.to == [ADDRESS]
    assert letter.subject == "Confirm your objection"
    assert "What to build?" in letter.body and "48 hours" in letter.body
    assert link_in(letter).endswith(f"?code={code_in(letter)}")
    assert "town hall" not in letter.body and "Evening Post" not in letter.body


def test_the_mail_speaks_the_language_of_the_text(visitor: Client, open_poll: Poll) -> None:
    visitor.post(address_to_file(open_poll), form(language="fa"))
    (letter,) = send_mail()
    assert "چه بسازیم؟" in letter.body and "/fa/objections/confirm/" in letter.body


def test_opening_the_link_confirms_nothing_and_pressing_its_button_does(visitor: Client, open_poll: Poll) -> None:
    visitor.post(address_to_file(open_poll), form())
    link = link_in(send_mail()[0])
    scanner = Client()
    for method in (scanner.get, scanner.head):
        assert method(link).status_code == 200
    assert not Objection.objects.exists() and Unconfirmed.objects.count() == 1
    page = scanner.get(link).content.decode()
    assert TEXT in page
    assert f'value="{link.split("=")[1]}"' in page
    answer = scanner.post(link.split("?")[0], {"code": link.split("=")[1]})
    objection = Objection.objects.get()
    assert answer.status_code == 302 and answer["Location"] == objection.get_absolute_url()
    assert not Unconfirmed.objects.exists()


def test_the_code_may_be_typed_as_it_stands_in_the_mail_and_in_persian_digits(visitor: Client, open_poll: Poll) -> None:
    for typed in (
        lambda code: f" {code[:4]}-{code[4:]} ",
        lambda code: code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
    ):
        waiting = send_in(open_poll)
        code = code_in(send_mail()[0])
        page = reverse("objections:objection-confirm", args=[waiting.handle])
        assert visitor.post(page, {"code": typed(code)}).status_code == 302
    assert Objection.objects.count() == 2


def test_a_confirmed_objection_is_public_at_once_and_in_the_log_with_text_and_name(visitor: Client, open_poll: Poll) -> None:
    objection = filed(open_poll)
    assert len(objection.public_id) == 8 and objection.public_id.isalnum() and objection.public_id.islower()
    for page in (reverse("objections:objection-list", args=[open_poll.public_id]), objection.get_absolute_url()):
        shown = visitor.get(page).content.decode()
        assert TEXT in shown and "Evening Post" in shown and "Not answered yet" in shown
    (entry,) = entries("objection.filed")
    assert entry["poll"] == open_poll.public_id
    assert set(entry["d"]) == {"objection", "text_sha256"} and entry["d"]["objection"] == objection.public_id
    assert blob(entry["d"]["text_sha256"]) == {"en": f"{TEXT}\n\n— Evening Post"}


def test_an_anonymous_objection_has_no_name_anywhere(visitor: Client, open_poll: Poll) -> None:
    objection = filed(open_poll, name="", language="fa")
    assert "Anonymous" in visitor.get(objection.get_absolute_url()).content.decode()
    (entry,) = entries("objection.filed")
    assert blob(entry["d"]["text_sha256"]) == {"fa": TEXT}


def test_it_is_filed_once_however_often_it_is_confirmed(visitor: Client, open_poll: Poll) -> None:
    waiting = send_in(open_poll)
    code = code_in(send_mail()[0])
    actions.confirm_objection(handle=waiting.handle, code=code, at=timezone.now())
    with pytest.raises(errors.ObjectionNotWaiting):
        actions.confirm_objection(handle=waiting.handle, code=code, at=timezone.now())
    page = visitor.post(reverse("objections:objection-confirm", args=[waiting.handle]), {"code": code})
    assert page.status_code == 404 and "Nothing waits to be confirmed here" in page.content.decode()
    assert Objection.objects.count() == len(entries("objection.filed")) == 1


def test_a_wrong_code_confirms_nothing_and_says_so(visitor: Client, open_poll: Poll) -> None:
    waiting = send_in(open_poll)
    wrong = f"{(int(code_in(send_mail()[0])) + 1) % 10**8:08d}"
    page = reverse("objections:objection-confirm", args=[waiting.handle])
    answer = visitor.post(page, {"code": wrong})
    assert answer.status_code == 409 and "This is not the code in our mail" in answer.content.decode()
    assert visitor.post(page, {"code": ""}).status_code == 422
    assert Unconfirmed.objects.count() == 1 and not Objection.objects.exists()


def test_codes_cannot_be_guessed_for_long(visitor: Client, open_poll: Poll) -> None:
    waiting = send_in(open_poll)
    code = code_in(send_mail()[0])
    page = reverse("objections:objection-confirm", args=[waiting.handle])
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _ in range(10):
        assert "not the code" in visitor.post(page, {"code": wrong}).content.decode()
    answer = visitor.post(page, {"code": code})
    assert answer.status_code == 409 and "try again in an hour" in answer.content.decode()
    assert not Objection.objects.exists() and Unconfirmed.objects.exists()


def test_a_code_confirms_its_own_objection_only(open_poll: Poll) -> None:
    first, second = send_in(open_poll), send_in(open_poll)
    code = code_in(send_mail()[0])
    with pytest.raises(errors.ObjectionCodeWrong):
        actions.confirm_objection(handle=second.handle, code=code, at=timezone.now())
    assert actions.confirm_objection(handle=first.handle, code=code, at=timezone.now()).public_id == first.public_id


def test_no_code_can_be_read_out_of_the_table(open_poll: Poll) -> None:
    waiting = send_in(open_poll)
    code = code_in(send_mail()[0])
    assert code not in "".join(str(value) for value in vars(waiting).values())
    assert sha256(code.encode()).hexdigest() != waiting.code_mac


def test_after_48_hours_it_can_no_longer_be_confirmed_and_the_clock_forgets_it(visitor: Client, open_poll: Poll) -> None:
    now = timezone.now()
    waiting = send_in(open_poll, at=now - timedelta(hours=48))
    fresh = send_in(open_poll, at=now - timedelta(hours=47))
    letters = send_mail()
    with pytest.raises(errors.ObjectionNotWaiting):
        actions.confirm_objection(handle=waiting.handle, code=code_in(letters[0]), at=now)
    assert visitor.get(reverse("objections:objection-confirm", args=[waiting.handle])).status_code == 404
    actions.tick(at=now)
    assert list(Unconfirmed.objects.values_list("pk", flat=True)) == [fresh.pk]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": "x" * 49}, "at least 50 characters"),
        ({"text": "x" * 5_001}, "at most 5000"),
        ({"text": ""}, "Say what you object to"),
        ({"email": ""}, "We need an address"),
        ({"email": "nobody"}, "valid email"),
        ({"name": "n" * 121}, "at most 120"),
        ({"language": "de"}, "not one of the available choices"),
    ],
)
def test_a_form_with_a_fault_comes_back_with_everything_in_it(
    visitor: Client, open_poll: Poll, wrong: dict[str, str], said: str
) -> None:
    given = form(**wrong)
    answer = visitor.post(address_to_file(open_poll), given)
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert all(text in page for name, text in given.items() if name != "language")
    assert not Unconfirmed.objects.exists() and send_mail() == []


@pytest.mark.parametrize("length", [50, 5_000])
def test_texts_at_the_limits_are_taken(visitor: Client, open_poll: Poll, length: int) -> None:
    assert visitor.post(address_to_file(open_poll), form(text="x" * length)).status_code == 302


def test_the_text_is_kept_in_the_form_that_the_log_needs(visitor: Client, open_poll: Poll) -> None:
    decomposed = "Cafe\u0301 line one, which is long enough to be an objection\r\nline two\u202e, all of it"
    visitor.post(address_to_file(open_poll), form(text=decomposed, name="Cafe\u0301\n\u202eEvil"))
    waiting = Unconfirmed.objects.get()
    assert waiting.text == "Café line one, which is long enough to be an objection\nline two, all of it"
    assert waiting.name == "Café Evil"
    actions.confirm_objection(handle=waiting.handle, code=code_in(send_mail()[0]), at=timezone.now())


def test_text_and_name_are_shown_as_text(visitor: Client, open_poll: Poll) -> None:
    objection = filed(open_poll, text="<script>alert(1)</script> " + TEXT, name="<b>Post</b>")
    page = visitor.get(objection.get_absolute_url()).content.decode()
    assert "<script>alert" not in page and "<b>Post</b>" not in page and "&lt;b&gt;Post" in page


def test_an_address_gets_three_mails_an_hour_and_the_text_is_kept(visitor: Client, open_poll: Poll) -> None:
    for _ in range(3):
        assert visitor.post(address_to_file(open_poll), form()).status_code == 302
    for email in (ADDRESS, ADDRESS.upper()):
        answer = Client(REMOTE_ADDR="198.51.100.7").post(address_to_file(open_poll), form(email=email))
        assert answer.status_code == 409
        assert "wait an hour" in answer.content.decode() and TEXT in answer.content.decode()
    assert len(send_mail()) == 3 and Unconfirmed.objects.count() == 3


def test_a_network_address_may_file_five_times_a_minute(visitor: Client, open_poll: Poll) -> None:
    answers = [visitor.post(address_to_file(open_poll), form(email=f"o{n}@press.example")).status_code for n in range(6)]
    assert answers == [302] * 5 + [409]


def test_it_answers_the_same_whether_or_not_the_address_has_an_account(visitor: Client, open_poll: Poll, ada: Any) -> None:
    pages = []
    for email in (ada.email, "nobody-at-all@example.org"):
        answer = visitor.post(address_to_file(open_poll), form(email=email), follow=True)
        page = answer.content.decode()
        assert email not in page
        pages.append(page.replace(answer.redirect_chain[0][0].split("/")[-2], "HANDLE"))
    own = r'nonce="[^"]*"|value="[^"]{64}"|"X-CSRFToken": "[^"]*"|datetime="[^"]*"'
    same = [re.sub(own, "", page) for page in pages]
    assert same[0] == same[1]
    assert len(send_mail()) == 2


def test_a_form_from_elsewhere_is_refused(open_poll: Poll) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(address_to_file(open_poll), form()).status_code == 403
    waiting = send_in(open_poll)
    code = code_in(send_mail()[0])
    assert client.post(reverse("objections:objection-confirm", args=[waiting.handle]), {"code": code}).status_code == 403
    assert not Objection.objects.exists()


def test_objections_are_taken_from_the_opening_until_thirty_days_after_the_last_result(
    visitor: Client, draft_poll: Poll, settings: Any
) -> None:
    from voting import actions as voting

    now = draft_poll.closes_at
    assert visitor.get(address_to_file(draft_poll)).status_code == 404
    with pytest.raises(errors.ObjectionsNotYet):
        send_in(draft_poll)
    poll = voting.open_poll(poll=draft_poll, by=None)
    send_in(poll)
    voting.close_poll(poll=poll, by=None, at=now)
    poll.refresh_from_db()
    send_in(poll)
    sequencer.run_once()
    result = voting.publish_result(poll=poll, by=None, at=now)
    poll.refresh_from_db()
    send_in(poll, at=now + timedelta(days=30))
    with pytest.raises(errors.ObjectionsOver):
        send_in(poll, at=now + timedelta(days=30, seconds=1))
    settings.APPEALS_DAYS = 10
    type(result).objects.update(published_at=timezone.now() - timedelta(days=11))
    page = visitor.get(address_to_file(poll)).content.decode()
    assert "it ends 10 days after its last result" in page and "<textarea" not in page
    assert visitor.post(address_to_file(poll), form()).status_code == 409


def test_an_objection_cannot_be_confirmed_after_the_time_for_objections(open_poll: Poll) -> None:
    poll = make.published(open_poll)
    at = timezone.now() + timedelta(days=30, seconds=-60)
    waiting = send_in(poll, at=at)
    code = code_in_pending()
    with pytest.raises(errors.ObjectionsOver):
        actions.confirm_objection(handle=waiting.handle, code=code, at=at + timedelta(hours=1))
    assert Unconfirmed.objects.exists() and not Objection.objects.exists()


def code_in_pending() -> str:
    from outbox.models import Mail

    return code_in(Mail.objects.get())


def test_nobody_hears_of_objections_to_a_poll_that_is_not_public(visitor: Client, open_poll: Poll) -> None:
    objection = filed(open_poll)
    open_poll.process.published = False
    open_poll.process.save(update_fields=["published"])
    assert visitor.get(objection.get_absolute_url()).status_code == 404
    assert visitor.get(reverse("objections:objection-list", args=[open_poll.public_id])).status_code == 404


def test_the_address_of_an_objector_is_on_no_page_and_in_no_entry(
    visitor: Client, council: Client, open_poll: Poll, staff: Any
) -> None:
    from tests.objections.conftest import answered

    objection = filed(open_poll)
    answered(objection, staff)
    actions.hide_objection(
        objection=objection, by=staff, rule="spam", reason="", at=timezone.now(), base_url="https://vote.example.org/"
    )
    sequencer.run_once()
    make.published(open_poll)
    pages = [
        reverse("objections:objection-list", args=[open_poll.public_id]),
        objection.get_absolute_url(),
        reverse("objections:objection-open"),
        reverse("objections:objection-answer", args=[objection.public_id]),
        reverse("objections:objection-moderate", args=[objection.public_id]),
        reverse("moderation:act-list"),
        reverse("voting:poll-detail", args=[open_poll.public_id]),
        reverse("voting:result", args=[open_poll.public_id]),
        reverse("voting:result-download", args=[open_poll.public_id, "json"]),
        reverse("voting:result-download", args=[open_poll.public_id, "csv"]),
        reverse("voting:result-download", args=[open_poll.public_id, "pb"]),
    ]
    for client in (visitor, council):
        for page in pages:
            answer = client.get(page)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert b"observer@" not in body and b"press.example" not in body, page
    assert Event.objects.exists()
    logged = [event.body for event in Event.objects.all()] + [row.body for row in Pending.objects.all()]
    logged += [bytes(row.data).decode("utf-8", "replace") for row in Blob.objects.all()]
    assert not any("press.example" in text for text in logged)
    assert mail.outbox


def test_many_objections_take_several_pages(visitor: Client, open_poll: Poll) -> None:
    now = timezone.now()
    Objection.objects.bulk_create(
        Objection(poll=open_poll, public_id=f"abcdef{n:02d}", language="en", text=TEXT, filed_at=now) for n in range(31)
    )
    first = reverse("objections:objection-list", args=[open_poll.public_id])
    assert [visitor.get(page).content.decode().count("<article") for page in (first, f"{first}?page=2")] == [30, 1]
