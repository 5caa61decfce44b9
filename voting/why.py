"""Why an option won or lost, in one or two sentences in the reader's language, from the codes and numbers of a result.

`entry` is one value of `Result.why`; the codes are listed in docs/reference/results.md. Reads, never decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.text import number
from voting.figures import grammatical, money, money_exact, votes, whole
from voting.models import Poll

Numbers = Mapping[str, Any]
Titles = Mapping[str, str]


def why(entry: Numbers, poll: Poll, titles: Titles) -> str:
    writer = _WRITERS.get(entry["code"])
    if writer is None:
        return ""
    sentence = writer(entry, poll, titles)
    if entry.get("lot"):
        sentence += " " + _("Others stood equal; the lot decided.")
    return sentence


def needed(entry: Numbers, poll: Poll) -> list[str]:
    """For a project that lost: what alone, everything else unchanged, would have had it funded."""
    if entry.get("won") or "votes_needed" not in entry:
        return []
    sentences = []
    if entry["votes_needed"] is not None:
        sentences.append(
            ngettext(
                "%(count)s more vote would have been enough.",
                "%(count)s more votes would have been enough.",
                entry["votes_needed"],
            )
            % {"count": number(entry["votes_needed"])}
        )
    elif entry["cost"] > (poll.budget or 0):
        sentences.append(_("No number of votes could have had it funded: it cost more than the whole budget."))
    if entry["cost_cut_needed"] is not None:
        sentences.append(
            _("At %(price)s, that is %(cut)s cheaper, it would have been funded with the votes it had.")
            % {"price": money(entry["cost"] - entry["cost_cut_needed"], poll), "cut": money(entry["cost_cut_needed"], poll)}
        )
    return sentences


def votes_of(entry: Numbers) -> int:
    """The approvals (or points) of one project, under whatever name its rule has for them."""
    return int(entry.get("supporters", entry.get("score", 0)))


def _count(n: Numbers, key: str) -> str:
    return votes(n[key])


def _name(n: Numbers, key: str, titles: Titles) -> str:
    return titles.get(n.get(key) or "", "")


# ------------------------------------------------------------------------------------------- transferable votes


def _majority(n: Numbers, poll: Poll, titles: Titles) -> str:
    if n["round"] == 1:
        text = _("Elected at once: first on %(votes)s of %(all)s ballots, more than half.")
    else:
        text = _("Elected in round %(round)s: %(votes)s of the %(all)s ballots that still counted, more than half.")
    return text % {"round": number(n["round"]), "votes": _count(n, "votes"), "all": _count(n, "continuing")}


def _more_of_two(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Elected in round %(round)s, %(votes)s to %(rival_votes)s against “%(rival)s”, the only other one left.") % {
        "round": number(n["round"]),
        "votes": _count(n, "votes"),
        "rival": _name(n, "rival", titles),
        "rival_votes": votes(n["rival_votes"] or 0),
    }


def _runner_up(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Lost in the last round, %(votes)s to %(winner_votes)s against “%(winner)s”: %(short)s short.") % {
        "votes": _count(n, "votes"),
        "winner": _name(n, "winner", titles),
        "winner_votes": _count(n, "winner_votes"),
        "short": _count(n, "votes_short"),
    }


def _excluded(n: Numbers, poll: Poll, titles: Titles) -> str:
    text = _("Left the count in round %(round)s with the fewest votes, %(votes)s.")
    if n.get("next") and Fraction(n["votes_short"]) > 0:
        text += " " + _("“%(next)s” stayed in with %(next_votes)s, %(short)s more.")
    elif n.get("next") and Fraction(n["next_votes"]) == Fraction(n["votes"]) and not n.get("lot"):
        text += " " + _("“%(next)s” had as many and stayed in, because it had more in an earlier round.")
    if n.get("moved_to"):
        text += " " + _went_on(Fraction(n["moved"]), Fraction(n["votes"]))
    return text % {
        "round": number(n["round"]),
        "votes": _count(n, "votes"),
        "next": _name(n, "next", titles),
        "next_votes": votes(n["next_votes"] or 0),
        "short": votes(n["votes_short"] or 0),
        "moved": votes(n["moved"] or 0),
        "moved_to": _name(n, "moved_to", titles),
    }


def _went_on(moved: Fraction, votes: Fraction) -> str:
    if moved == votes:
        return _("All of its votes went on to “%(moved_to)s”.")
    if moved * 2 > votes:
        return _("Most of its votes, %(moved)s, went on to “%(moved_to)s”.")
    return _("Of its votes %(moved)s went on to “%(moved_to)s”.")


def _quota(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "Elected in round %(round)s: %(votes)s vote, and the quota was %(quota)s.",
        "Elected in round %(round)s: %(votes)s votes, and the quota was %(quota)s.",
        grammatical(n["votes"]),
    ) % {
        "round": number(n["round"]), "votes": _count(n, "votes"), "quota": _count(n, "quota"),
    }  # fmt: skip


def _last_standing(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "Elected in round %(round)s with %(votes)s vote, below the quota of %(quota)s: no more were left than there were seats.",
        "Elected in round %(round)s with %(votes)s votes, below the quota of %(quota)s: no more were left than there were seats.",
        grammatical(n["votes"]),
    ) % {"round": number(n["round"]), "votes": _count(n, "votes"), "quota": _count(n, "quota")}


def _seats_filled(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "All seats were filled in round %(round)s. It had %(votes)s vote then, %(short)s short of the quota.",
        "All seats were filled in round %(round)s. It had %(votes)s votes then, %(short)s short of the quota.",
        grammatical(n["votes"]),
    ) % {
        "round": number(n["round"]), "votes": _count(n, "votes"), "short": _count(n, "votes_short"),
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------- one on one


def _condorcet_winner(n: Numbers, poll: Poll, titles: Titles) -> str:
    if not n.get("closest"):
        return _("Won: there was nobody to beat.")
    return _("Won: one on one it beats everybody. The closest was “%(name)s”: %(votes)s ballots to %(against)s.") % {
        "name": _name(n, "closest", titles), "votes": _count(n, "votes"), "against": _count(n, "against"),
    }  # fmt: skip


def _ranked(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Won: number %(place)s when everybody is compared with everybody.") % {"place": number(n["place"])}


def _ranked_below(n: Numbers, poll: Poll, titles: Titles) -> str:
    params = {
        "place": number(n["place"]), "name": _name(n, "beaten_by", titles),
        "votes": _count(n, "votes"), "against": _count(n, "against"),
    }  # fmt: skip
    if Fraction(n["votes"]) > Fraction(n["against"]):
        return _("Number %(place)s. One on one “%(name)s” beats it, %(votes)s ballots to %(against)s.") % params
    return (
        _(
            "Number %(place)s. One on one it does not lose to “%(name)s” (%(against)s ballots to %(votes)s), "
            "but others beat it that “%(name)s” beats in turn, and these defeats are the clearer ones."
        )
        % params
    )


# --------------------------------------------------------------------------------------------- highest numbers


def _most_votes(n: Numbers, poll: Poll, titles: Titles) -> str:
    count = grammatical(n["votes"])
    return _units(
        poll,
        ngettext("Won: number %(place)s with %(votes)s vote.", "Won: number %(place)s with %(votes)s votes.", count),
        ngettext("Won: number %(place)s with %(votes)s point.", "Won: number %(place)s with %(votes)s points.", count),
    ) % {"votes": _count(n, "votes"), "place": number(n["place"])}


def _fewer_votes(n: Numbers, poll: Poll, titles: Titles) -> str:
    params = {
        "votes": _count(n, "votes"), "place": number(n["place"]), "last_votes": _count(n, "last_votes"),
        "last": _name(n, "last", titles), "short": _count(n, "votes_short"),
    }  # fmt: skip
    count = grammatical(n["votes"])
    had = _units(
        poll,
        ngettext("Number %(place)s with %(votes)s vote.", "Number %(place)s with %(votes)s votes.", count),
        ngettext("Number %(place)s with %(votes)s point.", "Number %(place)s with %(votes)s points.", count),
    )
    needed = _("“%(last)s” won with %(last_votes)s; %(short)s more would have been enough.")
    return f"{had} {needed}" % params


def _units(poll: Poll, of_votes: str, of_points: str) -> str:
    return of_votes if poll.method == "approval-v1" else of_points


def _no_majority(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("%(votes)s of %(valid)s valid ballots; %(needed)s were needed, so %(short)s were missing.") % {
        "votes": _count(n, "votes"), "valid": _count(n, "valid"),
        "needed": _count(n, "needed"), "short": _count(n, "votes_short"),
    }  # fmt: skip


def _no_quorum(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "Nobody is elected: %(ballots)s ballot was cast, and %(quorum)s were needed for the vote to count.",
        "Nobody is elected: %(ballots)s ballots were cast, and %(quorum)s were needed for the vote to count.",
        n["ballots"],
    ) % {
        "ballots": number(n["ballots"]), "quorum": number(n["quorum"]),
    }  # fmt: skip


def _no_valid_ballot(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Nobody is elected: there was no valid ballot.")


def _withdrawn(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Withdrawn before the count.")


# --------------------------------------------------------------------------------------------------- committees


def _elected_in_round(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "Won seat %(round)s: %(supporters)s ballot approves of it, and it had the strongest claim to a seat then.",
        "Won seat %(round)s: %(supporters)s ballots approve of it, and they had the strongest claim to a seat then.",
        n["supporters"],
    ) % {
        "round": number(n["round"]), "supporters": number(n["supporters"]),
    }  # fmt: skip


def _already_represented(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "%(supporters)s ballot approves of it. The last seat went to “%(last)s”, whose supporters had the stronger claim.",
        "%(supporters)s ballots approve of it, but many of them had others elected already. The last seat went to “%(last)s”, "
        "whose supporters had the stronger claim.",
        n["supporters"],
    ) % {"supporters": number(n["supporters"]), "last": _name(n, "last", titles)}


# ------------------------------------------------------------------------------------------------------ budgets


def _funded(n: Numbers, poll: Poll, titles: Titles) -> str:
    if "largest_payment" in n:
        return ngettext(
            "Won: its %(supporters)s supporter could pay %(cost)s, and had to give %(payment)s of the own share.",
            "Won: its %(supporters)s supporters could pay %(cost)s together. "
            "Nobody had to give more than %(payment)s of their share.",
            n["supporters"],
        ) % {
            "supporters": number(n["supporters"]),
            "cost": money(n["cost"], poll),
            "payment": money_exact(n["largest_payment"], poll),
        }
    return _("Won: number %(rank)s by votes. It cost %(cost)s, and %(left)s was left when its turn came.") % {
        "rank": number(n["rank"]),
        "cost": money(n["cost"], poll),
        "left": money(n["left"], poll),
    }


def _funded_by_completion(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _(
        "Won with money that remained: its supporters’ shares alone were not enough, but %(left)s was left over "
        "when its turn came by votes, and it cost %(cost)s."
    ) % {"left": money(n["left"], poll), "cost": money(n["cost"], poll)}


def _short(n: Numbers, poll: Poll, titles: Titles) -> str:
    if poll.budget is None:
        return ngettext(
            "Its %(supporters)s supporter had too little left of the own share for one more seat.",
            "Its %(supporters)s supporters had too little left of their share for one more seat.",
            n["supporters"],
        ) % {"supporters": number(n["supporters"])}
    have = whole(n["supporters_money"])
    text = ngettext(
        "Lost: its %(supporters)s supporter had %(have)s left; it cost %(cost)s, so %(missing)s was missing.",
        "Lost: its %(supporters)s supporters could still put together %(have)s; it cost %(cost)s, so %(missing)s was missing.",
        n["supporters"],
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


def _no_support(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Lost: nobody voted for it.")


def _unaffordable(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _(
        "Lost: number %(rank)s by votes. It cost %(cost)s; when its turn came only %(left)s was left, so %(missing)s was missing."
    ) % {
        "rank": number(n["rank"]),
        "cost": money(n["cost"], poll),
        "left": money(n["left"], poll),
        "missing": money(n["missing_money"], poll),
    }


def _below_threshold(n: Numbers, poll: Poll, titles: Titles) -> str:
    return ngettext(
        "Lost: it had %(score)s vote, and %(threshold)s were needed to be funded at all.",
        "Lost: it had %(score)s votes, and %(threshold)s were needed to be funded at all.",
        n["score"],
    ) % {
        "score": number(n["score"]),
        "threshold": number(n["threshold"]),
    }


def _stopped(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Lost: the count had already ended at “%(project)s”, the first project that the money left did not cover.") % {
        "project": _name(n, "stopped_by", titles)
    }


def _group_taken(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Lost: only one of its group can be built, and “%(project)s” was funded before it.") % {
        "project": _name(n, "group_winner", titles)
    }


def _comparison_lost(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _("Lost in the comparison: %(greedy)s ballots got more of their projects from the plain count by votes, "
             "%(mes)s fewer.") % {
        "greedy": number(n["prefer_greedy"]), "mes": number(n["prefer_mes"]),
    }  # fmt: skip


def _funded_by_comparison(n: Numbers, poll: Poll, titles: Titles) -> str:
    return _(
        "Won in the comparison: it is funded by the plain count by votes, from which %(greedy)s ballots got more of their "
        "projects and %(mes)s fewer."
    ) % {"greedy": number(n["prefer_greedy"]), "mes": number(n["prefer_mes"])}


_WRITERS: Mapping[str, Callable[[Numbers, Poll, Titles], str]] = {
    "majority": _majority,
    "more_of_two": _more_of_two,
    "runner_up": _runner_up,
    "excluded": _excluded,
    "quota": _quota,
    "last_standing": _last_standing,
    "seats_filled": _seats_filled,
    "condorcet_winner": _condorcet_winner,
    "ranked": _ranked,
    "ranked_below": _ranked_below,
    "most_votes": _most_votes,
    "fewer_votes": _fewer_votes,
    "no_majority": _no_majority,
    "no_quorum": _no_quorum,
    "no_valid_ballot": _no_valid_ballot,
    "withdrawn": _withdrawn,
    "elected_in_round": _elected_in_round,
    "already_represented": _already_represented,
    "funded": _funded,
    "funded_by_completion": _funded_by_completion,
    "supporters_money_short": _short,
    "no_support": _no_support,
    "unaffordable": _unaffordable,
    "below_threshold": _below_threshold,
    "stopped": _stopped,
    "group_taken": _group_taken,
    "comparison_lost": _comparison_lost,
    "funded_by_comparison": _funded_by_comparison,
}
