"""What is derived from people's text: addresses, keys for search, excerpts."""

import re
from html import unescape

from django.utils.html import strip_tags
from django.utils.text import Truncator, slugify

from common.markdown import render_markdown
from common.persian import fold

_ZWNJ = "\u200c"


def slug_of(title: str) -> str:
    """The words of a title in an address, in any script; `-` where nothing is left of it."""
    # slugify drops the ZWNJ and would glue Persian words together.
    return slugify(title.replace(_ZWNJ, "-"), allow_unicode=True)[:80].strip("-") or "-"


def search_text(*texts: str) -> str:
    """What a search looks in: the folded text, and again with words joined that a ZWNJ parts, as many people type them."""
    text = "\n".join(texts)
    joined = text.replace(_ZWNJ, "")
    return fold(text) + (f" {fold(joined)}" if joined != text else "")


def language_of(text: str, *, default: str) -> str:
    """`fa` or `en` by the script that most letters are in; `default` where there are none."""
    letters = [character for character in text if character.isalpha()]
    arabic = sum("\u0600" <= character <= "\u06ff" for character in letters)
    if not letters:
        return default
    return "fa" if 2 * arabic > len(letters) else "en"


def words_of(text: str) -> set[str]:
    """The words that say what a text is about: folded, without short ones."""
    return {word for word in re.findall(r"\w+", fold(text)) if len(word) > 3}


def excerpt(markdown: str, length: int = 220) -> str:
    """The beginning of a text without its markup."""
    plain = unescape(strip_tags(render_markdown(markdown[: 4 * length])))
    return Truncator(" ".join(plain.split())).chars(length)
