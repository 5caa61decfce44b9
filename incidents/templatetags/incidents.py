"""What other pages show of incidents. They load this; the apps they belong to know nothing of incidents."""

from typing import Any

from django import template

from incidents.models import Incident
from voting.models import Poll

register = template.Library()


@register.inclusion_tag("incidents/notice.html")
def incidents_of(poll: Poll | None = None) -> dict[str, Any]:
    """What was declared about this poll, or without one about the whole instance. Nothing where nothing was."""
    return {"incidents": Incident.objects.filter(poll=poll)}
