"""Pull mode, for witnesses that nobody can reach: fetch the log's checkpoint, prove from its tiles that it continues what
was signed before, and put the cosigned checkpoint into a file that the witness publishes by its own means."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from merkle import tiles
from merkle.errors import ProofError
from merkle.tiles import WIDTH, Tile
from merkle.tree import root
from witness.core import MAX_BODY_BYTES, Submitted, Witness, read
from witness.errors import CannotStart

PATIENCE = 20.0
"""Seconds that the log has for each file."""

Read = Callable[[Tile], bytes]

logger = logging.getLogger("witness")


class Unreachable(Exception):
    """The log does not answer, or not with what was asked for."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_NoRedirects)


def follow(witness: Witness, url: str, *, out: Path | None, every: float, stop: threading.Event) -> None:
    """Look each `every` seconds, until `stop` is set."""
    down = False
    while not stop.is_set():
        try:
            once(witness, url, out=out)
            if down:
                logger.warning("%s answers again.", url)
            down = False
        except Unreachable as error:
            if not down:
                logger.warning("%s; trying on every %g seconds.", error, every)
            down = True
        stop.wait(every)


def once(witness: Witness, url: str, *, out: Path | None) -> bool:
    """Look once. Whether the log was found to be sound: a refusal is logged, and kept in the state.

    Raises Unreachable, or CannotStart for an address that is none.
    """
    prefix = prefix_of(url)
    signed = _newest(prefix)
    try:
        claimed = read(signed, old_size=0, proof=())
    except ProofError as error:
        raise Unreachable(f"{prefix} has no checkpoint but something else: {error}") from None
    if witness.signed_by_the_log(claimed) is None:
        raise Unreachable(f"{prefix} shows a checkpoint of {claimed.body.origin!r} that no key of --log or --policy has signed")
    latest = witness.state.latest(claimed.body.origin)
    if claimed.body.size < latest.size:
        logger.warning("%s shows size %d, and we have signed %d: an old copy.", prefix, claimed.body.size, latest.size)
    proof: tuple[bytes, ...] = ()
    if 0 < latest.size < claimed.body.size:
        proof = tuple(consistency_proof(latest.size, claimed.body.size, tile_reader(prefix, claimed.body.size)))
    elif latest.size == 0:
        _must_have_tiles(prefix, claimed)
    answer = witness.consider(Submitted(latest.size, proof, signed, claimed.text, claimed.body))
    if answer.status != 200:
        if claimed.body.size >= latest.size:
            logger.error("%s: size %d is not signed: %s", prefix, claimed.body.size, answer.body.strip())
        return claimed.body.size < latest.size and answer.status == 400
    cosigned = witness.published(claimed.body.origin) or ""
    if out is None:
        sys.stdout.write(cosigned)
        sys.stdout.flush()
    else:
        write(out, cosigned)
    return True


def write(path: Path, text: str) -> None:
    """Put a file where others fetch it, in one step."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def prefix_of(url: str) -> str:
    """The address with a slash at its end. Raises CannotStart when it is no HTTP address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise CannotStart(f"{url} is not the address of a log, as https://vote.example.org/log/2027/.")
    return url.rstrip("/") + "/"


def tile_reader(prefix: str, size: int) -> Read:
    """Fetches tiles of the log at this size, each once; where a partial tile is gone, the full one."""
    fetched: dict[Tile, bytes] = {}

    def read_tile(tile: Tile) -> bytes:
        if tile not in fetched:
            data = _fetch(prefix + tile.path, limit=WIDTH * 32)
            if data is None and tile.width < WIDTH:
                data = _fetch(prefix + Tile(tile.level, tile.n).path, limit=WIDTH * 32)
                data = data[: tile.width * 32] if data else data
            if data is None or len(data) != tile.width * 32:
                raise Unreachable(f"{prefix}{tile.path} is missing or cut short")
            fetched[tile] = data
        return fetched[tile]

    return read_tile


def consistency_proof(old_size: int, new_size: int, read: Read) -> list[bytes]:
    """PROOF(old_size, D[new_size]) of RFC 6962 section 2.1.2, from the tiles of the log at `new_size`; 0 < old < new."""
    low, high, proof = 0, new_size, []
    while old_size != high:
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if old_size <= middle:
            proof.append(_range(middle, high, new_size, read))
            high = middle
        else:
            proof.append(_range(low, middle, new_size, read))
            low = middle
    if low:
        proof.append(_range(low, high, new_size, read))
    return proof[::-1]


def _range(low: int, high: int, size: int, read: Read) -> bytes:
    """MTH of leaves low to high - 1, where `low` is a multiple of a power of two that is at least high - low."""
    length = high - low
    if length & (length - 1):
        middle = low + (1 << length.bit_length() - 1)
        return root([_range(low, middle, size, read), _range(middle, high, size, read)])
    level = (length.bit_length() - 1) // 8
    start, count = low >> 8 * level, length >> 8 * level
    n = start // WIDTH
    tile = Tile(level, n, min(WIDTH, (size >> 8 * level) - n * WIDTH))
    at = start % WIDTH
    return root(tiles.split_hashes(read(tile), tile.width)[at : at + count])


def _must_have_tiles(prefix: str, claimed: Submitted) -> None:
    # The first checkpoint is believed as it comes; but the log must at least have the tree that it speaks of.
    if tiles.root_of(claimed.body.size, tile_reader(prefix, claimed.body.size)) != claimed.body.root:
        raise Unreachable(f"{prefix} has other tiles than its checkpoint says")


def _newest(prefix: str) -> str:
    data = _fetch(f"{prefix}checkpoint/latest", limit=MAX_BODY_BYTES)
    if data is None:
        data = _fetch(f"{prefix}checkpoint", limit=MAX_BODY_BYTES)
    if data is None:
        raise Unreachable(f"{prefix} has no checkpoint")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unreachable(f"{prefix} has no checkpoint but something else") from None


def _fetch(url: str, *, limit: int) -> bytes | None:
    """The bytes there, None when there is nothing (404, 410). Raises Unreachable."""
    deadline = time.monotonic() + PATIENCE
    request = Request(url, headers={"User-Agent": "witness", "Accept": "*/*"})  # noqa: S310 -- prefix_of saw to the scheme
    try:
        with _opener.open(request, timeout=PATIENCE) as response:
            data = b""
            while part := response.read1(65_536):
                data += part
                if len(data) > limit or time.monotonic() > deadline:
                    raise Unreachable(f"{url} answers too much or too slowly")
            return data
    except HTTPError as error:
        error.close()
        if error.code in (404, 410):
            return None
        raise Unreachable(f"{url} answers {error.code}") from None
    except (URLError, OSError, ValueError) as error:
        raise Unreachable(f"{url} does not answer: {getattr(error, 'reason', error)}") from None
