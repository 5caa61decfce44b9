"""How allauth makes and names people here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import get_language

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name", "").strip()
        user.language = (get_language() or "en")[:2]
        return super().save_user(request, user, form, commit)  # type: ignore[no-any-return]
