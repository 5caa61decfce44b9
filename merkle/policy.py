"""Trust policies (C2SP tlog-policy): which logs and which witnesses somebody believes, and how many of them it takes.

Names are opaque octets. They are held as text by `surrogateescape`, which tells any two octet strings apart.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from merkle import checkpoint as checkpoints
from merkle import cosignature, note
from merkle.checkpoint import Checkpoint
from merkle.errors import ProofError
from merkle.note import ED25519, Checker, VerifierKey

MAX_BYTES = 1_000_000

_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")


class PolicyError(ProofError):
    """The file is not a policy. The message begins with the number of the line, from 1."""


@dataclass(frozen=True)
class Log:
    """A log that is believed; the name of its key is its origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True)
class Witness:
    """A witness. `name` means something within the policy only; `url` is where it takes checkpoints."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True)
class Group:
    """Has witnessed what at least `needed` of its members have: witnesses, or groups that stand before it."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """A checkpoint that a policy accepts: who signed it, and when which witness did (unix seconds by its name)."""

    checkpoint: Checkpoint
    log: VerifierKey
    times: dict[str, int]


@dataclass
class Policy:
    """A whole policy. Groups are in the order of the file, each after its members; `quorum` is None for `quorum none`."""

    logs: list[Log] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None

    def satisfied_by(self, cosigned: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the policy, are a quorum."""
        if self.quorum is None:
            return True
        have = {witness.name for witness in self.witnesses} & set(cosigned)
        for group in self.groups:
            if sum(member in have for member in group.members) >= group.needed:
                have.add(group.name)
        return self.quorum in have

    def times(self, signed: str, checker: Checker) -> dict[str, int]:
        """When which witness, by its name in the policy, cosigned this note. Raises ProofError when one of theirs is bad."""
        parsed = note.parse(signed)
        found = {w.name: cosignature.time_of(parsed, w.key, checker) for w in self.witnesses}
        return {name: time for name, time in found.items() if time is not None}

    def check(self, signed: str, checker: Checker, *, log: VerifierKey | None = None) -> Accepted:
        """The checkpoint, once one of the policy's logs (or `log`) has been found to have signed it and a quorum of
        witnesses to have cosigned it. Raises ProofError."""
        keys = [log] if log else [known.key for known in self.logs]
        if not keys:
            raise ProofError("the policy names no log")
        names = {(signature.name, signature.key_id) for signature in note.parse(signed).signatures}
        key = next((key for key in keys if (key.name, key.key_id) in names), None)
        if key is None:
            raise ProofError("the checkpoint is not signed by a log of the policy")
        body = checkpoints.check(signed, key, checker)
        times = self.times(signed, checker)
        if not self.satisfied_by(times):
            raise ProofError(f"no quorum: {len(times)} of {len(self.witnesses)} witnesses cosigned size {body.size}")
        return Accepted(body, key, times)


def parse(data: bytes) -> Policy:
    """Read a policy file. Raises PolicyError, which names the line."""
    if len(data) > MAX_BYTES:
        raise PolicyError(f"line 1: a policy has at most {MAX_BYTES} bytes")
    reader = _Reader()
    for number, raw in enumerate(data.split(b"\n"), start=1):
        try:
            if not _ALLOWED.fullmatch(raw):
                raise ProofError("control character (lines end with LF alone)")
            words = [word for word in re.split(r"[ \t]+", raw.decode("utf-8", "surrogateescape")) if word]
            if words and not words[0].startswith("#"):
                reader.read(words)
        except ProofError as error:
            raise PolicyError(f"line {number}: {error}") from None
    if not reader.has_quorum:
        raise PolicyError(f"line {number}: the file ends without a quorum line (`quorum none` asks for no witness)")
    return reader.policy


class _Reader:
    """Takes the lines one by one; knows what is defined so far."""

    def __init__(self) -> None:
        self.policy = Policy()
        self.has_quorum = False
        self.defined: set[str] = set()
        self.members: set[str] = set()

    def read(self, words: list[str]) -> None:
        readers: dict[str, Callable[[list[str]], None]] = {
            "log": self.log,
            "witness": self.witness,
            "group": self.group,
            "quorum": self.quorum,
        }
        if words[0] not in readers:
            raise ProofError(f"a line begins with log, witness, group, quorum or #, not with {_shown(words[0])}")
        readers[words[0]](words[1:])

    def log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise ProofError("expected: log <vkey> [<url>]")
        try:
            key = VerifierKey.parse(words[0])
        except ValueError:
            raise ProofError("not a vkey") from None
        if key.algorithm != ED25519 or len(key.public) != 32:
            raise ProofError(f"not the key of a log (signature type 0x01): it has type 0x{key.algorithm:02x}")
        if any(key.public == known.key.public for known in self.policy.logs):
            raise ProofError("a second log with the same public key")
        self.policy.logs.append(Log(key, *words[1:]))

    def witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise ProofError("expected: witness <name> <vkey> [<url>]")
        key = cosignature.parse_vkey(words[1])
        if any(key.public == known.key.public for known in self.policy.witnesses):
            raise ProofError("a second witness with the same public key")
        self.define(words[0])
        self.policy.witnesses.append(Witness(words[0], key, *words[2:]))

    def group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ProofError("expected: group <name> <any|all|number> <member>…")
        name, threshold, *members = words
        if threshold in ("any", "all"):
            needed = 1 if threshold == "any" else len(members)
        elif _THRESHOLD.fullmatch(threshold) and int(threshold) <= len(members):
            needed = int(threshold)
        else:
            raise ProofError(f"a group needs any, all or a number from 1 to {len(members)}, not {_shown(threshold)}")
        for member in members:
            if member not in self.defined:
                raise ProofError(f"{_shown(member)} is not defined above")
            if member in self.members:
                raise ProofError(f"{_shown(member)} is a member of a group already")
            self.members.add(member)
        self.define(name)
        self.policy.groups.append(Group(name, needed, tuple(members)))

    def quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise ProofError("expected: quorum <name|none>")
        if self.has_quorum:
            raise ProofError("a second quorum line")
        if words[0] != "none" and words[0] not in self.defined:
            raise ProofError(f"{_shown(words[0])} is not defined above")
        self.has_quorum = True
        self.policy.quorum = None if words[0] == "none" else words[0]

    def define(self, name: str) -> None:
        if name == "none":
            raise ProofError("none is not a name to give")
        if name in self.defined:
            raise ProofError(f"{_shown(name)} is defined already")
        self.defined.add(name)


def _shown(word: str) -> str:
    return repr(word[:60])
