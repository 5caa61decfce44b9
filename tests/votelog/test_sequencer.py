from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from django.db import transaction

from ballotbox import box
from ballotbox.errors import NoSuchKey
from merkle.tree import leaf_hash
from tests.votelog import make
from votelog import log, mixing, sequencer
from votelog.actions import record
from votelog.entries import read
from votelog.mixing import Waiting
from votelog.models import Checkpoint, Event, Pending
from votelog.signals import entries_published

pytestmark = pytest.mark.django_db


def rows(*written: str) -> list[Waiting]:
    """`a3` a ballot of poll a with k=3, `a-` one that waits for the close, `a!` the close of poll a, `a.` other news of it."""
    made = []
    for number, word in enumerate(written, start=1):
        ballot = word[1:] not in "!."
        k = int(word[1:]) if word[1:].isdigit() else None
        d: dict[str, Any] = {"cred": str(number), "rev": 0} if ballot else {}
        made.append(Waiting(number, word[0], "ballot.cast" if ballot else {"!": "poll.closed", ".": "x.y"}[word[1]], None, k, d))
    return made


def groups(waiting: str) -> list[int | set[int]]:
    """What enters: numbers of news, and sets of ballots, each of which its summary follows."""
    found: list[int | set[int]] = []
    group: set[int] = set()
    for row in mixing.in_order(rows(*waiting.split())):
        if row.kind == "intake.summary":
            assert row.d == {"accepted": len(group), "voters": len(group)}
            found.append(group)
            group = set()
        elif row.kind == "ballot.cast":
            group.add(row.id)
        else:
            assert not group, "a group is interrupted"
            found.append(row.id)
    assert not group, "a group without a summary"
    return found


@pytest.mark.parametrize(
    ("waiting", "entering"),
    [
        ("", []),
        ("a3 a3 a3 a3 a3", []),
        ("a1", [{1}]),
        ("a- a- a- a-", []),
        ("a1 a-", []),
        ("a1 a2", []),
        ("a1 b2 a1 b3", [{1, 3}]),
        ("a3 a!", [{1}, 2]),
        ("a3 a.", [2]),
        ("a- a- a! a- a-", [{1, 2}, 3]),
        ("a3 b! a3", [2]),
        ("b! a1 a1", [1, {2, 3}]),
        ("a. a3 b3 a! b! b3", [1, {2}, 4, {3}, 5]),
    ],
)
def test_groups_enter_when_they_are_large_enough_or_their_poll_closes(waiting: str, entering: list[int | set[int]]) -> None:
    assert groups(waiting) == entering


@pytest.mark.parametrize(("waiting", "leaving"), [(6, 3), (7, 4), (20, 17)])
def test_k_voters_chosen_at_random_stay_behind_for_the_next_group(waiting: int, leaving: int) -> None:
    left: Counter[int] = Counter()
    for _ in range(400):
        (group,) = groups(" ".join(["a3"] * waiting))
        assert isinstance(group, set)
        assert len(group) == leaving
        left.update(group)
    assert set(left) == set(range(1, waiting + 1)), "everybody leaves at times"


def test_no_group_has_fewer_than_k_voters_however_ballots_arrive() -> None:
    arrivals = random.Random(7)
    for k in (2, 3, 10):
        for total in (k, 2 * k, 2 * k + 1, 5 * k, 50):
            waiting, sizes = [], []
            for row in rows(*[f"a{k}"] * total, "a!"):
                waiting.append(row)
                if row.kind == "poll.closed" or arrivals.random() < 0.4:
                    ordered = mixing.in_order(waiting)
                    sizes += [summary.d["voters"] for summary in ordered if summary.kind == "intake.summary"]
                    waiting = [row for row in waiting if row.id not in {entered.id for entered in ordered}]
            assert waiting == []
            assert sum(sizes) == total
            assert min(sizes) >= k


def test_a_group_is_shuffled_by_the_operating_system_and_every_order_is_as_likely() -> None:
    assert isinstance(mixing._random, random.SystemRandom)
    ballots = rows("a3", "a3", "a3", "a!")
    seen = Counter("".join(str(row.id) for row in mixing.in_order(ballots)[:3]) for _ in range(3000))
    # Six orders, 500 of each expected with a standard deviation of 20.4.
    assert len(seen) == 6
    assert all(350 < times < 650 for times in seen.values())


def test_somebody_who_votes_again_and_again_is_one_in_a_group_and_cannot_single_others_out() -> None:
    again = [row._replace(d={"cred": "a", "rev": row.id}) for row in rows(*["a2"] * 9)]
    others = [row._replace(id=row.id + 20, d={"cred": f"v{row.id}", "rev": 0}) for row in rows("a2", "a2", "a2")]
    assert mixing.in_order([*others[:2], *again]) == []
    *group, summary = mixing.in_order([*others, *again])
    assert summary.d["voters"] == len({row.d["cred"] for row in group}) == 2


def test_ballots_of_one_credential_in_one_group_stay_together_in_the_order_of_their_revisions() -> None:
    mix = [row._replace(d={"cred": str(row.id % 2), "rev": row.id // 2}) for row in rows(*["a2"] * 6)]
    close = rows("a!")[0]._replace(id=9)
    orders = set()
    for _ in range(200):
        ordered = mixing.in_order([*mix, close])[:6]
        for cred in "01":
            revisions = [row.d["rev"] for row in ordered if row.d["cred"] == cred]
            assert revisions == sorted(revisions)
        orders.add(tuple(row.d["cred"] for row in ordered))
    assert len(orders) == 20  # every way in which two credentials can share six places


def test_ballots_lie_shut_until_they_enter_the_log() -> None:
    make.opened()
    make.cast(1, 2, k=3)
    sequencer.run_once()
    ballots = list(Pending.objects.values_list("body", flat=True))
    assert len({len(body) for body in ballots}) == 1
    for number, body in zip((1, 2), ballots, strict=True):
        assert make.bid(number) not in body
        assert make.ballot(number)["cred"] not in body
    box().destroy_key(poll="p1")
    make.closed(ballots=2)
    with pytest.raises(NoSuchKey):
        sequencer.run_once()
    assert Pending.objects.filter(kind="ballot.cast").count() == 2


def test_the_first_pass_opens_the_log() -> None:
    published = sequencer.run_once()
    entry = read(Event.objects.get().body)
    assert (entry["type"], entry["poll"], entry["n"], entry["prev"]) == ("log.opened", "", 0, make.Z)
    assert set(entry["d"]) == {"origin", "vkey", "receipt_vkey", "software"}
    assert entry["d"]["origin"] == log.origin() == f"vote.example.org/log/{log.current_shard()}"
    assert entry["d"]["vkey"] == log.vkey()
    assert set(entry["d"]["software"]) == {"name", "version", "commit"}
    assert (published.size, published.polls) == (1, {})
    assert sequencer.run_once() == published
    assert Checkpoint.objects.count() == 1


def test_a_poll_enters_with_its_chain_and_what_only_the_sequencer_knows() -> None:
    published = make.small_log(ballots=4)
    events = list(Event.objects.order_by("idx"))
    entries = [read(event.body) for event in events]
    assert [event.idx for event in events] == list(range(11))
    assert published.polls == {"p1": range(10)}
    assert make.kinds() == [
        *("poll.created", "roll.committed", "credentials.committed", "poll.opened"),
        *["ballot.cast"] * 4,
        "intake.summary",
        "poll.closed",
    ]
    for event, entry in zip(events, entries, strict=True):
        assert bytes(event.leaf) == leaf_hash(event.body.encode())
        assert (event.poll, event.n, event.kind) == (entry["poll"], entry["n"], entry["type"])
        assert ("t" in entry) == (entry["type"] != "ballot.cast")
    poll = entries[1:]
    leaves = [bytes(event.leaf).hex() for event in events[1:]]
    assert [entry["prev"] for entry in poll] == [make.Z, *leaves[:-1]]
    assert poll[3]["d"] == {"config": leaves[0], "roll": leaves[1]}
    assert poll[9]["d"]["last_n"] == 8
    assert sorted(make.bids()) == [make.bid(n) for n in range(4)]
    assert not Pending.objects.exists()


def test_what_opens_later_finds_its_configuration_in_the_log() -> None:
    make.opened("p1")
    with transaction.atomic():
        record("poll.created", poll="p2", d={"method": "x"})
        record("roll.committed", poll="p2", d={"roll": "r2"})
    sequencer.run_once()
    with transaction.atomic():
        record("poll.opened", poll="p2", d={})
    sequencer.run_once()
    created, roll, opened = log.events("p2")
    assert read(opened.body)["d"] == {"config": bytes(created.leaf).hex(), "roll": bytes(roll.leaf).hex()}


def test_fewer_than_k_ballots_wait_until_enough_have_come_or_the_poll_closes() -> None:
    make.opened()
    make.cast(*range(5), k=3)
    sequencer.run_once()
    assert make.bids() == []
    make.cast(5, k=3)
    assert sequencer.run_once().polls == {"p1": range(4, 8)}
    assert len(make.bids()) == 3
    make.cast(6, k=3)
    sequencer.run_once()
    assert len(make.bids()) == 3
    make.closed(ballots=7)
    assert sequencer.run_once().polls == {"p1": range(8, 14)}
    assert sorted(make.bids()) == [make.bid(n) for n in range(7)]
    assert make.kinds()[-3:] == ["ballot.cast", "intake.summary", "poll.closed"]


def test_ballots_that_are_held_enter_at_the_close_of_their_own_poll_only() -> None:
    make.opened("p1")
    make.opened("p2")
    make.cast(*range(20), poll="p1", k=None)
    make.closed("p2")
    assert sequencer.run_once().polls["p1"] == range(4)
    make.closed("p1", ballots=20)
    assert sequencer.run_once().polls == {"p1": range(4, 26)}


def test_ballots_do_not_enter_in_the_order_in_which_they_came() -> None:
    make.opened()
    make.cast(*range(30), k=30)
    make.closed(ballots=30)
    sequencer.run_once()
    arrived = [make.bid(n) for n in range(30)]
    assert make.bids() != arrived  # by chance once in 30! runs
    assert sorted(make.bids()) == arrived


def test_other_apps_are_told_and_their_failures_do_not_stop_the_log() -> None:
    heard: list[dict[str, Any]] = []

    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    def hear(**news: Any) -> None:
        heard.append(news)

    entries_published.connect(fail)
    entries_published.connect(hear)
    try:
        published = make.small_log()
        sequencer.run_once()
    finally:
        entries_published.disconnect(fail)
        entries_published.disconnect(hear)
    (news,) = heard
    assert (news["polls"], news["size"], news["root"]) == ({"p1": range(9)}, 10, published.root)


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_run_in_a_transaction() -> None:
    with transaction.atomic():
        record("poll.created", poll="p1", d={})
        with pytest.raises(RuntimeError):
            sequencer.run_once()


def test_ten_thousand_ballots_enter_in_one_pass() -> None:
    make.opened()
    bodies = [make.shut("p1", make.ballot(n)) for n in range(10_000)]
    Pending.objects.bulk_create(Pending(poll="p1", kind="ballot.cast", k=1, body=body) for body in bodies)
    assert sequencer.run_once().polls == {"p1": range(10_005)}
    assert sequencer.run_once().size == 10_006
    assert log.find_ballot("p1", make.bid(77)) is not None
