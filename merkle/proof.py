"""Proofs to keep (C2SP tlog-proof): an entry, where it stands, and a signed checkpoint that covers it, in one text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from merkle import checkpoint, note
from merkle.errors import ProofError
from merkle.tree import HASH_BYTES, check_inclusion, leaf_hash

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Proof:
    """A parsed proof, unchecked. `entry` is the proof's extra data: the bytes of the entry itself."""

    entry: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str


def write(*, entry: bytes, index: int, hashes: Sequence[bytes], signed_checkpoint: str) -> str:
    """The proof as text."""
    lines = [HEADER, f"extra {note.encode_base64(entry)}", f"index {index}", *map(note.encode_base64, hashes)]
    return "\n".join(lines) + "\n\n" + signed_checkpoint


def parse(text: str) -> Proof:
    """Read a proof. Raises ProofError when it is malformed or carries no entry."""
    head, _, signed = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 3 or lines[0] != HEADER or not lines[1].startswith("extra "):
        raise ProofError("not a proof with an entry")
    index = _INDEX.fullmatch(lines[2])
    if not index or len(lines) - 3 > MAX_HASHES:
        raise ProofError("malformed proof")
    hashes = tuple(note.decode_base64(line) for line in lines[3:])
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError("a hash is 32 bytes")
    return Proof(note.decode_base64(lines[1].removeprefix("extra ")), int(index[1]), hashes, signed)


def check(text: str, key: note.VerifierKey, checker: note.Checker) -> Proof:
    """The proof, once its entry has been found in the log that `key` signs for. Raises ProofError."""
    proof = parse(text)
    covering = checkpoint.check(proof.checkpoint, key, checker)
    check_inclusion(
        leaf=leaf_hash(proof.entry),
        index=proof.index,
        size=covering.size,
        proof=proof.hashes,
        root=covering.root,
    )
    return proof
