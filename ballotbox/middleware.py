"""When the ballot box does not answer, people read so, on whichever page it was needed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ballotbox.errors import BallotBoxAway


class BoxAway:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, BallotBoxAway):
            return None
        answer = render(request, "503.html", {"refusal": exception}, status=503)
        answer["Retry-After"] = "60"
        return answer


box_away = BoxAway
