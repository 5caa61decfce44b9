"""What is written is read back: every writer against its reader, on profiles nobody thought of."""

import json
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from counting import formats
from counting.formats import CannotWrite, Election
from counting.pabulib import Pabulib, read_pabulib
from counting.profile import ApprovalProfile, PointsProfile, Profile, RankedBallot, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE
from tests.counting.test_pabulib import CUMULATIVE, GOOD, ORDINAL

IDS = ("1", "2", "3", "4")
NAMES = ("Ada", "Bo, of the Hill", "Çem # 4", "دی")
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=9).filter(
    lambda text: text.strip()
)
MARKS = st.lists(st.sampled_from(IDS), max_size=3, unique=True).map(lambda ids: tuple(sorted(ids)))
RAW = st.lists(MARKS, max_size=5)
WITH_UNKNOWN = st.lists(MARKS | st.just(UNKNOWN_OVERVOTE), max_size=5)
SINGLE = st.lists(st.sampled_from([(), UNKNOWN_OVERVOTE, *((option,) for option in IDS)]), max_size=5)

_IDS = st.lists(st.sampled_from(IDS), min_size=1, unique=True)
ORDERS = _IDS.flatmap(lambda ids: st.tuples(st.just(ids), st.lists(st.booleans(), min_size=len(ids), max_size=len(ids))))


def profile(ballots: list[list[tuple[str, ...]]]) -> RankedProfile:
    groups: dict[RankedBallot, int] = {}
    for ballot in ballots:
        ranks = tuple(ballot)
        while ranks and not ranks[-1]:
            ranks = ranks[:-1]
        groups[ranks] = groups.get(ranks, 0) + 1
    return RankedProfile(groups)


def election(ballots: Profile, **further: object) -> Election:
    return Election(format="test", names=dict(zip(IDS, NAMES, strict=True)), profile=ballots, **further)  # type: ignore[arg-type]


def again(one: Election, format: str) -> Election:
    return formats.read(formats.write(one, format, contest="p1", rule="none"), format=format)


@given(st.lists(WITH_UNKNOWN, max_size=8), st.sets(st.sampled_from(IDS)), st.integers(1, 9))
def test_blt_keeps_every_mark_withdrawals_seats_and_names(
    ballots: list[list[tuple[str, ...]]], gone: set[str], seats: int
) -> None:
    one = election(profile(ballots), title="A title", withdrawn=tuple(sorted(gone)), seats=seats)
    read = again(one, "blt")
    assert (read.profile, read.names, read.title) == (one.profile, one.names, one.title)
    assert (read.withdrawn, read.seats) == (one.withdrawn, seats)


@given(st.lists(RAW, max_size=8))
def test_canonical_files_keep_every_mark(ballots: list[list[tuple[str, ...]]]) -> None:
    """Read by content the kind is told by the lines; a file of single marks could be either, so ranks decide."""
    one = election(profile(ballots))
    assume(any(len(ballot) > 1 for ballot in one.profile.groups))
    read = again(one, "canonical")
    assert (read.profile, tuple(read.names)) == (one.profile, IDS)


@given(st.lists(RAW, max_size=8), TEXTS)
def test_cast_vote_records_keep_every_mark(ballots: list[list[tuple[str, ...]]], title: str) -> None:
    one = election(profile(ballots), title=title)
    read = again(one, "cvr")
    assert (read.profile, read.names, read.title) == (one.profile, one.names, one.title)


@given(st.lists(SINGLE, min_size=1, max_size=8))
def test_csv_keeps_ballots_with_one_name_or_an_unknown_over_vote_a_rank(ballots: list[list[tuple[str, ...]]]) -> None:
    one = election(profile([*ballots, [(option,) for option in IDS]]))
    read = again(one, "csv")
    to_names = {**dict(zip(IDS, NAMES, strict=True)), **{mark: mark for mark in UNKNOWN_OVERVOTE}}
    expected = {
        tuple(tuple(to_names[mark] for mark in rank) for rank in ballot): count for ballot, count in one.profile.groups.items()
    }
    assert dict(read.profile.groups) == expected
    assert set(read.names) == set(NAMES)


@given(st.lists(ORDERS, min_size=1, max_size=8))
def test_preflib_orders_keep_ties_and_take_the_most_restrictive_type(ballots: list[tuple[list[str], list[bool]]]) -> None:
    orders = []
    for ids, cuts in ballots:
        ranks: list[tuple[str, ...]] = []
        for option, cut in zip(ids, cuts, strict=True):
            if cut or not ranks:
                ranks.append((option,))
            else:
                ranks[-1] = tuple(sorted((*ranks[-1], option)))
        orders.append(ranks)
    one = election(profile(orders), title="A title")
    strict = all(len(rank) == 1 for order in orders for rank in order)
    complete = all(sum(map(len, order)) == len(IDS) for order in orders)
    kind = f"{'s' if strict else 't'}o{'c' if complete else 'i'}"
    assert f"# DATA TYPE: {kind}\n".encode() in formats.write(one, "preflib")
    read = formats.read(formats.write(one, "preflib"), name=f"x.{kind}")
    assert (read.profile, read.names, read.title) == (one.profile, one.names, one.title)


@given(st.lists(st.sets(st.sampled_from(IDS)), max_size=8))
def test_preflib_categories_keep_approvals(ballots: list[set[str]]) -> None:
    one = election(ApprovalProfile.of(ballots))
    assert again(one, "preflib").profile == one.profile
    assert again(one, "canonical").profile == one.profile


@given(st.lists(st.dictionaries(st.sampled_from(IDS), st.integers(1, 99), min_size=1), min_size=1, max_size=8))
def test_canonical_files_keep_points(ballots: list[dict[str, int]]) -> None:
    one = election(PointsProfile.of(ballots))
    assert again(one, "canonical").profile == one.profile


@pytest.mark.parametrize("text", [GOOD, CUMULATIVE, ORDINAL])
def test_pabulib_files_come_back_whole(text: str) -> None:
    one = formats.read(text.encode(), name="x.pb")
    file = one.pabulib
    assert isinstance(file, Pabulib) and read_pabulib(formats.write(one, "pabulib")) == file
    assert (one.profile, one.costs, one.budget) == (file.profile(), file.costs, file.budget)


@pytest.mark.parametrize("format", ["blt", "cvr", "csv", "preflib", "pabulib"])
def test_points_fit_in_no_format_but_our_own(format: str) -> None:
    with pytest.raises(CannotWrite):
        formats.write(election(PointsProfile.of([{"1": 2}])), format)


RANKED = profile([[("1",), ("2",)], [("3", "4")]])


@pytest.mark.parametrize(
    ("format", "one", "reason"),
    [
        ("canonical", Election("x", {"Ada L": "Ada L"}, RankedProfile.of([])), "no space"),
        ("canonical", Election("x", {"a,b": "a,b"}, RankedProfile.of([])), "comma"),
        ("canonical", election(profile([[UNKNOWN_OVERVOTE]])), "whose marks"),
        ("cvr", election(profile([[UNKNOWN_OVERVOTE]])), "whose marks"),
        ("cvr", election(RANKED, withdrawn=("1",)), "withdrawn"),
        ("csv", election(RANKED), "one name"),
        ("csv", election(profile([[("1",)]])), "nobody ranks"),
        ("csv", election(profile([[("1",)]]), withdrawn=("2",)), "withdrawn"),
        ("csv", Election("x", {"1": "Overvote"}, profile([[("1",)]])), "names are the ids"),
        ("csv", Election("x", {"1": "A", "2": "A"}, profile([[("1",), ("2",)]])), "names are the ids"),
        ("preflib", election(profile([[], [("1",)]])), "blank"),
        ("preflib", election(profile([[(), ("1",)]])), "skipped"),
        ("preflib", election(profile([[("1",), ("1",)]])), "twice"),
        ("preflib", election(profile([[UNKNOWN_OVERVOTE]])), "unknown"),
        ("preflib", election(RANKED, withdrawn=("1",)), "withdrawn"),
        ("preflib", election(RANKED, title="two\nlines"), "line break"),
        ("blt", Election("x", {"1": 'The "A"'}, profile([[("1",)]])), "quotation"),
        ("blt", election(ApprovalProfile.of([["1"]])), "approval"),
        ("pabulib", election(ApprovalProfile.of([["1"]])), "budget"),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_refused_with_the_reason(format: str, one: Election, reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        formats.write(one, format, contest="p1", rule="none")


def test_the_same_election_is_always_the_same_bytes() -> None:
    write: Callable[[Election, str], bytes] = formats.write
    other = election(profile([[("3", "4")], [("1",), ("2",)]]))
    for format in ("blt", "preflib", "cvr"):
        assert write(election(RANKED), format) == write(other, format)
    assert json.loads(write(election(RANKED), "cvr"))["Version"] == "1.0.0"
