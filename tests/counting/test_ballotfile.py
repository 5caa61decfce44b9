"""The canonical ballot file: the same ballots are always the same bytes, and nothing else is accepted."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting.ballotfile import BallotFileError, ballots_sha256, read_ballot_file, write_ballot_file
from counting.profile import ApprovalProfile, PointsProfile, Profile, ProfileError, RankedProfile
from tests.counting.naive import Ballots, polls

PROFILE = ApprovalProfile.of([["o2", "o1"]] * 10 + [["o3"]] * 9 + [[], []])
BYTES = b"#contest: p1\n#rule: pb-mes-v1\n#candidates: o3,o1,o2\n10\to1,o2\n2\t\n9\to3\n"


def test_it_writes_the_bytes_of_the_specification() -> None:
    written = write_ballot_file(contest="p1", rule="pb-mes-v1", candidates=["o3", "o1", "o2"], profile=PROFILE)
    assert written == BYTES
    assert ballots_sha256(written) == sha256(BYTES).hexdigest()


def test_a_poll_without_ballots_has_a_file_of_three_lines() -> None:
    written = write_ballot_file(contest="p1", rule="r", candidates=["a"], profile=ApprovalProfile.of([]))
    assert written == b"#contest: p1\n#rule: r\n#candidates: a\n"
    assert read_ballot_file(written).profile.total == 0


@given(polls())
def test_what_is_written_is_read_back(poll: tuple[Ballots, dict[str, int], int, list[str]]) -> None:
    ballots, projects, _, _ = poll
    profile = ApprovalProfile.of(ballots)
    data = write_ballot_file(contest="p1", rule="pb-mes-v1", candidates=list(projects), profile=profile)
    file = read_ballot_file(data)
    assert (file.contest, file.rule, file.candidates, file.profile) == ("p1", "pb-mes-v1", tuple(projects), profile)


@pytest.mark.parametrize(
    "data",
    [
        BYTES[:-1],
        BYTES + b"\n",
        BYTES.replace(b"\n", b"\r\n"),
        BYTES.replace(b"2\t\n9\to3\n", b"9\to3\n2\t\n"),
        BYTES.replace(b"o1,o2\n2", b"o2,o1\n2"),
        BYTES.replace(b"10\to1,o2", b"010\to1,o2"),
        BYTES.replace(b"9\to3", b"9 o3"),
        BYTES.replace(b"9\to3", b"5\to3\n9\to3"),
        BYTES.replace(b"9\to3", b"9\to4"),
        BYTES.replace(b"9\to3", b"9\to3,"),
        BYTES.replace(b"9\to3", b"-9\to3"),
        BYTES.replace(b"#rule: pb-mes-v1\n", b""),
        BYTES.replace(b"#rule:", b"#Rule:"),
        BYTES.replace(b"o3,o1,o2", b"o3,o1,o2,o3"),
        BYTES.replace(b"p1", b"p\xff"),
        b"\xef\xbb\xbf" + BYTES,
        b"",
    ],
)
def test_it_reads_nothing_but_canonical_bytes(data: bytes) -> None:
    with pytest.raises(BallotFileError):
        read_ballot_file(data)


@pytest.mark.parametrize("option", ["a,b", "a\tb", "a\nb", "", "a b", "a\u2028b", "a>b", "a=b", "a:1", "-", "a\x9fb", "\ud800"])
def test_it_refuses_an_id_that_would_break_the_lines(option: str) -> None:
    with pytest.raises(BallotFileError):
        write_ballot_file(contest="p1", rule="r", candidates=[option], profile=ApprovalProfile.of([[option]]))


def test_it_refuses_ballots_for_options_that_do_not_stand() -> None:
    with pytest.raises(ProfileError):
        write_ballot_file(contest="p1", rule="r", candidates=["a"], profile=ApprovalProfile.of([["b"]]))


IDS = ("o1", "o2", "o3", "o-4")
RANKINGS = st.lists(st.lists(st.lists(st.sampled_from(IDS), max_size=3, unique=True), max_size=5), max_size=20)
POINTS = st.lists(st.dictionaries(st.sampled_from(IDS), st.integers(0, 10**6)), max_size=20)
RANKED_BYTES = b"#contest: p1\n#rule: irv-v1\n#candidates: o2,o1\n1\t\n1\t->o1=o2>o1\n3\to2>o1\n"
POINTS_BYTES = b"#contest: p1\n#rule: score-v1\n#candidates: o2,o1\n1\t\n2\to1:4,o2:1\n9\to2:1\n"


def written(profile: Profile, *, rule: str = "r") -> bytes:
    return write_ballot_file(contest="p1", rule=rule, candidates=IDS, profile=profile)


def test_it_writes_rankings_as_they_were_marked() -> None:
    profile = RankedProfile.of([[["o2"], ["o1"]]] * 3 + [[[], ["o2", "o1"], ["o1"]], []])
    data = write_ballot_file(contest="p1", rule="irv-v1", candidates=["o2", "o1"], profile=profile)
    assert data == RANKED_BYTES
    assert read_ballot_file(data, RankedProfile).profile == profile


def test_it_writes_points() -> None:
    profile = PointsProfile.of([{"o1": 4, "o2": 1}] * 2 + [{"o2": 1}] * 9 + [{}])
    data = write_ballot_file(contest="p1", rule="score-v1", candidates=["o2", "o1"], profile=profile)
    assert data == POINTS_BYTES
    assert read_ballot_file(data, PointsProfile).profile == profile


@given(RANKINGS)
def test_rankings_are_read_back(ballots: list[list[list[str]]]) -> None:
    profile = RankedProfile.of(ballots)
    assert read_ballot_file(written(profile), RankedProfile).profile == profile


@given(POINTS)
def test_points_are_read_back(ballots: list[dict[str, int]]) -> None:
    profile = PointsProfile.of(ballots)
    assert read_ballot_file(written(profile), PointsProfile).profile == profile


def test_where_a_rule_counts_two_kinds_the_lines_tell() -> None:
    points, approvals = PointsProfile.of([{"o1": 2}, {}]), ApprovalProfile.of([["o1"], []])
    assert read_ballot_file(written(points, rule="pb-greedy-v1")).profile == points
    assert read_ballot_file(written(approvals, rule="pb-greedy-v1")).profile == approvals
    assert read_ballot_file(written(RankedProfile.of([[["o1"], ["o2"]]]))).profile == RankedProfile.of([[["o1"], ["o2"]]])


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("->o1=o2", "->o2=o1", 5),
        ("->o1=o2", "->o1==o2", 5),
        (">o1=o2>o1", ">o1=o2>-", 5),
        ("->o1=o2", ">o1=o2", 5),
        ("3\to2>o1", "3\to2>o9", 6),
        ("3\to2>o1", "3\to2,o1", 6),
        ("3\to2>o1\n", "3\to2>o1\n4\to2>o1\n", 7),
    ],
)
def test_it_reads_nothing_but_canonical_rankings(old: str, new: str, line: int) -> None:
    data = RANKED_BYTES.decode().replace(old, new).encode()
    with pytest.raises(BallotFileError) as refused:
        read_ballot_file(data, RankedProfile)
    assert refused.value.line == line


@pytest.mark.parametrize(
    "new", ["o1:0,o2:1", "o1:04,o2:1", "o1:4,o1:1", "o2:1,o1:4", "o1:-4,o2:1", "o1:4.0,o2:1", "o1,o2:1", "o1:٤,o2:1"]
)
def test_it_reads_nothing_but_canonical_points(new: str) -> None:
    with pytest.raises(BallotFileError, match="line 5"):
        read_ballot_file(POINTS_BYTES.decode().replace("o1:4,o2:1", new).encode(), PointsProfile)


HEAD = "#contest: p1\n#rule: irv-v1\n#candidates: o1,o2\n"


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"#contest: p1\n#rule: \xff", 2, "not UTF-8 at byte 20"),
        (b"\n\xff", 2, "not UTF-8 at byte 1"),
        (b"#contest: p1\n#rule: irv-v1\n#candidates: o1", 3, "the last line has no end"),
        ((HEAD + "1\to1").encode(), 4, "the last line has no end"),
        (b"", 1, "the three header lines are missing"),
        (b"#contest: p1\n#rule: irv-v1\n", 3, "the three header lines are missing"),
        (b"#contest: p1\n#candidates: o1\n#rule: irv-v1\n", 2, "expected a header line #rule, found '#candidates: o1'"),
        *(
            ((HEAD + f"{line}\n").encode(), 4, f"not a ballot line: {line!r}")
            for line in ("x\to1", "0\to1", "1 o1", "1", "+1\to1")
        ),
        ((HEAD + "1\to1\n2\to1\n").encode(), 5, "one ballot on two lines: '2\\to1'"),
    ],
)
def test_it_says_where_a_file_goes_wrong(data: bytes, line: int, reason: str) -> None:
    with pytest.raises(BallotFileError) as refused:
        read_ballot_file(data)
    assert (refused.value.line, refused.value.reason) == (line, reason)


@pytest.mark.parametrize(("rule", "marks"), [("irv-v1", "o1:2"), ("approval-v1", "o1:2"), ("pb-greedy-v1", "o1>o2")])
def test_it_reads_no_ballots_of_a_kind_that_the_rule_does_not_count(rule: str, marks: str) -> None:
    with pytest.raises(BallotFileError, match="line 4"):
        read_ballot_file(f"{HEAD.replace('irv-v1', rule)}1\t{marks}\n".encode())


def test_a_poll_without_options_is_read_back() -> None:
    data = write_ballot_file(contest="p1", rule="irv-v1", candidates=[], profile=RankedProfile.of([[]]))
    assert read_ballot_file(data).candidates == ()
