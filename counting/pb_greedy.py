"""pb-greedy-v1: fund the best-supported projects one after another while the money lasts.

Exact rule: docs/reference/results.md. Nearly every participatory budget is decided this way; the greedy rules of Pabulib
(`greedy`, `greedy-no-skip`, `greedy-threshold`, `greedy-exclusive`; pabulib.org/format) are its options.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from counting.options import OptionsError, RuleOptions, require_choice, require_keys, require_whole_number
from counting.outcome import JSONObject, Outcome, WalkStep, Why
from counting.profile import OptionId, ScoredProfile

ID = "pb-greedy-v1"
DEFAULTS: RuleOptions = {"mode": "skip", "threshold": 0, "pots": None, "groups": None}

Groups = Sequence[Sequence[OptionId]]


def check_options(options: RuleOptions) -> None:
    """Raise OptionsError unless `options` are complete and mean something.

    mode: `skip` passes over a project that the money left does not cover; `stop` ends at the first such
    project. threshold: the smallest score that can be funded. pots: [{id, budget, options}, …], each walked on its own
    with its own money. groups: lists of projects that exclude each other. Whether pots and groups fit a poll is seen
    when it is counted (`require_fit`).
    """
    require_keys(options, DEFAULTS)
    require_choice(options, "mode", ("skip", "stop"))
    require_whole_number(options, "threshold", at_least=0)
    if options["pots"] is not None:
        _check_pots(options["pots"])
    if options["groups"] is not None:
        _check_groups(options["groups"])


def _check_pots(pots: Any) -> None:
    if not isinstance(pots, list) or not pots:
        raise OptionsError("pots", f"must be null or a list of pots, not {pots!r}")
    for pot in pots:
        if not isinstance(pot, dict) or set(pot) != {"id", "budget", "options"}:
            raise OptionsError("pots", f"a pot has exactly id, budget and options, not {pot!r}")
        if not isinstance(pot["id"], str) or not pot["id"]:
            raise OptionsError("pots", f"the id of a pot is a text that is not empty, not {pot['id']!r}")
        if type(pot["budget"]) is not int or pot["budget"] < 0:
            raise OptionsError("pots", f"the budget of {pot['id']!r} must be a whole number from 0, not {pot['budget']!r}")
        if not _is_list_of_ids(pot["options"]):
            raise OptionsError("pots", f"the options of {pot['id']!r} must be a list of ids, not {pot['options']!r}")
    if (again := _repeated([pot["id"] for pot in pots])) is not None:
        raise OptionsError("pots", f"two pots are called {again!r}")
    if (again := _repeated([option for pot in pots for option in pot["options"]])) is not None:
        raise OptionsError("pots", f"{again!r} is named twice")


def _check_groups(groups: Any) -> None:
    if not isinstance(groups, list) or not groups:
        raise OptionsError("groups", f"must be null or a list of groups, not {groups!r}")
    for group in groups:
        if not _is_list_of_ids(group) or len(group) < 2:
            raise OptionsError("groups", f"a group is a list of two or more ids, not {group!r}")
    if (again := _repeated([option for group in groups for option in group])) is not None:
        raise OptionsError("groups", f"{again!r} is named twice")


def _is_list_of_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(option, str) for option in value)


def _repeated(ids: Sequence[str]) -> str | None:
    return next((name for place, name in enumerate(ids) if name in ids[:place]), None)


def require_fit(options: RuleOptions, projects: Mapping[OptionId, int], *, budget: int) -> None:
    """Raise OptionsError unless pots and groups name projects of this poll only, every project is in a pot, and the pots hold
    no more than the budget."""
    for key, lists in (("pots", [pot["options"] for pot in options["pots"] or ()]), ("groups", options["groups"] or ())):
        if strangers := [option for ids in lists for option in ids if option not in projects]:
            raise OptionsError(key, f"{strangers[0]!r} is not a project of this poll")
    if options["pots"] is None:
        return
    inside = {option for pot in options["pots"] for option in pot["options"]}
    if outside := [option for option in projects if option not in inside]:
        raise OptionsError("pots", f"{outside[0]!r} is in no pot")
    if (total := sum(pot["budget"] for pot in options["pots"])) > budget:
        raise OptionsError("pots", f"hold {total} together, more than the budget of {budget}")


def count_pb_greedy(
    profile: ScoredProfile,
    projects: Mapping[OptionId, int],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    options: RuleOptions,
) -> Outcome:
    """Walk the projects by score (highest first), cost (lowest first), lot; fund each that the money left
    covers and whose group has no winner yet. With pots, do so for one pot after another.

    `projects`: cost > 0 by id, in ballot order, in the currency's smallest unit, as `budget` ≥ 0. Score:
    approvals, or the sum of points. `tie_order`: a permutation of the projects, best lot first. Raises
    OptionsError (also where pots or groups do not fit the projects), ValueError, ProfileError. A project without any vote
    is funded too when money and threshold allow: the rule says nothing else.

    >>> from counting.profile import ApprovalProfile
    >>> profile = ApprovalProfile.of([["park"], ["park"], ["park", "bus"], ["bus"], ["tree"]])
    >>> outcome = count_pb_greedy(profile, {"park": 70, "bus": 50, "tree": 30}, budget=100,
    ...                           tie_order=["park", "bus", "tree"], options=DEFAULTS)
    >>> outcome.winners, outcome.spent
    (('park', 'tree'), 100)
    >>> outcome.why["bus"].code, outcome.why["bus"].numbers["missing_money"], outcome.why["bus"].numbers["votes_needed"]
    ('unaffordable', 20, 1)

    `Outcome.why`: code `funded`, `unaffordable`, `below_threshold`, `stopped` or `group_taken`, with `rank` (place in the
    walk of its pot, from 1), `score`, `cost`, `left` (money left there when its turn came), with pots `pot`, and for a project
    that lost `missing_money`: `cost` − `left`, never below 0; `cost_cut_needed`: the smallest cut of its cost alone
    that would have it funded (cheaper projects also go first among equal scores, so it can be less than the
    missing money); None where no cut helps; `votes_needed`: the smallest number of further votes (points) for
    it alone, all else unchanged, that would have it funded; None when it costs more than its whole pot, or an earlier pot
    funds one of its group; `threshold`; `stopped_by` (code `stopped`): the project at which the walk ended; `group_winner`
    (code `group_taken`): the funded project of its group.
    """
    check_options(options)
    require_contest(projects, budget=budget, tie_order=tie_order)
    require_fit(options, projects, budget=budget)
    scores = profile.scores(projects)
    mode, threshold, groups = options["mode"], options["threshold"], options["groups"] or ()
    steps: list[WalkStep] = []
    why: dict[OptionId, Why] = {}
    winners: tuple[OptionId, ...] = ()
    for pot in options["pots"] or [{"id": None, "budget": budget, "options": list(projects)}]:
        inside = {option: projects[option] for option in pot["options"]}
        part = walk(
            scores, inside, budget=pot["budget"], tie_order=tie_order, mode=mode, threshold=threshold,
            groups=groups, winners=winners, pot=pot["id"],
        )  # fmt: skip
        why |= explain_walk(
            part, budget=pot["budget"], tie_order=tie_order, mode=mode, threshold=threshold, groups=groups, winners=winners
        )
        winners += tuple(step.option for step in part if step.decision == "funded")
        steps += part
    return Outcome(
        rule=ID, options=options, budget=budget, tie_order=tuple(tie_order), ballots=profile.total, blank=profile.blank,
        winners=winners, spent=sum(projects[option] for option in winners), rounds=tuple(steps),
        why={option: why[option] for option in projects},
    )  # fmt: skip


@dataclass(frozen=True)
class PotStep(WalkStep):
    """A step of the walk through one of several pots; `left` is the money left in this pot."""

    pot: str = ""

    def record(self) -> JSONObject:
        return {**super().record(), "pot": self.pot}


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
    groups: Groups = (),
    winners: Collection[OptionId] = (),
    pot: str | None = None,
) -> list[WalkStep]:
    """The greedy walk over `projects` alone; `tie_order` and `groups` may hold more. `completion` marks steps that
    complete another rule. `winners`: projects funded before this walk, which take their groups. `pot`: the pot it spends."""
    lot = {option: place for place, option in enumerate(tie_order)}
    alike: defaultdict[tuple[int, int], list[OptionId]] = defaultdict(list)
    for option in sorted(projects, key=lot.__getitem__):
        alike[scores[option], projects[option]].append(option)
    group_of = _group_of(groups)
    taken = {group_of[option] for option in winners if option in group_of}
    steps: list[WalkStep] = []
    left, stopped = budget, False
    for score, cost in sorted(alike, key=lambda pair: (-pair[0], pair[1])):
        equal = alike[score, cost]
        for option in equal:
            if score < threshold:
                decision = "below_threshold"
            elif stopped:
                decision = "stopped"
            elif group_of.get(option) in taken:
                decision = "group_taken"
            elif cost > left:
                decision, stopped = "unaffordable", mode == "stop"
            else:
                decision, left = "funded", left - cost
                if option in group_of:
                    taken.add(group_of[option])
            tied = tuple(equal) if len(equal) > 1 else ()
            step = WalkStep(option, score, cost, left, decision, tied, completion)
            steps.append(step if pot is None else PotStep(**vars(step), pot=pot))
    return steps


def _group_of(groups: Groups) -> dict[OptionId, int]:
    return {option: number for number, group in enumerate(groups) for option in group}


def explain_walk(
    steps: Sequence[WalkStep],
    *,
    budget: int,
    tie_order: Sequence[OptionId],
    mode: str = "skip",
    threshold: int = 0,
    groups: Groups = (),
    winners: Collection[OptionId] = (),
) -> dict[OptionId, Why]:
    """Why each project of a walk won or lost; the codes and numbers stand at `count_pb_greedy`. Budget, lots, mode, threshold,
    groups and winners are those of the walk."""
    lot = {option: place for place, option in enumerate(tie_order)}
    group_of = _group_of(groups)
    group_winner = {group_of[option]: option for option in winners if option in group_of}
    stopper = next((step.option for step in steps if step.decision == "unaffordable"), None)
    # A project that goes earlier than it did never comes to its own place: it may stand among its rivals.
    rivals = [(-step.score, step.cost, lot[step.option]) for step in steps]
    rival_groups = [group_of.get(step.option) for step in steps]
    why = {}
    left = budget
    taken_before = set(group_winner)
    for rank, step in enumerate(steps, start=1):
        numbers: dict[str, int | str | None] = {"rank": rank, "score": step.score, "cost": step.cost, "left": left}
        if isinstance(step, PotStep):
            numbers["pot"] = step.pot
        group = group_of.get(step.option)
        if step.decision == "funded":
            if group is not None:
                group_winner[group] = step.option
        else:
            room = _room(rivals, rival_groups, group, taken_before=taken_before, budget=budget, mode=mode, threshold=threshold)
            numbers |= {
                "missing_money": max(0, step.cost - left),
                "cost_cut_needed": _cost_cut_needed(step, lot[step.option], rivals, room, threshold=threshold),
                "votes_needed": _votes_needed(step, lot[step.option], rivals, room, threshold=threshold),
                "threshold": threshold,
            }
            if step.decision == "stopped":
                numbers["stopped_by"] = stopper
            if step.decision == "group_taken" and group is not None:
                numbers["group_winner"] = group_winner[group]
        why[step.option] = Why(step.option, step.decision == "funded", step.decision, numbers)
        left = step.left
    return why


_Key = tuple[int, int, int]  # −score, cost, lot: the order of the walk


def _room(
    rivals: Sequence[_Key],
    rival_groups: Sequence[int | None],
    group: int | None,
    *,
    taken_before: Collection[int],
    budget: int,
    mode: str,
    threshold: int,
) -> list[int]:
    """Money that would be left for a project of `group` placed before rivals[i], i = 0 … len(rivals); 0 after the walk
    has stopped or its group is taken.

    It never grows from one place to the next: an earlier place is never worse. The searches below rest on
    that.
    """
    taken: set[int | None] = set(taken_before)
    left, stopped = budget, False
    room = [0 if group in taken else left]
    for (negative_score, cost, _), its_group in zip(rivals, rival_groups, strict=True):
        if -negative_score >= threshold and not stopped and its_group not in taken:
            if cost <= left:
                left -= cost
                if its_group is not None:
                    taken.add(its_group)
            else:
                stopped = mode == "stop"
        room.append(0 if stopped or group in taken else left)
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
