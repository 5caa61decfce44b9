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
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
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
    (re.compile(r"DV[0-9A-Za-z+/=]+|— \S+ \S+"), "SIGNATURE"),
    (re.compile(r"\b\d{1,2}:\d{2}(:\d{2})?\b|[۰-۹]{1,2}:[۰-۹]{2}"), "TIME"),
    (re.compile(r"\b\d{10}\b"), "SECOND"),
    (re.compile(r"\bdata-now=\"[^\"]*\"|datetime=\"[^\"]*\""), "MOMENT"),
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
    """One poll with twelve voters, of whom `ada` is one; what everybody can see of it while it is open."""

    def __init__(self, poll: Poll, people: list[User], staff: User, choices: list[list[str]], folder: Path) -> None:
        self.messages: list[str] = []
        self.pages: dict[str, str] = {}
        settings.LOG_DIR = folder
        poll = actions.open_poll(poll=poll, by=None)
        sequencer.run_once()
        receipts = []
        for number, (person, choice) in enumerate(zip(people, choices, strict=True)):
            receipts.append(make.cast(poll, person, *choice, bid=f"{number:032x}"))
            sequencer.run_once()
        actions.tick(at=timezone.now())
        poll.refresh_from_db()
        self.messages.append(plain(render_board(poll)))
        size = log.size()
        fixed = [f"/log/{log.current_shard()}/tile/entries/000.p/{size}", f"/log/{log.current_shard()}/tile/0/000.p/{size}"]
        for bid in ("0" * 32, f"{5:032x}"):
            values: dict[str, object] = {
                "poll_id": poll.public_id,
                "key": "o1",
                "bid": bid,
                "slug": poll.process.slug,
                "shard": log.current_shard(),
            }
            for kind in ("csv", "json", "pb"):
                for address in [*addresses(values | {"kind": kind}), *fixed]:
                    for name, user in (("stranger", None), ("voter", people[0]), ("neighbour", people[1]), ("staff", staff)):
                        if name != "voter" and "logout" in address:
                            continue
                        client = Client()
                        if user is not None:
                            client.force_login(user)
                        self.pages[f"{name} {plain(address)}"] = seen(client, address)


@pytest.fixture
def twelve(db: None) -> list[User]:
    return make.users(12)


def worlds(
    visibility: str, people: list[User], staff: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capture: Any
) -> Iterator[World]:
    """The first two voters choose the same in both worlds: they see their own ballots."""
    poll = make.poll(roll=make.roll(*people), visibility=visibility, mix_k=1, costs=(10, 10, 10, 10), max_cost=100)
    same = [["o1"], ["o2"]]
    for number, others in enumerate(([["o3"]] * 10, [["o1", "o2", "o4"]] * 10)):
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]  # durable blocks within it are as in any test
        with block, monkeypatch.context() as patch:
            sent: list[dict[str, Any]] = []
            patch.setattr(hub, "publish", sent.append)
            with capture(execute=True):
                world = World(poll, people, staff, [*same, *others], tmp_path / f"log{number}")
            world.messages += [plain(str(message)) for message in sent]
            transaction.set_rollback(True)
        yield world


@pytest.mark.parametrize("visibility", [Poll.Visibility.SEALED, Poll.Visibility.TURNOUT])
def test_no_address_and_no_live_message_tells_how_an_open_poll_stands(
    visibility: str,
    twelve: list[User],
    staff: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    one, other = worlds(visibility, twelve, staff, tmp_path, monkeypatch, django_capture_on_commit_callbacks)
    assert one.pages.keys() == other.pages.keys()
    assert len(one.pages) > 150
    assert sum(page.startswith("200") for page in one.pages.values()) > 80
    assert not any(page.startswith("5") for page in one.pages.values())
    different = [address for address in one.pages if one.pages[address] != other.pages[address]]
    assert different == []
    assert one.messages and one.messages == other.messages


def test_the_sweep_finds_what_a_live_poll_shows(
    twelve: list[User], staff: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """A control: the same comparison must fail where tallies are public."""
    one, other = worlds(Poll.Visibility.LIVE, twelve, staff, tmp_path, monkeypatch, django_capture_on_commit_callbacks)
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
