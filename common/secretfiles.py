"""Secrets kept as files that only the server's own user can read. They never enter the database or a backup of it."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of the file; when there is none yet, it is made once, also when two processes come at a time."""
    fresh = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when another process was first; then theirs is the one
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        # What the secret protects is durable soon: after a loss of power the file must be there, and so must its folder.
        for folder in (path.parent, path.parent.parent) if fresh else (path.parent,):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    return read(path)


def read(path: Path) -> bytes:
    """The content of a secret file. Refuses one that others could read."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ImproperlyConfigured(f"{path} can be read by other users: run `chmod 600 {path}` and consider its secret known.")
    return path.read_bytes()
