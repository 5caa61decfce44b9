"""The Merkle tree of RFC 6962 section 2.1: root hashes, inclusion and consistency proofs, made and checked.

Hashes are SHA-256, 32 bytes. Everything here works on leaf *hashes*; `leaf_hash` makes one from an entry's bytes.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from merkle.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The tree hash MTH over these leaf hashes.

    >>> root([]).hex()[:8]
    'e3b0c442'
    >>> root([leaf_hash(b"")]).hex()[:8]
    '6e340b9c'
    """
    return Tree(leaf_hashes).root()


class Tree:
    """A growing tree that keeps the hash of every complete subtree, so that any root, proof or tile is a lookup.

    Takes 64 bytes a leaf. Only `extend` changes it, and it changes nothing about earlier sizes: a thread that passes
    a size it has seen may read while another one extends.
    """

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        # Level h: the hashes of the complete subtrees of 2**h leaves, one after another.
        self._levels = [bytearray()]
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaf hashes. Raises ValueError, and changes nothing, unless each is 32 bytes."""
        new = list(leaf_hashes)
        if any(len(leaf) != HASH_BYTES for leaf in new):
            raise ValueError("a leaf hash is 32 bytes")
        self._levels[0] += b"".join(new)
        below = 0
        while len(self._levels[below]) >= 2 * HASH_BYTES:
            if below + 1 == len(self._levels):
                self._levels.append(bytearray())
            children, parents = self._levels[below], self._levels[below + 1]
            for at in range(2 * len(parents), len(children) - 2 * HASH_BYTES + 1, 2 * HASH_BYTES):
                parents += sha256(b"\x01" + children[at : at + 2 * HASH_BYTES]).digest()
            below += 1

    def root(self, size: int | None = None) -> bytes:
        """The root hash of the first `size` leaves; of all of them by default."""
        size = self._within(size)
        return self._range(0, size) if size else EMPTY_ROOT

    def hashes(self, level: int, start: int, stop: int) -> bytes:
        """The hashes of complete subtrees of 2**level leaves number `start` to `stop - 1`, one after another."""
        if not 0 <= start <= stop or stop << level > self.size:
            raise ValueError(f"the tree has no hashes {start} to {stop} at level {level}")
        return bytes(self._levels[level][start * HASH_BYTES : stop * HASH_BYTES]) if stop else b""

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """PATH(index, D[size]) of RFC 6962 section 2.1.1. Raises ValueError unless 0 <= index < size."""
        low, high = 0, self._within(size)
        if not 0 <= index < high:
            raise ValueError(f"no leaf {index} in a tree of {high}")
        proof = []
        while high - low > 1:
            middle = low + _left(high - low)
            if index < middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        return proof[::-1]

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """PROOF(old_size, D[new_size]) of RFC 6962 section 2.1.2. Raises ValueError unless 0 < old_size <= new_size."""
        low, high = 0, self._within(new_size)
        if not 0 < old_size <= high:
            raise ValueError(f"no consistency proof from {old_size} to {high}")
        proof = []
        while old_size != high:
            middle = low + _left(high - low)
            if old_size <= middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        if low:  # the old tree is not itself a node on this path, so its last part has to be given
            proof.append(self._range(low, high))
        return proof[::-1]

    def _within(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"size {size} of a tree of {self.size}")
        return size

    def _range(self, low: int, high: int) -> bytes:
        """MTH of leaves low to high - 1, where `low` is a multiple of a power of two that is at least high - low."""
        length = high - low
        if length & (length - 1) == 0:
            level = length.bit_length() - 1
            return self.hashes(level, low >> level, (low >> level) + 1)
        middle = low + _left(length)
        return node_hash(self._range(low, middle), self._range(middle, high))


def check_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `proof` shows `leaf` at `index` of the tree with this size and root. RFC 9162 2.1.3.2."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not in a tree of {size}")
    position, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("inclusion proof is too long")
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("inclusion proof is too short")
    if found != root:
        raise ProofError("inclusion proof leads to another root")


def check_consistency(*, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofError unless `proof` shows that the old tree is the beginning of the new one. RFC 9162 2.1.4.2.

    An old size of 0 is refused: anything is consistent with nothing, so such a proof proves nothing.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 < old_size <= new_size:
        raise ProofError(f"no consistency from size {old_size} to {new_size}")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofError("two roots for one size" if old_root != new_root else "consistency proof is too long")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("consistency proof is too short")
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("consistency proof is too long")
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("consistency proof is too short")
    if old != old_root or new != new_root:
        raise ProofError("consistency proof leads to another root")


def _left(length: int) -> int:
    """The largest power of two smaller than `length` (which is at least 2): the size of the left subtree."""
    return 1 << ((length - 1).bit_length() - 1)


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError("a hash is 32 bytes")
