"""`make bench` at a size that takes seconds: that everything is measured and said, not how long it took."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.ballots import CANDIDATES, budget_poll, ranked_bytes, rankings, scattered_bytes
from bench.oracles import SHARED
from bench.tasks import RANKED_RULES
from counting.profile import ApprovalProfile, RankedProfile

PROJECT = Path(__file__).resolve().parents[2]
TINY = [
    "--ballots",
    "300",
    "--voters",
    "120",
    "--projects",
    "12",
    "--side",
    "40",
    "--side-projects",
    "8",
    "--events",
    "300",
    "--casts",
    "10",
]


def test_every_line_of_the_table_appears_with_a_verdict() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench", *TINY], cwd=PROJECT, capture_output=True, text=True, timeout=300, check=True
    )
    lines = run.stdout.splitlines()
    measured = [line for line in lines if line.endswith((" ok", " missed", " missing"))]
    for what in ("grouping ranked ballots", *RANKED_RULES, "pb-mes-v1, one run", "pb-mes-v1 with add1"):
        assert [line for line in measured if line.startswith(what + "  ") and "s (" in line], what
    assert sum("most memory" in line and " MB" in line for line in measured) == 10
    log = lines[lines.index("the vote log: 300 entries to check, 10 ballots to cast") :]
    (checked,) = [line for line in log if line.startswith("command-line verifier")]
    assert checked.endswith(" ok") and " s (" in checked
    for what, measure in {
        "browser verifier": " s (",
        "casts ÷ durable inserts, SQLite": "/s ÷ ",
        "casts ÷ durable inserts, P": "/s ÷ ",
    }.items():
        (said,) = [line for line in log if line.startswith(what)]
        assert measure in said or said.endswith(" missing"), said
    assert sum(line.startswith("    ÷ SHA-256 of the same bytes") for line in log) in (1, 2)
    compared = lines[lines.index("40 ballots, 8 projects: from the same lists in memory to the result") :]
    for rule in SHARED:
        said = [line for line in compared if line.startswith(rule + "  ")]
        assert len(said) == 1 and ("× faster than the fastest of them" in said[0] or "not installed" in said[0]), rule


def test_other_libraries_find_the_same_greedy_winners() -> None:
    pytest.importorskip("pabutools", reason="pabutools is not installed: pip install the group `oracles`.")
    from bench import oracles

    poll = budget_poll(200, 12)
    make, count = oracles.pabutools_ways(poll)["pb-greedy-v1"]
    theirs = count(make())
    make, count = oracles.our_ways([], poll)["pb-greedy-v1"]
    ours = count(make())
    assert {project.name for project in theirs} == set(ours.winners)


def test_the_polls_are_always_the_same_and_of_the_size_asked_for() -> None:
    for made in (ranked_bytes, scattered_bytes):
        assert made(200) == made(200) != made(200, seed=5)
        profile = RankedProfile.of(rankings(made(200)))
        profile.require_known(CANDIDATES)
        assert (profile.total, profile.blank) == (200, 0)
    poll = budget_poll(150, 20)
    assert poll == budget_poll(150, 20)
    assert (len(poll.ballots), len(poll.projects)) == (150, 20)
    assert all(3 <= len(ballot) <= 12 for ballot in poll.ballots)
    ApprovalProfile.of(poll.ballots).scores(poll.projects)
