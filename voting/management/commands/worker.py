"""`manage.py worker`: closes polls that are due, counts and publishes them. One such process is enough; two do no harm."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from voting import actions

HEARTBEAT = 1.0


class Command(BaseCommand):
    help = "Close, count and publish polls when their time has come."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("worker: ready")
        while not stop.wait(HEARTBEAT):
            close_old_connections()
            actions.tick(at=timezone.now())
