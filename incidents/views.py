"""What was declared, for everybody; and the two forms with which staff ask a colleague to declare or erase."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import can
from approvals import actions as approvals
from approvals import reauthentication
from common.refusal import Refusal
from incidents.forms import ErasureForm, IncidentForm, ReasonForm
from incidents.models import Erasure, Incident
from voting.models import Poll


@require_safe
@never_cache
def incident_list(request: HttpRequest) -> HttpResponse:
    visible = Poll.objects.visible_to(request.user)
    incidents = Incident.objects.filter(Q(poll__isnull=True) | Q(poll__in=visible)).select_related("poll")
    context = {
        "incidents": incidents,
        "erasures": Erasure.objects.all(),
        "may_declare": can(request.user, "incident.declare.request"),
        "may_erase": can(request.user, "blob.erase.request"),
    }
    return render(request, "incidents/incident_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def incident_declare(request: HttpRequest) -> HttpResponse:
    initial = {"poll": request.GET.get("poll", "")[:16]}
    form = IncidentForm(request.POST) if request.method == "POST" else IncidentForm(initial=initial)

    def asked() -> tuple[str, dict[str, Any]]:
        poll = form.cleaned_data["poll"]
        return (poll.public_id if poll else ""), {"code": form.cleaned_data["code"]}

    return _ask(request, "incident.declare", form, asked)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def text_erase(request: HttpRequest) -> HttpResponse:
    form = ErasureForm(request.POST if request.method == "POST" else None)
    return _ask(request, "blob.erase", form, lambda: (form.cleaned_data["target"], {"basis": form.cleaned_data["basis"]}))


def _ask(request: HttpRequest, action: str, form: ReasonForm, asked: Any) -> HttpResponse:
    """The page of a form, and the request to a colleague that comes of it."""
    user = cast(User, request.user)
    if not can(user, f"{action}.request"):
        raise PermissionDenied
    page, context = "incidents/ask.html", {"form": form, "erasing": action == "blob.erase"}
    if request.method != "POST":
        return render(request, page, context)
    if not form.is_valid():
        return render(request, page, context, status=422)
    if not reauthentication.recently(request):
        return reauthentication.ask(request)
    subject, arguments = asked()
    try:
        made = approvals.request_change(
            action=action,
            subject=subject,
            arguments=arguments,
            reason=form.reason,
            by=user,
            at=timezone.now(),
            reauthenticated=True,
            site=request.build_absolute_uri("/"),
        )
    except Refusal as refusal:
        return render(request, page, context | {"refusal": refusal}, status=409)
    messages.success(request, _("A colleague has to approve it within 24 hours. They are told by mail."))
    return redirect(made)
