"""Elections counted again: small examples worked out by hand from docs/reference/results.md, and two published ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.verifier.writelog import BALLOTS, NONCE, OPTIONS, b_of, marks
from verifier import __main__ as verifier


def count(method: str, ids: str, ballots: dict[str, int], **rule: Any) -> dict[str, Any]:
    """`ids` are letters; ballots as "a>b=c", "a,b" or "a:3,b:1", each with how many there are of it."""
    kind = next(iter(BALLOTS[method]))
    config = {"method": method, "rule": {**OPTIONS[method], **rule}, "options": [{"id": option} for option in ids]}
    groups: Counter[Any] = Counter()
    for ballot, times in ballots.items():
        groups[marks(b_of(kind, ballot))] += times
    return verifier.recount("p1", config, groups, NONCE.hex())


def shown(result: dict[str, Any], *fields: str) -> list[list[Any]]:
    return [[r[name] for name in fields] for r in result["rounds"]]


# ------------------------------------------------------------------------------------------------- reading a ranking


@pytest.mark.parametrize(
    ("ballot", "rule", "preferences", "end"),
    [
        ("a>b>c", {}, "a b c", "choices"),
        ("a>->b", {}, "a b", "choices"),
        ("a>->b", {"max_skipped": 0}, "a", "skipped"),
        ("a>->->b", {"max_skipped": 1}, "a", "skipped"),
        ("a>->b>->c", {"max_skipped": 1}, "a b c", "choices"),
        ("->->a", {"max_skipped": 1}, "", "skipped"),
        ("a>b=c>d", {}, "a", "overvote"),
        ("a>b=c>d", {"overvote": "skip"}, "a d", "choices"),
        ("a>b=c>b", {"overvote": "skip"}, "a b", "choices"),
        ("a>b=c>b", {"overvote": "skip", "duplicate": "exhaust"}, "a", "duplicate"),
        ("a>b=c>d", {"overvote": "exhaust_if_multiple_continuing"}, "a bc d", "choices"),
        ("a>b=c>b>d", {"overvote": "exhaust_if_multiple_continuing"}, "a bc d", "choices"),
        ("a>a>b", {}, "a b", "choices"),
        ("a>a>b", {"duplicate": "exhaust"}, "a", "duplicate"),
        ("a>a=b>c", {}, "a b c", "choices"),
        ("a>a=b>c", {"duplicate": "exhaust"}, "a", "duplicate"),
        ("a>w>b", {}, "a b", "choices"),
        ("a=w>b", {}, "a b", "choices"),
        ("w>w>b", {"duplicate": "exhaust"}, "b", "choices"),
        ("a>->w>->b", {"max_skipped": 1}, "a b", "choices"),
        ("w", {}, "", "choices"),
    ],
)
def test_a_ranking_is_read_rank_by_rank(ballot: str, rule: dict[str, Any], preferences: str, end: str) -> None:
    options = {**OPTIONS["irv-v1"], "withdrawn": ["w"], **rule}
    read, reason = verifier.read_ranking(marks(b_of("rank", ballot)), options)
    assert (" ".join("".join(preference) for preference in read), reason) == (preferences, end)


# ---------------------------------------------------------------------------------------------------------- irv-v1


def test_an_instant_runoff_moves_the_ballots_of_the_last() -> None:
    result = count("irv-v1", "abc", {"a": 4, "b>a": 3, "c>b": 1, "c": 1, "": 2})
    nobody_out = {"overvote": "0", "skipped": "0", "duplicate": "0", "choices": "0"}
    assert result["rounds"] == [
        {
            "tallies": {"a": "4", "b": "3", "c": "2"},
            "elected": [],
            "excluded": ["c"],
            "transfers": {"c": {"to": {"b": "1"}, "exhausted": {"choices": "1"}}},
            "exhausted": nobody_out,
            "ties": [],
            "threshold": "5",
        },
        {
            "tallies": {"a": "4", "b": "4"},
            "elected": result["winners"],
            "excluded": [],
            "transfers": {},
            "exhausted": {**nobody_out, "choices": "1"},
            "ties": [{"for": "elect", "tied": ["a", "b"], "chosen": result["winners"], "lot": True, "lookback": []}],
            "threshold": "5",
        },
    ]
    assert result["winners"] == [next(option for option in result["tie_order"] if option != "c")]
    assert result["input"] == {"ballots": 11, "blank": 2, "valid": 9, "rejected": {}}
    assert result["lots_used"] is True


def test_a_tie_for_the_last_place_looks_back_before_it_draws_lots() -> None:
    result = count("irv-v1", "abcd", {"a": 5, "b": 3, "c": 2, "d>c": 1})
    assert shown(result, "excluded") == [[["d"]], [["c"]], [[]]]
    tie = {"for": "exclude", "tied": ["b", "c"], "chosen": ["c"], "lot": False, "lookback": [{"round": 1, "left": ["c"]}]}
    assert shown(result, "ties") == [[[]], [[tie]], [[]]]
    assert (result["winners"], result["lots_used"]) == (["a"], False)


def test_the_worst_lot_is_excluded() -> None:
    result = count("irv-v1", "abcd", {"a": 2, "b": 1, "c": 1, "d": 1})
    lots = [option for option in result["tie_order"] if option != "a"]
    assert shown(result, "excluded")[:2] == [[[lots[2]]], [[lots[1]]]]


def test_a_batch_goes_out_together_when_it_cannot_catch_up() -> None:
    ballots = {"a": 8, "b": 5, "c>b": 2, "d>c": 1}
    result = count("irv-v1", "abcd", ballots, batch=True)
    assert result["rounds"][0]["excluded"] == ["d", "c"]
    assert result["rounds"][0]["transfers"] == {
        "c": {"to": {"b": "2"}, "exhausted": {}},
        "d": {"to": {}, "exhausted": {"choices": "1"}},
    }
    assert shown(count("irv-v1", "abcd", ballots), "excluded") == [[["d"]], [["c"]], [[]]]


def test_until_two_goes_on_past_a_majority() -> None:
    assert len(count("irv-v1", "abc", {"a": 8, "b": 2, "c>b": 1})["rounds"]) == 1
    result = count("irv-v1", "abc", {"a": 8, "b": 2, "c>b": 1}, until_two=True)
    assert [r["tallies"] for r in result["rounds"]] == [{"a": "8", "b": "2", "c": "1"}, {"a": "8", "b": "3"}]


def test_a_shared_rank_is_judged_when_the_ballot_gets_there() -> None:
    rule = {"overvote": "exhaust_if_multiple_continuing"}
    result = count("irv-v1", "abcd", {"a": 4, "b": 3, "d": 2, "c>a=d": 1}, **rule)
    assert [r["exhausted"]["overvote"] for r in result["rounds"]] == ["0", "1", "1"]  # a and d both go on when c goes
    result = count("irv-v1", "abcd", {"a": 5, "b": 3, "c>b=d": 2, "d": 1}, **rule)
    assert result["rounds"][1]["transfers"] == {"c": {"to": {"b": "2"}, "exhausted": {}}}  # only b still goes on by then
    result = count("irv-v1", "abc", {"a": 2, "b": 2, "a=b": 1}, **rule)
    assert result["input"] == {"ballots": 5, "blank": 0, "valid": 4, "rejected": {"overvote": 1}}


def test_a_quorum_takes_the_winners_and_leaves_the_rounds() -> None:
    full = count("irv-v1", "ab", {"a": 3, "b": 1, "": 1})
    short = count("irv-v1", "ab", {"a": 3, "b": 1, "": 1}, quorum=6)
    assert (full["winners"], short["winners"]) == (["a"], [])
    assert short["rounds"] == full["rounds"]
    assert count("irv-v1", "ab", {"a": 3, "b": 1, "": 1}, quorum=5)["winners"] == ["a"]


# -------------------------------------------------------------------------------------------------------------- STV


def test_a_surplus_passes_on_at_a_fraction_rounded_down() -> None:
    """Quota 10 // 3 + 1 = 4. The surplus of a is 3 of 7: 0.42857 for each ballot, five to b, two without a next option."""
    result = count("stv-scottish-v1", "abc", {"a>b": 5, "a": 2, "b": 1, "c>b": 2}, seats=2)
    assert result["quota"] == "4.00000"
    assert result["winners"] == ["a", "b"]
    zero = {"overvote": "0.00000", "skipped": "0.00000", "duplicate": "0.00000", "choices": "0.00000", "rounding": "0.00000"}
    later = {**zero, "choices": "0.85714", "rounding": "0.00001"}
    moved = {"a": {"to": {"b": "2.14285"}, "exhausted": {"choices": "0.85714", "rounding": "0.00001"}}}
    assert shown(result, "tallies", "elected", "excluded", "surplus", "exhausted", "transfers") == [
        [{"a": "7.00000", "b": "1.00000", "c": "2.00000"}, ["a"], [], "a", zero, moved],
        [
            {"a": "4.00000", "b": "3.14285", "c": "2.00000"},
            [],
            ["c"],
            None,
            later,
            {"c": {"to": {"b": "2.00000"}, "exhausted": {}}},
        ],
        [{"a": "4.00000", "b": "5.14285"}, ["b"], [], None, later, {}],
    ]


@pytest.mark.parametrize(
    ("quota", "decimals", "written"),
    [
        ("droop_int", 5, "4.00000"),
        ("hare_int", 4, "5.0000"),
        ("nb_exact", 4, "3.3334"),
        ("nb_exact", "exact", "10/3"),
        ("droop_int", "exact", "4"),
    ],
)
def test_a_quota_is_written_as_the_rule_says(quota: str, decimals: Any, written: str) -> None:
    ballots = {"a>b": 5, "a": 2, "b": 1, "c>b": 2}
    assert count("stv-scottish-v1", "abc", ballots, seats=2, quota=quota, decimals=decimals)["quota"] == written


def test_exact_transfers_lose_nothing() -> None:
    result = count("stv-scottish-v1", "abc", {"a>b": 5, "a": 2, "b": 1, "c>b": 2}, seats=2, decimals="exact")
    assert result["rounds"][0]["transfers"] == {"a": {"to": {"b": "15/7"}, "exhausted": {"choices": "6/7"}}}
    assert result["rounds"][1]["tallies"] == {"a": "4", "b": "22/7", "c": "2"}


def test_without_a_valid_ballot_the_quota_is_that_of_no_votes() -> None:
    for quota, written in (("droop_int", "1.00000"), ("hare_int", "1.00000"), ("nb_exact", "0.00000")):
        result = count("stv-scottish-v1", "ab", {"": 3}, quota=quota)
        assert (result["rounds"], result["winners"], result["quota"], result["lots_used"]) == ([], [], written, False)


def test_meek_lowers_the_keep_factor_until_the_surplus_has_moved() -> None:
    """Quota 7/3 and a unit. a keeps 2.333333334/4, rounded up; of each ballot 0.416666666 goes on to b, who has enough then."""
    result = count("stv-meek-prf-v1", "abc", {"a>b": 4, "b": 1, "c": 2}, seats=2)
    one, quota = "1.000000000", "2.333333334"
    fields = ("tallies", "elected", "quota", "surplus", "keep", "iterations", "exhausted")
    assert shown(result, *fields) == [
        [
            {"a": "4.000000000", "b": "1.000000000", "c": "2.000000000"},
            ["a"],
            quota,
            "0.000000000",
            {"a": one, "b": one, "c": one},
            1,
            {"unspent": "0.000000000"},
        ],
        [
            {"a": "2.333333336", "b": "2.666666664", "c": "2.000000000"},
            ["b"],
            quota,
            "1.666666666",
            {"a": "0.583333334", "b": one, "c": one},
            2,
            {"unspent": "0.000000000"},
        ],
    ]


def test_meek_lets_the_lot_decide_what_is_closer_than_the_surplus() -> None:
    """Quota 12/3 and a unit. a keeps 0.666666667 of each ballot, in all a unit too much; b gets 3 × 0.333333333, c has 1."""
    result = count("stv-meek-prf-v1", "abcde", {"a>b": 3, "a>d": 3, "c": 1, "d": 2, "e": 3}, seats=2)
    second = result["rounds"][1]
    assert (second["tallies"]["b"], second["tallies"]["c"], second["surplus"]) == ("0.999999999", "1.000000000", "0.000000001")
    worst = [option for option in result["tie_order"] if option in "bc"][-1]
    assert second["ties"] == [{"for": "exclude", "tied": ["b", "c"], "chosen": [worst], "lot": True, "lookback": []}]


def test_meek_elects_all_in_one_round_where_there_are_no_more_options_than_seats() -> None:
    result = count("stv-meek-prf-v1", "ab", {"b": 2, "a": 1}, seats=3)
    assert shown(result, "elected", "iterations", "surplus") == [[["b", "a"], 1, "0.000000000"]]


# ------------------------------------------------------------------------------------------------------ pair by pair


def test_schulze_gives_the_ranking_of_the_published_example() -> None:
    """The example of 45 voters in Schulze's paper and in many textbooks."""
    strings = {"acbed": 5, "adecb": 5, "bedac": 8, "cabed": 3, "caebd": 7, "cbade": 2, "dceba": 7, "ebadc": 8}
    result = count("schulze-wv-v1", "abcde", {">".join(ballot): times for ballot, times in strings.items()})
    assert result["ranking"] == [["e"], ["a"], ["c"], ["b"], ["d"]]
    assert result["paths"] == [
        [0, 28, 28, 30, 24],
        [25, 0, 28, 33, 24],
        [25, 29, 0, 29, 24],
        [25, 28, 28, 0, 24],
        [25, 28, 28, 31, 0],
    ]
    assert (result["winners"], result["condorcet_winner"], result["lots_used"]) == (["e"], None, False)


def test_ranked_pairs_locks_the_strongest_and_leaves_the_cycle_open() -> None:
    result = count("ranked-pairs-v1", "abc", {"a>b>c": 4, "b>c>a": 3, "c>a>b": 2})
    assert result["matrix"] == [[0, 6, 4], [3, 0, 7], [5, 2, 0]]
    assert [(p["over"] + p["under"], p["votes"], p["margin"], p["locked"], p["tied"]) for p in result["pairs"]] == [
        ("bc", 7, 5, True, False),
        ("ab", 6, 3, True, False),
        ("ca", 5, 1, False, False),
    ]
    assert (result["ranking"], result["winners"], result["lots_used"]) == (["a", "b", "c"], ["a"], False)


def test_pairs_of_equal_strength_are_called_tied() -> None:
    """The capital of Tennessee, known from many textbooks: two of the six pairs are 68 to 32, three are 58 to 42."""
    ballots = {"m>n>c>k": 42, "n>c>k>m": 26, "c>k>n>m": 15, "k>c>n>m": 17}
    result = count("ranked-pairs-v1", "mnck", ballots)
    pairs = {p["over"] + p["under"]: (p["votes"], p["margin"], p["tied"]) for p in result["pairs"]}
    assert pairs == {
        "ck": (83, 66, False),
        "nc": (68, 36, True),
        "nk": (68, 36, True),
        "nm": (58, 16, True),
        "cm": (58, 16, True),
        "km": (58, 16, True),
    }
    assert (result["ranking"], result["condorcet_winner"], result["lots_used"]) == (["n", "c", "k", "m"], "n", True)


def test_pair_by_pair_the_marked_stand_above_the_unmarked_and_a_shared_rank_is_equal() -> None:
    result = count("schulze-wv-v1", "abcw", {"a=w": 1, "w>a=b": 1, "w": 1, "": 1, "b>a>b": 1}, withdrawn=["w"], seats=2)
    assert result["candidates"] == ["a", "b", "c"]
    assert result["matrix"] == [[0, 1, 3], [1, 0, 2], [0, 0, 0]]
    assert result["input"] == {"ballots": 5, "blank": 1, "valid": 3, "rejected": {"choices": 1}}
    lots = [option for option in result["tie_order"] if option in "ab"]
    assert result["ranking"] == [lots, ["c"]]
    assert result["rounds"][0]["ties"] == [{"for": "elect", "tied": ["a", "b"], "chosen": lots, "lot": True, "lookback": []}]


@pytest.mark.parametrize(
    ("unranked", "tallies"), [("zero", {"a": "11/2", "b": "5/2", "c": "0"}), ("average", {"a": "11/2", "b": "3", "c": "1/2"})]
)
def test_borda_shares_the_points_of_shared_positions(unranked: str, tallies: dict[str, str]) -> None:
    result = count("borda-v1", "abc", {"a>b>c": 1, "a=b": 1, "a": 1}, unranked=unranked)
    assert (result["rounds"][0]["tallies"], result["winners"]) == (tallies, ["a"])


# --------------------------------------------------------------------------------------------- approvals and points


def test_approval_rejects_whole_ballots_and_asks_for_a_majority() -> None:
    ballots = {"a,b": 2, "a": 1, "b,c": 1, "a,b,c": 5, "": 1}
    result = count("approval-v1", "abc", ballots, seats=3, max=2, majority=">3/4")
    assert result["rounds"][0]["tallies"] == {"a": "3", "b": "3", "c": "1"}
    assert result["input"] == {"ballots": 10, "blank": 1, "valid": 4, "rejected": {"too_many": 5}}
    assert (result["winners"], result["rounds"][0]["elected"]) == ([], [])
    assert result["rounds"][0]["ties"][0]["tied"] == ["a", "b"]
    assert sorted(count("approval-v1", "abc", ballots, seats=3, max=2, majority=">=6/8")["winners"]) == ["a", "b"]


def test_scores_add_up_and_points_above_the_limits_reject_a_ballot() -> None:
    result = count("score-v1", "ab", {"a:3,b:1": 2, "b:5": 1, "b:6": 1}, max=5)
    assert (result["rounds"][0]["tallies"], result["winners"]) == ({"a": "6", "b": "7"}, ["b"])
    assert result["input"]["rejected"] == {"too_much": 1}
    rule = {"max_sum": 5, "exact_sum": True, "max_points": 4, "min_options": 2}
    result = count("cumulative-v1", "ab", {"a:3,b:2": 2, "a:5": 1, "a:4,b:4": 1, "a:2,b:2": 1, "": 1}, **rule)
    assert result["input"] == {"ballots": 6, "blank": 1, "valid": 2, "rejected": {"too_much": 2, "wrong_sum": 1}}
    assert count("cumulative-v1", "ab", {"a:3": 1}, **{**OPTIONS["cumulative-v1"], "min_options": 2})["input"]["rejected"] == {
        "too_few": 1
    }


def test_an_equal_score_is_a_tie_for_the_last_seat() -> None:
    result = count("score-v1", "abc", {"a:1,b:2,c:1": 1}, seats=2)
    lots = [option for option in result["tie_order"] if option != "b"]
    assert result["winners"] == ["b", lots[0]]
    assert result["rounds"][0]["ties"] == [{"for": "elect", "tied": ["a", "c"], "chosen": lots[:1], "lot": True, "lookback": []}]


SHARED = {"a,b": 3, "a": 1, "c": 2}


def test_proportional_approval_counts_a_second_choice_for_half() -> None:
    result = count("seqpav-v1", "abc", SHARED, seats=2)
    assert shown(result, "tallies", "elected") == [[{"a": "4", "b": "3", "c": "2"}, ["a"]], [{"b": "3/2", "c": "2"}, ["c"]]]


def test_phragmen_gives_the_load_to_those_who_are_represented() -> None:
    result = count("seqphragmen-v1", "abcd", SHARED, seats=4)
    assert shown(result, "tallies", "elected")[:2] == [
        [{"a": "1/4", "b": "1/3", "c": "1/2"}, ["a"]],
        [{"b": "7/12", "c": "1/2"}, ["c"]],
    ]
    assert shown(result, "tallies", "elected", "ties")[3] == [{}, ["d"], []]
    empty = count("seqphragmen-v1", "abcd", {"a": 1}, seats=2)
    lots = [option for option in empty["tie_order"] if option != "a"]
    assert empty["rounds"][1]["ties"] == [
        {"for": "elect", "tied": ["b", "c", "d"], "chosen": lots[:1], "lot": True, "lookback": []}
    ]


def test_equal_shares_elects_whom_the_supporters_can_pay() -> None:
    none = count("equal-shares-v1", "abc", SHARED, seats=2, completion="none")
    assert (none["winners"], none["voter_budget"]) == (["a"], "1/3")
    assert none["rounds"][0]["tallies"] == {"a": "1/4", "b": "1/3"}
    add1 = count("equal-shares-v1", "abc", SHARED, seats=2, completion="add1")
    assert (add1["winners"], add1["voter_budget"], add1["raises"]) == (["a", "c"], "1/2", 1)
    rest = count("equal-shares-v1", "abc", SHARED, seats=2, completion="seqphragmen")
    assert rest["rounds"][1]["tallies"] == {"b": "7/12", "c": "1/2"}
    assert (rest["rounds"][1]["completion"], rest["winners"]) == ("seqphragmen", ["a", "c"])


def test_a_tie_between_committees_goes_to_the_more_approved_first() -> None:
    """Both are worth 3 after d: b is new to three, and every second one of a's six already has d."""
    result = count("seqpav-v1", "abd", {"a,d": 6, "b": 3, "d": 1}, seats=2)
    assert result["rounds"][1]["ties"] == [{"for": "elect", "tied": ["a", "b"], "chosen": ["a"], "lot": False, "lookback": []}]
    assert result["lots_used"] is False


# ---------------------------------------------------------------------------------------------------------- budgets


def spend(method: str, kind: str, budget: int, cost: dict[str, int], ballots: list[str], **rule: Any) -> dict[str, Any]:
    options = [{"id": option, "cost": money} for option, money in cost.items()]
    config = {"method": method, "rule": {**OPTIONS[method], **rule}, "options": options, "budget": budget}
    return verifier.recount("p1", config, Counter(marks(b_of(kind, ballot)) for ballot in ballots), NONCE.hex())


def test_pots_are_walked_one_after_another_each_with_its_money() -> None:
    pots = [{"id": "north", "budget": 4, "options": ["b", "c"]}, {"id": "south", "budget": 5, "options": ["a"]}]
    result = spend("pb-greedy-v1", "approve", 10, {"a": 5, "b": 3, "c": 2}, ["a,b", "b,c", "a"], pots=pots)
    assert [(r["pot"], r["option"], r["decision"], r["left"]) for r in result["rounds"]] == [
        ("north", "b", "funded", 1),
        ("north", "c", "unaffordable", 1),
        ("south", "a", "funded", 0),
    ]
    assert (result["winners"], result["spent"]) == (["b", "a"], 8)


def test_of_projects_that_exclude_each_other_one_is_funded() -> None:
    result = spend("pb-greedy-v1", "alloc", 10, {"a": 5, "b": 3, "c": 2}, ["a:2,b:3", "b:1,c:1"], groups=[["a", "b"]])
    assert [(r["option"], r["score"], r["decision"]) for r in result["rounds"]] == [
        ("b", 4, "funded"),
        ("a", 2, "group_taken"),
        ("c", 1, "funded"),
    ]


def test_with_points_a_payment_follows_the_points_and_more_voters_may_prefer_greedy() -> None:
    """Five each. a: 2 rho + 1 rho = 6, so the first voter pays 4 and cannot pay for b any more. Greedy pays for both."""
    rule = {"utility": "points", "completion": ["comparison"]}
    result = spend("pb-mes-v1", "alloc", 10, {"a": 6, "b": 4}, ["a:2,b:1", "a:1"], **rule)
    assert result["rounds"] == [
        {"option": "a", "cost": 6, "supporters": 2, "rho": "2", "effective_votes": "3/2", "tied": []},
        {"option": "a", "score": 3, "cost": 6, "left": 4, "decision": "funded", "tied": [], "completion": "comparison"},
        {"option": "b", "score": 1, "cost": 4, "left": 0, "decision": "funded", "tied": [], "completion": "comparison"},
    ]
    assert result["comparison"] == {"prefer_mes": 0, "prefer_greedy": 1, "chosen": "greedy"}
    assert (result["winners"], result["spent"]) == (["a", "b"], 10)
    equal = spend("pb-mes-v1", "alloc", 10, {"a": 6, "b": 4}, ["a:1", "a:1"], **rule)
    assert equal["comparison"] == {"prefer_mes": 0, "prefer_greedy": 0, "chosen": "mes"}
    nobody = spend("pb-mes-v1", "alloc", 10, {"a": 6}, [], **rule)
    assert nobody["comparison"] == {"prefer_mes": 0, "prefer_greedy": 0, "chosen": "mes"}


def test_with_points_whoever_cannot_pay_the_share_pays_all() -> None:
    """Four each; b leaves the first voter 2. a: 2 + rho = 5, and nobody pays more than 3."""
    result = spend("pb-mes-v1", "alloc", 8, {"a": 5, "b": 2}, ["a:3,b:9", "a:1"], utility="points", completion=[])
    assert [(r["option"], r["rho"], r["effective_votes"]) for r in result["rounds"]] == [("b", "2/9", "1"), ("a", "3", "5/3")]
