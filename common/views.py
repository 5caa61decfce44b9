"""Answers that belong to no app."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails


def template_for(request: HttpRequest, page: str, *, partial: str) -> str:
    """The whole page, or for htmx only the named part of it: one template, so neither can lack a variable.

    On the browser's Back button htmx asks again for the whole page.
    """
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return f"{page}#{partial}" if htmx and not htmx.history_restore_request else page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's secret did not match: cookies are off, or the page is older than the sign-in. Nothing was done."""
    return render(request, "403_csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)
