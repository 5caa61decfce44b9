"""Why the log stands still. None of these is a Refusal: they are for the operator, in one sentence each."""


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
