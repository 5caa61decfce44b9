"""The page on which staff close a poll by hand."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from votelog import log, sequencer
from voting import actions
from voting.models import Poll


def url(poll: Poll) -> str:
    return reverse("voting:poll-close", args=[poll.public_id])


def test_staff_close_an_open_poll_and_the_clock_publishes_it(open_poll: Poll, client: Client, staff) -> None:
    client.force_login(staff)
    assert client.get(url(open_poll)).status_code == 200
    open_poll.refresh_from_db()
    assert open_poll.is_open, "looking closes nothing"
    assert client.post(url(open_poll), follow=True).status_code == 200
    sequencer.run_once()
    actions.tick(at=timezone.now())
    open_poll.refresh_from_db()
    assert open_poll.status == Poll.Status.PUBLISHED
    assert next(log.entries(open_poll.public_id, kind="poll.closed"))["d"]["reason"] == "by_hand"


def test_a_poll_is_closed_once(open_poll: Poll, client: Client, staff) -> None:
    client.force_login(staff)
    client.post(url(open_poll))
    answer = client.post(url(open_poll))
    assert answer.status_code == 409
    assert "not open for voting" in answer.content.decode()


def test_residents_and_visitors_cannot_close_anything(open_poll: Poll, client: Client, ada) -> None:
    assert client.post(url(open_poll)).status_code == 302
    client.force_login(ada)
    assert client.get(url(open_poll)).status_code == 403
    assert client.post(url(open_poll)).status_code == 403
    open_poll.refresh_from_db()
    assert open_poll.is_open


def test_the_poll_page_leads_staff_there_and_nobody_else(open_poll: Poll, client: Client, staff, ada) -> None:
    client.force_login(ada)
    assert url(open_poll) not in client.get(open_poll.get_absolute_url()).content.decode()
    client.force_login(staff)
    assert url(open_poll) in client.get(open_poll.get_absolute_url()).content.decode()
