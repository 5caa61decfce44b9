"""Good samples of every format, and what may happen to them on the way.

FUZZ_EXAMPLES: how many inputs each property is tried on. Without it a few hundred, the same ones in every run; with it others
each time.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from merkle import checkpoint, cosignature, note, proof
from merkle.errors import ProofError
from merkle.tree import Tree, leaf_hash

WANTED = os.environ.get("FUZZ_EXAMPLES")
SHORT = 400


def fuzz(share: int = 1) -> settings:
    """The settings of a property; `share`: by how much fewer examples, where one takes long."""
    return settings(
        max_examples=max(10, int(WANTED or SHORT) // share),
        derandomize=WANTED is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


VECTORS = json.loads((Path(__file__).parents[1] / "merkle" / "vectors.json").read_text())
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESSES = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3)]
LOG = note.VerifierKey("vote.example.org/log/2026", PRIVATE.public_key().public_bytes_raw())
WITNESS_KEYS = [
    cosignature.verifier_key(f"witness{n}.example/w", key.public_key().public_bytes_raw()) for n, key in enumerate(WITNESSES, 1)
]
NOW = 1_795_900_000


def ed25519(public: bytes, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise ProofError("bad signature") from None


ENTRIES = [event["bytes"].encode() for event in VECTORS["events"]]
TREE = Tree(map(leaf_hash, ENTRIES))


def signed(size: int = 6, tree: Tree = TREE) -> str:
    """A checkpoint with the cosignatures of all three witnesses."""
    text = checkpoint.sign(checkpoint.Checkpoint(LOG.name, size, tree.root(size)), LOG, PRIVATE.sign)
    body = note.parse(text).text
    return text + "".join(
        cosignature.line(body, key, private.sign, time=NOW) for key, private in zip(WITNESS_KEYS, WITNESSES, strict=True)
    )


CHECKPOINT = signed().encode()
NOTE = note.sign("first line\n\n— no signature ZZZZ\nlast line, in Persian: رأی\n", LOG, PRIVATE.sign).encode()
PROOF = proof.write(entry=ENTRIES[4], index=4, hashes=TREE.inclusion_proof(4), signed_checkpoint=signed()).encode()
POLICY = "\n".join(
    [
        "# whom we believe",
        f"log {LOG} https://vote.example.org/log/2026/",
        "",
        *(f"witness w{n} {key}" for n, key in enumerate(WITNESS_KEYS, 1)),
        "group two 2 w1 w2",
        "group all-of-them all two w3",
        "\tquorum  all-of-them",
        "",
    ]
).encode()
REQUEST = cosignature.request(old_size=3, proof=TREE.consistency_proof(3, 6), checkpoint=signed())


# --- damage ----------------------------------------------------------------------------------------------------------

_TEXTS = [
    *("\0", "\t", "\r", "\r\n", "\n", "\n\n", " ", "  ", "\x1f", "\x7f", "+", "=", "==", "-", "_", "/", "#", ",", '"', "{}"),
    *("0", "00", "-0", "1.0", "1e3", "NaN", "9007199254740991", "9007199254740992", "18446744073709551615"),
    *("9" * 18, "9" * 19, "9" * 40, "\\u0041", "\\ud800", "\\u0000", "\\/", "[" * 60, "]" * 60),
    *("\u00a0", "\u0085", "\u2028", "\u3000", "\u200b", "\u200d", "\u202e", "\ufeff"),
    *("e\u0301", "é", "٣", "ي", "—", "\u2013", "\u212a"),
]
TRICKS = [*map(str.encode, _TEXTS), b"\xff", b"\xed\xa0\x80", b"\xc0\xaf"]
"""What parsers stumble over: control characters, other line ends, other digits, numbers out of range, spaces that are none."""


@st.composite
def damaged(draw: st.DrawFn, samples: tuple[bytes, ...], others: tuple[bytes, ...] = ()) -> bytes:
    """One of the samples after zero to four accidents or attacks."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 4))):
        lines = data.split(b"\n")
        at = draw(st.integers(0, len(data)))
        line = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 10)):
            case 0 if data:
                at = min(at, len(data) - 1)
                data = data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
            case 1:
                data = data[:at]
            case 2:
                data = data[at:]
            case 3:
                data = data[:at] + draw(st.sampled_from(TRICKS)) + data[at:]
            case 4:
                data = data[:at] + data[at + draw(st.integers(1, 9)) :]
            case 5:
                data = b"\n".join([*lines[: line + 1], *lines[line:]])
            case 6:
                data = b"\n".join([*lines[:line], *lines[line + 1 :]])
            case 7:
                data = b"\n".join([*lines[:line], draw(st.sampled_from(TRICKS)), *lines[line:]])
            case 8:
                words = lines[line].split(b" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(TRICKS))
                data = b"\n".join([*lines[:line], b" ".join(words), *lines[line + 1 :]])
            case 9:
                data = data[:at] + draw(st.binary(max_size=8)) + data[at:]
            case 10:
                other = draw(st.sampled_from([*samples, *others]))
                data = data[:at] + other[draw(st.integers(0, len(other))) :]
    return data


def inputs(*samples: bytes, others: tuple[bytes, ...] = ()) -> st.SearchStrategy[bytes]:
    """Mostly damaged samples, some plain noise."""
    noise = st.binary(max_size=80) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass"))
    return st.one_of(*[damaged(samples, others)] * 4, noise)
