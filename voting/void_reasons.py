"""Why a ballot may be voided: the codes of the public log, and the rule that each stands for."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class VoidReason(NamedTuple):
    title: str | Promise
    rule: str | Promise
    """Published in every language with each ballot voided under it."""


VOID_REASONS = {
    "cast_by_another": VoidReason(
        _("Cast by somebody else"), _("A ballot that somebody else cast in the place of the person on the roll is not counted.")
    ),
    "double_identity": VoidReason(
        _("One person with two places"), _("Of the ballots of a person with several places on the roll, one is counted.")
    ),
    "not_eligible": VoidReason(_("Not eligible"), _("A ballot of a person who was not eligible is not counted.")),
    "court_order": VoidReason(_("Order of a court"), _("A ballot that a court has declared void is not counted.")),
    "technical_fault": VoidReason(
        _("Technical fault"), _("A ballot that a technical fault has changed or made up is not counted.")
    ),
}
