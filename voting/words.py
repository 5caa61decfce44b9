"""What a poll's rules and a result's reasons say in plain words, in the reader's language. Reads, never decides."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.localized import loc
from common.templatetags.text import digits, number
from voting.models import Poll

Numbers = Mapping[str, Any]


def money(amount: int, poll: Poll) -> str:
    """`68,000 PLN`; the space does not break."""
    return f"{number(amount)}\u00a0{loc(poll.currency)}".rstrip("\u00a0")


def is_budgeted(poll: Poll) -> bool:
    """Whether its options cost money. Where every option costs one, `budget` is the number of places and nothing more."""
    return poll.budget is not None and poll.options.filter(cost__gt=1).exists()


def whole(value: int | str) -> int:
    """A number of a result, `"7/2"` or 7, rounded down: what somebody has is never shown as more than it is."""
    return int(Fraction(value) // 1)


def decimal(value: int | str, places: int = 1) -> str:
    """A fraction of a result for people, rounded half up, trailing zeros dropped: `"7/2"` is 3.5."""
    scaled = (Fraction(value) * 10**places * 2 + 1) // 2
    quotient, rest = divmod(int(scaled), 10**places)
    tail = f"{rest:0{places}}".rstrip("0")
    point = "." if number(1) == "1" else "٫"
    return number(quotient) + (point + digits(tail) if tail else "")


def ballot_rule(poll: Poll, *, budgeted: bool) -> str:
    """What may stand on a ballot, in one sentence."""
    limit, cap = poll.max_choices, poll.max_cost
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
    text %= {"limit": number(limit), "cap": money(cap, poll) if cap is not None else ""}
    if poll.min_choices:
        text += " " + _("Choose at least %(limit)s.") % {"limit": number(poll.min_choices)}
    return text


def counting_rule(poll: Poll, *, budgeted: bool) -> list[str]:
    """How the ballots are counted, in sentences."""
    if not budgeted:
        return _most_votes(poll)
    if poll.method == "pb-mes-v1":
        return _equal_shares(poll.rule)
    if poll.method == "pb-greedy-v1":
        return _greedy(poll.rule)
    return []


def _most_votes(poll: Poll) -> list[str]:
    places = poll.budget or 0
    text = ngettext(
        "The option with the most votes is selected.", "The %(places)s options with the most votes are selected.", places
    )
    return [text % {"places": number(places)}]


def _greedy(rule: Numbers) -> list[str]:
    sentences = [
        _("Projects take their turn by votes: the one with the most votes first. Among equal votes the cheaper one goes first."),
        _("A project is funded if the money left pays for all of it. If not, the next one has its turn.")
        if rule.get("mode", "skip") == "skip"
        else _("A project is funded if the money left pays for all of it. At the first one that is too dear, the count ends."),
    ]
    if rule.get("threshold"):
        sentences.append(
            _("A project needs at least %(threshold)s votes to be funded.") % {"threshold": number(rule["threshold"])}
        )
    return sentences


def _equal_shares(rule: Numbers) -> list[str]:
    completion = rule.get("completion", [])
    sentences = [
        _("The budget is divided equally: every ballot holds the same share of the money (the method of equal shares)."),
        _(
            "A project is funded when those who voted for it can pay for it together out of their shares. "
            "The project with the best value for its supporters’ money goes first."
        ),
    ]
    if "add1" in completion:
        sentences.append(
            _(
                "If money remains, all shares are raised a little and the count starts afresh, "
                "until one more step would cost more than the budget."
            )
        )
    if "utilitarian" in completion:
        sentences.append(_("What then remains goes to the projects with the most votes that still fit."))
    return sentences


def why(entry: Numbers, poll: Poll, titles: Mapping[str, str], *, budgeted: bool) -> str:
    """Why one option won or lost. `entry` is one value of `Result.why`; its codes are listed in counting/."""
    if not budgeted and entry["code"] in {"funded", "unaffordable"} and "rank" in entry:
        return _place(entry, poll)
    writer = _WHY.get(entry["code"])
    return writer(entry, poll, titles) if writer else ""


def _place(n: Numbers, poll: Poll) -> str:
    params = {"rank": number(n["rank"]), "places": number(poll.budget)}
    if n["won"]:
        return _("Selected: number %(rank)s by votes.") % params
    return _("Not selected: number %(rank)s by votes, and there was room for %(places)s.") % params


def _funded(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    if "largest_payment" in n:
        return _(
            "Won: its %(supporters)s supporters could pay %(cost)s together. "
            "Nobody had to give more than %(payment)s of their share."
        ) % {
            "supporters": number(n["supporters"]),
            "cost": money(n["cost"], poll),
            "payment": f"{decimal(n['largest_payment'], 2)}\u00a0{loc(poll.currency)}",
        }
    return _("Won: number %(rank)s by votes. It cost %(cost)s, and %(left)s was left when its turn came.") % {
        "rank": number(n["rank"]),
        "cost": money(n["cost"], poll),
        "left": money(n["left"], poll),
    }


def _funded_by_completion(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    return _(
        "Won with money that remained: its supporters’ shares alone were not enough, but %(left)s was left over "
        "when its turn came by votes, and it cost %(cost)s."
    ) % {"left": money(n["left"], poll), "cost": money(n["cost"], poll)}


def _short(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    have = whole(n["supporters_money"])
    text = _(
        "Lost: its %(supporters)s supporters could still put together %(have)s; it cost %(cost)s, so %(missing)s was missing."
    ) % {
        "supporters": number(n["supporters"]),
        "have": money(have, poll),
        "cost": money(n["cost"], poll),
        "missing": money(n["cost"] - have, poll),
    }
    if "missing_money" in n:
        text += " " + _("Of the money that remained, %(left)s was left when its turn came, %(missing)s too little.") % {
            "left": money(n["left"], poll),
            "missing": money(n["missing_money"], poll),
        }
    return text


def _no_support(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    return _("Lost: nobody voted for it.")


def _unaffordable(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    return _(
        "Lost: number %(rank)s by votes. It cost %(cost)s; when its turn came only %(left)s was left, so %(missing)s was missing."
    ) % {
        "rank": number(n["rank"]),
        "cost": money(n["cost"], poll),
        "left": money(n["left"], poll),
        "missing": money(n["missing_money"], poll),
    }


def _below_threshold(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    return _("Lost: it had %(score)s votes, and %(threshold)s were needed to be funded at all.") % {
        "score": number(n["score"]),
        "threshold": number(n["threshold"]),
    }


def _stopped(n: Numbers, poll: Poll, titles: Mapping[str, str]) -> str:
    return _("Lost: the count had already ended at “%(project)s”, the first project that the money left did not cover.") % {
        "project": titles.get(n.get("stopped_by", ""), "")
    }


_WHY = {
    "funded": _funded,
    "funded_by_completion": _funded_by_completion,
    "supporters_money_short": _short,
    "no_support": _no_support,
    "unaffordable": _unaffordable,
    "below_threshold": _below_threshold,
    "stopped": _stopped,
}


def needed(entry: Numbers, poll: Poll, *, budgeted: bool) -> list[str]:
    """For an option that lost: what alone, everything else unchanged, would have made it win."""
    n = entry
    if entry.get("won") or "votes_needed" not in n:
        return []
    sentences = []
    if n["votes_needed"] is not None:
        sentences.append(
            ngettext(
                "%(count)s more vote would have been enough.",
                "%(count)s more votes would have been enough.",
                n["votes_needed"],
            )
            % {"count": number(n["votes_needed"])}
        )
    elif n["cost"] > (poll.budget or 0):
        sentences.append(_("No number of votes could have had it funded: it cost more than the whole budget."))
    if budgeted and n["cost_cut_needed"] is not None:
        sentences.append(
            _("At %(price)s, that is %(cut)s cheaper, it would have been funded with the votes it had.")
            % {"price": money(n["cost"] - n["cost_cut_needed"], poll), "cut": money(n["cost_cut_needed"], poll)}
        )
    return sentences


def votes_of(entry: Numbers) -> int:
    """The approvals (or points) of one project, under whatever name its rule has for them."""
    n = entry
    return int(n.get("supporters", n.get("score", 0)))
