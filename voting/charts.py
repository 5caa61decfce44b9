"""Geometry of the charts, as whole numbers for SVG in templates. Widths are in thousandths of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import segno

WIDTH = 1000


def width(part: int, whole: int) -> int:
    """`part` of `whole` in thousandths, at least 2 where there is anything at all, never more than the whole."""
    if part <= 0 or whole <= 0:
        return 0
    return min(max(2, (part * WIDTH + whole // 2) // whole), WIDTH)


@dataclass(frozen=True)
class Segment:
    """One stretch of a stacked bar, from its start."""

    key: str
    start: int
    width: int
    shade: int
    """0 or 1, so that neighbours can be told apart."""


def stack(parts: Iterable[tuple[str, int]], whole: int) -> list[Segment]:
    """Parts one after another. Edges are rounded, not widths: the stretches add up to what the parts add up to."""
    segments = []
    total = 0
    for place, (key, part) in enumerate(parts):
        start, total = total, total + part
        left, right = (min(value * WIDTH // whole, WIDTH) if whole else 0 for value in (start, total))
        segments.append(Segment(key, left, right - left, place % 2))
    return segments


@dataclass(frozen=True)
class Bar:
    """One bar of a tally."""

    key: str
    votes: int
    width: int


def tally(votes: Mapping[str, int], keys: Iterable[str], whole: int) -> list[Bar]:
    """A bar for each key, most votes first and else in the order given; the longest possible bar is `whole`."""
    bars = [Bar(key, votes.get(key, 0), width(votes.get(key, 0), whole)) for key in keys]
    return sorted(bars, key=lambda bar: -bar.votes)


@dataclass(frozen=True)
class Qr:
    """A QR code: one path of unit squares on a square of `size`, its quiet zone included."""

    size: int
    path: str


def qr(text: str) -> Qr:
    border = 4
    code = segno.make(text, error="m", micro=False)
    path = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                path.append(f"M{x + border} {y + border}h{run - x}v1h-{run - x}z")
            x = run + 1
    return Qr(len(code.matrix) + 2 * border, "".join(path))
