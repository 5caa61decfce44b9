"""Passwords, addresses and passkeys of people who are signed in, or want to be again."""

import re

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import translation

from common.persian import persian_digits
from tests.accounts.pages import code_in

# A public key as Chromium's virtual authenticator registers it; nobody holds the private one.
FAKE_KEY = {
    "type": "public-key",
    "id": "JmRrteGMUbNRMcO9cXQFTKdZZs0jl6LAifpJmSZV--U",
    "rawId": "JmRrteGMUbNRMcO9cXQFTKdZZs0jl6LAifpJmSZV--U",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQnlKYlpLYXhGMjZaZkFReXBrQTFPbzlqT0lsLWV0UUFxVn"
        "R6WU5MNTY5YyIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODEyMyIsImNyb3NzT3JpZ2luIjpmYWxzZX0",
        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQECA"
        "wQFBgcIAQIDBAUGBwgAICZka7XhjFGzUTHDvXF0BUynWWbNI5eiwIn6SZkmVfvlpQECAyYgASFYIGZfr27_eo838uFwmMQkRWJuP-SPxFt4MlYDi81wHl"
        "TYIlggh-ySw5hEC_43Lt_z6ODsfWCya4jwMQZ0c78uT1UqGm4",
    },
    "clientExtensionResults": {"credProps": {"rk": True}},
}

PASSWORD, NEW = "correct horse battery", "staple under the bridge 7"


def test_a_forgotten_password_is_replaced_by_a_code(client, ada):
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    client.post(reverse("account_confirm_password_reset_code"), {"code": code_in(mail.outbox[0])})
    url = reverse("account_complete_password_reset")
    answer = client.post(url, {"password1": NEW, "password2": NEW}, follow=True)
    assert "Your password is changed" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert mail.outbox[-1].subject == "Your password was reset"


def test_without_the_code_no_password_can_be_chosen(client, ada):
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    client.post(reverse("account_confirm_password_reset_code"), {"code": "0000-0000"})
    client.post(reverse("account_complete_password_reset"), {"password1": NEW, "password2": NEW})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_a_password_is_changed_by_who_knows_it(client, ada):
    client.force_login(ada)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post(reverse("account_change_password"), form)["Location"] == reverse("accounts:profile")
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert mail.outbox[-1].subject == "Your password was changed"


@pytest.mark.parametrize(
    "form",
    [
        {"oldpassword": "not this one", "password1": NEW, "password2": NEW},
        {"oldpassword": PASSWORD, "password1": "short", "password2": "short"},
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW + "x"},
        {"oldpassword": PASSWORD, "password1": "ada@example.org", "password2": "ada@example.org"},
    ],
)
def test_it_refuses_a_password_that_is_wrong_weak_or_mistyped(client, ada, form):
    client.force_login(ada)
    answer = client.post(reverse("account_change_password"), form)
    assert "Please correct this first" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_who_has_no_password_may_set_one(client, ada):
    ada.set_unusable_password()
    ada.save(update_fields=["password"])
    client.force_login(ada)
    assert client.get(reverse("account_change_password"))["Location"] == reverse("account_set_password")
    client.post(reverse("account_set_password"), {"password1": NEW, "password2": NEW})
    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_a_second_address_counts_once_its_code_is_typed(client, ada):
    client.force_login(ada)
    client.post(reverse("account_email"), {"action_add": "", "email": "ada@home.example"})
    assert not ada.emailaddress_set.filter(email="ada@home.example").exists()
    client.post(reverse("account_email_verification_sent"), {"code": code_in(mail.outbox[-1])})
    assert ada.emailaddress_set.get(email="ada@home.example").verified
    client.post(reverse("account_email"), {"action_primary": "", "email": "ada@home.example"})
    ada.refresh_from_db()
    assert ada.email == "ada@home.example"


def test_the_main_address_cannot_be_removed(client, ada):
    client.force_login(ada)
    answer = client.post(reverse("account_email"), {"action_remove": "", "email": "ada@example.org"}, follow=True)
    assert "ada@example.org is your main address" in answer.content.decode()
    assert ada.emailaddress_set.count() == 1


def test_nobody_can_change_an_address_of_somebody_else(client, ada, bo):
    client.force_login(bo)
    client.post(reverse("account_email"), {"action_remove": "", "email": "ada@example.org"})
    assert ada.emailaddress_set.count() == 1


def test_a_passkey_is_added_only_by_who_has_just_given_the_password(client, ada):
    client.force_login(ada)
    add = reverse("mfa_add_webauthn")
    answer = client.get(add)
    assert answer["Location"] == f"{reverse('account_reauthenticate')}?next={add.replace('/', '%2F')}"
    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": add}, follow=True)
    assert answer.redirect_chain == [(add, 302)]
    assert "Make the passkey" in answer.content.decode()


def test_a_made_up_passkey_is_not_taken(client, ada):
    client.force_login(ada)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_add_webauthn"))
    client.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": "{}"})
    assert not ada.authenticator_set.exists()
    client.logout()
    client.post(reverse("mfa_login_webauthn"), {"credential": "{}"})
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db(transaction=True)
def test_new_recovery_codes_are_told_by_mail_and_shown_once_one_has_confirmed(client, ada):
    ada.authenticator_set.create(type="webauthn", data={"name": "phone", "credential": {}})
    client.force_login(ada)
    assert client.post(reverse("mfa_generate_recovery_codes")).status_code == 302
    assert not ada.authenticator_set.filter(type="recovery_codes").exists()
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("mfa_generate_recovery_codes"))
    assert mail.outbox[-1].subject == "New recovery codes"
    codes = ada.authenticator_set.get(type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    assert codes[0] in client.get(reverse("mfa_view_recovery_codes")).content.decode()


def test_a_recovery_code_is_the_second_step_once(client, ada):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    ada.authenticator_set.create(type="webauthn", data={"name": "phone", "credential": FAKE_KEY})
    code = RecoveryCodes.activate(ada).get_unused_codes()[0]
    for expected in ("signed in", "refused"):
        client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
        assert "_auth_user_id" not in client.session
        client.post(reverse("mfa_authenticate"), {"code": persian_digits(code)})
        assert ("_auth_user_id" in client.session) == (expected == "signed in")
        client.logout()


@pytest.mark.asvs("6.4.3")
def test_a_new_password_does_not_get_past_the_second_step(client, ada):
    ada.authenticator_set.create(type="webauthn", data={"name": "phone", "credential": FAKE_KEY})
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    client.post(reverse("account_confirm_password_reset_code"), {"code": code_in(mail.outbox[0])})
    client.post(reverse("account_complete_password_reset"), {"password1": NEW, "password2": NEW})
    answer = client.post(reverse("account_login"), {"login": "ada@example.org", "password": NEW})
    assert answer["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session


def test_what_persian_pages_say_about_the_length_of_passwords_has_persian_digits(client, ada):
    ada.set_unusable_password()
    ada.save()
    client.force_login(ada)
    with translation.override("fa"):
        url = reverse("account_set_password")
    help_text = re.findall(r'class="hint" id="id_password1_helptext">(.*?)</div>', client.get(url).content.decode(), re.S)[0]
    assert "۱۰" in help_text and not re.search("[0-9]", help_text)
    html = client.post(url, {"password1": "kw7", "password2": "kw7"}).content.decode()
    errors = "".join(
        re.findall(r'class="field__error".*?</div>', html, re.S) + re.findall(r'<a href="#id_password1">(.*?)</a>', html)
    )
    assert "۱۰" in errors and not re.search(r"\b10\b", errors)
