"""What a count returns, and the record that is published from it (docs/reference/results.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from counting.options import RuleOptions
from counting.profile import OptionId

JSONObject = dict[str, Any]
MAX_SAFE_INTEGER = 2**53 - 1


def votes_text(value: int | Fraction, decimals: int | None = None) -> str:
    """An exact quantity of votes as records write it: with `decimals` exactly that many, else in lowest terms.

    >>> votes_text(41), votes_text(Fraction(7, 2)), votes_text(Fraction(7, 2), 5)
    ('41', '7/2', '3.50000')
    """
    if not decimals:
        return str(value)
    units = Fraction(value) * 10**decimals
    if units.denominator != 1 or units < 0:
        raise ValueError(f"{value} has more than {decimals} decimals, or is below 0")
    whole, rest = divmod(units.numerator, 10**decimals)
    return f"{whole}.{rest:0{decimals}}"


@dataclass(frozen=True)
class Tie:
    """Options that stood equal. `purpose`: what was to be decided (`exclude`, `elect`, `surplus`). `tied` in ballot order.

    `lookback`: the earlier rounds (counted from 1) that made the set smaller, nearest first, each with those left after it,
    in ballot order. `lot`: whether the lots decided in the end. `chosen`: whom it hit, in order.
    """

    purpose: str
    tied: tuple[OptionId, ...]
    chosen: tuple[OptionId, ...]
    lot: bool
    lookback: tuple[tuple[int, tuple[OptionId, ...]], ...] = ()

    def record(self) -> JSONObject:
        """This tie as it stands in the record."""
        return {
            "for": self.purpose, "tied": list(self.tied), "chosen": list(self.chosen), "lot": self.lot,
            "lookback": [{"round": number, "left": list(left)} for number, left in self.lookback],
        }  # fmt: skip


@dataclass(frozen=True)
class Transfer:
    """Where the votes of one option went: to other options, and out of the count by reason. Nothing that is zero."""

    to: Mapping[OptionId, int | Fraction]
    exhausted: Mapping[str, int | Fraction]


@dataclass(frozen=True)
class Round:
    """One round of an election. Quantities are votes, exact; `decimals`: how many the rule computes with, None for fractions.

    `tallies`: of every option still in the count, in ballot order. `exhausted`: votes out of the count up to this round, by
    reason. `elected` in order of election, `excluded`, `transfers`: what this round decided and the votes it moved. `extra`:
    what only this rule shows, ready for JSON.
    """

    tallies: Mapping[OptionId, int | Fraction]
    elected: tuple[OptionId, ...] = ()
    excluded: tuple[OptionId, ...] = ()
    transfers: Mapping[OptionId, Transfer] = field(default_factory=dict)
    exhausted: Mapping[str, int | Fraction] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    decimals: int | None = None

    @property
    def lots_used(self) -> bool:
        return any(tie.lot for tie in self.ties)

    def record(self) -> JSONObject:
        """This round as it stands in the record."""
        return {
            "tallies": self._texts(self.tallies),
            "elected": list(self.elected),
            "excluded": list(self.excluded),
            "transfers": {
                source: {"to": self._texts(transfer.to), "exhausted": self._texts(transfer.exhausted)}
                for source, transfer in self.transfers.items()
            },
            "exhausted": self._texts(self.exhausted),
            "ties": [tie.record() for tie in self.ties],
            **self.extra,
        }

    def _texts(self, values: Mapping[str, int | Fraction]) -> dict[str, str]:
        return {name: votes_text(value, self.decimals) for name, value in values.items()}


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

    @property
    def lots_used(self) -> bool:
        return bool(self.tied)

    def record(self) -> JSONObject:
        """This round as it stands in the record."""
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

    @property
    def lots_used(self) -> bool:
        return bool(self.tied)

    def record(self) -> JSONObject:
        """This round as it stands in the record."""
        return {
            "option": self.option, "cost": self.cost, "supporters": self.supporters, "rho": str(self.rho),
            "effective_votes": str(self.effective_votes), "tied": list(self.tied),
        }  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run of Equal Shares: money of each voter at its start, total cost and number of the projects it funded.

    `lots_used`: whether a lot decided in it. Also a run that is not kept may decide which one is.
    """

    voter_budget: Fraction
    spent: int
    winners: int
    lots_used: bool = False

    def record(self) -> JSONObject:
        """This run as it stands in the record."""
        return {"voter_budget": str(self.voter_budget), "spent": self.spent, "winners": self.winners}


@dataclass(frozen=True)
class Why:
    """Why one option won or lost: a `code` for programs to translate, and the exact `numbers` that belong to
    it. The codes and their numbers are listed in docs/reference/results.md.
    """

    option: OptionId
    won: bool
    code: str
    numbers: Mapping[str, int | Fraction | str | None]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one count as a value. `winners` in order of election (funding); `rejected`: ballots with marks of which
    none could count, by reason.

    `budget` and `spent` (in the currency's smallest unit) belong to budget rules and are None elsewhere, `voter_budget` and
    `runs` to Equal Shares. `extra`: further fields of the record that only this rule has, ready for JSON. `lot_elsewhere`: a lot
    decided an order shown in `extra`.
    `why` has one entry for every option, in ballot order; it explains and is not part of the record, which says the same in
    rounds.
    """

    rule: str
    options: RuleOptions
    tie_order: tuple[OptionId, ...]
    ballots: int
    blank: int
    winners: tuple[OptionId, ...]
    rounds: tuple[Round | WalkStep | Purchase, ...]
    why: Mapping[OptionId, Why]
    rejected: Mapping[str, int] = field(default_factory=dict)
    budget: int | None = None
    spent: int | None = None
    voter_budget: Fraction | None = None
    runs: tuple[Run, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    lot_elsewhere: bool = False

    @property
    def valid(self) -> int:
        """Ballots with at least one mark that could count."""
        return self.ballots - self.blank - sum(self.rejected.values())

    @property
    def lots_used(self) -> bool:
        """Did a lot decide an order anywhere in what is shown?"""
        return self.lot_elsewhere or any(step.lots_used for step in (*self.rounds, *self.runs))

    def record(self) -> JSONObject:
        """What the count itself says; `result` adds where the ballots and lots came from."""
        money: JSONObject = {} if self.budget is None else {"budget": self.budget, "spent": self.spent}
        if self.voter_budget is not None:
            money |= {"voter_budget": str(self.voter_budget), "runs": [run.record() for run in self.runs]}
        return {
            "rule": self.rule,
            "options": dict(self.options),
            "input": {
                "ballots": self.ballots,
                "blank": self.blank,
                "valid": self.valid,
                "rejected": dict(self.rejected),
            },
            "winners": list(self.winners),
            "lots_used": self.lots_used,
            "rounds": [step.record() for step in self.rounds],
            **money,
            **self.extra,
        }


def result(outcome: Outcome, *, poll: str, ballots_sha256: str, seed: str) -> JSONObject:
    """The result record of docs/reference/results.md, ready for `canonical_bytes`."""
    return {
        "v": 1,
        "poll": poll,
        "ballots_sha256": ballots_sha256,
        "seed": seed,
        "tie_order": list(outcome.tie_order),
        **outcome.record(),
    }


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
