"""What a count returns, and the result record that is published from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from counting.options import RuleOptions
from counting.profile import OptionId

JSONObject = dict[str, Any]
MAX_SAFE_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class WalkStep:
    """One project of a greedy walk. `left` is the money after `decision`; `tied` are the projects of equal
    score and cost."""

    option: OptionId
    score: int
    cost: int
    left: int
    decision: str
    tied: tuple[OptionId, ...]
    completion: str | None = None

    def record(self) -> JSONObject:
        """This round as it stands in the published result."""
        record: JSONObject = {
            "option": self.option, "score": self.score, "cost": self.cost, "left": self.left,
            "decision": self.decision, "tied": list(self.tied),
        }  # fmt: skip
        if self.completion is not None:
            record["completion"] = self.completion
        return record


@dataclass(frozen=True)
class Purchase:
    """One project bought by its supporters. `rho` is the price of one unit of utility; lower goes first."""

    option: OptionId
    cost: int
    supporters: int
    rho: Fraction
    effective_votes: Fraction
    tied: tuple[OptionId, ...]

    def record(self) -> JSONObject:
        """This round as it stands in the published result."""
        return {
            "option": self.option, "cost": self.cost, "supporters": self.supporters, "rho": str(self.rho),
            "effective_votes": str(self.effective_votes), "tied": list(self.tied),
        }  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run of Equal Shares: money of each voter at its start, total cost and number of the projects it
    funded."""

    voter_budget: Fraction
    spent: int
    winners: int

    def record(self) -> JSONObject:
        """This run as it stands in the published result."""
        return {"voter_budget": str(self.voter_budget), "spent": self.spent, "winners": self.winners}


@dataclass(frozen=True)
class Why:
    """Why one option won or lost: a `code` for programs to translate, and the exact `numbers` that belong to
    it.

    The codes and their numbers are listed where they are made: `count_pb_greedy`, `count_pb_mes`.
    """

    option: OptionId
    won: bool
    code: str
    numbers: Mapping[str, int | Fraction | str | None]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one count as a value. `winners` in order of funding; money in the currency's smallest
    unit.

    `voter_budget` and `runs` belong to Equal Shares and are None and () elsewhere. `why` has one entry for
    every option, in ballot order; it explains and is not part of the published record, which says the same in
    rounds.
    """

    rule: str
    options: RuleOptions
    budget: int
    tie_order: tuple[OptionId, ...]
    ballots: int
    blank: int
    winners: tuple[OptionId, ...]
    spent: int
    rounds: tuple[WalkStep | Purchase, ...]
    why: Mapping[OptionId, Why]
    voter_budget: Fraction | None = None
    runs: tuple[Run, ...] = ()

    @property
    def lots_used(self) -> bool:
        """Did a lot decide an order anywhere in what is shown?"""
        return any(step.tied for step in self.rounds)

    @property
    def ties(self) -> tuple[tuple[OptionId, ...], ...]:
        """Every different tie that the lots settled, each best lot first."""
        return tuple(dict.fromkeys(step.tied for step in self.rounds if step.tied))


def result(outcome: Outcome, *, poll: str, ballots_sha256: str, seed: str) -> JSONObject:
    """The result record of docs/reference/vote-log.md, "Result", ready for `canonical_bytes`."""
    record: JSONObject = {
        "v": 1,
        "poll": poll,
        "rule": outcome.rule,
        "options": dict(outcome.options),
        "budget": outcome.budget,
        "ballots_sha256": ballots_sha256,
        "seed": seed,
        "tie_order": list(outcome.tie_order),
        "input": {
            "ballots": outcome.ballots,
            "blank": outcome.blank,
            "valid": outcome.ballots - outcome.blank,
        },
        "winners": list(outcome.winners),
        "spent": outcome.spent,
        "lots_used": outcome.lots_used,
        "rounds": [step.record() for step in outcome.rounds],
    }
    if outcome.voter_budget is not None:
        record["voter_budget"] = str(outcome.voter_budget)
        record["runs"] = [run.record() for run in outcome.runs]
    return record


def canonical_bytes(record: JSONObject) -> bytes:
    r"""RFC 8785 bytes of a record whose numbers are whole and at most 2^53−1. Raises ValueError for any other
    number.

    >>> canonical_bytes({"b": ["é", None, True], "a": 1})
    b'{"a":1,"b":["\xc3\xa9",null,true]}'
    """
    _require_whole_numbers(record)
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _require_whole_numbers(value: object) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _require_whole_numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _require_whole_numbers(inner)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER):
        raise ValueError(f"{value!r} does not fit in a record: whole numbers up to 2^53−1 only")
