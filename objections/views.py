"""Pages of objections: the public ones, the form and its confirmation, and those on which staff answer."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import can
from common.refusal import Refusal
from moderation.models import Act
from moderation.views import moderate
from objections import actions, errors, rules
from objections.forms import AnswerForm, ConfirmForm, ObjectionForm
from objections.models import CONFIRM_WITHIN, Objection, Unconfirmed
from voting.models import Poll

OBJECTIONS_A_PAGE = 30
FILE = "objections/objection_form.html"
CONFIRM = "objections/objection_confirm.html"
ANSWER = "objections/objection_answer.html"


def _poll(request: HttpRequest, poll_id: str) -> Poll:
    return get_object_or_404(Poll.objects.visible_to(request.user).select_related("process"), public_id=poll_id)


def _objection(request: HttpRequest, public_id: str) -> Objection:
    visible = Objection.objects.visible_to(request.user).select_related("poll__process", "answer")
    return get_object_or_404(visible, public_id=public_id)


def _rights(request: HttpRequest) -> dict[str, bool]:
    return {"may_answer": can(request.user, "objection.answer"), "may_hide": can(request.user, "content.hide")}


@require_safe
@never_cache
def objection_list(request: HttpRequest, poll_id: str) -> HttpResponse:
    poll = _poll(request, poll_id)
    context = {
        "poll": poll,
        "page": Paginator(poll.objections.select_related("answer"), OBJECTIONS_A_PAGE).get_page(request.GET.get("page")),
        "refusal": rules.why_not_file(poll, at=timezone.now()),
        "end": rules.objections_end(poll),
    }
    return render(request, "objections/objection_list.html", context | _rights(request))


@require_safe
@never_cache
def objection_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    objection = _objection(request, public_id)
    rights = _rights(request)
    act = Act.objects.of(Act.Kind.OBJECTION, public_id).first() if rights["may_hide"] else None
    return render(
        request, "objections/objection_detail.html", {"poll": objection.poll, "objection": objection, "act": act} | rights
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def objection_file(request: HttpRequest, poll_id: str) -> HttpResponse:
    poll, at = _poll(request, poll_id), timezone.now()
    context: dict[str, Any] = {"poll": poll, "end": rules.objections_end(poll)}
    refusal = rules.why_not_file(poll, at=at)
    if request.method != "POST":
        return render(request, FILE, context | {"form": ObjectionForm(), "refusal": refusal, "closed": refusal is not None})
    form = ObjectionForm(request.POST)
    if not form.is_valid():
        return render(request, FILE, context | {"form": form}, status=422)
    try:
        _check_pace(request, "objection_file", form.cleaned_data["email"], errors.ObjectionTooOften)
        waiting = actions.file_objection(poll=poll, at=at, base_url=request.build_absolute_uri("/"), **form.cleaned_data)
    except Refusal as refused:
        return render(request, FILE, context | {"form": form, "refusal": refused}, status=409)
    return redirect("objections:objection-confirm", waiting.handle)


def _check_pace(request: HttpRequest, action: str, key: str, refusal: type[Refusal]) -> None:
    """Per network address and per `key`. How often is often is set in ACCOUNT_RATE_LIMITS."""
    if not ratelimit.consume(request, action=action, key=key):
        raise refusal()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def objection_confirm(request: HttpRequest, handle: str) -> HttpResponse:
    """Looking at it confirms nothing, also not with the code of the link in it: programs that scan mail open every link."""
    at = timezone.now()
    recent = Unconfirmed.objects.select_related("poll").filter(written_at__gt=at - CONFIRM_WITHIN)
    waiting = recent.filter(handle=handle).first()
    if waiting is None:
        return render(request, CONFIRM, {"refusal": errors.ObjectionNotWaiting(), "gone": True}, status=404)
    context: dict[str, Any] = {"waiting": waiting, "poll": waiting.poll, "until": rules.confirm_until(waiting)}
    if request.method != "POST":
        code = request.GET.get("code", "")[:20]
        return render(request, CONFIRM, context | {"form": ConfirmForm(initial={"code": code}), "by_link": bool(code)})
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return render(request, CONFIRM, context | {"form": form}, status=422)
    try:
        _check_pace(request, "objection_confirm", handle, errors.ObjectionConfirmTooOften)
        objection = actions.confirm_objection(handle=handle, code=form.cleaned_data["code"], at=at)
    except Refusal as refusal:
        gone = isinstance(refusal, errors.ObjectionNotWaiting)
        return render(request, CONFIRM, context | {"form": form, "refusal": refusal, "gone": gone}, status=409)
    messages.success(request, _("Your objection is public now. The answer will stand here, and we mail it to you."))
    return redirect(objection)


@require_safe
@login_required
@never_cache
def objection_open(request: HttpRequest) -> HttpResponse:
    """For staff: what waits for an answer, the oldest first."""
    if not can(request.user, "objection.answer"):
        raise PermissionDenied
    waiting = Objection.objects.open().select_related("poll")
    return render(request, "objections/objection_open.html", {"objections": waiting})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def objection_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    objection, user = _objection(request, public_id), cast(User, request.user)
    if not can(user, "objection.answer", objection):
        raise PermissionDenied
    context: dict[str, Any] = {"objection": objection, "poll": objection.poll, "may_answer": True}
    refusal = rules.why_not_answer(objection, user)
    if request.method != "POST":
        form = AnswerForm(initial={"language": objection.language})
        return render(request, ANSWER, context | {"form": form, "refusal": refusal})
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return render(request, ANSWER, context | {"form": form}, status=422)
    try:
        actions.answer_objection(
            objection=objection, by=user, at=timezone.now(), base_url=request.build_absolute_uri("/"), **form.cleaned_data
        )
    except Refusal as refused:
        return render(request, ANSWER, context | {"form": form, "refusal": refused}, status=409)
    messages.success(request, _("The answer is public, and is being mailed to whoever filed the objection."))
    return redirect(objection)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def objection_moderate(request: HttpRequest, public_id: str) -> HttpResponse:
    objection = _objection(request, public_id)
    return moderate(
        request,
        kind=Act.Kind.OBJECTION,
        number=public_id,
        hidden=objection.hidden,
        text=objection.text,
        language=objection.language,
        back=objection.get_absolute_url(),
        hide=partial(actions.hide_objection, objection=objection),
        restore=partial(actions.restore_objection, objection=objection),
    )
