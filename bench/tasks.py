"""One measurement in a process of its own: `python -m bench.tasks NAME FILE_OF_RANKINGS VOTERS PROJECTS` prints JSON.

CPU seconds (time.process_time) of the step that is named and nothing else, and the most memory the process ever had, its
ballots included.
"""

import json
import resource
import sys
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench.ballots import CANDIDATES, budget_poll, rankings
from counting import rules
from counting.pb_mes_run import Electorate
from counting.profile import ApprovalProfile, RankedProfile

RANKED_RULES = {"irv-v1": 0.5, "stv-scottish-v1": 0.5, "schulze-wv-v1": 3.0, "ranked-pairs-v1": 3.0}
"""Rule: goal in CPU seconds for a million ballots, once they are grouped."""
STV_SEATS = 3


def cpu(step: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of one call, and what it returned."""
    start = time.process_time()
    value = step()
    return time.process_time() - start, value


def best(step: Callable[[], Any]) -> float:
    """The least of the calls that fit in half a second, at least three, or of one when that took long: other processes only
    ever make it slower."""
    spent = [cpu(step)[0]]
    while spent[0] <= 5 and (len(spent) < 3 or sum(spent) < 0.5):
        spent.append(cpu(step)[0])
    return min(spent)


def options_of(rule: str) -> dict[str, Any]:
    """The rule's defaults, and three seats where several are usual."""
    return rules.full_options(rule, **({"seats": STV_SEATS} if rule.startswith("stv-") else {}))


def count_ranked(rule: str, profile: RankedProfile) -> Any:
    """One count by the rule with this id."""
    costs = dict.fromkeys(CANDIDATES, 0)
    return rules.count(rule, profile, costs, budget=0, tie_order=CANDIDATES, options=options_of(rule))


def grouping(data: bytes) -> tuple[float, str]:
    """Handing over the ballots is not part of it."""
    reading = cpu(lambda: deque(rankings(data), maxlen=0))[0]
    seconds, profile = cpu(lambda: RankedProfile.of(rankings(data)))
    return max(0.0, seconds - reading), f"{len(profile.groups)} different ballots"


def ranked(rule: str, data: bytes) -> tuple[float, str]:
    profile = RankedProfile.of(rankings(data))
    return best(lambda: count_ranked(rule, profile)), f"{len(profile.groups)} groups"


def equal_shares_run(voters: int, projects: int) -> tuple[float, str]:
    """One run with the share that `add1` starts from, the ballots laid out already."""
    poll = budget_poll(voters, projects)
    electorate = Electorate(ApprovalProfile.of(poll.ballots), poll.projects, list(poll.projects), utility="cost")
    share = Fraction(poll.budget // voters)
    return best(lambda: electorate.run(share)), f"{len(electorate.run(share).purchases)} projects bought"


def equal_shares_add1(voters: int, projects: int) -> tuple[float, str]:
    """The whole count with its default completion."""
    poll = budget_poll(voters, projects)
    profile, options = ApprovalProfile.of(poll.ballots), rules.full_options("pb-mes-v1")
    seconds, outcome = cpu(
        lambda: rules.count(
            "pb-mes-v1", profile, poll.projects, budget=poll.budget, tie_order=list(poll.projects), options=options
        )
    )
    return seconds, f"{len(outcome.runs)} runs"


def main(name: str, file: str, voters: str, projects: str) -> None:
    """Measure and print {"seconds", "note", "megabytes"}."""
    if name == "grouping":
        seconds, note = grouping(Path(file).read_bytes())
    elif name == "mes-run":
        seconds, note = equal_shares_run(int(voters), int(projects))
    elif name == "mes-add1":
        seconds, note = equal_shares_add1(int(voters), int(projects))
    else:
        seconds, note = ranked(name, Path(file).read_bytes())
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    print(json.dumps({"seconds": seconds, "note": note, "megabytes": kilobytes // 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:])
