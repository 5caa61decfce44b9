"""What a person may see of their own part in a poll, and what a receipt leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from accounts.models import User
from ballotbox import box
from ballotbox.errors import NoSuchKey
from eligibility.models import RollEntry
from votelog import log
from votelog.entries import read
from voting import actions, kinds, tabulate
from voting.models import Ballot, Poll


@dataclass(frozen=True)
class Standing:
    """`entry`: the place on the roll; `next_revision`: 0 before the first ballot; `choice`: what the current ballot says, None
    where there is none; `voided`: the last one was declared void.

    Once the poll's key is destroyed nobody can tell any more, and it looks as if no ballot had been cast.
    """

    entry: RollEntry | None
    next_revision: int = 0
    choice: kinds.Body | None = None
    voided: bool = False


def standing(poll: Poll, user: object) -> Standing:
    """Of a person; the standing of somebody without a place on the roll is empty."""
    entry = RollEntry.objects.filter(roll=poll.roll_id, user=user).first() if isinstance(user, User) else None
    return standing_of(poll, entry)


def standing_of(poll: Poll, entry: RollEntry | None) -> Standing:
    """Of a place on the roll. Computed anew each time from the poll's key: nothing stored says who has voted."""
    destroyed = poll.status == Poll.Status.PUBLISHED and not box().holds_key(poll=poll.public_id)
    if entry is None or poll.status == Poll.Status.DRAFT or destroyed:
        return Standing(entry=entry)
    tag = box().tag(poll=poll.public_id, uid=bytes(entry.uid).hex())
    last = Ballot.objects.filter(poll=poll, tag=tag).order_by("-revision").first()
    if last is None:
        return Standing(entry=entry)
    (content,) = box().unseal(poll=poll.public_id, bodies=[last.body])
    void = content["d"]["bid"] in tabulate.voided(poll)
    return Standing(entry=entry, next_revision=last.revision + 1, choice=None if void else content["b"], voided=void)


State = Literal["promised", "in_log", "counted", "replaced", "voided"]


@dataclass(frozen=True)
class ReceiptState:
    """Where the ballot with this receipt number is. `index`: its place in the log, None while it is only promised.

    `choice`: what it says; None while a sealed poll has not shown it: its receipt number is public by then, and whoever
    knows that must not learn more.
    """

    poll: Poll
    bid: str
    state: State
    index: int | None
    choice: kinds.Body | None
    revision: int
    deadline: datetime


def find_receipt(bid: str) -> ReceiptState | None:
    event = log.find_ballot(None, bid)
    if event is not None and log.is_published(event):
        poll = Poll.objects.get(public_id=event.poll)
        return _in_log(poll, event.idx, read(event.body)["d"])
    # Not in the log, or nothing signed says so yet: only the box knows it, and only the voter its number.
    for poll in Poll.objects.filter(status__in=[Poll.Status.OPEN, Poll.Status.CLOSED]):
        try:
            tag = box().bid_tag(poll=poll.public_id, bid=bid)
        except NoSuchKey:  # lost: an outage of this poll, not of all the others
            continue
        row = Ballot.objects.filter(poll=poll, bid_tag=tag).first()
        if row is not None:
            (content,) = box().unseal(poll=poll.public_id, bodies=[row.body])
            return _receipt(poll, content["d"], "promised", None, content["b"])
    return None


def _in_log(poll: Poll, index: int, d: dict[str, Any]) -> ReceiptState:
    choice = d["b"] if "b" in d else tabulate.opening_of(poll, d["bid"])
    # By the log alone: a page that knew of ballots which still wait for their group would tell when their voters came.
    newer = any(entry["d"]["rev"] > d["rev"] for entry in log.ballots_of(poll.public_id, d["cred"]))
    state: State = (
        "voided"
        if d["bid"] in tabulate.voided(poll)
        else "replaced"
        if newer
        else "counted"
        if poll.status == Poll.Status.PUBLISHED
        else "in_log"
    )
    return _receipt(poll, d, state, index, choice)


def _receipt(poll: Poll, d: dict[str, Any], state: State, index: int | None, choice: kinds.Body | None) -> ReceiptState:
    return ReceiptState(
        poll=poll,
        bid=d["bid"],
        state=state,
        index=index,
        choice=choice,
        revision=d["rev"],
        deadline=actions.deadline_of(poll),
    )
