"""The cells of a Pabulib file: three sections, their columns and rows with line numbers, and every reason to
refuse one."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

REASONS: Mapping[str, str] = {
    "bad_encoding": "the file is not UTF-8 text",
    "bad_quoting": "a quotation mark is not closed or not doubled",
    "missing_section": "the section {section} is missing here",
    "repeated_section": "the section {found} begins a second time",
    "missing_column": "the section {section} has no column {column}",
    "duplicate_column": "the section {section} has the column {column} twice",
    "wrong_number_of_columns": "expected {expected} columns, found {found}",
    "missing_key": "META does not say {key}",
    "duplicate_key": "META says {key} twice",
    "bad_number": "{key} must be a whole number, not {value}",
    "bad_money": "{key} must be a positive amount of money, not {value}",
    "too_many_decimals": "{key} has more than two decimals: {value}",
    "bad_vote_type": "the vote type {value} is not one of approval, choose-1, ordinal, cumulative, scoring",
    "bad_project_id": "{project} cannot be the id of a project",
    "duplicate_project": "the project {project} is listed twice",
    "bad_selected": "selected must be 0, 1, 2 or 3, not {value}",
    "missing_voter": "the vote has no voter id",
    "duplicate_voter": "the voter {voter} has voted twice",
    "unknown_project": "the vote names the project {project}, which is not listed",
    "repeated_choice": "the vote names the project {project} twice",
    "too_few_choices": "the vote names {found} projects, at least {limit} are required",
    "too_many_choices": "the vote names {found} projects, at most {limit} are allowed",
    "points_mismatch": "the vote gives {points} numbers of points to {choices} projects",
    "bad_points": "points must be whole numbers from 0, not {value}",
    "points_out_of_range": "the vote breaks the published limit {key} = {limit} with {found}",
    "num_projects_mismatch": "META announces {announced} projects, the file holds {found}",
    "num_votes_mismatch": "META announces {announced} votes, the file holds {found}",
    "votes_mismatch": "{column} of the project {project} is given as {announced}, the votes add up to {found}",
}


class PabulibError(ValueError):
    """The file is refused, all of it. `line` counts from 1; `code` and `params` fill `REASONS[code]`, English
    in `reason`."""

    def __init__(self, code: str, line: int, **params: int | str) -> None:
        self.code = code
        self.line = line
        self.params = params
        self.reason = REASONS[code].format(**params)
        super().__init__(f"line {line}: {self.reason}")


@dataclass
class Row:
    """The stripped cells of one row, and the line on which it starts."""

    line: int
    cells: list[str]


@dataclass
class Section:
    """One section: the line of its name, its columns, its rows, each with as many cells as there are
    columns."""

    line: int
    columns: list[str]
    rows: list[Row]

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(line, cell by column) of every row."""
        for row in self.rows:
            yield row.line, dict(zip(self.columns, row.cells, strict=True))


def _read_rows(data: bytes | str) -> Iterator[Row]:
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PabulibError("bad_encoding", data.count(b"\n", 0, error.start) + 1) from None
    else:
        text = data.removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    while True:
        line = reader.line_num + 1  # a quoted cell may run over several lines: name the first
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            raise PabulibError("bad_quoting", line) from None
        if cells not in ([], [""]):
            yield Row(line, cells)


_SECTIONS = ("META", "PROJECTS", "VOTES")
_REQUIRED_COLUMNS = {
    "META": ("key", "value"),
    "PROJECTS": ("project_id", "cost"),
    "VOTES": ("voter_id", "vote"),
}


def read_sections(data: bytes | str) -> dict[str, Section]:
    """The sections by name. Raises PabulibError when they are not META, PROJECTS, VOTES with the required
    columns."""
    sections: dict[str, Section] = {}
    name, line = "", 0
    for row in _read_rows(data):
        line = row.line
        if len(row.cells) == 1 and row.cells[0] in _SECTIONS:
            name = row.cells[0]
            if name in sections:
                raise PabulibError("repeated_section", line, found=name)
            if name != (expected := _SECTIONS[len(sections)]):
                raise PabulibError("missing_section", line, section=expected)
            sections[name] = Section(line, [], [])
        elif not name:
            raise PabulibError("missing_section", line, section="META")
        elif not sections[name].columns:
            sections[name].columns = _checked_columns(name, row)
        elif len(row.cells) != len(sections[name].columns):
            raise PabulibError("wrong_number_of_columns", line, expected=len(sections[name].columns), found=len(row.cells))
        else:
            sections[name].rows.append(row)
    for name in _SECTIONS:
        if name not in sections:
            raise PabulibError("missing_section", line + 1, section=name)
        if not sections[name].columns:
            raise PabulibError("missing_column", sections[name].line, section=name, column=_REQUIRED_COLUMNS[name][0])
    return sections


def _checked_columns(section: str, row: Row) -> list[str]:
    for column in _REQUIRED_COLUMNS[section]:
        if column not in row.cells:
            raise PabulibError("missing_column", row.line, section=section, column=column)
    for column, times in Counter(row.cells).items():
        if times > 1:
            raise PabulibError("duplicate_column", row.line, section=section, column=column)
    if section == "META" and len(row.cells) != 2:
        raise PabulibError("wrong_number_of_columns", row.line, expected=2, found=len(row.cells))
    return row.cells
