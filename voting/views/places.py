"""The file by which somebody can check their own place on the roll, and whether a ballot was cast from it."""

from __future__ import annotations

import json
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from voting.models import Poll
from voting.places import place_file


@require_safe
@login_required
@never_cache
def place(request: HttpRequest, poll_id: str) -> HttpResponse:
    """Of the person who asks, and of nobody else."""
    poll = get_object_or_404(Poll.objects.visible_to(request.user).select_related("roll"), public_id=poll_id)
    entry = poll.roll.entries.filter(user=cast(User, request.user)).first()
    file = place_file(poll, entry) if entry else None
    if file is None:
        raise Http404
    response = HttpResponse(json.dumps(file, indent=1) + "\n", content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="place-{poll.public_id}.json"'
    return response
