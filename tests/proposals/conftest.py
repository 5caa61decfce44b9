"""What tests of deliberation start from: a process that takes proposals, and one proposal of Ada's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from processes.models import Phase, Process
from proposals import actions
from proposals.models import Comment, Proposal
from tests import make


def propose(process: Process, author: User, **fields: Any) -> Proposal:
    defaults: dict[str, Any] = {
        "title": "Lights for the river path",
        "body": "After dark nobody uses it. Ten lamps would do.",
        "language": "en",
        "at": timezone.now(),
    }
    return actions.create_proposal(process=process, author=author, **defaults | fields)


def say(proposal: Proposal, author: User, body: str = "I have walked it.", **fields: Any) -> Comment:
    defaults: dict[str, Any] = {"stance": "neutral", "language": "en", "at": timezone.now()}
    return actions.add_comment(proposal=proposal, author=author, body=body, **defaults | fields)


def move_to(process: Process, phase: str) -> None:
    """From now on the process is in this phase."""
    process.phases.update(type=phase)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def proposing(db: None) -> Process:
    return make.process("river", phase=Phase.Type.PROPOSE)


@pytest.fixture
def proposal(proposing: Process, ada: User) -> Proposal:
    return propose(proposing, ada)
