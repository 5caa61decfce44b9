"""stv-scottish-v1: the single transferable vote as Scottish councils are elected, and its relatives.

Exact rule: docs/reference/results.md. Source: SSI 2007/42 schedule 1, rules 45–52 (since 2011 SSI 2011/399). Every ballot an
elected option holds passes on at a lower value, the surplus shared among all of them; what is lost is lost ballot by ballot,
at the fifth decimal.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from counting import reading
from counting.election import COMMON, Votes, check_common, lots, settle
from counting.options import RuleOptions, require_choice, require_keys
from counting.outcome import Outcome, Round, Tie, Transfer, votes_text
from counting.profile import OptionId, RankedProfile
from counting.stv import explain, in_order, uncollected

ID = "stv-scottish-v1"
DEFAULTS: RuleOptions = {**reading.DEFAULTS, "seats": 1, "quota": "droop_int", "decimals": 5, **COMMON}

Parcels = dict[Votes, reading.Pile]
"""The ballots one option holds, by the value of each in units."""


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    quota: `droop_int`, the next whole number above V/(seats + 1); `hare_int`, V/seats rounded down; `nb_exact`, V/(seats + 1),
    rounded up to a unit. decimals: of a vote, 5 or 4; `exact`: fractions.
    """
    require_keys(options, DEFAULTS)
    check_common(options)
    reading.check(options)
    require_choice(options, "quota", ("droop_int", "hare_int", "nb_exact"))
    require_choice(options, "decimals", (5, 4, "exact"))


@uncollected()
def count(
    profile: RankedProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Count stage by stage until all seats are filled. `candidates` in ballot order, the withdrawn ones too.

    Raises OptionsError, ValueError (`tie_order` is no permutation of the candidates), ProfileError.

    >>> profile = RankedProfile.of([[["a"], ["b"]]] * 4 + [[["c"]]] * 2)
    >>> outcome = count(profile, ["a", "b", "c"], tie_order=["a", "b", "c"], options={**DEFAULTS, "seats": 2})
    >>> outcome.winners, outcome.extra["quota"]
    (('a', 'c'), '3.00000')
    >>> [{option: str(votes) for option, votes in each.tallies.items()} for each in outcome.rounds]
    [{'a': '4', 'b': '0', 'c': '2'}, {'a': '3', 'b': '1', 'c': '2'}, {'a': '3', 'c': '2'}]
    """
    check_options(options)
    lot = lots(candidates, tie_order)
    decimals = None if options["decimals"] == "exact" else options["decimals"]
    unit = Fraction(1, 10 ** (decimals or 0))
    papers = reading.read(profile, candidates, options)
    quota = _quota(papers.valid, options, unit)
    rounds = _stages(papers, lot, seats=options["seats"], quota=quota, decimals=decimals) if papers.valid else []
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order),
        ballots=papers.ballots, blank=papers.blank, rejected=papers.rejected,
        winners=tuple(option for stage in rounds for option in stage.elected), rounds=tuple(rounds),
        why=explain(candidates, papers.standing, rounds, [quota * unit] * len(rounds)),
        extra={"quota": votes_text(quota * unit, decimals)},
    )  # fmt: skip


def _quota(valid: int, options: RuleOptions, unit: Fraction) -> Votes:
    """The quota in units."""
    seats: int = options["seats"]
    units = unit.denominator
    if options["quota"] == "droop_int":
        return (valid // (seats + 1) + 1) * units
    if options["quota"] == "hare_int":
        return max(valid // seats, 1) * units
    return Fraction(valid, seats + 1) if options["decimals"] == "exact" else -(-valid * units // (seats + 1))


def _stages(
    papers: reading.Papers, lot: Mapping[OptionId, int], *, seats: int, quota: Votes, decimals: int | None
) -> list[Round]:
    """All stages of a count with at least one valid ballot. In here votes are counted in units: whole numbers, unless the count
    is exact."""
    units = 10 ** (decimals or 0)
    vote = Fraction(1) if decimals is None else units
    piles: dict[OptionId, Parcels] = {option: {vote: papers.first.get(option, [])} for option in papers.standing}
    exhausted: dict[str, Votes] = {reason: papers.rejected.get(reason, 0) * units for reason in reading.REASONS} | {"rounding": 0}
    tallies: dict[OptionId, Votes] = {option: vote * reading.size(parcels[vote]) for option, parcels in piles.items()}
    continuing = list(papers.standing)
    elected: list[OptionId] = []
    earlier: list[Mapping[OptionId, Votes]] = []
    rounds: list[Round] = []

    while True:
        now, ties = _elected(continuing, vacant=seats - len(elected), quota=quota, tallies=tallies, earlier=earlier, lot=lot)
        elected += now
        continuing = [option for option in continuing if option not in now]
        source: OptionId | None = None
        surplus: Votes | None = None
        excluded: tuple[OptionId, ...] = ()
        moved = Transfer({}, {})
        if len(elected) < seats and continuing:
            source, tie = _source(elected, continuing, quota=quota, tallies=tallies, earlier=earlier, lot=lot)
            ties += (tie,) if tie else ()
            if source in elected:
                surplus = tallies[source] - quota
            else:
                excluded = (source,)
                continuing.remove(source)
            moved = _move(piles, source, continuing, tally=tallies[source], surplus=surplus)
        rounds.append(
            Round(
                tallies=_votes(tallies, units),
                elected=now,
                excluded=excluded,
                ties=ties,
                exhausted=_votes(exhausted, units),
                transfers={source: Transfer(_votes(moved.to, units), _votes(moved.exhausted, units))} if source else {},
                extra={"surplus": None if excluded else source},
                decimals=decimals,
            )
        )
        if source is None:
            return rounds
        earlier.append(tallies)
        exhausted = {reason: votes + moved.exhausted.get(reason, 0) for reason, votes in exhausted.items()}
        tallies = {
            option: quota if option == source else votes + moved.to.get(option, 0)
            for option, votes in tallies.items()
            if option not in excluded
        }


def _elected(
    continuing: Sequence[OptionId],
    *,
    vacant: int,
    quota: Votes,
    tallies: Mapping[OptionId, Votes],
    earlier: Sequence[Mapping[OptionId, Votes]],
    lot: Mapping[OptionId, int],
) -> tuple[tuple[OptionId, ...], tuple[Tie, ...]]:
    """Whom a stage elects: those with the quota, then all others when there are no more of them than seats."""
    reached = [option for option in continuing if tallies[option] >= quota]
    now, ties = in_order(reached, places=vacant, tallies=tallies, earlier=earlier, lot=lot)
    rest = [option for option in continuing if option not in now]
    if len(rest) <= vacant - len(now):
        standing, more = in_order(rest, places=len(rest), tallies=tallies, earlier=earlier, lot=lot)
        return now + standing, ties + more
    return now, ties


def _source(
    elected: Sequence[OptionId],
    continuing: Sequence[OptionId],
    *,
    quota: Votes,
    tallies: Mapping[OptionId, Votes],
    earlier: Sequence[Mapping[OptionId, Votes]],
    lot: Mapping[OptionId, int],
) -> tuple[OptionId, Tie | None]:
    """Whose ballots move next: the largest surplus, else the smallest continuing option. And the tie, if there was one."""
    most = max((tallies[option] for option in elected), default=quota)
    surplus = most > quota
    mark = most if surplus else min(tallies[option] for option in continuing)
    equal = [option for option, votes in tallies.items() if votes == mark]  # the elected have the quota, all others less
    if len(equal) == 1:
        return equal[0], None
    tie = settle("surplus" if surplus else "exclude", equal, earlier=earlier, largest=surplus, lot=lot)
    return tie.chosen[0], tie


def _move(
    piles: dict[OptionId, Parcels], source: OptionId, continuing: Sequence[OptionId], *, tally: Votes, surplus: Votes | None
) -> Transfer:
    """Pass on all ballots of `source`, at the value they have, or for a surplus at their share of it. Changes `piles`; the
    transfer is in units."""
    to: dict[OptionId, Votes] = {}
    out: dict[str, Votes] = {}
    receivers = frozenset(continuing)
    for value, pile in piles.pop(source).items():
        if surplus is not None:
            value = surplus * value / tally if isinstance(value, Fraction) else surplus * value // tally
        passed, ended = reading.follow(pile, receivers)
        for option, more in passed.items():
            piles[option].setdefault(value, []).extend(more)
            to[option] = to.get(option, 0) + value * reading.size(more)
        for reason, ballots in ended.items():
            out[reason] = out.get(reason, 0) + value * ballots
    if surplus is not None:
        out["rounding"] = surplus - sum(to.values()) - sum(out.values())
    return Transfer(
        {option: to[option] for option in piles if to.get(option)},
        {reason: out[reason] for reason in (*reading.REASONS, "rounding") if out.get(reason)},
    )


def _votes(units: Mapping[str, Votes], scale: int) -> dict[str, Votes]:
    return {key: Fraction(value, scale) for key, value in units.items()}
