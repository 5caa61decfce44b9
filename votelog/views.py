"""The log as programs read it: checkpoints, tiles, bundles and blobs, to anyone, from anywhere, without a cookie."""

import logging
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from merkle import tiles
from merkle.errors import ProofError
from merkle.tiles import ENTRIES, Tile
from merkle.tree import leaf_hash
from votelog import files, log, shards, trees, witnesses
from votelog.models import Blob

logger = logging.getLogger(__name__)

FOR_GOOD = "public, max-age=31536000, immutable"
FOR_A_SECOND = "public, max-age=1"


METHODS = "GET, HEAD, OPTIONS"


def open_to_all(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """GET and HEAD from any origin; what does not exist is said in one plain line, not on a page for people."""

    @wraps(view)
    def answer(request: HttpRequest, **parts: str) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = "*"
            response["Access-Control-Max-Age"] = "86400"
        elif request.method not in ("GET", "HEAD"):
            response = _plain("read only\n", status=405)
        else:
            try:
                response = view(request, **parts)
            except Http404:
                response = _plain("not found\n", status=404)
        if request.method not in ("GET", "HEAD"):
            response["Allow"] = METHODS
        response["Access-Control-Allow-Origin"] = "*"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    # A cross-site token protects forms; nothing here can be changed, and 405 is the honest answer.
    return csrf_exempt(answer)


def _plain(text: str, *, status: int) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


@open_to_all
def index(request: HttpRequest) -> HttpResponse:
    """The logs of this instance, and the keys they are checked with."""
    logs = [
        {
            "origin": log.origin(shard),
            "prefix": f"{reverse('votelog:index')}{shard}/",
            "vkey": log.vkey(shard),
            "receipt_vkey": log.receipt_vkey(shard),
        }
        for shard in log.shards()
    ]
    response = JsonResponse({"logs": logs})
    response["Cache-Control"] = FOR_A_SECOND
    return response


@open_to_all
def checkpoint(request: HttpRequest, shard: str) -> HttpResponse:
    """What is published, as it lies there; the newest row of the database when the file is missing. Where the instance has
    witnesses: the newest checkpoint that a quorum of them signed, with their signatures."""
    return _checkpoint(shard, files.SERVED)


@open_to_all
def latest_checkpoint(request: HttpRequest, shard: str) -> HttpResponse:
    """The newest that was signed."""
    return _checkpoint(shard, files.LATEST)


def _checkpoint(shard: str, name: str) -> HttpResponse:
    note = None
    if settings.WITNESS_POLICY is not None and shard not in shards.abandoned():
        note = witnesses.served(shard, latest=name == files.LATEST)
    note = files.read(shard, name) if note is None else note
    if note is None:
        latest = log.latest_checkpoint(shard)
        if latest is None:
            raise Http404
        note = latest.note.encode()
    response = HttpResponse(note, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = FOR_A_SECOND
    return response


@open_to_all
def tile(request: HttpRequest, shard: str, path: str) -> HttpResponse:
    """A tile or bundle that the latest checkpoint covers, full or of any width that it once had."""
    try:
        asked = Tile.parse(path)
        data = _of_given_up(shard, asked) if shard in shards.abandoned() else _of_log(shard, asked)
    except ProofError:
        raise Http404 from None
    response = HttpResponse(data, content_type="application/octet-stream")
    response["Cache-Control"] = FOR_GOOD
    return response


def _of_log(shard: str, tile: Tile) -> bytes:
    if not tile.within(log.size(shard)):
        raise Http404
    return _stored(shard, tile)


def _of_given_up(shard: str, tile: Tile) -> bytes:
    """What still lies there: the files are what was published, and the database may be what is wrong."""
    stored = files.read(shard, tile.path)
    if stored is None:
        raise Http404
    return stored


@open_to_all
def nothing(request: HttpRequest, **parts: str) -> HttpResponse:
    """Every other address under the log."""
    raise Http404


@open_to_all
def blob(request: HttpRequest, sha256: str) -> HttpResponse:
    """The bytes with this hash."""
    found = Blob.objects.filter(sha256=sha256).first()
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found.data), content_type="application/octet-stream")
    response["Content-Disposition"] = "attachment"
    response["Cache-Control"] = FOR_GOOD
    return response


def _stored(shard: str, tile: Tile) -> bytes:
    """The file, or what it should hold when there is none.

    Damage is shown, not hidden behind the good copy: where file and database disagree about entries, the one that no
    longer hashes to the tree is served, so that any reader's check fails while the operator reads why.
    """
    stored = files.read(shard, tile.path)
    if tile.level != ENTRIES:
        return files.derive(trees.load(shard), shard, tile) if stored is None else stored
    rows = files.bundle(shard, tile)
    if stored is None or stored == rows:
        return rows
    logger.critical("%s and the database disagree: one of them was changed.", files.directory(shard) / tile.path)
    return stored if _fits(shard, tile, rows) else rows


def _fits(shard: str, tile: Tile, rows: bytes) -> bool:
    hashes = files.read(shard, Tile(0, tile.n, tile.width).path)
    return hashes is None or b"".join(map(leaf_hash, tiles.unbundle(rows))) == hashes
