"""One Refusal class for every way in which voting says no."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class PollNotOpen(Refusal):
    code = "poll_not_open"
    reason = _("This poll is not open for voting now. Nothing was cast.")


class PollStillRuns(Refusal):
    code = "poll_still_runs"
    reason = _("The time of this poll is not over. Two members of staff together can close it earlier.")


class PollNotYetOpen(PollNotOpen):
    code = "poll_not_yet_open"
    reason = _("This poll has not opened yet. Nothing was cast; come back when it opens.")


class PollPaused(PollNotOpen):
    code = "poll_paused"
    reason = _("Voting is paused at the moment. Nothing was cast; the page of the poll says why. Come back later.")


class PollCannotGoOn(PollNotOpen):
    code = "poll_cannot_go_on"
    reason = _("This poll cannot go on: the public log that holds it was damaged and given up. Nothing was cast.")


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


class SameRank(Refusal):
    code = "same_rank"
    reason = _(
        "“%(first)s” and “%(second)s” have the same rank. "
        "In this poll every option needs a rank of its own: change one of the two."
    )
    correctable = True


class TooManyPoints(Refusal):
    code = "too_many_points"
    reason = _("“%(option)s” can get at most %(limit)s points. Give it fewer.")
    correctable = True


class PointsOverSum(Refusal):
    code = "points_over_sum"
    reason = _("You gave %(given)s points, and there are %(sum)s to give. Take %(over)s away somewhere.")
    correctable = True


class PointsNotAll(Refusal):
    code = "points_not_all"
    reason = _("You gave %(given)s points out of %(sum)s. Give the other %(left)s as well, or leave the whole ballot blank.")
    correctable = True


class BallotOfAnotherKind(Refusal):
    code = "ballot_of_another_kind"
    reason = _("This poll takes ballots of another kind. Load the page again.")
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
    reason = _("This poll has been announced or opened already.")


class PollIncomplete(Refusal):
    code = "poll_incomplete"
    reason = _("The poll cannot open yet: it needs options, and a roll with at least one place.")


class PollNotCountable(Refusal):
    code = "poll_not_countable"
    reason = _(
        "The poll cannot open yet, because perhaps it could not be counted: it needs a budget, a cost for every option, "
        "and, where its rule has a step, one of at least %(step)s."
    )


class RuleUnknown(Refusal):
    code = "rule_unknown"
    reason = _("There is no counting rule %(rule)s for polls.")


class RuleOptionRefused(Refusal):
    code = "rule_option_refused"
    reason = _("The rule %(rule)s cannot work with this value of its option %(option)s: %(why)s.")


class RuleNotForBallot(Refusal):
    code = "rule_not_for_ballot"
    reason = _("The rule %(rule)s does not count ballots of the kind %(ballot)s.")


class BallotLimitsRefused(Refusal):
    code = "ballot_limits_refused"
    reason = _("The ballot cannot have this value of its limit %(limit)s: %(why)s.")


class RuleStricterThanBallot(Refusal):
    code = "rule_stricter_than_ballot"
    reason = _(
        "The ballot allows what the rule then throws away: "
        "option %(option)s of the rule is stricter than the limits of the ballot."
    )


class BudgetWithoutUse(Refusal):
    code = "budget_without_use"
    reason = _("The rule %(rule)s spends no money: leave out the budget and the costs of the options.")


class PollNotClosed(Refusal):
    code = "poll_not_closed"
    reason = _("A result can be published only once, after the poll has closed.")


class VoidedMeanwhile(Refusal):
    code = "voided_meanwhile"
    reason = _("A ballot was voided while the others were counted. Nothing was published; they are counted again.")


class ClosingNotInLog(Refusal):
    code = "closing_not_in_log"
    reason = _("The closing does not stand in the public log yet. Wait a moment and try again.")


class CountDiffersFromLog(Refusal):
    code = "count_differs_from_log"
    reason = _("The ballots no longer match the fingerprint published at closing. Nothing was published; call the operator.")


class DrawPlanRefused(Refusal):
    code = "draw_plan_refused"
    reason = _("The lots cannot come from where the plan says. %(part)s %(why)s.")


class DrawAwaited(Refusal):
    code = "draw_awaited"
    reason = _("The lots of this poll are not drawn yet. The result is published as soon as the draw is recorded.")


class DrawNotAwaited(Refusal):
    code = "draw_not_awaited"
    reason = _("This poll awaits no draw: one is recorded between close and result, where the lots do not come from this server.")


class DrawRecordedAlready(Refusal):
    code = "draw_recorded_already"
    reason = _("The draw of this poll is recorded already, and is never replaced. Nothing was changed.")


class DrawFromElsewhere(Refusal):
    code = "draw_from_elsewhere"
    reason = _("It was published at opening where the lots of this poll come from: %(source)s. Nothing else can be recorded.")


class DrawRefused(Refusal):
    code = "draw_refused"
    reason = _("The draw was not recorded. %(part)s: %(why)s.")
    correctable = True


class DrawRoundNotDue(Refusal):
    code = "draw_round_not_due"
    reason = _(
        "The draw was not recorded: this is round %(round)s. The lots of this poll come from round %(due)s, "
        "the first one at least ten minutes after the close, and from no other."
    )
    correctable = True


class DrawRoundNotYet(Refusal):
    code = "draw_round_not_yet"
    reason = _("The draw was not recorded: the round that decides, %(due)s, has not come yet. Try again later.")


class ReceiptFileUnreadable(Refusal):
    code = "receipt_file_unreadable"
    reason = _(
        "This is no receipt of a poll here. Choose the file that you saved when you voted; its name begins with “receipt”."
    )
    correctable = True


class ReceiptFileAltered(Refusal):
    code = "receipt_file_altered"
    reason = _(
        "This file was changed, or this site has not signed it: its parts do not fit together. If you have another copy, "
        "try that one."
    )
    correctable = True


OF_THE_BALLOT = (
    BallotOverBudget, TooManyChoices, TooFewChoices, SameRank, TooManyPoints, PointsOverSum, PointsNotAll, BallotOfAnotherKind,
    UnknownOption,
)  # fmt: skip
"""What is wrong with the marks themselves, not with the person or the moment."""
