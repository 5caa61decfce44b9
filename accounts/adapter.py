"""How allauth makes and names people here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User

# In this order: whoever has just added a first passkey has not seen the recovery codes that came with it.
_WAYS = {
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
    "reauthenticate": _("Use the password"),
    "mfa_reauthenticate": _("Use a recovery code"),
}

_REFUSALS = {
    "account_inactive": _("This account is closed."),
    "cannot_remove_primary_email": _("This is your main address. Make another one the main address first."),
    "duplicate_email": _("This address is on your account already."),
    "email_password_mismatch": _("The address and the password do not belong together. Try again, or have a code sent."),
    "email_taken": _("This address cannot be used here."),
    "enter_current_password": _("This is not your password until now."),
    "incorrect_code": _("This is not the code we sent. After three attempts it can no longer be used."),
    "incorrect_password": _("This is not your password."),
    "max_email_addresses": _("An account can have up to %d addresses."),
    "rate_limited": _("That was a bit quick. Wait half a minute, then ask for another code."),
    "same_as_current": _("This is the address the code was sent to already."),
    "too_many_login_attempts": _("Too many attempts with this address. Wait a few minutes, then ask for a new code."),
    "unverified_primary_email": _("Only a confirmed address can be the main address."),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | _REFUSALS

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name", "").strip()
        user.language = (get_language() or "en")[:2]
        return super().save_user(request, user, form, commit)  # type: ignore[no-any-return]

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        ways = {way["id"]: way for way in super().get_reauthentication_methods(user)}
        return [ways[name] | {"description": text} for name, text in _WAYS.items() if name in ways]

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:profile")
