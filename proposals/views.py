"""Pages of proposals and threads."""

from __future__ import annotations

from functools import partial
from typing import cast

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from accounts.permissions import can
from common.refusal import Refusal
from common.views import template_for
from moderation.models import Act
from moderation.views import moderate
from processes.models import Process
from proposals import actions, errors, rules
from proposals.forms import CommentForm, ProposalForm
from proposals.models import Comment, Proposal
from proposals.pages import compose_page, detail_page, list_page, thread_wanted
from proposals.text import language_of
from proposals.thread import news_page, read_thread

LIST = "proposals/proposal_list.html"
DETAIL = "proposals/proposal_detail.html"
COMPOSE = "proposals/proposal_form.html"


def _proposal(request: HttpRequest, pk: int) -> Proposal:
    """The proposal, if this person may see it, with all that its page shows of it."""
    return get_object_or_404(Proposal.objects.visible_to(request.user).for_page(request.user), pk=pk)


def _comment(proposal: Proposal, number: str) -> Comment | None:
    """The comment of this proposal with this number, if it is one."""
    if not number.isdecimal() or len(number) > 18:
        return None
    return proposal.comments.select_related("author").filter(pk=number).first()


def _person(request: HttpRequest) -> User:
    """The reader, who may turn out not to be signed in: then the rules of the action say no."""
    return cast(User, request.user)


def _rights(request: HttpRequest) -> dict[str, bool]:
    return {"may_hide": can(request.user, "content.hide")}


def _check_pace(request: HttpRequest, action: str) -> None:
    """Raises TooFast. How often is often is set in ACCOUNT_RATE_LIMITS."""
    if request.user.is_authenticated and not ratelimit.consume(request, action=action, user=request.user):
        raise errors.TooFast()


@require_safe
@vary_on_headers("HX-Request")
def proposal_list(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    visible = Process.objects.visible_to(request.user).select_related("scope").prefetch_related("phases")
    process = get_object_or_404(visible, slug=slug) if slug else None
    page = template_for(request, LIST, partial="results")
    return render(request, page, list_page(request, process))


@require_safe
@vary_on_headers("HX-Request")
def proposal_detail(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    proposal = _proposal(request, pk)
    if slug != proposal.slug:
        query = request.GET.urlencode()
        return redirect(proposal.get_absolute_url() + (f"?{query}" if query else ""))
    if request.htmx and "from" in request.GET:  # type: ignore[attr-defined]
        thread = read_thread(proposal, **thread_wanted(request.GET, proposal))
        may_comment = rules.may_anyone(proposal.process, "comment", at=timezone.now())
        context = {"proposal": proposal, "thread": thread, "may_comment": may_comment} | _rights(request)
        return render(request, "proposals/thread.html#conversations", context)
    number = request.GET.get("reply", "")
    reply_to = _comment(proposal, number)
    context = detail_page(request, proposal, reply_to=reply_to)
    if request.htmx and "reply" in request.GET:  # type: ignore[attr-defined]
        return render(request, f"{DETAIL}#compose", context) if reply_to else HttpResponse()
    return render(request, DETAIL, context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def proposal_create(request: HttpRequest, slug: str) -> HttpResponse:
    visible = Process.objects.visible_to(request.user).select_related("scope").prefetch_related("phases")
    process = get_object_or_404(visible, slug=slug)
    if request.method != "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        refusal = rules.why_not_propose(process, request.user, at=timezone.now())
        return render(request, COMPOSE, compose_page(process, ProposalForm(process=process), refusal=refusal))
    form, do = ProposalForm(request.POST, process=process), request.POST.get("do")
    if not form.is_valid():
        return render(request, COMPOSE, compose_page(process, form), status=422)
    if do not in {"publish", "draft"}:
        return render(request, COMPOSE, compose_page(process, form, preview=True))
    try:
        _check_pace(request, "proposal_create")
        proposal = actions.create_proposal(
            process=process, author=_person(request), at=timezone.now(), draft=do == "draft", **form.text
        )
    except Refusal as refusal:
        return render(request, COMPOSE, compose_page(process, form, refusal=refusal), status=409)
    messages.success(request, _("Your draft is saved.") if do == "draft" else _("Your proposal is published."))
    return redirect(proposal)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def proposal_edit(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _proposal(request, pk)
    process = proposal.process
    if not proposal.shows_text_to(request.user):
        return redirect("proposals:proposal-short", pk)
    if request.method != "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        refusal = rules.why_not_edit(proposal, request.user, at=timezone.now())
        form = ProposalForm(initial=ProposalForm.initial_of(proposal), process=process)
        return render(request, COMPOSE, compose_page(process, form, proposal=proposal, refusal=refusal))
    form, do = ProposalForm(request.POST, process=process), request.POST.get("do")
    if not form.is_valid():
        return render(request, COMPOSE, compose_page(process, form, proposal=proposal), status=422)
    if do != "save":
        return render(request, COMPOSE, compose_page(process, form, proposal=proposal, preview=True))
    version = form.cleaned_data["version"] or 0
    try:
        _check_pace(request, "proposal_edit")
        actions.edit_proposal(proposal=proposal, by=_person(request), version=version, at=timezone.now(), **form.text)
    except Refusal as refusal:
        if refusal.correctable:
            form = form.again(process=process, version=proposal.version)
        return render(request, COMPOSE, compose_page(process, form, proposal=proposal, refusal=refusal), status=409)
    messages.success(request, _("Your changes are saved."))
    return redirect("proposals:proposal-short", pk)


@require_POST
@never_cache
def proposal_publish(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _proposal(request, pk)
    try:
        actions.publish_proposal(proposal=proposal, by=_person(request), at=timezone.now())
    except Refusal as refusal:
        context = detail_page(request, proposal, refusal=refusal, refusal_of="publish")
        return render(request, DETAIL, context, status=409)
    messages.success(request, _("Your proposal is published."))
    return redirect(proposal)


@require_safe
def proposal_versions(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _proposal(request, pk)
    shown = proposal.shows_text_to(request.user)
    versions = proposal.versions.all() if shown else proposal.versions.none()
    context = {"proposal": proposal, "process": proposal.process, "versions": versions, "shows_text": shown}
    return render(request, "proposals/proposal_versions.html", context)


@require_POST
@never_cache
def proposal_endorse(request: HttpRequest, pk: int, *, withdraw: bool = False) -> HttpResponse:
    proposal = _proposal(request, pk)
    act = actions.withdraw_endorsement if withdraw else actions.endorse
    refused: Refusal | None = None
    try:
        _check_pace(request, "proposal_endorse")
        act(proposal=proposal, by=_person(request), at=timezone.now())
    except Refusal as refusal:
        refused = refusal
    if not refused and not request.htmx:  # type: ignore[attr-defined]
        return redirect(proposal.get_absolute_url() + "#endorse")
    context = detail_page(request, _proposal(request, pk), refusal=refused, refusal_of="endorse")
    return render(request, template_for(request, DETAIL, partial="endorse"), context, status=409 if refused else 200)


def endorsement_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return proposal_endorse(request, pk, withdraw=True)


@require_POST
@never_cache
def comment_create(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _proposal(request, pk)
    number = request.POST.get("parent", "")
    reply_to = _comment(proposal, number)
    form = CommentForm(request.POST, proposal=proposal, reply_to=reply_to)
    page = template_for(request, DETAIL, partial="compose")
    if not form.is_valid():
        return render(request, page, detail_page(request, proposal, form=form, reply_to=reply_to), status=422)
    try:
        _check_pace(request, "comment_create")
        comment = _say(request, proposal, form)
    except Refusal as refusal:
        context = detail_page(request, proposal, form=form, reply_to=reply_to, refusal=refusal, refusal_of="comment")
        return render(request, page, context, status=409)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(comment.get_absolute_url())
    context = detail_page(request, proposal) | news_page(proposal, since=comment.pk - 1)
    return render(request, f"{DETAIL}#said", context | {"said": comment, "reply_to": reply_to})


def _say(request: HttpRequest, proposal: Proposal, form: CommentForm) -> Comment:
    said = form.cleaned_data
    return actions.add_comment(
        proposal=proposal,
        author=_person(request),
        body=said["body"],
        stance=said["stance"],
        language=language_of(said["body"], default=(get_language() or "en")[:2]),
        parent=said["parent"],
        at=timezone.now(),
    )


@require_GET
@never_cache
def comment_news(request: HttpRequest, pk: int) -> HttpResponse:
    """What an open page asks for when it may have missed something: comments above the number that it knows."""
    proposal = _proposal(request, pk)
    since = request.GET.get("since", "0")
    known = int(since) if since.isdecimal() and len(since) <= 18 else 0
    return render(request, "proposals/thread.html#news", news_page(proposal, since=known) | _rights(request))


@require_safe
def comment_short(request: HttpRequest, pk: int) -> HttpResponse:
    """The address of a comment where only its number is known."""
    visible = Comment.objects.filter(proposal__in=Proposal.objects.visible_to(request.user)).select_related("proposal")
    return redirect(get_object_or_404(visible, pk=pk).get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def proposal_moderate(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _proposal(request, pk)
    return moderate(
        request,
        kind=Act.Kind.PROPOSAL,
        number=pk,
        hidden=proposal.hidden,
        text=f"{proposal.title}\n\n{proposal.body}",
        language=proposal.language,
        back=reverse("proposals:proposal-short", args=[pk]),
        hide=partial(actions.hide_proposal, proposal=proposal),
        restore=partial(actions.restore_proposal, proposal=proposal),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def comment_moderate(request: HttpRequest, pk: int) -> HttpResponse:
    visible = Comment.objects.filter(proposal__in=Proposal.objects.visible_to(request.user))
    comment = get_object_or_404(visible.select_related("proposal", "author"), pk=pk)
    return moderate(
        request,
        kind=Act.Kind.COMMENT,
        number=pk,
        hidden=comment.hidden,
        text=comment.body,
        language=comment.language,
        back=comment.get_absolute_url(),
        hide=partial(actions.hide_comment, comment=comment),
        restore=partial(actions.restore_comment, comment=comment),
    )
