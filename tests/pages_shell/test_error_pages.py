import pytest
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.utils.translation import override

from common import views


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_page_that_is_not_there_leads_on(client, db, language):
    answer = client.get(f"/{language}/nowhere/")
    assert answer.status_code == 404
    text = answer.content.decode()
    assert f'<html lang="{language}"' in text
    assert f'href="/{language}/processes/"' in text
    assert "site-footer" in text


def test_a_form_without_its_secret_is_explained_and_does_nothing(db):
    from accounts.models import User

    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/en/account/signup/", {"display_name": "Eve", "email": "eve@example.org"})
    assert answer.status_code == 403
    assert "This form was too old" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize(("view", "status"), [(views.bad_request, 400), (views.permission_denied, 403)])
def test_the_other_refusals_wear_our_face(db, view, status, language):
    from django.contrib.auth.models import AnonymousUser

    request = RequestFactory().get(f"/{language}/")
    request.user = AnonymousUser()
    with override(language):
        answer = view(request, Exception("secret detail"))
    assert answer.status_code == status
    assert "site-footer" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_the_page_of_an_outage_needs_neither_database_nor_request():
    """Not marked for the database: touching it would fail the test."""
    text = get_template("500.html").render()
    assert "Something went wrong on our side" in text
    assert 'lang="fa" dir="rtl"' in text
    assert "http" not in text
