"""The Persian catalogue: complete, well-formed, and read by Django before those of its applications."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation import trans_real

from tests.conftest import PROJECT

COMMITTED = PROJECT / "locale/fa/LC_MESSAGES/django.po"
NOT_SOURCES = (".*", "__pycache__", "docs", "locale", "node_modules", "static", "tests", "var")

PLACEHOLDER = re.compile(r"%%?(?:\(\w+\))?[sdr]|%%|\{\w*\}")
TAG = re.compile(r"<[^>]+>|&\w+;")
PERSIAN = "\u0600-\u06ff\u200c"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def messages() -> Iterator[Message]:
    yield from (message for message in read(COMMITTED) if message.id)


def pairs() -> Iterator[tuple[str, str]]:
    """Each English text with its Persian one; both forms of what has a plural."""
    for message in messages():
        yield from zip(texts(message.id), texts(message.string), strict=True)


def faults(pattern: str) -> list[str]:
    """Persian texts in which the pattern is found: without their tags, a letter for each placeholder."""
    return [persian for _, persian in pairs() if re.search(pattern, PLACEHOLDER.sub("آ", TAG.sub("", persian)))]


def keys(catalogue: Catalog) -> set[tuple[str | None, tuple[str, ...]]]:
    return {(message.context, texts(message.id)) for message in catalogue if message.id}


def test_the_catalogue_holds_exactly_the_texts_of_the_sources(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        reason = "xgettext was not found: install the package gettext."
        if "browser" in os.environ.get("REQUIRE", "").split(","):
            pytest.fail(reason)
        pytest.skip(reason)
    tree = tmp_path / "tree"
    shutil.copytree(PROJECT, tree, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    (tree / "locale").mkdir()
    environment = {
        **os.environ,
        "DEBUG": "1",
        "DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "deliberate.settings",
    }
    command = [sys.executable, "manage.py", "makemessages", "--locale", "fa", "--no-wrap", "--add-location", "file"]
    run = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    said, kept = keys(read(tree / "locale/fa/LC_MESSAGES/django.po")), keys(read(COMMITTED))
    assert not said - kept, "Said but not in the catalogue: run makemessages and translate."
    assert not kept - said, "In the catalogue but no longer said: run makemessages --no-obsolete."


def test_every_message_is_translated_and_none_is_fuzzy() -> None:
    assert [message.id for message in messages() if message.fuzzy] == []
    assert [english for english, persian in pairs() if not persian.strip()] == []
    assert len(list(messages())) > 800


def test_nothing_is_left_in_english() -> None:
    """A text without any Persian letter was forgotten, unless it is nothing but placeholders and signs."""
    left = [persian for english, persian in pairs() if not re.search(f"[{PERSIAN}]", persian)]
    assert [text for text in left if re.search("[A-Za-z]{2}", PLACEHOLDER.sub("", text))] == []


def test_placeholders_and_tags_are_those_of_the_english_text() -> None:
    for english, persian in pairs():
        assert sorted(PLACEHOLDER.findall(persian)) == sorted(PLACEHOLDER.findall(english)), english
        assert sorted(TAG.findall(persian)) == sorted(TAG.findall(english)), english


def test_space_at_the_ends_is_that_of_the_english_text() -> None:
    for english, persian in pairs():
        for ends in (r"^\s*", r"\s*$"):
            assert re.findall(ends, english)[0] == re.findall(ends, persian)[0], english


def test_letters_and_digits_are_persian() -> None:
    assert faults("[\u064a\u0643\u06c0\u0629\u0649\u0640]") == []
    assert faults("[\u0660-\u0669]") == []
    for english, persian in pairs():
        if not re.search("[0-9]", english):
            assert not re.search("[0-9]", persian), english


def test_punctuation_is_persian() -> None:
    assert faults("[,;?\"'\u201c\u201d]") == []
    assert faults(rf"[{PERSIAN}] [،؛؟:.](?:\s|$)|[،؛](?=[{PERSIAN}])") == []


def test_zero_width_non_joiners_stand_between_letters_and_nowhere_else() -> None:
    letter = "[\u0621-\u06d5\u0654]"
    assert faults(f"(?<!{letter})\u200c|\u200c(?!{letter})") == []
    assert faults(rf"(?<![{PERSIAN}])ن?می (?=[{PERSIAN}])") == []
    assert faults(rf"(?<=[{PERSIAN}]) ها(?:ی|یی)?(?![{PERSIAN}])") == []


def test_one_spelling_for_one_word() -> None:
    assert faults(rf"(?<![{PERSIAN}])رای(?![{PERSIAN}])|رای\u200c|فرآیند|رایانامه|بارگزاری|جستجو|گفتگو") == []


def test_a_phase_and_a_button_of_the_same_english_name_have_persian_names_of_their_own() -> None:
    catalogue = read(COMMITTED)
    phase, button = catalogue.get("Vote", context="phase"), catalogue.get("Vote")
    assert phase is not None and button is not None
    assert (phase.string, button.string) == ("رأی‌گیری", "رأی دادن")


@pytest.fixture
def compiled(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fa/LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, read(COMMITTED))
    settings.LOCALE_PATHS = [tmp_path]
    monkeypatch.setattr(trans_real, "_translations", {})


@pytest.mark.usefixtures("compiled")
def test_django_speaks_persian_from_the_compiled_catalogue() -> None:
    with translation.override("fa"):
        assert translation.gettext("Receipt number") == "شمارهٔ رسید"
        assert translation.pgettext("money", "Left") == "مانده"
        assert translation.ngettext("%(count)s comment", "%(count)s comments", 3) % {"count": "۳"} == "۳ نظر"
        choose = translation.ngettext("Choose one, or none.", "Choose up to %(limit)s.", 1)
        assert choose != translation.ngettext("Choose one, or none.", "Choose up to %(limit)s.", 2)
    with translation.override("en"):
        assert translation.gettext("Receipt number") == "Receipt number"


@pytest.mark.usefixtures("compiled")
def test_our_catalogue_comes_before_those_of_django_and_allauth() -> None:
    ours = {message.id: message.string for message in messages()}
    with translation.override("fa"):
        for text in ("This field is required.", "Incorrect code.", "This password is too common."):
            assert translation.gettext(text) == ours[text]
