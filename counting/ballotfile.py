"""The canonical ballot file of docs/reference/results.md: one sequence of bytes for one set of counted ballots.

Its SHA-256, `ballots_sha256`, binds the ballots before the lots are revealed, and is all that a recount needs besides the
configuration. What a ballot line means follows from the kind of ballots: approvals, points or rankings.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from counting.profile import ApprovalProfile, OptionId, PointsProfile, Profile, RankedProfile
from counting.rules import RULES

_HEADERS = ("contest", "rule", "candidates")
_COUNT = re.compile(r"[1-9][0-9]{0,17}")
_POINTS = re.compile(r"[0-9]{1,18}")
_NOT_IN_WORDS = re.compile("[\x00-\x20,\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_IDS = re.compile("[>=:]")


class BallotFileError(ValueError):
    """These bytes are not a canonical ballot file, or these values cannot be written as one.

    `reason` in English; `line` counts from 1, None where no line of a file is at fault.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class BallotFile:
    """What a ballot file says. `candidates` are the option ids in ballot order."""

    contest: str
    rule: str
    candidates: tuple[OptionId, ...]
    profile: Any
    """An ApprovalProfile, PointsProfile or RankedProfile."""


def write_ballot_file(*, contest: str, rule: str, candidates: Sequence[OptionId], profile: Profile) -> bytes:
    r"""The canonical bytes. Raises BallotFileError when an id would break the format, ProfileError for an unknown id.

    >>> profile = RankedProfile.of([[["o1"]], [["o2"], [], ["o3", "o1"]], [["o1"]], []])
    >>> data = write_ballot_file(contest="p1", rule="irv-v1", candidates=["o1", "o2", "o3"], profile=profile)
    >>> print(data.decode().replace("\t", "<TAB>"))
    #contest: p1
    #rule: irv-v1
    #candidates: o1,o2,o3
    1<TAB>
    1<TAB>o2>->o1=o3
    2<TAB>o1
    <BLANKLINE>
    """
    if len(set(candidates)) != len(candidates):
        raise BallotFileError("a candidate is named twice")
    for word in (contest, rule, *candidates):
        if not word or _NOT_IN_WORDS.search(word):
            raise BallotFileError(f"ids hold no space, comma or control character: {word!r}")
    for option in candidates:
        if _NOT_IN_IDS.search(option) or option == "-":
            raise BallotFileError(f"the id of a candidate holds none of > = : and is not -: {option!r}")
    _require_known(profile, candidates)
    lines = [f"{count}\t{_line(profile, ballot)}".encode() for ballot, count in profile.groups.items()]
    head = [f"#contest: {contest}", f"#rule: {rule}", f"#candidates: {','.join(candidates)}"]
    return b"".join(line + b"\n" for line in [*(line.encode() for line in head), *sorted(lines)])


def read_ballot_file(data: bytes, ballots: type[Profile] | None = None) -> BallotFile:
    """The inverse of write_ballot_file. Raises BallotFileError for anything but exactly what it would have written.

    `ballots`: the kind of profile. Without it the rule in the file tells; where the rule is unknown here or counts several
    kinds, the ballot lines do.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BallotFileError(f"not UTF-8 at byte {error.start}", data.count(b"\n", 0, error.start) + 1) from None
    lines = text.split("\n")
    if lines.pop() != "":
        raise BallotFileError("the last line has no end", len(lines) + 1)
    if len(lines) < len(_HEADERS):
        raise BallotFileError("the three header lines are missing", len(lines) + 1)
    values = []
    for number, (name, line) in enumerate(zip(_HEADERS, lines, strict=False), 1):
        if not line.startswith(f"#{name}: "):
            raise BallotFileError(f"expected a header line #{name}, found {line[:80]!r}", number)
        values.append(line.removeprefix(f"#{name}: "))
    contest, rule, candidates = values[0], values[1], tuple(values[2].split(",")) if values[2] else ()
    kind = ballots or _kind_of(rule, lines[len(_HEADERS) :])
    groups: dict[Any, int] = {}
    for number, line in enumerate(lines[len(_HEADERS) :], len(_HEADERS) + 1):
        count, tab, marks = line.partition("\t")
        if not tab or not _COUNT.fullmatch(count):
            raise BallotFileError(f"not a ballot line: {line[:80]!r}", number)
        ballot = _ballot(kind, marks, number)
        if ballot in groups:
            raise BallotFileError(f"one ballot on two lines: {line[:80]!r}", number)
        groups[ballot] = int(count)
    file = BallotFile(contest, rule, candidates, _profile(kind, groups, candidates))
    try:
        canonical = write_ballot_file(contest=contest, rule=rule, candidates=candidates, profile=file.profile)
    except BallotFileError as error:
        raise BallotFileError(error.reason, len(_HEADERS)) from None
    if canonical != data:
        pairs = enumerate(zip(canonical.split(b"\n"), data.split(b"\n"), strict=True), 1)
        raise BallotFileError("the lines are not in canonical order", next(n for n, (one, two) in pairs if one != two))
    return file


def ballots_sha256(data: bytes) -> str:
    """SHA-256 of a canonical ballot file as lower-case hex."""
    return sha256(data).hexdigest()


def _kind_of(rule: str, lines: Sequence[str]) -> type[Profile]:
    kinds = RULES[rule].ballots if rule in RULES else (ApprovalProfile, PointsProfile, RankedProfile)
    marks = [line.partition("\t")[2] for line in lines]
    if PointsProfile in kinds and any(":" in mark for mark in marks):
        return PointsProfile
    if RankedProfile in kinds and any(re.search("[>=]", mark) for mark in marks):
        return RankedProfile
    return kinds[0]


def _profile(kind: type[Profile], groups: dict[Any, int], candidates: Sequence[OptionId]) -> Profile:
    try:
        profile = kind(groups)
        _require_known(profile, candidates)
    except ValueError as error:
        for number, (ballot, count) in enumerate(groups.items(), len(_HEADERS) + 1):
            try:
                _require_known(kind({ballot: count}), candidates)
            except ValueError as reason:
                raise BallotFileError(str(reason), number) from None
        raise BallotFileError(str(error)) from None
    return profile


def _line(profile: Profile, ballot: Any) -> str:
    if isinstance(profile, RankedProfile):
        return ">".join("=".join(rank) or "-" for rank in ballot)
    if isinstance(profile, PointsProfile):
        return ",".join(f"{option}:{points}" for option, points in ballot)
    return ",".join(ballot)


def _ballot(kind: type[Profile], marks: str, number: int) -> Any:
    if not marks:
        return ()
    if kind is RankedProfile:
        return tuple(() if rank == "-" else tuple(rank.split("=")) for rank in marks.split(">"))
    if kind is ApprovalProfile:
        return tuple(marks.split(","))
    cells = [cell.partition(":") for cell in marks.split(",")]
    for _, _, points in cells:
        if not _POINTS.fullmatch(points):
            raise BallotFileError(f"not id:points, separated by commas: {marks[:80]!r}", number)
    return tuple((option, int(points)) for option, _, points in cells)


def _require_known(profile: Profile, candidates: Sequence[OptionId]) -> None:
    if isinstance(profile, RankedProfile):
        profile.require_known(candidates)
    else:
        profile.scores(candidates)
