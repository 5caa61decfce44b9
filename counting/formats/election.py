"""What a ballot file says, whatever its format, and how one is refused."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from counting.pabulib import Pabulib
from counting.profile import ApprovalProfile, OptionId, PointsProfile, Profile, RankedProfile

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class FormatError(ValueError):
    """The file is refused, all of it. `line` counts from 1; `reason` in English."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class CannotWrite(ValueError):
    """The format cannot hold this election; the message says why (English)."""


@dataclass(frozen=True)
class Election:
    """One contest as its file has it.

    `names` by id in ballot order; ids are those of the file. `withdrawn`: ids that stand on the ballot and cannot win.
    `costs` and `budget`, in units of 1/`scale` of the currency, only where there is money to spend. `rule`: the rule and options
    that the file itself names, complete. `notes`: what a reader should know about the reading (English sentences). `pabulib`: the
    whole file where it was one. A rank with several unknown marks is `counting.reading.UNKNOWN_OVERVOTE`.
    """

    format: str
    names: Mapping[OptionId, str]
    profile: Profile
    title: str = ""
    contest: str = ""
    withdrawn: tuple[OptionId, ...] = ()
    seats: int | None = None
    costs: Mapping[OptionId, int] | None = None
    budget: int | None = None
    scale: int = 1
    rule: tuple[str, Mapping[str, Any]] | None = None
    notes: tuple[str, ...] = ()
    pabulib: Pabulib | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """`approval`, `points` or `ranked`."""
        return kind_of(self.profile)


def kind_of(profile: Profile) -> str:
    """`approval`, `points` or `ranked`."""
    kinds: Mapping[type[Profile], str] = {ApprovalProfile: "approval", PointsProfile: "points", RankedProfile: "ranked"}
    return kinds[type(profile)]


def decoded(data: bytes, *, byte_order_mark: bool = False) -> str:
    """UTF-8 text. Raises FormatError for other bytes, and for a byte order mark where the format has none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(data.count(b"\n", 0, error.start) + 1, "not UTF-8 text") from None
    if text.startswith("\ufeff"):
        if not byte_order_mark:
            raise FormatError(1, "begins with a byte order mark, which this format does not have")
        text = text[1:]
    return text


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line it starts on, cells) of every row that is not empty. Raises FormatError for wrong quoting."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FormatError(line, f"not a CSV row: {error}") from None
        if cells:
            yield line, cells


def whole(text: str, line: int, what: str, *, at_least: int = 1) -> int:
    """A whole number written in ASCII digits. Raises FormatError for anything else, naming `what` it should have been."""
    if not re.fullmatch("[0-9]{1,15}", text) or int(text) < at_least:
        raise FormatError(line, f"{what} must be a whole number from {at_least}, not {text[:40]!r}")
    return int(text)


def a_name(text: str, line: int, what: str) -> str:
    """A name of one line and not empty."""
    if not text.strip() or _CONTROL.search(text):
        raise FormatError(line, f"{what} is empty or holds control characters: {text[:80]!r}")
    return text


def require_one_line(text: str, what: str) -> str:
    """For writers: `text` again. Raises CannotWrite when it would run over several lines."""
    if _CONTROL.search(text):
        raise CannotWrite(f"{what} holds a line break or control character: {text[:80]!r}")
    return text
