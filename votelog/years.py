"""Where one log ends and the next begins."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from votelog import files, log, shards, trees
from votelog.entries import read
from votelog.errors import LogDamaged
from votelog.models import BALLOT, Event, Pending

_TALLIES = ("tally.published", "tally.superseded")
_OBJECTIONS = ("objection.filed", "objection.answered")


def due() -> str | None:
    """The name of the log to be opened now, None where the newest is that of this year (UTC)."""
    current = shards.current()
    if not trees.size(current):
        return current
    following = f"{timezone.now().year:04}"
    return following if following > current[:4] else None


def hold_queue() -> None:
    """Until the transaction ends nobody records anything. With SQLite the transaction itself does that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("lock table votelog_pending in share mode")


def a_poll_waits_for_its_place() -> bool:
    """Whether a poll that the log does not know yet has recorded something. Voters may already hold promises under the log
    that was newest then, so no other may become newest before it has its place."""
    waiting = set(Pending.objects.exclude(kind=BALLOT).exclude(poll="").values_list("poll", flat=True).distinct())
    return bool(waiting - set(shards.of_polls(waiting)))


def checkpoint_before(shard: str) -> dict[str, str | int] | None:
    """`prev` of the shard's first entry: the newest checkpoint that the log before it signed, None where there is none."""
    older = [name for name in {*log.shards(), *shards.abandoned(), *shards.on_disk()} if name < shard]
    if not older:
        return None
    name = max(older)
    row = shards.last_signed(name)
    signed = (row.size, bytes(row.root)) if row else (0, b"")
    try:
        published = files.published(name)
    except LogDamaged:  # then it was given up for that, and what the database holds is the best there is
        published = None
    if published and published.size > signed[0]:
        signed = (published.size, published.root)
    return {"origin": log.origin(name), "size": signed[0], "root": signed[1].hex()} if signed[0] else None


def settled(shard: str) -> bool:
    """Whether every poll of the shard is through: published, every objection answered, nothing waits, and nothing was heard for
    APPEALS_DAYS."""
    polls = set(Event.objects.filter(shard=shard, n=0).exclude(poll="").values_list("poll", flat=True))
    if Pending.objects.filter(poll__in=polls).exists():
        return False
    last_tally: dict[str, str] = {}
    unanswered: set[str] = set()
    heard = 0
    for event in Event.objects.filter(shard=shard, kind__in=_TALLIES + _OBJECTIONS).order_by("idx").iterator():
        entry = read(event.body)
        heard = max(heard, entry["t"])
        if event.kind in _TALLIES:
            last_tally[event.poll] = event.kind
        elif event.kind == "objection.filed":
            unanswered.add(entry["d"]["objection"])
        else:
            unanswered.discard(entry["d"]["objection"])
    if unanswered:
        return False
    through = polls <= {poll for poll, kind in last_tally.items() if kind == "tally.published"}
    return through and heard <= (timezone.now() - timedelta(days=settings.APPEALS_DAYS)).timestamp()
