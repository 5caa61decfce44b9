"""Whether somebody has just shown again who they are, and where to send them when not. The ways to do so are allauth's."""

from __future__ import annotations

import time
from typing import Any, cast

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User


def recently(request: HttpRequest) -> bool:
    """Within the last minutes (allauth's REAUTHENTICATION_TIMEOUT), by a passkey where the account has one.

    False for accounts that have no way to show it: allauth takes those for proven.
    """
    shown = [record for record in get_authentication_records(request, request.user) if record.get("reauthenticated")]
    if not _ways(request) or not shown or time.time() - shown[-1]["at"] >= app_settings.REAUTHENTICATION_TIMEOUT:
        return False
    return not _has_passkey(request) or bool(shown[-1].get("type") == Authenticator.Type.WEBAUTHN)


def ask(request: HttpRequest) -> HttpResponse:
    """To the page where they show it. What was sent is kept, and done when they come back."""
    ways = _ways(request)
    if not ways:
        messages.error(request, _("What takes two people needs a passkey or a password on your account. Add one first."))
        return redirect("mfa_index")
    return cast(HttpResponse, suspend_request(request, ways[0]["url"]))


def _ways(request: HttpRequest) -> list[dict[str, Any]]:
    """A passkey first, where there is one."""
    return cast(list[dict[str, Any]], get_adapter().get_reauthentication_methods(request.user))


def _has_passkey(request: HttpRequest) -> bool:
    return bool(is_mfa_enabled(cast(User, request.user), types=[Authenticator.Type.WEBAUTHN]))
