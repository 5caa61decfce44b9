"""Declare an incident, erase a text. Called by `approvals` once a second person has approved, in that transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from common.localized import Localized
from incidents import errors
from incidents.models import Erasure, Incident
from merkle import canonical
from votelog.actions import put_blob, record
from votelog.models import Blob, Event
from voting.models import Poll


def find_poll(public_id: str) -> Poll | None:
    """The poll, None for the whole instance (empty). Raises IncidentPollUnknown, also for polls that the log does not know."""
    if not public_id:
        return None
    poll = Poll.objects.exclude(status=Poll.Status.DRAFT).filter(public_id=public_id).first()
    if poll is None:
        raise errors.IncidentPollUnknown()
    return poll


def declare_incident(*, poll: str, code: str, text: Localized, actors: Sequence[str], at: datetime) -> Incident:
    """Say in public and in the log that something went wrong. `poll`: its public id; empty: the whole instance.

    Raises IncidentPollUnknown, ValueError for an unknown code.
    """
    if code not in Incident.Code.values:
        raise ValueError(f"{code} is no code of incidents")
    with transaction.atomic():
        incident = Incident.objects.create(poll=find_poll(poll), code=code, text=text, declared_at=at)
        name = put_blob(canonical.dumps(text), salted=True)
        record("incident.declared", poll=poll, at=at, d={"code": code, "text_sha256": name, "actors": list(actors)})
    return incident


def find_text(name: str) -> tuple[Localized, dict[str, Any]]:
    """A text in the log by the SHA-256 that is its name, and the first entry that names it. Raises NoTextToErase."""
    row = Blob.objects.filter(sha256=name).first()
    try:
        # Only texts are salted canonical JSON by language; whatever a count or a check needs is not.
        text = canonical.loads(bytes(row.data)[16:]) if row else None
    except ValueError:
        text = None
    event = Event.objects.filter(bid__isnull=True, body__contains=f'"{name}"').order_by("shard", "idx").first()
    if event is None or not isinstance(text, dict) or not text or not all(isinstance(value, str) for value in text.values()):
        raise errors.NoTextToErase()
    return text, canonical.loads(event.body.encode())


def erase_text(*, target: str, basis: str, actors: Sequence[str], at: datetime) -> Erasure:
    """Delete the bytes of a text in the log, for good. The entries that name it stay as they are.

    Raises NoTextToErase, ValueError for an unknown basis.
    """
    if basis not in Erasure.Basis.values:
        raise ValueError(f"{basis} is no basis of erasures")
    with transaction.atomic():
        find_text(target)
        if not Blob.objects.filter(sha256=target).delete()[0]:
            raise errors.NoTextToErase()
        erasure = Erasure.objects.create(target=target, basis=basis, erased_at=at)
        record("erasure.recorded", at=at, d={"target": target, "basis_code": basis, "actors": list(actors)})
    return erasure
