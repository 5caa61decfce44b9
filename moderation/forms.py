from django import forms
from django.utils.translation import gettext_lazy as _

from moderation.models import Rule


class HideForm(forms.Form):
    rule = forms.ChoiceField(
        label=_("Which rule of the house does it break?"),
        choices=Rule.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the rule that this text breaks.")},
    )
    reason = forms.CharField(
        label=_("Further words to the author"),
        help_text=_("Only the author and staff read them. The public sees the rule."),
        max_length=1_000,
        required=False,
        widget=forms.Textarea(attrs={"dir": "auto", "rows": 4}),
    )


class RestoreForm(forms.Form):
    reason = HideForm.base_fields["reason"]
