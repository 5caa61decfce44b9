"""What each page shows: one context function per page, for the page and for the parts that htmx asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from accounts.models import User
from accounts.permissions import can
from common.refusal import Refusal
from common.templatetags.text import short_day
from processes.models import Process, Scope
from proposals import rules
from proposals.forms import CommentForm, FilterForm, ProposalForm, scopes_below
from proposals.models import Comment, Proposal
from proposals.rules import Someone
from proposals.text import words_of
from proposals.thread import read_thread, totals
from realtime.actions import last_seq

PROPOSALS_A_PAGE = 20
SIMILAR_CANDIDATES = 200


def shuffle_seed(user: Someone, day: date) -> int:
    """Below 2³¹: the same all day for one person, and for everybody without an account."""
    key = f"{day.isoformat()} {user.uid if isinstance(user, User) else ''}"
    return int.from_bytes(sha256(key.encode()).digest()[:4]) >> 1


def phases_of(process: Process, now: datetime) -> list[dict[str, Any]]:
    """What `components/phase_bar.html` shows."""
    return [
        {
            "name": str(phase),
            "state": phase.state_at(now),
            "when": format_html("{} – {}", short_day(phase.starts_at), short_day(phase.ends_at)),
        }
        for phase in process.phases.all()
    ]


def list_page(request: HttpRequest, process: Process | None) -> dict[str, Any]:
    user, now = request.user, timezone.now()
    form = FilterForm(request.GET)
    wanted = form.wanted
    proposals = Proposal.objects.visible_to(user).published().search(wanted.get("q") or "")
    if process is not None:
        proposals = proposals.filter(process=process)
    if wanted.get("scope"):
        proposals = proposals.filter(scope__in=scopes_below(wanted["scope"], list(Scope.objects.all())))
    if wanted.get("topic"):
        proposals = proposals.filter(topic=wanted["topic"])
    sort = wanted.get("sort") or "newest"
    proposals = proposals.sorted_by(sort, seed=shuffle_seed(user, timezone.localdate()))
    proposals = proposals.select_related("process", "author", "scope", "topic")
    drafts = Proposal.objects.filter(status=Proposal.Status.DRAFT, author=user.pk, author__isnull=False)
    params = request.GET.copy()
    params.pop("page", None)
    return {
        "process": process,
        "form": form,
        "query": f"{params.urlencode()}&" if params else "",
        "page": Paginator(proposals, PROPOSALS_A_PAGE).get_page(request.GET.get("page")),
        "drafts": drafts.filter(process=process) if process else drafts,
        "refusal_to_propose": rules.why_not_propose(process, user, at=now) if process else None,
        "phases": phases_of(process, now) if process else [],
        "open_processes": [] if process else _open_for_proposals(user),
        "now": now,
    }


def _open_for_proposals(user: Someone) -> list[Process]:
    now = timezone.now()
    processes = Process.objects.visible_to(user).prefetch_related("phases")
    return [process for process in processes if rules.may_anyone(process, "propose", at=now)]


def detail_page(
    request: HttpRequest,
    proposal: Proposal,
    *,
    form: CommentForm | None = None,
    reply_to: Comment | None = None,
    refusal: Refusal | None = None,
    refusal_of: str = "",
) -> dict[str, Any]:
    """`form` is one that was sent and not accepted; `refusal_of` says what was refused: `comment` or `endorse`."""
    user, now = request.user, timezone.now()
    # The number of the last message is read before the comments: what comes between is then shown twice over, not lost.
    seq = last_seq(proposal.live_topic)
    return {
        "proposal": proposal,
        "process": proposal.process,
        "now": now,
        "seq": seq,
        "since": getattr(proposal, "last_comment_id", None) or 0,
        "phases": phases_of(proposal.process, now),
        # Lazy: the parts of the page that htmx asks for do without the thread.
        "thread": SimpleLazyObject(lambda: read_thread(proposal, **thread_wanted(request.GET, proposal))),
        "totals": SimpleLazyObject(lambda: totals(proposal)),
        "reply_to": reply_to,
        "form": form or CommentForm(proposal=proposal, reply_to=reply_to),
        "endorsed": getattr(proposal, "is_endorsed", False),
        "may_endorse": rules.may_anyone(proposal.process, "endorse", at=now),
        "refusal_to_endorse": rules.why_not_endorse(proposal, user, at=now),
        "refusal_to_comment": rules.why_not_comment(proposal, user, at=now),
        "refusal_to_edit": rules.why_not_edit(proposal, user, at=now),
        "may_comment": rules.may_anyone(proposal.process, "comment", at=now),
        "shows_text": proposal.shows_text_to(user),
        "may_hide": can(user, "content.hide"),
        "refusal": refusal,
        "refusal_of": refusal_of,
    }


def thread_wanted(params: Mapping[str, str], proposal: Proposal) -> dict[str, Any]:
    """`order=oldest`, `from=` a conversation, or `c=` a comment: the page that its conversation begins, which is whole."""
    start, whole = _number(params.get("from")), None
    if (number := _number(params.get("c") or params.get("reply"))) and (
        comment := proposal.comments.filter(pk=number).only("path").first()
    ):
        start = whole = comment.beginning_id
    return {"newest_first": params.get("order") != "oldest", "start": start, "whole": whole}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


def compose_page(
    process: Process,
    form: ProposalForm,
    *,
    proposal: Proposal | None = None,
    refusal: Refusal | None = None,
    preview: bool = False,
) -> dict[str, Any]:
    """Context of the page on which a proposal is written. `preview`: show the text of a valid form as it will look."""
    text = form.text if preview else None
    return {
        "process": process,
        "proposal": proposal,
        "form": form,
        "refusal": refusal,
        "preview": text,
        "closed": refusal is not None and not form.is_bound,
        "phases": phases_of(process, timezone.now()),
        "similar": similar_to(text["title"], text["body"], process, besides=proposal) if text else [],
        "now": timezone.now(),
    }


def similar_to(title: str, body: str, process: Process, *, besides: Proposal | None = None) -> list[Proposal]:
    """Up to three published proposals of the process whose title says much the same as this one's, most alike first."""
    words = words_of(title)
    if not words:
        return []
    mentioned = Q()
    for word in words:
        mentioned |= Q(folded__contains=word)
    candidates = Proposal.objects.published().filter(mentioned, process=process)
    candidates = candidates.exclude(pk=besides.pk if besides else 0).order_by("-endorsements_count", "-pk")
    text = words | words_of(body)

    def likeness(other: Proposal) -> int:
        """Shared words of the titles in per cent of all, and a tenth of that for words that the text shares with it."""
        theirs = words_of(other.title)
        return 100 * len(words & theirs) // len(words | theirs) + 10 * len(text & theirs) // max(len(theirs), 1)

    scored = [(likeness(other), other) for other in candidates[:SIMILAR_CANDIDATES]]
    return [other for score, other in sorted(scored, key=lambda pair: -pair[0]) if score >= 15][:3]
