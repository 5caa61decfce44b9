"""The ballot box: the only holder of the secrets of polls, and of the key that signs promises.

In the server's own process it works on files (`local.LocalBox`). As a process of its own (`manage.py ballotbox`) it answers on a
Unix socket, and web servers hold no key at all (`remote.RemoteBox`). `box()` is whichever this process is told to use.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ballotbox.local import LocalBox
from ballotbox.remote import RemoteBox

__all__ = ["LocalBox", "RemoteBox", "box"]

Box = LocalBox | RemoteBox


def box() -> Box:
    """The ballot box that this process uses: BALLOTBOX_SOCKET names the one of another process."""
    return _box(settings.BALLOTBOX_SOCKET, Path(settings.KEYS_DIR))


@lru_cache(maxsize=64)
def _box(socket: str, keys: Path) -> Box:
    return RemoteBox(socket) if socket else LocalBox(keys)
