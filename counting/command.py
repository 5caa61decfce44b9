"""`python -m counting FILE …`: count, compare or convert a ballot file. Needs Python and nothing else: no Django, no database.

Exit codes: 0 done; 2 refused, with one line `file:line: reason` (or `counting: reason`) on standard error.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from counting import formats
from counting.ballotfile import ballots_sha256
from counting.compare import INFORMATION_ONLY, compare, fitting, readable, usual_options
from counting.formats import CannotWrite, Election, FormatError, rctab
from counting.formats.canonical import write as write_canonical
from counting.lots import lots_order, lots_seed
from counting.options import OptionsError, read_setting
from counting.outcome import Outcome
from counting.pb_maxutil import TooManyPairs
from counting.pb_mes import TooManyRuns
from counting.report import comparison_text, file_json, outcome_json, outcome_text, why_json
from counting.rules import RULES, UnknownRule, WrongBallots, count, full_options

_RULES_IN_WORDS: Mapping[str, str] = {
    "pb-greedy-v1": "most votes first, as long as the money lasts",
    "pb-mes-v1": "Method of Equal Shares: every voter's share of the budget",
    "pb-maxutil-v1": "the affordable set with the most votes",
    "irv-v1": "instant run-off: exclude the last until one has a majority",
    "stv-scottish-v1": "single transferable vote as in Scottish councils",
    "stv-meek-prf-v1": "single transferable vote, Meek's method",
    "schulze-wv-v1": "Condorcet: Schulze's strongest paths, winning votes",
    "ranked-pairs-v1": "Condorcet: Tideman's ranked pairs, margins",
    "borda-v1": "Borda: points by place",
    "approval-v1": "most approvals",
    "seqpav-v1": "proportional approval, seat by seat",
    "seqphragmen-v1": "Phragmén: the load of a seat shared fairly",
    "equal-shares-v1": "Equal Shares for committees",
    "score-v1": "highest sum of scores",
    "cumulative-v1": "highest sum of points, within the limits of a ballot",
}

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_EPILOG = """\
formats read: %(read)s
formats written: %(written)s

examples:
  python -m counting round.pb                        count by the rule the file names
  python -m counting council.blt                     list the rules that fit
  python -m counting council.blt --rule stv-scottish-v1 --seats 4
  python -m counting mayor.csv --rule irv-v1 --set overvote=skip --set max_skipped=1 --json
  python -m counting mayor.blt --compare irv-v1,schulze-wv-v1,borda-v1
  python -m counting mayor.blt --to preflib > mayor.toi

The exact rules and all options: docs/reference/results.md and docs/reference/counting-rules.md.
"""


class Refused(Exception):
    """The command cannot do what was asked; the message is one line for standard error."""


def main(argv: Sequence[str]) -> int:
    """Run the command. Returns the exit code; prints to standard output and error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        _run(_parser().parse_args(argv))
        sys.stdout.flush()
    except Refused as refused:
        sys.stderr.write(str(refused).replace("\n", " ") + "\n")
        return 2
    except BrokenPipeError:  # `| head` has seen enough; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    report = ", ".join([*formats.WRITABLE, "rctab-report"])
    parser = argparse.ArgumentParser(
        prog="python -m counting", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Count a ballot file, compare rules on it, or convert it.",
        epilog=_EPILOG % {"read": ", ".join(formats.READABLE), "written": report},
    )  # fmt: skip
    add = parser.add_argument
    add("file", metavar="FILE", help="ballot file; - is standard input")
    add("--rule", metavar="RULE", help="count by this rule; without it: the file's own rule, or a list of those that fit")
    add("--seats", metavar="N", type=int, help="how many win (default: what the file says, else 1)")
    add(
        "--set",
        metavar="OPTION=VALUE",
        action="append",
        default=[],
        help="an option of the rule; the value is JSON or a bare word",
    )
    add("--compare", metavar="RULE,RULE", help="who would win under each of these rules: information only")
    add("--json", action="store_true", help="print JSON")
    add("--to", metavar="FORMAT", choices=[*formats.WRITABLE, "rctab-report"], help=f"write the ballots as {report} (rounds)")
    add("--format", metavar="FORMAT", choices=formats.READABLE, help="the format of FILE, where content and name leave it open")
    lots = parser.add_mutually_exclusive_group()
    lots.add_argument("--tie-order", metavar="A,B,C", help="ids, best lot first (a JSON list where ids hold commas)")
    lots.add_argument("--beacon", metavar="HEX", help="64 hex digits: draw the lots by lots-v1")
    add("--contest", metavar="ID", help="contest of a CVR file that has several; id of the poll for --beacon and --to canonical")
    return parser


def _run(asked: argparse.Namespace) -> None:
    election, data = _read(asked)
    if asked.compare is not None:
        _compare(asked, election, data)
        return
    rule, options = _rule_and_options(asked, election)
    if asked.to and asked.to != "rctab-report":
        _write(formats.write, election, asked.to, contest=_contest(asked, election), rule=rule or "none")
    elif rule is None:
        _list_rules(asked, election)
    else:
        lots = _lots(asked, election, data, rule)
        outcome = _count(election, rule, options, lots["tie_order"])
        shown = outcome_json(outcome, election, lots)
        if asked.to:
            _write(rctab.write, outcome, election)
        elif asked.json:
            _print_json(shown)
        else:
            _print_text(outcome_text(shown, outcome, election))


def _read(asked: argparse.Namespace) -> tuple[Election, bytes]:
    name = "<stdin>" if asked.file == "-" else asked.file
    try:
        data = sys.stdin.buffer.read() if asked.file == "-" else Path(asked.file).read_bytes()
        return formats.read(data, name=name, format=asked.format, contest=asked.contest), data
    except (OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise Refused(f"{name}:{error.line}: {error.reason}") from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Refused(f"{name}:0: {reason}") from None


def _rule_and_options(asked: argparse.Namespace, election: Election) -> tuple[str | None, dict[str, Any]]:
    """The rule to count by, None where nobody named one, and all its options."""
    own, own_options = election.rule or (None, {})
    rule = asked.rule or own
    if rule is None or (asked.to and asked.to != "rctab-report" and not asked.rule):
        if asked.set or asked.seats is not None:
            raise Refused("counting: --set and --seats are options of a rule: name it with --rule")
        return rule, {}
    _require_rule(rule, election)
    known = RULES[rule].defaults
    chosen: dict[str, Any] = dict(own_options) if rule == own else {}
    try:
        given = [read_setting(text) for text in asked.set]
    except ValueError as error:
        raise Refused(f"counting: {error}") from None
    if asked.seats is not None:
        given.append(("seats", asked.seats))
    for key, value in given:
        if key not in known:
            raise Refused(f"counting: {rule} has no option {key}; it has {', '.join(known)}")
        if [other for other, _ in given].count(key) > 1:
            raise Refused(f"counting: the option {key} is set twice")
        chosen[key] = value
    chosen = {**usual_options(rule, election.profile, seats=election.seats), **chosen}
    if election.withdrawn:
        also = chosen.get("withdrawn", [])
        if isinstance(also, list):
            chosen["withdrawn"] = list(dict.fromkeys([*election.withdrawn, *also]))
    try:
        return rule, full_options(rule, **chosen)
    except (OptionsError, TypeError, AttributeError) as error:
        raise Refused(f"counting: {rule}: {error}") from None


def _require_rule(rule: str, election: Election) -> None:
    if rule not in RULES:
        raise Refused(f"counting: no rule is called {rule!r}; these fit the file: {', '.join(_fitting(election))}")
    if not isinstance(election.profile, RULES[rule].ballots):
        raise Refused(f"counting: {rule} does not count {election.kind} ballots; these do: {', '.join(_fitting(election))}")
    if RULES[rule].budgeted and election.budget is None:
        raise Refused(f"counting: {rule} needs costs and a budget, which only Pabulib files have")
    if election.withdrawn and "withdrawn" not in RULES[rule].defaults:
        raise Refused(f"counting: the file withdraws {', '.join(election.withdrawn)}, and {rule} cannot leave anybody out")


def _fitting(election: Election) -> list[str]:
    return fitting(election.profile, election.budget is not None)


def _contest(asked: argparse.Namespace, election: Election) -> str:
    return str(asked.contest or election.contest or Path(asked.file).stem)


def _lots(asked: argparse.Namespace, election: Election, data: bytes, rule: str) -> dict[str, Any]:
    """The tie order, and where it came from."""
    ids = tuple(election.names)
    if asked.beacon is not None:
        contest = asked.contest or election.contest
        if not contest:
            raise Refused("counting: --beacon needs the id of the poll: --contest ID")
        try:
            canonical = data if election.format == "canonical" else write_canonical(election, contest=contest, rule=rule)
            sha256 = ballots_sha256(canonical)
            seed = lots_seed(contest=contest, ballots_sha256=sha256, beacon=asked.beacon)
        except ValueError as error:
            raise Refused(f"counting: no lots can be drawn: {error}") from None
        order = list(lots_order(ids, seed=seed))
        return {"tie_order": order, "tie_order_source": "beacon", "seed": seed, "ballots_sha256": sha256}
    if asked.tie_order is None:
        return {"tie_order": list(ids), "tie_order_source": "file"}
    text = asked.tie_order
    try:
        order = json.loads(text) if text.startswith("[") else text.split(",")
    except (ValueError, RecursionError):
        raise Refused(f"counting: --tie-order is not a JSON list: {text[:80]!r}") from None
    if not all(isinstance(option, str) for option in order) or sorted(order) != sorted(ids):
        raise Refused(f"counting: --tie-order must name every option once: {','.join(ids)}")
    return {"tie_order": order, "tie_order_source": "given"}


def _projects(election: Election) -> Mapping[str, int]:
    return election.costs if election.costs is not None else dict.fromkeys(election.names, 0)


def _count(election: Election, rule: str, options: Mapping[str, Any], tie_order: Sequence[str]) -> Outcome:
    ballots = readable(election.profile, rule)
    budget = election.budget or 0
    try:
        return count(rule, ballots, _projects(election), budget=budget, tie_order=tie_order, options=options)
    except (ValueError, TooManyRuns, TooManyPairs) as error:
        raise Refused(f"counting: {rule}: {error}") from None


def _compare(asked: argparse.Namespace, election: Election, data: bytes) -> None:
    rules = asked.compare.split(",")
    if asked.rule or asked.set or asked.to:
        raise Refused("counting: --compare takes neither --rule, --set nor --to: every rule has its defaults")
    if len(set(rules)) < len(rules):
        raise Refused("counting: --compare names a rule twice")
    for rule in rules:
        _require_rule(rule, election)
    lots = _lots(asked, election, data, "comparison")
    own = {election.rule[0]: election.rule[1]} if election.rule else {}
    seats = election.seats if asked.seats is None else asked.seats
    try:
        outcomes = compare(
            rules, election.profile, _projects(election), budget=election.budget or 0, seats=1 if seats is None else seats,
            tie_order=lots["tie_order"], options=own, withdrawn=election.withdrawn,
        )  # fmt: skip
    except (ValueError, UnknownRule, WrongBallots, TooManyRuns, TooManyPairs) as error:
        raise Refused(f"counting: {error}") from None
    if not asked.json:
        _print_text(comparison_text(outcomes, election, lots))
        return
    each = [
        {
            "rule": rule, "options": dict(outcome.options), "winners": list(outcome.winners), "lots_used": outcome.lots_used,
            "why": {option: why_json(why) for option, why in outcome.why.items()},
        }
        for rule, outcome in outcomes.items()
    ]  # fmt: skip
    _print_json(
        {"information_only": INFORMATION_ONLY, "names": dict(election.names), "compared": each, **lots, **file_json(election)}
    )


def _list_rules(asked: argparse.Namespace, election: Election) -> None:
    profile = election.profile
    if asked.json:
        numbers = {"ballots": profile.total, "blank": profile.blank}
        _print_json({"fitting": _fitting(election), "input": numbers, "names": dict(election.names), **file_json(election)})
        return
    lines = [
        election.title or "(the file has no title)",
        f"{profile.total:,} {election.kind} ballots, {profile.blank:,} of them blank; {len(election.names)} options",
        *election.notes,
        "",
        "Rules that fit, for --rule:",
    ]
    for rule in _fitting(election):
        lines += [f"  {rule:16} {_RULES_IN_WORDS.get(rule, '')}".rstrip(), f"  {'':16} {', '.join(RULES[rule].defaults)}"]
    _print_text("\n".join(lines) + "\n")


def _write(write: Any, *what: Any, **further: str) -> None:
    try:
        data = write(*what, **further)
    except CannotWrite as error:
        raise Refused(f"counting: {error}") from None
    sys.stdout.buffer.write(data)


def _print_text(text: str) -> None:
    """A name in a file must not steer the terminal: control characters are shown as a sign that something stood there."""
    sys.stdout.write(_CONTROL.sub("\ufffd", text))


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
