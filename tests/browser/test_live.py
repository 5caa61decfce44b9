"""Live pages: what one browser does, the others see; after a drop as well; and nothing jumps while one reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import services
from tests.browser.conftest import ROOT, City, Visit, daphne, sign_in
from tests.browser.test_journeys import fill_and_cast, poll_of


def main_debate(page: Page) -> str:
    page.goto("/en/processes/embankment-fridays/proposals/?sort=discussed")
    href = page.locator("main a[href*='/proposals/'][href*='-']").first.get_attribute("href")
    assert href
    return href.split("#")[0]


def comment(page: Page, text: str) -> None:
    form = page.locator("form[action$='/comments/new/']").first
    form.locator("textarea").fill(text)
    form.locator("button[type=submit], button:not([type])").last.click()


def live(page: Page) -> None:
    expect(page.locator(".live").first).to_have_attribute("data-state", "live")


def test_two_browsers_see_each_others_comments(visit: Visit) -> None:
    tom, mina = visit("/en/"), visit("/fa/")
    sign_in(tom, "en", "Tom Ferrier")
    sign_in(mina, "fa", "مینا")
    debate = main_debate(tom)
    tom.goto(debate)
    mina.goto(debate.replace("/en/", "/fa/"))
    live(tom)
    live(mina)
    comment(tom, "Seen from the other side of the bridge.")
    expect(mina.get_by_text("Seen from the other side of the bridge.")).to_have_count(1)
    comment(mina, "از این سوی پل هم دیده شد.")
    expect(tom.get_by_text("از این سوی پل هم دیده شد.")).to_have_count(1)
    expect(tom.get_by_text("Seen from the other side of the bridge.")).to_have_count(1)


def test_a_comment_that_arrives_does_not_move_what_one_reads(visit: Visit) -> None:
    tom, reader = visit("/en/"), visit("/en/", reduced_motion="reduce")
    sign_in(tom, "en", "Tom Ferrier")
    debate = main_debate(tom)
    tom.goto(debate)
    reader.goto(debate)
    live(reader)
    read = reader.locator("#" + (reader.locator(".comment").nth(25).get_attribute("id") or "") + " > .comment__main")
    read.scroll_into_view_if_needed()
    reader.evaluate("document.fonts.ready")
    read.evaluate("element => element.scrollIntoView({block: 'center'})")
    before = read.bounding_box()
    comment(tom, "This one lands above what others read.")
    expect(reader.get_by_text("This one lands above what others read.")).to_have_count(1)
    after = read.bounding_box()
    assert before and after
    assert 0 < before["y"] < 720
    assert abs(before["y"] - after["y"]) <= 2


def test_a_page_that_lost_its_socket_says_so_and_catches_up(visit: Visit) -> None:
    tom, reader = visit("/en/"), visit("/en/")
    sign_in(tom, "en", "Tom Ferrier")
    debate = main_debate(tom)
    tom.goto(debate)
    reader.goto(debate)
    live(reader)
    reader.context.set_offline(True)
    reader.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(reader.locator(".live").first).not_to_have_attribute("data-state", "live")
    comment(tom, "Written while somebody was in a tunnel.")
    expect(tom.get_by_text("Written while somebody was in a tunnel.")).to_have_count(1)
    reader.context.set_offline(False)
    reader.evaluate("window.dispatchEvent(new Event('online'))")
    expect(reader.get_by_text("Written while somebody was in a tunnel.")).to_have_count(1)
    live(reader)


def turnout(page: Page) -> int:
    return int(page.locator(".stats dd").first.inner_text().replace(",", ""))


MOVED = "before => Number(document.querySelector('.stats dd').textContent.replace(',', '')) > before"


def test_the_board_moves_when_people_vote(visit: Visit) -> None:
    voter, observer = visit("/en/"), visit("/en/")
    sign_in(voter, "en", "Tom Ferrier")
    poll = poll_of(voter, "en", "library-evenings")
    observer.goto(f"{poll}board/")
    live(observer)
    before = turnout(observer)
    fill_and_cast(voter, f"{poll}ballot/", ["o2"])
    # The ballot waits for others; the demo's invented residents come along within seconds.
    observer.wait_for_function(MOVED, arg=before, timeout=60_000)


@pytest.fixture
def two_servers(tmp_path: Path) -> Iterator[list[City]]:
    """Production's processes by hand: two web servers, a sequencer, a worker, PostgreSQL and Redis."""
    postgres, redis = os.environ.get("TEST_POSTGRES_URL"), os.environ.get("TEST_REDIS_URL")
    if not postgres or not redis:
        pytest.skip("Needs PostgreSQL and Redis: install postgresql and redis-server and use `make test`.")
    environment = {
        "DEBUG": "1",
        "DATABASE_URL": postgres.rsplit("/", 1)[0] + "/two_servers",
        "REDIS_URL": redis,
        "DATA_DIR": str(tmp_path),
        "EMBEDDED_SEQUENCER": "0",
    }
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop database if exists two_servers with (force)")
        connection.execute("create database two_servers")
    run = {"cwd": ROOT, "env": services.environment(**environment)}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], check=True, **run)
    subprocess.run([sys.executable, "-m", "tests.browser.small_city"], check=True, **run)
    with ExitStack() as stack:
        for command in ("sequencer", "worker"):
            process = subprocess.Popen([sys.executable, "manage.py", command], stdout=subprocess.DEVNULL, **run)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield [City(stack.enter_context(daphne(environment, services.free_port())), tmp_path) for _ in range(2)]


def password_sign_in(page: Page, who: str) -> None:
    page.goto("/en/account/login/")
    page.locator("summary", has_text="With a password").click()
    page.fill("input[name=login]", who)
    page.fill("input[name=password]", "correct horse battery")
    page.locator("main form:has(input[name=password]) button").first.click()
    page.wait_for_url(lambda url: "/login/" not in url)


def test_browsers_on_different_servers_see_each_other_through_redis(two_servers: list[City], visit: Visit) -> None:
    ada = visit("/en/", base=two_servers[0].address)
    observer = visit("/en/", base=two_servers[1].address)
    password_sign_in(ada, "ada@example.org")
    ada.goto("/en/proposals/")
    href = ada.locator("main a[href*='/proposals/'][href*='-']").first.get_attribute("href")
    ada.goto(href or "")
    observer.goto(href or "")
    live(observer)
    comment(ada, "From one server to the other.")
    expect(observer.get_by_text("From one server to the other.")).to_have_count(1)

    poll = poll_of(ada, "en", "budget")
    observer.goto(f"{poll}board/")
    live(observer)
    before = turnout(observer)
    fill_and_cast(ada, f"{poll}ballot/", ["o1"])  # the tenth ballot: of ten that wait five leave, and five stay
    observer.wait_for_function(MOVED, arg=before)
    assert turnout(observer) == before + 5
