"""What a poll's counting rule says in plain words, in the reader's language. Reads, never decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.templatetags.text import digits, number
from voting.models import Poll

Numbers = Mapping[str, Any]


def counting_rule(poll: Poll) -> list[str]:
    """How the ballots are counted, in sentences; the first ones say the most."""
    writer = _RULES.get(poll.method)
    sentences = writer(poll.rule) if writer else []
    if poll.rule.get("quorum"):
        sentences.append(
            _("The vote counts only if at least %(quorum)s ballots are cast.") % {"quorum": number(poll.rule["quorum"])}
        )
    return sentences


def visibility(poll: Poll) -> str:
    """What everybody sees before the close, in one sentence; empty once that is over."""
    if poll.status in {Poll.Status.CLOSED, Poll.Status.PUBLISHED}:
        return ""
    if poll.visibility == Poll.Visibility.SEALED:
        return _("Until the close everybody sees sealed ballots and the turnout; what the ballots say is shown afterwards.")
    if poll.visibility == Poll.Visibility.TURNOUT:
        return _("Until the close everybody sees the turnout, and nothing else.")
    return _("While voting is on, everybody sees the ballots, without names, and how they add up.")


def lots_to_come(poll: Poll) -> str:
    """Where the lots will come from that decide between equals: said before anybody votes."""
    if poll.seed_source == Poll.SeedSource.PUBLIC_DRAW:
        return _(
            "If two are equal in everything, lots decide. They follow from a draw before witnesses, made after the poll has "
            "closed and the fingerprint of all ballots is published, so nobody can know them before."
        )
    if poll.seed_source == Poll.SeedSource.DRAND:
        return _(
            "If two are equal in everything, lots decide. They follow from the first round of the public randomness service "
            "drand that comes at least ten minutes after the poll has closed, so nobody can know them before."
        )
    return _(
        "If two are equal in everything, lots decide. They follow from a secret of this server, which was sealed before "
        "voting began and is shown with the result, and from the fingerprint of all ballots."
    )


def lots_drawn(poll: Poll) -> str:
    """The same for a published result."""
    if poll.seed_source == Poll.SeedSource.PUBLIC_DRAW:
        return _(
            "Between equals lots decide. They follow from this draw before witnesses. It was recorded after the poll had closed "
            "and the fingerprint of all ballots stood in the public log; nobody could know it before."
        )
    if poll.seed_source == Poll.SeedSource.DRAND:
        return _(
            "Between equals lots decide. They follow from a round of the public randomness service drand, the first one at least "
            "ten minutes after the poll had closed; nobody could know it before."
        )
    return _(
        "Between equals lots decide. They follow from a secret of this server, which was sealed before voting began and stands "
        "in the public log now, and from the fingerprint of all ballots. Outside this server nobody could know them before."
    )


def _greedy(rule: Numbers) -> list[str]:
    sentences = [
        _("Projects take their turn by votes: the one with the most votes first. Among equal votes the cheaper one "
          "goes first."),
        _("A project is funded if the money left pays for all of it. If not, the next one has its turn.")
        if rule.get("mode", "skip") == "skip"
        else _("A project is funded if the money left pays for all of it. At the first one that is too dear, the count ends."),
    ]
    if rule.get("threshold"):
        sentences.append(
            _("A project needs at least %(threshold)s votes to be funded.") % {"threshold": number(rule["threshold"])}
        )
    if rule.get("pots"):
        sentences.append(_("Every district has money of its own, and is counted by itself."))
    if rule.get("groups"):
        sentences.append(_("Of projects that exclude each other only the first one is funded."))
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
    if "comparison" in completion:
        sentences.append(
            _("In the end the outcome is compared with the plain count by votes; if more ballots fare better there, "
              "that one counts.")
        )
    return sentences


def _places(rule: Numbers, one: str, many: str) -> str:
    places = rule.get("seats", 1)
    return (one if places == 1 else many) % {"places": number(places)}


def _approval(rule: Numbers) -> list[str]:
    sentences = [
        _places(rule, _("The option with the most votes wins."), _("The %(places)s options with the most votes win.")),
        _("Among equal numbers of votes a public lot decides."),
    ]
    if rule.get("majority"):
        share = rule["majority"].lstrip(">=")
        text = _("It must have at least %(share)s of all valid ballots.")
        if not rule["majority"].startswith(">="):
            text = _("It must have more than half of all valid ballots.") if Fraction(share) == Fraction(1, 2) else (
                _("It must have more than %(share)s of all valid ballots.")
            )
        sentences.append(text % {"share": digits(share)})
    return sentences


def _points(rule: Numbers) -> list[str]:
    return [
        _places(rule, _("All points are added up; the option with the most wins."),
                _("All points are added up; the %(places)s options with the most win.")),
        _("Points are counted as they were given, never scaled. Among equal sums a public lot decides."),
    ]  # fmt: skip


def _borda(rule: Numbers) -> list[str]:
    return [
        _("On every ballot an option gets one point for each option that stands below it."),
        _places(rule, _("The option with the most points wins."), _("The %(places)s options with the most points win.")),
        _("Whoever is not ranked gets the average of the places that are left.")
        if rule.get("unranked") == "average"
        else _("Whoever is not ranked gets nothing."),
    ]


def _irv(rule: Numbers) -> list[str]:
    return [
        _("Every ballot counts for the option that it ranks first. Whoever has more than half of the votes wins."),
        _(
            "If nobody has, the option with the fewest votes leaves the count, and each of its ballots goes on to the option "
            "that it ranks next. This is repeated until somebody has more than half."
        ),
        _("If two are equal at the bottom, the one that had fewer in the round before leaves; if they never differed, "
          "a public lot decides."),
    ]


def _stv(rule: Numbers) -> list[str]:
    return [
        _places(rule, _("One is to be elected: whoever reaches the quota."),
                _("%(places)s are to be elected. Whoever reaches the quota is in, so that every large enough group gets "
                  "its share.")),
        _("Votes above the quota are not lost: every ballot passes the same part of itself on to the option that it "
          "ranks next."),
        _("When nobody reaches the quota, the option with the fewest votes leaves the count, and its ballots go on to "
          "the next preference."),
    ]  # fmt: skip


def _meek(rule: Numbers) -> list[str]:
    return [
        *_stv(rule)[:1],
        _("Every ballot always counts for all its elected options at once, each keeping just as much of it as it "
          "needs for the quota."),
        _("When nobody reaches the quota, the option with the fewest votes leaves the count, and the quota is computed anew."),
    ]


def _one_on_one(last: Any) -> Callable[[Numbers], list[str]]:
    return lambda rule: [
        _("Everybody is compared with everybody, one on one: who stands higher on more ballots? Whoever beats all the "
          "others wins."),
        str(last),
    ]


def _seqpav(rule: Numbers) -> list[str]:
    return [
        _places(rule, _("One seat is filled."), _("%(places)s seats are filled one after another.")),
        _("A ballot counts fully as long as none of its options is elected, half when one is, a third when two are, "
          "and so on. So groups of voters are represented by their size."),
    ]


def _seqphragmen(rule: Numbers) -> list[str]:
    return [
        _places(rule, _("One seat is filled."), _("%(places)s seats are filled one after another.")),
        _("Every seat is a burden that its supporters share. The next seat goes where the supporters then carry the "
          "least, so groups of voters are represented by their size."),
    ]


def _committee_shares(rule: Numbers) -> list[str]:
    sentences = [
        _places(rule, _("One seat is filled."), _("%(places)s seats are filled one after another.")),
        _("Every ballot holds the same share of the seats. An option is elected when its supporters can pay for a "
          "seat out of their shares; whoever is the cheapest for them goes first."),
    ]  # fmt: skip
    if rule.get("completion") == "seqphragmen":
        sentences.append(_("Seats that remain go where the supporters have spent the least so far."))
    elif rule.get("completion") == "add1":
        sentences.append(_("If seats remain, all shares are raised and the count starts afresh."))
    return sentences


_RULES: Mapping[str, Callable[[Numbers], list[str]]] = {
    "pb-greedy-v1": _greedy,
    "pb-mes-v1": _equal_shares,
    "approval-v1": _approval,
    "score-v1": _points,
    "cumulative-v1": _points,
    "borda-v1": _borda,
    "irv-v1": _irv,
    "stv-scottish-v1": _stv,
    "stv-meek-prf-v1": _meek,
    "schulze-wv-v1": _one_on_one(
        gettext_lazy("If nobody does, defeats are weighed by how many ballots stand behind them: the strongest chain "
                     "of defeats decides (Schulze).")
    ),
    "ranked-pairs-v1": _one_on_one(
        gettext_lazy("If nobody does, the clearest defeats are fixed first, and one that would contradict them is "
                     "left out (ranked pairs).")
    ),
    "seqpav-v1": _seqpav,
    "seqphragmen-v1": _seqphragmen,
    "equal-shares-v1": _committee_shares,
}


NAMES: Mapping[str, Any] = {
    "pb-greedy-v1": gettext_lazy("Most votes first, as long as the money lasts"),
    "pb-mes-v1": gettext_lazy("Method of equal shares"),
    "pb-maxutil-v1": gettext_lazy("As many votes as the money can buy"),
    "approval-v1": gettext_lazy("Most votes"),
    "score-v1": gettext_lazy("Most points"),
    "cumulative-v1": gettext_lazy("Most points"),
    "borda-v1": gettext_lazy("Borda count"),
    "irv-v1": gettext_lazy("Instant runoff"),
    "stv-scottish-v1": gettext_lazy("Single transferable vote (Scottish)"),
    "stv-meek-prf-v1": gettext_lazy("Single transferable vote (Meek)"),
    "schulze-wv-v1": gettext_lazy("Schulze method"),
    "ranked-pairs-v1": gettext_lazy("Ranked pairs"),
    "seqpav-v1": gettext_lazy("Proportional approval, seat by seat"),
    "seqphragmen-v1": gettext_lazy("Phragmén’s method, seat by seat"),
    "equal-shares-v1": gettext_lazy("Equal shares of the seats"),
}
"""What each rule is called on pages."""
