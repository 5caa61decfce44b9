"""The published ballot files, read without error and with the totals that were published with them."""

import json
from pathlib import Path

import pytest

from counting import formats
from counting.formats import Election, rctab
from counting.reading import UNKNOWN_OVERVOTE
from counting.rules import count, full_options

TEST_SETS = (
    "test_set_0_skipped_first_choice", "test_set_1_exhaust_at_overvote", "test_set_2_overvote_skip_to_next",
    "test_set_3_skipped_choice_exhaust", "test_set_4_skipped_choice_next", "test_set_6_duplicate_exhaust",
    "test_set_7_duplicate_skip_to_next",
)  # fmt: skip


def read(path: Path) -> Election:
    return formats.read(path.read_bytes(), name=path.name)


def test_the_eight_instant_run_off_elections(data: Path) -> None:
    folder = data / "voting" / "irv"
    expected = sorted(folder.glob("*.expected.json"))
    assert len(expected) == 8
    for path in expected:
        said = json.loads(path.read_text())
        election = read(folder / said["file"])
        assert election.profile.total == said["ballots"], path
        named = set(said["published"].get("round1", {}))
        assert {name for name in named if not name.startswith(("exhausted", "continuing"))} <= set(election.names.values())


def test_72_scottish_wards(data: Path) -> None:
    wards = json.loads((data / "voting" / "stv-scotland" / "expected.json").read_text())["wards"]
    assert len(wards) == 72
    for file, said in wards.items():
        election = read(data / "voting" / "stv-scotland" / file)
        assert (election.profile.valid, election.seats) == (said["valid"], said["seats"]), file
        assert election.title.startswith(said["ward"]), file
        assert set(election.names.values()) == set(said["stages"][0]["votes"]), file


def test_droops_reference_files(data: Path) -> None:
    elections = {path.stem: read(path) for path in (data / "voting" / "stv-reference").glob("*.blt")}
    assert len(elections) == 13
    assert {name: election.profile.total for name, election in elections.items() if name.startswith(("42", "5", "eq", "dk"))} == {
        "42": 6, "42t": 6, "513": 9, "eq1": 9, "eq2": 11, "dk1-2": 990, "dk1-3": 990,
    }  # fmt: skip
    assert elections["SCw"].withdrawn == ("4",)
    assert elections["eq2"].profile.groups[(("1",), ("2", "3"), ("4",))] == 5
    assert "[tie 3 2 1 ]" in elections["42t"].notes[0]
    assert elections["M135"].title == "M135: Gen v1.1 1 3 45"


def test_the_pabulib_rounds(data: Path) -> None:
    paths = list((data / "voting" / "pb").glob("*.pb"))
    assert len(paths) == 15
    for path in paths:
        election = read(path)
        assert election.pabulib is not None and election.profile.total == int(election.pabulib.meta["num_votes"])
        assert election.budget and election.costs and election.rule, path


def test_the_debian_leader_of_2002(data: Path) -> None:
    election = read(data / "voting" / "condorcet" / "debian-2002-dpl.soi")
    assert (election.profile.total, list(election.names.values())[2]) == (475, "Bdale Garbee")


def test_cast_vote_records_of_rctab_and_those_it_made_of_them_are_the_same_ballots(data: Path) -> None:
    folder = data / "voting" / "rctab"
    for name in TEST_SETS:
        original, made = (read(folder / name / f"{name}_{kind}.json") for kind in ("cvr", "expected_cdf_cvr"))
        to_name = original.names
        renamed = {
            tuple(tuple(sorted(to_name[option] for option in rank)) for rank in ballot): votes
            for ballot, votes in original.profile.groups.items()
        }
        assert renamed == {
            tuple(tuple(sorted(made.names[option] for option in rank)) for rank in ballot): votes
            for ballot, votes in made.profile.groups.items()
        }, name
    parts = [read(path).profile.total for path in (folder / "_shared" / "cdf_json").glob("*.json")]
    assert sum(parts) == 30


@pytest.mark.parametrize("name", TEST_SETS)
def test_our_report_of_rctabs_test_sets_is_rctabs(data: Path, name: str) -> None:
    """Rounds, tallies, transfers, thresholds and inactive ballots; the head of the report is not about the count."""
    folder = data / "voting" / "rctab" / name
    config = json.loads((folder / f"{name}_config.json").read_text())["rules"]
    overvote = {"exhaustImmediately": "exhaust", "alwaysSkipToNextRank": "skip"}[config["overvoteRule"]]
    skipped = config["maxSkippedRanksAllowed"]
    election = read(folder / f"{name}_cvr.json")
    options = full_options(
        "irv-v1", overvote=overvote, max_skipped=None if skipped == "unlimited" else int(skipped),
        duplicate="exhaust" if config["exhaustOnDuplicateCandidate"] else "skip",
    )  # fmt: skip
    order = list(election.names)
    outcome = count("irv-v1", election.profile, dict.fromkeys(order, 0), budget=0, tie_order=order, options=options)
    ours = json.loads(rctab.write(outcome, election))
    theirs = json.loads((folder / f"{name}_expected_detailed_report.json").read_text())
    assert ours["results"] == theirs["results"]
    assert ours["summary"] == theirs["summary"]
    assert ours["jsonFormatVersion"] == theirs["jsonFormatVersion"]


@pytest.mark.parametrize("overvote", ["exhaust", "exhaust_if_multiple_continuing", "skip"])
@pytest.mark.parametrize("duplicate", ["skip", "exhaust"])
def test_an_over_vote_of_unknown_marks_reads_as_one_under_every_option(overvote: str, duplicate: str) -> None:
    text = b"count,rank1,rank2,rank3\n5,overvote,overvote,Ada\n4,Ada,overvote,Bo\n3,Bo,undervote,undervote\n"
    election = formats.read(text, name="x.csv")
    assert any(UNKNOWN_OVERVOTE in ballot for ballot in election.profile.groups)
    options = full_options("irv-v1", overvote=overvote, duplicate=duplicate, until_two=True)
    outcome = count("irv-v1", election.profile, {"Ada": 0, "Bo": 0}, budget=0, tie_order=["Ada", "Bo"], options=options)
    if overvote == "skip":
        assert (outcome.valid, outcome.rounds[0].record()["tallies"]) == (12, {"Ada": "9", "Bo": "3"})
    else:
        assert (outcome.rejected, outcome.rounds[0].record()["tallies"]) == ({"overvote": 5}, {"Ada": "4", "Bo": "3"})
