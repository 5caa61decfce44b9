"""What a count returns: texts of votes, and the bytes of a record."""

from fractions import Fraction
from typing import Any

import pytest

from counting.outcome import Outcome, Round, Run, Tie, canonical_bytes, votes_text


@pytest.mark.parametrize("votes", [Fraction(1, 3), Fraction(1, 1000), -1, Fraction(-1, 2)])
def test_votes_that_do_not_fit_their_decimals_are_refused(votes: int | Fraction) -> None:
    with pytest.raises(ValueError, match="has more than 2 decimals, or is below 0"):
        votes_text(votes, 2)


def test_decimals_are_written_out() -> None:
    assert [votes_text(Fraction(7, 100), 2), votes_text(0, 2), votes_text(41, 2)] == ["0.07", "0.00", "41.00"]


@pytest.mark.parametrize("number", [0.5, 1.0, 2**53, -(2**53)])
def test_no_number_that_readers_of_json_disagree_on_gets_into_a_record(number: Any) -> None:
    for record in ({"n": number}, {"n": [1, number]}, {"n": {"m": (number,)}}):
        with pytest.raises(ValueError, match=r"whole numbers up to 2\^53−1 only"):
            canonical_bytes(record)
    assert canonical_bytes({"n": [2**53 - 1, 1 - 2**53, True, None]}) == b'{"n":[9007199254740991,-9007199254740991,true,null]}'


def test_a_lot_counts_as_used_wherever_it_decided_something() -> None:
    def outcome(**changes: Any) -> Outcome:
        parts: dict[str, Any] = {"ballots": 1, "blank": 0, "winners": (), "rounds": (), "why": {}, **changes}
        return Outcome(rule="irv-v1", options={}, tie_order=("a", "b"), **parts)

    tie = Tie("elect", ("a", "b"), ("a",), False)
    drawn = Tie("elect", ("a", "b"), ("a",), True)
    assert not outcome(rounds=(Round({}, ties=(tie,)),)).lots_used
    assert outcome(rounds=(Round({}), Round({}, ties=(tie, drawn)))).lots_used
    assert outcome(lot_elsewhere=True).lots_used
    assert [outcome(runs=(Run(Fraction(1), 0, 0, used),)).lots_used for used in (False, True)] == [False, True]
