"""The list of polls, one poll, one option."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import can
from eligibility.models import Roll
from processes.views import deadline_kind
from voting import ballot_words, charts, kinds, patterns, rules, words
from voting import why as reasons
from voting.change_history import history
from voting.models import Poll
from voting.progress import progress_of
from voting.standing import standing

_ORDER = [Poll.Status.OPEN, Poll.Status.FROZEN, Poll.Status.CLOSED, Poll.Status.PUBLISHED, Poll.Status.DRAFT]


@require_safe
def poll_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    polls = list(Poll.objects.visible_to(request.user).select_related("process", "board"))
    sizes = dict(Roll.objects.annotate(size=Count("entries")).values_list("pk", "size"))
    groups: dict[str, list[dict[str, object]]] = {status: [] for status in _ORDER}
    for poll in polls:
        turnout = poll.board.turnout if hasattr(poll, "board") else 0
        groups[poll.status].append(
            {
                "poll": poll,
                "turnout": turnout,
                "roll": sizes[poll.roll_id] if poll.roll_count is None else poll.roll_count,
                "width": charts.width(turnout, poll.roll_count or sizes[poll.roll_id]),
                "deadline_kind": deadline_kind(poll.closes_at, now),
            }
        )
    groups[Poll.Status.OPEN].reverse()  # the first to close comes first
    return render(
        request,
        "voting/poll_list.html",
        {
            "open": groups[Poll.Status.OPEN],
            "announced": groups[Poll.Status.FROZEN],
            "waiting": groups[Poll.Status.CLOSED],
            "published": groups[Poll.Status.PUBLISHED],
            "drafts": groups[Poll.Status.DRAFT],
        },
    )


@require_safe
@never_cache
def poll_detail(request: HttpRequest, poll_id: str) -> HttpResponse:
    poll = get_object_or_404(Poll.objects.visible_to(request.user).select_related("process", "roll"), public_id=poll_id)
    own = standing(poll, request.user)
    options = list(poll.options.select_related("scope", "subject"))
    budgeted = poll.budgeted
    now = timezone.now()
    turnout = poll.board.turnout if hasattr(poll, "board") else 0
    roll = poll.voters
    being_made = poll.status in {Poll.Status.DRAFT, Poll.Status.FROZEN}
    return render(
        request,
        "voting/poll_detail.html",
        {
            "poll": poll,
            "budgeted": budgeted,
            "options": options,
            "rule": ballot_words.ballot_rule(poll, budgeted=budgeted),
            "counting": words.counting_rule(poll),
            "lots": words.lots_to_come(poll),
            "visibility": words.visibility(poll),
            "own": own,
            "own_choice": kinds.shown(poll, options, own.choice),
            "not_now": rules.why_not_vote_now(poll, at=now),
            "may_change": poll.revote == Poll.Revote.LAST,
            "turnout": turnout,
            "roll": roll,
            "turnout_width": charts.width(turnout, roll),
            "deadline_kind": deadline_kind(poll.closes_at, now),
            "may_change_it": can(request.user, "poll.change.request", poll),
            "history": history(poll),
            "meter": patterns.meter(poll) if being_made and can(request.user, "poll.see_draft") else None,
        },
    )


@require_safe
def option_detail(request: HttpRequest, poll_id: str, key: str) -> HttpResponse:
    poll = get_object_or_404(Poll.objects.visible_to(request.user).select_related("process"), public_id=poll_id)
    option = get_object_or_404(poll.options.select_related("scope", "subject"), key=key)
    others = list(poll.options.all())
    place = next(index for index, other in enumerate(others) if other.pk == option.pk)
    result = poll.results.first()
    why = (result.why if result else {}).get(key)
    budgeted = poll.budgeted
    return render(
        request,
        "voting/option_detail.html",
        {
            "poll": poll,
            "budgeted": budgeted,
            "option": option,
            "before": others[place - 1] if place else None,
            "after": others[place + 1] if place + 1 < len(others) else None,
            "won": why and why["won"],
            "why": reasons.why(why, poll, {other.key: str(other) for other in others}) if why else "",
            "votes": reasons.votes_of(why) if why else None,
            "progress": progress_of(option),
        },
    )
