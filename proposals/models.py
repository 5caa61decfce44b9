"""Proposals, their versions, endorsements and comments; what a row means."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Exists, F, OuterRef, Q, Subquery, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import can
from common.persian import fold
from moderation.models import Hidden
from processes.models import Process, Scope, Topic
from proposals.text import excerpt, slug_of
from voting.models import Option

_PRIME = 1_000_003


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user: object) -> ProposalQuerySet:
        """What is published, and one's own drafts. Staff also see what stands in unpublished processes."""
        person = user if isinstance(user, User) else None
        published = Q(status=Proposal.Status.PUBLISHED)
        if not can(person, "process.see_unpublished") if person else True:
            published &= Q(process__published=True)
        return self.filter(published | Q(author=person) if person else published)

    def published(self) -> ProposalQuerySet:
        """What lists show: not what is hidden."""
        return self.filter(status=Proposal.Status.PUBLISHED, hidden="")

    def search(self, text: str) -> ProposalQuerySet:
        """Those in which every word of `text` occurs, however it is typed. Everything for an empty text."""
        found = self
        for word in fold(text).split():
            found = found.filter(folded__contains=word)
        return found

    def sorted_by(self, order: str, *, seed: int = 0) -> ProposalQuerySet:
        """`newest`, `endorsed`, `discussed`, or `random`: shuffled, the same way for the same `seed` (0 ≤ seed < 2³¹)."""
        if order == "endorsed":
            return self.order_by("-endorsements_count", "-pk")
        if order == "discussed":
            return self.order_by("-comments_count", "-pk")
        if order == "random":
            # A square modulo a prime scatters neighbours; integers only, so both databases agree on it.
            number = (F("pk") + seed % _PRIME) % _PRIME
            return self.alias(place=number * (number + seed // 1009) % _PRIME).order_by("place", "pk")
        return self.order_by("-published_at", "-pk")

    def for_page(self, user: object) -> ProposalQuerySet:
        """With all that a page shows of one: `last_comment_id` (greater ones came after this was read), `is_endorsed`."""
        last = Comment.objects.filter(proposal=OuterRef("pk")).order_by("-pk").values("pk")[:1]
        person = user.pk if isinstance(user, User) else None
        own = Endorsement.objects.filter(proposal=OuterRef("pk"), person=person, person__isnull=False)
        related = self.select_related("process__scope", "author", "scope", "topic", "poll_option__poll")
        return related.prefetch_related("process__phases").annotate(last_comment_id=Subquery(last), is_endorsed=Exists(own))


class Proposal(Hidden):
    """A text people can support, discuss and vote on.

    `version` grows by one with each change after publication, which is version 1. A draft counts down from -1, so that
    no number ever means two texts. The counters are kept by the actions that change them.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    process = models.ForeignKey(Process, models.PROTECT, related_name="proposals")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="proposals")
    """Null once the person's account was erased; the text stays."""
    language = models.CharField(max_length=2, choices=User.Language.choices)
    scope = models.ForeignKey(Scope, models.PROTECT, null=True, blank=True, related_name="+")
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=120)
    body = models.TextField()
    folded = models.TextField()
    """Title and body as `text.search_text` makes them."""
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PUBLISHED)
    version = models.IntegerField(default=1)
    endorsements_count = models.PositiveIntegerField(default=0)
    comments_count = models.PositiveIntegerField(default=0)
    poll_option = models.OneToOneField(Option, models.SET_NULL, null=True, blank=True, related_name="+")
    """The project in a poll that this proposal became."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        indexes = [models.Index(name="proposals_of_a_process", fields=["process", "status", "-published_at"])]
        constraints = [
            CheckConstraint(
                name="a_proposal_has_a_date_once_published", condition=Q(status="draft") | Q(published_at__isnull=False)
            ),
            CheckConstraint(
                name="drafts_count_their_versions_down",
                condition=Q(status="draft", version__lt=0) | Q(status="published", version__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("proposals:proposal-detail", args=[self.pk, self.slug])

    @property
    def slug(self) -> str:
        return "-" if self.hidden else slug_of(self.title)

    def shows_text_to(self, user: object) -> bool:
        """A hidden text is still read by its author and by staff who may hide."""
        return not self.hidden or (isinstance(user, User) and (user.pk == self.author_id or can(user, "content.hide", self)))

    @property
    def live_topic(self) -> str:
        """The live topic of this proposal's thread."""
        return f"thread.{self.pk}"

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED

    @property
    def excerpt(self) -> str:
        return excerpt(self.body)


class Version(models.Model):
    """One published state of a proposal. The newest one equals the proposal itself."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [UniqueConstraint(name="one_text_per_version_number", fields=["proposal", "number"])]

    def __str__(self) -> str:
        return f"{self.proposal_id}/{self.number}"


class Endorsement(models.Model):
    """One person's public support of a proposal. `person` is null once the account was erased; the support still counts."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="endorsements")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="endorsements")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(name="one_endorsement_per_person", fields=["proposal", "person"], condition=Q(person__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.proposal_id} by {self.person_id}"


class CommentQuerySet(models.QuerySet["Comment"]):
    def for_display(self) -> CommentQuerySet:
        return self.select_related("author").order_by("path")

    def beginning(self, *, newest_first: bool, at: int | None, count: int) -> CommentQuerySet:
        """Up to `count` comments that begin a conversation, from number `at` on, that one included."""
        tops = self.filter(depth=0).order_by("-pk" if newest_first else "pk")
        if at is not None:
            tops = tops.filter(pk__lte=at) if newest_first else tops.filter(pk__gte=at)
        return tops[:count]

    def replies_to(self, beginnings: Sequence[Comment]) -> CommentQuerySet:
        """Everything below these comments, which follow one another in number among those that begin a conversation."""
        numbers = [comment.pk for comment in beginnings] or [0]
        return self.filter(depth__gt=0, path__gte=segment(min(numbers)), path__lt=segment(max(numbers) + 1))


WIDTH = 11


def segment(number: int) -> str:
    return f"{number:0{WIDTH}d}"


class Comment(Hidden):
    """A contribution to the thread of a proposal. Numbers grow in the order in which comments became visible."""

    class Stance(models.TextChoices):
        FOR = "for", _("For")
        AGAINST = "against", _("Against")
        NEUTRAL = "neutral", _("Neutral")

    MAX_DEPTH = 5

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="comments")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    """The comment that was answered."""
    path = models.CharField(max_length=WIDTH * (MAX_DEPTH + 1))
    """Numbers of the comments under which this one is shown and its own, each of WIDTH digits: sorts as a thread reads.

    Digits only, so that every collation agrees. What answers a comment at the greatest depth stands beside it.
    """
    depth = models.PositiveSmallIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="comments")
    language = models.CharField(max_length=2, choices=User.Language.choices)
    stance = models.CharField(max_length=7, choices=Stance.choices, default=Stance.NEUTRAL)
    body = models.TextField()
    at = models.DateTimeField()

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        indexes = [
            models.Index(name="thread_of_a_proposal", fields=["proposal", "path"]),
            models.Index(name="beginnings_of_a_thread", fields=["proposal", "depth", "-id"]),
        ]
        constraints = [CheckConstraint(name="a_comment_stands_at_most_five_deep", condition=Q(depth__lte=5))]

    def __str__(self) -> str:
        return f"{self.proposal_id}#{self.pk}"

    def get_absolute_url(self) -> str:
        """The page of the thread on which this comment stands, at the comment."""
        return f"{self.proposal.get_absolute_url()}?c={self.pk}#c{self.pk}"

    @property
    def shown_under(self) -> int | None:
        """The number of the comment under which this one is shown; None at the top of the thread."""
        return int(self.path[-2 * WIDTH : -WIDTH]) if self.depth else None

    @property
    def beginning_id(self) -> int:
        return int(self.path[:WIDTH])
