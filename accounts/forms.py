from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.persian import strip_bidi


class DisplayName(forms.CharField):
    """A name on one line, without the controls that would rearrange the text around it."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Display name"),
            max_length=80,
            help_text=_("Shown beside what you write. It need not be your legal name."),
            widget=forms.TextInput(attrs={"autocomplete": "nickname", "dir": "auto"}),
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}  # no counter: eighty letters are more than names have

    def to_python(self, value: str | None) -> str:
        return " ".join(strip_bidi(super().to_python(value) or "").split())


class SignupForm(forms.Form):
    """What we ask besides the e-mail address. allauth mixes it into its own sign-up forms."""

    field_order = ["display_name", "email"]
    display_name = DisplayName()

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth asks for this method; the adapter has already done the work."""


class ProfileForm(forms.Form):
    display_name = DisplayName()
    language = forms.ChoiceField(
        label=_("Language"),
        choices=User.Language.choices,
        help_text=_("The language we write to you in. You can read every page in either."),
        widget=forms.RadioSelect,
    )
