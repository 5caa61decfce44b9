"""What each phase permits."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from common.refusal import Refusal
from processes.models import Phase, Process

PERMITS: dict[str, frozenset[str]] = {
    Phase.Type.PROPOSE: frozenset({"propose", "endorse", "comment"}),
    Phase.Type.DEBATE: frozenset({"endorse", "comment"}),
    Phase.Type.VOTE: frozenset({"vote", "comment"}),
    Phase.Type.RESULTS: frozenset(),
}


class NotInThisPhase(Refusal):
    code = "not_in_this_phase"
    reason = _("The current phase of this process does not allow that. The phase bar shows when it does.")


def permits(process: Process, what: str, *, at: datetime) -> bool:
    """`what` is one of propose, endorse, comment, vote."""
    phase = process.phase_at(at)
    return phase is not None and what in PERMITS[phase.type]


def why_not(process: Process, what: str, *, at: datetime) -> Refusal | None:
    return None if permits(process, what, at=at) else NotInThisPhase()
