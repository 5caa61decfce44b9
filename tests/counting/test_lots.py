"""lots-v1: the public order that settles ties."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from counting.lots import EvidenceError, beacon_of, lots_order, lots_seed

BALLOTS = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
BEACON = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
SEED = "0e20403694aac9aa36796cf41443a2cf1fe9096bd7a6f8a9337c90a03ba0d7ae"


def test_it_reproduces_the_published_test_vector() -> None:
    assert lots_seed(contest="contest-0001", ballots_sha256=BALLOTS, beacon=BEACON) == SEED
    assert lots_order(["A", "B", "C", "D", "E"], seed=SEED) == ("B", "D", "E", "A", "C")


def test_the_order_of_the_ids_going_in_does_not_matter() -> None:
    assert lots_order(["E", "C", "A", "D", "B"], seed=SEED) == ("B", "D", "E", "A", "C")


def test_every_part_of_the_seed_matters() -> None:
    seeds = {
        lots_seed(contest="p1", ballots_sha256=BALLOTS, beacon=BEACON),
        lots_seed(contest="p2", ballots_sha256=BALLOTS, beacon=BEACON),
        lots_seed(contest="p1", ballots_sha256=BEACON, beacon=BEACON),
        lots_seed(contest="p1", ballots_sha256=BALLOTS, beacon=BALLOTS),
    }
    assert len(seeds) == 4


@pytest.mark.parametrize("bad", [BEACON.upper(), BEACON[:-1], BEACON + "\n", ""])
def test_it_refuses_hashes_that_are_not_64_lower_case_hex_digits(bad: str) -> None:
    with pytest.raises(ValueError, match=r"^beacon must be 64 lower-case hex digits"):
        lots_seed(contest="p1", ballots_sha256=BALLOTS, beacon=bad)
    with pytest.raises(ValueError, match=r"^ballots_sha256 must be 64 lower-case hex digits"):
        lots_seed(contest="p1", ballots_sha256=bad, beacon=BEACON)


def test_it_reproduces_every_step_of_the_test_vector_in_the_data(data: Path) -> None:
    vector = json.loads((data / "voting" / "formats" / "lots-test-vector.json").read_text())
    seed = lots_seed(contest=vector["contest_id"], ballots_sha256=vector["ballots_sha256"], beacon=vector["beacon"])
    assert seed == vector["seed"]
    assert {i: sha256(f"{seed}\n{i}\n".encode()).hexdigest() for i in vector["ids"]} == vector["digests"]
    assert list(lots_order(vector["ids"], seed=seed)) == vector["order_best_first"]


NONCE = "5f" * 32
REVEAL = {"nonce": NONCE, "commit": sha256(bytes.fromhex(NONCE)).hexdigest()}
# Round 1 of drand's first chain, as its public API serves it.
DRAND = {
    "chain": "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
    "round": 1,
    "signature": "8d61d9100567de44682506aea1a7a6fa6e5491cd27a0a0ed349ef6910ac5ac20ff7bc3e09d7c046566c9f7f3c6f3b10104990e7cb424"
    "998203d8f7de586fb7fa5f60045417a432684f85093b06ca91c769f0e7ca19268375e659c2a2352b4655",
    "randomness": "101297f1ca7dc44ef6088d94ad5fb7ba03455dc33d53ddb412bbc4564ed986ec",
    "genesis_time": 1595431050,
    "period": 30,
    "closes_at": 1595431050 - 600,
}


def test_the_revealed_nonce_is_the_beacon() -> None:
    assert beacon_of("commit-reveal", REVEAL) == NONCE


def test_a_nonce_that_was_not_committed_to_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"nonce: its SHA-256 is \w+…, not the \w+… that was committed to"):
        beacon_of("commit-reveal", REVEAL | {"nonce": "60" * 32})


def test_the_beacon_of_a_draw_is_the_hash_of_its_text() -> None:
    text = "Würfel vor Zeugen:\n4 1 6 6 2\n"
    assert beacon_of("public-draw", {"text": text}) == sha256(text.encode()).hexdigest()


def test_line_ends_do_not_matter_and_all_else_does() -> None:
    texts = ["a\nb\n", "a\r\nb\r\n", "a\rb\r"]
    assert len({beacon_of("public-draw", {"text": text}) for text in texts}) == 1
    others = ["a\nb", "a\nb\n\n", "a \nb\n", "a\n\nb\n"]
    assert len({beacon_of("public-draw", {"text": text}) for text in ["a\nb\n", *others]}) == 5


@pytest.mark.parametrize("text", ["", " \n\t\r\n", None, b"4", "\ud800"])
def test_a_draw_that_says_nothing_readable_is_refused(text: object) -> None:
    with pytest.raises(EvidenceError, match="text: "):
        beacon_of("public-draw", {"text": text})


def test_the_beacon_of_drand_is_the_hash_of_the_signature() -> None:
    assert beacon_of("drand", DRAND) == DRAND["randomness"]


def test_a_short_signature_is_one_too() -> None:
    short = "ab" * 48
    randomness = sha256(bytes.fromhex(short)).hexdigest()
    assert beacon_of("drand", DRAND | {"signature": short, "randomness": randomness}) == randomness


def test_a_round_less_than_ten_minutes_after_the_close_is_refused() -> None:
    with pytest.raises(EvidenceError, match="round: is 599 seconds after the close of the poll, and must be at least 600"):
        beacon_of("drand", DRAND | {"closes_at": 1595431050 - 599})
    later = DRAND | {"closes_at": 1595431050 - 599 + 30, "round": 3}
    assert beacon_of("drand", later) == DRAND["randomness"]
    with pytest.raises(EvidenceError, match="round: is 599 seconds"):
        beacon_of("drand", later | {"round": 2})


def test_randomness_that_is_not_of_this_signature_is_refused() -> None:
    with pytest.raises(EvidenceError, match="randomness: is aaaaaaaa…, but the SHA-256 of the signature is 101297f1…"):
        beacon_of("drand", DRAND | {"randomness": "a" * 64})


@pytest.mark.parametrize(
    ("source", "evidence", "key"),
    [
        ("dice", {}, "seed_source"),
        ("commit-reveal", {"nonce": NONCE}, "commit"),
        ("commit-reveal", REVEAL | {"text": "4"}, "text"),
        ("commit-reveal", REVEAL | {"nonce": NONCE.upper()}, "nonce"),
        ("commit-reveal", REVEAL | {"commit": None}, "commit"),
        ("drand", DRAND | {"chain": "quicknet"}, "chain"),
        ("drand", DRAND | {"round": 0}, "round"),
        ("drand", DRAND | {"round": True}, "round"),
        ("drand", DRAND | {"period": 0}, "period"),
        ("drand", DRAND | {"period": "30"}, "period"),
        ("drand", DRAND | {"genesis_time": -1}, "genesis_time"),
        ("drand", DRAND | {"closes_at": None}, "closes_at"),
        ("drand", DRAND | {"signature": "ab" * 32}, "signature"),
        ("drand", DRAND | {"signature": "AB" * 48}, "signature"),
        ("drand", DRAND | {"signature": None}, "signature"),
        ("drand", DRAND | {"randomness": "12"}, "randomness"),
        ("drand", {key: value for key, value in DRAND.items() if key != "period"}, "period"),
    ],
)
def test_it_names_the_evidence_at_fault(source: str, evidence: dict[str, Any], key: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        beacon_of(source, evidence)
    assert refused.value.key == key


def test_the_clock_of_a_chain_may_start_at_nought_and_its_rounds_at_one() -> None:
    early = DRAND | {"genesis_time": 0, "period": 1, "round": 601, "closes_at": 0}
    assert beacon_of("drand", early) == DRAND["randomness"]
    with pytest.raises(EvidenceError, match="must be a whole number from 1, not 0") as refused:
        beacon_of("drand", early | {"round": 0})
    assert refused.value.reason == "must be a whole number from 1, not 0"


def test_of_several_strange_parts_the_first_by_name_is_named() -> None:
    with pytest.raises(EvidenceError) as refused:
        beacon_of("public-draw", {"text": "4"} | dict.fromkeys("gfedcba", 1))
    assert refused.value.key == "a"
