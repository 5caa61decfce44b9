"""The decision: whether this checkpoint continues what was signed before, and the signature if it does."""

import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from merkle import checkpoint as checkpoints
from merkle import cosignature, note
from merkle.checkpoint import Checkpoint
from merkle.errors import ProofError
from merkle.note import Signer, VerifierKey
from merkle.tree import HASH_BYTES, check_consistency
from witness.keys import check_signature
from witness.state import Change, Evidence, Signed, State

MAX_BODY_BYTES = 131_072
MAX_PROOF_LINES = 63
MAX_SIZE = 2**63 - 1
SIZE_TYPE = "text/x.tlog.size"
PLAIN = "text/plain; charset=utf-8"

_OLD = re.compile(r"old (\S+)")

logger = logging.getLogger("witness")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str
    content_type: str = PLAIN


@dataclass(frozen=True)
class Submitted:
    """A well-formed request, unchecked. `text` is what the log signed, extension lines included."""

    old_size: int
    proof: tuple[bytes, ...]
    signed: str
    text: str
    body: Checkpoint


class Witness:
    """One witness: a key, a state, and the logs whose keys it was given."""

    def __init__(
        self,
        *,
        key: VerifierKey,
        signer: Signer,
        state: State,
        logs: Iterable[VerifierKey],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.key, self.state = key, state
        self._signer, self._now = signer, now
        self.logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            self.logs.setdefault(log.name, []).append(log)

    def add_checkpoint(self, request: bytes) -> Answer:
        """Answer the body of an add-checkpoint request, as C2SP tlog-witness says."""
        try:
            return self.consider(parse(request))
        except ProofError as error:
            return Answer(400, f"{error}\n")

    def consider(self, submitted: Submitted) -> Answer:
        """Sign what continues the log, refuse what does not. The new state is on the disk before this returns 200."""
        origin = submitted.body.origin
        if origin not in self.logs:
            return Answer(404, "this witness does not know the log\n")
        signed = self.signed_by_the_log(submitted)
        if signed is None:
            return Answer(403, "not signed by a key that this witness knows for the log\n")
        new = Signed(submitted.body.size, submitted.body.root, int(self._now()), signed)
        with self.state.transaction() as change:
            refused = self._refuse(change, submitted, new)
            if refused is None:
                change.sign(origin, new)
        # Only now, with the new state on the disk, may there be a signature that anybody could get to see.
        return refused or Answer(200, self._line(new))

    def published(self, origin: str) -> str | None:
        """The newest checkpoint of this log that we signed, with the log's signature and ours; None before there is one."""
        latest = self.state.latest(origin)
        return latest.note + self._line(latest) if latest.note else None

    def _line(self, signed: Signed) -> str:
        # The same bytes each time: an Ed25519 signature follows from key and message.
        return cosignature.line(note.parse(signed.note).text, self.key, self._signer, time=signed.time)

    def signed_by_the_log(self, submitted: Submitted) -> str | None:
        """The note with nothing but the signatures of a key that is known for its log; None where there is no good one."""
        for key in self.logs.get(submitted.body.origin, []):
            try:
                text = note.check(submitted.signed, key, check_signature)
            except ProofError:
                continue
            found = [s for s in note.parse(submitted.signed).signatures if (s.name, s.key_id) == (key.name, key.key_id)]
            lines = [f"— {s.name} {note.encode_base64(s.key_id + s.signature)}\n" for s in found]
            return "".join([text, "\n", *lines])
        return None

    def _refuse(self, change: Change, submitted: Submitted, new: Signed) -> Answer | None:
        """Why this checkpoint is not signed, None when it is. Keeps and reports what contradicts what was signed."""
        origin, old_size = submitted.body.origin, submitted.old_size
        latest = change.latest(origin)
        before = latest if new.size == latest.size else change.signed_at(origin, new.size)
        if before is not None and before.root != new.root:
            self._accuse(change, origin, new, before, "fork")
        if old_size > new.size:
            return Answer(400, "the old size is larger than that of the checkpoint\n")
        if old_size != latest.size or (before is not None and before.root != new.root):
            return Answer(409, f"{latest.size}\n", SIZE_TYPE)
        try:
            if old_size:
                check_consistency(
                    old_size=old_size, old_root=latest.root, new_size=new.size, new_root=new.root, proof=submitted.proof
                )
            elif submitted.proof:  # everything continues nothing: such a proof would prove nothing
                raise ProofError("the proof from size 0 is empty")
        except ProofError as error:
            self._accuse(change, origin, new, latest, "unproven")
            return Answer(422, f"{error}\n")
        return None

    def _accuse(self, change: Change, origin: str, new: Signed, before: Signed, kind: str) -> None:
        first_time = change.refuse(Evidence(origin, new.size, new.root, new.time, kind, new.note, before.note))
        if kind == "fork":
            logger.critical(
                "FORK: %s signed two roots for size %d, %s and %s. Both checkpoints are in the state: "
                "run `python -m witness show --evidence` and tell others.",
                origin,
                new.size,
                note.encode_base64(before.root),
                note.encode_base64(new.root),
            )
        elif first_time:
            logger.error(
                "REFUSED: a checkpoint of %s with size %d came without a proof that it continues size %d, which we signed. "
                "Whoever sent it may have made a mistake; if nobody can give a proof, the log has forked. It is in the state: "
                "run `python -m witness show --evidence`.",
                origin,
                new.size,
                before.size,
            )


def parse(request: bytes) -> Submitted:
    """Read the body of an add-checkpoint request. Raises ProofError when it is malformed or longer than we take."""
    if len(request) > MAX_BODY_BYTES:
        raise ProofError(f"the request is longer than {MAX_BODY_BYTES} bytes")
    try:
        head, blank, signed = request.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise ProofError("the request is not UTF-8") from None
    old, *proof = head.split("\n")
    match = _OLD.fullmatch(old)
    if not match or not blank:
        raise ProofError("expected: old <size>, the hashes of the proof, a blank line, the checkpoint")
    if len(proof) > MAX_PROOF_LINES:
        raise ProofError(f"more than {MAX_PROOF_LINES} lines of proof")
    hashes = tuple(note.decode_base64(line) for line in proof)
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError("a hash is 32 bytes")
    return read(signed, old_size=cosignature.parse_size(match[1]), proof=hashes)


def read(signed: str, *, old_size: int, proof: Sequence[bytes]) -> Submitted:
    """A checkpoint with what is claimed of it. It may have extension lines, which are signed with it. Raises ProofError."""
    text = note.parse(signed).text
    lines = text.split("\n")
    if len(lines) < 4 or any(not line for line in lines[:-1]):
        raise ProofError("malformed checkpoint")
    body = checkpoints.Checkpoint.parse("\n".join([*lines[:3], ""]))
    if body.size > MAX_SIZE:
        raise ProofError("the tree is too large")
    return Submitted(old_size, tuple(proof), signed, text, body)
