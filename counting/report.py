"""An outcome for people and programs: the text and the JSON that `python -m counting` prints."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from counting.compare import INFORMATION_ONLY
from counting.formats import Election
from counting.outcome import JSONObject, Outcome
from counting.sentences import number_text, why_sentence

WIDTH = 80
_MATRIX_AT_MOST = 9


def outcome_json(outcome: Outcome, election: Election, lots: Mapping[str, Any]) -> JSONObject:
    """The one JSON form of a count (docs/how-to/count-a-ballot-file.md). `lots`: where the tie order came from."""
    record = outcome.record()
    chosen = record.get("comparison", {}).get("chosen", "mes")
    head = {
        "rule": record.pop("rule"),
        "options": record.pop("options"),
        "input": record.pop("input"),
        "names": dict(election.names),
        "winners": record.pop("winners"),
        "rounds": [_full_round(step, chosen) for step in record.pop("rounds")],
        "lots_used": record.pop("lots_used"),
        "why": {option: why_json(why) for option, why in outcome.why.items()},
        **file_json(election),
        **lots,
    }
    if outcome.budget is not None:
        head["money_units_per_currency_unit"] = election.scale
    return head | record


def why_json(why: Any) -> JSONObject:
    """One `why` as docs/reference/results.md has it."""
    numbers = {key: str(value) if isinstance(value, Fraction) else value for key, value in why.numbers.items()}
    return {"won": why.won, "code": why.code, **numbers}


def file_json(election: Election) -> JSONObject:
    """What the file said, apart from the ballots."""
    return {"title": election.title, "format": election.format, "notes": list(election.notes)}


def _full_round(step: JSONObject, chosen: str) -> JSONObject:
    """The round with the fields that every round has. Budget rounds are about one option, whose decision they tell.

    Where two outcomes were compared, only the walk of the chosen one (`mes` or `greedy`) elects anybody.
    """
    if "tallies" in step:
        return step
    option, decision = step["option"], step.get("decision", "funded")
    counts = (step.get("completion") == "comparison") == (chosen == "greedy")
    tie = {"for": "elect", "tied": step["tied"], "chosen": [option], "lot": True, "lookback": []}
    return {
        "tallies": {option: str(step.get("effective_votes", step.get("score")))},
        "elected": [option] if decision == "funded" and counts else [],
        "excluded": [option] if decision != "funded" and counts else [],
        "exhausted": {},
        "ties": [tie] if step["tied"] else [],
        **step,
    }


def outcome_text(shown: JSONObject, outcome: Outcome, election: Election) -> str:
    """The same for people, at most 80 columns wide where names allow. `shown`: outcome_json."""
    return "\n".join([*_head(shown, election), "", *_rounds(shown, election), *_winners(shown, outcome, election), ""])


def _head(shown: JSONObject, election: Election) -> Iterator[str]:
    ballots = shown["input"]
    yield election.title or "(the file has no title)"
    yield from _wrapped(
        f"Rule {shown['rule']}: " + ", ".join(f"{key}={json.dumps(value)}" for key, value in shown["options"].items())
    )
    rejected = "".join(f", {number_text(count)} rejected ({reason})" for reason, count in ballots["rejected"].items())
    valid, blank = number_text(ballots["valid"]), number_text(ballots["blank"])
    yield from _wrapped(f"{number_text(ballots['ballots'])} ballots: {valid} valid, {blank} blank{rejected}")
    if "budget" in shown:
        unit = "" if election.scale == 1 else f" (in 1/{election.scale} of the currency)"
        yield f"Budget {number_text(shown['budget'])}, spent {number_text(shown['spent'])}{unit}"
    if "quota" in shown:
        yield f"Quota {number_text(shown['quota'])}"
    for note in election.notes:
        yield from _wrapped(note)


def _rounds(shown: JSONObject, election: Election) -> Iterator[str]:
    names = election.names
    budget_head = False
    for number, step in enumerate(shown["rounds"], 1):
        if "option" in step:
            if not budget_head:
                yield from ("Decisions, in order", "")
                budget_head = True
            yield from _decision(step, names)
            continue
        if step["tallies"] or len(shown["rounds"]) > 1:
            yield f"Round {number}"
        for option, votes in sorted(step["tallies"].items(), key=lambda item: -Fraction(item[1])):
            mark = "elected" if option in step["elected"] else "excluded" if option in step["excluded"] else ""
            yield f"  {cut(names[option], 44):44} {number_text(votes):>18}  {mark}".rstrip()
        out = {reason: votes for reason, votes in step["exhausted"].items() if Fraction(votes)}
        for reason, votes in out.items():
            yield f"  {'out of the count: ' + reason:44} {number_text(votes):>18}"
        yield from _transfers(step, names)
        yield from _ties(step, names)
        yield ""
    if "matrix" in shown:
        yield from _matrix(shown, names)
    if budget_head:
        yield ""


def _decision(step: JSONObject, names: Mapping[str, str]) -> Iterator[str]:
    if "effective_votes" in step:
        numbers = f"{number_text(step['supporters'])} supporters, {number_text(step['effective_votes'])} effective votes"
        decision = "bought"
    else:
        left = f", {number_text(step['left'])} left" if "left" in step else ""
        numbers = f"{number_text(step['score'])} votes{left}"
        decision = step["decision"].replace("_", " ")
    if step.get("completion"):
        decision += f" ({step['completion']})"
    yield f"  {cut(names[step['option']], 52):52} {number_text(step['cost']):>12}"
    yield f"      {decision}; {numbers}"
    yield from _ties(step, names)


def _transfers(step: JSONObject, names: Mapping[str, str]) -> Iterator[str]:
    for source, moved in step["transfers"].items():
        what = "surplus of" if step.get("surplus") == source else "votes of"
        parts = [f"{names[to]} {number_text(votes)}" for to, votes in moved["to"].items()]
        parts += [f"out ({reason}) {number_text(votes)}" for reason, votes in moved["exhausted"].items()]
        yield from _wrapped(f"  {what} {names[source]} to: {'; '.join(parts) or 'nobody'}")


def _ties(step: JSONObject, names: Mapping[str, str]) -> Iterator[str]:
    for tie in step["ties"]:
        looked = ", ".join(str(look["round"]) for look in tie["lookback"])
        by = "the lot" if tie["lot"] else f"round {looked}"
        also = f" after looking back to round {looked}" if tie["lot"] and looked else ""
        tied, chosen = (", ".join(names[option] for option in tie[key]) for key in ("tied", "chosen"))
        yield from _wrapped(f"  tie between {tied}: {by} chose {chosen} ({tie['for']}){also}")


def _matrix(shown: JSONObject, names: Mapping[str, str]) -> Iterator[str]:
    candidates: Sequence[str] = shown["candidates"]
    if len(candidates) > _MATRIX_AT_MOST:
        yield f"The matrix of {len(candidates)} options stands in the --json output."
    else:
        yield "How many ballots prefer the option of the row to the one of the column"
        columns = [str(number) for number in range(1, len(candidates) + 1)]
        width = max(len(str(cell)) for row in shown["matrix"] for cell in row) + 1
        room = WIDTH - len(columns) * width - 5
        yield " " * (room + 5) + "".join(f"{column:>{width}}" for column in columns)
        for column, option, row in zip(columns, candidates, shown["matrix"], strict=True):
            yield f"  {column:>2} {cut(names[option], room):{room}}" + "".join(f"{cell:>{width}}" for cell in row)
    winner = shown["condorcet_winner"]
    yield f"Preferred to every other option: {names[winner] if winner else 'none'}"
    yield ""


def _winners(shown: JSONObject, outcome: Outcome, election: Election) -> Iterator[str]:
    names = election.names
    yield "Winners" if shown["winners"] else "Nobody is elected."
    for place, option in enumerate(shown["winners"], 1):
        yield from _wrapped(f"{place:3}. {names[option]}")
        yield from _wrapped(f"     {why_sentence(outcome.why[option], names)}")
    lost = [why for why in outcome.why.values() if why.option not in shown["winners"]]
    if lost:
        yield from ("", "Not elected" if "budget" not in shown else "Not funded")
    for why in lost:
        yield from _wrapped(f"  {names[why.option]}")
        yield from _wrapped(f"     {why_sentence(why, names)}")
    yield ""
    yield from _wrapped(lots_sentence(shown))


def lots_sentence(shown: JSONObject) -> str:
    """Whether lots were needed, and where they came from."""
    if not shown["lots_used"]:
        return "No lot was needed."
    source = {
        "file": "The order of the file served as lots, which is no draw: --tie-order or --beacon give others.",
        "given": "The lots are those given with --tie-order.",
        "beacon": f"The lots follow from the beacon (seed {shown.get('seed')}).",
    }
    return f"Lots decided between equals. {source[shown['tie_order_source']]}"


def comparison_text(outcomes: Mapping[str, Outcome], election: Election, lots: Mapping[str, Any]) -> str:
    """Who wins under each rule, side by side."""
    rules, names = list(outcomes), election.names
    width = max(8, min(20, (WIDTH - 30) // len(rules)))
    room = max(20, WIDTH - len(rules) * (width + 1) - 2)
    short = [rule.removesuffix("-v1") for rule in rules]
    lines = [election.title or "(the file has no title)", *_wrapped(INFORMATION_ONLY), ""]
    lines.append(f"  {'':{room}}" + "".join(f" {cut(rule, width):>{width}}" for rule in short))
    for option, name in names.items():
        cells = [str(outcomes[rule].winners.index(option) + 1) if option in outcomes[rule].winners else "-" for rule in rules]
        lines.append(f"  {cut(name, room):{room}}" + "".join(f" {cell:>{width}}" for cell in cells))
    lines += ["", "The numbers give the order in which each rule elects; - is not elected."]
    drawn = [rule for rule in rules if outcomes[rule].lots_used]
    lines += list(_wrapped(lots_sentence({"lots_used": bool(drawn), **lots})))
    if drawn:
        lines += list(_wrapped(f"Under these rules: {', '.join(drawn)}."))
    return "\n".join([*lines, ""])


def cut(text: str, width: int) -> str:
    """At most `width` characters, the last of them … where something is missing."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def _wrapped(text: str) -> Iterator[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    yield from textwrap.wrap(text, WIDTH, subsequent_indent=indent + "  " if indent else "", break_long_words=False)
