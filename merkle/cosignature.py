"""Cosignatures (C2SP tlog-cosignature, cosignature/v1): a witness says that, by a certain second, the largest consistent
tree it has seen of a log is this one. They are signature lines of the log's own note, of type 0x04."""

import re
from collections.abc import Iterable

from merkle import note
from merkle.errors import ProofError
from merkle.note import Checker, SignedNote, Signer, VerifierKey

COSIGNATURE_V1 = 0x04
MAX_TIME = 2**63 - 1

_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


def verifier_key(name: str, public: bytes) -> VerifierKey:
    """The key of a witness. Raises ValueError unless `public` is 32 bytes and `name` a key name."""
    if len(public) != _PUBLIC_BYTES:
        raise ValueError("an Ed25519 public key is 32 bytes")
    return VerifierKey(name, public, COSIGNATURE_V1)


def parse_vkey(vkey: str) -> VerifierKey:
    """Read the vkey of a witness. Raises ProofError when it is malformed or the key of something else."""
    try:
        key = VerifierKey.parse(vkey)
    except ValueError:
        raise ProofError("not a vkey") from None
    if key.algorithm != COSIGNATURE_V1 or len(key.public) != _PUBLIC_BYTES:
        raise ProofError(f"not the key of a witness (signature type 0x04): it has type 0x{key.algorithm:02x}")
    return key


def message(text: str, *, time: int) -> bytes:
    """What a witness signs: two lines, and the text of the note with all its lines. `time` is in unix seconds."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def line(text: str, key: VerifierKey, signer: Signer, *, time: int) -> str:
    """The signature line, with its line end, of the witness `key` for the note with this text.

    Raises ValueError when `key` is not that of a witness or `time` cannot be written.
    """
    if key.algorithm != COSIGNATURE_V1:
        raise ValueError(f"{key.name} is not the key of a witness")
    if not 0 <= time <= MAX_TIME:
        raise ValueError(f"{time} is not a time")
    signature = signer(message(text, time=time))
    return f"— {key.name} {note.encode_base64(key.key_id + time.to_bytes(8, 'big') + signature)}\n"


def time_of(signed: SignedNote, key: VerifierKey, checker: Checker) -> int | None:
    """When `key` cosigned this note, in unix seconds; the latest time of several, None when it did not.

    Raises ProofError when a line claims to be by `key` and is not.
    """
    times = []
    for claimed in signed.signatures:
        if (claimed.name, claimed.key_id) == (key.name, key.key_id):
            if len(claimed.signature) != 8 + _SIGNATURE_BYTES:
                raise ProofError(f"malformed cosignature of {key.name}")
            time = int.from_bytes(claimed.signature[:8], "big")
            if time > MAX_TIME:
                raise ProofError(f"malformed cosignature of {key.name}")
            checker(key.public, claimed.signature[8:], message(signed.text, time=time))
            times.append(time)
    return max(times, default=None)


def request(*, old_size: int, proof: Iterable[bytes], checkpoint: str) -> bytes:
    """The body of a C2SP tlog-witness add-checkpoint request: old size, consistency proof, blank line, signed checkpoint."""
    lines = [f"old {old_size}", *map(note.encode_base64, proof), "", checkpoint]
    return "\n".join(lines).encode()


def parse_size(text: str) -> int:
    """A tree size in its one decimal spelling. Raises ProofError otherwise."""
    if not _SIZE.fullmatch(text):
        raise ProofError("not a tree size")
    return int(text)
