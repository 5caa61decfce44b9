"""Everything that can happen to a request; the only writer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import can
from approvals import errors, mail
from approvals.kinds import KINDS, Done, Order
from approvals.models import Request
from common.localized import Localized
from common.persian import strip_bidi
from common.refusal import NotPermitted, Refusal
from merkle import canonical

HOLDS = timedelta(hours=24)
MAX_REASON = 2_000
"""Characters in one language."""


def fingerprint(*, action: str, subject: str, arguments: str, reason: Localized) -> str:
    """Hex SHA-256 of all that is asked for. `arguments`: canonical JSON."""
    asked = {"action": action, "subject": subject, "arguments": arguments, "reason": reason}
    return sha256(canonical.dumps(asked)).hexdigest()


def order_of(request: Request, *, at: datetime, approved_by: User | None = None) -> Order:
    people = [person.pseudonym for person in (request.requested_by, approved_by) if person is not None]
    return Order(request.subject, request.read, request.reason, tuple(people), at)


def request_change(
    *,
    action: str,
    subject: str,
    arguments: Mapping[str, Any],
    reason: Localized,
    by: User,
    at: datetime,
    reauthenticated: bool,
    site: str,
) -> Request:
    """Ask for `action`, a key of KINDS. It changes nothing until somebody else approves, within 24 hours.

    `reauthenticated`: whether `by` has just shown again who they are. `site`: address of this instance, for the mail to the other
    members of staff. Raises NotPermitted, NotReauthenticated, ReasonMissing, RequestedAlready, and what the kind itself refuses.
    """
    kind = KINDS[action]
    if not can(by, f"{kind.right}.request", subject):
        raise NotPermitted()
    if not reauthenticated:
        raise errors.NotReauthenticated()
    reason = readable(reason)
    if refusal := kind.why_not(Order(subject, dict(arguments), reason, (by.pseudonym,), at)):
        raise refusal
    written = canonical.dumps(dict(arguments)).decode()
    expire_overdue(at=at)
    try:
        with transaction.atomic():
            request = Request.objects.create(
                action=action,
                subject=subject,
                arguments=written,
                reason=reason,
                arguments_sha256=fingerprint(action=action, subject=subject, arguments=written, reason=reason),
                requested_by=by,
                requested_at=at,
                expires_at=at + HOLDS,
            )
            mail.tell_the_others(request, site=site)
    except IntegrityError:  # the_same_is_asked_for_once
        raise errors.RequestedAlready() from None
    return request


def readable(reason: Localized) -> Localized:
    """The text by language without empty ones and what could rearrange the text around it. Raises ReasonMissing."""
    cleaned = {language: normalize("NFC", strip_bidi(text).replace("\r\n", "\n").strip()) for language, text in reason.items()}
    cleaned = {language: text for language, text in cleaned.items() if text}
    if not cleaned or any(len(text) > MAX_REASON for text in cleaned.values()):
        raise errors.ReasonMissing(limit=MAX_REASON)
    return cleaned


def approve(*, request: Request, by: User, at: datetime, reauthenticated: bool, arguments_sha256: str) -> Done:
    """Carry out what was asked for, in this transaction and at most once.

    `arguments_sha256` names what `by` has looked at. Raises NotPermitted, NotReauthenticated, OwnRequest, RequesterGone,
    RequestChanged, RequestExpired, RequestDecided, and what the change itself refuses: then nothing was changed, and the
    request goes on waiting.
    """
    with transaction.atomic():
        request = _fresh(request)
        kind = KINDS[request.action]
        _may_decide(request, by)
        if not reauthenticated:
            raise errors.NotReauthenticated()
        asked_by = request.requested_by
        if asked_by is None or not can(asked_by, f"{kind.right}.request", request.subject):
            raise errors.RequesterGone()
        now = fingerprint(
            action=request.action, subject=request.subject, arguments=request.arguments, reason=request.reason
        )
        if not now == request.arguments_sha256 == arguments_sha256:
            raise errors.RequestChanged()
        _decide(request, Request.State.CARRIED_OUT, by, at)
        return kind.carry_out(order_of(request, at=at, approved_by=by))


def reject(*, request: Request, by: User, at: datetime) -> None:
    """Say no. Raises NotPermitted, OwnRequest, RequestExpired, RequestDecided."""
    with transaction.atomic():
        request = _fresh(request)
        _may_decide(request, by)
        _decide(request, Request.State.REJECTED, by, at)


def withdraw(*, request: Request, by: User, at: datetime) -> None:
    """Take back what one asked for. Raises NotPermitted, NotOwnRequest, RequestExpired, RequestDecided."""
    with transaction.atomic():
        request = _fresh(request)
        if not can(by, f"{KINDS[request.action].right}.request", request.subject):
            raise NotPermitted()
        if request.requested_by_id != by.pk:
            raise errors.NotOwnRequest()
        _decide(request, Request.State.WITHDRAWN, by, at)


def expire_overdue(*, at: datetime) -> int:
    """What nobody decided in time is over. The clock calls it; what it has not called yet is refused all the same."""
    return Request.objects.overdue(at).update(state=Request.State.EXPIRED, decided_at=at)


def _fresh(request: Request) -> Request:
    return Request.objects.select_related("requested_by").get(pk=request.pk)


def _may_decide(request: Request, by: User) -> None:
    if not can(by, f"{KINDS[request.action].right}.approve", request.subject):
        raise NotPermitted()
    if request.requested_by_id == by.pk:
        raise errors.OwnRequest()


def _decide(request: Request, state: str, by: User, at: datetime) -> None:
    """Of several who decide at once the row count lets exactly one through."""
    found = Request.objects.waiting(at).filter(pk=request.pk, arguments_sha256=request.arguments_sha256)
    if not found.update(state=state, decided_by=by, decided_at=at):
        raise _why_not_decide(request, at)


def _why_not_decide(request: Request, at: datetime) -> Refusal:
    request.refresh_from_db(fields=["state"])
    expired = request.state in (Request.State.OPEN, Request.State.EXPIRED) and request.expires_at <= at
    return errors.RequestExpired() if expired else errors.RequestDecided()
