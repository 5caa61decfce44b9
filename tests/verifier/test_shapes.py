"""Every field of every type of entry, against the page: it may not lack, be of another kind or hold what the page does not name.

The tables here were written from docs/reference/vote-log.md and results.md, not from the verifier.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.verifier.writelog import BALLOTS, OPTIONS, Scene, canon, eventful, finished, open_log, open_poll, sha, two_logs
from verifier import __main__ as verifier

Path = tuple[str | int, ...]

MAY_LACK = {"prev", "public_value", "origin"}  # fields that the page marks with `?`, and no other rule asks for
MAY_BE_NULL = {"max", "max_cost", "max_skipped", "majority", "sum", "max_sum", "max_points", "pots", "groups"}
FROM_ONE = {"size", "seats", "k", "accepted", "voters", "added_count", "act", "round", "cost", "step"}
FROM_ONE |= {"score.max", "alloc.max", "alloc.sum", "rule.max", "rule.max_sum", "rule.max_points"}
WORDS = {"origin", "vkey", "receipt_vkey", "name", "version", "next_origin", "scope", "key", "roll", "staff.action.action"}
WORDS |= {"moderation.action.rule", "poll.created.method"}
ONE_OF: dict[str, list[Any]] = {
    "code": ["data_loss", "key_compromise", "outage", "wrong_information", "other"],
    "basis_code": ["consent_withdrawn", "legal_order", "content_removed"],
    "moderation.action.action": ["hide", "restore"],
    "reason_code": ["cast_by_another", "double_identity", "not_eligible", "court_order", "technical_fault"],
    "finding": ["upheld", "partly", "rejected"],
    "revote": ["none", "last"],
    "secrecy": ["L1"],
    "disclosure": ["full"],
    "min_cell": [10],
    "tie.rule": ["lots-v1"],
    "overvote": ["exhaust", "skip"],
    "duplicate": ["skip", "exhaust"],
    "quota": ["droop_int", "hare_int", "nb_exact"],
    "decimals": [4, 5, "exact"],
    "unranked": ["zero", "average"],
    "equal-shares-v1.rule.completion": ["seqphragmen", "add1", "none"],
    "mode": ["skip", "stop"],
    "utility": ["cost", "cardinality"],
}


def scenes() -> Iterator[Scene]:
    yield eventful()
    yield eventful(visibility="sealed")
    yield two_logs()[0]
    yield two_logs()[1]
    for method in OPTIONS:
        yield finished(method)
    for source in ("public-draw", "drand"):
        yield finished("irv-v1", seed_source=source)
    alloc = open_log()
    open_poll(alloc, method="score-v1", ballot={"alloc": {"sum": 9, "exact": False, "max": 4, "min": 0}})
    yield alloc
    loose = open_log()
    open_poll(loose, method="score-v1", ballot={"score": {"max": None}})
    loose.act("poll.amended", **loose.d("poll.created"))
    yield loose


def label(entry: dict[str, Any]) -> str:
    d = entry["d"]
    return f"{entry['type']} {d.get('method', '')} {' '.join(sorted(d))} {sorted(d.get('ballot', d.get('b', {})))}"


def samples() -> dict[str, tuple[int, dict[str, Any]]]:
    """One entry of each type and each set of fields, with its index."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for scene in scenes():
        scene.chain()
        for index, raw in enumerate(scene.raw):
            entry = json.loads(raw)
            found.setdefault(label(entry) + str(entry["d"].get("tie", entry["d"].get("reason"))), (index, entry))
    return found


SAMPLES = samples()
TYPES = {entry["type"] for _, entry in SAMPLES.values()}


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from walk(value[key], (*path, key))


def names(entry: dict[str, Any], path: Path) -> set[str]:
    """What a table may call the field at `path` of `d`."""
    plain = [str(part) for part in path if isinstance(part, str)]
    full = [entry["type"].replace("amended", "created"), *plain]
    of_method = [entry["d"].get("method", ""), *plain]
    return {".".join(full[at:]) for at in range(len(full))} | {".".join(of_method)}


def holder(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def changed(entry: dict[str, Any], path: Path, new: Any) -> dict[str, Any]:
    """The entry with another value at `path` of `d`; the hash of a counting rule follows what the rule says."""
    copy: dict[str, Any] = json.loads(json.dumps(entry))
    holder(copy["d"], path[:-1])[path[-1]] = new
    return rehashed(copy, path)


def rehashed(entry: dict[str, Any], path: Path) -> dict[str, Any]:
    if path[0] == "rule" and {"rule", "tally"} <= set(entry["d"]):
        entry["d"]["tally"]["sha256"] = sha(canon(entry["d"]["rule"]))
    return entry


def refused(entry: dict[str, Any], index: int) -> bool:
    try:
        verifier.parse_entry(canon(entry), index)
    except verifier.Problem as problem:
        return problem.check == "C6"
    return False


def fields(entry: dict[str, Any]) -> Iterator[tuple[Path, Any, set[str]]]:
    for path, value in walk(entry["d"]):
        if path and not (path[0] == "b" and len(path) > 1):
            yield path, value, names(entry, path)


@pytest.fixture(params=SAMPLES.values(), ids=list(SAMPLES))
def sample(request: pytest.FixtureRequest) -> tuple[int, dict[str, Any]]:
    found: tuple[int, dict[str, Any]] = request.param
    return found


def test_the_samples_are_of_every_type_and_right() -> None:
    assert set(verifier.ENTRIES) == TYPES
    assert all(not refused(entry, index) for index, entry in SAMPLES.values())


def test_no_field_may_lack_and_none_may_be_added(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for path, value in walk(entry["d"]):
        if isinstance(value, dict) and path[:1] != ("b",) and path[:1] != ("public_value",):
            copy = json.loads(json.dumps(entry))
            holder(copy["d"], path)["extra"] = 1
            assert refused(rehashed(copy, (*path, "extra")), index), path
        if path and isinstance(path[-1], str) and path[0] != "b" and path[-1] not in MAY_LACK:
            copy = json.loads(json.dumps(entry))
            del holder(copy["d"], path[:-1])[path[-1]]
            assert refused(rehashed(copy, path), index), path
    if "b" in entry["d"]:
        assert refused({**entry, "d": {name: value for name, value in entry["d"].items() if name != "b"}}, index)


def test_no_field_may_be_of_another_kind(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for path, value, called in fields(entry):
        if "public_value" in called:
            continue
        allowed: list[Any] = [None] if called & MAY_BE_NULL else []
        allowed += [1] if value is None else []
        for other in (None, True, 1, -1, "", "x\ny", [], ["x"], {}, {"x": 1}):
            if type(other) is type(value) and other != -1:
                continue
            if any(other is right for right in allowed) or (called & {"pots", "groups"} and isinstance(other, list)):
                continue
            assert refused(changed(entry, path, other), index), (path, other)


def test_numbers_begin_where_the_page_says(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for path, value, called in fields(entry):
        if type(value) is int and not called & set(ONE_OF):
            assert refused(changed(entry, path, 0), index) == bool(called & FROM_ONE), path


def test_a_hash_or_pseudonym_has_its_length_and_is_written_in_lower_case(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for path, value, _ in fields(entry):
        if isinstance(value, str) and len(value) in (32, 64) and not set(value) - set("0123456789abcdef"):
            for other in ("A" * len(value), value[1:], value + "0", value[:-1] + "g", value[:-1] + "\n", ""):
                assert refused(changed(entry, path, other), index), (path, other)


def test_a_word_is_not_empty_and_stands_in_one_line(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for path, value, called in fields(entry):
        if called & WORDS and isinstance(value, str):
            for other in ("", "a\nb", "a\u2028b", "a\u2029b", "a\u0085b"):
                assert refused(changed(entry, path, other), index), (path, other)


def test_what_the_page_lists_is_allowed_and_nothing_else(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for path, _, called in fields(entry):
        for allowed in [ONE_OF[name] for name in called & set(ONE_OF)]:
            assert not any(refused(changed(entry, path, value), index) for value in allowed), path
            assert refused(changed(entry, path, f"{allowed[0]}x"), index), path
            assert refused(changed(entry, path, 7), index), path


def test_which_ballots_a_rule_counts() -> None:
    every = {"approve": BALLOTS["approval-v1"], "rank": BALLOTS["irv-v1"], "score": {"score": {"max": None}}}
    every["alloc"] = {"alloc": {"sum": None, "exact": False, "max": None, "min": 0}}
    counts: dict[str, set[str]] = {method: set(ballot) for method, ballot in BALLOTS.items()}
    for method in ("score-v1", "cumulative-v1"):
        counts[method] = {"score", "alloc"}
    counts["pb-greedy-v1"] = {"approve", "score", "alloc"}
    for index, entry in SAMPLES.values():
        if entry["type"] == "poll.created":
            for kind, ballot in every.items():
                right = kind in counts[entry["d"]["method"]]
                assert refused(changed(entry, ("ballot",), ballot), index) != right, (entry["d"]["method"], kind)


@pytest.mark.parametrize(("share", "allowed"), [
    (">1/2", True), (">=1/2", True), (">=1/1", True), (">1/1", False), (">=2/1", False), (">0/1", False), (">=0/1", False),
    (">=2/2", True), (">9999999999999998/9999999999999999", True), (">1/1000000000000000", True),
    ("=1/2", False), (">1/2 ", False), (">-1/2", False), ("1/2", False),
])  # fmt: skip
def test_a_majority_is_a_share_of_the_votes(share: str, allowed: bool) -> None:
    index, entry = next(s for s in SAMPLES.values() if s[1]["d"].get("method") == "approval-v1")
    assert refused(changed(entry, ("rule", "majority"), share), index) != allowed


@pytest.mark.parametrize(("id", "allowed"), [
    ("a", True), ("a.b_c-9", True), ("--", True), ("-", False), ("", False), ("A", False), ("a b", False), ("a\n", False),
])  # fmt: skip
def test_an_option_has_a_plain_id(id: str, allowed: bool) -> None:
    index, entry = next(s for s in SAMPLES.values() if s[1]["d"].get("method") == "irv-v1")
    assert refused(changed(entry, ("options", 0, "id"), id), index) != allowed
    assert refused(changed(entry, ("rule", "withdrawn"), [id]), index)  # it is no option, or has no good id


def test_the_envelope_is_checked_field_by_field(sample: tuple[int, dict[str, Any]]) -> None:
    index, entry = sample
    for name in entry:
        assert refused({key: value for key, value in entry.items() if key != name}, index), name
        others: list[Any] = [None, True, -1, "X" * 64, [], {"x": 1}, "a\nb"]
        for other in others:
            if name != "poll" or other != "X" * 64:
                assert refused({**entry, name: other}, index), (name, other)
    assert refused({**entry, "v": 2}, index) and refused({**entry, "extra": 1}, index)
    if entry["type"] != "incident.declared":
        assert refused({**entry, "poll": "" if entry["poll"] else "p1"}, index)
    assert refused({**entry, "t": 1}, index) == (entry["type"] == "ballot.cast")
    assert refused(entry, 7 if index == 0 else 0)  # log.opened is the first entry, and no other is
    if entry["type"] == "ballot.cast":
        assert refused({**entry, "d": {**entry["d"], "b": {}}}, index)
        assert refused({**entry, "d": {**entry["d"], "origin": "copy"}}, index)
        assert not refused({**entry, "d": {**entry["d"], "origin": "import"}}, index)
