"""A published result: what won, why, how it was counted, and everything needed to check it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language_bidi, gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from common.templatetags.text import number, percent
from voting import charts, downloads, draws, duels, figures, rounds, why, words
from voting.change_history import history, voided_in
from voting.models import Option, Poll, Result
from voting.progress import progress_of


@dataclass
class Row:
    """One option as the result page shows it. `place`: of winners, the order of election or funding; of losers, None.

    `figure` says how it fared in one number ("2,585 first choices"), `share` that number as a share of the ballots.
    """

    option: Option
    votes: Fraction
    figure: str
    share: str
    width: int
    won: bool
    place: int | None
    why: str
    needed: list[str] = field(default_factory=list)


@require_safe
def result(request: HttpRequest, poll_id: str) -> HttpResponse:
    poll = _poll(request, poll_id)
    act = poll.results.first()
    if act is None:
        turnout, roll = poll.board.turnout if hasattr(poll, "board") else 0, poll.voters
        board = {"turnout": turnout, "roll": roll, "turnout_width": charts.width(turnout, roll)}
        return render(request, "voting/result_waiting.html", {"poll": poll, "bound": _bound(poll)} | board)
    options = list(poll.options.select_related("scope", "subject").prefetch_related("deliveries"))
    titles = {option.key: str(option) for option in options}
    rows = _rows(poll, act, options, titles)
    context = {
        "poll": poll,
        "act": act,
        "budgeted": poll.budgeted,
        "outcome": act.outcome,
        "roll": poll.voters,
        "voided": voided_in(poll, act.act),
        "superseded": poll.status != Poll.Status.PUBLISHED,
        "history": history(poll),
        "rejected": sum(act.outcome["input"]["rejected"].values()),
        "quorum_missed": act.outcome["input"]["ballots"] < act.outcome["options"].get("quorum", 0),
        "counting": words.counting_rule(poll),
        "lots": words.lots_drawn(poll),
        "draw": poll.draw.evidence if hasattr(poll, "draw") else None,
        "winners": [row for row in rows if row.won],
        "losers": [row for row in rows if not row.won],
        "rows": rows,
        "source": _compared_with_source(poll, act, titles),
        "progress": [found for row in rows if row.won and (found := progress_of(row.option))],
        "has_pb": "pb" in downloads.kinds_of(poll),
        "base_url": request.build_absolute_uri("/").rstrip("/"),
        "compared": _compared(act, titles),
        **(_how_money_was_spent(poll, act, rows, titles) if poll.budgeted else _how_seats_were_filled(act, titles)),
    }
    return render(request, "voting/result.html", context)


def _poll(request: HttpRequest, poll_id: str) -> Poll:
    polls = Poll.objects.visible_to(request.user).select_related("process__scope", "roll", "board")
    return get_object_or_404(polls, public_id=poll_id)


def _bound(poll: Poll) -> dict[str, Any] | None:
    """Of a poll that awaits its draw: the fingerprint that binds its ballots, and with drand the round that decides."""
    closed = draws.closing(poll) if poll.awaits_draw else None
    if closed is None:
        return None
    bound = {"fingerprint": closed["d"]["ballots_sha256"]}
    if poll.seed_source == Poll.SeedSource.DRAND:
        due, time = draws.due_round(poll, closed_at=closed["t"])
        bound |= {"round": due, "when": datetime.fromtimestamp(time, UTC), "chain": poll.draw_plan["hash"]}
    return bound


def _rows(poll: Poll, act: Result, options: list[Option], titles: dict[str, str]) -> list[Row]:
    """Winners in their order, then the others, the best first."""
    outcome = act.outcome
    places = {key: place for place, key in enumerate(outcome["winners"], start=1)}
    figures_, unit, whole = _figures(poll, act)
    last = len(options) + 1
    standing = {key: place for place, key in enumerate(_standing(outcome), start=1)}
    rows = []
    for option in options:
        value = figures_.get(option.key, Fraction())
        entry = act.why[option.key]
        rows.append(
            Row(
                option=option,
                votes=value,
                figure=unit(value),
                share=percent(int(value), whole) if whole and unit is not _duels_won else "",
                width=charts.width(int(value), whole or int(max(figures_.values(), default=Fraction()))),
                won=option.key in places,
                place=places.get(option.key),
                why=why.why(entry, poll, titles),
                needed=why.needed(entry, poll),
            )
        )
    return sorted(
        rows,
        key=lambda row: (
            row.place or last, standing.get(row.option.key, last), -row.votes, row.option.cost or 0, row.option.position,
        ),
    )  # fmt: skip


def _standing(outcome: dict[str, Any]) -> list[str]:
    """The order that the rule itself gives, where it gives one."""
    if rounds.has_rounds(outcome):
        return rounds.in_order_of_standing(outcome)
    return duels.ranking(outcome) if "matrix" in outcome else []


def _figures(poll: Poll, act: Result) -> tuple[dict[str, Fraction], Callable[[Fraction], str], int]:
    """How each option fared in one number, what that number is called, and what it is a share of (0: nothing)."""
    outcome = act.outcome
    ballots = outcome["input"]["ballots"]
    first = outcome["rounds"][0]["tallies"] if outcome["rounds"] and "tallies" in outcome["rounds"][0] else {}
    exact = {key: Fraction(value) for key, value in first.items()}
    if "matrix" in outcome:
        won = {key: Fraction(count) for key, count in duels.wins(outcome).items()}
        return won, _duels_won, len(won) - 1
    if rounds.has_rounds(outcome):
        return exact, _first_choices, ballots
    if outcome["rule"] in {"borda-v1", "score-v1", "cumulative-v1"}:
        return exact, _points, 0
    if outcome["rule"] == "approval-v1":
        return exact, _votes, ballots
    votes = {key: Fraction(why.votes_of(entry)) for key, entry in act.why.items()}
    return (votes, _votes, ballots) if poll.kind == "approve" else (votes, _points, 0)


def _votes(value: Fraction) -> str:
    return ngettext("%(count)s vote", "%(count)s votes", int(value)) % {"count": figures.votes(value)}


def _first_choices(value: Fraction) -> str:
    return ngettext("%(count)s first choice", "%(count)s first choices", int(value)) % {"count": figures.votes(value)}


def _points(value: Fraction) -> str:
    return ngettext("%(count)s point", "%(count)s points", int(value)) % {"count": figures.votes(value)}


def _duels_won(value: Fraction) -> str:
    if not value:
        return gettext("beats no other one on one")
    text = ngettext("beats %(count)s other one on one", "beats %(count)s others one on one", int(value))
    return text % {"count": figures.votes(value)}


def _compared_with_source(poll: Poll, act: Result, titles: dict[str, str]) -> dict[str, Any] | None:
    """For an imported poll: what the file says was selected, beside what we counted."""
    if not poll.source:
        return None
    theirs, ours = poll.source.get("selected"), act.outcome["winners"]
    compared: dict[str, Any] = {"name": poll.source.get("name", ""), "sha256": poll.source.get("sha256", "")}
    if theirs is not None:
        compared |= {
            "says": True,
            "only_theirs": [titles[key] for key in theirs if key not in ours],
            "only_ours": [titles[key] for key in ours if key not in theirs],
        }
        compared["equal"] = not compared["only_theirs"] and not compared["only_ours"]
    return compared


def _compared(act: Result, titles: dict[str, str]) -> list[dict[str, Any]]:
    """What other rules would give, as it was computed when the result was published; the poll's own rule first."""
    ours = act.outcome["winners"]
    others = [
        {
            "name": words.NAMES.get(rule, rule),
            "winners": [titles[key] for key in winners],
            "same": set(winners) == set(ours),
            "ours": False,
        }
        for rule, winners in act.compared.items()
    ]
    own = {"name": words.NAMES.get(act.outcome["rule"], ""), "winners": [titles[key] for key in ours], "ours": True}
    return [own, *others] if others else []


def _how_seats_were_filled(act: Result, titles: dict[str, str]) -> dict[str, Any]:
    """For rules without a budget: rounds of a transferable vote, duels, or seats filled one after another."""
    outcome = act.outcome
    if rounds.has_rounds(outcome):
        return {
            "rounds": rounds.rounds_of(outcome, titles),
            "picture": rounds.sankey(outcome, titles, rtl=get_language_bidi()),
            "quota": outcome["rule"] != "irv-v1",
        }
    if "matrix" in outcome and outcome["rounds"]:
        small = len(outcome["candidates"]) <= duels.MOST
        pairs = [
            pair
            | {"over": titles[pair["over"]], "under": titles[pair["under"]]}
            | {"votes": number(pair["votes"]), "margin": number(pair["margin"])}
            for pair in (outcome.get("pairs", []) if small else [])
        ]
        return {
            "compared_pairs": True,
            "duels": duels.matrix(outcome, titles) if small else [],
            "paths": duels.matrix(outcome, titles, field="paths") if "paths" in outcome and small else None,
            "pairs": pairs,
            "winner_of_all": titles.get(outcome["condorcet_winner"] or ""),
        }
    if outcome["rule"] in _SEATS and outcome["rounds"]:
        label, explanation = _SEATS[outcome["rule"]]
        return {"seats": _seats(outcome, titles), "seats_label": label, "seats_explanation": explanation}
    return {}


_SEATS = {
    "seqpav-v1": (
        gettext_lazy("Weight"),
        gettext_lazy("Weight: the ballots approving of it; a ballot counts 1/2 once one of its options is elected, "
                     "1/3 after two, and so on."),
    ),
    "seqphragmen-v1": (
        gettext_lazy("Effective votes"),
        gettext_lazy(
            "Effective votes: one seat divided by the burden that each supporter then carries. Whoever carries burdens already "
            "counts for less."
        ),
    ),
    "equal-shares-v1": (
        gettext_lazy("Effective votes"),
        gettext_lazy("Effective votes: one seat divided by the most that one supporter had to pay for it."),
    ),
}


def _seats(outcome: dict[str, Any], titles: dict[str, str]) -> list[dict[str, Any]]:
    """One row for each seat: who, at what value, and who came next then."""
    seats = []
    for place, record in enumerate(outcome["rounds"], start=1):
        (key,) = record["elected"]
        tallies = {other: Fraction(value) for other, value in record["tallies"].items()}
        if outcome["rule"] != "seqpav-v1":
            tallies = {other: 1 / value for other, value in tallies.items()}
        follows = max((other for other in tallies if other != key), key=tallies.__getitem__, default=None)
        seats.append(
            {
                "number": number(place),
                "title": titles[key],
                "value": figures.votes(tallies[key]) if key in tallies else "",
                "tied": any(tie["lot"] for tie in record["ties"]),
                "next": titles[follows] if follows else "",
                "next_value": figures.votes(tallies[follows]) if follows else "",
            }
        )
    return seats


def _how_money_was_spent(poll: Poll, act: Result, rows: list[Row], titles: dict[str, str]) -> dict[str, Any]:
    """The steps of a budget rule, as tables: `purchases` and `runs` of equal shares, `walk` of the greedy rule."""
    purchases, walk, comparison = [], [], []
    budget = act.outcome["budget"]
    left = budget
    pots = {pot["id"]: pot for pot in poll.rule.get("pots") or []}
    for record in act.outcome["rounds"]:
        step = record | {"title": titles[record["option"]], "tied": [titles[key] for key in record["tied"]]}
        if record.get("completion") == "comparison":
            comparison.append(step)
        elif "decision" in record:
            walk.append(step)
        else:
            left -= record["cost"]
            largest = Fraction(record["cost"]) / Fraction(record["effective_votes"])
            purchases.append(
                step
                | {
                    "left": left,
                    "effective": figures.decimal(record["effective_votes"]),
                    "largest": figures.money_exact(str(largest), poll),
                    "average": figures.money_exact(str(Fraction(record["cost"], record["supporters"])), poll),
                }
            )
    return {
        "segments": charts.stack(((titles[row.option.key], row.option.cost or 0) for row in rows if row.won), budget),
        "left": budget - act.outcome["spent"],
        "purchases": purchases,
        "walk": walk,
        "comparison": comparison,
        "pots": bool(pots),
        **_runs(act),
    }


def _runs(act: Result) -> dict[str, Any]:
    """Of the runs with ever larger shares only those where something changed, and the one that was one step too far."""
    runs = [
        run | {"share": figures.decimal(run["voter_budget"], 2), "kept": run["voter_budget"] == act.outcome["voter_budget"]}
        for run in act.outcome.get("runs", [])
    ]
    changed = [
        after for before, after in pairwise(runs) if (before["spent"], before["winners"]) != (after["spent"], after["winners"])
    ]
    shown = [run for run in runs if run is runs[0] or run["kept"] or run is runs[-1] or run in changed]
    return {"runs": shown, "run_count": len(runs), "runs_hidden": len(runs) - len(shown)}
