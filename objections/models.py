"""Objections to polls, their answers, and those that still wait for a confirmation; what a row means."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from moderation.models import Hidden
from voting.models import Poll, new_public_id

CONFIRM_WITHIN = timedelta(hours=48)
EMAIL_KEPT = timedelta(days=30)
"""How long after the answer the address of an objector is kept, in case the answer has to be mailed again."""
TEXT_MIN, TEXT_MAX, NAME_MAX = 50, 5_000, 120


def new_handle() -> str:
    return secrets.token_hex(16)


class ByEmail(models.Model):
    """What is written about a poll by somebody without an account. `name` empty: anonymous. `email` is never public."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    name = models.CharField(max_length=NAME_MAX, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2, choices=User.Language.choices)
    text = models.TextField()

    class Meta:
        abstract = True


class Unconfirmed(ByEmail):
    """An objection as it was sent in, until its sender confirms it by mail or time runs out. Not public, not in the log."""

    poll = models.ForeignKey(Poll, models.CASCADE, related_name="+")
    handle = models.CharField(max_length=32, unique=True, default=new_handle)
    """Names the page on which it is confirmed. Only the sender's browser and the mail know it."""
    code_mac = models.CharField(max_length=64)
    """What the code in the mail is compared with; see `actions.code_mac`."""
    written_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.public_id}, not confirmed"


class ObjectionQuerySet(models.QuerySet["Objection"]):
    def visible_to(self, user: object) -> ObjectionQuerySet:
        return self.filter(poll__in=Poll.objects.visible_to(user))

    def open(self) -> ObjectionQuerySet:
        """Not answered yet, oldest first."""
        return self.filter(answer__isnull=True).order_by("filed_at", "pk")

    def with_email_to_delete(self, at: datetime) -> ObjectionQuerySet:
        return self.filter(answer__at__lt=at - EMAIL_KEPT).exclude(email="")


class Objection(ByEmail, Hidden):
    """An objection to a poll, confirmed by its sender. Public from the first moment, and in the log."""

    poll = models.ForeignKey(Poll, models.PROTECT, related_name="objections")
    filed_at = models.DateTimeField()
    """When it was confirmed."""

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        ordering = ["-filed_at", "-pk"]
        indexes = [models.Index(name="objections_of_a_poll", fields=["poll", "-filed_at"])]
        constraints = [CheckConstraint(name="an_objection_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return self.public_id

    def get_absolute_url(self) -> str:
        return reverse("objections:objection-detail", args=[self.public_id])

    @property
    def is_answered(self) -> bool:
        return hasattr(self, "answer")


class Answer(models.Model):
    """The one answer to an objection. Never changed."""

    class Finding(models.TextChoices):
        UPHELD = "upheld", _("Upheld")
        PARTLY = "partly", _("Upheld in part")
        REJECTED = "rejected", _("Rejected")

    objection = models.OneToOneField(Objection, models.PROTECT, related_name="answer")
    finding = models.CharField(max_length=8, choices=Finding.choices)
    language = models.CharField(max_length=2, choices=User.Language.choices)
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.finding}: {self.objection_id}"
