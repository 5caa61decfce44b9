"""The page for those who watch the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.test import Client

from tests.votelog import make
from tests.votelog.test_witnesses import Witnesses, grow
from votelog import log, witnesses
from votelog.models import Cosignature

pytestmark = pytest.mark.django_db


def page(client: Client, language: str = "en", query: str = "") -> str:
    response = client.get(f"/{language}/about/log/watch/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def three(tmp_path: Path, settings: object) -> Iterator[Witnesses]:
    make.small_log()
    with ExitStack() as stack:
        made = Witnesses(tmp_path, settings, stack)
        made.start("one", "two", "far")
        made.urls["far"] = ""
        made.policy()
        yield made
    witnesses.stop()


def test_before_there_is_a_log_the_page_says_so(client: Client) -> None:
    for language in ("en", "fa"):
        assert "<h1>" in page(client, language)
    assert "Nothing to watch yet" in page(client)


def test_a_log_without_witnesses_says_what_that_means(client: Client) -> None:
    make.small_log()
    shown = page(client)
    assert "This log has no witnesses" in shown
    assert "/log/policy.txt" not in shown
    assert f"/log/{log.current_shard()}/checkpoint/latest" in shown


def test_each_state_of_a_witness_is_said_in_words(three: Witnesses, client: Client) -> None:
    assert "Not enough witnesses have signed yet" in page(client)
    witnesses.submit(log.current_shard())
    shown = page(client)
    assert "The whole log is witnessed" in shown
    assert shown.count("Up to date") == 2
    assert "Does not take checkpoints from us" in shown
    three.running["two"].stop()
    size = grow(2)
    witnesses.submit(log.current_shard())
    shown = page(client)
    assert "Enough witnesses have signed the first 10 entries; 4 entries came after." in shown
    assert f"Signed the log with {size} entries: <time" in shown
    assert shown.count("Up to date") == 1
    assert "4 entries behind" in shown
    assert "/log/policy.txt" in shown
    assert page(client, "fa")


def test_a_witness_that_was_not_heard_of_for_a_day_is_said_to_be_silent(three: Witnesses, client: Client) -> None:
    witnesses.submit(log.current_shard())
    Cosignature.objects.update(time=1)
    assert page(client).count("Silent for more than a day") == 2


def test_a_policy_that_wants_nobody_is_no_promise(three: Witnesses, client: Client) -> None:
    three.policy(quorum="none")
    witnesses.submit(log.current_shard())
    shown = page(client)
    assert "Witnesses sign as they can" in shown
    assert "is witnessed" not in shown


def test_the_last_checkpoints_are_listed_and_no_more_than_ten(three: Witnesses, client: Client) -> None:
    for number in range(2, 14):
        grow(number)
    witnesses.submit(log.current_shard())
    shown = page(client)
    body = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert body.count("<tr>") == 10
    assert body.count("enough") == 1
    assert body.count("Not yet") == 9


def test_a_log_that_does_not_exist_is_not_found(client: Client) -> None:
    assert client.get("/en/about/log/watch/?log=1999").status_code == 404
    make.small_log()
    assert client.get("/en/about/log/watch/?log=1999").status_code == 404
    assert client.get("/en/about/log/watch/?log=%00").status_code == 404
    assert page(client, query=f"?log={log.current_shard()}")


def test_a_name_that_is_no_text_is_shown_all_the_same(three: Witnesses, client: Client, settings: object) -> None:
    path = three.policy()
    path.write_bytes(path.read_bytes().replace(b" two ", b" \xff\xfe<b> "))
    assert "��&lt;b&gt;" in page(client)
