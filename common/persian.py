"""Persian text: folding for search, digits, and civil dates in both calendars. Never changes what is displayed."""

import re
import unicodedata
from datetime import date, datetime

from persiantools.jdatetime import JalaliDate

_LETTERS = str.maketrans(
    {
        **dict.fromkeys("يى", "ی"),
        "ك": "ک",
        **dict.fromkeys("ۀة", "ه"),
        **dict.fromkeys("أإٱآ", "ا"),
        "ؤ": "و",
        "ئ": "ی",
        "\u200c": " ",  # ZWNJ
        **dict.fromkeys("ء\u0640\u200e\u200f\u061c\u200d\ufeff"),
        **{chr(c): None for c in [*range(0x064B, 0x0660), 0x0670, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]},
        **{chr(base + d): str(d) for base in (0x0660, 0x06F0) for d in range(10)},
    }
)
_TO_ASCII = str.maketrans({chr(base + d): str(d) for base in (0x0660, 0x06F0) for d in range(10)} | {"٫": ".", "٬": ""})
_TO_PERSIAN = str.maketrans({str(d): chr(0x06F0 + d) for d in range(10)})
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def fold(text: str) -> str:
    """A key for search, uniqueness and hints of duplicates: letters that look alike or are typed alike become one."""
    text = unicodedata.normalize("NFC", text).translate(_LETTERS)
    text = unicodedata.normalize("NFKC", text).translate(_LETTERS).casefold()
    return " ".join(text.split())


def ascii_digits(text: str) -> str:
    """Persian and Arabic-Indic digits as Latin ones, for reading numbers that people typed."""
    return text.translate(_TO_ASCII)


def persian_digits(text: str) -> str:
    return text.translate(_TO_PERSIAN)


def strip_bidi(text: str) -> str:
    """Without the controls that could make a name or a title rearrange the text around it."""
    return _BIDI.sub("", text)


def _jalali(day: date, pattern: str) -> str:
    jalali = JalaliDate(day)  # type: ignore[no-untyped-call]
    # persiantools pads the day with a zero, which nobody writes.
    return str(jalali.strftime(pattern.replace("%d", persian_digits(str(jalali.day))), locale="fa"))


def long_date(day: date, language: str) -> str:
    """`23 November 2026`, or in Persian `دوشنبه ۲ آذر ۱۴۰۵`."""
    if isinstance(day, datetime):
        day = day.date()
    if language == "fa":
        return _jalali(day, "%A %d %B %Y")
    return f"{day.day} {day:%B %Y}"


def short_date(day: date, language: str) -> str:
    """`23 Nov`, or in Persian `۲ آذر`."""
    if isinstance(day, datetime):
        day = day.date()
    if language == "fa":
        return _jalali(day, "%d %B")
    return f"{day.day} {day:%b}"
