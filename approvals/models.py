"""Requests that wait for a second person, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.models import LocalizedField
from merkle import canonical


class RequestQuerySet(models.QuerySet["Request"]):
    def waiting(self, at: datetime) -> RequestQuerySet:
        return self.filter(state=Request.State.OPEN, expires_at__gt=at)

    def overdue(self, at: datetime) -> RequestQuerySet:
        return self.filter(state=Request.State.OPEN, expires_at__lte=at)


class Request(models.Model):
    """One member of staff wants something done that takes a second one. Decided once; then the row stays as it is."""

    class State(models.TextChoices):
        OPEN = "open", _("Waits for a second person")
        CARRIED_OUT = "carried_out", _("Approved and carried out")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    action = models.CharField(max_length=40)
    """What is to be done: a key of `approvals.kinds.KINDS`."""
    subject = models.CharField(max_length=64)
    """What it is to be done to: of a poll its public id."""
    arguments = models.TextField()
    """Canonical JSON of everything that the action needs to know."""
    reason = LocalizedField()
    """Why, by language. It becomes public with the change."""
    arguments_sha256 = models.CharField(max_length=64)
    """Of the canonical JSON of action, subject, arguments and reason: what whoever approves has seen."""
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            CheckConstraint(
                name="nobody_approves_what_they_asked_for",
                condition=~Q(state__in=["carried_out", "rejected"], decided_by=F("requested_by")),
            ),
            CheckConstraint(
                name="a_request_is_open_until_it_is_decided",
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
            ),
            UniqueConstraint(name="the_same_is_asked_for_once", fields=["arguments_sha256"], condition=Q(state="open")),
        ]
        indexes = [models.Index(name="requests_of_a_subject", fields=["subject", "state"])]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}: {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("approvals:detail", args=[self.pk])

    @property
    def read(self) -> dict[str, Any]:
        """The arguments."""
        found: dict[str, Any] = canonical.loads(self.arguments.encode())
        return found
