"""Public elections by instant run-off, counted from their ballots: what was published, and round by round what two independent
programs made of the same files (`*.expected.json`)."""

import json
from pathlib import Path
from typing import Any

import pytest

from counting import formats, rules
from counting.outcome import Outcome, Round
from counting.profile import RankedProfile

BLT = (
    "2009-Aspen-Mayor",
    "2009-Burlington-Mayor",
    "2010-Berkeley-City_Council-D7",
    "2010-Oakland-Mayor",
    "2010-San_Francisco-Board_of_Supervisors-D10",
    "2011-San_Francisco-Mayor",
)


def election(path: Path) -> tuple[RankedProfile, dict[str, str], dict[str, Any]]:
    """The ballots, the names by id, and what is expected of them."""
    read = formats.read(path.read_bytes(), name=path.name)
    assert isinstance(read.profile, RankedProfile)
    expected = json.loads(path.with_name(f"{path.stem}.expected.json").read_text())
    return read.profile, dict(read.names), expected


def counted(profile: RankedProfile, candidates: list[str], **options: Any) -> Outcome:
    return rules.count(
        "irv-v1", profile, dict.fromkeys(candidates, 0), budget=0, tie_order=candidates,
        options=rules.full_options("irv-v1", **options),
    )  # fmt: skip


def tallies(outcome: Outcome, names: dict[str, str]) -> list[dict[str, int]]:
    """Votes by name in every round; 0 for those who are out, as the expectations write it."""
    rounds = [step for step in outcome.rounds if isinstance(step, Round)]
    return [{name: int(step.tallies.get(option, 0)) for option, name in names.items()} for step in rounds]


@pytest.mark.parametrize("name", BLT)
def test_every_round_is_that_of_the_independent_counts(name: str, data: Path) -> None:
    profile, names, expected = election(data / "voting" / "irv" / f"{name}.blt")
    outcome = counted(profile, list(names), overvote=expected["options"]["overvote"])
    assert outcome.ballots == expected["ballots"]
    independent = expected["computed_by_two_prototypes"]
    assert tallies(outcome, names) == independent["rounds"]
    assert [names[option] for option in outcome.winners] == [independent["winner"]]
    for step in outcome.rounds:
        assert isinstance(step, Round)
        assert sum(step.tallies.values()) + sum(step.exhausted.values()) + outcome.blank == outcome.ballots


def test_burlington_2009_as_the_city_published_it(data: Path) -> None:
    profile, names, expected = election(data / "voting" / "irv" / "2009-Burlington-Mayor.blt")
    outcome = counted(profile, list(names), overvote="exhaust_if_multiple_continuing")
    rounds, published = tallies(outcome, names), expected["published"]
    invalid = published["round1"].pop("exhausted")
    assert rounds[0] == published["round1"]
    assert sum(outcome.rejected.values()) == invalid
    shown = [{name: votes for name, votes in step.items() if votes} for step in rounds]
    assert (shown[3], shown[4]) == (published["after Smith,Simpson,Write-in out"], published["final"])
    # The city excluded these three together. So do batches.
    batches = counted(profile, list(names), overvote="exhaust_if_multiple_continuing", batch=True)
    assert [[names[option] for option in step.excluded] for step in batches.rounds if isinstance(step, Round)] == [
        ["James Simpson", "Write-in", "Dan Smith"], ["Andy Montroll"], [],
    ]  # fmt: skip
    assert tallies(batches, names) == [rounds[0], *rounds[3:]]


def test_oakland_2010_as_the_county_published_it(data: Path) -> None:
    profile, names, expected = election(data / "voting" / "irv" / "2010-Oakland-Mayor.blt")
    rounds, published = tallies(counted(profile, list(names)), names), expected["published"]
    assert published["round1"].items() <= rounds[0].items()
    assert {name: votes for name, votes in rounds[-1].items() if votes} == published["final"]
    assert {name: max(step[name] for step in rounds) for name in published["max_votes"]} == published["max_votes"]


def test_san_francisco_2011_as_the_city_published_it(data: Path) -> None:
    profile, names, expected = election(data / "voting" / "irv" / "2011-San_Francisco-Mayor.blt")
    outcome = counted(profile, list(names), until_two=True)
    rounds, published = tallies(outcome, names), expected["published"]
    assert published["round1"].items() <= rounds[0].items()
    assert {name: votes for name, votes in rounds[-1].items() if votes} == published["final"]


def test_minneapolis_2013_as_the_city_published_it(data: Path) -> None:
    profile, names, expected = election(data / "voting" / "irv" / "2013_minneapolis_mayor.csv")
    outcome = counted(profile, list(names), overvote="skip", until_two=True)
    rounds, published = tallies(outcome, names), expected["published"]
    assert outcome.ballots == expected["ballots"]
    assert published["round1"].items() <= rounds[0].items()
    assert published["round32"].items() <= rounds[-3].items()
    assert {name: votes for name, votes in rounds[-1].items() if votes} == published["final"]
    assert list(outcome.winners) == [published["winner"]]


MAINE: dict[str, Any] = {"max_skipped": 1, "batch": True}


def test_maine_2018_as_the_state_published_it(data: Path) -> None:
    profile, names, expected = election(data / "voting" / "irv" / "maine-cd2-2018.csv")
    outcome = counted(profile, list(names), **MAINE)
    first, second = (step for step in outcome.rounds if isinstance(step, Round))
    published = expected["published"]
    assert outcome.ballots == published["total"]
    assert set(first.excluded) == set(published["batch_eliminated_after_round1"])
    assert list(outcome.winners) == [published["winner"]]
    for step, row in ((first, published["round1"]), (second, published["round2"])):
        assert step.tallies.items() <= row.items()
        assert sum(step.tallies.values()) == row["continuing"]
        assert step.exhausted["overvote"] == row["exhausted_overvote"]
        rest = step.exhausted["skipped"] + step.exhausted["choices"] + outcome.blank
        assert rest == row["exhausted_undervote"] + row["exhausted_choices"]


def test_maine_2018_by_its_own_reasons(data: Path) -> None:
    """The state calls a ballot without a next choice exhausted by undervotes when any of its five ranks was empty, also when it
    was the last one. Two empty ranks and a withdrawn candidate below such ballots make that gap one for us too."""
    profile, names, expected = election(data / "voting" / "irv" / "maine-cd2-2018.csv")
    below = {
        ballot if len(ballot) == 5 and all(ballot) else (*ballot, (), (), ("below",)): count
        for ballot, count in profile.groups.items()
    }
    outcome = counted(RankedProfile(below), [*names, "below"], withdrawn=["below"], **MAINE)
    for step, row in zip(outcome.rounds, (expected["published"]["round1"], expected["published"]["round2"]), strict=True):
        assert isinstance(step, Round)
        assert step.exhausted == {
            "overvote": row["exhausted_overvote"], "skipped": row["exhausted_undervote"], "duplicate": 0,
            "choices": row["exhausted_choices"],
        }  # fmt: skip
