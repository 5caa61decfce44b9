"""The rounds of a count as RCTab's detailed report (jsonFormatVersion 1), so that rcvformats, RCVis and the like can draw them.

For instant run-off and the Scottish single transferable vote. Two things differ from RCTab's own: a surplus that is transferred
in a later round than its owner was elected has its entry in that later round (a second one, with the transfers), and what
rounding lost is `residual surplus` among the transfers only.
"""

import json
from collections import defaultdict
from fractions import Fraction
from typing import Any

from counting.formats.election import CannotWrite, Election
from counting.outcome import Outcome, Round, votes_text

JSONObject = dict[str, Any]
_INACTIVE = {
    "exhaustedChoices": "choices", "overvotes": "overvote", "repeatedRankings": "duplicate", "skippedRankings": "skipped",
}  # fmt: skip


def write(outcome: Outcome, election: Election) -> bytes:
    """The report. Raises CannotWrite for rules that do not transfer votes, and where two options have one name."""
    names = dict(election.names)
    if outcome.rule not in ("irv-v1", "stv-scottish-v1"):
        raise CannotWrite(f"RCTab reports tell who received whose votes, which rounds of {outcome.rule} do not")
    if len(set(names.values())) < len(names) or {"exhausted", "residual surplus"} & set(names.values()):
        raise CannotWrite("RCTab reports need different names, none of them 'exhausted' or 'residual surplus'")
    rounds = [step for step in outcome.rounds if isinstance(step, Round)]
    thresholds = [str(step.extra.get("threshold", outcome.extra.get("quota", ""))) for step in rounds]
    report = {
        "config": {"contest": election.title, "date": "", "generatedBy": "counting", "jurisdiction": "", "office": ""},
        "jsonFormatVersion": "1",
        "results": [
            _round(step, number, threshold, names)
            for number, (step, threshold) in enumerate(zip(rounds, thresholds, strict=True), 1)
        ],
        "summary": {
            "finalThreshold": thresholds[-1] if thresholds else "",
            "numCandidates": len(names) - len(outcome.options["withdrawn"]),
            "numWinners": len(outcome.winners),
            "totalNumBallots": str(outcome.ballots),
            "undervotes": outcome.blank,
        },
    }
    return (json.dumps(report, ensure_ascii=False, indent=2) + "\n").encode()


def _round(step: Round, number: int, threshold: str, names: dict[str, str]) -> JSONObject:
    def text(value: int | Fraction) -> str:
        return votes_text(value, step.decimals)

    def entry(verb: str, option: str) -> JSONObject:
        moved: defaultdict[str, int | Fraction] = defaultdict(int)
        if option in step.transfers:
            for to, votes in step.transfers[option].to.items():
                moved[names[to]] += votes
            for reason, votes in step.transfers[option].exhausted.items():
                moved["residual surplus" if reason == "rounding" else "exhausted"] += votes
        return {verb: names[option], "transfers": {to: text(votes) for to, votes in moved.items()}}

    surplus = step.extra.get("surplus")
    elected = [*step.elected, *([surplus] if surplus and surplus not in step.elected else [])]
    return {
        "inactiveBallots": {key: text(step.exhausted.get(reason, 0)) for key, reason in _INACTIVE.items()},
        "round": number,
        "tally": {names[option]: text(votes) for option, votes in step.tallies.items()},
        "tallyResults": [
            *(entry("elected", option) for option in elected), *(entry("eliminated", option) for option in step.excluded),
        ],
        "threshold": threshold,
    }  # fmt: skip
