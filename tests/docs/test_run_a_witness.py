"""The page for those who run a witness does what it says, with the program as it is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from hashlib import sha256
from pathlib import Path

from merkle import policy
from tests.conftest import PROJECT
from tests.witness.logs import Log, serving
from tests.witness.test_follow import publish, served
from witness.__main__ import _parser

PAGE = (PROJECT / "docs" / "how-to" / "run-a-witness.md").read_text(encoding="utf-8")
LOG = Log(300, origin="vote.example.org/log/2027")


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```\w*\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line.split(" > ")[0])[3:] for line in lines if line.startswith(".venv/bin/python -m witness ")]


def filled_in(command: list[str], folder: Path, url: str) -> list[str]:
    values = {"LOG_VKEY": str(LOG.key), "https://vote.example.org/log/2027/": url}
    files = ("witness.key", "witness.sqlite", "cosigned.txt")
    return [str(folder / word) if word in files else values.get(word, word) for word in command]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "witness", *command], cwd=PROJECT, capture_output=True, text=True, timeout=60)


def test_the_commands_of_the_page_work_one_after_another(tmp_path: Path) -> None:
    keygen, serve, follow, show, evidence = commands()
    assert [command[0] for command in (keygen, serve, follow, show, evidence)] == ["keygen", "serve", "follow", "show", "show"]
    with served(tmp_path / "log") as url:
        publish(tmp_path / "log", LOG, 300)
        assert run(filled_in(keygen, tmp_path, url)).returncode == 0
        assert run([*filled_in(follow, tmp_path, url), "--once"]).returncode == 0
        assert (tmp_path / "cosigned.txt").read_text().startswith(LOG.checkpoint(300))
        shown = run(filled_in(show, tmp_path, url)).stdout
        assert f"/{sha256(LOG.origin.encode()).hexdigest()}/checkpoint" in shown
        publish(tmp_path / "log", Log(300, salt="x", origin=LOG.origin), 300)
        assert run([*filled_in(follow, tmp_path, url), "--once"]).returncode == 1
        kept = run(filled_in(evidence, tmp_path, url))
    assert kept.returncode == 1
    assert LOG.checkpoint(300) in kept.stdout
    with serving(tmp_path, str(LOG.key), key=tmp_path / "witness.key"):
        pass  # the state file has the name of the key file: the witness that followed can serve


def test_the_options_of_every_command_on_the_page_exist() -> None:
    for command in commands():
        _parser().parse_args(["witness" if word == "LOG_VKEY" else word for word in command])
    service = ConfigParser(interpolation=None, strict=False)
    service.optionxform = str  # type: ignore[assignment,method-assign]
    (unit,) = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    service.read_string(unit)
    start = shlex.split(service["Service"]["ExecStart"])
    assert start[1:3] == ["-m", "witness"]
    _parser().parse_args(start[3:])


def test_every_option_of_the_program_is_on_the_page() -> None:
    source = (PROJECT / "witness" / "__main__.py").read_text(encoding="utf-8")
    for option in re.findall(r'add_argument\("(--[a-z]+)"', source):
        assert option in PAGE, option


def test_the_example_of_a_policy_is_one() -> None:
    found = policy.parse((PROJECT / "deploy" / "policy.example.txt").read_bytes())
    assert [witness.name for witness in found.witnesses] == ["university", "newspaper", "observers"]
    assert found.satisfied_by(["university", "newspaper"])
    assert not found.satisfied_by(["university", "observers"])


def test_every_status_that_a_witness_answers_with_is_explained() -> None:
    source = (PROJECT / "witness" / "core.py").read_text(encoding="utf-8")
    statuses = {code for code in re.findall(r"Answer\((\d{3}),", source) if code != "200"}
    assert statuses == set(re.findall(r"^\| (\d{3})", PAGE, re.MULTILINE)) == {"400", "403", "404", "409", "422"}
