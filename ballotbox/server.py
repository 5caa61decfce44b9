"""The other end of `remote`: answers on a Unix socket that only the group of its user may open, and keeps no record of it."""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
from pathlib import Path
from typing import Any

from ballotbox.errors import BallotBoxError
from ballotbox.local import LocalBox
from ballotbox.remote import receive, send

logger = logging.getLogger(__name__)
OPERATIONS = frozenset(
    {
        "make_secrets",
        "holds_key",
        "destroy_key",
        "nonce",
        "credential_leaves",
        "participated",
        "tag",
        "bid_tag",
        "prepare",
        "seal",
        "unseal",
        "receipt_public_key",
        "sign_receipt",
    }
)


class AlreadyRunning(Exception):
    """Another ballot box answers on this socket."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, box: LocalBox) -> None:
        """Raises AlreadyRunning where somebody answers; a socket that a dead process left behind is taken over."""
        self.box = box
        if path.exists():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                try:
                    probe.connect(str(path))
                except OSError:
                    path.unlink()
                else:
                    raise AlreadyRunning(path)
        before = os.umask(0o117)
        try:
            super().__init__(str(path), Handler)
        finally:
            os.umask(before)


class Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        while True:
            try:
                frame = receive(self.request)
                send(self.request, json.dumps(self._answer(frame)).encode())
            except OSError:
                return

    def _answer(self, frame: bytes) -> dict[str, Any]:
        try:
            question = json.loads(frame)
            what, arguments = question["do"], question["with"]
            if what not in OPERATIONS:
                raise ValueError(what)
            return {"answer": getattr(self.server.box, what)(**arguments)}
        except BallotBoxError as error:
            return {"refused": type(error).__name__, "why": str(error)}
        except Exception as error:
            # What was asked may hold a ballot: only the kind of fault is written down.
            logger.error("A question was not answered: %s", type(error).__name__)
            return {"refused": "BallotBoxError", "why": type(error).__name__}
