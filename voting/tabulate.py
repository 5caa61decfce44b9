"""The only bridge from rows to counting/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from ballotbox import box
from counting import ballotfile, compare, lots
from counting import rules as counting_rules
from counting.options import OptionsError
from counting.outcome import Outcome
from counting.outcome import result as result_record
from counting.pb_maxutil import TooManyPairs
from counting.profile import Profile
from merkle import canonical
from votelog import log
from votelog.actions import get_blob
from votelog.entries import read
from votelog.models import BALLOT
from voting import kinds
from voting.models import Ballot, Board, Poll

_CHUNK = 5_000


@dataclass(frozen=True)
class Cast:
    """One ballot as it says: `b`, and the `nonce` of its commitment in sealed polls."""

    bid: str
    credential: str
    revision: int
    b: dict[str, Any]
    nonce: str = ""


class Counted(dict[str, Cast]):
    """By credential, the ballot that counts; `kind` says how they are read."""

    kind: kinds.Kind


def counted(poll: Poll, *, void: set[str] | None = None) -> Counted:
    """The last ballot of every credential, without those that were voided (by now; or `void`): of a poll that goes on, out of
    the box, where some wait for their group; of one with a result, out of the log, as everybody reads it."""
    casts = _in_the_log(poll) if poll.results.exists() else in_the_box(poll)
    last: dict[str, Cast] = {}
    for cast in casts:
        if cast.credential not in last or last[cast.credential].revision < cast.revision:
            last[cast.credential] = cast
    void = voided(poll) if void is None else void
    found = Counted((credential, cast) for credential, cast in last.items() if cast.bid not in void)
    found.kind = kinds.kind_of(poll)
    return found


def in_the_box(poll: Poll) -> Iterator[Cast]:
    """Every ballot of the poll. Raises NoSuchKey once the poll's key is destroyed."""
    rows = Ballot.objects.filter(poll=poll).values_list("body", flat=True).iterator(chunk_size=_CHUNK)
    for bodies in _chunks(rows):
        for content in box().unseal(poll=poll.public_id, bodies=bodies):
            yield cast_of(content)


def cast_of(content: Mapping[str, Any]) -> Cast:
    """A ballot as the box opens it."""
    d = content["d"]
    return Cast(d["bid"], d["cred"], d["rev"], content["b"], content.get("nonce", ""))


def _in_the_log(poll: Poll) -> Iterator[Cast]:
    shown = openings_of(poll)
    for entry in log.entries(poll.public_id, kind=BALLOT):
        d = entry["d"]
        if "b" in d:
            yield Cast(d["bid"], d["cred"], d["rev"], d["b"])
        else:  # what was replaced stays shut, and is never asked for
            opening = shown.get(d["bid"], {})
            yield Cast(d["bid"], d["cred"], d["rev"], opening.get("b", {}), opening.get("nonce", ""))


def openings_of(poll: Poll) -> dict[str, dict[str, Any]]:
    """By receipt number, what the commitments of a sealed poll hid; empty before that is published."""
    if poll.visibility != Poll.Visibility.SEALED:
        return {}
    published = next(log.entries(poll.public_id, kind="openings.published"), None)
    lines = get_blob(published["d"]["sha256"]).splitlines() if published else []
    return {opening["bid"]: opening for opening in map(json.loads, lines)}


def opening_of(poll: Poll, bid: str) -> dict[str, Any] | None:
    """The `b` of one ballot of a sealed poll, once it is shown. Those that were replaced never are."""
    if poll.visibility != Poll.Visibility.SEALED:
        return None
    published = next(log.entries(poll.public_id, kind="openings.published"), None)
    lines = get_blob(published["d"]["sha256"]) if published else b""
    at = lines.find(f'"bid":"{bid}"'.encode())
    if at < 0:
        return None
    b: dict[str, Any] = json.loads(lines[lines.rfind(b"\n", 0, at) + 1 : lines.find(b"\n", at)])["b"]
    return b


def openings(ballots: Counted) -> bytes:
    """The blob of openings.published."""
    shown = sorted(ballots.values(), key=lambda cast: cast.bid)
    return b"".join(canonical.dumps({"b": cast.b, "bid": cast.bid, "nonce": cast.nonce}) + b"\n" for cast in shown)


def voided(poll: Poll) -> set[str]:
    """The receipt numbers of ballots that were voided, whether or not the log shows it yet."""
    return {entry["bid"] for entry in log.recorded(poll.public_id, kind="ballot.voided")}


def voided_at_close(poll: Poll) -> set[str]:
    """Those that were void when the poll closed. `poll.closed` stands in the log by now.

    The fingerprint in it is of the ballots without these, and the lots of every act follow from it.
    """
    found: set[str] = set()
    for event in log.events(poll.public_id):
        if event.kind == "poll.closed":
            break
        if event.kind == "ballot.voided":
            found.add(read(event.body)["d"]["bid"])
    return found


def _chunks(bodies: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(bodies)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def profile_of(ballots: Counted) -> Profile:
    return kinds.profile(ballots.kind, (cast.b for cast in ballots.values()))


def _keys(poll: Poll) -> list[str]:
    return [option.key for option in poll.options.all()]


def ballot_file(poll: Poll, ballots: Counted) -> bytes:
    return ballotfile.write_ballot_file(
        contest=poll.public_id, rule=poll.method, candidates=_keys(poll), profile=profile_of(ballots)
    )


def ballots_sha256(poll: Poll, ballots: Counted) -> str:
    return ballotfile.ballots_sha256(ballot_file(poll, ballots))


def count_poll(poll: Poll, ballots: Counted, *, at_close: str, beacon: str) -> tuple[Outcome, dict[str, Any]]:
    """The outcome, and the result as it is published. `at_close`: the fingerprint of the ballots that counted at the close;
    it and `beacon`, 64 hex digits (`voting.draws`), are what the lots follow from."""
    fingerprint = ballots_sha256(poll, ballots)
    seed = lots.lots_seed(contest=poll.public_id, ballots_sha256=at_close, beacon=beacon)
    outcome = counting_rules.count(
        poll.method,
        profile_of(ballots),
        {option.key: option.cost or 0 for option in poll.options.all()},
        budget=poll.budget or 0,
        tie_order=lots.lots_order(_keys(poll), seed=seed),
        options=poll.rule,
    )
    return outcome, result_record(outcome, poll=poll.public_id, ballots_sha256=fingerprint, seed=seed)


def reasons(outcome: Outcome) -> dict[str, Any]:
    """Why each option won or lost, as JSON: fractions as text, "7/2"."""
    return {
        key: {
            "won": why.won,
            "code": why.code,
            **{name: str(value) if isinstance(value, Fraction) else value for name, value in why.numbers.items()},
        }
        for key, why in outcome.why.items()
    }


def compared(poll: Poll, ballots: Counted, outcome: Outcome) -> dict[str, list[str]]:
    """By rule id, the winners that other rules would have given, with this poll's options where they know them.

    Left out: rules that cannot tell such ballots apart from this one's, that do not know the pots and groups of this poll, or
    would take too long. Equal Shares makes one run here and spends the rest by votes: `add1` may need many.
    """
    if poll.single_choice or (poll.budget is None and poll.kind in {"score", "alloc"}):
        return {}
    profile = profile_of(ballots)
    costs = {option.key: option.cost or 0 for option in poll.options.all()}
    found = {}
    for rule in compare.fitting(profile, poll.budget is not None):
        if rule == poll.method or (rule == "irv-v1" and poll.rule.get("seats", 1) > 1):
            continue
        known = counting_rules.RULES[rule].defaults
        if any(poll.rule.get(name) and name not in known for name in ("pots", "groups")):
            continue
        chosen = {name: value for name, value in poll.rule.items() if name in known and name not in {"step", "completion"}}
        if "utility" in known and poll.kind != "approve":
            chosen["utility"] = "points"
        if rule == "pb-mes-v1":
            chosen["completion"] = ["utilitarian"]
        with suppress(TooManyPairs, OptionsError):
            (other,) = compare.compare(
                [rule], profile, costs, budget=poll.budget or 0, tie_order=outcome.tie_order, options={rule: chosen}
            ).values()
            found[rule] = list(other.winners)
    return found


def board_of(poll: Poll) -> Board:
    return Board.objects.get(poll=poll)


def refresh_board(poll: Poll) -> bool:
    """Bring the board up to what the poll's visibility allows. True when something changed."""
    board = board_of(poll)
    before = (board.turnout, board.tallies)
    if poll.visibility == Poll.Visibility.TURNOUT and poll.status == Poll.Status.OPEN:
        # Nothing is in the log yet. Whole groups only, so that no single ballot can be seen to arrive.
        voters = Ballot.objects.filter(poll=poll, revision=0).count()
        board.turnout = voters - voters % poll.mix_k
    else:
        last = {entry["d"]["cred"]: entry["d"] for entry in log.entries(poll.public_id, kind=BALLOT)}
        board.turnout = len(last)
        if not poll.shows_tallies:
            board.tallies = {}
        elif poll.status == Poll.Status.PUBLISHED:
            board.tallies = kinds.tallies(kinds.kind_of(poll), (cast.b for cast in counted(poll).values()), _keys(poll))
        else:
            void = voided(poll)
            standing = (d["b"] for d in last.values() if d["bid"] not in void)
            board.tallies = kinds.tallies(kinds.kind_of(poll), standing, _keys(poll))
    board.log_size = log.size(log.shard_of(poll.public_id))
    board.save(update_fields=["turnout", "tallies", "log_size"])
    return (board.turnout, board.tallies) != before
