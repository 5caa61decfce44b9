"""Nothing that anybody can fetch tells how a sealed or turnout poll stands before it closes.

Two worlds are alike in everything but what the voters chose. Whatever differs between them could be a leak: so every
address, as a stranger, as a voter, as a member of staff, and every live message must be the same in both, but for random
numbers and hashes.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from merkle import canonical, tiles
from realtime import hub
from tests import make
from tests.addresses import addresses
from votelog import log, sequencer
from voting import actions
from voting.board import render_board
from voting.models import Poll
from voting.standing import standing

pytestmark = pytest.mark.django_db

RANDOM = [
    (re.compile(r"[0-9a-f]{16,}"), "HEX"),
    (re.compile(r"[A-Za-z0-9+/]{40,}={0,2}"), "BASE64"),
    (re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|\'nonce-[^\']*\''), "TOKEN"),
    (re.compile(r"(?<=[\"&;:])(?:X-CSRFToken[^,}]*)"), "TOKEN"),
    (re.compile(r'datetime="[^"]*"'), "MOMENT"),  # of a file: its clock does not stand still
    (re.compile(r"DV[0-9A-Za-z+/=]+|— \S+ \S+"), "SIGNATURE"),
]


def plain(text: str) -> str:
    for pattern, word in RANDOM:
        text = pattern.sub(word, text)
    return text


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def entries_in(data: bytes) -> list[str]:
    """A bundle of entries, with what is random in each taken out."""
    return sorted(plain(entry.decode()) for entry in tiles.unbundle(data))


def seen(client: Client, address: str) -> str:
    """What an answer tells, in a form that can be compared."""
    response = client.get(address)
    data = content_of(response)
    kind = response.headers.get("Content-Type", "")
    if "/tile/entries/" in address:
        told = "\n".join(entries_in(data))
    elif "/tile/" in address or "/blob/" in address:
        told = f"{len(data)} bytes"  # hashes, salts
    elif kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            told = "\n".join(
                f"{plain(name)}: {entries_in(bundle.read(name)) if '/tile/entries/' in name else ''}"
                for name in sorted(bundle.namelist())
            )
    else:
        told = plain(html.unescape(data.decode()))
    return f"{response.status_code} {plain(response.headers.get('Location', ''))}\n{told}"


class World:
    """Polls with twelve voters each; what everybody can see of them while they are open."""

    def __init__(self, polls: list[Poll], people: list[User], visitors: dict[str, User | None], choices: list[list[str]]) -> None:
        self.messages: list[str] = []
        self.pages: dict[str, str] = {}
        polls = [actions.open_poll(poll=poll, by=None) for poll in polls]
        sequencer.run_once()
        where: set[str] = set()
        for poll in polls:
            for number, (person, choice) in enumerate(zip(people, choices, strict=True)):
                make.cast(poll, person, *choice, bid=f"{poll.pk:016x}{number:016x}")
                sequencer.run_once()
            # Whose choice differs between the worlds: the number of that ballot is public once the ballot is in the log.
            somebody = 0 if poll.visibility == Poll.Visibility.TURNOUT else 5
            for number, kind in ((0, "csv"), (somebody, "json"), (somebody, "pb")):
                where |= set(
                    addresses(
                        {
                            "poll_id": poll.public_id,
                            "key": "o1",
                            "kind": kind,
                            "bid": f"{poll.pk:016x}{number:016x}",
                            "slug": poll.process.slug,
                            "shard": log.current_shard(),
                        }
                    )
                )
        actions.tick(at=timezone.now())
        self.messages += [plain(render_board(Poll.objects.get(pk=poll.pk))) for poll in polls]
        where |= {f"/log/{log.current_shard()}/tile/{level}/000.p/{log.size()}" for level in ("entries", "0")}
        for name, user in visitors.items():
            client = Client(raise_request_exception=False)
            if user is not None:
                client.force_login(user)
            for address in sorted(where - {reverse("account_logout")}):
                self.pages[f"{name} {address}"] = seen(client, address)


def worlds(
    polls: list[Poll],
    people: list[User],
    visitors: dict[str, User | None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capture: Any,
) -> Iterator[World]:
    """The first two voters choose the same in both worlds: they see their own ballots. The clock stands still."""
    moment = timezone.now()
    for number, others in enumerate(([["o3"]] * 10, [["o1", "o2", "o4"]] * 10)):
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]  # durable blocks within it are as in any test
        with block, monkeypatch.context() as patch, time_machine.travel(moment, tick=False):
            sent: list[dict[str, Any]] = []
            patch.setattr(hub, "publish", sent.append)
            patch.setattr(settings, "LOG_DIR", tmp_path / f"log{number}")
            with capture(execute=True):
                world = World(polls, people, visitors, [["o1"], ["o2"], *others])
            world.messages += [plain(str(message)) for message in sent]
            transaction.set_rollback(True)
        yield world


def differences(one: World, other: World) -> Iterator[str]:
    for address, page in one.pages.items():
        for this, that in zip_longest(page.splitlines(), other.pages[address].splitlines()):
            if this != that:
                yield f"{address}: {this!r} or {that!r}"
                break


@pytest.fixture
def twelve(db: None) -> list[User]:
    return make.users(12)


def drafted(people: list[User], visibility: str) -> Poll:
    return make.poll(
        roll=make.roll(*people),
        visibility=visibility,
        mix_k=1,
        costs=(10, 10, 10, 10),
        max_cost=100,
        process=make.process(visibility),
    )


def test_no_address_and_no_live_message_tells_how_an_open_poll_stands(
    twelve: list[User],
    staff: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    polls = [drafted(twelve, visibility) for visibility in (Poll.Visibility.SEALED, Poll.Visibility.TURNOUT)]
    visitors = {"stranger": None, "voter": twelve[0], "staff": staff}
    one, other = worlds(polls, twelve, visitors, tmp_path, monkeypatch, django_capture_on_commit_callbacks)
    assert one.pages.keys() == other.pages.keys()
    assert len(one.pages) > 150
    assert sum(page.startswith("200") for page in one.pages.values()) > 80
    assert [address for address, page in one.pages.items() if page.startswith("5")] == []
    assert list(differences(one, other)) == []
    assert len(one.messages) > len(polls)
    assert one.messages == other.messages


def test_the_sweep_finds_what_a_live_poll_shows(
    twelve: list[User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """A control: the same comparison must fail where tallies are public."""
    polls = [drafted(twelve, Poll.Visibility.LIVE)]
    one, other = worlds(polls, twelve, {"stranger": None}, tmp_path, monkeypatch, django_capture_on_commit_callbacks)
    different = {address for address in one.pages if one.pages[address] != other.pages[address]}
    assert any("/board/" in address for address in different)
    assert any("/tile/entries/" in address for address in different)
    assert one.messages != other.messages


def test_the_log_of_an_open_sealed_poll_holds_no_choice(twelve: list[User]) -> None:
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*twelve), visibility=Poll.Visibility.SEALED, mix_k=1), by=None)
    for person in twelve:
        make.cast(poll, person, "o1")
    sequencer.run_once()
    shown = [canonical.loads(event.body.encode()) for event in log.events(poll.public_id, kind="ballot.cast")]
    assert len(shown) == 12
    assert all(set(entry["d"]) == {"bid", "cred", "rev", "c"} for entry in shown)
    assert standing(poll, twelve[0]).choice == {"approve": ["o1"]}
