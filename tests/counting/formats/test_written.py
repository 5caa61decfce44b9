"""Files as they are written, byte for byte, and what of a well-formed file is easily overlooked."""

import json
from typing import Any

import pytest

from counting import formats
from counting.formats import CannotWrite, Election, FormatError
from counting.profile import ApprovalProfile, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

NAMES = {str(number): name for number, name in enumerate(("Ada", "Bo", "Cem", *"defghij"), 1)}  # ten: "10" is not before "2"
BALLOTS = RankedProfile(
    {(("2",),): 4, (("1",), (), ("10", "2")): 1, (UNKNOWN_OVERVOTE, ("1",)): 7, (("1",),): 4, (): 2}  # "10" before "2" as ids
)
THREE = {"1": "Ada", "2": "Bo", "3": "Cem"}
ORDERS = RankedProfile({(("3",), ("1", "2")): 2, (("2",), ("1", "3")): 5, (("1",), ("2", "3")): 2})


def write(one: Election, format: str) -> str:
    return formats.write(one, format, contest="p1", rule="irv-v1").decode()


def election(profile: Any, names: dict[str, str] = THREE, **further: Any) -> Election:
    return Election("test", names, profile, **further)


def test_blt_has_the_most_frequent_ballots_first_and_one_seat_where_nobody_says_how_many() -> None:
    assert write(election(BALLOTS, NAMES, title="T", withdrawn=("3",)), "blt").split("\n") == [
        "10 1", "-3", "7 -=- 1 0", "4 1 0", "4 2 0", "2 0", "1 1 - 2=10 0", "0",
        *(f'"{name}"' for name in NAMES.values()), '"T"', "",
    ]  # fmt: skip
    assert write(election(ORDERS, seats=2), "blt").startswith("3 2\n")


def test_preflib_has_the_most_frequent_orders_first_and_no_space_at_the_end_of_a_line() -> None:
    text = write(election(ORDERS, title="T"), "preflib")
    assert text.endswith("# ALTERNATIVE NAME 3: Cem\n5: 2,{1,3}\n2: 1,{2,3}\n2: 3,{1,2}\n")
    assert "# FILE NAME:\n# TITLE: T\n" in text and "CATEGORY" not in text
    ten = write(election(RankedProfile({(("10", "2"),): 1}), NAMES), "preflib")
    assert ten.endswith("\n1: {2,10}\n") and "# DATA TYPE: toi\n" in ten
    assert "# DATA TYPE: soi\n" in write(election(RankedProfile({(("1",),): 1, (("1",), ("2",), ("3",)): 1})), "preflib")
    assert "# DATA TYPE: soi\n" in write(election(RankedProfile({(("1",), ("2",), ("3",)): 1, (("1",),): 1})), "preflib")


def test_csv_has_the_most_frequent_ballots_first_and_every_row_as_many_cells() -> None:
    profile = RankedProfile({(("1",), (), ("2",)): 2, (("2",),): 2, (UNKNOWN_OVERVOTE, ("3",)): 9})
    assert write(election(profile, {**THREE, "3": "Cem, C."}), "csv") == (
        'count,rank1,rank2,rank3\n9,overvote,"Cem, C.",undervote\n2,Ada,undervote,Bo\n2,Bo,undervote,undervote\n'
    )
    assert write(election(RankedProfile({}), {}), "csv") == "count,rank1\n"
    assert write(election(RankedProfile({(): 3}), {}), "csv") == "count,rank1\n3,undervote\n"


def test_names_that_csv_would_take_for_something_else_are_not_written() -> None:
    one = RankedProfile({(("1",),): 1})
    for name in ("", "  ", "undervote"):
        with pytest.raises(CannotWrite, match="names are the ids"):
            write(election(one, {"1": name}), "csv")
    assert write(election(one, {"1": " Ada "}), "csv") == "count,rank1\n1,Ada\n"


def test_cast_vote_records_are_numbered_and_carry_names_as_they_are() -> None:
    text = write(election(RankedProfile({(("1",),): 2}), {"1": "Çem"}), "cvr")
    assert '"Çem"' in text and text.startswith('{\n "@type"')
    report = json.loads(text)
    assert [record["CVRSnapshot"][0]["@id"] for record in report["CVR"]] == ["ballot-1", "ballot-2"]
    (contest,) = report["Election"][0]["Contest"]
    assert (contest["@id"], contest["Name"]) == ("contest-1", "contest-1")
    assert report["Election"][0]["Candidate"][0]["@id"] == "candidate-1"
    other = json.loads(write(election(RankedProfile({}), {"1": "Ada"}, contest="c 7", title="Mayor"), "cvr"))
    again = formats.read(json.dumps(other).encode(), format="cvr")
    assert (again.contest, again.title) == ("c 7", "Mayor")


def test_two_names_alike_are_not_written_as_alternatives() -> None:
    with pytest.raises(CannotWrite, match="different names"):
        write(election(RankedProfile({(("1",),): 1}), {"1": "Ada", "2": "Ada"}), "preflib")


def test_a_blt_file_may_end_its_lines_as_windows_does_and_put_comments_between_names() -> None:
    plain = '2 1\n3 1 0\n0\n"Ada"\n"Bo"\n"T"\n'
    one = formats.read(plain.encode(), format="blt")
    for other in (plain.replace("\n", "\r\n"), plain.replace('"Bo"', '# who\n\n   \n  "Bo"  # she')):
        read = formats.read(other.encode(), format="blt")
        assert (read.names, read.title, read.profile) == (one.names, "T", one.profile)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "the file ends where the numbers of candidates and seats should come"),
        ("1 1\n1 1 0\n", 3, "the file ends where a ballot or the line 0 should come"),
        ("1001 1\n", 1, "more than 1,000 candidates"),
        ("1000 1\n", 2, "the file ends"),
        ("2 1\n[nick a a]\n", 2, "2 different nicknames"),
        ("2 1\n[nick a b=c]\n", 2, "'b=c' cannot be a nickname"),
        ("2 1\n1 1 0\n[nick a b]\n", 3, r"not a ballot: '\[nick a b\]'"),
        ("2 1\n[nick a b\n", 2, r"not a ballot: '\[nick a b'"),
        ("2 1\n1 a\n", 2, "does not end with 0"),
        ("2 1\n0 0\n", 2, "the weight of a ballot must be"),
        ("2 1\n0\n", 2, "expected 2 names and a title in quotes, found 0"),
        ('2 1\n0\n"A"\n"B"\n', 4, "expected 2 names and a title in quotes, found 2"),
        ('2 1\n0\n"A"\nx\n"B"\n"T"\n', 3, "found 1"),
    ],
)
def test_a_blt_file_that_breaks_off_or_contradicts_itself_is_refused(text: str, line: int, reason: str) -> None:
    with pytest.raises(FormatError, match=reason) as refused:
        formats.read(text.encode(), format="blt")
    assert refused.value.line == line


def test_a_weight_alone_is_a_blank_ballot_only_with_its_end() -> None:
    with pytest.raises(FormatError, match="does not end with 0"):
        formats.read(b'1 1\n10\n0\n"A"\n"T"\n', format="blt")
    assert formats.read(b'1 1\n10 0\n0\n"A"\n"T"\n', format="blt").profile.blank == 10


def test_a_tie_line_may_name_the_candidates_in_any_order() -> None:
    read = formats.read(b'2 1\n[tie 2 1]\n1 1 0\n0\n"A"\n"B"\n"T"\n', format="blt")
    assert read.notes == ("The line [tie 2 1] was not used; --tie-order gives the lots.",)


@pytest.mark.parametrize("title", ['"The Ward",', '""The Ward"",'])
def test_a_scottish_file_may_have_no_ballots_and_double_the_quotation_marks_of_its_title(title: str) -> None:
    head = '2,1,\n{}"Candidate 1","Ada","",\n"Candidate 2","Bo","P",\n' + title
    for end in ("", "\n"):
        read = formats.read((head.format("") + end).encode(), format="scot-elex")
        assert (read.profile.total, read.title, read.names, read.seats) == (0, "The Ward", {"1": "Ada", "2": "Bo"}, 1)
    assert formats.read(head.format("3,2,\n").encode(), format="scot-elex").profile.groups == {(("2",),): 3}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("2,1\n", 1, "expected the numbers of candidates and seats"),
        ("0,1,\n", 1, "the number of candidates must be"),
        ("1,0,\n", 1, "the number of seats must be"),
        ('2,1,\n"Candidate 1","Ada","",\n"T",', 3, "expected 2 candidates and a title"),
        ('1,1,\nx\n"Candidate 1","Ada","",\n"T",', 2, "not a ballot"),
        ('2,1,\n3,1,\n"Candidate 1","Ada","",\n"Candidate 3","Bo","",\n"T",', 4, "Candidate 2"),
        ('1,1,\n3,1,\n"Candidate 1"," ","",\n"T",', 3, "a name is empty"),
        ('1,1,\n3,1,\n"Candidate 1","Ada","",\nT', 4, "expected the title"),
    ],
)
def test_a_broken_scottish_file_is_refused_at_its_very_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(FormatError, match=reason) as refused:
        formats.read(text.encode(), format="scot-elex")
    assert refused.value.line == line


def records(**changes: Any) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(write(election(RankedProfile({(("1",), ("2",)): 3})), "cvr"))
    return {**report, **changes}


def refused(report: Any) -> FormatError:
    with pytest.raises(FormatError) as caught:
        formats.read(json.dumps(report, indent=1).encode(), format="cvr")
    return caught.value


def snapshots(report: Any) -> list[int]:
    """The lines on which the records begin to tell their snapshots."""
    return [n for n, line in enumerate(json.dumps(report, indent=1).split("\n"), 1) if '"CVRSnapshot"' in line]


def test_a_contest_or_a_mark_that_stands_twice_on_one_record_is_refused_at_its_line() -> None:
    report = records()
    contests = report["CVR"][1]["CVRSnapshot"][0]["CVRContest"]
    contests.append(contests[0])
    error = refused(report)
    assert (error.line, error.reason) == (snapshots(report)[1], "CVR 2: the contest stands twice on one ballot")
    report = records()
    marks = report["CVR"][2]["CVRSnapshot"][0]["CVRContest"][0]["CVRContestSelection"]
    marks.append(marks[0])
    assert (refused(report).line, refused(report).reason) == (snapshots(report)[2], "CVR 3: '1' stands twice at rank 1")
    report = records()
    del report["CVR"][0]["CVRSnapshot"]
    report["CVR"] = report["CVR"][:1]
    assert (refused(report).line, refused(report).reason[:5]) == (1, "CVR 1")


def test_marks_that_are_not_indicated_do_not_end_a_record() -> None:
    report = records()
    selection = report["CVR"][0]["CVRSnapshot"][0]["CVRContest"][0]["CVRContestSelection"][0]
    mark = selection["SelectionPosition"][0]
    selection["SelectionPosition"] = [{**mark, "HasIndication": "no"}, {**mark, "Rank": 1000}]
    del mark["NumberVotes"]
    read = formats.read(json.dumps(report).encode(), format="cvr")
    longest = max(read.profile.groups, key=len)
    assert (len(longest), longest[1], longest[-1]) == (1000, ("2",), ("1",))


@pytest.mark.parametrize("ids", [[], None])
def test_a_selection_without_candidates_is_called_by_its_id(ids: Any) -> None:
    report = records()
    selections = report["Election"][0]["Contest"][0]["ContestSelection"]
    if ids is None:
        del selections[0]["CandidateIds"]
    else:
        selections[0]["CandidateIds"] = ids
    assert formats.read(json.dumps(report).encode(), format="cvr").names == {"1": "1", "2": "Bo", "3": "Cem"}
    selections[0]["CandidateIds"] = ["candidate-1", "candidate-2"]
    assert formats.read(json.dumps(report).encode(), format="cvr").names["1"] == "Ada / Bo"


@pytest.mark.parametrize("ids", ["candidate-1", 5, [7], ["candidate-1", "nobody"], [["candidate-1"]]])
def test_a_selection_names_only_candidates_of_the_file(ids: Any) -> None:
    report = records()
    report["Election"][0]["Contest"][0]["ContestSelection"][0]["CandidateIds"] = ids
    assert "names a candidate who is not in the file" in refused(report).reason


def test_what_is_no_report_is_refused_whatever_it_is() -> None:
    others: list[Any] = [[], 5, None, {}, records(**{"@type": "x"})]
    for report in others:
        assert (refused(report).line, refused(report).reason) == (1, "not a CVR.CastVoteRecordReport")
    assert refused(records(CVR=[5])).reason == "CVR must be a list of objects"
    empty = records()
    empty["Election"][0]["Candidate"][0]["Name"] = ""
    assert refused(empty).reason == "Name is missing"


def test_categories_without_a_first_one_in_use_and_with_names_missing() -> None:
    text = write(election(ApprovalProfile.of([["1"], ["1", "2"], []])), "preflib")
    assert formats.read(text.encode(), format="preflib").profile == ApprovalProfile.of([["1"], ["1", "2"], []])
    with pytest.raises(FormatError, match="does not say CATEGORY NAME 2"):
        formats.read(text.replace("# CATEGORY NAME 2: Not approved\n", "").encode(), format="preflib")
    with pytest.raises(FormatError, match="must be soc or soi or toc or toi or cat, not 'x'"):
        formats.read(text.replace("TYPE: cat", "TYPE: x").encode(), format="preflib")


def test_of_three_categories_an_empty_one_at_the_end_is_no_rank() -> None:
    text = write(election(ApprovalProfile.of([["1", "2"], ["2"]])), "preflib")
    three = text.replace("CATEGORIES: 2", "CATEGORIES: 3\n# CATEGORY NAME 3: None").replace("1: {1,2},3", "1: {},{1,2,3},{}")
    read = formats.read(three.replace("1: 2,{1,3}", "1: 2,{},{1,3}").encode(), format="preflib")
    assert read.profile == RankedProfile({((), ("1", "2", "3")): 1, (("2",), (), ("1", "3")): 1})


def test_a_canonical_file_brings_its_contest_and_only_a_rule_that_needs_no_money() -> None:
    head = "#contest: p1\n"
    for rule, known in (("irv-v1", True), ("pb-greedy-v1", False), ("nobody-s-rule", False)):
        read = formats.read(f"{head}#rule: {rule}\n#candidates: a,b\n3\ta\n".encode(), format="canonical")
        assert (read.contest, read.rule) == ("p1", (rule, {}) if known else None)
    with pytest.raises(FormatError) as broken:
        formats.read(b"#contest: p1\n#rule: irv-v1\n#candidates: a,a\n3\ta\n", format="canonical")
    assert broken.value.line == 3
