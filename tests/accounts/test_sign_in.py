import pytest
from django.core import mail
from django.urls import reverse

from tests.accounts.pages import code_in, same_page

PASSWORD = "correct horse battery"


def ask_for_code(client, email="ada@example.org", **more):
    return client.post(reverse("account_request_login_code"), {"email": email, **more}, follow=True)


def signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_a_code_from_the_mail_signs_in(client, ada):
    ask_for_code(client)
    assert not signed_in(client)
    answer = client.post(reverse("account_confirm_login_code"), {"code": code_in(mail.outbox[0])}, follow=True)
    assert answer.redirect_chain == [(reverse("home"), 302)]
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert "You are signed in as Ada." in answer.content.decode()


def test_it_leads_back_to_where_one_was(client, ada):
    ask_for_code(client, next="/en/eligibility/redeem/")
    url = reverse("account_confirm_login_code")
    answer = client.post(url, {"code": code_in(mail.outbox[0]), "next": "/en/eligibility/redeem/"})
    assert answer["Location"] == "/en/eligibility/redeem/"


def test_it_does_not_lead_to_another_site(client, ada):
    ask_for_code(client)
    url = reverse("account_confirm_login_code")
    answer = client.post(url, {"code": code_in(mail.outbox[0]), "next": "https://evil.example/"})
    assert answer["Location"] == reverse("home")


def test_a_wrong_code_signs_nobody_in(client, ada):
    ask_for_code(client)
    answer = client.post(reverse("account_confirm_login_code"), {"code": "0000-0000"})
    assert "This is not the code we sent." in answer.content.decode()
    assert not signed_in(client)


def test_a_code_is_good_for_three_attempts(client, ada):
    ask_for_code(client)
    for _attempt in range(3):
        client.post(reverse("account_confirm_login_code"), {"code": "0000-0000"})
    client.post(reverse("account_confirm_login_code"), {"code": code_in(mail.outbox[0])})
    assert not signed_in(client)


def test_a_code_signs_in_only_where_it_was_asked_for(client, ada, django_test_client_of_somebody_else):
    ask_for_code(client)
    other = django_test_client_of_somebody_else
    ask_for_code(other, email="bo@example.org")
    other.post(reverse("account_confirm_login_code"), {"code": code_in(mail.outbox[0])})
    assert not signed_in(other)


@pytest.fixture
def django_test_client_of_somebody_else(bo):
    from django.test import Client

    return Client()


@pytest.mark.asvs("6.3.8")
def test_nobody_learns_from_asking_for_a_code_whether_an_address_has_an_account(client, ada):
    known = ask_for_code(client, "ada@example.org")
    client.cookies.clear()
    unknown = ask_for_code(client, "nobody@example.org")
    assert known.redirect_chain == unknown.redirect_chain
    assert same_page(known, "ada@example.org") == same_page(unknown, "nobody@example.org")
    wrong = client.post(reverse("account_confirm_login_code"), {"code": "0000-0000"})
    assert "This is not the code we sent." in wrong.content.decode()
    assert [(letter.to, letter.subject) for letter in mail.outbox[1:]] == [
        (["nobody@example.org"], "No account with this address")
    ]


def test_a_password_signs_in(client, ada):
    answer = client.post(reverse("account_login"), {"login": "ADA@example.org", "password": PASSWORD})
    assert answer["Location"] == reverse("home")
    assert client.session["_auth_user_id"] == str(ada.pk)


@pytest.mark.asvs("6.3.8")
def test_nobody_learns_from_a_wrong_password_whether_an_address_has_an_account(client, ada):
    known = client.post(reverse("account_login"), {"login": "ada@example.org", "password": "wrong wrong"})
    unknown = client.post(reverse("account_login"), {"login": "nobody@example.org", "password": "wrong wrong"})
    assert "do not belong together" in known.content.decode()
    assert same_page(known, "ada@example.org") == same_page(unknown, "nobody@example.org")
    assert not signed_in(client)


def test_the_password_is_not_sent_back(client, ada):
    answer = client.post(reverse("account_login"), {"login": "ada@example.org", "password": "wrong wrong"})
    assert "wrong wrong" not in answer.content.decode()


@pytest.mark.asvs("6.3.1")
def test_passwords_cannot_be_found_by_trying(client, ada):
    for _attempt in range(6):
        client.post(reverse("account_login"), {"login": "ada@example.org", "password": "wrong wrong"})
    client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert not signed_in(client)


def test_somebody_whose_account_is_closed_is_not_signed_in(client, ada):
    ada.is_active = False
    ada.save(update_fields=["is_active"])
    client.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert not signed_in(client)
    ask_for_code(client)
    assert "code for signing in" not in mail.outbox[0].body


def test_opening_the_page_of_signing_out_signs_nobody_out(client, ada):
    client.force_login(ada)
    assert client.get(reverse("account_logout")).status_code == 200
    assert signed_in(client)
    assert client.post(reverse("account_logout"))["Location"] == reverse("home")
    assert not signed_in(client)


def test_mails_say_what_they_are_for_and_never_link_to_a_code(client, ada):
    ask_for_code(client)
    (letter,) = mail.outbox
    code = code_in(letter)
    assert letter.subject == f"{code} is your sign-in code"
    assert "Your code for signing in:" in letter.body
    assert not any(code in line for line in letter.body.splitlines() if "http" in line)


def test_too_many_requests_for_codes_are_answered_by_a_page_of_ours(client, ada):
    answers = [client.post(reverse("account_reset_password"), {"email": "ada@example.org"}) for _n in range(6)]
    assert answers[-1].status_code == 429
    assert "Too many attempts" in answers[-1].content.decode()
    assert "site-footer" in answers[-1].content.decode()
