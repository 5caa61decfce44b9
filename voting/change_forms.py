"""What may be filled in when a change to a poll is asked for. Whether it is allowed is the business of `change_rules`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approvals.actions import MAX_REASON
from common.localized import Localized
from common.persian import ascii_digits
from voting.forms import read_bid
from voting.models import Option, Poll
from voting.void_reasons import VOID_REASONS


class Moment(forms.DateTimeField):
    """Date and time to the minute, in the time zone of the instance; Persian digits count as digits."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "dir": "ltr"}, format="%Y-%m-%dT%H:%M")
        options.setdefault("help_text", _("By the clock of this council, in the Gregorian calendar."))
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], widget=widget, **options)

    def to_python(self, value: Any) -> datetime | None:
        return super().to_python(ascii_digits(value) if isinstance(value, str) else value)


def to_the_minute(when: datetime) -> datetime:
    return timezone.localtime(when).replace(second=0, microsecond=0)


class Whole(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "dir": "ltr"}))
        super().__init__(**options)

    def to_python(self, value: Any) -> int | None:
        return super().to_python(ascii_digits(value) if isinstance(value, str) else value)


def _text(label: Any, language: str, *, rows: int, limit: int, required: bool = False, hint: Any = "") -> forms.CharField:
    attrs: dict[str, Any] = {"lang": language, "dir": "rtl" if language == "fa" else "ltr"}
    widget = forms.TextInput(attrs=attrs) if rows == 1 else forms.Textarea(attrs=attrs | {"rows": rows})
    return forms.CharField(label=label, max_length=limit, required=required, help_text=hint, widget=widget)


_REASON_HINT = _("In public, word for word, with the change. One language is enough.")


class ChangeForm(forms.Form):
    """Why; what else there is to say depends on the change."""

    reason_en = _text(_("Reason, in English"), "en", rows=3, limit=MAX_REASON, hint=_REASON_HINT)
    reason_fa = _text(_("Reason, in Persian"), "fa", rows=3, limit=MAX_REASON)

    def __init__(self, data: Any = None, *, poll: Poll) -> None:
        super().__init__(data)
        self.poll = poll
        self.more(poll)
        self.order_fields([name for name in self.fields if name not in ("reason_en", "reason_fa")] + ["reason_en", "reason_fa"])

    def more(self, poll: Poll) -> None:
        """Fields that depend on the poll."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.reason:
            self.add_error("reason_en", _("Say why, in at least one language."))
        return data

    @property
    def reason(self) -> Localized:
        found = {language: self.cleaned_data.get(f"reason_{language}", "").strip() for language in ("en", "fa")}
        return {language: text for language, text in found.items() if text}

    @property
    def arguments(self) -> dict[str, Any]:
        """As the kind of change reads them (`voting.change_kinds`)."""
        return {}

    @property
    def again(self) -> list[tuple[str, str]]:
        """Names and values as they were sent, to be sent once more."""
        return [(name, str(self.data.get(name, ""))) for name in self.fields if self.data.get(name)]


class ExtendForm(ChangeForm):
    closes_at = Moment(label=_("New close"))

    def more(self, poll: Poll) -> None:
        self.fields["closes_at"].initial = to_the_minute(poll.closes_at)

    @property
    def arguments(self) -> dict[str, Any]:
        return {"closes_at": int(self.cleaned_data["closes_at"].timestamp())}


class VoidForm(ChangeForm):
    bid = forms.CharField(
        label=_("Receipt number of the ballot"),
        max_length=120,
        help_text=_("32 characters, as on the receipt. The ballot must stand in the public log."),
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )
    reason_code = forms.ChoiceField(
        label=_("Why the ballot is void"),
        choices=[(code, why.title) for code, why in VOID_REASONS.items()],
        widget=forms.RadioSelect,
    )

    def clean_bid(self) -> str:
        bid = read_bid(self.cleaned_data["bid"])
        if bid is None:
            raise forms.ValidationError(
                _("A receipt number has 32 characters: digits, and letters from a to f. Check that none is missing.")
            )
        return bid

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("bid", "reason_code")}


class PlacesForm(ChangeForm):
    count = Whole(label=_("How many places"), min_value=1)

    def more(self, poll: Poll) -> None:
        self.fields["count"].initial = poll.mix_k

    @property
    def arguments(self) -> dict[str, Any]:
        return {"count": self.cleaned_data["count"]}


class AmendForm(ChangeForm):
    """Everything that may still be amended, filled in as it is announced."""

    opens_at = Moment(label=_("Opens"))
    closes_at = Moment(label=_("Closes"), help_text="")

    def more(self, poll: Poll) -> None:
        fields: dict[str, forms.Field] = {}
        for language, said in (("en", _("Title, in English")), ("fa", _("Title, in Persian"))):
            fields[f"title_{language}"] = _text(said, language, rows=1, limit=200)
            fields[f"title_{language}"].initial = poll.title.get(language, "")
        for language, said in (("en", _("Question, in English")), ("fa", _("Question, in Persian"))):
            fields[f"question_{language}"] = _text(said, language, rows=2, limit=2_000)
            fields[f"question_{language}"].initial = poll.question.get(language, "")
        for name in ("opens_at", "closes_at"):
            self.fields[name].initial = to_the_minute(getattr(poll, name))
        if poll.budgeted:
            fields["budget"] = Whole(label=_("Budget, in the smallest unit of the currency"), min_value=1, initial=poll.budget)
        for limit, value in poll.limits.items():
            if type(value) is int or value is None:
                label = _("Limit of the ballot: %(name)s") % {"name": limit}
                fields[f"limit_{limit}"] = Whole(label=label, min_value=0, required=value is not None, initial=value)
        for name, value in poll.rule.items():
            if type(value) is int:
                label = _("Option of the counting rule: %(name)s") % {"name": name}
                fields[f"rule_{name}"] = Whole(label=label, min_value=0, initial=value)
        for option in poll.options.all():
            for language in ("en", "fa"):
                label = _("Title of %(key)s (%(language)s)") % {"key": option.key, "language": language}
                fields[f"title_{language}_{option.key}"] = _text(label, language, rows=1, limit=200)
                fields[f"title_{language}_{option.key}"].initial = option.title.get(language, "")
            if option.cost is not None:
                label = _("Cost of %(key)s, in the smallest unit") % {"key": option.key}
                fields[f"cost_{option.key}"] = Whole(label=label, min_value=1, initial=option.cost)
        self.fields = fields | self.fields

    @property
    def arguments(self) -> dict[str, Any]:
        """Only what is different."""
        changed, data, poll = set(self.changed_data), self.cleaned_data, self.poll
        found: dict[str, Any] = {}
        for name in ("title", "question"):
            if {f"{name}_en", f"{name}_fa"} & changed:
                found[name] = self._texts(getattr(poll, name), name)
        for name in ("opens_at", "closes_at"):
            if name in changed:
                found[name] = int(data[name].timestamp())
        if "budget" in changed:
            found["budget"] = data["budget"]
        if any(name.startswith("limit_") for name in changed):
            limits = {name: data.get(f"limit_{name}", value) for name, value in poll.limits.items()}
            found["ballot"] = {poll.kind: limits}
        if any(name.startswith("rule_") for name in changed):
            found["rule"] = {name: data.get(f"rule_{name}", value) for name, value in poll.rule.items()}
        options = {option.key: self._option(option, changed) for option in poll.options.all()}
        if options := {key: change for key, change in options.items() if change}:
            found["options"] = options
        return found

    def _texts(self, before: Localized, name: str, after: str = "") -> Localized:
        written = {language: self.cleaned_data[f"{name}_{language}{after}"] for language in ("en", "fa")}
        texts = {**before, **{language: " ".join(text.split()) for language, text in written.items()}}
        return {language: text for language, text in texts.items() if text}

    def _option(self, option: Option, changed: set[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if {f"title_en_{option.key}", f"title_fa_{option.key}"} & changed:
            found["title"] = self._texts(option.title, "title", f"_{option.key}")
        if f"cost_{option.key}" in changed:
            found["cost"] = self.cleaned_data[f"cost_{option.key}"]
        return found


FORMS: dict[str, type[ChangeForm]] = {
    "poll.amend": AmendForm,
    "poll.extend": ExtendForm,
    "poll.void": VoidForm,
    "poll.add-places": PlacesForm,
}
"""Of changes that need to know more than why."""
