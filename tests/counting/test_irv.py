"""irv-v1: examples worked by hand, and laws."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, Round, Tie, Transfer, canonical_bytes, result
from counting.profile import RankedBallot, RankedProfile
from counting.reading import OVERVOTES
from tests.counting.test_reading import IDS, as_marked, chosen_options, clean, marks, plainly

NONE_OUT = {"overvote": 0, "skipped": 0, "duplicate": 0, "choices": 0}


def counted(groups: dict[str, int], candidates: str, *, tie_order: str | None = None, **changes: Any) -> Outcome:
    """The count of `groups`: how many ballots of each kind, written as in ballot files."""
    profile = RankedProfile({marks(text): count for text, count in groups.items()})
    options = rules.full_options("irv-v1", **changes)
    lots = list(tie_order or candidates)
    return rules.count("irv-v1", profile, dict.fromkeys(candidates, 0), budget=0, tie_order=lots, options=options)


def steps(outcome: Outcome) -> list[Round]:
    return [step for step in outcome.rounds if isinstance(step, Round)]


def tallies(outcome: Outcome) -> list[dict[str, int]]:
    return [{option: int(votes) for option, votes in step.tallies.items()} for step in steps(outcome)]


def test_more_than_half_of_the_first_preferences_wins_at_once() -> None:
    outcome = counted({"a": 5, "b": 3, "c": 1, "": 4}, "abc")
    assert outcome.winners == ("a",)
    assert outcome.rounds == (Round({"a": 5, "b": 3, "c": 1}, elected=("a",), exhausted=NONE_OUT, extra={"threshold": "5"}),)
    assert (outcome.why["a"].won, outcome.why["a"].code, outcome.why["a"].numbers) == (
        True, "majority", {"round": 1, "votes": 5, "continuing": 9, "threshold": 5},
    )  # fmt: skip
    assert (outcome.why["c"].won, outcome.why["c"].code, outcome.why["c"].numbers) == (
        False, "runner_up", {"round": 1, "votes": 1, "winner": "a", "winner_votes": 5, "votes_short": 4},
    )  # fmt: skip


def test_exactly_half_is_not_enough() -> None:
    outcome = counted({"a": 4, "b": 2, "c>b": 1, "c": 1}, "abc")
    assert tallies(outcome) == [{"a": 4, "b": 2, "c": 2}, {"a": 4, "b": 3}]


def test_the_smallest_is_excluded_and_its_ballots_pass_on() -> None:
    """20 ballots. d goes first (1 to c, 1 has nobody else), then c (3 + 1 pass: 3 to b, 1 out), and b overtakes a."""
    outcome = counted({"a>d": 8, "b>c": 6, "c>b": 3, "c": 1, "d>c": 1, "d": 1}, "abcd")
    assert outcome.rounds == (
        Round(
            {"a": 8, "b": 6, "c": 4, "d": 2}, excluded=("d",), exhausted=NONE_OUT, extra={"threshold": "11"},
            transfers={"d": Transfer({"c": 1}, {"choices": 1})},
        ),
        Round(
            {"a": 8, "b": 6, "c": 5}, excluded=("c",), exhausted={**NONE_OUT, "choices": 1}, extra={"threshold": "10"},
            transfers={"c": Transfer({"b": 3}, {"choices": 2})},
        ),
        Round({"a": 8, "b": 9}, elected=("b",), exhausted={**NONE_OUT, "choices": 3}, extra={"threshold": "9"}),
    )  # fmt: skip
    assert outcome.why["c"].code == "excluded"
    assert outcome.why["c"].numbers == {
        "round": 2, "votes": 5, "next": "b", "next_votes": 6, "votes_short": 1, "lot": False, "moved_to": "b", "moved": 3,
    }  # fmt: skip
    assert outcome.why["b"].numbers == {"round": 3, "votes": 9, "continuing": 17, "threshold": 9}
    assert outcome.why["a"].numbers == {"round": 3, "votes": 8, "winner": "b", "winner_votes": 9, "votes_short": 1}


def test_it_writes_the_record_of_the_reference() -> None:
    outcome = counted({"a": 3, "b": 2, "c>b": 1, "": 1, "a=b": 2}, "abc")
    record = result(outcome, poll="p", ballots_sha256="0" * 64, seed="f" * 64)
    assert canonical_bytes(record)
    assert record["input"] == {"ballots": 9, "blank": 1, "valid": 6, "rejected": {"overvote": 2}}
    assert record["rounds"][0] == {
        "tallies": {"a": "3", "b": "2", "c": "1"}, "elected": [], "excluded": ["c"],
        "transfers": {"c": {"to": {"b": "1"}, "exhausted": {}}},
        "exhausted": {"overvote": "2", "skipped": "0", "duplicate": "0", "choices": "0"}, "ties": [], "threshold": "4",
    }  # fmt: skip
    assert record["rounds"][1]["ties"] == [{"for": "elect", "tied": ["a", "b"], "chosen": ["a"], "lot": True, "lookback": []}]


def test_two_equals_at_the_end_are_settled_by_the_better_lot() -> None:
    outcome = counted({"a": 2, "b": 2}, "ab", tie_order="ba")
    assert outcome.winners == ("b",)
    assert outcome.lots_used
    assert steps(outcome)[0].ties == (Tie("elect", ("a", "b"), ("b",), True),)
    assert (outcome.why["b"].code, outcome.why["b"].numbers) == (
        "more_of_two", {"round": 1, "votes": 2, "rival": "a", "rival_votes": 2, "lot": True},
    )  # fmt: skip
    assert (outcome.why["a"].code, outcome.why["a"].numbers["votes_short"]) == ("runner_up", 0)


def test_a_loser_hears_who_got_most_of_its_ballots() -> None:
    outcome = counted({"a": 10, "b": 8, "c": 7, "d>b": 3, "d>c": 1}, "abcd")
    assert (outcome.why["d"].numbers["moved_to"], outcome.why["d"].numbers["moved"]) == ("b", 3)


def test_the_winner_of_two_equals_hears_of_the_other() -> None:
    won = counted({"a": 2, "b": 2}, "ab").why["a"]
    assert (won.won, won.numbers["rival"], won.numbers["rival_votes"]) == (True, "b", 2)


def test_two_equals_at_the_end_are_not_settled_by_looking_back() -> None:
    outcome = counted({"a": 4, "b": 3, "c>b": 1}, "abc", tie_order="bac")
    assert tallies(outcome) == [{"a": 4, "b": 3, "c": 1}, {"a": 4, "b": 4}]
    assert outcome.winners == ("b",)
    assert steps(outcome)[1].ties == (Tie("elect", ("a", "b"), ("b",), True),)


def test_among_the_smallest_the_one_who_was_smaller_the_round_before_goes() -> None:
    """b and c are equal in round 2; in round 1 b had 3 and c 4."""
    outcome = counted({"a": 6, "b>a": 3, "c>b": 4, "d>b": 1, "e": 7}, "abcde")
    assert tallies(outcome)[:2] == [{"a": 6, "b": 3, "c": 4, "d": 1, "e": 7}, {"a": 6, "b": 4, "c": 4, "e": 7}]
    assert steps(outcome)[1].ties == (Tie("exclude", ("b", "c"), ("b",), False, ((1, ("b",)),)),)
    assert not outcome.lots_used
    assert outcome.why["b"].numbers["lot"] is False
    assert outcome.why["b"].numbers["votes_short"] == 0


def test_looking_back_goes_on_only_with_those_who_are_still_equal() -> None:
    """b, c and d have 12 each in round 3. In round 2 they had 9, 9 and 10, which saves d, though it had the least in round 1."""
    groups = {"a": 30, "f": 31, "b": 9, "c": 8, "d": 6, "y>c": 1, "y>d": 4, "x>b": 3, "x>c": 3, "x>d": 2}
    outcome = counted(groups, "abcdfxy")
    assert [step.excluded for step in steps(outcome)][:3] == [("y",), ("x",), ("c",)]
    assert steps(outcome)[2].ties == (Tie("exclude", ("b", "c", "d"), ("c",), False, ((2, ("b", "c")), (1, ("c",)))),)


def test_when_they_were_always_equal_the_worst_lot_goes() -> None:
    outcome = counted({"a": 4, "b": 2, "c": 2, "d": 5}, "abcd", tie_order="cdab")
    assert steps(outcome)[0].ties == (Tie("exclude", ("b", "c"), ("b",), True),)
    assert outcome.why["b"].numbers["lot"] is True
    assert outcome.why["c"].numbers["lot"] is False
    assert outcome.why["b"].numbers["next"] == "c"


def test_nobodys_favourite_moves_nothing() -> None:
    outcome = counted({"a": 2, "b": 2, "d": 1}, "abcd")
    assert steps(outcome)[0].excluded == ("c",)
    assert steps(outcome)[0].transfers == {"c": Transfer({}, {})}
    assert (outcome.why["c"].numbers["moved_to"], outcome.why["c"].numbers["moved"]) == (None, 0)


def test_a_set_is_judged_when_the_ballot_reaches_it() -> None:
    """The ballots of d reach {b, c} while both continue and are out; that of e reaches it when only b is left."""
    outcome = counted({"a": 8, "b": 7, "c": 3, "d>b=c>a": 2, "e>c>b=c": 4}, "abcde", overvote="exhaust_if_multiple_continuing")
    assert [step.excluded for step in steps(outcome)] == [("d",), ("c",), ("e",), ()]
    assert steps(outcome)[0].transfers == {"d": Transfer({}, {"overvote": 2})}
    assert steps(outcome)[2].transfers == {"e": Transfer({"b": 4}, {})}
    assert outcome.winners == ("b",)


def test_until_two_goes_on_after_somebody_has_more_than_half() -> None:
    groups = {"a": 6, "b": 2, "c>b": 1}
    assert len(counted(groups, "abc").rounds) == 1
    outcome = counted(groups, "abc", until_two=True)
    assert tallies(outcome) == [{"a": 6, "b": 2, "c": 1}, {"a": 6, "b": 3}]
    assert outcome.why["a"].code == "majority"


def test_a_batch_excludes_all_who_cannot_catch_up_even_together() -> None:
    """1 < 3, 1 + 3 < 5, 1 + 3 + 5 < 30; 1 + 3 + 5 + 30 is not less than 38."""
    outcome = counted({"a": 38, "b": 30, "c>d>b": 5, "d>e": 3, "e>d>b": 1}, "abcde", batch=True)
    assert steps(outcome)[0].excluded == ("e", "d", "c")
    assert steps(outcome)[0].transfers == {
        "e": Transfer({"b": 1}, {}), "d": Transfer({}, {"choices": 3}), "c": Transfer({"b": 5}, {}),
    }  # fmt: skip
    assert steps(outcome)[0].ties == ()
    assert tallies(outcome)[1:] == [{"a": 38, "b": 36}]
    assert outcome.why["d"].numbers["next"] == "b"


def test_equals_go_together_in_a_batch_in_ballot_order_or_not_at_all() -> None:
    assert steps(counted({"a": 6, "b": 5, "c": 1, "d": 1, "e": 3}, "abdce", batch=True))[0].excluded == ("d", "c")
    two_equals = counted({"a": 6, "b": 5, "c": 1, "d": 2, "e": 2}, "abcde", batch=True)
    assert steps(two_equals)[0].excluded == ("c",)


def test_a_batch_is_the_longest_also_when_a_shorter_one_would_not_do() -> None:
    """1 + 1 is not less than 2, but 1 + 1 + 2 is less than 5."""
    assert steps(counted({"a": 6, "b": 5, "c": 1, "d": 1, "e": 2}, "abcde", batch=True))[0].excluded == ("c", "d", "e")


def test_a_batch_leaves_two_where_the_count_goes_on_until_two() -> None:
    outcome = counted({"a": 10, "b": 3, "c": 1, "d": 1}, "abcd", batch=True, until_two=True)
    assert [step.excluded for step in steps(outcome)] == [("c", "d"), ()]


def test_the_withdrawn_are_not_in_the_count() -> None:
    outcome = counted({"a>b": 3, "b": 2, "c": 2, "a": 1}, "abc", withdrawn=["a"])
    assert tallies(outcome) == [{"b": 5, "c": 2}]
    assert (outcome.rejected, outcome.why["a"].code, outcome.why["a"].numbers) == ({"choices": 1}, "withdrawn", {})


def test_without_a_valid_ballot_nobody_wins() -> None:
    outcome = counted({"": 3, "a=b": 1, "c": 1}, "abc", withdrawn=["c"])
    assert (outcome.winners, outcome.rounds, outcome.lots_used) == ((), (), False)
    assert (outcome.ballots, outcome.blank, outcome.valid) == (5, 3, 0)
    assert outcome.rejected == {"overvote": 1, "choices": 1}
    assert {option: why.code for option, why in outcome.why.items()} == {
        "a": "no_valid_ballot", "b": "no_valid_ballot", "c": "withdrawn",
    }  # fmt: skip


def test_below_the_quorum_the_count_is_shown_and_nobody_wins() -> None:
    outcome = counted({"a": 3, "": 1}, "ab", quorum=5)
    assert outcome.winners == ()
    assert steps(outcome)[0].elected == ("a",)
    assert (outcome.why["a"].won, outcome.why["a"].code) == (False, "no_quorum")
    assert counted({"a": 3, "": 1}, "ab", quorum=4).winners == ("a",)


@pytest.mark.parametrize(("key", "value"), [("until_two", 1), ("batch", None), ("quorum", -1), ("seats", 1)])
def test_options_that_mean_nothing_are_named(key: str, value: object) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options("irv-v1", **{key: value})
    assert refused.value.key == key


@pytest.mark.parametrize("tie_order", ["a", "ab", "abz", "abcc"])
def test_the_lots_must_name_every_candidate_once(tie_order: str) -> None:
    with pytest.raises(ValueError, match="tie_order"):
        counted({"a": 1}, "abc", tie_order=tie_order)


# Laws. A small electorate, so that ties and gaps are everywhere.

Poll = tuple[list[RankedBallot], list[str], dict[str, Any]]
full = st.tuples(chosen_options, st.booleans(), st.booleans()).map(
    lambda chosen: rules.full_options("irv-v1", **chosen[0], until_two=chosen[1], batch=chosen[2])
)
polls = st.tuples(
    st.lists(st.one_of(as_marked, clean, clean), max_size=25), st.permutations(IDS), full
)  # fmt: skip


def of(poll: Poll, **changes: Any) -> Outcome:
    ballots, lots, options = poll
    profile = RankedProfile.of(ballots)
    return rules.count("irv-v1", profile, dict.fromkeys(IDS, 0), budget=0, tie_order=lots, options={**options, **changes})


def plain_rounds(poll: Poll) -> list[tuple[Any, ...]]:
    """(tallies, exhausted, elected, excluded) of every round, each ballot looked at on its own and from its top."""
    ballots, lots, options = poll
    papers = [plainly(ballot, options) for ballot in ballots if ballot]
    over: set[int] = set()
    left = [option for option in IDS if option not in options["withdrawn"]]
    rounds: list[tuple[Any, ...]] = []
    while True:
        votes, out = dict.fromkeys(left, 0), dict(NONE_OUT)
        for number, (preferences, end) in enumerate(papers):
            for preference in preferences if number not in over else ():
                there = [option for option in preference if option in left]
                if len(there) > 1:
                    over.add(number)
                if there:
                    break
            else:
                there = []
            if number in over:
                out["overvote"] += 1
            elif there:
                votes[there[0]] += 1
            else:
                out[end] += 1
        total = sum(votes.values())
        if not rounds and not total:
            return []
        best = max(left, key=lambda option: (votes[option], -lots.index(option)))
        if len(left) <= 2 or (2 * votes[best] > total and not options["until_two"]):
            return [*rounds, (votes, out, (best,), ())]
        gone = plain_batch(votes, keep=2 if options["until_two"] else 1) if options["batch"] else []
        if len(gone) < 2:
            tied = left
            for tallies in [votes, *[step[0] for step in reversed(rounds)]]:
                tied = [option for option in tied if tallies[option] == min(tallies[other] for other in tied)]
            gone = [max(tied, key=lots.index)]
        rounds.append((votes, out, (), tuple(gone)))
        left = [option for option in left if option not in gone]


def plain_batch(votes: dict[str, int], *, keep: int) -> list[str]:
    longest: list[str] = []
    for highest in sorted(set(votes.values())):
        low = sorted((option for option in votes if votes[option] <= highest), key=lambda option: votes[option])
        rest = [votes[option] for option in votes if option not in low]
        if len(rest) >= keep and sum(votes[option] for option in low) < min(rest):
            longest = low
    return longest


@given(polls)
def test_it_counts_as_one_would_ballot_by_ballot(poll: Poll) -> None:
    found = [(dict(step.tallies), dict(step.exhausted), step.elected, step.excluded) for step in steps(of(poll))]
    assert found == plain_rounds(poll)


@given(polls)
def test_every_ballot_is_accounted_for_in_every_round(poll: Poll) -> None:
    outcome = of(poll)
    for step in steps(outcome):
        assert outcome.blank + sum(step.tallies.values()) + sum(step.exhausted.values()) == len(poll[0])
    for step, after in zip(steps(outcome), steps(outcome)[1:], strict=False):
        assert list(step.transfers) == list(step.excluded)
        tallies, out = Counter(step.tallies), Counter(step.exhausted)
        for option, transfer in step.transfers.items():
            assert sum(transfer.to.values()) + sum(transfer.exhausted.values()) == tallies.pop(option)
            assert 0 not in [*transfer.to.values(), *transfer.exhausted.values()]
            tallies.update(transfer.to)
            out.update(transfer.exhausted)
        assert (dict(tallies), dict(out)) == (dict(after.tallies), dict(after.exhausted))


@given(polls, st.randoms(use_true_random=False))
def test_the_order_of_ballots_and_how_they_are_grouped_change_nothing(poll: Poll, random: Any) -> None:
    ballots, lots, options = poll
    other = list(ballots)
    random.shuffle(other)
    regrouped = RankedProfile(dict(sorted(RankedProfile.of(other).groups.items(), key=repr)))
    count = rules.RULES["irv-v1"].count
    assert count(regrouped, dict.fromkeys(IDS, 0), budget=0, tie_order=lots, options=options) == of(poll)


@given(polls, st.permutations("wxyz"))
def test_other_names_for_the_options_change_only_the_names(poll: Poll, names: list[str]) -> None:
    ballots, lots, options = poll
    name = dict(zip(IDS, names, strict=True))
    renamed = rules.count(
        "irv-v1", RankedProfile.of([[[name[id] for id in rank] for rank in ballot] for ballot in ballots]),
        dict.fromkeys(names, 0), budget=0, tie_order=[name[id] for id in lots],
        options={**options, "withdrawn": [name[id] for id in options["withdrawn"]]},
    )  # fmt: skip
    outcome = of(poll)
    assert renamed.winners == tuple(name[id] for id in outcome.winners)
    assert [dict(step.tallies) for step in steps(renamed)] == [
        {name[id]: votes for id, votes in step.tallies.items()} for step in steps(outcome)
    ]
    assert [step.excluded for step in steps(renamed)] == [tuple(name[id] for id in step.excluded) for step in steps(outcome)]


@given(polls)
def test_a_majority_of_first_preferences_wins_at_once(poll: Poll) -> None:
    outcome = of(poll, until_two=False)
    if outcome.rounds:
        first = steps(outcome)[0]
        ahead = [option for option, votes in first.tallies.items() if 2 * votes > sum(first.tallies.values())]
        assert (first.elected == tuple(ahead)) if ahead else len(first.tallies) == 2 or not first.elected
        if ahead:
            assert of(poll, until_two=True).winners == outcome.winners


@given(polls)
def test_a_batch_does_not_change_the_winner(poll: Poll) -> None:
    """Where no tie was settled by rounds that a batch leaves out, and no set waits for others to go."""
    assume(poll[2]["overvote"] != "exhaust_if_multiple_continuing")
    batches = of(poll, batch=True)
    if not any(step.ties for step in steps(batches)):
        assert batches.winners == of(poll, batch=False).winners


@given(polls, st.permutations(IDS))
def test_lots_change_nothing_unless_the_count_says_it_used_them(poll: Poll, lots: list[str]) -> None:
    outcome = of(poll)
    other = of((poll[0], lots, poll[2]))
    assert other == of((poll[0], lots, poll[2]))
    if not outcome.lots_used:
        assert (other.rounds, other.winners, other.why) == (outcome.rounds, outcome.winners, outcome.why)


@given(polls, st.sampled_from(OVERVOTES))
def test_every_option_is_told_why(poll: Poll, overvote: str) -> None:
    outcome = of(poll, overvote=overvote)
    assert tuple(outcome.why) == IDS
    assert [option for option, why in outcome.why.items() if why.won] == list(outcome.winners)
    for option, why in outcome.why.items():
        if why.code == "excluded":
            step = steps(outcome)[int(why.numbers["round"] or 0) - 1]
            assert option in step.excluded
            assert why.numbers["votes"] == step.tallies[option]
            assert int(why.numbers["votes_short"] or 0) >= 0
