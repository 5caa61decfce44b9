"""Every address that the platform has, for tests that look at all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse


def named(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """The name of each pattern, namespaces before it, and the pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from named(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        elif entry.name:
            yield space + entry.name, entry


def addresses(values: Mapping[str, object]) -> list[str]:
    """Every address that can be made with these values, by the name of the part that they stand for."""
    found = set()
    for name, pattern in named():
        parts = {*pattern.pattern.converters, *re.findall(r"\(\?P<(\w+)>", str(pattern.pattern))}
        try:
            found.add(reverse(name, kwargs={part: values[part] for part in parts if part in values}))
        except NoReverseMatch:
            continue
    return sorted(found)
