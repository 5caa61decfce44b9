"""The same over the network: the address of an instance, of a log, and addresses where nobody answers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.writelog import NOW, ORIGIN, Scene, Signer, cast, finished
from verifier import __main__ as verifier


class Handler(SimpleHTTPRequestHandler):
    """Files, with the list of logs at /log/ and a few misbehaving addresses."""

    listing: bytes = b"{}"

    def do_GET(self) -> None:
        if self.path == "/log/":
            self.answer(200, self.listing)
        elif self.path.startswith("/broken/"):
            self.answer(503, b"")
        elif self.path.startswith("/page/"):
            self.answer(200, b"<!doctype html>")
        elif self.path.startswith("/short/log/"):
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b"{")
        else:
            super().do_GET()

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def scene() -> Scene:
    return finished("pb-mes-v1").seal()


@pytest.fixture
def instance(scene: Scene, tmp_path: Path) -> Iterator[str]:
    scene.write(tmp_path / "log" / "2026")
    log = {"origin": ORIGIN, "prefix": "/log/2026/", "vkey": scene.signer.vkey}
    Handler.listing = json.dumps({"logs": [log], "receipt_vkey": Signer(ORIGIN + "/receipt", 2).vkey}).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("address", ["", "/", "/log/2026", "/log/2026/"])
def test_a_poll_passes_at_the_address_of_the_instance_and_of_its_log(address: str, instance: str) -> None:
    assert verifier.main(["poll", instance + address, "p1"]) == 0


def test_one_changed_byte_of_a_served_tile_fails(instance: str, tmp_path: Path) -> None:
    tile = tmp_path / "log/2026/tile/entries/000.p/26"
    tile.write_bytes(tile.read_bytes().replace(b'"o2"', b'"o4"', 1))
    assert verifier.main(["poll", instance, "p1"]) == 1


def test_an_instance_that_lists_another_key_than_the_log_fails(instance: str) -> None:
    listing = json.loads(Handler.listing)
    listing["logs"][0]["vkey"] = Signer(ORIGIN, 9).vkey
    Handler.listing = json.dumps(listing).encode()
    assert verifier.main(["poll", instance, "p1"]) == 1


def test_a_promise_is_checked_with_the_receipt_key_of_the_instance(instance: str, scene: Scene, tmp_path: Path) -> None:
    first = next(entry["d"] for entry in scene.entries if entry["type"] == "ballot.cast")
    for d, deadline, code in ((first, 1, 0), (cast(19, "o4"), 1, 1), (cast(19, "o4"), 99999999999, 2)):
        (tmp_path / "receipt").write_bytes(scene.promise(d, deadline))
        assert verifier.main(["receipt", str(tmp_path / "receipt"), "--url", instance]) == code


def test_a_promise_is_broken_where_the_log_itself_is_silent_and_not_where_a_copy_is(
    instance: str, scene: Scene, tmp_path: Path
) -> None:
    """A copy may be from before the promise was due; the log itself is what it is today."""
    raw, asked = scene.promise(cast(19, "o4"), NOW + 5), verifier.Asked(now=NOW + 9)
    for source, verdict in ((instance, "fail"), (str(tmp_path / "log/2026"), "cannot tell")):
        assert verifier.verify_receipt(raw, source, asked, verifier.Progress()).verdict == verdict


@pytest.mark.parametrize(
    "listing",
    [
        b"{}",
        b"[]",
        b"[" * 60_000,
        b'{"logs":[]}',
        b'{"logs":[1]}',
        b'{"logs":[{"origin":"x","prefix":"file:///etc/"}]}',
        b'{"logs":[{"origin":"x","prefix":7}]}',
        b'{"logs":"abc"}',
        b"\xff",
    ],
)
def test_a_list_of_logs_that_makes_no_sense_cannot_be_told(listing: bytes, instance: str) -> None:
    Handler.listing = listing
    assert verifier.main(["poll", instance, "p1"]) == 2


@pytest.mark.parametrize("address", ["/broken/", "/page/", "/short/", "/nothing/"])
def test_an_address_that_does_not_serve_a_log_cannot_be_told(
    address: str, instance: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verifier.main(["poll", instance + address, "p1"]) == 2
    assert capsys.readouterr().out.endswith("CANNOT TELL\n")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "http://[::1", "http://127.0.0.1:0", "https://127.0.0.1:9", "http://127.0.0.1:99999"]
)
def test_an_address_where_nobody_answers_cannot_be_told(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main(["poll", address, "p1"]) in (2, 3)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err


def test_the_file_runs_alone_outside_the_project(scene: Scene, tmp_path: Path) -> None:
    scene.write(tmp_path / "log")
    alone = tmp_path / "votelog_verify.py"
    alone.write_bytes(Path(verifier.__file__).read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", str(alone), "poll", str(tmp_path / "log"), "p1"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "PASS"), done.stderr
