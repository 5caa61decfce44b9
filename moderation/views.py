"""The public list of what was hidden, and the page on which staff hide and restore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import can
from common.refusal import Refusal
from moderation.forms import HideForm, RestoreForm
from moderation.models import Act, Rule

ACTS_A_PAGE = 50
PAGE = "moderation/moderate.html"


@require_safe
def act_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(Act.objects.hidings(), ACTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "moderation/act_list.html", {"page": page, "rules": Rule.choices})


def moderate(
    request: HttpRequest,
    *,
    kind: str,
    number: object,
    hidden: str,
    text: str,
    language: str,
    back: str,
    hide: Callable[..., None],
    restore: Callable[..., None],
) -> HttpResponse:
    """GET shows the text and asks; POST hides it, or restores it where `do` says so. The view of each app calls this.

    `hide` takes rule, reason, by, at and base_url; `restore` the same but for the rule; both raise refusals.
    """
    user = cast(User, request.user)
    if not can(user, "content.hide"):
        raise PermissionDenied
    act = Act.objects.of(kind, number).first()
    context: dict[str, Any] = {"kind": kind, "hidden": hidden, "text": text, "language": language, "back": back, "act": act}
    restoring = request.POST.get("do") == "restore" if request.method == "POST" else bool(hidden)
    form = (RestoreForm if restoring else HideForm)(request.POST if request.method == "POST" else None)
    context |= {"form": form, "restoring": restoring}
    if request.method != "POST":
        return render(request, PAGE, context)
    if not form.is_valid():
        return render(request, PAGE, context, status=422)
    given = {**form.cleaned_data, "by": user, "at": timezone.now(), "base_url": request.build_absolute_uri("/")}
    try:
        (restore if restoring else hide)(**given)
    except Refusal as refusal:
        return render(request, PAGE, context | {"refusal": refusal}, status=409)
    messages.success(request, _("The text is shown again.") if restoring else _("The text is hidden. Its author is told."))
    return redirect(back)
