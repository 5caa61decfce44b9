"""Several rules on the same ballots: what each is set to, and what it can read."""

from typing import Any

import pytest

from counting.compare import compare, readable, usual_options
from counting.profile import ApprovalProfile, PointsProfile, Profile, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE as UNKNOWN

RANKED = RankedProfile({(("a",), ("b",)): 2, (("b",),): 3})
APPROVALS, POINTS = ApprovalProfile.of([["a"]]), PointsProfile.of([{"a": 1}])


def test_where_nobody_knows_the_marks_of_an_over_vote_a_rule_without_that_option_sees_none() -> None:
    profile = RankedProfile({(("a",), UNKNOWN): 2, (UNKNOWN,): 1, (UNKNOWN, ("b",)): 3, (("b",),): 4, (("a",),): 5})
    assert readable(profile, "schulze-wv-v1").groups == {(("a",),): 7, (): 1, ((), ("b",)): 3, (("b",),): 4}
    for rule in ("irv-v1", "no-such-rule"):
        assert readable(profile, rule) is profile


@pytest.mark.parametrize(("profile", "rule"), [(RANKED, "borda-v1"), (APPROVALS, "approval-v1"), (POINTS, "score-v1")])
def test_other_ballots_are_read_as_they_are(profile: Profile, rule: str) -> None:
    assert readable(profile, rule) is profile


@pytest.mark.parametrize(
    ("rule", "profile", "seats", "withdrawn", "usual"),
    [
        ("stv-meek-prf-v1", RANKED, 2, ["a"], {"withdrawn": ["a"], "seats": 2}),
        ("stv-meek-prf-v1", RANKED, None, [], {"withdrawn": []}),
        ("irv-v1", RANKED, 2, [], {"withdrawn": []}),  # knows no seats
        ("seqpav-v1", APPROVALS, 3, ["a"], {"seats": 3}),
        ("pb-mes-v1", POINTS, 1, [], {"utility": "points"}),
        ("pb-mes-v1", APPROVALS, 1, [], {}),
        ("no-such-rule", RANKED, 2, ["a"], {}),
    ],
)
def test_a_rule_is_set_to_what_it_knows(rule: str, profile: Profile, seats: int | None, withdrawn: Any, usual: Any) -> None:
    assert usual_options(rule, profile, seats=seats, withdrawn=withdrawn) == usual


def test_a_comparison_is_made_without_the_withdrawn_unless_options_say_otherwise() -> None:
    outcomes = compare(
        ["irv-v1", "borda-v1"], RANKED, {"a": 0, "b": 0}, tie_order=["a", "b"], withdrawn=["b"],
        options={"borda-v1": {"withdrawn": [], "unranked": "average"}},
    )  # fmt: skip
    assert {rule: outcome.winners for rule, outcome in outcomes.items()} == {"irv-v1": ("a",), "borda-v1": ("b",)}
    assert [outcome.options["withdrawn"] for outcome in outcomes.values()] == [["b"], []]
