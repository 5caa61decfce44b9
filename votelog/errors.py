"""Why the log stands still: for the operator, in one sentence each. What people may read is a Refusal: there is one."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class VoteLogError(Exception):
    """Base of what this app raises about the log itself."""


class LogDamaged(VoteLogError):
    """What is stored does not fit together, or less is stored than was published. Going on would fork the log."""


class WrongKey(VoteLogError):
    """The key or origin that is configured is not the one this log was opened with."""


class NotAlone(VoteLogError):
    """Another process puts this log in order."""


class NotPublished(VoteLogError):
    """No checkpoint covers this entry yet."""


class LogTakesNoMore(Refusal):
    code = "log_takes_no_more"
    reason = _("The public log that holds this poll is closed, so nothing more can be recorded about it. Nothing was changed.")
