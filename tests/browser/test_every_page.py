"""Every page, in both languages and colour schemes: axe finds nothing, nothing overflows 320 px, nothing complains."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Visit, sign_in
from tests.browser.test_journeys import fill_and_cast, poll_of

PAGES = [
    "/", "/about/", "/about/log/", "/about/secrecy/", "/verify/", "/processes/", "/processes/budget-six/",
    "/processes/budget-five/", "/polls/",
    "POLL/", "POLL/ballot/", "POLL/board/", "POLL/options/o1/", "RESULT/result/", "RESULT/board/",
    "/proposals/", "/processes/embankment-fridays/proposals/", "DEBATE", "/receipts/", "/eligibility/", "/eligibility/redeem/",
    "/account/login/", "/account/signup/", "/account/login/code/", "/account/password/reset/", "/demo/", "/demo/mail/",
    "/no-such-page/", "RESULT/options/o1/", "/account/signup/passkey/", "/processes/small-works/",
    "POLL/objections/", "RESULT/objections/new/", "/moderation/", "/incidents/",
]  # fmt: skip
SIGNED_IN = [
    "/", "/profile/", "/account/email/", "/account/password/set/", "/account/2fa/", "/account/2fa/webauthn/",
    "POLL/ballot/", "DEBATE", "/processes/embankment-fridays/proposals/", "/eligibility/", "/account/logout/",
    "/processes/small-works/proposals/new/", "VERSIONS", "/account/2fa/webauthn/add/",
]  # fmt: skip
OF_EVERY_POLL = {  # by process: what is looked at of each of its polls, with everything opened that can be opened
    "before-winter": ["", "ballot/", "board/", "options/o1/"],
    "spring-decisions": ["", "result/", "board/", "options/o1/"],
    "every-kind": ["result/", "board/", "options/o1/"],
}
FOR_STAFF = ["/", "POLL/", "POLL/close/", "/objections/", "/incidents/new/", "/incidents/erase/"]


@pytest.fixture(scope="session")
def places(browser, city) -> dict[str, str]:
    """Addresses that hold random ids, found by walking from the lists as a visitor would."""
    page = browser.new_page(base_url=city.address)
    poll, result = poll_of(page, "en", "budget-six"), poll_of(page, "en", "budget-five")
    page.goto("/en/processes/embankment-fridays/proposals/?sort=discussed")
    debate = page.locator("main a[href*='/proposals/'][href*='-']").first.get_attribute("href")
    page.close()
    assert debate
    return {name: path.removeprefix("/en").rstrip("/") for name, path in [("POLL", poll), ("RESULT", result)]} | {
        "DEBATE": debate.removeprefix("/en"),
        "VERSIONS": re.sub(r"^/en(/proposals/\d+).*", r"\1/versions/", debate),
    }


def address(page: str, places: dict[str, str]) -> str:
    for name, path in places.items():
        page = page.replace(name, path)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_page_is_accessible_and_fits_a_phone(visit: Visit, places, language: str, scheme: str) -> None:
    page = visit(f"/{language}/", color_scheme=scheme, reduced_motion="reduce", viewport={"width": 320, "height": 640})
    problems = inspect(page, language, [address(name, places) for name in PAGES])
    sign_in(page, language, "مینا")
    problems += inspect(page, language, [address(name, places) for name in SIGNED_IN])
    sign_in(page, language, "دبیرخانه")
    problems += inspect(page, language, [address(name, places) for name in FOR_STAFF])
    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_step_of_casting_is_accessible_and_fits_a_phone(visit: Visit, language: str, scheme: str) -> None:
    page = visit(f"/{language}/", color_scheme=scheme, reduced_motion="reduce", viewport={"width": 320, "height": 640})
    sign_in(page, language, "مینا")
    poll = poll_of(page, language, "budget-six")
    steps = []
    number = fill_and_cast(page, f"{poll}ballot/", ["o2", "o5"], at_each_step=lambda: steps.append(problems_of(page)))
    assert steps == [[], [], []]
    assert inspect(page, language, [f"/receipts/{number}/", poll.removeprefix(f"/{language}")]) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_pages_of_every_kind_of_poll_are_accessible_and_fit_a_phone(visit: Visit, language: str, scheme: str) -> None:
    page = visit(f"/{language}/", color_scheme=scheme, reduced_motion="reduce", viewport={"width": 320, "height": 640})
    problems = []
    for process, pages in OF_EVERY_POLL.items():
        polls = polls_of(page, language, process)
        assert len(polls) >= 3
        for poll in polls:
            problems += inspect(page, language, [poll + name for name in pages], opened=True)
    assert problems == []


def polls_of(page: Page, language: str, process: str) -> list[str]:
    """Addresses of the polls of one process, without the language."""
    page.goto(f"/{language}/processes/{process}/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a[href*='/polls/']").all()]
    found = (re.match(rf"/{language}(/polls/\w+/)", link) for link in links)
    return list(dict.fromkeys(match[1] for match in found if match))


def inspect(page: Page, language: str, paths: list[str], *, opened: bool = False) -> list[str]:
    """`opened`: with every disclosure of the page open."""
    problems = []
    for path in paths:
        page.goto(f"/{language}{path}")
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "fa" else "ltr")
        if opened:
            page.evaluate("for (const box of document.querySelectorAll('main details')) box.open = true")
        problems += problems_of(page)
    return problems


def problems_of(page: Page) -> list[str]:
    """What axe says against the page as it stands, and whether one must scroll sideways."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    problems = [
        f"{page.url}: {violation['id']} at {violation['nodes'][0]['target']}: {violation['nodes'][0]['failureSummary']}"
        for violation in found.response["violations"]
    ]
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return problems + ([f"{page.url}: {too_wide} px wider than the screen"] if too_wide > 0 else [])
