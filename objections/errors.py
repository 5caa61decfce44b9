"""One Refusal class for every way in which an objection is turned down."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class ObjectionsNotYet(Refusal):
    code = "objections_not_yet"
    reason = _("This poll has not opened yet. Objections can be filed as soon as it opens.")


class ObjectionsOver(Refusal):
    code = "objections_over"
    reason = _(
        "The time for objections to this poll is over: it ends %(days)s days after its last result. What was filed stays public."
    )


class ObjectionTooOften(Refusal):
    code = "objection_too_often"
    reason = _("That was often in a short time. Nothing was sent and your text is kept below: wait an hour, then send it again.")
    correctable = True


class ObjectionCodeWrong(Refusal):
    code = "objection_code_wrong"
    reason = _("This is not the code in our mail. Type its eight digits, or open the link in the mail.")
    correctable = True


class ObjectionConfirmTooOften(Refusal):
    code = "objection_confirm_too_often"
    reason = _("That was often in a short time. Your objection still waits: try again in an hour.")
    correctable = True


class ObjectionNotWaiting(Refusal):
    code = "objection_not_waiting"
    reason = _("Nothing waits to be confirmed here. The objection was confirmed before, or its 48 hours are over.")


class ObjectionAnswered(Refusal):
    code = "objection_answered"
    reason = _("This objection has been answered already. There is one answer, and it stays. Your text was not published.")
