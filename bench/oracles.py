"""The same polls counted by ourselves and by other libraries, in one process: `python -m bench.oracles BALLOTS PROJECTS`.

Ours starts from plain lists, grouping included; the others from objects of theirs that are ready. A JSON line for each rule.
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

from bench.ballots import CANDIDATES, budget_poll, ranked_bytes, rankings
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


def pyrankvote_counts(ballots: list[list[tuple[str]]]) -> dict[str, Callable[[], Any]]:
    import pyrankvote as library

    people = {name: library.Candidate(name) for name in CANDIDATES}
    theirs = [library.Ballot([people[rank[0]] for rank in ballot]) for ballot in ballots]
    everybody = list(people.values())
    return {
        "irv-v1": lambda: library.instant_runoff_voting(everybody, theirs),
        "stv-scottish-v1": lambda: library.single_transferable_vote(everybody, theirs, number_of_seats=STV_SEATS),
    }


def pref_voting_counts(ballots: list[list[tuple[str]]]) -> dict[str, Callable[[], Any]]:
    from pref_voting import voting_methods
    from pref_voting.profiles_with_ties import ProfileWithTies
    from pref_voting.proportional_methods import stv_scottish

    grouped = Counter(tuple(CANDIDATES.index(rank[0]) for rank in ballot) for ballot in ballots)
    rankings = [{candidate: place for place, candidate in enumerate(ranking, start=1)} for ranking in grouped]

    def profile() -> Any:
        made = ProfileWithTies(rankings, rcounts=list(grouped.values()), candidates=list(range(len(CANDIDATES))))
        made.use_extended_strict_preference()
        return made

    ready = profile()
    return {
        "irv-v1": lambda: voting_methods.instant_runoff_for_truncated_linear_orders(ready),
        "stv-scottish-v1": lambda: stv_scottish(ready, num_seats=STV_SEATS),
        # Their matrix is made with the profile and kept: made here, it is part of the count as it is of ours.
        "schulze-wv-v1": lambda: voting_methods.beat_path(profile()),
        "ranked-pairs-v1": lambda: voting_methods.ranked_pairs_tb(profile()),
    }


def pabutools_counts(poll: Any) -> dict[str, Callable[[], Any]]:
    from pabutools import election
    from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares

    projects = {option: election.Project(option, cost) for option, cost in poll.projects.items()}
    instance = election.Instance(projects.values(), budget_limit=poll.budget)
    theirs = [election.ApprovalBallot([projects[option] for option in ballot]) for ballot in poll.ballots]
    profile = election.ApprovalProfile(theirs, instance=instance).as_multiprofile()
    return {
        "pb-greedy-v1": lambda: greedy_utilitarian_welfare(instance, profile, sat_class=election.Cost_Sat),
        "pb-mes-v1": lambda: method_of_equal_shares(instance, profile, sat_class=election.Cost_Sat),
    }


def ours(ballots: list[list[tuple[str]]], poll: Any) -> dict[str, Callable[[], Any]]:
    def ranked(rule: str) -> Callable[[], Any]:
        return lambda: count_ranked(rule, RankedProfile.of(ballots))

    def budgeted(rule: str, **chosen: Any) -> Callable[[], Any]:
        options = rules.full_options(rule, **chosen)
        order = list(poll.projects)
        return lambda: rules.count(
            rule, ApprovalProfile.of(poll.ballots), poll.projects, budget=poll.budget, tie_order=order, options=options
        )

    counts = {rule: ranked(rule) for rule in SHARED if rule in rules.RULES and not rule.startswith("pb-")}
    return counts | {"pb-greedy-v1": budgeted("pb-greedy-v1"), "pb-mes-v1": budgeted("pb-mes-v1", completion=[])}


def measure(count: Callable[[], Any]) -> tuple[float, str]:
    """(CPU seconds, "" or what went wrong)."""
    start = time.process_time()
    try:
        with _at_most(LIMIT), warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            return best(count), ""
    except _TooLongError:
        return time.process_time() - start, f"stopped after {LIMIT} s"


def main(ballots: str, projects: str) -> None:
    """Measure every shared rule; print {"rule", "ours", "theirs": {library: seconds}, "missing": […], "notes": […]} for each."""
    lists = list(rankings(ranked_bytes(int(ballots), seed=2)))
    poll = budget_poll(int(ballots), int(projects), seed=3)
    makers: dict[str, Callable[[], dict[str, Callable[[], Any]]]] = {
        "pyrankvote": lambda: pyrankvote_counts(lists),
        "pref_voting": lambda: pref_voting_counts(lists),
        "pabutools": lambda: pabutools_counts(poll),
    }
    found = {}
    for library, make in makers.items():
        try:
            importlib.import_module(library)
        except ImportError:
            continue
        found[library] = make()
    mine = ours(lists, poll)
    for rule, libraries in SHARED.items():
        answer: dict[str, Any] = {"rule": rule, "ours": None, "theirs": {}, "missing": [], "notes": []}
        if rule in mine:
            answer["ours"] = measure(mine[rule])[0]
            for library in libraries:
                if library not in found:
                    answer["missing"].append(library)
                    continue
                seconds, note = measure(found[library][rule])
                answer["theirs"][library] = seconds
                answer["notes"] += [f"{library} {note}"] if note else []
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
