"""Mails that are still to be sent."""

from django.db import models


class Mail(models.Model):
    """A mail that is still to be sent. The row goes when it is sent or given up, and the address with it."""

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    posted_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    """When it is tried next."""
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"mail {self.pk}, tried {self.tries} times"
