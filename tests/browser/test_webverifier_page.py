"""The page of the browser verifier: from a file and from the site, by keyboard, in both languages, for everybody."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit
from tests.verifier import biglog
from tests.verifier import writelog as w

FILE = Path(__file__).resolve().parent.parent.parent / "static" / "verifier" / "verifier.html"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles as somebody saved them, and files that belong to a voter."""
    folder = tmp_path_factory.mktemp("saved")
    good, bad, running = w.finished(), w.finished(), w.finished()
    bad.d("tally.published")["counted"] = 15
    del running.entries[-3:]
    casts = [(i, entry["d"]) for i, entry in enumerate(good.entries) if entry["type"] == "ballot.cast"]
    for scene in (good, bad, running):
        scene.seal()
    held = {
        "good.zip": w.zipped(good.bundle()),
        "bad.zip": w.zipped(bad.bundle()),
        "running.zip": w.zipped(running.bundle()),
        "sealed.zip": w.zipped(w.finished("stv-scottish-v1", visibility="sealed").seal().bundle()),
        "no.zip": b"this is no zip",
        "receipt.json": good.receipt(casts[0][1], w.NOW),
        "proof.txt": good.proof(casts[1][0]),
        "broken.json": good.receipt({**casts[0][1], "bid": "ab" * 16}, 1_700_000_000),
        "noise.txt": b"hello",
    }
    for name, data in held.items():
        (folder / name).write_bytes(data)
    w.write_files(good.bundle(), folder / "unpacked")
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def opened(browser: Browser) -> Iterator[Page]:
    """The saved file in a browser that has no network and complains about nothing."""
    context = browser.new_context(offline=True, locale="en-GB", viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(FILE.as_uri())
    yield page
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


def check(page: Page, file: Path) -> None:
    page.locator("#zip").set_input_files(file)
    page.locator("#start").click()
    page.locator("#answer").wait_for()


def verdict(page: Page) -> str | None:
    return page.locator("#answer").get_attribute("data-verdict")


def test_a_saved_page_checks_a_saved_bundle_without_any_network(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["good.zip"])
    assert verdict(opened) == "pass"
    expect(opened.get_by_role("heading", name="Everything fits")).to_be_focused()
    assert opened.locator(".winners li strong").all_inner_texts() == ["Project o2", "Project o3", "Project o1"]
    assert opened.locator(".check").count() == 19
    expect(opened.get_by_text("Ghost voters: whoever did not vote")).to_be_visible()


def test_a_sealed_poll_of_ranked_ballots_is_opened_and_counted(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["sealed.zip"])
    assert verdict(opened) == "pass"
    assert opened.locator("[data-check=C14]").get_attribute("data-status") == "pass"
    assert opened.locator(".winners li").count() == 2


def test_what_is_wrong_is_marked_and_the_result_is_not_shown(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["bad.zip"])
    assert verdict(opened) == "fail"
    expect(opened.get_by_role("heading", name="Something is wrong")).to_be_visible()
    wrong = opened.locator(".check[data-status=fail]")
    assert wrong.evaluate_all("all => all.map((one) => one.dataset.check)") == ["C15"]
    expect(wrong).to_contain_text("the tally counts 15 ballots")
    expect(opened.get_by_text("This does not hold: Counted, replaced")).to_be_visible()
    assert opened.locator(".winners").count() == 0


def test_an_unfinished_poll_and_an_unreadable_file_leave_it_open(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["running.zip"])
    assert verdict(opened) == "cannot tell"
    expect(opened.get_by_text("The poll is still open.")).to_be_visible()
    check(opened, saved["no.zip"])
    assert verdict(opened) == "cannot tell"
    expect(opened.get_by_text("The bundle cannot be read.")).to_be_visible()


def test_a_folder_is_read_like_a_bundle(opened: Page, saved: dict[str, Path]) -> None:
    opened.get_by_label("A folder of log files").check()
    opened.locator("#folder").set_input_files(saved["unpacked"])
    opened.locator("#start").click()
    opened.locator("#answer").wait_for()
    assert verdict(opened) == "pass"


def test_a_bundle_of_another_poll_is_not_taken_for_the_one_named(opened: Page, saved: dict[str, Path]) -> None:
    opened.locator("#poll").fill("p2")
    check(opened, saved["good.zip"])
    assert verdict(opened) == "cannot tell"
    expect(opened.get_by_text("This bundle is of another poll than the one you named.")).to_be_visible()


def test_twenty_thousand_ballots_take_seconds_and_the_page_answers_meanwhile(opened: Page, tmp_path: Path) -> None:
    log = biglog.write(tmp_path / "log", 20_000, "sealed")
    files = {f"log/2026/{file.relative_to(log).as_posix()}": file.read_bytes() for file in log.rglob("*") if file.is_file()}
    listing = {"logs": [{"origin": w.ORIGIN, "prefix": "/log/2026/"}]}
    files["log/index.json"] = json.dumps(listing).encode()
    files["bundle.json"] = w.canon({"v": 1, "origin": w.ORIGIN, "poll": "p1"})
    (tmp_path / "big.zip").write_bytes(w.zipped(files))
    opened.evaluate(
        """() => {
          window.longest = 0;
          let last = performance.now();
          setInterval(() => {
            window.longest = Math.max(window.longest, performance.now() - last);
            last = performance.now();
          }, 20);
        }"""
    )
    begun = time.monotonic()
    check(opened, tmp_path / "big.zip")
    assert verdict(opened) == "pass"
    assert time.monotonic() - begun < 20
    assert opened.evaluate("longest") < 2_000


def test_files_in_hand_are_compared_with_the_log_just_read(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["good.zip"])
    found = opened.locator("#paper-answer > div")
    for name, ends, says in [
        ("receipt.json", "pass", "Your ballot is in the log"),
        ("proof.txt", "pass", "Your ballot is in the log"),
        ("broken.json", "fail", "This file and the log do not fit together"),
        ("noise.txt", "fail", "This file cannot be read"),
    ]:
        opened.locator("#paper").set_input_files(saved[name])
        expect(opened.locator("#paper-verdict")).to_have_text(says)
        expect(opened.locator("#paper-verdict")).to_be_focused()
        assert found.get_attribute("data-verdict") == ends, name
    opened.locator("#paper").set_input_files(saved["receipt.json"])
    assert found.locator(".verdict li").all_inner_texts() == ["o1 (Project o1 / پروژه o1)", "o2 (Project o2 / پروژه o2)"]


def test_the_report_is_saved_as_the_command_line_writes_it(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["good.zip"])
    with opened.expect_download() as waiting:
        opened.get_by_role("button", name="Save as JSON").click()
    report = json.loads(Path(waiting.value.path()).read_text())
    assert waiting.value.suggested_filename == "verification-p1.json"
    assert set(report) == {"verdict", "checks", "log", "poll", "warnings"}
    assert report["verdict"] == "pass"
    assert report["checks"][0].keys() == {"id", "status", "text"}


def test_everything_can_be_done_with_the_keyboard_alone(opened: Page, saved: dict[str, Path]) -> None:
    opened.locator("#zip").set_input_files(saved["good.zip"])  # the browser's own dialog is not the page's
    opened.keyboard.press("Tab")
    expect(opened.get_by_role("link", name="Skip to the content")).to_be_focused()
    opened.locator("#poll").focus()
    opened.keyboard.press("Tab")
    expect(opened.locator("summary").first).to_be_focused()
    opened.keyboard.press("Enter")
    expect(opened.locator("#vkey")).to_be_visible()
    for _ in range(3):
        opened.keyboard.press("Tab")
    expect(opened.locator("#start")).to_be_focused()
    opened.keyboard.press("Enter")
    expect(opened.locator("#verdict")).to_be_focused()
    assert verdict(opened) == "pass"


def test_what_is_missing_is_said_before_anything_starts(opened: Page) -> None:
    opened.locator("#start").click()
    expect(opened.get_by_role("alert")).to_have_text("Choose a file first.")
    opened.get_by_label("Another address").check()
    opened.locator("#start").click()
    expect(opened.get_by_role("alert")).to_have_text("Name the poll first.")
    opened.locator("#poll").fill("p1")
    opened.locator("#address").fill("javascript:alert(1)")
    opened.locator("#start").click()
    expect(opened.get_by_role("alert")).to_contain_text("https://")


def test_a_key_from_elsewhere_is_compared_with_the_logs_own(opened: Page, saved: dict[str, Path]) -> None:
    opened.locator("summary").first.click()
    opened.locator("#vkey").fill(w.Signer(w.ORIGIN, 9).vkey)
    check(opened, saved["good.zip"])
    assert verdict(opened) == "fail"
    assert opened.locator("[data-check=C1]").get_attribute("data-status") == "fail"


def test_the_language_changes_without_losing_anything(opened: Page, saved: dict[str, Path]) -> None:
    check(opened, saved["bad.zip"])
    opened.locator("#paper").set_input_files(saved["broken.json"])
    opened.locator("#paper-verdict").wait_for()
    opened.get_by_role("button", name="فارسی").click()
    assert opened.locator("html").get_attribute("dir") == "rtl"
    expect(opened.get_by_role("heading", name="چیزی نادرست است")).to_be_visible()
    expect(opened.locator("#paper-verdict")).to_have_text("این پرونده و دفتر با هم نمی‌خوانند")
    expect(opened.get_by_role("button", name="English")).to_be_focused()
    assert opened.locator("#zip").evaluate("input => input.files[0].name") == "bad.zip"
    latin = opened.locator("main").evaluate(
        """(main) => [...main.querySelectorAll("h1, h2, h3, p, li, label, legend, button, summary, dt")]
          .filter((one) => !one.closest("[lang=en], bdi") && !one.querySelector("*") && /[A-Za-z]{3}/.test(one.textContent))
          .map((one) => one.textContent).filter((text) => !/JSON|https|zip/.test(text))"""
    )
    assert latin == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_it_is_accessible_and_fits_a_phone(browser: Browser, saved: dict[str, Path], language: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", viewport={"width": 320, "height": 640})  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{FILE.as_uri()}?lang={language}")
    problems = []
    for state in ("form", "good.zip", "bad.zip"):
        if state == "form":
            page.locator("summary").first.click()
        else:
            check(page, saved[state])
            page.locator("#paper").set_input_files(saved["receipt.json"])
            page.locator("#paper-verdict").wait_for()
            for summary in page.locator("details:not([open]) > summary").all():
                summary.click()
        found = Axe().run(page).response["violations"]
        problems += [f"{state}: {one['id']} {one['nodes'][0]['html'][:100]}" for one in found]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{state}: wider than a phone")
    assert problems == []
    context.close()


# --------------------------------------------------------------------------------------------------------- over the web


class Quiet(SimpleHTTPRequestHandler):
    """A web server of files that lets any page read them, as the log is served."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_log_at_an_address_is_fetched_and_checked(browser: Browser, tmp_path: Path) -> None:
    w.finished().seal().write(tmp_path)
    page = browser.new_page()
    with served(tmp_path) as address:
        page.goto(f"{FILE.as_uri()}#address={address}&poll=p1")
        page.locator("#start").click()
        page.locator("#answer").wait_for()
        assert verdict(page) == "pass"
        (tmp_path / "tile" / "0" / "000.p" / "26").write_bytes(b"\0" * 26 * 32)
        page.locator("#start").click()
        page.locator("#answer[data-verdict=fail]").wait_for()
        assert page.locator("[data-check=C5]").get_attribute("data-status") == "fail"
    page.locator("#start").click()
    page.locator("#answer[data-verdict='cannot tell']").wait_for()
    page.close()


def test_the_site_serves_it_and_it_checks_the_sites_own_polls(visit: Visit) -> None:
    page = visit("/en/polls/")
    result = page.locator("main a[href*='/result/']").first
    poll = str(result.get_attribute("href")).strip("/").split("/")[2]
    page.goto(f"/verifier/?poll={poll}&lang=en")
    assert page.context.cookies(page.url + "verifier/") == [] or page.evaluate("document.cookie") == ""
    expect(page.get_by_label("This site")).to_be_checked()
    expect(page.locator("#poll")).to_have_value(poll)
    page.locator("#start").click()
    page.locator("#answer").wait_for()
    assert page.locator(".check[data-status=fail] .tech").all_inner_texts() == []
    assert verdict(page) == "pass"
