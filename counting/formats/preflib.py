"""PrefLib files: soc, soi, toc, toi (orders) and cat (categories), read strictly and written.

Format: FORMAT_SPECIFICATION.md of PrefLib-Data (Mattei and Walsh 2013, preflib.org). A header of `# KEY: value` lines, then
`count: 3,{1,4},2` lines. Ids are the numbers of the alternatives. Equal ranks stay equal. Categories become approvals where there
are one or two (the first approves), otherwise ranks, an empty category an empty rank.

Every number that the header announces must be what the lines add up to, no order may stand on two lines, and the orders must be
of the announced type. Lines end with LF; no byte order mark.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from counting.formats.election import CannotWrite, Election, FormatError, a_name, decoded, require_one_line, whole
from counting.profile import ApprovalProfile, OptionId, Profile, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

TYPES = ("soc", "soi", "toc", "toi", "cat")
_KEYS = (
    "FILE NAME", "TITLE", "DESCRIPTION", "DATA TYPE", "MODIFICATION TYPE", "RELATES TO", "RELATED FILES", "PUBLICATION DATE",
    "MODIFICATION DATE", "NUMBER ALTERNATIVES", "NUMBER VOTERS",
)  # fmt: skip
_HEADER = re.compile(r"# ([A-Z]+(?: [A-Z]+)*(?: [0-9]+)?):(.*)")
_ORDER = re.compile(r"\{[^{}]*\}|[^,{}]+")
Ranks = tuple[tuple[OptionId, ...], ...]


class _Header:
    """The `# KEY: value` lines."""

    def __init__(self, lines: list[str]) -> None:
        self._values: dict[str, tuple[int, str]] = {}
        for number, line in enumerate(lines, 1):
            if not line.startswith("#"):
                break
            match = _HEADER.fullmatch(line)
            if not match:
                raise FormatError(number, f"not a header line '# KEY: value': {line[:80]!r}")
            if match[1] in self._values:
                raise FormatError(number, f"the header says {match[1]} twice")
            self._values[match[1]] = number, match[2].strip()
        self.lines = len(self._values)
        for key in _KEYS:
            self.value(key)

    def value(self, key: str) -> tuple[int, str]:
        if key not in self._values:
            raise FormatError(self.lines + 1, f"the header does not say {key}")
        return self._values[key]

    def number(self, key: str) -> int:
        return whole(self.value(key)[1], self.value(key)[0], key, at_least=0)

    def names(self, what: str, count: int) -> dict[str, str]:
        """`<what> 1` to `<what> count`, all different. Raises FormatError also when there are more."""
        if count > self.lines:
            raise FormatError(self.lines, f"the header announces {count} times {what} and has only {self.lines} lines")
        announced = {f"{what} {number}" for number in range(1, count + 1)}
        if extra := [key for key in self._values if key.startswith(what) and key not in announced]:
            raise FormatError(self._values[extra[0]][0], f"{extra[0]}: the header announces {count}")
        numbers: dict[str, str] = {}
        for number in range(1, count + 1):
            line, name = self.value(f"{what} {number}")
            if a_name(name, line, f"{what} {number}") in numbers:
                raise FormatError(line, f"the name {name!r} stands twice")
            numbers[name] = str(number)
        return {number: name for name, number in numbers.items()}


def read(data: bytes, *, kind: str | None = None) -> Election:
    """The election of a PrefLib file; `kind`: the type that its name says. Raises FormatError."""
    text = decoded(data)
    if "\r" in text:
        raise FormatError(text.count("\n", 0, text.index("\r")) + 1, "the lines of PrefLib files end with LF alone")
    lines = text.removesuffix("\n").split("\n")
    header = _Header(lines)
    line, said = header.value("DATA TYPE")
    if said not in ([kind] if kind else TYPES):
        raise FormatError(line, f"the data type must be {kind or ' or '.join(TYPES)}, not {said!r}")
    kind = said
    alternatives = header.number("NUMBER ALTERNATIVES")
    names = header.names("ALTERNATIVE NAME", alternatives)
    categories = header.number("NUMBER CATEGORIES") if kind == "cat" else None
    if categories is not None:
        header.names("CATEGORY NAME", categories)
    groups: dict[Ranks, int] = {}
    for number, count, order in _orders(lines, header.lines, names):
        _check(order, kind, number, categories=categories, alternatives=alternatives)
        if order in groups:
            raise FormatError(number, "this order stands on an earlier line too")
        groups[order] = count
    unique = "NUMBER UNIQUE PREFERENCES" if kind == "cat" else "NUMBER UNIQUE ORDERS"
    for key, found in (("NUMBER VOTERS", sum(groups.values())), (unique, len(groups))):
        if header.number(key) != found:
            raise FormatError(header.value(key)[0], f"{key} is {header.number(key)}, the lines add up to {found}")
    return Election(format="preflib", names=names, profile=_profile(groups, categories), title=header.value("TITLE")[1])


def _orders(lines: list[str], start: int, names: Mapping[OptionId, str]) -> Iterator[tuple[int, int, Ranks]]:
    for number, line in enumerate(lines[start:], start + 1):
        count, colon, order = line.partition(":")
        if not colon:
            raise FormatError(number, f"not a line 'count: order': {line[:80]!r}")
        yield number, whole(count, number, "the count"), _order(order, number, names)


def _order(text: str, line: int, names: Mapping[OptionId, str]) -> Ranks:
    compact = text.replace(" ", "")
    cells = _ORDER.findall(compact)
    if ",".join(cells) != compact:
        raise FormatError(line, f"not an order such as 1,{{2,3}},4: {text[:80]!r}")
    ranks = tuple(tuple(sorted(cell.strip("{}").split(","))) if cell != "{}" else () for cell in cells)
    ids = [option for rank in ranks for option in rank]
    for option in ids:
        if option not in names:
            raise FormatError(line, f"{option!r} is none of the alternatives 1 to {len(names)}")
    if len(set(ids)) < len(ids):
        raise FormatError(line, "one alternative stands twice in the order")
    return ranks


def _check(order: Ranks, kind: str, line: int, *, categories: int | None, alternatives: int) -> None:
    if categories is not None:
        if len(order) != categories:
            raise FormatError(line, f"expected {categories} categories, found {len(order)}")
        return
    if () in order or not order:
        raise FormatError(line, "an order has no empty places")
    if kind[0] == "s" and any(len(rank) > 1 for rank in order):
        raise FormatError(line, f"{kind} has no equal ranks")
    if kind[2] == "c" and sum(map(len, order)) != alternatives:
        raise FormatError(line, f"{kind} orders name every alternative")


def _profile(groups: Mapping[Ranks, int], categories: int | None) -> Profile:
    merged: dict[Any, int] = {}
    approvals = categories is not None and categories <= 2
    for order, count in groups.items():
        ballot: Any = order[0] if approvals and order else _without_tail(order)
        merged[ballot] = merged.get(ballot, 0) + count
    return ApprovalProfile(merged) if approvals else RankedProfile(merged)


def _without_tail(order: Ranks) -> Ranks:
    while order and not order[-1]:
        order = order[:-1]
    return order


def write(election: Election) -> bytes:
    """The file of the most restrictive type; alternatives are numbered in ballot order. Raises CannotWrite."""
    numbers = {option: number for number, option in enumerate(election.names, 1)}
    if election.withdrawn:
        raise CannotWrite("PrefLib has no withdrawn alternatives")
    if len(set(election.names.values())) < len(election.names):
        raise CannotWrite("PrefLib alternatives have different names")
    profile = election.profile
    if isinstance(profile, ApprovalProfile):
        kind, unique, orders = "cat", "PREFERENCES", _categories(profile, numbers)
    elif isinstance(profile, RankedProfile):
        kind, orders = _ranked(profile, numbers)
        unique = "ORDERS"
    else:
        raise CannotWrite("PrefLib has no format for points")
    head = dict.fromkeys(_KEYS, "") | {
        "TITLE": election.title, "DATA TYPE": kind, "MODIFICATION TYPE": "original",
        "NUMBER ALTERNATIVES": str(len(numbers)), "NUMBER VOTERS": str(profile.total),
        f"NUMBER UNIQUE {unique}": str(len(orders)),
    }  # fmt: skip
    if kind == "cat":
        head |= {"NUMBER CATEGORIES": "2", "CATEGORY NAME 1": "Approved", "CATEGORY NAME 2": "Not approved"}
    head |= {f"ALTERNATIVE NAME {number}": election.names[option] for option, number in numbers.items()}
    lines = [f"# {key}: {require_one_line(value, key)}".rstrip() for key, value in head.items()]
    lines += [f"{count}: {order}" for order, count in sorted(orders.items(), key=lambda item: (-item[1], item[0]))]
    return ("\n".join(lines) + "\n").encode()


def _categories(profile: ApprovalProfile, numbers: Mapping[OptionId, int]) -> dict[str, int]:
    def cell(chosen: set[OptionId]) -> str:
        inner = ",".join(str(number) for option, number in numbers.items() if option in chosen)
        return inner if len(chosen) == 1 else f"{{{inner}}}"

    groups = profile.groups.items()
    return {f"{cell(set(ballot))},{cell(set(numbers) - set(ballot))}": count for ballot, count in groups}


def _ranked(profile: RankedProfile, numbers: Mapping[OptionId, int]) -> tuple[str, dict[str, int]]:
    orders = {}
    strict = complete = True
    for ballot, count in profile.groups.items():
        ids = [option for rank in ballot for option in rank]
        if not ballot:
            raise CannotWrite(f"PrefLib orders name at least one alternative, and {count} ballots are blank")
        if () in ballot or UNKNOWN_OVERVOTE in ballot or len(set(ids)) < len(ids):
            raise CannotWrite("PrefLib orders have no skipped ranks, no unknown marks, and no alternative twice")
        strict = strict and all(len(rank) == 1 for rank in ballot)
        complete = complete and len(ids) == len(numbers)
        cells = [",".join(map(str, sorted(numbers[option] for option in rank))) for rank in ballot]
        orders[",".join(cell if len(rank) == 1 else f"{{{cell}}}" for cell, rank in zip(cells, ballot, strict=True))] = count
    return f"{'s' if strict else 't'}o{'c' if complete else 'i'}", orders
