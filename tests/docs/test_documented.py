"""The documents keep up with the code: what can be set, run, recorded, refused or granted is in docs/reference."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

PROJECT = Path(__file__).resolve().parents[2]
REFERENCE = PROJECT / "docs" / "reference"
APPS = (
    *("accounts", "approvals", "ballotbox", "common", "deliberate", "eligibility", "incidents", "moderation", "objections"),
    *("outbox", "processes", "proposals", "realtime", "votelog", "voting"),
)


def committed(*patterns: str) -> list[Path]:
    """Tracked files, as far as they are still there; every file where this is no checkout."""
    git = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=PROJECT, capture_output=True, text=True)
    if git.returncode == 0 and git.stdout:
        found = [PROJECT / name for name in git.stdout.split("\0") if name]
    else:
        found = [path for pattern in patterns or ["*"] for path in PROJECT.rglob(pattern)]
        found = [path for path in found if not {".venv", ".git", "var"} & set(path.relative_to(PROJECT).parts)]
    return sorted(path for path in found if path.is_file())


def reference(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def first_cells(text: str) -> set[str]:
    """Everything in backticks in the first column of the tables of a page."""
    rows = (line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    return {code for cell in rows for code in re.findall(r"`([^`]+)`", cell)}


def headings(text: str) -> set[str]:
    return {match[1].strip() for match in re.finditer(r"^#{2,4} (.+)$", text, re.MULTILINE)}


def section(text: str, heading: str) -> str:
    return re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def settings_read_from_the_environment() -> set[str]:
    source = (PROJECT / "deliberate" / "settings.py").read_text(encoding="utf-8")
    direct = re.findall(r"\benv\.\w+\(\s*\"(\w+)\"", source)
    assert len(direct) == len([name for name in re.findall(r"\benv\.\w+\(\s*(\w+|\")", source) if name != "name"])
    return set(direct)


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    page = reference("settings.md").split("## Read by other things")[0]
    assert first_cells(page) == settings_read_from_the_environment()


def test_settings_are_read_in_one_place_only() -> None:
    reads = re.compile(r"os\.environ\[|os\.getenv|environ\.get")
    readers = {
        path.relative_to(PROJECT).as_posix()
        for app in APPS
        for path in (PROJECT / app).rglob("*.py")
        if reads.search(path.read_text(encoding="utf-8"))
    }
    assert readers <= {"deliberate/settings.py"}


def test_the_example_environment_names_only_settings_that_exist() -> None:
    named = re.findall(r"^([A-Z_]+)=", (PROJECT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= settings_read_from_the_environment() | {"POSTGRES_PASSWORD", "VAPP_PASSWORD", "VSEQ_PASSWORD"}


def test_every_management_command_is_documented() -> None:
    commands = {
        path.stem for app in APPS for path in (PROJECT / app).rglob("management/commands/*.py") if not path.stem.startswith("_")
    }
    assert {"sequencer", "import_pabulib"} <= commands
    assert commands == headings(reference("commands.md")) - {"The verifier"}


def test_every_entry_type_of_the_log_is_documented() -> None:
    from votelog.entries import RECORDED
    from votelog.models import BALLOT

    assert {*RECORDED, BALLOT, "log.opened"} <= {heading.split(" ")[0] for heading in headings(reference("vote-log.md"))}


def test_every_counting_rule_and_each_of_its_options_is_documented_with_its_default() -> None:
    import json

    from counting.rules import RULES

    page = reference("counting-rules.md")
    assert set(RULES) <= headings(page)
    for rule in RULES.values():
        text = section(page, rule.id)
        assert first_cells(text) == set(rule.defaults), rule.id
        for option, default in rule.defaults.items():
            assert f"| `{option}` | `{json.dumps(default)}` |" in text, f"{rule.id}: {option}"


def choices_of(rule: str, option: str) -> list[Any]:
    """What an option may be where it is one of a few, as the rule itself says it; lists taken apart. Else empty."""
    from counting.rules import OptionsError, full_options

    class NoChoice:
        def __repr__(self) -> str:
            return ""

    with pytest.raises(OptionsError) as refused:
        full_options(rule, **{option: NoChoice()})
    said = re.fullmatch(r"must be one of (.*), not ", refused.value.reason)
    found = ast.literal_eval(f"[{said[1]}]") if said else []
    return [inner for choice in found for inner in (choice if isinstance(choice, list) else [choice])]


def test_every_value_that_an_option_of_a_counting_rule_may_have_is_documented_and_no_other() -> None:
    import json

    from counting.rules import RULES, validate_options

    page = reference("counting-rules.md")
    for rule in RULES.values():
        for option, default in rule.defaults.items():
            row = re.search(rf"^\| `{option}` \| (`.*)\|$", section(page, rule.id), re.MULTILINE)
            assert row, option
            choices = choices_of(rule.id, option)
            named = set(re.findall(r"`([^`]+)`", row[1]))
            missing = {json.dumps(choice) for choice in choices} - named
            assert not missing, f"{rule.id}: {option}: {missing}"
            texts = {json.loads(name) for name in named if name.startswith('"')}
            if isinstance(default, str | list) and choices:
                assert texts <= set(choices), f"{rule.id}: {option}"
            elif option == "majority":
                for text in texts:
                    validate_options(rule.id, {**rule.defaults, option: text})


def test_every_counting_rule_is_in_the_table_of_rules_with_what_it_was_checked_against_and_when_not_to_choose_it() -> None:
    from counting.rules import RULES

    page = reference("counting-rules.md")
    table = re.findall(r"^\| \[([\w-]+)\]\(#", page, re.MULTILINE)
    assert table == re.findall(r"^## (.*-v1)$", page, re.MULTILINE)
    assert set(table) == set(RULES)
    for rule in RULES:
        for part in ("**Checked against** ", "**Source**: "):
            assert part in section(page, rule), f"{rule}: {part}"
        assert re.search(r"\*\*Not\*\*|not for polls", section(page, rule)), rule


def test_the_table_of_rules_says_which_of_them_no_poll_may_use() -> None:
    from voting.rules import _NOT_FOR_POLLS

    rows = re.findall(r"^\| \[([\w-]+)\]\(#.* \| (.*) \|$", reference("counting-rules.md"), re.MULTILINE)
    assert {rule for rule, use in rows if use != "polls"} == _NOT_FOR_POLLS


def test_every_source_of_lots_is_documented() -> None:
    from counting.lots import _SOURCES

    for page in ("counting-rules.md", "results.md"):
        assert {source for source in _SOURCES if f"`{source}`" in reference(page)} == set(_SOURCES)


def test_every_module_of_the_counting_engine_has_its_line_in_the_map() -> None:
    import counting

    mapped = re.findall(r"^    (\w+\.py|\w+/)  ", counting.__doc__ or "", re.MULTILINE)
    modules = {path.name if path.parent.name == "counting" else "formats/" for path in committed("counting/*.py")}
    assert modules - {"__init__.py"} <= set(mapped)
    assert len(mapped) == len(set(mapped))
    assert [name for name in mapped if not (PROJECT / "counting" / name).exists()] == []


def refusals() -> Iterator[type]:
    from common.refusal import Refusal

    for path in [path for app in APPS for path in (PROJECT / app).rglob("*.py")]:
        parts = path.relative_to(PROJECT).with_suffix("").parts
        if "class " in (text := path.read_text(encoding="utf-8")) and "Refusal)" in text:
            import_module(".".join(parts))

    def below(kind: type) -> Iterator[type]:
        children: list[type] = kind.__subclasses__()
        for child in children:
            yield child
            yield from below(child)

    yield from (kind for kind in below(Refusal) if kind.__module__.split(".")[0] in APPS)


def test_every_refusal_is_documented_with_the_sentence_that_people_read() -> None:
    from django.utils import translation

    page = reference("refusals.md")
    with translation.override("en"):
        for kind in refusals():
            sentence = re.sub(r"%\((\w+)\)s", r"*\1*", str(kind.reason))  # type: ignore[attr-defined]
            assert f"| `{kind.code}` | {sentence} |" in page, kind.__name__  # type: ignore[attr-defined]
    assert first_cells(page) == {kind.code for kind in refusals()}  # type: ignore[attr-defined]


def test_no_two_refusals_share_a_code() -> None:
    codes = sorted(kind.code for kind in set(refusals()))  # type: ignore[attr-defined]
    assert codes == sorted(set(codes))


def test_every_permission_is_documented() -> None:
    from accounts.permissions import GRANTS

    assert first_cells(reference("permissions.md")) == set(GRANTS)


LINK = re.compile(r"(?<!`)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
LATER = re.compile(r"docs/screenshots/[a-z]+-(?:en|fa)\.png$")
"""Pictures of the pages are taken when the pages are done; until then the links to them may lead nowhere."""


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_no_link_between_the_documents_is_broken() -> None:
    broken = []
    for page in committed("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = unquote(target).partition("#")
            file = (page.parent / path).resolve() if path else page
            named = f"{page.relative_to(PROJECT)}: {target}"
            if not file.exists():
                if not (LATER.search(str(file)) and not (PROJECT / "docs/screenshots").exists()):
                    broken.append(named)
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                broken.append(named)
    assert broken == []


def test_every_document_is_led_to_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [PROJECT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target):
                ahead.append((page.parent / target.partition("#")[0]).resolve())
    assert [str(page.relative_to(PROJECT)) for page in committed("docs/*.md") if page not in seen] == []


def make_targets() -> set[str]:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_documents_name_only_make_targets_that_exist(name: str) -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(code_of((PROJECT / name).read_text(encoding="utf-8")))))
    assert named <= make_targets()
    if name == "README.md":
        assert {"demo", "demo-reset", "test"} <= named


def code_of(text: str) -> list[str]:
    """What stands in backticks or in a block of code."""
    return re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)


def test_documents_name_only_files_and_functions_that_exist() -> None:
    missing = []
    for page in [path for path in committed("*.md") if path.parts[-2] != "adr" and "static" not in path.parts]:
        for path, names in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|js|html))(?:: ([\w, ]+))?`", page.read_text(encoding="utf-8")):
            file = PROJECT / path
            at = f"{page.relative_to(PROJECT)}: {path}"
            if not file.exists():
                missing.append(at)
                continue
            source = file.read_text(encoding="utf-8")
            for name in filter(None, names.split(", ")):
                if not re.search(rf"^\s*(?:def|class|function|const) {name}\b|^{name}\b", source, re.MULTILINE):
                    missing.append(f"{at}: {name}")
    assert missing == []


# In pieces, so that this file does not hold what it looks for.
INDEX_HOSTS = [
    "pypi." + "org",
    "python" + "hosted",
    "registry.npm" + "js",
    "deb.deb" + "ian",
    "proxy.go" + "lang",
    "index.cra" + "tes.io",
]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"]
FORBIDDEN = re.compile("|".join([*map(re.escape, INDEX_HOSTS), *(rf"(?<![\w.}}-]){path}" for path in MACHINE_PATHS)]))


def test_no_committed_file_names_a_package_index_or_a_path_of_somebodys_machine() -> None:
    found = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(PROJECT)}: {match[0]}" for match in FORBIDDEN.finditer(text)]
    assert found == []


def test_every_word_of_the_glossary_has_its_persian_term() -> None:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in (PROJECT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and not re.match(r"\|\s*(?:Term|-+)", line)
    ]
    assert len(rows) > 60
    for row in rows:
        assert len(row) == 3, row
        assert re.search(r"[\u0600-\u06ff]", row[2]), f"no Persian for {row[0]}"
        assert not re.search("[\u064a\u0643]", row[2]), f"Arabic ye or kaf in the Persian of {row[0]}"


def test_decisions_are_numbered_without_gaps_and_have_their_three_parts() -> None:
    pages = committed("docs/adr/*.md")
    decisions = [page for page in pages if page.name != "README.md"]
    assert [page.name[:4] for page in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for page in decisions:
        assert {"Context", "Decision", "Consequences"} <= headings(page.read_text(encoding="utf-8")), page.name


def test_the_licence_is_the_unmodified_gnu_agpl_version_3() -> None:
    from hashlib import sha256

    digest = sha256((PROJECT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"
