"""A finished process made from a published ballot file, through the same actions as a poll held here."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from common.persian import persian_digits
from common.refusal import Refusal
from counting import pabulib
from eligibility.actions import create_roll
from eligibility.models import RollEntry
from processes.actions import create_process
from processes.models import Phase, Process, Scope
from voting import actions, kinds
from voting.models import Ballot, Poll, Result

Vote = tuple[RollEntry, kinds.Body]
Progress = Callable[[Sequence[Vote]], Iterable[Vote]]
_BATCH = 200


class FileRefused(Refusal):
    code = "file_refused"
    reason = _("%(name)s, line %(line)s: %(why)s Nothing was imported.")


class FileNotForUs(Refusal):
    code = "file_not_for_us"
    reason = _("%(name)s cannot be held as a poll yet: %(why)s Nothing was imported.")


class AlreadyImported(Refusal):
    code = "already_imported"
    reason = _("%(name)s was imported before, as poll %(poll)s.")


def read_round(name: str, data: bytes) -> tuple[pabulib.Pabulib, tuple[str, dict[str, Any]]]:
    """A Pabulib file that can be made into a poll, and the rule and options to count it by.

    Raises FileRefused (line and reason) or FileNotForUs.
    """
    try:
        round_ = pabulib.read_pabulib(data)
    except pabulib.PabulibError as error:
        raise FileRefused(name=name, line=error.line, why=error.reason) from error
    if round_.vote_type not in ("approval", "choose-1"):
        raise FileNotForUs(name=name, why=f"its votes are {round_.vote_type}, and polls here take approvals so far.")
    rule = pabulib.rule_of(round_.meta)
    if rule is None:
        raise FileNotForUs(name=name, why=f"there is no rule {round_.meta['rule']} here.")
    return round_, rule


def import_round(*, name: str, data: bytes, at: datetime, progress: Progress = iter) -> Poll:
    """Process, projects, poll and roll of the file, and every ballot cast; then the poll is open and ready to close.

    `name` is the file's name, `progress` wraps the list of votes. Ballots carry the origin `import`. An import that was
    interrupted goes on where it stopped. Raises FileRefused, FileNotForUs, AlreadyImported before anything is written.
    """
    round_, rule = read_round(name, data)
    digest = sha256(data).hexdigest()
    poll = Poll.objects.filter(source__sha256=digest).first()
    if poll is not None and poll.status != Poll.Status.OPEN:
        if poll.status == Poll.Status.CLOSED:
            return poll
        raise AlreadyImported(name=name, poll=poll.public_id)
    if poll is None:
        with transaction.atomic():
            poll = _set_up(round_, rule, name=name, digest=digest, at=at)
            poll = actions.open_poll(poll=poll, by=None, origin="import")
    keys = {option.external_id: option.key for option in poll.options.all()}
    ballots = [{"approve": [keys[project] for project in vote.choices]} for vote in round_.votes]
    cast_all(poll, ballots, progress=progress)
    return poll


def cast_all(poll: Poll, ballots: Sequence[kinds.Body], *, progress: Progress) -> None:
    """Cast one ballot for each place on the poll's roll, in this order, as far as that was not done before."""
    entries: list[RollEntry] = list(poll.roll.entries.order_by("index"))
    position = Ballot.objects.filter(poll=poll).count()  # batches are whole, and in the order of the file
    remaining = list(zip(entries, ballots, strict=True))[position:]
    for batch in _batches(progress(remaining)):
        with transaction.atomic():
            for entry, choice in batch:
                actions.cast_ballot(
                    poll=poll,
                    voter=entry,
                    choice=choice,
                    bid=actions.new_receipt_number(),
                    revision=0,
                    at=poll.opens_at,
                    origin="import",
                )


def _batches(votes: Iterable[Vote]) -> Iterator[list[Vote]]:
    waiting = iter(votes)
    while batch := list(itertools.islice(waiting, _BATCH)):
        yield batch


def finish(poll: Poll, *, at: datetime, sequence: Callable[[], object]) -> Result:
    """Close, bring the closing into the log, count and publish. `sequence` advances the log."""
    sequence()
    if poll.is_open:
        actions.close_poll(poll=poll, by=None, at=poll.closes_at)
        sequence()
    result = actions.publish_result(poll=poll, by=None, at=at)
    sequence()
    return result


def _set_up(
    round_: pabulib.Pabulib, rule: tuple[str, dict[str, Any]], *, name: str, digest: str, at: datetime
) -> Poll:
    meta = round_.meta
    place, year = meta["unit"], meta["instance"]
    opens, closes = day_of(meta["date_begin"], at), day_of(meta["date_end"], at) + timedelta(days=1)
    if closes <= opens:
        closes = opens + timedelta(days=1)
    language = meta.get("language", "und")[:3].lower()
    title = {"en": f"Participatory budget of {place}, {year}", "fa": f"بودجهٔ مشارکتی {persian_digits(year)}، {place}"}
    scope, _made = Scope.objects.get_or_create(
        slug="imported", defaults={"name": {"en": "Imported rounds", "fa": "دوره‌های واردشده"}, "position": 1000}
    )
    process = create_process(
        slug=free_slug(f"{place}-{year}"),
        title=title,
        summary={
            "en": "A round held elsewhere, imported from its published ballot file, counted anew and open to checking.",
            "fa": "دوره‌ای که جای دیگری برگزار شده، از پروندهٔ منتشرشدهٔ برگه‌های رأی وارد شده، "
            "از نو شمرده شده و هر کسی می‌تواند آن را بررسی کند.",
        },
        description={
            "en": f"{meta['description']}. Source: the Pabulib file `{name}`. Every ballot of the file was cast here "
            "through the same box as a ballot from a browser, and is marked as imported in the vote log.",
            "fa": f"منبع: پروندهٔ Pabulib با نام `{name}`. هر برگهٔ رأی این پرونده از همان صندوقی گذشته است که برگهٔ یک مرورگر "
            "از آن می‌گذرد، و در دفتر رأی نشان «واردشده» دارد.",
        },
        scope=scope,
        phases=[
            (Phase.Type.VOTE, {}, opens, closes),
            (Phase.Type.RESULTS, {}, closes, max(at, closes) + timedelta(days=3650)),
        ],
    )
    roll = create_roll(
        name=title,
        rule={"en": "The voters of the imported file, without names.", "fa": "رأی‌دهندگان پروندهٔ واردشده، بی‌نام."},
        users=[None] * len(round_.votes),
    )
    selected = set(round_.selected or ())
    return actions.create_poll(
        process=process,
        roll=roll,
        title=title,
        question={
            "en": "Which projects should be paid for from the budget?",
            "fa": "هزینهٔ کدام طرح‌ها از بودجه پرداخت شود؟",
        },
        method=rule[0],
        rule=rule[1],
        budget=round_.budget,
        currency=currency_of(meta.get("currency", ""), round_.scale),
        ballot={
            "approve": {
                "min": int(meta.get("min_length") or 0),
                "max": int(meta["max_length"]) if meta.get("max_length") else None,
            }
        },
        revote=Poll.Revote.NONE,
        opens_at=opens,
        closes_at=closes,
        source={
            "name": name,
            "sha256": digest,
            "rule": meta["rule"],
            "selected": None
            if round_.selected is None
            else [f"o{n}" for n, project in enumerate(round_.projects, start=1) if project.id in selected],
        },
        options=[
            actions.PlannedOption(title={language: project.name}, cost=project.cost, external_id=project.id)
            for project in round_.projects
        ],
    )


def currency_of(name: str, scale: int) -> dict[str, str]:
    """The smallest unit: a file with decimals is held in hundredths."""
    if scale == 1:
        return {"en": name or "units", "fa": name or "واحد"}
    return {"en": f"hundredths of {name or 'a unit'}", "fa": f"صدم {name or 'واحد'}"}


def day_of(text: str, at: datetime) -> datetime:
    """`18.09.2023`, `2023-09-18` or a bare year, at midnight UTC; the day of the import where the file says nothing readable."""
    for pattern in ("%d.%m.%Y", "%Y-%m-%d", "%Y"):
        try:
            return datetime.strptime(text.strip(), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


def free_slug(text: str) -> str:
    base = slugify(re.sub(r"[ŁłØøĐđ]", lambda m: "LlOoDd"["ŁłØøĐđ".index(m[0])], text))[:40] or "imported"
    slug, number = base, 2
    while Process.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug
