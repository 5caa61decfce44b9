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


def test_every_root_and_proof_of_a_growing_tree_is_that_of_pymerkle() -> None:
    oracle, entries = pymerkle.InmemoryTree(algorithm="sha256"), [b"entry %d" % n for n in range(300)]
    tree = t.Tree()
    for size, entry in enumerate(entries, start=1):
        oracle.append_entry(entry)
        tree.extend([t.leaf_hash(entry)])
        assert oracle.get_root() == tree.root()
        earlier = size * 7 % 31 % size + 1
        assert oracle.prove_inclusion(earlier, size).path[1:] == tree.inclusion_proof(earlier - 1)
        theirs = oracle.prove_consistency(earlier, size)
        pymerkle.verify_consistency(tree.root(earlier), tree.root(), theirs)
        t.check_consistency(
            old_size=earlier,
            old_root=oracle.get_root(earlier),
            new_size=size,
            new_root=oracle.get_root(size),
            proof=tree.consistency_proof(earlier),
        )


# The reference data of Certificate Transparency: eight entries, the root at each size, and some proofs.
CT_ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
CT_INCLUSION = {(0, 1): [], (0, 8): [_A, _B, _C], (5, 8): [_D, _E, CT_ROOTS[3]]}
CT_CONSISTENCY = {(1, 8): [_A, _B, _C], (6, 8): [_F, _E, CT_ROOTS[3]], (2, 5): [_B, _D]}


def test_the_reference_roots_and_proofs_of_certificate_transparency_come_out() -> None:
    tree = t.Tree(t.leaf_hash(bytes.fromhex(entry)) for entry in CT_ENTRIES)
    assert [tree.root(size).hex() for size in range(1, 9)] == CT_ROOTS
    assert t.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for (index, size), hashes in CT_INCLUSION.items():
        assert [part.hex() for part in tree.inclusion_proof(index, size)] == hashes
    for (old, new), hashes in CT_CONSISTENCY.items():
        assert [part.hex() for part in tree.consistency_proof(old, new)] == hashes


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
