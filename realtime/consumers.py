"""The one socket there is: server to page only, anonymous, for one topic."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from realtime import hub
from realtime.actions import last_seq

HEARTBEAT = 10
BACKLOG = 50
_asked: dict[str, tuple[float, int]] = {}
_TOPIC = re.compile(r"[a-z]+\.[a-z0-9-]{1,60}")


async def _last(topic: str) -> int:
    """The number of the last message, asked of the database at most once a second for each topic, not for each page."""
    asked, seq = _asked.get(topic, (0.0, 0))
    if time.monotonic() - asked >= 1:
        seq = await database_sync_to_async(last_seq)(topic)
        if len(_asked) > 10_000:
            _asked.clear()
        _asked[topic] = (time.monotonic(), seq)
    return seq


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`/live/?topic=board.p1&language=fa`. Everything said on a topic may be seen by anyone: no session is read.

    Messages: `{"seq": 7, "html": "…"}` for a change, `{"seq": 7}` as heartbeat with the number of the last one,
    `{"seq": null}` when messages may have been lost. A page that misses a number fetches again over HTTP.
    """

    async def connect(self) -> None:
        params = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        self.topic = params.get("topic", [""])[0]
        self.language = "fa" if params.get("language") == ["fa"] else "en"
        if not _TOPIC.fullmatch(self.topic):
            await self.close(code=4404)
            return
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(BACKLOG)
        await self.accept()
        hub.join(self.topic, self)
        self.pump = asyncio.create_task(self._pump())

    async def disconnect(self, code: int) -> None:
        hub.leave(getattr(self, "topic", ""), self)
        if hasattr(self, "pump"):
            self.pump.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is ever written over a socket."""

    def deliver(self, message: dict[str, Any]) -> None:
        """Called by the hub in this socket's loop. A page too slow to read is dropped and comes back by itself."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.pump.cancel()
            self.loop.create_task(self.close(code=4408))

    async def _pump(self) -> None:
        out: dict[str, Any] = {"seq": await _last(self.topic)}
        while True:
            await self.send(text_data=json.dumps(out, ensure_ascii=False))
            try:
                message = await asyncio.wait_for(self.queue.get(), HEARTBEAT)
                html = message.get("html", {}).get(self.language)
                out = {"seq": message["seq"]} | ({"html": html} if html is not None else {})
            except TimeoutError:
                # From the database, not from what came by: a message that was lost on the way is noticed here.
                out = {"seq": await _last(self.topic)}
