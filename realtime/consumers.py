"""The one socket there is: server to page only, anonymous, for one topic."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from realtime import hub
from realtime.actions import last_seq

HEARTBEAT = 10
BACKLOG = 50
_TOPIC = re.compile(r"[a-z]+\.[a-z0-9-]{1,60}")


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
        seq = await database_sync_to_async(last_seq)(self.topic)
        await self.send(text_data=json.dumps({"seq": seq}))
        while True:
            try:
                message = await asyncio.wait_for(self.queue.get(), HEARTBEAT)
                seq = message["seq"] if message["seq"] is not None else seq
                html = message.get("html", {}).get(self.language)
                out = {"seq": message["seq"]} | ({"html": html} if html is not None else {})
            except TimeoutError:
                out = {"seq": seq}
            await self.send(text_data=json.dumps(out, ensure_ascii=False))
