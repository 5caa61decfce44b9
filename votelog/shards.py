"""Which logs there are. One is named by the year it was begun in; `-2` to `-9` where it had to be begun anew within the year."""

import re

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from votelog.models import Abandoned, Checkpoint, Event

NAME = r"[0-9]{4}(?:-[2-9])?"
"""A regular expression. Names sort as text in the order in which the logs were begun."""
CLOSED = "log.closed"


def with_entries() -> list[str]:
    """Every shard that has entries, oldest first."""
    found: list[str] = []
    newest = Event.objects.aggregate(name=Max("shard"))["name"]
    while newest is not None:  # a step in the index for each; `distinct` would read all of it
        found.append(newest)
        newest = Event.objects.filter(shard__lt=newest).aggregate(name=Max("shard"))["name"]
    return found[::-1]


def abandoned() -> set[str]:
    """Those that were given up (`manage.py log_new_shard`)."""
    return set(Abandoned.objects.values_list("shard", flat=True))


def current() -> str:
    """The shard that new polls go into: the newest there is; where that one was given up, the one to be begun after it; this
    year's when there is none yet. A new year changes nothing here until the sequencer has opened its log."""
    given_up = abandoned()
    newest = max([*given_up, Event.objects.aggregate(name=Max("shard"))["name"] or ""], default="")
    if newest and newest not in given_up:
        return newest
    return after(newest)


def after(name: str) -> str:
    """The name of a log begun now after one of this name. Raises ValueError when the year has no name left."""
    year = f"{timezone.now().year:04}"  # in UTC
    if year > name[:4]:
        return year
    number = int(name[5:] or 1) + 1
    if number > 9:
        raise ValueError(f"{name[:4]} has had nine logs already; the next one begins with the next year")
    return f"{name[:4]}-{number}"


def of_polls(polls: set[str]) -> dict[str, str]:
    """The shard of each of these polls that has entries: all entries of a poll stand where its first one does."""
    first = Event.objects.filter(shard__in=with_entries(), poll__in=polls, n=0).exclude(poll="").order_by("-shard")
    return dict(first.values_list("poll", "shard"))


def is_closed(name: str) -> bool:
    """Whether the last entry of the shard is log.closed, which nothing follows."""
    return Event.objects.filter(shard=name).order_by("-idx").values_list("kind", flat=True).first() == CLOSED


def is_name(text: str) -> bool:
    """Whether a log could have this name."""
    return re.fullmatch(NAME, text) is not None


def on_disk() -> list[str]:
    """Those that LOG_DIR has a folder of, oldest first."""
    return sorted(path.name for path in settings.LOG_DIR.glob("[0-9]*") if path.is_dir() and is_name(path.name))


def last_signed(name: str) -> Checkpoint | None:
    """The newest checkpoint of the shard that is in the database."""
    return Checkpoint.objects.filter(shard=name).order_by("-size").first()
