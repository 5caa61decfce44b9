"""Setting up a process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from common.localized import Localized
from processes.models import Phase, Process, Scope

PlannedPhase = tuple[str, Localized, datetime, datetime]
"""Type, title (may be empty), start, end."""


def create_process(
    *,
    slug: str,
    title: Localized,
    summary: Localized,
    description: Localized,
    scope: Scope,
    phases: Sequence[PlannedPhase],
    published: bool = True,
) -> Process:
    with transaction.atomic():
        process = Process.objects.create(
            slug=slug, title=title, summary=summary, description=description, scope=scope, published=published
        )
        Phase.objects.bulk_create(
            Phase(process=process, type=kind, title=name, starts_at=start, ends_at=end) for kind, name, start, end in phases
        )
    return process
