"""Changes to a poll as `approvals` knows them: what is asked before, what people read, and the action of `voting.changes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi, gettext_lazy
from django.utils.translation import gettext as _

from approvals.kinds import KINDS, Done, Kind, Order, Shown
from common.refusal import Refusal
from common.templatetags.text import moment, number
from processes.models import Phase
from voting import change_rules, changes
from voting.models import Option, Poll
from voting.templatetags.money import money
from voting.void_reasons import VOID_REASONS

Line = tuple[str | Promise, object]
Lines = Sequence[Line]


def poll_of(order: Order) -> Poll:
    return Poll.objects.select_related("roll", "process").get(public_id=order.subject)


def _when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _by(order: Order) -> dict[str, Any]:
    return {"reason": order.reason, "actors": order.actors, "at": order.at}


# --- amend


def _why_not_amend(order: Order) -> Refusal | None:
    poll = poll_of(order)
    if refusal := change_rules.why_not_amend(poll):
        return refusal
    try:
        changes.amended(poll, order.arguments, at=order.at)
    except Refusal as refusal:
        return refusal
    return None


def _amend(order: Order) -> Done:
    changes.amend_poll(poll=poll_of(order), fields=order.arguments, **_by(order))
    return Done()


def _amended_lines(poll: Poll, fields: dict[str, Any]) -> Iterator[Line]:
    """Each thing that would be different, as it was and as it would be."""
    names = {"title": _("Title"), "question": _("Question"), "rule": _("Options of the counting rule"), "ballot": _("Ballot")}
    for name, label in names.items():
        if name in fields and fields[name] != getattr(poll, name):
            before, after = getattr(poll, name), fields[name]
            if name == "ballot":
                before, after = poll.limits, next(iter(after.values()))
            keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
            for key in keys:
                yield f"{label} ({key})", _arrow(_plain(before.get(key)), _plain(after.get(key)))
    for name, label in {"opens_at": _("Opens"), "closes_at": _("Closes")}.items():
        if name in fields and fields[name] != int(getattr(poll, name).timestamp()):
            yield label, _arrow(moment(getattr(poll, name)), moment(_when(fields[name])))
    if "budget" in fields and fields["budget"] != poll.budget:
        yield _("Budget"), _arrow(money(poll.budget, poll), money(fields["budget"], poll))
    for option in Option.objects.filter(poll=poll, key__in=fields.get("options", {})):
        change = fields["options"][option.key]
        for language, text in change.get("title", option.title).items():
            if text != option.title.get(language):
                yield f"{option.key} ({language})", _arrow(_plain(option.title.get(language)), text)
        if change.get("cost", option.cost) != option.cost:
            yield _("Cost of %(option)s") % {"option": option}, _arrow(money(option.cost, poll), money(change["cost"], poll))


def _arrow(before: str, after: str) -> SafeString:
    """In the direction in which the page is read."""
    return format_html("<bdi>{}</bdi> {} <bdi>{}</bdi>", before, "←" if get_language_bidi() else "→", after)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "–" if value in (None, "") else number(value) if isinstance(value, int) else str(value)


def _amend_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    return list(_amended_lines(poll, order.arguments)), [
        _("The poll is announced anew. The old announcement stays readable in the public log."),
        _("Voting has not begun, so no ballot is affected."),
    ]


# --- extend


def _why_not_extend(order: Order) -> Refusal | None:
    return change_rules.why_not_extend(poll_of(order), closes_at=_when(order.arguments["closes_at"]), at=order.at)


def _extend(order: Order) -> Done:
    changes.extend_poll(poll=poll_of(order), closes_at=_when(order.arguments["closes_at"]), **_by(order))
    return Done()


def _extend_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    closes_at = _when(order.arguments["closes_at"])
    said = [
        _("Voting goes on until then. Ballots that are cast stay cast; where the poll allows it they may still be changed."),
        _("Ballots are promised to stand in the public log a while after the close: that moment moves as well."),
    ]
    phase = poll.process.phase_at(order.at)
    if phase is not None and phase.type == Phase.Type.VOTE and phase.ends_at < closes_at:
        when = change_rules.said(phase.ends_at)
        warning = _("Take care: the voting phase of the process ends on %(when)s. After that nobody can vote.")
        said.append(warning % {"when": when})
    return [(_("Closes so far"), moment(poll.closes_at)), (_("Would close"), moment(closes_at))], said


# --- pause, resume, close


def _pause(order: Order) -> Done:
    changes.pause_poll(poll=poll_of(order), **_by(order))
    return Done()


def _pause_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    return [(_("Closes"), moment(poll.closes_at))], [
        _("Nobody can cast or change a ballot until two people resume the poll. Whoever tries reads that it is paused."),
        _("The close stays when it was: without resuming, the poll closes paused. Extend it where time was lost."),
    ]


def _resume(order: Order) -> Done:
    changes.resume_poll(poll=poll_of(order), **_by(order))
    return Done()


def _resume_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    return [(_("Closes"), moment(poll.closes_at))], [_("Ballots are accepted again from that moment on, until the close.")]


def _close(order: Order) -> Done:
    changes.close_poll_early(poll=poll_of(order), **_by(order))
    return Done()


def _close_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    return [(_("Was to stay open until"), moment(poll.closes_at))], [
        _("Nobody can cast or change a ballot from then on. This cannot be undone."),
        _("The public log will say that the poll was closed by hand, and why."),
        _("Counting and publishing follow by themselves within a few seconds."),
    ]


# --- void, supersede


def _why_not_void(order: Order) -> Refusal | None:
    return change_rules.why_not_void(poll_of(order), bid=order.arguments["bid"], at=order.at)


def _void(order: Order) -> Done:
    bid, code = order.arguments["bid"], order.arguments["reason_code"]
    changes.void_ballot(poll=poll_of(order), bid=bid, reason_code=code, **_by(order))
    return Done()


def _void_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    why = VOID_REASONS[order.arguments["reason_code"]]
    lines = [(_("Receipt number"), order.arguments["bid"]), (_("Why"), why.title), (_("Rule, as published"), why.rule)]
    said = [
        _("The ballot stays in the public log and is not counted. An earlier ballot that it replaced does not come back."),
        _("Whoever has the receipt number reads on its page that the ballot is void, and why."),
        _("What the ballot says is not shown here: it must not matter."),
        _("Write nothing into the reason from which the voter could be recognised: it cannot be taken back."),
    ]
    if poll.status == Poll.Status.PUBLISHED:
        said.append(_("The published result no longer holds. A new act is counted and published, with the same lots."))
    return lines, said


def _why_not_supersede(order: Order) -> Refusal | None:
    return change_rules.why_not_supersede(poll_of(order), at=order.at)


def _supersede(order: Order) -> Done:
    changes.supersede_result(poll=poll_of(order), **_by(order))
    return Done()


def _supersede_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    newest = poll.results.first()
    return [(_("Result act that would no longer hold"), number(newest.act) if newest else "–")], [
        _("The ballots are counted again and a new act is published, with the same lots and without the ballots that are void."),
        _("The old act stays readable in the public log."),
    ]


# --- places


def _why_not_add_places(order: Order) -> Refusal | None:
    poll = poll_of(order)
    count = order.arguments["count"]
    return change_rules.why_not_add_places(poll, changes.on_the_same_roll(poll), count=count, at=order.at)


def _add_places(order: Order) -> Done:
    codes = changes.add_places(poll=poll_of(order), count=order.arguments["count"], **_by(order))
    return Done(codes=codes)


def _places_shown(order: Order, poll: Poll) -> tuple[Lines, Sequence[str]]:
    others = [other for other in changes.on_the_same_roll(poll) if other != poll]
    lines: list[Line] = [
        (_("Places now"), number(poll.voters)),
        (_("Places to be added"), number(order.arguments["count"])),
        *((_("Also in the poll"), str(other)) for other in others),
    ]
    return lines, [
        _("Each place gets an invitation code. Whoever approves is shown the codes once; they are kept nowhere."),
        _("The places are on the roll from then on, also for polls that open later on the same roll."),
        _("Everybody can see in the public log that places were added while the poll was open, and how many."),
        _("Ballots from these places can be told from all others there. Where only one of them is used, its ballot is known."),
    ]


def _shown(
    types: Sequence[str], say: Callable[[Order, Poll], tuple[Lines, Sequence[str]]]
) -> Callable[[Order], Shown]:
    def shown(order: Order) -> Shown:
        poll = poll_of(order)
        lines, consequences = say(order, poll)
        entries = [*types, "tally.superseded"] if types == ["ballot.voided"] and poll.status == Poll.Status.PUBLISHED else types
        return Shown(str(poll), reverse("voting:changes", args=[poll.public_id]), lines, consequences, entries)

    return shown


def _about(rule: Callable[..., Refusal | None]) -> Callable[[Order], Refusal | None]:
    return lambda order: rule(poll_of(order), at=order.at)


RIGHT = "poll.change"
CHANGES: dict[str, Kind] = {
    "poll.amend": Kind(
        gettext_lazy("Amend the announcement"), RIGHT, _why_not_amend, _amend, _shown(["poll.amended"], _amend_shown)
    ),
    "poll.extend": Kind(
        gettext_lazy("Extend the poll"), RIGHT, _why_not_extend, _extend, _shown(["poll.extended"], _extend_shown)
    ),
    "poll.pause": Kind(
        gettext_lazy("Pause voting"), RIGHT, _about(change_rules.why_not_pause), _pause, _shown(["poll.paused"], _pause_shown)
    ),
    "poll.resume": Kind(
        gettext_lazy("Resume voting"),
        RIGHT,
        _about(change_rules.why_not_resume),
        _resume,
        _shown(["poll.resumed"], _resume_shown),
    ),
    "poll.close": Kind(
        gettext_lazy("Close the poll early"),
        RIGHT,
        _about(change_rules.why_not_close_early),
        _close,
        _shown(["poll.closed"], _close_shown),
    ),
    "poll.void": Kind(gettext_lazy("Void a ballot"), RIGHT, _why_not_void, _void, _shown(["ballot.voided"], _void_shown)),
    "poll.add-places": Kind(
        gettext_lazy("Add places to the roll"),
        RIGHT,
        _why_not_add_places,
        _add_places,
        _shown(["roll.changed", "credentials.committed"], _places_shown),
    ),
    "poll.supersede": Kind(
        gettext_lazy("Count again and publish a new result act"),
        RIGHT,
        _why_not_supersede,
        _supersede,
        _shown(["tally.superseded", "tally.published"], _supersede_shown),
    ),
}


def register() -> None:
    KINDS.update(CHANGES)


def why_not_ask(action: str, poll: Poll, *, at: datetime) -> Refusal | None:
    """Whether the moment is right for asking at all, whatever is filled in then."""
    if action == "poll.amend":
        return change_rules.why_not_amend(poll)
    by_moment: dict[str, Callable[..., Refusal | None]] = {
        "poll.pause": change_rules.why_not_pause,
        "poll.resume": change_rules.why_not_resume,
        "poll.void": change_rules.why_not_void_any,
        "poll.supersede": change_rules.why_not_supersede,
    }
    return by_moment.get(action, change_rules.why_not_close_early)(poll, at=at)
