"""What observers of a poll see: the same numbers and the same fragment for the page and for the socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from voting import ballot_words, charts
from voting.models import Board, Option, Poll


@dataclass(frozen=True)
class Row:
    option: Option
    votes: int
    width: int


def board_page(poll: Poll) -> dict[str, Any]:
    """Context of `voting/board.html#board`. Tallies that the poll still hides are not in it."""
    board = Board.objects.filter(poll=poll).first() or Board(poll=poll)
    roll = poll.voters
    hidden = poll.visibility != Poll.Visibility.LIVE and poll.status != Poll.Status.PUBLISHED
    points = poll.kind in ("score", "alloc")
    rows: list[Row] = []
    if not hidden and board.tallies:
        options = {option.key: option for option in poll.options.select_related("scope")}
        whole = max(board.tallies.values()) if points else board.turnout  # points have no share of the ballots
        rows = [Row(options[bar.key], bar.votes, bar.width) for bar in charts.tally(board.tallies, options, whole)]
    return {
        "poll": poll,
        "board": board,
        "roll": roll,
        "turnout_width": charts.width(board.turnout, roll),
        "hidden": hidden,
        "budgeted": poll.budgeted,
        "rows": rows,
        "points": points,
        "said": ballot_words.tallies(poll),
        "now": timezone.now(),
    }


def render_board(poll: Poll) -> str:
    """The fragment that `announce(poll.topic, …)` sends, in the active language."""
    return render_to_string("voting/board.html#board", board_page(poll))
