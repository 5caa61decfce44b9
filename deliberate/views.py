"""The pages that belong to no app: home, about, the vote log in plain words, and how to verify."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.models import User
from common.localized import loc
from common.templatetags.text import number, time_left
from processes.models import Phase, Process
from processes.views import card, deadline_kind, listed
from proposals.models import Comment, Proposal
from votelog.models import Checkpoint, Event
from voting.models import Board, Delivery, Poll, Result

VERIFIER = settings.BASE_DIR / "verifier" / "__main__.py"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    polls = open_polls(request.user, now)
    processes = listed(request.user)
    running = [shown for shown in (card(process, now) for process in processes) if shown["running"]]
    return render(
        request,
        "home.html",
        {
            "today": today(polls, processes, now),
            "poll": polls[0] if polls else None,
            "processes": running[:3],
            "results": latest_results(request.user),
            "deliveries": Delivery.objects.filter(option__poll__in=Poll.objects.visible_to(request.user))
            .select_related("option__poll")
            .order_by("-happened_at")[:4],
            "stats": live_numbers(),
            "checkpoint": Checkpoint.objects.order_by("-shard", "-size").first(),
        },
    )


def open_polls(user: object, at: datetime) -> list[Poll]:
    """What can be voted in now, the one that closes first in front."""
    return list(
        Poll.objects.visible_to(user)
        .filter(status=Poll.Status.OPEN, paused=False, opens_at__lte=at, closes_at__gt=at)
        .select_related("process", "board")
        .annotate(places=Coalesce("roll_count", Count("roll__entries")))
        .order_by("closes_at")
    )


def today(polls: list[Poll], processes: list[Process], at: datetime) -> list[dict[str, Any]]:
    """What anybody can do now, what ends first in front, as components/today.html shows it."""
    found: list[tuple[datetime, dict[str, Any]]] = []
    for poll in polls:
        turnout = poll.board.turnout if hasattr(poll, "board") else 0
        note = _("%(process)s · %(turnout)s of %(places)s have voted") % {
            "process": loc(poll.process.title),
            "turnout": number(turnout),
            "places": number(poll.places),  # type: ignore[attr-defined]
        }
        title = _("Vote: %(title)s") % {"title": loc(poll.title)}
        found.append((poll.closes_at, {"title": title, "url": poll.get_absolute_url(), "note": note, "icon": "vote"}))
    fresh = comments_of_the_last_day(at)
    for process in processes:
        phase = process.phase_at(at)
        if phase is None or phase.type not in (Phase.Type.PROPOSE, Phase.Type.DEBATE):
            continue
        name = {"title": loc(process.title)}
        if phase.type == Phase.Type.PROPOSE:
            title, icon = _("Propose: %(title)s") % name, "lightbulb"
            url = reverse("processes:process-detail", args=[process.slug])
        else:
            title, icon = _("Debate: %(title)s") % name, "message-square"
            url = reverse("proposals:process-proposals", args=[process.slug])
        found.append(
            (phase.ends_at, {"title": title, "url": url, "note": debate_note(process, fresh.get(process.pk, 0)), "icon": icon})
        )
    found.sort(key=lambda item: item[0])
    return [
        shown | {"deadline": time_left(ends_at), "deadline_kind": deadline_kind(ends_at, at)} for ends_at, shown in found
    ]


def debate_note(process: Process, fresh: int) -> str:
    proposals, comments = process.proposals_count, process.comments_count  # type: ignore[attr-defined]
    parts = [ngettext("%(count)s proposal", "%(count)s proposals", proposals) % {"count": number(proposals)}]
    if comments:
        written = ngettext("%(count)s comment", "%(count)s comments", comments) % {"count": number(comments)}
        if fresh:
            written = _("%(comments)s, %(fresh)s since yesterday") % {"comments": written, "fresh": number(fresh)}
        parts.append(written)
    return " · ".join(parts)


def comments_of_the_last_day(at: datetime) -> dict[int, int]:
    """How many comments by number of the process."""
    fresh = Comment.objects.filter(at__gte=at - timedelta(days=1), hidden="", proposal__in=Proposal.objects.published())
    return dict(fresh.order_by().values_list("proposal__process").annotate(count=Count("pk")))


def latest_results(user: object) -> list[Result]:
    """The newest act of each of the polls that were decided last, with the first options it chose as `chosen`."""
    newest = Result.objects.filter(poll=OuterRef("poll")).order_by("-act").values("act")[:1]
    results = list(
        Result.objects.filter(poll__in=Poll.objects.visible_to(user), act=Subquery(newest))
        .select_related("poll")
        .prefetch_related("poll__options")
        .order_by("-published_at")[:3]
    )
    for result in results:
        options = {option.key: option for option in result.poll.options.all()}
        winners = result.outcome["winners"]
        result.chosen = [options[key] for key in winners[:4]]  # type: ignore[attr-defined]
        result.more = len(winners[4:])  # type: ignore[attr-defined]
    return results


def live_numbers() -> list[dict[str, Any]]:
    """How much is going on, as components/stats.html shows it."""
    numbers = [
        (User.objects.filter(is_active=True).count(), _("people")),
        (Proposal.objects.published().filter(process__published=True).count(), _("proposals")),
        (Comment.objects.filter(proposal__process__published=True, hidden="").count(), _("comments")),
        (
            Board.objects.filter(poll__process__published=True).aggregate(ballots=Sum("turnout", default=0))["ballots"],
            _("ballots"),
        ),
    ]
    return [{"value": number(value), "label": label} for value, label in numbers]


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "about/about.html", {"source_url": settings.SOURCE_URL})


@require_safe
def log_about(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "about/log_about.html",
        {
            "checkpoint": Checkpoint.objects.order_by("-shard", "-size").first(),
            "ballots": Event.objects.filter(bid__isnull=False).count(),
            "log_host": settings.LOG_HOST,
        },
    )


@require_safe
def secrecy(request: HttpRequest) -> HttpResponse:
    """What each level of secrecy protects against, and what it does not."""
    return render(request, "about/secrecy.html", {"appeals_days": settings.APPEALS_DAYS})


@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    decided = Poll.objects.visible_to(None).filter(status=Poll.Status.PUBLISHED).order_by("-closes_at")
    return render(
        request,
        "about/verify.html",
        {
            "polls": decided[:5],
            "base_url": f"{request.scheme}://{request.get_host()}",
            "verifier_sha256": sha256(VERIFIER.read_bytes()).hexdigest() if VERIFIER.exists() else "",
        },
    )


@require_safe
def verifier_download(request: HttpRequest) -> FileResponse:
    """The verifier as one file. Whoever does not trust this copy takes the one in the published source."""
    return FileResponse(VERIFIER.open("rb"), as_attachment=True, filename="votelog_verify.py", content_type="text/x-python")
