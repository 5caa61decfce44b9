"""What the rules without a budget share: their checks, settling ties, and seats by score."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from counting.options import OptionsError, RuleOptions, require_whole_number
from counting.outcome import Tie
from counting.profile import OptionId

Votes = int | Fraction
COMMON: RuleOptions = {"quorum": 0}
"""Options of every election rule. `quorum`: with fewer ballots, blank ones included, nobody is elected."""


def check_common(options: RuleOptions) -> None:
    """Raise OptionsError unless `quorum`, and `seats` where the rule has it, mean something."""
    require_whole_number(options, "quorum", at_least=0)
    if "seats" in options:
        require_whole_number(options, "seats", at_least=1)


def check_withdrawn(options: RuleOptions) -> None:
    """Raise OptionsError unless `withdrawn` is a list of different ids."""
    withdrawn = options["withdrawn"]
    if not isinstance(withdrawn, list) or not all(isinstance(option, str) for option in withdrawn):
        raise OptionsError("withdrawn", f"must be a list of ids, not {withdrawn!r}")
    if len(set(withdrawn)) != len(withdrawn):
        raise OptionsError("withdrawn", "names an id twice")


def standing(candidates: Sequence[OptionId], options: RuleOptions) -> tuple[OptionId, ...]:
    """The candidates that were not withdrawn, in ballot order. Raises OptionsError when `withdrawn` names a stranger."""
    gone = set(options["withdrawn"])
    if strangers := sorted(gone - set(candidates)):
        raise OptionsError("withdrawn", f"names {strangers[0]!r}, which is not on the ballot")
    return tuple(option for option in candidates if option not in gone)


def lots(candidates: Sequence[OptionId], tie_order: Sequence[OptionId]) -> dict[OptionId, int]:
    """The lot of each candidate, 0 the best. Raises ValueError unless `tie_order` holds every candidate exactly once."""
    if len(set(candidates)) != len(candidates):
        raise ValueError("a candidate is named twice")
    if sorted(tie_order) != sorted(candidates):
        raise ValueError("tie_order must hold every candidate exactly once")
    return {option: place for place, option in enumerate(tie_order)}


def settle(
    purpose: str,
    tied: Collection[OptionId],
    *,
    earlier: Sequence[Mapping[OptionId, Votes]],
    largest: bool,
    lot: Mapping[OptionId, int],
) -> Tie:
    """Choose one of `tied`: look back round by round for the largest (smallest) total, narrowing; then the best (worst) lot.

    `tied` in ballot order. `earlier`: the tallies of the rounds before this one, the first round first. Only those who are
    still equal at the round just looked at go on to the round before it.

    >>> settle("exclude", ["a", "b", "c"], earlier=[{"a": 1, "b": 2, "c": 1}, {"a": 2, "b": 2, "c": 3}], largest=False,
    ...        lot={"a": 0, "b": 1, "c": 2})
    Tie(purpose='exclude', tied=('a', 'b', 'c'), chosen=('a',), lot=False, lookback=((2, ('a', 'b')), (1, ('a',))))
    """
    left = tuple(tied)
    lookback = []
    best = max if largest else min
    for number in range(len(earlier), 0, -1):
        tallies = earlier[number - 1]
        mark = best(tallies[option] for option in left)
        narrowed = tuple(option for option in left if tallies[option] == mark)
        if len(narrowed) < len(left):
            lookback.append((number, narrowed))
            left = narrowed
    chosen = left[0] if len(left) == 1 else (min if largest else max)(left, key=lot.__getitem__)
    return Tie(purpose, tuple(tied), (chosen,), len(left) > 1, tuple(lookback))


def seats_by_score(
    scores: Mapping[OptionId, Votes], *, seats: int, lot: Mapping[OptionId, int]
) -> tuple[tuple[OptionId, ...], tuple[Tie, ...]]:
    """The `seats` options with the highest scores, best first, and the ties among them: equal scores go by lot.

    Every group of equal scores with at least one of the elected is a tie, also when all of it is elected: the lots made its
    order. `scores` in ballot order.

    >>> seats_by_score({"a": 5, "b": 7, "c": 5}, seats=2, lot={"c": 0, "a": 1, "b": 2})
    (('b', 'c'), (Tie(purpose='elect', tied=('a', 'c'), chosen=('c',), lot=True, lookback=()),))
    """
    groups: defaultdict[Votes, list[OptionId]] = defaultdict(list)
    for option, score in scores.items():
        groups[score].append(option)
    elected: list[OptionId] = []
    ties = []
    for score in sorted(groups, reverse=True):
        if len(elected) == seats:
            break
        chosen = sorted(groups[score], key=lot.__getitem__)[: seats - len(elected)]
        elected += chosen
        if len(groups[score]) > 1:
            ties.append(Tie("elect", tuple(groups[score]), tuple(chosen), True))
    return tuple(elected), tuple(ties)
