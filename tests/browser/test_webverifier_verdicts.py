"""The browser verifier and the command-line verifier say the same of the same bytes: one page, no network, many logs."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.verifier import writelog as w
from tests.webverifier.damage import attacked, attacked_on_its_way, by_python, damaged
from verifier import __main__ as verifier

PAGE = Path(__file__).resolve().parent.parent.parent / "static" / "verifier" / "verifier.html"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """The verifier as a saved file, which must stay without complaints."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(PAGE.as_uri())
    yield page
    context.close()
    assert complaints == []


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def by_browser(page: Page, files: dict[str, bytes], poll: str = "p1", papers: list[bytes] | None = None, **given: Any) -> Any:
    held = {path: b64(data) for path, data in files.items()}
    return page.evaluate(
        "([files, poll, given, papers]) => verifyFiles(files, poll, given, papers)",
        [held, poll, given, [b64(paper) for paper in papers or []]],
    )


def said(report: dict[str, Any]) -> tuple[str, dict[str, set[str]]]:
    """Verdict, and which checks ended how."""
    ends: dict[str, set[str]] = {}
    for check in report["checks"]:
        ends.setdefault(check["status"], set()).add(check["id"])
    return report["verdict"], ends


def differences(page: Page, cases: Iterator[tuple[str, dict[str, bytes]]]) -> tuple[list[str], list[str]]:
    """On which logs the two do not end every check alike, and all verdicts."""
    found, verdicts = [], []
    for name, files in cases:
        ours, theirs = by_browser(page, files), verifier.as_json(by_python(files, "p1"))
        verdicts.append(ours["verdict"])
        if said(ours) != said(theirs):
            found.append(f"{name}: browser {said(ours)}, command line {said(theirs)}")
        if any("malformed (" in check["text"] for check in ours["checks"]):
            found.append(f"{name}: a check stumbled instead of finding it: {ours['checks']}")
    return found, verdicts


def failed(report: dict[str, Any]) -> set[str]:
    return said(report)[1].get("fail", set())


def test_both_verifiers_see_every_named_attack_at_the_same_check(page: Page) -> None:
    found, verdicts = differences(page, attacked())
    assert found == []
    assert len(verdicts) > 120
    assert verdicts.count("fail") > 0.9 * len(verdicts)


def test_both_verifiers_see_every_attack_on_what_happens_in_a_poll(page: Page) -> None:
    found, verdicts = differences(page, attacked_on_its_way())
    assert found == []
    assert verdicts.count("fail") > 100


def test_both_verifiers_say_the_same_of_two_hundred_damaged_logs(page: Page) -> None:
    found, verdicts = differences(page, damaged(20261123, 200))
    assert found == []
    assert min(verdicts.count(verdict) for verdict in ("pass", "fail", "cannot tell")) > 10


@pytest.mark.parametrize("visibility", ["live", "turnout", "sealed"])
def test_a_right_poll_of_every_rule_passes_with_the_same_report(page: Page, visibility: str) -> None:
    for method in w.OPTIONS:
        files = w.finished(method, visibility=visibility).seal().files()
        ours, theirs = by_browser(page, files), verifier.as_json(by_python(files, "p1"))
        assert ours["verdict"] == theirs["verdict"] == "pass", method
        assert ours["poll"] == theirs["poll"], method
        assert ours["log"] == theirs["log"], method


@pytest.mark.parametrize("source", ["public-draw", "drand"])
def test_lots_from_elsewhere_are_followed(page: Page, source: str) -> None:
    files = w.finished("irv-v1", seed_source=source).seal().files()
    ours, theirs = by_browser(page, files), verifier.as_json(by_python(files, "p1"))
    assert ours["verdict"] == "pass"
    assert ours["poll"] == theirs["poll"]


def test_a_poll_in_which_everything_happens_reads_the_same(page: Page) -> None:
    for visibility in ("live", "sealed"):
        files = w.eventful(visibility=visibility).seal().files()
        for poll in ("p1", "p2"):
            ours, theirs = by_browser(page, files, poll), verifier.as_json(by_python(files, poll))
            assert ours["verdict"] == theirs["verdict"] == "pass", ours["checks"]
            assert ours["poll"] == theirs["poll"]


def test_it_finds_its_poll_among_the_logs_of_an_instance(page: Page) -> None:
    old, new = w.two_logs()
    files = w.instance(old, new)
    for poll in ("p1", "p9"):
        ours, theirs = by_browser(page, files, poll), verifier.as_json(by_python(files, poll))
        assert said(ours) == said(theirs)
        assert ours["verdict"] == "pass"
        assert ours["log"]["origin"] == theirs["log"]["origin"]
    assert by_browser(page, files, "p77")["verdict"] == "cannot tell"
    files["log/index.json"] = files["log/index.json"].replace(b"/log/2027/", b"/../2027/")
    assert by_browser(page, files, "p1")["verdict"] == by_python(files, "p1").verdict == "cannot tell"


def test_a_key_given_must_be_the_one_of_the_log(page: Page) -> None:
    scene = w.finished().seal()
    good = by_browser(page, scene.files(), vkeys=[scene.signer.vkey])
    assert good["verdict"] == "pass"
    assert not any("taken from the log itself" in warning for warning in good["warnings"])
    for other in (w.Signer(w.ORIGIN, 9).vkey, w.Signer("another.example/log").vkey):
        assert failed(by_browser(page, scene.files(), vkeys=[other])) == {"C1"}


@pytest.mark.parametrize(
    ("witnesses", "at", "quorum", "ends"),
    [
        ((0, 1), w.NOW, "group two 2 w0 w1 w2\nquorum two", "pass"),
        ((0,), w.NOW, "group two 2 w0 w1 w2\nquorum two", "fail"),
        ((0,), w.NOW, "group any any w0 w1 w2\nquorum any", "pass"),
        ((1, 2), w.NOW, "quorum w0", "fail"),
        ((0, 1), w.NOW + 700, "group two 2 w0 w1 w2\nquorum two", "fail"),
        ((0, 1), w.NOW - 2 * w.DAY, "group two 2 w0 w1 w2\nquorum two", "warn"),
        ((), w.NOW, "quorum none", "warn"),
        ((0, 1), w.NOW, "group two 2 w0 w1 w2\ngroup all all two\nquorum all", "pass"),
    ],
)
def test_witnesses_are_asked_for_as_the_policy_says(
    page: Page, witnesses: tuple[int, ...], at: int, quorum: str, ends: str
) -> None:
    files = w.finished().seal().cosign(*witnesses, at=at).files()
    policy = w.policy(quorum).encode()
    ours = by_browser(page, files, policy=b64(policy), now=w.NOW)
    theirs = verifier.as_json(by_python(files, "p1", policy=verifier.parse_policy(policy), now=w.NOW))
    assert "C3" in said(ours)[1][ends]
    assert said(ours) == said(theirs)
    assert ours["log"]["witnesses"] == theirs["log"]["witnesses"]
    spoilt = files["checkpoint"][:-12] + b"AAAAAAAAAAA\n"
    if witnesses and quorum != "quorum w0":
        ours = by_browser(page, {**files, "checkpoint": spoilt}, policy=b64(policy), now=w.NOW)
        assert ours["verdict"] == "fail"


@pytest.mark.parametrize(
    "text",
    [
        "quorum two",
        "group two 2 w0 w1 w2",
        "group a 4 w0 w1 w2\nquorum a",
        "group a 1 w0\ngroup b 1 w0\nquorum b",
        "group none 1 w0\nquorum none",
        "group a constructor w0\nquorum a",
        "quorum w0\nquorum w1",
        "log nonsense\nquorum w0",
        "wit w9\nquorum w0",
        "group w0 1 w1\nquorum w0",
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_both(page: Page, text: str) -> None:
    policy = w.policy(text).encode()
    with pytest.raises(verifier.Usage):
        verifier.parse_policy(policy)
    assert by_browser(page, w.finished().seal().files(), policy=b64(policy))["verdict"] == "cannot tell"


# ---------------------------------------------------------------------------------------------------- receipts and places


def place_file(scene: w.Scene, number: int, count: int = 20) -> dict[str, Any]:
    """A right place file for a roll that the scene now commits to."""
    salts = [w.sha(b"salt %d" % i)[:32] for i in range(count)]
    uids = [w.sha(b"uid %d" % i)[:32] for i in range(count)]
    whole = [bytes.fromhex(salt + uid) for salt, uid in zip(salts, uids, strict=True)]
    leaves = [bytes.fromhex(w.sha(b"\0roll/v1" + one)) for one in whole]
    scene.d("roll.committed")["root"] = w.root(leaves).hex()
    hashes = [step.hex() for step in w.path(leaves, number)]
    held = {"v": 1, "poll": "p1", "roll": "r1", "index": number, "count": count}
    return {**held, "salt": salts[number], "uid": uids[number], "hashes": hashes}


def body_of(note: bytes) -> str:
    return note.partition(b"\n\n")[0].decode() + "\n"


def papers_of(scene: w.Scene) -> dict[str, bytes]:
    """Files in hand, right and wrong ones. Changes the scene's roll, and seals it."""
    place = place_file(scene, 3)
    scene.seal()
    casts = [(i, entry["d"]) for i, entry in enumerate(scene.entries) if entry["type"] == "ballot.cast"]
    (index, first), (_, second) = casts[0], casts[1]
    absent = {**first, "bid": "ab" * 16}
    scene.openings[absent["bid"]] = scene.openings.get(first["bid"], {"b": first.get("b")})
    receipt = json.loads(scene.receipt(first, w.NOW))
    later = {**scene.openings.get(second["bid"], {"b": second.get("b")})}
    spoilt = {
        "another poll": {"poll": "p2"},
        "another ballot": {"d": second},
        "another choice": {"b": later["b"]} if later["b"] != receipt["b"] else {"b": {"approve": ["o5"]}},
        "a field more": {"x": 1},
        "another nonce": {"nonce": "0" * 64},  # which says nothing where nothing is sealed
    }
    return {
        "proof": scene.proof(index),
        "proof of no ballot": scene.proof(0),
        "proof spoilt": scene.proof(index).replace(b"index ", b"index 1"),
        "proof cut": scene.proof(index)[:200],
        "promise kept": scene.promise(first, w.NOW),
        "promise due": scene.promise(absent, w.NOW + 10_000),
        "promise broken": scene.promise(absent, w.NOW - 10_000),
        "promise of another": w.Signer(w.ORIGIN + "/receipt", 7).sign(body_of(scene.promise(first, 1))),
        "receipt": json.dumps(receipt).encode(),
        "receipt broken": scene.receipt(absent, w.NOW - 10_000),
        "receipt due": scene.receipt(absent, w.NOW + 10_000),
        **{f"receipt with {name}": json.dumps({**receipt, **change}).encode() for name, change in spoilt.items()},
        "place": json.dumps(place).encode(),
        "place of one who did not vote": json.dumps(place_file(scene, 18)).encode(),
        "place elsewhere": json.dumps({**place, "index": 4}).encode(),
        "place with another path": json.dumps({**place, "hashes": place["hashes"][::-1]}).encode(),
        "place of a batch that is not": json.dumps({**place, "batch": 1}).encode(),
        "place of another person": json.dumps({**place, "uid": "0" * 32}).encode(),
        "nothing": b"",
        "noise": bytes(range(256)),
        "a list": b"[]",
        "half": b"{",
    }


@pytest.mark.parametrize("visibility", ["live", "sealed"])
def test_files_in_hand_are_judged_as_the_command_line_judges_them(page: Page, visibility: str) -> None:
    scene = w.finished(visibility=visibility)
    papers = papers_of(scene)
    files = scene.files()
    ours = by_browser(page, files, papers=list(papers.values()), now=w.NOW)["papers"]
    for (name, raw), report in zip(papers.items(), ours, strict=True):
        asked = verifier.Asked(now=w.NOW)
        read = verifier.verify_place if name.startswith("place") else verifier.verify_receipt
        theirs = verifier.as_json(read(raw, w.Memory(files), asked, verifier.Progress()))
        assert report["verdict"] == theirs["verdict"], (name, report["checks"], theirs["checks"])
        assert failed(report) == failed(theirs), (name, report["checks"], theirs["checks"])
        for key in ("bid", "index", "words", "replaced", "voided", "place", "voted"):
            if report["verdict"] == "pass":
                assert report["poll"].get(key) == theirs["poll"].get(key), (name, key)
    verdicts = dict(zip(papers, (report["verdict"] for report in ours), strict=True))
    assert {name for name, verdict in verdicts.items() if verdict == "pass"} == {
        "proof",
        "promise kept",
        "receipt",
        "place",
        "place of one who did not vote",
        *(["receipt with another nonce"] if visibility == "live" else []),
    }


def test_both_tell_the_same_of_what_officials_did(page: Page) -> None:
    files = w.eventful().seal().files()
    for poll, act in (("p1", "poll.paused"), ("p2", "poll.closed by hand: By hand.")):
        told = by_browser(page, files, poll=poll, now=w.NOW)["poll"]["events"]
        assert told == verifier.as_json(by_python(files, poll))["poll"]["events"]
        assert any(act in sentence for sentence in told)


def test_files_of_another_poll_than_the_bundle_are_no_evidence_against_anyone(page: Page) -> None:
    scene = w.finished()
    whereabouts = json.dumps(place_file(scene, 3)).encode()
    scene.seal()
    index, d = next((i, entry["d"]) for i, entry in enumerate(scene.entries) if entry["type"] == "ballot.cast")
    papers = [scene.receipt(d, w.NOW), scene.proof(index), whereabouts]
    for poll, verdict in (("p1", "pass"), ("p2", "cannot tell")):
        found = by_browser(page, scene.bundle(poll), poll=poll, papers=papers, now=w.NOW)["papers"]
        assert [paper["verdict"] for paper in found] == [verdict] * 3
    # A whole log has all that its polls name; who took part in another one than was checked is not looked at.
    (place,) = by_browser(page, scene.files(), poll="p2", papers=[whereabouts], now=w.NOW)["papers"]
    assert (place["verdict"], place["poll"]["other"]) == ("pass", True)


def test_a_receipt_is_not_compared_with_a_log_that_did_not_pass(page: Page) -> None:
    scene = w.finished()
    scene.seal()
    paper = scene.promise(scene.d("ballot.cast"), w.NOW)
    files = scene.files()
    files["checkpoint"] = w.Signer(w.ORIGIN, 9).sign(body_of(scene.checkpoint))
    report = by_browser(page, files, papers=[paper])
    assert report["verdict"] == "fail"
    assert report["papers"][0]["verdict"] == "cannot tell"


# ------------------------------------------------------------------------------------------------------- bytes and keys

# fmt: off
DOCUMENTS = [
    b"", b" ", b"{}", b"[]", b"null", b"true", b"0", b"-0", b"-1", b"1.0", b"1e3", b"1E400", b"NaN", b"Infinity", b"01", b"+1",
    b"9007199254740991", b"-9007199254740991", b"9007199254740992", b"9007199254740993", b"12345678901234567890", b"0.1",
    b'{"a":1,"a":1}', b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{"a":1,"b":2}', b'{"A":1}', b'{"":1}', b'{"a b":1}',
    b'{"__proto__":1}',
    b'{"__proto__":{"a":1}}', b'{"constructor":1}', b'{"10":1,"9":2}', b'{"9":1,"10":2}', b'{"a" :1}', b'{"a":1,}',
    b"[1,]", b"[1 ]",
    b'"\xc3\xa9"', b'"e\xcc\x81"', b'"\\u00e9"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xf0\x9f\x98\x80"', b'"\xed\xa0\x80"',
    b'"\xc0\x80"', b'"\\/"', b'"/"', b'"\\n"', b'"\n"', b'"\\u000a"', b'"\\u001f"', b'"\\u001F"', b'"\x7f"', b'"\xe2\x80\xa8"',
    b'"\\u2028"', b'"\\b\\f\\r\\t"', b'"\\""', b'"\\\\"', b'"\xff"', b"\xef\xbb\xbf{}", b"{}\n", b"\n{}", b"'a'", b"{a:1}",
    b"/**/1",
    b"[" * 300 + b"]" * 300, b"[" * 100_000 + b"]" * 100_000, b'"' + b"a" * 16_382 + b'"', b'"' + b"a" * 16_383 + b'"',
    "\"سلام\u200cها\"".encode(), '"\u0627\u0653"'.encode(), '"\u212b"'.encode(), b"undefined", b"[[]", b"tru", b'{"a":undefined}',
]
# fmt: on


def document(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(7 if depth < 4 else 5)
    if kind == 0:
        return dice.choice([None, True, False])
    if kind == 1:
        return dice.choice([0, 1, -1, dice.randrange(-(2**53) + 1, 2**53)])
    if kind in (2, 3, 4):
        letters = ["a", '"', "\\", "/", "\n", "\x01", "é", "e\u0301", "\u2028", "😀", "پ", "\u200c", "<", "\x7f", "\u212b"]
        return "".join(dice.choice(letters) for _ in range(dice.randrange(6)))
    if kind == 5:
        return [document(dice, depth + 1) for _ in range(dice.randrange(4))]
    keys = ["a", "b", "10", "9", "_", "a.b", "a-b", "__proto__", "constructor", "A", "é"]
    return {dice.choice(keys): document(dice, depth + 1) for _ in range(dice.randrange(5))}


def accepted_by_python(raw: bytes) -> bool:
    try:
        verifier.parse_canonical(raw, "C6", "it")
    except verifier.Problem:
        return False
    return True


def test_both_accept_the_same_bytes_as_canonical_json(page: Page) -> None:
    dice = random.Random(8)
    raws = list(DOCUMENTS)
    for _ in range(400):
        raw = bytearray(json.dumps(document(dice), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
        raws.append(bytes(raw))
        raw[dice.randrange(len(raw))] = dice.choice(b'0123456789.-eE"\\{}[]:, au\x00\xc3\xa9\xff')
        raws.append(bytes(raw))
    ours = page.evaluate(
        """(raws) => raws.map((raw) => {
          const bytes = Uint8Array.from(atob(raw), (c) => c.charCodeAt(0));
          try {
            verifierParts.parseCanonical(bytes, "C6", "it");
          } catch (error) { return error.check === "C6" ? false : String(error); }
          return true;
        })""",
        [b64(raw) for raw in raws],
    )
    theirs = [accepted_by_python(raw) for raw in raws]
    assert [(raw[:60], a, b) for raw, a, b in zip(raws, ours, theirs, strict=True) if a != b] == []
    assert min(theirs.count(True), theirs.count(False)) > 100


def test_both_read_the_same_notes(page: Page) -> None:
    good = w.finished().seal().cosign(0, 1).checkpoint
    dice = random.Random(3)
    notes = [good, b"", b"\n\n", good[:-1], good + b"\n", good.replace(b"\n\n", b"\n"), b"a\n\nb\n", b"\xff" + good]
    notes += [good.replace("—".encode(), b"-"), good.replace(b"\n", b"\r\n"), good * 2, good.replace(b" ", b"  "), b"x" * 70_000]
    for _ in range(200):
        raw = bytearray(good)
        at = dice.randrange(len(raw))
        raw[at : at + dice.randrange(3)] = dice.choice([b"", b"\n", b"=", b" ", b"\x00", b"+", "—".encode(), b"A", b"\xc2\xa0"])
        notes.append(bytes(raw))
    ours = page.evaluate(
        """(notes) => notes.map((note) => {
          const bytes = Uint8Array.from(atob(note), (c) => c.charCodeAt(0));
          try { return verifierParts.parseNote(bytes).signatures.length; } catch (error) { return error.check ?? String(error); }
        })""",
        [b64(note) for note in notes],
    )
    theirs: list[Any] = []
    for note in notes:
        try:
            theirs.append(len(verifier.parse_note(note).signatures))
        except verifier.Problem as problem:
            theirs.append(problem.check)
    assert [(note, a, b) for note, a, b in zip(notes, ours, theirs, strict=True) if a != b] == []
    assert 3 in theirs
    assert "C1" in theirs


def test_both_take_the_same_signatures(page: Page) -> None:
    signer, message = w.Signer("x"), b"what was signed"
    public, good = verifier.parse_vkey(signer.vkey).public, signer.key.sign(message)
    order = (int.from_bytes(good[32:], "little") + verifier.L).to_bytes(32, "little")
    small = [b"\x01" + bytes(31), bytes(32), *(low + b"\xff" * 30 + b"\x7f" for low in (b"\xec", b"\xed", b"\xee"))]
    cases = [(public, message, good), (public, message, good[:32] + order), (public, b"else", good), (public, message, good[:63])]
    cases += [(key, message, key + bytes(32)) for key in small] + [(public, message, key + good[32:]) for key in small]
    for at in range(0, 512, 7):
        for which in range(2):
            spoilt = [bytearray(public), bytearray(good)]
            spoilt[which][at // 8 % len(spoilt[which])] ^= 1 << at % 8
            cases.append((bytes(spoilt[0]), message, bytes(spoilt[1])))
    ours = page.evaluate(
        """(cases) => cases.map((parts) => {
          const [key, message, signature] = parts.map((part) => Uint8Array.from(atob(part), (c) => c.charCodeAt(0)));
          try { verifierParts.verifyEd25519(key, message, signature); return true; } catch { return false; }
        })""",
        [[b64(part) for part in case] for case in cases],
    )
    theirs = []
    for case in cases:
        try:
            verifier.ed25519_verify(*case)
            theirs.append(True)
        except ValueError:
            theirs.append(False)
    assert ours == theirs
    assert ours[0] is True
    assert ours.count(True) == 1


def test_inclusion_is_proven_by_the_right_path_only(page: Page) -> None:
    leaves = [bytes.fromhex(w.sha(b"%d" % i)) for i in range(21)]
    cases = []
    for size in range(1, 22):
        for index in range(size):
            path = w.path(leaves[:size], index)
            right = (index, size, path)
            cases += [(*right, True), (index, size, [*path, leaves[0]], False), (index, size, path[:-1], not path)]
            cases += [(index + size, size, path, False), (index, size, path[::-1], path == path[::-1])]
    ours = page.evaluate(
        """([leaves, roots, cases]) => {
          const bytes = (raw) => Uint8Array.from(atob(raw), (c) => c.charCodeAt(0));
          return cases.map(([index, size, path]) => {
            try {
              const leaf = bytes(leaves[index % size]), root = bytes(roots[size - 1]);
              verifierParts.checkInclusion(leaf, index, size, path.map(bytes), root, "C20");
              return true;
            } catch { return false; }
          });
        }""",
        [
            [b64(leaf) for leaf in leaves],
            [b64(w.root(leaves[:size])) for size in range(1, 22)],
            [[index, size, [b64(step) for step in path]] for index, size, path, _ in cases],
        ],
    )
    assert [case for case, answer in zip(cases, ours, strict=True) if answer != case[3]] == []


def test_no_sentence_is_missing_in_either_language(page: Page) -> None:
    assert page.evaluate("verifierParts.missing()") == []
