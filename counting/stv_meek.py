"""stv-meek-prf-v1: the single transferable vote by Meek's method.

Exact rule: docs/reference/results.md. Source: Proportional Representation Foundation, reference Meek rule. Every elected option
keeps just the share of each ballot that leaves it with the quota; when ballots leave the count, the quota falls with them.

The arithmetic is in whole units of 10⁻⁹ votes. What a ballot gives depends only on the elected options it goes through before
the first hopeful one: ballots with the same such *way* are one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from counting import reading
from counting.election import COMMON, check_common, lots, settle
from counting.options import RuleOptions, require_keys
from counting.outcome import Outcome, Round, Tie, votes_text
from counting.profile import OptionId, RankedProfile
from counting.stv import explain, in_order, uncollected

ID = "stv-meek-prf-v1"
DEFAULTS: RuleOptions = {**reading.DEFAULTS, "seats": 1, **COMMON}
DECIMALS = 9
ONE = 10**DECIMALS
OMEGA = ONE // 10**6

Way = tuple[OptionId, ...]


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something."""
    require_keys(options, DEFAULTS)
    check_common(options)
    reading.check(options, overvotes=("exhaust", "skip"))


@uncollected()
def count(
    profile: RankedProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Count round by round until all seats are filled. `candidates` in ballot order, the withdrawn ones too.

    Raises OptionsError, ValueError (`tie_order` is no permutation of the candidates), ProfileError.

    >>> profile = RankedProfile.of([[["a"], ["b"]]] * 4 + [[["c"]]] * 2)
    >>> outcome = count(profile, ["a", "b", "c"], tie_order=["a", "b", "c"], options={**DEFAULTS, "seats": 2})
    >>> outcome.winners, outcome.rounds[1].record()["tallies"]
    (('a', 'c'), {'a': '2.000000004', 'b': '1.999999996', 'c': '2.000000000'})
    >>> outcome.rounds[1].extra["keep"]["a"], outcome.rounds[1].extra["quota"]
    ('0.500000001', '2.000000001')
    """
    check_options(options)
    lot = lots(candidates, tie_order)
    papers = reading.read(profile, candidates, options)
    rounds = _rounds(papers, lot, seats=options["seats"]) if papers.valid else []
    quotas = [Fraction(each.extra["quota"]) for each in rounds]
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order),
        ballots=papers.ballots, blank=papers.blank, rejected=papers.rejected,
        winners=tuple(option for each in rounds for option in each.elected), rounds=tuple(rounds),
        why=explain(candidates, papers.standing, rounds, quotas),
    )  # fmt: skip


class _Ways:
    """The ballots by the elected options they go through, and the hopeful one they then come to, if any."""

    def __init__(self, papers: reading.Papers) -> None:
        self._at: defaultdict[tuple[Way, OptionId], reading.Pile] = defaultdict(list)
        self._over: defaultdict[Way, int] = defaultdict(int)
        for option, pile in papers.first.items():
            self._at[(), option] = pile

    def counts(self) -> list[tuple[Way, OptionId | None, int]]:
        """Each way, the hopeful option at its end, and the number of ballots that go it."""
        going = [(way, option, reading.size(pile)) for (way, option), pile in self._at.items()]
        return [*going, *((way, None, ballots) for way, ballots in self._over.items())]

    def lengthen(self, *, hopeful: frozenset[OptionId], elected: frozenset[OptionId]) -> None:
        """Pass on every ballot that stands at an option which is hopeful no longer."""
        waiting = [(*key, self._at.pop(key)) for key in list(self._at) if key[1] not in hopeful]
        while waiting:
            way, option, pile = waiting.pop()
            if option in elected:
                way = (*way, option)
            to, out = reading.follow(pile, (hopeful | elected).difference(way))
            self._over[way] += sum(out.values())
            for following, more in to.items():
                if following in hopeful:
                    self._at[way, following] += more
                else:
                    waiting.append((way, following, more))


def _rounds(papers: reading.Papers, lot: Mapping[OptionId, int], *, seats: int) -> list[Round]:
    """All rounds of a count with at least one valid ballot."""
    ways = _Ways(papers)
    hopeful = list(papers.standing)
    elected: list[OptionId] = []
    keep = dict.fromkeys(papers.standing, ONE)
    rounds: list[Round] = []
    while True:
        end = _iterate(ways.counts(), keep, hopeful, elected, seats=seats, lot=lot)
        hopeful = [option for option in hopeful if option not in (*end.elected, *end.excluded)]
        elected += end.elected
        rest: tuple[OptionId, ...] = ()
        ties: tuple[Tie, ...] = ()
        if len(elected) + len(hopeful) <= seats:
            rest, ties = in_order(hopeful, places=len(hopeful), tallies=end.tallies, earlier=(), lot=lot)
        rounds.append(
            Round(
                tallies={option: Fraction(units, ONE) for option, units in end.tallies.items()},
                elected=end.elected + rest,
                excluded=end.excluded,
                ties=end.ties + ties,
                exhausted={"unspent": papers.valid - Fraction(sum(end.tallies.values()), ONE)},
                extra={
                    "quota": _text(end.quota),
                    "surplus": _text(end.surplus),
                    "iterations": end.iterations,
                    "keep": {option: _text(keep[option]) for option in end.tallies},
                },
                decimals=DECIMALS,
            )
        )
        if rest or len(elected) == seats:
            return rounds
        keep = {option: factor for option, factor in keep.items() if option not in end.excluded}
        ways.lengthen(hopeful=frozenset(hopeful), elected=frozenset(elected))


@dataclass(frozen=True)
class _End:
    """How the iterations of a round ended. Quantities in units."""

    tallies: Mapping[OptionId, int]
    quota: int
    surplus: int
    iterations: int
    elected: tuple[OptionId, ...] = ()
    excluded: tuple[OptionId, ...] = ()
    ties: tuple[Tie, ...] = ()


def _iterate(
    counts: Sequence[tuple[Way, OptionId | None, int]],
    keep: dict[OptionId, int],
    hopeful: Sequence[OptionId],
    elected: Sequence[OptionId],
    *,
    seats: int,
    lot: Mapping[OptionId, int],
) -> _End:
    """Lower what the elected keep until somebody reaches the quota, or nothing is left to pass on. Changes `keep`; it ends as it
    was used for the tallies.

    With no more options than seats nothing is decided here."""
    iterations, surplus = 1, 0
    while True:
        tallies = _tallies(counts, keep)
        quota = sum(tallies.values()) // (seats + 1) + 1
        if len(keep) <= seats:
            return _End(tallies, quota, surplus, iterations)
        reached = [option for option in hopeful if tallies[option] >= quota]
        if reached:
            now, ties = in_order(reached, places=seats - len(elected), tallies=tallies, earlier=(), lot=lot)
            return _End(tallies, quota, surplus, iterations, elected=now, ties=ties)
        before, surplus = surplus, max(0, sum(tallies[option] - quota for option in elected))
        if surplus < OMEGA or (iterations > 1 and surplus >= before):
            excluded, ties = _lowest(hopeful, tallies, surplus, lot)
            return _End(tallies, quota, surplus, iterations, excluded=excluded, ties=ties)
        for option in elected:
            # rounding can leave an elected option a trifle below the quota: it still keeps no more than all of a ballot
            keep[option] = min(ONE, _up(_up(keep[option] * quota, ONE) * ONE, tallies[option]))
        iterations += 1


def _tallies(counts: Sequence[tuple[Way, OptionId | None, int]], keep: Mapping[OptionId, int]) -> dict[OptionId, int]:
    """What all ballots give, in units, to every option that is not excluded. A hopeful one gets all that is left of a ballot."""
    tallies = dict.fromkeys(keep, 0)
    for way, option, ballots in counts:
        weight = ONE
        for passed in way:
            given = _up(weight * keep[passed], ONE)
            tallies[passed] += given * ballots
            weight -= given
        if option is not None:
            tallies[option] += weight * ballots
    return tallies


def _lowest(
    hopeful: Sequence[OptionId], tallies: Mapping[OptionId, int], surplus: int, lot: Mapping[OptionId, int]
) -> tuple[tuple[OptionId, ...], tuple[Tie, ...]]:
    """Whom a round excludes: those no further from the smallest than the surplus are equal to it."""
    mark = min(tallies[option] for option in hopeful) + surplus
    equal = [option for option in hopeful if tallies[option] <= mark]
    if len(equal) == 1:
        return tuple(equal), ()
    tie = settle("exclude", equal, earlier=(), largest=False, lot=lot)
    return tie.chosen, (tie,)


def _up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def _text(units: int) -> str:
    return votes_text(Fraction(units, ONE), DECIMALS)
