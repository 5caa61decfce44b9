"""One Refusal class for every way in which a change to an announced poll is refused."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class PollNotFrozen(Refusal):
    code = "poll_not_frozen"
    reason = _("A poll can be amended only after it was announced and before it opens. Nothing was changed.")


class NothingAmended(Refusal):
    code = "nothing_amended"
    reason = _("This is how the poll is announced already. Change something first.")
    correctable = True


class TitleMissing(Refusal):
    code = "title_missing"
    reason = _("The poll and each of its options need a title, in at least one language.")
    correctable = True


class OpeningInPast(Refusal):
    code = "opening_in_past"
    reason = _("The new opening must be still to come, so that everybody can read the new rules first.")
    correctable = True


class CloseNotLater(Refusal):
    code = "close_not_later"
    reason = _("The new close must be later than the close so far, %(so_far)s.")
    correctable = True


class CloseBeforeOpening(Refusal):
    code = "close_before_opening"
    reason = _("A poll must close after it opens.")
    correctable = True


class CloseTooLate(Refusal):
    code = "close_too_late"
    reason = _("A poll can be extended by at most 30 days in all: to %(latest)s at the latest.")
    correctable = True


class CloseHasPassed(Refusal):
    code = "close_has_passed"
    reason = _("The time of this poll is over; it is about to close. Nothing was changed.")


class PausedAlready(Refusal):
    code = "paused_already"
    reason = _("Voting in this poll is paused already. Nothing was changed.")


class NotPaused(Refusal):
    code = "not_paused"
    reason = _("Voting in this poll is not paused. Nothing was changed.")


class BallotNotInLog(Refusal):
    code = "ballot_not_in_log"
    reason = _(
        "No ballot of this poll with this receipt number stands in the public log. "
        "Ballots join it in groups, at the close at the latest: only then can one be voided."
    )
    correctable = True


class BallotVoidedAlready(Refusal):
    code = "ballot_voided_already"
    reason = _("This ballot is void already. Nothing was changed.")


class AppealsOver(Refusal):
    code = "appeals_over"
    reason = _("The term for appeals ended on %(ended)s. The result stays as it is.")


class NoResultYet(Refusal):
    code = "no_result_yet"
    reason = _("There is no published result of this poll that could be superseded. Nothing was changed.")


class TooFewPlaces(Refusal):
    code = "too_few_places"
    reason = _("Add at least %(least)s places at once: a ballot from fewer could be told from all others.")
    correctable = True


class TooManyPlaces(Refusal):
    code = "too_many_places"
    reason = _("Add at most %(most)s places at once.")
    correctable = True
