"""Importing a published round: the same actions, the same result, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from processes.models import Process
from votelog import log
from voting import actions, imports
from voting.models import Ballot, Poll

SMALL = """\
META
key;value
description;A small round
country;Nowhere
unit;Łódka
instance;2024
num_projects;3
num_votes;4
budget;100
vote_type;approval
rule;greedy
date_begin;01.05.2024
date_end;09.05.2024
currency;PLN
PROJECTS
project_id;cost;votes;name;selected
a;60;3;Ławka;1
b;50;2;Drzewa;0
c/9;40;1;Fontanna;1
VOTES
voter_id;vote
v1;a,b
v2;a,b
v3;a,c/9
v4;
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "small.pb"
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("import_pabulib", str(path))
    return capsys.readouterr().out


@pytest.mark.django_db
def test_a_file_becomes_a_finished_process_with_every_ballot_in_the_log(tmp_path: Path, capsys) -> None:
    said = run(write(tmp_path, SMALL), capsys)
    assert "equals the file's column" in said
    poll = Poll.objects.get()
    assert poll.status == Poll.Status.PUBLISHED
    cast = list(log.entries(poll.public_id, kind="ballot.cast"))
    assert len(cast) == Ballot.objects.count() == 4
    assert {entry["d"]["origin"] for entry in cast} == {"import"}
    result = poll.results.get()
    winners = [poll.options.get(key=key).external_id for key in result.outcome["winners"]]
    assert winners == ["a", "c/9"]
    assert result.outcome["input"] == {"ballots": 4, "blank": 1, "valid": 3, "rejected": {}}
    assert poll.process.slug == "lodka-2024"


@pytest.mark.django_db
def test_the_same_file_is_imported_once(tmp_path: Path, capsys) -> None:
    path = write(tmp_path, SMALL)
    run(path, capsys)
    assert "was imported before" in run(path, capsys)
    assert Poll.objects.count() == 1


@pytest.mark.django_db
def test_an_interrupted_import_goes_on_where_it_stopped(tmp_path: Path, capsys, monkeypatch) -> None:
    path = write(tmp_path, SMALL)
    monkeypatch.setattr(imports, "_BATCH", 2)

    class PowerCut(Exception):
        pass

    def two_then_none(votes):
        yield from votes[:2]
        raise PowerCut

    with pytest.raises(PowerCut):
        imports.import_round(name=path.name, data=path.read_bytes(), at=timezone.now(), progress=two_then_none)
    assert Ballot.objects.count() == 2
    actions.tick(at=timezone.now())
    assert Poll.objects.get().is_open, "the clock leaves an import alone"
    run(path, capsys)
    assert Ballot.objects.count() == 4
    assert Poll.objects.get().status == Poll.Status.PUBLISHED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("v3;a,c/9", "v3;a,nothing", 24, "nothing"),
        ("v2;a,b", "v1;a,b", 23, "v1"),
        ("b;50;2;Drzewa;0", "b;-5;2;Drzewa;0", 18, ""),
        ("num_votes;4", "num_votes;5", None, "5"),
        ("rule;greedy\n", "", None, "rule"),
        ("VOTES\nvoter_id;vote\n", "", None, ""),
    ],
)
def test_a_malformed_file_is_refused_whole_with_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int | None, why: str
) -> None:
    assert old in SMALL
    with pytest.raises(CommandError) as refusal:
        call_command("import_pabulib", str(write(tmp_path, SMALL.replace(old, new))))
    assert "small.pb, line " in str(refusal.value)
    assert line is None or f"line {line}:" in str(refusal.value)
    assert why in str(refusal.value)
    assert not Process.objects.exists()
    assert not Poll.objects.exists()


@pytest.mark.django_db
def test_a_round_that_no_poll_here_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no rule greedy-exclusive"):
        call_command("import_pabulib", str(write(tmp_path, SMALL.replace("rule;greedy", "rule;greedy-exclusive"))))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_pabulib", str(tmp_path / "missing.pb"))
    assert not Poll.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Poland_Swiecie_2023.pb", "Poland_Gdynia_2021_Grabowek__large.pb"])
def test_a_published_round_gives_exactly_the_published_outcome(data: Path, capsys, name: str) -> None:
    said = run(data / "voting" / "pb" / name, capsys)
    assert "The result equals the file's column `selected`." in said
    poll = Poll.objects.get()
    assert set(poll.results.get().outcome["winners"]) == set(poll.source["selected"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            SMALL.replace(";greedy", ";equalshares/add1").replace("budget;100", "budget;10000000").replace("a;60", "a;9000000"),
            "add1 did not end within 100000 runs",
        ),
        (
            SMALL.replace("num_projects;3", "num_projects;303").replace(
                "VOTES\n", "".join(f"x{n};60;0;Projekt;0\n" for n in range(300)) + "VOTES\n", 1
            ),
            "more than 16384",
        ),
    ],
)
def test_a_round_that_cannot_be_counted_or_logged_says_so_in_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("import_pabulib", str(write(tmp_path, text)))
