"""Saying that something changed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import override

from realtime import hub
from realtime.models import LiveTopic

logger = logging.getLogger(__name__)


def announce(topic: str, render: Callable[[], str]) -> None:
    """Tell every page that watches `topic` what changed, once the surrounding transaction is committed.

    `render` returns the HTML fragments that any reader of the topic may see; it is called once per language, not once
    per reader. The number of the message is taken inside the transaction: numbers grow in the order of commits.
    """
    LiveTopic.objects.get_or_create(name=topic)
    LiveTopic.objects.filter(name=topic).update(seq=F("seq") + 1)
    seq = LiveTopic.objects.get(name=topic).seq

    def send_live_message() -> None:
        html = {}
        for code, _name in settings.LANGUAGES:
            with override(code):
                html[code] = render()
        hub.publish({"topic": topic, "seq": seq, "html": html})

    transaction.on_commit(send_live_message, robust=True)


def last_seq(topic: str) -> int:
    """The number of the last message on a topic; a page remembers it to find out whether it missed one."""
    return LiveTopic.objects.filter(name=topic).values_list("seq", flat=True).first() or 0
