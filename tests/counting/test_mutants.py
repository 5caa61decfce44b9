"""What only a mutant asked: small promises of the counting modules that could be broken without any other test failing."""

from typing import Any

import pytest

from counting import rules
from counting.election import lots, standing
from counting.outcome import Outcome
from counting.profile import ApprovalProfile, ProfileError, RankedBallot, RankedProfile

# ------------------------------------------------------------------------------------------------ pb_mes


def shares(completion: list[str]) -> Outcome:
    """Ten voters hold 10 each: the hut is bought, then the lamps, and 40 of 100 are left. Worked in the docstring of pb_mes."""
    profile = ApprovalProfile.of([["hall", "hut"]] * 6 + [["trees", "lamps"]] * 4)
    costs = {"hall": 60, "hut": 40, "trees": 24, "lamps": 20}
    options = rules.full_options("pb-mes-v1", completion=completion)
    return rules.count("pb-mes-v1", profile, costs, budget=100, tie_order=list(costs), options=options)


def test_a_funded_project_hears_in_which_round() -> None:
    why = shares([]).why
    assert [(why[option].code, why[option].numbers["round"]) for option in ("hut", "lamps")] == [("funded", 1), ("funded", 2)]


def test_the_walk_after_equal_shares_begins_with_the_money_left() -> None:
    why = shares(["utilitarian"]).why
    assert (why["hall"].numbers["left"], why["hall"].numbers["missing_money"]) == (40, 20)
    assert (why["trees"].code, why["trees"].numbers["rank"], why["trees"].numbers["left"]) == ("funded_by_completion", 2, 40)


# ------------------------------------------------------------------------------------------------ election


def test_a_candidate_named_twice_is_refused_also_when_the_lots_name_it_twice() -> None:
    with pytest.raises(ValueError, match="a candidate is named twice"):
        lots(["a", "a"], ["a", "a"])


def test_of_several_strangers_among_the_withdrawn_the_first_by_name_is_named() -> None:
    with pytest.raises(rules.OptionsError, match="names 'd', which is not on the ballot"):
        standing("abc", {"withdrawn": [*"zyxwvutsrqponmlkjihgfed", "a"]})


# ------------------------------------------------------------------------------------------------ profile


@pytest.mark.parametrize("ranking", ["ab", 5, None, frozenset({("a",)})])
def test_a_ranking_is_a_tuple(ranking: Any) -> None:
    with pytest.raises(ProfileError, match="a ranking is a tuple of ranks, not a "):
        RankedProfile({ranking: 1})


def test_ranked_ballots_stay_as_they_were() -> None:
    given: dict[RankedBallot, int] = {(("a",), ("b",)): 2}
    profile = RankedProfile(given)
    given[("b",),] = 5
    assert profile.groups == {(("a",), ("b",)): 2}
    with pytest.raises(TypeError):
        profile.groups[(("a",),)] = 5  # type: ignore[index]
