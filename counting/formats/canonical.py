"""Our own ballot file (counting.ballotfile) as one format among others. It has ids but no names and no title."""

from typing import Any

from counting.ballotfile import BallotFileError, read_ballot_file, write_ballot_file
from counting.formats.election import CannotWrite, Election, FormatError
from counting.profile import ProfileError, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE
from counting.rules import RULES


def read(data: bytes) -> Election:
    """The election of a canonical ballot file; the rule is the one it names, with no options. Raises FormatError."""
    try:
        file = read_ballot_file(data)
    except BallotFileError as error:
        raise FormatError(error.line or 1, error.reason) from None
    names = {option: option for option in file.candidates}
    rule: tuple[str, dict[str, Any]] | None = (file.rule, {}) if file.rule in RULES else None
    if rule and (RULES[file.rule].budgeted or not isinstance(file.profile, RULES[file.rule].ballots)):
        rule = None  # costs and budget stand in the poll's configuration, not in its ballot file
    return Election(format="canonical", names=names, profile=file.profile, contest=file.contest, rule=rule)


def write(election: Election, *, contest: str, rule: str) -> bytes:
    """The canonical bytes. Raises CannotWrite when ids or marks have no place in it."""
    profile = election.profile
    if isinstance(profile, RankedProfile) and any(UNKNOWN_OVERVOTE in ballot for ballot in profile.groups):
        raise CannotWrite("canonical ballots say whose marks stand at a rank; this file has over-votes that do not")
    try:
        return write_ballot_file(contest=contest, rule=rule, candidates=list(election.names), profile=profile)
    except (BallotFileError, ProfileError) as error:
        raise CannotWrite(str(error)) from None
