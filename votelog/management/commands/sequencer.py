import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections

from votelog import sequencer, start
from votelog.errors import VoteLogError
from votelog.instance import Instance


class Command(BaseCommand):
    help = "Put the vote log in order and publish it, until stopped. A second one on the same database ends at once."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        instance = Instance()
        try:
            if not self._may_begin(instance, stop):
                return
            self.stdout.write("The sequencer is running.")
            self.stdout.flush()
            # This process may be allowed to write to the log alone: the worker brings the news to everybody else.
            sequencer.run_until(stop, instance=instance, tell=False)
        except VoteLogError as error:
            raise CommandError(str(error)) from None
        finally:
            instance.release()

    def _may_begin(self, instance: Instance, stop: threading.Event) -> bool:
        """False when it was stopped while it waited for the database."""
        while not stop.is_set():
            try:
                if not instance.acquire():
                    raise CommandError("Another sequencer is at work on this database: one is enough, and two would only wait.")
                start.check()
                return True
            except OperationalError:
                sequencer.logger.exception("The database does not answer; the sequencer waits for it.")
                stop.wait(10 * sequencer.REST_AFTER_PUBLISHING)
            finally:
                close_old_connections()
        return False
