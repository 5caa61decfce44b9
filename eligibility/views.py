"""Where people see which rolls they are on and their place there, and take a place with an invitation code."""

from dataclasses import dataclass
from typing import cast

from allauth.core import ratelimit
from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from common.localized import loc
from common.refusal import Refusal
from eligibility import actions
from eligibility.forms import RedeemForm
from eligibility.models import Roll, RollEntry


@dataclass(frozen=True)
class Place:
    """A person's own place on a roll, as its page shows it. `byte` and `bit`: where the participation list speaks of it."""

    entry: RollEntry

    @property
    def roll(self) -> Roll:
        return self.entry.roll

    @property
    def uid(self) -> str:
        return bytes(self.entry.uid).hex()

    @property
    def salt(self) -> str:
        return bytes(self.entry.salt).hex()

    @property
    def byte(self) -> int:
        return self.entry.index // 8

    @property
    def bit(self) -> int:
        """Counted from 1, most significant first."""
        return self.entry.index % 8 + 1


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    # Polls stand above rolls in the house: they are reached by name here, not by import.
    polls = apps.get_model("voting", "Poll").objects.visible_to(request.user)
    user = cast(User, request.user)
    entries = RollEntry.objects.filter(user=user).select_related("roll").order_by("-roll__pk")
    places = entries.prefetch_related(Prefetch("roll__polls", queryset=polls.select_related("process")))
    page = {"places": [Place(entry) for entry in places], "base_url": f"{request.scheme}://{request.get_host()}"}
    return render(request, "eligibility/mine.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def redeem(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "eligibility/redeem.html", {"form": RedeemForm()})
    # Codes must not be found by trying.
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="redeem_code", user=request.user)
    if limited:
        return limited
    form = RedeemForm(request.POST)
    if not form.is_valid():
        return render(request, "eligibility/redeem.html", {"form": form}, status=422)
    try:
        entry = actions.redeem_code(user=cast(User, request.user), code=form.cleaned_data["code"])
    except Refusal as refusal:
        return render(request, "eligibility/redeem.html", {"form": form, "refusal": refusal}, status=409)
    messages.success(request, _("You are on the roll “%(roll)s” now.") % {"roll": loc(entry.roll.name)})
    return redirect("eligibility:mine")
