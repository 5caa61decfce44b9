"""One poll to take along: everything that is needed to check it, as one zip (docs/reference/vote-log.md, Bundle).

Nothing is in it that the log does not serve: it holds what the served checkpoint covers, and the blobs that the entries of the
poll name. Made anew each time: a copy kept here would outlive a text that has been erased.
"""

import json
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from merkle import canonical, note, tiles
from merkle.checkpoint import Checkpoint
from merkle.tiles import ENTRIES
from votelog import files, log, shards, trees, witnesses
from votelog.models import Blob

TO_READ_AND_RUN = {
    "votelog_verify.py": settings.BASE_DIR / "verifier" / "__main__.py",
    "verifier.html": settings.BASE_DIR / "static" / "verifier" / "verifier.html",
}
_AT = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can state: the same log gives the same bytes
_IN_MEMORY = 4_000_000

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Bundle:
    """What a poll's bundle would hold now. `etag` is another one as soon as any of its bytes could be."""

    poll: str
    shard: str
    checkpoint: bytes
    size: int

    @property
    def etag(self) -> str:
        parts = [self.poll.encode(), self.checkpoint, *(sha256(data).digest() for _, data in _programs())]
        return sha256(b"\n".join(parts)).hexdigest()

    def write(self) -> IO[bytes]:
        """A file, at its beginning, that goes when it is closed. One at a time is made in a process."""
        file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 -- the answer closes it
        with _one_at_a_time, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
            for name, data in self.files():
                zipped.writestr(zipfile.ZipInfo(name, _AT), data, zipfile.ZIP_DEFLATED)
        file.seek(0)
        return file

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Names and contents, in the order of the contract."""
        prefix = f"log/{self.shard}/"
        origin = log.origin(self.shard)
        keys = {"vkey": log.vkey(self.shard), "receipt_vkey": log.receipt_vkey(self.shard)}
        listed = {"origin": origin, "prefix": f"{reverse('votelog:index')}{self.shard}/", **keys}
        yield "bundle.json", _json({"v": 1, "origin": origin, "poll": self.poll})
        yield "log/index.json", _json({"logs": [listed]})
        yield f"{prefix}checkpoint", self.checkpoint
        named: dict[str, None] = {}
        for tile in tiles.between(0, self.size):
            data = files.read(self.shard, tile.path)
            data = files.derive(trees.load(self.shard), self.shard, tile) if data is None else data
            if tile.level == ENTRIES:
                named.update(dict.fromkeys(_blobs_of(self.poll, data)))
            yield f"{prefix}{tile.path}", data
        for name in named:
            blob = Blob.objects.filter(sha256=name).first()
            if blob is not None:  # else it was erased, or it is the hash of something that is no blob
                yield f"{prefix}blob/{name}", bytes(blob.data)
        yield "README.txt", self._readme().encode()
        yield from _programs()

    def _readme(self) -> str:
        about = {"poll": self.poll, "origin": log.origin(self.shard), "size": self.size}
        texts = []
        for language in ("en", "fa"):
            with translation.override(language):
                texts.append(render_to_string("about/bundle_readme.txt", about).strip())
        return "\n\n".join(texts) + "\n"


def of_poll(poll: str) -> Bundle | None:
    """None while no served checkpoint covers an entry of the poll."""
    first = next(log.events(poll), None)
    if first is None:
        return None
    served = files.read(first.shard, files.SERVED)
    if first.shard not in shards.abandoned():
        served = witnesses.served(first.shard, latest=False)
    if served is None:
        return None
    size = Checkpoint.parse(note.parse(served.decode()).text).size
    return Bundle(poll, first.shard, served, size) if first.idx < size else None


def _programs() -> Iterator[tuple[str, bytes]]:
    for name, path in TO_READ_AND_RUN.items():
        if path.exists():
            yield name, path.read_bytes()


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"


def _blobs_of(poll: str, bundled: bytes) -> Iterator[str]:
    """Every hash that an entry of the poll states under a name that ends in `sha256`."""
    mark = b'"poll":"' + poll.encode() + b'"'
    for raw in tiles.unbundle(bundled):
        if mark in raw and (entry := canonical.loads(raw))["poll"] == poll:
            yield from _hashes(entry["d"])


def _hashes(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name.endswith("sha256") and isinstance(part, str):
                yield part
            else:
                yield from _hashes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _hashes(part)
