from __future__ import annotations

from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.actions import MAX_REASON
from common.localized import Localized
from incidents.models import Erasure, Incident
from voting.models import Poll


class ReasonForm(forms.Form):
    """A text by language, in at least one of the two."""

    text_en = forms.CharField(
        label=_("In English"),
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"dir": "ltr", "lang": "en", "rows": 5}),
    )
    text_fa = forms.CharField(
        label=_("In Persian"),
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"dir": "rtl", "lang": "fa", "rows": 5}),
    )

    def clean_text_fa(self) -> str:
        if not self.cleaned_data["text_fa"] and not self.cleaned_data.get("text_en"):
            raise forms.ValidationError(_("Say it in at least one of the two languages."))
        return str(self.cleaned_data["text_fa"])

    @property
    def reason(self) -> Localized:
        return {"en": self.cleaned_data["text_en"], "fa": self.cleaned_data["text_fa"]}


class IncidentForm(ReasonForm):
    code = forms.ChoiceField(
        label=_("What happened?"),
        choices=Incident.Code.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what happened.")},
    )
    poll = forms.ModelChoiceField(
        Poll.objects.none(),
        label=_("What does it concern?"),
        required=False,
        empty_label=_("The whole instance"),
        to_field_name="public_id",
    )

    field_order = ["poll", "code", "text_en", "text_fa"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        poll = cast("forms.ModelChoiceField[Poll]", self.fields["poll"])
        poll.queryset = Poll.objects.exclude(status=Poll.Status.DRAFT)


class ErasureForm(ReasonForm):
    target = forms.RegexField(
        r"^[0-9a-f]{64}$",
        label=_("Name of the text in the log"),
        help_text=_("The 64 digits that its entry names, as after /blob/ in its address."),
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
        error_messages={"required": _("Name the text."), "invalid": _("This is no name: it has 64 digits from 0 to f.")},
    )
    basis = forms.ChoiceField(
        label=_("On what ground?"),
        choices=Erasure.Basis.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say on what ground.")},
    )

    field_order = ["target", "basis", "text_en", "text_fa"]
