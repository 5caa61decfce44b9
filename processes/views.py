"""The list of processes, and the page of one: where it stands, and what can be done in it now."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from common.localized import loc
from common.templatetags.text import number, short_day, time_left
from processes.models import Phase, Process
from processes.rules import PERMITS

SOON = timedelta(days=3)
LONG = timedelta(days=180)
TAGS = {Phase.Type.PROPOSE: "info", Phase.Type.DEBATE: "info", Phase.Type.VOTE: "open", Phase.Type.RESULTS: "closed"}


def deadline_kind(moment: datetime, at: datetime) -> str:
    """How pressing: of the kinds that components/deadline.html shows."""
    return "over" if moment <= at else "soon" if moment - at <= SOON else ""


def phase_bar(process: Process, at: datetime) -> list[dict[str, Any]]:
    """The phases as components/phase_bar.html shows them."""
    return [
        {"name": str(phase), "state": phase.state_at(at), "when": _span(phase.starts_at, phase.ends_at)}
        for phase in process.phases.all()
    ]


def _span(start: datetime, end: datetime) -> SafeString:
    if end - start > LONG:  # short dates name no year
        return format_html(_("from {}"), short_day(start))
    # The end of a phase is the first moment after it: a phase that ends at midnight has its last day before.
    return format_html("{} – {}", short_day(start), short_day(end - timedelta(seconds=1)))


def card(process: Process, at: datetime) -> dict[str, Any]:
    """A process as components/process_card.html shows it. `process` comes from `listed`."""
    phase = process.phase_at(at)
    coming = next((phase for phase in process.phases.all() if phase.starts_at > at), None)
    facts = []
    if process.proposals_count:  # type: ignore[attr-defined]
        facts.append(_proposals_text(process.proposals_count))  # type: ignore[attr-defined]
    if process.comments_count:  # type: ignore[attr-defined]
        facts.append(_comments_text(process.comments_count))  # type: ignore[attr-defined]
    shown = {
        "title": loc(process.title),
        "url": process.get_absolute_url(),
        "summary": loc(process.summary),
        "place": loc(process.scope.name),
        "facts": facts,
        "motif": process.pk % 4,
        "running": phase is not None and phase.type != Phase.Type.RESULTS,
    }
    if phase is not None:
        shown |= {"status": str(phase), "status_kind": TAGS[Phase.Type(phase.type)]}
        if shown["running"]:
            shown |= {"deadline": time_left(phase.ends_at), "deadline_kind": deadline_kind(phase.ends_at, at)}
    elif coming is not None:
        shown |= {"status": _("Not begun"), "status_kind": "soon"}
        shown["deadline"] = format_html(_("begins {}"), short_day(coming.starts_at))
    else:
        shown |= {"status": _("Finished"), "status_kind": "closed"}
    return shown


def _proposals_text(count: int) -> str:
    return ngettext("%(count)s proposal", "%(count)s proposals", count) % {"count": number(count)}


def _comments_text(count: int) -> str:
    return ngettext("%(count)s comment", "%(count)s comments", count) % {"count": number(count)}


def listed(user: object) -> list[Process]:
    """What the user may see, newest first, with everything that a card needs, in two queries."""
    published = Q(proposals__status="published", proposals__hidden="")
    return list(
        Process.objects.visible_to(user)
        .select_related("scope")
        .prefetch_related("phases")
        .annotate(
            proposals_count=Count("proposals", filter=published),
            comments_count=Sum("proposals__comments_count", filter=published, default=0),
        )
        .order_by("-created_at", "-pk")
    )


@require_safe
def process_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    cards = [card(process, now) for process in listed(request.user)]
    return render(
        request,
        "processes/process_list.html",
        {
            "running": [card for card in cards if card["running"]],
            "others": [card for card in cards if not card["running"]],
        },
    )


@require_safe
def process_detail(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    process = get_object_or_404(
        Process.objects.visible_to(request.user).select_related("scope").prefetch_related("phases"), slug=slug
    )
    phase = process.phase_at(now)
    # Polls and proposals stand above processes in the house; their rows are reached through the process.
    places = Coalesce("roll_count", Count("roll__entries"))
    polls = list(process.polls.visible_to(request.user).select_related("board").annotate(places=places))
    for poll in polls:
        poll.deadline_kind = deadline_kind(poll.closes_at, now)  # type: ignore[attr-defined]
    proposals = process.proposals.visible_to(request.user).published()
    counts = proposals.aggregate(
        proposals=Count("pk"), comments=Sum("comments_count", default=0), support=Sum("endorsements_count", default=0)
    )
    turnout = sum(poll.board.turnout for poll in polls if hasattr(poll, "board"))
    numbers = [
        (counts["proposals"], _("proposals")),
        (counts["comments"], _("comments")),
        (counts["support"], _("endorsements")),
        (turnout, _("ballots")),
    ]
    return render(
        request,
        "processes/process_detail.html",
        {
            "process": process,
            "phase": phase,
            "next_phase": next((later for later in process.phases.all() if later.starts_at > now), None),
            "phase_bar": phase_bar(process, now),
            "deadline_kind": deadline_kind(phase.ends_at, now) if phase else "",
            "permits": permitted(process, phase, polls),
            "polls": polls,
            "most_supported": proposals.select_related("author", "scope", "topic").sorted_by("endorsed")[:4],
            "newest": proposals.select_related("author", "scope", "topic").sorted_by("newest")[:4],
            "stats": [{"value": number(count), "label": label} for count, label in numbers if count],
            "crumbs": [{"name": _("Processes"), "url": reverse("processes:process-list")}],
        },
    )


def permitted(process: Process, phase: Phase | None, polls: list[Any]) -> list[dict[str, Any]]:
    """What may be done in the process and what may not, in this phase, in plain words; with a link where it may."""
    allowed = PERMITS[phase.type] if phase else frozenset()
    proposals = reverse("proposals:process-proposals", args=[process.slug])
    votable = next((poll for poll in polls if poll.is_open), None)
    words: list[tuple[str, str, str, str]] = [
        ("propose", "lightbulb", _("Write a proposal"), reverse("proposals:proposal-create", args=[process.slug])),
        ("endorse", "hand-heart", _("Support proposals"), proposals),
        ("comment", "message-square", _("Comment and answer"), proposals),
        ("vote", "vote", _("Vote"), votable.get_absolute_url() if votable else ""),
    ]
    rows = [
        {"what": what, "icon": icon, "name": name, "url": url if what in allowed else "", "allowed": what in allowed}
        for what, icon, name, url in words
    ]
    return sorted(rows, key=lambda row: (not row["allowed"], row["what"] != "vote"))
