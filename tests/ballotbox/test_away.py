"""Pages when the ballot box, a process of its own, does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import make
from voting.models import Poll

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(open_poll: Poll, ada: Any, settings: Any, tmp_path: Any) -> Poll:
    make.cast(open_poll, ada, "o1")
    settings.BALLOTBOX_SOCKET = str(tmp_path / "nobody")
    return open_poll


def test_a_voter_reads_that_the_box_is_away_and_nothing_is_lost(away: Poll, ada: Any, client: Client) -> None:
    client.force_login(ada)
    answer = client.get(reverse("voting:poll-detail", args=[away.public_id]))
    assert answer.status_code == 503
    assert "The ballot box cannot be reached" in answer.content.decode()
    assert answer["Retry-After"] == "60"


def test_who_looks_for_a_ballot_reads_the_same(away: Poll, client: Client) -> None:
    answer = client.post(reverse("voting:receipt-find"), {"bid": "0f" * 16})
    assert answer.status_code == 503


def test_pages_that_need_no_secret_work_all_the_same(away: Poll, client: Client) -> None:
    for name in ("poll-detail", "board"):
        assert client.get(reverse(f"voting:{name}", args=[away.public_id])).status_code == 200
