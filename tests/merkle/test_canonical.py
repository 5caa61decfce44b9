import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from merkle import canonical
from merkle.errors import NotCanonical, ProofError

keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.-", min_size=1, max_size=8)
strings = st.text(max_size=20).map(lambda text: unicodedata.normalize("NFC", text))
scalars = st.none() | st.booleans() | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER) | strings
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))


@given(values)
def test_it_writes_what_rfc8785_writes_and_reads_it_back(value: Any) -> None:
    data = canonical.dumps(value)
    assert data == rfc8785.dumps(value)
    assert canonical.loads(data) == value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        {"A": 1},
        {"": 1},
        {"é": 1},
        {"a\n": 1},
        {1: 1},
        "e\u0301",
        "\ud800",
        b"",
        {1, 2},
    ],
    ids=repr,
)
def test_it_refuses_to_write(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical.dumps([value])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" {}",
        b"{}\n",
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"9" * 5000,
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u001F"',
        b'"\\ud800"',
        '"e\u0301"'.encode(),
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"[" * 900 + b"]" * 899,
        b'{"A":1}',
        b"'a'",
        b"[1,]",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_it_refuses_to_read(data: bytes) -> None:
    with pytest.raises(ProofError):
        canonical.loads(data)


def test_it_refuses_what_is_longer_than_the_limit_and_nothing_shorter() -> None:
    value = "x" * 98
    assert canonical.loads(canonical.dumps(value, limit=100), limit=100) == value
    with pytest.raises(NotCanonical):
        canonical.dumps(value, limit=99)
    with pytest.raises(NotCanonical):
        canonical.loads(json.dumps(value).encode(), limit=99)


def test_it_refuses_to_write_what_is_nested_too_deeply_to_read() -> None:
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotCanonical):
        canonical.dumps(deep)
