"""The witness as an HTTP server: POST /add-checkpoint, and GET /<SHA-256 of the origin, hex>/checkpoint."""

import logging
import socket
import sys
import threading
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from witness.core import MAX_BODY_BYTES, PLAIN, Answer, Witness

CONNECTIONS = 64
"""How many are served at a time; further ones wait in the kernel's queue."""
PATIENCE = 10.0
"""Seconds for which a connection may be silent."""
REQUESTS = 1_000
"""How many requests one connection may make before it has to come again."""

logger = logging.getLogger("witness")


class Handler(BaseHTTPRequestHandler):
    """One connection. Logs no addresses of who asks."""

    protocol_version = "HTTP/1.1"
    server_version = "witness"
    sys_version = ""
    timeout = PATIENCE
    server: "Server"
    served = 0

    def do_POST(self) -> None:
        """Take a checkpoint."""
        if self.path != "/add-checkpoint":
            self._answer(Answer(404, "not found\n"), close=True)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or "Transfer-Encoding" in self.headers:
            self._answer(Answer(400, "the request has to say its length\n"), close=True)
        elif len(length) > 9 or int(length) > MAX_BODY_BYTES:
            self._answer(Answer(400, f"the request is longer than {MAX_BODY_BYTES} bytes\n"), close=True)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(self.server.witness.add_checkpoint(body))

    def do_GET(self) -> None:
        """Show the newest checkpoint that was signed of a log, to anybody."""
        signed = None
        for origin in self.server.witness.logs:
            if self.path == f"/{sha256(origin.encode()).hexdigest()}/checkpoint":
                signed = self.server.witness.published(origin)
        self._answer(Answer(404, "not found\n") if signed is None else Answer(200, signed))

    do_HEAD = do_GET

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.served += 1
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.command != "POST":
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Cache-Control", "no-store" if answer.status != 200 else "public, max-age=1")
        if close or self.server.stopping or self.served >= REQUESTS:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no HTTP, or a method that we do not have: one plain line, and the connection ends."""
        self.command = self.command or ""
        self._answer(Answer(code, f"{message or 'bad request'}\n", PLAIN), close=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing about who asked for what."""


class Server(ThreadingHTTPServer):
    """Serves a witness until `stop`."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.witness = witness
        self.stopping = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, as soon as there is a place for it."""
        self._places.acquire()
        with self._lock:
            self._open.add(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The life of a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no event; a fault of ours is."""
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("A request could not be answered.")

    def stop(self) -> None:
        """End: what is being answered is answered, silent connections are closed, then `serve_forever` returns."""
        self.stopping = True
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
