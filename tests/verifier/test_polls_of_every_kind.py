"""Polls of every rule, every kind of ballot and every source of lots: right ones pass, spoiled ones fail at the right check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.attacks import ATTACKS, Attack, casts, groups, published, redo_close, result
from tests.verifier.test_poll import failed, verify
from tests.verifier.writelog import (
    ALLOC,
    BALLOTS,
    DRAW,
    MES,
    NONCE,
    OPTIONS,
    SIGNATURE,
    Scene,
    canon,
    cast,
    close_poll,
    finished,
    open_log,
    open_poll,
    sha,
)
from verifier import __main__ as verifier

Capture = pytest.CaptureFixture[str]
RAW = {"rank": {"min": 0, "max": None, "ties": False, "raw": True}}
TIES = {"rank": {"min": 1, "max": 3, "ties": True, "raw": False}}
POINTS = {"mode": "skip", "threshold": 0, "pots": None, "groups": None}


@pytest.mark.parametrize("method", sorted(OPTIONS))
def test_an_untouched_poll_of_every_rule_passes(method: str, tmp_path: Path, capsys: Capture) -> None:
    code, report = verify(finished(method).seal().write(tmp_path), capsys)
    assert (code, report["verdict"]) == (0, "pass"), report["checks"]
    assert report["poll"]["counted"] == 14
    assert report["poll"]["winners"][0]["title"].startswith("Project o")
    assert report["poll"]["story"]
    assert any(check["id"] == "C16" and check["text"].startswith(f"tally ({method}, ") for check in report["checks"])


@pytest.mark.parametrize("method", sorted(OPTIONS))
def test_a_poll_of_every_rule_in_which_nobody_votes_passes(method: str, tmp_path: Path, capsys: Capture) -> None:
    scene = open_log()
    open_poll(scene, method=method)
    close_poll(scene)
    assert verify(scene.seal().write(tmp_path), capsys)[0] == 0


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("pb-greedy-v1", {"ballot": ALLOC}),
        ("pb-greedy-v1", {"ballot": {"score": {"max": 5}}}),
        ("pb-mes-v1", {"ballot": ALLOC, "rule": {**MES, "utility": "points"}}),
        ("pb-mes-v1", {"rule": {**MES, "completion": ["comparison"]}}),
        ("score-v1", {"ballot": ALLOC}),
        ("borda-v1", {"ballot": TIES | {"rank": {**TIES["rank"], "min": 0}}}),
        ("irv-v1", {"ballot": RAW}),
    ],
)
def test_a_rule_counts_every_kind_of_ballot_that_fits_it(
    method: str, options: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    code, report = verify(finished(method, **options).seal().write(tmp_path), capsys)
    assert code == 0, report["checks"]


# ----------------------------------------------------------------------------------------------- what people read


def read_out(scene: Scene, directory: Path, capsys: Capture) -> str:
    assert verifier.main(["poll", str(scene.seal().write(directory)), "p1"]) == 0
    return capsys.readouterr().out


def test_the_report_tells_the_rounds_and_who_was_elected(tmp_path: Path, capsys: Capture) -> None:
    out = read_out(finished("irv-v1"), tmp_path, capsys)
    rounds = out.count("\nRound ")
    assert rounds > 1
    assert f"PASS C16 tally (irv-v1, {rounds} rounds, 14 ballots)\n" in out
    assert "Elected, in this order:\n  1. o" in out
    assert "; excluded o" in out
    assert "budget" not in out and "spent" not in out


def test_the_report_tells_a_ranking_points_and_a_missed_quorum(tmp_path: Path, capsys: Capture) -> None:
    out = read_out(finished("schulze-wv-v1"), tmp_path / "1", capsys)
    assert "Ranking: o" in out and " > o" in out
    assert "PASS C16 tally (schulze-wv-v1, 1 round, 14 ballots)\n" in out
    out = read_out(finished("cumulative-v1", rule={**OPTIONS["cumulative-v1"], "quorum": 15}), tmp_path / "2", capsys)
    assert "Elected, in this order:\n  nobody\nToo few ballots: 15 are needed.\n" in out
    assert "Round 1: o" in out
    out = read_out(finished("stv-scottish-v1"), tmp_path / "3", capsys)
    assert "PASS C16 tally (stv-scottish-v1, " in out
    assert ".00000" in out


@pytest.mark.parametrize(
    ("method", "choice", "words"),
    [
        ("irv-v1", 0, "ranks: 1. o1 (Project o1 / پروژه o1); 2. o2 (Project"),
        ("score-v1", 0, "gives points: o1 (Project o1 / پروژه o1): 5; o2 (Project o2 / پروژه o2): 4\n"),
        ("score-v1", 2, "gives points: nothing (a blank ballot)\n"),
        ("approval-v1", 0, "approves: o1 (Project"),
    ],
)
def test_a_receipt_reads_a_ballot_of_every_kind_out(
    method: str, choice: int, words: str, tmp_path: Path, capsys: Capture
) -> None:
    scene = finished(method).seal()
    (tmp_path / "receipt").write_bytes(scene.proof(5 + choice))
    assert verifier.main(["receipt", str(tmp_path / "receipt"), "--url", str(scene.write(tmp_path / "log"))]) == 0
    assert words in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------- where lots come from


@pytest.mark.parametrize(("source", "warning"), [("public-draw", "before witnesses"), ("drand", "BLS signature")])
def test_lots_from_a_public_draw_and_from_drand_pass_with_a_warning(
    source: str, warning: str, tmp_path: Path, capsys: Capture
) -> None:
    code, report = verify(finished("irv-v1", seed_source=source).seal().write(tmp_path), capsys)
    assert code == 0, report["checks"]
    assert sum(warning in text for text in report["warnings"]) == 1


def tally(**fields: Any) -> Attack:
    return lambda scene: scene.d("tally.published").update(fields)


def other_draw(text: bytes) -> Attack:
    """Another text, and a result that follows from it: what only the text itself can give away."""

    def apply(scene: Scene) -> None:
        d, config = scene.d("tally.published"), scene.d("poll.created")
        d["draw_sha256"] = scene.blob(text)
        d["result_sha256"] = scene.blob(canon(verifier.recount("p1", config, groups(scene), sha(text))))

    return apply


def second_draw(scene: Scene) -> None:
    first = dict(scene.d("tally.published"))
    other_draw(b"Drawn again: 1 2 3\n")(scene)
    again = dict(scene.d("tally.published"))
    scene.d("tally.published").update(first)
    scene.act("tally.superseded", act=1)
    scene.add("tally.published", **{**again, "act": 2})


@pytest.mark.parametrize(
    ("source", "check", "apply"),
    [
        ("public-draw", "C16", lambda s: s.blobs.update({s.d("tally.published")["draw_sha256"]: b"1 2 3\n"})),
        ("public-draw", "C16", lambda s: s.blobs.pop(s.d("tally.published")["draw_sha256"])),
        ("public-draw", "C16", other_draw(b"1 2 3\r\n")),
        ("public-draw", "C16", other_draw(b"\xff\n")),
        ("public-draw", "C16", other_draw(b"")),
        ("public-draw", "C16", second_draw),
        ("public-draw", "C6", tally(nonce=NONCE.hex())),
        ("public-draw", "C6", lambda s: s.d("tally.published").pop("draw_sha256")),
        ("public-draw", "C6", lambda s: s.d("poll.created")["tie"].update(commit="0" * 64)),
        ("commit-reveal", "C16", lambda s: s.d("poll.created").update(tie={"rule": "lots-v1", "seed_source": "public-draw"})),
        ("commit-reveal", "C6", lambda s: s.d("poll.created")["tie"].pop("commit")),
        ("commit-reveal", "C6", lambda s: s.d("poll.created")["tie"].update(seed_source="dice")),
        ("drand", "C16", tally(drand={"chain": "53" * 32, "round": 1234, "signature": SIGNATURE})),
        ("drand", "C16", tally(drand={"chain": "52" * 32, "round": 1234, "signature": "b5" * 96})),
        ("drand", "C6", tally(drand={"chain": "52" * 32, "round": 0, "signature": SIGNATURE})),
        ("drand", "C6", tally(drand={"chain": "52" * 32, "round": 1234, "signature": "b5b"})),
        ("drand", "C6", lambda s: s.d("poll.created")["tie"].pop("chain")),
    ],
)
def test_lots_that_do_not_come_from_where_they_should_fail(
    source: str, check: str, apply: Attack, tmp_path: Path, capsys: Capture
) -> None:
    scene = finished("borda-v1", seed_source=source)
    scene.chain()
    apply(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1
    assert check in failed(report), report["checks"]


def test_the_draw_that_the_tests_use_is_lines_ended_by_lf() -> None:
    assert DRAW.endswith("\n") and "\r" not in DRAW


# -------------------------------------------------------------------------------------------------------- wrong ballots


def rank(*ranks: list[str]) -> dict[str, Any]:
    return {"rank": list(ranks)}


@pytest.mark.parametrize(
    ("ballot", "check", "b"),
    [
        (BALLOTS["irv-v1"], "C12", rank(["o9"])),
        (BALLOTS["irv-v1"], "C12", rank(["o1"], ["o2"], ["o1"])),
        (BALLOTS["irv-v1"], "C12", rank(["o1"], [], ["o2"])),
        (BALLOTS["irv-v1"], "C12", rank(["o1", "o2"])),
        (BALLOTS["irv-v1"], "C12", rank(["o1"], [])),
        (BALLOTS["irv-v1"], "C12", rank(["o1"], ["o2"], ["o3"], ["o4"], ["o5"])),
        (BALLOTS["irv-v1"], "C12", {"approve": ["o1"]}),
        (BALLOTS["irv-v1"], "C12", {"score": {"o1": 1}}),
        (BALLOTS["irv-v1"], "C6", {"rank": ["o1"]}),
        (BALLOTS["irv-v1"], "C6", {"rank": "o1"}),
        (BALLOTS["irv-v1"], "C6", {"rank": [["o1", 2]]}),
        (BALLOTS["irv-v1"], "C6", {"rank": [["o1"]], "approve": ["o1"]}),
        (BALLOTS["irv-v1"], "C6", {}),
        (BALLOTS["irv-v1"], "C6", {"veto": ["o1"]}),
        (TIES, "C12", rank()),
        (TIES, "C12", rank(["o2", "o1"])),
        (TIES, "C12", rank(["o1"], [], ["o2"])),
        (TIES, "C12", rank(["o1", "o1"])),
        (TIES, "C12", rank(["o1", "o2"], ["o3", "o4"])),
        (RAW, "C12", rank(["o1"], [])),
        (RAW, "C12", rank(["o2", "o1"])),
        (RAW, "C12", rank(["o1"], ["o9"])),
    ],
)
def test_a_ranking_outside_the_limits_of_the_poll_fails(
    ballot: dict[str, Any], check: str, b: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    refuse("irv-v1", ballot, check, b, tmp_path, capsys)


@pytest.mark.parametrize(
    "b", [rank(["o1", "o2"], [], ["o1"], ["o1", "o3", "o4"], ["o5"]), rank([], ["o1"]), rank(), rank(["o1"], ["o1"])]
)
def test_a_ranking_as_marked_on_paper_may_hold_what_others_may_not(b: dict[str, Any], tmp_path: Path, capsys: Capture) -> None:
    scene = finished("irv-v1", ballot=RAW)
    casts(scene)[0]["d"]["b"] = b
    redo_close(scene)
    assert verify(scene.seal().write(tmp_path), capsys)[0] == 0


def alloc(**limits: Any) -> dict[str, Any]:
    return {"alloc": {**ALLOC["alloc"], **limits}}


@pytest.mark.parametrize(
    ("ballot", "check", "b"),
    [
        (BALLOTS["score-v1"], "C12", {"score": {"o1": 6}}),
        (BALLOTS["score-v1"], "C12", {"score": {"o1": 0}}),
        (BALLOTS["score-v1"], "C12", {"score": {"o1": -1}}),
        (BALLOTS["score-v1"], "C12", {"score": {"o9": 1}}),
        (BALLOTS["score-v1"], "C12", {"alloc": {"o1": 1}}),
        (BALLOTS["score-v1"], "C6", {"score": {"o1": "1"}}),
        (BALLOTS["score-v1"], "C6", {"score": {"o1": True}}),
        (BALLOTS["score-v1"], "C6", {"score": ["o1"]}),
        (ALLOC, "C12", {"alloc": {"o1": 6, "o2": 5}}),
        (alloc(exact=True), "C12", {"alloc": {"o1": 9}}),
        (alloc(max=4), "C12", {"alloc": {"o1": 5}}),
        (alloc(min=2), "C12", {"alloc": {"o1": 5}}),
    ],
)
def test_points_outside_the_limits_of_the_poll_fail(
    ballot: dict[str, Any], check: str, b: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    refuse("score-v1", ballot, check, b, tmp_path, capsys)


def refuse(method: str, ballot: dict[str, Any], check: str, b: dict[str, Any], directory: Path, capsys: Capture) -> None:
    """A poll with one ballot that is right passes, and with `b` in its place it fails at the check."""
    scene = open_log()
    open_poll(scene, method=method, ballot=ballot)
    kind = next(iter(ballot))
    good = {"rank": "o1", "score": "o1:5", "alloc": "o1:4,o2:4" if ballot == alloc(max=4) else "o1:4,o2:6"}
    scene.add("ballot.cast", **cast(0, good[kind], kind=kind))
    close_poll(scene)
    assert verify(scene.seal().write(directory / "good"), capsys)[0] == 0
    casts(scene)[0]["d"]["b"] = b
    code, report = verify(scene.seal().write(directory / "bad"), capsys)
    assert code == 1
    assert check in failed(report), report["checks"]


# -------------------------------------------------------------------------------------------------------- wrong options


def rehash(change: Callable[[dict[str, Any]], object]) -> Attack:
    """The configuration changed and its hashes made right again, so that only the content is wrong."""

    def apply(scene: Scene) -> None:
        config = scene.d("poll.created")
        change(config)
        config["tally"]["sha256"] = sha(canon(config["rule"]))

    return apply


def rule(**fields: Any) -> Callable[[dict[str, Any]], object]:
    def change(config: dict[str, Any]) -> None:
        config["rule"] = {**config["rule"], **fields}

    return change


def without(name: str) -> Callable[[dict[str, Any]], object]:
    def change(config: dict[str, Any]) -> None:
        config["rule"] = {key: value for key, value in config["rule"].items() if key != name}

    return change


POTS = [{"id": "n", "budget": 50, "options": ["o1", "o2"]}, {"id": "s", "budget": 50, "options": ["o3", "o4", "o5"]}]


@pytest.mark.parametrize(
    ("method", "change"),
    [
        *[(method, without(sorted(OPTIONS[method])[0])) for method in sorted(OPTIONS)],
        *[(method, rule(comment="x")) for method in sorted(OPTIONS)],
        *[(method, rule(seats=0)) for method, options in sorted(OPTIONS.items()) if "seats" in options],
        *[(method, rule(quorum=True)) for method, options in sorted(OPTIONS.items()) if "quorum" in options],
        *[(method, rule(withdrawn=["o9"])) for method, options in sorted(OPTIONS.items()) if "withdrawn" in options],
        ("irv-v1", rule(withdrawn=["o1", "o1"])),
        ("irv-v1", rule(overvote="ignore")),
        ("irv-v1", rule(max_skipped=-1)),
        ("irv-v1", rule(batch=0)),
        ("stv-meek-prf-v1", rule(overvote="exhaust_if_multiple_continuing")),
        ("stv-scottish-v1", rule(decimals=6)),
        ("stv-scottish-v1", rule(quota="droop")),
        ("borda-v1", rule(unranked="half")),
        *[("approval-v1", rule(majority=text)) for text in (">1/1", ">0/1", "1/2", ">=3/2", ">1/0", 2)],
        ("approval-v1", rule(min=3, max=2)),
        ("cumulative-v1", rule(exact_sum=True)),
        ("equal-shares-v1", rule(completion="add2")),
        ("pb-greedy-v1", rule(groups=[["o1"]])),
        ("pb-greedy-v1", rule(groups=[["o1", "o2"], ["o2", "o3"]])),
        ("pb-greedy-v1", rule(groups=[["o1", "o9"]])),
        ("pb-greedy-v1", rule(pots=POTS[:1])),
        ("pb-greedy-v1", rule(pots=[POTS[0], {**POTS[1], "budget": 51}])),
        ("pb-greedy-v1", rule(pots=[POTS[0], {**POTS[1], "id": "n"}])),
        ("pb-greedy-v1", rule(pots=[POTS[0], {**POTS[1], "options": ["o2", "o3", "o4", "o5"]}])),
        ("pb-mes-v1", rule(completion=["utilitarian", "add1"])),
        ("pb-mes-v1", rule(completion=["add1", "add1"])),
        ("pb-mes-v1", rule(utility="points")),
        ("irv-v1", lambda c: c.update(budget=100)),
        ("irv-v1", lambda c: c["options"][0].update(cost=5)),
        ("pb-greedy-v1", lambda c: c["options"][0].update(cost=0)),
        ("pb-greedy-v1", lambda c: c.pop("budget")),
        ("irv-v1", lambda c: c["options"][0].update(id="-")),
        *[(method, lambda c: c.update(ballot=BALLOTS["approval-v1"])) for method in ("irv-v1", "score-v1")],
        *[(method, lambda c: c.update(ballot=BALLOTS["irv-v1"])) for method in ("approval-v1", "cumulative-v1", "pb-greedy-v1")],
        *[(method, lambda c: c.update(ballot=ALLOC)) for method in ("seqpav-v1", "borda-v1", "pb-mes-v1")],
        ("cumulative-v1", lambda c: c.update(ballot=alloc(sum=None, exact=True))),
        ("irv-v1", lambda c: c["ballot"]["rank"].pop("raw")),
        ("irv-v1", lambda c: c.update(ballot={**BALLOTS["irv-v1"], **BALLOTS["score-v1"]})),
        ("irv-v1", lambda c: c.update(ballot={})),
    ],
)
def test_a_rule_or_a_kind_of_ballot_that_is_not_as_the_page_says_fails(
    method: str, change: Callable[[dict[str, Any]], object], tmp_path: Path, capsys: Capture
) -> None:
    scene = finished(method)
    scene.chain()
    rehash(change)(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1
    assert "C6" in failed(report), report["checks"]


def test_pots_that_hold_every_project_pass(tmp_path: Path, capsys: Capture) -> None:
    options = {**OPTIONS["pb-greedy-v1"], "pots": POTS, "groups": [["o1", "o5"]]}
    code, report = verify(finished("pb-greedy-v1", rule=options).seal().write(tmp_path), capsys)
    assert code == 0, report["checks"]


# ------------------------------------------------------------------------------------------------- attacks on a ranking


def other_round(place: int, **fields: Any) -> Attack:
    def apply(scene: Scene) -> None:
        rounds = published(scene)["rounds"]
        rounds[place].update(fields)
        result(rounds=rounds)(scene)

    return apply


RANKED_ATTACKS: list[tuple[str, str, Attack]] = [
    ("a ranking turned round after the tally", "C15", lambda s: casts(s)[0]["d"]["b"]["rank"].reverse()),
    ("another winner", "C16", result(winners=["o5"])),
    ("a round left out", "C16", lambda s: result(rounds=published(s)["rounds"][1:])(s)),
    ("other votes in a round", "C16", lambda s: other_round(0, tallies={**published(s)["rounds"][0]["tallies"], "o5": "9"})(s)),
    ("somebody else excluded", "C16", other_round(0, excluded=["o1"])),
    ("a transfer that was not made", "C16", other_round(0, transfers={"o1": {"to": {"o2": "3"}, "exhausted": {}}})),
    ("exhausted ballots hidden", "C16", other_round(-1, exhausted={})),
    ("a tie decided otherwise", "C16", other_round(0, ties=[])),
    ("a number of rejected ballots", "C16", lambda s: result(input={**published(s)["input"], "rejected": {"skipped": 1}})(s)),
    ("a number instead of the text of a number", "C16", other_round(0, surplus=0)),
    ("another rule named", "C16", result(rule="borda-v1")),
    ("an option withdrawn in the result only", "C16", lambda s: result(options={**published(s)["options"], "seats": 3})(s)),
]
GENERAL = {"a ballot dropped, everything signed again", "a ballot dropped and the tally redone, participation as it was"}
GENERAL |= {
    "a receipt number used twice",
    "a nonce that was not committed to",
    "another seed",
    "lots denied",
    "a wrong number counted",
}


@pytest.mark.parametrize("method", ["irv-v1", "stv-scottish-v1", "stv-meek-prf-v1"])
@pytest.mark.parametrize(
    ("name", "check", "apply"),
    [*RANKED_ATTACKS, *(attack for attack in ATTACKS if attack[0] in GENERAL)],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_an_attack_on_a_ranked_poll_fails_at_its_check(
    name: str, check: str, apply: Attack, method: str, tmp_path: Path, capsys: Capture
) -> None:
    scene = finished(method)
    scene.chain()
    apply(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1
    assert check in failed(report), (name, report["checks"])
