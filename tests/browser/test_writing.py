"""What is being written stays: drafts in the browser, and the focus where one goes on."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, sign_in
from tests.browser.test_live import main_debate


def debate(visit: Visit) -> Page:
    page = visit("/en/")
    sign_in(page, "en", "Tom Ferrier")
    page.goto(main_debate(page))
    return page


def drafts(page: Page) -> int:
    count: int = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length")
    return count


def test_a_comment_that_was_not_sent_is_there_again_and_can_be_thrown_away(visit: Visit) -> None:
    page = debate(visit)
    text, notice = page.locator("#compose textarea"), page.locator("#compose [data-draft-notice] p")
    text.fill("Half a thought")
    page.reload()
    expect(text).to_have_value("Half a thought")
    expect(notice).to_be_visible()
    notice.get_by_role("button").click()
    expect(text).to_have_value("")
    expect(text).to_be_focused()
    assert drafts(page) == 0


def test_what_was_published_is_not_kept(visit: Visit) -> None:
    page = debate(visit)
    page.locator("#compose textarea").fill("A whole thought, sent.")
    page.locator("#compose .btn--primary").click()
    expect(page.locator(".comment", has_text="A whole thought, sent.")).to_have_count(1)
    assert drafts(page) == 0
    page.reload()
    expect(page.locator("#compose textarea")).to_have_value("")


def test_what_somebody_else_wrote_on_this_device_is_not_shown(visit: Visit) -> None:
    page = debate(visit)
    page.locator("#compose textarea").fill("Not for Mina")
    there = page.url
    page.context.clear_cookies()
    sign_in(page, "en", "مینا")
    page.goto(there)
    expect(page.locator("#compose textarea")).to_have_value("")
    assert drafts(page) == 0


def test_the_focus_goes_on_where_the_pressed_button_was_replaced(visit: Visit) -> None:
    page = debate(visit)
    page.locator("#endorse-button").press("Enter")
    expect(page.locator("#endorse-button")).to_be_focused()
    link = page.locator(".comment__tools a").nth(2)
    link.press("Enter")
    expect(page.locator("form[id^=r] textarea")).to_be_focused()
    page.locator("form[id^=r] a.btn--quiet").press("Enter")
    expect(link).to_be_focused()
    page.locator("#compose").evaluate("form => { form.noValidate = true; }")
    page.locator("#compose .btn--primary").press("Enter")
    expect(page.locator("#compose textarea")).to_be_focused()
