"""Telling other apps what was published: at once in the sequencer's own process, else by looking."""

from django.db.models import Max, Min

from votelog import log, shards
from votelog.models import Event
from votelog.signals import entries_published


def tell(shard: str, polls: dict[str, range], *, size: int, root: bytes) -> None:
    """Send the signal. What a receiver does wrong is logged and stops nobody."""
    entries_published.send_robust(sender=tell, polls=polls, shard=shard, size=size, root=root)


def numbers(shard: str, since: int, size: int) -> dict[str, range]:
    """The `n` of each poll among the entries from index `since` to below `size`."""
    new = Event.objects.filter(shard=shard, idx__gte=since, idx__lt=size).exclude(poll="")
    rows = new.values("poll").annotate(first=Min("n"), last=Max("n")).values_list("poll", "first", "last")
    return {poll: range(first, last + 1) for poll, first, last in rows}


class Lookout:
    """Notices checkpoints that another process has signed, and tells of them in this one."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def look(self) -> None:
        """Tell of every entry that was published since the last look; at the first look, of every poll without a result."""
        given_up = shards.abandoned()
        for shard in log.shards():
            checkpoint = None if shard in given_up else shards.last_signed(shard)
            if checkpoint is None or checkpoint.size == self._seen.get(shard):
                continue
            polls = numbers(shard, self._seen.get(shard, 0), checkpoint.size)
            if shard not in self._seen:
                done = Event.objects.filter(shard=shard, kind="tally.published").values_list("poll", flat=True)
                polls = {poll: new for poll, new in polls.items() if poll not in set(done)}
            self._seen[shard] = checkpoint.size
            if polls:
                tell(shard, polls, size=checkpoint.size, root=bytes(checkpoint.root))
