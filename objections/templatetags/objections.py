"""What other pages show of objections. They load this; the apps they belong to know nothing of objections."""

from typing import Any

from django import template
from django.db.models import Count

from voting.models import Poll

register = template.Library()


@register.inclusion_tag("objections/summary.html")
def objections_summary(poll: Poll) -> dict[str, Any]:
    """How many objections there are to a poll and how many are answered, with a link to them. Nothing for drafts."""
    counts = poll.objections.aggregate(filed=Count("pk"), answered=Count("answer"))
    return {"poll": poll, **counts}
