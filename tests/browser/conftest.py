"""Real servers and a real browser. Every page a test opens must stay free of console errors and policy violations."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import services
from tests.conftest import DATA

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu"]
ROUND = DATA / "voting" / "pb" / "Poland_Swiecie_2023.pb"


@contextlib.contextmanager
def daphne(environment: dict[str, str], port: int) -> Iterator[str]:
    """A server on loopback; yields its address once it listens, and stops it by its process id."""
    server = subprocess.Popen(
        [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "1", "deliberate.asgi:application"],
        cwd=ROOT,
        env=services.environment(**environment, PORT=str(port), LOG_LEVEL="INFO"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    try:
        assert server.stdout is not None
        for line in server.stdout:
            said.append(line)
            if "Listening on TCP address" in line:
                break
        else:
            pytest.fail("the server did not start:\n" + "".join(said))
        with _drained(server):
            yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def _drained(server: subprocess.Popen[str]) -> Iterator[None]:
    """Read on, so that the server never waits for a full pipe."""
    import threading

    def drain() -> None:
        assert server.stdout is not None
        for _line in server.stdout:
            pass

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    yield


class City:
    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.folder = address, folder


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The demo city as `make demo PB=…` serves it, and a decided poll of each kind besides: SQLite, one process."""
    folder = tmp_path_factory.mktemp("city")
    port = services.free_port()
    environment = {"DEMO": "1", "DATA_DIR": str(folder)}
    build = [sys.executable, "manage.py", "demo", "--build-only", *(["--pb", str(ROUND)] if ROUND.exists() else [])]
    for command in (build, [sys.executable, "-m", "tests.browser.small_city", "decided"]):
        subprocess.run(command, cwd=ROOT, env=services.environment(**environment), check=True, stdout=subprocess.DEVNULL)
    with daphne(environment, port) as address:
        yield City(address, folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = services.chromium()
    if path is None:
        pytest.skip(services.MISSING["browser"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, city: City) -> Iterator[Visit]:
    """`visit("/en/", **context options)` opens a page in a context of its own."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str, *, base: str = city.address, **options: object) -> Page:
        context = browser.new_context(base_url=base, **options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}") if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # An answer of 409 or 422 is a refusal that the page shows; the browser notes every such status as an error.
    expected = ("409", "422", "404")
    assert [text for text in complaints if not any(f"status of {code}" in text for code in expected)] == []


def sign_in(page: Page, language: str, name: str, *, then: str = "") -> None:
    """One click on the demo's page of accounts."""
    page.goto(f"/{language}/demo/" + (f"?next={then}" if then else ""))
    page.locator("li", has_text=name).get_by_role("button").click()
    page.wait_for_url(lambda url: "/demo/" not in url)
