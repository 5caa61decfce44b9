"""The rounds of a transferable vote as a table, as sentences and as a picture, from the published record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.text import number
from voting import figures

Record = Mapping[str, Any]
OUT = ""
"""Stands for the votes that left the count, where an option's key would stand."""


@dataclass(frozen=True)
class Cell:
    votes: str
    change: str
    state: str
    """`elected`, `excluded` (in this round), or empty."""


@dataclass(frozen=True)
class Line:
    """One option through all rounds. `tint`: its colour in picture and table, 0–7."""

    key: str
    title: str
    won: bool
    tint: int
    cells: list[Cell | None]


@dataclass(frozen=True)
class Rounds:
    """`lines`: the elected first, then the others, the longest in the count first. `limits`: quota or threshold by round."""

    lines: list[Line]
    out: list[Cell | None]
    limits: list[str]
    stories: list[list[str]]


def has_rounds(outcome: Record) -> bool:
    return outcome["rule"] in {"irv-v1", "stv-scottish-v1", "stv-meek-prf-v1"} and bool(outcome["rounds"])


def in_order_of_standing(outcome: Record) -> list[str]:
    """Keys: winners in order of election, then who was never excluded, then the last excluded first."""
    rounds = outcome["rounds"]
    excluded = [key for round_ in rounds for key in reversed(round_["excluded"])]
    first = rounds[0]["tallies"]
    last = rounds[-1]["tallies"]
    elected = [key for round_ in rounds for key in round_["elected"]]
    rest = [key for key in first if key not in elected and key not in excluded]
    rest.sort(key=lambda key: -Fraction(last.get(key, "0")))
    return [*elected, *rest, *reversed(excluded)]


def rounds_of(outcome: Record, titles: Mapping[str, str]) -> Rounds:
    rounds = outcome["rounds"]
    elected_at = {key: place for place, round_ in enumerate(rounds) for key in round_["elected"]}
    excluded_at = {key: place for place, round_ in enumerate(rounds) for key in round_["excluded"]}
    lines = []
    for tint, key in enumerate(in_order_of_standing(outcome)):
        values = [Fraction(round_["tallies"][key]) if key in round_["tallies"] else None for round_ in rounds]
        states = [
            "elected" if elected_at.get(key) == place else "excluded" if excluded_at.get(key) == place else ""
            for place in range(len(rounds))
        ]
        lines.append(Line(key, titles[key], key in outcome["winners"], tint % 8, _cells(values, states)))
    gone: list[Fraction | None] = [sum(map(Fraction, round_["exhausted"].values()), Fraction()) for round_ in rounds]
    limits = [figures.votes(outcome.get("quota") or round_.get("quota") or round_["threshold"]) for round_ in rounds]
    stories = [_story(outcome, place, titles) for place in range(len(rounds))]
    return Rounds(lines, _cells(gone, [""] * len(rounds)), limits, stories)


def _cells(values: Sequence[Fraction | None], states: Sequence[str]) -> list[Cell | None]:
    cells: list[Cell | None] = []
    before: Fraction | None = None
    for value, state in zip(values, states, strict=True):
        if value is None:
            cells.append(None)
        else:
            moved = Fraction() if before is None else value - before
            cells.append(Cell(figures.votes(value), figures.change(moved), state))
        before = value
    return cells


def _story(outcome: Record, place: int, titles: Mapping[str, str]) -> list[str]:
    """What happened in one round, in sentences."""
    round_ = outcome["rounds"][place]
    ties = {purpose: [_tie(tie, titles) for tie in round_["ties"] if tie["for"] == purpose] for purpose in _PURPOSES}
    sentences = ties["elect"]
    reached = [key for key in round_["elected"] if _reached(outcome, round_, key)]
    for key in round_["elected"]:
        sentences.append(_elected(outcome, round_, key, titles, reached=key in reached))
    sentences += ties["surplus"]
    if round_.get("surplus") and "keep" not in round_:
        sentences.append(_surplus(outcome, round_, titles))
    sentences += ties["exclude"]
    if len(round_["excluded"]) > 1:
        sentences.append(
            _("%(names)s together have fewer votes than the next one, and leave the count at once.")
            % {"names": _names(round_["excluded"], titles)}
        )
    for key in round_["excluded"]:
        if len(round_["excluded"]) == 1:
            text = (
                _("“%(name)s” leaves the count with %(votes)s.")
                if ties["exclude"]
                else _("“%(name)s” has the fewest votes, %(votes)s, and leaves the count.")
            )
            sentences.append(text % {"name": titles[key], "votes": figures.votes(round_["tallies"][key])})
        if key in round_["transfers"]:
            sentences += _passed_on(round_["transfers"][key], key, titles, several=len(round_["excluded"]) > 1)
    return sentences


def _reached(outcome: Record, round_: Record, key: str) -> bool:
    limit = outcome.get("quota") or round_.get("quota") or round_.get("threshold")
    return limit is not None and Fraction(round_["tallies"][key]) >= Fraction(limit)


def _elected(outcome: Record, round_: Record, key: str, titles: Mapping[str, str], *, reached: bool) -> str:
    params = {"name": titles[key], "votes": figures.votes(round_["tallies"][key])}
    count = figures.grammatical(round_["tallies"][key])
    if outcome["rule"] != "irv-v1":
        if reached:
            params["quota"] = figures.votes(outcome.get("quota") or round_["quota"])
            text = ngettext(
                "“%(name)s” has %(votes)s vote and so reaches the quota of %(quota)s: elected.",
                "“%(name)s” has %(votes)s votes and so reaches the quota of %(quota)s: elected.",
                count,
            )
            return text % params
        text = ngettext(
            "“%(name)s” is elected with %(votes)s vote: no more are left than there are seats.",
            "“%(name)s” is elected with %(votes)s votes: no more are left than there are seats.",
            count,
        )
        return text % params
    if reached:
        params["all"] = figures.votes(sum(map(Fraction, round_["tallies"].values()), Fraction()))
        return _("“%(name)s” has %(votes)s of the %(all)s votes that still count, more than half: elected.") % params
    text = ngettext(
        "“%(name)s” has %(votes)s vote, and nobody else is left who has more: elected.",
        "“%(name)s” has %(votes)s votes, and nobody else is left who has more: elected.",
        count,
    )
    return text % params


def _surplus(outcome: Record, round_: Record, titles: Mapping[str, str]) -> str:
    key = round_["surplus"]
    surplus = Fraction(round_["tallies"][key]) - Fraction(outcome["quota"])
    text = ngettext(
        "“%(name)s” has %(surplus)s vote more than the quota. It goes on to the next preferences: every ballot "
        "passes on its share of it.",
        "“%(name)s” has %(surplus)s votes more than the quota. They go on to the next preferences: every ballot "
        "passes on its share of them.",
        figures.grammatical(surplus),
    )
    return " ".join(
        [
            text % {"name": titles[key], "surplus": figures.votes(surplus)},
            *_passed_on(round_["transfers"].get(key, {"to": {}, "exhausted": {}}), key, titles, several=False),
        ]
    )


def _passed_on(transfer: Record, key: str, titles: Mapping[str, str], *, several: bool) -> list[str]:
    to = sorted(transfer["to"].items(), key=lambda item: -Fraction(item[1]))
    lost = sum((Fraction(value) for reason, value in transfer["exhausted"].items() if reason != "rounding"), Fraction())
    parts = [_("%(votes)s to “%(name)s”") % {"votes": figures.votes(value), "name": titles[other]} for other, value in to[:4]]
    more = sum((Fraction(value) for _other, value in to[4:]), Fraction())
    if more:
        parts.append(_("%(votes)s to others") % {"votes": figures.votes(more)})
    if lost:
        parts.append(_("%(votes)s to nobody, as these ballots name nobody else who is still in") % {"votes": figures.votes(lost)})
    if not parts:
        return []
    listed = _("; ").join(parts)
    if several:
        return [_("From “%(name)s” go: %(parts)s.") % {"name": titles[key], "parts": listed}]
    return [_("Passed on: %(parts)s.") % {"parts": listed}]


def _names(keys: Sequence[str], titles: Mapping[str, str]) -> str:
    quoted = [_("“%(name)s”") % {"name": titles[key]} for key in keys]
    if len(quoted) < 2:
        return "".join(quoted)
    return _("%(names)s and %(last)s") % {"names": _(", ").join(quoted[:-1]), "last": quoted[-1]}


_PURPOSES = ("elect", "surplus", "exclude")


def _tie(tie: Record, titles: Mapping[str, str]) -> str:
    params = {"names": _names(tie["tied"], titles), "chosen": _names(tie["chosen"], titles)}
    if tie["lot"]:
        return _("%(names)s stood equal. The lot fell on %(chosen)s.") % params
    if len(tie["lookback"]) > 1:
        return _("%(names)s stood equal. Their votes in earlier rounds singled out %(chosen)s.") % params
    params["round"] = number(tie["lookback"][0]["round"])
    if tie["for"] == "exclude":
        return _("%(names)s stood equal. In round %(round)s %(chosen)s had fewer.") % params
    return _("%(names)s stood equal. In round %(round)s %(chosen)s had more.") % params


# ------------------------------------------------------------------------------------------------ the picture

HEIGHT, GAP, BAR, NAMES, END, WIDEST = 420, 10, 14, 200, 60, 760
LEAST_STEP, MOST_STEP = 88, 160
MOST_ROUNDS, MOST_OPTIONS = 9, 12


@dataclass(frozen=True)
class Node:
    """A bar: the votes of one option in one round. Positions in pixels of the drawing; `label` beside it."""

    x: int
    y: int
    height: int
    tint: str
    label: str
    label_x: int
    label_y: int
    title: str


@dataclass(frozen=True)
class Flow:
    path: str
    tint: str
    title: str


@dataclass(frozen=True)
class Name:
    x: int
    y: int
    text: str


@dataclass
class Sankey:
    """`first`: the number of the first round shown, from 1; there may be too many to draw."""

    width: int
    height: int
    first: int
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    heads: list[Name] = field(default_factory=list)


Spot = tuple[int, int]
"""Start and height of a bar, from the top."""


def sankey(outcome: Record, titles: Mapping[str, str], *, rtl: bool) -> Sankey | None:
    """How votes move from round to round; None where one round decided, or a rule does not move whole votes."""
    rounds = outcome["rounds"]
    if len(rounds) < 2 or outcome["rule"] == "stv-meek-prf-v1":
        return None
    first = max(0, len(rounds) - MOST_ROUNDS)
    while first < len(rounds) - 2 and len(rounds[first]["tallies"]) > MOST_OPTIONS:
        first += 1
    shown = rounds[first:]
    order = [key for key in in_order_of_standing(outcome) if key in shown[0]["tallies"]]
    tints = {key: str(place % 8) for place, key in enumerate(in_order_of_standing(outcome))} | {OUT: "out"}
    names = {**titles, OUT: _("No longer counting")}
    step = min(MOST_STEP, max(LEAST_STEP, (WIDEST - NAMES - BAR - END) // (len(shown) - 1)))
    width = NAMES + step * (len(shown) - 1) + BAR + END
    drawing = Sankey(width, 0, first + 1)
    columns = [_column(round_, order) for round_ in shown]
    total = max((sum(column.values(), Fraction()) for column in columns), default=Fraction(1)) or Fraction(1)
    spots = [_spots(column, total) for column in columns]
    drawing.height = max(start + height for column in spots for start, height in column.values()) + 30

    def across(x: int, breadth: int = 0) -> int:
        return width - x - breadth if rtl else x

    for place, (column, spot) in enumerate(zip(columns, spots, strict=True)):
        x = NAMES + step * place
        drawing.heads.append(Name(across(x), 14, _("Round %(number)s") % {"number": number(first + place + 1)}))
        for key, value in column.items():
            start, height = spot[key]
            middle = start + height // 2 + 4
            label = figures.decimal(value, 0)
            drawing.nodes.append(Node(across(x, BAR), start, height, tints[key], label, across(x + BAR + 5), middle, names[key]))
            if place == 0:
                drawing.names.append(Name(across(x - 8), middle, Truncator(names[key]).chars(24)))
    for place, (round_, (before, after)) in enumerate(zip(shown, pairwise(spots), strict=False)):
        x = NAMES + step * place
        flows = _flows(round_, columns[place], order)
        drawing.flows += _bands(flows, before, after, total, tints, names, x + BAR, x + step, across)
    return drawing


def _column(round_: Record, order: Sequence[str]) -> dict[str, Fraction]:
    """The votes of a round, top to bottom; those that no longer count at the bottom."""
    column = {key: Fraction(round_["tallies"][key]) for key in order if key in round_["tallies"]}
    gone = sum(map(Fraction, round_["exhausted"].values()), Fraction())
    return column | ({OUT: gone} if gone >= figures.LEAST else {})


def _pixels(value: Fraction, total: Fraction) -> int:
    return int(value * HEIGHT * 2 + total) // int(2 * total) if total else 0


def _spots(column: Mapping[str, Fraction], total: Fraction) -> dict[str, Spot]:
    spots = {}
    top = 30
    for key, value in column.items():
        height = max(1, _pixels(value, total))
        spots[key] = (top, height)
        top += max(height, 14) + GAP
    return spots


def _flows(round_: Record, column: Mapping[str, Fraction], order: Sequence[str]) -> list[tuple[str, str, Fraction]]:
    """(from, to, votes) between a round and the next, in the order of the bars at both ends."""
    flows = []
    for key, value in column.items():
        transfer = round_["transfers"].get(key, {"to": {}, "exhausted": {}})
        moved = {other: Fraction(part) for other, part in transfer["to"].items()}
        lost = sum(map(Fraction, transfer["exhausted"].values()), Fraction())
        stays = value - sum(moved.values(), Fraction()) - lost
        ends = {**moved, OUT: moved.get(OUT, Fraction()) + lost}
        ends[key] = ends.get(key, Fraction()) + stays
        flows += [(key, other, ends[other]) for other in [*order, OUT] if ends.get(other, Fraction()) >= figures.LEAST]
    return flows


def _bands(
    flows: Sequence[tuple[str, str, Fraction]],
    before: Mapping[str, Spot],
    after: Mapping[str, Spot],
    total: Fraction,
    tints: Mapping[str, str],
    names: Mapping[str, str],
    left: int,
    right: int,
    across: Any,
) -> list[Flow]:
    """Bands of even breadth from bar to bar. Offsets are kept exact and rounded last, so that bands do not drift."""
    leaving: dict[str, Fraction] = {}
    arriving: dict[str, Fraction] = {}
    x0, x1 = across(left), across(right)
    middle = (x0 + x1) // 2
    bands = []
    for source, target, value in flows:
        y0 = before[source][0] + _pixels(leaving.get(source, Fraction()), total)
        y1 = after[target][0] + _pixels(arriving.get(target, Fraction()), total)
        leaving[source] = leaving.get(source, Fraction()) + value
        arriving[target] = arriving.get(target, Fraction()) + value
        breadth = max(1, _pixels(value, total))
        path = (
            f"M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}v{breadth}"
            f"C{middle} {y1 + breadth} {middle} {y0 + breadth} {x0} {y0 + breadth}z"
        )
        title = (
            ngettext("%(votes)s stays with “%(name)s”", "%(votes)s stay with “%(name)s”", figures.grammatical(value))
            if source == target
            else _("%(votes)s from “%(name)s” to “%(other)s”")
        ) % {"votes": figures.votes(value), "name": names[source], "other": names[target]}
        bands.append(Flow(path, tints[source], title))
    return bands
