r"""CSV of the Scottish council elections as collected in scot-elex (MGGG; D. McCune): read strictly, not written.

```
8,4,                                   candidates, seats
1205,3,1,                              1,205 ballots: 3, then 1
"Candidate 1","Ada","A Party (AP)",    as many as there are candidates, in order
"Kirkwall East Ward",                  the title; one published file doubles its quotation marks
```
Every row ends with a comma. UTF-8, LF or CRLF. Ids are the numbers of the candidates.
"""

import re
from collections import Counter

from counting.formats.election import Election, FormatError, a_name, decoded, whole
from counting.profile import RankedBallot, RankedProfile

_HEAD = re.compile("([0-9]+),([0-9]+),")
_BALLOT = re.compile("([0-9]+),((?:[0-9]+,)+)")
_CANDIDATE = re.compile('"Candidate ([0-9]+)","([^"]*)","([^"]*)",')
_TITLE = re.compile('"([^"]*)",|""([^"]*)"",')


def read(data: bytes) -> Election:
    """The election of a scot-elex file. Raises FormatError."""
    lines = [line.removesuffix("\r") for line in decoded(data).removesuffix("\n").split("\n")]
    head = _HEAD.fullmatch(lines[0])
    if not head:
        raise FormatError(1, "expected the numbers of candidates and seats: '8,4,'")
    size, seats = whole(head[1], 1, "the number of candidates"), whole(head[2], 1, "the number of seats")
    last = len(lines) - size - 1
    if last < 1:
        raise FormatError(len(lines), f"expected {size} candidates and a title at the end")
    groups: Counter[RankedBallot] = Counter()
    for number, line in enumerate(lines[1:last], 2):
        groups[_ballot(line, number, size)] += whole(line.partition(",")[0], number, "the count")
    names = {}
    for number, line in enumerate(lines[last:-1], 1):
        match = _CANDIDATE.fullmatch(line)
        if not match or match[1] != str(number):
            raise FormatError(last + number, f'expected \'"Candidate {number}","name","party",\', found {line[:80]!r}')
        names[match[1]] = a_name(match[2], last + number, "a name")
    title = _TITLE.fullmatch(lines[-1])
    if not title:
        raise FormatError(len(lines), f"expected the title in quotes and a comma, found {lines[-1][:80]!r}")
    profile = RankedProfile(groups)
    return Election(format="scot-elex", names=names, profile=profile, title=title[1] or title[2] or "", seats=seats)


def _ballot(line: str, number: int, size: int) -> RankedBallot:
    match = _BALLOT.fullmatch(line)
    if not match:
        raise FormatError(number, f"not a ballot '1205,3,1,': {line[:80]!r}")
    ids = match[2].removesuffix(",").split(",")
    for option in ids:
        if str(whole(option, number, "a preference")) != option or int(option) > size:
            raise FormatError(number, f"{option!r} is none of the candidates 1 to {size}")
    if len(set(ids)) < len(ids):
        raise FormatError(number, "one candidate stands twice on the ballot")
    return tuple((option,) for option in ids)
