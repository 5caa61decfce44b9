import json
import os
import random
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


PIECES = [
    *'aZ0-_."\\/\b\f\n\r\t\0{\x1f\x7f\x80éßſ\u200c\u200d\u200e\u2028\u2029\ufeff\uffffييک۱漢가𝄞😀',
    "\U0001f3f3\ufe0f\u200d\U0001f308",
]
NUMBERS = [0, 1, -1, 255, 2**31, 2**32, 2**53 - 1, -(2**53) + 1]


def document(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(4 if depth > 3 else 8)
    if kind == 0:
        return chance.choice([None, True, False])
    if kind == 1:
        return chance.choice(NUMBERS) if chance.random() < 0.3 else chance.randint(-(2**53) + 1, 2**53 - 1)
    if kind < 4:
        return unicodedata.normalize("NFC", "".join(chance.choices(PIECES, k=chance.randrange(12))))
    if kind == 4:
        return [document(chance, depth + 1) for _ in range(chance.randrange(4))]
    key_letters = "abcxyz019_.-"
    return {
        "".join(chance.choices(key_letters, k=chance.randint(1, 5))): document(chance, depth + 1)
        for _ in range(chance.randrange(5))
    }


@pytest.mark.prove
def test_it_writes_20_000_documents_as_rfc8785_does_and_reads_them_back() -> None:
    """Further ones each time with FUZZ_EXAMPLES; else the same ones always."""
    wanted = os.environ.get("FUZZ_EXAMPLES")
    chance = random.Random(None if wanted else 8785)
    for _ in range(max(20_000, int(wanted or 0))):
        value = {"d": document(chance)}
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
