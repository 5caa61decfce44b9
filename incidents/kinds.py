"""What of this takes two people, as `approvals` asks for it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from approvals.kinds import Done, Kind, Order, Shown
from common.localized import loc
from common.refusal import Refusal
from incidents import actions
from incidents.models import Erasure, Incident


def _why_not_declare(order: Order) -> Refusal | None:
    try:
        actions.find_poll(order.subject)
    except Refusal as refusal:
        return refusal
    return None


def _declare(order: Order) -> Done:
    code = order.arguments["code"]
    actions.declare_incident(poll=order.subject, code=code, text=order.reason, actors=order.actors, at=order.at)
    return Done()


def _shown_declare(order: Order) -> Shown:
    poll = actions.find_poll(order.subject)
    return Shown(
        subject=loc(poll.title) if poll else str(_("The whole instance")),
        url=reverse("incidents:incident-list"),
        lines=[(_("What happened"), Incident.Code(order.arguments["code"]).label)],
        consequences=[
            _("It is published at once, with the reason as its text, and stands in the vote log for good."),
            _("Nothing else changes: no poll is paused or closed by it."),
        ],
        entries=["incident.declared"],
    )


def _why_not_erase(order: Order) -> Refusal | None:
    try:
        actions.find_text(order.subject)
    except Refusal as refusal:
        return refusal
    return None


def _erase(order: Order) -> Done:
    actions.erase_text(target=order.subject, basis=order.arguments["basis"], actors=order.actors, at=order.at)
    return Done()


def _shown_erase(order: Order) -> Shown:
    lines: list[tuple[object, object]] = [(_("Ground"), Erasure.Basis(order.arguments["basis"]).label)]
    try:
        text, entry = actions.find_text(order.subject)
    except Refusal as gone:
        lines.append((_("Text"), str(gone)))
    else:
        lines.append((_("Entry that names it"), f"{entry['type']} {entry['poll']}".strip()))
        lines += [(_("Text (%(language)s)") % {"language": language}, words) for language, words in text.items()]
    return Shown(
        subject=order.subject,
        url=reverse("incidents:incident-list"),
        lines=lines,  # type: ignore[arg-type]
        consequences=[
            _("The text is deleted from the public log and cannot be brought back. Who downloaded it before still has it."),
            _("Its fingerprint stays. Whoever checks the poll is told that a text is missing and that this was declared."),
            _("A copy on a page of this site is not touched: hide it there as well."),
            _("Your reason is kept here and not published; the ground is."),
        ],
        entries=["erasure.recorded"],
    )


DECLARE = Kind(
    title=_("Declare an incident"),
    right="incident.declare",
    why_not=_why_not_declare,
    carry_out=_declare,
    shown=_shown_declare,
)
ERASE = Kind(
    title=_("Erase a text from the log"),
    right="blob.erase",
    why_not=_why_not_erase,
    carry_out=_erase,
    shown=_shown_erase,
)
