"""Approval voting: limits, seats, majorities; worked examples, an independent library, and laws."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, Round, canonical_bytes, result
from counting.profile import ApprovalProfile, ProfileError

RULE = "approval-v1"


def count(cast: Any, candidates: str, tie_order: Sequence[str] | None = None, **chosen: Any) -> Outcome:
    """`cast`: lists of approved ids, or `"3 ab, 1 c"`."""
    if isinstance(cast, str):
        cast = [ids for number, ids in (group.split(" ") for group in cast.split(", ")) for _ in range(int(number))]
    options = rules.full_options(RULE, **chosen)
    profile, order = ApprovalProfile.of(cast), list(tie_order or candidates)
    return rules.count(RULE, profile, dict.fromkeys(candidates, 0), budget=0, tie_order=order, options=options)


def told(outcome: Outcome, option: str) -> dict[str, Any]:
    why = outcome.why[option]
    return {"won": why.won, "code": why.code, **why.numbers}


def test_the_most_approved_win_in_order() -> None:
    outcome = count("3 ab, 2 bc, 1 c, 1 ", "abc", seats=2)
    assert outcome.record()["rounds"] == [
        {
            "tallies": {"a": "3", "b": "5", "c": "3"}, "elected": ["b", "a"], "excluded": [], "transfers": {}, "exhausted": {},
            "ties": [{"for": "elect", "tied": ["a", "c"], "chosen": ["a"], "lot": True, "lookback": []}],
        }
    ]  # fmt: skip
    assert (outcome.winners, outcome.lots_used, outcome.ballots, outcome.blank) == (("b", "a"), True, 7, 1)
    assert told(outcome, "b") == {"won": True, "code": "most_votes", "place": 1, "votes": 5, "seats": 2, "lot": False}
    assert told(outcome, "a") == {"won": True, "code": "most_votes", "place": 2, "votes": 3, "seats": 2, "lot": True}
    assert told(outcome, "c") == {
        "won": False, "code": "fewer_votes", "place": 3, "votes": 3, "seats": 2, "lot": True,
        "last": "a", "last_votes": 3, "votes_short": 1,
    }  # fmt: skip
    assert count("3 ab, 2 bc, 1 c", "abc", "cba", seats=2).winners == ("b", "c")


def test_an_option_without_any_approval_can_take_a_seat_that_is_left() -> None:
    assert count("1 a", "abc", "cab", seats=2).winners == ("a", "c")
    assert count("1 a", "ab", seats=5).winners == ("a", "b")


def test_votes_short_counts_on_the_lot() -> None:
    # a 4, b 2, c 2. Lots c, a, b: c is elected with as many as a, b needs one more than a.
    outcome = count("4 a, 2 bc", "abc", "cab")
    assert (told(outcome, "c")["votes_short"], told(outcome, "b")["votes_short"]) == (2, 3)


def test_ballots_outside_the_limits_are_rejected_whole_and_blank_ones_never() -> None:
    outcome = count("2 a, 3 ab, 4 abc, 1 ", "abc", min=2, max=2)
    assert (outcome.valid, outcome.blank, outcome.rejected) == (3, 1, {"too_few": 2, "too_many": 4})
    assert outcome.record()["rounds"][0]["tallies"] == {"a": "3", "b": "3", "c": "0"}
    assert count("1 a", "abc", min=2).record()["input"] == {"ballots": 1, "blank": 0, "valid": 0, "rejected": {"too_few": 1}}
    assert count("2 ab", "abc", min=2, max=2).rejected == {}


@pytest.mark.parametrize("cast", [[], [[]], [["a"]]])
def test_without_a_valid_ballot_nobody_is_elected(cast: list[list[str]]) -> None:
    outcome = count(cast, "ab", min=2, majority=">1/2")
    assert (outcome.winners, outcome.rounds, outcome.lots_used) == ((), (), False)
    assert [why.code for why in outcome.why.values()] == ["no_valid_ballot"] * 2


@pytest.mark.parametrize(
    ("majority", "winners"),
    [
        (None, ("a", "b")), (">1/2", ("a",)), (">=1/2", ("a", "b")), (">2/4", ("a",)), (">=3/5", ("a",)),
        (">3/5", ()), (">=1/1", ()), (">1/1000", ("a", "b")),
    ],
)  # fmt: skip
def test_a_majority_is_of_the_valid_ballots(majority: str | None, winners: tuple[str, ...]) -> None:
    # Ten valid ballots, two blank ones, and three with too many approvals.
    outcome = count("5 a, 1 ab, 3 b, 1 bc, 2 , 3 abc", "abcd", seats=2, max=2, majority=majority)
    assert outcome.valid == 10
    assert outcome.record()["rounds"][0]["tallies"] == {"a": "6", "b": "5", "c": "1", "d": "0"}
    assert outcome.winners == winners
    assert outcome.record()["rounds"][0]["elected"] == list(winners)


def test_whoever_misses_the_majority_is_told_by_how_much() -> None:
    outcome = count("5 a, 4 b, 1 c", "abc", majority=">1/2")
    assert outcome.winners == ()
    assert told(outcome, "a") == {"won": False, "code": "no_majority", "votes": 5, "needed": 6, "valid": 10, "votes_short": 1}
    assert told(outcome, "b") == {"won": False, "code": "no_majority", "votes": 4, "needed": 6, "valid": 10, "votes_short": 2}
    assert count("5 a, 4 b, 1 c", "abc", majority=">=1/2").winners == ("a",)


def test_when_the_last_of_the_seated_has_no_majority_it_is_what_the_others_miss() -> None:
    outcome = count([["a", "b"], ["a", "b"], ["a", "c"], [], ["d"], ["d"]], "abcd", seats=3, majority=">1/2")
    assert outcome.winners == ("a",)  # 5 valid ballots: 3 needed
    assert told(outcome, "c") == {"won": False, "code": "no_majority", "votes": 1, "needed": 3, "valid": 5, "votes_short": 2}


def test_whoever_misses_the_seat_is_told_of_the_last_elected_and_of_the_larger_lack() -> None:
    outcome = count("6 a, 4 b", "abc", majority=">=9/10", seats=1)
    assert told(outcome, "a")["code"] == "no_majority"
    outcome = count("6 a, 1 ab, 3 b", "ab", majority=">=1/2")
    assert told(outcome, "b") == {
        "won": False, "code": "fewer_votes", "place": 2, "votes": 4, "seats": 1, "lot": False,
        "last": "a", "last_votes": 7, "votes_short": 4,
    }  # fmt: skip
    # b has the majority, and loses by lot.
    outcome = count("2 ab", "ab", majority=">1/2")
    assert (told(outcome, "b")["code"], told(outcome, "b")["lot"], told(outcome, "b")["votes_short"]) == ("fewer_votes", True, 1)


def test_ties_stay_as_they_are_when_the_majority_is_missed() -> None:
    outcome = count("1 a, 1 b", "ab", majority=">1/2")
    assert outcome.record()["rounds"][0]["ties"][0]["chosen"] == ["a"]
    assert outcome.record()["rounds"][0]["elected"] == [] and outcome.lots_used


def test_below_the_quorum_the_count_is_shown_and_nobody_elected() -> None:
    outcome = count("2 a", "ab", quorum=3)
    assert outcome.winners == () and outcome.record()["rounds"][0]["elected"] == ["a"]
    assert told(outcome, "b") == {"won": False, "code": "no_quorum", "ballots": 2, "quorum": 3}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"seats": 0}, "seats"), ({"min": -1}, "min"), ({"max": 0}, "max"), ({"min": 3, "max": 2}, "max"), ({"max": 1.0}, "max"),
        *(
            ({"majority": text}, "majority")
            for text in (">1/1", ">=2/1", "1/2", ">0/2", ">1/0", "> 1/2", ">1/2\n", "=1/2", ">½", ">1", ">-1/2", True, 2)
        ),
    ],
)  # fmt: skip
def test_it_names_the_option_that_cannot_be(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options(RULE, **changes)
    assert refused.value.key == key


def test_an_unknown_option_or_lots_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ProfileError, match="'z'"):
        count("1 abz", "ab", max=1)  # also on a ballot that would be rejected
    with pytest.raises(ValueError, match="tie_order"):
        count("1 a", "ab", "a")


# An independent library and laws.

polls = st.integers(1, 4).flatmap(
    lambda size: st.tuples(st.lists(st.sets(st.sampled_from("abcd"[:size])).map(sorted), max_size=12), st.just("abcd"[:size]))
)
Poll = tuple[list[list[str]], str]


@settings(deadline=None)
@given(polls)
def test_pref_voting_approves_of_the_same(poll: Poll) -> None:
    library = pytest.importorskip(
        "pref_voting.grade_profiles", reason="pref_voting is not installed: pip install the group `oracles`."
    )
    from pref_voting.grade_methods import approval

    cast, names = poll
    outcome = count(cast, names)
    if not outcome.valid:
        return  # they elect everybody then, we nobody
    theirs = library.GradeProfile([{names.index(o): 1 for o in ballot} for ballot in cast], [0, 1], candidates=range(len(names)))
    best = {count(cast, names, order).winners[0] for order in permutations(names)}
    assert best == {names[i] for i in approval(theirs)}  # all of the tied, which the lots decide among here


@settings(deadline=None)
@given(
    polls, st.integers(1, 5), st.integers(0, 2), st.none() | st.integers(2, 3), st.sampled_from([None, ">1/2", ">=1/3", ">=1/1"])
)
def test_a_tie_order_decides_every_tie_and_every_ballot_is_accounted_for(
    poll: Poll, seats: int, least: int, most: int | None, majority: str | None
) -> None:
    cast, names = poll
    kept = [ballot for ballot in cast if ballot and least <= len(ballot) <= (most or 9)]
    votes = {o: sum(o in ballot for ballot in kept) for o in names}
    for order in permutations(names):
        outcome = count(cast, names, order, seats=seats, min=least, max=most, majority=majority)
        assert outcome.valid == len(kept) and outcome.blank == cast.count([])
        assert outcome.ballots == len(cast) == outcome.blank + outcome.valid + sum(outcome.rejected.values())
        ranked = sorted(names, key=lambda o: (-votes[o], order.index(o)))[:seats] if kept else []
        if majority is not None:
            share = Fraction(majority.lstrip(">="))
            enough = {o for o in ranked if votes[o] > share * len(kept) or (votes[o] == share * len(kept) and "=" in majority)}
            ranked = [o for o in ranked if o in enough]
        assert list(outcome.winners) == ranked
        assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
        assert canonical_bytes(result(outcome, poll="p1", ballots_sha256="0" * 64, seed="1" * 64))


@settings(deadline=None)
@given(polls, st.integers(1, 3), st.sampled_from([None, ">1/2"]))
def test_votes_short_is_the_least_that_would_elect(poll: Poll, seats: int, majority: str | None) -> None:
    cast, names = poll
    outcome = count(cast, names, seats=seats, majority=majority)
    if not outcome.valid:
        return
    first = outcome.rounds[0]
    assert isinstance(first, Round)
    needed = 0 if majority is None else outcome.valid // 2 + 1
    for option, why in outcome.why.items():
        if not why.won:
            for more in range(20):
                votes = {**first.tallies, option: first.tallies[option] + more}
                if option in sorted(names, key=lambda o: (-votes[o], names.index(o)))[:seats] and votes[option] >= needed:
                    break
            assert why.numbers["votes_short"] == more


@settings(deadline=None)
@given(polls, st.integers(1, 3), st.randoms(use_true_random=False))
def test_names_grouping_and_the_order_of_ballots_do_not_matter(poll: Poll, seats: int, chance: Any) -> None:
    cast, names = poll
    new = dict(zip(names, "zyxw", strict=False))
    shuffled = [[new[o] for o in ballot] for ballot in cast]
    chance.shuffle(shuffled)
    one, other = count(cast, names, seats=seats), count(shuffled, "".join(new[o] for o in names), seats=seats)
    assert tuple(new[o] for o in one.winners) == other.winners
    assert one.record()["input"] == other.record()["input"]
