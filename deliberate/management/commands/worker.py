"""`manage.py worker`: all that the clock does (`background.CLOCK`). One is enough; two do no harm."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from deliberate import background

logger = logging.getLogger(__name__)
HEARTBEAT = 1.0


class Command(BaseCommand):
    help = "Close, count and publish polls when their time has come; send mail."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("worker: ready")
        while not stop.wait(HEARTBEAT):
            try:
                background.tick()
            except OperationalError:
                logger.exception("The database does not answer; the worker waits for it.")
                stop.wait(10 * HEARTBEAT)
            finally:
                close_old_connections()
