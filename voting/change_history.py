"""What two people have changed about a poll since it was announced, as the public log tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.localized import Localized
from common.templatetags.text import number
from merkle import canonical
from votelog import entries, log
from votelog.actions import get_blob
from votelog.models import Blob
from voting import change_rules
from voting.models import Poll
from voting.void_reasons import VOID_REASONS

_SALT = 16
TITLES: dict[str, str | Promise] = {
    "poll.amended": gettext_lazy("The announcement was amended"),
    "roll.changed": gettext_lazy("Places were added to the roll"),
    "ballot.voided": gettext_lazy("A ballot was voided"),
    "poll.extended": gettext_lazy("The poll was extended"),
    "poll.paused": gettext_lazy("Voting was paused"),
    "poll.resumed": gettext_lazy("Voting was resumed"),
    "poll.closed": gettext_lazy("The poll was closed early"),
    "tally.superseded": gettext_lazy("A result act no longer holds"),
}


@dataclass(frozen=True)
class Change:
    """`reason`: None where its text was deleted. `bid`: of a voided ballot."""

    title: str | Promise
    when: datetime
    index: int
    detail: str
    reason: Localized | None
    actors: list[str]
    bid: str = ""


def history(poll: Poll) -> list[Change]:
    """The newest first. What was approved a moment ago is there as soon as it stands in the log."""
    if poll.status == Poll.Status.DRAFT:
        return []
    found = []
    for kind in TITLES:
        for event in log.events(poll.public_id, kind=kind):
            entry = entries.read(event.body)
            if "actors" in entry["d"] and log.is_published(event):
                found.append(_change(kind, event.idx, entry))
    return sorted(found, key=lambda change: change.index, reverse=True)


def voided_in(poll: Poll, act: int) -> int:
    """How many ballots that act of the result left out as void."""
    published = log.recorded(poll.public_id, kind="tally.published")
    return next((int(d["voided"]) for d in published if d["act"] == act), 0)


def _change(kind: str, index: int, entry: dict[str, Any]) -> Change:
    d = entry["d"]
    return Change(
        title=TITLES[kind],
        when=datetime.fromtimestamp(entry["t"], UTC),
        index=index,
        detail=_detail(kind, d),
        reason=_text(d["evidence_sha256"] if kind == "ballot.voided" else d["text_sha256"]),
        actors=d["actors"],
        bid=d.get("bid", ""),
    )


def _detail(kind: str, d: dict[str, Any]) -> str:
    if kind == "poll.extended":
        return _("It closes on %(when)s.") % {"when": change_rules.said(datetime.fromtimestamp(d["closes_at"], UTC))}
    if kind == "roll.changed":
        return _("Places added: %(count)s.") % {"count": number(d["added_count"])}
    if kind == "ballot.voided":
        return str(VOID_REASONS[d["reason_code"]].title)
    if kind == "tally.superseded":
        return _("Act %(act)s; a new one takes its place.") % {"act": number(d["act"])}
    return ""


def _text(name: str) -> Localized | None:
    try:
        text: Localized = canonical.loads(get_blob(name)[_SALT:])
    except Blob.DoesNotExist:
        return None
    return text
