"""Several at once: an objection is filed once, answered once, hidden once."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from moderation.errors import AlreadyHidden
from objections import actions, errors
from objections.models import Answer, Objection
from outbox.models import Mail
from tests.objections.conftest import answered, code_in, filed, send_in
from tests.voting.test_cast_ballot import at_once
from votelog.models import Pending
from voting.models import Poll

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def recorded(kind: str) -> int:
    return Pending.objects.filter(kind=kind).count()


def test_eight_confirmations_file_one_objection(open_poll: Poll) -> None:
    waiting = send_in(open_poll)
    code = code_in(Mail.objects.get())
    results = at_once(8, lambda i: actions.confirm_objection(handle=waiting.handle, code=code, at=timezone.now()))
    assert sum(isinstance(result, Objection) for result in results) == 1
    assert sum(isinstance(result, errors.ObjectionNotWaiting) for result in results) == 7
    assert Objection.objects.count() == recorded("objection.filed") == 1


def test_eight_answers_make_one(open_poll: Poll, staff: Any) -> None:
    objection = filed(open_poll)
    results = at_once(8, lambda i: answered(objection, staff, text=f"The answer of colleague number {i}."))
    assert sum(isinstance(result, Answer) for result in results) == 1
    assert sum(isinstance(result, errors.ObjectionAnswered) for result in results) == 7
    assert Answer.objects.count() == recorded("objection.answered") == Mail.objects.count() == 1


def test_eight_hidings_are_one(open_poll: Poll, staff: Any) -> None:
    objection = filed(open_poll)
    given: dict[str, Any] = {"rule": "spam", "reason": "", "base_url": "https://v.example/"}
    results = at_once(
        8,
        lambda i: actions.hide_objection(objection=Objection.objects.get(pk=objection.pk), by=staff, at=timezone.now(), **given),
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, AlreadyHidden) for result in results) == 7
    assert recorded("moderation.action") == 1
