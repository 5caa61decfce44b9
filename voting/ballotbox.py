"""The ballot box: the only holder of a poll's secrets.

`K_poll` makes credentials out of places on the roll; whoever has it can tell whose ballot is whose, so it lives in a file
of its own, never in the database, and is destroyed after the term for appeals. The nonce, where a poll has one, decides ties,
is promised at opening by its hash and published with the result.
"""

import hmac
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from common import secretfiles
from eligibility.models import RollEntry


def _secret(poll_id: str, kind: str) -> Path:
    return Path(settings.KEYS_DIR) / "polls" / f"{poll_id}.{kind}"


def make_secrets(poll_id: str, *, with_nonce: bool) -> None:
    """At opening, once. Afterwards a missing file is an outage: a new key would orphan every ballot."""
    for kind in ("key", "nonce") if with_nonce else ("key",):
        secretfiles.read_or_create(_secret(poll_id, kind), lambda: secrets.token_bytes(32))


@lru_cache(maxsize=256)
def _key(path: Path) -> bytes:
    return secretfiles.read(path)


def credential(poll_id: str, entry: RollEntry) -> str:
    """The pseudonym, 64 hex digits, under which a ballot from this place on the roll stands in this poll."""
    return hmac.digest(_key(_secret(poll_id, "key")), bytes(entry.uid), "sha256").hex()


def holds_key(poll_id: str) -> bool:
    """False once the key has been destroyed: from then on nobody can tell whose ballot is whose."""
    return _secret(poll_id, "key").exists()


def nonce(poll_id: str) -> bytes:
    return secretfiles.read(_secret(poll_id, "nonce"))
