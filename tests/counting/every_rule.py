"""Random polls for every rule of the registry: options and ballots of the right kinds, few and small, so that ties are common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from counting import rules
from counting.outcome import JSONObject, Outcome, result
from counting.pb_mes import COMPLETIONS
from counting.profile import ApprovalProfile, PointsProfile, Profile, RankedProfile

Strategy = st.SearchStrategy[Any]
IDS = ("o1", "o2", "o10", "b", "z.9")  # not in the order of their code points, and none is a word of the record


@dataclass(frozen=True)
class Poll:
    """All that a count is made from. `groups`: ballots as profiles group them."""

    rule: str
    options: dict[str, Any]
    kind: type[ApprovalProfile] | type[PointsProfile] | type[RankedProfile]
    groups: Mapping[tuple[Any, ...], int]
    projects: Mapping[str, int]
    budget: int
    tie_order: tuple[str, ...]

    @property
    def profile(self) -> Profile:
        return self.kind(dict(self.groups))

    def count(self) -> Outcome:
        return rules.count(
            self.rule, self.profile, self.projects, budget=self.budget, tie_order=self.tie_order, options=self.options
        )

    def record(self) -> JSONObject:
        return result(self.count(), poll="p1", ballots_sha256="0" * 64, seed="1" * 64)


def limit(least: int, most: int) -> Strategy:
    return st.none() | st.integers(least, most)


def in_pieces(ids: tuple[str, ...], least: int) -> Strategy:
    """Some of the ids, in lists of at least `least`."""
    return st.permutations(list(ids)).flatmap(
        lambda order: st.integers(least, len(order)).map(
            lambda cut: [part for part in (order[:cut], order[cut:]) if len(part) >= least]
        )
    )


def options_of(rule: str, ids: tuple[str, ...], budget: int) -> dict[str, Strategy]:
    """What each option of a rule may be."""
    flip = st.booleans()
    names = st.lists(st.sampled_from(ids), unique=True, max_size=len(ids))
    common = {"quorum": st.sampled_from([0, 0, 0, 4])}
    seats = {**common, "seats": st.integers(1, 5)}
    condorcet = {**seats, "withdrawn": st.just([]) | names}
    reading = {
        **common,
        "overvote": st.sampled_from(["exhaust", "skip", "exhaust_if_multiple_continuing"]),
        "max_skipped": limit(0, 2),
        "duplicate": st.sampled_from(["skip", "exhaust"]),
        "withdrawn": st.just([]) | names,
    }
    pots = in_pieces(ids, 1).map(
        lambda parts: [{"id": f"pot {part[0]}", "budget": budget // len(parts), "options": part} for part in parts]
    ).filter(lambda pots: sum(len(pot["options"]) for pot in pots) == len(ids))  # fmt: skip
    options: dict[str, dict[str, Strategy]] = {
        "pb-greedy-v1": {
            "mode": st.sampled_from(["skip", "stop"]),
            "threshold": st.integers(0, 3),
            "pots": st.none() | pots,
            "groups": st.none() | (in_pieces(ids, 2).filter(bool) if len(ids) > 1 else st.none()),
        },
        "pb-maxutil-v1": {"value": st.sampled_from(["score", "cost_score"])},
        "pb-mes-v1": {
            "utility": st.sampled_from(["cost", "cardinality", "points"]),
            "completion": st.sampled_from(COMPLETIONS),
            "integral": flip,
            "step": st.integers(1, 3),
            "stop_when_exhaustive": flip,
        },
        "irv-v1": {**reading, "until_two": flip, "batch": flip},
        "stv-scottish-v1": {
            **reading,
            **seats,
            "quota": st.sampled_from(["droop_int", "hare_int", "nb_exact"]),
            "decimals": st.sampled_from([5, 4, "exact"]),
        },
        "stv-meek-prf-v1": {**reading, **seats, "overvote": st.sampled_from(["exhaust", "skip"])},
        "seqpav-v1": seats,
        "seqphragmen-v1": seats,
        "equal-shares-v1": {**seats, "completion": st.sampled_from(["seqphragmen", "add1", "none"])},
        "schulze-wv-v1": condorcet,
        "ranked-pairs-v1": condorcet,
        "borda-v1": {**condorcet, "unranked": st.sampled_from(["zero", "average"])},
        "approval-v1": {
            **seats,
            "min": st.integers(0, 2),
            "max": limit(2, 3),
            "majority": st.sampled_from([None, ">1/2", ">=1/2", ">=2/3", ">=1/1", ">2/6"]),
        },
        "score-v1": {**seats, "max": limit(1, 3)},
        "cumulative-v1": {
            **seats,
            "max_sum": limit(1, 5),
            "exact_sum": flip,
            "max_points": limit(1, 3),
            "min_options": st.integers(0, 2),
        },
    }
    return options[rule]


@st.composite
def rankings(draw: st.DrawFn, ids: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Mostly as people rank; else as they mark paper: gaps, several at a rank, an option at several ranks."""
    if draw(st.booleans()):
        return tuple((option,) for option in draw(st.lists(st.sampled_from(ids), unique=True)))
    rank = st.lists(st.sampled_from(ids), unique=True, max_size=2).map(lambda marked: tuple(sorted(marked)))
    ranks = draw(st.lists(rank, max_size=len(ids) + 1))
    while ranks and not ranks[-1]:
        ranks.pop()
    return tuple(ranks)


def approvals(ids: tuple[str, ...]) -> Strategy:
    return st.lists(st.sampled_from(ids), unique=True).map(lambda marked: tuple(sorted(marked)))


def points(ids: tuple[str, ...]) -> Strategy:
    return st.dictionaries(st.sampled_from(ids), st.integers(1, 3)).map(lambda given: tuple(sorted(given.items())))


BALLOTS: Mapping[type[Profile], Callable[[tuple[str, ...]], Strategy]] = {
    ApprovalProfile: approvals,
    PointsProfile: points,
    RankedProfile: rankings,
}


@st.composite
def polls(draw: st.DrawFn, rule: str) -> Poll:
    """Any poll that the rule can count."""
    ids = tuple(draw(st.permutations(list(IDS))))[: draw(st.integers(1, len(IDS)))]
    budgeted = rules.RULES[rule].budgeted
    budget = draw(st.integers(0, 12)) if budgeted else 0
    options = {name: draw(values) for name, values in options_of(rule, ids, budget).items()}
    if options.get("max_sum", 0) is None:
        options["exact_sum"] = False
    if (utility := options.get("utility")) is not None:
        kind: Any = PointsProfile if utility == "points" else ApprovalProfile
    else:
        kind = draw(st.sampled_from(rules.RULES[rule].ballots))
    group = st.tuples(BALLOTS[kind](ids), st.sampled_from([1, 1, 1, 2, 3]))
    groups: Counter[tuple[Any, ...]] = Counter()
    for ballot, ballots in draw(st.lists(group, max_size=8)):
        groups[ballot] += ballots
    return Poll(
        rule=rule, options=options, kind=kind, groups=groups, budget=budget, tie_order=tuple(draw(st.permutations(list(ids)))),
        projects={option: draw(st.integers(1, 4)) if budgeted else 0 for option in ids},
    )  # fmt: skip
