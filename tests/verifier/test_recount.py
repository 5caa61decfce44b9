"""The recount against examples worked out by hand, real rounds, and the results of our other count."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.writelog import GREEDY, NONCE, sha
from verifier import __main__ as verifier

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DELIBERATE_DATA", PROJECT.parent / "shared" / "data"))
GOLDEN = PROJECT / "tests" / "counting" / "golden"
PLAIN = {"utility": "cost", "completion": [], "integral": True, "step": 1, "stop_when_exhaustive": True}


def count(method: str, rule: dict[str, Any], budget: int, costs: dict[str, int], ballots: list[str]) -> dict[str, Any]:
    options = [{"id": option, "cost": cost} for option, cost in costs.items()]
    config = {"method": method, "rule": rule, "budget": budget, "options": options}
    return verifier.recount("p1", config, Counter(tuple(sorted(filter(None, b.split(",")))) for b in ballots), NONCE.hex())


def mes(budget: int, costs: dict[str, int], ballots: list[str], **rule: Any) -> dict[str, Any]:
    return count("pb-mes-v1", {**PLAIN, **rule}, budget, costs, ballots)


def test_the_ballot_file_and_the_frame_of_the_result_are_as_published() -> None:
    result = count("pb-greedy-v1", GREEDY, 5, {"b": 3, "a": 2}, ["a", "b,a", "", "a", ""])
    lines = "#contest: p1\n#rule: pb-greedy-v1\n#candidates: b,a\n1\ta,b\n2\t\n2\ta\n"
    assert result["ballots_sha256"] == sha(lines.encode())
    assert result["seed"] == sha(f"lots-v1\np1\n{sha(lines.encode())}\n{NONCE.hex()}\n".encode())
    assert result["tie_order"] == sorted("ab", key=lambda o: sha(f"{result['seed']}\n{o}\n".encode()))
    assert result["input"] == {"ballots": 5, "blank": 2, "valid": 3, "rejected": {}}
    assert (result["v"], result["poll"], result["rule"], result["options"], result["budget"]) == (
        1,
        "p1",
        "pb-greedy-v1",
        GREEDY,
        5,
    )


def test_ballot_lines_are_sorted_as_bytes_not_as_numbers() -> None:
    groups = Counter({("a",): 2, ("b",): 10, ("a", "b"): 2, (): 1})
    assert verifier.ballot_file("p", "r", ["a", "b"], groups).split(b"\n")[3:] == [b"1\t", b"10\tb", b"2\ta", b"2\ta,b", b""]


def test_greedy_goes_by_score_then_cost_and_skips_what_does_not_fit() -> None:
    result = count("pb-greedy-v1", GREEDY, 10, {"a": 8, "b": 5, "c": 2, "d": 1}, ["a,b", "a,c", "b,c", "a"])
    assert result["rounds"] == [
        {"option": "a", "score": 3, "cost": 8, "left": 2, "decision": "funded", "tied": []},
        {"option": "c", "score": 2, "cost": 2, "left": 0, "decision": "funded", "tied": []},
        {"option": "b", "score": 2, "cost": 5, "left": 0, "decision": "unaffordable", "tied": []},
        {"option": "d", "score": 0, "cost": 1, "left": 0, "decision": "unaffordable", "tied": []},
    ]
    assert (result["winners"], result["spent"], result["lots_used"]) == (["a", "c"], 10, False)


def test_greedy_in_stop_mode_ends_at_the_first_that_does_not_fit() -> None:
    rule = {**GREEDY, "mode": "stop", "threshold": 1}
    result = count("pb-greedy-v1", rule, 9, {"a": 8, "b": 5, "c": 1, "d": 1}, ["a,b", "a,c", "a,b"])
    assert [r["decision"] for r in result["rounds"]] == ["funded", "unaffordable", "stopped", "below_threshold"]
    assert result["winners"] == ["a"]


def test_greedy_ties_name_everyone_of_equal_score_and_cost_in_lot_order() -> None:
    result = count("pb-greedy-v1", GREEDY, 4, {"a": 3, "b": 3, "c": 3, "d": 2}, ["a,b,c,d"])
    lots = [option for option in result["tie_order"] if option != "d"]
    assert [r["option"] for r in result["rounds"]] == ["d", *lots]
    assert [r["tied"] for r in result["rounds"]] == [[], lots, lots, lots]
    assert result["lots_used"] is True


def test_equal_shares_pays_as_worked_out_by_hand() -> None:
    """Two each for three voters. a and b both cost their supporters half of their utility: the cheaper goes first.

    Paying 3/2 each for b leaves its voters 1/2, and 1/2 + 2 no longer pays for a.
    """
    result = mes(6, {"a": 4, "b": 3}, ["a,b", "a", "b"])
    assert result["rounds"] == [{"option": "b", "cost": 3, "supporters": 2, "rho": "1/2", "effective_votes": "2", "tied": []}]
    assert result["runs"] == [{"voter_budget": "2", "spent": 3, "winners": 1}]
    assert (result["winners"], result["spent"], result["voter_budget"], result["lots_used"]) == (["b"], 3, "2", False)


def test_the_run_above_the_budget_is_shown_and_discarded() -> None:
    """With three each the voters of a have 3/2 and 3: one gives all, the other 5/2, and 3 + 4 is more than the 6 there are."""
    result = mes(6, {"a": 4, "b": 3}, ["a,b", "a", "b"], completion=["add1"], stop_when_exhaustive=False)
    assert result["runs"] == [{"voter_budget": "2", "spent": 3, "winners": 1}, {"voter_budget": "3", "spent": 7, "winners": 2}]
    assert (result["winners"], result["voter_budget"]) == (["b"], "2")
    stopped = mes(6, {"a": 4, "b": 3}, ["a,b", "a", "b"], completion=["add1"])
    assert stopped["runs"] == result["runs"][:1]
    richer = mes(7, {"a": 4, "b": 3}, ["a,b", "a", "b"], completion=["add1"])
    assert richer["runs"] == result["runs"]
    assert richer["winners"] == ["b", "a"]
    assert richer["rounds"][1] == {"option": "a", "cost": 4, "supporters": 2, "rho": "5/8", "effective_votes": "8/5", "tied": []}


def test_a_run_that_needs_every_coin_has_the_smallest_rho() -> None:
    result = mes(4, {"a": 4}, ["a", "a"], utility="cardinality")
    assert result["rounds"] == [{"option": "a", "cost": 4, "supporters": 2, "rho": "2", "effective_votes": "2", "tied": []}]


def test_cardinality_prefers_the_cheap_and_add1_may_start_at_a_fraction() -> None:
    result = mes(7, {"a": 4, "b": 3}, ["a,b", "a", "b"], utility="cardinality", completion=["add1"], integral=False)
    assert result["rounds"][0]["rho"] == "3/2"
    assert result["runs"] == [
        {"voter_budget": "7/3", "spent": 3, "winners": 1},
        {"voter_budget": "10/3", "spent": 7, "winners": 2},
    ]


def test_equal_shares_ties_need_equal_rho_cost_and_supporters() -> None:
    result = mes(6, {"a": 3, "b": 3, "c": 6}, ["a,c", "b,c"])
    first = [option for option in result["tie_order"] if option != "c"]
    assert [(r["option"], r["tied"]) for r in result["rounds"]] == [("c", [])]  # more supporters, smaller rho
    result = mes(6, {"a": 3, "b": 3}, ["a", "b"])
    first = result["tie_order"]
    assert [(r["option"], r["tied"]) for r in result["rounds"]] == [(first[0], first), (first[1], [])]
    assert result["lots_used"] is True


def test_a_tie_goes_on_in_the_next_round() -> None:
    result = mes(9, {"a": 3, "b": 3, "c": 3}, ["a", "b", "c"])
    lots = result["tie_order"]
    assert [r["tied"] for r in result["rounds"]] == [lots, lots[1:], []]


def test_the_rest_of_the_money_goes_by_votes_where_the_completion_says_so() -> None:
    result = mes(6, {"a": 4, "b": 3, "c": 2}, ["a,b", "a", "b"], completion=["utilitarian"])
    assert result["voter_budget"] == "2"
    assert result["winners"] == ["b", "c"]
    assert result["spent"] == 5
    assert result["rounds"][1:] == [
        {"option": "a", "score": 2, "cost": 4, "left": 3, "decision": "unaffordable", "tied": [], "completion": "utilitarian"},
        {"option": "c", "score": 0, "cost": 2, "left": 1, "decision": "funded", "tied": [], "completion": "utilitarian"},
    ]


def test_blank_ballots_share_the_money_and_no_ballots_share_nothing() -> None:
    assert mes(9, {"a": 4}, ["a", "", ""])["runs"] == [{"voter_budget": "3", "spent": 0, "winners": 0}]
    nothing = mes(9, {"a": 4}, [], completion=["add1", "utilitarian"])
    assert (nothing["runs"], nothing["rounds"], nothing["winners"], nothing["voter_budget"]) == ([], [], [], "0")


def test_a_rule_from_a_later_release_cannot_be_counted() -> None:
    with pytest.raises(verifier.CannotTell):
        count("pb-maxutil-v1", {}, 1, {"a": 1}, [])


def as_counted(ballot: Any) -> tuple[Any, ...]:
    """A ballot of a golden file: approved ids, ranks, or points by id."""
    if isinstance(ballot, dict):
        return tuple(sorted(ballot.items()))
    return tuple(map(tuple, ballot)) if ballot and isinstance(ballot[0], list) else tuple(sorted(ballot))


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_recount_writes_the_same_bytes_as_the_count_of_the_server(file: Path) -> None:
    """Two programs written from one page. Where they differ, the page decides, not the older of the two."""
    golden = json.loads(file.read_text(encoding="utf-8"))
    given = golden["input"]
    groups = Counter(map(as_counted, given["ballots"]))
    ids = [option["id"] for option in given["options"]]
    assert verifier.ballot_file(given["poll"], given["method"], ids, groups).decode() == given["ballot_file"]
    result = verifier.canonical(verifier.recount(given["poll"], given, groups, given["nonce"]))
    assert result.decode() == golden["result_canonical"]
    assert sha(result) == golden["result_sha256"]


def read_pabulib(file: Path) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, str]]]:
    section = ""
    header: list[str] = []
    meta: dict[str, str] = {}
    rows: dict[str, list[dict[str, str]]] = {"PROJECTS": [], "VOTES": []}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in filter(None, csv.reader(lines, delimiter=";")):
            if row[0] in ("META", "PROJECTS", "VOTES"):
                section, header = row[0], []
            elif not header:
                header = row
            elif section == "META":
                meta[row[0]] = row[1]
            else:
                rows[section].append(dict(zip(header, row, strict=False)))
    return meta, rows["PROJECTS"], rows["VOTES"]


@pytest.mark.parametrize(("name", "method", "rule", "runs"), [
    ("Poland_Swiecie_2023.pb", "pb-mes-v1", {**PLAIN, "completion": ["add1"], "stop_when_exhaustive": False}, 245),
    ("Poland_Warszawa_2019_Wawer.pb", "pb-greedy-v1", GREEDY, None),
    ("Poland_Warszawa_2018_Obszar_I-Nowa_Praga_z_Pelcowizna.pb", "pb-greedy-v1", GREEDY, None),
])  # fmt: skip
def test_a_recount_of_a_real_round_funds_what_the_city_funded(
    name: str, method: str, rule: dict[str, Any], runs: int | None
) -> None:
    file = DATA / "voting" / "pb" / name
    if not file.exists():
        pytest.skip("the published rounds are not here (set DELIBERATE_DATA)")
    meta, projects, votes = read_pabulib(file)
    if method == "pb-greedy-v1":
        rule = {**rule, "threshold": int(meta.get("min_project_score_threshold") or 0)}
    costs = {p["project_id"]: int(p["cost"]) for p in projects}
    result = count(method, rule, int(meta["budget"]), costs, [vote["vote"] for vote in votes])
    assert set(result["winners"]) == {p["project_id"] for p in projects if p["selected"] == "1"}
    assert runs is None or (len(result["runs"]), result["voter_budget"]) == (runs, "662")
