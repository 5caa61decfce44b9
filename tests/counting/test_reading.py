"""What is read from ranked ballots as marked, and how bundles of them are passed on."""

from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import reading
from counting.options import OptionsError
from counting.profile import ProfileError, RankedBallot, RankedProfile
from counting.reading import follow, read, size

IDS = ("a", "b", "c", "d")
Paper = tuple[tuple[tuple[str, ...], ...], str]


def marks(text: str) -> RankedBallot:
    """A ballot as ballot files write it: `a>->b=c`, an empty rank as `-`."""
    return tuple(() if rank == "-" else tuple(rank.split("=")) for rank in text.split(">")) if text else ()


def options(**changes: Any) -> dict[str, Any]:
    return {**reading.DEFAULTS, **changes}


def paper(text: str, **changes: Any) -> str:
    """What one ballot became: its preferences, then why it ends."""
    (one,) = read(RankedProfile.of([marks(text)]), IDS, options(**changes)).each()
    preferences, end, count = one
    assert count == 1
    return " ".join([">".join("=".join(rank) for rank in preferences) or "nothing", end])


def plainly(ballot: RankedBallot, chosen: dict[str, Any]) -> Paper:
    """The steps of the reference once more, in its words, with everything looked up anew at every rank."""
    preferences: list[tuple[str, ...]] = []
    passed_over: list[int] = []
    for place, rank in enumerate(ballot):
        if not rank:
            continue
        run = 0
        while run < place and not ballot[place - 1 - run]:
            run += 1
        if chosen["max_skipped"] is not None and run > chosen["max_skipped"]:
            return tuple(preferences), "skipped"
        left = [option for option in rank if option not in chosen["withdrawn"]]
        if chosen["duplicate"] == "exhaust":
            if any(option in ballot[earlier] for option in left for earlier in range(place)):
                return tuple(preferences), "duplicate"
        else:
            earlier_ranks = [ballot[earlier] for earlier in range(place) if earlier not in passed_over]
            left = [option for option in left if not any(option in earlier for earlier in earlier_ranks)]
        if len(left) > 1 and chosen["overvote"] == "exhaust":
            return tuple(preferences), "overvote"
        if len(left) > 1 and chosen["overvote"] == "skip":
            passed_over.append(place)
        elif left:
            preferences.append(tuple(left))
    return tuple(preferences), "choices"


ranks = st.lists(st.sampled_from(IDS), max_size=3, unique=True).map(lambda ids: tuple(sorted(ids)))
as_marked = st.lists(ranks, max_size=5).map(lambda found: next(iter(RankedProfile.of([found]).groups)))
clean = st.permutations(IDS).flatmap(lambda ids: st.integers(0, len(ids)).map(lambda n: tuple((id,) for id in ids[:n])))
ballots = st.lists(st.one_of(as_marked, clean), max_size=25)
chosen_options = st.fixed_dictionaries({
    "overvote": st.sampled_from(reading.OVERVOTES),
    "max_skipped": st.sampled_from([None, 0, 1, 2]),
    "duplicate": st.sampled_from(["skip", "exhaust"]),
    "withdrawn": st.lists(st.sampled_from(IDS), max_size=2, unique=True),
})  # fmt: skip


@pytest.mark.parametrize(
    "groups",
    [
        {((),): 1}, {(("a",), ()): 1}, {(("b", "a"),): 1}, {(("a", "a"),): 1}, {("ab",): 1}, {"ab": 1},
        {(("a",),): 0}, {(("a",),): True},
    ],
)  # fmt: skip
def test_rankings_that_are_not_in_canonical_form_are_refused(groups: Any) -> None:
    with pytest.raises(ProfileError):
        RankedProfile(groups)


def test_a_profile_groups_rankings_however_their_ranks_are_handed_in() -> None:
    handed_in: list[Any] = [(("b", "a"), ("c",), ()), [["a", "b"], ["c"]], [{"b", "a"}, iter("c")]]
    assert dict(RankedProfile.of(handed_in).groups) == {(("a", "b"), ("c",)): 3}
    with pytest.raises(ProfileError):
        RankedProfile.of([[["a", "a"]]])


def test_ranks_are_read_from_the_top() -> None:
    assert paper("c>a>b") == "c>a>b choices"


@pytest.mark.parametrize(
    ("max_skipped", "text", "read_as"),
    [
        (None, "->->->a", "a choices"),
        (0, "a>b", "a>b choices"),
        (0, "a>->b", "a skipped"),
        (1, "a>->b", "a>b choices"),
        (1, "->a>->b", "a>b choices"),
        (1, "a>->->b", "a skipped"),
        (1, "->->a", "nothing skipped"),
        (2, "->->a>->->b>->->->c", "a>b skipped"),
    ],
)
def test_a_run_of_empty_ranks_ends_the_ballot_when_a_mark_follows_it(max_skipped: Any, text: str, read_as: str) -> None:
    assert paper(text, max_skipped=max_skipped) == read_as


def test_empty_ranks_at_the_end_never_matter() -> None:
    profile = RankedProfile.of([[["a"], [], [], []]])
    assert list(read(profile, IDS, options(max_skipped=0)).each()) == [((("a",),), "choices", 1)]


@pytest.mark.parametrize(
    ("overvote", "text", "read_as"),
    [
        ("exhaust", "a>b=c>d", "a overvote"),
        ("exhaust", "b=c>d", "nothing overvote"),
        ("skip", "a>b=c>d", "a>d choices"),
        ("skip", "b=c>c>b", "c>b choices"),
        ("exhaust_if_multiple_continuing", "a>b=c>d", "a>b=c>d choices"),
        ("exhaust_if_multiple_continuing", "b=c>c>d", "b=c>d choices"),
    ],
)
def test_several_marks_at_a_rank_are_an_over_vote(overvote: str, text: str, read_as: str) -> None:
    assert paper(text, overvote=overvote) == read_as


@pytest.mark.parametrize(
    ("duplicate", "text", "read_as"),
    [
        ("skip", "a>a>b", "a>b choices"),
        ("skip", "a>b>a>c", "a>b>c choices"),
        ("skip", "a>a=b>c", "a>b>c choices"),
        ("exhaust", "a>b>a>c", "a>b duplicate"),
        ("exhaust", "a>a=b", "a duplicate"),
    ],
)
def test_a_second_mark_for_an_option_is_a_duplicate(duplicate: str, text: str, read_as: str) -> None:
    assert paper(text, duplicate=duplicate) == read_as


def test_an_over_vote_that_was_passed_over_still_counts_as_an_earlier_mark_where_duplicates_end_the_ballot() -> None:
    assert paper("a=b>c>b", overvote="skip", duplicate="exhaust") == "c duplicate"


def test_a_duplicate_comes_before_an_over_vote() -> None:
    assert paper("a>a=b", overvote="exhaust", duplicate="skip") == "a>b choices"
    assert paper("a>a=b=c", overvote="exhaust", duplicate="exhaust") == "a duplicate"


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("b>a", "a choices"),
        ("b", "nothing choices"),
        ("a=b>c", "a>c choices"),
        ("a>b>b>c", "a>c choices"),
    ],
)
def test_marks_for_a_withdrawn_option_are_removed_before_anything_else_is_asked(text: str, read_as: str) -> None:
    assert paper(text, withdrawn=["b"], duplicate="exhaust", overvote="exhaust") == read_as


def test_a_mark_for_a_withdrawn_option_ends_a_run_of_empty_ranks() -> None:
    assert paper("a>->b>->c", withdrawn=["b"], max_skipped=1) == "a>c choices"
    assert paper("a>->->b>c", withdrawn=["b"], max_skipped=1) == "a skipped"


def test_an_over_vote_of_unknown_marks_cannot_be_settled_by_who_continues() -> None:
    profile = RankedProfile.of([[["a"], reading.UNKNOWN_OVERVOTE, ["b"]]])
    ends = {way: next(read(profile, IDS, options(overvote=way)).each())[:2] for way in reading.OVERVOTES}
    assert ends == {
        "exhaust": ((("a",),), "overvote"), "skip": ((("a",), ("b",)), "choices"),
        "exhaust_if_multiple_continuing": ((("a",),), "overvote"),
    }  # fmt: skip


def test_ballots_that_read_alike_are_one_paper() -> None:
    profile = RankedProfile.of([marks("a>b"), marks("a>->b"), marks("a>a>b"), marks("a"), marks("")])
    papers = read(profile, IDS, options())
    assert sorted(papers.each()) == [((("a",),), "choices", 1), ((("a",), ("b",)), "choices", 3)]
    assert (papers.ballots, papers.blank, papers.valid, papers.rejected) == (5, 1, 4, {})


def test_ballots_that_count_for_nobody_are_rejected_by_reason() -> None:
    profile = RankedProfile.of([marks(text) for text in ("a=b>c", "->->a", "d", "", "a")])
    papers = read(profile, IDS, options(max_skipped=1, withdrawn=["d"]))
    assert papers.rejected == {"overvote": 1, "skipped": 1, "choices": 1}
    assert (papers.valid, papers.blank, papers.standing) == (1, 1, ("a", "b", "c"))


def test_a_set_counts_for_the_one_of_it_that_continues_and_ends_the_ballot_where_several_do() -> None:
    profile = RankedProfile.of([marks("a>b=c>d")] * 3)
    held = read(profile, IDS, options(overvote="exhaust_if_multiple_continuing")).first["a"]
    assert follow(held, {"b", "c", "d"}) == ({}, {"overvote": 3})
    assert size(follow(held, {"c", "d"})[0]["c"]) == 3
    assert size(follow(held, {"d"})[0]["d"]) == 3
    moved = follow(held, {"c", "d"})[0]["c"]
    assert list(follow(moved, {"d"})[0]) == ["d"]


def test_strangers_are_refused() -> None:
    with pytest.raises(ProfileError, match="'z'"):
        read(RankedProfile.of([marks("a>z")]), IDS, options())
    with pytest.raises(OptionsError, match="'z'"):
        read(RankedProfile.of([marks("a")]), IDS, options(withdrawn=["z"]))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("overvote", "ignore"), ("max_skipped", -1), ("max_skipped", True), ("max_skipped", "1"), ("duplicate", None),
        ("withdrawn", "a"), ("withdrawn", ["a", "a"]), ("withdrawn", [1]),
    ],
)  # fmt: skip
def test_options_that_mean_nothing_are_named(key: str, value: object) -> None:
    with pytest.raises(OptionsError) as refused:
        reading.check(options(**{key: value}))
    assert refused.value.key == key


def test_a_rule_can_leave_out_one_way_with_over_votes() -> None:
    with pytest.raises(OptionsError):
        reading.check(options(overvote="exhaust_if_multiple_continuing"), overvotes=("exhaust", "skip"))


@given(ballots, chosen_options)
def test_every_ballot_is_read_as_the_reference_says(cast: list[RankedBallot], chosen: dict[str, Any]) -> None:
    papers = read(RankedProfile.of(cast), IDS, chosen)
    expected = Counter(plainly(ballot, chosen) for ballot in cast if ballot)
    assert {(preferences, end): count for preferences, end, count in papers.each()} == dict(expected)
    assert papers.ballots == len(cast) == papers.blank + papers.valid + sum(papers.rejected.values())


def counts_for(found: Paper, continuing: set[str]) -> str:
    """The option that holds a paper, or the reason why none does, in the words of the reference."""
    preferences, end = found
    for preference in preferences:
        left = continuing.intersection(preference)
        if left:
            return left.pop() if len(left) == 1 else "overvote"
    return end


@given(ballots, chosen_options, st.permutations(IDS))
def test_ballots_pass_on_as_the_reference_says_whoever_goes_next(
    cast: list[RankedBallot], chosen: dict[str, Any], order: list[str]
) -> None:
    """Every ballot is with the right option, or out for the right reason, after each of them left the count in turn."""
    papers = read(RankedProfile.of(cast), IDS, chosen)
    piles, out = papers.first, Counter(papers.rejected)
    waiting = Counter({ballot: count for ballot, count in Counter(cast).items() if ballot})
    gone: set[str] = set()
    left_for: Counter[str] = Counter()
    for leaving in ["", *order]:
        continuing = set(papers.standing) - gone - {leaving}
        if leaving:
            gone.add(leaving)
            to, ended = follow(piles.pop(leaving, []), continuing)
            out.update(ended)
            for option, pile in to.items():
                piles.setdefault(option, []).extend(pile)
        held: Counter[str] = Counter()
        for ballot in list(waiting):
            where = counts_for(plainly(ballot, chosen), continuing)
            if where in reading.REASONS:
                left_for[where] += waiting.pop(ballot)
            else:
                held[where] += waiting[ballot]
        assert {option: size(pile) for option, pile in piles.items()} == dict(held)
        assert dict(out) == dict(left_for)


@given(st.lists(st.lists(st.sampled_from(IDS)).map(tuple)), chosen_options)
def test_orders_are_read_as_the_same_rankings_one_option_to_a_rank(orders: list[tuple[str, ...]], chosen: dict[str, Any]) -> None:
    one, other = RankedProfile.of_orders(orders), RankedProfile.of([[[option] for option in order] for order in orders])
    assert Counter(read(one, IDS, chosen).each()) == Counter(read(other, IDS, chosen).each())
    assert one == other and dict(one.groups) == dict(other.groups) and one.ranks == other.ranks


@pytest.mark.parametrize("order", ["ab", ["a"], (("a",), "b"), (1,)])
def test_orders_hold_nothing_but_ids(order: Any) -> None:
    with pytest.raises((ProfileError, TypeError)):
        RankedProfile.of_orders([order])


def test_clean_ballots_take_no_other_way_than_the_rest() -> None:
    """Every ranking of up to three of four without gaps, in the way that reads a million of them quickly."""
    for chosen in (options(), options(max_skipped=0, duplicate="exhaust"), options(withdrawn=["b"])):
        for ids in product(IDS, repeat=3):
            ballot = tuple((option,) for option in ids)
            (found,) = read(RankedProfile.of([ballot]), IDS, chosen).each()
            assert found[:2] == plainly(ballot, chosen)
