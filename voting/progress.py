"""How far a winning project has come since the vote. Reads deliveries, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from voting import charts
from voting.models import Delivery, Option


@dataclass(frozen=True)
class Progress:
    """`steps` in order, never empty. `over`: spent beyond what was awarded. `late`: not done in time, or not yet done."""

    option: Option
    steps: list[Delivery]
    due_at: datetime | None
    spent: int
    spent_width: int
    over: int
    late: bool

    @property
    def last(self) -> Delivery:
        return self.steps[-1]

    @property
    def done(self) -> bool:
        return self.last.status == Delivery.Status.DONE


def progress_of(option: Option) -> Progress | None:
    """None while nothing has been told. Uses prefetched deliveries where there are any."""
    steps = list(option.deliveries.all())
    if not steps:
        return None
    last, cost = steps[-1], option.cost or 0
    due_at = next((step.due_at for step in reversed(steps) if step.due_at), None)
    until = last.happened_at if last.status == Delivery.Status.DONE else timezone.now()
    return Progress(
        option=option,
        steps=steps,
        due_at=due_at,
        spent=last.spent,
        spent_width=charts.width(last.spent, max(cost, last.spent)),
        over=max(0, last.spent - cost),
        late=due_at is not None and due_at < until,
    )
