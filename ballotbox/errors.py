"""What can go wrong with the ballot box."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class BallotBoxError(Exception):
    """For the operator: something that the box holds is missing or was changed."""


class NoSuchKey(BallotBoxError):
    """The box has no key of this poll: it was destroyed after the term for appeals, or never made."""


class SealBroken(BallotBoxError):
    """A ballot as it lies in the database is not one that this box shut."""


class BallotBoxAway(Refusal):
    code = "ballot_box_away"
    reason = _("The ballot box cannot be reached at the moment. Nothing was cast and nothing is lost: try again in a minute.")
    correctable = True
