"""stv-scottish-v1: stages worked by hand, the laws of every count, and pref_voting as an oracle."""

import gc
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting import rules
from counting.outcome import canonical_bytes, result
from counting.stv import uncollected
from tests.counting.stv_polls import (
    SCOTTISH,
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
    tallies,
)

# 11 ballots for 2 seats, so the quota is 4; the surplus of a is 3/7 of its ballots, which no decimals can hold
ELEVEN = [("ab", 4), ("ac", 2), ("a", 1), ("b", 2), ("c", 2)]


# ------------------------------------------------------------------------------------------------ worked by hand


def test_it_shares_a_surplus_among_all_ballots_and_says_what_was_lost() -> None:
    outcome = count(ranked(ELEVEN), "abc", seats=2)
    assert outcome.record()["rounds"] == [
        {
            "tallies": {"a": "7.00000", "b": "2.00000", "c": "2.00000"},
            "elected": ["a"],
            "excluded": [],
            "transfers": {
                "a": {"to": {"b": "1.71428", "c": "0.85714"}, "exhausted": {"choices": "0.42857", "rounding": "0.00001"}}
            },
            "exhausted": dict.fromkeys(["overvote", "skipped", "duplicate", "choices", "rounding"], "0.00000"),
            "ties": [],
            "surplus": "a",
        },
        {
            "tallies": {"a": "4.00000", "b": "3.71428", "c": "2.85714"},
            "elected": [],
            "excluded": ["c"],
            "transfers": {"c": {"to": {}, "exhausted": {"choices": "2.85714"}}},
            "exhausted": {
                "overvote": "0.00000", "skipped": "0.00000", "duplicate": "0.00000", "choices": "0.42857", "rounding": "0.00001",
            },
            "ties": [],
            "surplus": None,
        },
        {
            "tallies": {"a": "4.00000", "b": "3.71428"},
            "elected": ["b"],
            "excluded": [],
            "transfers": {},
            "exhausted": {
                "overvote": "0.00000", "skipped": "0.00000", "duplicate": "0.00000", "choices": "3.28571", "rounding": "0.00001",
            },
            "ties": [],
            "surplus": None,
        },
    ]  # fmt: skip
    assert outcome.record()["quota"] == "4.00000"
    assert outcome.winners == ("a", "b")
    assert not outcome.lots_used


def test_it_says_why() -> None:
    why = count(ranked([*ELEVEN, ("", 2)]), "abcw", seats=2, withdrawn=["w"]).why
    assert (why["a"].won, why["a"].code) == (True, "quota")
    assert why["a"].numbers == {"round": 1, "votes": "7.00000", "quota": "4.00000"}
    assert (why["b"].won, why["b"].code) == (True, "last_standing")
    assert why["b"].numbers == {"round": 3, "votes": "3.71428", "quota": "4.00000"}
    assert (why["c"].won, why["c"].code) == (False, "excluded")
    assert why["c"].numbers == {
        "round": 2, "votes": "2.85714", "next": "b", "next_votes": "3.71428", "votes_short": "0.85714", "lot": False,
        "moved_to": None, "moved": "0.00000",
    }  # fmt: skip
    assert (why["w"].won, why["w"].code, why["w"].numbers) == (False, "withdrawn", {})


def test_it_says_where_the_votes_of_an_excluded_option_went_and_who_was_left_over() -> None:
    why = count(ranked([("a", 6), ("b", 4), ("cb", 2), ("ca", 1), ("d", 4)]), "abcd", seats=2).why
    assert why["c"].numbers == {
        "round": 1, "votes": "3.00000", "next": "b", "next_votes": "4.00000", "votes_short": "1.00000", "lot": False,
        "moved_to": "b", "moved": "2.00000",
    }  # fmt: skip
    assert why["d"].code == "seats_filled"
    assert why["d"].numbers == {"round": 2, "votes": "4.00000", "quota": "6.00000", "votes_short": "2.00000"}


def test_it_says_who_got_most_of_what_an_excluded_option_had() -> None:
    why = count(ranked([("a", 10), ("b", 8), ("c", 7), ("db", 3), ("dc", 1)]), "abcd").why
    assert (why["d"].numbers["moved_to"], why["d"].numbers["moved"]) == ("b", "3.00000")


def test_it_says_whether_the_lot_excluded_somebody() -> None:
    why = count(ranked([("a", 5), ("d", 4), ("b", 1), ("c", 1)]), "abcd").why
    assert (why["c"].code, why["c"].numbers["round"], why["c"].numbers["lot"]) == ("excluded", 1, True)


def test_a_lot_that_ordered_the_elected_excluded_nobody() -> None:
    """15 ballots for 3 seats: the quota is 4. a and b have just that, and d is alone at the bottom of the same stage."""
    outcome = count(ranked([("a", 4), ("b", 4), ("c", 3), ("d", 1), ("e", 3)]), "abcde", seats=3)
    first = stages(outcome)[0]
    assert (first.elected, first.lots_used, first.excluded) == (("a", "b"), True, ("d",))
    assert outcome.why["d"].numbers["lot"] is False


def test_a_count_leaves_the_collection_of_garbage_as_it_was() -> None:
    try:
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled()
        gc.disable()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("decimals", "b", "c", "choices", "rounding"),
    [
        (5, "3.71428", "2.85714", "0.42857", "0.00001"),
        (4, "3.7140", "2.8570", "0.4285", "0.0005"),
        ("exact", "26/7", "20/7", "3/7", "0"),
    ],
)
def test_decimals_say_how_much_rounding_loses(decimals: Any, b: str, c: str, choices: str, rounding: str) -> None:
    second = stages(count(ranked(ELEVEN), "abc", seats=2, decimals=decimals))[1].record()
    assert (second["tallies"]["b"], second["tallies"]["c"]) == (b, c)
    assert (second["exhausted"]["choices"], second["exhausted"]["rounding"]) == (choices, rounding)


@pytest.mark.parametrize(
    ("quota", "decimals", "seats", "expected"),
    [
        ("droop_int", 5, 2, "4.00000"),  # 11/3 = 3.67, the next whole number
        ("droop_int", "exact", 10, "2"),  # 11/11 = 1 exactly: still the next one
        ("hare_int", 5, 2, "5.00000"),  # 11/2 rounded down
        ("hare_int", 4, 20, "1.0000"),  # never below 1
        ("nb_exact", 5, 2, "3.66667"),
        ("nb_exact", 4, 2, "3.6667"),
        ("nb_exact", "exact", 2, "11/3"),
        ("nb_exact", 5, 10, "1.00000"),
    ],
)
def test_quota_says_how_many_votes_elect(quota: str, decimals: Any, seats: int, expected: str) -> None:
    assert count(ranked(ELEVEN), "abc", seats=seats, quota=quota, decimals=decimals).extra["quota"] == expected


def test_a_smaller_quota_passes_more_on() -> None:
    outcome = count(ranked(ELEVEN), "abc", seats=2, quota="nb_exact")
    assert tallies(outcome)[1] == {"a": "3.66667", "b": "3.90476", "c": "2.95238"}  # 333333 × 1 // 7 = 47619 units each
    assert [this.elected for this in stages(outcome)] == [("a",), ("b",)]


def test_it_ends_a_tie_for_exclusion_by_looking_back() -> None:
    """droop's weak-defeat.blt: when a is out, b and c stand at 3; before, b had 2."""
    outcome = count(ranked([("ab", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]), "abcde", lots="abdec", seats=2)
    assert [this.excluded for this in stages(outcome)] == [("a",), ("b",), ("c",), ()]
    (tie,) = stages(outcome)[1].ties
    assert tie.record() == {
        "for": "exclude", "tied": ["b", "c"], "chosen": ["b"], "lot": False, "lookback": [{"round": 1, "left": ["b"]}],
    }  # fmt: skip
    assert outcome.winners == ("e", "d")  # in one round, the larger tally first


def test_it_looks_back_round_by_round_the_nearest_first() -> None:
    """Three stand at 16. A round before b and c had less than d, and before that b less than c; that d began lowest is past."""
    groups = [("b", 14), ("c", 15), ("d", 13), ("e", 20), ("xb", 1), ("xd", 3), ("yb", 1), ("yc", 1), ("y", 3)]
    outcome = count(ranked(groups), "bcdexy", lots="bcdexy", seats=1)
    third = stages(outcome)[2]
    assert third.record()["tallies"] == {"b": "16.00000", "c": "16.00000", "d": "16.00000", "e": "20.00000"}
    assert [tie.record() for tie in third.ties] == [
        {
            "for": "exclude", "tied": ["b", "c", "d"], "chosen": ["b"], "lot": False,
            "lookback": [{"round": 2, "left": ["b", "c"]}, {"round": 1, "left": ["b"]}],
        }
    ]  # fmt: skip


def test_it_passes_on_who_reaches_exactly_the_quota_without_a_surplus() -> None:
    """droop's weak-surplus.blt: b has the quota from the start and c after the surplus of a; neither has anything to pass on."""
    groups = [("ac", 10), ("b", 8), ("c", 6), ("d", 5), ("ed", 3), ("fd", 3)]
    outcome = count(ranked(groups), "abcdef", lots="abcdef", seats=4)
    assert outcome.extra["quota"] == "8.00000"
    assert [(this.elected, this.extra["surplus"], this.excluded) for this in stages(outcome)] == [
        (("a", "b"), "a", ()), (("c",), None, ("f",)), (("d",), None, ()),
    ]  # fmt: skip
    assert stages(outcome)[1].ties[0].record() == {
        "for": "exclude", "tied": ["e", "f"], "chosen": ["f"], "lot": True, "lookback": [],
    }  # fmt: skip
    assert outcome.lots_used


def test_equal_surpluses_go_by_the_earlier_tally() -> None:
    groups = [("xa", 4), ("xb", 6), ("ac", 4), ("b", 3), ("c", 3), ("d", 2)]
    outcome = count(ranked(groups), "abcdx", lots="bacdx", seats=4)
    second = stages(outcome)[1]  # x passed on 5 of 10: a has 4 + 2, b has 3 + 3
    assert second.record()["tallies"] == {"a": "6.00000", "b": "6.00000", "c": "3.00000", "d": "2.00000", "x": "5.00000"}
    assert second.elected == ("a", "b")
    assert [tie.record() for tie in second.ties] == [
        {"for": purpose, "tied": ["a", "b"], "chosen": ["a"], "lot": False, "lookback": [{"round": 1, "left": ["a"]}]}
        for purpose in ("elect", "surplus")
    ]
    # four ballots at 1 and four at 1/2 carry a sixth of their value: 0.16666 and 0.08333
    assert second.record()["transfers"] == {
        "a": {"to": {"c": "0.66664"}, "exhausted": {"choices": "0.33332", "rounding": "0.00004"}}
    }


def test_equal_surpluses_without_a_past_go_by_lot() -> None:
    outcome = count(ranked([("a", 4), ("bc", 4), ("c", 1)]), "abc", lots="bac", seats=3)
    assert outcome.winners == ("b", "a", "c")
    outcome = count(ranked([("a", 4), ("bc", 4), ("c", 1), ("d", 2)]), "abcd", lots="bacd", seats=3)
    first = stages(outcome)[0]
    assert (first.elected, first.extra["surplus"]) == (("b", "a"), "b")
    assert [(tie.purpose, tie.chosen, tie.lot) for tie in first.ties] == [("elect", ("b",), True), ("surplus", ("b",), True)]


def test_the_lots_decide_place_by_place_when_more_reach_the_quota_than_there_are_seats() -> None:
    outcome = count(ranked([(option, 1) for option in "abcde"]), "abcde", lots="dbeac", seats=3, quota="hare_int")
    assert outcome.winners == ("d", "b", "e")
    (only,) = stages(outcome)
    assert [(tie.tied, tie.chosen) for tie in only.ties] == [
        (tuple("abcde"), ("d",)), (tuple("abce"), ("b",)), (tuple("ace"), ("e",)),
    ]  # fmt: skip
    assert outcome.why["a"].numbers == {"round": 1, "votes": "1.00000", "quota": "1.00000", "votes_short": "0.00000"}


def test_the_last_exclusion_passes_its_ballots_on_and_may_so_reach_the_quota() -> None:
    outcome = count(ranked([("a", 3), ("ba", 2)]), "ab", seats=1)
    assert outcome.winners == ("a",)
    outcome = count(ranked([("a", 4), ("b", 4), ("ca", 2)]), "abc", seats=2, quota="hare_int")
    assert tallies(outcome)[-1] == {"a": "6.00000", "b": "4.00000"}
    assert stages(outcome)[-1].elected == ("a", "b")
    assert (outcome.why["a"].code, outcome.why["b"].code) == ("quota", "last_standing")


def test_a_shared_rank_is_judged_when_the_ballot_reaches_it() -> None:
    groups = [("a", 5), ("b", 2), ("c(ab)d", 1), ("d", 2)]
    out = "exhaust_if_multiple_continuing"
    outcome = count(ranked(groups), "abcd", seats=2, overvote=out)
    # a was elected and does not continue: the ballot counts for b
    assert stages(outcome)[1].record()["transfers"] == {"c": {"to": {"b": "1.00000"}, "exhausted": {}}}
    outcome = count(ranked([("a", 3), ("d", 1), *groups[1:]]), "abcd", seats=2, overvote=out)
    assert stages(outcome)[0].record()["transfers"] == {"c": {"to": {}, "exhausted": {"overvote": "1.00000"}}}
    outcome = count(ranked([("a", 3), ("d", 1), *groups[1:]]), "abcd", seats=2, overvote="skip")
    assert stages(outcome)[0].record()["transfers"] == {"c": {"to": {"d": "1.00000"}, "exhausted": {}}}


def test_ballots_that_count_for_nobody_are_rejected_and_lower_the_quota() -> None:
    groups = [("a", 3), ("b", 2), ("(ab)", 4), ("--a", 2), ("", 5)]
    outcome = count(ranked(groups), "ab", seats=1, max_skipped=1)
    assert outcome.record()["input"] == {"ballots": 16, "blank": 5, "valid": 5, "rejected": {"overvote": 4, "skipped": 2}}
    assert outcome.extra["quota"] == "3.00000"
    assert stages(outcome)[0].record()["exhausted"] == {
        "overvote": "4.00000", "skipped": "2.00000", "duplicate": "0.00000", "choices": "0.00000", "rounding": "0.00000",
    }  # fmt: skip


def test_a_second_mark_for_one_option_is_passed_over_or_ends_the_ballot() -> None:
    groups = [("ab", 2), ("c", 4), ("bab", 1), ("aab", 3), ("d", 6)]
    assert tallies(count(ranked(groups), "abcd", seats=2, duplicate="skip"))[1] == {
        "a": "6.00000",
        "c": "4.00000",
        "d": "6.00000",
    }
    outcome = count(ranked([("aab", 2), ("b", 3), ("c", 4)]), "abc", seats=2, duplicate="exhaust")
    assert stages(outcome)[0].record()["transfers"] == {"a": {"to": {}, "exhausted": {"duplicate": "2.00000"}}}


def test_a_withdrawn_option_gets_nothing() -> None:
    outcome = count(ranked([("wa", 3), ("b", 2), ("w", 1)]), "abw", seats=1, withdrawn=["w"])
    assert tallies(outcome) == [{"a": "3.00000", "b": "2.00000"}]
    assert (outcome.winners, outcome.rejected) == (("a",), {"choices": 1})


def test_all_are_elected_at_once_when_there_are_no_more_than_seats() -> None:
    outcome = count(ranked([("a", 1), ("b", 5)]), "abc", lots="cba", seats=4)
    assert [(this.elected, this.extra["surplus"]) for this in stages(outcome)] == [(("b", "a", "c"), None)]
    assert [why.code for why in outcome.why.values()] == ["last_standing", "quota", "last_standing"]


@pytest.mark.parametrize(
    ("chosen", "quota"),
    [({}, "1.00000"), ({"quota": "hare_int", "decimals": 4}, "1.0000"), ({"quota": "nb_exact"}, "0.00000"),
     ({"quota": "nb_exact", "decimals": "exact"}, "0")],
)  # fmt: skip
def test_without_a_valid_ballot_nobody_is_elected(chosen: dict[str, Any], quota: str) -> None:
    outcome = count(ranked([("", 2), ("(ab)", 1), ("w", 1)]), "abw", withdrawn=["w"], **chosen)
    assert (outcome.winners, outcome.rounds, outcome.extra) == ((), (), {"quota": quota})
    assert [why.code for why in outcome.why.values()] == ["no_valid_ballot", "no_valid_ballot", "withdrawn"]


def test_below_the_quorum_the_count_is_shown_and_nobody_is_elected() -> None:
    outcome = count(ranked(ELEVEN), "abc", seats=2, quorum=12)
    assert (outcome.winners, len(outcome.rounds)) == ((), 3)
    assert {why.code for why in outcome.why.values()} == {"no_quorum"}
    assert count(ranked([*ELEVEN, ("", 1)]), "abc", seats=2, quorum=12).winners == ("a", "b")


STRANGE = [
    ("seats", 0), ("quota", "hare"), ("decimals", 3), ("decimals", "5"), ("overvote", "ignore"), ("max_skipped", -1),
    ("duplicate", None), ("withdrawn", "a"), ("quorum", -1), ("batch", True),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), STRANGE)
def test_it_refuses_options_that_mean_nothing(key: str, value: object) -> None:
    with pytest.raises(rules.OptionsError) as error:
        rules.full_options(SCOTTISH, **{key: value})
    assert error.value.key == key


# ------------------------------------------------------------------------------------------------------------ laws


@given(polls())
def test_no_vote_is_lost_or_made(poll: Poll) -> None:
    outcome = count_poll(poll)
    for this in stages(outcome):
        assert outcome.blank + sum(this.tallies.values()) + sum(this.exhausted.values()) == outcome.ballots
    for this, after in zip(stages(outcome), stages(outcome)[1:], strict=False):
        ((source, moved),) = this.transfers.items()
        gone = sum(moved.to.values()) + sum(moved.exhausted.values())
        assert all(moved.to.values()) and all(moved.exhausted.values())
        assert gone == this.tallies[source] - (after.tallies[source] if this.extra["surplus"] else 0)
        for option, votes in after.tallies.items():
            assert option == source or votes == this.tallies[option] + moved.to.get(option, 0)
        for reason, votes in after.exhausted.items():
            assert votes == this.exhausted[reason] + moved.exhausted.get(reason, 0)


@given(polls())
def test_as_many_are_elected_as_there_are_seats_and_only_the_last_below_the_quota(poll: Poll) -> None:
    outcome = count_poll(poll)
    standing = len(poll[0]) - len(poll[3]["withdrawn"])
    expected = min(poll[3]["seats"], standing) if outcome.valid else 0
    assert len(set(outcome.winners)) == len(outcome.winners) == expected
    quota = Fraction(outcome.extra["quota"])
    for number, this in enumerate(stages(outcome), start=1):
        for option in this.elected:
            assert outcome.why[option].code == ("quota" if this.tallies[option] >= quota else "last_standing")
            if this.tallies[option] < quota:
                assert number == len(outcome.rounds)
                left = set(this.tallies) - {other for earlier in stages(outcome)[: number - 1] for other in earlier.elected}
                assert left <= set(this.elected)
    assert [option for option, why in outcome.why.items() if why.won] == [o for o in poll[0] if o in outcome.winners]


@given(polls(), st.randoms(use_true_random=False))
def test_neither_the_order_of_ballots_nor_the_names_of_options_matter(poll: Poll, chance: random.Random) -> None:
    same_under_other_names(poll, chance, SCOTTISH)


@given(polls())
def test_every_record_is_written_with_the_decimals_of_the_rule(poll: Poll) -> None:
    outcome = count_poll(poll)
    canonical_bytes(result(outcome, poll="p", ballots_sha256="0" * 64, seed="0" * 64))
    decimals = poll[3]["decimals"]
    for this in stages(outcome):
        texts = [*this.record()["tallies"].values(), *this.record()["exhausted"].values(), outcome.extra["quota"]]
        assert all(text.partition(".")[2].isdigit() and len(text.partition(".")[2]) == decimals for text in texts) or (
            decimals == "exact" and not any("." in text for text in texts)
        )


@given(polls(marked=False))
def test_with_one_seat_a_majority_of_first_preferences_is_enough(poll: Poll) -> None:
    candidates, ballots, lots, chosen = poll
    outcome = count_poll((candidates, ballots, lots, {**chosen, "seats": 1, "quota": "droop_int", "withdrawn": []}))
    for option in candidates:
        if 2 * sum(1 for ballot in ballots if ballot and list(ballot[0]) == [option]) > outcome.valid:
            assert outcome.winners == (option,)
            assert len(outcome.rounds) == 1


@settings(max_examples=200)
@given(coalitions(), st.sampled_from(["droop_int", "nb_exact"]))
def test_a_solid_coalition_gets_a_seat_for_every_droop_quota(poll: Poll, quota: str) -> None:
    outcome = count_poll((*poll[:3], {**poll[3], "quota": quota, "decimals": "exact"}))
    droop = Fraction(len(poll[1]), poll[3]["seats"] + 1)
    # more than V/(seats + 1) is a Droop quota; with the whole-number quota it is as many as that
    enough = Fraction(outcome.extra["quota"]) if quota == "droop_int" else droop + Fraction(1, 1000)
    assert_coalitions_get_their_seats(poll, outcome, enough)


# ---------------------------------------------------------------------------------------------------------- oracle


def test_pref_voting_elects_the_same() -> None:
    methods = pytest.importorskip(
        "pref_voting.proportional_methods", reason="pref_voting is not installed: pip install the group `oracles`."
    )
    oracle_agrees(SCOTTISH, methods.stv_scottish, elections=300)
