"""The log's formats under damage: what is not well formed is refused, and by both programs; what is reads and writes the same.

`merkle/` is the server's and the witness's reading, `verifier/` that of the people who check them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle import canonical, checkpoint, cosignature, note, policy, proof, tiles
from merkle.errors import ProofError
from merkle.tree import Tree, leaf_hash
from tests.fuzz.samples import (
    CHECKPOINT,
    ENTRIES,
    LOG,
    NOTE,
    POLICY,
    PROOF,
    TREE,
    WITNESS_KEYS,
    WITNESSES,
    damaged,
    ed25519,
    fuzz,
    inputs,
)
from verifier import __main__ as verifier

pytestmark = pytest.mark.prove
REFUSED = "refused"


def merkle_says(read: Callable[[], Any]) -> Any:
    """What was read, or that it was refused. Anything but a ProofError fails the test."""
    try:
        return read()
    except ProofError:
        return REFUSED


def verifier_says(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (verifier.Problem, verifier.Usage, verifier.CannotTell):
        return REFUSED


def text_of(data: bytes) -> str:
    """As everybody who has bytes from elsewhere reads them before `merkle` sees them."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProofError("not UTF-8") from None


# --- where they once differed ------------------------------------------------------------------------------------------

BODY = f"{LOG.name}\n6\n{note.encode_base64(TREE.root(6))}\n"
LINE = CHECKPOINT.decode().split("\n")[4]


@pytest.mark.parametrize(
    "text",
    [
        f"{BODY}\n{LINE}\n— odd\x01name AAAAAAAA\n",
        f"DEL \x7f\n\n{LINE}\n",
        f"{BODY}\n{LINE}\n— odd\u200bname AAAAAAAA\n",
    ],
    ids=["control character in a name", "DEL in the text", "zero-width space in a name"],
)
def test_both_programs_say_the_same_of_odd_notes(text: str) -> None:
    data = text.encode()
    assert merkle_says(lambda: merkle_note(data)) == verifier_says(lambda: verifier_note(data))


@pytest.mark.parametrize("size", [10**18, 2**63 - 1])
def test_both_programs_say_the_same_of_odd_sizes(size: int) -> None:
    data = CHECKPOINT.replace(b"\n6\n", f"\n{size}\n".encode(), 1)
    theirs = verifier_says(lambda: verifier.parse_checkpoint(verifier.parse_note(data)))
    assert merkle_says(lambda: merkle_checkpoint(data)) == theirs


@pytest.mark.parametrize(
    "line",
    ["quorum\u00a0none", "quorum none\r", f"log {LOG}\nlog {LOG}\nquorum none", b"# \xff\nquorum none"],
    ids=["other space", "other line end", "double log", "not UTF-8"],
)
def test_both_programs_say_the_same_of_odd_policies(line: str | bytes) -> None:
    data = (line.encode() if isinstance(line, str) else line) + b"\n"
    assert merkle_says(lambda: merkle_policy(data)) == verifier_says(lambda: verifier_policy(data))


# --- notes -----------------------------------------------------------------------------------------------------------


def merkle_note(data: bytes) -> Any:
    found = note.parse(text_of(data))
    return found.text, tuple((s.name, s.key_id, s.signature) for s in found.signatures)


def verifier_note(data: bytes) -> Any:
    found = verifier.parse_note(data)
    return found.text, found.signatures


@fuzz()
@given(inputs(NOTE, CHECKPOINT))
def test_a_note_that_is_read_is_written_back_to_the_byte(data: bytes) -> None:
    found = merkle_says(lambda: merkle_note(data))
    if found != REFUSED:
        text, signatures = found
        lines = "".join(f"— {name} {note.encode_base64(key_id + signature)}\n" for name, key_id, signature in signatures)
        assert f"{text}\n{lines}".encode() == data


@fuzz()
@given(inputs(NOTE, CHECKPOINT))
def test_both_programs_read_the_same_notes(data: bytes) -> None:
    assert merkle_says(lambda: merkle_note(data)) == verifier_says(lambda: verifier_note(data))


# --- checkpoints -----------------------------------------------------------------------------------------------------


def merkle_checkpoint(data: bytes) -> Any:
    found = checkpoint.Checkpoint.parse(note.parse(text_of(data)).text)
    try:
        note.VerifierKey(found.origin, b"")
    except ValueError:
        raise ProofError("an origin under which no key can sign") from None
    return found.origin, found.size, found.root


@fuzz()
@given(inputs(CHECKPOINT, b"\n".join([*CHECKPOINT.split(b"\n")[:3], *CHECKPOINT.split(b"\n")[3:5], b""]), others=(NOTE,)))
def test_both_programs_read_the_same_checkpoints(data: bytes) -> None:
    ours = merkle_says(lambda: merkle_checkpoint(data))
    theirs = verifier_says(lambda: verifier.parse_checkpoint(verifier.parse_note(data)))
    assert ours == theirs
    if ours != REFUSED:
        assert checkpoint.Checkpoint(*ours).text() == note.parse(data.decode()).text


@fuzz(4)
@given(inputs(CHECKPOINT))
def test_both_programs_believe_the_same_checkpoints(data: bytes) -> None:
    """Signature and cosignatures included: nothing but the signed three lines is believed."""

    def theirs() -> Any:
        found = verifier.parse_note(data)
        read = verifier.parse_checkpoint(found)
        if read[0] != LOG.name:
            raise verifier.Problem("C1", "another log")
        verifier.verify_note(found, verifier.parse_vkey(str(LOG)), "C2")
        rules = verifier.parse_policy(POLICY)
        times = verifier.cosignatures(found, rules)
        if not rules.satisfied(set(times), rules.quorum):
            raise verifier.Problem("C3", "no quorum")
        return read, times

    def ours() -> Any:
        accepted = policy.parse(POLICY).check(text_of(data), ed25519)
        body = accepted.checkpoint
        return (body.origin, body.size, body.root), accepted.times

    found = merkle_says(ours)
    assert found == verifier_says(theirs)
    assert found == REFUSED or found[0] == (LOG.name, 6, TREE.root(6))


@fuzz()
@given(inputs(str(LOG).encode(), *(str(key).encode() for key in WITNESS_KEYS)))
def test_both_programs_read_the_same_keys_and_write_them_back(data: bytes) -> None:

    def ours(kind: int) -> Any:
        key = note.VerifierKey.parse(text_of(data))
        if key.algorithm != kind or len(key.public) != 32:
            raise ProofError("not this kind of key")
        assert str(key).encode() == data
        return key.name, key.key_id, key.public

    def theirs(kind: int) -> Any:
        try:
            key = verifier.parse_vkey(data.decode(), "C1", kind)
        except UnicodeDecodeError:
            return REFUSED
        return key.name, key.key_id, key.public

    for kind in (1, 4):
        assert merkle_says(lambda kind=kind: ours(kind)) == verifier_says(lambda kind=kind: theirs(kind))


# --- canonical JSON --------------------------------------------------------------------------------------------------

keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.-", min_size=1, max_size=6)
odd_keys = keys | st.text(max_size=4)
scalars = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.text(max_size=12) | st.floats()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_keys, inner, max_size=4), max_leaves=12
)


def written_somehow(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(errors="surrogatepass")


@fuzz()
@given(st.one_of(inputs(*ENTRIES), inputs(*ENTRIES), values.map(written_somehow)))
def test_both_programs_read_the_same_canonical_json_and_write_it_back(data: bytes) -> None:
    ours = merkle_says(lambda: canonical.loads(data, limit=canonical.MAX_ENTRY_BYTES))
    theirs = verifier_says(lambda: verifier.parse_canonical(data, "C6", "this"))
    assert ours == theirs
    assert ours == REFUSED or canonical.dumps(ours) == verifier.canonical(theirs) == data


@fuzz()
@given(values)
def test_what_is_written_is_read_and_what_is_not_written_is_not_read(value: Any) -> None:
    written = merkle_says(lambda: canonical.dumps(value))
    if written != REFUSED:
        assert verifier.parse_canonical(written, "C6", "this") == canonical.loads(written) == value


# --- tiles, bundles, proofs ------------------------------------------------------------------------------------------

PATHS = tuple(
    path.encode()
    for path in ("tile/0/x001/x234/067", "tile/entries/005.p/17", "tile/12/070.p/255", "tile/63/000", "tile/entries/x999/999")
)


@fuzz()
@given(inputs(*PATHS))
def test_a_path_that_is_read_is_its_tiles_only_spelling(data: bytes) -> None:
    found = merkle_says(lambda: tiles.Tile.parse(text_of(data)))
    if found != REFUSED:
        assert found.path.encode() == data
        level = "entries" if found.level == tiles.ENTRIES else str(found.level)
        assert verifier.tile_path(level, found.n, found.width) == found.path


class Served:
    """A log as the verifier reads it, from memory."""

    name = "memory"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str, limit: int) -> bytes:
        if path not in self.files:
            raise verifier.Missing(path)
        return self.files[path][: limit + 1]


def log_with(bundle: bytes, entries: list[bytes]) -> verifier.Log:
    """A log of which the bundle is as given, and everything else is right for `entries`."""
    tree = Tree(map(leaf_hash, entries))
    files = {tile.path: tiles.data(tree, tile) for tile in tiles.between(0, tree.size) if tile.level != tiles.ENTRIES}
    files[tiles.Tile(tiles.ENTRIES, 0, tree.size).path] = bundle
    log = verifier.Log(Served(files))
    log.size, log.root = tree.size, tree.root()
    return log


@fuzz()
@given(inputs(tiles.bundle(ENTRIES), tiles.bundle([b"", b"a", b"\0\0"]), tiles.bundle([b"x" * 300] * 3)))
def test_both_programs_read_the_same_bundles_and_write_them_back(data: bytes) -> None:
    entries = merkle_says(lambda: tiles.unbundle(data))
    if entries == REFUSED:
        entries = []
    else:
        assert tiles.bundle(entries) == data
    if entries and max(map(len, entries)) <= canonical.MAX_ENTRY_BYTES:
        assert verifier_says(lambda: verifier._check_tree(log_with(data, entries), verifier.Progress())) != REFUSED
    assert verifier_says(lambda: verifier._check_tree(log_with(data, [*entries, b"one more"]), verifier.Progress())) == REFUSED


@fuzz()
@given(damaged((b"".join(map(leaf_hash, ENTRIES)),)))
def test_a_damaged_tile_is_refused(data: bytes) -> None:
    log = log_with(tiles.bundle(ENTRIES), ENTRIES)
    log.source.files["tile/0/000.p/6"] = data
    whole = data == tiles.data(TREE, tiles.Tile(0, 0, 6))
    assert (verifier_says(lambda: verifier._check_tree(log, verifier.Progress())) == REFUSED) is not whole
    found = merkle_says(lambda: tiles.root_of(6, lambda tile: data))
    assert (found == TREE.root(6)) is whole


@fuzz()
@given(inputs(PROOF, others=(CHECKPOINT,)))
def test_both_programs_read_the_same_proofs_and_write_them_back(data: bytes) -> None:

    def ours() -> Any:
        found = proof.parse(text_of(data))
        read = checkpoint.Checkpoint.parse(note.parse(found.checkpoint).text)
        written = proof.write(entry=found.entry, index=found.index, hashes=found.hashes, signed_checkpoint=found.checkpoint)
        assert written.encode() == data
        return found.entry, found.index, list(found.hashes), read.size

    def theirs() -> Any:
        entry, index, hashes, signed = verifier.parse_proof(data)
        _, size, _ = verifier.parse_checkpoint(verifier.parse_note(signed))
        return entry, index, hashes, size

    assert merkle_says(ours) == verifier_says(theirs)


@fuzz(4)
@given(inputs(PROOF))
def test_a_proof_that_checks_is_of_the_entry_that_was_logged(data: bytes) -> None:
    found = merkle_says(lambda: proof.check(text_of(data), LOG, ed25519))
    assert found == REFUSED or (found.entry, found.index) == (ENTRIES[4], 4)


# --- policies and cosignatures ---------------------------------------------------------------------------------------


def merkle_policy(data: bytes) -> Any:
    found = policy.parse(data)
    return (
        [str(log.key) for log in found.logs],
        {witness.name: str(witness.key) for witness in found.witnesses},
        {group.name: (group.needed, group.members) for group in found.groups},
        found.quorum or "none",
    )


def verifier_policy(data: bytes) -> Any:
    found = verifier.parse_policy(data)
    return (
        [key.text for key in found.logs],
        {name: key.text for name, key in found.witnesses.items()},
        found.groups,
        found.quorum,
    )


@fuzz()
@given(inputs(POLICY))
def test_both_programs_read_the_same_policies(data: bytes) -> None:
    assert merkle_says(lambda: merkle_policy(data)) == verifier_says(lambda: verifier_policy(data))


@pytest.mark.parametrize("time", [0, 1, 2**63 - 1])
def test_both_programs_read_the_time_of_a_cosignature(time: int) -> None:
    body = note.parse(CHECKPOINT.decode()).text
    plain = CHECKPOINT.decode().split("— witness1")[0]
    text = plain + cosignature.line(body, WITNESS_KEYS[0], WITNESSES[0].sign, time=time)
    ours = policy.parse(POLICY).times(text, ed25519)
    assert ours == verifier.cosignatures(verifier.parse_note(text.encode()), verifier.parse_policy(POLICY)) == {"w1": time}
