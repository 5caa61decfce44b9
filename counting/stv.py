"""What the two rules of the single transferable vote share: the order in which options are elected, and the reasons."""

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction

from counting.election import Votes, settle
from counting.outcome import Round, Tie, Why, votes_text
from counting.profile import OptionId


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for cyclic garbage meanwhile: a count makes none, and with a million ballots in memory every
    look costs more than the count."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def in_order(
    options: Collection[OptionId],
    *,
    places: int,
    tallies: Mapping[OptionId, Votes],
    earlier: Sequence[Mapping[OptionId, Votes]],
    lot: Mapping[OptionId, int],
) -> tuple[tuple[OptionId, ...], tuple[Tie, ...]]:
    """The first `places` of `options` by tally, the largest first; equal ones by looking back at `earlier`, then by lot. And the
    ties: one for every place that two or more equals could take.

    `options` in ballot order; `earlier`: the tallies of the rounds before, the first round first.

    >>> in_order(["a", "b", "c"], places=2, tallies={"a": 2, "b": 5, "c": 2}, earlier=[{"a": 1, "b": 5, "c": 2}], lot={})
    (('b', 'c'), (Tie(purpose='elect', tied=('a', 'c'), chosen=('c',), lot=False, lookback=((1, ('c',)),)),))
    """
    left = list(options)
    order: list[OptionId] = []
    ties = []
    while left and len(order) < places:
        most = max(tallies[option] for option in left)
        equal = [option for option in left if tallies[option] == most]
        if len(equal) > 1:
            tie = settle("elect", equal, earlier=earlier, largest=True, lot=lot)
            ties.append(tie)
            equal = list(tie.chosen)
        order += equal
        left.remove(equal[0])
    return tuple(order), tuple(ties)


def explain(
    candidates: Sequence[OptionId], standing: Collection[OptionId], rounds: Sequence[Round], quotas: Sequence[Fraction]
) -> dict[OptionId, Why]:
    """Why each candidate won or lost, from the rounds and the quota of each (docs/reference/results.md, "Why").

    Quantities of votes are texts as in the rounds.
    """
    why = {}
    for option in candidates:
        if option not in standing:
            why[option] = Why(option, False, "withdrawn", {})
        elif not rounds:
            why[option] = Why(option, False, "no_valid_ballot", {})
        else:
            why[option] = _reason(option, rounds, quotas)
    return why


def _reason(option: OptionId, rounds: Sequence[Round], quotas: Sequence[Fraction]) -> Why:
    number = next((n for n, each in enumerate(rounds, start=1) if option in (*each.elected, *each.excluded)), len(rounds))
    this, quota = rounds[number - 1], quotas[number - 1]
    if option in this.excluded:
        return _excluded(option, number, this)
    votes = this.tallies[option]
    numbers: dict[str, int | Fraction | str | None] = {
        "round": number,
        "votes": votes_text(votes, this.decimals),
        "quota": votes_text(quota, this.decimals),
    }
    if option in this.elected:
        return Why(option, True, "quota" if votes >= quota else "last_standing", numbers)
    numbers["votes_short"] = votes_text(max(quota - votes, Fraction(0)), this.decimals)
    return Why(option, False, "seats_filled", numbers)


def _excluded(option: OptionId, number: int, this: Round) -> Why:
    following = min((other for other in this.tallies if other not in this.excluded), key=this.tallies.__getitem__)
    votes, next_votes = this.tallies[option], this.tallies[following]
    to = this.transfers[option].to if option in this.transfers else {}
    moved_to = max(to, key=to.__getitem__, default=None)
    moved = 0 if moved_to is None else to[moved_to]
    return Why(
        option, False, "excluded",
        {
            "round": number,
            "votes": votes_text(votes, this.decimals),
            "next": following,
            "next_votes": votes_text(next_votes, this.decimals),
            "votes_short": votes_text(max(next_votes - votes, Fraction(0)), this.decimals),
            "lot": any(tie.lot for tie in this.ties if tie.purpose == "exclude"),
            "moved_to": moved_to,
            "moved": votes_text(moved, this.decimals),
        },
    )  # fmt: skip
