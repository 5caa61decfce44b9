"""The clock of the project does what objections and their mail need, in the worker as in the one process."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deliberate import background
from objections.models import Unconfirmed
from outbox.models import Mail
from tests.objections.conftest import send_in
from voting.models import Poll

pytestmark = pytest.mark.django_db


def test_one_turn_of_the_clock_sends_mail_and_forgets_what_was_not_confirmed(open_poll: Poll, mailoutbox: list[object]) -> None:
    send_in(open_poll)
    old = send_in(open_poll, at=timezone.now() - timedelta(hours=49))
    background.tick()
    assert len(mailoutbox) == 2 and not Mail.objects.exists()
    assert old.pk not in Unconfirmed.objects.values_list("pk", flat=True)
    assert Unconfirmed.objects.count() == 1


def test_the_embedded_process_does_the_same() -> None:
    assert background.tick in background.BEATS


def test_an_address_that_no_mail_can_carry_does_not_stop_the_clock(open_poll: Poll, mailoutbox: list[object]) -> None:
    send_in(open_poll, email=f"a@{'ü' * 60}.example.org")  # longer than a name may be, once it is written in ASCII
    send_in(open_poll)
    background.tick()
    assert len(mailoutbox) == 1 and not Mail.objects.exists()
