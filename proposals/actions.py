"""Everything that can happen to a proposal. Nothing else writes proposals, versions, endorsements or comments.

Order of work: lock, ask, change, announce. One action is one transaction. `at` is the moment it happened.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from common.locks import lock_exclusive
from common.refusal import Refusal
from processes.models import Process, Scope, Topic
from proposals import errors, rules
from proposals.models import Comment, Endorsement, Proposal, Version, segment
from proposals.text import search_text
from proposals.thread import render_new_comment
from realtime.actions import announce
from voting.models import Option


def create_proposal(
    *,
    process: Process,
    author: User,
    title: str,
    body: str,
    language: str,
    scope: Scope | None = None,
    topic: Topic | None = None,
    at: datetime,
    draft: bool = False,
) -> Proposal:
    """Publish a proposal, or keep it as a draft that only its author sees. Raises NotInThisPhase, NotPermitted."""
    with transaction.atomic():
        _ask(rules.why_not_propose(process, author, at=at))
        proposal = Proposal.objects.create(
            process=process,
            author=author,
            title=title,
            body=body,
            folded=search_text(title, body),
            language=language,
            scope=scope,
            topic=topic,
            status=Proposal.Status.DRAFT if draft else Proposal.Status.PUBLISHED,
            version=-1 if draft else 1,
            created_at=at,
            updated_at=at,
            published_at=None if draft else at,
        )
        if not draft:
            _keep_version(proposal, at)
    return proposal


def edit_proposal(
    *,
    proposal: Proposal,
    by: User,
    version: int,
    title: str,
    body: str,
    language: str,
    scope: Scope | None,
    topic: Topic | None,
    at: datetime,
) -> Proposal:
    """Change the text that stood at `version`; every published state is kept.

    Raises ProposalEditedMeanwhile, having changed nothing, where the text is not at `version` any more; NotPermitted,
    NotInThisPhase, ProposalPutToVote.
    """
    with transaction.atomic():
        current = _lock(proposal)
        _ask(rules.why_not_edit(current, by, at=at))
        if current.version != version:
            raise errors.ProposalEditedMeanwhile()
        current.title, current.body, current.folded = title, body, search_text(title, body)
        current.language, current.scope, current.topic = language, scope, topic
        current.version += 1 if current.is_published else -1
        current.updated_at = at
        current.save(update_fields=["title", "body", "folded", "language", "scope", "topic", "version", "updated_at"])
        if current.is_published:
            _keep_version(current, at)
    return current


def publish_proposal(*, proposal: Proposal, by: User, at: datetime) -> Proposal:
    """Show a draft to everybody, as version 1. Raises ProposalAlreadyPublished, NotPermitted, NotInThisPhase."""
    with transaction.atomic():
        current = _lock(proposal)
        _ask(rules.why_not_publish(current, by, at=at))
        current.status, current.version = Proposal.Status.PUBLISHED, 1
        current.published_at = current.updated_at = at
        current.save(update_fields=["status", "version", "published_at", "updated_at"])
        _keep_version(current, at)
    return current


def put_to_vote(*, proposal: Proposal, option: Option) -> None:
    """Remember the project of a poll that the proposal became. Its text stays as it is from then on."""
    Proposal.objects.filter(pk=proposal.pk).update(poll_option=option)
    proposal.poll_option = option


def endorse(*, proposal: Proposal, by: User, at: datetime) -> None:
    """Support a proposal in public; counts once however often it is asked. Raises ProposalNotPublished, NotInThisPhase."""
    with transaction.atomic():
        _ask(rules.why_not_endorse(proposal, by, at=at))
        _, is_new = Endorsement.objects.get_or_create(proposal=proposal, person=by, defaults={"at": at})
        if is_new:
            Proposal.objects.filter(pk=proposal.pk).update(endorsements_count=F("endorsements_count") + 1)


def withdraw_endorsement(*, proposal: Proposal, by: User, at: datetime) -> None:
    """Take one's support back, if there is any. Raises NotInThisPhase."""
    with transaction.atomic():
        _ask(rules.why_not_endorse(proposal, by, at=at))
        gone, _ = Endorsement.objects.filter(proposal=proposal, person=by).delete()
        if gone:
            Proposal.objects.filter(pk=proposal.pk).update(endorsements_count=F("endorsements_count") - 1)


def add_comment(
    *,
    proposal: Proposal,
    author: User,
    body: str,
    stance: str,
    language: str,
    parent: Comment | None = None,
    at: datetime,
) -> Comment:
    """Say something in the thread, or answer `parent`; every open page shows it once this is committed.

    Threads are sorted by number: a caller that gives past moments gives them in order.
    Raises ProposalNotPublished, NotInThisPhase, CommentElsewhere.
    """
    with transaction.atomic():
        # The counter first: comments of a proposal wait here for one another, so that their numbers grow in the order
        # of commits. A page that asks for everything after the last number it knows misses nothing.
        Proposal.objects.filter(pk=proposal.pk).update(comments_count=F("comments_count") + 1)
        _ask(rules.why_not_comment(proposal, author, parent=parent, at=at))
        above = "" if parent is None else parent.path[: len(segment(0)) * Comment.MAX_DEPTH]
        comment = Comment.objects.create(
            proposal=proposal,
            parent=parent,
            path="",
            depth=len(above) // len(segment(0)),
            author=author,
            language=language,
            stance=stance,
            body=body,
            at=at,
        )
        comment.path = above + segment(comment.pk)
        comment.save(update_fields=["path"])
        if proposal.process.published:  # a topic can be watched by anyone who counts up to its number
            announce(proposal.live_topic, lambda: render_new_comment(comment))
    return comment


def _ask(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise refusal


def _lock(proposal: Proposal) -> Proposal:
    lock_exclusive(f"proposal.{proposal.pk}")
    return Proposal.objects.select_related("process").get(pk=proposal.pk)


def _keep_version(proposal: Proposal, at: datetime) -> None:
    Version.objects.create(proposal=proposal, number=proposal.version, title=proposal.title, body=proposal.body, at=at)
