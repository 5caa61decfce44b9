"""Importing an election from a ballot file: every ballot as marked, through the same actions as a ballot from a browser."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.voting.test_publish_result import export, verify
from votelog import log
from voting import tabulate
from voting.models import Ballot, Poll

GROUPED = """\
count,rank1,rank2,rank3
4,Ann,Bo,undervote
3,Bo,Cy,undervote
2,Cy,undervote,Bo
1,undervote,undervote,undervote
"""
BLT = """\
3 1
-2
3 1 2 0
2 2 3 0
1 3=1 2 0
0
"Ann"
"Bo"
"Cy"
"A small town"
"""


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    call_command("import_election", str(path), *options)
    return str(capsys.readouterr().out)


@pytest.mark.django_db
def test_a_file_becomes_a_finished_poll_with_every_ballot_as_it_was_marked(tmp_path: Path, capsys, settings) -> None:
    said = run(write(tmp_path, "small.csv", GROUPED), capsys, "--rule", "irv-v1", "--set", "max_skipped=0")
    poll = Poll.objects.get()
    assert f"small.csv: poll {poll.public_id}, 10 ballots, counted by irv-v1. Won: Ann." in said
    assert (poll.status, poll.ballot["rank"]["raw"], poll.rule["max_skipped"]) == ("published", True, 0)
    cast = [entry["d"] for entry in log.entries(poll.public_id, kind="ballot.cast")]
    assert {entry["origin"] for entry in cast} == {"import"}
    marks = sorted(json.dumps(entry["b"]["rank"]) for entry in cast)
    assert marks == sorted(
        ['[["o1"], ["o2"]]'] * 4 + ['[["o2"], ["o3"]]'] * 3 + ['[["o3"], [], ["o2"]]'] * 2 + ["[]"]
    )
    result = poll.results.get().outcome
    assert result["input"] == {"ballots": 10, "blank": 1, "rejected": {}, "valid": 9}
    assert result["rounds"][0]["tallies"] == {"o1": "4", "o2": "3", "o3": "2"}
    assert result["rounds"][-1]["exhausted"]["skipped"] == "2"
    verdict = verify(export(settings.LOG_DIR), poll)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.django_db
def test_who_is_withdrawn_in_the_file_is_withdrawn_in_the_poll(tmp_path: Path, capsys) -> None:
    run(write(tmp_path, "town.blt", BLT), capsys, "--rule", "irv-v1")
    poll = Poll.objects.get()
    assert str(poll) == "A small town"
    assert poll.rule["withdrawn"] == ["o2"]
    assert {option.external_id: str(option) for option in poll.options.all()} == {"1": "Ann", "2": "Bo", "3": "Cy"}
    assert any(cast.b["rank"] for cast in tabulate.counted(poll).values())
    assert poll.results.get().outcome["winners"] == ["o1"]


@pytest.mark.django_db
def test_the_same_file_is_held_once_for_each_rule(tmp_path: Path, capsys) -> None:
    path = write(tmp_path, "small.csv", GROUPED)
    run(path, capsys, "--rule", "irv-v1")
    run(path, capsys, "--rule", "stv-scottish-v1", "--seats", "2")
    assert "was imported before" in run(path, capsys, "--rule", "irv-v1")
    assert [poll.method for poll in Poll.objects.order_by("pk")] == ["irv-v1", "stv-scottish-v1"]
    assert len(Poll.objects.get(method="stv-scottish-v1").results.get().outcome["winners"]) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text", "options", "words"),
    [
        ("a.csv", GROUPED.replace("4,Ann", "four,Ann"), ["--rule", "irv-v1"], "a.csv, line 2"),
        ("a.csv", GROUPED.replace("2,Cy,undervote", "2,Cy,overvote"), ["--rule", "irv-v1"], "does not say for whom"),
        ("a.csv", GROUPED.replace("4,Ann", "999999999999999,Ann"), ["--rule", "irv-v1"], "at most 1,000,000"),
        ("a.csv", GROUPED, ["--rule", "stv-scottish-v1", "--seats", "0"], "option seats"),
        ("a.csv", GROUPED, ["--rule", "irv-v9"], "no counting rule irv-v9"),
        ("a.csv", GROUPED, ["--rule", "approval-v1"], "approval-v1 does not count"),
        ("a.csv", GROUPED, ["--rule", "pb-greedy-v1"], "names no costs"),
        ("a.csv", GROUPED, ["--rule", "irv-v1", "--set", "speed=9"], "option speed"),
        ("a.csv", GROUPED, ["--rule", "irv-v1", "--set", "max_skipped=1.5"], "option max_skipped"),
        ("a.csv", GROUPED, ["--rule", "irv-v1", "--set", "batch"], "OPTION=VALUE"),
        ("a.csv", GROUPED, ["--rule", "irv-v1", "--set", 'withdrawn=["Zed"]'], "withdrawn"),
        ("a.csv", "count,rank1\n", ["--rule", "irv-v1"], "a.csv"),
    ],
)
def test_what_cannot_be_held_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys, name: str, text: str, options: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run(write(tmp_path, name, text), capsys, *options)
    assert not Poll.objects.exists()


@pytest.mark.django_db
def test_an_import_that_was_interrupted_goes_on_where_it_stopped(tmp_path: Path, capsys) -> None:
    from django.utils import timezone

    from voting import election_imports

    path = write(tmp_path, "small.csv", GROUPED)

    class Dies(Exception): ...

    def progress(votes):  # type: ignore[no-untyped-def]
        yield from votes[:0]
        raise Dies

    with pytest.raises(Dies):
        election_imports.import_election(
            name=path.name, data=path.read_bytes(), method="irv-v1", chosen={}, at=timezone.now(), progress=progress
        )
    assert Poll.objects.get().is_open
    run(path, capsys, "--rule", "irv-v1")
    assert (Poll.objects.get().status, Ballot.objects.count()) == ("published", 10)


@pytest.mark.django_db
def test_a_pabulib_round_can_be_held_under_another_rule(tmp_path: Path, capsys) -> None:
    from tests.voting.test_import_pabulib import SMALL

    path = write(tmp_path, "small.pb", SMALL)
    run(path, capsys, "--rule", "approval-v1", "--seats", "2")
    run(path, capsys, "--rule", "pb-mes-v1")
    votes, money = Poll.objects.order_by("pk")
    assert votes.budget is None and votes.results.get().outcome["winners"] == ["o1", "o2"]
    assert money.budget == 100 and "o1" in money.results.get().outcome["winners"]


@pytest.mark.skipif("postgres" in os.environ.get("DATABASE_URL", ""), reason="Nine thousand casts, on SQLite only.")
@pytest.mark.django_db
def test_burlington_2009_is_held_again_with_all_its_ballots_and_rounds(data: Path, capsys) -> None:
    path = data / "voting" / "irv" / "2009-Burlington-Mayor.blt"
    expected = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    said = run(path, capsys, "--rule", "irv-v1", "--set", "overvote=exhaust_if_multiple_continuing")
    assert "8984 ballots" in said
    assert "Won: Bob Kiss." in said
    poll = Poll.objects.get()
    assert Ballot.objects.filter(poll=poll).count() == 8984
    titles = {option.key: str(option) for option in poll.options.all()}
    outcome = poll.results.get().outcome
    rounds = [{titles[key]: int(votes) for key, votes in step["tallies"].items()} for step in outcome["rounds"]]
    published = expected["published"]
    assert rounds[0] | {"exhausted": sum(map(int, outcome["rounds"][0]["exhausted"].values()))} == published["round1"]
    assert rounds[-1] == published["final"]
