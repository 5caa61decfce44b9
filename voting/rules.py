"""Why something cannot be done. Reads what it is given, writes nothing, knows no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from common.refusal import Refusal
from counting import rules as counting_rules
from eligibility.models import RollEntry
from processes import rules as process_rules
from voting import errors, kinds
from voting.models import Option, Poll

_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")
_NOT_FOR_POLLS = {"pb-maxutil-v1"}  # its count may take longer than anybody can wait


def full_rule(method: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """All options of the rule, defaults written out. Raises RuleUnknown, RuleOptionRefused."""
    try:
        return counting_rules.full_options(method, **chosen)
    except counting_rules.UnknownRule:
        raise errors.RuleUnknown(rule=method) from None
    except counting_rules.OptionsError as error:
        raise errors.RuleOptionRefused(rule=method, option=error.key, why=error.reason) from None


def why_not_plan(poll: Poll) -> Refusal | None:
    """Whether rule, ballot and money fit together. About the plan alone: options are looked at before opening.

    `poll.ballot` is complete (`kinds.full_ballot`). An imported poll may take ballots that its rule rejects.
    """
    found = counting_rules.RULES.get(poll.method)
    if found is None or poll.method in _NOT_FOR_POLLS:
        return errors.RuleUnknown(rule=poll.method)
    kind = kinds.kind_of(poll)
    if kind.profile not in found.ballots:
        return errors.RuleNotForBallot(rule=poll.method, ballot=kind.id)
    try:
        counting_rules.validate_options(poll.method, poll.rule)
    except counting_rules.OptionsError as error:
        return errors.RuleOptionRefused(rule=poll.method, option=error.key, why=error.reason)
    if (poll.rule.get("utility") == "points") == (kind.id == "approve") and "utility" in poll.rule:
        why = "points are counted from ballots that give points, and only from those"
        return errors.RuleOptionRefused(rule=poll.method, option="utility", why=why)
    if poll.budget is not None and not found.budgeted:
        return errors.BudgetWithoutUse(rule=poll.method)
    return _why_not_draw_so(poll) or (None if poll.source else _why_not_for_voters(poll))


def _why_not_draw_so(poll: Poll) -> Refusal | None:
    """Where the lots come from is said whole, or the poll could never have a result."""
    if poll.seed_source not in Poll.SeedSource.values:
        return errors.DrawPlanRefused(part="seed_source", why=f"must be one of {', '.join(Poll.SeedSource.values)}")
    if poll.seed_source != Poll.SeedSource.DRAND:
        return None if poll.draw_plan is None else errors.DrawPlanRefused(part="draw_plan", why="belongs to drand only")
    plan = poll.draw_plan if isinstance(poll.draw_plan, dict) else {}
    for part, least in (("genesis_time", 0), ("period", 1)):
        if type(plan.get(part)) is not int or not least <= plan[part] < 2**32:
            return errors.DrawPlanRefused(part=part, why=f"must be a whole number from {least}, as drand serves it")
    for part in ("hash", "public_key", "groupHash"):
        if not isinstance(plan.get(part), str) or not _HEX.match(plan[part]):
            return errors.DrawPlanRefused(part=part, why="must be lower-case hex digits, as drand serves it")
    if _chain_hash(plan) != plan["hash"]:
        return errors.DrawPlanRefused(part="hash", why="is not the hash of this chain")
    return None


def _chain_hash(chain: Mapping[str, Any]) -> str:
    """How drand names a chain: a wrong time or period would make the poll wait for the wrong round, or for ever."""
    named = chain.get("metadata")
    beacon = named.get("beaconID") if isinstance(named, dict) else None
    numbers = chain["period"].to_bytes(4, "big") + chain["genesis_time"].to_bytes(8, "big")
    key = bytes.fromhex(chain["public_key"]) + bytes.fromhex(chain["groupHash"])
    return sha256(numbers + key + (b"" if beacon in (None, "default") else str(beacon).encode())).hexdigest()


def _why_not_for_voters(poll: Poll) -> Refusal | None:
    """What is fine for ballots that are known already, and not for those that are still to come."""
    if poll.limits.get("raw"):
        return errors.BallotLimitsRefused(limit="raw", why="it is for imported ballots only")
    if poll.method == "equal-shares-v1" and poll.rule["completion"] == "add1":
        why = "with ballots yet to come nobody can say how many runs it takes; seqphragmen fills the seats in one"
        return errors.RuleOptionRefused(rule=poll.method, option="completion", why=why)
    return _why_not_as_strict(poll)


def _why_not_as_strict(poll: Poll) -> Refusal | None:
    """A ballot that the page takes must not be thrown away by the count. A blank one never is."""
    limits, rule = poll.limits, poll.rule
    fewest: dict[str, int] = {"min": max(1, limits.get("min", 0)), "min_options": max(1, limits.get("min", 0))}
    of_one = limits.get("max")
    if poll.kind == "alloc":
        of_one = min(limits["sum"], of_one or limits["sum"])
    most: dict[str, int | None] = {"max": of_one, "max_points": of_one, "max_sum": limits.get("sum")}
    for option, ours in fewest.items():
        if (rule.get(option) or 0) > ours:
            return errors.RuleStricterThanBallot(option=option)
    for option, allowed in most.items():
        theirs = rule.get(option)
        if theirs is not None and (allowed is None or allowed > theirs):
            return errors.RuleStricterThanBallot(option=option)
    if limits.get("ties") and "overvote" in rule:
        return errors.RuleStricterThanBallot(option="overvote")
    if rule.get("exact_sum") and not (limits.get("exact") and limits["sum"] == rule["max_sum"]):
        return errors.RuleStricterThanBallot(option="exact_sum")
    return None


def why_not_freeze(poll: Poll) -> Refusal | None:
    return errors.PollNotDraft() if poll.status != Poll.Status.DRAFT else why_not_announce(poll)


def why_not_announce(poll: Poll) -> Refusal | None:
    """About what is announced, not about the moment."""
    if not poll.options.exists():
        return errors.PollIncomplete()
    return why_not_plan(poll) or _why_not_fill_in(poll) or why_not_count(poll)


def why_not_open(poll: Poll) -> Refusal | None:
    """Of an announced poll; a draft is announced first."""
    if poll.status != Poll.Status.FROZEN:
        return errors.PollNotDraft()
    return None if poll.roll.entries.exists() else errors.PollIncomplete()


def _why_not_fill_in(poll: Poll) -> Refusal | None:
    """A ballot with marks must be possible on this poll's options."""
    limits, options = poll.limits, poll.options.count()
    if limits.get("min", 0) > options:
        return errors.BallotLimitsRefused(limit="min", why=f"there are only {options} options")
    if limits.get("exact") and limits["sum"] > (limits["max"] or limits["sum"]) * options:
        why = f"{options} options with at most {limits['max']} each cannot take it up"
        return errors.BallotLimitsRefused(limit="sum", why=why)
    return None


def why_not_count(poll: Poll) -> Refusal | None:
    """Asked before the first ballot: afterwards nothing about the poll can change, and it would stay without a result.

    An imported poll may try: its ballots are known, and published rounds were counted with small steps.
    """
    costs = dict(poll.options.values_list("key", "cost"))
    if counting_rules.RULES[poll.method].budgeted:
        if poll.budget is None or None in costs.values():
            return errors.PollNotCountable(step=1)
        known = [cost or 0 for cost in costs.values()]
        needed = counting_rules.least_step(poll.method, known, budget=poll.budget, options=poll.rule)
        if poll.source is None and poll.rule.get("step", needed) < needed:
            return errors.PollNotCountable(step=needed)
    elif any(cost is not None for cost in costs.values()):
        return errors.BudgetWithoutUse(rule=poll.method)
    return _why_not_count_nothing(poll, {key: cost or 0 for key, cost in costs.items()})


def _why_not_count_nothing(poll: Poll, costs: dict[str, int]) -> Refusal | None:
    """A count of no ballots finds options of the rule that name something which is not on the ballot."""
    nothing = kinds.profile(kinds.kind_of(poll), [])
    try:
        counting_rules.count(
            poll.method, nothing, costs, budget=poll.budget or 0, tie_order=list(costs), options=poll.rule
        )
    except counting_rules.OptionsError as error:
        return errors.RuleOptionRefused(rule=poll.method, option=error.key, why=error.reason)
    return None


def why_not_vote_now(poll: Poll, *, at: datetime) -> Refusal | None:
    """About the moment only, not about the person."""
    if poll.status == Poll.Status.FROZEN or (poll.status == Poll.Status.OPEN and at < poll.opens_at):
        return errors.PollNotYetOpen()
    if poll.status != Poll.Status.OPEN or at >= poll.closes_at:
        return errors.PollNotOpen()
    if poll.paused:
        return errors.PollPaused()
    return process_rules.why_not(poll.process, "vote", at=at)


def why_not_cast(poll: Poll, entry: RollEntry | None, *, at: datetime) -> Refusal | None:
    """`entry`: the person's place on the poll's roll, None without one."""
    if refusal := why_not_vote_now(poll, at=at):
        return refusal
    if entry is None or entry.roll_id != poll.roll_id or entry.index >= (poll.roll_count or 0):
        return errors.NotOnRoll()
    return None


def why_not_choose(poll: Poll, options: Iterable[Option], b: kinds.Body) -> Refusal | None:
    """Whether this ballot would be valid. `b` as `kinds.normal` writes it; without any mark it is blank."""
    return kinds.why_not_valid(poll, options, b)


def why_not_close(poll: Poll) -> Refusal | None:
    return None if poll.status == Poll.Status.OPEN else errors.PollNotOpen()


def why_not_publish(poll: Poll) -> Refusal | None:
    if poll.status != Poll.Status.CLOSED:
        return errors.PollNotClosed()
    return errors.DrawAwaited() if poll.awaits_draw else None


def why_not_record_draw(poll: Poll) -> Refusal | None:
    """About the moment only, not about what was drawn."""
    if hasattr(poll, "draw"):
        return errors.DrawRecordedAlready()
    return None if poll.awaits_draw else errors.DrawNotAwaited()
