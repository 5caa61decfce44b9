"""BLT files (Hill, Wichmann and Woodall 1987; OpenSTV, OpaVote), read strictly and written.

```
4 2                     candidates, seats
-3                      candidate 3 is withdrawn (any number of such lines)
12 4 1=2 - 3 0          twelve ballots: 4, then 1 and 2 equal, then a rank left empty, then 3
0                       end of the ballots
"Ada"                   exactly as many names as candidates, then the title
"Bo"
"Cem"
"Dee"
"The election"
```

Lines hold one thing each; empty lines and what follows `#` on a line (outside quotes) mean nothing. `-=-` is a rank with several
marks of which nobody knows whose. `[nick a b c]` lets ballots say a for 1 and so on. After the title come at most two more
quoted strings (source and comment) and then any text, none of it read. Not read: ballot ids `(id)`, weights that are not whole
numbers and other extensions in brackets. `[tie …]` is checked and noted, not used: programs differ in whom its first place
favours.
"""

import re
from collections import Counter
from collections.abc import Iterator

from counting.formats.election import CannotWrite, Election, FormatError, a_name, decoded, require_one_line, whole
from counting.profile import OptionId, RankedBallot, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

_UNKNOWN = re.compile("-(=-)+")
_QUOTED = re.compile(r'"([^"]*)"\s*(?:#.*)?')


def read(data: bytes) -> Election:
    """The election of a BLT file; ids are `"1"`, `"2"`, … Raises FormatError."""
    text = decoded(data)
    lines = iter(enumerate(text.split("\n"), 1))
    number, head = _next(lines, 1, "the numbers of candidates and seats")
    if len(head) != 2:
        raise FormatError(number, "expected the numbers of candidates and seats, and nothing else")
    if (size := whole(head[0], number, "the number of candidates")) > 1_000:
        raise FormatError(number, "more than 1,000 candidates")
    ids = [str(n) for n in range(1, size + 1)]
    reader = _Ballots(ids, seats=whole(head[1], number, "the number of seats"))
    number = reader.read(lines, number)
    strings = _strings(lines, number, at_most=len(ids) + 3)
    if len(strings) <= len(ids):
        line = strings[-1][0] if strings else number
        raise FormatError(line, f"expected {len(ids)} names and a title in quotes, found {len(strings)} such lines")
    names = {option: a_name(name, line, "a name") for option, (line, name) in zip(ids, strings, strict=False)}
    return Election(
        format="blt", names=names, profile=RankedProfile(reader.groups), title=strings[len(ids)][1],
        withdrawn=tuple(option for option in ids if option in reader.withdrawn), seats=reader.seats, notes=tuple(reader.notes),
    )  # fmt: skip


def _next(lines: Iterator[tuple[int, str]], last: int, expected: str) -> tuple[int, list[str]]:
    """The next line that says anything, as words."""
    for last, line in lines:
        if words := line.partition("#")[0].split():
            return last, words
    raise FormatError(last, f"the file ends where {expected} should come")


class _Ballots:
    """The lines between the first one and the names."""

    def __init__(self, ids: list[OptionId], *, seats: int) -> None:
        self.seats = seats
        self.withdrawn: set[OptionId] = set()
        self.groups: Counter[RankedBallot] = Counter()
        self.notes: list[str] = []
        self._ids = ids
        self._known = {option: option for option in ids}

    def read(self, lines: Iterator[tuple[int, str]], number: int) -> int:
        """All of them, up to the line `0`, whose number is returned."""
        while True:
            number, words = _next(lines, number, "a ballot or the line 0")
            if words == ["0"]:
                return number
            if words[0].startswith("["):
                self._extension(words, number)
            elif words[0].startswith("-"):
                self._withdraw(words, number)
            else:
                self._ballot(words, number)

    def _extension(self, words: list[str], line: int) -> None:
        said = " ".join(words)
        name, _, rest = said.strip("[]").partition(" ")
        if self.groups or not re.fullmatch(r"\[[^\[\]]*\]", said):
            raise FormatError(line, f"not a ballot: {said[:80]!r}")
        if name == "nick":
            nicks = rest.split()
            if len(nicks) != len(self._ids) or len(set(nicks)) != len(nicks):
                raise FormatError(line, f"[nick] needs {len(self._ids)} different nicknames")
            if bad := [nick for nick in nicks if re.search("[-=()]", nick) or nick.isdecimal()]:
                raise FormatError(line, f"{bad[0]!r} cannot be a nickname")
            self._known |= dict(zip(nicks, self._ids, strict=True))
        elif name == "tie":
            if sorted(rest.split()) != sorted(self._ids):
                raise FormatError(line, "[tie] must name every candidate once")
            self.notes.append(f"The line {said} was not used; --tie-order gives the lots.")
        else:
            raise FormatError(line, f"the extension [{name}] is not read")

    def _withdraw(self, words: list[str], line: int) -> None:
        for word in words:
            option = word.removeprefix("-")
            if self.groups or word == option or option not in self._ids:
                raise FormatError(line, f"expected withdrawn candidates such as -3 before the ballots, not {word!r}")
            if option in self.withdrawn:
                raise FormatError(line, f"candidate {option} is withdrawn twice")
            self.withdrawn.add(option)

    def _ballot(self, words: list[str], line: int) -> None:
        if words[0].startswith("("):
            raise FormatError(line, "ballot ids are not read")
        count = whole(words[0], line, "the weight of a ballot")
        if words[-1] != "0":
            raise FormatError(line, "the ballot does not end with 0")
        ranks = [self._rank(word, line) for word in words[1:-1]]
        while ranks and not ranks[-1]:
            ranks.pop()
        self.groups[tuple(ranks)] += count

    def _rank(self, word: str, line: int) -> tuple[OptionId, ...]:
        if word == "-":
            return ()
        if _UNKNOWN.fullmatch(word):
            return UNKNOWN_OVERVOTE
        try:
            rank = tuple(sorted(self._known[mark] for mark in word.split("=")))
        except KeyError as error:
            raise FormatError(line, f"{error.args[0]!r} is none of the candidates 1 to {len(self._ids)}") from None
        if len(set(rank)) < len(rank):
            raise FormatError(line, f"one candidate twice at one rank: {word!r}")
        return rank


def _strings(lines: Iterator[tuple[int, str]], number: int, *, at_most: int) -> list[tuple[int, str]]:
    """(line, text) of the quoted strings that stand one a line, up to the first line that is something else."""
    strings: list[tuple[int, str]] = []
    for number, line in lines:
        if not (stripped := line.strip()) or stripped.startswith("#"):
            continue
        match = _QUOTED.fullmatch(stripped)
        if not match:
            if stripped.startswith('"'):
                raise FormatError(number, "a string in quotes is not closed, or something follows it")
            return strings
        strings.append((number, match[1]))
        if len(strings) > at_most:
            raise FormatError(number, "there are more names than candidates")
    return strings


def write(election: Election) -> bytes:
    """The file; candidates are numbered in ballot order. Raises CannotWrite for what BLT cannot hold."""
    profile = election.profile
    if not isinstance(profile, RankedProfile):
        raise CannotWrite(f"BLT holds rankings, and these are {election.kind} ballots")
    numbers = {option: str(number) for number, option in enumerate(election.names, 1)}
    lines = [f"{len(numbers)} {election.seats or 1}", *(f"-{numbers[option]}" for option in election.withdrawn)]
    for ballot, count in sorted(profile.groups.items(), key=lambda group: (-group[1], group[0])):
        lines.append(" ".join([str(count), *(_word(rank, numbers) for rank in ballot), "0"]))
    lines.append("0")
    for text in (*election.names.values(), election.title):
        if '"' in text:
            raise CannotWrite(f"BLT has no way to write quotation marks in a name or title: {text!r}")
        lines.append(f'"{require_one_line(text, "a name or title")}"')
    return ("\n".join(lines) + "\n").encode()


def _word(rank: tuple[OptionId, ...], numbers: dict[OptionId, str]) -> str:
    return "-=-" if rank == UNKNOWN_OVERVOTE else "=".join(sorted((numbers[option] for option in rank), key=int)) or "-"
