"""Why a change to an announced poll cannot be made. Reads what it is given, writes nothing, knows no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.html import strip_tags

from common.refusal import Refusal
from common.templatetags.text import moment as moment_tag
from votelog import log
from voting import change_errors as errors
from voting import rules, tabulate
from voting.errors import PollNotOpen
from voting.models import Poll

MOST_EXTENDED = timedelta(days=30)
MOST_PLACES = 1_000


def said(when: datetime) -> str:
    """Date and time of day in plain text."""
    return strip_tags(moment_tag(when))


def why_not_amend(poll: Poll) -> Refusal | None:
    return None if poll.status == Poll.Status.FROZEN else errors.PollNotFrozen()


def why_not_amend_so(before: Poll, after: Poll, *, at: datetime) -> Refusal | None:
    """`after`: the same poll as it is to be, not saved yet. About dates; the rest is asked when its options are there."""
    if after.opens_at != before.opens_at and after.opens_at <= at:
        return errors.OpeningInPast()
    if after.closes_at <= max(after.opens_at, at):
        return errors.CloseBeforeOpening()
    return rules.why_not_plan(after)


def why_not_extend(poll: Poll, *, closes_at: datetime, at: datetime) -> Refusal | None:
    if refusal := _why_not_open(poll, at=at):
        return refusal
    latest = _whole(poll.announced_close or poll.closes_at) + MOST_EXTENDED
    if closes_at <= poll.closes_at:
        return errors.CloseNotLater(so_far=said(poll.closes_at))
    return errors.CloseTooLate(latest=said(latest)) if closes_at > latest else None


def _whole(when: datetime) -> datetime:
    """As the log has it: whole seconds."""
    return datetime.fromtimestamp(int(when.timestamp()), UTC)


def _why_not_open(poll: Poll, *, at: datetime) -> Refusal | None:
    if poll.status != Poll.Status.OPEN:
        return PollNotOpen()
    return errors.CloseHasPassed() if at >= poll.closes_at else None


def why_not_pause(poll: Poll, *, at: datetime) -> Refusal | None:
    return _why_not_open(poll, at=at) or (errors.PausedAlready() if poll.paused else None)


def why_not_resume(poll: Poll, *, at: datetime) -> Refusal | None:
    return _why_not_open(poll, at=at) or (None if poll.paused else errors.NotPaused())


def why_not_close_early(poll: Poll, *, at: datetime) -> Refusal | None:
    return _why_not_open(poll, at=at)


def why_not_void(poll: Poll, *, bid: str, at: datetime) -> Refusal | None:
    if refusal := why_not_void_any(poll, at=at):
        return refusal
    event = log.find_ballot(poll.public_id, bid)
    if event is None or not log.is_published(event):
        return errors.BallotNotInLog()
    return errors.BallotVoidedAlready() if bid in tabulate.voided(poll) else None


def why_not_void_any(poll: Poll, *, at: datetime) -> Refusal | None:
    """About the moment only: from opening on, until the term for appeals is over."""
    if poll.status in (Poll.Status.DRAFT, Poll.Status.FROZEN):
        return PollNotOpen()
    return _why_not_correct(poll, at=at)


def why_not_supersede(poll: Poll, *, at: datetime) -> Refusal | None:
    return _why_not_correct(poll, at=at) if poll.status == Poll.Status.PUBLISHED else errors.NoResultYet()


def appeals_end(poll: Poll) -> datetime | None:
    """Until when the newest result can be corrected; None before there is one."""
    newest = poll.results.first()
    return newest.published_at + timedelta(days=getattr(settings, "APPEALS_DAYS", 30)) if newest else None


def _why_not_correct(poll: Poll, *, at: datetime) -> Refusal | None:
    ended = appeals_end(poll)
    return errors.AppealsOver(ended=said(ended)) if ended is not None and at >= ended else None


def why_not_add_places(poll: Poll, affected: Iterable[Poll], *, count: int, at: datetime) -> Refusal | None:
    """`affected`: all open polls with the same roll, this one among them."""
    if refusal := _why_not_open(poll, at=at):
        return refusal
    least = max(other.mix_k for other in [poll, *affected])
    if count < least:
        return errors.TooFewPlaces(least=least)
    return errors.TooManyPlaces(most=MOST_PLACES) if count > MOST_PLACES else None
