"""Two programs, one page: `counting/` and the stand-alone verifier write the same bytes for the same random polls.

Neither was written with the other in view; docs/reference/results.md decides who is right. Few ballots and few options on
purpose: what two readers of a page understand differently shows in ties, gaps, over-votes and empty cases.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

import pytest

from counting.ballotfile import ballots_sha256, write_ballot_file
from counting.lots import lots_order, lots_seed
from counting.options import OptionsError
from counting.outcome import canonical_bytes, result
from counting.profile import ApprovalProfile, PointsProfile, RankedProfile
from counting.rules import RULES, count, validate_options
from verifier import __main__ as verifier

PROFILES_PER_RULE = 200
IDS = ["o1", "o2", "o10", "b", "-a", "z_9", "c.d"]
Ballots = Counter[tuple[Any, ...]]


# ------------------------------------------------------------------------------------------------------- random polls


def some(dice: Random, ids: list[str], *, at_most: int | None = None) -> list[str]:
    return dice.sample(ids, dice.randint(0, min(len(ids), len(ids) if at_most is None else at_most)))


def ranking(dice: Random, ids: list[str]) -> tuple[tuple[str, ...], ...]:
    """Mostly as people rank; else as they mark paper: gaps, several at a rank, an option at several ranks."""
    if dice.random() < 0.5:
        return tuple((option,) for option in some(dice, ids))
    sizes = [min(len(ids), dice.choice([0, 0, 1, 1, 1, 1, 2, 2, 3])) for _ in range(dice.randint(0, 6))]
    ranks = [tuple(sorted(dice.sample(ids, size))) for size in sizes]
    while ranks and not ranks[-1]:
        ranks.pop()
    return tuple(ranks)


def approvals(dice: Random, ids: list[str]) -> tuple[str, ...]:
    return tuple(sorted(some(dice, ids)))


def points(dice: Random, ids: list[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((option, dice.randint(1, 5)) for option in some(dice, ids)))


def ballots(dice: Random, ids: list[str], draw: Callable[[Random, list[str]], tuple[Any, ...]]) -> Ballots:
    groups: Ballots = Counter()
    for _ in range(dice.choice([0, 1, 2, 3, 4, 5, 6, 8, 8, 10, 12, 12, 20, 20, 40])):
        groups[draw(dice, ids)] += dice.choice([1, 1, 1, 2, 3])
    if dice.random() < 0.05:
        groups = Counter({(): dice.randint(1, 4)})
    return groups


def reading(dice: Random, ids: list[str]) -> dict[str, Any]:
    return {
        "overvote": dice.choice(["exhaust", "skip", "exhaust_if_multiple_continuing"]),
        "max_skipped": dice.choice([None, 0, 1, 2]),
        "duplicate": dice.choice(["skip", "exhaust"]),
        "withdrawn": dice.choice([[], [], some(dice, ids, at_most=2)]),
        "quorum": dice.choice([0, 0, 0, 5]),
    }


def seats(dice: Random) -> dict[str, Any]:
    return {"seats": dice.choice([1, 1, 2, 2, 3, 4, 8]), "quorum": dice.choice([0, 0, 0, 5])}


def pots_of(dice: Random, ids: list[str], budget: int) -> list[dict[str, Any]]:
    home = {option: dice.choice(["north", "south"]) for option in ids}
    north = dice.randint(0, budget)
    return [
        {"id": name, "budget": money, "options": [option for option in ids if home[option] == name]}
        for name, money in (("north", north), ("south", dice.randint(0, budget - north)))
        if name in home.values()
    ]


def options_of(rule: str, dice: Random, ids: list[str], budget: int) -> dict[str, Any]:
    """Complete options of a rule, at random."""
    flip = dice.random() < 0.5
    if rule == "irv-v1":
        return {**reading(dice, ids), "until_two": flip, "batch": dice.random() < 0.5}
    if rule == "stv-scottish-v1":
        quota = dice.choice(["droop_int", "hare_int", "nb_exact"])
        return {**reading(dice, ids), **seats(dice), "quota": quota, "decimals": dice.choice([5, 4, "exact"])}
    if rule == "stv-meek-prf-v1":
        return {**reading(dice, ids), **seats(dice), "overvote": dice.choice(["exhaust", "skip"])}
    if rule in ("schulze-wv-v1", "ranked-pairs-v1", "borda-v1"):
        more = {"unranked": dice.choice(["zero", "average"])} if rule == "borda-v1" else {}
        return {**seats(dice), "withdrawn": dice.choice([[], [], some(dice, ids)]), **more}
    if rule == "approval-v1":
        majority = dice.choice([None, ">1/2", ">=1/2", ">=1/1", ">2/6", ">=3/5"])
        return {**seats(dice), "min": dice.choice([0, 0, 1, 2]), "max": dice.choice([None, 2, 3]), "majority": majority}
    if rule == "score-v1":
        return {**seats(dice), "max": dice.choice([None, 3, 5])}
    if rule == "cumulative-v1":
        limit = dice.choice([None, 5, 8])
        return {
            **seats(dice),
            "max_sum": limit,
            "exact_sum": limit is not None and flip,
            "max_points": dice.choice([None, 3]),
            "min_options": dice.choice([0, 0, 2]),
        }
    if rule == "equal-shares-v1":
        return {**seats(dice), "completion": dice.choice(["seqphragmen", "add1", "none"])}
    if rule == "pb-greedy-v1":
        grouped = some(dice, ids, at_most=4)
        groups = [grouped[at : at + 2] for at in range(0, len(grouped) - 1, 2)] or None
        return {
            "mode": dice.choice(["skip", "stop"]),
            "threshold": dice.choice([0, 0, 2, 4]),
            "pots": pots_of(dice, ids, budget) if flip else None,
            "groups": dice.choice([None, groups]),
        }
    if rule == "pb-mes-v1":
        chosen = {name for name in ("add1", "utilitarian", "comparison") if dice.random() < 0.5}
        return {
            "utility": dice.choice(["cost", "cardinality", "points"]),
            "completion": [name for name in ("add1", "utilitarian", "comparison") if name in chosen],
            "integral": flip,
            "step": dice.choice([1, 1, 2, 5]),
            "stop_when_exhaustive": dice.random() < 0.5,
        }
    return seats(dice)


def poll(rule: str, seed: int) -> tuple[dict[str, Any], str, Ballots]:
    """Configuration, kind of ballots and ballots of a random poll."""
    dice = Random(f"{rule} {seed}")
    ids = dice.sample(IDS, dice.choice([1, 2, 3, 3, 4, 4, 5, 5, 6, 7]))
    budgeted = rule.startswith("pb-")
    budget = dice.choice([1, 6, 10, 12, 20, 30]) if budgeted else 0
    options = options_of(rule, dice, ids, budget)
    cost = {option: dice.choice([1, 1, 3, 3, 4, 6, 9]) for option in ids}
    kind = dice.choice(("score", "alloc") if options.get("utility") == "points" else verifier.BALLOTS[rule])
    draw = {"rank": ranking, "approve": approvals, "score": points, "alloc": points}[kind]
    groups = ballots(dice, ids, draw)
    config: dict[str, Any] = {
        "method": rule,
        "rule": options,
        "options": [{"id": option, **({"cost": cost[option]} if budgeted else {})} for option in ids],
        **({"budget": budget} if budgeted else {}),
    }
    return config, kind, groups


# ------------------------------------------------------------------------------------------------------- both counts


def ours(config: dict[str, Any], kind: str, groups: Ballots, beacon: str) -> bytes:
    """The record by `counting/`, with its own ballot file and its own lots."""
    kinds: dict[str, type[ApprovalProfile] | type[PointsProfile] | type[RankedProfile]] = {
        "approve": ApprovalProfile,
        "rank": RankedProfile,
    }
    profile = kinds.get(kind, PointsProfile)(dict(groups))
    projects = {option["id"]: option.get("cost", 0) for option in config["options"]}
    file = write_ballot_file(contest="p1", rule=config["method"], candidates=list(projects), profile=profile)
    seed = lots_seed(contest="p1", ballots_sha256=ballots_sha256(file), beacon=beacon)
    counted = count(
        config["method"],
        profile,
        projects,
        budget=config.get("budget", 0),
        tie_order=lots_order(projects, seed=seed),
        options=config["rule"],
    )
    return canonical_bytes(result(counted, poll="p1", ballots_sha256=ballots_sha256(file), seed=seed))


def theirs(config: dict[str, Any], groups: Ballots, beacon: str) -> bytes:
    return verifier.canonical(verifier.recount("p1", config, groups, beacon))


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """The places where two records differ, for whoever has to find out who is right."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [d for key in sorted({*one, *other}) for d in differences(one.get(key), other.get(key), f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for at, pair in enumerate(zip(one, other, strict=True)) for d in differences(*pair, f"{where}[{at}]")]
    return [] if one == other else [f"{where}: counting {one!r}, verifier {other!r}"]


@pytest.mark.parametrize("rule", sorted(verifier.RULES))
def test_both_counts_write_the_same_bytes(rule: str) -> None:
    for seed in range(PROFILES_PER_RULE):
        config, kind, groups = poll(rule, seed)
        beacon = f"{seed:064x}"
        one, other = ours(config, kind, groups, beacon), theirs(config, groups, beacon)
        assert one == other, (seed, config, dict(groups), differences(json.loads(one), json.loads(other)))


@pytest.mark.parametrize("rule", sorted(verifier.RULES))
def test_both_counts_write_the_same_bytes_for_a_thousand_ballots(rule: str) -> None:
    """Many rounds, transfers and long fractions: voters on a line, nine options on it, everybody near to some."""
    for seed in range(2):
        config, kind, _ = poll(rule, seed)
        dice = Random(f"large {rule} {seed}")
        ids = [f"o{place}" for place in range(9)]
        budget = config.get("budget", 0) * 1000
        config["rule"] = options_of(rule, dice, ids, budget)
        if "utility" in config["rule"]:
            config["rule"].update(utility="points" if kind != "approve" else "cost", step=500)
        money = [{"cost": dice.randint(1, 9) * 1000} if budget else {} for _ in ids]
        config["options"] = [{"id": option, **cost} for option, cost in zip(ids, money, strict=True)]
        groups: Ballots = Counter()
        for _ in range(1000):
            place = dice.gauss(4, 3)
            near = sorted(ids, key=lambda option: abs(int(option[1:]) - place) + 4 * dice.random())[: dice.randint(0, 6)]
            groups[as_kind(kind, near)] += 1
        config |= {"budget": budget} if budget else {}
        beacon = f"{seed:064x}"
        one, other = ours(config, kind, groups, beacon), theirs(config, groups, beacon)
        assert one == other, (seed, config, differences(json.loads(one), json.loads(other)))


def as_kind(kind: str, best_first: list[str]) -> tuple[Any, ...]:
    if kind == "rank":
        return tuple((option,) for option in best_first)
    if kind == "approve":
        return tuple(sorted(best_first))
    return tuple(sorted((option, max(1, 3 - place)) for place, option in enumerate(best_first)))


def test_the_random_polls_are_many_and_come_upon_what_two_readers_might_read_differently() -> None:
    """What the comparison above would be worth nothing without: it happens in the random polls, and often."""
    seen: Counter[str] = Counter()
    for rule, seed in product(sorted(verifier.RULES), range(PROFILES_PER_RULE)):
        config, _, groups = poll(rule, seed)
        record = json.loads(theirs(config, groups, f"{seed:064x}"))
        seen["polls"] += 1
        seen["blank"] += record["input"]["blank"] > 0
        seen["no ballot"] += record["input"]["ballots"] == 0
        seen["no valid ballot"] += record["input"]["ballots"] > 0 and record["input"]["valid"] == 0
        seen["lots"] += record["lots_used"]
        seen["withdrawn"] += bool(config["rule"].get("withdrawn"))
        seen["pots"] += bool(config["rule"].get("pots"))
        seen["no quorum"] += record["input"]["ballots"] < config["rule"].get("quorum", 0)
        seen["surplus"] += any(r.get("surplus") for r in record["rounds"] if rule == "stv-scottish-v1")
        seen["comparison"] += record.get("comparison", {}).get("chosen") == "greedy"
        seen["raises"] += record.get("raises", 0) > 0
        seen.update(record["input"]["rejected"].keys())
        seen.update({r["decision"] for r in record["rounds"] if "decision" in r})
        ties = [tie for r in record["rounds"] for tie in r.get("ties", [])]
        seen.update({"tie " + tie["for"] for tie in ties} | {"look-back" for tie in ties if tie["lookback"]})
    assert seen["polls"] >= 2000
    assert seen["lots"] >= 500
    often = ["blank", "no ballot", "no valid ballot", "withdrawn", "pots", "no quorum", "surplus", "comparison", "raises"]
    reasons = ["overvote", "skipped", "duplicate", "choices", "too_few", "too_many", "too_much", "wrong_sum"]
    decisions = ["funded", "unaffordable", "stopped", "below_threshold", "group_taken"]
    ties_seen = ["tie elect", "tie exclude", "tie surplus", "look-back"]
    for name in [*often, *reasons, *decisions, *ties_seen]:
        assert seen[name] >= 3, (name, seen[name])


# ------------------------------------------------------------------------------------------------- options refused alike

SPOILS: list[Any] = [None, True, False, -1, 0, 1, 2, 5, 6, 2**53, "", "1", "skip", "exhaust", "none", [], {}, ["add1"], ["o1"]]
SPOILS += [">1/2", ">=1/1", ">1/1", ">0/1", ">=0/5", ">3/2", "1/2", ">=2/4", "> 1/2", ">1/0", ">1/2 ", ">٣/٤", "=1/2", ">>1/2"]
SPOILS += [["utilitarian", "add1"], ["add1", "add1"], ["add1", "comparison"], [["o1"]], [["o1", "b"]], [["o1", "o1"]], 1.0, [[]]]
POT = {"id": "n", "budget": 1, "options": ["b", "o1"]}
SPOILS += [[POT], [{**POT, "budget": -1}], [{"id": "n"}], [None], [POT, POT], [{**POT, "options": ["o1", "b", "o1"]}]]
SPOILS += [[POT, {**POT, "id": "m", "options": []}], [{**POT, "id": ""}], [POT, {**POT, "options": []}], [{**POT, "id": 1}]]


@pytest.mark.parametrize("rule", sorted(verifier.RULES))
def test_both_programs_accept_and_refuse_the_same_options(rule: str) -> None:
    dice = Random(rule)
    good = options_of(rule, dice, ["o1", "b"], 10)
    candidates = [{**good, name: value} for name in good for value in SPOILS]
    candidates += [{key: good[key] for key in good if key != name} for name in good] + [{**good, "more": 1}]
    for _ in range(400):
        candidates.append(options_of(rule, dice, ["o1", "b"], 10) | {dice.choice(sorted(good)): dice.choice(SPOILS)})
    for options in candidates:
        assert accepted_by_counting(rule, options) == accepted_by_verifier(rule, options), options


def accepted_by_counting(rule: str, options: dict[str, Any]) -> bool:
    try:
        validate_options(rule, options)
    except OptionsError:
        return False
    return True


def accepted_by_verifier(rule: str, options: dict[str, Any]) -> bool:
    try:
        verifier.shape(options, verifier.RULES[rule], "rule")
        named = [option for pot in options.get("pots") or [] for option in pot["options"]]
        ids = sorted(set(named)) or ["o1", "b", "add1", "comparison", "utilitarian"]
        verifier._check_rule(options, ids, 10, "rule")
    except verifier.Problem:
        return False
    return True


def test_every_rule_that_a_poll_may_use_is_in_both_programs() -> None:
    assert set(verifier.RULES) == set(RULES) - {"pb-maxutil-v1"}
    assert set(verifier.RULES) == {*verifier.COUNTS, *verifier.BUDGET_COUNTS} == set(verifier.BALLOTS)
