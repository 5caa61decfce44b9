"""stv-meek-prf-v1: rounds worked by hand, the laws of every count, a plain ballot-by-ballot count and pref_voting as oracles."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting import rules
from counting.outcome import canonical_bytes, result
from counting.profile import RankedProfile
from tests.counting.stv_polls import (
    MEEK,
    Poll,
    assert_coalitions_get_their_seats,
    coalitions,
    count,
    count_poll,
    oracle_agrees,
    polls,
    ranked,
    same_under_other_names,
    stages,
)

# ------------------------------------------------------------------------------------------------ worked by hand


def test_an_elected_option_keeps_what_leaves_it_with_the_quota() -> None:
    """Six ballots for two seats: the quota is 2 and a unit; a keeps half of its four, rounded up."""
    outcome = count(ranked([("ab", 4), ("c", 2)]), "abc", seats=2, rule=MEEK)
    assert outcome.record()["rounds"] == [
        {
            "tallies": {"a": "4.000000000", "b": "0.000000000", "c": "2.000000000"},
            "elected": ["a"],
            "excluded": [],
            "transfers": {},
            "exhausted": {"unspent": "0.000000000"},
            "ties": [],
            "quota": "2.000000001",
            "surplus": "0.000000000",
            "iterations": 1,
            "keep": {"a": "1.000000000", "b": "1.000000000", "c": "1.000000000"},
        },
        {
            "tallies": {"a": "2.000000004", "b": "1.999999996", "c": "2.000000000"},
            "elected": ["c"],
            "excluded": ["b"],
            "transfers": {},
            "exhausted": {"unspent": "0.000000000"},
            "ties": [],
            "quota": "2.000000001",
            "surplus": "0.000000003",
            "iterations": 2,
            "keep": {"a": "0.500000001", "b": "1.000000000", "c": "1.000000000"},
        },
    ]
    assert outcome.winners == ("a", "c")
    assert not outcome.lots_used
    assert outcome.why["a"].numbers == {"round": 1, "votes": "4.000000000", "quota": "2.000000001"}
    assert (outcome.why["c"].code, outcome.why["c"].won) == ("last_standing", True)
    assert outcome.why["b"].numbers == {
        "round": 2, "votes": "1.999999996", "next": "c", "next_votes": "2.000000000", "votes_short": "0.000000004", "lot": False,
        "moved_to": None, "moved": "0.000000000",
    }  # fmt: skip


def test_what_nobody_can_use_lowers_the_quota() -> None:
    """Nine ballots for two seats: five name only a, so what a does not keep of them is unspent."""
    outcome = count(ranked([("a", 5), ("b", 2), ("c", 2)]), "abc", lots="abc", seats=2, rule=MEEK)
    first, second = stages(outcome)
    assert (first.elected, first.extra["quota"]) == (("a",), "3.000000001")
    # with keep k a has 5k, which is (5k + 4)/3 where k = 0.4
    assert second.extra["keep"]["a"].startswith("0.400000")
    assert float(second.extra["quota"]) == pytest.approx(2, abs=1e-6)
    assert float(second.record()["exhausted"]["unspent"]) == pytest.approx(3, abs=1e-6)
    assert (second.elected, second.excluded) == (("b",), ("c",))
    (tie,) = second.ties
    assert tie.record() == {"for": "exclude", "tied": ["b", "c"], "chosen": ["c"], "lot": True, "lookback": []}


def test_there_is_no_surplus_below_zero() -> None:
    """With a thousand billion ballots the rounding of e, whose ballots come from d already rounded, takes it below the quota."""
    groups = {"cae": 1_952_156_149, "e": 10**9, "dea": 10**12, "deb": 10**12}
    profile = RankedProfile({tuple((option,) for option in ballot): number for ballot, number in groups.items()})
    third = stages(count(profile, "abcde", seats=3, rule=MEEK))[2]
    quota = Fraction(third.extra["quota"])
    assert third.tallies["d"] - quota == 218 - Fraction(1, 10**9)
    assert third.tallies["e"] - quota == -803 - Fraction(1, 10**9)
    assert (third.extra["surplus"], third.excluded) == ("0.000000000", ("c",))


def test_a_surplus_that_rounding_keeps_from_shrinking_is_left_where_it_is() -> None:
    """12 of 20 million for a, whose keep is 5/9 rounded up: so many roundings hold 0.005 votes above the quota, more than ω."""
    million = 10**6
    votes = {"ab": 7 * million, "ac": 5 * million, "b": 2 * million, "c": 3 * million, "d": 3 * million}
    profile = RankedProfile({tuple((option,) for option in ballot): number for ballot, number in votes.items()})
    outcome = count(profile, "abcde", seats=2, rule=MEEK)
    second, third = stages(outcome)[1:3]
    assert second.record()["tallies"]["a"] == "6666666.672000000"
    assert (second.excluded, second.extra["surplus"], second.extra["iterations"]) == (("e",), "0.005333333", 3)
    assert third.extra["surplus"] == second.extra["surplus"]  # nobody had ranked e
    assert (third.excluded, third.extra["iterations"]) == (("d",), 2)


@pytest.mark.parametrize(("times", "surplus", "iterations"), [(187, "0.000000997", 2), (188, "0.000001002", 3)])
def test_a_surplus_below_a_millionth_is_none(times: int, surplus: str, iterations: int) -> None:
    votes = {"ab": 7, "ac": 5, "b": 2, "c": 3, "d": 3}
    profile = RankedProfile({tuple((option,) for option in ballot): number * times for ballot, number in votes.items()})
    second = stages(count(profile, "abcd", seats=2, rule=MEEK))[1]
    assert (second.extra["surplus"], second.extra["iterations"]) == (surplus, iterations)


def test_ties_are_not_looked_back_on() -> None:
    """When a is out b and c stand at 3; before, b had 2, which here does not matter."""
    outcome = count(ranked([("ab", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]), "abcde", lots="bacde", seats=2, rule=MEEK)
    assert stages(outcome)[0].excluded == ("a",)
    assert stages(outcome)[1].ties[0].record() == {
        "for": "exclude", "tied": ["b", "c"], "chosen": ["c"], "lot": True, "lookback": [],
    }  # fmt: skip


def test_equals_are_elected_in_the_order_of_their_lots() -> None:
    outcome = count(ranked([("a", 3), ("b", 3), ("c", 1)]), "abc", lots="bac", seats=2, rule=MEEK)
    (only,) = stages(outcome)
    assert only.elected == outcome.winners == ("b", "a")
    assert [tie.record() for tie in only.ties] == [
        {"for": "elect", "tied": ["a", "b"], "chosen": ["b"], "lot": True, "lookback": []}
    ]
    assert outcome.why["c"].code == "seats_filled"
    assert outcome.why["c"].numbers == {
        "round": 1, "votes": "1.000000000", "quota": "2.333333334", "votes_short": "1.333333334",
    }  # fmt: skip


def test_all_are_elected_at_once_when_there_are_no_more_than_seats() -> None:
    outcome = count(ranked([("a", 1), ("b", 5), ("", 2)]), "abcw", lots="wcba", seats=3, withdrawn=["w"], rule=MEEK)
    (only,) = stages(outcome)
    assert (only.elected, only.extra["quota"], only.extra["iterations"]) == (("b", "a", "c"), "1.500000001", 1)
    assert [why.code for why in outcome.why.values()] == ["last_standing", "quota", "last_standing", "withdrawn"]


def test_without_a_valid_ballot_nobody_is_elected() -> None:
    outcome = count(ranked([("", 2), ("(ab)", 1)]), "ab", rule=MEEK)
    assert (outcome.winners, outcome.rounds, dict(outcome.extra)) == ((), (), {})
    assert outcome.record()["input"] == {"ballots": 3, "blank": 2, "valid": 0, "rejected": {"overvote": 1}}
    assert {why.code for why in outcome.why.values()} == {"no_valid_ballot"}


def test_below_the_quorum_nobody_is_elected() -> None:
    outcome = count(ranked([("a", 3), ("b", 1)]), "ab", quorum=5, rule=MEEK)
    assert (outcome.winners, len(outcome.rounds)) == ((), 1)


@pytest.mark.parametrize(("key", "value"), [("overvote", "exhaust_if_multiple_continuing"), ("seats", 0), ("decimals", 5)])
def test_it_refuses_options_that_mean_nothing(key: str, value: object) -> None:
    with pytest.raises(rules.OptionsError) as error:
        rules.full_options(MEEK, **{key: value})
    assert error.value.key == key


# ------------------------------------------------------------------------------------------------------------ laws


@given(polls(rule=MEEK))
def test_no_vote_is_lost_or_made(poll: Poll) -> None:
    outcome = count_poll(poll, rule=MEEK)
    out = outcome.blank + sum(outcome.rejected.values())
    for this in stages(outcome):
        assert out + sum(this.tallies.values()) + this.exhausted["unspent"] == outcome.ballots
        assert all(votes >= 0 for votes in this.tallies.values())
        assert all(0 < Fraction(keep) <= 1 for keep in this.extra["keep"].values())
    canonical_bytes(result(outcome, poll="p", ballots_sha256="0" * 64, seed="0" * 64))


@given(polls(rule=MEEK))
def test_as_many_are_elected_as_there_are_seats_and_only_the_last_below_the_quota(poll: Poll) -> None:
    outcome = count_poll(poll, rule=MEEK)
    standing = len(poll[0]) - len(poll[3]["withdrawn"])
    assert len(set(outcome.winners)) == len(outcome.winners) == (min(poll[3]["seats"], standing) if outcome.valid else 0)
    for number, this in enumerate(stages(outcome), start=1):
        for option in this.elected:
            assert this.tallies[option] >= Fraction(this.extra["quota"]) or number == len(outcome.rounds)


@given(polls(rule=MEEK), st.randoms(use_true_random=False))
def test_neither_the_order_of_ballots_nor_the_names_of_options_matter(poll: Poll, chance: random.Random) -> None:
    same_under_other_names(poll, chance, MEEK)


@settings(max_examples=200)
@given(coalitions())
def test_a_solid_coalition_gets_a_seat_for_every_droop_quota(poll: Poll) -> None:
    enough = Fraction(len(poll[1]), poll[3]["seats"] + 1) + Fraction(1, 1000)
    assert_coalitions_get_their_seats(poll, count_poll(poll, rule=MEEK), enough)


@given(polls(rule=MEEK, marked=False))
def test_the_tallies_are_what_each_ballot_on_its_own_gives(poll: Poll) -> None:
    """The count merges ballots that go the same way; here every ballot goes alone, with the published keep factors."""
    candidates, ballots, lots, chosen = poll
    outcome = count_poll((candidates, ballots, lots, {**chosen, "withdrawn": []}), rule=MEEK)
    for this in stages(outcome):
        keep = {option: int(Fraction(text) * 10**9) for option, text in this.extra["keep"].items()}
        totals: dict[Any, int] = dict.fromkeys(keep, 0)
        for ballot in ballots:
            weight = 10**9
            for (option,) in ballot:
                given_ = -(-weight * keep.get(option, 0) // 10**9)
                weight -= given_
                if given_:
                    totals[option] += given_
        assert {option: Fraction(units, 10**9) for option, units in totals.items()} == this.tallies


# ---------------------------------------------------------------------------------------------------------- oracle


def test_pref_voting_elects_the_same() -> None:
    methods = pytest.importorskip(
        "pref_voting.proportional_methods", reason="pref_voting is not installed: pip install the group `oracles`."
    )
    oracle_agrees(MEEK, methods.stv_meek, elections=15)  # it is slow: 300 take two minutes, and agree
