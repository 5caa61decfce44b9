"""`python -m tests.voting.race_on_sqlite`, on a migrated database: threads that cast at once. Prints JSON of what came of it."""

from __future__ import annotations

import json
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")


def main() -> dict[str, Any]:
    from django.utils import timezone

    from tests import make
    from tests.voting.test_races import casting, kinds_of, opened, places, shut, together
    from votelog import fsck, log, sequencer
    from voting import actions
    from voting.models import Ballot

    poll = opened(make.users(19), mix_k=2)
    entries = places(poll)
    same: list[object] = []
    for entry in entries[:6]:
        same += together(*[casting(poll, entry)] * 8)
    again = together(*[casting(poll, entries[6], bid="a" * 32)] * 8)
    work = [casting(poll, entry) for entry in entries[7:]]
    around = together(*work[:6], shut(poll), *work[6:])
    sequencer.run_once()
    (closing,) = log.entries(poll.public_id, kind="poll.closed")
    result = actions.publish_result(poll=poll, by=None, at=timezone.now())
    sequencer.run_once()
    return {
        "same": kinds_of(same),
        "again": kinds_of(again),
        "around the close": kinds_of(around),
        "ballots": Ballot.objects.count(),
        "said at the close": closing["d"]["ballots"],
        "counted": result.outcome["input"]["ballots"],
        "in the log": sum(1 for _ in log.entries(poll.public_id, kind="ballot.cast")),
        "findings": fsck.findings(),
    }


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(main()))
