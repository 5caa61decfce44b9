"""The recount in the browser: for every rule the same bytes as the stand-alone verifier, in a real browser.

The stand-alone verifier is held to examples worked out by hand (tests/verifier/test_recount*.py) and to the count of the
server (tests/counting/test_cross.py). Here the same random polls, and harder ones, are counted by webverifier/count/.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import ROOT
from tests.counting import test_cross as cross
from tests.verifier.writelog import BALLOTS, OPTIONS, b_of, marks
from verifier import __main__ as verifier

MODULES = ROOT / "webverifier"
GOLDEN = sorted((ROOT / "tests" / "counting" / "golden").glob("*.json"))
SITE = "http://count.test"
RANDOM_POLLS = 200
HARD_POLLS = 100
BEACON = "5e" * 32
# What JavaScript treats in its own way as a key, and what is sorted differently as numbers than as text.
ODD_IDS = ["__proto__", "constructor", "10", "9", "0", "00", "-1", "--", "1.5", "o1", "o10", "o2", "z_9"]

LOAD = """async () => {
  const count = await import("/count/index.js");
  const { sha256 } = await import("/vendor/sha2.js");
  count.useSha256(sha256);
  window.count = count;
  window.groupsOf = (ballots) => {
    const groups = new Map();
    for (const [b, times] of ballots) groups.set(count.marksOf(b), (groups.get(count.marksOf(b)) ?? 0) + times);
    return groups;
  };
  window.counted = ({ config, ballots, beacon, seed }) => {
    const groups = window.groupsOf(ballots);
    const ids = config.options.map((option) => option.id);
    try {
      const hash = seed ?? count.ballotsSha256("p1", config.method, ids, groups);
      return count.canonical(count.recount("p1", config, groups, beacon, hash));
    } catch (error) {
      return error instanceof count.CannotCount ? `CannotCount: ${error.message}` : `wrong: ${error.stack}`;
    }
  };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page with the modules loaded and no network behind it."""

    def serve(route: Route) -> None:
        file = MODULES / route.request.url.removeprefix(SITE + "/")
        if file.suffix == ".js" and file.is_file():
            route.fulfill(body=file.read_bytes(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    context = browser.new_context()
    context.route("**/*", serve)
    page = context.new_page()
    page.goto(SITE + "/")
    page.evaluate(LOAD)
    yield page
    context.close()


def b_from(kind: str, ballot: tuple[Any, ...], dice: Random) -> dict[str, Any]:
    """A `b` as it could stand in the log, but for the order of its ids, which may be any."""
    if kind == "rank":
        return {kind: [dice.sample(rank, len(rank)) for rank in ballot]}
    mixed = dice.sample(ballot, len(ballot))
    return {kind: mixed if kind == "approve" else dict(mixed)}


def asked(config: dict[str, Any], kind: str, groups: cross.Ballots, beacon: str) -> dict[str, Any]:
    dice = Random(beacon)
    return {"config": config, "ballots": [[b_from(kind, ballot, dice), n] for ballot, n in groups.items()], "beacon": beacon}


def answers(page: Page, polls: Iterable[dict[str, Any]]) -> list[str]:
    found: list[str] = page.evaluate("(polls) => JSON.parse(polls).map(counted)", json.dumps(list(polls)))
    return found


def one_answer(page: Page, poll: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answers(page, [poll])[0])
    return found


def compare(page: Page, polls: list[tuple[dict[str, Any], str, cross.Ballots]]) -> None:
    beacons = [f"{place:064x}" for place in range(len(polls))]
    given = [asked(*poll, beacon) for poll, beacon in zip(polls, beacons, strict=True)]
    for (config, _, groups), beacon, answer in zip(polls, beacons, answers(page, given), strict=True):
        right = cross.theirs(config, groups, beacon).decode()
        assert answer == right, (config, dict(groups))


# ------------------------------------------------------------------------------------------------------- random polls


@pytest.mark.parametrize("rule", sorted(verifier.RULES))
def test_the_browser_and_the_stand_alone_verifier_write_the_same_bytes(page: Page, rule: str) -> None:
    compare(page, [cross.poll(rule, seed) for seed in range(RANDOM_POLLS)])


def hard_poll(rule: str, seed: int) -> tuple[dict[str, Any], str, cross.Ballots]:
    """Like `cross.poll`, with odd ids, money and points beyond 32 bits, very many ballots, more seats than there ever are."""
    config, kind, _ = cross.poll(rule, seed)
    dice = Random(f"hard {rule} {seed}")
    ids = dice.sample(ODD_IDS, dice.randint(1, 9))
    scale = dice.choice([1, 10**6, 10**9 + 7, 2**44])
    budget = config.get("budget", 0) * scale
    options = cross.options_of(rule, dice, ids, budget)
    if rule == "pb-mes-v1":
        kind = "alloc" if options["utility"] == "points" else "approve"
        options["step"] *= max(1, scale // dice.choice([1, 2, 5]))
    if "seats" in options:
        options["seats"] = dice.choice([options["seats"]] * 9 + [2**53 - 1])
    cost = {option: max(1, dice.choice([1, 1, 3, 4, 6, 9]) * scale + dice.choice([0, 0, 1, -1])) for option in ids}
    most = dice.choice([3, 97, 2**31 + 11, 2**52 + 1])

    def given(dice: Random, ids: list[str]) -> tuple[tuple[str, int], ...]:
        return tuple(sorted((option, dice.choice([1, most, dice.randint(1, most)])) for option in cross.some(dice, ids)))

    draw = {"rank": cross.ranking, "approve": cross.approvals, "score": given, "alloc": given}[kind]
    groups = cross.ballots(dice, ids, draw)
    # Meek's iterations end without a further gain only where very many ballots are rounded.
    many = {"stv-meek-prf-v1": 0.9, "equal-shares-v1": 0.0}.get(rule, 0.3)  # equal shares: runs for every ballot
    if dice.random() < many:
        groups = Counter({ballot: times * dice.choice([1, 1000, 10**6, 10**8 + 7]) for ballot, times in groups.items()})
    config |= {"rule": options, "options": [{"id": option, **({"cost": cost[option]} if budget else {})} for option in ids]}
    return config | ({"budget": budget} if budget else {}), kind, groups


@pytest.mark.parametrize("rule", sorted(verifier.RULES))
def test_odd_ids_and_huge_numbers_are_counted_alike(page: Page, rule: str) -> None:
    compare(page, [hard_poll(rule, seed) for seed in range(HARD_POLLS)])


@pytest.mark.parametrize("rule", sorted(verifier.RULES))
def test_a_thousand_different_ballots_are_counted_alike(page: Page, rule: str) -> None:
    """Many rounds, transfers, long fractions: voters on a line, nine options on it, everybody near to some."""
    polls = []
    for seed in range(3):
        config, kind, _ = cross.poll(rule, seed)
        dice = Random(f"line {rule} {seed}")
        ids = [f"o{place}" for place in range(9)]
        budget = config.get("budget", 0) * 1000
        config["rule"] = cross.options_of(rule, dice, ids, budget)
        if "utility" in config["rule"]:
            config["rule"].update(utility="cost" if kind == "approve" else "points", step=500)
        config["options"] = [{"id": option, **({"cost": dice.randint(1, 9) * 1000} if budget else {})} for option in ids]
        config |= {"budget": budget} if budget else {}
        groups: cross.Ballots = Counter()
        for _ in range(1000):
            place = dice.gauss(4, 3)
            near = sorted(ids, key=lambda option: abs(int(option[1:]) - place) + 4 * dice.random())[: dice.randint(0, 6)]
            groups[cross.as_kind(kind, near)] += 1
        polls.append((config, kind, groups))
    compare(page, polls)


def test_the_hard_polls_hold_what_makes_them_hard() -> None:
    seen: Counter[str] = Counter()
    for rule in sorted(verifier.RULES):
        for seed in range(HARD_POLLS):
            config, _, groups = hard_poll(rule, seed)
            record = json.loads(cross.theirs(config, groups, f"{seed:064x}"))
            seen["odd key"] += "__proto__" in json.dumps(record["rounds"])
            seen["beyond 32 bits"] += record.get("spent", 0) > 2**32
            sums = [str(n) for r in record["rounds"] for n in [r.get("score", 0), *r.get("tallies", {}).values()]]
            seen["beyond 2^53"] += any(n.isdecimal() and int(n) > 2**53 for n in sums)
            seen["millions of ballots"] += record["input"]["ballots"] > 10**6
            seen["seats without end"] += config["rule"].get("seats", 0) > 2**50
            seen["lots"] += record["lots_used"]
    for what in ("odd key", "beyond 32 bits", "beyond 2^53", "millions of ballots", "seats without end", "lots"):
        assert seen[what] >= 10, (what, seen[what])


# ---------------------------------------------------------------------------------------------------- worked examples


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_the_golden_budget_rounds_come_out_byte_for_byte(page: Page, file: Path) -> None:
    golden = json.loads(file.read_text(encoding="utf-8"))
    given = golden["input"]
    ballots = [{"alloc": b} if isinstance(b, dict) else {"approve": b} for b in given["ballots"]]
    script = """(text) => {
      const { given, ballots } = JSON.parse(text);
      const groups = count.groupBallots(ballots);
      const ids = given.options.map((option) => option.id);
      const hash = count.ballotsSha256(given.poll, given.method, ids, groups);
      return [
        count.ballotFile(given.poll, given.method, ids, groups),
        count.canonical(count.recount(given.poll, given, groups, given.nonce, hash)),
      ];
    }"""
    answer = page.evaluate(script, json.dumps({"given": given, "ballots": ballots}))
    assert answer == [given["ballot_file"], golden["result_canonical"]]


SCHULZE = {"acbed": 5, "adecb": 5, "bedac": 8, "cabed": 3, "caebd": 7, "cbade": 2, "dceba": 7, "ebadc": 8}
SURPLUS = {"a>b": 5, "a": 2, "b": 1, "c>b": 2}
TENNESSEE = {"m>n>c>k": 42, "n>c>k>m": 26, "c>k>n>m": 15, "k>c>n>m": 17}
# rule, ids, ballots, options that differ; then winners, and figures by their way in the record: all worked out by hand
EXAMPLES: list[tuple[str, str, dict[str, int], dict[str, Any], list[str], dict[str, Any]]] = [
    ("irv-v1", "abcd", {"a": 5, "b": 3, "c": 2, "d>c": 1}, {}, ["a"],
     {"rounds/1/ties/0/lookback": [{"round": 1, "left": ["c"]}], "rounds/2/tallies": {"a": "5", "b": "3"}}),
    ("stv-scottish-v1", "abc", SURPLUS, {}, ["a", "b"],
     {"quota": "4.00000", "rounds/0/transfers/a/to": {"b": "2.14285"},
      "rounds/0/transfers/a/exhausted": {"choices": "0.85714", "rounding": "0.00001"}}),
    ("stv-scottish-v1", "abc", SURPLUS, {"decimals": "exact"}, ["a", "b"],
     {"rounds/1/tallies": {"a": "4", "b": "22/7", "c": "2"}}),
    ("stv-scottish-v1", "abc", SURPLUS, {"decimals": 4, "quota": "nb_exact"}, ["a", "b"], {"quota": "3.3334"}),
    ("stv-meek-prf-v1", "abc", {"a>b": 4, "b": 1, "c": 2}, {}, ["a", "b"],
     {"rounds/1/tallies": {"a": "2.333333336", "b": "2.666666664", "c": "2.000000000"}, "rounds/1/keep/a": "0.583333334"}),
    ("schulze-wv-v1", "abcde", {">".join(ballot): times for ballot, times in SCHULZE.items()}, {}, ["e"],
     {"ranking": [["e"], ["a"], ["c"], ["b"], ["d"]], "paths/0": [0, 28, 28, 30, 24], "condorcet_winner": None}),
    ("ranked-pairs-v1", "mnck", TENNESSEE, {}, ["n"],
     {"ranking": ["n", "c", "k", "m"], "lots_used": True, "condorcet_winner": "n"}),
    ("borda-v1", "abc", {"a>b>c": 1, "a=b": 1, "a": 1}, {}, ["a"], {"rounds/0/tallies": {"a": "11/2", "b": "5/2", "c": "0"}}),
    ("approval-v1", "abc", {"a,b": 2, "a": 1, "b,c": 1, "a,b,c": 5, "": 1}, {"seats": 3, "max": 2, "majority": ">3/4"}, [],
     {"rounds/0/tallies": {"a": "3", "b": "3", "c": "1"}, "input/rejected": {"too_many": 5}}),
    ("score-v1", "ab", {"a:5": 1, "b:3": 2, "b:9": 1}, {"max": 5}, ["b"], {"rounds/0/tallies": {"a": "5", "b": "6"}}),
    ("cumulative-v1", "ab", {"a:3,b:2": 1, "b:4": 1, "a:6": 1}, {"max_sum": 5, "exact_sum": True}, ["a"],
     {"input/rejected": {"too_much": 1, "wrong_sum": 1}, "rounds/0/tallies": {"a": "3", "b": "2"}}),
    ("seqpav-v1", "abc", {"a,b": 5, "a": 1, "c": 3}, {"seats": 2, "quorum": 9}, ["a", "c"],
     {"rounds/0/tallies": {"a": "6", "b": "5", "c": "3"}, "rounds/1/tallies": {"b": "5/2", "c": "3"}}),
    ("seqphragmen-v1", "abc", {"a": 3, "a,b": 2, "c": 2}, {"seats": 2}, ["a", "c"],
     {"rounds/0/tallies": {"a": "1/5", "b": "1/2", "c": "1/2"}, "rounds/1/tallies": {"b": "7/10", "c": "1/2"}}),
    ("equal-shares-v1", "abc", {"a": 3, "a,b": 2, "c": 2}, {"seats": 2, "completion": "add1"}, ["a", "c"],
     {"voter_budget": "4/7", "raises": 2, "rounds/0/tallies": {"a": "1/5", "b": "1/2", "c": "1/2"}}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "ids", "ballots", "options", "winners", "figures"), EXAMPLES)
def test_examples_worked_out_by_hand(
    page: Page,
    rule: str,
    ids: str,
    ballots: dict[str, int],
    options: dict[str, Any],
    winners: list[str],
    figures: dict[str, Any],
) -> None:
    kind = next(iter(BALLOTS[rule]))
    config = {"method": rule, "rule": {**OPTIONS[rule], **options}, "options": [{"id": option} for option in ids]}
    given = [[b_of(kind, ballot), times] for ballot, times in ballots.items()]
    record = one_answer(page, {"config": config, "ballots": given, "beacon": BEACON})
    assert record["winners"] == winners
    for way, right in figures.items():
        found: Any = record
        for step in way.split("/"):
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert found == right, way


def test_a_lot_counts_also_in_a_run_that_is_not_shown(page: Page) -> None:
    """With one each o10 and -a are equal, and a lot decides; with two each z_9 alone is funded; three each is too much."""
    rule = {"utility": "cost", "completion": ["add1"], "integral": True, "step": 1, "stop_when_exhaustive": False}
    cost = {"o10": 1, "b": 9, "z_9": 3, "-a": 1}
    groups: cross.Ballots = Counter({(): 1, ("-a", "z_9"): 1, ("b", "o10", "z_9"): 1, ("b",): 2})
    options = [{"id": option, "cost": money} for option, money in cost.items()]
    config = {"method": "pb-mes-v1", "rule": rule, "budget": 6, "options": options}
    record = one_answer(page, asked(config, "approve", groups, BEACON))
    assert [r["tied"] for r in record["rounds"] if r["tied"]] == []
    assert record["lots_used"] is True


def test_every_rule_has_an_example_here() -> None:
    assert {rule for rule, *_ in EXAMPLES} == {rule for rule in verifier.RULES if not rule.startswith("pb-")}
    assert {json.loads(file.read_text())["input"]["method"] for file in GOLDEN} == {"pb-greedy-v1", "pb-mes-v1"}


# ------------------------------------------------------------------------------------------- ballots, lots, refusals

APPROVAL = {"method": "approval-v1", "rule": OPTIONS["approval-v1"], "options": [{"id": option} for option in "abcd"]}


def test_the_lots_come_from_the_ballots_at_closing_and_the_hash_is_of_those_counted(page: Page) -> None:
    closing = "c1" * 32
    record = one_answer(page, {"config": APPROVAL, "ballots": [[{"approve": ["b", "a"]}, 2]], "beacon": BEACON, "seed": closing})
    file = b"#contest: p1\n#rule: approval-v1\n#candidates: a,b,c,d\n2\ta,b\n"
    assert record["ballots_sha256"] == hashlib.sha256(file).hexdigest()
    assert record["seed"] == hashlib.sha256(f"lots-v1\np1\n{closing}\n{BEACON}\n".encode()).hexdigest()
    assert record["tie_order"] == sorted("abcd", key=lambda o: hashlib.sha256(f"{record['seed']}\n{o}\n".encode()).digest())


def test_every_ballot_has_the_line_that_the_verifier_writes(page: Page) -> None:
    dice = Random(4)
    drawn: list[tuple[str, tuple[Any, ...]]] = []
    for kind, draw in {"rank": cross.ranking, "approve": cross.approvals, "score": cross.points, "alloc": cross.points}.items():
        drawn += [(kind, draw(dice, ODD_IDS)) for _ in range(100)]
    drawn += [("rank", marks(b_of("rank", "->->a=b>->c"))), ("rank", ()), ("approve", ()), ("score", ()), ("alloc", ())]
    given = json.dumps([b_from(kind, ballot, dice) for kind, ballot in drawn])
    lines = page.evaluate("(text) => JSON.parse(text).map(count.marksOf)", given)
    assert lines == [verifier.ballot_line(ballot) for _, ballot in drawn]


def test_lines_are_sorted_as_bytes_also_beyond_the_first_65536_characters(page: Page) -> None:
    ids = ["\uff5e", "\U0001f5f3", "\U0001f5f2", "z", "é"]
    file = page.evaluate("(ids) => count.ballotFile('p', 'r', ids, groupsOf(ids.map((id) => [{ approve: [id] }, 1])))", ids)
    assert file.encode() == verifier.ballot_file("p", "r", ids, Counter((option,) for option in ids))


def test_integers_of_any_size_are_written_and_fractions_never(page: Page) -> None:
    values = "count.canonical({ z: [2n ** 70n, -5, 0, null, true], a: '\\u2028\"\\n\\u007fé', '10': {}, '9': [] })"
    right = {"z": [2**70, -5, 0, None, True], "a": '\u2028"\n\u007fé', "10": {}, "9": []}
    assert page.evaluate(values).encode() == verifier.canonical(right)
    for wrong in ("1.5", "2 ** 53", "NaN", "undefined", "() => 1"):
        script = f"() => {{ try {{ return count.canonical([{wrong}]); }} catch (error) {{ return error.name; }} }}"
        assert page.evaluate(script) in ("RangeError", "TypeError"), wrong


def test_a_rule_from_a_later_release_is_not_counted(page: Page) -> None:
    config = {**APPROVAL, "method": "pb-maxutil-v1"}
    assert answers(page, [{"config": config, "ballots": [], "beacon": BEACON}])[0].startswith("CannotCount: ")


def test_more_than_a_hundred_thousand_runs_are_not_made(page: Page) -> None:
    rule = {"utility": "cost", "completion": ["add1"], "integral": True, "step": 1, "stop_when_exhaustive": False}
    config = {"method": "pb-mes-v1", "rule": rule, "budget": 1, "options": [{"id": "a", "cost": 100_001}]}
    poll = {"config": config, "ballots": [[{"approve": ["a"]}, 1]], "beacon": BEACON}
    assert answers(page, [poll])[0].startswith("CannotCount: ")
    config["options"] = [{"id": "a", "cost": 100_000}]
    assert len(one_answer(page, poll)["runs"]) == 100_000
