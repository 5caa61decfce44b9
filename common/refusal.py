"""The base class of every way of saying no."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """A rule said no. Expected, explainable, and safe to show to the person concerned.

    `code` is for programs and never changes; `reason` is for people and is translated, and says what to do next.
    Anything that is not a Refusal is a bug or an outage, and is left to propagate.
    """

    code: ClassVar[str]
    reason: ClassVar[str | Promise]
    correctable: ClassVar[bool] = False

    def __init__(self, **params: object) -> None:
        super().__init__(self.code)
        self.params = params

    def __str__(self) -> str:
        return str(self.reason) % self.params if self.params else str(self.reason)


class NotPermitted(Refusal):
    code = "not_permitted"
    reason = _("You do not have the right to do this.")
