"""A log that a test owns, honest or not, and a witness as a running program."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from merkle import checkpoint, cosignature, note
from merkle.note import VerifierKey
from merkle.tree import Tree, leaf_hash
from tests.conftest import PROJECT
from witness import keys
from witness.core import Witness
from witness.state import State

ORIGIN = "vote.example.org/log/2027"


@dataclass
class Log:
    """A log of `size` entries. Two with different `salt` share their first `common` entries only."""

    size: int = 20
    salt: str = ""
    common: int = 0
    origin: str = ORIGIN
    private: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(range(32))))

    def __post_init__(self) -> None:
        self.key = VerifierKey(self.origin, self.private.public_key().public_bytes_raw())
        entries = (f"{n}{self.salt if n >= self.common else ''}" for n in range(self.size))
        self.tree = Tree(leaf_hash(entry.encode()) for entry in entries)

    def checkpoint(self, size: int) -> str:
        body = checkpoint.Checkpoint(self.origin, size, self.tree.root(size))
        return checkpoint.sign(body, self.key, self.private.sign)

    def request(self, old: int, new: int, *, proof: list[bytes] | None = None) -> bytes:
        if proof is None:
            proof = self.tree.consistency_proof(old, new) if 0 < old <= new else []
        return cosignature.request(old_size=old, proof=proof, checkpoint=self.checkpoint(new))


def new_key(folder: Path, name: str = "witness.example.org/w1") -> Path:
    path = folder / f"{name.replace('/', '-')}.key"
    keys.create(path, name)
    return path


def witness(folder: Path, *logs: Log, **fields: object) -> Witness:
    """A witness within this process, with a key file and a state file in `folder`."""
    path = folder / "witness.example.org-w1.key"
    key, signer = keys.load(path if path.exists() else new_key(folder))
    defaults: dict[str, object] = {"key": key, "signer": signer, "logs": [log.key for log in logs or [Log()]]}
    if "state" not in fields:
        defaults["state"] = State(folder / "state.sqlite", key)
    return Witness(**{**defaults, **fields})  # type: ignore[arg-type]


def cosigned_at(answer: str, log: Log, size: int, key: VerifierKey) -> int | None:
    """The time in the answer's line, once it has been found to be a good signature of the log's checkpoint."""
    return cosignature.time_of(note.parse(log.checkpoint(size) + answer), key, keys.check_signature)


@dataclass
class Running:
    """`python -m witness serve` on a port of its own."""

    process: subprocess.Popen[str]
    port: int
    errors: Path

    def post(self, body: bytes, path: str = "/add-checkpoint", **headers: str) -> tuple[int, str, str]:
        return self.ask("POST", path, body, headers)

    def get(self, path: str) -> tuple[int, str, str]:
        return self.ask("GET", path)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Status, content type, body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer: HTTPResponse = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode()
        finally:
            connection.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "witness", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=PROJECT, capture_output=True, text=True, timeout=60)


@contextmanager
def serving(folder: Path, *logs: str, key: Path | None = None, port: int = 0) -> Iterator[Running]:
    """The program, with state in `folder`, knowing the logs with these vkeys."""
    key = key or new_key(folder)
    state = folder / f"{key.stem}.sqlite"
    known = [part for vkey in logs or [str(Log().key)] for part in ("--log", vkey)]
    errors = folder / "errors.txt"
    with errors.open("a") as stderr:
        process = subprocess.Popen(
            command("serve", "--key", key, "--state", state, "--listen", f"127.0.0.1:{port}", *known),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert " listens on " in first, errors.read_text()
        yield Running(process, int(first.split("127.0.0.1:")[1].split(" ")[0]), errors)
    finally:
        process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()
