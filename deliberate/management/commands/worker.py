"""`manage.py worker`: all that the clock does (`background.CLOCK`). One is enough; two do no harm."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections

from deliberate import background
from votelog import start
from votelog.errors import VoteLogError
from votelog.news import Lookout

logger = logging.getLogger(__name__)
HEARTBEAT = 1.0


class Command(BaseCommand):
    help = "Close, count and publish polls when their time has come; bring what the log says to the boards; send mail."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("worker: ready")
        checked, lookout = False, Lookout()
        while not stop.wait(HEARTBEAT):
            try:
                if not checked:
                    self._check()
                    checked = True
                lookout.look()
                background.tick()
            except OperationalError:
                logger.exception("The database does not answer; the worker waits for it.")
                stop.wait(10 * HEARTBEAT)
            finally:
                close_old_connections()

    def _check(self) -> None:
        try:
            start.check()
        except VoteLogError as error:
            raise CommandError(str(error)) from None
