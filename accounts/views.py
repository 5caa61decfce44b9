"""A person's own page: how they are named, and the ways in which they sign in."""

from typing import cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import actions
from accounts.forms import ProfileForm
from accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method != "POST":
        form = ProfileForm(initial={"display_name": user.display_name, "language": user.language})
        return render(request, "accounts/profile.html", profile_page(user, form))
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/profile.html", profile_page(user, form), status=422)
    actions.edit_profile(user=user, **form.cleaned_data)
    with override(user.language):
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")


def profile_page(user: User, form: ProfileForm) -> dict[str, object]:
    keys = dict(Authenticator.objects.filter(user=user).values_list("type").annotate(count=Count("pk")).order_by())
    return {
        "form": form,
        "addresses": EmailAddress.objects.filter(user=user).order_by("-primary", "email"),
        "has_password": user.has_usable_password(),
        "passkeys": keys.get(Authenticator.Type.WEBAUTHN, 0),
        "has_recovery_codes": Authenticator.Type.RECOVERY_CODES in keys,
    }
