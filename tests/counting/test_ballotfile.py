"""The canonical ballot file: the same ballots are always the same bytes, and nothing else is accepted."""

from hashlib import sha256

import pytest
from hypothesis import given

from counting.ballotfile import BallotFileError, ballots_sha256, read_ballot_file, write_ballot_file
from counting.profile import ApprovalProfile, ProfileError
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


@pytest.mark.parametrize("option", ["a,b", "a\tb", "a\nb", "", "a b", "a\u2028b"])
def test_it_refuses_an_id_that_would_break_the_lines(option: str) -> None:
    with pytest.raises(BallotFileError):
        write_ballot_file(contest="p1", rule="r", candidates=[option], profile=ApprovalProfile.of([[option]]))


def test_it_refuses_ballots_for_options_that_do_not_stand() -> None:
    with pytest.raises(ProfileError):
        write_ballot_file(contest="p1", rule="r", candidates=["a"], profile=ApprovalProfile.of([["b"]]))
