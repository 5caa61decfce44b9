"""What may stand on a ballot, and what stands on one, in plain words and in the reader's language. Reads, never decides."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.text import number
from voting import figures, kinds
from voting.models import Poll


def ballot_rule(poll: Poll, *, budgeted: bool) -> str:
    """What may stand on a ballot, in one or two sentences."""
    return _RULES[poll.kind](poll, budgeted)


def _approve(poll: Poll, budgeted: bool) -> str:
    limit, cap = poll.limits["max"], poll.limits["max_cost"]
    if not budgeted and cap is not None:
        limit, cap = min(cap, limit or cap), None
    if cap is not None and limit is not None:
        text = ngettext(
            "Choose %(limit)s project that costs at most %(cap)s.",
            "Choose up to %(limit)s projects that together cost at most %(cap)s.",
            limit,
        )
    elif cap is not None:
        text = _("Choose as many projects as you like, as long as together they cost at most %(cap)s.")
    elif limit is not None:
        text = ngettext("Choose one, or none.", "Choose up to %(limit)s.", limit)
    else:
        text = _("Choose everything that you support, as many as you like.")
    text %= {"limit": number(limit), "cap": figures.money(cap, poll) if cap is not None else ""}
    if poll.limits["min"]:
        text += " " + _("Choose at least %(limit)s.") % {"limit": number(poll.limits["min"])}
    return text


def _rank(poll: Poll, budgeted: bool) -> str:
    least, most = poll.limits["min"], poll.limits["max"]
    text = _("Put the options in your order: 1 for the one you like best, then 2, 3 and so on.")
    if most is None and not least:
        text += " " + _("Rank as many as you like and leave the others empty.")
    elif most is not None:
        text += " " + _("Rank up to %(limit)s.") % {"limit": number(most)}
    if least:
        text += " " + _("Rank at least %(limit)s.") % {"limit": number(least)}
    if poll.limits["ties"]:
        text += " " + _("Two that you like equally may have the same number.")
    return text


def _score(poll: Poll, budgeted: bool) -> str:
    return _(
        "Give each option from 0 to %(max)s points: %(max)s for what you want most, "
        "0 for what you do not want or have no opinion on."
    ) % {"max": number(poll.limits["max"])}


def _alloc(poll: Poll, budgeted: bool) -> str:
    limits = poll.limits
    text = (
        ngettext(
            "You have %(sum)s point. Give it to one option.",
            "You have %(sum)s points. Divide all of them among the options.",
            limits["sum"],
        )
        if limits["exact"]
        else ngettext("You have %(sum)s point to give.", "You have %(sum)s points to divide among the options.", limits["sum"])
    ) % {"sum": number(limits["sum"])}
    if limits["max"] is not None and limits["max"] < limits["sum"]:
        text += " " + _("One option can get at most %(max)s.") % {"max": number(limits["max"])}
    elif limits["sum"] > 1:
        text += " " + _("You may give them all to one.")
    if limits["min"] > 1:
        text += " " + _("Give points to at least %(limit)s options.") % {"limit": number(limits["min"])}
    return text


_RULES = {"approve": _approve, "rank": _rank, "score": _score, "alloc": _alloc}


def closed_gaps(reading: kinds.Reading) -> str:
    """That a ranking was read with its gaps closed; empty when there was none."""
    if reading.closed is None:
        return ""
    wrote, read = (_(", ").join(number(place) for place in places) for places in reading.closed)
    return _("You wrote %(wrote)s. We read this as %(read)s: your order stays the same, without gaps.") % {
        "wrote": wrote,
        "read": read,
    }


def tallies(poll: Poll) -> dict[str, str]:
    """What the live numbers of a poll are: `title` while it is open, `column`, `note` (how they differ from a result)."""
    if poll.kind == "rank":
        return {
            "title": _("First choices so far") if poll.is_open else _("First choices"),
            "column": _("First choices"),
            "note": _(
                "How many ballots put each option first. This is not the result: after the close the further ranks count too."
            ),
        }
    if poll.kind in ("score", "alloc"):
        return {
            "title": _("Points so far") if poll.is_open else _("Points"),
            "column": _("Points"),
            "note": _("All points that each option was given."),
        }
    if not poll.budgeted:
        note = _("How many ballots chose each option. Blank ballots count towards turnout only.")
        return {"title": _("Votes so far") if poll.is_open else _("Votes"), "column": _("Ballots"), "note": note}
    note = _(
        "How many ballots chose each project. This is not the result yet: what is funded also depends on cost and on the "
        "counting rule, and is worked out after the close."
    )
    return {
        "title": _("Votes so far") if poll.is_open else _("Votes"),
        "column": _("Ballots"),
        "note": note,
    }
