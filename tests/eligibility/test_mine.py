"""The page on which people see which rolls they are on, and their own place there."""

from django.urls import reverse

from eligibility import actions
from tests import make


def place_of(user, before: int = 0):
    others = make.users(before)
    roll = actions.create_roll(name={"en": "Residents"}, rule={"en": "All who live here"}, users=[*others, user])
    return roll.entries.get(user=user), roll.entries.exclude(user=user)


def test_people_see_where_the_published_list_speaks_of_them_and_what_proves_it(client, ada):
    entry, _ = place_of(ada, before=12)
    client.force_login(ada)
    html = client.get(reverse("eligibility:mine")).content.decode()
    assert bytes(entry.uid).hex() in html and bytes(entry.salt).hex() in html
    assert '<dd class="num">12</dd>' in html
    assert "bit 5 of byte 1" in html


def test_nobody_sees_the_place_of_somebody_else(client, ada):
    _, others = place_of(ada, before=3)
    client.force_login(ada)
    html = client.get(reverse("eligibility:mine")).content.decode()
    for other in others:
        assert bytes(other.uid).hex() not in html and bytes(other.salt).hex() not in html


def test_what_the_page_says_is_kept_by_no_cache(client, ada):
    place_of(ada)
    client.force_login(ada)
    assert "no-store" in client.get(reverse("eligibility:mine"))["Cache-Control"]
