"""Filling in, reviewing and casting a ballot. Every page here belongs to one person and is never kept by a cache."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from common.refusal import Refusal
from voting import actions, ballot_words, charts, errors, kinds, rules, words
from voting.forms import BallotForm
from voting.models import Option, Poll
from voting.standing import Standing, standing
from voting.views.receipts import find_url

logger = logging.getLogger(__name__)
_BUTTONS = 10
"""Up to so many points a score is one of a row of buttons, beyond it a number to write."""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ballot(request: HttpRequest, poll_id: str) -> HttpResponse:
    """Fill in (GET, or POST with step=edit); POST with step=review shows what would be cast, and casts nothing."""
    poll = _poll(request, poll_id)
    own = standing(poll, request.user)
    options = _options(poll, request)
    if request.method != "POST":
        if poll.status in {Poll.Status.CLOSED, Poll.Status.PUBLISHED}:
            return redirect(poll)
        asked = kinds.kind_of(poll).read(request.GET, [option.key for option in options], poll.limits)
        if asked.written:
            return _fill_in(request, poll, own, options, asked.written, {poll.kind: asked.marks}, kept=True)
        return _fill_in(request, poll, own, options, _written(poll, own.choice), own.choice)
    form = BallotForm(request.POST, poll=poll, options=options)
    written = form.reading.written
    if not form.is_valid():
        return _fill_in(request, poll, own, options, written, form.ballot, unreadable=form, status=422)
    if request.POST.get("step") == "edit":
        return _fill_in(request, poll, own, options, written, form.ballot, kept=True)
    if refusal := rules.why_not_choose(poll, options, form.ballot):
        return _fill_in(request, poll, own, options, written, form.ballot, refusal=refusal, status=409)
    blocked = _why_not_cast(request, poll, own)
    data = form.cleaned_data
    return _review(
        request, poll, own, options, form.ballot,
        bid=data["bid"], revision=data["revision"], refusal=blocked, note=ballot_words.closed_gaps(form.reading),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ballot_cast(request: HttpRequest, poll_id: str) -> HttpResponse:
    """Cast for good. Rendered, not redirected to: a receipt carried in a session would tie the ballot to the person."""
    if request.method != "POST":
        return redirect("voting:ballot", poll_id)
    poll = _poll(request, poll_id)
    own = standing(poll, request.user)
    options = _options(poll, request)
    form = BallotForm(request.POST, poll=poll, options=options)
    written = form.reading.written
    if not form.is_valid():
        return _fill_in(request, poll, own, options, written, form.ballot, unreadable=form, status=422)
    data = form.cleaned_data
    try:
        if not request.user.is_authenticated:
            raise errors.NotSignedIn()
        if _too_fast(request):
            raise errors.CastingTooFast()
        receipt = actions.cast_ballot(
            poll=poll,
            voter=own.entry,
            choice=form.ballot,
            bid=data["bid"],
            revision=data["revision"],
            at=timezone.now(),
        )
    except errors.OF_THE_BALLOT as refusal:
        return _fill_in(request, poll, own, options, written, form.ballot, refusal=refusal, status=409)
    except (errors.BallotStale, errors.CastingTooFast, errors.ReceiptNumberTaken) as refusal:
        own = standing(poll, request.user)  # another window has cast meanwhile: confirm against what stands now
        return _review(
            request, poll, own, options, form.ballot,
            bid=actions.new_receipt_number(), revision=own.next_revision, refusal=refusal, again=True,
        )  # fmt: skip
    except Refusal as refusal:
        return _review(request, poll, own, options, form.ballot, bid=data["bid"], revision=data["revision"], refusal=refusal)
    return render(
        request,
        "voting/ballot_cast.html",
        {
            "poll": poll,
            "receipt": receipt,
            "budgeted": poll.budgeted,
            "shown": kinds.shown(poll, options, receipt.choice),
            "qr": charts.qr(find_url(request, receipt.bid)),
            "find_url": find_url(request),
            # The file stands in the page itself: nothing of it is kept here, and saving it asks nobody.
            "file": b64encode(json.dumps(receipt.file, ensure_ascii=False, indent=1).encode() + b"\n").decode(),
        },
    )


def _too_fast(request: HttpRequest) -> bool:
    try:
        return not ratelimit.consume(request, action="ballot_cast", user=request.user)
    except Exception:
        # The limit lives in a cache, the ballots do not: without the cache people vote on, unlimited.
        logger.exception("The cache does not answer; casting goes on without a limit.")
        return False


def _poll(request: HttpRequest, poll_id: str) -> Poll:
    return get_object_or_404(Poll.objects.visible_to(request.user).select_related("process", "roll"), public_id=poll_id)


def _options(poll: Poll, request: HttpRequest) -> list[Option]:
    """In an order of chance that stays the same for one person, and for visitors for one day: no project is always first."""
    user = request.user
    seed = user.uid if isinstance(user, User) else timezone.localdate().isoformat()
    options = poll.options.select_related("scope", "subject")
    return sorted(options, key=lambda option: sha256(f"{seed}:{poll.public_id}:{option.key}".encode()).digest())


def _why_not_cast(request: HttpRequest, poll: Poll, own: Standing) -> Refusal | None:
    """What stands in this person's way, before any choice is looked at."""
    at = timezone.now()
    if refusal := rules.why_not_vote_now(poll, at=at):
        return refusal
    if not request.user.is_authenticated:
        return errors.NotSignedIn()
    if refusal := rules.why_not_cast(poll, own.entry, at=at):
        return refusal
    if own.choice is not None and poll.revote == Poll.Revote.NONE:
        return errors.RevotingNotAllowed()
    return None


@dataclass(frozen=True)
class WayOut:
    """What a person can do about a refusal."""

    label: str
    url: str


def _way_out(refusal: Refusal | None, poll: Poll, ballot: kinds.Body | None) -> WayOut | None:
    if refusal is None:
        return None
    match refusal.code:
        case "not_signed_in":
            ballot_url = reverse("voting:ballot", args=[poll.public_id])
            fields = _fields(poll, ballot)
            back = f"{ballot_url}?{urlencode(fields)}" if fields else ballot_url
            return WayOut(_("Sign in"), f"{reverse('account_login')}?{urlencode({'next': back})}")
        case "not_on_roll":
            return WayOut(_("Enter an invitation code"), reverse("eligibility:redeem"))
        case "poll_not_open" if poll.status == Poll.Status.PUBLISHED:
            return WayOut(_("See the result"), reverse("voting:result", args=[poll.public_id]))
        case "not_in_this_phase":
            return WayOut(_("See when voting is on"), poll.process.get_absolute_url())
        case "poll_not_open" | "poll_not_yet_open" | "revoting_not_allowed":
            return WayOut(_("To the poll"), poll.get_absolute_url())
    return None


def _fields(poll: Poll, ballot: kinds.Body | None) -> list[tuple[str, str]]:
    """The form fields that say what the ballot says."""
    return kinds.kind_of(poll).fields(ballot[poll.kind]) if ballot else []


def _written(poll: Poll, ballot: kinds.Body | None) -> dict[str, str]:
    """What would have been written into a form to give this ballot, by option key."""
    return {name.removeprefix("mark-"): value for name, value in _fields(poll, ballot) if name != "choose"} | {
        value: "on" for name, value in _fields(poll, ballot) if name == "choose"
    }


def _page(poll: Poll, own: Standing, options: list[Option], ballot: kinds.Body | None) -> dict[str, Any]:
    """What the ballot and its review share."""
    shown = kinds.shown(poll, options, ballot)
    cap = poll.limits["sum"] if poll.kind == "alloc" else poll.limits.get("max_cost")
    budgeted = poll.budgeted
    same = own.choice is not None and ballot is not None and own.choice == _normal(poll, ballot)
    return {
        "poll": poll,
        "own": own,
        "budgeted": budgeted,
        "rule": ballot_words.ballot_rule(poll, budgeted=budgeted),
        "visibility": words.visibility(poll),
        "may_change": poll.revote == Poll.Revote.LAST,
        "shown": shown,
        "cap": cap,
        "left": None if cap is None else max(0, cap - shown.total),
        "over": 0 if cap is None else max(0, shown.total - cap),
        "spent_width": charts.width(shown.total, cap) if cap else 0,
        "is_cast": same,
        "standing_fields": _fields(poll, own.choice),
        "standing_shown": kinds.shown(poll, options, own.choice),
    }


def _normal(poll: Poll, ballot: kinds.Body) -> kinds.Body | None:
    try:
        return kinds.normal(poll, ballot)
    except errors.BallotOfAnotherKind:
        return None


@dataclass(frozen=True)
class Item:
    """One option of the form. `written`: what stands in its field, which gives `points`; `faulty`: it cannot stay so."""

    option: Option
    written: str
    faulty: bool
    points: int


def _fill_in(
    request: HttpRequest,
    poll: Poll,
    own: Standing,
    options: list[Option],
    written: Mapping[str, str],
    ballot: kinds.Body | None,
    *,
    refusal: Refusal | None = None,
    unreadable: BallotForm | None = None,
    kept: bool = False,
    status: int = 200,
) -> HttpResponse:
    """`written`: what stands in the fields; `ballot`: what of it can be read.

    `kept`: both come from this person's last step, so the draft on the device must not replace them.
    """
    blocked = _why_not_cast(request, poll, own)
    scopes = {option.scope_id: option.scope for option in options if option.scope}
    subjects = {option.subject_id: option.subject for option in options if option.subject}
    faulty = {*(refusal.params.get("keys", ()) if refusal else ()), *(unreadable.reading.unreadable if unreadable else ())}  # type: ignore[misc]
    points = dict(ballot[poll.kind]) if ballot and poll.kind in ("score", "alloc") else {}
    context = _page(poll, own, options, ballot) | {
        "items": [
            Item(option, written.get(option.key, ""), option.key in faulty, points.get(option.key, 0)) for option in options
        ],
        "faulty": [option for option in options if option.key in faulty],
        "points": range(poll.limits["max"] + 1) if poll.kind == "score" and poll.limits["max"] <= _BUTTONS else None,
        "bid": actions.new_receipt_number(),
        "refusal": refusal,
        "unreadable": unreadable,
        "blocked": blocked,
        "way_out": _way_out(blocked, poll, ballot),
        "kept": kept or refusal is not None or unreadable is not None,
        "scopes": sorted(scopes.values(), key=lambda scope: (scope.position, scope.pk)),
        "subjects": sorted(subjects.values(), key=lambda subject: (subject.position, subject.pk)),
    }
    return render(request, "voting/ballot.html", context, status=status)


def _review(
    request: HttpRequest,
    poll: Poll,
    own: Standing,
    options: list[Option],
    ballot: kinds.Body,
    *,
    bid: str,
    revision: int,
    refusal: Refusal | None,
    again: bool = False,
    note: str = "",
) -> HttpResponse:
    """`again`: the refusal explains why to look once more, and the ballot may be confirmed from here.

    `note`: what was read otherwise than it was written.
    """
    context = _page(poll, own, options, ballot) | {
        "fields": _fields(poll, ballot),
        "bid": bid,
        "revision": revision,
        "refusal": refusal,
        "again": again,
        "note": note,
        "way_out": _way_out(refusal, poll, ballot),
        "may_confirm": refusal is None or again,
    }
    return render(request, "voting/ballot_review.html", context, status=409 if refusal else 200)
