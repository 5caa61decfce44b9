"""The Merkle tree over the database's events, kept in memory and checked against them as it grows."""

import threading

from django.conf import settings
from django.db import connection

from merkle.tree import Tree, leaf_hash
from votelog.errors import LogDamaged
from votelog.models import Checkpoint, Event

_trees: dict[tuple[str, str, str], Tree] = {}
_lock = threading.Lock()


def size(shard: str) -> int:
    """How many events the shard has in the database."""
    last = Event.objects.filter(shard=shard).order_by("-idx").values_list("idx", flat=True).first()
    return 0 if last is None else last + 1


def load(shard: str) -> Tree:
    """The tree over every committed event of the shard. Not for use in a transaction that has added some.

    Each entry is compared with its leaf hash when this process first sees it, and the tree with the last checkpoint
    each time. Raises LogDamaged.
    """
    key = (str(connection.settings_dict["NAME"]), str(settings.LOG_DIR), shard)
    with _lock:
        tree = _trees.get(key)
        if tree is None or not _still_there(shard, tree):
            tree = Tree()
        _extend(tree, shard)
        last = Checkpoint.objects.filter(shard=shard).order_by("-size").first()
        if last and last.size > tree.size:
            raise LogDamaged(f"signed {last.size} > database {tree.size}; refusing to fork")
        if last and tree.root(last.size) != bytes(last.root):
            raise LogDamaged(f"fsck: entries no longer have the root that was signed at size {last.size}")
        _trees[key] = tree
        return tree


def _still_there(shard: str, tree: Tree) -> bool:
    if not tree.size:
        return True
    event = Event.objects.filter(shard=shard, idx=tree.size - 1).only("leaf").first()
    return event is not None and bytes(event.leaf) == tree.hashes(0, tree.size - 1, tree.size)


def _extend(tree: Tree, shard: str) -> None:
    new = Event.objects.filter(shard=shard, idx__gte=tree.size).order_by("idx")
    rows = new.values_list("idx", "body", "leaf").iterator()
    leaves = []
    for expected, (idx, body, leaf) in enumerate(rows, start=tree.size):
        if idx != expected:
            raise LogDamaged(f"fsck: entry {expected} missing")
        if leaf_hash(body.encode()) != bytes(leaf):
            raise LogDamaged(f"fsck: entry {idx} corrupt")
        leaves.append(bytes(leaf))
    tree.extend(leaves)
