"""irv-v1: instant run-off. Exclude the smallest and pass its ballots on, until somebody has more than half.

Exact rule: docs/reference/results.md. The law it follows where it says nothing of its own: Maine, 21-A MRSA §723-A.
"""

from collections.abc import Mapping, Sequence

from counting import reading
from counting.election import COMMON, check_common, lots, settle
from counting.options import RuleOptions, require_choice, require_keys
from counting.outcome import Outcome, Round, Tie, Transfer, Why
from counting.profile import OptionId, RankedProfile
from counting.reading import REASONS, Papers, follow, size
from counting.stv import uncollected

ID = "irv-v1"
DEFAULTS: RuleOptions = {**reading.DEFAULTS, "until_two": False, "batch": False, **COMMON}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    until_two: go on until two are left, also after somebody has more than half. batch: exclude together all those who cannot
    catch up with the next one even with each other's ballots. The others are those of `counting.reading`.
    """
    require_keys(options, DEFAULTS)
    reading.check(options)
    require_choice(options, "until_two", (False, True))
    require_choice(options, "batch", (False, True))
    check_common(options)


@uncollected()
def count(
    profile: RankedProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Who has more than half of the ballots that still count, the smallest being excluded round after round.

    `candidates` in ballot order; `tie_order`: a permutation of them, best lot first. The quorum is not looked at here. Raises
    OptionsError, ValueError, ProfileError.

    >>> profile = RankedProfile.of([[["a"], ["b"]]] * 4 + [[["b"]]] * 3 + [[["c"], ["b"]]] * 2)
    >>> outcome = count(profile, ["a", "b", "c"], tie_order=["a", "b", "c"], options=DEFAULTS)
    >>> outcome.winners, [dict(step.tallies) for step in outcome.rounds]
    (('b',), [{'a': 4, 'b': 3, 'c': 2}, {'a': 4, 'b': 5}])
    >>> outcome.why["a"].code, outcome.why["a"].numbers["votes_short"], outcome.why["c"].numbers["moved_to"]
    ('runner_up', 1, 'b')

    `Outcome.why`: `majority`, `more_of_two`, `runner_up`, `excluded`, `withdrawn`, `no_valid_ballot`, with the numbers listed
    in docs/reference/results.md.
    """
    check_options(options)
    lot = lots(candidates, tie_order)
    papers = reading.read(profile, candidates, options)
    rounds = run(papers, lot=lot, until_two=options["until_two"], batch=options["batch"]) if papers.valid else []
    why = _explain(rounds) if rounds else {option: Why(option, False, "no_valid_ballot", {}) for option in papers.standing}
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order), ballots=papers.ballots, blank=papers.blank,
        rejected=papers.rejected, winners=rounds[-1].elected if rounds else (), rounds=tuple(rounds),
        why={option: why.get(option) or Why(option, False, "withdrawn", {}) for option in candidates},
    )  # fmt: skip


def run(papers: Papers, *, lot: Mapping[OptionId, int], until_two: bool, batch: bool) -> list[Round]:
    """All rounds; the last one elects. At least one ballot is valid."""
    piles = papers.first
    tallies = {option: size(piles.get(option, ())) for option in papers.standing}
    exhausted = {reason: papers.rejected.get(reason, 0) for reason in REASONS}
    rounds: list[Round] = []
    while True:
        threshold = {"threshold": str(sum(tallies.values()) // 2 + 1)}
        elected, ties = _elected(tallies, lot=lot, until_two=until_two)
        if elected:
            return [*rounds, Round(tallies, elected=elected, exhausted=exhausted, ties=ties, extra=threshold)]
        excluded = _hopeless(tallies) if batch else ()
        if not excluded:
            excluded, ties = _smallest(tallies, rounds, lot=lot)
        rest = {option: votes for option, votes in tallies.items() if option not in excluded}
        transfers, before = {}, dict(exhausted)
        for option in excluded:
            to, out = follow(piles.pop(option, ()), rest)
            moved = {other: size(to[other]) for other in rest if other in to}
            transfers[option] = Transfer(moved, {reason: out[reason] for reason in REASONS if reason in out})
            for other, ballots in moved.items():
                piles.setdefault(other, []).extend(to[other])
                rest[other] += ballots
            for reason, ballots in out.items():
                exhausted[reason] += ballots
        rounds.append(Round(tallies, excluded=excluded, transfers=transfers, exhausted=before, ties=ties, extra=threshold))
        tallies = rest


def _elected(
    tallies: Mapping[OptionId, int], *, lot: Mapping[OptionId, int], until_two: bool
) -> tuple[tuple[OptionId, ...], tuple[Tie, ...]]:
    """The winner and the tie that made it one, or nobody: the count goes on."""
    if len(tallies) > 2 and until_two:
        return (), ()
    best = max(tallies, key=tallies.__getitem__)
    if 2 * tallies[best] > sum(tallies.values()):
        return (best,), ()
    if len(tallies) > 2:
        return (), ()
    tie = settle("elect", tuple(tallies), earlier=(), largest=True, lot=lot)
    return tie.chosen, (tie,)


def _hopeless(tallies: Mapping[OptionId, int]) -> tuple[OptionId, ...]:
    """The longest run of the smallest, equals together, that add up to less than the next one, leaving at least two: who has
    more than all others together was elected, or the count goes on until two."""
    order = sorted(tallies, key=tallies.__getitem__)  # stable: equals stay in ballot order
    together, hopeless = 0, 0
    for place, option in enumerate(order[:-2], start=1):
        together += tallies[option]
        if together < tallies[order[place]]:
            hopeless = place
    return tuple(order[:hopeless])


def _smallest(
    tallies: Mapping[OptionId, int], rounds: Sequence[Round], *, lot: Mapping[OptionId, int]
) -> tuple[tuple[OptionId, ...], tuple[Tie, ...]]:
    """The one to exclude, and the tie where several were smallest."""
    fewest = min(tallies.values())
    smallest = tuple(option for option, votes in tallies.items() if votes == fewest)
    if len(smallest) == 1:
        return smallest, ()
    tie = settle("exclude", smallest, earlier=[step.tallies for step in rounds], largest=False, lot=lot)
    return tie.chosen, (tie,)


def _explain(rounds: Sequence[Round]) -> dict[OptionId, Why]:
    """Why each of those who were in the count won or lost."""
    why = {}
    for number, step in enumerate(rounds, start=1):
        after = min((option for option in step.tallies if option not in step.excluded), key=step.tallies.__getitem__)
        for option in step.excluded:
            to = step.transfers[option].to
            moved_to = max(to, key=to.__getitem__, default=None)
            votes = step.tallies[option]
            why[option] = Why(option, False, "excluded", {
                "round": number, "votes": votes, "next": after, "next_votes": step.tallies[after],
                "votes_short": step.tallies[after] - votes, "lot": step.lots_used,
                "moved_to": moved_to, "moved": 0 if moved_to is None else to[moved_to],
            })  # fmt: skip
    final, (winner,) = rounds[-1], rounds[-1].elected
    won, all_ = final.tallies[winner], sum(final.tallies.values())
    for option, votes in final.tallies.items():
        if option != winner:
            why[option] = Why(option, False, "runner_up", {
                "round": len(rounds), "votes": votes, "winner": winner, "winner_votes": won, "votes_short": won - votes,
            })  # fmt: skip
    if final.ties:
        rival = next(option for option in final.tallies if option != winner)
        why[winner] = Why(winner, True, "more_of_two", {
            "round": len(rounds), "votes": won, "rival": rival, "rival_votes": final.tallies[rival], "lot": final.lots_used,
        })  # fmt: skip
    else:
        why[winner] = Why(winner, True, "majority", {
            "round": len(rounds), "votes": won, "continuing": all_, "threshold": int(all_) // 2 + 1,
        })  # fmt: skip
    return why
