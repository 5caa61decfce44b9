"""Every answer that C2SP tlog-witness names, from the running program over a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPConnection

import pytest

from merkle import checkpoint, note
from merkle.checkpoint import Checkpoint
from tests.witness.logs import ORIGIN, Log, Running, cosigned_at, new_key, run, serving
from witness import keys
from witness.core import MAX_BODY_BYTES

LOG = Log()
SIZE = "text/x.tlog.size"
PLAIN = "text/plain; charset=utf-8"
SHOWN = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


@pytest.fixture
def program(tmp_path) -> Iterator[Running]:  # type: ignore[no-untyped-def]
    with serving(tmp_path) as running:
        yield running


def test_it_signs_the_first_checkpoint_and_every_later_one_that_continues_it(program, tmp_path) -> None:  # type: ignore[no-untyped-def]
    key, _ = keys.load(tmp_path / "witness.example.org-w1.key")
    for old, new in ((0, 5), (5, 5), (5, 8), (8, 20)):
        status, kind, body = program.post(LOG.request(old, new))
        assert (status, kind) == (200, PLAIN)
        assert body.startswith("— witness.example.org/w1 ")
        assert body.count("\n") == 1
        assert cosigned_at(body, LOG, new, key)
    shown = program.get(SHOWN)
    assert shown == (200, PLAIN, LOG.checkpoint(20) + body)


def test_what_is_no_request_is_400(program) -> None:  # type: ignore[no-untyped-def]
    good = LOG.request(0, 5)
    tail = good.partition(b"\n\n")[2]
    hash_line = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    wrong = [
        b"",
        b"\xff\n\n" + tail,
        tail,
        b"old 00\n\n" + tail,
        b"old -1\n\n" + tail,
        b"old  0\n\n" + tail,
        b"old x\n\n" + tail,
        b"old 0\n" + tail,
        b"old 0\nabc\n\n" + tail,
        b"old 0\nAAAA\n\n" + tail,
        b"old 0\n" + 64 * hash_line + b"\n" + tail,
        b"old 0\n\n" + tail.partition(b"\n\n")[0],
        b"old 0\n\n" + tail.replace(b"\n5\n", b"\n05\n"),
        b"old 0\n\n" + tail.replace(b"\n5\n", b"\n9999999999999999999\n"),
        b"old 0\n\n" + tail[:-1],
        b"old 99999999999999999999\n\n" + tail,
    ]
    assert [program.post(body)[0] for body in wrong] == [400] * len(wrong)
    assert program.post(good)[0] == 200


def test_an_old_size_beyond_the_checkpoint_is_400(program) -> None:  # type: ignore[no-untyped-def]
    assert program.post(LOG.request(0, 5))[0] == 200
    assert program.post(LOG.request(6, 5))[0] == 400


def test_an_unknown_log_is_404_and_so_are_other_addresses(program) -> None:  # type: ignore[no-untyped-def]
    assert program.post(Log(origin="other.example/log").request(0, 5))[0] == 404
    assert program.post(LOG.request(0, 5), path="/")[0] == 404
    assert program.get("/")[0] == 404
    assert program.get(SHOWN)[0] == 404  # nothing signed yet


def test_a_checkpoint_that_no_known_key_signed_is_403(program) -> None:  # type: ignore[no-untyped-def]
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stranger = Log(private=Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert program.post(stranger.request(0, 5))[0] == 403
    forged = LOG.request(0, 5).replace(LOG.checkpoint(5).encode(), LOG.checkpoint(6).replace("\n6\n", "\n5\n").encode())
    assert program.post(forged)[0] == 403


def test_signatures_of_unknown_keys_are_ignored_and_not_kept(program) -> None:  # type: ignore[no-untyped-def]
    noise = "— somebody.example AAAAAAAAAAAA\n"
    status, _, line = program.post(LOG.request(0, 5) + noise.encode())
    assert status == 200
    assert program.get(SHOWN)[2] == LOG.checkpoint(5) + line


def test_another_old_size_than_the_newest_signed_is_409_with_the_size_to_prove_from(program) -> None:  # type: ignore[no-untyped-def]
    assert program.post(LOG.request(3, 5)) == (409, SIZE, "0\n")
    assert program.post(LOG.request(0, 5))[0] == 200
    for old, new in ((0, 8), (4, 8), (0, 5), (3, 4), (7, 8)):
        assert program.post(LOG.request(old, new)) == (409, SIZE, "5\n")


def test_a_second_root_for_the_size_is_409_and_the_evidence_is_kept_and_reported(program, tmp_path) -> None:  # type: ignore[no-untyped-def]
    fork = Log(salt="x", common=3)
    assert program.post(LOG.request(0, 5))[0] == 200
    assert program.post(fork.request(5, 5, proof=[])) == (409, SIZE, "5\n")
    assert "CRITICAL FORK: vote.example.org/log/2027 signed two roots for size 5" in program.errors.read_text()
    shown = run("show", "--evidence", "--state", tmp_path / "witness.example.org-w1.sqlite")
    assert shown.returncode == 1
    assert fork.checkpoint(5) in shown.stdout
    assert LOG.checkpoint(5) in shown.stdout
    assert program.get(SHOWN)[2].startswith(LOG.checkpoint(5))


def test_a_fork_at_a_size_that_was_signed_earlier_is_found_too(program) -> None:  # type: ignore[no-untyped-def]
    assert program.post(LOG.request(0, 5))[0] == 200
    assert program.post(LOG.request(5, 9))[0] == 200
    assert program.post(Log(salt="x").request(4, 5)) == (409, SIZE, "9\n")
    assert "FORK" in program.errors.read_text()


def test_a_log_that_does_not_continue_is_422_and_kept_and_a_later_proof_settles_it(program, tmp_path) -> None:  # type: ignore[no-untyped-def]
    state = tmp_path / "witness.example.org-w1.sqlite"
    assert program.post(LOG.request(0, 5))[0] == 200
    fork = Log(salt="x", common=3)
    status, kind, _ = program.post(fork.request(5, 9))
    assert (status, kind) == (422, PLAIN)
    assert program.errors.read_text().count("ERROR REFUSED") == 1
    assert program.post(LOG.request(5, 9, proof=[bytes(32)] * 63))[0] == 422
    assert run("show", "--state", state).stdout.count("refused (unproven): 2") == 1
    assert program.post(LOG.request(5, 9))[0] == 200
    shown = run("show", "--state", state).stdout
    assert "refused (unproven): 1" in shown
    assert "refused (settled): 1" in shown


def test_a_proof_from_nothing_proves_nothing_and_is_422(program) -> None:  # type: ignore[no-untyped-def]
    assert program.post(LOG.request(0, 5, proof=[bytes(32)]))[0] == 422
    assert program.post(LOG.request(0, 5))[0] == 200


def test_an_empty_tree_has_one_root(program) -> None:  # type: ignore[no-untyped-def]
    wrong = checkpoint.sign(Checkpoint(ORIGIN, 0, bytes(32)), LOG.key, LOG.private.sign)
    assert program.post(b"old 0\n\n" + wrong.encode()) == (409, SIZE, "0\n")
    assert program.post(LOG.request(0, 0))[0] == 200
    assert program.post(LOG.request(0, 5))[0] == 200


def test_lines_that_the_log_adds_to_its_checkpoint_are_signed_with_it(program, tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = Checkpoint(ORIGIN, 5, LOG.tree.root(5)).text() + "more words\n"
    signed = note.sign(text, LOG.key, LOG.private.sign)
    status, _, line = program.post(b"old 0\n\n" + signed.encode())
    assert status == 200
    from merkle import cosignature

    key, _signer = keys.load(tmp_path / "witness.example.org-w1.key")
    assert cosignature.time_of(note.parse(signed + line), key, keys.check_signature)
    assert program.post(b"old 5\n\n" + signed.replace("more words\n", "more words\n\n").encode())[0] == 400


def test_a_connection_is_kept_for_further_requests(program) -> None:  # type: ignore[no-untyped-def]
    connection = HTTPConnection("127.0.0.1", program.port, timeout=20)
    statuses = []
    for old, new in ((0, 1), (0, 1), (1, 2)):
        connection.request("POST", "/add-checkpoint", LOG.request(old, new))
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 409, 200]


def raw(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        return answer


def test_what_is_too_long_or_does_not_say_its_length_is_refused_unread(program) -> None:  # type: ignore[no-untyped-def]
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n"
    for more in (
        b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nold 0\r\n0\r\n\r\n",
    ):
        answer = raw(program.port, head + more)
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert b"Connection: close" in answer
    assert raw(program.port, head + b"Content-Length: 50\r\n\r\nold 0") == b""
    assert b"bad request" in raw(program.port, b"nonsense\r\n\r\n").lower()
    assert raw(program.port, b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 501 ")
    assert program.post(LOG.request(0, 5))[0] == 200


def test_nobodys_address_is_written_down(program) -> None:  # type: ignore[no-untyped-def]
    program.post(LOG.request(0, 5))
    program.get("/nothing")
    assert "127.0.0.1" not in program.errors.read_text()


def test_two_logs_are_kept_apart(tmp_path) -> None:  # type: ignore[no-untyped-def]
    other = Log(origin="vote.example.org/log/2028")
    with serving(tmp_path, str(LOG.key), str(other.key), key=new_key(tmp_path)) as program:
        assert program.post(LOG.request(0, 5))[0] == 200
        assert program.post(other.request(0, 9))[0] == 200
        assert program.post(LOG.request(5, 6))[0] == 200
