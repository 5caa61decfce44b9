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
from moderation import actions as moderation
from moderation.models import Act
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


def hide_proposal(*, proposal: Proposal, by: User, rule: str, reason: str, at: datetime, base_url: str) -> None:
    """Take a published proposal out of the lists and replace its text by a notice. See moderation.actions.hide.

    Raises ProposalNotPublished, NotPermitted, AlreadyHidden.
    """
    if not proposal.is_published:
        raise errors.ProposalNotPublished()
    moderation.hide(
        thing=proposal,
        kind=Act.Kind.PROPOSAL,
        number=proposal.pk,
        author=_wrote(proposal.author, f"{proposal.title}\n\n{proposal.body}"),
        by=by,
        rule=rule,
        reason=reason,
        at=at,
        base_url=base_url,
    )


def restore_proposal(*, proposal: Proposal, by: User, reason: str, at: datetime, base_url: str) -> None:
    """Show a hidden proposal again, with everything that belongs to it. Raises NotPermitted, NotHidden."""
    text = f"{proposal.title}\n\n{proposal.body}"
    moderation.restore(
        thing=proposal,
        kind=Act.Kind.PROPOSAL,
        number=proposal.pk,
        author=_wrote(proposal.author, text),
        by=by,
        reason=reason,
        at=at,
        base_url=base_url,
    )


def hide_comment(*, comment: Comment, by: User, rule: str, reason: str, at: datetime, base_url: str) -> None:
    """Replace a comment by a notice; what answers it stays, and it counts no more. Raises NotPermitted, AlreadyHidden."""
    with transaction.atomic():
        moderation.hide(
            thing=comment,
            kind=Act.Kind.COMMENT,
            number=comment.pk,
            author=_wrote(comment.author, comment.body),
            by=by,
            rule=rule,
            reason=reason,
            at=at,
            base_url=base_url,
        )
        Proposal.objects.filter(pk=comment.proposal_id).update(comments_count=F("comments_count") - 1)


def restore_comment(*, comment: Comment, by: User, reason: str, at: datetime, base_url: str) -> None:
    """Show a hidden comment again. Raises NotPermitted, NotHidden."""
    with transaction.atomic():
        moderation.restore(
            thing=comment,
            kind=Act.Kind.COMMENT,
            number=comment.pk,
            author=_wrote(comment.author, comment.body),
            by=by,
            reason=reason,
            at=at,
            base_url=base_url,
        )
        Proposal.objects.filter(pk=comment.proposal_id).update(comments_count=F("comments_count") + 1)


def _wrote(author: User | None, text: str) -> moderation.Wrote:
    return moderation.Wrote(email=author.email if author else "", language=author.language if author else "en", text=text)


def _ask(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise refusal


def _lock(proposal: Proposal) -> Proposal:
    lock_exclusive(f"proposal.{proposal.pk}")
    return Proposal.objects.select_related("process").get(pk=proposal.pk)


def _keep_version(proposal: Proposal, at: datetime) -> None:
    Version.objects.create(proposal=proposal, number=proposal.version, title=proposal.title, body=proposal.body, at=at)
