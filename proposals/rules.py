"""Why something cannot be done to a proposal now. Reads what it is given, writes nothing."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.permissions import can
from common.refusal import NotPermitted, Refusal
from processes.models import Process
from processes.rules import why_not
from proposals import errors
from proposals.models import Comment, Proposal

Someone = User | AnonymousUser


def _why_not_allowed(user: Someone, action: str, thing: object = None) -> Refusal | None:
    if not user.is_authenticated:
        return errors.SignInFirst()
    return None if can(user, action, thing) else NotPermitted()


def why_not_propose(process: Process, user: Someone, *, at: datetime) -> Refusal | None:
    return why_not(process, "propose", at=at) or _why_not_allowed(user, "proposal.create", process)


def why_not_edit(proposal: Proposal, user: Someone, *, at: datetime) -> Refusal | None:
    """A text may be changed by its author while proposals are made, and no more once it is voted on."""
    if refusal := _why_not_allowed(user, "proposal.edit", proposal):
        return refusal
    if proposal.hidden:
        return errors.ProposalHidden()
    if proposal.poll_option_id is not None:
        return errors.ProposalPutToVote()
    return why_not(proposal.process, "propose", at=at)


def why_not_publish(proposal: Proposal, user: Someone, *, at: datetime) -> Refusal | None:
    return errors.ProposalAlreadyPublished() if proposal.is_published else why_not_edit(proposal, user, at=at)


def why_not_endorse(proposal: Proposal, user: Someone, *, at: datetime) -> Refusal | None:
    if not proposal.is_published:
        return errors.ProposalNotPublished()
    if proposal.hidden:
        return errors.ProposalHidden()
    return why_not(proposal.process, "endorse", at=at) or _why_not_allowed(user, "proposal.endorse", proposal)


def why_not_comment(proposal: Proposal, user: Someone, *, parent: Comment | None = None, at: datetime) -> Refusal | None:
    if not proposal.is_published:
        return errors.ProposalNotPublished()
    if proposal.hidden:
        return errors.ProposalHidden()
    if parent is not None and parent.proposal_id != proposal.pk:
        return errors.CommentElsewhere()
    if parent is not None and parent.hidden:
        return errors.CommentHidden()
    return why_not(proposal.process, "comment", at=at) or _why_not_allowed(user, "comment.create", proposal)


def may_anyone(process: Process, what: str, *, at: datetime) -> bool:
    """Whether the phase allows it to those who have the right."""
    return why_not(process, what, at=at) is None
