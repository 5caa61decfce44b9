"""What must survive: races, kills, restarts, wrong files. A witness never signs two histories."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from merkle.errors import ProofError
from tests.conftest import PROJECT
from tests.witness.logs import Log, command, cosigned_at, new_key, run, serving, witness
from witness import keys
from witness.core import Answer
from witness.errors import CannotStart
from witness.state import Signed, State

LOG = Log(40)


def test_of_two_requests_from_one_old_size_only_one_is_signed(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        size = 1
        assert program.post(LOG.request(0, size))[0] == 200
        for _ in range(15):
            ready = threading.Barrier(2)

            def ask(new: int, old: int = size, ready: threading.Barrier = ready) -> tuple[int, str, str]:
                ready.wait()
                return program.post(LOG.request(old, new))

            with ThreadPoolExecutor(2) as pool:
                answers = dict(zip((size + 1, size + 2), pool.map(ask, (size + 1, size + 2)), strict=True))
            assert sorted(status for status, _, _ in answers.values()) == [200, 409]
            signed = next(new for new, answer in answers.items() if answer[0] == 200)
            refused = next(answer for answer in answers.values() if answer[0] == 409)
            assert refused[2] == f"{signed}\n"
            size = signed


def test_a_request_that_comes_while_another_is_decided_sees_what_that_one_came_to(tmp_path: Path) -> None:
    first = witness(tmp_path, LOG)
    assert first.add_checkpoint(LOG.request(0, 5)).status == 200
    second = witness(tmp_path, LOG, state=State(tmp_path / "state.sqlite", first.key))  # as another process would
    answers: list[Answer] = []
    with first.state.transaction() as change:
        assert change.latest(LOG.origin).size == 5
        other = threading.Thread(target=lambda: answers.append(second.add_checkpoint(LOG.request(5, 7))))
        other.start()
        other.join(0.3)
        assert not answers
        change.sign(LOG.origin, Signed(9, LOG.tree.root(9), 1, LOG.checkpoint(9)))
    other.join()
    assert [(answer.status, answer.body) for answer in answers] == [(409, "9\n")]
    assert first.state.latest(LOG.origin).size == 9


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.witness.logs import Log, witness
def die(message):
    os.kill(os.getpid(), signal.SIGKILL)
log = Log(40)
made = witness(Path(sys.argv[1]), log, signer=die)
made.add_checkpoint(log.request(5, 9))
"""


def test_killed_between_state_and_answer_it_says_after_a_restart_where_it_stands(tmp_path: Path) -> None:
    before = witness(tmp_path, LOG)
    assert before.add_checkpoint(LOG.request(0, 5)).status == 200
    before.state.close()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=PROJECT, env={**os.environ}, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    after = witness(tmp_path, LOG)
    assert after.state.latest(LOG.origin).size == 9
    assert after.add_checkpoint(Log(40, salt="x", common=5).request(5, 9)).status == 409
    assert after.add_checkpoint(LOG.request(5, 8)).body == "9\n"
    again = after.add_checkpoint(LOG.request(9, 9))
    assert again.status == 200
    assert cosigned_at(again.body, LOG, 9, after.key)
    assert after.published(LOG.origin) == LOG.checkpoint(9) + again.body


def test_a_killed_program_goes_on_where_it_was(tmp_path: Path) -> None:
    key = new_key(tmp_path)
    with serving(tmp_path, key=key) as program:
        assert program.post(LOG.request(0, 5))[0] == 200
        program.process.kill()
        program.process.wait(20)
    with serving(tmp_path, key=key) as program:
        assert program.post(LOG.request(0, 8)) == (409, "text/x.tlog.size", "5\n")
        assert program.post(LOG.request(5, 8))[0] == 200


def test_it_ends_cleanly_on_sigterm_also_with_a_silent_connection_open(tmp_path: Path) -> None:
    import socket

    with serving(tmp_path) as program, socket.create_connection(("127.0.0.1", program.port)) as silent:
        silent.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert silent.recv(4096).startswith(b"HTTP/1.1 404")
        assert program.stop() == 0
        while part := silent.recv(4096):
            assert b"HTTP/1.1" not in part


def test_the_state_itself_refuses_to_go_back_or_to_fork(tmp_path: Path) -> None:
    state = State(tmp_path / "s", keys.create(tmp_path / "k", "w"))
    for bad in (Signed(8, LOG.tree.root(8)), Signed(9, bytes(32))):
        with state.transaction() as change:
            change.sign("o", Signed(9, LOG.tree.root(9), 1, "n"))
        with pytest.raises(RuntimeError, match="must not be changed"), state.transaction() as change:
            change.sign("o", bad)
    assert state.latest("o").root == LOG.tree.root(9)


def test_it_is_on_the_disk_before_the_signature_is_made(tmp_path: Path) -> None:
    seen: list[int] = []
    made = witness(tmp_path, LOG)

    def sign(message: bytes) -> bytes:
        with sqlite3.connect(tmp_path / "state.sqlite") as other:
            seen.append(other.execute("select max(size) from signed").fetchone()[0])
        return bytes(64)

    made = witness(tmp_path, LOG, signer=sign, state=made.state)
    assert made.add_checkpoint(LOG.request(0, 5)).status == 200
    assert seen == [5]
    with sqlite3.connect(tmp_path / "state.sqlite") as db:
        assert db.execute("pragma journal_mode").fetchone()[0] == "delete"
    # 3 = EXTRA: the connection that writes waits for the disk, its directory included.
    assert made.state._db.execute("pragma synchronous").fetchone()[0] == 3


def test_only_the_newest_signed_checkpoints_are_kept_and_the_rest_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("witness.state.KEPT", 3)
    made = witness(tmp_path, LOG)
    for size in range(1, 10):
        assert made.add_checkpoint(LOG.request(size - 1, size)).status == 200
    rows = made.state._db.execute("select size from signed order by size").fetchall()
    assert [size for (size,) in rows] == [7, 8, 9]
    for salt in "abcdef":
        assert made.add_checkpoint(Log(40, salt=salt).request(9, 9, proof=[])).status == 409
    assert len(made.state.evidence()) == 3


def test_checkpoints_without_a_proof_do_not_crowd_out_a_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("witness.state.KEPT", 3)
    made = witness(tmp_path, LOG)
    assert made.add_checkpoint(LOG.request(0, 5)).status == 200
    for size in range(6, 12):
        assert made.add_checkpoint(LOG.request(5, size, proof=[])).status == 422
    assert made.add_checkpoint(Log(40, salt="x").request(5, 5, proof=[])).status == 409
    assert sorted(item.kind for item in made.state.evidence()) == ["fork", "unproven", "unproven", "unproven"]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = new_key(tmp_path)
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    ended = run("serve", "--key", key, "--state", tmp_path / "s", "--log", LOG.key)
    assert ended.returncode == 3
    assert "can be read by other users" in ended.stderr
    assert not (tmp_path / "s").exists()


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    good = new_key(tmp_path).read_text()
    assert keys.load(tmp_path / "witness.example.org-w1.key")[0].name == "witness.example.org/w1"
    name, key_id = good.split("+")[2:4]
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    for text in ("", "x", good.replace(name, "other"), good.replace(key_id, "00000000"), good[:-6], "x" + good, "PRIVATE+KEY+"):
        wrong.write_text(text)
        with pytest.raises(CannotStart, match="not a key file"):
            keys.load(wrong)
    with pytest.raises(CannotStart, match="cannot be read"):
        keys.load(tmp_path / "missing")


def test_a_key_is_made_once_and_its_lines_can_be_used(tmp_path: Path) -> None:
    from merkle import policy

    options = ("keygen", "--name", "witness.example.org/w1", "--url", "https://witness.example.org/", "--out", tmp_path / "k")
    made = run(*options)
    vkey, line = made.stdout.splitlines()
    found = policy.parse(f"{line}\nquorum witness.example.org/w1\n".encode()).witnesses[0]
    assert str(found.key) == vkey == str(keys.load(tmp_path / "k")[0])
    assert found.url == "https://witness.example.org"
    again = run(*options)
    assert again.returncode == 3
    assert "never overwritten" in again.stderr
    assert run("keygen", "--name", "a b", "--out", tmp_path / "l").returncode == 3


def test_the_state_of_another_key_or_program_is_refused(tmp_path: Path) -> None:
    one, two = (keys.create(tmp_path / name, name) for name in ("one", "two"))
    State(tmp_path / "state", one).close()
    State(tmp_path / "state", one).close()
    with pytest.raises(CannotStart, match="every key keeps its own state"):
        State(tmp_path / "state", two)
    with sqlite3.connect(tmp_path / "other") as db:
        db.execute("create table t (x)")
    with pytest.raises(CannotStart, match="not the state of a witness"):
        State(tmp_path / "other", one)
    (tmp_path / "text").write_text("hello, this is not a database at all, but it is long enough")
    with pytest.raises(CannotStart, match="cannot be used"):
        State(tmp_path / "text", one)
    with pytest.raises(CannotStart, match="does not exist"):
        State(tmp_path / "missing", None)
    with sqlite3.connect(tmp_path / "state") as db:
        db.execute("pragma user_version=2")
    with pytest.raises(CannotStart, match="another version"):
        State(tmp_path / "state", one)


def test_it_does_not_start_without_a_log_or_with_a_wrong_one(tmp_path: Path) -> None:
    key = new_key(tmp_path)
    public = keys.load(key)[0]
    start = ("serve", "--key", key, "--state", tmp_path / "s")
    assert "name a log" in run(*start).stderr
    assert "not a vkey" in run(*start, "--log", "x").stderr
    assert "not the key of a log" in run(*start, "--log", public).stderr
    (tmp_path / "policy.txt").write_text("log x\n")
    assert "policy.txt: line 1: not a vkey" in run(*start, "--policy", tmp_path / "policy.txt").stderr
    assert "host:port" in run(*start, "--log", LOG.key, "--listen", "nowhere").stderr


def test_it_takes_its_logs_from_a_policy(tmp_path: Path) -> None:
    (tmp_path / "policy.txt").write_text(f"log {LOG.key}\nquorum none\n")
    key = new_key(tmp_path)
    process = subprocess.Popen(
        command("serve", "--key", key, "--state", tmp_path / "s", "--policy", tmp_path / "policy.txt", "--listen", "127.0.0.1:0"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().endswith(f"for {LOG.origin}\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_bad_signature_is_a_bad_signature() -> None:
    for public, signature in ((bytes(32), bytes(64)), (bytes(31), bytes(64)), (bytes(32), b"")):
        with pytest.raises(ProofError, match="bad signature"):
            keys.check_signature(public, signature, b"")
