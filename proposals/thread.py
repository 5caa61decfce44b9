"""Reading a thread: pages of conversations, what is new in it, and the fragment that goes to every open page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.template.loader import render_to_string

from proposals.models import Comment, Proposal

BEGINNINGS_A_PAGE = 25
REPLIES_AT_FIRST = 20
NEWS_AT_ONCE = 200


@dataclass
class Shown:
    """A comment with what is shown below it. `answers` is the comment it answers where that is not the one above it."""

    comment: Comment
    replies: list[Shown]
    answers: Comment | None = None
    replies_in_all: int = 0
    """Of the whole conversation, however deep; counted at its beginning only."""
    first_left_out: int | None = None
    """Number of the reply with which what is left out of this conversation starts."""


@dataclass(frozen=True)
class Thread:
    conversations: list[Shown]
    newest_first: bool
    has_several: bool
    """Whether it makes a difference in which order it is read."""
    is_head: bool
    """Whether it starts with the first conversation in this order."""
    next: int | None
    """Number of the conversation with which the next page starts."""


def read_thread(proposal: Proposal, *, newest_first: bool, start: int | None = None, whole: int | None = None) -> Thread:
    """One page of conversations from number `start` on, at most REPLIES_AT_FIRST replies of each; all of conversation `whole`.

    Two queries, however many comments there are.
    """
    comments = proposal.comments.for_display()
    beginnings = list(comments.beginning(newest_first=newest_first, at=start, count=BEGINNINGS_A_PAGE + 1))
    page, rest = beginnings[:BEGINNINGS_A_PAGE], beginnings[BEGINNINGS_A_PAGE:]
    replies = list(comments.replies_to(page)) if page else []
    several = len(page) > 1 or start is not None
    return Thread(_nest(page, replies, whole), newest_first, several, start is None, rest[0].pk if rest else None)


def _nest(beginnings: Sequence[Comment], replies: Sequence[Comment], whole: int | None) -> list[Shown]:
    """`replies` in the order of their paths: what answers a reply that is left out comes after it, and is left out too."""
    comments = {comment.pk: comment for comment in [*beginnings, *replies]}
    shown = {comment.pk: Shown(comment, []) for comment in beginnings}
    for reply in replies:
        beginning = shown[reply.beginning_id]
        beginning.replies_in_all += 1
        if beginning.replies_in_all > REPLIES_AT_FIRST and reply.beginning_id != whole:
            beginning.first_left_out = beginning.first_left_out or reply.pk
            continue
        elsewhere = reply.parent_id if reply.parent_id != reply.shown_under else None
        shown[reply.pk] = Shown(reply, [], comments.get(elsewhere) if elsewhere else None)
        if reply.shown_under is not None:
            shown[reply.shown_under].replies.append(shown[reply.pk])
    return [shown[comment.pk] for comment in beginnings]


def totals(proposal: Proposal) -> dict[str, int]:
    """How many comments that are not hidden take which stance, and what the bar of them needs."""
    counts = dict(proposal.comments.filter(hidden="").order_by().values_list("stance").annotate(count=Count("pk")))
    found = {stance: counts.get(stance, 0) for stance in Comment.Stance.values}
    favour, neutral, against = found["for"], found["neutral"], found["against"]
    return {
        "for": favour,
        "neutral": neutral,
        "against": against,
        "for_and_neutral": favour + neutral,
        "all": favour + neutral + against,
    }


def news_page(proposal: Proposal, *, since: int) -> dict[str, Any]:
    """Context of `proposals/thread.html#news`: comments with a number above `since`, oldest first, without nesting."""
    found = proposal.comments.filter(pk__gt=since).select_related("author", "parent__author").order_by("pk")
    comments = list(found[: NEWS_AT_ONCE + 1])
    news = [
        Shown(comment, [], comment.parent if comment.parent_id != comment.shown_under else None)
        for comment in comments[:NEWS_AT_ONCE]
    ]
    return {
        "proposal": proposal,
        "news": news,
        "has_more": len(comments) > NEWS_AT_ONCE,
        "totals": totals(proposal),
        "may_comment": True,
    }


def render_new_comment(comment: Comment) -> str:
    """What every open page of the thread is sent, in the active language."""
    proposal = Proposal.objects.get(pk=comment.proposal_id)
    context = news_page(proposal, since=comment.pk - 1)
    return render_to_string("proposals/thread.html#news", context | {"news": context["news"][:1], "has_more": False})
