import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from votelog import sequencer
from votelog.errors import VoteLogError


class Command(BaseCommand):
    help = "Put the vote log in order and publish it, until stopped. One is enough; a second one waits for its turns."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("The sequencer is running.")
        self.stdout.flush()
        try:
            sequencer.run_until(stop)
        except VoteLogError as error:
            raise CommandError(str(error)) from None
