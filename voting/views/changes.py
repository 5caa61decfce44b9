"""Announcing a poll, and asking for changes to it that take two people. The second one decides on the page of `approvals`."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import can
from approvals import actions as approvals
from approvals import reauthentication
from approvals.kinds import Order
from approvals.models import Request
from common.refusal import Refusal
from voting import actions, ballot_words, change_rules, rules, words
from voting.change_forms import FORMS, ChangeForm
from voting.change_history import history
from voting.change_kinds import CHANGES, why_not_ask
from voting.models import Poll


def _poll(request: HttpRequest, poll_id: str, right: str) -> Poll:
    poll = get_object_or_404(Poll.objects.visible_to(request.user).select_related("process", "roll"), public_id=poll_id)
    if not can(request.user, right, poll):
        raise PermissionDenied
    return poll


@require_safe
@login_required
@never_cache
def changes(request: HttpRequest, poll_id: str) -> HttpResponse:
    """What waits, what may be asked for, and what was changed."""
    poll = _poll(request, poll_id, "poll.change.request")
    now = timezone.now()
    asked = Request.objects.filter(subject=poll.public_id, action__in=CHANGES).select_related("requested_by", "decided_by")
    page = {
        "poll": poll,
        "waiting": [(one, CHANGES[one.action]) for one in asked.waiting(now)],
        "offered": [(what.split(".")[1], kind) for what, kind in CHANGES.items() if why_not_ask(what, poll, at=now) is None],
        "may_freeze": poll.status == Poll.Status.DRAFT and can(request.user, "poll.freeze", poll),
        "history": history(poll),
        "unmade": [(one, CHANGES[one.action]) for one in asked.exclude(state__in=["open", "carried_out"])[:20]],
        "appeals_end": change_rules.appeals_end(poll),
    }
    return render(request, "voting/changes.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def change_new(request: HttpRequest, poll_id: str, what: str) -> HttpResponse:
    """Fill in (GET, or POST with do=edit), look at all that would happen (do=review), and ask for it (do=ask)."""
    poll = _poll(request, poll_id, "poll.change.request")
    action = f"poll.{what}"
    if action not in CHANGES:
        raise Http404
    make = FORMS.get(action, ChangeForm)
    do = request.POST.get("do")
    form = make(request.POST if request.method == "POST" else None, poll=poll)
    page = {"poll": poll, "kind": CHANGES[action], "what": what, "form": form, "refusal": None}
    if not form.is_valid() or do == "edit":
        unreadable = request.method == "POST" and do != "edit"
        refusal = None if unreadable else why_not_ask(action, poll, at=timezone.now())
        page |= {"refusal": refusal, "over": refusal is not None}
        return render(request, "voting/change_form.html", page, status=422 if unreadable else 409 if refusal else 200)
    user, now = cast(User, request.user), timezone.now()
    order = Order(poll.public_id, form.arguments, form.reason, (user.pseudonym,), now)
    if refusal := CHANGES[action].why_not(order):
        return render(request, "voting/change_form.html", page | {"refusal": refusal}, status=409)
    if do == "ask":
        if not reauthentication.recently(request):
            return reauthentication.ask(request)
        try:
            asked = approvals.request_change(
                action=action,
                subject=poll.public_id,
                arguments=form.arguments,
                reason=form.reason,
                by=user,
                at=now,
                reauthenticated=True,
                site=request.build_absolute_uri("/"),
            )
        except Refusal as said:
            return render(request, "voting/change_form.html", page | {"refusal": said}, status=409)
        messages.success(request, _("Your request waits for a second person. The other members of staff get a mail."))
        return redirect(asked)
    return render(request, "voting/change_review.html", page | {"shown": CHANGES[action].shown(order), "reason": form.reason})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def poll_freeze(request: HttpRequest, poll_id: str) -> HttpResponse:
    """GET asks whether to announce the draft; POST does it."""
    poll = _poll(request, poll_id, "poll.freeze")
    refusal = rules.why_not_freeze(poll)
    if request.method == "POST" and refusal is None:
        try:
            actions.freeze_poll(poll=poll, by=cast(User, request.user))
        except Refusal as said:
            refusal = said
        else:
            messages.success(request, _("The poll is announced. It opens by itself when its time has come."))
            return redirect(poll)
    page = {
        "poll": poll,
        "refusal": refusal,
        "rule": ballot_words.ballot_rule(poll, budgeted=poll.budgeted),
        "counting": words.counting_rule(poll),
        "options": poll.options.count(),
    }
    return render(request, "voting/poll_freeze.html", page, status=409 if refusal else 200)
