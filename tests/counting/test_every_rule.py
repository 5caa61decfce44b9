"""What must hold for every rule of the registry, whatever the options and the ballots."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from counting import rules
from counting.options import OptionsError
from counting.outcome import JSONObject, Outcome, Round, Why, canonical_bytes
from counting.profile import ApprovalProfile, PointsProfile, Profile, RankedProfile
from counting.rules import RULES
from tests.counting.every_rule import IDS, Poll, options_of, polls

every_rule = pytest.mark.parametrize("rule", list(RULES))
some = settings(max_examples=60, deadline=None)
TRANSFERABLE = ("irv-v1", "stv-scottish-v1", "stv-meek-prf-v1")


# ------------------------------------------------------------------------------------------------- every ballot counts


@every_rule
@some
@given(st.data())
def test_every_ballot_is_accounted_for(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    record = poll.record()
    count = record["input"]
    assert count["ballots"] == sum(poll.groups.values())
    assert count["blank"] == poll.groups.get((), 0)
    assert count["ballots"] == count["blank"] + count["valid"] + sum(count["rejected"].values())
    assert min([1, *count["rejected"].values()]) > 0
    assert count["valid"] >= 0


@pytest.mark.parametrize("rule", TRANSFERABLE)
@some
@given(st.data())
def test_in_every_round_votes_are_with_an_option_or_out_of_the_count(rule: str, data: st.DataObject) -> None:
    record = data.draw(polls(rule)).record()
    counted = record["input"]
    assert bool(record["rounds"]) == (counted["valid"] > 0)
    rejected = 0 if rule != "stv-meek-prf-v1" else sum(counted["rejected"].values())  # Meek shows them in `input` only
    for step in record["rounds"]:
        votes = sum(map(Fraction, (*step["tallies"].values(), *step["exhausted"].values())))
        assert votes + counted["blank"] + rejected == counted["ballots"]
        assert min(map(Fraction, (*step["tallies"].values(), *step["exhausted"].values()))) >= 0


@pytest.mark.parametrize("rule", TRANSFERABLE[:2])
@some
@given(st.data())
def test_transfers_lead_from_each_round_to_the_next(rule: str, data: st.DataObject) -> None:
    rounds = data.draw(polls(rule)).record()["rounds"]
    for step, following in pairwise(rounds):
        tallies = {option: Fraction(votes) for option, votes in step["tallies"].items()}
        exhausted = {reason: Fraction(votes) for reason, votes in step["exhausted"].items()}
        for source, moved in step["transfers"].items():
            for option, votes in moved["to"].items():
                tallies[option] += Fraction(votes)
                tallies[source] -= Fraction(votes)
            for reason, votes in moved["exhausted"].items():
                exhausted[reason] += Fraction(votes)
                tallies[source] -= Fraction(votes)
        assert {tallies.pop(option) for option in step["excluded"]} <= {0}
        assert tallies == {option: Fraction(votes) for option, votes in following["tallies"].items()}
        assert exhausted == {reason: Fraction(votes) for reason, votes in following["exhausted"].items()}


# ------------------------------------------------------------------------------------------- what must not change a count


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The same with every id replaced, also where it is a key."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(renamed(inner, names) for inner in value)
    return names.get(value, value) if isinstance(value, str) else value


def whole(poll: Poll) -> JSONObject:
    """The record, and the reasons beside it."""
    outcome = poll.count()
    why = [(each.option, each.won, each.code, dict(each.numbers)) for each in outcome.why.values()]
    return {**poll.record(), "why": why}


def resorted(ballot: tuple[Any, ...]) -> tuple[Any, ...]:
    """A renamed ballot as profiles want it: approvals, points and the ids of a rank sorted, ranks in their order."""
    if ballot and isinstance(ballot[0], tuple) and not (len(ballot[0]) == 2 and isinstance(ballot[0][1], int)):
        return tuple(tuple(sorted(rank)) for rank in ballot)
    return tuple(sorted(ballot))


@every_rule
@some
@given(st.data())
def test_names_do_not_matter(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    new = data.draw(st.permutations([f"n{place}" for place in range(len(IDS))]))
    names = dict(zip(poll.projects, new, strict=False))
    other = replace(
        poll,
        options=renamed(poll.options, names),
        groups={resorted(renamed(ballot, names)): ballots for ballot, ballots in poll.groups.items()},
        projects=renamed(poll.projects, names),
        tie_order=renamed(poll.tie_order, names),
    )
    assert renamed(whole(poll), names) == whole(other)


@every_rule
@some
@given(st.data())
def test_the_order_of_ballots_and_how_they_are_handed_in_do_not_matter(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    one_by_one = data.draw(st.permutations([ballot for ballot, ballots in poll.groups.items() for _ in range(ballots)]))
    shuffled: dict[tuple[Any, ...], int] = {}
    for ballot in one_by_one:
        shuffled[ballot] = shuffled.get(ballot, 0) + 1
    assert json.dumps(whole(replace(poll, groups=shuffled)), default=str) == json.dumps(whole(poll), default=str)


@every_rule
@some
@given(st.data())
def test_the_same_count_gives_the_same_again(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    assert poll.count() == poll.count()
    assert canonical_bytes(poll.record()) == canonical_bytes(poll.record())


@every_rule
@some
@given(st.data())
def test_where_no_lot_was_used_the_lots_change_nothing(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    other = replace(poll, tie_order=tuple(data.draw(st.just(poll.tie_order[::-1]) | st.permutations(poll.tie_order))))
    one = whole(poll)
    if not one["lots_used"]:
        assert without_lots(one) == without_lots(whole(other))


PLACES: dict[str, tuple[type[Profile], tuple[Any, ...], tuple[Any, ...]]] = {
    "approval-v1": (ApprovalProfile, ("a",), ("b", "c")),
    "score-v1": (PointsProfile, (("a", 1),), (("b", 1), ("c", 1))),
    "cumulative-v1": (PointsProfile, (("a", 1),), (("b", 1), ("c", 1))),
    "borda-v1": (RankedProfile, (("a",),), (("b", "c"),)),
    "schulze-wv-v1": (RankedProfile, (("a",),), (("b", "c"),)),
}


@pytest.mark.parametrize("rule", PLACES)
@pytest.mark.parametrize("lots", ["abc", "acb", "cba"])
def test_losers_who_stand_equal_share_a_place_unless_one_of_them_was_elected_by_lot(rule: str, lots: str) -> None:
    kind, for_a, for_others = PLACES[rule]

    def places(seats: int) -> dict[str, Any]:
        options = rules.full_options(rule, seats=seats)
        profile: Any = kind({for_a: 3, for_others: 2})
        outcome = rules.count(rule, profile, dict.fromkeys("abc", 0), budget=0, tie_order=lots, options=options)
        return {option: why.numbers.get("place") for option, why in outcome.why.items() if option != "a"}

    assert places(1) == {"b": 2, "c": 2}
    first, second = sorted("bc", key=lots.index)
    assert places(2) == {first: 2, second: 3}


def without_lots(record: JSONObject) -> JSONObject:
    """A record and its reasons without what lots change though they decided nothing: the order in which equals are listed, where
    the page says that it is that of the lots, and how many votes more (how much less cost) would have been enough, for one who
    only then would stand equal.
    """
    shown = {key: value for key, value in record.items() if key != "tie_order"}
    supposed = {"votes_short", "votes_needed", "cost_cut_needed"}
    shown["why"] = [
        (*each, {name: number for name, number in numbers.items() if name not in supposed}) for *each, numbers in record["why"]
    ]
    if record["rule"] == "schulze-wv-v1":
        shown["ranking"] = [sorted(equals) for equals in record["ranking"]]
    if record["rule"] == "pb-maxutil-v1":
        shown["rounds"] = sorted(record["rounds"], key=lambda step: step["option"])
        shown["winners"] = sorted(record["winners"])
    return shown


# --------------------------------------------------------------------------------------------------- winners and reasons


@every_rule
@some
@given(st.data())
def test_winners_are_different_known_and_no_more_than_the_seats(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    outcome = poll.count()
    assert len(set(outcome.winners)) == len(outcome.winners)
    assert set(outcome.winners) <= set(poll.projects) - set(poll.options.get("withdrawn", ()))
    if RULES[rule].budgeted:
        assert outcome.spent == sum(poll.projects[option] for option in outcome.winners) <= poll.budget
        return
    assert len(outcome.winners) <= poll.options.get("seats", 1)
    if outcome.ballots < poll.options["quorum"]:
        assert outcome.winners == ()
    else:
        elected = [option for step in outcome.rounds if isinstance(step, Round) for option in step.elected]
        assert list(outcome.winners) == elected


@every_rule
@some
@given(st.data())
def test_all_seats_are_filled_where_the_rule_knows_no_reason_to_leave_one_empty(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    outcome = poll.count()
    may_stay_empty = poll.options.get("majority") is not None or poll.options.get("completion") in ("none", "add1")
    if RULES[rule].budgeted or may_stay_empty or not outcome.valid or outcome.ballots < poll.options["quorum"]:
        return
    standing = set(poll.projects) - set(poll.options.get("withdrawn", ()))
    assert len(outcome.winners) == min(poll.options.get("seats", 1), len(standing))


@dataclass(frozen=True)
class Row:
    """One row of the table of reasons for one of its codes. `further`: numbers by the case in which they are there, too."""

    code: str
    won: bool
    rule: str
    numbers: frozenset[str]
    further: tuple[tuple[str, frozenset[str]], ...]


def rows() -> list[Row]:
    """The table of reasons on the page, one row for each code and rule."""
    page = (Path(__file__).resolve().parents[2] / "docs/reference/results.md").read_text(encoding="utf-8")
    found = []
    for line in page.split("| code | rules | numbers |\n|---|---|---|\n")[1].splitlines():
        codes, of, numbers = (cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|"))
        always, *cases = re.sub(r"\([^()]*\)", "", numbers).split(";")
        further = tuple((case.split("`")[0].strip(), frozenset(re.findall(r"`(\w+)`", case))) for case in cases)
        if of == "all without a budget":
            named = [rule.id for rule in RULES.values() if not rule.budgeted]
        else:
            named = [rule for name in of.split(", ") for rule in RULES if rule.startswith(f"{name}-")]
            assert {name for name in of.split(", ") if not any(rule.startswith(f"{name}-") for rule in named)} == set()
        for code in re.findall(r"`(\w+)`", codes):
            numbers_always = frozenset(re.findall(r"`(\w+)`", always))
            found += [Row(code, "(won)" in codes, rule, numbers_always, further) for rule in named]
    return found


ROWS = {(row.rule, row.code): row for row in rows()}
CASES = {
    "with pots": lambda outcome: outcome.options["pots"] is not None,
    "after a utilitarian completion": lambda outcome: any(
        step.record().get("completion") == "utilitarian" for step in outcome.rounds
    ),
}


def test_the_table_of_reasons_says_everything_once() -> None:
    assert len(ROWS) == len(rows()) > 60
    assert {rule for rule, _ in ROWS} == set(RULES)
    assert {case for row in ROWS.values() for case, _ in row.further} == set(CASES)


def checked(why: Why, outcome: Outcome) -> None:
    row = ROWS[outcome.rule, why.code]
    numbers = set(row.numbers).union(*(names for case, names in row.further if CASES[case](outcome)))
    assert set(why.numbers) == numbers
    assert why.won == row.won


@every_rule
@some
@given(st.data())
def test_every_option_is_explained_with_the_codes_and_numbers_of_the_page(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    outcome = poll.count()
    assert list(outcome.why) == list(poll.projects)
    assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
    for option, why in outcome.why.items():
        assert why.option == option
        checked(why, outcome)
        for name, number in why.numbers.items():
            assert type(number) in (int, bool, str, Fraction, type(None)), name
            if name.endswith(("votes_short", "shortfall", "missing_money")):
                assert Fraction(number) >= 0  # type: ignore[arg-type]


@pytest.mark.parametrize(("rule", "code"), list(ROWS))
def test_every_reason_of_the_page_is_given_in_some_poll(rule: str, code: str) -> None:
    once = settings(max_examples=20_000, database=None, deadline=None, phases=[Phase.generate])
    find(polls(rule), lambda poll: any(why.code == code for why in poll.count().why.values()), settings=once)


# ------------------------------------------------------------------------------------------------------------- the record


@every_rule
@some
@given(st.data())
def test_the_record_is_canonical_json_without_fractions_of_numbers(rule: str, data: st.DataObject) -> None:
    poll = data.draw(polls(rule))
    record = poll.record()
    written = canonical_bytes(record)
    assert json.loads(written) == json.loads(json.dumps(record))
    assert canonical_bytes(json.loads(written)) == written
    assert record["options"] == poll.options
    assert record["tie_order"] == list(poll.tie_order)


# -------------------------------------------------------------------------------------------------------------- options

WRONG: dict[str, list[Any]] = {
    "whole": [None, True, -1, 1.0, "1", [], {}],
    "limit": [False, -1, 1.0, "1", [], {}],
    "flip": [None, 0, 1, "true", [], {}],
    "choice": [None, True, 0, "", "no such", ["skip"], {}],
    "ids": [None, "o1", ["o1", "o1"], [1], [None], {}, {"o1"}, ("o1",)],
}
KINDS = {
    "whole": ["quorum", "seats", "min", "min_options", "threshold", "step"],
    "limit": ["max_skipped", "max", "max_sum", "max_points"],
    "flip": ["until_two", "batch", "exact_sum", "integral", "stop_when_exhaustive"],
    "choice": ["overvote", "duplicate", "quota", "unranked", "mode", "utility", "value"],
    "ids": ["withdrawn"],
}
OWN: dict[str, list[Any]] = {
    "decimals": [None, True, 0, 3, 5.0, "5", "Exact", []],
    "majority": [False, 0, 0.5, "1/2", ">0/1", ">1/1", ">=3/2", ">1/0", "> 1/2", ">=1/2 ", [">1/2"]],
    "completion": [None, True, "", "utilitarian", ["add1", "add1"], ["utilitarian", "add1"], ["none"], ("add1",)],
    "pots": [False, [], {}, [None], [{"id": "a"}], [{"id": "", "budget": 1, "options": []}],
             [{"id": "a", "budget": True, "options": []}], [{"id": "a", "budget": 1, "options": ["o1", "o1"]}]],
    "groups": [False, [], {}, [["o1"]], ["o1o2"], [["o1", 2]], [["o1", "b"], ["b", "o2"]]],
}  # fmt: skip
LEAST_ONE = ["seats", "step", "max", "max_sum", "max_points"]


def wrong_values(option: str) -> list[Any]:
    kind = next((kind for kind, names in KINDS.items() if option in names), None)
    return (WRONG[kind] if kind else OWN[option]) + ([0] if option in LEAST_ONE else [])


@pytest.mark.parametrize(("rule", "option"), [(rule.id, option) for rule in RULES.values() for option in rule.defaults])
def test_an_option_that_is_missing_or_of_a_wrong_kind_is_named(rule: str, option: str) -> None:
    options = rules.full_options(rule)
    with pytest.raises(OptionsError) as missing:
        rules.validate_options(rule, {key: value for key, value in options.items() if key != option})
    assert missing.value.key == option
    for value in wrong_values(option):
        with pytest.raises(OptionsError) as wrong:
            rules.validate_options(rule, {**options, option: value})
        assert wrong.value.key == option, value


@every_rule
def test_an_option_that_the_rule_does_not_have_is_named(rule: str) -> None:
    for strange in {name for other in RULES.values() for name in other.defaults} - set(RULES[rule].defaults) | {"colour"}:
        with pytest.raises(OptionsError) as refused:
            rules.validate_options(rule, {**rules.full_options(rule), strange: 1})
        assert refused.value.key == strange


@every_rule
def test_the_random_polls_set_every_option(rule: str) -> None:
    assert set(options_of(rule, IDS, 10)) == set(RULES[rule].defaults)
