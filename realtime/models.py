"""Live topics and the number of the last thing said on each."""

from django.db import models


class LiveTopic(models.Model):
    """`seq` grows by one with each message, in the transaction that changed what the message tells."""

    name = models.CharField(max_length=80, unique=True)
    seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}#{self.seq}"
