"""CSV with one row for each ballot or group of equal ballots: `count,rank1,rank2,…`, or `rank1,rank2,…` with one ballot a row.

A cell is the name of a candidate, `undervote` (nothing marked at this rank) or `overvote` (several marked, not known whose).
Names are the ids. The file has no list of candidates: they stand in the order in which they first appear. Equal rows add up.
Comma-separated with CSV quoting, UTF-8, byte order mark and CRLF allowed (spreadsheets write them).
"""

import csv
import io
from collections import Counter

from counting.formats.election import CannotWrite, Election, FormatError, a_name, csv_rows, decoded, require_one_line, whole
from counting.profile import OptionId, RankedBallot, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

_WORDS = {"undervote": (), "overvote": UNKNOWN_OVERVOTE}


def read(data: bytes) -> Election:
    """The election of a grouped CSV file. Raises FormatError."""
    rows = csv_rows(decoded(data, byte_order_mark=True))
    line, head = next(rows, (1, []))
    counted = head[:1] == ["count"]
    if not is_header(head):
        raise FormatError(line, "the first row must be count,rank1,rank2,… or rank1,rank2,…")
    ranks: dict[str, tuple[OptionId, ...]] = dict(_WORDS)
    groups: Counter[RankedBallot] = Counter()
    for line, row in rows:
        if len(row) != len(head):
            raise FormatError(line, f"expected {len(head)} cells, found {len(row)}")
        count = whole(row[0], line, "the count") if counted else 1
        cells = row[1:] if counted else row
        for cell in cells:
            if cell not in ranks:
                ranks[a_name(cell, line, "a candidate's name")] = (cell,)
                if cell != cell.strip() or cell.lower() in _WORDS:
                    raise FormatError(line, f"{cell!r} is neither a plain name nor {' nor '.join(_WORDS)}")
        ballot = [ranks[cell] for cell in cells]
        while ballot and not ballot[-1]:
            ballot.pop()
        groups[tuple(ballot)] += count
    names = {name: name for name in ranks if name not in _WORDS}
    return Election(format="csv", names=names, profile=RankedProfile(groups))


def is_header(cells: list[str]) -> bool:
    """Is this the first row of such a file?"""
    ranks = cells[1:] if cells[:1] == ["count"] else cells
    return bool(ranks) and ranks == [f"rank{number}" for number in range(1, len(ranks) + 1)]


def write(election: Election) -> bytes:
    """The file, most frequent ballots first. The ballot order and the title are not in it. Raises CannotWrite for what else it
    cannot hold."""
    profile = election.profile
    if not isinstance(profile, RankedProfile):
        raise CannotWrite(f"the CSV format holds rankings, and these are {election.kind} ballots")
    names = {option: require_one_line(name, "a name").strip() for option, name in election.names.items()}
    if len({name.lower() for name in names.values()} | set(_WORDS)) < len(names) + len(_WORDS) or "" in names.values():
        raise CannotWrite(f"names are the ids in CSV: they must differ, and none may be {' or '.join(_WORDS)}")
    if election.withdrawn:
        raise CannotWrite("the CSV format cannot say who is withdrawn")
    if unmarked := [name for option, name in names.items() if option not in _marked(profile)]:
        raise CannotWrite(f"nobody ranks {unmarked[0]!r}, and the CSV format has no list of candidates")
    width = max((len(ballot) for ballot in profile.groups), default=1) or 1
    text = io.StringIO(newline="")
    row = csv.writer(text, lineterminator="\n").writerow
    row(["count", *(f"rank{number}" for number in range(1, width + 1))])
    for ballot, count in sorted(profile.groups.items(), key=lambda group: (-group[1], group[0])):
        row([count, *(_cell(rank, names) for rank in ballot), *["undervote"] * (width - len(ballot))])
    return text.getvalue().encode()


def _marked(profile: RankedProfile) -> set[OptionId]:
    return {option for ballot in profile.groups for rank in ballot for option in rank}


def _cell(rank: tuple[OptionId, ...], names: dict[OptionId, str]) -> str:
    if not rank:
        return "undervote"
    if rank == UNKNOWN_OVERVOTE:
        return "overvote"
    if len(rank) > 1:
        raise CannotWrite("a CSV cell holds one name: ranks with several known marks would lose whose they are")
    return names[rank[0]]
