"""lots-v1: the public order that settles ties."""

import pytest

from counting.lots import lots_order, lots_seed

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
def test_it_refuses_a_beacon_that_is_not_64_lower_case_hex_digits(bad: str) -> None:
    with pytest.raises(ValueError, match="beacon must be 64 lower-case hex digits"):
        lots_seed(contest="p1", ballots_sha256=BALLOTS, beacon=bad)
