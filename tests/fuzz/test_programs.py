"""Whole programs under damage: whatever is put into them, they answer, and never with more than the good original allows."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle import cosignature, note
from merkle.errors import ProofError
from tests.fuzz.samples import (
    LOG,
    REQUEST,
    TREE,
    WITNESS_KEYS,
    WITNESSES,
    damaged,
    ed25519,
    fuzz,
    inputs,
    signed,
)
from tests.verifier.writelog import NOW, finished, zipped
from verifier import __main__ as verifier
from witness import core
from witness.core import Witness
from witness.state import State

pytestmark = pytest.mark.prove

# --- the witness -----------------------------------------------------------------------------------------------------


@fuzz()
@given(inputs(REQUEST, cosignature.request(old_size=0, proof=[], checkpoint=signed())))
def test_a_request_that_is_read_is_written_back_to_the_byte(data: bytes) -> None:
    try:
        found = core.parse(data)
    except ProofError:
        return
    assert cosignature.request(old_size=found.old_size, proof=found.proof, checkpoint=found.signed) == data


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """One that has signed size 3 of the log."""
    with contextlib.closing(State(tmp_path_factory.mktemp("witness") / "state", WITNESS_KEYS[0])) as state:
        one = Witness(key=WITNESS_KEYS[0], signer=WITNESSES[0].sign, state=state, logs=[LOG], now=lambda: 1_795_900_000)
        first = cosignature.request(old_size=0, proof=[], checkpoint=signed(3))
        assert one.add_checkpoint(first).status == 200
        yield one


@fuzz(2)
@given(data=inputs(REQUEST, cosignature.request(old_size=3, proof=[], checkpoint=signed(3))))
def test_a_witness_answers_everything_and_signs_nothing_but_the_log(witness: Witness, data: bytes) -> None:
    answer = witness.add_checkpoint(data)
    assert answer.status in (200, 400, 403, 404, 409, 422)
    latest = witness.state.latest(LOG.name)
    assert latest.root == TREE.root(latest.size) and latest.size in (3, 6)
    if answer.status == 200:
        text = note.parse(core.parse(data).signed).text
        found = note.parse(f"{text}\n{answer.body}")
        assert cosignature.time_of(found, WITNESS_KEYS[0], ed25519) == 1_795_900_000
        assert text in [note.parse(signed(size)).text for size in (3, 6)]


# --- the verifier: entries -------------------------------------------------------------------------------------------


SCENES = [finished("pb-mes-v1").seal(), finished("irv-v1", visibility="sealed").seal()]


@fuzz()
@given(data=st.data())
def test_an_entry_that_is_read_is_written_back_to_the_byte(data: st.DataObject) -> None:
    entries = SCENES[data.draw(st.integers(0, 1))].raw
    index = data.draw(st.integers(0, len(entries) - 1))
    raw = data.draw(damaged((entries[index],), tuple(entries)))
    try:
        entry = verifier.parse_entry(raw, index)
    except verifier.Problem:
        assert raw != entries[index]
    else:
        assert verifier.canonical(entry) == raw


JSON_TRICKS = [None, True, False, -1, 0, 2**53 - 1, 2**53, 1.5, "", "o1", "é", "a" * 64, "f" * 32, [], {}, [[]], {"a": {}}]


def changed(data: st.DataObject, value: Any) -> Any:
    """The same JSON with one value replaced, removed, renamed or doubled somewhere."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        what = data.draw(st.integers(0, 3))
        if what == 0:
            return {name: item for name, item in value.items() if name != key}
        if what == 1:
            other = data.draw(st.sampled_from(["a", "d", "t", "v", "poll", "b", "c", "cred", "options", "x"]))
            return {**value, other: value[key]}
        return {**value, key: changed(data, value[key])}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(value) - 1))
        if data.draw(st.booleans()):
            return [*value, value[at]]
        return [*value[:at], changed(data, value[at]), *value[at + 1 :]]
    return data.draw(st.sampled_from(JSON_TRICKS))


@fuzz()
@given(data=st.data())
def test_an_entry_with_other_values_is_read_or_refused(data: st.DataObject) -> None:
    """Well-formed JSON that says something else: nothing but a Problem comes of it."""
    entries = SCENES[data.draw(st.integers(0, 1))].raw
    index = data.draw(st.integers(0, len(entries) - 1))
    entry = json.loads(entries[index])
    for _ in range(data.draw(st.integers(1, 3))):
        entry = changed(data, entry)
    raw = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    with contextlib.suppress(verifier.Problem):
        verifier.parse_entry(raw, index)


# --- the verifier: files and logs that somebody hands over -------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = verifier.main(list(arguments))
    return code, said.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sealed poll as its log is served, and room for files beside it."""
    return SCENES[1].write(tmp_path_factory.mktemp("log") / "served").parent


@fuzz(8)
@given(data=st.data())
def test_whatever_is_presented_as_a_receipt_gets_a_verdict(folder: Path, data: st.DataObject) -> None:
    (folder / "receipt").write_bytes(data.draw(inputs(*RECEIPTS)))
    code, said = run("receipt", str(folder / "receipt"), "--url", str(folder / "served"))
    assert code in (0, 1, 2, 3) and "Traceback" not in said


CAST = [json.loads(raw)["d"] for raw in SCENES[1].raw if b'"type":"ballot.cast"' in raw]
RECEIPTS = (SCENES[1].receipt(CAST[0], NOW + 9_999), SCENES[1].promise(CAST[0], NOW + 9_999), SCENES[1].proof(5))


@fuzz(8)
@given(data=st.data())
def test_a_log_of_which_a_file_is_damaged_gets_a_verdict_and_not_a_pass(folder: Path, data: st.DataObject) -> None:
    """Any served file, with any damage: the verifier does not fall over, and does not believe it."""
    files = sorted(path for path in (folder / "served").rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    good = path.read_bytes()
    bad = data.draw(damaged((good,)))
    try:
        path.write_bytes(bad)
        code, said = run("poll", str(folder / "served"), "p1")
    finally:
        path.write_bytes(good)
    assert code in (0, 1, 2) and "Traceback" not in said
    if code == 0:
        same = verifier.parse_note(bad).text == verifier.parse_note(good).text if path.name == "checkpoint" else bad == good
        assert same, f"{path.name} was changed, and the verifier passed it"


@fuzz(8)
@given(data=st.data())
def test_whatever_is_presented_as_a_bundle_gets_a_verdict(folder: Path, data: st.DataObject) -> None:
    (folder / "bundle.zip").write_bytes(data.draw(inputs(BUNDLE)))
    code, said = run("poll", str(folder / "bundle.zip"), "p1")
    assert code in (0, 1, 2, 3) and "Traceback" not in said


BUNDLE = zipped(SCENES[1].bundle())


def test_the_good_originals_pass(folder: Path) -> None:
    """Else the tests above would prove nothing."""
    (folder / "bundle.zip").write_bytes(BUNDLE)
    assert run("poll", str(folder / "served"), "p1")[0] == run("poll", str(folder / "bundle.zip"), "p1")[0] == 0
    (folder / "receipt").write_bytes(RECEIPTS[0])
    assert run("receipt", str(folder / "receipt"), "--url", str(folder / "served"))[0] == 0
