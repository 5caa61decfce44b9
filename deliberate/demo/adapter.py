"""In a demo whoever is signed in by one click shows again by one click that it is them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.adapter import AccountAdapter
from accounts.models import User


class DemoAdapter(AccountAdapter):
    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """What the account has; where it has nothing, as the demo's own accounts, the click."""
        click = {"id": "demo", "description": _("One click"), "url": reverse("demo:reauthenticate")}
        return super().get_reauthentication_methods(user) or [click]
