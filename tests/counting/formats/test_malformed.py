"""Files that contradict themselves or their format are refused whole, with the line and the reason."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import formats
from counting.formats import FormatError

BLT = """\
# a comment
3 2
-2
[nick a b c]

12 1 2=3 - 1 0  # twelve of them
3 -=- c 0
2 - 0
0
"Ada # not a comment"
"Bo"
"Cem"
"The election"
"a source"
some text
"""
PREFLIB = """\
# FILE NAME: x.toi
# TITLE: The election
# DESCRIPTION:
# DATA TYPE: toi
# MODIFICATION TYPE: original
# RELATES TO:
# RELATED FILES:
# PUBLICATION DATE:
# MODIFICATION DATE:
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 7
# NUMBER UNIQUE ORDERS: 2
# ALTERNATIVE NAME 1: Ada
# ALTERNATIVE NAME 2: Bo
# ALTERNATIVE NAME 3: Cem
5: 3,{1, 2}
2: 1
"""
CAT = (
    PREFLIB.replace("toi", "cat")
    .replace("UNIQUE ORDERS: 2", "UNIQUE PREFERENCES: 2\n# NUMBER CATEGORIES: 2\n# CATEGORY NAME 1: Yes\n# CATEGORY NAME 2: No")
    .replace("5: 3,{1, 2}\n2: 1", "5: 3,{1, 2}\n2: {},{1,2,3}")
)
CSV = 'count,rank1,rank2\n5,"Ada, B.",Bo\n2,undervote,Bo\n1,overvote,undervote\n'
SCOT = '3,2,\n12,1,3,\n4,2,\n"Candidate 1","Ada","A Party (AP)",\n"Candidate 2","Bo","",\n"Candidate 3","Cem","C",\n"The Ward",\n'
CANONICAL = "#contest: p1\n#rule: irv-v1\n#candidates: a,b\n3\ta>b\n"
CVR: dict[str, Any] = json.loads(
    formats.write(formats.read(b"3 1\n2 1 2=3 0\n1 3 0\n0\n'".replace(b"'", b'"Ada"\n"Bo"\n"Cem"\n"T"\n'), name="x.blt"), "cvr")
)


def refused(text: str, name: str) -> FormatError:
    with pytest.raises(FormatError) as error:
        formats.read(text.encode(), name=name)
    return error.value


def test_the_files_that_are_broken_below_are_whole() -> None:
    blt = formats.read(BLT.encode(), name="x.blt")
    assert (blt.profile.total, blt.profile.blank, blt.withdrawn, blt.seats, blt.title) == (17, 2, ("2",), 2, "The election")
    assert blt.names["1"] == "Ada # not a comment"
    assert formats.read(PREFLIB.encode(), name="x.toi").profile.groups == {(("3",), ("1", "2")): 5, (("1",),): 2}
    cat = formats.read(CAT.encode(), name="x.cat")
    assert (cat.kind, dict(cat.profile.groups)) == ("approval", {("3",): 5, (): 2})
    assert formats.read(CSV.encode(), name="x.csv").names == {"Ada, B.": "Ada, B.", "Bo": "Bo"}
    scot = formats.read(SCOT.encode(), name="x.csv")
    assert (scot.names, scot.seats, scot.title) == ({"1": "Ada", "2": "Bo", "3": "Cem"}, 2, "The Ward")
    assert formats.read(CANONICAL.encode(), name="x.txt").rule == ("irv-v1", {})
    assert formats.read(json.dumps(CVR).encode(), name="x.json").profile.total == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("3 2\n-2", "3\n-2", 2, "candidates and seats"),
        ("3 2\n-2", "3 0\n-2", 2, "seats"),
        ("3 2\n-2", "0 2\n-2", 2, "candidates"),
        ("3 2\n-2", "999999999999999 2\n-2", 2, "more than 1,000"),
        ("-2\n", "-4\n", 3, "withdrawn"),
        ("-2\n", "-2 -2\n", 3, "twice"),
        ("-2\n", "-2 1\n", 3, "withdrawn"),
        ("[nick a b c]", "[nick a b]", 4, "3 different"),
        ("[nick a b c]", "[nick a b 1]", 4, "nickname"),
        ("[nick a b c]", "[tie 1 2 2]", 4, "every candidate once"),
        ("[nick a b c]", "[droop x]", 4, r"\[droop\] is not read"),
        ("[nick a b c]", "(7) 1 2 0", 4, "ballot ids"),
        ("12 1 2=3 - 1 0", "12 1 2=3 - 1", 6, "end with 0"),
        ("12 1 2=3 - 1 0", "0.5 1 0", 6, "weight"),
        ("12 1 2=3 - 1 0", "0 1 0", 6, "weight"),
        ("12 1 2=3 - 1 0", "-2", 6, None),
        ("12 1 2=3 - 1 0", "12 1 4 0", 6, "'4' is none of the candidates 1 to 3"),
        ("12 1 2=3 - 1 0", "12 1 2=2 0", 6, "twice at one rank"),
        ("12 1 2=3 - 1 0", "12 1 2= 0", 6, "none of"),
        ("12 1 2=3 - 1 0", "12 1 0 2 0", 6, "none of"),
        ("12 1 2=3 - 1 0", "12 ١ 0", 6, "none of"),
        ("3 -=- c 0", "3 -=- d 0", 7, "'d'"),
        ("0\n\"Ada", "\"Ada", 9, "weight"),
        ('"Bo"\n', '"Bo\n', 11, "not closed"),
        ('"Bo"\n', "Bo\n", 10, "3 names and a title"),
        ('"Bo"\n', '""\n', 11, "name is empty"),
        ('"Bo"\n', '"Bo"\n"X"\n"Y"\n', 16, "more names"),
    ],
)  # fmt: skip
def test_a_broken_blt_file_is_refused(old: str, new: str, line: int, reason: str | None) -> None:
    assert old in BLT
    error = refused(BLT.replace(old, new, 1), "x.blt")
    assert error.line == line
    assert re.search(reason or "", error.reason), error.reason


def test_withdrawals_come_before_the_ballots() -> None:
    error = refused(BLT.replace("3 -=-", "-1\n3 -=-"), "x.blt")
    assert error.line == 7 and "before the ballots" in error.reason


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("# TITLE: The election", "TITLE: The election", 2, "does not say TITLE"),
        ("# TITLE: The election", "# title: The election", 2, "header line"),
        ("# TITLE: The election\n", "# FILE NAME: y\n", 2, "twice"),
        ("# DATA TYPE: toi", "# DATA TYPE: wmd", 4, "data type"),
        ("# DATA TYPE: toi", "# DATA TYPE: soi", 4, "must be toi"),
        ("# NUMBER VOTERS: 7", "# NUMBER VOTERS: 8", 11, "NUMBER VOTERS is 8, the lines add up to 7"),
        ("# NUMBER VOTERS: 7", "# NUMBER VOTERS: x", 11, "whole number"),
        ("# NUMBER UNIQUE ORDERS: 2", "# NUMBER UNIQUE ORDERS: 3", 12, "UNIQUE"),
        ("NAME 3: Cem", "NAME 3: Bo", 15, "stands twice"),
        ("NAME 3: Cem", "NAME 4: Cem", 15, "announces 3"),
        ("NAME 3: Cem", "NAME 3:", 15, "empty"),
        ("# ALTERNATIVE NAME 3: Cem\n", "", 15, "does not say"),
        ("NUMBER ALTERNATIVES: 3", "NUMBER ALTERNATIVES: 999999999", 15, "announces"),
        ("5: 3,{1, 2}", "5 3,{1, 2}", 16, "count: order"),
        ("5: 3,{1, 2}", "5: 3,{1, 2", 16, "not an order"),
        ("5: 3,{1, 2}", "5: 3,,2", 16, "not an order"),
        ("5: 3,{1, 2}", "5: 4,1", 16, "none of the alternatives"),
        ("5: 3,{1, 2}", "5: 3,{1,3}", 16, "twice"),
        ("5: 3,{1, 2}", "5: 3,{}", 16, "empty places"),
        ("5: 3,{1, 2}", "5: ", 16, "not an order|empty places"),
        ("5: 3,{1, 2}", "-5: 3,1", 16, "count"),
        ("2: 1", "2: 3,{2,1}", 17, "earlier line"),
        ("2: 1", "2: 1\n", 18, "count: order"),
        ("2: 1", "2: 1\r", 17, "LF"),
    ],
)
def test_a_broken_preflib_file_is_refused(old: str, new: str, line: int, reason: str) -> None:
    assert old in PREFLIB
    error = refused(PREFLIB.replace(old, new, 1), "x.toi")
    assert error.line == line, error
    assert re.search(reason, error.reason), error.reason


@pytest.mark.parametrize(("kind", "line"), [("soc", 16), ("soi", 16), ("toc", 17)])
def test_preflib_orders_must_be_of_the_announced_type(kind: str, line: int) -> None:
    assert refused(PREFLIB.replace("toi", kind), f"x.{kind}").line == line


def test_categories_must_be_as_many_as_announced() -> None:
    assert refused(CAT.replace("{},{1,2,3}", "{},{1,2,3},{}"), "x.cat").line == 20
    three = CAT.replace("CATEGORIES: 2", "CATEGORIES: 3").replace("NAME 2: No", "NAME 2: Perhaps\n# CATEGORY NAME 3: No")
    three = three.replace("3,{1, 2}", "3,{},{1, 2}").replace("{},{1,2,3}", "{1},{2},{3}")
    groups = {(("3",), (), ("1", "2")): 5, (("1",), ("2",), ("3",)): 2}
    assert dict(formats.read(three.encode(), name="x.cat").profile.groups) == groups


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("count,rank1,rank2", "count,rank1,rank3", 1, "first row"),
        ("2,undervote,Bo", "2,undervote", 3, "expected 3 cells, found 2"),
        ("2,undervote,Bo", "0,undervote,Bo", 3, "count"),
        ("2,undervote,Bo", "2.0,undervote,Bo", 3, "count"),
        ("2,undervote,Bo", "2,,Bo", 3, "empty"),
        ("2,undervote,Bo", "2,Undervote,Bo", 3, "neither"),
        ("2,undervote,Bo", "2, Bo,undervote", 3, "neither"),
        ('5,"Ada, B."', '5,"Ada" B.', 2, "CSV"),
        ("1,overvote,undervote", '1,"overvote,undervote', 4, "CSV"),
        ('"Ada, B."', '"Ada\nB."', 2, "control"),
    ],
)
def test_a_broken_csv_file_is_refused(old: str, new: str, line: int, reason: str) -> None:
    assert old in CSV
    with pytest.raises(FormatError) as caught:
        formats.read(CSV.replace(old, new, 1).encode(), format="csv")
    assert caught.value.line == line
    assert re.search(reason, caught.value.reason), caught.value.reason


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("3,2,\n", "3,2\n", 1, "candidates and seats"),
        ("12,1,3,", "12,1,3", 2, "not a ballot"),
        ("12,1,3,", "12,1,1,", 2, "twice"),
        ("12,1,3,", "12,1,4,", 2, "none of the candidates 1 to 3"),
        ("12,1,3,", "12,1,03,", 2, "none of"),
        ("12,1,3,", "0,1,3,", 2, "count"),
        ('"Candidate 2"', '"Candidate 3"', 5, "Candidate 2"),
        ('"Candidate 3","Cem","C",\n', "", 3, "Candidate 1"),
        ('"The Ward",', "The Ward", 7, "title"),
        ("3,2,\n", "9,2,\n", 7, "9 candidates"),
    ],
)
def test_a_broken_scottish_file_is_refused(old: str, new: str, line: int, reason: str) -> None:
    assert old in SCOT
    with pytest.raises(FormatError) as caught:
        formats.read(SCOT.replace(old, new, 1).encode(), format="scot-elex")
    assert re.search(reason, caught.value.reason), caught.value.reason
    assert caught.value.line == line


def _broken(path: str, value: Any) -> str:
    """CVR with the thing at `path` (keys and numbers, dots between) set to `value`, or without it where that is None."""
    report = json.loads(json.dumps(CVR))
    at, *way, last = report, *path.split(".")
    for step in way:
        at = at[int(step) if step.isdecimal() else step]
    key = int(last) if last.isdecimal() else last
    if value is None:
        del at[key]
    else:
        at[key] = value
    return json.dumps(report, indent=1)


_CONTEST = "CVR.1.CVRSnapshot.0.CVRContest"
_MARK = f"{_CONTEST}.0.CVRContestSelection.0.SelectionPosition.0"


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("@type", "CVR.Something", "not a CVR.CastVoteRecordReport"),
        ("Election.0.Contest", [], "0 contests"),
        ("Election.0.Contest", "x", "list of objects"),
        ("Election.0.Contest.0.ContestSelection", [], "no selections"),
        ("Election.0.Contest.0.ContestSelection.1.@id", "1", "stands twice"),
        ("Election.0.Contest.0.ContestSelection.1.CandidateIds", ["nobody"], "candidate who is not"),
        ("Election.0.Candidate.0.Name", None, "Name is missing"),
        ("Election.0.Candidate.0.Name", "\ud800", "control characters"),
        ("Election.0.Contest.0.Name", "\ud800", "control characters"),
        ("Election.0.Contest.0.Name", "\x1b[31m", "control characters"),
        ("Election.0.Contest.0.Name", 7, "Name is missing"),
        ("CVR.1.CurrentSnapshotId", "other", "CVR 2: CurrentSnapshotId"),
        ("CVR.1.CurrentSnapshotId", None, "CVR 2: CurrentSnapshotId"),
        ("CVR.1.CVRSnapshot", 5, "CVR 2: CVRSnapshot"),
        (f"{_CONTEST}.0.CVRContestSelection.0.ContestSelectionId", "9", "CVR 2: '9' is no selection"),
        (f"{_MARK}.Rank", None, "CVR 2: a mark needs a Rank"),
        (f"{_MARK}.Rank", 0, "CVR 2: a mark needs a Rank"),
        (f"{_MARK}.Rank", 1001, "CVR 2: a mark needs a Rank"),
        (f"{_MARK}.Rank", True, "CVR 2: a mark needs a Rank"),
        (f"{_MARK}.HasIndication", "unknown", "CVR 2: HasIndication"),
        (f"{_MARK}.NumberVotes", 2, "CVR 2: a mark must be one vote"),
    ],
)
def test_a_broken_cast_vote_record_is_refused(path: str, value: Any, reason: str) -> None:
    text = _broken(path, value)
    error = refused(text, "x.json")
    assert reason in error.reason
    second = next((number for number, line in enumerate(text.split("\n"), 1) if '"ballot-1"' in line), 0)
    assert error.line > second if error.reason.startswith("CVR 2") else error.line == 1


def test_of_a_file_with_several_contests_one_must_be_named() -> None:
    report = json.loads(json.dumps(CVR))
    contests = report["Election"][0]["Contest"]
    contests.append({**contests[0], "@id": "other"})
    data = json.dumps(report).encode()
    assert "2 contests (contest-1, other)" in refused(data.decode(), "x.json").reason
    assert formats.read(data, name="x.json", contest="contest-1").profile.total == 3
    assert formats.read(data, name="x.json", contest="other").profile.total == 0  # nobody had it on the ballot
    with pytest.raises(FormatError, match="no contest 'third'"):
        formats.read(data, name="x.json", contest="third")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"@type": ', "not JSON: Expecting value"),
        ('{"a": ' + "1" * 5_000 + "}", "Exceeds the limit"),
        ("[]", "not a CVR.CastVoteRecordReport"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', "twice"),
        ("{" + '"a":{' * 50_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_no_cast_vote_record(text: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        formats.read(text.encode(), format="cvr")
    assert caught.value.line == 1
    assert reason in caught.value.reason


def test_a_broken_canonical_or_pabulib_file_is_refused_at_its_line() -> None:
    assert refused(CANONICAL.replace("a>b", "a>c"), "x").line == 4
    assert refused("META\nkey;value\nPROJECTS\n", "x.pb").line == 3


@pytest.mark.parametrize(("text", "name"), [(BLT, "x.blt"), (PREFLIB, "x.toi"), (SCOT, "x.csv"), (CANONICAL, "x")])
def test_byte_order_marks_are_refused_where_the_format_has_none(text: str, name: str) -> None:
    assert refused("\ufeff" + text, name).line == 1


def test_csv_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does() -> None:
    windows = "\ufeff" + CSV.replace("\n", "\r\n")
    assert formats.read(windows.encode(), name="x.csv").profile == formats.read(CSV.encode(), name="x.csv").profile
    assert formats.read(SCOT.replace("\n", "\r\n").encode(), name="x.csv").profile.total == 16
    assert formats.read(BLT.replace("\n", "\r\n").encode(), name="x.blt").profile.total == 17


@pytest.mark.parametrize(
    ("text", "name"), [(BLT, "x.blt"), (PREFLIB, "x.toi"), (CSV, "x.csv"), (SCOT, "x.csv"), (CANONICAL, "x")]
)
def test_bytes_that_are_not_utf_8_are_refused_at_their_line(text: str, name: str) -> None:
    lines = text.encode().split(b"\n")
    lines[3] += b"\xe9"
    with pytest.raises(FormatError, match="line 4: not UTF-8"):
        formats.read(b"\n".join(lines), name=name)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (BLT, "x.csv", "looks like blt but is called .csv"),
        (CSV, "x.blt", "looks like csv but is called .blt"),
        (SCOT, "x.json", "looks like scot-elex"),
        ("hello\n", "x.txt", "no known format"),
        ("hello\n", "x.csv", "no known format but is called .csv"),
        ("", "x", "no known format"),
        ("\0\1", "x.blt", "not a text file"),
    ],
)
def test_where_content_and_name_disagree_the_format_is_asked_for(text: str, name: str, reason: str) -> None:
    assert reason in refused(text, name).reason


def test_a_named_format_is_believed() -> None:
    assert formats.read(BLT.encode(), name="x.csv", format="blt").profile.total == 17


def test_one_ballot_a_row_needs_no_counts() -> None:
    one = formats.read(b"rank1,rank2\nAda,Bo\nBo,undervote\nAda,Bo\n", name="x.csv")
    assert dict(one.profile.groups) == {(("Ada",), ("Bo",)): 2, (("Bo",),): 1}


@given(st.binary(max_size=200), st.sampled_from(formats.READABLE))
def test_whatever_the_bytes_are_they_are_read_or_refused(data: bytes, format: str) -> None:
    heads = {"blt": b"2 1\n", "csv": b"count,rank1\n", "scot-elex": b"1,1,\n", "canonical": CANONICAL.encode()}
    for whole in (data, heads.get(format, b"") + data):
        with suppress(FormatError):
            formats.read(whole, format=format)


def test_of_a_ballot_that_was_adjudicated_the_current_snapshot_counts() -> None:
    report = json.loads(json.dumps(CVR))
    record = report["CVR"][0]
    first = record["CVRSnapshot"][0]
    adjudicated = {**json.loads(json.dumps(first)), "@id": "adjudicated", "Type": "modified"}
    del adjudicated["CVRContest"][0]["CVRContestSelection"][0]
    record["CVRSnapshot"].append(adjudicated)
    before = formats.read(json.dumps(report).encode(), name="x.json")
    record["CurrentSnapshotId"] = "adjudicated"
    after = formats.read(json.dumps(report).encode(), name="x.json")
    assert before.profile == formats.read(json.dumps(CVR).encode(), name="x.json").profile
    assert after.profile != before.profile and after.profile.total == before.profile.total


def test_marks_that_are_not_indicated_and_ballots_without_the_contest_are_left_out() -> None:
    report = json.loads(_broken(f"{_MARK}.HasIndication", "no"))
    assert formats.read(json.dumps(report).encode(), name="x.json").profile.total == 3
    del report["CVR"][1]["CVRSnapshot"][0]["CVRContest"][0]
    assert formats.read(json.dumps(report).encode(), name="x.json").profile.total == 2
