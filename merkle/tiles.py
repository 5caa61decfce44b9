"""Tiles (C2SP tlog-tiles): the tree and its entries as files of 256, with paths like ``tile/0/x001/067.p/3``."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from merkle.errors import ProofError
from merkle.tree import EMPTY_ROOT, HASH_BYTES, Tree, node_hash, root

WIDTH = 256
MAX_LEVEL = 63
ENTRIES = -1
"""Stands where a tile's level stands, for a bundle of entries."""

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True)
class Tile:
    """One tile: `level` (or ENTRIES), number `n`, and how many of its 256 places are filled, 1 to 256."""

    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix.

        >>> Tile(0, 1234067).path, Tile(ENTRIES, 5, 17).path
        ('tile/0/x001/x234/067', 'tile/entries/005.p/17')
        """
        groups = [f"{self.n % 1000:03}"]
        rest = self.n // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{'/'.join(groups)}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile with this path. Raises ProofError unless `path` is its one spelling."""
        match = _PATH.fullmatch(path)
        if match:
            level = ENTRIES if match[1] == "entries" else int(match[1])
            tile = cls(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
            if tile.path == path and level <= MAX_LEVEL and tile.width <= WIDTH:
                return tile
        raise ProofError("not a tile path")

    def within(self, size: int) -> bool:
        """Whether a tree of `size` leaves has filled this much of the tile."""
        return self.n * WIDTH + self.width <= size >> 8 * max(self.level, 0)


def between(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles and bundles that a log has to write when it grows from `old_size` to `new_size`.

    >>> [tile.path for tile in between(255, 257)]
    ['tile/entries/000', 'tile/entries/001.p/1', 'tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1']
    """
    for level in range(ENTRIES, MAX_LEVEL + 1):
        old, new = (size >> 8 * max(level, 0) for size in (old_size, new_size))
        if not new:
            return
        if new > old:
            for n in range(old // WIDTH, (new + WIDTH - 1) // WIDTH):
                yield Tile(level, n, min(WIDTH, new - n * WIDTH))


def data(tree: Tree, tile: Tile) -> bytes:
    """The bytes of a hash tile. Raises ValueError when the tree has not filled it, or when it is a bundle."""
    if tile.level == ENTRIES:
        raise ValueError("a tree holds no entries")
    start = tile.n * WIDTH
    return tree.hashes(8 * tile.level, start, start + tile.width)


def root_of(size: int, read: Callable[[Tile], bytes]) -> bytes:
    """The root of the tree of `size` leaves, from the tiles of its right edge alone, fetched by `read`.

    Raises ProofError when a tile has the wrong length.
    """
    found: bytes | None = None
    for level in range(MAX_LEVEL + 1):
        filled = size >> 8 * level
        width = filled % WIDTH
        if width:
            hashes = split_hashes(read(Tile(level, filled // WIDTH, width)), width)
            for bit in range(8):  # the complete subtrees, smallest and rightmost first
                if width >> bit & 1:
                    subtree = root(hashes[-1 << bit :])
                    hashes = hashes[: -1 << bit]
                    found = subtree if found is None else node_hash(subtree, found)
    return EMPTY_ROOT if found is None else found


def split_hashes(tile: bytes, width: int) -> list[bytes]:
    """The hashes of a hash tile. Raises ProofError unless there are exactly `width`."""
    if len(tile) != width * HASH_BYTES:
        raise ProofError(f"a tile of width {width} is {width * HASH_BYTES} bytes, not {len(tile)}")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle holds them: each after its length as big-endian uint16."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(bundled: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ProofError when it is cut short."""
    entries, at = [], 0
    while at < len(bundled):
        end = at + 2 + int.from_bytes(bundled[at : at + 2], "big")
        if at + 2 > len(bundled) or end > len(bundled):
            raise ProofError("bundle is cut short")
        entries.append(bundled[at + 2 : end])
        at = end
    return entries
