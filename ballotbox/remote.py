"""The ballot box of another process, over a Unix socket.

A frame is four bytes of length and JSON; each question has one answer.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ballotbox import errors

TIMEOUT_S = 30
MAX_FRAME = 256 * 1024 * 1024
CHUNK = 5_000
"""Ballots that are opened with one question."""


class RemoteBox:
    """The same calls as `local.LocalBox`. Raises BallotBoxAway where nobody answers."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._own = threading.local()

    def make_secrets(self, *, poll: str, with_nonce: bool) -> None:
        self._ask("make_secrets", poll=poll, with_nonce=with_nonce)

    def holds_key(self, *, poll: str) -> bool:
        return bool(self._ask("holds_key", poll=poll))

    def destroy_key(self, *, poll: str) -> None:
        self._ask("destroy_key", poll=poll)

    def nonce(self, *, poll: str) -> str:
        return str(self._ask("nonce", poll=poll))

    def credential_leaves(self, *, poll: str, uids: Sequence[str]) -> list[str]:
        return list(self._ask("credential_leaves", poll=poll, uids=list(uids)))

    def participated(self, *, poll: str, uids: Sequence[str], credentials: Sequence[str]) -> list[bool]:
        return list(self._ask("participated", poll=poll, uids=list(uids), credentials=list(credentials)))

    def tag(self, *, poll: str, uid: str) -> str:
        return str(self._ask("tag", poll=poll, uid=uid))

    def bid_tag(self, *, poll: str, bid: str) -> str:
        return str(self._ask("bid_tag", poll=poll, bid=bid))

    def prepare(
        self, *, poll: str, uid: str, bid: str, revision: int, b: Mapping[str, Any], sealed: bool, origin: str, room: int
    ) -> dict[str, Any]:
        return dict(
            self._ask(
                "prepare", poll=poll, uid=uid, bid=bid, revision=revision, b=dict(b), sealed=sealed, origin=origin, room=room
            )
        )

    def seal(self, *, poll: str, content: Mapping[str, Any], room: int) -> str:
        return str(self._ask("seal", poll=poll, content=dict(content), room=room))

    def unseal(self, *, poll: str, bodies: Sequence[str]) -> list[dict[str, Any]]:
        opened: list[dict[str, Any]] = []
        for start in range(0, len(bodies), CHUNK):  # all ballots of a poll at once would not fit into a frame
            opened += self._ask("unseal", poll=poll, bodies=list(bodies[start : start + CHUNK]))
        return opened

    def receipt_public_key(self) -> str:
        return str(self._ask("receipt_public_key"))

    def sign_receipt(self, *, message: str) -> str:
        return str(self._ask("sign_receipt", message=message))

    def _ask(self, what: str, **arguments: Any) -> Any:
        question = json.dumps({"do": what, "with": arguments}).encode()
        known: socket.socket | None = getattr(self._own, "socket", None)
        try:
            answer = self._over(known or self._connect(), question)
        except OSError:
            # A box that was restarted has forgotten us. Every question may be asked twice: none takes anything away.
            try:
                answer = self._over(self._connect(), question)
            except OSError:
                self._own.socket = None
                raise errors.BallotBoxAway() from None
        if "refused" in answer:
            raise {"NoSuchKey": errors.NoSuchKey, "SealBroken": errors.SealBroken}.get(
                answer["refused"], errors.BallotBoxError
            )(answer["why"])
        return answer["answer"]

    def _connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(TIMEOUT_S)
        try:
            made.connect(self._path)
        except OSError:
            made.close()
            raise
        self._own.socket = made
        return made

    def _over(self, connection: socket.socket, question: bytes) -> dict[str, Any]:
        try:
            send(connection, question)
            answer: dict[str, Any] = json.loads(receive(connection))
        except BaseException:
            connection.close()
            self._own.socket = None
            raise
        return answer


def send(connection: socket.socket, frame: bytes) -> None:
    connection.sendall(len(frame).to_bytes(4, "big") + frame)


def receive(connection: socket.socket) -> bytes:
    """The next frame. Raises ConnectionError when the other side has gone, or says something that is no frame."""
    size = int.from_bytes(_exactly(connection, 4), "big")
    if size > MAX_FRAME:
        raise ConnectionError("a frame that is too long")
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise ConnectionError("the other side has gone")
        parts += part
    return bytes(parts)
