"""Profiles: ballots as a multiset."""

import pytest

from counting.profile import ApprovalProfile, PointsProfile, ProfileError, RankedProfile


def test_neither_the_order_of_ballots_nor_that_of_approvals_is_kept() -> None:
    one = ApprovalProfile.of([["a", "b"], ["c"], []])
    other = ApprovalProfile.of([[], ["c"], ["b", "a"]])
    assert one == other
    assert list(one.groups) == list(other.groups) == [(), ("a", "b"), ("c",)]


def test_it_counts_blank_ballots_apart() -> None:
    profile = ApprovalProfile.of([["a"], [], []])
    assert (profile.total, profile.blank, profile.valid) == (3, 2, 1)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ApprovalProfile.of([["a"]]).groups[("a",)] = 5  # type: ignore[index]


@pytest.mark.parametrize("groups", [{("b", "a"): 1}, {("a", "a"): 1}, {("a",): 0}, {("a",): True}])
def test_it_refuses_groups_that_are_not_in_canonical_form(groups: dict[tuple[str, ...], int]) -> None:
    with pytest.raises(ProfileError):
        ApprovalProfile(groups)


def test_a_ballot_that_approves_twice_is_refused_and_not_repaired() -> None:
    with pytest.raises(ProfileError):
        ApprovalProfile.of([["a", "a"]])


def test_a_ballot_for_something_else_cannot_be_counted() -> None:
    with pytest.raises(ProfileError, match="'z', which is not an option"):
        ApprovalProfile.of([["z"]]).scores(["a"])


def test_points_add_up_and_are_never_rescaled() -> None:
    profile = PointsProfile.of([{"a": 3}, {"a": 1, "b": 2}, {"b": 0}])
    assert profile.scores(["a", "b", "c"]) == {"a": 4, "b": 2, "c": 0}
    assert (profile.total, profile.blank, profile.valid) == (3, 1, 2)


def test_negative_points_are_refused() -> None:
    with pytest.raises(ProfileError):
        PointsProfile.of([{"a": -1}])


@pytest.mark.parametrize("groups", [{(("a", True),): 1}, {(("a", 0),): 1}, {(("b", 1), ("a", 1)): 1}, {(("a", 1),): 0}])
def test_it_refuses_groups_of_points_that_are_not_in_canonical_form(groups: dict[tuple[tuple[str, int], ...], int]) -> None:
    with pytest.raises(ProfileError):
        PointsProfile(groups)


def test_an_empty_rank_at_the_end_means_nothing() -> None:
    assert RankedProfile.of([[["b", "a"], [], ["c"], [], []], [[], []]]).groups == {(("a", "b"), (), ("c",)): 1, (): 1}
