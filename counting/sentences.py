"""Why each option won or lost, as short English sentences for the command line. Pages have their own, translated ones."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from counting.outcome import Why
from counting.profile import OptionId

_OPTIONS = ("next", "moved_to", "rival", "winner", "closest", "beaten_by", "last", "stopped_by", "group_winner")
_LOT = " The lot decided between equals."

SENTENCES: Mapping[str, str] = {
    "no_quorum": "{ballots} ballots were cast; the quorum is {quorum}.",
    "no_valid_ballot": "No ballot was valid.",
    "withdrawn": "Withdrawn before the count.",
    "majority": "Had {votes} of {continuing} continuing votes in round {round}, more than half.",
    "more_of_two": "Of the last two, had {votes} to {rival_votes} of {rival}.",
    "runner_up": "Stood against {winner} in the last round with {votes} to {winner_votes}: {votes_short} short.",
    "excluded": "Excluded in round {round} with {votes}; {next} had {next_votes}.",
    "quota": "Reached the quota of {quota} in round {round} with {votes}.",
    "last_standing": "Took a seat in round {round} with {votes}, below the quota of {quota}: no more stood than seats were left.",
    "seats_filled": "All seats were filled; had {votes}, {votes_short} short of the quota of {quota}.",
    "condorcet_winner": "Beats every other option one to one; most narrowly {closest}, {votes} to {against}.",
    "ranked": "Comes {place}. in the ranking.",
    "ranked_below": "Comes {place}. in the ranking; {beaten_by} is preferred to it by {votes} to {against}.",
    "most_votes": "Comes {place}. with {votes}.",
    "fewer_votes": "Comes {place}. with {votes}; the last elected, {last}, has {last_votes}: {votes_short} short.",
    "no_majority": "Had {votes} of the {needed} votes that the majority asks for.",
    "elected_in_round": "Elected in round {round}; {supporters} approve it.",
    "already_represented": "{supporters} approve it, but those of {last} were represented less.",
    "supporters_money_short": "Costs {cost}; its {supporters} supporters had {supporters_money} left, {shortfall} short.",
    "no_support": "Nobody supports it.",
    "unaffordable": "Place {rank} with {score}: costs {cost}, and {left} was left.",
    "below_threshold": "Has {score}; the threshold is {threshold}.",
    "stopped": "Place {rank} with {score}: the walk had ended at {stopped_by}, which was not affordable.",
    "group_taken": "Place {rank} with {score}: excluded by {group_winner}, which was funded before.",
    "funded_by_completion": "Funded with the money left over: place {rank} with {score}, costs {cost}.",
    "comparison_lost": "Lost the comparison: {prefer_greedy} ballots prefer the greedy outcome, {prefer_mes} this one.",
    "funded_by_comparison": "Won with the greedy outcome, preferred by {prefer_greedy} ballots to {prefer_mes}.",
    "chosen": "In the best set that the budget can pay: {score} votes, costs {cost}.",
    "left_out": "Not in the best set that the budget can pay: {score} votes, costs {cost}.",
}


def why_sentence(why: Why, names: Mapping[OptionId, str]) -> str:
    """One or two sentences. A code that is not known here is shown with its numbers as they are."""
    numbers = {key: _shown(key, value, names) for key, value in why.numbers.items()}
    template = SENTENCES.get(why.code, "")
    if why.code == "funded":
        template = (
            "Bought by its {supporters} supporters in round {round}; the most that one paid is {largest_payment}."
            if "rho" in numbers
            else "Place {rank} with {score}: costs {cost}, and {left} was left."
        )
    try:
        sentence = template.format_map(numbers)
    except KeyError:
        sentence = ""
    if not sentence:
        sentence = f"{why.code}: {', '.join(f'{key} {value}' for key, value in numbers.items())}."
    return sentence + (_LOT if why.numbers.get("lot") else "")


def _shown(key: str, value: Any, names: Mapping[OptionId, str]) -> str:
    if key in _OPTIONS and isinstance(value, str):
        return names.get(value, value)
    return number_text(value) if isinstance(value, int | Fraction) and not isinstance(value, bool) else str(value)


def number_text(value: int | Fraction | str) -> str:
    """A number for people: thousands apart, fractions as ≈ with two decimals, texts of decimals as they stand.

    >>> number_text(1234567), number_text(Fraction(7, 2)), number_text("2145.37745"), number_text("22/7")
    ('1,234,567', '3.50', '2,145.37745', '≈3.14')
    """
    if isinstance(value, str):
        whole, dot, decimals = value.partition(".")
        if whole.isdecimal() and (not dot or decimals.isdecimal()):
            return f"{int(whole):,}{dot}{decimals}"
        try:
            return number_text(Fraction(value))
        except (ValueError, ZeroDivisionError):
            return value
    if isinstance(value, int) or value.denominator == 1:
        return f"{int(value):,}"
    hundredths = (abs(value.numerator) * 200 + value.denominator) // (2 * value.denominator)
    exact = hundredths * value.denominator == abs(value.numerator) * 100
    return f"{'' if exact else '≈'}{'-' if value < 0 else ''}{hundredths // 100:,}.{hundredths % 100:02}"
