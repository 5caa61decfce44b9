"""seqpav-v1: sequential proportional approval voting (Thiele 1895).

Each seat goes to the option that adds most, where a ballot counts 1, then 1/2, 1/3 … the more of its options are elected
already. Sources: Thiele, "Om Flerfoldsvalg" (1895); Lackner and Skowron 2023, doi 10.1007/978-3-031-09016-5; exact text
docs/reference/results.md.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from counting.committee import DEFAULTS, Electorate, check_options, elected_in, explain
from counting.options import RuleOptions
from counting.outcome import Outcome, Round
from counting.profile import ApprovalProfile, OptionId

__all__ = ["DEFAULTS", "ID", "check_options", "count"]

ID = "seqpav-v1"


def count(
    profile: ApprovalProfile, candidates: Sequence[OptionId], *, tie_order: Sequence[OptionId], options: RuleOptions
) -> Outcome:
    """Fill `seats` one after another. `candidates` in ballot order; `tie_order` holds each once, best lot first.

    Equal: more approvals, then the best lot. Raises OptionsError, ValueError, ProfileError. `Outcome.why`: committee.explain.

    Six like the hills, four the sea. The second seat goes to the sea, because 4 is more than 6/2:

    >>> profile = ApprovalProfile.of([["hill", "peak", "ridge"]] * 6 + [["sea", "bay"]] * 4)
    >>> names = ["hill", "peak", "ridge", "sea", "bay"]
    >>> outcome = count(profile, names, tie_order=names, options={"seats": 2, "quorum": 0})
    >>> outcome.winners, str(outcome.rounds[1].tallies["peak"])
    (('hill', 'sea'), '3')
    """
    check_options(options)
    electorate = Electorate.of(profile, candidates, tie_order)
    seats = min(options["seats"], len(candidates)) if profile.valid else 0
    unit = lcm(*range(1, seats + 1))  # tallies are whole numbers of 1/unit
    worth = [unit // (1 + satisfied) for satisfied in range(seats)]
    satisfied = [0] * len(electorate.weights)
    rest = list(candidates)
    rounds: list[Round] = []
    while len(rounds) < seats:
        values = {
            option: sum(electorate.weights[group] * worth[satisfied[group]] for group in electorate.supporters[option])
            for option in rest
        }
        best = max(values.values())
        tied = [option for option in rest if values[option] == best]
        rounds.append(electorate.elect({option: Fraction(value, unit) for option, value in values.items()}, tied))
        (chosen,) = rounds[-1].elected
        rest.remove(chosen)
        for group in electorate.supporters[chosen]:
            satisfied[group] += 1
    return Outcome(
        rule=ID, options=options, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=elected_in(rounds), rounds=tuple(rounds), why=explain(rounds, electorate),
    )  # fmt: skip
