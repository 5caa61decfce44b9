"""An instance with production settings, PostgreSQL and Redis: what a proxy in front of it sees."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests import services
from tests.browser.conftest import ROOT, daphne


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    postgres, redis = os.environ.get("TEST_POSTGRES_URL"), os.environ.get("TEST_REDIS_URL")
    if not postgres or not redis:
        pytest.skip("Needs PostgreSQL and Redis: install postgresql and redis-server and use `make test`.")
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop database if exists production with (force)")
        connection.execute("create database production")
    environment = {
        "SECRET_KEY": "only-for-this-test-only-for-this-test-only-for-this-test",
        "HOSTS": "localhost",
        "DATABASE_URL": postgres.rsplit("/", 1)[0] + "/production",
        "REDIS_URL": redis,
        "DATA_DIR": str(tmp_path_factory.mktemp("production")),
        "TRUSTED_PROXY_COUNT": "1",
        "SMTP_HOST": "localhost",
    }
    for command in ("migrate -v 0", "collectstatic --noinput -v 0", "check --deploy --fail-level WARNING"):
        manage = [sys.executable, "manage.py", *command.split()]
        subprocess.run(manage, cwd=ROOT, env=services.environment(**environment), check=True, capture_output=True)
    with daphne(environment, services.free_port()) as address:
        yield address


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:
        return None


def get(address: str, *, https: bool = True) -> tuple[int, Message]:
    request = urllib.request.Request(address, headers={"X-Forwarded-Proto": "https"} if https else {})
    try:
        with urllib.request.build_opener(NoRedirect).open(request) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers


def test_plain_http_is_led_to_https(instance: str) -> None:
    status, headers = get(f"{instance}/en/", https=False)
    assert (status, headers["Location"][:8]) == (301, "https://")


def test_pages_carry_the_headers_and_cookies_that_keep_them_safe(instance: str) -> None:
    status, headers = get(f"{instance}/en/account/login/")
    assert status == 200
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    cookies = headers.get_all("Set-Cookie")
    assert cookies
    assert all(cookie.startswith("__Host-") and "; Secure" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_nothing_of_the_demo_exists(instance: str) -> None:
    for path in ("/en/demo/", "/en/demo/mail/", "/en/demo/sign-in/", "/en/demo/reauthenticate/"):
        assert get(instance + path)[0] == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost", "https://localhost:4443", None])
def test_live_pages_open_from_this_site_only(instance: str, origin: str | None) -> None:
    address = instance.replace("http://", "ws://") + "/live/?topic=board.none&language=en"
    with connect(address, origin="https://localhost") as socket:  # type: ignore[arg-type]
        assert '"seq": 0' in str(socket.recv(timeout=20))
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin=origin)  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403
