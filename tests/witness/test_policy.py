"""Policy files: what they may say, what is refused with which line, and what is a quorum."""

from __future__ import annotations

from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from merkle import cosignature, note, policy
from merkle.errors import ProofError
from merkle.policy import PolicyError
from tests.witness.logs import Log
from witness.keys import check_signature

LOG = Log()
PRIVATE = {name: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n, name in enumerate("ABCDEF", start=1)}
KEYS = {
    name: cosignature.verifier_key(f"{name.lower()}.example/w", key.public_key().public_bytes_raw())
    for name, key in PRIVATE.items()
}

EXAMPLE = f"""\
# Three of one house, of which two; three of another, of which one.
log {LOG.key} https://vote.example.org/log/2027/

witness A {KEYS["A"]} https://a.example
\twitness\tB  {KEYS["B"]} \t
witness C {KEYS["C"]}
group X 2 A B C
witness D {KEYS["D"]}
witness E {KEYS["E"]}
witness F {KEYS["F"]}
group Y any D E F
  # and both together
group both all X Y
quorum both
""".encode()


def cosigned(*names: str, size: int = 6, time: int = 100) -> str:
    text = note.parse(LOG.checkpoint(size)).text
    lines = [cosignature.line(text, KEYS[name], PRIVATE[name].sign, time=time + n) for n, name in enumerate(names)]
    return LOG.checkpoint(size) + "".join(lines)


def test_the_example_of_nested_groups_is_read() -> None:
    found = policy.parse(EXAMPLE)
    assert [(log.key, log.url) for log in found.logs] == [(LOG.key, "https://vote.example.org/log/2027/")]
    assert [(w.name, w.key, w.url) for w in found.witnesses] == [
        (name, KEYS[name], "https://a.example" if name == "A" else None) for name in "ABCDEF"
    ]
    assert [(g.name, g.needed, g.members) for g in found.groups] == [
        ("X", 2, ("A", "B", "C")),
        ("Y", 1, ("D", "E", "F")),
        ("both", 2, ("X", "Y")),
    ]
    assert found.quorum == "both"


def test_of_all_64_sets_of_witnesses_exactly_those_are_a_quorum_that_should_be() -> None:
    found = policy.parse(EXAMPLE)
    for count in range(7):
        for names in combinations("ABCDEF", count):
            right = len(set(names) & set("ABC")) >= 2 and bool(set(names) & set("DEF"))
            assert found.satisfied_by(names) is right, names


def test_names_of_groups_that_somebody_claims_to_have_signed_count_for_nothing() -> None:
    assert not policy.parse(EXAMPLE).satisfied_by(["X", "Y", "both"])


def test_a_checkpoint_with_a_quorum_is_accepted_and_says_who_and_when() -> None:
    accepted = policy.parse(EXAMPLE).check(cosigned("A", "C", "E"), check_signature)
    assert (accepted.checkpoint.size, accepted.log, accepted.times) == (6, LOG.key, {"A": 100, "C": 101, "E": 102})


def test_a_checkpoint_without_a_quorum_is_refused() -> None:
    for names in ("", "A", "ABC", "DEF", "AD"):
        with pytest.raises(ProofError, match=f"no quorum: {len(names)} of 6"):
            policy.parse(EXAMPLE).check(cosigned(*names), check_signature)


def test_a_quorum_of_cosignatures_on_another_checkpoint_or_under_another_log_is_refused() -> None:
    found = policy.parse(EXAMPLE)
    lines = cosigned("A", "B", "D").removeprefix(LOG.checkpoint(6))
    with pytest.raises(ProofError, match="bad signature"):
        found.check(LOG.checkpoint(7) + lines, check_signature)
    other = Log(private=PRIVATE["A"])
    with pytest.raises(ProofError, match="not signed by a log"):
        found.check(other.checkpoint(6) + lines, check_signature)
    assert found.check(other.checkpoint(6) + lines, check_signature, log=other.key).log == other.key
    with pytest.raises(ProofError, match="not signed by a log"):
        found.check(cosigned("A", "B", "D"), check_signature, log=other.key)


def test_signatures_of_the_witness_under_another_name_count_for_nothing() -> None:
    text = note.parse(LOG.checkpoint(6)).text
    alias = cosignature.verifier_key("elsewhere.example/w", KEYS["A"].public)
    signed = LOG.checkpoint(6) + cosignature.line(text, alias, PRIVATE["A"].sign, time=1)
    with pytest.raises(ProofError, match="no quorum"):
        policy.parse(f"log {LOG.key}\nwitness A {KEYS['A']}\nquorum A\n".encode()).check(signed, check_signature)


def test_a_single_witness_may_be_the_quorum_and_none_may_be_asked_for() -> None:
    single = policy.parse(f"log {LOG.key}\nwitness A {KEYS['A']}\nquorum A".encode())
    assert single.check(cosigned("A"), check_signature).times == {"A": 100}
    with pytest.raises(ProofError, match="no quorum"):
        single.check(cosigned(), check_signature)
    nobody = policy.parse(f"log {LOG.key}\nquorum none\n".encode())
    assert nobody.check(cosigned(), check_signature).times == {}
    with pytest.raises(ProofError, match="names no log"):
        policy.parse(b"quorum none\n").check(cosigned(), check_signature)


W = {name: f"witness {name} {KEYS[name]}\n" for name in "ABC"}


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "without a quorum line"),
        ("\n\n# x\n", 4, "without a quorum line"),
        ("quorum none\nquorum none\n", 2, "a second quorum"),
        ("quorum\n", 1, "expected: quorum"),
        ("quorum a b\n", 1, "expected: quorum"),
        ("quorum A\n" + W["A"], 1, "'A' is not defined above"),
        ("Quorum none\n", 1, "a line begins with"),
        ("log\n", 1, "expected: log"),
        (f"log {LOG.key} a b\n", 1, "expected: log"),
        (f"log {KEYS['A']}\n", 1, "not the key of a log"),
        (f"log {LOG.key}\nlog {LOG.key}\n", 2, "a second log"),
        (f"log {LOG.key}\nlog {Log(origin='vote.example.org/log/2028').key}\n", 2, "a second log with the same public key"),
        ("witness A\n", 1, "expected: witness"),
        (W["A"].replace("\n", " u v\n"), 1, "expected: witness"),
        (f"witness A {LOG.key}\n", 1, "not the key of a witness"),
        ("witness A x\n", 1, "not a vkey"),
        (W["A"] + W["A"], 2, "a second witness with the same public key"),
        (W["A"] + W["A"].replace(" A ", " B "), 2, "a second witness with the same public key"),
        (W["A"] + W["B"].replace(" B ", " A "), 2, "'A' is defined already"),
        (W["A"].replace(" A ", " none "), 1, "none is not a name"),
        (W["A"] + "group A any A\n", 2, "'A' is defined already"),
        (W["A"] + "group none any A\n", 2, "none is not a name"),
        (W["A"] + "group g any\n", 2, "expected: group"),
        (W["A"] + "group g any B\n", 2, "'B' is not defined above"),
        (W["A"] + "group g any none\n", 2, "'none' is not defined above"),
        (W["A"] + "group g any g\n", 2, "'g' is not defined above"),
        (W["A"] + "group g any A A\n", 2, "'A' is a member of a group already"),
        (W["A"] + W["B"] + "group g any A\ngroup h any B A\n", 4, "'A' is a member of a group already"),
        *[(W["A"] + f"group g {k} A\n", 2, "a number from 1 to 1") for k in ("0", "2", "01", "-1", "1.", "some", "१")],
        ("quorum none\r\n", 1, "control character"),
        ("quorum\x0bnone\n", 1, "control character"),
        ("# \x7f\n", 1, "control character"),
        ("quorum\u00a0none\n", 1, "a line begins with"),
        ("#\n" * 600_000, 1, "at most"),
    ],
)
def test_a_mistake_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(PolicyError, match=why) as refused:
        policy.parse(text.encode())
    assert str(refused.value).startswith(f"line {line}: ")


def test_names_are_octets_that_need_not_be_text() -> None:
    kelvin, plain, raw = "\u212a".encode(), b"K", b"\xff\xfe"
    lines = [b"witness %s %s" % (name, str(KEYS[w]).encode()) for name, w in ((kelvin, "A"), (plain, "B"), (raw, "C"))]
    found = policy.parse(b"\n".join([*lines, b"quorum \xff\xfe", b""]))
    assert len({w.name for w in found.witnesses}) == 3
    assert found.satisfied_by([found.witnesses[2].name])
    assert not found.satisfied_by([w.name for w in found.witnesses[:2]])


def test_thirty_two_of_everything_and_deep_nesting_are_read() -> None:
    lines = []
    for n in range(32):
        key = cosignature.verifier_key(f"w{n}", bytes([n]) * 32)
        lines += [f"log {note.VerifierKey(f'log{n}', bytes([n]) * 32)}", f"witness w{n} {key}"]
        lines.append(f"group g{n} all w{n}" + (f" g{n - 1}" if n else ""))
    found = policy.parse("\n".join([*lines, "quorum g31", ""]).encode())
    everyone = [w.name for w in found.witnesses]
    assert found.satisfied_by(everyone)
    assert not found.satisfied_by(everyone[1:])


WORDS = ("log", "witness", "group", "quorum", "none", "any", "all", "1", "2", "A", "B", "g", "#")
words = st.sampled_from(
    [*WORDS, "\t", "\n", "\n", *map(str, (LOG.key, KEYS["A"], KEYS["B"]))]
)


def read(data: bytes) -> policy.Policy | str:
    try:
        return policy.parse(data)
    except PolicyError as refused:
        return str(refused)


@given(st.lists(words, max_size=40))
def test_whatever_is_made_of_its_words_is_read_or_refused_with_a_line(parts: list[str]) -> None:
    data = " ".join(parts).encode()
    found = read(data)
    if isinstance(found, policy.Policy):
        assert found.satisfied_by([w.name for w in found.witnesses])  # a policy that is read can be met
        assert found.satisfied_by([]) is (found.quorum is None)
    else:
        assert int(found.split(":")[0].removeprefix("line ")) in range(1, data.count(b"\n") + 2)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_another_way(data: bytes) -> None:
    for text in (data, data + b"\nquorum none\n", b"log " + data, b"witness a " + data):
        found = read(text)
        assert isinstance(found, policy.Policy) or found.startswith("line ")
