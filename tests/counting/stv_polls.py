"""What the tests of both rules of the single transferable vote share: ballots in short, random polls, their laws, an oracle."""

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, Round
from counting.profile import RankedProfile

SCOTTISH, MEEK = "stv-scottish-v1", "stv-meek-prf-v1"


def ranked(groups: Sequence[tuple[str, int]]) -> RankedProfile:
    """`("ab", 4)`: four ballots with a first and b second. Brackets hold a shared rank, a dash is an empty one."""
    return RankedProfile.of(ranks(text) for text, number in groups for _ in range(number))


def ranks(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    together = False
    for character in text:
        if character in "()":
            together = character == "("
            found += [[]] if together else []
        elif together:
            found[-1].append(character)
        else:
            found.append([] if character == "-" else [character])
    return found


def count(
    profile: RankedProfile, candidates: Sequence[str], *, lots: Sequence[str] = (), rule: str = SCOTTISH, **chosen: Any
) -> Outcome:
    options = rules.full_options(rule, **chosen)
    return rules.count(
        rule, profile, dict.fromkeys(candidates, 0), budget=0, tie_order=tuple(lots or candidates), options=options
    )


def stages(outcome: Outcome) -> list[Round]:
    return [this for this in outcome.rounds if isinstance(this, Round)]


def tallies(outcome: Outcome) -> list[dict[str, str]]:
    return [this.record()["tallies"] for this in stages(outcome)]


Poll = tuple[tuple[str, ...], list[Any], tuple[str, ...], dict[str, Any]]


@st.composite
def polls(draw: st.DrawFn, *, rule: str = SCOTTISH, marked: bool = True) -> Poll:
    """Candidates, ballots, lots and options. `marked`: as on paper, with gaps, over-votes and marks repeated."""
    candidates = tuple("abcdef"[: draw(st.integers(1, 6))])
    option = st.sampled_from(candidates)
    if marked:
        rank = st.one_of(option.map(lambda one: [one]), st.lists(option, unique=True, max_size=2))
        ballot: Any = st.lists(rank, max_size=5)
    else:
        ballot = st.permutations(candidates).flatmap(
            lambda order: st.integers(0, len(order)).map(lambda size: [[one] for one in order[:size]])
        )
    groups = draw(st.lists(st.tuples(ballot, st.integers(1, 9)), max_size=8))
    chosen: dict[str, Any] = {"seats": draw(st.integers(1, 4)), "overvote": draw(st.sampled_from(["exhaust", "skip"]))}
    chosen["withdrawn"] = draw(st.lists(option, unique=True, max_size=1))
    chosen["duplicate"] = draw(st.sampled_from(["skip", "exhaust"]))
    chosen["max_skipped"] = draw(st.sampled_from([None, 0, 1]))
    if rule == SCOTTISH:
        chosen["quota"] = draw(st.sampled_from(["droop_int", "hare_int", "nb_exact"]))
        chosen["decimals"] = draw(st.sampled_from([5, 4, "exact"]))
        if draw(st.booleans()):
            chosen["overvote"] = "exhaust_if_multiple_continuing"
    ballots = [ballot for ballot, number in groups for _ in range(number)]
    return candidates, ballots, tuple(draw(st.permutations(candidates))), chosen


def count_poll(poll: Poll, *, rule: str = SCOTTISH) -> Outcome:
    candidates, ballots, lots, chosen = poll
    return count(RankedProfile.of(ballots), candidates, lots=lots, rule=rule, **chosen)


def same_under_other_names(poll: Poll, chance: random.Random, rule: str) -> None:
    candidates, ballots, lots, chosen = poll
    shuffled = list(ballots)
    chance.shuffle(shuffled)
    before = count_poll(poll, rule=rule)
    assert count_poll((candidates, shuffled, lots, chosen), rule=rule) == before

    others = dict(zip(candidates, chance.sample("uvwxyz", len(candidates)), strict=True))
    renamed = [[[others[option] for option in rank] for rank in ballot] for ballot in ballots]
    options = {**chosen, "withdrawn": [others[option] for option in chosen["withdrawn"]]}
    after = count_poll(
        (tuple(others.values()), renamed, tuple(others[option] for option in lots), options),
        rule=rule,
    )
    assert after.winners == tuple(others[option] for option in before.winners)
    for ours, theirs in zip(stages(before), stages(after), strict=True):
        assert theirs.tallies == {others[option]: votes for option, votes in ours.tallies.items()}
        assert theirs.elected == tuple(others[option] for option in ours.elected)
        assert theirs.excluded == tuple(others[option] for option in ours.excluded)
        assert [tie.lookback for tie in theirs.ties] == [
            tuple((number, tuple(others[option] for option in left)) for number, left in tie.lookback) for tie in ours.ties
        ]


@st.composite
def coalitions(draw: st.DrawFn) -> Poll:
    """Full rankings, many of which put the same few options before all others."""
    candidates = tuple("abcdef"[: draw(st.integers(2, 6))])
    few = set(draw(st.lists(st.sampled_from(candidates), min_size=1, max_size=len(candidates) - 1, unique=True)))
    orders = draw(st.lists(st.tuples(st.permutations(candidates), st.booleans(), st.integers(1, 6)), min_size=1, max_size=8))
    ballots: list[Any] = []
    for order, solid, number in orders:
        if solid:
            order = sorted(order, key=lambda option: option not in few)  # stable: the order within stays
        ballots += [[[option] for option in order]] * number
    return candidates, ballots, tuple(draw(st.permutations(candidates))), {"seats": draw(st.integers(1, 4))}


def assert_coalitions_get_their_seats(poll: Poll, outcome: Outcome, quota: Fraction) -> None:
    candidates, ballots, _, chosen = poll
    for size in range(1, len(candidates)):
        for few in combinations(candidates, size):
            solid = sum(1 for ballot in ballots if {option for rank in ballot[:size] for option in rank} == set(few))
            due = min(int(solid / quota), size, chosen["seats"])
            assert len(set(few) & set(outcome.winners)) >= due, (few, solid)


def random_election(seed: int) -> tuple[list[tuple[int, ...]], int]:
    """Full rankings of up to seven candidates, leaning to a few, and seats."""
    chance = random.Random(seed)
    size = chance.randint(3, 7)
    patterns = [chance.sample(range(size), size) for _ in range(3)]
    voters = chance.randint(20, 120)
    return [
        tuple(chance.choice(patterns) if chance.random() < 0.4 else chance.sample(range(size), size)) for _ in range(voters)
    ], chance.randint(1, min(4, size - 1))


def oracle_agrees(rule: str, theirs: Any, *, elections: int) -> None:
    """Winners of random elections; those with a tie, where pref_voting draws its own lots, are passed over."""
    profiles = pytest.importorskip(
        "pref_voting.profiles", reason="pref_voting is not installed: pip install the group `oracles`."
    )
    compared = 0
    for seed in range(elections):
        orders, seats = random_election(seed)
        names = [f"o{number}" for number in range(len(orders[0]))]
        ours = count(RankedProfile.of([[names[n]] for n in order] for order in orders), names, rule=rule, seats=seats)
        if any(tie.purpose != "elect" for this in stages(ours) for tie in this.ties):
            continue
        found = theirs(profiles.Profile([list(order) for order in orders]), num_seats=seats)
        assert sorted(ours.winners) == sorted(names[n] for n in found), seed
        compared += 1
    assert compared > elections // 3
