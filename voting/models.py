"""Polls, their options, ballots, live boards and results; what a row means."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import can
from common.localized import loc
from common.models import LocalizedField
from eligibility.models import Roll
from processes.models import Process, Scope, Topic

_ID_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def new_public_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(8))


class PollQuerySet(models.QuerySet["Poll"]):
    def visible_to(self, user: object) -> PollQuerySet:
        if isinstance(user, User) and can(user, "poll.see_draft"):
            return self
        return self.filter(process__published=True).exclude(status=Poll.Status.DRAFT)

    def due(self, at: datetime) -> PollQuerySet:
        """Open polls whose time is over. An import closes its own poll, when all its ballots are in."""
        return self.filter(status=Poll.Status.OPEN, closes_at__lte=at, source__isnull=True)

    def to_open(self, at: datetime) -> PollQuerySet:
        """Announced polls whose time has come."""
        return self.filter(status=Poll.Status.FROZEN, opens_at__lte=at, source__isnull=True)

    def settled(self, since: datetime) -> PollQuerySet:
        """Published polls of which nothing was published after `since`."""
        return self.filter(status=Poll.Status.PUBLISHED).exclude(results__published_at__gt=since)

    def countable(self) -> PollQuerySet:
        """Closed polls that wait for no draw. An import publishes its own poll."""
        drawn = Q(seed_source=Poll.SeedSource.COMMIT_REVEAL) | Q(draw__isnull=False)
        return self.filter(drawn, status=Poll.Status.CLOSED, source__isnull=True)


class Poll(models.Model):
    """One question put to one roll, counted by one rule.

    While it is announced it can be amended. From opening on nothing changes but `status`, `closed_at`, and what two people
    decide together in public (`voting.changes`): `closes_at`, `paused` and `roll_count`.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        FROZEN = "frozen", _("Announced")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        PUBLISHED = "published", _("Result published")

    class Visibility(models.TextChoices):
        LIVE = "live", _("Turnout and tallies are public while the poll is open")
        TURNOUT = "turnout", _("Only turnout is public until the poll closes")
        SEALED = "sealed", _("Sealed ballots are public while the poll is open, and opened after it closes")

    class Revote(models.TextChoices):
        NONE = "none", _("A ballot that is cast stays as it is")
        LAST = "last", _("A ballot may be changed until the poll closes; the last one counts")

    class SeedSource(models.TextChoices):
        COMMIT_REVEAL = "commit-reveal", _("A secret of this server, sealed before voting begins")
        PUBLIC_DRAW = "public-draw", _("A draw before witnesses, after the poll has closed")
        DRAND = "drand", _("A round of the public randomness service drand, after the poll has closed")

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    process = models.ForeignKey(Process, models.PROTECT, related_name="polls")
    roll = models.ForeignKey(Roll, models.PROTECT, related_name="polls")
    title = LocalizedField()
    question = LocalizedField()
    method = models.CharField(max_length=40)
    """Id of the counting rule, see `counting.rules`."""
    rule = models.JSONField(default=dict)
    """Options of the counting rule, defaults written out."""
    budget = models.PositiveBigIntegerField(null=True, blank=True)
    """Money to spend, in the smallest unit of `currency`; null where the options cost nothing."""
    currency = LocalizedField(blank=True)
    ballot: models.JSONField[Any, Any] = models.JSONField()
    """What a valid ballot is, as `poll.created` publishes it: `{kind: limits}`, see `voting.kinds`."""
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.LIVE)
    revote = models.CharField(max_length=10, choices=Revote.choices, default=Revote.LAST)
    seed_source = models.CharField(max_length=20, choices=SeedSource.choices, default=SeedSource.COMMIT_REVEAL)
    """Where the lots come from that decide between equals."""
    draw_plan: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    """With drand: the chain as drand serves it (`hash`, `genesis_time`, `period`, what the hash is made of). Else null."""
    mix_k = models.PositiveSmallIntegerField(default=10)
    mix_max_s = models.PositiveIntegerField(default=3600)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    """As announced, or as extended since; promises fall due a while after it, also when the poll is closed earlier."""
    announced_close = models.DateTimeField(null=True, blank=True)
    """Of a poll that was extended: when it was to close at opening. Else null."""
    paused = models.BooleanField(default=False)
    """No ballot is accepted while it is. The close stays when it was."""
    roll_count = models.PositiveIntegerField(null=True, blank=True)
    """So many places of the roll, from index 0 on, have a credential in this poll; null before it opens."""
    closed_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    source = models.JSONField(null=True, blank=True)
    """Of an imported poll: name and SHA-256 of the file, and the option ids that the file says were selected."""

    objects = PollQuerySet.as_manager()

    class Meta:
        ordering = ["-closes_at"]
        constraints = [
            CheckConstraint(name="a_poll_closes_after_it_opens", condition=Q(closes_at__gt=F("opens_at"))),
            CheckConstraint(name="a_mix_has_at_least_one_ballot", condition=Q(mix_k__gte=1)),
            CheckConstraint(
                name="a_poll_names_a_chain_when_its_lots_come_from_drand",
                condition=Q(seed_source="drand", draw_plan__isnull=False) | (~Q(seed_source="drand") & Q(draw_plan__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return loc(self.title)

    def get_absolute_url(self) -> str:
        return reverse("voting:poll-detail", args=[self.public_id])

    @property
    def topic(self) -> str:
        """The live topic of this poll's board."""
        return f"board.{self.public_id}"

    @property
    def kind(self) -> str:
        """`approve`, `rank`, `score` or `alloc`."""
        found: str = next(iter(self.ballot))
        return found

    @property
    def limits(self) -> dict[str, Any]:
        """Of a ballot, all written out."""
        found: dict[str, Any] = self.ballot[self.kind]
        return found

    @property
    def budgeted(self) -> bool:
        """Whether its options cost money and there is a budget to spend on them."""
        return self.budget is not None

    @property
    def single_choice(self) -> bool:
        """One option or none."""
        return self.kind == "approve" and self.limits["max"] == 1

    @property
    def voters(self) -> int:
        """How many may vote in it."""
        return self.roll.entries.count() if self.roll_count is None else self.roll_count

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def shows_tallies(self) -> bool:
        """Whether anybody may see by now how the ballots stand. The one place that decides it, staff included."""
        return self.visibility == self.Visibility.LIVE or self.status == self.Status.PUBLISHED

    @property
    def awaits_draw(self) -> bool:
        """Closed, and its lots come from something that nobody has recorded yet."""
        drawn = self.seed_source == self.SeedSource.COMMIT_REVEAL or hasattr(self, "draw")
        return self.status == self.Status.CLOSED and not drawn


class Option(models.Model):
    """Something that can be approved or ranked in a poll, or get points; in a budget poll a project with its cost."""

    poll = models.ForeignKey(Poll, models.CASCADE, related_name="options")
    key = models.CharField(max_length=16)
    """The id in ballots, log and result: o1, o2, …"""
    external_id = models.CharField(max_length=80, blank=True)
    """The id in the file that an imported poll was made from."""
    position = models.PositiveSmallIntegerField()
    title = LocalizedField()
    summary = LocalizedField(blank=True)
    description = LocalizedField(blank=True)
    cost = models.PositiveBigIntegerField(null=True, blank=True)
    scope = models.ForeignKey(Scope, models.PROTECT, null=True, blank=True, related_name="+")
    subject = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            UniqueConstraint(name="one_option_per_key_in_a_poll", fields=["poll", "key"]),
            UniqueConstraint(name="one_option_per_position_in_a_poll", fields=["poll", "position"]),
            CheckConstraint(name="an_option_costs_something_or_has_no_cost", condition=Q(cost__isnull=True) | Q(cost__gt=0)),
        ]

    def __str__(self) -> str:
        return loc(self.title)


class Ballot(models.Model):
    """One accepted ballot, shut. Rows lie on disk as they were cast, so nothing in one may be found again in the public log.

    No person, no time, no address, no credential, no receipt number, no row number: a test pins the column list.
    """

    pk = models.CompositePrimaryKey("poll_id", "tag", "revision")
    poll = models.ForeignKey(Poll, models.PROTECT, related_name="ballots")
    tag = models.CharField(max_length=64)
    """Stands for the voter; only the ballot box can tell for whom."""
    revision = models.PositiveIntegerField()
    bid_tag = models.CharField(max_length=64)
    """Stands for the receipt number, by which a form that is sent again is recognised."""
    body = models.TextField()
    """What the ballot box shut: `d` of the entry, `b`, and the nonce of a commitment."""

    class Meta:
        constraints = [UniqueConstraint(name="one_ballot_per_receipt_number", fields=["bid_tag"])]

    def __str__(self) -> str:
        return self.bid_tag


class Draw(models.Model):
    """What the lots of a closed poll follow from, where that is no secret of the server. Recorded once, never changed."""

    poll = models.OneToOneField(Poll, models.PROTECT, related_name="draw")
    evidence: models.JSONField[Any, Any] = models.JSONField()
    """`text` of a public draw, lines ended by LF; or `chain`, `round` and `signature` of drand, as the log publishes them."""
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.poll_id}: {', '.join(self.evidence)}"


class Board(models.Model):
    """What observers of a poll see now, recomputed from the log after each mix."""

    poll = models.OneToOneField(Poll, models.CASCADE, related_name="board")
    turnout = models.PositiveIntegerField(default=0)
    tallies = models.JSONField(default=dict)
    """By option key: approvals, first preferences, or sums of points. Empty while the poll's visibility hides them."""
    log_size = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.poll_id}: {self.turnout}"


class Result(models.Model):
    """A numbered result act. Corrections are new acts; none is ever changed."""

    poll = models.ForeignKey(Poll, models.PROTECT, related_name="results")
    act = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    outcome: models.JSONField[Any, Any] = models.JSONField()
    """The canonical result of docs/reference/results.md."""
    why = models.JSONField(default=dict)
    """By option key: won or lost, and the numbers behind it (docs/reference/results.md, Why)."""
    compared = models.JSONField(default=dict)
    """By rule id: the winners that other rules would have given. Information only."""

    class Meta:
        ordering = ["poll", "-act"]
        constraints = [UniqueConstraint(name="one_result_per_act_number", fields=["poll", "act"])]

    def __str__(self) -> str:
        return f"{self.poll_id}/{self.act}"


class Delivery(models.Model):
    """What happened to a winning project after the vote. Money in the poll's smallest unit."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        CONTRACTED = "contracted", _("Contracted")
        BUILDING = "building", _("Under construction")
        DONE = "done", _("Done")

    option = models.ForeignKey(Option, models.PROTECT, related_name="deliveries")
    status = models.CharField(max_length=12, choices=Status.choices)
    happened_at = models.DateTimeField()
    note = LocalizedField(blank=True)
    spent = models.PositiveBigIntegerField(default=0)
    """Spent on the project up to then, in all."""
    due_at = models.DateTimeField(null=True, blank=True)
    """When it was promised to be done, as known then."""

    class Meta:
        ordering = ["happened_at", "pk"]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.option_id}: {self.status}"
