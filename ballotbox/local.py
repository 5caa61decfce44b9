"""What the ballot box does, on key files of its own.

`K_poll` makes credentials out of places on the roll, and keeps ballots shut until they enter the log in a shuffled group. Whoever
has it can tell whose ballot is whose, so it lives in a file of its own, never in the database, and is destroyed after the term
for appeals. No operation gives it away, and none but `prepare` tells the credential of a place on the roll.

Arguments and answers are text, numbers, lists and dicts, so that the same calls travel over a socket.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.core.exceptions import ImproperlyConfigured

from ballotbox.errors import NoSuchKey, SealBroken
from common import secretfiles
from merkle import canonical, tree

_BODY, _TAG, _BID, _NONCE = b"votelog/v1/body", b"votelog/v1/tag\0", b"votelog/v1/bid\0", b"votelog/v1/ballot-nonce\0"


class LocalBox:
    """The ballot box on the files of `keys`. Poll ids are public ids; `uid` is the 32 hex digits of a place on the roll."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys
        self._known: dict[str, _Key] = {}

    # --- the life of a poll's secrets

    def make_secrets(self, *, poll: str, with_nonce: bool) -> None:
        """Once, before the poll's first entry. Afterwards a missing file is an outage: a new key would orphan every ballot."""
        for kind in ("key", "nonce") if with_nonce else ("key",):
            secretfiles.read_or_create(self._file(poll, kind), lambda: secrets.token_bytes(32))

    def holds_key(self, *, poll: str) -> bool:
        """False once the key has been destroyed: from then on nobody can tell whose ballot is whose."""
        return self._file(poll, "key").exists()

    def destroy_key(self, *, poll: str) -> None:
        """For good. What the log shows stays as it is."""
        self._known.pop(poll, None)
        self._file(poll, "key").unlink(missing_ok=True)

    def nonce(self, *, poll: str) -> str:
        """The secret, 64 hex digits, whose hash the poll's `tie.commit` is."""
        return secretfiles.read(self._file(poll, "nonce")).hex()

    # --- who may vote

    def credential_leaves(self, *, poll: str, uids: Sequence[str]) -> list[str]:
        """The leaf hashes of the credentials of these places, sorted: which is whose cannot be told from them."""
        key = self._key(poll)
        return sorted(tree.leaf_hash(sha256(key.credential(uid)).digest()).hex() for uid in uids)

    def participated(self, *, poll: str, uids: Sequence[str], credentials: Sequence[str]) -> list[bool]:
        """For each place whether its credential is one of these."""
        key, cast = self._key(poll), set(credentials)
        return [key.credential(uid).hex() in cast for uid in uids]

    def tag(self, *, poll: str, uid: str) -> str:
        """The name under which this place's ballots lie in the box. It is in no log and leads to no credential."""
        return self._key(poll).mac(_TAG, bytes.fromhex(uid))

    def bid_tag(self, *, poll: str, bid: str) -> str:
        """The name under which the ballot with this receipt number lies in the box."""
        return self._key(poll).mac(_BID, bytes.fromhex(bid))

    # --- ballots

    def prepare(
        self, *, poll: str, uid: str, bid: str, revision: int, b: Mapping[str, Any], sealed: bool, origin: str, room: int
    ) -> dict[str, Any]:
        """A ballot as it will be kept: `tag`, `bid_tag`, `d` of its entry, `nonce` (of a commitment, else None), the shut `body`.

        The same arguments give the same ballot, but for `body`. `room` is the length in bytes that every body of the poll has
        inside, so that its length tells nothing of what it says.
        """
        key = self._key(poll)
        credential = key.credential(uid)
        d: dict[str, Any] = {"bid": bid, "cred": credential.hex(), "rev": revision}
        nonce = None
        if sealed:
            nonce = key.mac(_NONCE, credential + revision.to_bytes(4, "big") + bytes.fromhex(bid))
            d["c"] = commitment(poll=poll, credential=credential, revision=revision, nonce=bytes.fromhex(nonce), b=b)
        else:
            d["b"] = b
        if origin:
            d["origin"] = origin
        content = {"d": d, "b": b} | ({"nonce": nonce} if nonce else {})
        return {
            "tag": self.tag(poll=poll, uid=uid),
            "bid_tag": self.bid_tag(poll=poll, bid=bid),
            "d": d,
            "nonce": nonce,
            "body": self.seal(poll=poll, content=content, room=room),
        }

    def seal(self, *, poll: str, content: Mapping[str, Any], room: int) -> str:
        """Shut: only this box opens it again, as long as it has the poll's key."""
        text = canonical.dumps(dict(content))
        text = text.ljust(max(room, -(-len(text) // 256) * 256))
        start = secrets.token_bytes(12)
        return base64.b64encode(start + self._key(poll).body.encrypt(start, text, poll.encode())).decode()

    def unseal(self, *, poll: str, bodies: Sequence[str]) -> list[dict[str, Any]]:
        """What was shut, in the same order: `d`, `b` and `nonce`, if any. Raises SealBroken."""
        key = self._key(poll)
        return [_opened(key.body, body, poll) for body in bodies]

    # --- promises

    def receipt_public_key(self) -> str:
        """64 hex digits, Ed25519."""
        return self._receipt_key.public_key().public_bytes_raw().hex()

    def sign_receipt(self, *, message: str) -> str:
        """Signature of the message in hex."""
        return self._receipt_key.sign(message.encode()).hex()

    @cached_property
    def _receipt_key(self) -> Ed25519PrivateKey:
        path = self._keys / "receipt.pem"
        data = secretfiles.read_or_create(path, _new_receipt_key)
        try:
            key = load_pem_private_key(data, password=None)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ImproperlyConfigured(f"{path} is not an Ed25519 private key in PEM: restore it from your backup.")
        return key

    def _file(self, poll: str, kind: str) -> Path:
        if not poll.isalnum() or not poll.isascii():
            raise NoSuchKey(poll)
        return self._keys / "polls" / f"{poll}.{kind}"

    def _key(self, poll: str) -> _Key:
        path = self._file(poll, "key")
        if not path.exists():
            self._known.pop(poll, None)
            raise NoSuchKey(poll)
        found = self._known.get(poll)
        if found is None:
            found = self._known[poll] = _Key(secretfiles.read(path))
        return found


class _Key:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.body = AESGCM(hmac.digest(secret, _BODY, "sha256"))

    def credential(self, uid: str) -> bytes:
        return hmac.digest(self._secret, bytes.fromhex(uid), "sha256")

    def mac(self, purpose: bytes, data: bytes) -> str:
        return hmac.digest(self._secret, purpose + data, "sha256").hex()


def commitment(*, poll: str, credential: bytes, revision: int, nonce: bytes, b: Mapping[str, Any]) -> str:
    """The commitment of docs/reference/vote-log.md, 64 hex digits. It binds poll, credential and revision: none can be copied."""

    def sized(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    head = b"votelog/v1/ballot-commit\0" + sized(poll.encode()) + sized(credential) + revision.to_bytes(4, "big")
    return sha256(head + sized(nonce) + sized(canonical.dumps(dict(b)))).hexdigest()


def _opened(key: AESGCM, body: str, poll: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(body, validate=True)
        content: dict[str, Any] = json.loads(key.decrypt(raw[:12], raw[12:], poll.encode()))
    except (ValueError, InvalidTag):
        raise SealBroken(poll) from None
    return content


def _new_receipt_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
