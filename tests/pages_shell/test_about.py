from hashlib import sha256

import pytest
from django.conf import settings
from django.test import RequestFactory

from deliberate import views
from tests import make


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("path", ["about/", "about/log/", "verify/"])
def test_the_pages_are_there_before_anything_is_logged(client, db, path, language):
    answer = client.get(f"/{language}/{path}")
    assert answer.status_code == 200
    assert answer.content.decode().count("<h1>") == 1


def test_the_log_page_tells_how_long_the_log_is_and_where(client, open_poll, ada):
    make.cast(open_poll, ada, "o1")
    make.published(open_poll)
    answer = client.get("/en/about/log/")
    checkpoint = answer.context["checkpoint"]
    assert answer.context["ballots"] == 1
    text = answer.content.decode()
    assert f'href="/log/{checkpoint.shard}/checkpoint"' in text
    assert f"<dd>{checkpoint.size}</dd>" in text
    assert client.get(f"/log/{checkpoint.shard}/checkpoint").content.decode().splitlines()[1] == str(checkpoint.size)


def test_it_says_what_the_log_does_not_protect_against(client, db):
    text = client.get("/en/about/log/").content.decode()
    assert "What it does not protect against" in text
    assert "Pressure and vote buying." in text
    assert "as long as the key of a poll exists" in text


def test_verify_names_the_command_for_each_decided_poll_and_for_no_other(client, open_poll, ada):
    command = f"poll http://testserver {open_poll.public_id}"
    assert command not in client.get("/en/verify/").content.decode()
    make.cast(open_poll, ada, "o1")
    make.published(open_poll)
    assert command in client.get("/en/verify/").content.decode()


def test_the_verifier_that_is_served_is_the_one_whose_fingerprint_is_shown(client, db):
    answer = views.verifier_download(RequestFactory().get("/"))
    body = b"".join(answer.streaming_content)
    assert body == (settings.BASE_DIR / "verifier" / "__main__.py").read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="votelog_verify.py"'
    assert client.get("/en/verify/").context["verifier_sha256"] == sha256(body).hexdigest()
