"""Markdown that people write, made into HTML that is safe to show."""

from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable("strikethrough")
_TAGS = {"p", "br", "strong", "em", "s", "ul", "ol", "li", "blockquote", "code", "pre", "a", "h3", "h4", "hr"}


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "rel":  # nh3's own, below; people cannot write one
        return value
    # nh3 lets `jav   ascript:` and `//host` through: only what parses as an absolute link stays.
    if tag == "a" and attribute == "href":
        if any(ord(character) <= 32 for character in value):
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            return None
        if (parts.scheme in {"http", "https"} and parts.hostname) or (parts.scheme == "mailto" and "@" in parts.path):
            return value
    return None


def render_markdown(text: str) -> SafeString:
    """HTML of a text by a person. Headings start at the third level: the page has the first two."""
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h3" if token.tag in {"h1", "h2", "h3"} else "h4"
    html = _parser.renderer.render(tokens, _parser.options, {})
    return mark_safe(  # noqa: S308 -- nh3 is what makes it safe
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href"}},
            attribute_filter=_attribute,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener nofollow ugc",
        )
    )
