"""The text of an objection can be hidden too; its number, its answer and its entries stay."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import object_sha256
from objections import actions
from tests.objections.conftest import ADDRESS, TEXT, answered, filed, send_mail
from tests.objections.test_file_objection import entries
from voting.models import Poll

pytestmark = pytest.mark.django_db


def test_text_and_name_of_a_hidden_objection_are_seen_by_staff_alone(
    visitor: Client, council: Client, open_poll: Poll, staff: Any
) -> None:
    objection = filed(open_poll)
    answered(objection, staff)
    send_mail()
    url = reverse("objections:objection-moderate", args=[objection.public_id])
    assert visitor.get(url).status_code == 302
    assert TEXT in council.get(url).content.decode()
    assert council.post(url, {"do": "hide", "rule": "personal_data", "reason": "A telephone number"}).status_code == 302
    for page in (objection.get_absolute_url(), reverse("objections:objection-list", args=[open_poll.public_id])):
        shown = visitor.get(page).content.decode()
        assert TEXT not in shown and "Evening Post" not in shown and "A telephone number" not in shown
        assert "This objection was hidden" in shown and "It tells private things about somebody." in shown
        assert "The notice said six" in shown
        assert TEXT in council.get(page).content.decode()
    (entry,) = entries("moderation.action")
    assert entry["d"]["object_sha256"] == object_sha256("objection", objection.public_id)
    (letter,) = send_mail()
    assert letter.to == [ADDRESS] and "A telephone number" in letter.body
    assert objection.get_absolute_url() in visitor.get(reverse("moderation:act-list")).content.decode()
    assert council.post(url, {"do": "restore", "reason": ""}).status_code == 302
    assert TEXT in visitor.get(objection.get_absolute_url()).content.decode()


def test_hiding_counts_for_nothing_in_the_number_of_objections(visitor: Client, open_poll: Poll, staff: Any) -> None:
    objection = filed(open_poll)
    actions.hide_objection(
        objection=objection, by=staff, rule="spam", reason="", at=timezone.now(), base_url="https://v.example/"
    )
    assert "1 objection, 0 answered" in visitor.get(reverse("voting:poll-detail", args=[open_poll.public_id])).content.decode()
