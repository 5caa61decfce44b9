"""A finished poll made from any ballot file that `counting.formats` reads: every ballot cast, as it was marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from unicodedata import normalize

from django.db import transaction

from counting import formats
from counting import rules as counting_rules
from counting.compare import readable, usual_options
from counting.profile import ApprovalProfile, PointsProfile
from counting.reading import UNKNOWN_OVERVOTE
from eligibility.actions import create_roll
from processes.actions import create_process
from processes.models import Phase, Scope
from voting import actions, kinds
from voting.imports import AlreadyImported, FileNotForUs, FileRefused, Progress, cast_all, currency_of, day_of, free_slug
from voting.models import Poll
from voting.rules import full_rule

MOST_BALLOTS = 1_000_000


@dataclass(frozen=True)
class Held:
    """An election as a poll holds it: what a ballot is, every ballot, and option keys by the ids of the file."""

    election: formats.Election
    ballot: dict[str, Any]
    ballots: list[kinds.Body]
    keys: Mapping[str, str]


def read_election(
    name: str, data: bytes, *, method: str, format: str | None = None, contest: str | None = None
) -> Held:
    """The election in a file, to be counted by `method`. Raises FileRefused (line and reason), FileNotForUs."""
    try:
        election = formats.read(data, name=name, format=format, contest=contest)
    except formats.FormatError as error:
        raise FileRefused(name=name, line=error.line, why=f"{error.reason}.") from error
    keys = {identifier: f"o{n}" for n, identifier in enumerate(election.names, start=1)}
    rule = counting_rules.RULES.get(method)
    if rule is not None and rule.budgeted and election.budget is None:
        raise FileNotForUs(name=name, why=f"{method} spends money, and the file names no costs and no budget.")
    if election.withdrawn and rule is not None and "withdrawn" not in rule.defaults:
        raise FileNotForUs(name=name, why=f"somebody in it has withdrawn, and {method} cannot leave anybody out.")
    groups: Mapping[Any, int] = readable(election.profile, method).groups
    if any(UNKNOWN_OVERVOTE in ballot for ballot in groups):
        why = "it has over-votes of which it does not say for whom; such a ballot cannot be cast."
        raise FileNotForUs(name=name, why=why)
    if not groups:
        raise FileNotForUs(name=name, why="it holds no ballots.")
    if election.profile.total > MOST_BALLOTS:
        why = f"it holds {election.profile.total:,} ballots, and each is cast on its own: at most {MOST_BALLOTS:,}."
        raise FileNotForUs(name=name, why=why)
    ballots: list[kinds.Body] = []
    if isinstance(election.profile, ApprovalProfile):
        ballot = kinds.full_ballot({"approve": {}})
        for marks, count in groups.items():
            ballots += [{"approve": [keys[identifier] for identifier in marks]}] * count
    elif isinstance(election.profile, PointsProfile):
        most = max((points for marks in groups for _, points in marks), default=1)
        ballot = kinds.full_ballot({"score": {"max": most}})
        for marks, count in groups.items():
            ballots += [{"score": {keys[identifier]: points for identifier, points in marks}}] * count
    else:
        ballot = kinds.full_ballot({"rank": {"raw": True}})
        for marks, count in groups.items():
            ballots += [{"rank": [[keys[identifier] for identifier in rank] for rank in marks]}] * count
    return Held(election, ballot, ballots, keys)


def import_election(
    *,
    name: str,
    data: bytes,
    method: str,
    chosen: Mapping[str, Any],
    at: datetime,
    seats: int | None = None,
    format: str | None = None,
    contest: str | None = None,
    progress: Progress = iter,
) -> Poll:
    """A process, its poll and roll, and every ballot of the file cast; then the poll is open and ready to close.

    `chosen`: options of the rule; ids in them are those of the file. `seats`: else as many as the file says. The same file can
    be held once for each rule and its options. An import that was interrupted goes on where it stopped. Raises FileRefused,
    FileNotForUs, AlreadyImported, and what `actions.create_poll` raises, before anything is written.
    """
    held = read_election(name, data, method=method, format=format, contest=contest)
    election = held.election
    seats = election.seats if seats is None else seats
    usual = usual_options(method, election.profile, seats=seats, withdrawn=election.withdrawn)
    rule = _rule(method, {**usual, **chosen}, held.keys)
    digest = sha256(data).hexdigest()
    poll = Poll.objects.filter(source__sha256=digest, method=method, rule=rule).first()
    if poll is not None and poll.status == Poll.Status.CLOSED:
        return poll
    if poll is not None and poll.status != Poll.Status.OPEN:
        raise AlreadyImported(name=name, poll=poll.public_id)
    if poll is None:
        with transaction.atomic():
            poll = _set_up(held, method, rule, name=name, digest=digest, at=at)
            poll = actions.open_poll(poll=poll, by=None, origin="import")
    cast_all(poll, held.ballots, progress=progress)
    return poll


def _rule(method: str, chosen: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """All options of the rule, with our option keys in the place of ids of the file."""
    ours = dict(chosen)
    for option in ("withdrawn", "groups"):
        if isinstance(ours.get(option), list):
            ours[option] = _ours(ours[option], keys)
    if isinstance(ours.get("pots"), list):
        ours["pots"] = [
            {**pot, "options": _ours(pot["options"], keys)} if isinstance(pot, dict) and "options" in pot else pot
            for pot in ours["pots"]
        ]
    return full_rule(method, ours)


def _ours(ids: Any, keys: Mapping[str, str]) -> Any:
    if isinstance(ids, list):
        return [_ours(each, keys) for each in ids]
    return keys.get(ids, ids) if isinstance(ids, str) else ids


def _set_up(held: Held, method: str, rule: dict[str, Any], *, name: str, digest: str, at: datetime) -> Poll:
    election = held.election
    title = normalize("NFC", election.title or PurePath(name).stem)
    titles = {"en": title, "fa": title}
    opens = day_of("", at) - timedelta(days=1)
    closes = opens + timedelta(days=1)
    scope, _made = Scope.objects.get_or_create(
        slug="imported-elections",
        defaults={"name": {"en": "Imported elections", "fa": "انتخابات واردشده"}, "position": 1001},
    )
    process = create_process(
        slug=free_slug(title),
        title=titles,
        summary={
            "en": "An election held elsewhere, imported from its ballot file, counted anew and open to checking.",
            "fa": "انتخاباتی که جای دیگری برگزار شده، از پروندهٔ برگه‌های رأی وارد شده، "
            "از نو شمرده شده و هر کسی می‌تواند آن را بررسی کند.",
        },
        description={
            "en": f"Source: the file `{name}`. Every ballot of the file was cast here as it was marked, through the same box "
            "as a ballot from a browser, and is marked as imported in the vote log.",
            "fa": f"منبع: پروندهٔ `{name}`. هر برگهٔ رأی این پرونده، همان‌طور که علامت خورده بود، از همان صندوقی گذشته است که برگهٔ "
            "یک مرورگر از آن می‌گذرد، و در دفتر رأی نشان «واردشده» دارد.",
        },
        scope=scope,
        phases=[
            (Phase.Type.VOTE, {}, opens, closes),
            (Phase.Type.RESULTS, {}, closes, max(at, closes) + timedelta(days=3650)),
        ],
    )
    roll = create_roll(
        name=titles,
        rule={"en": "The voters of the imported file, without names.", "fa": "رأی‌دهندگان پروندهٔ واردشده، بی‌نام."},
        users=[None] * len(held.ballots),
    )
    budgeted = counting_rules.RULES[method].budgeted
    costs = election.costs if budgeted and election.costs is not None else {}
    meta = election.pabulib.meta if election.pabulib is not None else {}
    return actions.create_poll(
        process=process,
        roll=roll,
        title=titles,
        question={"en": "As on the ballots of that election.", "fa": "همان‌طور که بر برگه‌های آن انتخابات بود."},
        method=method,
        rule=rule,
        ballot=held.ballot,
        budget=election.budget if budgeted else None,
        currency=currency_of(meta.get("currency", ""), election.scale) if budgeted else {},
        revote=Poll.Revote.NONE,
        opens_at=opens,
        closes_at=closes,
        source={"name": name, "sha256": digest, "rule": method, "selected": None},
        options=_options(election.names, costs),
    )


def _options(names: Mapping[str, str], costs: Mapping[str, int]) -> Sequence[actions.PlannedOption]:
    return [
        actions.PlannedOption(title={"und": normalize("NFC", title)}, cost=costs.get(identifier), external_id=identifier[:80])
        for identifier, title in names.items()
    ]
