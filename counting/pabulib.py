"""Pabulib .pb files: participatory-budgeting rounds as published, read strictly and written.

Format: pabulib.org/format; Faliszewski et al., "Participatory Budgeting: Data, Tools, and Analysis" (IJCAI
2023). Three sections META, PROJECTS, VOTES of semicolon-separated cells with CSV quoting, UTF-8, byte order
mark allowed. A file that contradicts itself is refused whole: a count of half a file is worth nothing. Cells
are stripped of outer spaces; columns that we do not interpret (`category`, `target`, renamed `beneficiaries`
in 2026, `age` …) are kept as they stand.

Money may have decimals. It is kept exact: when any amount has a decimal point, all are held in hundredths
(`scale` 100), else in whole units (`scale` 1).
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from counting.pabulib_cells import REASONS, PabulibError, Section, read_sections
from counting.profile import ApprovalProfile, OptionId, PointsProfile, ScoredProfile
from counting.rules import full_options

__all__ = [
    "META_KEYS", "REASONS", "VOTE_TYPES", "Pabulib", "PabulibError", "PabulibProject", "PabulibVote", "read_pabulib",
    "rule_of", "write_pabulib",
]  # fmt: skip

VOTE_TYPES = ("approval", "choose-1", "ordinal", "cumulative", "scoring")
META_KEYS = (
    "description", "country", "unit", "instance", "num_projects", "num_votes", "budget", "vote_type", "rule",
    "date_begin", "date_end",
)  # fmt: skip


@dataclass(frozen=True)
class PabulibProject:
    """One row of PROJECTS. `cost` in units of 1/scale; `fields`: the other columns as they stand."""

    id: OptionId
    cost: int
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The title, or the id where the file has none."""
        return self.fields.get("name") or self.id

    @property
    def selected(self) -> int | None:
        """Published outcome: 1 funded, 0 not, 2 or 3 special cases told in the file's comment. None: not
        said."""
        value = self.fields.get("selected", "")
        return int(value) if value else None


@dataclass(frozen=True)
class PabulibVote:
    """One row of VOTES. `choices` in the file's order, which is the ranking in an ordinal file; `points` in
    step with them."""

    voter: str
    choices: tuple[OptionId, ...]
    points: tuple[int, ...] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pabulib:
    """A whole file. `meta` as it stands, in order; `budget` and costs in units of 1/`scale` of the currency
    (1 or 100)."""

    meta: Mapping[str, str]
    projects: tuple[PabulibProject, ...]
    votes: tuple[PabulibVote, ...]
    budget: int
    scale: int = 1

    @property
    def vote_type(self) -> str:
        """One of VOTE_TYPES."""
        return self.meta["vote_type"]

    @property
    def costs(self) -> dict[OptionId, int]:
        """Cost by project id in the file's order: the `projects` of a count."""
        return {project.id: project.cost for project in self.projects}

    @property
    def selected(self) -> tuple[OptionId, ...] | None:
        """Ids of the projects published as funded (`selected` 1), in the file's order; None where the file
        does not say."""
        if any(project.selected is None for project in self.projects):
            return None
        return tuple(project.id for project in self.projects if project.selected == 1)

    def profile(self) -> ScoredProfile:
        """The ballots as they are counted.

        Approval and choose-1: approvals. Cumulative and scoring: the points. Ordinal: `max_length` points for
        the first choice, one less for each next (Pabulib's default, Borda over the places a ballot has;
        Kraków counts so).
        """
        if self.vote_type in ("approval", "choose-1"):
            return ApprovalProfile.of(vote.choices for vote in self.votes)
        if self.vote_type == "ordinal":
            places = int(self.meta.get("max_length") or len(self.projects))
            return PointsProfile.of({c: places - rank for rank, c in enumerate(vote.choices)} for vote in self.votes)
        return PointsProfile.of(dict(zip(vote.choices, vote.points or (), strict=True)) for vote in self.votes)


def rule_of(meta: Mapping[str, str]) -> tuple[str, dict[str, Any]] | None:
    """Our rule and options for the rule by which the round was decided, or None where we have no such rule.

    `equalshares/add1` maps to `stop_when_exhaustive: false`: cities that used it went on as long as the money
    allowed, also when nothing more fitted for the moment (Wieliczka 2023, Świecie 2023).

    >>> rule_of({"rule": "greedy-threshold", "min_project_score_threshold": "30"})
    ('pb-greedy-v1', {'mode': 'skip', 'threshold': 30, 'pots': None, 'groups': None})
    >>> rule_of({"rule": "greedy-exclusive"}) is None
    True
    """
    threshold = meta.get("min_project_score_threshold") or "0"
    match meta["rule"]:
        case "greedy" | "greedy-threshold" if threshold.isdecimal():
            return "pb-greedy-v1", full_options("pb-greedy-v1", threshold=int(threshold))
        case "greedy-no-skip" if threshold.isdecimal():
            return "pb-greedy-v1", full_options("pb-greedy-v1", mode="stop", threshold=int(threshold))
        case "equalshares":
            return "pb-mes-v1", full_options("pb-mes-v1", completion=[])
        case "equalshares/add1":
            return "pb-mes-v1", full_options("pb-mes-v1", completion=["add1"], stop_when_exhaustive=False)
    return None


def read_pabulib(data: bytes | str) -> Pabulib:
    """Read a whole file. Raises PabulibError, naming the first line at fault, unless everything in it holds
    together.

    All keys of META_KEYS are required (`max_sum_points` too in a cumulative file). A blank vote is accepted
    unless `min_length` forbids it. `max_sum_cost` is not enforced: official rounds counted votes above it
    (Warszawa 2018).
    """
    sections = read_sections(data)
    meta_section, project_section, vote_section = sections["META"], sections["PROJECTS"], sections["VOTES"]
    reader = _Reader(_read_meta(meta_section), meta_section)
    projects = reader.projects(project_section)
    votes = reader.votes(vote_section, projects)
    reader.require_totals(projects, votes, project_section)
    return Pabulib(
        reader.meta,
        projects,
        votes,
        reader.money("budget", reader.meta["budget"], reader.line("budget")),
        reader.scale,
    )


def _read_meta(section: Section) -> dict[str, str]:
    meta: dict[str, str] = {}
    for line, record in section.records():
        if record["key"] in meta:
            raise PabulibError("duplicate_key", line, key=record["key"])
        meta[record["key"]] = record["value"]
    for key in META_KEYS:
        if not meta.get(key):
            raise PabulibError("missing_key", section.line, key=key)
    return meta


_MONEY = re.compile(r"([0-9]{1,15})(?:\.([0-9]+))?")
_WHOLE = re.compile(r"[0-9]{1,15}")


class _Reader:
    """META, and what it demands of the other two sections."""

    def __init__(self, meta: dict[str, str], section: Section) -> None:
        self.meta = meta
        self.scale = 1
        self._lines = {record["key"]: line for line, record in section.records()}
        if meta["vote_type"] not in VOTE_TYPES:
            raise PabulibError("bad_vote_type", self.line("vote_type"), value=meta["vote_type"])
        if meta["vote_type"] == "cumulative" and not meta.get("max_sum_points"):
            raise PabulibError("missing_key", section.line, key="max_sum_points")
        for key in ("num_projects", "num_votes", "min_project_score_threshold"):
            self.limit(key)

    def line(self, key: str) -> int:
        return self._lines[key]

    def limit(self, key: str) -> int | None:
        if not (value := self.meta.get(key)):
            return None
        if not _WHOLE.fullmatch(value):
            raise PabulibError("bad_number", self.line(key), key=key, value=value)
        return int(value)

    def money(self, key: str, value: str, line: int) -> int:
        match = _MONEY.fullmatch(value)
        if not match:
            raise PabulibError("bad_money", line, key=key, value=value)
        whole, decimals = match[1], match[2] or ""
        if len(decimals) > 2:
            raise PabulibError("too_many_decimals", line, key=key, value=value)
        amount = int(whole) * self.scale + (int(decimals.ljust(2, "0")) if self.scale == 100 else 0)
        if amount == 0:
            raise PabulibError("bad_money", line, key=key, value=value)
        return amount

    def projects(self, section: Section) -> tuple[PabulibProject, ...]:
        amounts = [self.meta["budget"], *(record["cost"] for _, record in section.records())]
        self.scale = 100 if any("." in amount for amount in amounts) else 1
        self.money("budget", self.meta["budget"], self.line("budget"))
        projects: dict[OptionId, PabulibProject] = {}
        for line, record in section.records():
            option, cost = record.pop("project_id"), record.pop("cost")
            if not option or "," in option:
                raise PabulibError("bad_project_id", line, project=option)
            if option in projects:
                raise PabulibError("duplicate_project", line, project=option)
            if record.get("selected") not in (None, "", "0", "1", "2", "3"):
                raise PabulibError("bad_selected", line, value=record["selected"])
            projects[option] = PabulibProject(option, self.money("cost", cost, line), record)
        if len(projects) != (announced := int(self.meta["num_projects"])):
            raise PabulibError("num_projects_mismatch", self.line("num_projects"), announced=announced, found=len(projects))
        return tuple(projects.values())

    def votes(self, section: Section, projects: Sequence[PabulibProject]) -> tuple[PabulibVote, ...]:
        with_points = self.meta["vote_type"] in ("cumulative", "scoring")
        if with_points and "points" not in section.columns:
            raise PabulibError("missing_column", section.line, section="VOTES", column="points")
        check = _VoteCheck(self, projects)
        votes: dict[str, PabulibVote] = {}
        for line, record in section.records():
            voter, choices = record.pop("voter_id"), _cells(record.pop("vote"))
            points = _points(record.pop("points"), line) if with_points else None
            vote = PabulibVote(voter, choices, points, record)
            if not voter:
                raise PabulibError("missing_voter", line)
            if voter in votes:
                raise PabulibError("duplicate_voter", line, voter=voter)
            check(vote, line)
            votes[voter] = vote
        if len(votes) != (announced := int(self.meta["num_votes"])):
            raise PabulibError("num_votes_mismatch", self.line("num_votes"), announced=announced, found=len(votes))
        return tuple(votes.values())

    def require_totals(self, projects: Sequence[PabulibProject], votes: Sequence[PabulibVote], section: Section) -> None:
        """The columns `votes` and `score`, where the file has them, are what its votes add up to."""
        named = dict.fromkeys((project.id for project in projects), 0)
        for vote in votes:
            for option in vote.choices:
                named[option] += 1
        totals = {"votes": named}
        file = Pabulib(self.meta, tuple(projects), tuple(votes), budget=1)
        if self.meta["vote_type"] != "ordinal" or not self.meta.get("scoring_fn"):
            totals["score"] = file.profile().scores(named)
        for project, row in zip(projects, section.rows, strict=True):
            for column, total in totals.items():
                announced = project.fields.get(column, "")
                if announced and announced != str(total[project.id]):
                    raise PabulibError(
                        "votes_mismatch", row.line, column=column, project=project.id, announced=announced,
                        found=total[project.id],
                    )  # fmt: skip


class _VoteCheck:
    """Is one vote what META and PROJECTS allow? Raises PabulibError otherwise."""

    def __init__(self, reader: _Reader, projects: Sequence[PabulibProject]) -> None:
        meta = reader.meta
        self.known = {project.id for project in projects}
        one = 1 if meta["vote_type"] == "choose-1" else None
        self.min_length = reader.limit("min_length") or 0
        self.max_length = one or reader.limit("max_length")
        keys = ("min_points", "max_points", "min_sum_points", "max_sum_points")
        self.limits = {key: limit for key in keys if (limit := reader.limit(key)) is not None}

    def __call__(self, vote: PabulibVote, line: int) -> None:
        seen: set[OptionId] = set()
        for option in vote.choices:
            if option not in self.known:
                raise PabulibError("unknown_project", line, project=option)
            if option in seen:
                raise PabulibError("repeated_choice", line, project=option)
            seen.add(option)
        found = len(vote.choices)
        if found < self.min_length:
            raise PabulibError("too_few_choices", line, found=found, limit=self.min_length)
        if self.max_length is not None and found > self.max_length:
            raise PabulibError("too_many_choices", line, found=found, limit=self.max_length)
        if vote.points is None:
            return
        if len(vote.points) != found:
            raise PabulibError("points_mismatch", line, points=len(vote.points), choices=found)
        for key, limit in self.limits.items():
            amounts = [sum(vote.points)] if "sum" in key else vote.points
            for amount in amounts:
                if amount < limit if key.startswith("min") else amount > limit:
                    raise PabulibError("points_out_of_range", line, key=key, limit=limit, found=amount)


def _cells(text: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in text.split(",")) if text else ()


def _points(text: str, line: int) -> tuple[int, ...]:
    points = _cells(text)
    for value in points:
        if not _WHOLE.fullmatch(value):
            raise PabulibError("bad_points", line, value=value)
    return tuple(map(int, points))


def write_pabulib(file: Pabulib) -> str:
    """The file as text (CRLF, to be encoded as UTF-8). `read_pabulib` gives an equal value back, if `file`
    holds together.

    The columns are those of the first project and the first vote. Raises ValueError when others have
    different ones.
    """
    text = io.StringIO(newline="")
    write = csv.writer(text, delimiter=";", lineterminator="\r\n").writerow
    write(["META"])
    write(["key", "value"])
    for item in file.meta.items():
        write(item)
    write(["PROJECTS"])
    columns = list(file.projects[0].fields) if file.projects else []
    write(["project_id", "cost", *columns])
    for project in file.projects:
        write([project.id, _decimal(project.cost, file.scale), *_same_columns(project.fields, columns)])
    write(["VOTES"])
    with_points = file.vote_type in ("cumulative", "scoring")
    columns = list(file.votes[0].fields) if file.votes else []
    write(["voter_id", "vote", *(["points"] if with_points else []), *columns])
    for vote in file.votes:
        points = [",".join(map(str, vote.points or ()))] if with_points else []
        write([vote.voter, ",".join(vote.choices), *points, *_same_columns(vote.fields, columns)])
    return text.getvalue()


def _decimal(amount: int, scale: int) -> str:
    return str(amount) if scale == 1 else f"{amount // 100}.{amount % 100:02}"


def _same_columns(fields: Mapping[str, str], columns: list[str]) -> list[str]:
    if list(fields) != columns:
        raise ValueError(f"all rows of a section have the same columns: {list(fields)!r} is not {columns!r}")
    return list(fields.values())
