"""Canonical JSON, tree, notes and Ed25519 against golden values and against `cryptography`."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.verifier import writelog
from verifier import __main__ as verifier

VECTORS = Path(__file__).resolve().parents[1] / "merkle" / "vectors.json"

# A few of the golden values of the design, so that something is compared wherever the tests run.
VKEY = "vote.example.org/log/2026+0d5d0abd+AQNDCWP8AkIv7vjATNPqk2CbrM0ZcaqDmW6y3N9z7jRA"
CHECKPOINT = (
    "vote.example.org/log/2026\n6\nnWp+V8cWv5n27vlwFneoj2fbloNwD+JF87NTw1p6L54=\n\n— vote.example.org/log/2026 "
    "DV0KvamSHnfKemJMHdbJ3Ypjaf10XGl//PUv0rS6+WUuT3buVsipBMRP9JkKXQdF6DkjMzlnyWV49BEN8Of79umO6wI=\n"
).encode()
LEAF = "13e7dc8164f85f53bde63a8ff46e855a9963e5132f72be061e9da98088c16e1b"  # entry 4 of 6
PATH = [
    "19d514d3b77c2d96f0a924f6f2c08b53643df89800269efa8511c05724f33cd1",
    "e69c0c20dce0d97167e100bf2e0fe41761a0f4370560f565e9fc50a59cfed2ff",
]
ROOT = "9d6a7e57c716bf99f6eef9701677a88f67db9683700fe245f3b353c35a7a2f9e"


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(VECTORS.read_text())
    return loaded


def refused(check: str) -> Any:
    return pytest.raises(verifier.Problem)


def test_the_golden_checkpoint_is_signed_by_the_golden_key() -> None:
    note = verifier.parse_note(CHECKPOINT)
    verifier.verify_note(note, verifier.parse_vkey(VKEY), "C2")
    assert verifier.parse_checkpoint(note) == ("vote.example.org/log/2026", 6, bytes.fromhex(ROOT))


def test_the_golden_inclusion_proof_leads_to_the_root_and_no_other_does() -> None:
    leaf, root, path = bytes.fromhex(LEAF), bytes.fromhex(ROOT), [bytes.fromhex(h) for h in PATH]
    verifier.check_inclusion(leaf, 4, 6, path, root, "C20")
    for wrong in [
        (leaf, 5, 6, path),
        (leaf, 4, 7, path),
        (leaf, 4, 6, path[:1]),
        (leaf, 4, 6, path[::-1]),
        (leaf, 6, 6, path),
        (leaf, 4, 6, [*path, root]),
        (root, 4, 6, path),
        (leaf, 4, 6, []),
        (leaf, 0, 6, path),
    ]:
        with refused("C20"):
            verifier.check_inclusion(*wrong, root, "C20")


def test_every_golden_vector_holds(vectors: dict[str, Any]) -> None:
    raw = [event["bytes"].encode() for event in vectors["events"]]
    assert [verifier.canonical(verifier.parse_canonical(r, "C6", "entry")) for r in raw] == raw
    leaves = [verifier.leaf_hash(r) for r in raw]
    assert [leaf.hex() for leaf in leaves] == [event["leaf"] for event in vectors["events"]]
    assert verifier.tree_root(leaves).hex() == vectors["root"]
    entry, index, path, checkpoint = verifier.parse_proof(vectors["tlog_proof"].encode())
    origin, size, root = verifier.parse_checkpoint(verifier.parse_note(checkpoint))
    verifier.check_inclusion(verifier.leaf_hash(entry), index, size, path, root, "C20")
    assert (entry, origin, [h.hex() for h in path]) == (raw[4], vectors["origin"], vectors["inclusion_4_of_6"])
    note = verifier.parse_note(vectors["checkpoint"].encode())
    verifier.verify_note(note, verifier.parse_vkey(vectors["vkey"]), "C2")
    assert verifier.parse_checkpoint(note) == (vectors["origin"], 6, bytes.fromhex(vectors["root"]))
    sealed = vectors["commit"]
    secret: list[Any] = [sealed[name] for name in ("poll", "cred", "rev", "nonce", "ballot")]
    assert verifier.commitment(*secret) == writelog.commit(*secret) == sealed["c"]


def test_a_commitment_changes_with_everything_that_it_binds() -> None:
    one: list[Any] = ["p1", "00" * 32, 0, "11" * 32, {"approve": ["o1"]}]
    others: list[Any] = ["p2", "01" * 32, 1, "12" * 32, {"approve": []}]
    all_of_them = [verifier.commitment(*one)]
    for i, other in enumerate(others):
        changed = [*one[:i], other, *one[i + 1 :]]
        all_of_them.append(verifier.commitment(*changed))
    assert len(set(all_of_them)) == 6


@pytest.mark.parametrize("size", range(0, 40))
def test_folding_gives_the_root_that_the_rfc_defines_and_every_path_leads_to_it(size: int) -> None:
    leaves = [verifier.leaf_hash(b"%d" % i) for i in range(size)]
    root = verifier.tree_root(leaves)
    assert root == writelog.root(leaves)
    for index in range(size):
        path = writelog.path(leaves, index)
        verifier.check_inclusion(leaves[index], index, size, path, root, "C20")
        for place in range(len(path)):
            with refused("C20"):
                verifier.check_inclusion(leaves[index], index, size, [*path[:place], bytes(32), *path[place + 1 :]], root, "C20")


def test_ed25519_agrees_with_cryptography_on_good_and_damaged_signatures() -> None:
    chance = random.Random(20261123)
    for _ in range(100):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        message = chance.randbytes(chance.randrange(200))
        signature = key.sign(message)
        verifier.ed25519_verify(public, message, signature)
        bit = chance.randrange(512)
        damaged = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
        with pytest.raises(ValueError, match=r"match|canonical"):
            verifier.ed25519_verify(public, message, damaged)
    with pytest.raises(ValueError, match="does not match"):
        verifier.ed25519_verify(public, message + b"x", signature)


def test_ed25519_refuses_what_should_never_count_as_a_signature() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), key.sign(b"m")
    larger = (int.from_bytes(signature[32:], "little") + verifier.L).to_bytes(32, "little")
    with pytest.raises(ValueError, match="not canonical"):
        verifier.ed25519_verify(public, b"m", signature[:32] + larger)
    one = (1).to_bytes(32, "little")
    with pytest.raises(ValueError, match="small order"):
        verifier.ed25519_verify(one, b"any message", one + bytes(32))  # R = A = identity, S = 0 fits every message
    for bad in (b"", bytes([255]) * 32, (verifier.P + 1).to_bytes(32, "little"), bytes([2]) + bytes(31)):
        with pytest.raises(ValueError, match=r"length|range|curve"):
            verifier.ed25519_verify(bad, b"m", signature)


@pytest.mark.parametrize(
    "damage",
    [
        lambda n: n[:-1],
        lambda n: n + b"\n",
        lambda n: n.replace(b"\n\n", b"\n"),
        lambda n: b"",
        lambda n: b"\xff" + n,
        lambda n: b"\0" + n,
        lambda n: n.replace("— ".encode(), b"- "),
        lambda n: n.replace(b"6wI=\n", b"6wJ=\n"),
        lambda n: n.replace(b"6wI=\n", b"6wI\n"),
        lambda n: n + n,
        lambda n: n.replace(b"\n6\n", b"\n06\n"),
        lambda n: n.replace(b"\n6\n", b"\n+6\n"),
        lambda n: n.replace(b"\n6\n", b"\n6\nx\n"),
        lambda n: n.replace(b"\n6\n", "\n٦\n".encode()),
        lambda n: n.replace(b"\n6\n", b"\n7\n"),
        lambda n: n.replace(b"L54=\n\n", b"L54\n\n"),
        lambda n: n + b"\xe2\x80\x94 \n",
        lambda n: n.replace(b"\n", b"\r\n"),
        lambda n: b"A" * 70_000,
    ],
)
def test_a_damaged_note_is_refused(damage: Any) -> None:
    with refused("C1"):
        note = verifier.parse_note(damage(CHECKPOINT))
        verifier.verify_note(note, verifier.parse_vkey(VKEY), "C2")
        verifier.parse_checkpoint(note)


def test_a_foreign_signature_beside_the_good_one_is_ignored_and_a_bad_one_of_ours_is_not() -> None:
    key = verifier.parse_vkey(VKEY)
    other = writelog.Signer("witness.example").sign("x\n").decode().split("\n")[2]
    verifier.verify_note(verifier.parse_note(CHECKPOINT + (other + "\n").encode()), key, "C2")
    forged = CHECKPOINT.decode().split("\n")[4].replace("DV0KvamS", "DV0KvamT")
    with refused("C2"):
        verifier.verify_note(verifier.parse_note(CHECKPOINT + (forged + "\n").encode()), key, "C2")


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a+b",
        VKEY[:-1],
        VKEY.replace("0d5d0abd", "0d5d0abe"),
        VKEY.replace("+AQ", "+Ag"),
        VKEY.replace("vote", "v te"),
        VKEY.replace("vote", "note"),
        VKEY + "+",
    ],
)
def test_a_malformed_key_is_refused(vkey: str) -> None:
    with refused("C1"):
        verifier.parse_vkey(vkey)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"A":1}',
        b'{"":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\/"}',
        '{"a":"e\u0301"}'.encode(),
        b"{}\n",
        b"",
        b"\xef\xbb\xbf{}",
        b"[" * 8000 + b"]" * 8000,
        b'{"a":"' + b"x" * 17000 + b'"}',
        b'{"a":tru}',
    ],
)
def test_bytes_that_are_not_canonical_json_are_refused(raw: bytes) -> None:
    with refused("C6"):
        verifier.parse_canonical(raw, "C6", "entry")


def test_canonical_json_keeps_every_kind_of_text() -> None:
    value = {
        "a": [1, -5, 2**53 - 1, None, True, "پارک\u200cها", "\n\t\u0001\u007f\u2028", "😀"],
        "b-c.d_9": {},
        "z": unicodedata.normalize("NFC", "é"),
    }
    assert verifier.parse_canonical(verifier.canonical(value), "C6", "entry") == value


def test_tiles_are_where_tlog_tiles_says() -> None:
    assert verifier.tile_path("0", 0, 256) == "tile/0/000"
    assert verifier.tile_path("1", 5, 7) == "tile/1/005.p/7"
    assert verifier.tile_path("entries", 999, 256) == "tile/entries/999"
    assert verifier.tile_path("0", 1000, 256) == "tile/0/x001/000"
    assert verifier.tile_path("0", 1234067, 256) == "tile/0/x001/x234/067"


def test_the_lots_are_those_of_the_published_example() -> None:
    beacon = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
    ballots = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    seed, order = verifier.draw_lots("contest-0001", ballots, beacon, ["A", "B", "C", "D", "E"])
    assert seed == "0e20403694aac9aa36796cf41443a2cf1fe9096bd7a6f8a9337c90a03ba0d7ae"
    assert order == ["B", "D", "E", "A", "C"]


def test_text_for_people_cannot_command_a_terminal() -> None:
    assert verifier.plain("a\x1b[2Jb\u202ec\nd\u200ce") == "a\ufffd[2Jb\ufffdc\ufffdd\u200ce"


def test_a_proof_of_the_wrong_length_fails_even_where_its_hashes_fit() -> None:
    leaf, other = bytes(32), bytes([1]) * 32
    with refused("C20"):
        verifier.check_inclusion(leaf, 0, 6, [], leaf, "C20")
    with refused("C20"):
        verifier.check_inclusion(leaf, 0, 1, [other], verifier.node_hash(other, leaf), "C20")
