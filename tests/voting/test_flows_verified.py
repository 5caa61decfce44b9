"""Unusual lives of polls, each told by the server from end to end, and checked by the stand-alone verifier on what is served."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from eligibility import actions as eligibility
from incidents.actions import declare_incident, erase_text
from objections.actions import answer_objection, confirm_objection, file_objection
from outbox.models import Mail
from processes.models import Phase
from tests import make
from votelog import log, sequencer
from votelog.models import Blob, Event
from voting import actions, changes
from voting.models import Poll

ROOT = Path(__file__).resolve().parent.parent.parent
START = datetime(2026, 12, 20, 12, tzinfo=UTC)
WHY = {"en": "A storm.", "fa": "توفان."}
SEALED, TURNOUT = Poll.Visibility.SEALED, Poll.Visibility.TURNOUT


class World:
    """A clock that stands still until it is moved, people, and what can happen to polls."""

    def __init__(self, clock: Any, settings: Any) -> None:
        self.clock, self.settings = clock, settings
        self.people = make.users(24)
        self.roll = make.roll(*self.people)

    def opened(self, **fields: Any) -> Poll:
        usual: dict[str, Any] = {"opens_at": START - timedelta(hours=1), "closes_at": START + timedelta(days=2), "mix_k": 2}
        return actions.open_poll(poll=make.poll(roll=self.roll, **usual | fields), by=None)

    def cast(self, poll: Poll, *numbers: int, choice: str = "o1") -> list[str]:
        found = [make.cast(fresh(poll), self.people[number], choice).bid for number in numbers]
        sequencer.run_once()
        return found

    def change(self, what: Callable[..., Any], poll: Poll, **more: Any) -> Any:
        actors = ("a" * 32, "b" * 32)
        found = what(poll=poll, reason=WHY, actors=actors, at=timezone.now(), **more)
        sequencer.run_once()
        return found

    def void(self, poll: Poll, bid: str) -> None:
        self.change(changes.void_ballot, fresh(poll), bid=bid, reason_code="technical_fault")

    def until(self, when: datetime) -> None:
        self.clock.move_to(when)
        self.tick()

    def tick(self) -> None:
        for _ in range(2):  # what is closed is counted when the closing stands in the log
            actions.tick(at=timezone.now())
            sequencer.run_once()

    def finish(self, poll: Poll) -> Poll:
        self.until(fresh(poll).closes_at)
        assert fresh(poll).status == Poll.Status.PUBLISHED
        return fresh(poll)


def fresh(poll: Poll) -> Poll:
    return Poll.objects.get(pk=poll.pk)


def standing_in_log(poll: Poll, bids: list[str]) -> list[str]:
    return [bid for bid in bids if log.find_ballot(poll.public_id, bid)]


def tally(poll: Poll) -> dict[str, Any]:
    found: dict[str, Any] = list(log.entries(poll.public_id, kind="tally.published"))[-1]["d"]
    return found


Flow = Callable[[World], list[Poll]]
FLOWS: list[Flow] = []


def flow(tell: Flow) -> Flow:
    FLOWS.append(tell)
    return tell


@flow
def amended_twice_and_opened_by_the_clock_under_the_last_rules(world: World) -> list[Poll]:
    poll = make.poll(roll=world.roll, mix_k=2, visibility=SEALED, opens_at=START + timedelta(hours=1))
    actions.freeze_poll(poll=poll, by=None)
    world.change(changes.amend_poll, poll, fields={"budget": 90, "opens_at": int(START.timestamp()) + 7200})
    fields = {"ballot": {"approve": {"max": 2}}, "options": {"o1": {"title": {"fa": "پل"}, "cost": 85}}}
    world.change(changes.amend_poll, fresh(poll), fields=fields)
    world.until(START + timedelta(hours=2))
    world.cast(poll, *range(9))
    world.finish(poll)
    return [poll]


@flow
def amended_and_opened_before_the_log_has_seen_either(world: World) -> list[Poll]:
    poll = make.poll(roll=world.roll, mix_k=1, opens_at=START - timedelta(hours=1))
    actions.freeze_poll(poll=poll, by=None)
    changes.amend_poll(poll=poll, fields={"budget": 70}, reason=WHY, actors=("a" * 32, "b" * 32), at=timezone.now())
    actions.open_poll(poll=fresh(poll), by=None)
    world.cast(poll, 1, 2, 3, choice="o3")
    world.finish(poll)
    return [poll]


@flow
def extended_twice_with_ballots_after_the_first_close(world: World) -> list[Poll]:
    poll = world.opened(closes_at=START + timedelta(days=2, microseconds=700_000))
    world.cast(poll, *range(5))
    world.change(changes.extend_poll, poll, closes_at=START + timedelta(days=3))
    world.until(START + timedelta(days=2, hours=12))
    world.cast(poll, *range(3, 11), choice="o2")
    world.change(changes.extend_poll, poll, closes_at=START + timedelta(days=32))
    world.finish(poll)
    return [poll]


@flow
def extended_and_then_closed_by_hand(world: World) -> list[Poll]:
    poll = world.opened(visibility=TURNOUT)
    world.cast(poll, *range(7))
    world.change(changes.extend_poll, poll, closes_at=START + timedelta(days=20))
    world.until(START + timedelta(days=4))
    world.change(changes.close_poll_early, poll)
    world.tick()
    return [poll]


@flow
def paused_with_a_ripe_group_and_closed_while_paused(world: World) -> list[Poll]:
    poll = world.opened()
    for number in range(9):
        make.cast(poll, world.people[number], "o1")  # the log has not looked yet
    world.change(changes.pause_poll, poll)
    world.void(poll, standing_in_log(poll, [e["d"]["bid"] for e in log.entries(poll.public_id, kind="ballot.cast")])[0])
    world.change(changes.extend_poll, poll, closes_at=START + timedelta(days=4))
    world.finish(poll)
    return [poll]


@flow
def paused_and_resumed_twice_within_one_pass_of_the_log(world: World) -> list[Poll]:
    poll = world.opened(visibility=SEALED)
    world.cast(poll, *range(6))
    two: dict[str, Any] = {"reason": WHY, "actors": ("a" * 32, "b" * 32), "at": timezone.now()}
    for number in (6, 7):
        changes.pause_poll(poll=poll, **two)
        changes.resume_poll(poll=poll, **two)
        make.cast(fresh(poll), world.people[number], "o4")
    world.change(changes.pause_poll, poll)
    world.change(changes.close_poll_early, poll)
    world.tick()
    return [poll]


@flow
def voided_while_the_next_ballot_of_the_same_voter_waits(world: World) -> list[Poll]:
    poll = world.opened(mix_k=3)
    bids = world.cast(poll, *range(8))
    first = standing_in_log(poll, bids)[0]
    again = bids.index(first)
    world.cast(poll, again, choice="o2")
    assert len(standing_in_log(poll, bids)) < 8, "some wait"
    world.void(poll, first)
    world.finish(poll)
    assert (tally(poll)["counted"], tally(poll)["voided"]) == (8, 1), "the later ballot counts"
    return [poll]


@flow
def sealed_with_voids_before_the_close_after_it_and_after_the_result(world: World) -> list[Poll]:
    poll = world.opened(visibility=SEALED, mix_k=1, seed_source=Poll.SeedSource.PUBLIC_DRAW)
    once = world.cast(poll, *range(6))
    twice = world.cast(poll, 0, 1, choice="o2")
    world.void(poll, once[0])  # replaced already
    world.void(poll, twice[1])  # the last word of its voter
    world.until(START + timedelta(days=2))
    assert fresh(poll).status == Poll.Status.CLOSED
    world.void(poll, once[2])  # closed, its opening is published, not counted yet
    actions.record_draw(poll=poll, by=None, at=timezone.now(), text="Balls 3, 1 and 4.\n")
    world.tick()
    assert (tally(poll)["counted"], tally(poll)["replaced"], tally(poll)["voided"]) == (4, 1, 3)
    world.void(poll, once[3])
    world.tick()
    assert (tally(poll)["act"], tally(poll)["counted"], tally(poll)["voided"]) == (2, 3, 4)
    return [poll]


@flow
def sealed_and_every_ballot_void_before_the_close(world: World) -> list[Poll]:
    poll = world.opened(visibility=SEALED, mix_k=1)
    for bid in world.cast(poll, 1, 2, 3):
        world.void(poll, bid)
    world.finish(poll)
    assert tally(poll)["counted"] == 0
    return [poll]


@flow
def cast_again_after_a_void_where_nobody_may_change_a_ballot(world: World) -> list[Poll]:
    poll = world.opened(revote="none", mix_k=1)
    (first, *_) = world.cast(poll, 0, 1, 2)
    world.void(poll, first)
    (second,) = world.cast(poll, 0, choice="o2")
    world.void(poll, second)
    world.cast(poll, 0, choice="o3")
    world.finish(poll)
    assert (tally(poll)["counted"], tally(poll)["replaced"], tally(poll)["voided"]) == (3, 0, 2)
    return [poll]


@flow
def enlarged_twice_beside_another_poll_on_the_same_roll(world: World) -> list[Poll]:
    first = world.opened(visibility=SEALED)
    second = world.opened(visibility=TURNOUT, mix_k=3, process=first.process, closes_at=START + timedelta(days=3))
    third = make.poll(roll=world.roll, mix_k=1, process=first.process, opens_at=START + timedelta(hours=1))
    actions.freeze_poll(poll=third, by=None)
    world.cast(first, *range(9))
    world.change(changes.pause_poll, second)
    for name in ("early@example.org", "late@example.org"):
        codes = world.change(changes.add_places, first, count=3)
        person = make.user(name)
        eligibility.redeem_code(user=person, code=codes[1])
        make.cast(fresh(first), person, "o4")
        world.clock.shift(timedelta(hours=2))
        world.tick()  # the third opens between the two
    world.change(changes.resume_poll, second)
    make.cast(fresh(second), person, "o2")
    make.cast(fresh(third), person, "o2")
    for poll in (first, third, second):
        world.finish(poll)
    return [first, second, third]


@flow
def without_a_single_ballot_under_each_visibility(world: World) -> list[Poll]:
    process = make.process()
    polls = [world.opened(visibility=visibility, process=process) for visibility in Poll.Visibility.values]
    for poll in polls:
        world.finish(poll)
    return polls


@flow
def a_poll_of_groups_of_one_in_which_somebody_votes_again_and_again(world: World) -> list[Poll]:
    poll = world.opened(mix_k=1)
    for choice in ("o1", "o2", "o3"):
        for number in (1, 2, 1):
            make.cast(poll, world.people[number], choice)
    sequencer.run_once()
    world.cast(poll, 1)
    world.finish(poll)
    assert (tally(poll)["counted"], tally(poll)["replaced"]) == (2, 8)
    return [poll]


@flow
def superseded_twice_with_a_tie_that_the_same_lots_decide(world: World) -> list[Poll]:
    poll = world.opened(costs=(60, 60, 60), mix_k=1)
    for number, choice in enumerate(("o1", "o2", "o3")):
        world.cast(poll, number, choice=choice)
    world.finish(poll)
    for _ in range(2):
        world.change(changes.supersede_result, fresh(poll))
        world.tick()
    acts = list(fresh(poll).results.all())
    assert [act.act for act in acts] == [3, 2, 1]
    assert len({act.sha256 for act in acts}) == 1, "nothing was different"
    return [poll]


@flow
def objected_to_before_and_after_the_result_with_a_text_erased(world: World) -> list[Poll]:
    poll = world.opened(visibility=TURNOUT)
    staff = make.user("staff@example.org", is_staff=True)
    _object(world, poll, staff, answer=True)
    world.cast(poll, *range(5))
    two = ("a" * 32, "b" * 32)
    declare_incident(poll=poll.public_id, code="outage", text=WHY, actors=two, at=timezone.now())
    world.finish(poll)
    _object(world, poll, staff, answer=False)
    (filed, *_) = log.entries(poll.public_id, kind="objection.filed")
    erase_text(target=filed["d"]["text_sha256"], basis="legal_order", actors=two, at=timezone.now())
    sequencer.run_once()
    return [poll]


def _object(world: World, poll: Poll, staff: User, *, answer: bool) -> None:
    sent = {"name": "", "email": "o@example.org", "language": "en", "text": "This poll was not announced in our street. " * 2}
    waiting = file_objection(poll=fresh(poll), at=timezone.now(), base_url="https://vote.example.org/", **sent)
    mail = Mail.objects.order_by("pk").last()
    code = re.search(r"code=([0-9]{8})", mail.body if mail else "")
    assert code is not None
    objection = confirm_objection(handle=waiting.handle, code=code[1], at=timezone.now())
    if answer:
        said = {"finding": "partly", "text": "It hangs there since yesterday.", "language": "en", "base_url": "https://x.example/"}
        answer_objection(objection=objection, by=staff, at=timezone.now(), **said)
    sequencer.run_once()


@flow
def over_the_turn_of_the_year_until_its_log_is_closed(world: World) -> list[Poll]:
    poll = world.opened(closes_at=START + timedelta(days=14), visibility=SEALED)
    Phase.objects.update(ends_at=START + timedelta(days=60))
    world.cast(poll, *range(7))
    world.until(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    late = {"opens_at": START + timedelta(days=11), "closes_at": START + timedelta(days=16)}
    young = world.opened(process=poll.process, **late)
    world.cast(poll, *range(5, 12), choice="o2")
    world.cast(young, *range(6))
    for one in (poll, young):
        world.finish(one)
    world.until(START + timedelta(days=20 + world.settings.APPEALS_DAYS))
    assert log.shards() == ["2026", "2027"]
    assert not log.takes_entries(poll.public_id), "the old log is closed"
    return [poll, young]


@flow
def a_text_erased_in_the_new_year_while_its_log_goes_on(world: World) -> list[Poll]:
    poll = world.opened(closes_at=START + timedelta(days=14))
    _object(world, poll, make.user("staff@example.org", is_staff=True), answer=True)
    world.until(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    (filed, *_) = log.entries(poll.public_id, kind="objection.filed")
    two = ("a" * 32, "b" * 32)
    erase_text(target=filed["d"]["text_sha256"], basis="legal_order", actors=two, at=timezone.now())
    declare_incident(poll="", code="other", text=WHY, actors=two, at=timezone.now())
    sequencer.run_once()
    own = Event.objects.filter(poll="", kind__in=["erasure.recorded", "incident.declared"]).order_by("kind")
    assert list(own.values_list("kind", "shard")) == [("erasure.recorded", "2026"), ("incident.declared", "2027")]
    world.finish(poll)
    return [poll]


@pytest.mark.django_db
@pytest.mark.parametrize("tell", FLOWS, ids=lambda tell: tell.__name__.replace("_", " "))
def test_the_verifier_passes_on_a_poll(tell: Flow, settings: Any) -> None:
    with time_machine.travel(START, tick=False) as clock:
        world = World(clock, settings)
        polls = tell(world)
        sequencer.run_once()
    for poll in polls:
        verdict = verify(settings.LOG_DIR / log.shard_of(poll.public_id), poll)
        assert verdict.returncode == 0, verdict.stdout + verdict.stderr
        assert "PASS C16" in verdict.stdout and "FAIL" not in verdict.stdout


def verify(folder: Path, poll: Poll) -> subprocess.CompletedProcess[str]:
    """On the folder as it is served: what the log wrote, and the blobs."""
    (folder / "blob").mkdir(exist_ok=True)
    for blob in Blob.objects.all():
        (folder / "blob" / blob.sha256).write_bytes(blob.data)
    command = [sys.executable, "-m", "verifier", "poll", str(folder), poll.public_id]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
