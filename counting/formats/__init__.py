"""Ballot files of the world: `read` makes one `Election` of any of them, `write` makes a file of an Election.

    election.py   Election, and the two errors: FormatError (line, reason) and CannotWrite
    canonical.py  our own ballot file
    pb.py         Pabulib
    preflib.py    PrefLib soc, soi, toc, toi, cat
    blt.py        BLT
    grouped.py    CSV `count,rank1,rank2,…`
    scot.py       CSV of the Scottish councils (read only)
    cvr.py        cast vote records, NIST SP 1500-103, JSON
    rctab.py      the rounds of a count as RCTab reports them (write only)

Nothing is guessed: a file that contradicts itself or its format is refused whole, with line and reason.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from counting.formats import blt, canonical, cvr, grouped, pb, preflib, scot
from counting.formats.election import CannotWrite, Election, FormatError, csv_rows
from counting.profile import RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

__all__ = ["READABLE", "WRITABLE", "CannotWrite", "Election", "FormatError", "read", "write"]

_READERS: Mapping[str, Callable[[bytes], Election]] = {
    "canonical": canonical.read, "pabulib": pb.read, "preflib": preflib.read, "blt": blt.read, "csv": grouped.read,
    "scot-elex": scot.read, "cvr": cvr.read,
}  # fmt: skip
_WRITERS: Mapping[str, Callable[[Election], bytes]] = {
    "pabulib": pb.write, "preflib": preflib.write, "blt": blt.write, "csv": grouped.write, "cvr": cvr.write,
}  # fmt: skip
READABLE = tuple(_READERS)
WRITABLE = ("canonical", *_WRITERS)
_SUFFIXES = {
    ".pb": ("pabulib",), ".blt": ("blt",), ".csv": ("csv", "scot-elex"), ".json": ("cvr",),
    **{f".{kind}": ("preflib",) for kind in preflib.TYPES},
}  # fmt: skip


def read(data: bytes, *, name: str = "", format: str | None = None, contest: str | None = None) -> Election:
    """The election in `data`. Raises FormatError.

    `format`: one of READABLE; without it content and the suffix of `name` must agree on one. `contest`: which contest of a CVR
    file with several.
    """
    suffix = PurePath(name).suffix.lower()
    chosen = format or _detected(data, suffix)
    if chosen == "cvr":
        return cvr.read(data, contest=contest)
    if chosen == "preflib" and suffix.removeprefix(".") in preflib.TYPES:
        return preflib.read(data, kind=suffix.removeprefix("."))
    return _READERS[chosen](data)


def write(election: Election, format: str, *, contest: str = "", rule: str = "") -> bytes:
    """`election` as a file of one of WRITABLE. `contest` and `rule`: ids for the head of a canonical file. Raises CannotWrite."""
    if isinstance(election.profile, RankedProfile):
        election.profile.require_known([*election.names, *UNKNOWN_OVERVOTE])
    if format == "canonical":
        return canonical.write(election, contest=contest, rule=rule)
    return _WRITERS[format](election)


def _detected(data: bytes, suffix: str) -> str:
    """The one format that content and suffix agree on. Raises FormatError, asking for --format, when there is none."""
    if b"\0" in data[:4096]:
        raise FormatError(1, "this is not a text file")
    looks, suffixes = _looks_like(data), _SUFFIXES.get(suffix, ())
    both = [format for format in looks if not suffixes or format in suffixes]
    if len(both) == 1:
        return both[0]
    if not looks and len(suffixes) == 1:
        return suffixes[0]  # let its reader say what is wrong
    found = f"looks like {' or '.join(looks)}" if looks else "is of no known format"
    named = f" but is called {suffix}" if suffixes else ""
    raise FormatError(1, f"this file {found}{named}: say which with --format ({', '.join(READABLE)})")


def _looks_like(data: bytes) -> list[str]:
    """The formats whose first lines look like these. Several may, none is certain."""
    text = data[:65536].decode("utf-8", "replace").removeprefix("\ufeff")
    lines = [line.strip() for line in text.split("\n")]
    said = [line for line in lines if line]
    first = said[0] if said else ""
    meant = next((line for line in said if not line.startswith("#")), "")
    looks = {
        "canonical": first.startswith("#contest: "),
        "pabulib": first.rstrip(";") == "META",
        "preflib": any(line.startswith("# DATA TYPE:") for line in said),
        "blt": bool(re.fullmatch(r"[0-9]+\s+[0-9]+\s*(#.*)?", meant)),
        "csv": _is_grouped(first),
        "scot-elex": bool(re.fullmatch("[0-9]+,[0-9]+,", first)),
        "cvr": first.startswith("{"),
    }
    return [format for format, likely in looks.items() if likely]


def _is_grouped(line: str) -> bool:
    try:
        return grouped.is_header(next(csv_rows(line), (1, []))[1])
    except FormatError:
        return False
