"""Borda: worked examples, an independent library, and laws."""

from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, canonical_bytes, result
from counting.profile import RankedProfile
from tests.counting.test_condorcet import Ballot, ballots, in_their_words, random_ballots, told
from tests.counting.test_condorcet_laws import Poll, polls

ways = st.sampled_from(["zero", "average"])


def count(cast: str | list[Ballot], candidates: str, tie_order: Any = None, **chosen: Any) -> Outcome:
    profile = RankedProfile.of(ballots(cast) if isinstance(cast, str) else cast)
    options = rules.full_options("borda-v1", **chosen)
    order = list(tie_order or candidates)
    return rules.count("borda-v1", profile, dict.fromkeys(candidates, 0), budget=0, tie_order=order, options=options)


def tallies(outcome: Outcome) -> dict[str, str]:
    found: dict[str, str] = outcome.record()["rounds"][0]["tallies"]
    return found


@pytest.mark.parametrize("unranked", ["zero", "average"])
def test_the_capital_of_tennessee(unranked: str) -> None:
    outcome = count("42 MNCK, 26 NCKM, 15 CKNM, 17 KCNM", "MNCK", unranked=unranked)
    assert tallies(outcome) == {"M": "126", "N": "194", "C": "173", "K": "107"}
    assert outcome.winners == ("N",)
    assert told(outcome, "N") == {"won": True, "code": "most_votes", "place": 1, "votes": 194, "seats": 1, "lot": False}
    assert told(outcome, "C") == {
        "won": False, "code": "fewer_votes", "place": 2, "votes": 173, "seats": 1, "lot": False,
        "last": "N", "last_votes": 194, "votes_short": 22,
    }  # fmt: skip


def test_options_without_a_mark_get_nothing_or_the_average_of_the_places_left() -> None:
    # Five options: a has 4; b and c share places 2 and 3; d and e share 4 and 5, if at all.
    assert tallies(count("1 ab=c", "abcde")) == {"a": "4", "b": "5/2", "c": "5/2", "d": "0", "e": "0"}
    with_average = tallies(count("1 ab=c", "abcde", unranked="average"))
    assert with_average == {"a": "4", "b": "5/2", "c": "5/2", "d": "1/2", "e": "1/2"}


def test_the_points_of_a_withdrawn_option_go_to_nobody() -> None:
    outcome = count("2 xab, 1 x", "axb", withdrawn=["x"])
    assert tallies(outcome) == {"a": "2", "b": "0"}
    assert (outcome.valid, outcome.rejected) == (2, {"choices": 1})
    assert told(outcome, "x") == {"won": False, "code": "withdrawn"}


def test_gaps_mean_nothing_and_the_first_mark_counts() -> None:
    gaps = [[], ["b"], [], ["a", "b"], ["b"], ["c"]]
    assert tallies(count([gaps], "abcd")) == {"a": "2", "b": "3", "c": "1", "d": "0"}


def test_whole_votes_short_are_told_where_points_are_halves() -> None:
    # Equal to a is enough for c, whose lot is better, and too little for b, whose lot is worse.
    outcome = count("1 a=b=c, 1 a=b=c, 1 a, 1 b=ca, 1 ab=c", "abc", "cab")
    assert tallies(outcome) == {"a": "6", "b": "4", "c": "4"}
    assert (told(outcome, "b")["votes_short"], told(outcome, "c")["votes_short"]) == (3, 2)
    outcome = count("1 a=bc, 1 a", "abc", "cab", unranked="average")
    assert tallies(outcome) == {"a": "7/2", "b": "2", "c": "1/2"}
    # b lacks 3/2, and 2 is the next whole number; c lacks 3, and has the better lot.
    assert (told(outcome, "b")["votes_short"], told(outcome, "c")["votes_short"]) == (2, 3)


@pytest.mark.parametrize("cast", [[], [[]], [[["x"]]]])
def test_without_a_valid_ballot_nobody_is_elected(cast: list[Ballot]) -> None:
    outcome = count(cast, "ax", withdrawn=["x"])
    assert (outcome.winners, outcome.rounds, outcome.lots_used) == ((), (), False)
    assert [why.code for why in outcome.why.values()] == ["no_valid_ballot", "withdrawn"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"unranked": "half"}, "unranked"),
        ({"seats": True}, "seats"),
        ({"withdrawn": [1]}, "withdrawn"),
        ({"colour": 1}, "colour"),
    ],
)
def test_it_names_the_option_that_cannot_be(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options("borda-v1", **changes)
    assert refused.value.key == key


# An independent library: its symmetric scores are "below minus above", so twice the average score less C − 1 for each ballot. It
# has no score that gives options without a mark nothing: `zero` is compared on complete ballots, where both are the same.


@pytest.mark.parametrize("seed", range(60))
def test_pref_voting_gives_the_same_points(seed: int) -> None:
    cast, names = random_ballots(seed)
    theirs = in_their_words(cast, names)
    from pref_voting.scoring_methods import symmetric_borda_scores

    points = {i: Fraction(score + len(cast) * (len(names) - 1), 2) for i, score in symmetric_borda_scores(theirs).items()}
    assert tallies(count(cast, names, unranked="average")) == {names[i]: str(number) for i, number in points.items()}
    complete, names = random_ballots(seed, complete=True)
    assert tallies(count(complete, names)) == {
        names[i]: str(Fraction(score + len(complete) * (len(names) - 1), 2))
        for i, score in symmetric_borda_scores(in_their_words(complete, names)).items()
    }


# Laws.


@settings(deadline=None)
@given(polls(), ways)
def test_every_ballot_gives_the_points_of_the_definition(poll: Poll, unranked: str) -> None:
    cast, names, _ = poll
    outcome = count(cast, names, unranked=unranked)
    expected = dict.fromkeys(names, Fraction(0))
    for ballot in cast:
        place = {o: min((k for k, rank in enumerate(ballot) if o in rank), default=99) for o in names}
        for o in names:
            above = sum(place[other] < place[o] for other in names)
            equal = sum(place[other] == place[o] for other in names)
            positions = range(above + 1, above + equal + 1)
            if place[o] < 99 or (unranked == "average" and set(place.values()) != {99}):
                expected[o] += Fraction(sum(len(names) - position for position in positions), equal)
    if outcome.valid:
        assert dict(outcome.record()["rounds"][0]["tallies"]) == {o: str(points) for o, points in expected.items()}
        if unranked == "average":
            assert sum(expected.values()) == Fraction(outcome.valid * len(names) * (len(names) - 1), 2)


@settings(deadline=None)
@given(polls(), ways, st.integers(1, 6))
def test_a_tie_order_decides_every_tie(poll: Poll, unranked: str, seats: int) -> None:
    cast, names, _ = poll
    names = names[:4]
    cast = [[[o for o in rank if o in names] for rank in ballot] for ballot in cast]
    for order in permutations(names):
        outcome = count(cast, names, order, unranked=unranked, seats=seats)
        assert len(outcome.winners) == (min(seats, len(names)) if outcome.valid else 0)
        assert outcome.ballots == outcome.blank + outcome.valid + sum(outcome.rejected.values())
        assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
        if outcome.valid:
            points = outcome.rounds[0].tallies  # type: ignore[union-attr]
            ranked = sorted(names, key=lambda o: (-points[o], order.index(o)))
            assert list(outcome.winners) == ranked[:seats]
        assert canonical_bytes(result(outcome, poll="p1", ballots_sha256="0" * 64, seed="1" * 64))


@settings(deadline=None)
@given(polls(), ways)
def test_names_and_the_order_of_ballots_do_not_matter(poll: Poll, unranked: str) -> None:
    cast, names, lots = poll
    new = dict(zip(names, "zyxwv", strict=False))
    renamed = [[[new[option] for option in rank] for rank in ballot] for ballot in cast]
    one = count(cast, names, lots, unranked=unranked, seats=2)
    other = count(renamed[::-1], "".join(new[o] for o in names), [new[o] for o in lots], unranked=unranked, seats=2)
    assert tuple(new[option] for option in one.winners) == other.winners


@settings(deadline=None)
@given(polls())
def test_a_majority_of_firsts_can_lose_but_an_option_first_on_all_ballots_wins(poll: Poll) -> None:
    cast, names, lots = poll
    first = [[[names[0]], *([o for o in rank if o != names[0]] for rank in ballot)] for ballot in cast]
    if first:
        assert count(first, names, lots).winners == (names[0],)
    assert count("3 abc, 2 bca", "abc").winners == ("b",)
