"""Everything that has to fit together, looked at once more from the beginning. Nothing is changed."""

from collections.abc import Iterator
from itertools import chain

from merkle import checkpoint as checkpoints
from merkle import tiles
from merkle.errors import ProofError
from merkle.note import VerifierKey
from merkle.tiles import Tile
from merkle.tree import Tree, leaf_hash
from votelog import files, log, shards, trees
from votelog.entries import NO_LEAF, read
from votelog.errors import VoteLogError
from votelog.keys import check_signature
from votelog.models import BALLOT, Checkpoint, Event


def findings() -> list[str]:
    """One sentence for each thing that is wrong in a log that was not given up; empty when all are sound."""
    return _found(with_files=True)


def damage() -> list[str]:
    """Those that forbid to go on: entries and what was signed and published. Tiles can be written again."""
    return _found(with_files=False)


def damaged_shards() -> list[str]:
    """The logs that `damage` is in."""
    return [shard for shard in _shards() if any(_in(shard, {}, with_files=False))]


def _found(*, with_files: bool) -> list[str]:
    try:
        looked_at = _shards()
    except VoteLogError as error:
        return [str(error)]
    homes: dict[str, str] = {}
    return [finding for shard in looked_at for finding in _in(shard, homes, with_files=with_files)]


def _shards() -> list[str]:
    return sorted({*log.shards(), *files.published_shards()} - shards.abandoned())


def _in(shard: str, homes: dict[str, str], *, with_files: bool) -> Iterator[str]:
    try:
        files.refuse_unless_held(shard, copies=True)
    except VoteLogError as error:
        yield str(error)
    if not trees.size(shard):
        return
    tree = Tree()
    for finding in chain(_entries(shard, tree, homes), _checkpoints(shard, tree)):
        yield f"log {shard}: {finding}"
    if with_files:
        for finding in _files(shard, tree):
            yield f"log {shard}: {finding}"


def _entries(shard: str, tree: Tree, homes: dict[str, str]) -> Iterator[str]:
    chains: dict[str, tuple[int, str]] = {}
    leaves = []
    for event in Event.objects.filter(shard=shard).order_by("idx").iterator():
        body, leaf = event.body.encode(), bytes(event.leaf)
        leaves.append(leaf)
        if event.idx != len(leaves) - 1:
            yield f"entry {len(leaves) - 1} missing"
            break
        if event.poll and event.n == 0 and homes.setdefault(event.poll, shard) != shard:
            yield f"poll {event.poll} stands in log {homes[event.poll]} too"
        n, prev = chains.get(event.poll, (0, NO_LEAF))
        chains[event.poll] = (event.n + 1, leaf.hex())
        try:
            entry = read(event.body)
            bid = entry["d"]["bid"] if entry["type"] == BALLOT else None
            columns = (entry["poll"], entry["n"], entry["prev"], entry["type"], bid)
        except (ProofError, LookupError, TypeError):
            columns = None
        if leaf_hash(body) != leaf or columns != (event.poll, n, prev, event.kind, event.bid) or n != event.n:
            yield f"entry {event.idx} corrupt"
    tree.extend(leaves)


def _checkpoints(shard: str, tree: Tree) -> Iterator[str]:
    try:
        key = VerifierKey.parse(log.vkey(shard))
    except (VoteLogError, ProofError, LookupError):
        yield "the first entry does not name the log's key"
        return
    for row in Checkpoint.objects.filter(shard=shard).order_by("size").iterator():
        try:
            signed = checkpoints.check(row.note, key, check_signature)
        except ProofError as error:
            yield f"checkpoint {row.size}: {error}"
            continue
        if (signed.size, signed.root) != (row.size, bytes(row.root)):
            yield f"checkpoint {row.size}: the note says something else than the row"
        if row.size > tree.size or tree.root(row.size) != signed.root:
            yield f"checkpoint {row.size}: its root is not that of the entries"


def _files(shard: str, tree: Tree) -> Iterator[str]:
    size = min(log.size(shard), tree.size)
    for tile in tiles.between(0, size):
        if files.read(shard, tile.path) != files.derive(tree, shard, tile):
            yield f"{tile.path} is missing or damaged; a restart of the sequencer writes it again"
    root = files.directory(shard)
    for path in sorted(root.glob("tile/**/*.p/*")):
        relative = path.relative_to(root).as_posix()
        try:
            outgrown = Tile.parse(relative)
        except ProofError:
            continue
        if outgrown.within(size) and path.read_bytes() != files.derive(tree, shard, outgrown):
            yield f"{relative} is damaged; remove it, it is derived when asked for"
