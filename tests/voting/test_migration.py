"""Polls made before there were further kinds of ballots keep their limits, forwards and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests import make

LIMITS = {"min": 1, "max": 3, "max_cost": 500}


@pytest.mark.django_db(transaction=True)
def test_the_limits_of_an_approval_ballot_survive_the_step_to_every_kind_and_back() -> None:
    def to(name: str):  # type: ignore[no-untyped-def]
        executor = MigrationExecutor(connection)
        executor.migrate([("voting", name)])
        return executor.loader.project_state([("voting", name)]).apps.get_model("voting", "Poll")

    latest = MigrationExecutor(connection).loader.graph.leaf_nodes("voting")[0][1]
    roll, process, now = make.roll(empty=1), make.process(), timezone.now()
    try:
        old = to("0002_ballots_stay")
        old.objects.create(
            roll_id=roll.pk, process_id=process.pk, title={}, question={}, method="pb-greedy-v1", budget=900,
            min_choices=1, max_choices=3, max_cost=500, opens_at=now, closes_at=now + timedelta(days=1),
        )  # fmt: skip
        assert to("0003_ballots_of_every_kind").objects.get().ballot == {"approve": LIMITS}
        back = to("0002_ballots_stay").objects.get()
        assert (back.min_choices, back.max_choices, back.max_cost) == (1, 3, 500)
        to("0003_ballots_of_every_kind").objects.update(ballot={"rank": {}})
        with pytest.raises(ValueError, match="does not take approvals"):
            to("0002_ballots_stay")
    finally:
        to(latest)
