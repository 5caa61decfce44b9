"""`python -m counting`: what it prints, and how it refuses. Run as a person would run it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from counting.compare import compare, fitting
from counting.outcome import Why
from counting.profile import ApprovalProfile, PointsProfile, RankedProfile
from counting.sentences import SENTENCES, number_text, why_sentence
from tests.counting.test_pabulib import CUMULATIVE, GOOD

ROOT = Path(__file__).parents[2]
BLT = '4 2\n5 1 2 0\n4 2 1 0\n3 3 2 0\n1 4 0\n1 - 0\n0\n"Ada"\n"Bo"\n"Cem"\n"Çınar Ğ."\n"The council"\n'
MONEY = GOOD.replace("greedy", "equalshares/add1", 1)


def run(*argv: object, stdin: bytes | None = None, code: int = 0, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "counting", *map(str, argv)], cwd=ROOT, input=stdin, capture_output=True, check=False,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    if code:
        assert not done.stdout
        return done.stderr.decode()
    assert not done.stderr
    return done.stdout.decode()


def counted(*argv: object) -> Any:
    return json.loads(run(*argv, "--json"))


@pytest.fixture
def blt(tmp_path: Path) -> Path:
    path = tmp_path / "council.blt"
    path.write_text(BLT)
    return path


@pytest.fixture
def pb(tmp_path: Path) -> Path:
    path = tmp_path / "round.pb"
    path.write_text(GOOD)
    return path


def test_json_has_the_promised_shape(blt: Path) -> None:
    shown = counted(blt, "--rule", "irv-v1")
    assert list(shown)[:8] == ["rule", "options", "input", "names", "winners", "rounds", "lots_used", "why"]
    assert (shown["rule"], shown["winners"]) == ("irv-v1", ["2"])
    assert shown["input"] == {"ballots": 14, "blank": 1, "valid": 13, "rejected": {}}
    assert shown["names"] == {"1": "Ada", "2": "Bo", "3": "Cem", "4": "Çınar Ğ."}
    assert shown["rounds"][0]["tallies"] == {"1": "5", "2": "4", "3": "3", "4": "1"}
    for step in shown["rounds"]:
        assert {"tallies", "elected", "excluded", "exhausted", "ties"} <= set(step)
    assert shown["why"]["4"]["code"] == "excluded" and shown["why"]["2"]["won"] is True
    assert shown["tie_order"] == ["1", "2", "3", "4"] and shown["tie_order_source"] == "file"


def test_people_get_a_table_of_every_round_and_reasons(blt: Path) -> None:
    text = run(blt, "--rule", "irv-v1")
    assert "The council\n" in text
    assert "14 ballots: 13 valid, 1 blank" in text
    assert "\nRound 1\n" in text and "\nRound 3\n" in text
    assert "votes of Cem to: Bo 3" in text
    assert "  1. Bo\n     Had 7 of 12 continuing votes in round 3, more than half." in text
    assert "Excluded in round 1 with 1; Cem had 3." in text
    assert "No lot was needed." in text
    assert max(map(len, text.split("\n"))) <= 80


def test_without_a_rule_those_that_fit_are_listed(blt: Path) -> None:
    text = run(blt)
    assert "14 ranked ballots, 1 of them blank; 4 options" in text
    assert "  irv-v1 " in text and "  schulze-wv-v1 " in text and "pb-greedy" not in text and "approval" not in text
    assert counted(blt)["fitting"][0] == "irv-v1"


def test_the_seats_of_the_file_are_the_default(blt: Path) -> None:
    assert len(counted(blt, "--rule", "stv-scottish-v1")["winners"]) == 2
    shown = counted(blt, "--rule", "stv-scottish-v1", "--seats", 1)
    assert (len(shown["winners"]), shown["options"]["seats"]) == (1, 1)
    assert shown["quota"] == "7.00000"


def test_options_are_set_as_json_or_bare_words(blt: Path) -> None:
    options = counted(
        blt, "--rule", "irv-v1", "--set", "overvote=skip", "--set", "max_skipped=2", "--set", "until_two=true",
        "--set", 'withdrawn=["4"]',
    )["options"]  # fmt: skip
    assert (options["overvote"], options["max_skipped"], options["until_two"], options["withdrawn"]) == ("skip", 2, True, ["4"])


def test_withdrawn_candidates_of_the_file_cannot_win(tmp_path: Path) -> None:
    path = tmp_path / "x.blt"
    path.write_text(BLT.replace("4 2\n", "4 2\n-2\n", 1))
    shown = counted(path, "--rule", "irv-v1", "--set", 'withdrawn=["4"]')
    assert shown["options"]["withdrawn"] == ["2", "4"]
    assert shown["winners"] == ["1"]


def test_a_tie_needs_lots_and_the_file_says_whose(tmp_path: Path) -> None:
    path = tmp_path / "x.blt"
    path.write_text('2 1\n1 1 0\n1 2 0\n0\n"Ada"\n"Bo"\n"T"\n')
    text = run(path, "--rule", "irv-v1")
    assert "The order of the file served as lots, which is no draw" in " ".join(text.split())
    assert counted(path, "--rule", "irv-v1")["winners"] == ["1"]
    given = counted(path, "--rule", "irv-v1", "--tie-order", "2,1")
    assert (given["winners"], given["lots_used"], given["tie_order_source"]) == (["2"], True, "given")
    assert counted(path, "--rule", "irv-v1", "--tie-order", '["2","1"]')["winners"] == ["2"]
    drawn = counted(path, "--rule", "irv-v1", "--beacon", "ab" * 32, "--contest", "p1")
    assert sorted(drawn["tie_order"]) == ["1", "2"] and len(drawn["seed"]) == 64 and drawn["tie_order_source"] == "beacon"


def test_lots_from_a_beacon_are_those_of_the_poll(tmp_path: Path) -> None:
    """counting.lots on the canonical file as it stands: what the log of the poll has published."""
    from counting.ballotfile import ballots_sha256
    from counting.lots import lots_order, lots_seed

    data = b"#contest: p9\n#rule: irv-v1\n#candidates: a,b,c\n2\ta>b\n2\tb>a\n"
    path = tmp_path / "ballots.txt"
    path.write_bytes(data)
    shown = counted(path, "--beacon", "0" * 64)
    seed = lots_seed(contest="p9", ballots_sha256=ballots_sha256(data), beacon="0" * 64)
    assert (shown["seed"], tuple(shown["tie_order"])) == (seed, lots_order("abc", seed=seed))
    assert shown["rule"] == "irv-v1"  # the file names it


def test_a_pabulib_file_is_counted_by_its_own_rule(pb: Path, tmp_path: Path) -> None:
    shown = counted(pb)
    assert (shown["rule"], shown["options"]["mode"]) == ("pb-greedy-v1", "skip")
    assert set(shown["names"]) >= set(shown["winners"]) and shown["spent"] <= shown["budget"]
    for step in shown["rounds"]:
        assert step["tallies"] == {step["option"]: str(step["score"])}
        assert step["elected"] == ([step["option"]] if step["decision"] == "funded" else [])
        assert step["excluded"] == ([] if step["decision"] == "funded" else [step["option"]])
        assert (step["exhausted"], isinstance(step["ties"], list)) == ({}, True)
    assert "Budget " in run(pb)
    other = tmp_path / "mes.pb"
    other.write_text(MONEY)
    shown = counted(other)
    assert (shown["rule"], shown["options"]["completion"], shown["options"]["stop_when_exhaustive"]) == (
        "pb-mes-v1",
        ["add1"],
        False,
    )
    assert all(step["tallies"] == {step["option"]: step["effective_votes"]} for step in shown["rounds"])
    assert counted(other, "--rule", "pb-greedy-v1")["options"]["threshold"] == 0


def test_names_do_not_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "round.pb"
    path.write_text(GOOD.replace("Pool", "Po\x1b[31mol"))
    assert "Po\ufffd[31mol" in run(path)
    assert counted(path)["names"]["b"] == "Po\x1b[31mol"


def test_exclusive_projects_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "round.pb"
    path.write_text(GOOD.replace("rule;greedy", "rule;greedy-exclusive"))
    assert "--set groups=" in run(path)
    told = counted(path, "--rule", "pb-greedy-v1", "--set", 'groups=[["b","c"]]')
    assert told["why"]["c"]["group_winner"] == "b"


def test_more_ballots_than_a_file_of_single_records_can_hold_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "huge.blt"
    path.write_text(BLT.replace("5 1 2 0", "999999999999999 1 2 0"))
    assert "one record a ballot" in run(path, "--to", "cvr", code=2)


def test_ties_of_budget_rounds_are_told_as_all_ties(tmp_path: Path) -> None:
    path = tmp_path / "x.pb"
    names = "\n".join(f"{option};10" for option in "ab")
    head = "\n".join(
        f"{key};{value}"
        for key, value in {
            "description": "d", "country": "c", "unit": "u", "instance": "i", "num_projects": 2, "num_votes": 1, "budget": 10,
            "vote_type": "approval", "rule": "greedy", "date_begin": 1, "date_end": 1,
        }.items()
    )  # fmt: skip
    path.write_text(f"META\nkey;value\n{head}\nPROJECTS\nproject_id;cost\n{names}\nVOTES\nvoter_id;vote\n1;a,b\n")
    shown = counted(path, "--tie-order", "b,a")
    assert shown["winners"] == ["b"] and shown["lots_used"]
    assert shown["rounds"][0]["ties"] == [{"for": "elect", "tied": ["b", "a"], "chosen": ["b"], "lot": True, "lookback": []}]
    assert "tie between b, a: the lot chose b" in run(path, "--tie-order", "b,a")


def test_a_comparison_is_marked_as_information_only(blt: Path) -> None:
    text = run(blt, "--compare", "irv-v1,schulze-wv-v1,stv-scottish-v1")
    assert "Information only" in text and "stv-scottish" in text
    shown = counted(blt, "--compare", "irv-v1,schulze-wv-v1")
    assert shown["information_only"].startswith("Information only")
    assert [(one["rule"], one["winners"]) for one in shown["compared"]] == [("irv-v1", ["2"]), ("schulze-wv-v1", ["2", "1"])]


def test_ballots_are_converted(blt: Path, tmp_path: Path) -> None:
    csv = tmp_path / "x.csv"
    csv.write_text(run(blt, "--to", "csv"))
    names = counted(csv, "--rule", "irv-v1")
    assert names["winners"] == ["Bo"]
    assert run(blt, "--to", "canonical", "--contest", "p1", "--rule", "irv-v1").startswith("#contest: p1\n#rule: irv-v1\n")
    assert run(blt, "--to", "blt").startswith("4 2\n5 1 2 0\n")
    report = json.loads(run(blt, "--rule", "irv-v1", "--to", "rctab-report"))
    assert (report["jsonFormatVersion"], report["summary"]["totalNumBallots"]) == ("1", "14")
    assert "blank" in run(blt, "--to", "preflib", code=2)


def test_standard_input_is_read(blt: Path) -> None:
    assert "Rules that fit" in run("-", stdin=BLT.encode())
    assert run("-", stdin=b"4\n", code=2).startswith("<stdin>:1: ")


def test_names_are_printed_whatever_the_locale(blt: Path) -> None:
    assert "Çınar Ğ." in run(blt, "--rule", "irv-v1", env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})


def test_help_tells_formats_and_examples() -> None:
    text = run("--help")
    assert "pabulib, preflib, blt" in text and "python -m counting council.blt" in text and "rctab-report" in text


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["--rule", "nonsense"], "counting: no rule is called 'nonsense'; these fit the file: irv-v1"),
        (["--rule", "approval-v1"], "counting: approval-v1 does not count ranked ballots"),
        (["--rule", "irv-v1", "--set", "speed=9"], "counting: irv-v1 has no option speed"),
        (["--rule", "irv-v1", "--set", "overvote=perhaps"], "counting: irv-v1: overvote"),
        (["--rule", "irv-v1", "--set", "overvote"], "counting: --set needs OPTION=VALUE"),
        (["--rule", "irv-v1", "--set", "max_skipped=0.5"], "counting: irv-v1: max_skipped"),
        (["--rule", "irv-v1", "--set", "max_skipped=[]"], "counting: irv-v1: max_skipped"),
        (["--rule", "irv-v1", "--set", "batch=true", "--set", "batch=false"], "counting: the option batch is set twice"),
        (["--rule", "irv-v1", "--set", 'withdrawn=["9"]'], "counting: irv-v1: withdrawn"),
        (["--rule", "irv-v1", "--seats", "2"], "counting: irv-v1 has no option seats"),
        (["--rule", "stv-scottish-v1", "--seats", "0"], "counting: stv-scottish-v1: seats"),
        (["--rule", "irv-v1", "--tie-order", "1,2,3"], "counting: --tie-order must name every option once: 1,2,3,4"),
        (["--rule", "irv-v1", "--tie-order", "[1"], "counting: --tie-order is not a JSON list"),
        (["--rule", "irv-v1", "--tie-order", "[" * 9999], "counting: --tie-order is not a JSON list"),
        (["--rule", "irv-v1", "--set", f"withdrawn={'[' * 9999}"], "counting: irv-v1: withdrawn"),
        (["--rule", "irv-v1", "--tie-order", "[1,2,3,4]"], "counting: --tie-order must name every option once"),
        (["--rule", "irv-v1", "--beacon", "00"], "counting: --beacon needs the id of the poll"),
        (["--rule", "irv-v1", "--beacon", "00", "--contest", "p1"], "counting: no lots can be drawn: beacon must be 64"),
        (["--compare", ""], "counting: no rule is called ''"),
        (["--compare", "irv-v1,irv-v1"], "counting: --compare names a rule twice"),
        (["--compare", "irv-v1,pb-mes-v1"], "counting: pb-mes-v1 does not count ranked ballots"),
        (["--compare", "irv-v1", "--rule", "irv-v1"], "counting: --compare takes neither"),
        (["--seats", "2"], "counting: --set and --seats are options of a rule"),
        (["--to", "pabulib"], "counting: Pabulib needs costs"),
        (["--rule", "schulze-wv-v1", "--to", "rctab-report"], "counting: RCTab reports"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(blt: Path, argv: Sequence[str], reason: str) -> None:
    error = run(blt, *argv, code=2)
    assert error.startswith(reason), error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (BLT.replace("5 1 2 0", "5 1 9 0").encode(), 2, "'9' is none of the candidates"),
        (b"", 1, "no known format"),
        (bytes(range(256)) * 4, 1, "not a text file"),
        (BLT.encode().replace(b"Ada", b"Ad\xe9"), 8, "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_file_line_and_reason(
    tmp_path: Path, content: bytes, line: int, reason: str
) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(content)
    error = run(path, code=2)
    assert error.startswith(f"{path}:{line}: ") and reason in error
    assert error.count("\n") == 1


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    assert run(tmp_path / "none.blt", code=2).startswith(f"{tmp_path / 'none.blt'}:0: No such file")
    assert run(tmp_path, code=2).startswith(f"{tmp_path}:0: ")


def test_a_closed_pipe_is_no_drama(blt: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "counting", str(blt), "--rule", "irv-v1"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""


def test_it_needs_no_django(blt: Path) -> None:
    code = (
        "import sys; from counting.command import main; main([sys.argv[1], '--rule', 'irv-v1']); "
        "assert not {'django', 'numpy'} & set(sys.modules), 'imported'"
    )
    done = subprocess.run([sys.executable, "-c", code, str(blt)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_burlington_2009_round_by_round(data: Path) -> None:
    folder = data / "voting" / "irv"
    published = json.loads((folder / "2009-Burlington-Mayor.expected.json").read_text())["published"]
    shown = counted(folder / "2009-Burlington-Mayor.blt", "--rule", "irv-v1", "--set", "overvote=exhaust_if_multiple_continuing")
    names = shown["names"]

    def tallies(number: int) -> dict[str, int]:
        step = shown["rounds"][number]
        return {names[option]: int(votes) for option, votes in step["tallies"].items()}

    assert [names[option] for option in shown["winners"]] == [published["winner"]]
    first = dict(published["round1"])
    assert sum(int(votes) for votes in shown["rounds"][0]["exhausted"].values()) == first.pop("exhausted")
    assert tallies(0) == first
    assert tallies(3) == published["after Smith,Simpson,Write-in out"]
    assert tallies(4) == published["final"]
    assert len(shown["rounds"]) == 5 and not shown["lots_used"]


def test_maine_2018_with_unknown_over_votes_and_skipped_ranks(data: Path) -> None:
    folder = data / "voting" / "irv"
    published = json.loads((folder / "maine-cd2-2018.expected.json").read_text())["published"]
    shown = counted(folder / "maine-cd2-2018.csv", "--rule", "irv-v1", "--set", "max_skipped=1", "--set", "batch=true")
    for step, said in zip(shown["rounds"], (published["round1"], published["round2"]), strict=True):
        out = step["exhausted"]
        assert {name: int(votes) for name, votes in step["tallies"].items()}.items() <= said.items()
        assert int(out["overvote"]) == said["exhausted_overvote"]
        # Maine calls it an undervote when ranks were left over after the last mark; to us the choices were used up.
        ours = int(out["skipped"]) + int(out["choices"]) + shown["input"]["blank"]
        assert ours == said["exhausted_undervote"] + said["exhausted_choices"]
    assert shown["winners"] == [published["winner"]]


def test_rules_fit_by_the_kind_of_ballots_and_by_money() -> None:
    ranked, approvals, points = RankedProfile.of([]), ApprovalProfile.of([]), PointsProfile.of([])
    assert {"irv-v1", "borda-v1"} <= set(fitting(ranked, False)) and fitting(ranked, True) == []
    assert "approval-v1" in fitting(approvals, False) and "pb-mes-v1" in fitting(approvals, True)
    assert "pb-greedy-v1" not in fitting(approvals, False) and "score-v1" in fitting(points, False)


def test_a_comparison_gives_each_rule_its_seats_and_options() -> None:
    profile = ApprovalProfile.of([["a", "b"]] * 3 + [["c"]] * 2)
    projects = dict.fromkeys("abc", 0)
    outcomes = compare(["approval-v1", "seqpav-v1"], profile, projects, seats=2, tie_order="abc")
    assert {rule: outcome.winners for rule, outcome in outcomes.items()} == {"approval-v1": ("a", "b"), "seqpav-v1": ("a", "c")}
    strict = compare(["approval-v1"], profile, projects, seats=2, tie_order="abc", options={"approval-v1": {"majority": ">3/5"}})
    assert strict["approval-v1"].winners == ()


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1234567, "1,234,567"), ("12345.60000", "12,345.60000"), ("7/2", "3.50"), ("-1/3", "≈-0.33"), ("2/3", "≈0.67"),
     ("1/1000", "≈0.00"), (Fraction(1999, 1000), "≈2.00"), ("none", "none")],
)  # fmt: skip
def test_numbers_for_people_say_where_they_are_rounded(number: int | Fraction | str, text: str) -> None:
    assert number_text(number) == text


def test_every_code_of_the_contract_has_its_sentence() -> None:
    page = (ROOT / "docs/reference/results.md").read_text().split("\n## Why\n")[1]
    codes = {code for line in page.split("\n") if line.startswith("| `") for code in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert codes - {"funded"} <= set(SENTENCES)
    unknown = Why("a", False, "new_code", {"votes": 3})
    assert why_sentence(unknown, {}) == "new_code: votes 3."


def test_to_rules_by_preference_an_over_vote_of_unknown_marks_is_an_empty_rank(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("count,rank1,rank2\n5,overvote,Ada\n4,Bo,Ada\n3,overvote,undervote\n")
    shown = counted(path, "--rule", "schulze-wv-v1")
    assert shown["input"] == {"ballots": 12, "blank": 3, "valid": 9, "rejected": {}}
    assert shown["winners"] == ["Ada"]


def test_a_round_of_points_is_shared_out_by_points(tmp_path: Path) -> None:
    path = tmp_path / "x.pb"
    path.write_text(CUMULATIVE)
    assert counted(path, "--rule", "pb-mes-v1")["options"]["utility"] == "points"
    assert "pb-mes" in run(path, "--compare", "pb-greedy-v1,pb-mes-v1")
