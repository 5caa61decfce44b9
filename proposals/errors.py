"""One Refusal class for every way in which deliberation says no."""

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal


class SignInFirst(Refusal):
    code = "sign_in_first"
    reason = _("Sign in to take part. Reading needs no account.")


class ProposalNotPublished(Refusal):
    code = "proposal_not_published"
    reason = _("This proposal is still a draft. Publish it first.")


class ProposalAlreadyPublished(Refusal):
    code = "proposal_already_published"
    reason = _("This proposal is published already. Nothing was changed.")


class ProposalPutToVote(Refusal):
    code = "proposal_put_to_vote"
    reason = _("This proposal is being voted on as a project, so its text stays as it is. You can still comment.")


class ProposalEditedMeanwhile(Refusal):
    code = "proposal_edited_meanwhile"
    reason = _(
        "This proposal was changed in another window after you opened it. Your text is kept below and nothing was saved: "
        "compare it with the current version, then save again to replace that version."
    )
    correctable = True


class ProposalHidden(Refusal):
    code = "proposal_hidden"
    reason = _("This proposal is hidden for a rule of the house. While it is, nothing can be done to it.")


class CommentHidden(Refusal):
    code = "comment_hidden"
    reason = _("The comment that you reply to was hidden meanwhile. Your text is kept: publish it as a comment of its own.")
    correctable = True


class CommentElsewhere(Refusal):
    code = "comment_elsewhere"
    reason = _("The comment that you reply to does not belong to this proposal. Your text is kept: choose a comment here.")
    correctable = True


class TooFast(Refusal):
    code = "too_fast"
    reason = _("You are writing very fast. Your text is kept below: wait a minute, then send it again.")
    correctable = True
