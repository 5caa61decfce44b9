"""The key of a poll, which could tell whose ballot is whose, does not outlive the term for appeals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ballotbox import box
from tests import make
from votelog import sequencer
from voting import actions, tabulate
from voting.models import Poll
from voting.standing import find_receipt, standing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    actions._without_key.clear()


def test_the_clock_destroys_the_key_when_the_term_for_appeals_is_over(open_poll: Poll, ada, settings) -> None:
    make.cast(open_poll, ada, "o1")
    poll = make.published(open_poll)
    last = poll.results.get().published_at
    for days, held in ((settings.APPEALS_DAYS - 1, True), (settings.APPEALS_DAYS + 1, False)):
        actions.tick(at=last + timedelta(days=days))
        assert box().holds_key(poll=poll.public_id) is held


def test_keys_of_polls_without_a_result_stay(open_poll: Poll, ada) -> None:
    make.cast(open_poll, ada, "o1")
    actions.destroy_settled_keys(at=timezone.now() + timedelta(days=1000))
    assert box().holds_key(poll=open_poll.public_id)


def test_without_the_key_everything_that_is_public_still_works(open_poll: Poll, ada, client: Client) -> None:
    receipt = make.cast(open_poll, ada, "o1")
    poll = make.published(open_poll)
    before = tabulate.profile_of(tabulate.counted(poll)).groups
    actions.destroy_settled_keys(at=timezone.now() + timedelta(days=1000))
    assert not box().holds_key(poll=poll.public_id)
    assert tabulate.profile_of(tabulate.counted(poll)).groups == before
    found = find_receipt(receipt.bid)
    assert found is not None and (found.state, found.choice) == ("counted", {"approve": ["o1"]})
    assert standing(poll, ada).choice is None, "nobody can tell any more"
    for name in ("poll-detail", "result", "board"):
        assert client.get(reverse(f"voting:{name}", args=[poll.public_id])).status_code == 200
    sequencer.run_once()
    actions.tick(at=timezone.now())
