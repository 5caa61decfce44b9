"""pb-greedy-v1: fund the best-supported projects one after another while the money lasts.

Exact rule: counting.md §1.8, docs/reference/vote-log.md. Nearly every participatory budget is decided this
way; the greedy rules of Pabulib (`greedy`, `greedy-no-skip`, `greedy-threshold`) are its options.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from counting.options import RuleOptions, require_choice, require_keys, require_whole_number
from counting.outcome import Outcome, WalkStep, Why
from counting.profile import OptionId, ScoredProfile

ID = "pb-greedy-v1"
DEFAULTS: RuleOptions = {"mode": "skip", "threshold": 0, "pots": None, "groups": None}


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    mode: `skip` passes over a project that the money left does not cover; `stop` ends at the first such
    project. threshold: the smallest score that can be funded. pots, groups: reserved, None.
    """
    require_keys(options, DEFAULTS)
    require_choice(options, "mode", ("skip", "stop"))
    require_whole_number(options, "threshold", at_least=0)
    require_choice(options, "pots", (None,))
    require_choice(options, "groups", (None,))


def count_pb_greedy(
    profile: ScoredProfile,
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    options: RuleOptions,
) -> Outcome:
    """Walk the projects by score (highest first), cost (lowest first), lot; fund each that the money left
    covers.

    `projects`: cost > 0 by id, in ballot order, in the currency's smallest unit, as `budget` ≥ 0. Score:
    approvals, or the sum of points. `tie_order`: a permutation of the projects, best lot first. Raises
    OptionsError, ValueError, ProfileError. A project without any vote is funded too when money and threshold
    allow: the rule says nothing else.

    >>> from counting.profile import ApprovalProfile
    >>> profile = ApprovalProfile.of([["park"], ["park"], ["park", "bus"], ["bus"], ["tree"]])
    >>> outcome = count_pb_greedy(profile, {"park": 70, "bus": 50, "tree": 30}, budget=100,
    ...                           tie_order=["park", "bus", "tree"], options=DEFAULTS)
    >>> outcome.winners, outcome.spent
    (('park', 'tree'), 100)
    >>> outcome.why["bus"].code, outcome.why["bus"].numbers["missing_money"], outcome.why["bus"].numbers["votes_needed"]
    ('unaffordable', 20, 1)

    `Outcome.why`: code `funded`, `unaffordable`, `below_threshold` or `stopped`, with `rank` (place in the
    walk, from 1), `score`, `cost`, `left` (money left when its turn came), and for a project that lost
    `missing_money`: `cost` − `left`, never below 0; `cost_cut_needed`: the smallest cut of its cost alone
    that would have it funded (cheaper projects also go first among equal scores, so it can be less than the
    missing money); None where no cut helps; `votes_needed`: the smallest number of further votes (points) for
    it alone, all else unchanged, that would have it funded; None when it costs more than the whole budget;
    `threshold`; `stopped_by` (code `stopped`): the project at which the walk ended.
    """
    check_options(options)
    require_contest(projects, budget=budget, tie_order=tie_order)
    scores = profile.scores(projects)
    mode, threshold = options["mode"], options["threshold"]
    steps = walk(scores, projects, budget=budget, tie_order=tie_order, mode=mode, threshold=threshold)
    winners = tuple(step.option for step in steps if step.decision == "funded")
    why = explain_walk(steps, budget=budget, tie_order=tie_order, mode=mode, threshold=threshold)
    return Outcome(
        rule=ID, options=options, budget=budget, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=winners, spent=sum(projects[option] for option in winners), rounds=tuple(steps),
        why={option: why[option] for option in projects},
    )  # fmt: skip


def require_contest(projects: Mapping[OptionId, int], *, budget: int, tie_order: Sequence[OptionId]) -> None:
    """Raise ValueError unless costs are whole and positive, the budget whole, and the lots cover every
    project once."""
    for option, cost in projects.items():
        if type(cost) is not int or cost < 1:
            raise ValueError(f"the cost of {option!r} must be a whole number from 1, not {cost!r}")
    if type(budget) is not int or budget < 0:
        raise ValueError(f"the budget must be a whole number from 0, not {budget!r}")
    if sorted(tie_order) != sorted(projects):
        raise ValueError("tie_order must hold every project exactly once")


def walk(
    scores: Mapping[OptionId, int],
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    mode: str = "skip",
    threshold: int = 0,
    completion: str | None = None,
) -> list[WalkStep]:
    """The greedy walk over `projects` alone; `tie_order` may hold more. `completion` marks steps that
    complete another rule."""
    lot = {option: place for place, option in enumerate(tie_order)}
    alike: defaultdict[tuple[int, int], list[OptionId]] = defaultdict(list)
    for option in sorted(projects, key=lot.__getitem__):
        alike[scores[option], projects[option]].append(option)
    steps = []
    left, stopped = budget, False
    for score, cost in sorted(alike, key=lambda pair: (-pair[0], pair[1])):
        group = alike[score, cost]
        for option in group:
            if score < threshold:
                decision = "below_threshold"
            elif stopped:
                decision = "stopped"
            elif cost > left:
                decision, stopped = "unaffordable", mode == "stop"
            else:
                decision, left = "funded", left - cost
            tied = tuple(group) if len(group) > 1 else ()
            steps.append(WalkStep(option, score, cost, left, decision, tied, completion))
    return steps


def explain_walk(
    steps: Sequence[WalkStep],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    mode: str = "skip",
    threshold: int = 0,
) -> dict[OptionId, Why]:
    """Why each project of a walk won or lost; the codes and numbers stand at `count_pb_greedy`."""
    lot = {option: place for place, option in enumerate(tie_order)}
    stopper = next((step.option for step in steps if step.decision == "unaffordable"), None)
    why = {}
    left = budget
    for rank, step in enumerate(steps, start=1):
        numbers: dict[str, int | str | None] = {
            "rank": rank,
            "score": step.score,
            "cost": step.cost,
            "left": left,
        }
        if step.decision != "funded":
            rivals = [(-other.score, other.cost, lot[other.option]) for other in steps if other.option != step.option]
            room = _room(rivals, budget=budget, mode=mode, threshold=threshold)
            numbers |= {
                "missing_money": max(0, step.cost - left),
                "cost_cut_needed": _cost_cut_needed(step, lot[step.option], rivals, room, threshold=threshold),
                "votes_needed": _votes_needed(step, lot[step.option], rivals, room, threshold=threshold),
                "threshold": threshold,
            }
            if step.decision == "stopped":
                numbers["stopped_by"] = stopper
        why[step.option] = Why(step.option, step.decision == "funded", step.decision, numbers)
        left = step.left
    return why


_Key = tuple[int, int, int]  # −score, cost, lot: the order of the walk


def _room(rivals: Sequence[_Key], *, budget: int, mode: str, threshold: int) -> list[int]:
    """Money that would be left for a project placed before rivals[i], i = 0 … len(rivals); 0 after the walk
    has stopped.

    It never grows from one place to the next: an earlier place is never worse. The searches below rest on
    that.
    """
    left = budget
    room = [left]
    for negative_score, cost, _ in rivals:
        if -negative_score >= threshold:
            if cost <= left:
                left -= cost
            elif mode == "stop":
                left = 0
        room.append(left)
    return room


def _cost_cut_needed(step: WalkStep, lot: int, rivals: Sequence[_Key], room: Sequence[int], *, threshold: int) -> int | None:
    def funded(cut: int) -> bool:
        cost = step.cost - cut
        return step.score >= threshold and cost <= room[bisect_left(rivals, (-step.score, cost, lot))]

    return _smallest(funded, upto=step.cost - 1)


def _votes_needed(step: WalkStep, lot: int, rivals: Sequence[_Key], room: Sequence[int], *, threshold: int) -> int | None:
    def funded(votes: int) -> bool:
        score = step.score + votes
        return score >= threshold and step.cost <= room[bisect_left(rivals, (-score, step.cost, lot))]

    ahead_of_everybody = max([threshold, *(1 - negative_score for negative_score, _, _ in rivals)]) - step.score
    return _smallest(funded, upto=ahead_of_everybody)


def _smallest(enough: Callable[[int], bool], *, upto: int) -> int | None:
    """The smallest number from 1 to `upto` that is enough, or None. Once enough, always enough: halving finds
    it."""
    if upto < 1 or not enough(upto):
        return None
    low, high = 1, upto
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
