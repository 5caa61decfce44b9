"""A poll as one file to take along and check without this site."""

from __future__ import annotations

from allauth.core import ratelimit
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from votelog import bundle
from voting.models import Poll


@require_safe
def poll_bundle(request: HttpRequest, poll_id: str) -> HttpResponse | FileResponse:
    """Of open polls too: with what the log shows by now. An address may ask a few times a minute."""
    poll = get_object_or_404(Poll.objects.visible_to(request.user), public_id=poll_id)
    made = bundle.of_poll(poll.public_id)
    if made is None:
        raise Http404
    etag = quote_etag(made.etag)
    if (unchanged := get_conditional_response(request, etag=etag)) is not None:
        return unchanged
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="poll_bundle", limit_get=True)
    if limited:
        return limited
    response = FileResponse(made.write(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="poll-{poll.public_id}.zip"'
    response["Cache-Control"] = "no-cache"
    response["ETag"] = etag
    return response
