import pytest
from django.utils import translation

from common.templatetags.text import said


@pytest.mark.parametrize(
    ("sentence", "in_persian"),
    [
        ("دست‌کم 10 نویسه (اکنون 4)", "دست‌کم ۱۰ نویسه (اکنون ۴)"),
        ("new-17@b2.example نیست", "new-17@b2.example نیست"),
        ("K7P2-0192", "K7P2-0192"),
        ("https://a.example/10", "https://a.example/10"),
    ],
)
def test_numbers_get_the_readers_digits_and_addresses_and_codes_keep_theirs(sentence: str, in_persian: str) -> None:
    with translation.override("fa"):
        assert said(sentence) == in_persian
    with translation.override("en"):
        assert said(sentence) == sentence
