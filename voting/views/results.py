"""A published result: what won, why, how it was counted, and everything needed to check it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from voting import charts, downloads, tabulate, words
from voting.models import Option, Poll, Result
from voting.progress import progress_of


@dataclass
class Row:
    """One option as the result page shows it. `place`: of winners, the order of funding; of losers, None."""

    option: Option
    votes: int
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
        turnout, roll = poll.board.turnout if hasattr(poll, "board") else 0, poll.roll.entries.count()
        board = {"turnout": turnout, "roll": roll, "turnout_width": charts.width(turnout, roll)}
        return render(request, "voting/result_waiting.html", {"poll": poll} | board)
    options = list(poll.options.select_related("scope", "subject").prefetch_related("deliveries"))
    titles = {option.key: str(option) for option in options}
    budgeted = words.is_budgeted(poll)
    rows = _rows(poll, act, options, titles, budgeted=budgeted)
    context = {
        "poll": poll,
        "act": act,
        "budgeted": budgeted,
        "outcome": act.outcome,
        "roll": poll.roll.entries.count(),
        "counting": words.counting_rule(poll, budgeted=budgeted),
        "winners": [row for row in rows if row.won],
        "losers": [row for row in rows if not row.won],
        "rows": rows,
        "segments": charts.stack(((titles[row.option.key], row.option.cost or 0) for row in rows if row.won), poll.budget or 0),
        "left": (poll.budget or 0) - act.outcome["spent"],
        "source": _compared_with_source(poll, act, titles),
        "progress": [found for row in rows if row.won and (found := progress_of(row.option))],
        "base_url": request.build_absolute_uri("/").rstrip("/"),
        **_how_it_was_counted(poll, act, titles),
    }
    return render(request, "voting/result.html", context)


@require_safe
def result_download(request: HttpRequest, poll_id: str, kind: str) -> HttpResponse:
    poll = _poll(request, poll_id)
    act = poll.results.first()
    if act is None:
        raise Http404
    if kind == "json":
        body = downloads.result_json(act)
    elif kind == "csv":
        body = downloads.result_csv(poll, act)
    else:
        body = downloads.result_pb(poll, act, tabulate.profile_of(tabulate.counted(poll)))
    response = HttpResponse(body, content_type=downloads.CONTENT_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="result-{poll.public_id}-{act.act}.{kind}"'
    return response


def _poll(request: HttpRequest, poll_id: str) -> Poll:
    polls = Poll.objects.visible_to(request.user).select_related("process__scope", "roll", "board")
    return get_object_or_404(polls, public_id=poll_id)


def _rows(poll: Poll, act: Result, options: list[Option], titles: dict[str, str], *, budgeted: bool) -> list[Row]:
    """Winners in the order of funding, then the others, most votes first."""
    places = {key: place for place, key in enumerate(act.outcome["winners"], start=1)}
    counted = act.outcome["input"]["ballots"]
    rows = []
    for option in options:
        why = act.why[option.key]
        votes = words.votes_of(why)
        rows.append(
            Row(
                option=option,
                votes=votes,
                width=charts.width(votes, counted),
                won=option.key in places,
                place=places.get(option.key),
                why=words.why(why, poll, titles, budgeted=budgeted),
                needed=words.needed(why, poll, budgeted=budgeted),
            )
        )
    return sorted(rows, key=lambda row: (row.place or len(rows) + 1, -row.votes, row.option.cost or 0, row.option.position))


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


def _how_it_was_counted(poll: Poll, act: Result, titles: dict[str, str]) -> dict[str, Any]:
    """The rounds of the count, as tables: `purchases` and `runs` of equal shares, `walk` of the greedy rule."""
    purchases, walk = [], []
    left = act.outcome["budget"]
    for record in act.outcome["rounds"]:
        step = record | {"title": titles[record["option"]], "tied": [titles[key] for key in record["tied"]]}
        if "decision" in record:
            walk.append(step)
        else:
            left -= record["cost"]
            purchases.append(step | {"left": left, "effective": words.decimal(record["effective_votes"])})
    return {"purchases": purchases, "walk": walk, **_runs(act)}


def _runs(act: Result) -> dict[str, Any]:
    """Of the runs with ever larger shares only those where something changed, and the one that was one step too far."""
    runs = [
        run | {"share": words.decimal(run["voter_budget"], 2), "kept": run["voter_budget"] == act.outcome["voter_budget"]}
        for run in act.outcome.get("runs", [])
    ]
    changed = [
        after for before, after in pairwise(runs) if (before["spent"], before["winners"]) != (after["spent"], after["winners"])
    ]
    shown = [run for run in runs if run is runs[0] or run["kept"] or run is runs[-1] or run in changed]
    return {"runs": shown, "run_count": len(runs), "runs_hidden": len(runs) - len(shown)}
