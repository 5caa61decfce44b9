"""Money and receipt numbers in the reader's language."""

from django import template

from voting import figures
from voting.models import Poll

register = template.Library()


@register.filter
def money(amount: int | None, poll: Poll) -> str:
    """An amount of the poll's currency: `68,000 PLN`. Empty for None."""
    return "" if amount is None else figures.money(amount, poll)


@register.filter
def groups(bid: str) -> str:
    """A receipt number in groups of four, to be read aloud or typed from paper."""
    return " ".join(bid[start : start + 4] for start in range(0, len(bid), 4))
