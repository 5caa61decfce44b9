"""Plain functions that make what a test needs. Everything has a default; a test names only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from eligibility.models import Roll, RollEntry
from processes.models import Phase, Process, Scope, Topic
from votelog import sequencer
from voting import actions, kinds
from voting.models import Option, Poll
from voting.standing import standing


def user(email: str, **fields: Any) -> User:
    fields.setdefault("display_name", email.split("@")[0].title())
    made = User.objects.create_user(email, "correct horse battery", **fields)
    # An address counts only when it is confirmed.
    made.emailaddress_set.create(email=email, verified=True, primary=True)
    return made


def users(count: int) -> list[User]:
    return User.objects.bulk_create([User(email=f"p{i}@example.org", display_name=f"Person {i}") for i in range(count)])


def scope(slug: str = "city", **fields: Any) -> Scope:
    return Scope.objects.get_or_create(slug=slug, defaults={"name": {"en": slug.title(), "fa": "شهر"}} | fields)[0]


def topic(slug: str = "parks", **fields: Any) -> Topic:
    return Topic.objects.get_or_create(slug=slug, defaults={"name": {"en": slug.title(), "fa": "بوستان‌ها"}} | fields)[0]


def process(slug: str = "budget", *, phase: str = Phase.Type.VOTE, published: bool = True, **fields: Any) -> Process:
    """A published process in the named phase, which began yesterday and lasts a week."""
    made = Process.objects.create(
        slug=slug,
        title={"en": "Our budget", "fa": "بودجهٔ ما"},
        scope=fields.pop("scope", None) or scope(),
        published=published,
        **fields,
    )
    now = timezone.now()
    Phase.objects.create(process=made, type=phase, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=6))
    return made


def roll(*people: User, empty: int = 0) -> Roll:
    made = Roll.objects.create(name={"en": "Residents"}, rule={"en": "Lives in the city.", "fa": "ساکن شهر است."})
    RollEntry.objects.bulk_create(
        RollEntry(roll=made, index=index, user=person) for index, person in enumerate([*people, *[None] * empty])
    )
    return made


def poll(*, roll: Roll, costs: Sequence[int] = (40, 30, 50, 20), budget: int | None = 100, **fields: Any) -> Poll:
    """A draft of a budget poll with options o1, o2, …, open from yesterday until in two days.

    `max_cost`, `min_choices`, `max_choices`: limits of its approval ballot.
    """
    now = timezone.now()
    limits = {"min": fields.pop("min_choices", 0), "max": fields.pop("max_choices", None)}
    limits["max_cost"] = fields.pop("max_cost", budget)
    defaults: dict[str, Any] = {
        "process": fields.pop("process", None) or process(),
        "title": {"en": "What to build?", "fa": "چه بسازیم؟"},
        "question": {"en": "Choose projects.", "fa": "طرح‌ها را برگزینید."},
        "method": "pb-greedy-v1",
        "rule": {"mode": "skip", "threshold": 0, "pots": None, "groups": None},
        "budget": budget,
        "ballot": {"approve": limits},
        "currency": {"en": "credits", "fa": "اعتبار"},
        "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(days=2),
    }
    made = Poll.objects.create(roll=roll, **defaults | fields)
    Option.objects.bulk_create(
        Option(
            poll=made, key=f"o{n}", position=n, title={"en": f"Project {n}", "fa": f"طرح {n}"}, cost=cost
        )
        for n, cost in enumerate(costs, start=1)
    )
    return made


def election(*, roll: Roll, method: str, ballot: dict[str, Any], options: int = 4, **fields: Any) -> Poll:
    """A draft of a poll without money, made as everybody makes one."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "process": fields.pop("process", None) or process("assembly"),
        "title": {"en": "Who or what?", "fa": "کدام؟"},
        "question": {"en": "Say what you prefer.", "fa": "نظرتان را بگویید."},
        "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(days=2),
        "mix_k": 1,
    }
    titles = [{"en": f"Option {n}", "fa": f"گزینهٔ {n}"} for n in range(1, options + 1)]
    planned = [actions.PlannedOption(title=title) for title in titles]
    return actions.create_poll(roll=roll, method=method, ballot=ballot, options=planned, **defaults | fields)


MES = {"utility": "cost", "completion": ["add1"], "integral": True, "step": 1, "stop_when_exhaustive": True}


def cast(
    poll: Poll, person: User, *choice: str, b: kinds.Body | None = None, at: datetime | None = None, **fields: Any
) -> actions.Receipt:
    """The person's next ballot: approvals of `choice`, or what `b` says."""
    now = standing(poll, person)
    return actions.cast_ballot(
        poll=poll,
        voter=now.entry,
        choice={"approve": choice} if b is None else b,
        bid=fields.pop("bid", None) or actions.new_receipt_number(),
        revision=fields.pop("revision", now.next_revision),
        at=at or timezone.now(),
        **fields,
    )


def published(poll: Poll) -> Poll:
    """Close an open poll, bring the closing into the log, count and publish."""
    now = timezone.now()
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    sequencer.run_once()
    actions.publish_result(poll=poll, by=None, at=now)
    sequencer.run_once()
    poll.refresh_from_db()
    return poll
