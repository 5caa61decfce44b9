"""Signed notes (C2SP signed-note): a text, a blank line, and lines ``— <key name> <base64 of key id ‖ signature>``."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from merkle.errors import ProofError

ED25519 = 0x01
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100

Signer = Callable[[bytes], bytes]
"""message -> signature"""
Checker = Callable[[bytes, bytes, bytes], None]
"""(public key, signature, message); raises ProofError when the signature is not of this key over this message"""

_NAME = re.compile(r"[^\s+]+")
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, in its one canonical spelling. Raises ProofError otherwise."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise ProofError("not base64") from None
    if b64encode(data).decode() != text:
        raise ProofError("not canonical base64")
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding, as text."""
    return b64encode(data).decode()


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name it signs under. `str()` gives the C2SP vkey, ``name+key id+base64``."""

    name: str
    public: bytes
    algorithm: int = ED25519

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a key name")

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name ‖ LF ‖ algorithm ‖ public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> "VerifierKey":
        """Read a vkey. Raises ProofError when it is malformed or its key id is not that of its key.

        >>> VerifierKey.parse("example.org/log+00000000+AQ==")
        Traceback (most recent call last):
        merkle.errors.ProofError: vkey has the wrong key id
        """
        match = _VKEY.fullmatch(vkey)
        if not match:
            raise ProofError("not a vkey")
        data = decode_base64(match[3])
        key = cls(match[1], data[1:], data[0])
        if key.key_id.hex() != match[2]:
            raise ProofError("vkey has the wrong key id")
        return key


@dataclass(frozen=True)
class Signature:
    """One signature line: who says to have signed, and with what. Proves nothing until checked."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedNote:
    """A parsed note. Its signatures are unchecked."""

    text: str
    signatures: tuple[Signature, ...]


def sign(text: str, key: VerifierKey, signer: Signer) -> str:
    """The signed note of `text`, with one signature. Raises ValueError when `text` cannot be the text of a note."""
    _check_text(text, ValueError)
    return f"{text}\n— {key.name} {encode_base64(key.key_id + signer(text.encode()))}\n"


def parse(note: str) -> SignedNote:
    """Split a note into text and signatures, without checking them. Raises ProofError when it is malformed."""
    if len(note.encode(errors="surrogatepass")) > MAX_NOTE_BYTES:
        raise ProofError("note is too long")
    if any(character < " " and character != "\n" for character in note):
        raise ProofError("control character in note")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise ProofError("note has no signatures")
    text += "\n"
    _check_text(text, ProofError)
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, data = [*line.split(" "), "", ""][:3]
        if dash != "—" or not _NAME.fullmatch(name) or line != f"— {name} {data}":
            raise ProofError("malformed signature line")
        raw = decode_base64(data)
        if len(raw) < 5:
            raise ProofError("malformed signature line")
        signatures.append(Signature(name, raw[:4], raw[4:]))
    if len(signatures) > MAX_SIGNATURES:
        raise ProofError("note has too many signatures")
    return SignedNote(text, tuple(signatures))


def check(note: str, key: VerifierKey, checker: Checker) -> str:
    """The text of the note, once `key` has been found to have signed it. Raises ProofError.

    Signatures under other names or key ids are ignored; a signature that claims to be by `key` and is not is refused.
    """
    parsed = parse(note)
    claimed = [s for s in parsed.signatures if s.name == key.name and s.key_id == key.key_id]
    if not claimed:
        raise ProofError(f"note is not signed by {key.name}")
    for signature in claimed:
        checker(key.public, signature.signature, parsed.text.encode())
    return parsed.text


def _check_text(text: str, error: type[ProofError] | type[ValueError]) -> None:
    if not text.endswith("\n") or text == "\n":
        raise error("the text of a note ends with a newline")
    if any(character < " " and character != "\n" for character in text):
        raise error("control character in note")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise error("lone surrogate in note") from None
