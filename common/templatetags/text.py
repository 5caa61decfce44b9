"""Filters that every template has: numbers, dates and text in the reader's language."""

import re
from datetime import datetime
from hashlib import sha256

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from common import localized, markdown, persian

register = template.Library()
register.filter("loc", localized.loc)
register.filter("markdown", markdown.render_markdown)


def _language() -> str:
    return (get_language() or "en").split("-")[0]


@register.filter
def digits(value: object) -> str:
    """The text with digits of the reader's language, otherwise unchanged: for codes, years, "3/12"."""
    return persian.persian_digits(str(value)) if _language() == "fa" else str(value)


@register.filter
def said(sentence: object) -> str:
    """A sentence with its numbers in the reader's digits; codes, addresses and whatever else has letters stay as they are."""
    return re.sub(r"(?<![\w.@/-])\d+(?![\w@/-])", lambda found: digits(found[0]), str(sentence))


@register.filter
def number(value: object) -> str:
    """An integer with its thousands grouped: 1,070,000 or ۱٬۰۷۰٬۰۰۰. Empty for None."""
    if value is None or value == "":
        return ""
    text = f"{int(str(value)):,}"
    return persian.persian_digits(text).replace(",", "٬") if _language() == "fa" else text


@register.filter
def percent(part: int, whole: int) -> str:
    """`part` of `whole` in per cent with one decimal, rounded half up; exact until it is printed."""
    tenths = (2000 * int(part) + int(whole)) // (2 * int(whole)) if whole else 0
    text = f"{tenths // 10}.{tenths % 10}"
    if _language() != "fa":
        return text + "%"
    # The Arabic letter mark keeps the sign on the left of its number, whatever text stands around it.
    return "\u061c" + persian.persian_digits(text).replace(".", "٫") + "٪"


def _time(moment: datetime, text: str) -> SafeString:
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), f"{local:%Y-%m-%d %H:%M}", text)


@register.filter
def day(moment: datetime | None) -> SafeString:
    """The date, Jalali in Persian, Gregorian for machines and on hover."""
    return _time(moment, persian.long_date(timezone.localtime(moment), _language())) if moment else mark_safe("")


@register.filter
def short_day(moment: datetime | None) -> SafeString:
    return _time(moment, persian.short_date(timezone.localtime(moment), _language())) if moment else mark_safe("")


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Date and time of day."""
    if not value:
        return mark_safe("")
    local = timezone.localtime(value)
    clock = digits(f"{local:%H:%M}")
    text = _("%(day)s, %(time)s") % {"day": persian.long_date(local, _language()), "time": clock}
    return _time(value, text)


def span_text(seconds: int) -> str:
    """A length of time in its largest whole unit: "3 days", "5 hours", "1 minute"."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days >= 1:
        text = ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    elif hours >= 1:
        text = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    else:
        text = ngettext("%(count)s minute", "%(count)s minutes", max(minutes, 1)) % {"count": max(minutes, 1)}
    return digits(text)


@register.filter
def time_left(moment: datetime | None) -> SafeString:
    """"3 days left", or "over" once it has passed."""
    if not moment:
        return mark_safe("")
    seconds = int((moment - timezone.now()).total_seconds())
    return _time(moment, _("%(span)s left") % {"span": span_text(seconds)} if seconds > 0 else _("over"))


@register.filter
def ago(moment: datetime | None) -> SafeString:
    if not moment:
        return mark_safe("")
    seconds = int((timezone.now() - moment).total_seconds())
    return _time(moment, _("%(span)s ago") % {"span": span_text(seconds)} if seconds >= 60 else _("just now"))


@register.filter
def initials(name: str) -> str:
    """One or two letters for a disc beside a name; a ZWNJ between them keeps Persian letters apart."""
    return "\u200c".join(word[0] for word in str(name).split()[:2] if word)


@register.filter
def colour_class(key: object) -> int:
    """0–7, always the same for the same key."""
    return sha256(str(key).encode()).digest()[0] % 8
