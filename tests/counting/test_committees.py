"""seqpav-v1, seqphragmen-v1, equal-shares-v1: by hand, against a plain second count, and what must always hold."""

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, Round, canonical_bytes, result
from counting.profile import ApprovalProfile

Ballots = Sequence[tuple[str, ...]]
Poll = tuple[Ballots, list[str], list[str], int]  # ballots, candidates, tie order, seats
RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("seqpav-v1", {}),
    ("seqphragmen-v1", {}),
    ("equal-shares-v1", {"completion": "seqphragmen"}),
    ("equal-shares-v1", {"completion": "add1"}),
    ("equal-shares-v1", {"completion": "none"}),
)


def count(poll: Poll, rule: str, **chosen: Any) -> Outcome:
    ballots, candidates, tie_order, seats = poll
    options = rules.full_options(rule, seats=seats, **chosen)
    projects = dict.fromkeys(candidates, 0)
    return rules.count(rule, ApprovalProfile.of(ballots), projects, budget=0, tie_order=tie_order, options=options)


def rounds_of(outcome: Outcome) -> list[Round]:
    return [step for step in outcome.rounds if isinstance(step, Round)]


# By hand


def test_seqpav_counts_a_ballot_less_the_more_it_has_got() -> None:
    names = ["a", "b", "c"]
    outcome = count(([("a", "b")] * 3 + [("c",)] * 2, names, names, 3), "seqpav-v1")
    assert [{o: str(v) for o, v in step.tallies.items()} for step in rounds_of(outcome)] == [
        {"a": "3", "b": "3", "c": "2"},
        {"b": "3/2", "c": "2"},
        {"b": "3/2"},
    ]
    assert (outcome.winners, outcome.lots_used) == (("a", "c", "b"), True)
    assert outcome.record()["rounds"][0]["ties"] == [
        {"for": "elect", "tied": ["a", "b"], "chosen": ["a"], "lot": True, "lookback": []}
    ]


def test_of_equal_values_the_one_with_more_approvals_wins_without_a_lot() -> None:
    # After a, b stands at 2/2 + 0 and c at 1.
    ballots: Ballots = [("a", "b"), ("a", "b"), ("a",), ("c",)]
    for tie_order in (["a", "b", "c"], ["c", "b", "a"]):
        outcome = count((ballots, ["c", "b", "a"], tie_order, 2), "seqpav-v1")
        assert outcome.winners == ("a", "b")
        assert outcome.record()["rounds"][1]["ties"] == [
            {"for": "elect", "tied": ["c", "b"], "chosen": ["b"], "lot": False, "lookback": []}
        ]
        assert not outcome.lots_used


def test_options_that_nobody_approves_fill_the_last_seats_by_lot() -> None:
    poll: Poll = ([("a",)], ["a", "b", "c", "d"], ["d", "c", "b", "a"], 3)
    outcome = count(poll, "seqphragmen-v1")
    assert outcome.winners == ("a", "d", "c")
    assert outcome.record()["rounds"][1] == {
        "tallies": {}, "elected": ["d"], "excluded": [], "transfers": {}, "exhausted": {},
        "ties": [{"for": "elect", "tied": ["b", "c", "d"], "chosen": ["d"], "lot": True, "lookback": []}],
    }  # fmt: skip
    assert [outcome.why["d"].numbers[key] for key in ("round", "value", "supporters", "lot")] == [2, None, 0, True]
    alone = count((poll[0], ["a", "b"], ["b", "a"], 2), "seqphragmen-v1")
    assert (alone.winners, alone.lots_used) == (("a", "b"), False)


def test_what_was_spent_is_the_load_that_completes_equal_shares() -> None:
    # 2/5 each. The three a-voters pay 1/3 each; nobody can pay b or c then. b: (1 + 1/3)/3, c: 1/2.
    ballots: Ballots = [("a",), ("a", "b"), ("a",), ("b", "c"), ("b", "c")]
    names = ["a", "b", "c"]
    outcome = count((ballots, names, names, 2), "equal-shares-v1")
    record = outcome.record()
    assert record["voter_budget"] == "2/5" and "raises" not in record
    assert [(step["tallies"], step["elected"], step.get("completion")) for step in record["rounds"]] == [
        ({"a": "1/3", "b": "1/3"}, ["a"], None),
        ({"b": "4/9", "c": "1/2"}, ["b"], "seqphragmen"),
    ]


def test_who_has_less_than_the_price_pays_all_they_have_and_no_more() -> None:
    # 3/2 each. When c's turn comes the last ballot has 1/3 left (of 3/2 − 1/3 − 1/3 − 1/2) and pays it; then it has nothing,
    # and the first, with 7/6, pays for e alone.
    ballots: Ballots = [("e", "f"), ("a", "b", "f"), ("a", "c"), ("a", "b", "c", "e", "f")]
    names = ["a", "b", "c", "e", "f"]
    outcome = count((ballots, names, names, 6), "equal-shares-v1", completion="none")
    assert outcome.winners == ("a", "f", "b", "c", "e")
    assert [str(step.tallies[step.elected[0]]) for step in rounds_of(outcome)] == ["1/3", "1/3", "1/2", "2/3", "1"]


def test_add1_keeps_the_run_before_one_that_elects_too_many() -> None:
    # With the money of one seat each half holds 1/2, with that of two both can pay.
    names = ["a", "b"]
    outcome = count(([("a",)] * 2 + [("b",)] * 2, names, names, 1), "equal-shares-v1", completion="add1")
    assert (outcome.winners, outcome.extra) == ((), {"voter_budget": "1/4", "raises": 0})
    assert outcome.why["a"].numbers["shortfall"] == Fraction(1, 2)


def test_add1_reaches_an_option_with_one_supporter_among_thousands_in_a_moment() -> None:
    names = ["a", "b", "c"]
    poll: Poll = ([("a",)] * 200_000 + [("b",)], names, names, 3)
    outcome = count(poll, "equal-shares-v1", completion="add1")
    assert (outcome.winners, outcome.extra) == (("a", "b"), {"voter_budget": "1", "raises": 200_001 - 3})
    assert {option: why.code for option, why in outcome.why.items()}["c"] == "no_support"


@pytest.mark.parametrize(("rule", "chosen"), RULES)
@pytest.mark.parametrize("ballots", [[], [()] * 3])
def test_without_a_valid_ballot_nobody_is_elected(ballots: Ballots, rule: str, chosen: dict[str, Any]) -> None:
    outcome = count((ballots, ["a", "b"], ["b", "a"], 1), rule, **chosen)
    assert (outcome.winners, outcome.rounds) == ((), ())
    assert {why.code for why in outcome.why.values()} == {"no_valid_ballot"}
    if rule == "equal-shares-v1":
        assert outcome.extra == {"voter_budget": "0"} | ({"raises": 0} if chosen["completion"] == "add1" else {})


@pytest.mark.parametrize(("rule", "chosen"), RULES)
def test_below_the_quorum_the_rounds_stand_and_nobody_is_elected(rule: str, chosen: dict[str, Any]) -> None:
    poll: Poll = ([("a",), ("a",)], ["a", "b"], ["a", "b"], 1)
    outcome = count(poll, rule, quorum=3, **chosen)
    assert outcome.winners == () and outcome.rounds
    assert count(poll, rule, quorum=2, **chosen).winners == ("a",)


@pytest.mark.parametrize(
    ("rule", "changes", "key"),
    [
        ("seqpav-v1", {"seats": 0}, "seats"),
        ("seqphragmen-v1", {"quorum": -1}, "quorum"),
        ("seqpav-v1", {"completion": "none"}, "completion"),
        ("equal-shares-v1", {"completion": "av"}, "completion"),
        ("equal-shares-v1", {"completion": ["add1"]}, "completion"),
        ("equal-shares-v1", {"seats": True}, "seats"),
    ],
)
def test_it_names_the_option_that_cannot_be(rule: str, changes: dict[str, object], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options(rule, **changes)
    assert refused.value.key == key


@pytest.mark.parametrize(("rule", "chosen"), RULES)
def test_it_refuses_lots_that_do_not_cover_the_ballot_and_ballots_that_name_strangers(rule: str, chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tie_order"):
        count(([("a",)], ["a", "b"], ["a"], 1), rule, **chosen)
    with pytest.raises(ValueError, match="'z'"):
        count(([("z",)], ["a"], ["a"], 1), rule, **chosen)


# A plain second count: every ballot for itself, all runs, no common scale


def plainly(poll: Poll, rule: str, completion: str = "") -> tuple[list[tuple[dict[str, Fraction], str]], int]:
    """(tallies, elected) of every round, and raises."""
    ballots, candidates, tie_order, seats = poll
    held = {option: [i for i, ballot in enumerate(ballots) if option in ballot] for option in candidates}

    def elect(tallies: dict[str, Fraction], best: Fraction | None, rest: list[str]) -> str:
        tied = [option for option in rest if tallies.get(option) == best]
        return min(tied, key=lambda option: (-len(held[option]), tie_order.index(option)))

    def phragmen(loads: list[Fraction], rounds: list[tuple[dict[str, Fraction], str]]) -> list[tuple[dict[str, Fraction], str]]:
        while len(rounds) < min(seats, len(candidates)):
            rest = [option for option in candidates if option not in [chosen for _, chosen in rounds]]
            tallies = {o: (1 + sum(loads[i] for i in held[o])) / Fraction(len(held[o])) for o in rest if held[o]}
            chosen = elect(tallies, min(tallies.values(), default=None), rest)
            rounds.append((tallies, chosen))
            for i in held[chosen]:
                loads[i] = tallies[chosen]
        return rounds

    def run(raises: int) -> tuple[list[tuple[dict[str, Fraction], str]], list[Fraction]]:
        money = [Fraction(seats + raises, len(ballots))] * len(ballots)
        rounds: list[tuple[dict[str, Fraction], str]] = []
        while True:
            rest = [option for option in candidates if option not in [chosen for _, chosen in rounds]]
            tallies = {}
            for option in rest:
                purses = sorted(money[i] for i in held[option])
                if sum(purses) >= 1:
                    tallies[option] = next(
                        rho
                        for place, held_here in enumerate(purses)
                        if (rho := (1 - sum(purses[:place])) / Fraction(len(purses) - place)) <= held_here
                    )
            if not tallies:
                return rounds, money
            chosen = elect(tallies, min(tallies.values()), rest)
            rounds.append((tallies, chosen))
            for i in held[chosen]:
                money[i] -= min(money[i], tallies[chosen])

    if not any(ballots):
        return [], 0
    if rule == "seqpav-v1":
        rounds: list[tuple[dict[str, Fraction], str]] = []
        while len(rounds) < min(seats, len(candidates)):
            elected = [chosen for _, chosen in rounds]
            rest = [option for option in candidates if option not in elected]
            tallies = {o: sum((Fraction(1, 1 + len({*elected} & {*ballots[i]})) for i in held[o]), Fraction(0)) for o in rest}
            rounds.append((tallies, elect(tallies, max(tallies.values()), rest)))
        return rounds, 0
    if rule == "seqphragmen-v1":
        return phragmen([Fraction(0)] * len(ballots), []), 0
    rounds, money = run(0)
    if completion == "seqphragmen":
        return phragmen([Fraction(seats, len(ballots)) - left for left in money], rounds), 0
    raises = 0
    while completion == "add1" and len(rounds) < min(seats, sum(map(bool, held.values()))):
        more, _ = run(raises + 1)
        if len(more) > seats:
            break
        rounds, raises = more, raises + 1
    return rounds, raises


@st.composite
def polls(draw: st.DrawFn) -> Poll:
    candidates = [f"o{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
    ballot = st.lists(st.sampled_from(candidates), unique=True, max_size=4).map(lambda chosen: tuple(sorted(chosen)))
    ballots = draw(st.lists(ballot, max_size=10))
    return ballots, candidates, draw(st.permutations(candidates)), draw(st.integers(1, 7))


configurations = st.sampled_from(RULES)


@given(polls(), configurations)
def test_it_agrees_with_the_plain_count(poll: Poll, configuration: tuple[str, dict[str, Any]]) -> None:
    rule, chosen = configuration
    outcome = count(poll, rule, **chosen)
    rounds, raises = plainly(poll, rule, **chosen)
    assert [(dict(step.tallies), *step.elected) for step in rounds_of(outcome)] == rounds
    assert outcome.extra.get("raises", 0) == raises
    if outcome.rounds and rule == "equal-shares-v1":
        assert outcome.extra["voter_budget"] == str(Fraction(poll[3] + raises, len(poll[0])))


# What always holds


@given(polls(), configurations)
def test_the_seats_are_filled_as_far_as_the_rule_can(poll: Poll, configuration: tuple[str, dict[str, Any]]) -> None:
    ballots, candidates, _, seats = poll
    outcome = count(poll, configuration[0], **configuration[1])
    assert len(set(outcome.winners)) == len(outcome.winners) <= seats
    if any(ballots) and configuration[1].get("completion") not in ("add1", "none"):
        assert len(outcome.winners) == min(seats, len(candidates))
    if configuration[1].get("completion") == "none":
        assert all(option in {o for ballot in ballots for o in ballot} for option in outcome.winners)


@given(polls(), configurations, st.randoms(use_true_random=False))
def test_names_and_the_order_of_ballots_do_not_matter(
    poll: Poll, configuration: tuple[str, dict[str, Any]], chance: random.Random
) -> None:
    ballots, candidates, tie_order, seats = poll
    new = dict(zip(candidates, chance.sample([f"z{number}" for number in range(9)], len(candidates)), strict=True))
    renamed = [tuple(sorted(new[option] for option in ballot)) for ballot in ballots]
    chance.shuffle(renamed)
    other = count(
        (renamed, [new[o] for o in candidates], [new[o] for o in tie_order], seats), configuration[0], **configuration[1]
    )
    one = count(poll, configuration[0], **configuration[1])
    assert other.winners == tuple(new[option] for option in one.winners)
    assert other.extra == one.extra


@given(polls(), st.sampled_from(RULES[:2]), st.integers(2, 3))
def test_every_ballot_taken_several_times_elects_the_same(
    poll: Poll, configuration: tuple[str, dict[str, Any]], times: int
) -> None:
    one = count(poll, configuration[0])
    assert count(([*poll[0]] * times, *poll[1:]), configuration[0]).winners == one.winners


@given(polls(), configurations)
def test_a_tie_order_decides_every_tie_and_nothing_else(poll: Poll, configuration: tuple[str, dict[str, Any]]) -> None:
    ballots, candidates, tie_order, seats = poll
    outcome = count(poll, configuration[0], **configuration[1])
    approvals = ApprovalProfile.of(ballots).scores(candidates)
    for step in rounds_of(outcome):
        for tie in step.ties:
            foremost = [o for o in tie.tied if approvals[o] == max(approvals[other] for other in tie.tied)]
            assert tie.chosen == step.elected == (min(foremost, key=tie_order.index),)
            assert tie.lot == (len(foremost) > 1)
            assert len({step.tallies.get(option) for option in tie.tied}) == 1 < len(tie.tied)
    if not outcome.lots_used and configuration[1].get("completion") != "add1":  # lots may stop or end discarded runs
        other = count((ballots, candidates, tie_order[::-1], seats), configuration[0], **configuration[1])
        assert (other.rounds, other.winners) == (outcome.rounds, outcome.winners)


@given(polls(), st.sampled_from(RULES[1:]))
def test_a_large_enough_group_that_agrees_is_not_left_out(poll: Poll, configuration: tuple[str, dict[str, Any]]) -> None:
    """Justified representation: of any n/seats ballots with an option in common one at least has a winner."""
    ballots, candidates, _, seats = poll
    if seats > len(candidates):
        return
    winners = set(count(poll, configuration[0], **configuration[1]).winners)
    for option in candidates:
        left_out = [ballot for ballot in ballots if option in ballot and not winners.intersection(ballot)]
        assert len(left_out) * seats < len(ballots) or not left_out


@given(polls(), st.sampled_from(RULES[2:]))
def test_equal_shares_gives_a_cohesive_group_its_due(poll: Poll, configuration: tuple[str, dict[str, Any]]) -> None:
    """Extended justified representation: of any m·n/seats ballots with m options in common one has m winners at least."""
    ballots, candidates, _, seats = poll
    winners = set(count(poll, configuration[0], **configuration[1]).winners)
    for m in range(1, min(seats, len(candidates)) + 1):
        for common in combinations(candidates, m):
            short = [b for b in ballots if set(common) <= set(b) and len(winners.intersection(b)) < m]
            assert len(short) * seats < m * len(ballots) or not short


@given(polls(), configurations)
def test_every_option_is_explained_and_every_outcome_has_a_record(poll: Poll, configuration: tuple[str, dict[str, Any]]) -> None:
    outcome = count(poll, configuration[0], **configuration[1])
    assert list(outcome.why) == poll[1]
    assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
    for why in outcome.why.values():
        if why.code == "supporters_money_short":
            assert isinstance(why.numbers["shortfall"], Fraction) and 0 < why.numbers["shortfall"] <= 1
        if why.won:
            step = rounds_of(outcome)[int(str(why.numbers["round"])) - 1]
            assert step.elected == (why.option,) and why.numbers["value"] == step.tallies.get(why.option)
    record = result(outcome, poll="p1", ballots_sha256="0" * 64, seed="1" * 64)
    assert canonical_bytes(record).startswith(b'{"ballots_sha256":"')


def test_a_loser_learns_how_far_it_was_from_the_last_seat() -> None:
    names = ["a", "b", "c", "d"]
    why = count(([("a",)] * 3 + [("b",), ("c",), ("b", "c"), ("d",)], names, names, 2), "seqpav-v1").why
    assert dict(why["c"].numbers) == {"supporters": 2, "value": 2, "lot": True, "last": "b", "last_value": 2}
    assert dict(why["d"].numbers) == {"supporters": 1, "value": 1, "lot": False, "last": "b", "last_value": 2}


def test_the_value_of_a_loser_is_what_it_was_at_the_last_seat() -> None:
    names = ["a", "b", "c"]
    why = count(([("a", "c")] * 2 + [("a",)] * 2 + [("b",)] * 3, names, names, 2), "seqpav-v1").why
    assert dict(why["c"].numbers) == {"supporters": 2, "value": 1, "lot": False, "last": "b", "last_value": 3}


def test_a_lot_among_others_of_as_many_supporters_says_nothing_about_a_loser() -> None:
    names = ["a", "b", "c", "d"]
    ballots = [("a", "c")] * 2 + [("a",)] * 2 + [("b",)] * 2 + [("d",)] * 2
    why = count((ballots, names, names, 2), "seqpav-v1").why  # a, then b before d by lot; c stands at 2/2
    assert (why["d"].numbers["lot"], why["c"].numbers["lot"]) == (True, False)


def test_among_equals_the_lot_is_drawn_only_by_those_of_most_supporters() -> None:
    names = ["a", "b", "c", "d"]
    ballots = [("a", "b", "c")] * 4 + [("a",)] + [("d",)] * 2
    why = count((ballots, names, names, 2), "seqpav-v1").why  # a, then b before c by lot; d is equal, with fewer supporters
    assert [why[option].numbers["lot"] for option in "bcd"] == [True, True, False]
