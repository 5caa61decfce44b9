"""The bytes of a cosignature, put together here by hand from the C2SP text."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from merkle import cosignature, note
from merkle.errors import ProofError
from tests.witness.logs import Log
from witness.keys import check_signature

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
KEY = cosignature.verifier_key("witness.example.org/w1", PRIVATE.public_key().public_bytes_raw())
LOG = Log()
SIGNED = LOG.checkpoint(6)
TEXT = note.parse(SIGNED).text
TIME = 1795900000
LINE = cosignature.line(TEXT, KEY, PRIVATE.sign, time=TIME)

# Made with hashlib and Ed25519 alone, from the C2SP text.
VKEY = "witness.example.org/w1+f3c080b6+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
GOLDEN = (
    "— witness.example.org/w1 88CAtgAAAABrC0JgFEE1wKxk1q3DG0XMsP3KSQhk"
    "qwBvBuMUNpG9JoVV9yXYlopbvajyO6638DpaBrwynCv3asl3H/IxOESDTgUkBg==\n"
)


def test_the_golden_vkey_and_line() -> None:
    assert str(KEY) == VKEY
    assert LINE == GOLDEN


def test_a_vkey_is_name_key_id_and_type_4_with_the_key() -> None:
    raw = b"\x04" + KEY.public
    name, key_id, data = VKEY.split("+", 2)
    assert b64decode(data) == raw
    assert key_id == sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    assert cosignature.parse_vkey(VKEY) == KEY


def test_a_line_is_key_id_time_and_a_signature_of_two_lines_and_the_whole_text() -> None:
    data = b64decode(LINE.split(" ")[2])
    assert data[:12] == KEY.key_id + TIME.to_bytes(8, "big")
    message = b"cosignature/v1\ntime 1795900000\nvote.example.org/log/2027\n6\n" + b64encode(LOG.tree.root(6)) + b"\n"
    check_signature(KEY.public, data[12:], message)
    assert len(data) == 4 + 8 + 64


def test_its_time_is_read_and_the_latest_of_several() -> None:
    early = cosignature.line(TEXT, KEY, PRIVATE.sign, time=5)
    assert cosignature.time_of(note.parse(SIGNED + LINE), KEY, check_signature) == TIME
    assert cosignature.time_of(note.parse(SIGNED + LINE + early), KEY, check_signature) == TIME
    assert cosignature.time_of(note.parse(SIGNED), KEY, check_signature) is None


def test_the_log_itself_under_its_own_key_type_is_no_witness() -> None:
    with pytest.raises(ProofError, match="not the key of a witness"):
        cosignature.parse_vkey(str(LOG.key))
    with pytest.raises(ValueError, match="not the key of a witness"):
        cosignature.line(TEXT, LOG.key, PRIVATE.sign, time=TIME)
    # The same key and name under type 1 has another id, so its signatures are somebody else's.
    assert cosignature.time_of(note.parse(SIGNED), cosignature.verifier_key(LOG.origin, LOG.key.public), check_signature) is None


WRONG_ID = VKEY.replace(KEY.key_id.hex(), "00000000")


@pytest.mark.parametrize("vkey", ["", "x", VKEY[:-2], WRONG_ID, "a b" + VKEY, "\ud800" + VKEY])
def test_what_is_no_vkey_of_a_witness_is_refused(vkey: str) -> None:
    with pytest.raises(ProofError):
        cosignature.parse_vkey(vkey)


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_that_cannot_be_written_is_refused(time: int) -> None:
    with pytest.raises(ValueError, match="not a time"):
        cosignature.line(TEXT, KEY, PRIVATE.sign, time=time)


def test_a_time_beyond_the_allowed_is_refused_though_it_is_signed() -> None:
    time = 2**63
    signature = PRIVATE.sign(cosignature.message(TEXT, time=time))
    line = f"— {KEY.name} {note.encode_base64(KEY.key_id + time.to_bytes(8, 'big') + signature)}\n"
    with pytest.raises(ProofError, match="malformed"):
        cosignature.time_of(note.parse(SIGNED + line), KEY, check_signature)


@given(st.integers(0, 71), st.integers(1, 255))
def test_no_changed_byte_of_a_cosignature_goes_unnoticed(at: int, change: int) -> None:
    data = bytearray(b64decode(LINE.split(" ")[2]))
    data[4 + at] ^= change
    with pytest.raises(ProofError):
        cosignature.time_of(note.parse(f"{SIGNED}— {KEY.name} {note.encode_base64(bytes(data))}\n"), KEY, check_signature)


@pytest.mark.parametrize("length", [1, 8, 64, 71, 73])
def test_a_cosignature_of_another_length_is_refused(length: int) -> None:
    line = f"— {KEY.name} {note.encode_base64(KEY.key_id + bytes(length))}\n"
    with pytest.raises(ProofError, match="malformed"):
        cosignature.time_of(note.parse(SIGNED + line), KEY, check_signature)


def test_a_cosignature_of_one_checkpoint_is_none_of_another() -> None:
    with pytest.raises(ProofError, match="bad signature"):
        cosignature.time_of(note.parse(LOG.checkpoint(7) + LINE), KEY, check_signature)


def test_a_request_is_old_size_proof_blank_line_and_checkpoint() -> None:
    assert cosignature.request(old_size=0, proof=[], checkpoint="c\n") == b"old 0\n\nc\n"
    written = cosignature.request(old_size=3, proof=[bytes(32), b"\xff" * 32], checkpoint="c\n").decode().split("\n")
    assert written == ["old 3", b64encode(bytes(32)).decode(), b64encode(b"\xff" * 32).decode(), "", "c", ""]


def test_a_size_has_one_spelling() -> None:
    assert [cosignature.parse_size(text) for text in ("0", "7", "9999999999999999999")] == [0, 7, 9999999999999999999]
    for text in ("", "00", "07", "-1", "+1", "1\n", "1 ", "٣", "99999999999999999999"):
        with pytest.raises(ProofError):
            cosignature.parse_size(text)
