"""One hub a process: hands each message to the local pages that watch its topic. Nothing here touches the database."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any, Protocol

from django.conf import settings

CHANNEL = "deliberate.live"


class Watcher(Protocol):
    loop: asyncio.AbstractEventLoop

    def deliver(self, message: dict[str, Any]) -> None: ...


_watchers: dict[str, set[Watcher]] = {}
_lock = threading.Lock()
_listener: asyncio.Task[None] | None = None


def join(topic: str, watcher: Watcher) -> None:
    global _listener
    with _lock:
        _watchers.setdefault(topic, set()).add(watcher)
        if settings.REDIS_URL and (_listener is None or _listener.done()):
            _listener = watcher.loop.create_task(_listen())


def leave(topic: str, watcher: Watcher) -> None:
    with _lock:
        watchers = _watchers.get(topic, set())
        watchers.discard(watcher)
        if not watchers:
            _watchers.pop(topic, None)


def publish(message: dict[str, Any]) -> None:
    """Send a message, `{"topic", "seq", …}`, to every page that watches its topic, in every process. From any thread."""
    if settings.REDIS_URL:
        _redis().publish(CHANNEL, json.dumps(message))
    else:
        _deliver(message)


def _deliver(message: dict[str, Any]) -> None:
    with _lock:
        watchers = list(_watchers.get(message["topic"], ()))
    for watcher in watchers:
        try:
            watcher.loop.call_soon_threadsafe(watcher.deliver, message)
        except RuntimeError:  # its event loop has ended, and the page with it
            leave(message["topic"], watcher)


_client: Any = None


def _redis() -> Any:
    global _client
    if _client is None:
        import redis

        _client = redis.Redis.from_url(settings.REDIS_URL)
    return _client


async def _listen() -> None:
    """The process's one subscription. When Redis is lost, every page is told to ask again over HTTP."""
    import redis.asyncio

    client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    while True:
        try:
            async with client.pubsub() as subscription:
                await subscription.subscribe(CHANNEL)
                async for message in subscription.listen():
                    if message["type"] == "message":
                        _deliver(json.loads(message["data"]))
        except redis.asyncio.RedisError:
            with _lock:
                topics = list(_watchers)
            for topic in topics:
                _deliver({"topic": topic, "seq": None})
            await asyncio.sleep(1)
