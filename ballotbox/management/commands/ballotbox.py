import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ballotbox.local import LocalBox
from ballotbox.server import AlreadyRunning, Server


class Command(BaseCommand):
    help = "Hold the secrets of polls in a process of its own, and answer on the Unix socket BALLOTBOX_SOCKET, until stopped."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BALLOTBOX_SOCKET:
            raise CommandError("BALLOTBOX_SOCKET is not set: name the path of a socket that web servers can reach.")
        path = Path(settings.BALLOTBOX_SOCKET)
        box = LocalBox(Path(settings.KEYS_DIR))
        box.receipt_public_key()  # made, or found unreadable, before anybody asks
        try:
            server = Server(path, box)
        except AlreadyRunning:
            raise CommandError(f"A ballot box answers on {path} already: stop that one first.") from None
        except OSError as error:
            raise CommandError(f"{path} cannot be used as a socket: {error.strerror}.") from None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        self.stdout.write("The ballot box is open.")
        self.stdout.flush()
        try:
            server.serve_forever(poll_interval=0.2)
        finally:
            server.server_close()
            path.unlink(missing_ok=True)
