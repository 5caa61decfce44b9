"""What Borda, approval, score and cumulative voting share: add up, the highest sums win, and why.

Exact rule: docs/reference/results.md, "Seats by score". Points are added as they stand and never scaled.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from counting.election import Votes, lots, seats_by_score
from counting.options import RuleOptions
from counting.outcome import Outcome, Round, Why
from counting.profile import ApprovalProfile, OptionId, PointsProfile

Numbers = dict[str, Votes | str | None]


def tally(
    profile: ApprovalProfile | PointsProfile, candidates: Sequence[OptionId], fault: Callable[[Any], str | None]
) -> tuple[dict[OptionId, int], dict[str, int]]:
    """The sums of the ballots in which `fault` finds none, and how many of the others have which. Blank ballots have no fault.

    `fault` is given what `profile.groups` holds, and returns a reason to reject the whole ballot, or None. Raises ProfileError.
    """
    sums = profile.scores(candidates)
    rejected: dict[str, int] = {}
    faulty: dict[Any, int] = {}
    for ballot, count in profile.groups.items():
        if ballot and (reason := fault(ballot)):
            rejected[reason] = rejected.get(reason, 0) + count
            faulty[ballot] = count
    if faulty:
        for option, votes in type(profile)(faulty).scores(candidates).items():
            sums[option] -= votes
    return sums, rejected


def elect_by_score(
    tallies: Mapping[OptionId, Votes],
    candidates: Sequence[OptionId],
    *,
    rule: str,
    options: RuleOptions,
    tie_order: Sequence[OptionId],
    ballots: int,
    blank: int,
    rejected: Mapping[str, int],
    needed: int = 0,
) -> Outcome:
    """The `seats` highest of `tallies` (options that stand, in ballot order) win, of these only those with at least `needed`.

    `candidates`: all options, `tie_order`: a permutation of them, best lot first; ValueError if it is not.

    `Outcome.why`: `most_votes`, `fewer_votes`, `no_majority`, `withdrawn`, `no_valid_ballot`, with the numbers of
    docs/reference/results.md. `lot`: it stands equal with one on the other side of the line between winners and losers.
    `votes_short`: the least whole number of further votes (points) for it alone that would elect it.
    """
    lot = lots(candidates, tie_order)
    valid = ballots - blank - sum(rejected.values())
    seated, ties = seats_by_score(tallies, seats=options["seats"], lot=lot)
    elected = tuple(option for option in seated if tallies[option] >= needed) if valid else ()

    def place(option: OptionId) -> int:
        # Losers who stand equal share a place: the lots order only those among whom they elected.
        drawn = tallies[option] >= tallies[seated[-1]]
        better = ((tallies[other], drawn and -lot[other]) for other in tallies)
        return 1 + sum(other > (tallies[option], drawn and -lot[option]) for other in better)

    def short_of_a_seat(option: OptionId) -> int:
        gap = tallies[seated[-1]] - tallies[option]
        return ceil(gap) + (ceil(gap) == gap and lot[option] > lot[seated[-1]])

    def reason(option: OptionId) -> Why:
        if option not in tallies:
            return Why(option, False, "withdrawn", {})
        if not valid:
            return Why(option, False, "no_valid_ballot", {})
        votes = tallies[option]
        if votes < needed and seated[-1] not in elected:
            # Where the last of the seated lacks votes for the majority, having the majority is more than passing that one.
            short = ceil(needed - votes)
            return Why(option, False, "no_majority", {"votes": votes, "needed": needed, "valid": valid, "votes_short": short})
        across = [other for other in tallies if (other in seated) != (option in seated)]
        numbers: Numbers = {
            "place": place(option), "votes": votes, "seats": options["seats"],
            "lot": any(tallies[other] == votes for other in across),
        }  # fmt: skip
        if option in elected:
            return Why(option, True, "most_votes", numbers)
        last = {"last": seated[-1], "last_votes": tallies[seated[-1]], "votes_short": short_of_a_seat(option)}
        return Why(option, False, "fewer_votes", {**numbers, **last})

    return Outcome(
        rule=rule, options=options, tie_order=tuple(tie_order), ballots=ballots, blank=blank, rejected=rejected,
        winners=elected, rounds=(Round(tallies, elected=elected, ties=ties),) if valid else (),
        why={option: reason(option) for option in candidates},
    )  # fmt: skip
