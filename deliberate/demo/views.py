"""The demo's own pages. They exist only where DEMO=1, and that refuses to run beside production settings."""

from typing import cast

from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import resume_request
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from deliberate.demo.build import ACCOUNTS, CODES
from deliberate.demo.mail import shown


def accounts(request: HttpRequest) -> HttpResponse:
    people = {user.email: user for user in User.objects.filter(email__in=[account.email for account in ACCOUNTS])}
    rows = [(account, people[account.email]) for account in ACCOUNTS if account.email in people]
    return render(request, "demo/accounts.html", {"rows": rows, "codes": CODES, "next": request.GET.get("next", "")})


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    user = get_object_or_404(User, email__in=[account.email for account in ACCOUNTS], uid=request.POST.get("uid", ""))
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if safe and target else "home")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def reauthenticate(request: HttpRequest) -> HttpResponse:
    """What takes two people asks first who is there. Here one click answers, and what was asked for goes on."""
    if request.method != "POST":
        return render(request, "demo/reauthenticate.html", {"next": request.GET.get("next", "")})
    record_authentication(request, cast(User, request.user), method="demo", reauthenticated=True)
    return cast(HttpResponse | None, resume_request(request)) or redirect("home")


def mail(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mail.html", {"mails": list(shown)})
