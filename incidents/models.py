"""Incidents that were declared and texts that were erased; what a row means."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import LocalizedField
from voting.models import Poll


class Incident(models.Model):
    """Something went wrong, and two members of staff said so. In the log as `incident.declared`. Never changed."""

    class Code(models.TextChoices):
        DATA_LOSS = "data_loss", _("Data were lost")
        KEY_COMPROMISE = "key_compromise", _("A key fell into wrong hands")
        OUTAGE = "outage", _("Something could not be reached")
        WRONG_INFORMATION = "wrong_information", _("Something wrong was published")
        OTHER = "other", _("Something else")

    poll = models.ForeignKey(Poll, models.PROTECT, null=True, blank=True, related_name="incidents")
    """The poll that it concerns; null: the whole instance."""
    code = models.CharField(max_length=20, choices=Code.choices)
    text = LocalizedField()
    declared_at = models.DateTimeField()

    class Meta:
        ordering = ["-declared_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.code}, {self.declared_at:%Y-%m-%d}"


class Erasure(models.Model):
    """A text that was taken out of the log: its bytes are gone, what names them stays. In the log as `erasure.recorded`."""

    class Basis(models.TextChoices):
        CONSENT_WITHDRAWN = "consent_withdrawn", _("Whoever it is about withdrew their consent")
        LEGAL_ORDER = "legal_order", _("A court or another authority ordered it")
        CONTENT_REMOVED = "content_removed", _("The text itself was removed from these pages")

    target = models.CharField(max_length=64, unique=True)
    """The SHA-256 that was its name."""
    basis = models.CharField(max_length=20, choices=Basis.choices)
    erased_at = models.DateTimeField()

    class Meta:
        ordering = ["-erased_at", "-pk"]

    def __str__(self) -> str:
        return self.target
