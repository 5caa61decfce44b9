"""The key file of a witness: one line ``PRIVATE+KEY+<name>+<key id>+<base64 of 0x04 ‖ Ed25519 seed>``, for its owner only."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merkle import cosignature, note
from merkle.errors import ProofError
from merkle.note import Signer, VerifierKey
from witness.errors import CannotStart

_HEAD = "PRIVATE+KEY+"


def create(path: Path, name: str) -> VerifierKey:
    """Make a key and write it to a new file. Raises CannotStart when there is a file already or the name is none."""
    private = Ed25519PrivateKey.generate()
    try:
        key = cosignature.verifier_key(name, private.public_key().public_bytes_raw())
    except ValueError as error:
        raise CannotStart(f"{error}: take one without spaces and plus signs, as witness.example.org/w1.") from None
    secret = note.encode_base64(bytes([cosignature.COSIGNATURE_V1]) + private.private_bytes_raw())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CannotStart(f"{path}: {error.strerror}; a key file is never overwritten.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{_HEAD}{name}+{key.key_id.hex()}+{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def load(path: Path) -> tuple[VerifierKey, Signer]:
    """The public key and what signs with the private one. Raises CannotStart when others could read the file too."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"{path} cannot be read as a key file: {error}.") from None
    if mode & 0o077:
        raise CannotStart(
            f"{path} can be read by other users: consider the key known, make a new one, and tell those who have the old one."
        )
    try:
        head, _, rest = text.removesuffix("\n").partition(_HEAD)
        name, key_id, secret = [*rest.split("+", 2), "", ""][:3]
        data = note.decode_base64(secret)
        private = Ed25519PrivateKey.from_private_bytes(data[1:])
        key = cosignature.verifier_key(name, private.public_key().public_bytes_raw())
    except (ProofError, ValueError):
        raise CannotStart(f"{path} is not a key file of a witness.") from None
    if head or data[0] != cosignature.COSIGNATURE_V1 or key.key_id.hex() != key_id:
        raise CannotStart(f"{path} is not a key file of a witness.")
    return key, private.sign


def check_signature(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise ProofError unless this is an Ed25519 signature of `message` by `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise ProofError("bad signature") from None
