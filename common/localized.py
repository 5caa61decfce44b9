"""Text written by staff in several languages: a JSON object by language code, `{"en": "…", "fa": "…"}`."""

from typing import TypeAlias

from django.utils.translation import get_language

Localized: TypeAlias = dict[str, str]


def loc(value: Localized | str | None, language: str | None = None) -> str:
    """The text in `language` (default: the reader's), else in any language that there is, else empty."""
    if not value:
        return ""
    if isinstance(value, str):
        return value
    language = (language or get_language() or "en").split("-")[0]
    return value.get(language) or value.get("en") or next((text for text in value.values() if text), "")


def language_of(value: Localized | str | None) -> str | None:
    """The language that `loc` answers in; None where the text does not say."""
    if not isinstance(value, dict):
        return None
    text = loc(value)
    return next((language for language, written in value.items() if written == text), None)
