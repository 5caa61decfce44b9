"""The canonical ballot file of docs/reference/vote-log.md: one sequence of bytes for one set of counted
ballots.

Its SHA-256, `ballots_sha256`, binds the ballots before the lots are revealed, and is all that a recount needs
besides the configuration. Approval ballots only; later rules bring their own ballot line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from counting.profile import ApprovalProfile, OptionId

_HEADERS = ("contest", "rule", "candidates")
_COUNT = re.compile(r"[1-9][0-9]*\Z")


class BallotFileError(ValueError):
    """These bytes are not a canonical ballot file, or these values cannot be written as one. Names the
    reason."""


@dataclass(frozen=True)
class BallotFile:
    """What a ballot file says. `candidates` are the option ids in ballot order."""

    contest: str
    rule: str
    candidates: tuple[OptionId, ...]
    profile: ApprovalProfile


def write_ballot_file(*, contest: str, rule: str, candidates: Sequence[OptionId], profile: ApprovalProfile) -> bytes:
    r"""The canonical bytes. Raises BallotFileError when an id would break the format, ProfileError for an
    unknown id.

    >>> profile = ApprovalProfile.of([["o1"], ["o2", "o1"], ["o1"], []])
    >>> data = write_ballot_file(contest="p1", rule="pb-greedy-v1", candidates=["o1", "o2"], profile=profile)
    >>> print(data.decode().replace("\t", "<TAB>"))
    #contest: p1
    #rule: pb-greedy-v1
    #candidates: o1,o2
    1<TAB>
    1<TAB>o1,o2
    2<TAB>o1
    <BLANKLINE>
    """
    if len(set(candidates)) != len(candidates):
        raise BallotFileError("a candidate is named twice")
    for word in (contest, rule, *candidates):
        if not word or re.search(r"[\x00-\x20,\x7f\x85\u2028\u2029]", word):
            raise BallotFileError(f"ids hold no space, comma or line break: {word!r}")
    profile.scores(candidates)
    lines = [f"{count}\t{','.join(ballot)}".encode() for ballot, count in profile.groups.items()]
    head = [f"#contest: {contest}", f"#rule: {rule}", f"#candidates: {','.join(candidates)}"]
    return b"".join(line + b"\n" for line in [*(line.encode() for line in head), *sorted(lines)])


def read_ballot_file(data: bytes) -> BallotFile:
    """The inverse of write_ballot_file. Raises BallotFileError for anything but exactly what it would have
    written."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BallotFileError(f"not UTF-8 at byte {error.start}") from None
    lines = text.split("\n")
    if lines.pop() != "":
        raise BallotFileError("the last line has no end")
    if len(lines) < len(_HEADERS):
        raise BallotFileError("the three header lines are missing")
    values = []
    for name, line in zip(_HEADERS, lines, strict=False):
        if not line.startswith(f"#{name}: "):
            raise BallotFileError(f"expected a header line #{name}, found {line!r}")
        values.append(line.removeprefix(f"#{name}: "))
    groups: dict[tuple[OptionId, ...], int] = {}
    for line in lines[len(_HEADERS) :]:
        count, tab, ids = line.partition("\t")
        ballot = tuple(ids.split(",")) if ids else ()
        if not tab or not _COUNT.match(count) or ballot in groups:
            raise BallotFileError(f"not a ballot line, or one ballot on two lines: {line!r}")
        groups[ballot] = int(count)
    try:
        contest, rule, candidates = values[0], values[1], tuple(values[2].split(",")) if values[2] else ()
        file = BallotFile(contest, rule, candidates, ApprovalProfile(groups))
        canonical = write_ballot_file(contest=contest, rule=rule, candidates=candidates, profile=file.profile)
    except BallotFileError:
        raise
    except ValueError as error:
        raise BallotFileError(str(error)) from None
    if canonical != data:
        raise BallotFileError("the lines are not in canonical order")
    return file


def ballots_sha256(data: bytes) -> str:
    """SHA-256 of a canonical ballot file as lower-case hex."""
    return sha256(data).hexdigest()
