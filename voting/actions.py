"""Everything that can happen to a poll. Nothing else writes polls, ballots, boards or results.

Order of work: lock, ask, change, record, announce. One action is one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User
from accounts.permissions import can
from approvals import actions as approvals
from ballotbox import box
from common.localized import Localized
from common.locks import lock_exclusive, lock_shared
from common.refusal import NotPermitted, Refusal
from counting.outcome import Outcome
from eligibility.models import RollEntry
from merkle import canonical
from processes.models import Scope, Topic
from realtime.actions import announce
from votelog import log
from votelog.actions import promise, put_blob, record, record_ballot
from voting import commitments, draws, errors, kinds, rules, signals, tabulate
from voting.board import render_board
from voting.models import Ballot, Board, Delivery, Draw, Option, Poll, Result

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Receipt:
    """What the voter keeps. `d` is what the log will hold, `nonce` opens the commitment in it (sealed polls), `promise` is
    signed, `deadline` is when the ballot must stand in the log."""

    poll: Poll
    bid: str
    revision: int
    choice: kinds.Body
    d: dict[str, Any]
    nonce: str | None
    promise: str
    deadline: datetime
    replayed: bool

    @property
    def file(self) -> dict[str, Any]:
        """What the receipt file says (docs/reference/vote-log.md, Promise, receipt and proof)."""
        nonce = {"nonce": self.nonce} if self.nonce else {}
        return {"v": 1, "poll": self.poll.public_id, "d": self.d, "b": self.choice, **nonce, "promise": self.promise}


def deadline_of(poll: Poll) -> datetime:
    return poll.closes_at + timedelta(seconds=poll.mix_max_s)


@dataclass(frozen=True)
class PlannedOption:
    """`key` is made from the order of the options; `external_id` is the id in an imported file."""

    title: Localized
    cost: int | None = None
    summary: Localized = field(default_factory=dict)
    description: Localized = field(default_factory=dict)
    scope: Scope | None = None
    subject: Topic | None = None
    external_id: str = ""


def create_poll(*, options: Sequence[PlannedOption], **fields: Any) -> Poll:
    """A draft with options o1, o2, … in this order. `fields` are those of Poll.

    `ballot` (approvals without limits where none is named) and `rule` are completed with their defaults. Raises
    BallotLimitsRefused, RuleUnknown, RuleOptionRefused, RuleNotForBallot, RuleStricterThanBallot, BudgetWithoutUse,
    DrawPlanRefused.
    """
    fields["ballot"] = kinds.full_ballot(fields.get("ballot", {"approve": {}}))
    fields["rule"] = rules.full_rule(fields["method"], fields.get("rule", {}))
    poll = Poll(**fields)
    if refusal := rules.why_not_plan(poll):
        raise refusal
    with transaction.atomic():
        poll.save()
        Option.objects.bulk_create(
            Option(poll=poll, key=f"o{n}", position=n, **vars(option)) for n, option in enumerate(options, start=1)
        )
    return poll


def freeze_poll(*, poll: Poll, by: User | None, origin: str = "") -> Poll:
    """Announce the poll: its rules stand in the log from now on, and only two people together can still amend them.

    `by` None: the clock or a command. Raises NotPermitted, PollNotDraft, PollIncomplete, PollNotCountable, and what
    create_poll raises; NotCanonical where the rules do not fit into one entry of the log, which about 150 options fill.
    """
    with transaction.atomic():
        lock_exclusive(poll.topic)
        poll = Poll.objects.get(pk=poll.pk)
        if by is not None and not can(by, "poll.freeze", poll):
            raise NotPermitted()
        if refusal := rules.why_not_freeze(poll):
            raise refusal
        box().make_secrets(poll=poll.public_id, with_nonce=poll.seed_source == Poll.SeedSource.COMMIT_REVEAL)
        poll.status = Poll.Status.FROZEN
        poll.save(update_fields=["status"])
        record("poll.created", poll=poll.public_id, d=commitments.poll_created(poll, origin=origin))
        announce(poll.topic, lambda: render_board(poll))
    return poll


def open_poll(*, poll: Poll, by: User | None, origin: str = "") -> Poll:
    """Commit to the roll and the credentials of the poll in the log, and let ballots in. A draft is announced first.

    `by` None: the clock or a command. Raises NotPermitted, PollNotDraft, PollIncomplete, and what freeze_poll raises.
    """
    with transaction.atomic():
        lock_exclusive(roll_lock(poll))  # always before the polls on it: places may be added to a roll
        lock_exclusive(poll.topic)
        poll = Poll.objects.select_related("roll").get(pk=poll.pk)
        if by is not None and not can(by, "poll.open", poll):
            raise NotPermitted()
        if poll.status == Poll.Status.DRAFT:
            poll = freeze_poll(poll=poll, by=None, origin=origin)
        if refusal := rules.why_not_open(poll):
            raise refusal
        poll.status = Poll.Status.OPEN
        poll.roll_count = poll.roll.entries.count()
        poll.save(update_fields=["status", "roll_count"])
        Board.objects.create(poll=poll)
        record("roll.committed", poll=poll.public_id, d=commitments.roll_committed(poll.roll))
        record("credentials.committed", poll=poll.public_id, d=commitments.credentials_committed(poll))
        record("poll.opened", poll=poll.public_id, d={})
        announce(poll.topic, lambda: render_board(poll))
    return poll


def roll_lock(poll: Poll) -> str:
    """The name of the lock under which places are added to the poll's roll."""
    return f"roll.{poll.roll_id}"


def cast_ballot(
    *,
    poll: Poll,
    voter: RollEntry | None,
    choice: kinds.Body,
    bid: str,
    revision: int,
    at: datetime,
    origin: str = "",
) -> Receipt:
    """Put one ballot into the box, or return the earlier receipt when the same form comes again.

    `voter` is the person's place on the roll, `choice` what the ballot says (`voting.kinds`; no mark: a blank ballot), `bid`
    32 hex digits made by the voter's device, `revision` the number of ballots that the voter knows to have cast before.
    Once this returns the ballot is durable. Raises a Refusal, and then nothing was changed.
    """
    try:
        with transaction.atomic():
            lock_shared(poll.topic)
            poll = Poll.objects.select_related("process").get(pk=poll.pk)
            refusal = rules.why_not_cast(poll, voter, at=at)
            if voter is None or voter.roll_id != poll.roll_id:
                raise refusal or errors.NotOnRoll()
            if refusal and not box().holds_key(poll=poll.public_id):  # a draft, or one whose key was destroyed
                raise refusal
            choice = kinds.normal(poll, choice)
            options = list(poll.options.only("poll_id", "key", "cost", "title"))
            prepared = box().prepare(
                poll=poll.public_id,
                uid=bytes(voter.uid).hex(),
                bid=bid,
                revision=revision,
                b=choice,
                sealed=poll.visibility == Poll.Visibility.SEALED,
                origin=origin,
                room=kinds.room(options),
            )
            replayed = _was_cast_already(poll, prepared)
            if not replayed:
                if log.is_given_up(poll.public_id):  # a promise that could not be kept
                    raise errors.PollCannotGoOn()
                if refusal := refusal or rules.why_not_choose(poll, options, choice):
                    raise refusal
                if refusal := _why_not_again(poll, prepared["tag"], revision):
                    raise refusal
                body: str = prepared["body"]
                Ballot.objects.create(
                    poll=poll, tag=prepared["tag"], revision=revision, bid_tag=prepared["bid_tag"], body=body
                )
                at_close = poll.visibility == Poll.Visibility.TURNOUT
                record_ballot(poll=poll.public_id, d=prepared["d"], body=body, k=None if at_close else poll.mix_k)
    except (IntegrityError, errors.BallotStale, errors.RevotingNotAllowed) as error:
        # Of two forms that arrived at once this one was second. When it is the same form, sent twice, the voter gets the
        # receipt: the first answer never reaches the page.
        replayed = _was_cast_already(poll, prepared)
        if not replayed:
            raise error if isinstance(error, Refusal) else errors.BallotStale() from None
    deadline = deadline_of(poll)
    return Receipt(
        poll=poll,
        bid=bid,
        revision=revision,
        choice=choice,
        d=prepared["d"],
        nonce=prepared["nonce"],
        promise=promise(poll=poll.public_id, d=prepared["d"], deadline=int(deadline.timestamp())),
        deadline=deadline,
        replayed=replayed,
    )


def _was_cast_already(poll: Poll, prepared: Mapping[str, Any]) -> bool:
    earlier = Ballot.objects.filter(poll=poll, bid_tag=prepared["bid_tag"]).first()
    if earlier is None:
        return False
    same_voter = (earlier.tag, earlier.revision) == (prepared["tag"], prepared["d"]["rev"])
    if not same_voter or box().unseal(poll=poll.public_id, bodies=[earlier.body])[0]["d"] != prepared["d"]:
        raise errors.ReceiptNumberTaken()
    return True


def _why_not_again(poll: Poll, tag: str, revision: int) -> Refusal | None:
    """Whether the ballot with this number may follow the earlier ones of the voter."""
    earlier = list(Ballot.objects.filter(poll=poll, tag=tag).order_by("revision").values_list("body", flat=True))
    if earlier and poll.revote == Poll.Revote.NONE:
        (last,) = box().unseal(poll=poll.public_id, bodies=earlier[-1:])
        if last["d"]["bid"] not in tabulate.voided(poll):
            return errors.RevotingNotAllowed()
    return errors.BallotStale() if revision != len(earlier) else None


def close_poll(*, poll: Poll, by: Sequence[str] | None, at: datetime, reason: Localized | None = None) -> Poll:
    """Close the box for good. Ballots being cast at this moment are all in the count or all refused.

    `by` None: the clock. Else the pseudonyms of the two people who decided to close early, for a `reason`; whether they may
    is asked where they decide (`approvals`). Raises PollNotOpen, PollStillRuns.
    """
    with transaction.atomic():
        lock_exclusive(poll.topic)  # waits for casts in flight, then no cast gets past
        poll = Poll.objects.get(pk=poll.pk)
        if refusal := rules.why_not_close(poll):
            raise refusal
        if by is None and at < poll.closes_at:
            raise errors.PollStillRuns()
        poll.status = Poll.Status.CLOSED
        poll.closed_at = min(at, poll.closes_at)
        poll.save(update_fields=["status", "closed_at"])
        count = tabulate.counted(poll)
        record(
            "poll.closed",
            poll=poll.public_id,
            at=at,
            d={
                **({"reason": "scheduled"} if by is None else {"reason": "by_hand", **commitments.decided(reason or {}, by)}),
                "ballots": Ballot.objects.filter(poll=poll).count(),
                "ballots_sha256": tabulate.ballots_sha256(poll, count),
            },
        )
        if poll.visibility == Poll.Visibility.SEALED:
            record("openings.published", poll=poll.public_id, d=commitments.openings_published(count))
        announce(poll.topic, lambda: render_board(poll))
    return poll


def record_draw(
    *,
    poll: Poll,
    by: User | None,
    at: datetime,
    text: str | None = None,
    drand: Mapping[str, Any] | None = None,
) -> Draw:
    """Record what the lots of a closed poll follow from, for good; the clock then publishes the result.

    `text`: the record of a draw before witnesses. `drand`: chain and round together, as `draws.round_taken` reads them. One of
    them, as the poll said at opening. The fingerprint of the ballots must be public by now: else ballots could be chosen to suit
    the draw. Raises NotPermitted, DrawNotAwaited, DrawRecordedAlready, ClosingNotInLog, DrawFromElsewhere, DrawRefused,
    DrawRoundNotDue, DrawRoundNotYet.
    """
    with transaction.atomic():
        lock_exclusive(poll.topic)
        poll = Poll.objects.get(pk=poll.pk)
        if by is not None and not can(by, "poll.publish", poll):
            raise NotPermitted()
        if refusal := rules.why_not_record_draw(poll):
            raise refusal
        closed = draws.closing(poll)
        if closed is None:
            raise errors.ClosingNotInLog()
        evidence = draws.taken(poll, text=text, drand=drand, closed_at=closed["t"], at=at)
        return Draw.objects.create(poll=poll, evidence=evidence, recorded_at=at)


def publish_result(*, poll: Poll, by: User | None, at: datetime) -> Result:
    """Count the closed poll and publish a result act: the first one, or the next where the last one was superseded.

    What decides ties is shown only now, when the fingerprint of the ballots already stands in the log. Counting
    may take long, so it happens before the transaction; the fingerprint is looked at again inside.
    Raises NotPermitted, PollNotClosed, DrawAwaited, ClosingNotInLog, CountDiffersFromLog, VoidedMeanwhile.
    """
    poll = _may_publish(poll, by)
    closed = draws.closing(poll)
    if closed is None:
        raise errors.ClosingNotInLog()
    fingerprint = closed["d"]["ballots_sha256"]
    ballots = tabulate.counted(poll)
    outcome, published = tabulate.count_poll(poll, ballots, at_close=fingerprint, beacon=draws.beacon(poll))
    compared = _compared(poll, ballots, outcome)
    result_bytes = canonical.dumps(published)
    with transaction.atomic():
        lock_exclusive(poll.topic)
        poll = _may_publish(poll, by)
        count = tabulate.counted(poll)
        at_close = tabulate.counted(poll, void=tabulate.voided_at_close(poll))
        if tabulate.ballots_sha256(poll, at_close) != fingerprint:
            raise errors.CountDiffersFromLog()
        if tabulate.ballots_sha256(poll, count) != published["ballots_sha256"]:
            raise errors.VoidedMeanwhile()
        act = poll.results.count() + 1
        result = Result.objects.create(
            poll=poll,
            act=act,
            published_at=at,
            sha256=sha256(result_bytes).hexdigest(),
            outcome=published,
            why=tabulate.reasons(outcome),
            compared=compared,
        )
        put_blob(result_bytes, salted=False)
        if act == 1:
            record("participation.published", poll=poll.public_id, d=commitments.participation(poll))
        record("tally.published", poll=poll.public_id, d=commitments.tally_published(poll, count, result))
        poll.status = Poll.Status.PUBLISHED
        poll.save(update_fields=["status"])
        tabulate.refresh_board(poll)
        signals.result_published.send(Poll, poll=poll, result=result)
        announce(poll.topic, lambda: render_board(poll))
    return result


def _compared(poll: Poll, ballots: tabulate.Counted, outcome: Outcome) -> dict[str, list[str]]:
    """Information beside the result. A fault in it is our affair, and no reason to hold a result back."""
    try:
        return tabulate.compared(poll, ballots, outcome)
    except Exception:
        logger.exception("Poll %s is published without a comparison of rules.", poll.public_id)
        return {}


def _may_publish(poll: Poll, by: User | None) -> Poll:
    poll = Poll.objects.select_related("roll").get(pk=poll.pk)
    if by is not None and not can(by, "poll.publish", poll):
        raise NotPermitted()
    if refusal := rules.why_not_publish(poll):
        raise refusal
    return poll


def open_due_polls(*, at: datetime) -> None:
    """Open announced polls whose time has come."""
    for poll in _going_on(Poll.objects.to_open(at)):
        with _alone(poll), suppress(errors.PollNotDraft):  # somebody opened it by hand in between
            open_poll(poll=poll, by=None)


def finish_due_polls(*, at: datetime) -> None:
    """Close polls whose time is over, and publish those whose closing stands in the log and whose lots can be drawn."""
    for poll in _going_on(Poll.objects.due(at)):
        with _alone(poll), suppress(errors.PollNotOpen):  # somebody closed it by hand in between
            close_poll(poll=poll, by=None, at=at)
    for poll in _going_on(Poll.objects.countable()):
        with _alone(poll), suppress(errors.ClosingNotInLog, errors.PollNotClosed, errors.VoidedMeanwhile):  # next time
            publish_result(poll=poll, by=None, at=at)


def _going_on(polls: Iterable[Poll]) -> Iterator[Poll]:
    """Without those whose log was given up: they stay as they are, for neither closing nor result could be recorded."""
    return (poll for poll in polls if not log.is_given_up(poll.public_id))


@contextmanager
def _alone(poll: Poll) -> Iterator[None]:
    """What is wrong with one poll is said, and does not hold up the others. An outage of the database concerns them all."""
    try:
        yield
    except Refusal as refusal:
        logger.error("Poll %s was not finished: %s", poll.public_id, refusal.code)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("Poll %s was not finished.", poll.public_id)


def refresh_board(*, public_id: str) -> None:
    """Recompute what observers see, and tell them when it changed. Called after each mix and, for turnout, by the clock."""
    with transaction.atomic():
        lock_exclusive(f"refresh {public_id}")  # else an older count could overwrite a newer one
        poll = Poll.objects.filter(public_id=public_id, board__isnull=False).first()  # from opening on
        if poll is not None and tabulate.refresh_board(poll):
            announce(poll.topic, lambda: render_board(poll))


def tick(*, at: datetime) -> None:
    """What the clock does, again and again: open and finish polls that are due, and show turnout where only that is shown."""
    approvals.expire_overdue(at=at)
    open_due_polls(at=at)
    finish_due_polls(at=at)
    _refresh_turnout()
    destroy_settled_keys(at=at)


def destroy_settled_keys(*, at: datetime) -> None:
    """Destroy the keys of polls whose term for appeals is over: from then on nobody can tell whose ballot is whose."""
    for poll in Poll.objects.settled(at - timedelta(days=settings.APPEALS_DAYS)):
        if poll.pk not in _without_key and box().holds_key(poll=poll.public_id):
            box().destroy_key(poll=poll.public_id)
        _without_key.add(poll.pk)


_without_key: set[int] = set()
"""Polls that this process need not look at again."""


def _refresh_turnout() -> None:
    """Polls that show only turnout have nothing in the log to follow while they are open."""
    for poll in Poll.objects.filter(status=Poll.Status.OPEN, visibility=Poll.Visibility.TURNOUT):
        refresh_board(public_id=poll.public_id)


def record_delivery(
    *,
    option: Option,
    by: User | None,
    status: str,
    at: datetime,
    note: Localized | None = None,
    spent: int = 0,
    due_at: datetime | None = None,
) -> Delivery:
    """Tell what happened to a winning project. `spent` is all that was spent on it so far."""
    if by is not None and not can(by, "delivery.record", option):
        raise NotPermitted()
    return Delivery.objects.create(
        option=option, status=status, happened_at=at, note=note or {}, spent=spent, due_at=due_at
    )


def new_receipt_number() -> str:
    """A receipt number for a form or a command; the voter's own device replaces it where it can."""
    return token_hex(16)
