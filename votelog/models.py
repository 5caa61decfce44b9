"""The log's tables. Triggers (migration 0002) make events and checkpoints append-only on both databases."""

from django.db import models
from django.db.models import Q

BALLOT = "ballot.cast"


class Pending(models.Model):
    """Something that happened and has no place in the log yet; the sequencer deletes the row when it gives it one.

    No person, no address, and no time on ballots: a test pins the column list.
    """

    poll = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=40)
    t = models.BigIntegerField(null=True)  # unix seconds; null on ballots
    k = models.PositiveIntegerField(null=True)  # ballots: enter with at least k others; null = wait for a barrier
    body = models.TextField()  # the entry's `d`, canonical JSON

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ballots_have_no_time_and_only_ballots_wait",
                condition=Q(kind=BALLOT, t__isnull=True) | (~Q(kind=BALLOT) & Q(t__isnull=False, k__isnull=True)),
            )
        ]
        indexes = [
            models.Index(name="pending_barriers", fields=["poll"], condition=~Q(kind=BALLOT)),
            models.Index(name="pending_mixable", fields=["poll", "k"], condition=Q(k__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.poll}"


class Event(models.Model):
    """One entry of the log, for good. `idx` has no gaps within a shard (`votelog.shards`), `n` none within a poll."""

    pk = models.CompositePrimaryKey("shard", "idx")
    shard = models.CharField(max_length=6)
    idx = models.BigIntegerField()
    poll = models.CharField(max_length=64, blank=True)
    n = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    bid = models.CharField(max_length=32, null=True)  # of a ballot: its receipt number
    body = models.TextField()
    leaf = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_entry_per_poll_and_number", fields=["shard", "poll", "n"]),
        ]
        indexes = [
            models.Index(name="event_by_bid", fields=["bid"], condition=Q(bid__isnull=False)),
            # What happened besides the ballots is a handful, and every page of a poll asks for it.
            models.Index(name="event_but_ballots", fields=["poll", "kind", "n"], condition=Q(bid__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.shard}/{self.idx} {self.kind}"


class Checkpoint(models.Model):
    """A size and root that we signed. The row is durable before anyone can see the note."""

    pk = models.CompositePrimaryKey("shard", "size")
    shard = models.CharField(max_length=6)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()

    def __str__(self) -> str:
        return f"{self.shard} at {self.size}"


class Cosignature(models.Model):
    """A witness's signature line for one of our checkpoints. A later one for the same checkpoint is a further row."""

    shard = models.CharField(max_length=6)
    size = models.BigIntegerField()
    witness = models.TextField()  # its vkey
    time = models.BigIntegerField()  # unix seconds, as it says itself
    line = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_cosignature_a_second", fields=["shard", "size", "witness", "time"]),
        ]

    def __str__(self) -> str:
        return f"{self.shard} at {self.size} by {self.witness}"


class Abandoned(models.Model):
    """A shard that nothing is added to any more because it is damaged or its key lost: the next one begins after it.

    What was published of it stays where it was served. The row is for good.
    """

    shard = models.CharField(max_length=6, primary_key=True)
    because = models.TextField()
    at = models.BigIntegerField()  # unix seconds

    def __str__(self) -> str:
        return self.shard


class Blob(models.Model):
    """Bytes that an entry names by their hash. Deleting one (erasure) leaves the entry as it was."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    data = models.BinaryField()

    def __str__(self) -> str:
        return self.sha256
