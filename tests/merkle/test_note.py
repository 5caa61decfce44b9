import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from merkle import checkpoint, note, proof
from merkle.errors import ProofError

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
VKEY = note.VerifierKey.parse(VECTORS["vkey"])
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MINE = note.VerifierKey("example.org/log", PRIVATE.public_key().public_bytes_raw())


def ed25519(public: bytes, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise ProofError("bad signature") from None


def test_the_golden_vkey_reads_and_writes() -> None:
    assert (VKEY.name, VKEY.key_id.hex(), VKEY.algorithm) == (VECTORS["origin"], "0d5d0abd", note.ED25519)
    assert str(VKEY) == VECTORS["vkey"]


def test_the_golden_checkpoint_checks() -> None:
    found = checkpoint.check(VECTORS["checkpoint"], VKEY, ed25519)
    assert found == checkpoint.Checkpoint(VECTORS["origin"], 6, bytes.fromhex(VECTORS["root"]))


def test_the_golden_proof_checks_and_is_what_we_write() -> None:
    found = proof.check(VECTORS["tlog_proof"], VKEY, ed25519)
    assert found.entry.decode() == VECTORS["events"][4]["bytes"]
    assert found.index == 4
    hashes = [bytes.fromhex(value) for value in VECTORS["inclusion_4_of_6"]]
    written = proof.write(entry=found.entry, index=4, hashes=hashes, signed_checkpoint=VECTORS["checkpoint"])
    assert written == VECTORS["tlog_proof"]


@given(st.data())
def test_no_changed_character_of_a_proof_goes_unnoticed(data: st.DataObject) -> None:
    text: str = VECTORS["tlog_proof"]
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != text[at]))
    with pytest.raises(ProofError):
        proof.check(text[:at] + other + text[at + 1 :], VKEY, ed25519)


def test_what_we_sign_checks_and_only_under_our_key() -> None:
    signed = note.sign("hello\n\nworld\n", MINE, PRIVATE.sign)
    assert note.check(signed, MINE, ed25519) == "hello\n\nworld\n"
    with pytest.raises(ProofError, match="not signed by"):
        note.check(signed, VKEY, ed25519)


def test_signatures_of_others_are_ignored_but_a_false_one_of_ours_is_not() -> None:
    signed = note.sign("hello\n", MINE, PRIVATE.sign)
    witness = "— witness.example " + note.encode_base64(b"1234" + b"w" * 72) + "\n"
    assert note.check(signed + witness, MINE, ed25519) == "hello\n"
    false = "— example.org/log " + note.encode_base64(MINE.key_id + b"w" * 64) + "\n"
    with pytest.raises(ProofError, match="bad signature"):
        note.check(signed + false, MINE, ed25519)


@pytest.mark.parametrize("text", ["", "\n", "no newline", "tab\t\n", "\ud800\n"])
def test_such_a_text_cannot_be_signed(text: str) -> None:
    with pytest.raises(ValueError, match=r"newline|control character|surrogate"):
        note.sign(text, MINE, PRIVATE.sign)


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "hello\n",
        "hello\n\n",
        "hello\n— a AAAAAAAA\n",
        "hello\n\n— a AAAAAAAA",
        "hello\n\n- a AAAAAAAA\n",
        "hello\n\n— a AAAAAAAA extra\n",
        "hello\n\n—  AAAAAAAA\n",
        "hello\n\n— a+b AAAAAAAA\n",
        "hello\n\n— a AAAA\n",
        "hello\n\n— a AAAAAAA\n",
        "hello\n\n— a AAAAAAB=\n",
        "hel\tlo\n\n— a AAAAAAAA\n",
        "hello\r\n\n— a AAAAAAAA\n",
        "x" * 1_000_001 + "\n\n— a AAAAAAAA\n",
        "hello\n\n" + "— a AAAAAAAA\n" * 101,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_a_malformed_note_is_refused(damaged: str) -> None:
    assert note.parse("hello\n\n— a AAAAAAAA\n").signatures == (note.Signature("a", b"\0" * 4, b"\0\0"),)
    with pytest.raises(ProofError):
        note.parse(damaged)


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "o\n1\nAAAA\n",
        "o\n01\n{}\n",
        "\n1\n{}\n",
        "o\n-1\n{}\n",
        "o\n1\n{}\nextension\n",
        "o\n1\n{}",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    root = note.encode_base64(b"r" * 32)
    assert checkpoint.Checkpoint.parse(f"o\n1\n{root}\n").size == 1
    with pytest.raises(ProofError):
        checkpoint.Checkpoint.parse(text.format(root))


def test_a_checkpoint_signed_under_another_name_than_its_origin_is_refused() -> None:
    other = checkpoint.Checkpoint("elsewhere.example/log", 1, b"r" * 32)
    with pytest.raises(ValueError, match="under its origin"):
        checkpoint.sign(other, MINE, PRIVATE.sign)
    with pytest.raises(ProofError, match="signed by"):
        checkpoint.check(note.sign(other.text(), MINE, PRIVATE.sign), MINE, ed25519)


@pytest.mark.parametrize("vkey", ["", "a+b", "a b+00000000+AQ==", VECTORS["vkey"][:-2], VECTORS["vkey"] + "\n"])
def test_a_malformed_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(ProofError):
        note.VerifierKey.parse(vkey)


# What others have published: the example of Go's note package with its key, and the one of C2SP tlog-checkpoint.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
C2SP_CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def test_a_note_that_somebody_else_signed_checks() -> None:
    key = note.VerifierKey.parse(GO_KEY)
    assert (str(key), key.key_id.hex()) == (GO_KEY, "c74f20a3")
    assert note.check(f"{GO_TEXT}\n{GO_LINE}", key, ed25519) == GO_TEXT
    with pytest.raises(ProofError):
        note.check(f"{GO_TEXT.replace('answer', 'problem')}\n{GO_LINE}", key, ed25519)


def test_the_checkpoint_of_the_specification_is_read_and_written_back() -> None:
    signed = note.parse(C2SP_CHECKPOINT)
    found = checkpoint.Checkpoint.parse(signed.text)
    assert (found.origin, found.size, found.text()) == ("example.com/behind-the-sofa", 20_852_163, signed.text)
    assert [(line.name, len(line.signature)) for line in signed.signatures] == [("example.com/behind-the-sofa", 64)]
