"""Why something cannot be done about an objection now. Reads what it is given, writes nothing."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from accounts.models import User
from accounts.permissions import can
from common.refusal import NotPermitted, Refusal
from objections import errors
from objections.models import CONFIRM_WITHIN, Objection, Unconfirmed
from voting.models import Poll


def objections_end(poll: Poll) -> datetime | None:
    """Until when objections are taken; None while there is no result."""
    last: datetime | None = poll.results.aggregate(last=Max("published_at"))["last"]
    return last + timedelta(days=settings.APPEALS_DAYS) if last else None


def why_not_file(poll: Poll, *, at: datetime) -> Refusal | None:
    if poll.status == Poll.Status.DRAFT:
        return errors.ObjectionsNotYet()
    end = objections_end(poll)
    return errors.ObjectionsOver(days=settings.APPEALS_DAYS) if end is not None and at > end else None


def confirm_until(waiting: Unconfirmed) -> datetime:
    """48 hours, or less where the time for objections to the poll ends before."""
    until, end = waiting.written_at + CONFIRM_WITHIN, objections_end(waiting.poll)
    return min(until, end) if end else until


def why_not_answer(objection: Objection, by: User) -> Refusal | None:
    if not can(by, "objection.answer", objection):
        return NotPermitted()
    return errors.ObjectionAnswered() if objection.is_answered else None
