"""The files that a published result can be taken away as."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from django.utils import timezone

from common.localized import loc
from counting.outcome import canonical_bytes
from counting.pabulib import Pabulib, PabulibProject, PabulibVote, write_pabulib
from counting.profile import Profile
from voting import why as reasons
from voting.models import Option, Poll, Result

CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "pb": "text/plain; charset=utf-8",
}


def result_json(result: Result) -> bytes:
    """The act itself, byte for byte what its fingerprint was made of."""
    return canonical_bytes(result.outcome)


def result_csv(poll: Poll, result: Result) -> bytes:
    """One row for each option, in ballot order, with a byte order mark because spreadsheets need it to see Persian."""
    text = io.StringIO(newline="")
    write = csv.writer(text).writerow
    write(["option", "external_id", "title_en", "title_fa", "district", "topic", "cost", "votes", "won", "order", "reason"])
    winners = {key: place for place, key in enumerate(result.outcome["winners"], start=1)}
    for option in poll.options.select_related("scope", "subject"):
        why = result.why[option.key]
        write(
            _cells(
                [
                    option.key,
                    option.external_id,
                    loc(option.title, "en") if "fa" not in option.title else option.title.get("en", ""),
                    option.title.get("fa", ""),
                    option.scope.slug if option.scope else "",
                    option.subject.slug if option.subject else "",
                    "" if option.cost is None else option.cost,
                    _votes(result, option.key),
                    int(option.key in winners),
                    winners.get(option.key, ""),
                    why["code"],
                ]
            )
        )
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _votes(result: Result, key: str) -> str | int:
    """Votes or points of one option: of elections in the first round, empty for rules that compare options two by two."""
    if "budget" in result.outcome:
        return reasons.votes_of(result.why[key])
    rounds = result.outcome["rounds"]
    tally: str = rounds[0]["tallies"].get(key, "") if rounds else ""
    return tally


def _cells(values: Iterable[str | int]) -> list[str | int]:
    """Text that a spreadsheet would run as a formula is made plain by a leading apostrophe."""
    return [f"'{value}" if isinstance(value, str) and value[:1] in set("=+-@\t\r") else value for value in values]


_PABULIB_RULES = {"pb-greedy-v1": "greedy", "pb-mes-v1": "equalshares"}


def kinds_of(poll: Poll) -> list[str]:
    """The kinds of files that there are of this poll's result. Pabulib files are for money, spent by approvals."""
    return ["csv", "json", *(["pb"] if poll.budget is not None and poll.kind == "approve" else [])]


def result_pb(poll: Poll, result: Result, profile: Profile) -> bytes:
    """The round as a Pabulib file. Votes stand sorted by their content and are numbered anew: no order of casting."""
    options = list(poll.options.select_related("scope", "subject"))
    ids = {option.key: option.external_id or option.key for option in options}
    votes = [
        tuple(ids[option.key] for option in options if option.key in choice)
        for choice, count in profile.groups.items()
        for _ in range(count)
    ]
    file = Pabulib(
        meta=_pabulib_meta(poll, len(options), len(votes)),
        projects=tuple(_project(option, ids[option.key], result) for option in options),
        votes=tuple(PabulibVote(str(number), choice) for number, choice in enumerate(votes, start=1)),
        budget=poll.budget or 0,
    )
    return write_pabulib(file).encode()


def _project(option: Option, identifier: str, result: Result) -> PabulibProject:
    return PabulibProject(
        identifier,
        option.cost or 0,
        {
            "votes": str(reasons.votes_of(result.why[option.key])),
            "name": loc(option.title, "en"),
            "selected": str(int(option.key in result.outcome["winners"])),
            "category": option.subject.slug if option.subject else "",
            "district": option.scope.slug if option.scope else "",
        },
    )


def _pabulib_meta(poll: Poll, projects: int, votes: int) -> dict[str, str]:
    rule = _PABULIB_RULES.get(poll.method, "unknown")
    if poll.method == "pb-mes-v1" and "add1" in poll.rule["completion"]:
        rule = "equalshares/add1"
    elif poll.method == "pb-greedy-v1" and poll.rule["mode"] == "stop":
        rule = "greedy-no-skip"
    elif poll.method == "pb-greedy-v1" and poll.rule["threshold"]:
        rule = "greedy-threshold"
    limits = {
        "min_length": poll.limits["min"] or None,
        "max_length": poll.limits["max"],
        "max_sum_cost": poll.limits["max_cost"],
        "min_project_score_threshold": poll.rule.get("threshold") or None,
    }
    return {
        "description": loc(poll.title, "en"),
        "country": "unknown",  # the format asks for one; a poll here names only its district or city
        "unit": loc(poll.process.scope.name, "en"),
        "instance": poll.public_id,
        "num_projects": str(projects),
        "num_votes": str(votes),
        "budget": str(poll.budget or 0),
        "vote_type": "approval",
        "rule": rule,
        "date_begin": f"{timezone.localtime(poll.opens_at):%d.%m.%Y}",
        "date_end": f"{timezone.localtime(poll.closes_at):%d.%m.%Y}",
        "currency": loc(poll.currency, "en"),
        **{name: str(limit) for name, limit in limits.items() if limit is not None},
        # What the names above cannot say: our rule with every option written out.
        "comment": f"{poll.method} {json.dumps(poll.rule, sort_keys=True)}",
    }
