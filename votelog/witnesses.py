"""The log's side of witnessing: asks the witnesses of WITNESS_POLICY to cosign, keeps what they answer, and says what is served.

The sequencer only wakes a thread (`after_publishing`): a witness that is slow or away never holds up the log. A round comes at
most every 10 seconds, asks all witnesses side by side, and waits a bounded time; who does not answer is asked again later, less
and less often. Cosignatures are rows, never changed; losing one does no harm, the witness is asked again.
"""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from merkle import cosignature, note, policy
from merkle.errors import ProofError
from merkle.policy import Policy, Witness
from merkle.tree import Tree
from votelog import files, shards, submission, trees
from votelog.keys import check_signature
from votelog.models import Checkpoint, Cosignature

logger = logging.getLogger(__name__)
INTERVAL = 10.0
"""Seconds between two rounds, at least."""
LOOK_EVERY = 30.0
"""Seconds after which a round comes although nothing was published: for those who were away, and for renewals."""
ROUND = 20.0
"""Seconds that a round waits for its answers."""
RENEW = 6 * 3600
"""Seconds after which a cosignature of an open log is renewed, though the log has not grown: verifiers warn after a day."""
LONGEST_PAUSE = 300.0

_read: dict[Path, tuple[tuple[int, int] | None, tuple[bytes, Policy]]] = {}
_quorums: dict[tuple[str, str], tuple[int, Policy, int | None]] = {}
_wake, _stop = threading.Event(), threading.Event()
_starting = threading.Lock()
_courier: threading.Thread | None = None
_asking: set[tuple[str, str]] = set()
_pauses: dict[tuple[str, str], tuple[float, float]] = {}
_said: dict[tuple[str, str], str] = {}


def current_policy() -> Policy | None:
    """What WITNESS_POLICY says, None without one. Read again when the file changes; while it is broken, as it was before.

    Raises ImproperlyConfigured when it is broken and there is no before: so does the start of every process.
    """
    found = _current()
    return found[1] if found else None


def _current() -> tuple[bytes, Policy] | None:
    path: Path | None = settings.WITNESS_POLICY
    if path is None:
        return None
    version = None
    try:
        stat = path.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        if path not in _read or _read[path][0] != version:
            data = path.read_bytes()
            _read[path] = (version, (data, policy.parse(data)))
    except (OSError, ProofError) as error:
        if path not in _read:
            raise ImproperlyConfigured(f"WITNESS_POLICY: {path}: {error}") from None
        logger.critical("WITNESS_POLICY: %s: %s; going on with the policy as it was.", path, error)
        _read[path] = (version, _read[path][1])
    return _read[path][1]


def policy_bytes() -> bytes | None:
    """The policy file as it is served; None without one."""
    found = _current()
    return found[0] if found else None


def served(shard: str, *, latest: bool) -> bytes | None:
    """The checkpoint to serve, None before there is one: the newest with a quorum of witnesses (before the first quorum, and
    without a policy, the newest), or with `latest` the newest whoever cosigned it; below our signature those of the witnesses."""
    row = shards.last_signed(shard)
    if row is None:
        return None
    found = current_policy()
    if found is None:
        return row.note.encode()
    if not latest:
        size = newest_with_quorum(shard, found)
        if size is not None and size != row.size:
            row = Checkpoint.objects.get(shard=shard, size=size)
    lines = cosignatures(shard, found, size=row.size)
    return (row.note + "".join(line for line in lines.values())).encode()


def holds_back(shard: str) -> bool:
    """Whether what is served as `checkpoint` is for witnesses to release: a policy asks for some, and enough have signed once."""
    found = current_policy()
    return found is not None and found.quorum is not None and newest_with_quorum(shard, found) is not None


def cosignatures(shard: str, found: Policy, *, size: int) -> dict[str, str]:
    """The newest line of each of the policy's witnesses for this checkpoint, by the witness's name, in the policy's order."""
    rows = Cosignature.objects.filter(shard=shard, size=size).order_by("time")
    lines = {row.witness: row.line for row in rows}
    return {witness.name: lines[str(witness.key)] for witness in found.witnesses if str(witness.key) in lines}


def after_publishing(shard: str) -> None:
    """Let the witnesses know, soon, that this log has a new checkpoint. Returns at once; does nothing without a policy."""
    global _courier
    if settings.WITNESS_POLICY is None:
        return
    with _starting:
        if _courier is None or not _courier.is_alive():
            _stop.clear()
            _courier = threading.Thread(target=_rounds, name="witnesses", daemon=True)
            _courier.start()
    _wake.set()


def stop() -> None:
    """End the thread, if there is one, after the round that it is in, and forget who answered and who did not."""
    _stop.set()
    _wake.set()
    if _courier is not None:
        _courier.join()
    _said.clear()
    _pauses.clear()


def submit(shard: str, *, insist: bool = True) -> None:
    """Ask every witness of the policy that has an address, and lacks the newest checkpoint of this log or signed it long ago.
    Without `insist` not those who were asked in vain a short while ago. Takes up to ROUND seconds."""
    found, row = current_policy(), shards.last_signed(shard)
    if found is None or row is None:
        return
    tree = trees.load(shard)
    due = [witness for witness in found.witnesses if witness.url and _is_due(shard, witness, row, insist)]
    answers = list(_ask_all(shard, due, row, tree))
    Cosignature.objects.bulk_create(
        [
            Cosignature(shard=shard, size=row.size, witness=str(answer.witness.key), time=answer.time, line=answer.line)
            for answer in answers
            if not answer.problem
        ],
        ignore_conflicts=True,
    )
    for answer in answers:
        _tell(shard, answer)
    size = newest_with_quorum(shard, found)
    data = served(shard, latest=False)
    if size is not None and data is not None and files.read(shard, files.SERVED) != data:
        files.write(shard, {files.SERVED: data})


@dataclass(frozen=True)
class _Answer:
    witness: Witness
    line: str = ""
    time: int = 0
    problem: str = ""
    alarm: bool = False


def _rounds() -> None:
    while not _stop.is_set() and settings.WITNESS_POLICY is not None:
        _wake.wait(LOOK_EVERY)
        _wake.clear()
        if _stop.is_set():
            return
        try:
            for shard in shards.with_entries():
                if shard not in shards.abandoned():
                    submit(shard, insist=False)
        except Exception:
            # Whatever it is, the log itself must go on, and so must the next round.
            logger.exception("The witnesses could not be asked.")
        finally:
            connection.close()
        _stop.wait(INTERVAL)


def _is_due(shard: str, witness: Witness, row: Checkpoint, insist: bool) -> bool:
    place = (shard, str(witness.key))
    if place in _asking or (not insist and _pauses.get(place, (0.0, 0.0))[0] > time.monotonic()):
        return False
    last = Cosignature.objects.filter(shard=shard, witness=place[1]).order_by("-size", "-time").first()
    if last is None or last.size < row.size:
        return True
    return last.time < time.time() - RENEW and not shards.is_closed(shard)


def _ask_all(shard: str, due: list[Witness], row: Checkpoint, tree: Tree) -> Iterator[_Answer]:
    # Plain daemon threads: one that hangs must hold up neither the round nor the end of the process.
    answers: SimpleQueue[_Answer] = SimpleQueue()
    for witness in due:
        place = (shard, str(witness.key))
        last = Cosignature.objects.filter(shard=shard, witness=place[1]).order_by("-size").first()
        arguments = (place, witness, last.size if last else 0, row, tree, answers)
        _asking.add(place)
        threading.Thread(target=_ask, args=arguments, daemon=True).start()
    waiting = {witness.name: witness for witness in due}
    deadline = time.monotonic() + ROUND
    while waiting:
        try:
            answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        del waiting[answer.witness.name]
        yield answer
    for witness in waiting.values():
        yield _Answer(witness, problem=f"has not answered for {ROUND:g} seconds")


def _ask(
    place: tuple[str, str], witness: Witness, old: int, row: Checkpoint, tree: Tree, answers: "SimpleQueue[_Answer]"
) -> None:
    try:
        answers.put(_asked(witness, old, row, tree))
    except Exception as error:
        answers.put(_Answer(witness, problem=f"cannot be asked: {error}"))
    finally:
        _asking.discard(place)


def _asked(witness: Witness, old: int, row: Checkpoint, tree: Tree) -> _Answer:
    try:
        body = _exchange(witness, old, row, tree)
        signed = note.parse(row.note + body)
        when = cosignature.time_of(signed, witness.key, check_signature)
    except submission.TwoLogs as error:
        return _Answer(witness, problem=str(error), alarm=True)
    except (submission.Failed, ProofError) as error:
        return _Answer(witness, problem=str(error))
    if when is None:
        return _Answer(witness, problem="answers without a signature of the key that the policy has for it")
    if when > time.time() + 600:
        return _Answer(witness, problem="signs for a time in the future: its clock or ours is wrong")
    mine = [s for s in signed.signatures if (s.name, s.key_id) == (witness.key.name, witness.key.key_id)]
    newest = max(mine, key=lambda s: s.signature[:8])
    line = f"— {newest.name} {note.encode_base64(newest.key_id + newest.signature)}\n"
    return _Answer(witness, line, when)


def _exchange(witness: Witness, old: int, row: Checkpoint, tree: Tree) -> str:
    """The body of a 200. Tells the witness's own size once when it is another than we thought. Raises Failed, TwoLogs."""
    url = witness.url or ""
    told = submission.add_checkpoint(url, _request(old, row, tree))
    if isinstance(told, int) and told != old and told <= row.size:
        old = told
        told = submission.add_checkpoint(url, _request(old, row, tree))
    if isinstance(told, str):
        return told
    if told > row.size:
        raise submission.TwoLogs(f"has signed size {told}, and we have {row.size}: was this log restored from an old backup?")
    if told == row.size:
        raise submission.TwoLogs(f"has signed another root for size {told} than ours")
    raise submission.Failed(f"says 409 again, now for size {told}")


def _request(old: int, row: Checkpoint, tree: Tree) -> bytes:
    proof = tree.consistency_proof(old, row.size) if old else []
    return cosignature.request(old_size=old, proof=proof, checkpoint=row.note)


def _tell(shard: str, answer: _Answer) -> None:
    """Log what is new about a witness: once when it fails, once when it is back."""
    place = (shard, str(answer.witness.key))
    before = _said.get(place, "")
    _said[place] = answer.problem
    if answer.problem:
        pause = min(LONGEST_PAUSE, 2 * _pauses.get(place, (0.0, INTERVAL / 2))[1])
        _pauses[place] = (time.monotonic() + pause, pause)
        if answer.problem != before:
            level = logging.CRITICAL if answer.alarm else logging.WARNING
            logger.log(level, "Witness %s of log %s %s.", answer.witness.name, shard, answer.problem)
    else:
        _pauses.pop(place, None)
        if before:
            logger.warning("Witness %s of log %s signs again.", answer.witness.name, shard)


def newest_with_quorum(shard: str, found: Policy) -> int | None:
    """The size of the newest checkpoint that a quorum has cosigned; None while there is none."""
    if found.satisfied_by(()):
        row = shards.last_signed(shard)
        return row.size if row else None
    rows = Cosignature.objects.filter(shard=shard)
    last = rows.order_by("-id").values_list("id", flat=True).first()
    if last is None:
        return None
    place = (f"{connection.settings_dict['NAME']} {settings.LOG_DIR}", shard)
    if place in _quorums and _quorums[place][:2] == (last, found):
        return _quorums[place][2]
    names = {str(witness.key): witness.name for witness in found.witnesses}
    pairs = rows.order_by("-size").values_list("size", "witness")
    size = None
    for at, group in groupby(pairs.iterator(), key=lambda pair: pair[0]):
        if found.satisfied_by({names[vkey] for _, vkey in group if vkey in names}):
            size = at
            break
    _quorums[place] = (last, found, size)
    return size


@dataclass(frozen=True)
class Witnessed:
    """How many of the policy's witnesses have signed for an entry, out of how many, and whether they are a quorum."""

    by: int
    of: int
    enough: bool


def witnessed_by(shard: str, index: int) -> Witnessed | None:
    """Who has signed a checkpoint of the shard that covers this entry; None where the policy names no witness."""
    found = current_policy()
    if found is None or not found.witnesses:
        return None
    keys = {str(witness.key): witness.name for witness in found.witnesses}
    signed = Cosignature.objects.filter(shard=shard, size__gt=index, witness__in=list(keys))
    names = {keys[vkey] for vkey in signed.values_list("witness", flat=True).distinct()}
    return Witnessed(len(names), len(keys), found.satisfied_by(names))
