"""The only bridge from rows to counting/."""

from __future__ import annotations

import json
from contextlib import suppress
from fractions import Fraction
from typing import Any

from counting import ballotfile, compare, lots
from counting import rules as counting_rules
from counting.options import OptionsError
from counting.outcome import Outcome
from counting.outcome import result as result_record
from counting.pb_maxutil import TooManyPairs
from counting.profile import Profile
from votelog import log
from voting import kinds
from voting.models import Ballot, Board, Poll


class Counted(dict[str, Ballot]):
    """By credential, the ballot that counts; `kind` says how they are read."""

    kind: kinds.Kind


def counted(poll: Poll) -> Counted:
    """The last ballot of every credential."""
    found = Counted((ballot.credential, ballot) for ballot in Ballot.objects.filter(poll=poll).order_by("revision"))
    found.kind = kinds.kind_of(poll)
    return found


def choice_of(body: str) -> dict[str, Any]:
    """What a stored ballot says: its `b`."""
    b: dict[str, Any] = json.loads(body)["b"]
    return b


def profile_of(ballots: Counted) -> Profile:
    return kinds.profile(ballots.kind, (choice_of(ballot.body) for ballot in ballots.values()))


def _keys(poll: Poll) -> list[str]:
    return [option.key for option in poll.options.all()]


def ballot_file(poll: Poll, ballots: Counted) -> bytes:
    return ballotfile.write_ballot_file(
        contest=poll.public_id, rule=poll.method, candidates=_keys(poll), profile=profile_of(ballots)
    )


def ballots_sha256(poll: Poll, ballots: Counted) -> str:
    return ballotfile.ballots_sha256(ballot_file(poll, ballots))


def count_poll(poll: Poll, ballots: Counted, *, beacon: str) -> tuple[Outcome, dict[str, Any]]:
    """The outcome, and the result as it is published. `beacon`, 64 hex digits, is what the lots follow from (`voting.draws`)."""
    fingerprint = ballots_sha256(poll, ballots)
    seed = lots.lots_seed(contest=poll.public_id, ballots_sha256=fingerprint, beacon=beacon)
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
        last = {entry["d"]["cred"]: entry["d"]["b"] for entry in log.entries(poll.public_id, kind="ballot.cast")}
        board.turnout = len(last)
        hidden = poll.visibility == Poll.Visibility.TURNOUT and poll.status != Poll.Status.PUBLISHED
        board.tallies = {} if hidden else kinds.tallies(kinds.kind_of(poll), last.values(), _keys(poll))
    board.log_size = log.size()
    board.save(update_fields=["turnout", "tallies", "log_size"])
    return (board.turnout, board.tallies) != before
