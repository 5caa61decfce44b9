"""Rounds that cities really held: our count must give what they published, project by project.

All 15 files of the sample are counted by our rules. Ordinal files are counted by `max_length` … 1 points, as Kraków does.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from counting import rules
from counting.pabulib import Pabulib, read_pabulib, rule_of, write_pabulib

ROUNDS = (
    "Poland_Czestochowa_2024_Dzbow",
    "Poland_Czestochowa_2024_Wrzosowiak",
    "Poland_Gdynia_2020_Dabrowa__small",
    "Poland_Gdynia_2021_Grabowek__large",
    "Poland_Katowice_2020_Osiedle_Tysiaclecia",
    "Poland_Katowice_2021_Srodmiescie",
    "Poland_Krakow_2019_Lagiewniki-Borek_Falecki",
    "Poland_Krakow_2023_Bronowice",
    "Poland_Swiecie_2023",
    "Poland_Warszawa_2017_Zoliborz_Poludniowy-Powazki",
    "Poland_Warszawa_2018_Obszar_I-Nowa_Praga_z_Pelcowizna",
    "Poland_Warszawa_2019_Wawer",
    "Poland_Warszawa_2026_Kamionek_Saska_Kepa",
    "Poland_Wroclaw_2016_Rejon_nr_14_250",
    "Poland_Wroclaw_2017_Rejon_nr_8_750",
)
APPROVAL_ROUNDS = tuple(name for name in ROUNDS if not any(city in name for city in ("Czestochowa", "Katowice", "Krakow")))


def file_of(data: Path, name: str) -> Pabulib:
    return read_pabulib((data / "voting" / "pb" / f"{name}.pb").read_bytes())


def expected(data: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((data / "voting" / "pb" / "expected.json").read_text())[f"{name}.pb"]
    return found


def test_the_sample_has_no_file_that_is_not_counted_here(data: Path) -> None:
    assert sorted(path.stem for path in (data / "voting" / "pb").glob("*.pb")) == sorted(ROUNDS)


@pytest.mark.parametrize("name", ROUNDS)
def test_our_winners_are_the_published_ones(data: Path, name: str) -> None:
    file = file_of(data, name)
    found = rule_of(file.meta)
    assert found is not None
    rule, options = found
    for tie_order in (list(file.costs), list(file.costs)[::-1]):
        outcome = rules.count(rule, file.profile(), file.costs, budget=file.budget, tie_order=tie_order, options=options)
        assert file.selected is not None
        assert set(outcome.winners) == set(file.selected) == set(expected(data, name)["published_selected"])
        assert not outcome.lots_used


def test_swiecie_takes_245_runs_and_keeps_the_one_with_662_a_voter(data: Path) -> None:
    file = file_of(data, "Poland_Swiecie_2023")
    rule, options = rule_of(file.meta) or ("", {})
    assert (rule, options["completion"], options["stop_when_exhaustive"]) == ("pb-mes-v1", ["add1"], False)
    outcome = rules.count(rule, file.profile(), file.costs, budget=file.budget, tie_order=list(file.costs), options=options)
    assert (outcome.ballots, len(outcome.runs), outcome.voter_budget) == (2553, 245, 662)
    assert (outcome.runs[0].voter_budget, outcome.runs[-1].voter_budget) == (1070000 // 2553, 663)
    assert outcome.runs[-1].spent > file.budget >= outcome.spent == outcome.runs[-2].spent


@pytest.mark.parametrize("name", APPROVAL_ROUNDS)
def test_equal_shares_agrees_with_an_earlier_count_of_the_same_rounds(data: Path, name: str) -> None:
    file, known = file_of(data, name), expected(data, name)

    def count(**chosen: Any) -> Any:
        options = rules.full_options("pb-mes-v1", **chosen)
        return rules.count(
            "pb-mes-v1", file.profile(), file.costs, budget=file.budget, tie_order=list(file.costs), options=options
        )

    assert sorted(count(completion=[]).winners) == known["computed_mes_cost_utility_no_completion"]
    add1 = count(completion=["add1"], stop_when_exhaustive=False)
    assert {
        "selected": sorted(add1.winners),
        "runs": len(add1.runs),
        "budget_per_voter": add1.voter_budget,
    } == known["computed_mes_add1_integral_nonexhaustive"]


@pytest.mark.parametrize("name", ROUNDS)
def test_a_published_file_survives_writing_and_reading(data: Path, name: str) -> None:
    file = file_of(data, name)
    assert read_pabulib(write_pabulib(file).encode()) == file


def test_a_round_with_cents_is_held_in_cents(data: Path) -> None:
    file = file_of(data, "Poland_Krakow_2023_Bronowice")
    assert (file.scale, file.budget, file.costs["BO.D6.30/23"]) == (100, 164_726_373, 15_000_000)
