"""One Refusal class for every way in which voting says no."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class PollNotOpen(Refusal):
    code = "poll_not_open"
    reason = _("This poll is not open for voting now. Nothing was cast.")


class PollNotYetOpen(PollNotOpen):
    code = "poll_not_yet_open"
    reason = _("This poll has not opened yet. Nothing was cast; come back when it opens.")


class NotSignedIn(Refusal):
    code = "not_signed_in"
    reason = _("Sign in to cast your ballot. Your choices are kept.")


class NotOnRoll(Refusal):
    code = "not_on_roll"
    reason = _("You are not on the roll of this poll. If you have an invitation code, enter it first; otherwise ask the council.")


class BallotOverBudget(Refusal):
    code = "ballot_over_budget"
    reason = _("Your choices cost more than the budget. Take something out and try again.")
    correctable = True


class TooManyChoices(Refusal):
    code = "too_many_choices"
    reason = _("You may choose at most %(limit)s. Take something out and try again.")
    correctable = True


class TooFewChoices(Refusal):
    code = "too_few_choices"
    reason = _("Choose at least %(limit)s.")
    correctable = True


class UnknownOption(Refusal):
    code = "unknown_option"
    reason = _("The form names something that is not on this ballot. Load the page again.")
    correctable = True


class BallotStale(Refusal):
    code = "ballot_stale"
    reason = _(
        "You have cast a ballot in another window or on another device since this page was opened. "
        "That ballot stands. Look at it below, and confirm again if you want to replace it."
    )
    correctable = True


class RevotingNotAllowed(Refusal):
    code = "revoting_not_allowed"
    reason = _("You have cast your ballot, and in this poll a ballot cannot be changed.")


class ReceiptNumberTaken(Refusal):
    code = "receipt_number_taken"
    reason = _("This form has already been used for another ballot. Load the page again; nothing was cast.")
    correctable = True


class CastingTooFast(Refusal):
    code = "casting_too_fast"
    reason = _(
        "That was very often in a short time. Nothing was cast and your choices are kept: "
        "wait a minute, then confirm again."
    )
    correctable = True


class PollNotDraft(Refusal):
    code = "poll_not_draft"
    reason = _("This poll has been opened already.")


class PollIncomplete(Refusal):
    code = "poll_incomplete"
    reason = _("The poll cannot open yet: it needs options, and a roll with at least one place.")


class PollNotCountable(Refusal):
    code = "poll_not_countable"
    reason = _(
        "The poll cannot open yet, because perhaps it could not be counted: it needs a budget, a cost for every option, "
        "and, where its rule has a step, one of at least %(step)s."
    )


class PollNotClosed(Refusal):
    code = "poll_not_closed"
    reason = _("A result can be published only once, after the poll has closed.")


class ClosingNotInLog(Refusal):
    code = "closing_not_in_log"
    reason = _("The closing does not stand in the public log yet. Wait a moment and try again.")


class CountDiffersFromLog(Refusal):
    code = "count_differs_from_log"
    reason = _("The ballots no longer match the fingerprint published at closing. Nothing was published; call the operator.")
