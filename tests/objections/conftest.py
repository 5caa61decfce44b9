"""What tests of objections start from: an open poll, a visitor without an account, and the mail that was sent."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from objections import actions
from objections.models import Objection, Unconfirmed
from outbox import actions as outbox
from voting.models import Poll

TEXT = "The notice at the town hall said that voting ends at eight in the evening, but the poll closed at six."
ADDRESS = "observer@press.example"
BASE = "https://vote.example.org/"


def send_mail() -> list[Any]:
    """What the clock sends now, oldest first."""
    before = len(mail.outbox)
    outbox.tick(at=timezone.now())
    return mail.outbox[before:]


def code_in(letter: Any) -> str:
    found = re.search(r"\b(\d{4})-(\d{4})\b", letter.body)
    assert found
    return found[1] + found[2]


def link_in(letter: Any) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+confirm\S+)", letter.body)
    assert found
    return found[1]


def send_in(poll: Poll, **fields: Any) -> Unconfirmed:
    given = {"name": "Evening Post", "email": ADDRESS, "language": "en", "text": TEXT, "at": timezone.now(), "base_url": BASE}
    return actions.file_objection(poll=poll, **given | fields)


def filed(poll: Poll, **fields: Any) -> Objection:
    """A confirmed objection; its mail is sent."""
    waiting = send_in(poll, **fields)
    return actions.confirm_objection(handle=waiting.handle, code=code_in(send_mail()[-1]), at=timezone.now())


def answered(objection: Objection, by: Any, **fields: Any) -> Any:
    given = {"finding": "rejected", "text": "The notice said six; see the photograph.", "language": "en", "base_url": BASE}
    return actions.answer_objection(objection=objection, by=by, at=timezone.now(), **given | fields)


def form(**fields: str) -> dict[str, str]:
    return {"text": TEXT, "name": "Evening Post", "email": ADDRESS, "language": "en"} | fields


def address_to_file(poll: Poll) -> str:
    return reverse("objections:objection-file", args=[poll.public_id])


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.fixture
def council(staff: Any) -> Client:
    client = Client()
    client.force_login(staff)
    return client
