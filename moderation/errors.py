"""One Refusal class for every way in which moderation says no."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class AlreadyHidden(Refusal):
    code = "already_hidden"
    reason = _("This text is hidden already. Nothing was changed.")


class NotHidden(Refusal):
    code = "not_hidden"
    reason = _("This text is not hidden. Nothing was changed.")
