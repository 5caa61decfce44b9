from django import forms
from django.utils.translation import gettext_lazy as _

from eligibility.rules import normalize_code


class RedeemForm(forms.Form):
    code = forms.CharField(
        label=_("Invitation code"),
        help_text=_("As it stands in your invitation. Capital letters, spaces and dashes do not matter."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "dir": "ltr"}
        ),
    )

    def clean_code(self) -> str:
        code = normalize_code(self.cleaned_data["code"])
        if not code:
            raise forms.ValidationError(_("Type the letters and digits of the code."), code="empty_code")
        return code
