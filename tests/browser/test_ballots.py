"""Ballots of every kind, filled in as people do it: by buttons, by keyboard, by typing, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, sign_in
from tests.browser.test_every_page import problems_of
from tests.browser.test_journeys import WHO

PHONE = {"width": 320, "height": 640}


def ballots(page: Page, language: str) -> list[str]:
    """Addresses of the ballots of the city's six questions, in the order of its content."""
    page.goto(f"/{language}/processes/before-winter/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a[href*='/polls/']").all()]
    polls = [match[0] for link in links if (match := re.match(rf"/{language}/polls/\w+/$", link))]
    return [f"{poll}ballot/" for poll in dict.fromkeys(polls)]


def ballot(page: Page, language: str, kind: str, *, ties: str = "no") -> str:
    """The first of them of this kind; the page stands on it."""
    for address in ballots(page, language):
        page.goto(address)
        form = page.locator("form[data-ballot]")
        if form.get_attribute("data-kind") == kind and form.get_attribute("data-ties") == ties:
            return address
    raise LookupError(kind)


def empty(page: Page) -> None:
    """Whatever an earlier test cast in this city goes out of the fields."""
    for box in page.locator("input[type=text][data-mark]").all():
        box.fill("")


def review(page: Page) -> None:
    page.locator("main form[method=post] button[type=submit]").last.click()


def confirm(page: Page) -> str:
    expect(page.locator(".not-yet").first).to_be_visible()
    page.locator("form[action*='/ballot/cast/'] button").first.click()
    number = page.locator("#receipt-number")
    expect(number).to_be_visible()
    return re.sub(r"[^0-9a-f]", "", number.inner_text())


def order_in_cart(page: Page) -> list[str]:
    return page.locator("[data-ranking] .ranking__title").all_inner_texts()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_ranking_is_made_and_changed_with_buttons_and_keys_and_every_move_is_told(visit: Visit, language: str) -> None:
    page = visit(f"/{language}/", viewport={"width": 1280, "height": 900})
    sign_in(page, language, WHO[language])
    ballot(page, language, "rank")
    empty(page)
    titles = page.locator(".option .option__title").all_inner_texts()
    toggles = page.locator("[data-rank-toggle]")
    for place in range(3):
        toggles.nth(place).focus()
        page.keyboard.press("Enter")
        assert toggles.nth(place).evaluate("button => button === document.activeElement")
    assert order_in_cart(page) == titles[:3]

    page.locator('[data-move="up"]').nth(2).focus()
    page.keyboard.press("Enter")
    assert order_in_cart(page) == [titles[0], titles[2], titles[1]]
    said = page.locator("[data-rank-say]")
    if language == "en":
        expect(said).to_have_text(f"{titles[2]}: now number 2 of 3.")
    page.keyboard.press("Space")  # the focus went with the option
    assert order_in_cart(page) == [titles[2], titles[0], titles[1]]
    assert page.evaluate("document.activeElement.closest('li').querySelector('.ranking__title').textContent") == titles[2]
    page.keyboard.press("Enter")  # on top already: nothing moves, and that is said
    assert order_in_cart(page) == [titles[2], titles[0], titles[1]]
    if language == "en":
        expect(said).to_have_text(f"{titles[2]} is the first already.")

    page.locator('[data-move="out"]').nth(1).click()
    assert order_in_cart(page) == [titles[2], titles[1]]
    boxes = page.locator("input[data-mark]")
    one, two = ("1", "2") if language == "en" else ("۱", "۲")
    expect(boxes.nth(2)).to_have_value(one)
    expect(boxes.nth(1)).to_have_value(two)
    expect(boxes.nth(0)).to_have_value("")
    review(page)
    assert page.locator(".review--ranked .review__name").all_inner_texts() == [titles[2], titles[1]]
    number = confirm(page)
    page.goto(f"/{language}/receipts/{number}/")
    assert page.locator(".review--ranked .review__name").all_inner_texts() == [titles[2], titles[1]]


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_ranking_is_typed_reviewed_and_cast_without_javascript(visit: Visit, language: str) -> None:
    page = visit(f"/{language}/", java_script_enabled=False, viewport=PHONE)
    sign_in(page, language, WHO[language])
    address = ballot(page, language, "rank")
    assert page.locator("[data-rank-toggle]:visible, [data-move]:visible").count() == 0
    titles = page.locator(".option .option__title").all_inner_texts()
    boxes = page.locator("input[data-mark]")
    boxes.nth(0).fill("۱")
    boxes.nth(1).fill("2")
    boxes.nth(2).fill("2")
    review(page)
    expect(page.locator("[data-refusal=same_rank]")).to_be_visible()
    assert [boxes.nth(place).input_value() for place in (1, 2)] != ["", ""]
    boxes.nth(1).fill("4")
    review(page)
    assert page.locator(".review--ranked .review__name").all_inner_texts() == [titles[0], titles[2], titles[1]]
    expect(page.locator("main .callout--info")).to_be_visible()  # how 1, 2, 4 was read
    confirm(page)
    page.goto(address)
    three = "3" if language == "en" else "۳"
    expect(boxes.nth(1)).to_have_value(three)


def test_two_of_one_rank_are_told_while_typing_and_allowed_where_the_ballot_allows_it(visit: Visit) -> None:
    page = visit("/en/", viewport={"width": 1280, "height": 900})
    sign_in(page, "en", "Tom Ferrier")
    ballot(page, "en", "rank")
    empty(page)
    boxes = page.locator("input[data-mark]")
    boxes.nth(0).fill("1")
    boxes.nth(1).fill("1")
    expect(page.locator("[data-warn=same]")).to_be_visible()
    expect(boxes.nth(1)).to_have_attribute("aria-invalid", "true")
    boxes.nth(1).fill("2")
    expect(page.locator("[data-warn=same]")).to_be_hidden()
    expect(boxes.nth(1)).not_to_have_attribute("aria-invalid", "true")
    page.on("dialog", lambda dialog: dialog.accept())
    ballot(page, "en", "rank", ties="yes")
    empty(page)
    boxes.nth(0).fill("1")
    boxes.nth(1).fill("1")
    expect(page.locator("[data-warn=same]")).to_be_hidden()
    assert page.locator("[data-ranking] .ranking__place").all_inner_texts() == ["1", "1"]
    page.locator('[data-move="down"]').nth(0).click()
    assert page.locator("[data-ranking] .ranking__place").all_inner_texts() == ["1", "2"]


def test_a_ranking_that_was_not_cast_is_put_back_on_the_same_device(visit: Visit) -> None:
    page = visit("/en/", viewport={"width": 1280, "height": 900})
    sign_in(page, "en", "Tom Ferrier")
    address = ballot(page, "en", "rank", ties="yes")
    for place in range(2):
        page.locator("[data-rank-toggle]").nth(place).click()
    before = order_in_cart(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/en/about/")
    page.goto(address)
    expect(page.locator("[data-draft-notice]")).to_be_visible()
    assert order_in_cart(page) == before
    page.locator("[data-start-over]").click()
    assert order_in_cart(page) == []


def test_points_are_counted_while_they_are_given(visit: Visit) -> None:
    page = visit("/en/", viewport={"width": 1280, "height": 900})
    sign_in(page, "en", "Tom Ferrier")
    ballot(page, "en", "alloc")
    empty(page)
    more = page.locator('[data-step="1"]')
    for _press in range(3):
        more.nth(0).click()
    page.locator("input[data-mark]").nth(1).fill("۵")
    expect(page.locator('[data-cart="spent"]')).to_have_text("8")
    expect(page.locator('[data-cart="left"]')).to_have_text("2")
    page.locator("input[data-mark]").nth(2).fill("5")
    expect(page.locator('[data-warn="over"]')).to_be_visible()
    page.locator('[data-step="-1"]').nth(2).click()
    page.locator("input[data-mark]").nth(2).fill("")
    review(page)
    expect(page.locator(".review__total")).to_contain_text("8 of 10")
    confirm(page)


def test_what_is_no_rank_and_what_is_too_many_points_is_told_while_typing(visit: Visit) -> None:
    page = visit("/en/", viewport={"width": 1280, "height": 900})
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, "en", "Tom Ferrier")
    ballot(page, "en", "rank")
    empty(page)
    first = page.locator("input[data-mark]").first
    for text, wrong in [("best", True), ("0", True), ("1.5", True), ("۲", False), (" 3 ", False), ("", False)]:
        first.fill(text)
        expect(page.locator("[data-warn=odd]")).to_be_visible(visible=wrong)
        assert (first.get_attribute("aria-invalid") == "true") == wrong
    first.fill("best")
    expect(page.locator("[data-cart-say]")).to_have_text("A rank is a whole number: 1, 2, 3 and so on.")
    review(page)
    expect(page.locator("main .callout--error")).to_contain_text("One number needs another look.")
    expect(page.locator(".option__fault")).to_be_visible()
    first.fill("1")
    expect(page.locator(".option__fault")).to_be_hidden()

    ballot(page, "en", "alloc")
    empty(page)
    first.fill("7")
    expect(page.locator("[data-warn=high]")).to_be_visible()
    first.fill("6")
    expect(page.locator("[data-warn=high]")).to_be_hidden()
    page.locator('[data-step="1"]').first.click()
    expect(first).to_have_value("6")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_a_score_and_a_single_choice_are_pressed_and_cast(visit: Visit, javascript: bool) -> None:
    page = visit("/fa/", java_script_enabled=javascript, viewport=PHONE)
    sign_in(page, "fa", WHO["fa"])
    address = ballot(page, "fa", "score")
    page.locator(".scores__row").nth(1).locator("input").nth(4).check(force=True)
    review(page)
    expect(page.locator(".review li")).to_have_count(1)
    confirm(page)
    page.goto(address)
    assert page.locator("input[data-mark]:checked:not([value='0'])").evaluate_all("all => all.map(one => one.value)") == ["4"]

    address = ballot(page, "fa", "approve")
    choices = page.locator("input[name=choose]")
    choices.nth(0).check()
    choices.nth(1).check()
    assert page.locator("input[name=choose]:checked").count() == 1
    review(page)
    expect(page.locator(".review li")).to_have_count(1)
    confirm(page)
    page.goto(address)
    choices.last.check()  # none of these
    review(page)
    confirm(page)
    page.goto(address)
    expect(choices.last).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_ballots_of_every_kind_are_accessible_and_fit_a_phone_at_each_step(visit: Visit, language: str, scheme: str) -> None:
    page = visit(f"/{language}/", color_scheme=scheme, reduced_motion="reduce", viewport=PHONE)
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, language, "مینا")
    problems = []
    kinds = []
    for address in ballots(page, language):
        page.goto(address)
        kinds.append(page.locator("form[data-ballot]").get_attribute("data-kind"))
        problems += problems_of(page)
        if kinds[-1] == "approve":
            page.locator("input[name=choose]").first.check()
        elif kinds[-1] == "score":
            page.locator(".scores__row").first.locator("input").nth(3).check(force=True)
        else:
            page.locator("input[data-mark]").nth(0).fill("1")
            page.locator("input[data-mark]").nth(1).fill("1")
        page.locator("[data-cart-details] > summary").click()
        problems += problems_of(page)
        review(page)
        problems += problems_of(page)
        page.goto(address.removesuffix("ballot/"))
        problems += problems_of(page)
        page.goto(address.replace("/ballot/", "/board/"))
        problems += problems_of(page)
    assert sorted(kinds) == ["alloc", "approve", "rank", "rank", "rank", "score"]
    assert problems == []
