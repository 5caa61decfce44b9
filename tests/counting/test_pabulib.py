"""Pabulib files: read whole or refused whole, with the line and the reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting.pabulib import (
    META_KEYS,
    REASONS,
    Pabulib,
    PabulibError,
    PabulibProject,
    PabulibVote,
    read_pabulib,
    rule_of,
    write_pabulib,
)
from counting.profile import ApprovalProfile, PointsProfile

GOOD = """META
key;value
description;Municipal PB in Exampleton
country;Nowhere
unit;Exampleton
instance;2026
num_projects;3
num_votes;4
budget;100
vote_type;approval
rule;greedy
date_begin;01.03.2026
date_end;14.03.2026
max_length;2
PROJECTS
project_id;cost;votes;name;target;selected
a;60;2;"Park; north ""side\""";adults;1
b;50;2;Pool;;0
c;30;1;Bus stop;children,adults;1
VOTES
voter_id;vote;age
1;a,b;34
2;a;
3;b,c;17
4;;61
"""
CUMULATIVE = (
    GOOD.replace("vote_type;approval", "vote_type;cumulative\nmin_points;1\nmax_points;5\nmax_sum_points;6")
    .replace("voter_id;vote;age", "voter_id;vote;points;age")
    .replace("1;a,b;34", "1;a,b;5,1;34")
    .replace("2;a;", "2;a;3;")
    .replace("3;b,c;17", "3;b,c;4,2;17")
    .replace("4;;61", "4;;;61")
)
ORDINAL = GOOD.replace("vote_type;approval", "vote_type;ordinal")


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), start=1) if line.startswith(start))


def test_it_reads_a_whole_file() -> None:
    file = read_pabulib(GOOD)
    assert (file.budget, file.scale, file.vote_type) == (100, 1, "approval")
    assert file.costs == {"a": 60, "b": 50, "c": 30}
    assert [project.name for project in file.projects] == ['Park; north "side"', "Pool", "Bus stop"]
    assert file.selected == ("a", "c")
    assert file.votes[2] == PabulibVote("3", ("b", "c"), None, {"age": "17"})
    assert file.profile() == ApprovalProfile.of([["a", "b"], ["a"], ["b", "c"], []])


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        re.sub(r";(?=[\w,])", "; ", GOOD),
        GOOD.replace("\nPROJECTS", "\n\nPROJECTS"),
        GOOD.rstrip("\n"),
    ],
)
def test_encoding_line_ends_spaces_and_empty_lines_do_not_matter(data: str | bytes) -> None:
    assert read_pabulib(data) == read_pabulib(GOOD)


def test_both_names_of_the_target_column_are_kept_as_they_stand() -> None:
    assert read_pabulib(GOOD).projects[2].fields["target"] == "children,adults"
    renamed = read_pabulib(GOOD.replace("target", "beneficiaries"))
    assert renamed.projects[2].fields["beneficiaries"] == "children,adults"


def test_one_amount_with_decimals_puts_all_money_into_hundredths() -> None:
    file = read_pabulib(GOOD.replace("b;50;", "b;50.5;"))
    assert (file.scale, file.budget, file.costs) == (100, 10_000, {"a": 6000, "b": 5050, "c": 3000})


def test_points_are_read_for_the_projects_they_stand_for() -> None:
    file = read_pabulib(CUMULATIVE)
    assert file.votes[0].points == (5, 1)
    assert file.profile() == PointsProfile.of([{"a": 5, "b": 1}, {"a": 3}, {"b": 4, "c": 2}, {}])


def test_a_ranking_keeps_its_order_and_is_counted_from_max_length_down() -> None:
    file = read_pabulib(ORDINAL.replace("1;a,b;34", "1;b,a;34"))
    assert file.votes[0].choices == ("b", "a")
    assert file.profile() == PointsProfile.of([{"b": 2, "a": 1}, {"a": 2}, {"b": 2, "c": 1}, {}])


def test_a_limit_left_empty_is_none() -> None:
    file = read_pabulib(ORDINAL.replace("max_length;2", "max_length;\nmin_project_score_threshold;"))
    assert file.profile() == PointsProfile.of([{"a": 3, "b": 2}, {"a": 3}, {"b": 3, "c": 2}, {}])
    assert rule_of(file.meta) == rule_of({"rule": "greedy"})


def test_a_file_may_leave_open_what_was_selected() -> None:
    assert read_pabulib(GOOD.replace(";selected", ";chosen")).selected is None


@pytest.mark.parametrize(
    ("start", "old", "new", "code"),
    [
        ("num_projects", "num_projects;3", "num_projects;4", "num_projects_mismatch"),
        ("num_votes", "num_votes;4", "num_votes;5", "num_votes_mismatch"),
        ("num_votes", "num_votes;4", "num_votes;four", "bad_number"),
        ("max_length", "max_length;2", "max_length;-2", "bad_number"),
        ("budget", "budget;100", "budget;0", "bad_money"),
        ("budget", "budget;100", "budget;1e3", "bad_money"),
        ("budget", "budget;100", "budget;100,50", "bad_money"),
        ("budget", "budget;100", "budget;100.505", "too_many_decimals"),
        ("vote_type", "vote_type;approval", "vote_type;quadratic", "bad_vote_type"),
        ("unit", "unit;Exampleton", "unit;Exampleton;Nowhere", "wrong_number_of_columns"),
        ("unit", "instance;2026", "unit;2026", "duplicate_key"),
        ("META", "budget;100\n", "", "missing_key"),
        ("META", "description;Municipal PB in Exampleton", "description;", "missing_key"),
        ("key", "key;value", "key;values", "missing_column"),
        ("key", "key;value", "key;value;note", "wrong_number_of_columns"),
        ("project_id", "project_id;cost;", "project_id;price;", "missing_column"),
        ("project_id", "name;target", "name;name", "duplicate_column"),
        ("b;", "b;50;", "b;-50;", "bad_money"),
        ("b;", "b;50;", "b;0;", "bad_money"),
        ("b;", "b;50;", "b;0.00;", "bad_money"),
        ("b;", "b;50;", "b;;", "bad_money"),
        ("b;", "b;50;", "b;٥٠;", "bad_money"),
        ("b;", "Pool;;0", "Pool;0", "wrong_number_of_columns"),
        ("b;", "Pool;;0", "Pool;;yes", "bad_selected"),
        ("b;", "b;50;2;", "b;50;3;", "votes_mismatch"),
        ("a;30", "c;30;", "a;30;", "duplicate_project"),
        (";30", "c;30;", ";30;", "bad_project_id"),
        ('"c', "c;30;", '"c,d";30;', "bad_project_id"),
        ("voter_id", "voter_id;vote;age", "voter_id;ballot;age", "missing_column"),
        ("2;", "2;a;", "2;a", "wrong_number_of_columns"),
        ("2;", "2;a;", "2;z;", "unknown_project"),
        ("2;", "2;a;", "2;a,;", "unknown_project"),
        ("2;", "2;a;", "2;a,a;", "repeated_choice"),
        ("2;", "2;a;", "2;a,b,c;", "too_many_choices"),
        ("1;b,c", "3;b,c;17", "1;b,c;17", "duplicate_voter"),
        (";b,c", "3;b,c;17", ";b,c;17", "missing_voter"),
        ("4;", "max_length;2", "max_length;2\nmin_length;1", "too_few_choices"),
        ("1;a,b", "vote_type;approval", "vote_type;choose-1", "too_many_choices"),
        ("VOTES", "vote_type;approval", "vote_type;scoring", "missing_column"),
        ("META", "vote_type;approval", "vote_type;cumulative", "missing_key"),
        ('a;60;2;"', '""side"""', '""side""', "bad_quoting"),
        ("project_id", "PROJECTS\n", "", "wrong_number_of_columns"),
        ("description", "META\nkey;value\n", "", "missing_section"),
        ("PROJECTS", "VOTES\n", "PROJECTS\n", "repeated_section"),
    ],
)
def test_a_malformed_file_is_refused_with_line_and_reason(start: str, old: str, new: str, code: str) -> None:
    broken = GOOD.replace(old, new, 1)
    assert broken != GOOD
    with pytest.raises(PabulibError) as refused:
        read_pabulib(broken)
    assert (refused.value.code, broken.split("\n")[refused.value.line - 1][: len(start)]) == (code, start)
    assert str(refused.value) == f"line {refused.value.line}: {refused.value.reason}"
    assert "{" not in refused.value.reason


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("5,1;34", "5;34", "points_mismatch"),
        ("5,1;34", "5,1.5;34", "bad_points"),
        ("5,1;34", "5,-1;34", "bad_points"),
        ("5,1;34", "5,0;34", "points_out_of_range"),
        ("5,1;34", "6,1;34", "points_out_of_range"),
        ("5,1;34", "5,2;34", "points_out_of_range"),
    ],
)
def test_points_outside_the_published_limits_are_refused(old: str, new: str, code: str) -> None:
    broken = CUMULATIVE.replace(old, new, 1)
    with pytest.raises(PabulibError) as refused:
        read_pabulib(broken)
    assert (refused.value.code, refused.value.line) == (code, line_of(broken, "1;a,b"))


def test_a_score_column_that_is_not_the_sum_of_the_points_is_refused() -> None:
    broken = CUMULATIVE.replace(";target;", ";score;").replace(";adults;1", ";8;1").replace("Pool;;", "Pool;6;")
    broken = broken.replace(";children,adults;", ";2;")
    with pytest.raises(PabulibError, match="score of the project b is given as 6, the votes add up to 5"):
        read_pabulib(broken)
    assert read_pabulib(broken.replace("Pool;6;", "Pool;5;")).projects[1].fields["score"] == "5"


def test_bytes_that_are_not_utf8_are_refused_at_their_line() -> None:
    broken = GOOD.encode().replace(b"Nowhere", b"Now\xe9re")
    with pytest.raises(PabulibError) as refused:
        read_pabulib(broken)
    assert (refused.value.code, refused.value.line) == ("bad_encoding", 4)


@pytest.mark.parametrize("name", ["META", "PROJECTS", "VOTES"])
def test_a_file_that_ends_too_soon_is_refused(name: str) -> None:
    with pytest.raises(PabulibError) as refused:
        read_pabulib(GOOD[: GOOD.index(name)])
    assert (refused.value.code, refused.value.params) == ("missing_section", {"section": name})


def test_a_section_left_out_is_missed_where_the_next_one_begins() -> None:
    broken = GOOD[: GOOD.index("PROJECTS")] + GOOD[GOOD.index("VOTES") :]
    with pytest.raises(PabulibError, match="the section PROJECTS is missing here") as refused:
        read_pabulib(broken)
    assert refused.value.line == line_of(broken, "VOTES")


@pytest.mark.parametrize("key", META_KEYS)
def test_every_key_the_format_demands_is_demanded(key: str) -> None:
    with pytest.raises(PabulibError) as refused:
        read_pabulib(re.sub(rf"(?m)^{key};.*\n", "", GOOD))
    assert (refused.value.code, refused.value.params) == ("missing_key", {"key": key})


def test_a_row_after_a_quoted_line_break_is_still_named_by_its_own_line() -> None:
    broken = GOOD.replace("Pool", '"Po\nol"').replace("3;b,c", "3;z")
    with pytest.raises(PabulibError) as refused:
        read_pabulib(broken)
    assert refused.value.line == line_of(broken, "3;z")


def test_every_reason_is_a_sentence_about_something_that_can_happen() -> None:
    from pathlib import Path

    import counting.pabulib

    folder = Path(counting.pabulib.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("pabulib*.py"))
    raised = set(re.findall(r'PabulibError\(\s*"(\w+)"', source))
    assert raised == set(REASONS)


def test_the_writer_refuses_rows_with_different_columns() -> None:
    file = read_pabulib(GOOD)
    odd = PabulibVote("9", ("a",), None, {"sex": "F"})
    with pytest.raises(ValueError, match="the same columns"):
        write_pabulib(Pabulib(file.meta, file.projects, (*file.votes, odd), file.budget))


cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8).map(str.strip)
awkward = st.sampled_from(['a;b "c"', "one\ntwo", "one\r\ntwo", '"', "PROJECTS", "۱۲ آزمون", ";", "a,b"]) | cells


@st.composite
def files(draw: st.DrawFn) -> Pabulib:
    vote_type = draw(st.sampled_from(["approval", "ordinal", "cumulative"]))
    scale = draw(st.sampled_from([1, 100]))
    ids = draw(st.lists(st.sampled_from(["c1", "L9/01/VII", "x y", "7", "ب"]), unique=True, min_size=1))
    projects = tuple(PabulibProject(i, draw(st.integers(1, 10**7)), {"name": draw(awkward)}) for i in ids)
    votes = []
    for number in range(draw(st.integers(0, 4))):
        choices = tuple(draw(st.lists(st.sampled_from(ids), unique=True)))
        points = tuple(draw(st.integers(0, 3)) for _ in choices) if vote_type == "cumulative" else None
        votes.append(PabulibVote(f"v{number}", choices, points, {"note": draw(awkward)}))
    budget = draw(st.integers(1, 10**8))
    meta = dict.fromkeys(META_KEYS, "x") | {
        "description": draw(awkward) or "x",
        "num_projects": str(len(projects)),
        "num_votes": str(len(votes)),
        "budget": str(budget) if scale == 1 else f"{budget // 100}.{budget % 100:02}",
        "vote_type": vote_type,
        "max_sum_points": "99",
    }
    return Pabulib(meta, projects, tuple(votes), budget, scale)


@given(files())
def test_what_is_written_is_read_back(file: Pabulib) -> None:
    assert read_pabulib(write_pabulib(file)) == file
    assert read_pabulib(write_pabulib(file).encode("utf-8")) == file


@pytest.mark.parametrize(
    ("meta", "rule", "options"),
    [
        ({"rule": "greedy"}, "pb-greedy-v1", {"mode": "skip", "threshold": 0}),
        ({"rule": "greedy-no-skip", "min_project_score_threshold": "50"}, "pb-greedy-v1", {"mode": "stop", "threshold": 50}),
        ({"rule": "greedy-threshold", "min_project_score_threshold": "30"}, "pb-greedy-v1", {"mode": "skip", "threshold": 30}),
        ({"rule": "equalshares"}, "pb-mes-v1", {"completion": [], "utility": "cost"}),
        ({"rule": "equalshares/add1"}, "pb-mes-v1", {"completion": ["add1"], "step": 1, "stop_when_exhaustive": False}),
    ],
)  # fmt: skip
def test_it_knows_our_rule_for_a_published_one(meta: dict[str, str], rule: str, options: dict[str, object]) -> None:
    found = rule_of(meta)
    assert found is not None
    assert found[0] == rule
    assert options.items() <= found[1].items()


@pytest.mark.parametrize("rule", ["unknown", "greedy-exclusive", "greedy-custom", "equalshares/add1-comparison"])
def test_it_does_not_pretend_to_know_other_rules(rule: str) -> None:
    assert rule_of({"rule": rule}) is None
