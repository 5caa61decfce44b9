"""Receipts in a real browser: saved, scanned, and opened where they are sealed; with JavaScript and without."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import services
from tests.browser.conftest import ROOT, Visit, daphne
from tests.browser.test_every_page import problems_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A server with an open sealed poll, and the session of somebody who may vote in it."""
    environment = {"DEBUG": "1", "DATA_DIR": str(tmp_path_factory.mktemp("sealed"))}
    settings = services.environment(**environment)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=settings, check=True)
    build = [sys.executable, "-m", "tests.browser.sealed_city"]
    made = json.loads(subprocess.run(build, cwd=ROOT, env=settings, check=True, capture_output=True).stdout)
    with daphne(environment, services.free_port()) as address:
        yield made | {"address": address}


def signed_in(visit: Visit, place: dict[str, Any], who: str = "voter", **options: Any) -> Page:
    page = visit("/en/about/", base=place["address"], **options)
    page.context.add_cookies([{"name": place["cookie"], "value": place[who], "url": place["address"]}])
    return page


def cast(page: Page, poll: str, key: str) -> str:
    """Approve one option; the receipt number."""
    page.goto(f"/en/polls/{poll}/ballot/")
    for box in page.locator("input[name=choose]").all():
        box.set_checked(box.get_attribute("value") == key)
    page.locator("main form[method=post] button[type=submit]").last.click()
    page.locator("form[action$='/ballot/cast/'] button").click()
    number = page.locator("#receipt-number")
    expect(number).to_be_visible()
    return re.sub(r"[^0-9a-f]", "", number.inner_text())


def save(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the receipt").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def look(page: Page) -> None:
    """To the page of the receipt that was just given, until the ballot is in the log."""
    page.get_by_role("button", name="See where it is now").click()
    expect(page.locator("[data-seal]")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_the_receipt_is_one_file_that_is_saved_without_asking_the_server(
    visit: Visit, place: dict[str, Any], tmp_path: Path, javascript: bool
) -> None:
    page = signed_in(visit, place, java_script_enabled=javascript)
    number = cast(page, place["polls"]["sealed"], "o1")
    asked: list[str] = []
    # Not the pictures of the page, which may come late, nor the file itself, which is a `data:` address.
    page.on("request", lambda request: None if re.search(r"^data:|/static/", request.url) else asked.append(request.url))
    path = save(page, tmp_path)
    assert asked == []
    assert path.name == f"receipt-{number[:8]}.json"
    file = json.loads(path.read_text())
    assert (file["d"]["bid"], file["b"]) == (number, {"approve": ["o1"]})
    assert set(file) == {"v", "poll", "d", "b", "nonce", "promise"}


def test_the_browser_opens_the_seal_and_tells_nobody(visit: Visit, place: dict[str, Any], tmp_path: Path) -> None:
    page = signed_in(visit, place)
    cast(page, place["polls"]["sealed"], "o2")
    path = save(page, tmp_path)
    look(page)
    assert "Project 2" not in page.locator("main").inner_text()
    expect(page.get_by_role("button", name="Check the file")).to_be_hidden()
    asked: list[str] = []
    page.on("request", lambda request: None if "/static/" in request.url else asked.append(request.url))
    answer = page.locator("[data-seal-answer]")
    page.locator("#receipt-file").set_input_files(path)
    expect(answer).to_contain_text("Project 2")
    expect(answer.locator(".callout--success")).to_be_visible()
    file = json.loads(path.read_text())
    promise = file["promise"].replace("ballot.cast\n", "ballot.cast\nx")
    for name, changed, said in (
        ("b", json.dumps(file | {"b": {"approve": ["o1"]}}), "do not fit together"),
        ("other", json.dumps(file | {"d": file["d"] | {"bid": "0" * 32}}), "belongs to another ballot"),
        ("nonce", json.dumps(file | {"nonce": "0" * 64}), "do not fit together"),
        ("nothing", "[1]", "no receipt file"),
        ("promise", json.dumps(file | {"promise": promise}), "do not fit together"),
        ("long", " " * 70_000, "no receipt file"),
    ):
        (tmp_path / name).write_text(changed)
        page.locator("#receipt-file").set_input_files(tmp_path / name)
        expect(answer).to_contain_text(said)
    page.evaluate(
        """(text) => { const data = new DataTransfer(); data.setData("text", text);
        document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data })); }""",
        json.dumps(file),
    )
    expect(answer).to_contain_text("Project 2")
    assert asked == []
    assert problems_of(page) == []


def test_what_the_log_shows_is_what_the_file_is_compared_with(visit: Visit, place: dict[str, Any], tmp_path: Path) -> None:
    page = signed_in(visit, place)
    cast(page, place["polls"]["sealed"], "o3")
    path = save(page, tmp_path)
    look(page)
    page.evaluate("document.querySelector('[data-seal]').dataset.commitment = '0'.repeat(64)")
    page.locator("#receipt-file").set_input_files(path)
    expect(page.locator("[data-seal-answer]")).to_contain_text("do not fit together")


def test_a_ranking_is_opened_in_its_order(visit: Visit, place: dict[str, Any], tmp_path: Path) -> None:
    page = signed_in(visit, place)
    page.goto(f"/en/polls/{place['polls']['ranked']}/ballot/")
    for key, rank in (("o3", "1"), ("o1", "2")):
        page.locator(f"input[name=mark-{key}]").fill(rank)
    page.locator("main form[method=post] button[type=submit]").last.click()
    page.locator("form[action$='/ballot/cast/'] button").click()
    path = save(page, tmp_path)
    look(page)
    page.locator("#receipt-file").set_input_files(path)
    expect(page.locator("[data-seal-lines] li")).to_have_text(["1. Option 3", "2. Option 1"])


def test_without_javascript_the_server_opens_the_seal_and_says_that_it_keeps_nothing(
    visit: Visit, place: dict[str, Any], tmp_path: Path
) -> None:
    page = signed_in(visit, place, java_script_enabled=False)
    cast(page, place["polls"]["sealed"], "o4")
    path = save(page, tmp_path)
    look(page)
    page.locator("#receipt-file").set_input_files(path)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("main")).to_contain_text("Project 4")
    expect(page.locator("main")).to_contain_text("is not kept")


def test_a_scanned_square_leads_to_the_receipt_and_no_address_has_the_number(visit: Visit, place: dict[str, Any]) -> None:
    number = cast(signed_in(visit, place), place["polls"]["sealed"], "o1")
    elsewhere = visit("/en/about/", base=place["address"])
    asked: list[str] = []
    elsewhere.on("request", lambda request: asked.append(request.url))
    elsewhere.goto(f"/en/receipts/#{number}")
    expect(elsewhere.locator("#receipt-number")).to_be_visible()
    assert elsewhere.url == f"{place['address']}/en/receipts/"
    assert not [url for url in asked if number in url.split("#")[0]]
    elsewhere.go_back()
    assert elsewhere.url.endswith("/en/about/"), "the way back does not lead into the receipt again"
