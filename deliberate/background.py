"""What happens by itself: the log is put in order, polls that are due are closed, counted and published.

In one process this is a thread of the server; in production it is `manage.py sequencer` and `manage.py worker`.
"""

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from objections import actions as objections
from outbox import actions as outbox
from votelog import sequencer
from votelog import start as start_check
from votelog.instance import Instance
from voting import actions as voting

logger = logging.getLogger(__name__)
HEARTBEAT = 1.0
"""Seconds. The log is published at most once a second, so looking more often would only warm the room."""


CLOCK: list[Callable[..., object]] = [voting.tick, objections.tick, outbox.tick]
"""What the clock does, again and again; each takes the moment as `at`. The worker does the same."""


def tick() -> None:
    for beat in CLOCK:
        beat(at=timezone.now())


BEATS: list[Callable[[], object]] = [sequencer.advance, tick]


def _run(stop: threading.Event, checked: bool) -> None:
    instance = Instance()
    told = False
    while not stop.wait(HEARTBEAT):
        try:
            if not instance.acquire():
                if not told:
                    logger.warning("Another process puts the vote log in order. This one only reads until that ends.")
                told = True
                continue
            if not checked:
                start_check.check()
                checked = True
            for beat in BEATS:
                beat()
        except Exception:
            # The log stands still rather than wrong; the server goes on reading, and the operator sees why.
            logger.exception("The vote log was not advanced; nothing is lost, it is tried again in ten seconds.")
            stop.wait(10)
        finally:
            close_old_connections()
    instance.release()


def start() -> threading.Event:
    """Start the thread and return the event that ends it. Raises LogDamaged instead where going on would do harm."""
    try:
        start_check.check()
        checked = True
    except DatabaseError:  # away, or not migrated yet: the thread looks before it does anything
        checked = False
    finally:
        close_old_connections()
    stop = threading.Event()
    threading.Thread(target=_run, args=[stop, checked], name="background", daemon=True).start()
    return stop
