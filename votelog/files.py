"""The log as files under LOG_DIR/<shard>/, with the paths of C2SP tlog-tiles, for this server or any static one.

All of them follow from the database; what is missing is written again. The `checkpoint` file is what we published:
it is the one file that is also evidence, and the database is never allowed to hold less than it says.
"""

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
from votelog import log, trees
from votelog.errors import LogDamaged
from votelog.keys import check_signature
from votelog.models import Checkpoint, Event


def directory(shard: int) -> Path:
    """Where the files of a shard are."""
    path: Path = settings.LOG_DIR / str(shard)
    return path


def read(shard: int, path: str) -> bytes | None:
    """The content of a file, None when there is none."""
    try:
        return (directory(shard) / path).read_bytes()
    except FileNotFoundError:
        return None


def derive(tree: Tree, shard: int, tile: Tile) -> bytes:
    """What a tile or bundle has to hold, from the database. The tree must have filled it."""
    return bundle(shard, tile) if tile.level == ENTRIES else tiles.data(tree, tile)


def bundle(shard: int, tile: Tile) -> bytes:
    """What a bundle has to hold, from the database."""
    start = tile.n * WIDTH
    rows = Event.objects.filter(shard=shard, idx__gte=start, idx__lt=start + tile.width).order_by("idx")
    return tiles.bundle(body.encode() for body in rows.values_list("body", flat=True))


def write_tiles(shard: int, tree: Tree, *, since: int) -> None:
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


def drop_outgrown(shard: int, *, since: int, size: int) -> None:
    """Remove the partial tiles of those that became full between the two sizes. They can be derived when asked for."""
    for tile in tiles.between(since, size):
        if tile.width == WIDTH:
            shutil.rmtree(directory(shard) / f"{tile.path}.p", ignore_errors=True)


def publish(shard: int, signed: str) -> None:
    """Put a checkpoint where everyone sees it, in one step."""
    write(shard, {"checkpoint": signed.encode()})


def published(shard: int) -> checkpoints.Checkpoint | None:
    """The checkpoint that is published as a file. Raises LogDamaged when it is not one that this log signed."""
    data = read(shard, "checkpoint")
    if data is None:
        return None
    try:
        signed = data.decode()
        body = checkpoints.Checkpoint.parse(note.parse(signed).text)
        if trees.size(shard) and body.origin == log.origin(shard):
            checkpoints.check(signed, note.VerifierKey.parse(log.vkey(shard)), check_signature)
        return body
    except (ProofError, UnicodeDecodeError) as error:
        raise LogDamaged(f"the published checkpoint of log {shard} is damaged: {error}") from None


def refuse_to_fork() -> None:
    """Raise LogDamaged when any shard has published more than the database holds, or something else."""
    for path in sorted(settings.LOG_DIR.glob("[0-9]*/checkpoint")):
        shard = int(path.parent.name)
        body = published(shard)
        size = trees.size(shard)
        if body is None:
            continue
        if body.size > size:
            raise LogDamaged(f"published {body.size} > database {size}; refusing to fork")
        row = Checkpoint.objects.filter(shard=shard, size=body.size).first()
        if body.origin != log.origin(shard) or row is None or bytes(row.root) != body.root:
            raise LogDamaged(
                f"the published checkpoint of {body.origin} at size {body.size} is not in the database; refusing to fork"
            )


def write(shard: int, files: dict[str, bytes]) -> None:
    """Write files durably, each in one step: temporary file, fsync, rename, fsync of its directory."""
    directories: set[Path] = set()
    for path, data in files.items():
        target = directory(shard) / path
        _make(target.parent, directories)
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        directories.add(target.parent)
    _sync(directories)


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
