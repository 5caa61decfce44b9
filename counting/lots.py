"""lots-v1: one public order of the options that settles every tie of a poll.

No generator and no shuffle, only SHA-256, so that any language reproduces it. Whatever `beacon` comes from was bound or named
before voting began and is known only after `ballots_sha256` is public: nobody could know the order while ballots could still
change, or change ballots once it was known. (Idea: RFC 3797; text: docs/reference/results.md.)
"""

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

from counting.profile import OptionId

DRAND_DELAY = 600
"""Seconds from the close of the poll to the earliest round of drand that may decide: by then the ballots are bound."""

_HEX64 = re.compile(r"[0-9a-f]{64}\Z")
_SIGNATURE = re.compile(r"(?:[0-9a-f]{96}|[0-9a-f]{192})\Z")


class EvidenceError(ValueError):
    """This evidence does not give a beacon. `key` is the part at fault, `reason` says what is wrong with it (English)."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def beacon_of(source: str, evidence: Mapping[str, Any]) -> str:
    """The beacon, 64 lower-case hex digits, from the `evidence` that belongs to a `seed_source`. Raises EvidenceError.

    * `commit-reveal`: `nonce` (32 bytes in hex) and `commit`, the SHA-256 of those bytes that stood in the log at opening. The
      beacon is the nonce.
    * `public-draw`: `text`, the record of the draw as published. The beacon is the SHA-256 of its UTF-8; CR LF and CR count as
      LF, everything else as it stands.
    * `drand`: `chain` (its hash), `round`, `signature` and `randomness` as drand serves them, `genesis_time` and `period`
      (seconds) of the chain, `closes_at` (Unix time). The round must be at least DRAND_DELAY later than the close. The beacon is
      the randomness, the SHA-256 of the signature. **That the signature is the chain's own is not checked here**: it is a BLS
      signature, which needs drand's tools (`drand`'s client or any other) and the public key behind `chain`.

    All hex is in lower case.

    >>> beacon_of("public-draw", {"text": "Dice, before three witnesses:\\r\\n4 1 6 6 2\\r\\n"})
    'ab543e3bfe27ecdee457461e89d3f221a1b152be38d42b477b8d60f2aef6662a'
    >>> beacon_of("commit-reveal", {"nonce": "00" * 32, "commit": "f" * 64})
    Traceback (most recent call last):
    counting.lots.EvidenceError: nonce: its SHA-256 is 66687aad…, not the ffffffff… that was committed to
    """
    if source not in _SOURCES:
        raise EvidenceError("seed_source", f"must be one of {', '.join(_SOURCES)}, not {source!r}")
    keys, beacon = _SOURCES[source]
    for key in sorted(set(evidence) - set(keys)):
        raise EvidenceError(key, f"does not belong to {source}")
    for key in keys:
        if key not in evidence:
            raise EvidenceError(key, f"is missing; {source} needs {', '.join(keys)}")
    return beacon(evidence)


def _revealed(evidence: Mapping[str, Any]) -> str:
    nonce, commit = _hex64(evidence, "nonce"), _hex64(evidence, "commit")
    if (digest := sha256(bytes.fromhex(nonce)).hexdigest()) != commit:
        raise EvidenceError("nonce", f"its SHA-256 is {digest[:8]}…, not the {commit[:8]}… that was committed to")
    return nonce


def _drawn(evidence: Mapping[str, Any]) -> str:
    text = evidence["text"]
    if not isinstance(text, str) or not text.strip():
        raise EvidenceError("text", "is empty: it must say what was drawn")
    try:
        return sha256(text.replace("\r\n", "\n").replace("\r", "\n").encode()).hexdigest()
    except UnicodeEncodeError:
        raise EvidenceError("text", "holds half a character and cannot be written as UTF-8") from None


def _sent_by_drand(evidence: Mapping[str, Any]) -> str:
    _hex64(evidence, "chain")
    announced, signature = _hex64(evidence, "randomness"), evidence["signature"]
    if not isinstance(signature, str) or not _SIGNATURE.match(signature):
        raise EvidenceError("signature", f"must be 96 or 192 lower-case hex digits, not {signature!r}")
    for key, least in (("round", 1), ("genesis_time", 0), ("period", 1), ("closes_at", 0)):
        if type(evidence[key]) is not int or evidence[key] < least:
            raise EvidenceError(key, f"must be a whole number from {least}, not {evidence[key]!r}")
    time = evidence["genesis_time"] + (evidence["round"] - 1) * evidence["period"]
    if time < evidence["closes_at"] + DRAND_DELAY:
        late = time - evidence["closes_at"]
        raise EvidenceError("round", f"is {late} seconds after the close of the poll, and must be at least {DRAND_DELAY}")
    if (randomness := sha256(bytes.fromhex(signature)).hexdigest()) != announced:
        raise EvidenceError("randomness", f"is {announced[:8]}…, but the SHA-256 of the signature is {randomness[:8]}…")
    return randomness


def _hex64(evidence: Mapping[str, Any], key: str) -> str:
    value = evidence[key]
    if not isinstance(value, str) or not _HEX64.match(value):
        raise EvidenceError(key, f"must be 64 lower-case hex digits, not {value!r}")
    return value


_SOURCES: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], str]]] = {
    "commit-reveal": (("nonce", "commit"), _revealed),
    "public-draw": (("text",), _drawn),
    "drand": (("chain", "round", "signature", "randomness", "genesis_time", "period", "closes_at"), _sent_by_drand),
}


def lots_seed(*, contest: str, ballots_sha256: str, beacon: str) -> str:
    """Seed of the lots as 64 lower-case hex digits. Raises ValueError unless both hashes are 64 lower-case
    hex digits.

    >>> lots_seed(contest="p1", ballots_sha256="0" * 64, beacon="f" * 64)
    '528fe4020eb313c8d249e8c4086cccf3212dd76b8ea9bb00979bdbd92bf36d22'
    """
    for name, value in (("ballots_sha256", ballots_sha256), ("beacon", beacon)):
        if not _HEX64.match(value):
            raise ValueError(f"{name} must be 64 lower-case hex digits, not {value!r}")
    return sha256(f"lots-v1\n{contest}\n{ballots_sha256}\n{beacon}\n".encode()).hexdigest()


def lots_order(options: Iterable[OptionId], *, seed: str) -> tuple[OptionId, ...]:
    """The options, best lot first: by SHA-256 of "<seed>\\n<id>\\n" as bytes, then by id.

    >>> lots_order("ABCDE", seed="0e20403694aac9aa36796cf41443a2cf1fe9096bd7a6f8a9337c90a03ba0d7ae")
    ('B', 'D', 'E', 'A', 'C')
    """
    return tuple(sorted(options, key=lambda option: (sha256(f"{seed}\n{option}\n".encode()).digest(), option)))
