"""Score and cumulative voting: points are added as they stand."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, Round, canonical_bytes, result
from counting.profile import PointsProfile, ProfileError
from tests.counting.test_approval import told

SCORE, CUMULATIVE = "score-v1", "cumulative-v1"
BOTH = pytest.mark.parametrize("rule", [SCORE, CUMULATIVE])
Ballots = list[dict[str, int]]


def count(rule: str, cast: Ballots, candidates: str, tie_order: Sequence[str] | None = None, **chosen: Any) -> Outcome:
    options = rules.full_options(rule, **chosen)
    profile, order = PointsProfile.of(cast), list(tie_order or candidates)
    return rules.count(rule, profile, dict.fromkeys(candidates, 0), budget=0, tie_order=order, options=options)


def tallies(outcome: Outcome) -> dict[str, str]:
    found: dict[str, str] = outcome.record()["rounds"][0]["tallies"]
    return found


@BOTH
def test_the_highest_sums_win(rule: str) -> None:
    outcome = count(rule, [{"a": 5, "b": 4}, {"b": 4, "c": 1}, {"a": 3}, {}], "abc", seats=2)
    assert tallies(outcome) == {"a": "8", "b": "8", "c": "1"}
    assert (outcome.winners, outcome.lots_used, outcome.blank) == (("a", "b"), True, 1)  # a lot made the order
    assert told(outcome, "b") == {"won": True, "code": "most_votes", "place": 2, "votes": 8, "seats": 2, "lot": False}
    assert told(outcome, "c") == {
        "won": False, "code": "fewer_votes", "place": 3, "votes": 1, "seats": 2, "lot": False,
        "last": "b", "last_votes": 8, "votes_short": 8,
    }  # fmt: skip


def test_votes_short_counts_on_the_lot_of_the_last_elected() -> None:
    outcome = count(SCORE, [{"a": 5, "b": 3, "c": 3}], "abc", ["b", "c", "a"], seats=2)
    assert outcome.winners == ("a", "b")
    assert told(outcome, "c")["votes_short"] == 1


def test_a_score_above_the_scale_spoils_the_ballot() -> None:
    outcome = count(SCORE, [{"a": 5}, {"a": 6, "b": 1}, {"b": 1}], "ab", max=5)
    assert (tallies(outcome), outcome.rejected, outcome.valid) == ({"a": "5", "b": "1"}, {"too_much": 1}, 2)
    assert count(SCORE, [{"a": 10**30}], "ab").record()["rounds"][0]["tallies"]["a"] == "1" + "0" * 30


def test_the_first_fault_that_applies_names_the_rejection() -> None:
    limits: dict[str, Any] = {"max_sum": 10, "exact_sum": True, "max_points": 6, "min_options": 2}
    cast = [
        {"a": 6, "b": 4},  # fine
        {"a": 7, "b": 3},  # one option above its limit
        {"a": 6, "b": 5},  # eleven points: too much, though also a wrong sum
        {"a": 6, "b": 3},  # nine
        {"a": 5},  # five and on one option: the sum comes first
        {},
    ]
    outcome = count(CUMULATIVE, cast, "ab", **limits)
    assert outcome.rejected == {"too_much": 2, "wrong_sum": 2}
    assert (outcome.valid, outcome.blank, tallies(outcome)) == (1, 1, {"a": "6", "b": "4"})
    assert count(CUMULATIVE, [{"a": 10}], "ab", **{**limits, "max_points": None}).rejected == {"too_few": 1}


def test_a_short_ballot_is_never_scaled_up() -> None:
    outcome = count(CUMULATIVE, [{"a": 1}, {"b": 10}], "ab", max_sum=10)
    assert (tallies(outcome), outcome.rejected) == ({"a": "1", "b": "10"}, {})


@BOTH
@pytest.mark.parametrize("cast", [[], [{}], [{"a": 9}]])
def test_without_a_valid_ballot_nobody_is_elected(rule: str, cast: Ballots) -> None:
    limit: dict[str, Any] = {"max": 5} if rule == SCORE else {"max_sum": 5}
    outcome = count(rule, cast, "ab", **limit)
    assert (outcome.winners, outcome.rounds, outcome.lots_used) == ((), (), False)
    assert [why.code for why in outcome.why.values()] == ["no_valid_ballot"] * 2


@BOTH
def test_below_the_quorum_nobody_is_elected(rule: str) -> None:
    outcome = count(rule, [{"a": 1}], "ab", quorum=2)
    assert (outcome.winners, told(outcome, "a")["code"]) == ((), "no_quorum")
    assert count(rule, [{"a": 1}, {}], "ab", quorum=2).winners == ("a",)


@BOTH
def test_an_unknown_option_or_lots_that_do_not_fit_are_refused(rule: str) -> None:
    with pytest.raises(ProfileError, match="'z'"):
        count(rule, [{"z": 1}], "ab")
    with pytest.raises(ValueError, match="tie_order"):
        count(rule, [{"a": 1}], "ab", "ac")


@pytest.mark.parametrize(
    ("rule", "changes", "key"),
    [
        (SCORE, {"max": 0}, "max"),
        (SCORE, {"seats": None}, "seats"),
        (SCORE, {"max_sum": 5}, "max_sum"),
        (CUMULATIVE, {"max_sum": 0}, "max_sum"),
        (CUMULATIVE, {"max_points": 0}, "max_points"),
        (CUMULATIVE, {"exact_sum": True}, "exact_sum"),
        (CUMULATIVE, {"exact_sum": 1, "max_sum": 3}, "exact_sum"),
        (CUMULATIVE, {"min_options": -1}, "min_options"),
        (CUMULATIVE, {"quorum": "1"}, "quorum"),
    ],
)
def test_it_names_the_option_that_cannot_be(rule: str, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options(rule, **changes)
    assert refused.value.key == key


# An independent library and laws.

polls = st.integers(1, 4).flatmap(
    lambda size: st.tuples(
        st.lists(st.dictionaries(st.sampled_from("abcd"[:size]), st.integers(1, 4)), max_size=10), st.just("abcd"[:size])
    )
)
configurations = st.one_of(
    st.tuples(st.just(SCORE), st.fixed_dictionaries({"max": st.none() | st.integers(1, 4)})),
    st.tuples(
        st.just(CUMULATIVE),
        st.fixed_dictionaries(
            {
                "max_sum": st.integers(2, 6),
                "exact_sum": st.booleans(),
                "max_points": st.none() | st.integers(2, 4),
                "min_options": st.integers(0, 2),
            }
        ),
    ),
)
Poll = tuple[Ballots, str]
Configuration = tuple[str, dict[str, Any]]


def fits(ballot: dict[str, int], chosen: dict[str, Any]) -> bool:
    given_, most = sum(ballot.values()), chosen.get("max_points") or chosen.get("max") or 99
    right_sum = given_ == chosen["max_sum"] if chosen.get("exact_sum") else given_ <= chosen.get("max_sum", 99)
    return right_sum and max(ballot.values()) <= most and len(ballot) >= chosen.get("min_options", 0)


@settings(deadline=None)
@given(polls, configurations, st.integers(1, 5))
def test_every_ballot_is_valid_blank_or_rejected_and_lots_decide_every_tie(
    poll: Poll, configuration: Configuration, seats: int
) -> None:
    (cast, names), (rule, chosen) = poll, configuration
    kept = [ballot for ballot in cast if ballot and fits(ballot, chosen)]
    points = {o: sum(ballot.get(o, 0) for ballot in kept) for o in names}
    for order in permutations(names):
        outcome = count(rule, cast, names, order, seats=seats, **chosen)
        assert (outcome.valid, outcome.blank) == (len(kept), cast.count({}))
        assert outcome.ballots == len(cast) == outcome.blank + outcome.valid + sum(outcome.rejected.values())
        assert 0 not in outcome.rejected.values()
        ranked = sorted(names, key=lambda o: (-points[o], order.index(o)))
        assert list(outcome.winners) == (ranked[:seats] if kept else [])
        for step in outcome.rounds:
            assert isinstance(step, Round) and step.tallies == points
        assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
        assert canonical_bytes(result(outcome, poll="p1", ballots_sha256="0" * 64, seed="1" * 64))


@settings(deadline=None)
@given(polls, configurations)
def test_names_grouping_and_the_order_of_ballots_do_not_matter(poll: Poll, configuration: Configuration) -> None:
    (cast, names), (rule, chosen) = poll, configuration
    new = dict(zip(names, "zyxw", strict=False))
    renamed = [{new[o]: points for o, points in ballot.items()} for ballot in reversed(cast)]
    one = count(rule, cast, names, seats=2, **chosen)
    other = count(rule, renamed, "".join(new[o] for o in names), seats=2, **chosen)
    assert tuple(new[o] for o in one.winners) == other.winners
    assert one.record()["input"] == other.record()["input"]


@settings(deadline=None)
@given(polls)
def test_pref_voting_finds_the_same_highest_sums(poll: Poll) -> None:
    """Differences: it leaves out options that nobody scored, unless `ungraded_score=0`; without any ballot it elects all."""
    library = pytest.importorskip(
        "pref_voting.grade_profiles", reason="pref_voting is not installed: pip install the group `oracles`."
    )
    from pref_voting.grade_methods import score_voting

    cast, names = poll
    if not any(cast):
        return
    grades = [{names.index(o): points for o, points in ballot.items()} for ballot in cast]
    theirs = library.GradeProfile(grades, list(range(5)), candidates=range(len(names)))
    best = sorted(names[i] for i in score_voting(theirs, ungraded_score=0))
    for rule in (SCORE, CUMULATIVE):
        assert sorted({count(rule, cast, names, order).winners[0] for order in permutations(names)}) == best
