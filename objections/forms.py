from __future__ import annotations

import unicodedata

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.persian import ascii_digits, strip_bidi
from objections.models import NAME_MAX, TEXT_MAX, TEXT_MIN, Answer


class Text(forms.CharField):
    """Plain text of several lines, in the form that the log needs: NFC, lines ended by LF, no bidirectional controls."""

    def __init__(self, *, rows: int = 10, **options: object) -> None:
        widget = forms.Textarea(attrs={"dir": "auto", "rows": rows})
        super().__init__(widget=widget, **options)  # type: ignore[arg-type]

    def to_python(self, value: str | None) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        return unicodedata.normalize("NFC", strip_bidi(text))


def language_field(label: object) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,  # type: ignore[arg-type]
        choices=User.Language.choices,
        initial=lambda: (get_language() or "en")[:2],
    )


class ObjectionForm(forms.Form):
    text = Text(
        label=_("Your objection"),
        min_length=TEXT_MIN,
        max_length=TEXT_MAX,
        help_text=_(
            "What is wrong, where it can be seen, and what should follow from it. It is published as you write it, so leave "
            "out private things about others."
        ),
        error_messages={
            "required": _("Say what you object to."),
            "min_length": _("Say it in at least %(limit_value)d characters, so that it can be answered."),
        },
    )
    name = forms.CharField(
        label=_("Name or organisation"),
        max_length=NAME_MAX,
        required=False,
        help_text=_("Public, beside your objection. Leave it empty to object anonymously."),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_(
            "Never published. We mail you a code to confirm with, and the answer; 30 days after the answer the address is "
            "deleted."
        ),
        widget=forms.EmailInput(attrs={"dir": "ltr", "autocomplete": "email"}),
        error_messages={"required": _("We need an address to confirm with and to answer to.")},
    )
    language = language_field(_("Language of your text"))

    def clean_name(self) -> str:
        return unicodedata.normalize("NFC", " ".join(strip_bidi(self.cleaned_data["name"]).split()))

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class ConfirmForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"dir": "ltr", "inputmode": "numeric", "autocomplete": "one-time-code", "class": "input--code"}
        ),
        error_messages={"required": _("Type the code that stands in our mail.")},
    )

    def clean_code(self) -> str:
        return "".join(letter for letter in ascii_digits(self.cleaned_data["code"]) if letter.isdigit())


class AnswerForm(forms.Form):
    finding = forms.ChoiceField(
        label=_("Finding"),
        choices=Answer.Finding.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether the objection is upheld, in part or not.")},
    )
    text = Text(
        label=_("Answer"),
        min_length=20,
        max_length=TEXT_MAX,
        help_text=_(
            "Public beside the objection, mailed to whoever filed it, and fixed in the vote log. It cannot be changed later."
        ),
        error_messages={"required": _("Say why.")},
    )
    language = language_field(_("Language of the answer"))
