"""Schulze and ranked pairs: worked examples, published matrices, and an independent library."""

import json
import random
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from counting import rules
from counting.outcome import Outcome
from counting.preferences import read_preferences
from counting.profile import ProfileError, RankedProfile

SCHULZE, PAIRS = "schulze-wv-v1", "ranked-pairs-v1"
BOTH = pytest.mark.parametrize("rule", [SCHULZE, PAIRS])
Ballot = list[list[str]]
# 45 voters, five options: the example that Schulze gives himself on his pages about the method.
SCHULZE_45 = "5 ACBED, 5 ADECB, 8 BEDAC, 3 CABED, 7 CAEBD, 2 CBADE, 7 DCEBA, 8 EBADC"
# Schulze 2011, section 3, example 1.
SCHULZE_21 = "8 acdb, 2 badc, 4 cdba, 4 dbac, 3 dcba"
# Three options in a circle, each over the next by 2 : 1.
CIRCLE = "1 abc, 1 bca, 1 cab"


def ballots(text: str) -> list[Ballot]:
    """`2 ab=c` is two ballots with a before b and c, which are equal."""
    found = []
    for line in text.split(", "):
        count, marks = line.split(" ")
        ranks: Ballot = []
        for place, mark in enumerate(marks):
            if mark == "=":
                continue
            if place and marks[place - 1] == "=":
                ranks[-1].append(mark)
            else:
                ranks.append([mark])
        found += [ranks] * int(count)
    return found


def count(rule: str, cast: Any, candidates: Any, tie_order: Any = None, **chosen: Any) -> Outcome:
    profile = cast if isinstance(cast, RankedProfile) else RankedProfile.of(ballots(cast) if isinstance(cast, str) else cast)
    options = rules.full_options(rule, **chosen)
    order = list(tie_order or candidates)
    return rules.count(rule, profile, dict.fromkeys(candidates, 0), budget=0, tie_order=order, options=options)


def told(outcome: Outcome, option: str) -> dict[str, Any]:
    why = outcome.why[option]
    return {"won": why.won, "code": why.code, **why.numbers}


def test_schulzes_own_example() -> None:
    outcome = count(SCHULZE, SCHULZE_45, "ABCDE")
    assert outcome.extra["matrix"] == [
        [0, 20, 26, 30, 22],
        [25, 0, 16, 33, 18],
        [19, 29, 0, 17, 24],
        [15, 12, 28, 0, 14],
        [23, 27, 21, 31, 0],
    ]
    assert outcome.extra["paths"] == [
        [0, 28, 28, 30, 24],
        [25, 0, 28, 33, 24],
        [25, 29, 0, 29, 24],
        [25, 28, 28, 0, 24],
        [25, 28, 28, 31, 0],
    ]
    assert outcome.extra["ranking"] == [["E"], ["A"], ["C"], ["B"], ["D"]]
    assert (outcome.winners, outcome.lots_used, outcome.extra["condorcet_winner"]) == (("E",), False, None)
    assert told(outcome, "E") == {"won": True, "code": "ranked", "place": 1, "lot": False}
    # A loses to E directly by 22 : 23, along paths by 24 : 25.
    assert told(outcome, "A") == {
        "won": False, "code": "ranked_below", "place": 2, "lot": False, "beaten_by": "E",
        "votes": 23, "against": 22, "path": 25, "path_back": 24,
    }  # fmt: skip


def test_the_first_example_of_schulzes_paper() -> None:
    outcome = count(SCHULZE, SCHULZE_21, "abcd")
    assert outcome.extra["matrix"] == [[0, 8, 14, 10], [13, 0, 6, 2], [7, 15, 0, 12], [11, 19, 9, 0]]
    assert outcome.extra["paths"] == [[0, 14, 14, 12], [13, 0, 13, 12], [13, 15, 0, 12], [13, 19, 13, 0]]
    assert outcome.extra["ranking"] == [["d"], ["a"], ["c"], ["b"]]
    assert count(SCHULZE, SCHULZE_21, "abcd", seats=2).winners == ("d", "a")


def test_ranked_pairs_on_schulzes_first_example_by_hand() -> None:
    # Margins: d>b 17, c>b 9, a>c 7, b>a 5 (a>c>b is locked: a circle), c>d 3, d>a 1 (a>c>d is locked: a circle). So a c d b.
    outcome = count(PAIRS, SCHULZE_21, "abcd")
    shown = [(pair["over"] + pair["under"], pair["votes"], pair["margin"], pair["locked"]) for pair in outcome.extra["pairs"]]
    assert shown == [
        ("db", 19, 17, True), ("cb", 15, 9, True), ("ac", 14, 7, True),
        ("ba", 13, 5, False), ("cd", 12, 3, True), ("da", 11, 1, False),
    ]  # fmt: skip
    assert outcome.extra["ranking"] == ["a", "c", "d", "b"]
    assert (outcome.winners, outcome.lots_used) == (("a",), False)
    assert told(outcome, "d") == {
        "won": False, "code": "ranked_below", "place": 3, "lot": False, "beaten_by": "a", "votes": 10, "against": 11,
    }  # fmt: skip


@BOTH
def test_the_capital_of_tennessee(rule: str) -> None:
    outcome = count(rule, "42 MNCK, 26 NCKM, 15 CKNM, 17 KCNM", "MNCK")
    assert (outcome.winners, outcome.extra["condorcet_winner"]) == (("N",), "N")
    assert told(outcome, "N") == {"won": True, "code": "condorcet_winner", "closest": "M", "votes": 58, "against": 42}
    assert told(outcome, "M")["beaten_by"] == "N" and told(outcome, "M")["place"] == 4
    order = outcome.extra["ranking"]
    assert [option for entry in order for option in entry] == ["N", "C", "K", "M"]


def test_a_perfect_circle_is_cut_by_the_lots() -> None:
    for order in permutations("abc"):
        schulze, pairs = (count(rule, CIRCLE, "abc", order) for rule in (SCHULZE, PAIRS))
        assert schulze.extra["ranking"] == [list(order)]
        assert schulze.winners == (order[0],)
        (tie,) = schulze.record()["rounds"][0]["ties"]
        assert tie == {"for": "elect", "tied": ["a", "b", "c"], "chosen": [order[0]], "lot": True, "lookback": []}
        # Ranked pairs: the pair led by the best lot is locked first, then that of the second-best; the third closes a circle.
        assert [pair["over"] for pair in pairs.extra["pairs"]] == list(order)
        assert [pair["locked"] for pair in pairs.extra["pairs"]] == [True, True, False]
        assert all(pair["tied"] for pair in pairs.extra["pairs"])
        for outcome in (schulze, pairs):
            assert outcome.lots_used
            assert all(why.numbers["lot"] for why in outcome.why.values())


def test_equal_margins_are_sorted_by_votes_before_lots() -> None:
    # a over b 3 : 2, c over a 3 : 2, b over c 2 : 1. All margins are 1; the one with fewer votes is last, and closes the circle.
    for order in permutations("abc"):
        outcome = count(PAIRS, "2 abc, 1 cab, 2 b=ca", "abc", order)
        *first, last = outcome.extra["pairs"]
        assert [pair["tied"] for pair in first] == [True, True] and first[0]["over"] == min("ac", key=order.index)
        assert last == {"over": "b", "under": "c", "votes": 2, "margin": 1, "locked": False, "tied": False}
        assert outcome.extra["ranking"] == ["c", "a", "b"]
        assert outcome.lots_used  # in the order of the pairs; nobody won or lost by it
        assert not any(why.numbers["lot"] for why in outcome.why.values())


def test_pairs_without_a_margin_follow_the_lots_unless_a_majority_says_otherwise() -> None:
    # a over b 2 : 1 and b over c 3 : 1; a and c stand equal, 2 : 2. Whatever the lots, a comes before c.
    for order in permutations("abc"):
        outcome = count(PAIRS, "2 abc, 1 bca, 1 ca=b", "abc", order)
        assert outcome.extra["matrix"] == [[0, 2, 2], [1, 0, 3], [2, 1, 0]]
        assert outcome.extra["ranking"] == ["a", "b", "c"]
        last = outcome.extra["pairs"][-1]
        assert (last["margin"], last["tied"], last["locked"]) == (0, True, order.index("a") < order.index("c"))
        assert outcome.lots_used  # a pair is tied, although nothing came of it here
        assert not any(why.numbers["lot"] for why in outcome.why.values())


@BOTH
def test_two_who_stand_equal_are_told_that_the_lot_decided(rule: str) -> None:
    for order in ("abc", "bca"):
        outcome = count(rule, "1 abc, 1 bac", "abc", order)
        first, second = order[0], "ab".replace(order[0], "")
        assert outcome.winners == (first,)
        assert (told(outcome, first)["code"], told(outcome, first)["lot"]) == ("ranked", True)
        assert (told(outcome, second)["beaten_by"], told(outcome, second)["lot"]) == (first, True)
        assert told(outcome, "c")["lot"] is False
        assert not any(told(count(rule, "1 abc, 1 bac", "abc", order, seats=2), option)["lot"] for option in "abc")


def test_where_all_are_elected_no_lot_put_anybody_in() -> None:
    alone, all_three = (count("ranked-pairs-v1", CIRCLE, "abc", seats=seats) for seats in (1, 3))
    assert alone.why["a"].numbers["lot"] is True
    assert [all_three.why[option].numbers["lot"] for option in all_three.winners] == [False] * 3


def test_a_lot_among_pairs_without_a_majority_says_nothing_about_those_above_them() -> None:
    """x is above i; i and j, j and x are equal. i goes before j by lot, and so x does, too. All of that is below a and b."""
    outcome = count("ranked-pairs-v1", "1 abxij, 1 abjxi", "abijx", seats=2)
    assert outcome.extra["ranking"] == ["a", "b", "x", "i", "j"]
    assert told(outcome, "b") == {"won": True, "code": "ranked", "place": 2, "lot": False}


def test_a_loser_under_ranked_pairs_hears_of_the_last_elected() -> None:
    outcome = count("ranked-pairs-v1", "3 abc", "abc", seats=2)
    assert told(outcome, "c") == {
        "won": False, "code": "ranked_below", "place": 3, "lot": False, "beaten_by": "b", "votes": 3, "against": 0,
    }  # fmt: skip


def test_a_loser_under_schulze_hears_of_somebody_who_beats_it() -> None:
    # Nobody beats a or b; only b beats c. The lot elects a, which does not beat c.
    outcome = count(SCHULZE, "1 a, 1 bc", "abc")
    assert outcome.extra["ranking"] == [["a", "b"], ["c"]]
    assert (outcome.winners, told(outcome, "b")["beaten_by"]) == (("a",), "a")
    c = told(outcome, "c")
    assert (c["beaten_by"], c["votes"], c["against"], c["path"], c["path_back"], c["lot"]) == ("b", 1, 0, 1, 0, False)


def test_a_loser_hears_of_the_last_elected_that_beats_it() -> None:
    by_lot = told(count(SCHULZE, "1 abc, 1 acb", "abc", seats=2), "c")
    assert (by_lot["beaten_by"], by_lot["lot"], by_lot["votes"], by_lot["against"]) == ("b", True, 1, 1)
    outcome = count(SCHULZE, SCHULZE_45, "ABCDE", seats=3)
    assert outcome.winners == ("E", "A", "C")
    assert told(outcome, "D")["beaten_by"] == "C"
    assert told(count(PAIRS, SCHULZE_45, "ABCDE", seats=3), "D")["beaten_by"] in {"A", "C", "E"}


@BOTH
def test_withdrawn_options_are_passed_over_and_ballots_for_them_alone_are_rejected(rule: str) -> None:
    outcome = count(rule, "3 xab, 2 x, 1 bxa, 1 x=ba", "axb", withdrawn=["x"])
    assert outcome.extra["candidates"] == ["a", "b"]
    assert outcome.extra["matrix"] == [[0, 3], [2, 0]]
    assert (outcome.ballots, outcome.valid, outcome.rejected) == (7, 5, {"choices": 2})
    assert (outcome.winners, told(outcome, "x")) == (("a",), {"won": False, "code": "withdrawn"})
    with pytest.raises(rules.OptionsError, match="not on the ballot"):
        count(rule, "1 a", "ab", withdrawn=["y"])


def test_ballots_are_read_as_the_reference_says() -> None:
    read = read_preferences(RankedProfile.of([[["b"], [], ["a", "b"], ["c"]]]), "abcd", {"withdrawn": []})
    # The second mark for b is passed over, the empty rank means nothing, d shares the last place with nobody.
    assert read.matrix() == [[0, 0, 1, 1], [1, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    with pytest.raises(ProfileError, match="'z'"):
        read_preferences(RankedProfile.of([[["a"], ["z"]]]), "ab", {"withdrawn": []})
    with pytest.raises(ProfileError, match="'z'"):
        read_preferences(RankedProfile.of([[*([option] for option in "abcdef"), ["z"]]]), "abcdef", {"withdrawn": []})


@BOTH
@pytest.mark.parametrize("cast", [[], [[]], [[["x"]], []]])
def test_without_a_valid_ballot_nobody_is_elected(rule: str, cast: list[Ballot]) -> None:
    outcome = count(rule, cast, "abx", "bxa", withdrawn=["x"])
    assert (outcome.winners, outcome.rounds) == ((), ())
    assert outcome.extra["matrix"] == [[0, 0], [0, 0]]
    assert outcome.extra["ranking"] == ([["b", "a"]] if rule == SCHULZE else ["b", "a"])
    assert outcome.lots_used == (rule == PAIRS)
    assert [why.code for why in outcome.why.values()] == ["no_valid_ballot", "no_valid_ballot", "withdrawn"]


@BOTH
def test_below_the_quorum_the_count_is_shown_and_nobody_elected(rule: str) -> None:
    outcome = count(rule, "2 ab", "ab", quorum=3)
    assert outcome.winners == () and outcome.record()["rounds"][0]["elected"] == ["a"]
    assert told(outcome, "a") == {"won": False, "code": "no_quorum", "ballots": 2, "quorum": 3}
    assert count(rule, [*ballots("2 ab"), []], "ab", quorum=3).winners == ("a",)


@BOTH
def test_one_option_alone_wins(rule: str) -> None:
    outcome = count(rule, "1 a", "a", seats=2)
    assert (outcome.winners, outcome.extra["condorcet_winner"]) == (("a",), "a")
    assert told(outcome, "a") == {"won": True, "code": "ranked", "place": 1, "lot": False}


@BOTH
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"seats": 0}, "seats"),
        ({"quorum": -1}, "quorum"),
        ({"withdrawn": "a"}, "withdrawn"),
        ({"withdrawn": ["a", "a"]}, "withdrawn"),
    ],
)
def test_it_names_the_option_that_cannot_be(rule: str, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options(rule, **changes)
    assert refused.value.key == key


@BOTH
def test_the_lots_must_cover_every_option_once(rule: str) -> None:
    with pytest.raises(ValueError, match="tie_order"):
        count(rule, "1 a", "ab", "aa")


def test_burlington_2009_has_the_published_matrix_and_its_condorcet_winner(data: Path) -> None:
    published = json.loads((data / "voting/condorcet/burlington-2009-pairwise.json").read_text())
    groups: dict[Any, int] = {}
    for line in (data / "voting/irv/2009-Burlington-Mayor.blt").read_text().splitlines()[2:]:
        if line.startswith(('"', "0")):
            break
        weight, *marks, end = line.split("#")[0].split()
        assert end == "0"
        ballot = tuple(tuple(sorted(mark.split("="))) for mark in marks)
        groups[ballot] = groups.get(ballot, 0) + int(weight)
    profile = RankedProfile(groups)
    for rule in (SCHULZE, PAIRS):
        outcome = count(rule, profile, "123456")
        assert outcome.extra["matrix"] == published["pairwise"]
        assert published["names"][int(outcome.winners[0]) - 1] == "Andy Montroll"
        assert outcome.extra["condorcet_winner"] == outcome.winners[0]
        assert told(outcome, "2")["closest"] == "1" and told(outcome, "2")["votes"] == 4067


def test_debian_2002_elects_bdale_garbee(data: Path) -> None:
    """Only the winner: PrefLib's file lost the equal rankings, so its matrix differs from the official one by up to 6."""
    cast: list[Ballot] = []
    for line in (data / "voting/condorcet/debian-2002-dpl.soi").read_text().splitlines():
        if not line.startswith("#"):
            weight, marks = line.split(": ")
            cast += [[[mark] for mark in marks.split(",")]] * int(weight)
    assert len(cast) == 475
    assert count(SCHULZE, cast, "1234").winners == count(PAIRS, cast, "1234").winners == ("3",)


# An independent library. Differences: its Beat Path measures links by margins unless told otherwise (we hand it the votes); its
# Ranked Pairs sorts equal margins by the tie order at once, ours by votes first (we hand it margin and votes as one strength; on
# complete ballots without equal ranks this is the same, and there we leave its default). It names only winners.


def random_ballots(seed: int, *, complete: bool = False) -> tuple[list[Ballot], str]:
    chance = random.Random(seed)
    names = "abcdef"[: chance.randint(2, 6)]
    cast: list[Ballot] = []
    for _ in range(chance.choice([2, 3, 4, 7, 30])):
        order = chance.sample(names, len(names) if complete else chance.randint(1, len(names)))
        ranks: Ballot = [[order[0]]]
        for option in order[1:]:
            if not complete and chance.random() < 0.25:
                ranks[-1].append(option)
            else:
                ranks.append([option])
        cast.append(ranks)
    return cast, names


def in_their_words(cast: list[Ballot], names: str) -> Any:
    library = pytest.importorskip(
        "pref_voting.profiles_with_ties", reason="pref_voting is not installed: pip install the group `oracles`."
    )
    rankings = [{names.index(o): place for place, rank in enumerate(ballot) for o in rank} for ballot in cast]
    profile = library.ProfileWithTies(rankings, candidates=list(range(len(names))))
    profile.use_extended_strict_preference()
    return profile


@pytest.mark.parametrize("seed", range(150))
def test_pref_voting_finds_the_same_matrix_and_winners(seed: int) -> None:
    cast, names = random_ballots(seed)
    theirs = in_their_words(cast, names)
    from pref_voting.margin_based_methods import beat_path, ranked_pairs_tb

    order = random.Random(seed).sample(range(len(names)), len(names))
    lots = [names[i] for i in order]
    schulze, pairs = count(SCHULZE, cast, names, lots), count(PAIRS, cast, names, lots)
    everyone = range(len(names))
    assert schulze.extra["matrix"] == [[theirs.support(i, j) if i != j else 0 for j in everyone] for i in everyone]
    best = theirs.condorcet_winner()
    assert schulze.extra["condorcet_winner"] == (None if best is None else names[best])
    unbeaten = beat_path(theirs, strength_function=theirs.support)
    assert sorted(schulze.extra["ranking"][0]) == [names[i] for i in unbeaten]
    strength = lambda i, j: theirs.margin(i, j) * 1000 + theirs.support(i, j)  # noqa: E731
    assert list(pairs.winners) == [names[i] for i in ranked_pairs_tb(theirs, tie_breaker=order, strength_function=strength)]


@pytest.mark.parametrize("seed", range(100))
def test_pref_voting_breaks_equal_margins_alike_where_ballots_are_complete(seed: int) -> None:
    cast, names = random_ballots(seed, complete=True)
    theirs = in_their_words(cast, names)
    from pref_voting.margin_based_methods import beat_path, ranked_pairs_tb

    order = random.Random(seed).sample(range(len(names)), len(names))
    pairs = count(PAIRS, cast, names, [names[i] for i in order])
    assert list(pairs.winners) == [names[i] for i in ranked_pairs_tb(theirs, tie_breaker=order)]
    assert sorted(count(SCHULZE, cast, names).extra["ranking"][0]) == [names[i] for i in beat_path(theirs)]
