"""Numbers of results for people: rounded for the eye, in the reader's digits. Exact ones stand in the record."""

from __future__ import annotations

from fractions import Fraction

from common.localized import loc
from common.templatetags.text import digits, number
from voting.models import Poll

LEAST = Fraction(1, 100)
"""Fewer votes than this are left out where people read: remainders of fractions."""
Exact = int | str
"""A number of a record: 7, "7/2" or "2145.37745"."""


def money(amount: int, poll: Poll) -> str:
    """`68,000 PLN`; the space does not break."""
    return f"{number(amount)}\u00a0{loc(poll.currency)}".rstrip("\u00a0")


def money_exact(amount: Exact, poll: Poll) -> str:
    """As `money`, for an amount with fractions of the smallest unit."""
    return f"{decimal(amount, 2)}\u00a0{loc(poll.currency)}".rstrip("\u00a0")


def whole(value: Exact) -> int:
    """Rounded down: what somebody has is never shown as more than it is."""
    return int(Fraction(value) // 1)


def decimal(value: Exact | Fraction, places: int = 1) -> str:
    """Rounded half up, trailing zeros dropped: `"7/2"` is 3.5. A negative number has a real minus sign."""
    exact = Fraction(value)
    scaled = (abs(exact) * 10**places * 2 + 1) // 2
    quotient, rest = divmod(int(scaled), 10**places)
    tail = f"{rest:0{places}}".rstrip("0") if places else ""
    point = "." if number(1) == "1" else "٫"
    sign = "−" if exact < 0 and scaled else ""
    return sign + number(quotient) + (point + digits(tail) if tail else "")


def votes(value: Exact | Fraction) -> str:
    """A quantity of votes, which may have been split: at most two decimals."""
    return decimal(value, 2)


def grammatical(value: Exact | Fraction) -> int:
    """The number that a noun beside `value` agrees with: a fraction takes the plural."""
    exact = Fraction(value)
    return int(exact) if exact.denominator == 1 else 2


def change(value: Fraction) -> str:
    """What a round added or took, with its sign; empty for nothing, and for what rounding leaves over."""
    if abs(value) < LEAST:
        return ""
    text = votes(value)
    return f"+{text}" if value > 0 else text
