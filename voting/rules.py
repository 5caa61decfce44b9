"""Why something cannot be done. Reads what it is given, writes nothing, knows no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from common.refusal import Refusal
from counting import rules as counting_rules
from eligibility.models import RollEntry
from processes import rules as process_rules
from voting import errors
from voting.models import Option, Poll


def why_not_open(poll: Poll) -> Refusal | None:
    if poll.status != Poll.Status.DRAFT:
        return errors.PollNotDraft()
    if not poll.options.exists() or not poll.roll.entries.exists():
        return errors.PollIncomplete()
    return why_not_count(poll)


def why_not_count(poll: Poll) -> Refusal | None:
    """Asked before the first ballot: afterwards nothing about the poll can change, and it would stay without a result.

    An imported poll may try: its ballots are known, and published rounds were counted with small steps.
    """
    costs = list(poll.options.values_list("cost", flat=True))
    if poll.budget is None or None in costs:
        return errors.PollNotCountable(step=1)
    needed = counting_rules.least_step(poll.method, [cost or 0 for cost in costs], budget=poll.budget, options=poll.rule)
    if poll.source is None and poll.rule.get("step", needed) < needed:
        return errors.PollNotCountable(step=needed)
    return None


def why_not_vote_now(poll: Poll, *, at: datetime) -> Refusal | None:
    """About the moment only, not about the person."""
    if poll.status == Poll.Status.OPEN and at < poll.opens_at:
        return errors.PollNotYetOpen()
    if poll.status != Poll.Status.OPEN or at >= poll.closes_at:
        return errors.PollNotOpen()
    return process_rules.why_not(poll.process, "vote", at=at)


def why_not_cast(poll: Poll, entry: RollEntry | None, *, at: datetime) -> Refusal | None:
    """`entry`: the person's place on the poll's roll, None without one."""
    if refusal := why_not_vote_now(poll, at=at):
        return refusal
    if entry is None or entry.roll_id != poll.roll_id:
        return errors.NotOnRoll()
    return None


def why_not_choose(poll: Poll, options: Iterable[Option], choice: Sequence[str]) -> Refusal | None:
    """Whether a ballot with these option keys would be valid. No key at all is a blank ballot."""
    costs = {option.key: option.cost or 0 for option in options}
    if len(set(choice)) != len(choice) or not set(choice) <= costs.keys():
        return errors.UnknownOption()
    if poll.max_choices is not None and len(choice) > poll.max_choices:
        return errors.TooManyChoices(limit=poll.max_choices)
    if len(choice) < poll.min_choices:
        return errors.TooFewChoices(limit=poll.min_choices)
    if poll.max_cost is not None and sum(costs[key] for key in choice) > poll.max_cost:
        return errors.BallotOverBudget()
    return None


def why_not_close(poll: Poll) -> Refusal | None:
    return None if poll.status == Poll.Status.OPEN else errors.PollNotOpen()


def why_not_publish(poll: Poll) -> Refusal | None:
    return None if poll.status == Poll.Status.CLOSED else errors.PollNotClosed()
