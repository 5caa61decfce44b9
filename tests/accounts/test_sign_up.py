import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common.persian import persian_digits
from tests.accounts.pages import code_in, same_page


def sign_up(client, email="new@example.org", name="Nia", language="en"):
    return client.post(f"/{language}/account/signup/", {"display_name": name, "email": email}, follow=True)


def test_a_code_from_the_mail_ends_signed_in(client, db):
    assert sign_up(client).redirect_chain == [(reverse("account_email_verification_sent"), 302)]
    assert "_auth_user_id" not in client.session
    answer = client.post(reverse("account_email_verification_sent"), {"code": code_in(mail.outbox[0])}, follow=True)
    assert answer.redirect_chain == [(reverse("home"), 302)]
    person = User.objects.get(email="new@example.org")
    assert client.session["_auth_user_id"] == str(person.pk)
    assert (person.display_name, person.language, person.has_usable_password()) == ("Nia", "en", False)
    assert person.emailaddress_set.get().verified


def test_who_signs_up_in_persian_is_written_to_in_persian_and_may_type_persian_digits(client, db):
    sign_up(client, name="نیا", language="fa")
    code = persian_digits(code_in(mail.outbox[0]))
    answer = client.post("/fa/account/confirm-email/", {"code": code}, follow=True)
    assert answer.redirect_chain == [("/fa/", 302)]
    assert User.objects.get().language == "fa"


def test_a_wrong_code_signs_nobody_in_and_the_right_one_still_does(client, db):
    sign_up(client)
    url = reverse("account_email_verification_sent")
    answer = client.post(url, {"code": "0000-0000"})
    assert "This is not the code we sent." in answer.content.decode()
    assert "_auth_user_id" not in client.session
    client.post(url, {"code": code_in(mail.outbox[0]).replace("-", " ")})
    assert "_auth_user_id" in client.session


def test_three_wrong_codes_end_the_attempt(client, db):
    sign_up(client)
    url = reverse("account_email_verification_sent")
    for _attempt in range(3):
        client.post(url, {"code": "0000-0000"})
    client.post(url, {"code": code_in(mail.outbox[0])})
    assert "_auth_user_id" not in client.session


@pytest.mark.asvs("6.3.8")
def test_nobody_learns_from_it_whether_an_address_has_an_account(client, ada):
    unknown = sign_up(client, email="new@example.org")
    client.cookies.clear()
    known = sign_up(client, email="ada@example.org")
    assert unknown.redirect_chain == known.redirect_chain
    assert same_page(unknown, "new@example.org") == same_page(known, "ada@example.org")


def test_nor_from_asking_for_another_code_or_typing_a_wrong_one(client, ada):
    url, pages = reverse("account_email_verification_sent"), []
    for address in ("new@example.org", "ada@example.org"):
        sign_up(client, email=address)
        for form in ({"action": "resend"}, {"code": "0000-0000"}, {"action": "change", "email": "x@example.org"}):
            pages.append(same_page(client.post(url, form, follow=True), address))
        client.cookies.clear()
    assert pages[:3] == pages[3:]


def test_the_owner_of_a_known_address_is_told_by_mail_and_nothing_is_changed(client, ada):
    sign_up(client, email="ada@example.org", name="Mallory")
    (letter,) = mail.outbox
    assert letter.to == ["ada@example.org"]
    assert letter.subject == "You have an account already"
    assert not re.search(r"\d{4}-\d{4}", letter.body)
    assert list(User.objects.values_list("display_name")) == [("Ada",)]


def test_a_name_cannot_rearrange_the_text_around_it(client, db):
    sign_up(client, name="  Nia \u202egnol\u202c \n Long ")
    assert User.objects.get().display_name == "Nia gnol Long"


def test_a_name_is_needed(client, db):
    answer = sign_up(client, name="\u202e  ")
    assert 'href="#id_display_name"' in answer.content.decode()
    assert not User.objects.exists()


def test_opening_the_page_makes_no_account(client, db):
    client.get(reverse("account_signup"), {"email": "new@example.org", "display_name": "Nia"})
    assert not User.objects.exists()
    assert not mail.outbox


def test_another_code_can_be_sent_and_only_the_last_one_counts(client, db):
    sign_up(client)
    url = reverse("account_email_verification_sent")
    assert client.post(url, {"action": "resend"}).status_code == 429
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        client.post(url, {"action": "resend"})
    first, second = [code_in(letter) for letter in mail.outbox]
    client.post(url, {"code": first})
    assert "_auth_user_id" not in client.session
    client.post(url, {"code": second})
    assert "_auth_user_id" in client.session


def test_who_wants_a_passkey_makes_it_after_the_code(client, db):
    client.post(reverse("account_signup_by_passkey"), {"display_name": "Nia", "email": "new@example.org"})
    answer = client.post(reverse("account_email_verification_sent"), {"code": code_in(mail.outbox[0])}, follow=True)
    assert answer.redirect_chain[-1] == (reverse("mfa_signup_webauthn"), 302)
    assert "_auth_user_id" not in client.session
    assert answer.context["js_data"]["creation_options"]["publicKey"]["rp"]["id"] == "testserver"
