"""lots-v1: one public order of the options that settles every tie of a poll.

No generator and no shuffle, only SHA-256, so that any language reproduces it. The secret nonce behind
`beacon` was bound by its hash before voting began and is shown only after `ballots_sha256` is public: nobody
could know the order while ballots could still change, or change ballots once it was known. (Idea: RFC 3797;
text: docs/reference/vote-log.md.)
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from counting.profile import OptionId

_HEX64 = re.compile(r"[0-9a-f]{64}\Z")


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
