"""What two people together may change about a poll after it was announced: each a public entry of the log, with the reason.

Who may ask and approve is the business of `approvals`, which calls these in the transaction of the approval. `actors` are the
pseudonyms of the two, who asked first. Order of work as everywhere: lock, ask, change, record, announce.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import override

from common.localized import Localized
from common.locks import lock_exclusive
from eligibility import actions as eligibility
from realtime.actions import announce
from votelog.actions import record
from voting import actions, change_errors, change_rules, commitments, kinds, rules, tabulate
from voting.board import render_board
from voting.models import Option, Poll
from voting.void_reasons import VOID_REASONS

Actors = Sequence[str]


@contextmanager
def _changing(poll: Poll) -> Iterator[Poll]:
    with transaction.atomic():
        lock_exclusive(poll.topic)
        poll = Poll.objects.select_related("roll").get(pk=poll.pk)
        yield poll
        announce(poll.topic, lambda: render_board(poll))


def amend_poll(*, poll: Poll, fields: Mapping[str, Any], reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Announce an announced poll anew, with other `fields`, as `amended` reads them.

    Raises PollNotFrozen, NothingAmended, TitleMissing, OpeningInPast, CloseBeforeOpening, and what freeze_poll raises.
    """
    with _changing(poll) as poll:
        if refusal := change_rules.why_not_amend(poll):
            raise refusal
        after, options = amended(poll, fields, at=at)
        after.save(update_fields=["title", "question", "opens_at", "closes_at", "budget", "rule", "ballot"])
        Option.objects.bulk_update(options, ["title", "cost"])
        if refusal := rules.why_not_announce(after):
            raise refusal
        d = commitments.poll_created(after, origin="") | commitments.decided(reason, actors)
        record("poll.amended", poll=poll.public_id, at=at, d=d)
    return after


def amended(poll: Poll, fields: Mapping[str, Any], *, at: datetime) -> tuple[Poll, list[Option]]:
    """The poll and its options as they would be, not saved.

    `fields`: any of title, question (by language), opens_at, closes_at (unix seconds), budget, rule, ballot, and options:
    `{key: {"title": …, "cost": …}}`. What is not named stays. Raises NothingAmended, TitleMissing,
    and what rule and ballot are refused for.
    """
    after = Poll.objects.get(pk=poll.pk)
    options = list(after.options.all())
    before = [(option.title, option.cost) for option in options]
    for name in ("title", "question", "budget"):
        setattr(after, name, fields.get(name, getattr(poll, name)))
    for name in ("opens_at", "closes_at"):
        if name in fields:
            setattr(after, name, datetime.fromtimestamp(fields[name], UTC))
    if "ballot" in fields:
        after.ballot = kinds.full_ballot(fields["ballot"])
    if "rule" in fields:
        after.rule = rules.full_rule(poll.method, fields["rule"])
    for option in options:
        change = fields.get("options", {}).get(option.key, {})
        option.title, option.cost = change.get("title", option.title), change.get("cost", option.cost)
    named = ("title", "question", "opens_at", "closes_at", "budget", "rule", "ballot")
    same = all(getattr(after, name) == getattr(poll, name) for name in named)
    if same and before == [(option.title, option.cost) for option in options]:
        raise change_errors.NothingAmended()
    if not all(any(title.values()) for title in [after.title, *(option.title for option in options)]):
        raise change_errors.TitleMissing()
    if refusal := change_rules.why_not_amend_so(poll, after, at=at):
        raise refusal
    return after, options


def extend_poll(*, poll: Poll, closes_at: datetime, reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Leave an open poll open longer. Raises PollNotOpen, CloseHasPassed, CloseNotLater, CloseTooLate."""
    with _changing(poll) as poll:
        if refusal := change_rules.why_not_extend(poll, closes_at=closes_at, at=at):
            raise refusal
        poll.announced_close = poll.announced_close or poll.closes_at
        poll.closes_at = closes_at
        poll.save(update_fields=["announced_close", "closes_at"])
        d = {"closes_at": int(closes_at.timestamp())} | commitments.decided(reason, actors)
        record("poll.extended", poll=poll.public_id, at=at, d=d)
    return poll


def pause_poll(*, poll: Poll, reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Accept no ballots until it is resumed. Raises PollNotOpen, CloseHasPassed, PausedAlready."""
    with _changing(poll) as poll:
        if refusal := change_rules.why_not_pause(poll, at=at):
            raise refusal
        poll.paused = True
        poll.save(update_fields=["paused"])
        record("poll.paused", poll=poll.public_id, at=at, d=commitments.decided(reason, actors))
    return poll


def resume_poll(*, poll: Poll, reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Accept ballots again. Raises PollNotOpen, CloseHasPassed, NotPaused."""
    with _changing(poll) as poll:
        if refusal := change_rules.why_not_resume(poll, at=at):
            raise refusal
        poll.paused = False
        poll.save(update_fields=["paused"])
        record("poll.resumed", poll=poll.public_id, at=at, d=commitments.decided(reason, actors))
    return poll


def close_poll_early(*, poll: Poll, reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Close before the time. Raises PollNotOpen, CloseHasPassed."""
    with transaction.atomic():
        lock_exclusive(poll.topic)
        poll.refresh_from_db()
        if refusal := change_rules.why_not_close_early(poll, at=at):
            raise refusal
        return actions.close_poll(poll=poll, by=actors, at=at, reason=reason)


def void_ballot(*, poll: Poll, bid: str, reason_code: str, reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Take the ballot with this receipt number out of the count. It stays in the log; one that it replaced does not come back.

    `reason`: the grounds, as published. After a result the act is superseded, and the clock publishes the next one.
    Raises PollNotOpen, BallotNotInLog, BallotVoidedAlready, AppealsOver.
    """
    with _changing(poll) as poll:
        if refusal := change_rules.why_not_void(poll, bid=bid, at=at):
            raise refusal
        d = {
            "bid": bid,
            "reason_code": reason_code,
            "rule_sha256": commitments.text_blob(_in_every_language(reason_code)),
            "evidence_sha256": commitments.text_blob(reason),
            "actors": list(actors),
        }
        record("ballot.voided", poll=poll.public_id, at=at, d=d)
        if poll.status == Poll.Status.PUBLISHED:
            _supersede(poll, reason, actors, at)
        tabulate.refresh_board(poll)
    return poll


def _in_every_language(reason_code: str) -> Localized:
    found = {}
    for language in ("en", "fa"):
        with override(language):
            found[language] = str(VOID_REASONS[reason_code].rule)
    return found


def supersede_result(*, poll: Poll, reason: Localized, actors: Actors, at: datetime) -> Poll:
    """Say that the newest result act no longer holds; the clock counts again and publishes the next one, with the same lots.

    Raises NoResultYet, AppealsOver.
    """
    with _changing(poll) as poll:
        if refusal := change_rules.why_not_supersede(poll, at=at):
            raise refusal
        _supersede(poll, reason, actors, at)
    return poll


def _supersede(poll: Poll, reason: Localized, actors: Actors, at: datetime) -> None:
    newest = poll.results.first()
    assert newest is not None  # noqa: S101 -- a published poll has a result
    d = {"act": newest.act} | commitments.decided(reason, actors)
    record("tally.superseded", poll=poll.public_id, at=at, d=d)
    poll.status = Poll.Status.CLOSED
    poll.save(update_fields=["status"])


def on_the_same_roll(poll: Poll) -> list[Poll]:
    """The open polls that get the places added to this poll's roll."""
    return list(Poll.objects.filter(roll=poll.roll_id, status=Poll.Status.OPEN).order_by("public_id"))


def add_places(*, poll: Poll, count: int, reason: Localized, actors: Actors, at: datetime) -> list[str]:
    """Add empty places to the roll of an open poll, and of every other open poll on the same roll. Answers their invitation
    codes, of which only hashes are kept. Raises PollNotOpen, CloseHasPassed, TooFewPlaces, TooManyPlaces.
    """
    with transaction.atomic():
        lock_exclusive(actions.roll_lock(poll))
        polls = on_the_same_roll(poll)
        for affected in polls:  # always in this order
            lock_exclusive(affected.topic)
        polls = [affected for affected in on_the_same_roll(poll) if affected in polls]  # one may have closed meanwhile
        poll = Poll.objects.select_related("roll").get(pk=poll.pk)
        if refusal := change_rules.why_not_add_places(poll, polls, count=count, at=at):
            raise refusal
        codes = [_new_code() for _ in range(count)]
        added = eligibility.add_places(roll=poll.roll, codes=codes)
        for affected in polls:
            d = commitments.roll_changed(poll.roll, added) | commitments.decided(reason, actors)
            record("roll.changed", poll=affected.public_id, at=at, d=d)
            d = commitments.credentials_committed(affected, added)
            record("credentials.committed", poll=affected.public_id, at=at, d=d)
            affected.roll_count = added[-1].index + 1
            affected.save(update_fields=["roll_count"])
            _announce_board(affected)
    return codes


def _announce_board(poll: Poll) -> None:
    announce(poll.topic, lambda: render_board(poll))


_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def _new_code() -> str:
    """Twelve letters and digits that cannot be mistaken for each other: 59 bits, in groups of four."""
    letters = [secrets.choice(_LETTERS) for _ in range(12)]
    return "-".join("".join(letters[at : at + 4]) for at in (0, 4, 8))
