"""What waits for a second person, and the page on which that person decides."""

from __future__ import annotations

from hashlib import sha256
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import can
from approvals import actions, reauthentication
from approvals.kinds import KINDS, Done, Shown
from approvals.models import Request
from common.refusal import Refusal


@require_safe
@login_required
@never_cache
def waiting(request: HttpRequest) -> HttpResponse:
    if not can(request.user, "request.see"):
        raise PermissionDenied
    now = timezone.now()
    found = Request.objects.filter(action__in=KINDS).select_related("requested_by", "decided_by")
    page = {
        "waiting": [(asked, KINDS[asked.action]) for asked in found.waiting(now)],
        "decided": [(asked, KINDS[asked.action]) for asked in found.exclude(state=Request.State.OPEN)[:20]],
        "me": request.user,
    }
    return render(request, "approvals/list.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows all that would happen; POST approves, rejects or withdraws."""
    if not can(request.user, "request.see"):
        raise PermissionDenied
    user = cast(User, request.user)
    asked = get_object_or_404(Request.objects.select_related("requested_by", "decided_by"), pk=pk, action__in=KINDS)
    if request.method != "POST":
        return _page(request, asked)
    do = request.POST.get("do")
    now = timezone.now()
    try:
        if do == "approve":
            if not reauthentication.recently(request):
                return reauthentication.ask(request)
            same = request.POST.get("shown") == _fingerprint(KINDS[asked.action].shown(actions.order_of(asked, at=now)))
            seen = request.POST.get("seen", "") if same else ""
            done = actions.approve(request=asked, by=user, at=now, reauthenticated=True, arguments_sha256=seen)
            return _done(request, asked, done)
        if do == "reject":
            actions.reject(request=asked, by=user, at=now)
            messages.success(request, _("Rejected. Nothing was changed."))
        elif do == "withdraw":
            actions.withdraw(request=asked, by=user, at=now)
            messages.success(request, _("Withdrawn. Nothing was changed."))
        else:
            return HttpResponseBadRequest()
    except Refusal as refusal:
        asked.refresh_from_db()
        return _page(request, asked, refusal=refusal)
    return redirect(asked)


def _fingerprint(shown: Shown) -> str:
    """Of what the approver read: something else may have been changed since, and then it means something else."""
    lines = [f"{label}: {value}" for label, value in shown.lines]
    return sha256("\n".join([shown.subject, *lines, *map(str, shown.consequences), *shown.entries]).encode()).hexdigest()


def _page(request: HttpRequest, asked: Request, refusal: Refusal | None = None) -> HttpResponse:
    kind, now = KINDS[asked.action], timezone.now()
    shown = kind.shown(actions.order_of(asked, at=now))
    own = asked.requested_by_id == request.user.pk
    open_ = asked.state == Request.State.OPEN and asked.expires_at > now
    page = {
        "asked": asked,
        "kind": kind,
        "shown": shown,
        "shown_sha256": _fingerprint(shown),
        "own": own,
        "open": open_,
        "over": not open_,
        "approver": asked.decided_by.pseudonym if asked.state == Request.State.CARRIED_OUT and asked.decided_by else "",
        "expired": not open_ and asked.state in (Request.State.OPEN, Request.State.EXPIRED),
        "may_approve": open_ and not own and can(request.user, f"{kind.right}.approve", asked.subject),
        "refusal": refusal,
    }
    return render(request, "approvals/detail.html", page, status=409 if refusal else 200)


def _done(request: HttpRequest, asked: Request, done: Done) -> HttpResponse:
    kind = KINDS[asked.action]
    if done.codes:  # rendered, not redirected to: they are kept nowhere
        return render(request, "approvals/codes.html", {"asked": asked, "kind": kind, "codes": done.codes})
    messages.success(request, _("Approved and done. It stands in the public log within a few seconds."))
    return redirect(kind.shown(actions.order_of(asked, at=timezone.now())).url)
