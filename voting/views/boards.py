"""The live board: for observers, without an account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from common.views import template_for
from realtime.actions import last_seq
from voting.board import board_page
from voting.models import Poll


@require_safe
@vary_on_headers("HX-Request")
def board(request: HttpRequest, poll_id: str) -> HttpResponse:
    poll = get_object_or_404(Poll.objects.visible_to(request.user).select_related("process", "roll"), public_id=poll_id)
    seq = last_seq(poll.topic)  # before the numbers are read: a change in between is then told once more, never missed
    context = board_page(poll) | {"seq": seq}
    response = render(request, template_for(request, "voting/board.html", partial="board"), context)
    response["Cache-Control"] = "no-cache"
    return response
