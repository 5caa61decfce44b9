"""A poll as one file to take along: what is in it, and that strangers can check it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests import make
from verifier import __main__ as verifier
from votelog import log, sequencer
from voting import actions
from voting.models import Poll

pytestmark = pytest.mark.django_db
PROGRAMS = {"README.txt", "votelog_verify.py", "verifier.html"}


def ask(client: Client, poll: Poll, **headers: str) -> HttpResponse:
    return client.get(reverse("voting:poll-bundle", args=[poll.public_id]), headers=headers)


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def unzipped(client: Client, poll: Poll) -> dict[str, bytes]:
    answer = ask(client, poll)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(content(answer))) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture
def people() -> list[Any]:
    return make.users(4)


def opened(people: list[Any], **fields: Any) -> Poll:
    return actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=2, **fields), by=None)


@pytest.fixture
def decided(people: list[Any]) -> Poll:
    poll = opened(people)
    for person in people:
        make.cast(poll, person, "o1")
    return make.published(poll)


@pytest.mark.parametrize("visibility", ["live", "turnout", "sealed"])
@pytest.mark.parametrize("unpacked", [False, True])
def test_the_verifier_passes_it_without_asking_this_site(
    people: list[Any], client: Client, tmp_path: Path, visibility: str, unpacked: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    poll = opened(people, visibility=visibility)
    for person in people:
        make.cast(poll, person, "o2")
    make.published(poll)
    data = content(ask(client, poll))
    place = tmp_path / "poll.zip"
    place.write_bytes(data)
    if unpacked:
        zipfile.ZipFile(place).extractall(tmp_path / "poll")
        place = tmp_path / "poll"
    assert verifier.main(["poll", str(place), poll.public_id]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith("PASS\n")


def test_it_holds_what_the_log_serves_of_the_poll_and_nothing_else(decided: Poll, client: Client) -> None:
    other = opened([make.user("bo@example.org")], process=decided.process)
    sequencer.run_once()
    files = unzipped(client, decided)
    (listed,) = client.get("/log/").json()["logs"]
    assert json.loads(files.pop("bundle.json")) == {"v": 1, "origin": listed["origin"], "poll": decided.public_id}
    assert json.loads(files.pop("log/index.json")) == {"logs": [listed]}
    assert {name for name in files if "/" not in name} == PROGRAMS
    served = {f"/{name}": data for name, data in files.items() if "/" in name}
    assert all(client.get(path).content == data for path, data in served.items())
    blobs = {path.rsplit("/", 1)[1] for path in served if "/blob/" in path}
    stated = {entry["n"]: json.dumps(entry["d"]) for entry in log.entries(decided.public_id)}
    assert blobs and all(any(name in text for text in stated.values()) for name in blobs)
    (created,) = log.entries(other.public_id, kind="poll.created")
    assert created["d"]["title_sha256"] not in blobs, "the texts of other polls are not part of it"


def test_what_waits_for_its_group_is_not_in_it(people: list[Any], client: Client) -> None:
    poll = opened(people)
    sequencer.run_once()
    receipt = make.cast(poll, people[0], "o1")
    before = unzipped(client, poll)
    assert not any(receipt.bid.encode() in data for data in before.values())
    sequencer.append(log.current_shard(), [poll.public_id])  # and nothing is signed yet
    assert unzipped(client, poll) == before


def test_the_same_log_gives_the_same_bytes_and_need_not_be_sent_twice(decided: Poll, client: Client) -> None:
    first = ask(client, decided)
    again = ask(client, decided)
    assert content(first) == content(again)
    assert ask(client, decided, if_none_match=first["ETag"]).status_code == 304
    opened([make.user("bo@example.org")], process=decided.process)
    sequencer.run_once()
    assert ask(client, decided)["ETag"] != first["ETag"]


def test_a_poll_of_which_the_log_shows_nothing_has_none(people: list[Any], staff: Any, client: Client) -> None:
    draft = make.poll(roll=make.roll(*people))
    assert ask(client, draft).status_code == 404
    client.force_login(staff)
    assert ask(client, draft).status_code == 404
    actions.open_poll(poll=draft, by=None)
    assert ask(client, draft).status_code == 404, "nothing is signed yet"
    sequencer.run_once()
    assert ask(client, draft).status_code == 200


def test_an_erased_text_is_gone_from_it_at_once(decided: Poll, client: Client) -> None:
    from votelog.models import Blob

    (created,) = log.entries(decided.public_id, kind="poll.created")
    name = created["d"]["title_sha256"]
    path = f"log/{log.current_shard()}/blob/{name}"
    assert path in unzipped(client, decided)
    Blob.objects.filter(sha256=name).delete()
    assert path not in unzipped(client, decided)


def test_one_address_cannot_have_it_made_again_and_again(decided: Poll, client: Client) -> None:
    cache.clear()
    answers = [ask(client, decided).status_code for _ in range(13)]
    assert answers == [200] * 12 + [429]


def test_it_says_in_both_languages_what_to_do_with_it(decided: Poll, client: Client) -> None:
    text = unzipped(client, decided)["README.txt"].decode()
    assert f"votelog_verify.py poll ZIP {decided.public_id}" in text
    assert text.count(f"votelog_verify.py poll ZIP {decided.public_id}") == 2
    assert "&" not in text


@pytest.mark.parametrize("name", ["poll-detail", "board", "result"])
def test_the_pages_about_a_poll_lead_to_it(decided: Poll, client: Client, name: str) -> None:
    html = client.get(reverse(f"voting:{name}", args=[decided.public_id])).content.decode()
    assert reverse("voting:poll-bundle", args=[decided.public_id]) in html
