"""The registry: rules by id, their options complete and exact."""

import pytest

from counting import rules
from counting.profile import ApprovalProfile

GREEDY = rules.full_options("pb-greedy-v1")
MES = rules.full_options("pb-mes-v1")


def test_the_options_written_out_are_those_of_the_reference() -> None:
    assert GREEDY == {"mode": "skip", "threshold": 0, "pots": None, "groups": None}
    assert MES == {
        "utility": "cost",
        "completion": ["add1"],
        "integral": True,
        "step": 1,
        "stop_when_exhaustive": True,
    }


@pytest.mark.parametrize(
    ("rule", "changes", "key"),
    [
        ("pb-greedy-v1", {"mode": "jump"}, "mode"),
        ("pb-greedy-v1", {"threshold": -1}, "threshold"),
        ("pb-greedy-v1", {"threshold": 1.5}, "threshold"),
        ("pb-greedy-v1", {"threshold": True}, "threshold"),
        ("pb-greedy-v1", {"pots": {}}, "pots"),
        ("pb-greedy-v1", {"groups": []}, "groups"),
        ("pb-greedy-v1", {"colour": "red"}, "colour"),
        ("pb-mes-v1", {"utility": "points"}, "utility"),
        ("pb-mes-v1", {"completion": ["utilitarian", "add1"]}, "completion"),
        ("pb-mes-v1", {"completion": "add1"}, "completion"),
        ("pb-mes-v1", {"completion": ["add1", "add1"]}, "completion"),
        ("pb-mes-v1", {"integral": 1}, "integral"),
        ("pb-mes-v1", {"step": 0}, "step"),
        ("pb-mes-v1", {"stop_when_exhaustive": None}, "stop_when_exhaustive"),
    ],
)
def test_it_names_the_option_that_cannot_be(rule: str, changes: dict[str, object], key: str) -> None:
    with pytest.raises(rules.OptionsError) as refused:
        rules.full_options(rule, **changes)
    assert refused.value.key == key


@pytest.mark.parametrize("options", [GREEDY, MES])
def test_every_option_must_be_written_out(options: dict[str, object]) -> None:
    rule = "pb-greedy-v1" if options is GREEDY else "pb-mes-v1"
    for key in options:
        with pytest.raises(rules.OptionsError, match=f"{key}: is missing"):
            rules.validate_options(rule, {k: v for k, v in options.items() if k != key})


def test_a_count_refuses_options_that_were_not_validated() -> None:
    with pytest.raises(rules.OptionsError):
        rules.count("pb-greedy-v1", ApprovalProfile.of([]), {"a": 1}, budget=1, tie_order=["a"], options={})


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(rules.UnknownRule, match="'irv-v9'"):
        rules.count("irv-v9", ApprovalProfile.of([]), {}, budget=1, tie_order=[], options={})


def test_changing_the_options_one_got_does_not_change_the_rule() -> None:
    rules.full_options("pb-mes-v1")["completion"].append("utilitarian")
    assert rules.full_options("pb-mes-v1")["completion"] == ["add1"]


@pytest.mark.parametrize("rule", list(rules.RULES))
@pytest.mark.parametrize(
    ("projects", "budget", "tie_order"),
    [
        ({"a": 0}, 10, ["a"]),
        ({"a": 1.5}, 10, ["a"]),
        ({"a": 1}, -1, ["a"]),
        ({"a": 1, "b": 1}, 10, ["a"]),
        ({"a": 1}, 10, ["a", "a"]),
    ],
)
def test_a_count_refuses_a_poll_that_makes_no_sense(
    rule: str, projects: dict[str, int], budget: int, tie_order: list[str]
) -> None:
    with pytest.raises(ValueError, match="must"):
        rules.count(
            rule,
            ApprovalProfile.of([["a"]]),
            projects,
            budget=budget,
            tie_order=tie_order,
            options=rules.full_options(rule),
        )
