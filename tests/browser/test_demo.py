"""What the demo city shows of the work of staff, played as its accounts."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, sign_in

CLERK, COUNCIL = "Ruth Ledger", "دبیرخانهٔ شورا"
APPROVE = "button[name=do][value=approve]"


def first_poll(page: Page, process: str) -> str:
    page.goto(f"/en/processes/{process}/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a").all()]
    return next(match[0] for link in links if (match := re.match(r"/en/polls/\w+/", link)))


def click_that_it_is_them(page: Page) -> None:
    page.wait_for_url("**/demo/reauthenticate/**")
    page.get_by_role("button", name="It is me").click()


def test_one_of_staff_shows_by_one_click_who_they_are_asks_for_a_change_and_cannot_approve_it(visit: Visit) -> None:
    page = visit("/en/")
    sign_in(page, "en", COUNCIL)
    page.goto(f"{first_poll(page, 'night-market')}changes/new/supersede/")
    page.locator("main textarea").first.fill("A second count, to be sure.")
    page.locator("button[value=review]").click()
    page.locator("button[value=ask]").click()
    click_that_it_is_them(page)
    expect(page.locator("main")).to_contain_text("A second count, to be sure.")
    expect(page.locator(APPROVE)).to_have_count(0)
    page.locator("button[value=withdraw]").click()
    expect(page.locator("main")).to_contain_text("Withdrawn")


def test_what_waits_in_the_city_is_approved_by_a_second_account_with_one_click(visit: Visit) -> None:
    page = visit("/en/")
    sign_in(page, "en", CLERK)
    poll = first_poll(page, "bridge-lights")
    page.goto(poll)
    expect(page.locator("[data-patterns=alone]")).to_be_visible()
    page.goto("/en/approvals/")
    page.locator("main a[href*='/approvals/']").first.click()
    page.locator(APPROVE).click()
    click_that_it_is_them(page)
    page.goto(poll)
    expect(page.locator("main")).to_contain_text("Rank up to 3.")


def test_strangers_see_the_history_of_a_poll_its_objections_and_what_was_hidden(visit: Visit) -> None:
    page = visit("/en/")
    page.goto(first_poll(page, "night-market"))
    for words in ("The announcement was amended", "The poll was extended", "A ballot was voided"):
        expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("[data-patterns]")).to_have_count(0)
    page.goto("/en/moderation/")
    expect(page.locator("main table")).to_contain_text("It insults or threatens somebody.")
