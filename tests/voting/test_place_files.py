"""The abstainer's check: what people see of their own place, and the file that a stranger's program can check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from eligibility.models import RollEntry
from merkle import tree
from tests import make
from verifier import __main__ as verifier
from votelog import log, sequencer
from voting import actions, changes
from voting.models import Poll

pytestmark = pytest.mark.django_db
MINE = "/en/eligibility/"


@pytest.fixture
def people() -> list[Any]:
    return make.users(3)


@pytest.fixture
def poll(people: list[Any]) -> Poll:
    """Open; nobody but the first of three has voted."""
    opened = actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=1), by=None)
    make.cast(opened, people[0], "o1")
    return opened


def mine(client: Client, person: Any) -> str:
    client.force_login(person)
    return client.get(MINE).content.decode()


def file_of(client: Client, poll: Poll, person: Any) -> dict[str, Any]:
    client.force_login(person)
    answer = client.get(reverse("voting:place", args=[poll.public_id]))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    file: dict[str, Any] = answer.json()
    return file


def test_the_public_list_is_read_to_whoever_voted_and_to_whoever_did_not(
    poll: Poll, people: list[Any], client: Client
) -> None:
    assert "The public list says" not in mine(client, people[0])
    make.published(poll)
    assert "a ballot was cast from your place." in mine(client, people[0])
    for person in people[1:]:
        assert "no ballot was cast from your place." in mine(client, person)


def test_what_the_page_says_comes_from_the_log_and_not_from_the_box(poll: Poll, people: list[Any], client: Client) -> None:
    from ballotbox import box

    make.published(poll)
    box().destroy_key(poll=poll.public_id)
    assert "a ballot was cast from your place." in mine(client, people[0])


def test_the_list_is_not_read_out_before_everybody_can_read_it(poll: Poll, people: list[Any], client: Client) -> None:
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    sequencer.run_once()
    actions.publish_result(poll=poll, by=None, at=poll.closes_at)
    sequencer.append(log.current_shard(), [poll.public_id])  # and there the sequencer dies, before it signs
    assert "The public list says" not in mine(client, people[0])


@pytest.mark.parametrize(("voter", "voted"), [(0, True), (1, False), (2, False)])
def test_the_verifier_agrees_from_the_file_and_the_log_alone(
    poll: Poll, people: list[Any], client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str], voter: int, voted: bool
) -> None:
    make.published(poll)
    path, bundle = tmp_path / "place.json", tmp_path / "poll.zip"
    path.write_text(json.dumps(file_of(client, poll, people[voter])))
    bundle.write_bytes(b"".join(client.get(reverse("voting:poll-bundle", args=[poll.public_id])).streaming_content))
    assert verifier.main(["place", str(path), "--url", str(bundle), "--json"]) == 0, capsys.readouterr().out
    found = json.loads(capsys.readouterr().out)["poll"]
    assert (found["place"], found["voted"]) == (voter, voted)


def test_the_file_leads_to_the_roll_that_the_log_committed_to(poll: Poll, people: list[Any], client: Client) -> None:
    sequencer.run_once()
    (committed,) = log.entries(poll.public_id, kind="roll.committed")
    for index, person in enumerate(people):
        file = file_of(client, poll, person)
        assert set(file) == {"v", "poll", "roll", "index", "count", "salt", "uid", "hashes"}
        assert (file["index"], file["count"], file["roll"]) == (index, 3, committed["d"]["roll"])
        leaf = tree.leaf_hash(b"roll/v1" + bytes.fromhex(file["salt"]) + bytes.fromhex(file["uid"]))
        tree.check_inclusion(
            leaf=leaf,
            index=index,
            size=3,
            proof=[bytes.fromhex(node) for node in file["hashes"]],
            root=bytes.fromhex(committed["d"]["root"]),
        )


def test_a_place_that_was_added_later_has_its_own_batch(
    poll: Poll, people: list[Any], client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = changes.add_places(
        poll=poll, count=2, reason={"en": "They were forgotten."}, actors=("a" * 32, "b" * 32), at=poll.opens_at
    )
    assert len(codes) == 2
    late = make.user("late@example.org")
    RollEntry.objects.filter(roll=poll.roll, index=4).update(user=late)
    make.cast(poll, late, "o2")
    make.published(poll)
    file = file_of(client, poll, late)
    assert (file["batch"], file["index"], file["count"]) == (1, 1, 2)
    assert "a ballot was cast from your place." in mine(client, late)
    path, bundle = tmp_path / "place.json", tmp_path / "poll.zip"
    path.write_text(json.dumps(file))
    bundle.write_bytes(b"".join(client.get(reverse("voting:poll-bundle", args=[poll.public_id])).streaming_content))
    assert verifier.main(["place", str(path), "--url", str(bundle), "--json"]) == 0, capsys.readouterr().out
    found = json.loads(capsys.readouterr().out)["poll"]
    assert (found["place"], found["voted"]) == (4, True)


def test_nobody_gets_a_file_without_a_place_of_their_own(poll: Poll, client: Client, bo: Any) -> None:
    sequencer.run_once()
    url = reverse("voting:place", args=[poll.public_id])
    assert client.get(url).status_code == 302, "signing in comes first"
    client.force_login(bo)
    assert client.get(url).status_code == 404


def test_there_is_no_file_before_the_log_shows_the_roll(people: list[Any], client: Client) -> None:
    draft = make.poll(roll=make.roll(*people))
    client.force_login(people[0])
    url = reverse("voting:place", args=[draft.public_id])
    assert client.get(url).status_code == 404
    actions.open_poll(poll=draft, by=None)
    assert client.get(url).status_code == 404, "nothing is signed yet"
    sequencer.run_once()
    assert client.get(url).status_code == 200
