"""The committee rules against 60 published instances, and against abcvoting on random polls.

The instances and their expected committees are those of abcvoting's tests. Its `equal-shares` is our completion `seqphragmen`;
its `equal-shares-with-increment-completion` our `add1`, except that it cuts off a run that elects too many, which we discard.
"""

import json
import random
import re
from pathlib import Path

import pytest

from counting.profile import ApprovalProfile
from tests.counting.test_committees import RULES, Ballots, Poll, count

THEIR_NAMES = ("seqpav", "seqphragmen", "equal-shares", "equal-shares-with-increment-completion")
PAIRS = tuple(zip(THEIR_NAMES, RULES[:4], strict=True))


def read_abc(path: Path) -> tuple[Ballots, list[str], int, dict[str, dict[bool, list[set[str]]]]]:
    """Ballots, candidates, seats, and by rule the committees for resolute True and False; candidates are c0, c1 …"""
    text = re.sub(r"\n +(?=[\[\d])", " ", path.read_text())  # wrapped lists

    def field(name: str) -> str:
        found = re.search(rf"^{name}: (.*)$", text, re.MULTILINE)
        assert found, f"{path.name} has no {name}"
        return found[1]

    expected: dict[str, dict[bool, list[set[str]]]] = {}
    for rule, committees, resolute in re.findall(
        r"^- rule_id: (\S+)\n  result: (\[.*\])\n  resolute: (\w+)$", text, re.MULTILINE
    ):
        expected.setdefault(rule, {})[resolute == "true"] = [{f"c{c}" for c in committee} for committee in json.loads(committees)]
    ballots = [tuple(sorted(f"c{c}" for c in ballot)) for ballot in json.loads(field("profile"))]
    return ballots, [f"c{c}" for c in range(int(field("num_cand")))], int(field("committeesize")), expected


def instances(data: Path) -> list[Path]:
    return sorted((data / "voting" / "abc").glob("*.abc.yaml"))


def test_there_are_sixty_published_instances(data: Path) -> None:
    assert len(instances(data)) == 60
    for path in instances(data):
        *_, expected = read_abc(path)
        assert {"av", *THEIR_NAMES} <= set(expected)


def lot_orders(candidates: list[str]) -> list[list[str]]:
    chance = random.Random(len(candidates))
    return [candidates, candidates[::-1], *(chance.sample(candidates, len(candidates)) for _ in range(4))]


@pytest.mark.parametrize("number", range(60))
def test_our_committee_is_among_the_published_ones_whatever_the_lots(number: int, data: Path) -> None:
    ballots, candidates, seats, expected = read_abc(instances(data)[number])
    for their_name, (rule, chosen) in PAIRS[:3]:
        for tie_order in lot_orders(candidates):
            committee = set(count((ballots, candidates, tie_order, seats), rule, **chosen).winners)
            assert committee in expected[their_name][False]
            assert committee in expected[their_name][True]


@pytest.mark.parametrize("number", range(60))
def test_approval_elects_one_of_the_published_committees(number: int, data: Path) -> None:
    ballots, candidates, seats, expected = read_abc(instances(data)[number])
    for tie_order in lot_orders(candidates):
        committee = set(count((ballots, candidates, tie_order, seats), "approval-v1").winners)
        assert committee in expected["av"][False]


@pytest.mark.parametrize("number", range(60))
def test_add1_elects_the_published_committee_where_it_fills_the_seats_exactly(number: int, data: Path) -> None:
    ballots, candidates, seats, expected = read_abc(instances(data)[number])
    outcome = count((ballots, candidates, candidates, seats), "equal-shares-v1", completion="add1")
    assert len(outcome.winners) <= seats
    if len(outcome.winners) == seats:
        assert set(outcome.winners) in expected["equal-shares-with-increment-completion"][True]


def test_add1_fills_the_seats_exactly_in_51_of_the_60(data: Path) -> None:
    filled = 0
    for path in instances(data):
        ballots, candidates, seats, _ = read_abc(path)
        filled += len(count((ballots, candidates, candidates, seats), "equal-shares-v1", completion="add1").winners) == seats
    assert filled == 51


def random_poll(seed: int) -> Poll:
    chance = random.Random(seed)
    candidates = [f"o{number}" for number in range(chance.randint(2, 9))]
    kinds = [tuple(sorted(c for c in candidates if chance.random() < 0.4)) for _ in range(chance.randint(1, 12))]
    ballots = [chance.choice(kinds) for _ in range(chance.randint(1, 40))]
    if not any(ballots):
        ballots.append(("o0",))
    return ballots, candidates, chance.sample(candidates, len(candidates)), chance.randint(1, len(candidates))


@pytest.mark.parametrize("seed", range(150))
def test_abcvoting_elects_the_same_committee(seed: int) -> None:
    """Its ties go to the candidate with the smallest number: we number them by approvals, then lot."""
    abcrules = pytest.importorskip("abcvoting.abcrules", reason="abcvoting is not installed: pip install the group `oracles`.")
    preferences = pytest.importorskip("abcvoting.preferences")
    poll = random_poll(seed)
    ballots, candidates, tie_order, seats = poll
    approvals = ApprovalProfile.of(ballots).scores(candidates)
    numbered = sorted(candidates, key=lambda option: (-approvals[option], tie_order.index(option)))
    theirs = preferences.Profile(len(candidates))
    theirs.add_voters([{numbered.index(option) for option in ballot} for ballot in ballots])
    for their_name, (rule, chosen) in PAIRS:
        outcome = count(poll, rule, **chosen)
        if chosen.get("completion") == "add1" and len(outcome.winners) < seats:
            continue  # theirs cuts a run off in the middle
        exact = "standard" if rule == "seqpav-v1" else "standard-fractions"
        (committee,) = abcrules.compute(their_name, theirs, committeesize=seats, resolute=True, algorithm=exact)
        assert {numbered[number] for number in committee} == set(outcome.winners), their_name
