"""What staff and objectors did in the demo city before a visitor comes: through the same actions as on the pages."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from approvals import actions as approvals
from approvals.models import Request
from objections import actions as objections
from objections.models import Objection
from outbox import actions as outbox
from outbox.models import Mail
from proposals import actions as proposals
from proposals.models import Comment
from votelog import log, sequencer
from votelog.models import BALLOT
from voting.models import Poll

if TYPE_CHECKING:
    from deliberate.demo.build import City

Planned = Mapping[str, Any]
SITE = f"http://localhost:{settings.PORT}"


def change(city: City, poll: Poll, planned: Planned) -> None:
    """What two people changed about the poll: `planned` names both, who asked first, and the day."""
    asked = _ask(city, poll, planned, by=planned["by"][0])
    approvals.approve(
        request=asked,
        by=city.people[planned["by"][1]],
        at=city.day(planned["day"]) + timedelta(hours=3),
        reauthenticated=True,
        arguments_sha256=asked.arguments_sha256,
    )
    sequencer.run_once()


def ask(city: City, poll: Poll, planned: Planned) -> None:
    """What one asked for and nobody has decided yet."""
    _ask(city, poll, planned, by=planned["by"])


def _ask(city: City, poll: Poll, planned: Planned, *, by: str) -> Request:
    arguments = dict(planned.get("arguments", {}))
    if planned["action"] == "poll.extend":
        arguments = {"closes_at": int(city.day(planned["closes"]).timestamp())}
    elif planned["action"] == "poll.void":
        arguments = {"bid": _some_ballot(poll, city.random), "reason_code": planned["reason_code"]}
    return approvals.request_change(
        action=planned["action"],
        subject=poll.public_id,
        arguments=arguments,
        reason=planned["reason"],
        by=city.people[by],
        at=city.day(planned["day"]),
        reauthenticated=True,
        site=SITE,
    )


def _some_ballot(poll: Poll, chance: random.Random) -> str:
    found: str = chance.choice([entry["d"]["bid"] for entry in log.entries(poll.public_id, kind=BALLOT)])
    return found


def object_to(city: City, poll: Poll, planned: Planned) -> None:
    """File an objection, confirm it with the code from the mail, and answer it where an answer is planned."""
    at = city.day(planned["day"])
    waiting = objections.file_objection(
        poll=poll,
        name=planned["name"],
        email=planned["email"],
        language=planned["language"],
        text=planned["text"],
        at=at,
        base_url=SITE,
    )
    sent = Mail.objects.filter(to=planned["email"]).latest("pk")
    code = re.search(r"\b(\d{4})-(\d{4})\b", sent.body)
    assert code is not None, "the mail names its code"  # noqa: S101
    filed = objections.confirm_objection(handle=waiting.handle, code=code[1] + code[2], at=at + timedelta(minutes=9))
    if answer := planned.get("answer"):
        _answer(city, filed, answer)


def _answer(city: City, filed: Objection, planned: Planned) -> None:
    objections.answer_objection(
        objection=filed,
        by=city.people[planned["by"]],
        finding=planned["finding"],
        text=planned["text"],
        language=planned["language"],
        at=city.day(planned["day"]),
        base_url=SITE,
    )


def hide(city: City, comment: Comment, planned: Planned) -> None:
    proposals.hide_comment(
        comment=comment,
        by=city.people[planned["by"]],
        rule=planned["rule"],
        reason=planned["reason"],
        at=city.day(planned["day"]),
        base_url=SITE,
    )


def send_old_mail() -> None:
    """What was posted on the way here has long been read: it goes, and the console stays quiet."""
    with contextlib.redirect_stdout(io.StringIO()):
        while Mail.objects.exists():
            outbox.tick(at=timezone.now())
