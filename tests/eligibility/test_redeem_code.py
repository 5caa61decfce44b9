import threading

import pytest
from django.db import close_old_connections, connection
from django.urls import reverse

from accounts.models import User
from common.refusal import NotPermitted
from eligibility import actions, errors
from eligibility.models import Roll, RollEntry
from eligibility.rules import entry_for, normalize_code

NAME = {"en": "Invited residents", "fa": "اهالی دعوت‌شده"}


@pytest.fixture
def roll(db) -> Roll:
    return actions.create_roll(
        name=NAME, rule={"en": "By invitation"}, users=[None, None, None], codes=["K7P2-XWQM", "MM44-0192", None]
    )


def places(roll: Roll) -> list[tuple[int, int | None, str]]:
    return list(roll.entries.order_by("index").values_list("index", "user", "code_sha256"))


def test_a_code_gives_the_place_it_was_issued_for(roll, ada):
    entry = actions.redeem_code(user=ada, code="MM44-0192")
    assert entry.index == 1
    assert entry_for(user=ada, roll=roll) == entry


@pytest.mark.parametrize("typed", ["mm440192", " MM44 0192 ", "mm44–۰۱۹۲", "MM44-٠١٩٢", "m m 4 4 - 0 1 9 2"])
def test_it_reads_codes_as_people_type_them(roll, ada, typed):
    assert actions.redeem_code(user=ada, code=typed).index == 1


def test_normalizing_twice_changes_nothing():
    assert normalize_code(normalize_code(" k7p۲-xwqm ")) == "K7P2XWQM"


def test_it_refuses_an_unknown_code(roll, ada):
    before = places(roll)
    with pytest.raises(errors.CodeUnknown):
        actions.redeem_code(user=ada, code="NOPE-0000")
    assert places(roll) == before


def test_it_refuses_a_code_that_somebody_used(roll, ada, bo):
    actions.redeem_code(user=ada, code="K7P2-XWQM")
    before = places(roll)
    with pytest.raises(errors.CodeUsed):
        actions.redeem_code(user=bo, code="K7P2-XWQM")
    assert places(roll) == before


def test_it_refuses_a_second_place_on_the_same_roll_and_keeps_the_code_good(roll, ada, bo):
    actions.redeem_code(user=ada, code="K7P2-XWQM")
    before = places(roll)
    with pytest.raises(errors.AlreadyOnRoll):
        actions.redeem_code(user=ada, code="MM44-0192")
    assert places(roll) == before
    assert actions.redeem_code(user=bo, code="MM44-0192").index == 1


def test_ones_own_used_code_says_that_one_is_on_the_roll(roll, ada):
    actions.redeem_code(user=ada, code="K7P2-XWQM")
    with pytest.raises(errors.AlreadyOnRoll):
        actions.redeem_code(user=ada, code="K7P2-XWQM")


def test_a_code_stays_used_when_the_account_that_used_it_is_erased(roll, ada, bo):
    actions.redeem_code(user=ada, code="K7P2-XWQM")
    User.objects.filter(pk=ada.pk).delete()
    with pytest.raises(errors.CodeUsed):
        actions.redeem_code(user=bo, code="K7P2-XWQM")
    assert entry_for(user=bo, roll=roll) is None


def test_a_code_for_a_place_that_is_taken_from_the_start_is_used(ada, bo):
    actions.create_roll(name=NAME, rule={}, users=[ada], codes=["ABCD-2345"])
    with pytest.raises(errors.CodeUsed):
        actions.redeem_code(user=bo, code="ABCD-2345")


def test_somebody_whose_account_is_closed_takes_no_place(roll, ada):
    ada.is_active = False
    with pytest.raises(NotPermitted):
        actions.redeem_code(user=ada, code="K7P2-XWQM")
    assert not RollEntry.objects.exclude(user=None).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_people_who_use_one_code_at_once_one_gets_the_place():
    assert connection.vendor == "postgresql"
    roll = actions.create_roll(name=NAME, rule={}, users=[None], codes=["K7P2-XWQM"])
    people = [User.objects.create_user(f"p{n}@example.org", display_name=f"P{n}") for n in range(8)]
    answers = at_once([lambda user=user: actions.redeem_code(user=user, code="K7P2-XWQM") for user in people])
    assert sorted(answers) == ["CodeUsed"] * 7 + ["RollEntry"]
    assert roll.entries.exclude(user=None).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_codes_that_one_person_uses_at_once_one_gives_a_place():
    assert connection.vendor == "postgresql"
    codes = [f"CODE-{n}" for n in range(8)]
    roll = actions.create_roll(name=NAME, rule={}, users=[None] * 8, codes=codes)
    person = User.objects.create_user("p@example.org", display_name="P")
    answers = at_once([lambda code=code: actions.redeem_code(user=person, code=code) for code in codes])
    assert sorted(answers) == ["AlreadyOnRoll"] * 7 + ["RollEntry"]
    assert roll.entries.exclude(user=None).count() == 1


def at_once(calls) -> list[str]:
    """Run every call in a thread of its own, all released together; the names of what each returned or raised."""
    barrier, answers = threading.Barrier(len(calls)), []

    def run(call) -> None:
        try:
            barrier.wait(30)
            answers.append(type(call()).__name__)
        except Exception as error:
            answers.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    close_old_connections()
    return answers


def test_the_page_takes_the_place_and_says_so(roll, ada, client):
    client.force_login(ada)
    answer = client.post(reverse("eligibility:redeem"), {"code": "k7p2 xwqm"}, follow=True)
    assert answer.redirect_chain == [(reverse("eligibility:mine"), 302)]
    assert "You are on the roll “Invited residents” now." in answer.content.decode()
    assert entry_for(user=ada, roll=roll) is not None


@pytest.mark.parametrize(("code", "status"), [("", 422), ("---", 422), ("WRONG", 409)])
def test_the_page_keeps_what_was_typed_and_explains(roll, ada, client, code, status):
    client.force_login(ada)
    before = places(roll)
    answer = client.post(reverse("eligibility:redeem"), {"code": code})
    assert answer.status_code == status
    assert f'value="{code}"' in answer.content.decode() or not code
    assert places(roll) == before


def test_opening_the_page_takes_nothing(roll, ada, client):
    client.force_login(ada)
    before = places(roll)
    assert client.get(reverse("eligibility:redeem"), {"code": "K7P2-XWQM"}).status_code == 200
    assert places(roll) == before


def test_who_is_not_signed_in_is_asked_to(roll, client):
    answer = client.post(reverse("eligibility:redeem"), {"code": "K7P2-XWQM"})
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]
    assert not RollEntry.objects.exclude(user=None).exists()


def test_codes_cannot_be_found_by_trying(roll, ada, client):
    client.force_login(ada)
    for n in range(10):
        assert client.post(reverse("eligibility:redeem"), {"code": f"TRY-{n}"}).status_code == 409
    assert client.post(reverse("eligibility:redeem"), {"code": "K7P2-XWQM"}).status_code == 429
    assert entry_for(user=ada, roll=roll) is None
