"""stv-meek-prf-v1: the single transferable vote by Meek's method.

Exact rule: docs/reference/results.md. Source: Proportional Representation Foundation, reference Meek rule. Every elected option
keeps just the share of each ballot that leaves it with the quota; when ballots leave the count, the quota falls with them.

The arithmetic is in whole units of 10⁻⁹ votes. What a ballot gives depends only on the elected options it goes through before
the first hopeful one: ballots with the same such *way* are one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from counting import reading
from counting.election import COMMON, check_common, lots, settle
from counting.options import RuleOptions, require_keys
from counting.outcome import Outcome, Round, Tie, votes_text
from counting.profile import OptionId, RankedProfile
from counting.stv import explain, in_order

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
        self._at: defaultdict[tuple[Way, OptionId], list[reading.Bundle]] = defaultdict(list)
        self._over: defaultdict[Way, int] = defaultdict(int)
        to, _ = reading.follow([papers.start], frozenset(papers.standing))
        for option, bundles in to.items():
            self._at[(), option] = bundles

    def counts(self) -> list[tuple[Way, OptionId | None, int]]:
        """Each way, the hopeful option at its end, and the number of ballots that go it."""
        going = [(way, option, sum(bundle.count for bundle in bundles)) for (way, option), bundles in self._at.items()]
        return [*going, *((way, None, ballots) for way, ballots in self._over.items() if way)]

    def lengthen(self, *, hopeful: frozenset[OptionId], elected: frozenset[OptionId]) -> None:
        """Pass on every ballot that stands at an option which is hopeful no longer."""
        waiting = [(*key, self._at.pop(key)) for key in list(self._at) if key[1] not in hopeful]
        while waiting:
            way, option, bundles = waiting.pop()
            if option in elected:
                way = (*way, option)
            to, out = reading.follow(bundles, hopeful | elected)
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
        now: tuple[OptionId, ...] = ()
        excluded: tuple[OptionId, ...] = ()
        ties: tuple[Tie, ...] = ()
        counts = ways.counts()
        surplus, iterations = 0, 0
        while True:
            iterations += 1
            tallies = _tallies(counts, keep)
            quota = sum(tallies.values()) // (seats + 1) + 1
            if len(papers.standing) <= seats:
                break
            reached = [option for option in hopeful if tallies[option] >= quota]
            now, ties = in_order(reached, places=seats - len(elected), tallies=tallies, earlier=(), lot=lot)
            if now:
                break
            before, surplus = surplus, max(0, sum(tallies[option] - quota for option in elected))
            if surplus < OMEGA or (iterations > 1 and surplus >= before):
                excluded, ties = _lowest(hopeful, tallies, surplus, lot)
                break
            keep |= {option: min(ONE, _up(_up(keep[option] * quota, ONE) * ONE, tallies[option])) for option in elected}
        used = dict(keep)
        hopeful = [option for option in hopeful if option not in (*now, *excluded)]
        elected += now
        if len(elected) < seats and len(hopeful) + len(elected) <= seats:
            rest, more = in_order(hopeful, places=len(hopeful), tallies=tallies, earlier=(), lot=lot)
            now, ties, elected = now + rest, ties + more, [*elected, *rest]
        rounds.append(
            Round(
                tallies=_votes(tallies),
                elected=now,
                excluded=excluded,
                ties=ties,
                decimals=DECIMALS,
                exhausted=_votes({"unspent": papers.valid * ONE - sum(tallies.values())}),
                extra={
                    "quota": _text(quota),
                    "surplus": _text(surplus),
                    "iterations": iterations,
                    "keep": {option: _text(used[option]) for option in tallies},
                },
            )
        )
        if len(elected) == seats or not hopeful:
            return rounds
        for option in excluded:
            del keep[option]
        ways.lengthen(hopeful=frozenset(hopeful), elected=frozenset(elected))


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


def _votes(units: Mapping[str, int]) -> dict[str, Fraction]:
    return {name: Fraction(value, ONE) for name, value in units.items()}


def _text(units: int) -> str:
    return votes_text(Fraction(units, ONE), DECIMALS)
