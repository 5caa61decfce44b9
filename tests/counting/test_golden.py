"""Worked examples down to the byte, for whoever writes another implementation.

`golden/*.json`: `input` (configuration, ballots, nonce, canonical ballot file), `result`, its canonical bytes and their
hash. The purchases of `mes.json` were worked out by hand: ten ballots hold 10 each. o1 (five supporters, 50 together) cannot
pay 60. o2 and o3 both cost 30 among four: 7.5 each, rho 1/4, a tie that the lot gives to o3. The voter of both has 2.5 left, so
the three others pay 55/6 for o2: rho 11/36, effective votes 36/11. o5 was in reach at first (20 of 20), no longer now.
`mes-points.json`: two voters gave o1 points, 5 and 1; they hold 10 each, 12 is wanted, so rho is 2 and the first gives all 10. In
`mes-comparison.json` five of nine ballots have more of theirs in the plain count by votes, whose winners are taken.
"""

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from counting import rules
from counting.ballotfile import ballots_sha256, read_ballot_file, write_ballot_file
from counting.lots import lots_order, lots_seed
from counting.outcome import canonical_bytes, result
from counting.profile import ApprovalProfile, PointsProfile
from tests.counting import naive
from tests.counting.test_laws import Configuration, Poll, configurations

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


def profile_of(poll: dict[str, Any]) -> ApprovalProfile | PointsProfile:
    """Ballots are lists of ids, or points by id."""
    has_points = any(isinstance(ballot, dict) for ballot in poll["ballots"])
    return (PointsProfile if has_points else ApprovalProfile).of(poll["ballots"])


def recount(poll: dict[str, Any]) -> dict[str, Any]:
    """Everything from the configuration and the ballots, as the server does after the close."""
    costs = {option["id"]: option["cost"] for option in poll["options"]}
    data = write_ballot_file(
        contest=poll["poll"], rule=poll["method"], candidates=list(costs), profile=profile_of(poll)
    )
    digest = ballots_sha256(data)
    seed = lots_seed(contest=poll["poll"], ballots_sha256=digest, beacon=poll["nonce"])
    outcome = rules.count(
        poll["method"],
        read_ballot_file(data).profile,
        costs,
        budget=poll["budget"],
        tie_order=lots_order(costs, seed=seed),
        options=poll["rule"],
    )
    return result(outcome, poll=poll["poll"], ballots_sha256=digest, seed=seed)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_result_is_reproduced_byte_for_byte(path: Path) -> None:
    golden = json.loads(path.read_text())
    record = recount(golden["input"])
    assert record == golden["result"]
    assert canonical_bytes(record).decode() == golden["result_canonical"]
    assert sha256(canonical_bytes(record)).hexdigest() == golden["result_sha256"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_ballot_file_is_the_published_one(path: Path) -> None:
    golden = json.loads(path.read_text())
    file = read_ballot_file(golden["input"]["ballot_file"].encode())
    assert file.profile == profile_of(golden["input"])
    assert golden["result"]["ballots_sha256"] == ballots_sha256(golden["input"]["ballot_file"].encode())


def test_there_are_examples_with_ties_of_both_rules_that_polls_use_and_of_every_completion() -> None:
    records = [json.loads(path.read_text())["result"] for path in GOLDEN]
    assert {record["rule"] for record in records if record["lots_used"]} == {"pb-greedy-v1", "pb-mes-v1"}
    mes = [record for record in records if record["rule"] == "pb-mes-v1"]
    assert {record["options"]["utility"] for record in mes} == {"cost", "cardinality", "points"}
    assert {name for record in mes for name in record["options"]["completion"]} == {"add1", "utilitarian", "comparison"}
    assert {record["comparison"]["chosen"] for record in mes if "comparison" in record} == {"mes", "greedy"}


@given(naive.polls(), configurations)
def test_the_verifier_recounts_the_same_bytes(poll: Poll, configuration: Configuration) -> None:
    verifier = pytest.importorskip("verifier.__main__", reason="The verifier is not here to compare with.")
    ballots, projects, budget, _ = poll
    rule, options = configuration
    config = {
        "method": rule,
        "rule": options,
        "options": [{"id": option, "cost": cost} for option, cost in projects.items()],
        "budget": budget,
    }
    nonce = "ab" * 32
    theirs = verifier.recount("p1", config, Counter(ballots), nonce)
    ours = recount({**config, "poll": "p1", "nonce": nonce, "ballots": ballots})
    assert canonical_bytes(ours) == verifier.canonical(theirs)
