"""The log as files under LOG_DIR/<shard>/, with the paths of C2SP tlog-tiles, for this server or any static one.

All of them follow from the database; what is missing is written again. The checkpoint files are what we published: they are
also evidence, and the database is never allowed to hold less than they say. `checkpoint` is what is served under that name,
`checkpoint.latest` the newest one we signed; a second copy of that may lie on another disk (CHECKPOINT_COPY_DIR).
"""

import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from merkle import checkpoint as checkpoints
from merkle import note, tiles
from merkle.errors import ProofError
from merkle.tiles import ENTRIES, WIDTH, Tile
from merkle.tree import Tree
from votelog import log, shards, trees
from votelog.errors import LogDamaged
from votelog.keys import check_signature
from votelog.models import Checkpoint, Event

logger = logging.getLogger(__name__)
SERVED, LATEST, _COPY = "checkpoint", "checkpoint.latest", ".checkpoint"


def directory(shard: str) -> Path:
    """Where the files of a shard are."""
    path: Path = settings.LOG_DIR / shard
    return path


def read(shard: str, path: str) -> bytes | None:
    """The content of a file, None when there is none."""
    try:
        return (directory(shard) / path).read_bytes()
    except FileNotFoundError:
        return None


def derive(tree: Tree, shard: str, tile: Tile) -> bytes:
    """What a tile or bundle has to hold, from the database. The tree must have filled it."""
    return bundle(shard, tile) if tile.level == ENTRIES else tiles.data(tree, tile)


def bundle(shard: str, tile: Tile) -> bytes:
    """What a bundle has to hold, from the database."""
    start = tile.n * WIDTH
    rows = Event.objects.filter(shard=shard, idx__gte=start, idx__lt=start + tile.width).order_by("idx")
    return tiles.bundle(body.encode() for body in rows.values_list("body", flat=True))


def write_tiles(shard: str, tree: Tree, *, since: int) -> None:
    """Write durably what a log that grew from size `since` to the tree's needs, and read it back.

    Raises LogDamaged unless the files then hold what was written and lead to the tree's root.
    """
    wanted = {tile.path: derive(tree, shard, tile) for tile in tiles.between(since, tree.size)}
    missing = {path: data for path, data in wanted.items() if read(shard, path) != data}
    write(shard, missing)
    for path in missing:
        if read(shard, path) != wanted[path]:
            raise LogDamaged(f"{directory(shard) / path} does not hold what was written to it")
    try:
        root = tiles.root_of(tree.size, lambda tile: read(shard, tile.path) or b"")
    except ProofError as error:
        raise LogDamaged(f"the files of log {shard} are damaged: {error}") from None
    if root != tree.root():
        raise LogDamaged(f"the files of log {shard} lead to another root than its entries; a restart writes them again")


def drop_outgrown(shard: str, *, since: int, size: int) -> None:
    """Remove the partial tiles of those that became full between the two sizes. They can be derived when asked for."""
    for tile in tiles.between(since, size):
        if tile.width == WIDTH:
            shutil.rmtree(directory(shard) / f"{tile.path}.p", ignore_errors=True)


def publish(shard: str, signed: str, *, served: bool = True) -> None:
    """Put a checkpoint where everyone sees it, in one step. Without `served` only as the newest one, not yet as `checkpoint`."""
    content = {LATEST: signed.encode()}
    write(shard, content | {SERVED: signed.encode()} if served else content)
    copy = _copy(shard)
    if copy is None:
        return
    try:
        _write(copy.parent, {copy.name: signed.encode()})
    except OSError as error:
        # The log goes on: the copy is a second look at the disk that we publish from, not part of publishing.
        logger.critical("The checkpoint of log %s could not be copied to CHECKPOINT_COPY_DIR: %s", shard, error)


def published(shard: str) -> checkpoints.Checkpoint | None:
    """The newest checkpoint that is published as a file. Raises LogDamaged when one is not what this log signed."""
    bodies = [body for _, body in _evidence(shard)]
    return max(bodies, key=lambda body: body.size, default=None)


def refuse_to_fork() -> None:
    """Raise LogDamaged when any shard has published more than the database holds, or something else; those that were given
    up apart."""
    given_up = shards.abandoned()
    for shard in shards.on_disk():
        if shard not in given_up:
            refuse_unless_held(shard)


def refuse_unless_held(shard: str, *, copies: bool = False) -> None:
    """Raise LogDamaged when the database does not hold what this shard published; with `copies` also by CHECKPOINT_COPY_DIR."""
    for _, body in _evidence(shard):
        _refuse_unless_held(shard, body, "published")
    if copies and (path := _copy(shard)) is not None and path.exists():
        _refuse_unless_held(shard, _parsed(shard, path), f"published (by {path})")


def published_shards() -> list[str]:
    """Every shard of which something is published in LOG_DIR or CHECKPOINT_COPY_DIR. Raises LogDamaged when that is not there."""
    folder = settings.CHECKPOINT_COPY_DIR
    if folder is None:
        return shards.on_disk()
    if not folder.is_dir():
        raise LogDamaged(f"CHECKPOINT_COPY_DIR, {folder}, is not there: is its disk mounted?")
    names = {path.name.removesuffix(_COPY) for path in folder.glob(f"*{_COPY}")}
    return sorted({*shards.on_disk(), *filter(shards.is_name, names)})


def _copy(shard: str) -> Path | None:
    folder: Path | None = settings.CHECKPOINT_COPY_DIR
    return None if folder is None else folder / f"{shard}{_COPY}"


def _evidence(shard: str) -> list[tuple[Path, checkpoints.Checkpoint]]:
    paths = [directory(shard) / name for name in (SERVED, LATEST)]
    return [(path, _parsed(shard, path)) for path in paths if path.exists()]


def _parsed(shard: str, path: Path) -> checkpoints.Checkpoint:
    try:
        signed = path.read_bytes().decode()
        body = checkpoints.Checkpoint.parse(note.parse(signed).text)
        if trees.size(shard) and body.origin == log.origin(shard):
            checkpoints.check(signed, note.VerifierKey.parse(log.vkey(shard)), check_signature)
        return body
    except (ProofError, UnicodeDecodeError) as error:
        raise LogDamaged(f"the published checkpoint of log {shard}, {path}, is damaged: {error}") from None


def _refuse_unless_held(shard: str, body: checkpoints.Checkpoint, published: str) -> None:
    size = trees.size(shard)
    if body.size > size:
        raise LogDamaged(f"{published} {body.size} > database {size}; refusing to fork")
    row = Checkpoint.objects.filter(shard=shard, size=body.size).first()
    if body.origin != log.origin(shard) or row is None or bytes(row.root) != body.root:
        raise LogDamaged(
            f"the published checkpoint of {body.origin} at size {body.size} is not in the database; refusing to fork"
        )


def drop_drafts(shard: str) -> None:
    """Remove what a process left that died while it wrote."""
    for draft in directory(shard).rglob(".*.new"):
        draft.unlink(missing_ok=True)


def write(shard: str, files: dict[str, bytes]) -> None:
    """Write files durably, each in one step: temporary file, fsync, rename, fsync of its directory."""
    _write(directory(shard), files)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    directories: set[Path] = set()
    for path, data in files.items():
        target = folder / path
        _make(target.parent, directories)
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        _fill(draft, data)
        os.replace(draft, target)
        directories.add(target.parent)
    _sync(directories)


def _fill(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(path: Path, made: set[Path]) -> None:
    if not path.is_dir():
        _make(path.parent, made)
        path.mkdir(exist_ok=True)
        made.add(path.parent)


def _sync(directories: Iterable[Path]) -> None:
    for path in directories:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
