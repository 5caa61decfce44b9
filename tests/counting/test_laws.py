"""What must hold for every poll, whatever the ballots."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from counting import rules
from counting.outcome import Outcome, Purchase, Round, WalkStep, canonical_bytes, result
from counting.pb_mes import COMPLETIONS
from counting.profile import ApprovalProfile
from tests.counting import naive

Poll = tuple[naive.Ballots, dict[str, int], int, list[str]]
configurations = st.one_of(
    st.fixed_dictionaries({"mode": st.sampled_from(["skip", "stop"]), "threshold": st.integers(0, 3)}).map(
        lambda chosen: ("pb-greedy-v1", rules.full_options("pb-greedy-v1", **chosen))
    ),
    st.fixed_dictionaries(
        {
            "utility": st.sampled_from(["cost", "cardinality"]),
            "completion": st.sampled_from(COMPLETIONS),
            "integral": st.booleans(),
            "step": st.integers(1, 3),
            "stop_when_exhaustive": st.booleans(),
        }
    ).map(lambda chosen: ("pb-mes-v1", rules.full_options("pb-mes-v1", **chosen))),
)
Configuration = tuple[str, dict[str, Any]]


def count(poll: Poll, configuration: Configuration) -> Outcome:
    ballots, projects, budget, tie_order = poll
    rule, options = configuration
    return rules.count(rule, ApprovalProfile.of(ballots), projects, budget=budget, tie_order=tie_order, options=options)


@given(naive.polls(), configurations)
def test_the_money_adds_up_and_is_never_overspent(poll: Poll, configuration: Configuration) -> None:
    _, projects, budget, _ = poll
    outcome = count(poll, configuration)
    assert outcome.spent == sum(projects[option] for option in outcome.winners) <= budget
    assert len(set(outcome.winners)) == len(outcome.winners)
    left = budget
    compared = [step for step in outcome.rounds if isinstance(step, WalkStep) and step.completion == "comparison"]
    greedy_won = outcome.extra.get("comparison", {}).get("chosen") == "greedy"
    for step in compared if greedy_won else outcome.rounds[: len(outcome.rounds) - len(compared)]:
        assert not isinstance(step, Round)
        left -= step.cost if isinstance(step, Purchase) or step.decision == "funded" else 0
        assert isinstance(step, Purchase) or step.left == left >= 0
    assert left == budget - outcome.spent


@given(naive.polls(), configurations, st.randoms(use_true_random=False))
def test_the_order_of_ballots_does_not_matter(poll: Poll, configuration: Configuration, random: Any) -> None:
    shuffled = list(poll[0])
    random.shuffle(shuffled)
    assert count((shuffled, *poll[1:]), configuration) == count(poll, configuration)


@given(naive.polls(), configurations)
def test_the_ballot_order_of_projects_does_not_matter(poll: Poll, configuration: Configuration) -> None:
    ballots, projects, budget, tie_order = poll
    backwards = dict(reversed(projects.items()))
    one, other = count(poll, configuration), count((ballots, backwards, budget, tie_order), configuration)
    assert (one.rounds, one.winners, one.runs) == (other.rounds, other.winners, other.runs)


@given(naive.polls(), configurations)
def test_names_do_not_matter(poll: Poll, configuration: Configuration) -> None:
    ballots, projects, budget, tie_order = poll
    new = {option: f"z{len(projects) - place}" for place, option in enumerate(projects)}
    renamed = (
        [tuple(new[option] for option in ballot) for ballot in ballots],
        {new[option]: cost for option, cost in projects.items()},
        budget,
        [new[option] for option in tie_order],
    )
    one, other = count(poll, configuration), count(renamed, configuration)
    assert tuple(new[option] for option in one.winners) == other.winners
    assert [run.spent for run in one.runs] == [run.spent for run in other.runs]


@given(naive.polls(), configurations)
def test_where_no_lot_was_used_the_lots_change_nothing(poll: Poll, configuration: Configuration) -> None:
    ballots, projects, budget, tie_order = poll
    if configuration[1].get("completion", [])[:1] == ["add1"]:
        return  # lots_used speaks of the kept run; a discarded run may have used one
    outcome = count(poll, configuration)
    if not outcome.lots_used:
        other = count((ballots, projects, budget, tie_order[::-1]), configuration)
        assert (other.rounds, other.winners) == (outcome.rounds, outcome.winners)


@given(naive.polls(), configurations)
def test_every_tie_is_won_by_the_best_lot(poll: Poll, configuration: Configuration) -> None:
    outcome = count(poll, configuration)
    for tied in {step.tied for step in outcome.rounds if step.tied}:
        assert list(tied) == sorted(tied, key=poll[3].index)
    for step in outcome.rounds:
        if isinstance(step, Purchase) and step.tied:
            assert step.tied[0] == step.option


@given(naive.polls(), configurations)
def test_every_option_is_explained_and_winners_are_told_so(poll: Poll, configuration: Configuration) -> None:
    outcome = count(poll, configuration)
    assert list(outcome.why) == list(poll[1])
    assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)


@given(naive.polls(), configurations)
def test_every_outcome_has_a_record(poll: Poll, configuration: Configuration) -> None:
    record = result(count(poll, configuration), poll="p1", ballots_sha256="0" * 64, seed="1" * 64)
    assert canonical_bytes(record).startswith(b'{"ballots_sha256":"')
    assert ("runs" in record) == (configuration[0] == "pb-mes-v1")
