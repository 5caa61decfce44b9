"""The browser verifier: one static file under /verifier/, outside the language prefixes, with a policy of its own."""

import re
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

PAGE = settings.BASE_DIR / "static" / "verifier" / "verifier.html"


@cache
def page() -> tuple[bytes, str]:
    """The file, and the policy that it states itself, which allows no script and no style but its own."""
    content = PAGE.read_bytes()
    stated = re.search(rb'http-equiv="Content-Security-Policy" content="([^"]+)"', content)
    if stated is None:
        raise ValueError("the browser verifier states no policy: run webverifier/build.py")
    return content, stated[1].decode() + "; frame-ancestors 'none'"


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The page, or with `?download` the same bytes to keep. Sets no cookie and reads none."""
    content, policy = page()
    response = HttpResponse(content, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = policy
    response["Cache-Control"] = "public, max-age=300"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    if "download" in request.GET:
        response["Content-Disposition"] = 'attachment; filename="verifier.html"'
    return response


urlpatterns = [
    path("", verifier, name="web-verifier"),
    path("verifier.html", verifier, name="web-verifier-file"),
]
