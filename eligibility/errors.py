"""Every way in which taking a place on a roll can be refused."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class CodeUnknown(Refusal):
    code = "code_unknown"
    reason = _("There is no such invitation code. Check it letter by letter against your invitation.")
    correctable = True


class CodeUsed(Refusal):
    code = "code_used"
    reason = _("This invitation code has been used already. If it was not you who used it, tell the people who invited you.")


class AlreadyOnRoll(Refusal):
    code = "already_on_roll"
    reason = _("You have a place on this roll already. The code stays unused: give it back to the people who invited you.")
