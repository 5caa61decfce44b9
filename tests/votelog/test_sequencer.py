from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from django.db import transaction

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
    """`a3` a ballot of poll a with k=3, `a-` one that waits for a barrier, `a!` a barrier of poll a."""
    made = []
    for number, word in enumerate(written):
        ballot = word[1] != "!"
        k = int(word[1]) if word[1].isdigit() else None
        d: dict[str, Any] = {"cred": str(number), "rev": 0} if ballot else {}
        made.append(Waiting(number, word[0], "ballot.cast" if ballot else "x.y", None, k, d))
    return made


@pytest.mark.parametrize(
    ("waiting", "entering"),
    [
        ("", []),
        ("a3 a3", []),
        ("a3 a3 a3", [{0, 1, 2}]),
        ("a3 a3 a3 a3 a3", [{0, 1, 2, 3, 4}]),
        ("a1", [{0}]),
        ("a- a- a- a-", []),
        ("a3 a3 a-", []),
        ("a3 a3 a4", []),
        ("a3 b3 a3 b3", []),
        ("a2 b2 a2 b3", [{0, 2}]),
        ("a3 a!", [{0}, 1]),
        ("a- a- a! a- a-", [{0, 1}, 2]),
        ("a3 b! a3", [1]),
        ("b! a2 a2", [0, {1, 2}]),
        ("a! a3 b3 a! b! b3 a3", [0, {1}, 3, {2}, 4]),
        ("a3 a! a3 a3 a3", [{0}, 1, {2, 3, 4}]),
        ("a3 a! a! a3", [{0}, 1, 2]),
    ],
)
def test_mixes_enter_when_they_are_large_enough_or_a_barrier_of_their_poll_follows(
    waiting: str, entering: list[int | set[int]]
) -> None:
    ordered = [row.id for row in mixing.in_order(rows(*waiting.split()))]
    for group in entering:
        size = len(group) if isinstance(group, set) else 1
        assert set(ordered[:size]) == (group if isinstance(group, set) else {group})
        ordered = ordered[size:]
    assert ordered == []


def test_a_mix_is_shuffled_by_the_operating_system_and_every_order_is_as_likely() -> None:
    assert isinstance(mixing._shuffle.__self__, random.SystemRandom)  # type: ignore[attr-defined]
    seen = Counter("".join(str(row.id) for row in mixing.in_order(rows("a3", "a3", "a3"))) for _ in range(3000))
    # Six orders, 500 of each expected with a standard deviation of 20.4.
    assert len(seen) == 6
    assert all(350 < times < 650 for times in seen.values())


def test_somebody_who_votes_again_and_again_is_one_in_a_mix_and_cannot_single_others_out() -> None:
    again = [row._replace(d={"cred": "a", "rev": row.id}) for row in rows("a3", "a3", "a3")]
    victim = rows("a3")[0]._replace(id=9, d={"cred": "v", "rev": 0})
    third = victim._replace(id=10, d={"cred": "t", "rev": 0})
    assert mixing.in_order([victim, *again]) == []
    assert {row.id for row in mixing.in_order([victim, *again, third])} == {0, 1, 2, 9, 10}


def test_ballots_of_one_credential_in_one_mix_stay_in_the_order_of_their_revisions() -> None:
    mix = [row._replace(d={"cred": str(row.id % 2), "rev": row.id // 2}) for row in rows(*["a2"] * 6)]
    orders = set()
    for _ in range(200):
        ordered = mixing.in_order(mix)
        for cred in "01":
            assert [row.d["rev"] for row in ordered if row.d["cred"] == cred] == [0, 1, 2]
        orders.add(tuple(row.d["cred"] for row in ordered))
    assert len(orders) == 20  # every way in which two credentials can share six places


def test_the_first_pass_opens_the_log() -> None:
    published = sequencer.run_once()
    entry = read(Event.objects.get().body)
    assert (entry["type"], entry["poll"], entry["n"], entry["prev"]) == ("log.opened", "", 0, make.Z)
    assert set(entry["d"]) == {"origin", "vkey", "software"}
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
    assert [event.idx for event in events] == list(range(10))
    assert published.polls == {"p1": range(9)}
    assert make.kinds() == [
        *("poll.created", "roll.committed", "credentials.committed", "poll.opened"),
        *["ballot.cast"] * 4,
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
    assert poll[8]["d"]["last_n"] == 7
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
    make.cast(1, 2)
    sequencer.run_once()
    assert make.bids() == []
    make.cast(3)
    assert sequencer.run_once().polls == {"p1": range(4, 7)}
    assert set(make.bids()) == {make.bid(n) for n in (1, 2, 3)}
    make.cast(4)
    sequencer.run_once()
    assert len(make.bids()) == 3
    make.closed(ballots=4)
    assert sequencer.run_once().polls == {"p1": range(7, 9)}
    assert make.bids()[3:] == [make.bid(4)]
    assert make.kinds()[-2:] == ["ballot.cast", "poll.closed"]


def test_ballots_that_are_held_enter_with_a_barrier_of_their_own_poll_only() -> None:
    make.opened("p1")
    make.opened("p2")
    make.cast(*range(20), poll="p1", k=None)
    make.closed("p2")
    assert sequencer.run_once().polls["p1"] == range(4)
    make.closed("p1", ballots=20)
    assert sequencer.run_once().polls == {"p1": range(4, 25)}


def test_ballots_do_not_enter_in_the_order_in_which_they_came() -> None:
    make.opened()
    make.cast(*range(30), k=30)
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
    Pending.objects.bulk_create(
        Pending(poll="p1", kind="ballot.cast", k=10, body=sequencer.canonical.dumps(make.ballot(n)).decode())
        for n in range(10_000)
    )
    assert sequencer.run_once().polls == {"p1": range(10_004)}
    assert sequencer.run_once().size == 10_005
    assert log.find_ballot("p1", make.bid(77)) is not None
