"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language


def page(request: HttpRequest) -> dict[str, Any]:
    other = "en" if (get_language() or "en").startswith("fa") else "fa"
    # A page that answers a form has no address of its own to translate: lead back to where the form was.
    path = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    return {
        "demo": settings.DEMO,
        "site_name": settings.SITE_NAME_FA if other == "en" else settings.SITE_NAME,
        "other_language_code": other,
        "other_language_name": {"en": "English", "fa": "فارسی"}[other],
        "other_language_url": translate_url(path, other),
    }
