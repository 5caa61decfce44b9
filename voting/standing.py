"""What a person may see of their own part in a poll, and what a receipt leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from accounts.models import User
from eligibility.models import RollEntry
from votelog import log
from voting import actions, ballotbox, kinds, tabulate
from voting.models import Ballot, Poll


@dataclass(frozen=True)
class Standing:
    """`entry`: the place on the roll; `next_revision`: 0 before the first ballot; `choice`: what the current ballot says.

    Once the poll's key is destroyed nobody can tell any more, and it looks as if no ballot had been cast.
    """

    entry: RollEntry | None
    next_revision: int = 0
    choice: kinds.Body | None = None


def standing(poll: Poll, user: object) -> Standing:
    """Of a person; the standing of somebody without a place on the roll is empty."""
    entry = RollEntry.objects.filter(roll=poll.roll_id, user=user).first() if isinstance(user, User) else None
    return standing_of(poll, entry)


def standing_of(poll: Poll, entry: RollEntry | None) -> Standing:
    """Of a place on the roll. Computed anew each time from the poll's key: nothing stored says who has voted."""
    destroyed = poll.status == Poll.Status.PUBLISHED and not ballotbox.holds_key(poll.public_id)
    if entry is None or poll.status == Poll.Status.DRAFT or destroyed:
        return Standing(entry=entry)
    credential = ballotbox.credential(poll.public_id, entry)
    last = Ballot.objects.filter(poll=poll, credential=credential).order_by("-revision").first()
    if last is None:
        return Standing(entry=entry)
    return Standing(entry=entry, next_revision=last.revision + 1, choice=tabulate.choice_of(last.body))


State = Literal["promised", "in_log", "counted", "replaced"]


@dataclass(frozen=True)
class ReceiptState:
    """Where the ballot with this receipt number is. `index`: its place in the log, None while it is only promised."""

    poll: Poll
    bid: str
    state: State
    index: int | None
    choice: kinds.Body
    revision: int
    deadline: datetime


def find_receipt(bid: str) -> ReceiptState | None:
    ballot = Ballot.objects.select_related("poll").filter(bid=bid).first()
    if ballot is None:
        return None
    poll = ballot.poll
    event = log.find_ballot(poll.public_id, bid)
    if event is not None and not log.is_published(event):
        event = None  # it has its place, and nothing signed says so yet
    newer = Ballot.objects.filter(poll=poll, credential=ballot.credential, revision__gt=ballot.revision).exists()
    state: State = (
        "promised" if event is None else "replaced" if newer else "counted" if poll.status == Poll.Status.PUBLISHED else "in_log"
    )
    return ReceiptState(
        poll=poll,
        bid=bid,
        state=state,
        index=event.idx if event else None,
        choice=tabulate.choice_of(ballot.body),
        revision=ballot.revision,
        deadline=actions.deadline_of(poll),
    )
