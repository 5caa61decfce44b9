"""Closing a poll by hand. Counting and publishing follow by themselves, as soon as the closing stands in the log."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import can
from common.refusal import Refusal
from voting import actions, rules
from voting.models import Poll


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def poll_close(request: HttpRequest, poll_id: str) -> HttpResponse:
    """GET asks whether to; POST does it."""
    poll = get_object_or_404(Poll.objects.visible_to(request.user).select_related("process", "board"), public_id=poll_id)
    user = cast(User, request.user)
    if not can(user, "poll.close", poll):
        raise PermissionDenied
    refusal: Refusal | None = rules.why_not_close(poll)
    if request.method == "POST" and refusal is None:
        try:
            actions.close_poll(poll=poll, by=user, at=timezone.now())
        except Refusal as said:
            refusal = said
        else:
            said_so = _("The poll is closed. It is counted and published as soon as the closing stands in the log.")
            messages.success(request, said_so)
            return redirect(poll)
    return render(request, "voting/poll_close.html", {"poll": poll, "refusal": refusal}, status=409 if refusal else 200)
