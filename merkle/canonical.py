"""Canonical JSON: RFC 8785 restricted so far that every language writes the same bytes.

Allowed: objects with keys matching ``[a-z0-9_.-]+``, arrays, NFC strings without lone surrogates, integers up to
2**53 - 1 in size, true, false, null. No floats (Python prints ``1.0`` where JavaScript prints ``1``), no duplicate keys.
"""

import json
import re
from typing import Any
from unicodedata import is_normalized

from merkle.errors import NotCanonical

MAX_ENTRY_BYTES = 16_384
MAX_INTEGER = 2**53 - 1

_KEY = re.compile(r"[a-z0-9_.-]+")


def dumps(value: Any, *, limit: int | None = None) -> bytes:
    """The one canonical form of `value`. Raises NotCanonical when it has none, or when it is longer than `limit` bytes.

    >>> dumps({"b": [1, True, None], "a": "é"}).decode()
    '{"a":"é","b":[1,true,null]}'
    >>> dumps({"a": 1.0})
    Traceback (most recent call last):
    merkle.errors.NotCanonical: float is not allowed
    """
    try:
        _check(value)
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise NotCanonical("nested too deeply") from None
    data = text.encode()
    if limit is not None and len(data) > limit:
        raise NotCanonical(f"{len(data)} bytes, more than {limit}")
    return data


def loads(data: bytes, *, limit: int | None = None) -> Any:
    """The value of which `data` is the canonical form. Raises NotCanonical when `data` is anything else.

    >>> loads(b'{"a":1}')
    {'a': 1}
    >>> loads(b'{"a": 1}')
    Traceback (most recent call last):
    merkle.errors.NotCanonical: not in canonical form
    """
    if limit is not None and len(data) > limit:
        raise NotCanonical(f"{len(data)} bytes, more than {limit}")
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float)
    except NotCanonical:
        raise
    except RecursionError:
        raise NotCanonical("nested too deeply") from None
    except ValueError as error:  # bad UTF-8, bad JSON, integers of thousands of digits
        raise NotCanonical(f"not JSON: {error}") from None
    if dumps(value) != data:
        raise NotCanonical("not in canonical form")
    return value


def _check(value: Any) -> None:
    # Exact types: a subclass (an IntEnum, a lazy string) may print as something else than it compares to.
    kind = type(value)
    if kind is str:
        if not value.isascii():
            if not is_normalized("NFC", value):
                raise NotCanonical("string is not in NFC")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NotCanonical("lone surrogate in string") from None
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical("integer beyond 2**53 - 1")
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str or not _KEY.fullmatch(key):
                raise NotCanonical(f"key {key!r} is not allowed")
            _check(item)
    elif kind is list or kind is tuple:
        for item in value:
            _check(item)
    elif value is not None and kind is not bool:
        raise NotCanonical(f"{kind.__name__} is not allowed")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotCanonical("duplicate key")
    return value


def _no_float(_text: str) -> Any:
    raise NotCanonical("float is not allowed")
