"""The Ed25519 key of each log, a file in KEYS_DIR that only its own user may read, made at first use.

The sequencer alone needs it. The key that signs promises is in the ballot box.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ballotbox import box
from common import secretfiles
from merkle.errors import ProofError
from merkle.note import VerifierKey


def log_key(shard: str) -> Ed25519PrivateKey:
    """The key that signs checkpoints of this log; each has its own, so that keys change with the logs and a witness knows which
    log it signs for. Raises ImproperlyConfigured when others can read it or it is no such key."""
    return _key(f"log-{shard}.pem")


def receipt_verifier_key(name: str) -> VerifierKey:
    """The public half of the key that signs promises, under the name it signs with."""
    return VerifierKey(name, bytes.fromhex(box().receipt_public_key()))


def sign_receipt(message: bytes) -> bytes:
    """The signature of the ballot box under the text of a promise."""
    return bytes.fromhex(box().sign_receipt(message=message.decode()))


def verifier_key(name: str, key: Ed25519PrivateKey) -> VerifierKey:
    """The public half, under the name it signs with."""
    return VerifierKey(name, key.public_key().public_bytes_raw())


def check_signature(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise ProofError unless this is an Ed25519 signature of `message` by `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise ProofError("bad signature") from None


def _key(name: str) -> Ed25519PrivateKey:
    path = settings.KEYS_DIR / name
    data = secretfiles.read_or_create(path, _new)
    try:
        key = load_pem_private_key(data, password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"{path} is not an Ed25519 private key in PEM: restore it from your backup.")
    return key


def _new() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
