"""Persian text: what search takes for the same, digits, and dates in both calendars."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.persian import ascii_digits, fold, long_date, persian_digits, short_date, strip_bidi


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("كتاب", "کتاب"),
        ("كتابخانه\u200cی ما", "کتابخانه ی ما"),
        ("علي", "علی"),
        ("آب", "اب"),
        ("مسأله", "مساله"),
        ("۱۴۰۵", "1405"),
        ("١٤٠٥", "1405"),
        ("خـــانه", "خانه"),
        ("مُدَرِّس", "مدرس"),
        ("Straße", "STRASSE"),
        ("ﻙﺘﺎﺏ", "کتاب"),
    ],
)
def test_what_is_typed_and_written_differently_is_found(typed: str, written: str) -> None:
    assert fold(typed) == fold(written)


def test_different_words_stay_different() -> None:
    assert fold("کتاب") != fold("کباب")


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.integers(min_value=0, max_value=10**18))
def test_digits_come_back_from_persian(number: int) -> None:
    assert ascii_digits(persian_digits(str(number))) == str(number)


def test_dates_are_jalali_in_persian_and_gregorian_in_english() -> None:
    assert long_date(date(2026, 11, 23), "fa") == "دوشنبه ۲ آذر ۱۴۰۵"
    assert long_date(date(2026, 11, 23), "en") == "23 November 2026"
    assert short_date(datetime(2026, 3, 21, tzinfo=UTC), "fa") == "۱ فروردین"
    assert short_date(date(2026, 3, 21), "en") == "21 Mar"


def test_controls_that_turn_text_around_are_removed_from_names() -> None:
    assert strip_bidi("a\u202eb\u2066c") == "abc"
