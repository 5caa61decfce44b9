"""What can be asked for: each app registers its own when it is ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from common.localized import Localized
from common.refusal import Refusal


@dataclass(frozen=True)
class Order:
    """What is to be done. `actors`: the pseudonyms of who asked and who approved; only who asked, before it is approved."""

    subject: str
    arguments: dict[str, Any]
    reason: Localized
    actors: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Shown:
    """What people read before they decide. `lines`: what, and how it is to be; `consequences`: in plain words;
    `entries`: the types of the entries that the public log gets."""

    subject: str
    url: str
    lines: Sequence[tuple[str | Promise, object]]
    consequences: Sequence[str | Promise]
    entries: Sequence[str]


@dataclass(frozen=True)
class Done:
    """What came of it. `codes`: shown once, to whoever approved, and kept nowhere."""

    codes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Kind:
    """`right`: who may ask has `<right>.request`, who may approve `<right>.approve` (accounts/permissions.py).

    `why_not` is asked before a request is made. `carry_out` runs in the transaction of the approval, asks again under the lock
    of what it changes, and raises a Refusal where that says no.
    """

    title: str | Promise
    right: str
    why_not: Callable[[Order], Refusal | None]
    carry_out: Callable[[Order], Done]
    shown: Callable[[Order], Shown]


KINDS: dict[str, Kind] = {}
"""By action. Filled in `ready()` of the apps, and read only afterwards."""
