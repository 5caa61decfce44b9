"""seqphragmen-v1: Phragmén's sequential rule (1894).

Electing an option costs a load of 1, shared by the ballots approving of it; each seat goes where the ballots that carry it
end with the smallest load. Sources: Phragmén 1894, in Janson, "Phragmén's and Thiele's election methods" (2016),
arXiv 1611.08826; Brill, Freeman, Janson and Lackner, "Phragmén's Voting Methods and Justified Representation" (2024),
arXiv 2102.12305; exact text docs/reference/results.md.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Any

from counting.committee import DEFAULTS, Electorate, check_options, elected_in, explain
from counting.options import RuleOptions
from counting.outcome import Outcome, Round
from counting.profile import ApprovalProfile, OptionId

__all__ = ["DEFAULTS", "ID", "check_options", "count", "fill_seats"]

ID = "seqphragmen-v1"


def count(
    profile: ApprovalProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Fill `seats` one after another. `candidates` in ballot order; `tie_order` holds each once, best lot first.

    Equal: more approvals, then the best lot; options nobody approves come last, by lot. Raises OptionsError, ValueError,
    ProfileError. `Outcome.why`: committee.explain.

    >>> profile = ApprovalProfile.of([["hill", "peak"]] * 6 + [["sea"]] * 4)
    >>> outcome = count(profile, ["hill", "peak", "sea"], tie_order=["peak", "hill", "sea"], options={"seats": 2, "quorum": 0})
    >>> [{option: str(load) for option, load in step.tallies.items()} for step in outcome.rounds]
    [{'hill': '1/6', 'peak': '1/6', 'sea': '1/4'}, {'hill': '1/3', 'sea': '1/4'}]
    >>> outcome.winners, outcome.lots_used
    (('peak', 'sea'), True)
    """
    check_options(options)
    electorate = Electorate.of(profile, candidates, tie_order)
    rounds: list[Round] = []
    if profile.valid:
        rounds = fill_seats(electorate, candidates, loads=[0] * len(electorate.weights), scale=1, seats=options["seats"])
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=elected_in(rounds), rounds=tuple(rounds), why=explain(rounds, electorate),
    )  # fmt: skip


def fill_seats(
    electorate: Electorate, candidates: Sequence[OptionId], *, loads: Sequence[int], scale: int, seats: int, **extra: Any
) -> list[Round]:
    """The rounds that elect `seats` of `candidates`, or all of them. `loads`: what a ballot of each group carries at the
    start, in units of 1/`scale`; `extra` stands in every round."""
    carried, rest = list(loads), list(candidates)
    rounds: list[Round] = []
    while rest and len(rounds) < seats:
        tallies = {
            option: Fraction(
                scale + sum(electorate.weights[group] * carried[group] for group in electorate.supporters[option]),
                electorate.approvals[option] * scale,
            )
            for option in rest
            if electorate.approvals[option]
        }
        best = min(tallies.values(), default=None)
        rounds.append(electorate.elect(tallies, [option for option in rest if tallies.get(option) == best], **extra))
        (chosen,) = rounds[-1].elected
        rest.remove(chosen)
        if best is not None:
            finer = best.denominator // gcd(best.denominator, scale)
            scale *= finer
            carried = [load * finer for load in carried]
            for group in electorate.supporters[chosen]:
                carried[group] = best.numerator * (scale // best.denominator)
    return rounds
