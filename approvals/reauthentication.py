"""Whether somebody has just shown again who they are, and where to send them when not. The ways to do so are allauth's."""

from __future__ import annotations

from typing import cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import (
    did_recently_reauthenticate,
    get_reauthentication_flows,
    suspend_request,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User


def recently(request: HttpRequest) -> bool:
    """Within the last minutes (allauth's REAUTHENTICATION_TIMEOUT), by a passkey where the account has one.

    False for accounts that have neither passkey nor password: allauth takes those for proven. In a demo anyone may be anyone.
    """
    if settings.DEMO:
        return True
    if not get_reauthentication_flows(request.user) or not did_recently_reauthenticate(request):
        return False
    if not _has_passkey(request):
        return True
    shown = [record for record in get_authentication_records(request, request.user) if record.get("reauthenticated")]
    return bool(shown[-1].get("type") == Authenticator.Type.WEBAUTHN)


def ask(request: HttpRequest) -> HttpResponse:
    """To the page where they show it. What was sent is kept, and done when they come back."""
    if not get_reauthentication_flows(request.user):
        messages.error(request, _("What takes two people needs a passkey or a password on your account. Add one first."))
        return redirect("mfa_index")
    way = "mfa_reauthenticate_webauthn" if _has_passkey(request) else "account_reauthenticate"
    return cast(HttpResponse, suspend_request(request, reverse(way)))


def _has_passkey(request: HttpRequest) -> bool:
    return bool(is_mfa_enabled(cast(User, request.user), types=[Authenticator.Type.WEBAUTHN]))
