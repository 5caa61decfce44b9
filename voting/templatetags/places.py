"""What the page of rolls shows of each poll. It loads this; the app that it belongs to knows nothing of voting."""

from typing import Any

from django import template

from eligibility.models import RollEntry
from voting.models import Poll
from voting.places import took_part

register = template.Library()


@register.inclusion_tag("voting/place_said.html")
def places_said(poll: Poll, entry: RollEntry) -> dict[str, Any]:
    """Whether the public list says that a ballot was cast from this place, and the file to check it with."""
    committed = poll.roll_count is not None and entry.index < poll.roll_count
    said = took_part(poll, entry) if committed and poll.status == Poll.Status.PUBLISHED else None
    return {"poll": poll, "committed": committed, "said": said}
