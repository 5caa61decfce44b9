from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.persian import strip_bidi


class DisplayName(forms.CharField):
    def clean(self, value: str) -> str:
        return " ".join(strip_bidi(super().clean(value) or "").split())


class SignupForm(forms.Form):
    """What we ask besides the e-mail address. allauth mixes it into its own sign-up forms."""

    display_name = DisplayName(
        label=_("Display name"),
        max_length=80,
        help_text=_("Shown beside what you write. It need not be your legal name."),
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth asks for this method; the adapter has already done the work."""


class ProfileForm(forms.ModelForm[User]):
    display_name = DisplayName(
        label=_("Display name"), max_length=80, help_text=_("Shown beside what you write. It need not be your legal name.")
    )

    class Meta:
        model = User
        fields = ["display_name", "language"]
