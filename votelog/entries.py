"""The envelope: how an entry of the log is written and read, to the byte. docs/reference/vote-log.md is the contract."""

from typing import Any

from merkle import canonical
from votelog.models import BALLOT

NO_LEAF = "0" * 64

RECORDED = frozenset(
    {
        "incident.declared",
        "erasure.recorded",
        "moderation.action",
        "staff.action",
        "poll.created",
        "poll.amended",
        "roll.committed",
        "roll.changed",
        "credentials.committed",
        "poll.opened",
        "ballot.voided",
        "poll.extended",
        "poll.paused",
        "poll.resumed",
        "poll.closed",
        "openings.published",
        "participation.published",
        "tally.published",
        "tally.superseded",
        "objection.filed",
        "objection.answered",
    }
)
"""Types that other apps record. Besides these there are ballots, and what the sequencer writes by itself: log.opened,
log.closed, config.changed, intake.summary."""

FILLED_IN = {"poll.opened": ("config", "roll"), "poll.closed": ("last_n",)}
"""Fields that only the sequencer can know; who records leaves them out."""


def write(*, kind: str, poll: str, n: int, prev: str, t: int | None, d: dict[str, Any]) -> bytes:
    """The canonical bytes of an entry. Raises NotCanonical when it has none or is longer than an entry may be."""
    entry: dict[str, Any] = {"v": 1, "type": kind, "poll": poll, "n": n, "prev": prev, "d": d}
    if kind != BALLOT:
        entry["t"] = t
    return canonical.dumps(entry, limit=canonical.MAX_ENTRY_BYTES)


def read(body: str) -> dict[str, Any]:
    """The entry that a row of the log holds. Raises NotCanonical when it holds anything else."""
    entry: dict[str, Any] = canonical.loads(body.encode(), limit=canonical.MAX_ENTRY_BYTES)
    return entry
