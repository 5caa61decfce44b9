"""Checkpoints (C2SP tlog-checkpoint): origin, size and root of the log in three lines, signed as a note."""

import re
from dataclasses import dataclass

from merkle import note
from merkle.errors import ProofError
from merkle.tree import HASH_BYTES

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself at one moment. `text()` is the body that is signed; it has no extension lines."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines."""
        return f"{self.origin}\n{self.size}\n{note.encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the body of a checkpoint. Raises ProofError unless it is exactly three well-formed lines."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
            raise ProofError("malformed checkpoint")
        root = note.decode_base64(lines[2])
        if len(root) != HASH_BYTES:
            raise ProofError("malformed checkpoint")
        return cls(lines[0], int(lines[1]), root)


def sign(checkpoint: Checkpoint, key: note.VerifierKey, signer: note.Signer) -> str:
    """The checkpoint as a signed note. Raises ValueError when the key's name is not the log's origin."""
    if key.name != checkpoint.origin:
        raise ValueError("a log signs its checkpoints under its origin")
    return note.sign(checkpoint.text(), key, signer)


def check(signed: str, key: note.VerifierKey, checker: note.Checker) -> Checkpoint:
    """The checkpoint, once `key` has been found to have signed it and to be its origin's. Raises ProofError."""
    checkpoint = Checkpoint.parse(note.check(signed, key, checker))
    if checkpoint.origin != key.name:
        raise ProofError(f"checkpoint of {checkpoint.origin} signed by {key.name}")
    return checkpoint
