"""What was hidden and restored, and under which rule of the house."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Rule(models.TextChoices):
    """The rules of the house, as docs/how-to/answer-an-objection.md and the moderation page list them."""

    OFF_TOPIC = "off_topic", _("It has nothing to do with the subject.")
    INSULT = "insult", _("It insults or threatens somebody.")
    PERSONAL_DATA = "personal_data", _("It tells private things about somebody.")
    SPAM = "spam", _("It is advertising, or the same text again and again.")
    ILLEGAL = "illegal", _("It breaks the law.")


class ActQuerySet(models.QuerySet["Act"]):
    def hidings(self) -> ActQuerySet:
        """Every time something was hidden, newest first, with `restored_at`: when it was shown again, None if never."""
        later = Act.objects.filter(pk__gt=OuterRef("pk"), kind=OuterRef("kind"), number=OuterRef("number"))
        later = later.filter(action=Act.Action.RESTORE)
        restored = Subquery(later.order_by("pk").values("at")[:1])
        return self.filter(action=Act.Action.HIDE).annotate(restored_at=restored).order_by("-pk")

    def of(self, kind: str, number: object) -> ActQuerySet:
        return self.filter(kind=kind, number=str(number)).order_by("-pk")


class Act(models.Model):
    """One hiding or restoring. Rows are added, never changed; the log holds each as a `moderation.action`."""

    class Kind(models.TextChoices):
        PROPOSAL = "proposal", pgettext_lazy("moderation", "Proposal")
        COMMENT = "comment", pgettext_lazy("moderation", "Comment")
        OBJECTION = "objection", pgettext_lazy("moderation", "Objection")

    class Action(models.TextChoices):
        HIDE = "hide", _("Hidden")
        RESTORE = "restore", _("Shown again")

    PAGES = {"proposal": "proposals:proposal-short", "comment": "proposals:comment", "objection": "objections:objection-detail"}

    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.CharField(max_length=20)
    """The public id of what was hidden."""
    action = models.CharField(max_length=8, choices=Action.choices)
    rule = models.CharField(max_length=20, choices=Rule.choices)
    reason = models.TextField(blank=True)
    """Further words, for the author and staff alone."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ActQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(name="acts_of_one_thing", fields=["kind", "number"])]
        constraints = [CheckConstraint(name="a_moderation_act_names_a_rule", condition=~Q(rule=""))]

    def __str__(self) -> str:
        return f"{self.action} {self.kind}:{self.number}"

    def get_absolute_url(self) -> str:
        """The page of what was hidden."""
        return reverse(self.PAGES[self.kind], args=[self.number])


class Hidden(models.Model):
    """Part of every table whose texts can be hidden."""

    hidden = models.CharField(max_length=20, choices=Rule.choices, blank=True, default="")
    """The rule under which the text is hidden from the public; empty where it is not."""

    class Meta:
        abstract = True
