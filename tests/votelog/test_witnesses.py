"""The real sequencer, the real witness program, and what is served in between."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from merkle import cosignature, note, policy
from tests.conftest import PROJECT
from tests.votelog import make
from tests.witness.logs import Running, new_key, serving
from votelog import files, log, sequencer, shards, witnesses
from votelog.keys import check_signature
from votelog.models import Cosignature
from witness import keys as witness_keys

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgets() -> Iterator[None]:
    yield
    witnesses.stop()


class Witnesses:
    """Several witness programs, and a policy in force that names them: 2 of them, or as many as there are."""

    def __init__(self, folder: Path, settings: object, stack: ExitStack) -> None:
        self.folder, self.settings, self.stack = folder, settings, stack
        self.vkey = log.vkey(log.current_shard())
        self.running: dict[str, Running] = {}
        self.keys: dict[str, Path] = {}
        self.urls: dict[str, str] = {}

    def start(self, *names: str) -> None:
        for name in names:
            folder = self.folder / name
            folder.mkdir(exist_ok=True)
            self.keys[name] = new_key(folder, f"{name}.example/w")
            self.running[name] = self.stack.enter_context(serving(folder, self.vkey, key=self.keys[name]))
            self.urls[name] = f"http://127.0.0.1:{self.running[name].port}"

    def again(self, name: str) -> None:
        """After it was stopped: the same witness, with its state, at the same address."""
        port = self.running[name].port
        self.running[name] = self.stack.enter_context(
            serving(self.folder / name, self.vkey, key=self.keys[name], port=port)
        )

    def policy(self, *, quorum: str = "2", **urls: str) -> Path:
        lines = [f"log {self.vkey}"]
        for name, key in self.keys.items():
            lines.append(f"witness {name} {witness_keys.load(key)[0]} {urls.get(name, self.urls.get(name, ''))}")
        if quorum == "none":
            lines.append("quorum none")
        else:
            lines += [f"group all-of-them {quorum} {' '.join(self.keys)}", "quorum all-of-them"]
        path = self.folder / "policy.txt"
        path.write_text("\n".join([*lines, ""]))
        self.settings.WITNESS_POLICY = path  # type: ignore[attr-defined]
        return path

    def accepted(self, client: Client, path: str = "checkpoint") -> policy.Accepted:
        """What is served, once somebody with the policy has accepted it."""
        found = policy.parse(client.get("/log/policy.txt").content)
        return found.check(get(client, path), check_signature)


@pytest.fixture
def two(tmp_path: Path, settings: object) -> Iterator[Witnesses]:
    make.small_log()
    with ExitStack() as stack:
        made = Witnesses(tmp_path, settings, stack)
        made.start("one", "two")
        made.policy()
        yield made


def get(client: Client, path: str) -> str:
    response = client.get(f"/log/{log.current_shard()}/{path}")
    assert response.status_code == 200
    return response.content.decode()


def grow(number: int) -> int:
    """One more ballot in a poll of its own; the size then."""
    make.opened(f"p{number}")
    return sequencer.run_once().size


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A witness that answers as a test likes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def replying(status: int, body: bytes, kind: str = "text/plain") -> Callable[[BaseHTTPRequestHandler], None]:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def test_two_witnesses_sign_and_whoever_has_the_policy_accepts_what_is_served(two: Witnesses, client: Client) -> None:
    shard = log.current_shard()
    witnesses.submit(shard)
    accepted = two.accepted(client)
    assert accepted.checkpoint.size == log.size()
    assert set(accepted.times) == {"one", "two"}
    for number in (2, 3):
        size = grow(number)
        witnesses.submit(shard)
        assert two.accepted(client).checkpoint.size == two.accepted(client, "checkpoint/latest").checkpoint.size == size
    assert files.read(shard, files.SERVED) == get(client, "checkpoint").encode()


def test_what_a_quorum_has_not_signed_yet_is_the_latest_only(two: Witnesses, client: Client) -> None:
    shard = log.current_shard()
    witnesses.submit(shard)
    before = log.size()
    two.running["two"].stop()
    size = grow(2)
    witnesses.submit(shard)
    assert two.accepted(client).checkpoint.size == before
    latest = note.parse(get(client, "checkpoint/latest"))
    assert latest.text.split("\n")[1] == str(size)
    assert [signature.name for signature in latest.signatures] == [log.origin(shard), "one.example/w"]
    assert note.parse((files.read(shard, files.SERVED) or b"").decode()).text.split("\n")[1] == str(before)
    two.again("two")
    witnesses.submit(shard)
    assert two.accepted(client).checkpoint.size == size


def test_without_a_policy_both_are_the_newest_as_we_signed_it(client: Client) -> None:
    make.small_log()
    row = shards.last_signed(log.current_shard())
    assert row is not None
    assert get(client, "checkpoint") == get(client, "checkpoint/latest") == row.note
    assert client.get("/log/policy.txt").status_code == 404
    witnesses.after_publishing(log.current_shard())
    assert witnesses._courier is None or not witnesses._courier.is_alive()


def test_before_the_first_quorum_the_newest_is_served_and_nobody_with_the_policy_accepts_it(
    two: Witnesses, client: Client
) -> None:
    assert not witnesses.holds_back(log.current_shard())
    assert get(client, "checkpoint") == get(client, "checkpoint/latest")
    from merkle.errors import ProofError

    with pytest.raises(ProofError, match="no quorum"):
        two.accepted(client)


def test_a_policy_that_asks_for_nobody_serves_the_newest_with_the_signatures_there_are(two: Witnesses, client: Client) -> None:
    two.policy(quorum="none")
    witnesses.submit(log.current_shard())
    grow(2)
    assert two.accepted(client).checkpoint.size == log.size()


def test_the_policy_is_served_to_every_page_and_program(two: Witnesses, client: Client) -> None:
    answer = client.get("/log/policy.txt")
    assert answer.content == two.policy().read_bytes()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_a_witness_that_knows_another_size_than_we_thought_gets_the_proof_it_wants(two: Witnesses, client: Client) -> None:
    shard = log.current_shard()
    witnesses.submit(shard)
    Cosignature.objects.all().delete()  # as if all that was lost; the witnesses stand at the old size
    size = grow(2)
    witnesses.submit(shard)
    assert two.accepted(client).checkpoint.size == size


def test_a_log_restored_from_an_old_backup_is_told_by_its_witnesses(
    two: Witnesses, caplog: pytest.LogCaptureFixture
) -> None:
    shard = log.current_shard()
    witnesses.submit(shard)
    row = shards.last_signed(shard)
    assert row is not None
    grow(2)
    witnesses.submit(shard)
    assert caplog.text == ""
    from votelog import trees

    tree = trees.load(shard)
    found = witnesses.current_policy()
    assert found is not None
    answer = witnesses._asked(found.witnesses[0], 0, row, tree)
    assert answer.alarm
    assert "was this log restored from an old backup?" in answer.problem


def test_a_cosignature_is_renewed_when_it_gets_old_but_not_before(two: Witnesses) -> None:
    shard = log.current_shard()
    witnesses.submit(shard)
    witnesses.submit(shard)
    assert Cosignature.objects.count() == 2
    Cosignature.objects.update(time=1000)
    witnesses.submit(shard)
    assert Cosignature.objects.count() == 4
    assert all(cosignature.line == line for cosignature, line in newest_lines(shard))


def newest_lines(shard: str) -> list[tuple[Cosignature, str]]:
    found = witnesses.current_policy()
    row = shards.last_signed(shard)
    assert found is not None
    assert row is not None
    served = witnesses.cosignatures(shard, found, size=row.size)
    newest = {c.witness: c for c in Cosignature.objects.filter(size=row.size).order_by("time")}
    return [(newest[str(w.key)], served[w.name]) for w in found.witnesses]


def test_who_is_away_is_reported_once_and_once_when_back(two: Witnesses, caplog: pytest.LogCaptureFixture) -> None:
    shard = log.current_shard()
    two.running["two"].stop()
    for _ in range(3):
        witnesses.submit(shard)
    assert caplog.text.count(f"Witness two of log {shard} does not answer") == 1
    two.again("two")
    witnesses.submit(shard)
    witnesses.submit(shard)
    assert caplog.text.count(f"Witness two of log {shard} signs again") == 1
    assert "Witness one" not in caplog.text


def test_who_was_asked_in_vain_is_left_alone_for_a_while(two: Witnesses, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = log.current_shard()
    two.running["two"].stop()
    witnesses.submit(shard, insist=False)
    two.again("two")
    witnesses.submit(shard, insist=False)
    assert Cosignature.objects.count() == 1
    monkeypatch.setattr(witnesses, "_pauses", {place: (0.0, pause) for place, (_, pause) in witnesses._pauses.items()})
    witnesses.submit(shard, insist=False)
    assert Cosignature.objects.count() == 2


def other_key(tmp_path: Path) -> bytes:
    row = shards.last_signed(log.current_shard())
    assert row is not None
    key, signer = witness_keys.load(new_key(tmp_path, "other.example/w"))
    return cosignature.line(note.parse(row.note).text, key, signer, time=1).encode()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"", "malformed|no signatures|without a signature"),
        (200, b"\xff", "something that is no text"),
        (200, b"hello\n", "malformed signature line"),
        (200, b"x" * 100_000, "too much or too slowly"),
        (204, b"", "answers 204"),
        (302, b"", "answers 302"),
        (403, b"", "does not know the log's key"),
        (404, b"", "does not know this log"),
        (409, b"many\n", "409 without saying its size"),
        (409, b"1\n", "says 409 again, now for size 1"),
        (409, b"0\n", "says 409 again|409"),
        (409, b"99\n", "has signed size 99, and we have 10"),
        (409, b"10\n", "has signed another root for size 10"),
        (422, b"", "refuses the proof"),
        (500, b"", "answers 500"),
    ],
)
def test_no_answer_of_a_witness_does_harm(
    two: Witnesses, client: Client, caplog: pytest.LogCaptureFixture, status: int, body: bytes, said: str
) -> None:
    with answering(replying(status, body)) as url:
        two.policy(one=url)
        witnesses.submit(log.current_shard())
    assert f"Witness one of log {log.current_shard()} " in caplog.text
    assert any(part in caplog.text for part in said.split("|")), caplog.text
    assert [row.witness for row in Cosignature.objects.all()] == [str(witness_keys.load(two.keys["two"])[0])]
    assert get(client, "checkpoint")


def test_a_signature_of_another_key_or_for_the_future_is_not_taken(
    two: Witnesses, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shard = log.current_shard()
    with answering(replying(200, other_key(tmp_path))) as url:
        two.policy(one=url)
        witnesses.submit(shard)
    assert "without a signature of the key that the policy has for it" in caplog.text
    row = shards.last_signed(shard)
    assert row is not None
    key, signer = witness_keys.load(two.keys["one"])
    line = cosignature.line(note.parse(row.note).text, key, signer, time=int(time.time()) + 7200)
    with answering(replying(200, line.encode())) as url:
        two.policy(one=url)
        witnesses.submit(shard)
    assert "a time in the future" in caplog.text
    assert Cosignature.objects.count() == 1


def test_a_witness_that_never_answers_holds_up_neither_the_round_nor_the_next(
    two: Witnesses, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    monkeypatch.setattr(witnesses, "ROUND", 0.5)
    with answering(lambda _: release.wait(30) and None) as url:
        two.policy(one=url)
        began = time.monotonic()
        witnesses.submit(log.current_shard())
        witnesses.submit(log.current_shard())
        assert time.monotonic() - began < 5
        release.set()
    assert caplog.text.count("has not answered for 0.5 seconds") == 1
    assert Cosignature.objects.count() == 1


def test_an_address_that_is_none_is_said(two: Witnesses, caplog: pytest.LogCaptureFixture) -> None:
    two.policy(one="file:///etc/passwd")
    witnesses.submit(log.current_shard())
    assert "Witness one" in caplog.text
    assert "has an address that is none" in caplog.text


def test_a_policy_that_is_none_refuses_to_start_but_a_running_log_goes_on_with_the_one_before(
    two: Witnesses, tmp_path: Path, settings: object, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    witnesses.submit(log.current_shard())
    path = two.policy()
    good = path.read_bytes()
    path.write_text("quorum nobody\n")
    assert two.accepted(client).checkpoint.size == log.size()
    assert client.get("/log/policy.txt").content == good
    assert caplog.text.count("line 1: 'nobody' is not defined above; going on with the policy as it was") == 1
    other = tmp_path / "other.txt"
    settings.WITNESS_POLICY = other  # type: ignore[attr-defined]
    for content in (None, "quorum nobody\n"):
        if content:
            other.write_text(content)
        with pytest.raises(ImproperlyConfigured, match=r"WITNESS_POLICY: .*other\.txt"):
            witnesses.current_policy()


def test_a_closed_log_is_not_signed_anew(two: Witnesses, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = log.current_shard()
    witnesses.submit(shard)
    Cosignature.objects.update(time=1000)
    monkeypatch.setattr(shards, "is_closed", lambda name: True)
    witnesses.submit(shard)
    assert Cosignature.objects.count() == 2


def verified(two: Witnesses, folder: Path) -> tuple[int, str]:
    """What `python -m verifier log` says, with our policy, of the files as a static server has them."""
    found = subprocess.run(
        [sys.executable, "-m", "verifier", "log", str(folder), "--policy", str(two.folder / "policy.txt")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return found.returncode, next((line for line in found.stdout.splitlines() if " C3 " in line), found.stdout)


def test_the_verifier_accepts_what_a_quorum_signed_and_nothing_else(two: Witnesses) -> None:
    folder = files.directory(log.current_shard())
    assert verified(two, folder)[0] == 1
    witnesses.submit(log.current_shard())
    _code, said = verified(two, folder)
    assert said.startswith("PASS"), said
    two.running["two"].stop()
    grow(2)
    witnesses.submit(log.current_shard())
    assert verified(two, folder)[1].startswith("PASS")  # the older one, which a quorum signed
    (folder / "checkpoint").write_bytes((folder / "checkpoint.latest").read_bytes())
    assert verified(two, folder)[1].startswith("FAIL")


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_publishing_wakes_the_thread_that_asks(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    make.small_log()
    monkeypatch.setattr(witnesses, "INTERVAL", 0.05)
    with ExitStack() as stack:
        made = Witnesses(tmp_path, settings, stack)
        made.start("one", "two")
        made.policy()
        for number in (2, 3):
            make.opened(f"p{number}")
            size = sequencer.advance().size
            shard = log.current_shard()
            deadline = time.monotonic() + 30
            published = threading.Event()
            while not published.wait(0.05) and time.monotonic() < deadline:
                served = witnesses.served(shard, latest=False)
                assert served is not None
                signed = note.parse(served.decode())
                if signed.text.split("\n")[1] == str(size) and len(signed.signatures) == 3:
                    published.set()
            assert published.is_set()
        witnesses.stop()
        assert witnesses._courier is not None
        assert not witnesses._courier.is_alive()
