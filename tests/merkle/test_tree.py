"""The tree against RFC 6962's own recursive definitions, against pymerkle, and against damage."""

import json
from hashlib import sha256
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merkle import tree as t
from merkle.errors import ProofError

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
LEAVES = [t.leaf_hash(bytes([i])) for i in range(70)]
TREE = t.Tree(LEAVES)
BIG = t.Tree(t.leaf_hash(i.to_bytes(4, "big")) for i in range(1000))


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def test_the_golden_entries_have_the_golden_leaves_root_and_proof() -> None:
    tree = t.Tree(t.leaf_hash(event["bytes"].encode()) for event in VECTORS["events"])
    assert [tree.hashes(0, i, i + 1).hex() for i in range(6)] == [event["leaf"] for event in VECTORS["events"]]
    assert tree.root().hex() == VECTORS["root"]
    assert [part.hex() for part in tree.inclusion_proof(4)] == VECTORS["inclusion_4_of_6"]


@pytest.mark.parametrize("size", range(71))
def test_the_root_at_every_size_is_the_one_rfc_6962_defines(size: int) -> None:
    assert TREE.root(size) == mth(LEAVES[:size]) == t.root(LEAVES[:size])


@given(st.lists(st.integers(0, 40), max_size=8))
def test_it_does_not_matter_in_which_steps_a_tree_grows(steps: list[int]) -> None:
    tree = t.Tree()
    for step in steps:
        tree.extend(BIG.hashes(0, tree.size + i, tree.size + i + 1) for i in range(step))
    assert tree.root() == BIG.root(tree.size)


def test_it_agrees_with_pymerkle() -> None:
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for i in range(70):
        oracle.append_entry(bytes([i]))
    assert oracle.get_root() == TREE.root()
    for index in range(70):  # pymerkle counts leaves from 1, and puts the leaf itself first in its path
        assert oracle.prove_inclusion(index + 1, 70).path[1:] == TREE.inclusion_proof(index)


def test_every_inclusion_proof_checks_and_fits_no_other_leaf_index_or_size() -> None:
    for size in range(1, 40):
        root = TREE.root(size)
        for index in range(size):
            proof = TREE.inclusion_proof(index, size)
            good = {"leaf": LEAVES[index], "index": index, "size": size, "proof": proof, "root": root}
            t.check_inclusion(**good)
            for damage in (
                {"leaf": LEAVES[index + 1]},
                {"root": LEAVES[0] if size > 1 else LEAVES[1]},
                {"index": index + 1},
                {"index": -1},
                {"size": 0},
                {"proof": [*proof, root]},
                {"proof": [root, *proof]},
                *([{"proof": proof[:-1]}, {"proof": proof[1:]}] if proof else []),
                *({"proof": [*proof[:i], root, *proof[i + 1 :]]} for i in range(len(proof))),
                *({"index": other} for other in range(size) if other != index),
            ):
                with pytest.raises(ProofError):
                    t.check_inclusion(**{**good, **damage})


def test_every_consistency_proof_checks_and_fits_no_other_roots_or_sizes() -> None:
    for new in range(1, 40):
        for old in range(1, new + 1):
            proof = TREE.consistency_proof(old, new)
            good = {
                "old_size": old,
                "old_root": TREE.root(old),
                "new_size": new,
                "new_root": TREE.root(new),
                "proof": proof,
            }
            t.check_consistency(**good)
            for damage in (
                {"old_root": LEAVES[69]},
                {"new_root": LEAVES[69]},
                {"old_size": 0},
                {"old_size": new + 1},
                {"proof": [*proof, LEAVES[69]]},
                *([{"proof": proof[:-1]}, {"proof": proof[1:]}, {"proof": []}] if proof else []),
                *({"proof": [*proof[:i], LEAVES[69], *proof[i + 1 :]]} for i in range(len(proof))),
            ):
                with pytest.raises(ProofError):
                    t.check_consistency(**{**good, **damage})


def test_nothing_is_consistent_with_the_empty_tree() -> None:
    """CVE-2022-39199: a proof from size 0 would let a server replace the whole log."""
    with pytest.raises(ValueError, match="no consistency proof"):
        TREE.consistency_proof(0)
    with pytest.raises(ProofError):
        t.check_consistency(old_size=0, old_root=t.EMPTY_ROOT, new_size=7, new_root=TREE.root(7), proof=[])


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        t.Tree([b"short"])
    for leaf, root, proof in [
        (b"", LEAVES[0], []),
        (LEAVES[0], b"", []),
        (LEAVES[0], LEAVES[0], [b"\0" * 31]),
    ]:
        with pytest.raises(ProofError, match="32 bytes"):
            t.check_inclusion(leaf=leaf, index=0, size=1, proof=proof, root=root)


@given(st.data())
def test_proofs_check_in_larger_trees(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1000))
    index = data.draw(st.integers(0, size - 1))
    leaf, root = BIG.hashes(0, index, index + 1), BIG.root(size)
    t.check_inclusion(leaf=leaf, index=index, size=size, proof=BIG.inclusion_proof(index, size), root=root)
    proof = BIG.consistency_proof(index + 1, size)
    t.check_consistency(old_size=index + 1, old_root=BIG.root(index + 1), new_size=size, new_root=root, proof=proof)


def test_asking_for_more_than_the_tree_holds_is_refused() -> None:
    for ask in (
        lambda: TREE.root(71),
        lambda: TREE.inclusion_proof(70),
        lambda: TREE.hashes(0, 0, 71),
        lambda: TREE.hashes(6, 1, 2),
    ):
        with pytest.raises(ValueError, match="tree"):
            ask()
