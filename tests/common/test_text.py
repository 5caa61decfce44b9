"""Numbers, spans and Markdown as readers see them."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from common.localized import loc
from common.markdown import render_markdown
from common.templatetags import text


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_numbers_are_grouped_and_in_the_digits_of_the_language() -> None:
    assert text.number(1070000) == "1,070,000"
    with translation.override("fa"):
        assert text.number(1070000) == "۱٬۰۷۰٬۰۰۰"
    assert text.number(None) == ""


@pytest.mark.parametrize(("part", "whole", "shown"), [(1, 3, "33.3%"), (2, 3, "66.7%"), (0, 0, "0.0%"), (1, 8, "12.5%")])
def test_per_cents_are_exact_until_they_are_printed(part: int, whole: int, shown: str) -> None:
    assert text.percent(part, whole) == shown


def test_a_deadline_says_how_long_is_left() -> None:
    now = timezone.now()
    assert "3 days left" in text.time_left(now + timedelta(days=3, minutes=1))
    assert "1 hour left" in text.time_left(now + timedelta(hours=1, minutes=1))
    assert "over" in text.time_left(now - timedelta(seconds=1))


def test_text_by_language_falls_back_to_what_there_is() -> None:
    assert loc({"en": "a", "fa": "b"}, "fa") == "b"
    assert loc({"en": "a"}, "fa") == "a"
    assert loc({"pl": "c"}, "fa") == "c"
    assert loc({}, "fa") == ""


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](//evil.example)",
        "[x](data:text/html,a)",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        '<a href="https://ok.example" onclick="x">y</a>',
        '<p hx-get="/x" style="position:fixed" class="btn" id="main">z</p>',
        "<math><mtext></mtext></math>",
    ],
)
def test_nothing_that_runs_survives_markdown(payload: str) -> None:
    import re

    html = render_markdown(payload)
    tags = re.findall(r"<[^>]*>", html)
    assert not any(re.search(r"script|svg|img|math|\son|hx-|style|class|\sid|javascript|//evil|data:", tag) for tag in tags), html


def test_links_and_headings_are_tamed() -> None:
    html = render_markdown("# Big\n\n[a](https://example.org) **b**")
    assert "<h3>Big</h3>" in html
    assert 'href="https://example.org"' in html
    assert 'rel="noopener nofollow ugc"' in html
    assert "<strong>b</strong>" in html
