"""Builds the invented city from `content/`, through the same actions as people use."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from tqdm import tqdm

from accounts.models import User
from common.localized import Localized
from deliberate.demo import ballots, oversight
from eligibility.actions import create_roll
from eligibility.models import Roll, RollEntry
from processes.actions import create_process
from processes.models import Process, Scope, Topic
from proposals import actions as proposal_actions
from proposals.models import Comment, Proposal
from votelog import sequencer
from voting import actions as voting_actions
from voting import imports
from voting.models import Poll

CONTENT = Path(__file__).parent / "content"
PLACES = 900
"""On the roll of the city's polls: the residents with accounts, then places taken by letter, without an account."""
GROUP = 5
"""Ballots enter the log in groups of so many voters. Small, so that a visitor sees theirs arrive."""
CODES = ["RUDKENAR-2026-A", "RUDKENAR-2026-B", "RUDKENAR-2026-C"]


@dataclass(frozen=True)
class Account:
    """Someone a visitor of the demo can be. `on_roll`: may vote."""

    email: str
    display_name: str
    language: str
    about: Localized
    staff: bool = False
    on_roll: bool = True


ACCOUNTS = [
    Account(
        "mina@rudkenar.example",
        "مینا کشتی‌ساز",
        "fa",
        {"en": "resident, reads Persian, may vote", "fa": "ساکن شهر، فارسی‌زبان، حق رأی دارد"},
    ),
    Account(
        "tom@rudkenar.example",
        "Tom Ferrier",
        "en",
        {"en": "resident, reads English, may vote", "fa": "ساکن شهر، انگلیسی‌زبان، حق رأی دارد"},
    ),
    Account(
        "guest@rudkenar.example",
        "Noor Passing",
        "en",
        {
            "en": "newcomer, not on the roll: try an invitation code",
            "fa": "تازه‌وارد، بیرون از فهرست رأی‌دهندگان: یک کد دعوت را امتحان کنید",
        },
        on_roll=False,
    ),
    Account(
        "council@rudkenar.example",
        "دبیرخانهٔ شورا",
        "fa",
        {
            "en": "council staff; changes to a poll take two of them: ask as one, approve as the other",
            "fa": "کارکنان شورا؛ تغییر رأی‌گیری دو نفر می‌خواهد: با یکی بخواهید، با دیگری تأیید کنید",
        },
        staff=True,
        on_roll=False,
    ),
    Account(
        "clerk@rudkenar.example",
        "Ruth Ledger",
        "en",
        {
            "en": "council staff, the second person; a request of a colleague waits for approval",
            "fa": "کارکنان شورا، نفر دوم؛ درخواستی از یک همکار در انتظار تأیید است",
        },
        staff=True,
        on_roll=False,
    ),
]


def content(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CONTENT / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def planned_polls() -> list[dict[str, Any]]:
    """Of all files, in the order in which they are held."""
    return [planned for name in ("polls", "elections", "oversight") for planned in content(name)["polls"]]


class City:
    """What the steps of the build hand to each other."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.random = random.Random(1405)  # noqa: S311 -- invented people, the same at every build
        self.people: dict[str, User] = {}
        self.district: dict[str, str] = {}
        self.scopes: dict[str, Scope] = {}
        self.topics: dict[str, Topic] = {}
        self.processes: dict[str, Process] = {}
        self.proposals: dict[str, Proposal] = {}
        self.polls: dict[str, Poll] = {}

    def day(self, days: float) -> datetime:
        return self.now + timedelta(days=days)


def build(*, round_file: Path | None = None) -> None:
    """The whole city; with `round_file`, a published Pabulib round beside it. Shows what it is doing."""
    city = City(timezone.now())
    with transaction.atomic():
        _place(city)
        _people(city)
        _processes(city)
    _debates(city)
    roll = _roll(city)
    for planned in planned_polls():
        city.polls[planned["key"]] = _poll(city, roll, planned)
    _oversight(city)
    if round_file is not None:
        import_file(round_file)


def import_file(path: Path) -> Poll:
    """Raises the refusals of `voting.imports`."""
    now = timezone.now()
    poll = imports.import_round(
        name=path.name,
        data=path.read_bytes(),
        at=now,
        progress=lambda votes: tqdm(votes, desc=path.name, unit=" ballots", delay=2, leave=False, disable=None),
    )
    imports.finish(poll, at=now, sequence=sequencer.run_once)
    return poll


def _place(city: City) -> None:
    place = content("city")
    root = Scope.objects.create(slug="rudkenar", name=place["name"])
    city.scopes["city"] = root
    for position, district in enumerate(place["districts"], start=1):
        city.scopes[district["slug"]] = Scope.objects.create(
            parent=root, slug=district["slug"], name=district["name"], position=position
        )
    for position, topic in enumerate(place["topics"], start=1):
        city.topics[topic["slug"]] = Topic.objects.create(
            slug=topic["slug"], name=topic["name"], icon=topic["icon"], position=position
        )


def _people(city: City) -> None:
    people = content("people")
    for person in [*people["residents"], *people["staff"]]:
        user = User(
            email=f"{person['key']}@rudkenar.example",
            display_name=person["display_name"],
            language=person["language"],
            is_staff=person["key"].startswith("s"),
        )
        user.set_unusable_password()
        city.people[person["key"]] = user
        city.district[person["key"]] = person.get("district", "")
    for account in ACCOUNTS:
        user = User(
            email=account.email, display_name=account.display_name, language=account.language, is_staff=account.staff
        )
        user.set_unusable_password()
        city.people[account.email] = user
    User.objects.bulk_create(city.people.values())
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in city.people.values()
    )


def _processes(city: City) -> None:
    for planned in content("processes")["processes"]:
        city.processes[planned["slug"]] = create_process(
            slug=planned["slug"],
            title=planned["title"],
            summary=planned["summary"],
            description=planned["description"],
            scope=city.scopes["city"],
            phases=[
                (phase["type"], phase.get("title") or {}, city.day(phase["starts"]), city.day(phase["ends"]))
                for phase in planned["phases"]
            ],
        )


def _debates(city: City) -> None:
    residents = [user for key, user in city.people.items() if key.startswith("p")]
    planned = content("proposals")["proposals"]
    with transaction.atomic():
        for item in tqdm(planned, desc="Proposals", unit="", delay=2, leave=False, disable=None):
            at = city.day(item["day"])
            proposal = proposal_actions.create_proposal(
                process=city.processes[item["process"]],
                author=city.people[item["author"]],
                title=item["title"],
                body=item["body"],
                language=item["language"],
                scope=city.scopes.get(item.get("district") or ""),
                topic=city.topics.get(item.get("topic") or ""),
                at=at,
            )
            city.proposals[item["key"]] = proposal
            others = [user for user in residents if user != proposal.author]
            for user in city.random.sample(others, min(item["endorsements"], len(others))):
                proposal_actions.endorse(proposal=proposal, by=user, at=at + timedelta(hours=city.random.randint(1, 200)))
    threads = content("comments")["threads"]
    with transaction.atomic():
        # In the order of time, as they would have been written, so that the newest has the last number.
        waiting = [(item, None, city.proposals[item["proposal"]]) for item in threads]
        written: dict[int, Comment] = {}
        for item, parent, proposal in tqdm(list(_by_time(waiting)), desc="Comments", unit="", delay=2, leave=False, disable=None):
            written[id(item)] = proposal_actions.add_comment(
                proposal=proposal,
                author=city.people[item["author"]],
                body=item["body"],
                stance=item["stance"],
                language=item["language"],
                parent=written[id(parent)] if parent is not None else None,
                at=city.day(item["day"]),
            )
            if item.get("hidden"):
                oversight.hide(city, written[id(item)], content("oversight")["hidden"])


Item = dict[str, Any]


def _by_time(top: Sequence[tuple[Item, Item | None, Proposal]]) -> Iterator[tuple[Item, Item | None, Proposal]]:
    everything: list[tuple[Item, Item | None, Proposal]] = []
    stack = list(top)
    while stack:
        item, parent, proposal = stack.pop()
        everything.append((item, parent, proposal))
        stack += [(reply, item, proposal) for reply in item.get("replies", [])]
    return iter(sorted(everything, key=lambda entry: entry[0]["day"]))


def _roll(city: City) -> Roll:
    without = {account.email for account in ACCOUNTS if not account.on_roll}
    users: list[User | None] = [
        user for key, user in city.people.items() if key not in without and not key.startswith("s")
    ]
    city.random.shuffle(users)
    empty = PLACES - len(users)
    return create_roll(
        name={"en": "Residents of Rudkenar, sixth round", "fa": "ساکنان رودکنار، دور ششم"},
        rule={
            "en": "Everyone from the age of 16 who lives in Rudkenar; places are taken with the code from the council's letter.",
            "fa": "هر کس از ۱۶ سالگی که در رودکنار زندگی می‌کند؛ جای هر کس با کد نامهٔ شورا گرفته می‌شود.",
        },
        users=[*users, *[None] * empty],
        codes=[*[None] * (PLACES - len(CODES)), *CODES],
    )


def _poll(city: City, roll: Roll, planned: Item) -> Poll:
    process = city.processes[planned["process"]]
    phase = next(phase for phase in process.phases.all() if phase.type == "vote")
    budgeted = "budget" in planned
    poll = voting_actions.create_poll(
        process=process,
        roll=roll,
        title=planned["title"],
        question=planned["question"],
        method=planned["method"],
        rule=planned["rule"],
        ballot=planned["ballot"],
        budget=planned.get("budget"),
        currency=content("polls")["currency"] if budgeted else {},
        opens_at=phase.starts_at,
        closes_at=city.day(planned["closes"]) if "closes" in planned else phase.ends_at,
        visibility=planned.get("visibility", Poll.Visibility.LIVE),
        mix_k=GROUP,
        options=[
            voting_actions.PlannedOption(
                title=option["title"],
                summary=option.get("summary") or {},
                description=option.get("description") or {},
                cost=option.get("cost"),
                scope=city.scopes.get(option.get("district") or ""),
                subject=city.topics.get(option.get("topic") or ""),
                external_id=option["key"],
            )
            for option in planned["projects"]
        ],
    )
    voting_actions.freeze_poll(poll=poll, by=None)
    changes = planned.get("changes", [])
    for change in changes:
        if change["action"] == "poll.amend":
            oversight.change(city, poll, change)
    if planned.get("announced"):
        sequencer.run_once()
        return poll
    poll = voting_actions.open_poll(poll=poll, by=None)
    options = {option.external_id: option for option in poll.options.all()}
    for item in content("proposals")["proposals"]:
        if item.get("became") in options and item["process"] == planned["process"]:
            proposal_actions.put_to_vote(proposal=city.proposals[item["key"]], option=options[item["became"]])
    voters = invented_voters(roll, planned["ballots"], city.random)
    prefetch_related_objects([poll], "options")
    with transaction.atomic():
        for entry in tqdm(voters, desc=f"Ballots: {planned['title']['en']}", unit="", delay=2, leave=False, disable=None):
            cast_invented(poll, entry, planned, city.random, at=poll.opens_at)
    sequencer.run_once()
    for change in changes:
        if change["action"] != "poll.amend":
            oversight.change(city, poll, change)
    poll.refresh_from_db()
    if poll.closes_at <= city.now:
        voting_actions.close_poll(poll=poll, by=None, at=poll.closes_at)
        sequencer.run_once()
        result = voting_actions.publish_result(poll=poll, by=None, at=poll.closes_at + timedelta(days=1))
        sequencer.run_once()
        for delivery in planned.get("delivery", []):
            option = options[delivery["project"]]
            if option.key in result.outcome["winners"]:
                for step in delivery["steps"]:
                    voting_actions.record_delivery(
                        option=option,
                        by=None,
                        status=step["status"],
                        at=city.day(step["day"]),
                        note=step["note"],
                        spent=step["spent"],
                        due_at=city.day(delivery["due"]) if delivery.get("due") is not None else None,
                    )
    return poll


def _oversight(city: City) -> None:
    planned = content("oversight")
    for objection in planned["objections"]:
        oversight.object_to(city, city.polls[objection["poll"]], objection)
    oversight.send_old_mail()
    for item in planned["polls"]:
        if "waiting" in item:
            oversight.ask(city, city.polls[item["key"]], item["waiting"])
    sequencer.run_once()


def invented_voters(roll: Roll, count: int, chance: random.Random) -> list[RollEntry]:
    """Places that no visitor of the demo can take."""
    kept = [account.email for account in ACCOUNTS]
    entries = list(roll.entries.exclude(user__email__in=kept).filter(code_sha256=""))
    return chance.sample(entries, min(count, len(entries)))


def visitors(roll: Roll) -> list[RollEntry]:
    """The other places: those of the demo's accounts, and those that wait for a newcomer's code."""
    kept = [account.email for account in ACCOUNTS]
    return list(roll.entries.filter(Q(user__email__in=kept) | ~Q(code_sha256="")))


def cast_invented(
    poll: Poll, entry: RollEntry, planned: Item, chance: random.Random, *, at: datetime, revision: int = 0
) -> str:
    """One plausible ballot, drawn from the groups of voters that the content describes. Returns its receipt number."""
    groups = planned["affinities"]
    likes = chance.choices(groups, weights=[group["weight"] for group in groups])[0]["likes"]
    options = list(poll.options.all())
    chance.shuffle(options)
    receipt = voting_actions.cast_ballot(
        poll=poll,
        voter=entry,
        choice={poll.kind: ballots.INVENT[poll.kind](poll, options, likes, chance)},
        bid=voting_actions.new_receipt_number(),
        revision=revision,
        at=at,
    )
    return receipt.bid
