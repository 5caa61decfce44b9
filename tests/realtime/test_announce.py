"""Saying that something changed: after the commit, in order, rendered once a language, to whoever watches."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.db import transaction
from django.utils.translation import get_language

from realtime import consumers, hub
from realtime.actions import announce, last_seq

TOPIC = "board.test"


@pytest.fixture(autouse=True)
def one_process(settings) -> None:
    """Nothing remembered of other tests, and no Redis where a test does not ask for it."""
    consumers._asked.clear()
    settings.REDIS_URL = ""


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What leaves this process, in order."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(hub, "publish", sent.append)
    return sent


@pytest.mark.django_db(transaction=True)
def test_it_speaks_once_in_each_language_after_the_commit(published: list[dict[str, Any]]) -> None:
    rendered = []

    def render() -> str:
        rendered.append(get_language())
        return f"<p>{get_language()}</p>"

    with transaction.atomic():
        announce(TOPIC, render)
        assert published == []
    assert rendered == ["en", "fa"]
    assert published == [{"topic": TOPIC, "seq": 1, "html": {"en": "<p>en</p>", "fa": "<p>fa</p>"}}]


@pytest.mark.django_db(transaction=True)
def test_it_says_nothing_of_what_was_rolled_back(published: list[dict[str, Any]]) -> None:
    class Trouble(Exception):
        pass

    def trouble() -> None:
        with transaction.atomic():
            announce(TOPIC, lambda: "never")
            raise Trouble

    with pytest.raises(Trouble):
        trouble()
    assert published == []
    assert last_seq(TOPIC) == 0


@pytest.mark.django_db(transaction=True)
def test_numbers_grow_by_one_for_each_topic(published: list[dict[str, Any]]) -> None:
    for topic in (TOPIC, "thread.1", TOPIC):
        announce(topic, lambda: "")
    assert [(message["topic"], message["seq"]) for message in published] == [(TOPIC, 1), ("thread.1", 1), (TOPIC, 2)]


@pytest.mark.django_db(transaction=True)
def test_a_page_that_fails_to_render_does_not_undo_what_happened(published: list[dict[str, Any]], caplog) -> None:
    def broken() -> str:
        raise ValueError("no such template")

    announce(TOPIC, broken)
    assert last_seq(TOPIC) == 1
    assert "no such template" in caplog.text


def open_page(topic: str, language: str) -> WebsocketCommunicator:
    return WebsocketCommunicator(consumers.LiveConsumer.as_asgi(), f"/live/?topic={topic}&language={language}")


async def heard(page: WebsocketCommunicator) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await page.receive_from(timeout=5))
    return message


@pytest.mark.django_db(transaction=True)
def test_pages_of_both_languages_hear_the_change_in_theirs() -> None:
    async def scene() -> None:
        pages = {language: open_page(TOPIC, language) for language in ("en", "fa")}
        for page in pages.values():
            assert (await page.connect())[0]
            assert await heard(page) == {"seq": 0}
        hub.publish({"topic": "board.other", "seq": 9, "html": {"en": "other", "fa": "other"}})
        hub.publish({"topic": TOPIC, "seq": 1, "html": {"en": "new", "fa": "تازه"}})
        assert await heard(pages["en"]) == {"seq": 1, "html": "new"}
        assert await heard(pages["fa"]) == {"seq": 1, "html": "تازه"}
        for page in pages.values():
            await page.disconnect()
        assert TOPIC not in hub._watchers

    asyncio.run(scene())


@pytest.mark.django_db(transaction=True)
def test_a_silent_page_is_told_the_last_number_so_that_it_notices_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HEARTBEAT", 0.05)

    async def scene() -> None:
        page = open_page(TOPIC, "en")
        await page.connect()
        assert await heard(page) == {"seq": 0}
        consumers._asked[TOPIC] = (float("inf"), 4)  # as if four messages had been said, and lost on the way
        assert await heard(page) == {"seq": 4}
        await page.disconnect()

    asyncio.run(scene())


@pytest.mark.parametrize("topic", ["", "board", "../x", "board.A", "board." + "x" * 61])
def test_a_topic_that_cannot_be_is_refused(topic: str) -> None:
    async def scene() -> None:
        page = open_page(topic, "en")
        assert not (await page.connect())[0]

    asyncio.run(scene())


@pytest.mark.django_db(transaction=True)
def test_a_page_too_slow_to_read_is_dropped_and_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "BACKLOG", 2)

    async def scene() -> None:
        page = open_page(TOPIC, "en")
        await page.connect()
        for seq in range(1, 9):
            hub.publish({"topic": TOPIC, "seq": seq, "html": {"en": "x"}})
        while (await page.receive_output(timeout=5))["type"] != "websocket.close":
            pass
        await page.disconnect()

    asyncio.run(scene())


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_what_one_process_says_reaches_the_pages_of_another_through_redis(settings) -> None:
    import os
    import subprocess
    import sys

    settings.REDIS_URL = os.environ["REDIS_URL"]

    async def scene() -> None:
        page = open_page(TOPIC, "en")
        await page.connect()
        assert await heard(page) == {"seq": 0}
        code = (
            "import json, os, redis\n"
            f"client = redis.Redis.from_url(os.environ['REDIS_URL'])\n"
            f"message = json.dumps({{'topic': {TOPIC!r}, 'seq': 1, 'html': {{'en': 'from afar'}}}})\n"
            f"while not client.publish({hub.CHANNEL!r}, message): pass\n"
        )
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.DEVNULL)
        await other.wait()
        assert await heard(page) == {"seq": 1, "html": "from afar"}
        await page.disconnect()
        if hub._listener:
            hub._listener.cancel()

    asyncio.run(scene())
