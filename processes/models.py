"""Participatory processes, their phases, and the territories and topics they concern: when and where what is open."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.permissions import can
from common.localized import loc
from common.models import LocalizedField


class Scope(models.Model):
    """A territory or body that something concerns; a tree (city → district)."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    slug = models.SlugField(unique=True)
    name = LocalizedField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return loc(self.name)


class Topic(models.Model):
    """What something is about. `icon` is the name of a symbol in the icon sprite."""

    slug = models.SlugField(unique=True)
    name = LocalizedField()
    icon = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return loc(self.name)


class ProcessQuerySet(models.QuerySet["Process"]):
    def visible_to(self, user: object) -> ProcessQuerySet:
        if isinstance(user, User) and can(user, "process.see_unpublished"):
            return self
        return self.filter(published=True)


class Process(models.Model):
    """One consultation from start to end."""

    slug = models.SlugField(unique=True)
    title = LocalizedField()
    summary = LocalizedField()
    description = LocalizedField()
    scope = models.ForeignKey(Scope, models.PROTECT, related_name="processes")
    published = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProcessQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return loc(self.title)

    def get_absolute_url(self) -> str:
        return reverse("processes:process-detail", args=[self.slug])

    def phase_at(self, at: datetime) -> Phase | None:
        """The phase that is on at this moment. Uses prefetched phases where there are any."""
        return next((phase for phase in self.phases.all() if phase.starts_at <= at < phase.ends_at), None)


class Phase(models.Model):
    """A dated stretch of a process. Its type says what may be done in it (see `rules.PERMITS`)."""

    class Type(models.TextChoices):
        PROPOSE = "propose", pgettext_lazy("phase", "Proposals")
        DEBATE = "debate", pgettext_lazy("phase", "Debate")
        VOTE = "vote", pgettext_lazy("phase", "Vote")
        RESULTS = "results", pgettext_lazy("phase", "Results")

    process = models.ForeignKey(Process, models.CASCADE, related_name="phases")
    type = models.CharField(max_length=10, choices=Type.choices)
    title = LocalizedField(blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="a_phase_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            UniqueConstraint(name="one_phase_of_a_process_starts_at_a_time", fields=["process", "starts_at"]),
        ]

    def __str__(self) -> str:
        return loc(self.title) or self.get_type_display()

    def state_at(self, at: datetime) -> str:
        """`done`, `now` or `next`."""
        return "done" if self.ends_at <= at else "now" if self.starts_at <= at else "next"
