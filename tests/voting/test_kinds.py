"""Polls of every kind of ballot: set up, cast, closed, counted, published, checked."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from counting import rules as counting_rules
from tests import make
from tests.voting.test_publish_result import export, verify
from votelog import log, sequencer
from voting import actions, errors, kinds
from voting.models import Ballot, Board, Poll
from voting.standing import find_receipt, standing

RANKED: list[Any] = [[["o1"], ["o2"], ["o3"]], [["o2"], ["o3"]], [["o3"], ["o2"], ["o1"]], [["o2"], ["o1"]], []]
SCORED: list[Any] = [{"o1": 5, "o2": 2}, {"o2": 5}, {"o3": 4, "o2": 3}, {"o1": 1}, {}]
GIVEN: list[Any] = [{"o1": 10}, {"o2": 6, "o3": 4}, {"o3": 7, "o2": 3}, {"o1": 5, "o4": 5}, {}]
CHOSEN: list[Any] = [["o1", "o2"], ["o2"], ["o3", "o2"], ["o1"], []]
MONEY = {"budget": 100, "currency": {"en": "credits"}}

STRICTER = errors.RuleStricterThanBallot

HELD = [
    ("approval-v1", {"approve": {"max": 1}}, {}, [["o1"], ["o2"], ["o2"], ["o4"], []], ["o2"]),
    ("approval-v1", {"approve": {}}, {"seats": 2}, CHOSEN, ["o2", "o1"]),
    ("seqpav-v1", {"approve": {}}, {"seats": 2}, CHOSEN, ["o2", "o1"]),
    ("seqphragmen-v1", {"approve": {}}, {"seats": 2}, CHOSEN, None),
    ("equal-shares-v1", {"approve": {}}, {"seats": 2}, CHOSEN, None),
    ("irv-v1", {"rank": {}}, {}, RANKED, ["o2"]),
    ("stv-scottish-v1", {"rank": {}}, {"seats": 2}, RANKED, None),
    ("stv-meek-prf-v1", {"rank": {}}, {"seats": 2}, RANKED, None),
    ("schulze-wv-v1", {"rank": {"ties": True}}, {}, [*RANKED, [["o2", "o3"], ["o1"]]], ["o2"]),
    ("ranked-pairs-v1", {"rank": {"ties": True}}, {}, RANKED, ["o2"]),
    ("borda-v1", {"rank": {"ties": True}}, {"seats": 1}, RANKED, ["o2"]),
    ("score-v1", {"score": {"max": 5}}, {}, SCORED, ["o2"]),
    ("cumulative-v1", {"alloc": {"sum": 10}}, {"seats": 1}, GIVEN, ["o1"]),
]


def held(method: str, ballot: Any, rule: Any, marks: list[Any], **fields: Any) -> Poll:
    people = make.users(len(marks))
    draft = make.election(roll=make.roll(*people, empty=1), method=method, ballot=ballot, rule=rule, **fields)
    poll = actions.open_poll(poll=draft, by=None)
    for person, mark in zip(people, marks, strict=True):
        make.cast(poll, person, b={poll.kind: mark})
    return make.published(poll)


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "ballot", "rule", "marks", "winners"), HELD, ids=[case[0] for case in HELD])
def test_a_poll_is_held_from_the_draft_to_a_result_that_the_verifier_repeats(
    method: str, ballot: Any, rule: Any, marks: list[Any], winners: list[str] | None, settings
) -> None:
    poll = held(method, ballot, rule, marks)
    result = poll.results.get()
    if winners is not None:
        assert result.outcome["winners"] == winners
    assert (result.outcome["input"]["ballots"], result.outcome["input"]["blank"]) == (len(marks), 1)
    assert set(result.why) == {"o1", "o2", "o3", "o4"}
    assert "budget" not in result.outcome
    created = next(log.entries(poll.public_id, kind="poll.created"))["d"]
    assert created["ballot"] == poll.ballot
    assert "budget" not in created and "cost" not in created["options"][0]
    verdict = verify(export(settings.LOG_DIR), poll)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["pb-greedy-v1", "pb-mes-v1"])
def test_money_can_be_given_out_by_points(method: str, settings) -> None:
    people = make.users(len(GIVEN))
    draft = make.poll(
        roll=make.roll(*people),
        method=method,
        ballot=kinds.full_ballot({"alloc": {"sum": 10}}),
        rule=counting_rules.full_options(method, **{"utility": "points"} if method == "pb-mes-v1" else {}),
        mix_k=1,
    )
    poll = actions.open_poll(poll=draft, by=None)
    for person, marks in zip(people, GIVEN, strict=True):
        make.cast(poll, person, b={"alloc": marks})
    poll = make.published(poll)
    assert poll.results.get().outcome["spent"] <= 100
    assert verify(export(settings.LOG_DIR), poll).returncode == 0


def opened(roll: Any, method: str, ballot: Any, **fields: Any) -> Poll:
    return actions.open_poll(poll=make.election(roll=roll, method=method, ballot=ballot, **fields), by=None)


@pytest.mark.parametrize(
    ("method", "ballot", "marks", "refusal", "words"),
    [
        ("irv-v1", {"rank": {}}, [["o1"], ["o3", "o2"]], errors.SameRank, "“Option 2” and “Option 3” have the same rank"),
        ("irv-v1", {"rank": {}}, [["o1"], ["o1"]], errors.UnknownOption, ""),
        ("irv-v1", {"rank": {}}, [["o1"], ["o9"]], errors.UnknownOption, ""),
        ("irv-v1", {"rank": {"max": 2}}, [["o1"], ["o2"], ["o3"]], errors.TooManyChoices, "at most 2"),
        ("irv-v1", {"rank": {"min": 2}}, [["o1"]], errors.TooFewChoices, "at least 2"),
        ("score-v1", {"score": {"max": 5}}, {"o2": 6}, errors.TooManyPoints, "“Option 2” can get at most 5"),
        ("score-v1", {"score": {"max": 5}}, {"o9": 1}, errors.UnknownOption, ""),
        ("cumulative-v1", {"alloc": {"sum": 10}}, {"o1": 7, "o2": 5}, errors.PointsOverSum, "12 points, and there are 10"),
        ("cumulative-v1", {"alloc": {"sum": 10, "exact": True}}, {"o1": 7}, errors.PointsNotAll, "other 3"),
        ("cumulative-v1", {"alloc": {"sum": 10, "max": 4}}, {"o1": 5}, errors.TooManyPoints, "at most 4"),
        ("cumulative-v1", {"alloc": {"sum": 10, "min": 2}}, {"o1": 5}, errors.TooFewChoices, "at least 2"),
    ],
)
def test_a_ballot_outside_the_limits_is_refused_in_words_that_name_the_fault(
    roll, ada, method: str, ballot: Any, marks: Any, refusal: type[errors.Refusal], words: str
) -> None:
    poll = opened(roll, method, ballot)
    with pytest.raises(refusal) as said:
        make.cast(poll, ada, b={poll.kind: marks})
    assert words in str(said.value)
    assert not Ballot.objects.exists()


@pytest.mark.parametrize(
    ("ballot", "b"),
    [
        ({"rank": {}}, {"approve": ["o1"]}),
        ({"rank": {}}, {"rank": "o1"}),
        ({"rank": {}}, {"rank": ["o1"]}),
        ({"rank": {}}, {"rank": [[1]]}),
        ({"rank": {}}, {"rank": None}),
        ({"rank": {}}, {"rank": [], "approve": []}),
        ({"rank": {}}, {}),
    ],
)
def test_what_is_no_ballot_of_this_kind_is_refused(roll, ada, ballot: Any, b: Any) -> None:
    poll = opened(roll, "irv-v1", ballot)
    with pytest.raises(errors.BallotOfAnotherKind):
        make.cast(poll, ada, b=b)
    assert not Ballot.objects.exists()


@pytest.mark.parametrize("points", [{"o1": -1}, {"o1": 1.5}, {"o1": True}, {"o1": "3"}, ["o1"]])
def test_points_are_whole_numbers(roll, ada, points: Any) -> None:
    poll = opened(roll, "score-v1", {"score": {"max": 5}})
    with pytest.raises(errors.BallotOfAnotherKind):
        make.cast(poll, ada, b={"score": points})


@pytest.mark.parametrize(
    ("method", "ballot", "marks", "stored"),
    [
        ("schulze-wv-v1", {"rank": {"ties": True}}, [["o3"], [], ["o2", "o1"], []], [["o3"], ["o1", "o2"]]),
        ("score-v1", {"score": {"max": 5}}, {"o2": 3, "o1": 0}, {"o2": 3}),
        ("cumulative-v1", {"alloc": {}}, {"o2": 3, "o1": 1}, {"o1": 1, "o2": 3}),
    ],
)
def test_one_ballot_has_one_way_of_being_written(roll, ada, method: str, ballot: Any, marks: Any, stored: Any) -> None:
    poll = opened(roll, method, ballot)
    receipt = make.cast(poll, ada, b={poll.kind: marks})
    assert receipt.d["b"] == {poll.kind: stored} == receipt.choice
    assert standing(poll, ada).choice == {poll.kind: stored}
    found = find_receipt(receipt.bid)
    assert found is not None and found.choice == {poll.kind: stored}


def test_a_blank_ballot_is_a_ballot_of_every_kind(roll, ada) -> None:
    for method, ballot in [
        ("irv-v1", {"rank": {}}),
        ("score-v1", {"score": {}}),
        ("cumulative-v1", {"alloc": {"exact": True, "min": 2}}),
    ]:
        poll = opened(roll, method, ballot, process=make.process(f"a-{method}"))
        receipt = make.cast(poll, ada, b={poll.kind: [] if poll.kind == "rank" else {}})
        assert not any(receipt.choice.values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "ballot", "marks", "tallies"),
    [
        ("irv-v1", {"rank": {}}, RANKED, {"o1": 1, "o2": 2, "o3": 1, "o4": 0}),
        ("schulze-wv-v1", {"rank": {"ties": True}}, [[["o1", "o2"]], [["o2"]]], {"o1": 1, "o2": 2, "o3": 0, "o4": 0}),
        ("score-v1", {"score": {}}, SCORED, {"o1": 6, "o2": 10, "o3": 4, "o4": 0}),
        ("cumulative-v1", {"alloc": {}}, GIVEN, {"o1": 15, "o2": 9, "o3": 11, "o4": 5}),
    ],
)
def test_the_board_adds_up_what_there_is_to_add_up(method: str, ballot: Any, marks: list[Any], tallies: dict[str, int]) -> None:
    people = make.users(len(marks))
    poll = opened(make.roll(*people), method, ballot)
    for person, mark in zip(people, marks, strict=True):
        make.cast(poll, person, b={poll.kind: mark})
    sequencer.run_once()
    assert Board.objects.get(poll=poll).tallies == tallies


@pytest.mark.parametrize(
    ("fields", "refusal", "words"),
    [
        ({"ballot": {"rank": {}}, "method": "approval-v1"}, errors.RuleNotForBallot, "approval-v1 does not count"),
        ({"ballot": {"approve": {}}, "method": "irv-v1"}, errors.RuleNotForBallot, "kind approve"),
        ({"ballot": {"alloc": {}}, "method": "irv-v1"}, errors.RuleNotForBallot, "kind alloc"),
        ({"ballot": {"rank": {}}, "method": "irv-v9"}, errors.RuleUnknown, "irv-v9"),
        ({"ballot": {"approve": {}}, "method": "pb-maxutil-v1"}, errors.RuleUnknown, "pb-maxutil-v1"),
        ({"ballot": {"rank": {}}, "method": "irv-v1", "rule": {"seats": 2}}, errors.RuleOptionRefused, "option seats"),
        ({"ballot": {"rank": {}}, "method": "irv-v1", "rule": {"quorum": -1}}, errors.RuleOptionRefused, "option quorum"),
        ({"ballot": {"rank": {"top": 3}}, "method": "irv-v1"}, errors.BallotLimitsRefused, "limit top"),
        ({"ballot": {"rank": {"max": 0}}, "method": "irv-v1"}, errors.BallotLimitsRefused, "limit max"),
        ({"ballot": {"rank": {"ties": 1}}, "method": "irv-v1"}, errors.BallotLimitsRefused, "limit ties"),
        ({"ballot": {"rank": {"min": 3, "max": 2}}, "method": "irv-v1"}, errors.BallotLimitsRefused, "limit min"),
        ({"ballot": {"approve": {"max_cost": 0}}, "method": "approval-v1"}, errors.BallotLimitsRefused, "limit max_cost"),
        ({"ballot": {"score": {"max": None}}, "method": "score-v1"}, errors.BallotLimitsRefused, "limit max"),
        ({"ballot": {"alloc": {"sum": 0}}, "method": "cumulative-v1"}, errors.BallotLimitsRefused, "limit sum"),
        ({"ballot": {"alloc": {"exact": None}}, "method": "cumulative-v1"}, errors.BallotLimitsRefused, "limit exact"),
        ({"ballot": {"alloc": {"min": 11}}, "method": "cumulative-v1"}, errors.BallotLimitsRefused, "limit min"),
        ({"ballot": {"thumbs": {}}, "method": "score-v1"}, errors.BallotLimitsRefused, "limit ballot"),
        ({"ballot": {}, "method": "score-v1"}, errors.BallotLimitsRefused, "limit ballot"),
        ({"ballot": {"rank": {}}, "method": "irv-v1", **MONEY}, errors.BudgetWithoutUse, "irv-v1 spends no money"),
        ({"ballot": {"rank": {"ties": True}}, "method": "irv-v1"}, STRICTER, "option overvote"),
        ({"ballot": {"approve": {}}, "method": "approval-v1", "rule": {"max": 3}}, STRICTER, "option max"),
        ({"ballot": {"approve": {}}, "method": "approval-v1", "rule": {"min": 2}}, STRICTER, "option min"),
        ({"ballot": {"score": {"max": 9}}, "method": "score-v1", "rule": {"max": 5}}, STRICTER, "option max"),
        ({"ballot": {"alloc": {}}, "method": "cumulative-v1", "rule": {"max_sum": 9}}, STRICTER, "option max_sum"),
        ({"ballot": {"alloc": {}}, "method": "cumulative-v1", "rule": {"max_points": 9}}, STRICTER, "max_points"),
        (
            {"ballot": {"alloc": {}}, "method": "cumulative-v1", "rule": {"max_sum": 10, "exact_sum": True}},
            STRICTER,
            "option exact_sum",
        ),
        (
            {"ballot": {"alloc": {}}, "method": "cumulative-v1", "rule": {"min_options": 2}},
            STRICTER,
            "option min_options",
        ),
        ({"ballot": {"alloc": {}}, "method": "pb-mes-v1", **MONEY}, errors.RuleOptionRefused, "option utility"),
        (
            {"ballot": {"approve": {}}, "method": "pb-mes-v1", "rule": {"utility": "points"}, **MONEY},
            errors.RuleOptionRefused,
            "option utility",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_when_a_poll_is_set_up(
    roll, fields: dict[str, Any], refusal: type[errors.Refusal], words: str
) -> None:
    with pytest.raises(refusal) as said:
        make.election(roll=roll, **fields)
    assert words in str(said.value)
    assert not Poll.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"ballot": {"approve": {"min": 1, "max": 3}}, "method": "approval-v1", "rule": {"min": 1, "max": 3}},
        {"ballot": {"alloc": {"exact": True}}, "method": "cumulative-v1", "rule": {"max_sum": 10, "exact_sum": True}},
        {"ballot": {"alloc": {"min": 2}}, "method": "cumulative-v1", "rule": {"max_points": 10, "min_options": 2}},
        {"ballot": {"score": {"max": 5}}, "method": "cumulative-v1", "rule": {"max_points": 5}},
    ],
)
def test_limits_may_stand_in_the_ballot_and_in_the_rule(roll, fields: dict[str, Any]) -> None:
    assert actions.open_poll(poll=make.election(roll=roll, **fields), by=None).is_open


@pytest.mark.parametrize(
    ("method", "rule"),
    [("irv-v1", {"withdrawn": ["o9"]}), ("schulze-wv-v1", {"withdrawn": ["x"]})],
)
def test_a_rule_that_names_something_not_on_the_ballot_does_not_open(roll, method: str, rule: Any) -> None:
    draft = make.election(roll=roll, method=method, ballot={"rank": {}}, rule=rule)
    with pytest.raises(errors.RuleOptionRefused, match="withdrawn"):
        actions.open_poll(poll=draft, by=None)


def test_an_election_with_costs_does_not_open(roll) -> None:
    draft = make.election(roll=roll, method="irv-v1", ballot={"rank": {}})
    draft.options.update(cost=5)
    with pytest.raises(errors.BudgetWithoutUse):
        actions.open_poll(poll=draft, by=None)


@pytest.mark.django_db
def test_below_its_quorum_a_poll_has_a_result_and_no_winner() -> None:
    poll = held("irv-v1", {"rank": {}}, {"quorum": 6}, RANKED)
    result = poll.results.get()
    assert result.outcome["winners"] == []
    assert {why["code"] for why in result.why.values()} == {"no_quorum"}


def test_a_ballot_may_be_changed_into_another_order(roll, ada) -> None:
    poll = opened(roll, "irv-v1", {"rank": {}})
    make.cast(poll, ada, b={"rank": [["o1"], ["o2"]]})
    make.cast(poll, ada, b={"rank": [["o2"], ["o1"]]})
    assert standing(poll, ada).choice == {"rank": [["o2"], ["o1"]]}
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    sequencer.run_once()
    result = actions.publish_result(poll=poll, by=None, at=timezone.now())
    assert result.outcome["winners"] == ["o2"]


def test_a_form_cannot_ask_for_more_ranks_than_there_are_options() -> None:
    limits = kinds.full_ballot({"rank": {"raw": True}})["rank"]
    reading = kinds.KINDS["rank"].read(QueryDict("mark-o1=3&mark-o2=999999"), ["o1", "o2", "o3"], limits)
    assert (reading.marks, reading.unreadable) == ([[], [], ["o1"]], ("o2",))


def test_ballots_as_marked_on_paper_are_for_imports_only(roll) -> None:
    with pytest.raises(errors.BallotLimitsRefused):
        opened(roll, "irv-v1", {"rank": {"raw": True}})


@pytest.mark.parametrize(
    ("method", "ballot"),
    [
        ("approval-v1", {"approve": {"min": 9}}),
        ("irv-v1", {"rank": {"min": 9}}),
        ("cumulative-v1", {"alloc": {"sum": 10, "exact": True, "max": 2}}),
    ],
)
def test_a_poll_does_not_open_where_nobody_could_fill_in_a_ballot(roll, method: str, ballot: Any) -> None:
    with pytest.raises(errors.BallotLimitsRefused):
        opened(roll, method, ballot)


def test_seats_that_may_take_any_number_of_runs_are_not_put_to_voters(roll) -> None:
    with pytest.raises(errors.RuleOptionRefused):
        opened(roll, "equal-shares-v1", {"approve": {}}, rule={"completion": "add1"})
