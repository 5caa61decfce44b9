"""The same polls counted by ourselves and by other libraries, in one process: `python -m bench.oracles BALLOTS PROJECTS`.

Everybody starts from the same lists in memory, a tuple of ids for each ballot, and ends with the result: for us grouping is part
of it, for the others making the objects they count. Counting alone, with our groups and their objects ready, is measured too. A
JSON line for each rule.
"""

import contextlib
import importlib
import json
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from bench.ballots import CANDIDATES, BudgetPoll, budget_poll, orders, ranked_bytes
from bench.tasks import STV_SEATS, best, count_ranked
from counting import rules
from counting.profile import ApprovalProfile, RankedProfile

LIMIT = 60
"""Seconds after which a library is stopped; it then counts as having taken that long."""
SHARED = {
    "irv-v1": ("pyrankvote", "pref_voting"),
    "stv-scottish-v1": ("pyrankvote", "pref_voting"),
    "schulze-wv-v1": ("pref_voting",),
    "ranked-pairs-v1": ("pref_voting",),
    "pb-greedy-v1": ("pabutools",),
    "pb-mes-v1": ("pabutools",),
}
"""Which libraries know a rule of ours (pyrankvote's STV is near to the Scottish one, not the same)."""


class _TooLongError(Exception):
    pass


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


Way = tuple[Callable[[], Any], Callable[[Any], Any]]
"""What is made of the lists, and the count of that."""


def pyrankvote_ways(orders: list[tuple[str, ...]]) -> dict[str, Way]:
    import pyrankvote as library

    people = {name: library.Candidate(name) for name in CANDIDATES}
    everybody = list(people.values())

    def make() -> Any:
        return [library.Ballot([people[name] for name in order]) for order in orders]

    return {
        "irv-v1": (make, lambda ballots: library.instant_runoff_voting(everybody, ballots)),
        "stv-scottish-v1": (
            make, lambda ballots: library.single_transferable_vote(everybody, ballots, number_of_seats=STV_SEATS)
        ),
    }  # fmt: skip


def pref_voting_ways(orders: list[tuple[str, ...]]) -> dict[str, Way]:
    from pref_voting import voting_methods
    from pref_voting.profiles_with_ties import ProfileWithTies
    from pref_voting.proportional_methods import stv_scottish

    number = {name: place for place, name in enumerate(CANDIDATES)}

    def group() -> Any:
        grouped = Counter(orders)
        rankings = [{number[name]: place for place, name in enumerate(order, start=1)} for order in grouped]
        return rankings, list(grouped.values())

    def profile(grouped: Any) -> Any:
        rankings, counts = grouped
        made = ProfileWithTies(rankings, rcounts=counts, candidates=list(number.values()))
        made.use_extended_strict_preference()
        return made

    def make() -> Any:
        return profile(group())

    return {
        "irv-v1": (make, voting_methods.instant_runoff_for_truncated_linear_orders),
        "stv-scottish-v1": (make, lambda made: stv_scottish(made, num_seats=STV_SEATS)),
        # Their matrix is made with the profile and kept: it is part of the count as it is of ours.
        "schulze-wv-v1": (group, lambda grouped: voting_methods.beat_path(profile(grouped))),
        "ranked-pairs-v1": (group, lambda grouped: voting_methods.ranked_pairs_tb(profile(grouped))),
    }


def pabutools_ways(poll: BudgetPoll) -> dict[str, Way]:
    from pabutools import election
    from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares

    def make() -> Any:
        projects = {option: election.Project(option, cost) for option, cost in poll.projects.items()}
        instance = election.Instance(projects.values(), budget_limit=poll.budget)
        ballots = [election.ApprovalBallot([projects[option] for option in ballot]) for ballot in poll.ballots]
        return instance, election.ApprovalProfile(ballots, instance=instance).as_multiprofile()

    return {
        "pb-greedy-v1": (make, lambda made: greedy_utilitarian_welfare(*made, sat_class=election.Cost_Sat)),
        "pb-mes-v1": (make, lambda made: method_of_equal_shares(*made, sat_class=election.Cost_Sat)),
    }


def our_ways(orders: list[tuple[str, ...]], poll: BudgetPoll) -> dict[str, Way]:
    def ranked(rule: str) -> Way:
        return lambda: RankedProfile.of_orders(orders), lambda profile: count_ranked(rule, profile)

    def budgeted(rule: str, **chosen: Any) -> Way:
        options = rules.full_options(rule, **chosen)
        order = list(poll.projects)
        return lambda: ApprovalProfile.of(poll.ballots), lambda profile: rules.count(
            rule, profile, poll.projects, budget=poll.budget, tie_order=order, options=options
        )

    ways = {rule: ranked(rule) for rule in SHARED if rule in rules.RULES and not rule.startswith("pb-")}
    return ways | {"pb-greedy-v1": budgeted("pb-greedy-v1"), "pb-mes-v1": budgeted("pb-mes-v1", completion=[])}


def measure(way: Way) -> tuple[float, float, str]:
    """CPU seconds from the lists to the result and of counting alone, and "" or what went wrong."""
    make, count = way
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        made = make()
        whole, late = _seconds(lambda: count(make()))
        alone, later = _seconds(lambda: count(made))
    return whole, alone, late or later


def _seconds(count: Callable[[], Any]) -> tuple[float, str]:
    start = time.process_time()
    try:
        with _at_most(LIMIT):
            return best(count), ""
    except _TooLongError:
        return time.process_time() - start, f"stopped after {LIMIT} s"


def main(ballots: str, projects: str) -> None:
    """Measure every shared rule; print {"rule", "ours": [whole, alone], "theirs": {library: [whole, alone]}, "missing": […],
    "notes": […]} for each, in seconds as `measure` returns them."""
    lists = orders(ranked_bytes(int(ballots), seed=2))
    poll = budget_poll(int(ballots), int(projects), seed=3)
    makers: dict[str, Callable[[], dict[str, Way]]] = {
        "pyrankvote": lambda: pyrankvote_ways(lists),
        "pref_voting": lambda: pref_voting_ways(lists),
        "pabutools": lambda: pabutools_ways(poll),
    }
    found = {}
    for library, make in makers.items():
        try:
            importlib.import_module(library)
        except ImportError:
            continue
        found[library] = make()
    mine = our_ways(lists, poll)
    for rule, libraries in SHARED.items():
        answer: dict[str, Any] = {"rule": rule, "ours": None, "theirs": {}, "missing": [], "notes": []}
        if rule in mine:
            answer["ours"] = measure(mine[rule])[:2]
            for library in libraries:
                if library not in found:
                    answer["missing"].append(library)
                    continue
                *seconds, note = measure(found[library][rule])
                answer["theirs"][library] = seconds
                answer["notes"] += [f"{library} {note}"] if note else []
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
