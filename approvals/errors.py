"""Every way in which the second pair of eyes can be refused."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class NotReauthenticated(Refusal):
    code = "not_reauthenticated"
    reason = _("Show first that it is you: use your passkey or your password once more. Nothing was changed.")


class OwnRequest(Refusal):
    code = "own_request"
    reason = _("You asked for this yourself. Another member of staff has to look at it; you can withdraw it.")


class NotOwnRequest(Refusal):
    code = "not_own_request"
    reason = _("Somebody else asked for this. Only they can withdraw it; you can reject it.")


class RequestExpired(Refusal):
    code = "request_expired"
    reason = _("Nobody approved this within 24 hours, so it no longer holds. Nothing was changed; ask again if it is needed.")


class RequestDecided(Refusal):
    code = "request_decided"
    reason = _("This has been decided already, and nothing more was done now. Load the page again to see how.")


class RequestChanged(Refusal):
    code = "request_changed"
    reason = _("This is no longer what you looked at. Nothing was changed; load the page again and read it once more.")


class RequesterGone(Refusal):
    code = "requester_gone"
    reason = _("Whoever asked for this no longer works here, so there would be no two people. Nothing was changed; ask anew.")


class RequestedAlready(Refusal):
    code = "requested_already"
    reason = _("Exactly this was asked for already and waits for a second person.")


class ReasonMissing(Refusal):
    code = "reason_missing"
    reason = _("Say why, in at least one language and at most %(limit)s characters each. It becomes public.")
    correctable = True
