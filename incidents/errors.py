"""One Refusal class for every way of saying no here."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class IncidentPollUnknown(Refusal):
    code = "incident_poll_unknown"
    reason = _("There is no such poll in the public log, so nothing can be declared about it.")


class NoTextToErase(Refusal):
    code = "no_text_to_erase"
    reason = _("No text in the public log has this name. Ballots, results and lists of credentials are no texts and stay.")
