"""What a resident and an observer do, from the first page to the last, with and without JavaScript, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, sign_in

WHO = {"en": "Tom Ferrier", "fa": "مینا"}


def poll_of(page: Page, language: str, process: str) -> str:
    page.goto(f"/{language}/processes/{process}/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a[href*='/polls/']").all()]
    return next(match[0] for link in links if (match := re.match(rf"/{language}/polls/\w+/", link)))


def fill_and_cast(page: Page, ballot: str, keys: list[str], *, at_each_step: Callable[[], object] = lambda: None) -> str:
    """Through form, review and confirmation; the receipt number."""
    page.goto(ballot)
    at_each_step()
    for box in page.locator("input[type=checkbox][name=choose]").all():
        box.set_checked(box.get_attribute("value") in keys)
    page.locator("main form[method=post] button[type=submit], main form[method=post] button:not([type])").last.click()
    expect(page.locator(".not-yet").first).to_be_visible()
    at_each_step()
    page.locator("form[action*='/ballot/cast/'] button").first.click()
    number = page.locator("#receipt-number")
    expect(number).to_be_visible()
    at_each_step()
    return re.sub(r"[^0-9a-f]", "", number.inner_text())


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_resident_votes_and_finds_the_ballot_again_on_another_device(visit: Visit, language: str, javascript: bool) -> None:
    page = visit(f"/{language}/", java_script_enabled=javascript, viewport={"width": 360, "height": 740})
    sign_in(page, language, WHO[language])
    poll = poll_of(page, language, "budget-six")
    number = fill_and_cast(page, f"{poll}ballot/", ["o1", "o4"])
    assert re.fullmatch(r"[0-9a-f]{32}", number)
    page.goto(f"{poll}ballot/")
    assert {box.get_attribute("value") for box in page.locator("input[name=choose]:checked").all()} == {"o1", "o4"}

    elsewhere = visit(f"/{language}/receipts/", java_script_enabled=javascript)
    elsewhere.locator("main input[type=text], main input:not([type]), main input[type=search]").first.fill(number)
    elsewhere.locator("form[data-receipt-find] button").click()
    expect(elsewhere.locator("#receipt-number")).to_be_visible()


def test_choices_that_were_not_cast_are_gone_from_the_device_after_signing_out(visit: Visit) -> None:
    page = visit("/en/")
    sign_in(page, "en", "Tom Ferrier")
    poll = poll_of(page, "en", "budget-six")
    page.goto(f"{poll}ballot/")
    page.locator("input[name=choose]").first.check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/en/")
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('ballot.')).length") == 1
    page.locator("details[data-menu] summary").first.click()
    page.locator("form[action$='/account/logout/'] button").first.click()
    page.wait_for_load_state()
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('ballot.')).length") == 0


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_too_much_is_refused_and_nothing_that_was_chosen_is_lost(visit: Visit, javascript: bool) -> None:
    page = visit("/en/", java_script_enabled=javascript)
    sign_in(page, "en", "Tom Ferrier")
    poll = poll_of(page, "en", "budget-six")
    page.goto(f"{poll}ballot/")
    boxes = page.locator("input[name=choose]")
    for box in boxes.all():
        box.check()
    page.locator("main form[method=post] button[type=submit], main form[method=post] button:not([type])").last.click()
    expect(page.locator("main")).to_contain_text("cost more than the budget")
    assert page.locator("input[name=choose]:checked").count() == boxes.count()


def test_a_ballot_can_be_filled_and_cast_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("/en/")
    sign_in(page, "en", "Tom Ferrier")
    poll = poll_of(page, "en", "library-evenings")
    page.goto(f"{poll}ballot/")
    page.locator("h1").first.evaluate("element => { element.tabIndex = -1; element.focus() }")
    for _step in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name === 'choose'"):
            break
    was = page.evaluate("document.activeElement.checked")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.checked") is not was
    for _step in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('main form[method=post] button')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".not-yet").first).to_be_visible()
    page.locator("form[action*='/ballot/cast/'] button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#receipt-number")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_a_newcomer_signs_up_by_code_takes_a_place_and_votes(visit: Visit, javascript: bool) -> None:
    page = visit("/en/account/signup/", java_script_enabled=javascript)
    who = f"new-{'js' if javascript else 'plain'}@example.org"
    page.fill("input[name=email]", who)
    page.fill("input[name=display_name]", "New Person")
    page.locator("main form button").first.click()
    mail = visit("/en/demo/mail/", java_script_enabled=javascript)
    text = mail.locator("article", has_text=who).first.inner_text()
    code = re.search(r"\b([A-Z0-9]{4,8}-?[A-Z0-9]{2,6})\b", text.split(who)[-1])
    assert code, text
    page.fill("input[name=code]", code[1])
    page.locator("main form button").first.click()
    expect(page.locator("header")).to_contain_text("New Person")
    poll = poll_of(page, "en", "library-evenings")
    page.goto("/en/eligibility/redeem/")
    page.fill("main input[name=code]", "rudkenar 2026 a" if javascript else "RUDKENAR-2026-B")
    page.locator("main form button").first.click()
    assert len(fill_and_cast(page, f"{poll}ballot/", ["o1"])) == 32


def test_someone_not_on_the_roll_is_told_so_and_what_to_do(visit: Visit) -> None:
    page = visit("/en/", java_script_enabled=False)
    sign_in(page, "en", "Noor Passing")
    page.goto(f"{poll_of(page, 'en', 'budget-six')}ballot/")
    expect(page.locator("main")).to_contain_text("invitation code")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_proposal_is_written_looked_at_published_changed_and_endorsed(visit: Visit, language: str, javascript: bool) -> None:
    title = {"en": "A bench by the ferry", "fa": "نیمکتی کنار گذر"}[language] + (" (1)" if javascript else " (2)")
    author = visit(f"/{language}/", java_script_enabled=javascript)
    sign_in(author, language, "مینا")
    author.goto(f"/{language}/processes/small-works/")
    author.locator("main a[href$='/proposals/new/']").first.click()
    author.fill("input[name=title]", title)
    author.fill("textarea[name=body]", "Two **planks** and a back.\n\n<script>alert(1)</script>")
    author.locator("button[value=preview]").click()
    expect(author.locator("main strong", has_text="planks")).to_be_visible()
    expect(author.locator("input[name=title]")).to_have_value(title)
    author.locator("button[value=publish]").first.click()
    expect(author.locator("h1")).to_have_text(title)
    address = author.url

    author.locator("main a[href$='/edit/']").first.click()
    author.fill("textarea[name=body]", "Three.")
    author.locator("button[value=save]").first.click()
    expect(author.locator(".error-summary")).to_be_visible()
    expect(author.locator("textarea[name=body]")).to_have_value("Three.")
    author.fill("textarea[name=body]", "Three planks, and a back to lean on.")
    author.locator("button[value=save]").first.click()
    expect(author.locator("main")).to_contain_text("Three planks, and a back to lean on.")

    reader = visit(f"/{language}/", java_script_enabled=javascript)
    sign_in(reader, language, "Tom Ferrier")
    reader.goto(address)
    reader.locator("#endorse-button").click()
    expect(reader.locator("form[action$='/endorse/withdraw/']")).to_have_count(1)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_where_the_phase_takes_no_proposals_the_page_says_so_instead_of_showing_a_form(visit: Visit, language: str) -> None:
    page = visit(f"/{language}/", java_script_enabled=False)
    sign_in(page, language, "مینا")
    page.goto(f"/{language}/processes/embankment-fridays/proposals/new/")
    assert page.locator("main textarea").count() == 0
