import pytest
from django.db import IntegrityError

from eligibility.actions import create_roll
from eligibility.models import Roll, RollEntry
from eligibility.rules import entry_for

NAME = {"en": "Residents", "fa": "اهالی"}
RULE = {"en": "Everyone who lives in the city", "fa": "هر کس که در شهر زندگی می‌کند"}


def test_it_gives_each_person_the_place_of_their_position(ada, bo):
    roll = create_roll(name=NAME, rule=RULE, users=[ada, None, bo])
    assert list(roll.entries.order_by("index").values_list("index", "user")) == [(0, ada.pk), (1, None), (2, bo.pk)]


def test_every_place_has_a_random_name_and_salt_of_its_own(db):
    roll = create_roll(name=NAME, rule=RULE, users=[None] * 40)
    entries = list(roll.entries.all())
    assert len({bytes(entry.uid) for entry in entries} | {bytes(entry.salt) for entry in entries}) == 80
    assert all(len(entry.uid) == len(entry.salt) == 16 for entry in entries)


def test_a_large_roll_takes_few_queries(db, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        create_roll(name=NAME, rule=RULE, users=[None] * 2553)
    assert RollEntry.objects.count() == 2553


def test_it_stores_no_code_in_the_clear(db):
    roll = create_roll(name=NAME, rule=RULE, users=[None], codes=["K7P2-XWQM"])
    (entry,) = roll.entries.all()
    assert "K7P2" not in entry.code_sha256
    assert len(entry.code_sha256) == 64


def test_it_refuses_more_places_than_codes(db):
    with pytest.raises(ValueError, match="2 places, but 1 codes"):
        create_roll(name=NAME, rule=RULE, users=[None, None], codes=["A2"])
    assert not Roll.objects.exists()


def test_it_refuses_a_code_without_letters_or_digits(db):
    with pytest.raises(ValueError, match="no letters"):
        create_roll(name=NAME, rule=RULE, users=[None], codes=[" - "])


def test_the_same_code_cannot_be_given_out_twice(db):
    create_roll(name=NAME, rule=RULE, users=[None], codes=["K7P2"])
    with pytest.raises(IntegrityError):
        create_roll(name=NAME, rule=RULE, users=[None], codes=["k7-p2"])


def test_entry_for_finds_ones_own_place_and_nobody_elses(ada, bo):
    roll = create_roll(name=NAME, rule=RULE, users=[bo, ada])
    entry = entry_for(user=ada, roll=roll)
    assert entry is not None
    assert entry.index == 1
    assert entry_for(user=ada, roll=create_roll(name=NAME, rule=RULE, users=[bo])) is None
