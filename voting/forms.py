"""What a ballot form and a search for a receipt may hold. Whether a ballot is allowed is the business of `rules`."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.persian import ascii_digits
from voting import kinds
from voting.models import Option, Poll

_BID = re.compile(r"\A[0-9a-f]{32}\Z")


def read_bid(text: str) -> str | None:
    """A receipt number as people type it: spaces, hyphens, capitals and Persian digits are forgiven. None if it is none."""
    bid = re.sub(r"[\s\u200c\u200e\u200f\u00ad_-]", "", ascii_digits(text)).lower()
    return bid if _BID.fullmatch(bid) else None


class BallotForm(forms.Form):
    """A filled-in ballot. Unreadable means: options that are not on this ballot, a word for a number, or a damaged form."""

    bid = forms.RegexField(_BID, error_messages={"invalid": _("The form was damaged on its way. Please try again.")})
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1)

    def __init__(self, data: Any, *, poll: Poll, options: list[Option]) -> None:
        super().__init__(data)
        self.poll, self.options = poll, options
        self.reading = kinds.kind_of(poll).read(data, [option.key for option in options], poll.limits)
        """What of the ballot could be read, also when the form is not valid."""

    def _fault(self) -> str:
        if self.poll.kind == "rank":
            return gettext("Beside “%(option)s” stands “%(written)s”. Write 1, 2, 3 and so on there, or leave it empty.")
        return gettext("Beside “%(option)s” stands “%(written)s”. Write a whole number from 0 on there, or leave it empty.")

    @property
    def ballot(self) -> kinds.Body:
        return {self.poll.kind: self.reading.marks}

    def clean(self) -> None:
        if self.reading.strange:
            raise forms.ValidationError(
                _("The form names something that is not on this ballot. Look through your choices again.")
            )
        faults = [
            self._fault() % {"option": option, "written": self.reading.written[option.key]}
            for option in self.options
            if option.key in self.reading.unreadable
        ]
        if faults:
            raise forms.ValidationError(faults)


class ReceiptForm(forms.Form):
    bid = forms.CharField(
        label=_("Receipt number"),
        max_length=120,
        widget=forms.TextInput(attrs={"class": "input", "dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_bid(self) -> str:
        bid = read_bid(self.cleaned_data["bid"])
        if bid is None:
            raise forms.ValidationError(
                _("A receipt number has 32 characters: digits, and letters from a to f. Check that none is missing.")
            )
        return bid
