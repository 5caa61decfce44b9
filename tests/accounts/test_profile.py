from django.urls import reverse


def test_it_changes_name_and_language_and_goes_on_in_that_language(client, ada):
    client.force_login(ada)
    answer = client.post("/en/profile/", {"display_name": "  آدا ", "language": "fa"})
    assert answer["Location"] == "/fa/profile/"
    ada.refresh_from_db()
    assert (ada.display_name, ada.language) == ("آدا", "fa")


def test_it_changes_nothing_else(client, ada):
    client.force_login(ada)
    form = {"display_name": "Ada L.", "language": "en", "email": "x@example.org", "is_staff": "1"}
    client.post(reverse("accounts:profile"), form)
    ada.refresh_from_db()
    assert (ada.email, ada.is_staff) == ("ada@example.org", False)


def test_it_refuses_an_empty_name_and_shows_the_form_again(client, ada):
    client.force_login(ada)
    answer = client.post(reverse("accounts:profile"), {"display_name": " \u202e ", "language": "en"})
    assert answer.status_code == 422
    assert "Please correct this first" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.display_name == "Ada"


def test_opening_it_changes_nothing(client, ada):
    client.force_login(ada)
    assert client.get(reverse("accounts:profile"), {"display_name": "Eve", "language": "fa"}).status_code == 200
    ada.refresh_from_db()
    assert (ada.display_name, ada.language) == ("Ada", "en")


def test_it_says_how_one_signs_in(client, ada):
    client.force_login(ada)
    text = client.get(reverse("accounts:profile")).content.decode()
    assert "ada@example.org" in text
    assert reverse("account_change_password") in text
    assert reverse("mfa_index") in text


def test_who_has_a_passkey_and_no_recovery_codes_is_warned(client, ada):
    client.force_login(ada)
    assert "no recovery codes" not in client.get(reverse("accounts:profile")).content.decode()
    ada.authenticator_set.create(type="webauthn", data={"name": "phone", "credential": {}})
    assert "You have a passkey, but no recovery codes" in client.get(reverse("accounts:profile")).content.decode()
    ada.authenticator_set.create(type="recovery_codes", data={"seed": "x", "used_mask": 0})
    assert "no recovery codes" not in client.get(reverse("accounts:profile")).content.decode()


def test_who_is_not_signed_in_is_asked_to(client, db):
    answer = client.get(reverse("accounts:profile"))
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]
