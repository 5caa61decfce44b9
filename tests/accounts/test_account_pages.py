"""Every page of allauth that can be reached wears our face, in both languages, and runs no script of its own."""

import pytest
from django.core import mail
from django.urls import reverse

from tests.accounts.pages import Scripts, code_in

FOR_ALL = [
    "account_login",
    "account_signup",
    "account_signup_by_passkey",
    "account_request_login_code",
    "account_reset_password",
    "account_password_reset_completed",
    "account_inactive",
]
SIGNED_IN = [
    "account_email",
    "account_change_password",
    "account_logout",
    "account_reauthenticate",
    "mfa_index",
    "mfa_list_webauthn",
    "accounts:profile",
    "eligibility:mine",
    "eligibility:redeem",
]


def wears_our_face(answer) -> None:
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "site-footer" in text
    assert text.count("<h1>") == 1
    assert "Email Address" not in text  # allauth's own words
    scripts = Scripts(text)
    assert not scripts.inline
    assert all(script["nonce"] and script["src"] for script in scripts.running)
    assert "style=" not in text
    assert "onclick" not in text


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("name", FOR_ALL)
def test_pages_for_everybody(client, db, name, language):
    answer = client.get(reverse(name).replace("/en/", f"/{language}/"))
    wears_our_face(answer)
    assert f'<html lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}"' in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("name", SIGNED_IN)
def test_pages_for_people_who_are_signed_in(client, ada, name, language):
    client.force_login(ada)
    wears_our_face(client.get(reverse(name).replace("/en/", f"/{language}/")))


def test_pages_of_a_code(client, ada):
    client.post(reverse("account_request_login_code"), {"email": "ada@example.org"})
    wears_our_face(client.get(reverse("account_confirm_login_code")))
    client.cookies.clear()
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    wears_our_face(client.get(reverse("account_confirm_password_reset_code")))
    client.post(reverse("account_confirm_password_reset_code"), {"code": code_in(mail.outbox[-1])})
    wears_our_face(client.get(reverse("account_complete_password_reset")))


def test_pages_of_passkeys_and_recovery_codes(client, ada):
    client.force_login(ada)
    client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})
    wears_our_face(client.get(reverse("mfa_add_webauthn")))
    key = ada.authenticator_set.create(type="webauthn", data={"name": "phone", "credential": {}})
    wears_our_face(client.get(reverse("mfa_list_webauthn")))
    wears_our_face(client.get(reverse("mfa_edit_webauthn", args=[key.pk])))
    wears_our_face(client.get(reverse("mfa_remove_webauthn", args=[key.pk])))
    wears_our_face(client.get(reverse("mfa_generate_recovery_codes")))
    client.post(reverse("mfa_generate_recovery_codes"))
    wears_our_face(client.get(reverse("mfa_view_recovery_codes")))
    wears_our_face(client.get(reverse("mfa_reauthenticate")))


def test_what_allauth_asks_a_page_for_exists_here_too():
    """A page of allauth's that we have not made would appear in its own bare look."""
    from pathlib import Path

    import allauth
    from django.conf import settings

    theirs = Path(allauth.__file__).parent / "templates"
    ours = Path(settings.BASE_DIR) / "templates"
    unreachable = {"phone", "email_change", "email_confirm.", "verification_sent", "password_reset_done", "verified_email"}
    unreachable |= {"totp", "snippets", "trust", "recovery_codes/base", "webauthn/base"}
    missing = [
        str(path.relative_to(theirs))
        for folder in ("account", "mfa")
        for path in sorted((theirs / folder).rglob("*.html"))
        if not (ours / path.relative_to(theirs)).exists()
        and not any(part in str(path) for part in unreachable)
    ]
    assert missing == []


def test_a_passkey_page_without_javascript_says_so(client, db):
    text = client.get(reverse("account_login")).content.decode()
    assert "<noscript>" in text
    assert 'id="passkey_login" hidden' in text
