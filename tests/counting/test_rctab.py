"""RCTab's own test elections, counted by irv-v1: every tally, exclusion, transfer and inactive ballot of its detailed reports.

RCTab (BrightSpots/rcv) counts public elections in the United States. It keeps an order of candidates for ties, as its
configuration says or as its random numbers fell; our lots are that order.
"""

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from counting import formats, rules
from counting.outcome import Outcome, Round
from counting.profile import RankedBallot, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

COUNTED = (
    "duplicate_test",
    "excluded_test",
    "exhaust_if_multiple_continuing",
    "skip_to_next_test",
    "test_set_0_skipped_first_choice",
    "test_set_1_exhaust_at_overvote",
    "test_set_2_overvote_skip_to_next",
    "test_set_3_skipped_choice_exhaust",
    "test_set_4_skipped_choice_next",
    "test_set_6_duplicate_exhaust",
    "test_set_7_duplicate_skip_to_next",
    "test_set_8_multi_cdf",
    "tiebreak_previous_round_counts_then_random_test",
    "tiebreak_use_permutation_in_config_test",
)
NOT_OURS = {
    "2013_minneapolis_park": "several winners in one round, four decimals: no rule of this platform",
    "2013_minneapolis_park_hare": "the same with the Hare quota",
    "more_winners_than_candidates": "the same with more seats than candidates: all are elected in round 1",
}
MAYOR = "2013_minneapolis_mayor"  # RCTab excludes all write-ins first, whoever is smallest: see its own test
OVERVOTE = {
    "exhaustImmediately": "exhaust",
    "alwaysSkipToNextRank": "skip",
    "exhaustIfMultipleContinuing": "exhaust_if_multiple_continuing",
}
INACTIVE = {
    "exhaustedChoices": "choices",
    "overvotes": "overvote",
    "repeatedRankings": "duplicate",
    "skippedRankings": "skipped",
}
WRITE_INS = "Undeclared Write-ins"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the first sheet below its head: text by column letter, without empty cells."""
    with zipfile.ZipFile(path) as book:
        strings = ["".join(entry.itertext()) for entry in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]  # noqa: S314
        with book.open("xl/worksheets/sheet1.xml") as sheet:
            for _, row in ElementTree.iterparse(sheet):  # noqa: S314
                if row.tag == f"{SHEET}row":
                    if row.get("r") != "1":
                        cells = [(cell, cell.findtext(f"{SHEET}v")) for cell in row]
                        yield {
                            re.sub(r"\d", "", cell.get("r", "")): strings[int(value)] if cell.get("t") == "s" else value
                            for cell, value in cells
                            if value is not None
                        }
                    row.clear()


def from_sheet(path: Path, source: dict[str, Any], *, ranks: int) -> RankedProfile:
    """An ES&S sheet: one ballot a row, one rank a column from the second or third on."""
    first = int(source["firstVoteColumnIndex"])
    columns = [chr(ord("A") + first - 1 + rank) for rank in range(ranks)]
    special = {
        source.get("overvoteLabel"): UNKNOWN_OVERVOTE,
        source.get("skippedRankLabel"): (),
        source.get("undeclaredWriteInLabel"): (WRITE_INS,),
    }
    special.pop("", None)
    delimiter = source.get("overvoteDelimiter") or "\0"
    ballots: Counter[RankedBallot] = Counter()
    for row in rows(path):
        cells = [row.get(column) for column in columns]
        marks = [() if cell is None else special.get(cell, tuple(cell.split(delimiter))) for cell in cells]
        ballots[tuple(marks)] += 1
    return RankedProfile.of(ballot for ballot, count in ballots.items() for _ in range(count))


def from_cvr(paths: list[Path]) -> RankedProfile:
    """Cast vote records, of several files together."""
    groups: Counter[RankedBallot] = Counter()
    for path in paths:
        election = formats.read(path.read_bytes(), format="cvr")
        assert isinstance(election.profile, RankedProfile)
        for ballot, count in election.profile.groups.items():
            groups[tuple(tuple(sorted(election.names.get(id, id) for id in rank)) for rank in ballot)] += count
    return RankedProfile(groups)


def counted(folder: Path, **changes: Any) -> Outcome:
    """What irv-v1 makes of the ballots and the configuration in this folder."""
    config = json.loads(next(folder.glob("*_config.json")).read_text())
    asked, sources = config["rules"], config["cvrFileSources"]
    candidates = [candidate["name"] for candidate in config["candidates"]]
    if sources[0]["provider"] == "cdf":
        profile = from_cvr([folder / source["filePath"] for source in sources])
    else:
        width = len(candidates) if asked["maxRankingsAllowed"] == "max" else int(asked["maxRankingsAllowed"])
        profile = from_sheet(folder / sources[0]["filePath"], sources[0], ranks=width)
    if any(WRITE_INS in rank for rank in profile.ranks):
        candidates.append(WRITE_INS)
    options = rules.full_options(
        "irv-v1",
        overvote=OVERVOTE[asked["overvoteRule"]],
        max_skipped=None if asked["maxSkippedRanksAllowed"] == "unlimited" else int(asked["maxSkippedRanksAllowed"]),
        duplicate="exhaust" if asked.get("exhaustOnDuplicateCandidate") else "skip",
        withdrawn=[candidate["name"] for candidate in config["candidates"] if candidate.get("excluded")],
        until_two=bool(asked.get("continueUntilTwoCandidatesRemain")),
        batch=bool(asked.get("batchElimination")),
    )
    options |= changes
    return rules.count("irv-v1", profile, dict.fromkeys(candidates, 0), budget=0, tie_order=candidates, options=options)


def as_rctab(step: Round) -> dict[str, Any]:
    """A round of ours in the form of RCTab's reports, its lists as sets."""
    decided: dict[str, tuple[str, dict[str, str]]] = {}
    for option in step.elected:
        decided[option] = ("elected", {})
    for option in step.excluded:
        transfer = step.transfers[option]
        moved = {name: str(votes) for name, votes in transfer.to.items()}
        if transfer.exhausted:
            moved["exhausted"] = str(sum(transfer.exhausted.values()))
        decided[option] = ("eliminated", moved)
    return {
        "tally": {option: str(votes) for option, votes in step.tallies.items()},
        "inactive": {name: str(step.exhausted[reason]) for name, reason in INACTIVE.items()},
        "threshold": step.extra["threshold"],
        "decided": decided,
    }


def expected(step: dict[str, Any]) -> dict[str, Any]:
    return {
        "tally": step["tally"],
        "inactive": step["inactiveBallots"],
        "threshold": step["threshold"],
        "decided": {
            entry[verb]: (verb, entry["transfers"])
            for entry in step["tallyResults"]
            for verb in ("elected", "eliminated")
            if verb in entry
        },
    }


def report_of(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(next(folder.glob("*_expected_detailed_report.json")).read_text())
    return report


@pytest.mark.parametrize("name", COUNTED)
def test_every_round_of_rctab_is_ours_too(name: str, data: Path) -> None:
    folder = data / "voting" / "rctab" / name
    outcome, report = counted(folder), report_of(folder)
    assert [as_rctab(step) for step in outcome.rounds] == [expected(step) for step in report["results"]]  # type: ignore[arg-type]
    assert str(outcome.ballots) == report["summary"]["totalNumBallots"]
    assert outcome.blank == report["summary"]["undervotes"]


def test_minneapolis_elects_its_mayor_in_the_same_33_rounds_once_the_write_ins_are_gone(data: Path) -> None:
    folder = data / "voting" / "rctab" / MAYOR
    report = report_of(folder)
    first, *rest = [expected(step) for step in report["results"]]
    assert list(first.pop("decided")) == [WRITE_INS]
    ours = as_rctab(counted(folder).rounds[0])  # type: ignore[arg-type]
    del ours["decided"]
    assert ours == first
    without = counted(folder, withdrawn=[WRITE_INS])
    assert [as_rctab(step) for step in without.rounds] == rest  # type: ignore[arg-type]
    assert (str(without.ballots), without.blank) == (report["summary"]["totalNumBallots"], report["summary"]["undervotes"])
    assert len(rest) == 32


def test_every_folder_is_counted_or_said_not_to_be_our_rule(data: Path) -> None:
    folders = {path.name for path in (data / "voting" / "rctab").iterdir() if path.is_dir() and path.name != "_shared"}
    assert folders == {*COUNTED, *NOT_OURS, MAYOR}
