"""A published result as a file."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from voting import downloads, tabulate
from voting.models import Poll


@require_safe
def result_download(request: HttpRequest, poll_id: str, kind: str) -> HttpResponse:
    polls = Poll.objects.visible_to(request.user).select_related("process__scope")
    poll = get_object_or_404(polls, public_id=poll_id)
    act = poll.results.first()
    if act is None or kind not in downloads.kinds_of(poll):
        raise Http404
    if kind == "json":
        body = downloads.result_json(act)
    elif kind == "csv":
        body = downloads.result_csv(poll, act)
    else:
        body = downloads.result_pb(poll, act, tabulate.profile_of(tabulate.counted(poll)))
    response = HttpResponse(body, content_type=downloads.CONTENT_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="result-{poll.public_id}-{act.act}.{kind}"'
    return response
