"""Recheck and recount a poll of a public vote log, without trusting the server that published it.

    python -m verifier poll https://vote.example.org p1        everything the log says about one poll
    python -m verifier receipt my-receipt.txt --url https://vote.example.org

One file, standard library only, Python 3.9 or newer: it also runs alone as `python votelog_verify.py …`. It was written
from the published specification and shares no line with the server. Exit code 0: pass, 1: fail, 2: cannot tell, 3: usage.

A check returns a sentence or raises: `Problem` (the log is wrong: fail) or `CannotTell` (we could not look). It never
returns a truth value that a caller could forget to read.
"""
from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import http.client
import json
import os
import re
import sys
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Callable, Dict, Iterable, List, NoReturn, Optional, Sequence, Set, Tuple

MAX_ENTRY = 16_384
MAX_LOG = 20_000_000
MAX_NOTE = 65_536
MAX_BLOB = 16 * 1024 * 1024
MAX_RUNS = 100_000
ZERO = "0" * 64
TIMEOUT_S = 30


class Problem(Exception):
    """The log, or the file in hand, breaks a rule. `check` is the id of the check that found it."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(reason)
        self.check = check


class CannotTell(Exception):
    """Nothing is known to be wrong, but we could not look (unreachable, not published yet, unknown rule)."""


class Usage(Exception):
    """The command line makes no sense."""


# ------------------------------------------------------------------------------------------------ bytes and JSON

def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hexhash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def unbase64(text: str, check: str, what: str) -> bytes:
    """Strict standard base64: padded, and the only spelling of its bytes."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(check, f"{what} is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Problem(check, f"{what} is not strict base64")
    return data


def canonical(value: Any) -> bytes:
    """RFC 8785 for the values we allow: no floats, ASCII keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > 2**53 - 1:
        raise ValueError("an integer beyond 2^53-1")
    return int(text)


def _no_float(text: str) -> NoReturn:
    raise ValueError("a number that is not an integer")


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    for key, _ in pairs:
        if not re.fullmatch(r"[a-z0-9_.-]+", key):
            raise ValueError("a key outside [a-z0-9_.-]")
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def parse_canonical(raw: bytes, check: str, what: str, limit: int = MAX_ENTRY) -> Any:
    """The value of canonical JSON; anything that would serialise to other bytes is a Problem."""
    if len(raw) > limit:
        raise Problem(check, f"{what} is longer than {limit} bytes")
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_int=_whole, parse_float=_no_float, parse_constant=_no_float)
        if unicodedata.normalize("NFC", text) != text and not _all_nfc(value):
            raise ValueError("text that is not in NFC")
        same = canonical(value) == raw
    except (ValueError, RecursionError) as error:          # UnicodeError and JSONDecodeError are ValueErrors
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
        raise Problem(check, f"{what} is not canonical JSON: {reason}") from None
    if not same:
        raise Problem(check, f"{what} is not canonical JSON: its bytes would be written differently")
    return value


def _all_nfc(value: Any) -> bool:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value) == value
    return all(map(_all_nfc, value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()))


def plain(value: Any) -> str:
    """Text safe for a terminal: no control or direction-override characters, at most 200 long."""
    text = "".join(c if c in "\u200c\u200d" or unicodedata.category(c)[0] != "C" else "\ufffd" for c in str(value))
    return text if len(text) <= 200 else text[:199] + "…"


# ------------------------------------------------------------------------------------- Ed25519 (RFC 8032), verify only

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = Tuple[int, int, int, int]                          # extended coordinates X, Y, Z, T
IDENTITY: Point = (0, 1, 1, 0)


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _decompress(data: bytes) -> Point:
    """The point of 32 bytes; ValueError when they are no point or not its canonical spelling."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        raise ValueError("coordinate out of range")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not on the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _compress(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    return (point[1] * inverse % P | (point[0] * inverse % P & 1) << 255).to_bytes(32, "little")


BASE = _decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises ValueError unless `signature` is good. Refuses S >= L and public keys of small order."""
    if len(public) != 32 or len(signature) != 64:
        raise ValueError("wrong length")
    key, s = _decompress(public), int.from_bytes(signature[32:], "little")
    if s >= L:
        raise ValueError("S is not canonical")
    if _compress(_times(8, key)) == _compress(IDENTITY):
        raise ValueError("public key of small order")
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus_key = (P - key[0], key[1], key[2], P - key[3])
    if _compress(_add(_times(s, BASE), _times(h, minus_key))) != signature[:32]:
        raise ValueError("the signature does not match")


# --------------------------------------------------------------------------------------------- signed notes (C2SP)

@dataclass(frozen=True)
class Vkey:
    """A C2SP verifier key: `name+<key id, 8 hex>+<base64 of 0x01 and the Ed25519 key>`."""

    text: str
    name: str
    key_id: bytes
    public: bytes


def parse_vkey(text: str, check: str = "C1") -> Vkey:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not _good_name(name) or not re.fullmatch(r"[0-9a-f]{8}", key_id):
        raise Problem(check, f"not a verifier key: {plain(text)}")
    key = unbase64(encoded, check, "the verifier key")
    if len(key) != 33 or key[0] != 1:
        raise Problem(check, "the verifier key is not of type 0x01 (Ed25519)")
    if sha256(name.encode() + b"\n" + key)[:4].hex() != key_id:
        raise Problem(check, "the key id does not match the verifier key")
    return Vkey(text, name, bytes.fromhex(key_id), key[1:])


def _good_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or unicodedata.category(c)[0] == "C" for c in name)


@dataclass(frozen=True)
class Note:
    text: str                                              # with its final newline: what was signed
    signatures: Tuple[Tuple[str, bytes, bytes], ...]       # name, key id, signature


def parse_note(raw: bytes, check: str = "C1") -> Note:
    """The strict C2SP signed-note syntax. Verifies nothing yet."""
    if len(raw) > MAX_NOTE:
        raise Problem(check, "the note is too long")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(check, "the note is not UTF-8") from None
    if any(c < " " and c != "\n" for c in text):
        raise Problem(check, "the note holds control characters")
    body, gap, tail = text.rpartition("\n\n")
    if not gap or not body or not tail.endswith("\n"):
        raise Problem(check, "the note has no signature block")
    signatures = []
    for line in tail[:-1].split("\n"):
        match = re.fullmatch(r"— ([^ ]+) ([A-Za-z0-9+/=]+)", line)
        if not match or not _good_name(match[1]):
            raise Problem(check, "the note has a malformed signature line")
        data = unbase64(match[2], check, "a signature")
        if len(data) < 5:
            raise Problem(check, "the note has a signature that is too short")
        signatures.append((match[1], data[:4], data[4:]))
    if len(signatures) > 100:
        raise Problem(check, "the note has too many signatures")
    return Note(body + "\n", tuple(signatures))


def verify_note(note: Note, key: Vkey, check: str) -> None:
    """Raises unless the note carries a good signature of `key`, and no bad one under its name and id."""
    mine = [signature for name, key_id, signature in note.signatures if (name, key_id) == (key.name, key.key_id)]
    if not mine:
        raise Problem(check, f"no signature by {key.name} (key id {key.key_id.hex()})")
    for signature in mine:
        try:
            ed25519_verify(key.public, note.text.encode(), signature)
        except ValueError as error:
            raise Problem(check, f"bad signature by {key.name}: {error}") from None


def parse_checkpoint(note: Note, check: str = "C1") -> Tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint body, which has exactly these three lines."""
    lines = note.text[:-1].split("\n")
    if len(lines) != 3 or not _good_name(lines[0]):
        raise Problem(check, "the checkpoint does not consist of origin, size and root")
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
        raise Problem(check, "the checkpoint's size is not a plain number")
    root = unbase64(lines[2], check, "the checkpoint's root")
    if len(root) != 32:
        raise Problem(check, "the checkpoint's root is not 32 bytes")
    return lines[0], int(lines[1]), root


# ------------------------------------------------------------------------------------------- Merkle tree (RFC 6962)

def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """MTH over leaf hashes that are given already hashed, by folding equal-sized subtrees."""
    stack: List[bytes] = []
    count = 0
    for count, node in enumerate(leaves, 1):
        low = count
        while low % 2 == 0:
            node, low = node_hash(stack.pop(), node), low // 2
        stack.append(node)
    if not count:
        return sha256(b"")
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes, check: str) -> None:
    """RFC 9162 section 2.1.3.2. Raises unless `path` leads from `leaf` at `index` to `root`."""
    if not 0 <= index < size:
        raise Problem(check, f"index {index} is not inside a tree of size {size}")
    node, fn, sn = leaf, index, size - 1
    for step in path:
        if len(step) != 32 or sn == 0:
            raise Problem(check, "the inclusion proof has the wrong length")
        if fn % 2 or fn == sn:
            node = node_hash(step, node)
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, step)
        fn, sn = fn >> 1, sn >> 1
    if sn or node != root:
        raise Problem(check, "the inclusion proof does not lead to the signed root")


# ---------------------------------------------------------------------------------------------- where bytes come from

class Missing(Exception):
    """The source answers, and has no such file."""


class Progress:
    """One line on stderr for whoever waits longer than two seconds in front of a terminal."""

    def __init__(self) -> None:
        self.start = self.last = time.monotonic()
        self.shown = False

    def tick(self, text: str) -> None:
        now = time.monotonic()
        if now - self.start > 2 and now - self.last > 0.2 and sys.stderr.isatty():
            sys.stderr.write(f"\r{text:<60}")
            sys.stderr.flush()
            self.last, self.shown = now, True

    def clear(self) -> None:
        if self.shown:
            sys.stderr.write("\r" + " " * 60 + "\r")
            self.shown = False


class Directory:
    """The files of a log prefix in a local directory."""

    def __init__(self, root: str) -> None:
        self.root = self.name = os.path.abspath(root)

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` + 1 bytes, so that the caller sees what is too long. Raises Missing, CannotTell."""
        try:
            with open(os.path.join(self.root, *path.split("/")), "rb") as file:
                return file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Missing(path) from None
        except OSError as error:
            raise CannotTell(f"cannot read {path}: {error.strerror}") from None


class Web:
    """The files of a log prefix over http or https."""

    def __init__(self, prefix: str) -> None:
        try:
            parts = urllib.parse.urlsplit(prefix)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise Usage(f"not an http or https address: {plain(prefix)}")
        self.name = prefix.rstrip("/") + "/"
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if local else None))

    def read(self, path: str, limit: int) -> bytes:
        """As Directory.read."""
        request = urllib.request.Request(self.name + path, headers={"User-Agent": "votelog-verify/1", "Accept": "*/*"})
        try:
            with self.opener.open(request, timeout=TIMEOUT_S) as answer:
                data: bytes = answer.read(limit + 1)
                promised = answer.headers.get("Content-Length", "")
                if promised.isdigit() and len(data) < min(int(promised), limit + 1):
                    raise CannotTell(f"the connection broke off while reading {self.name}{path}")
                return data
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                raise Missing(path) from None
            raise CannotTell(f"{self.name}{path} answers with HTTP status {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:   # URLError and timeouts are OSErrors
            raise CannotTell(f"cannot reach {self.name}{path}: {plain(getattr(error, 'reason', None) or error)}") from None


def read(source: Any, path: str, limit: int, check: str, what: str) -> bytes:
    """A file that the log has promised by its signature: its absence is a Problem, not bad luck."""
    try:
        data: bytes = source.read(path, limit)
    except Missing:
        raise Problem(check, f"the log does not serve {what} ({path})") from None
    if len(data) > limit:
        raise Problem(check, f"{what} is longer than {limit} bytes ({path})")
    return data


def read_blob(source: Any, name: str, limit: int, check: str, what: str) -> bytes:
    data = read(source, "blob/" + name, limit, check, what)
    if hexhash(data) != name:
        raise Problem(check, f"the bytes of {what} do not have the SHA-256 that the log names ({name[:16]}…)")
    return data


@dataclass(frozen=True)
class Place:
    """A log that can be read, and what the instance says about it (empty when only the log itself was named)."""

    source: Any
    declared: Dict[str, Any]


def find_logs(base: str) -> List[Place]:
    """The logs behind a directory, a log prefix or the address of an instance."""
    if "://" not in base:
        if not os.path.isdir(base):
            raise Usage(f"neither a directory nor an http(s) address: {plain(base)}")
        return [Place(Directory(base), {})]
    web = Web(base)
    try:
        answer = json.loads(web.read("log/", MAX_NOTE).decode("utf-8"))
        common = {"receipt_vkey": answer["receipt_vkey"]} if "receipt_vkey" in answer else {}
        places = [Place(Web(urllib.parse.urljoin(web.name, log["prefix"])), {**common, **log}) for log in answer["logs"]]
    except Missing:
        return [Place(web, {})]                            # no list of logs here, so this must be a log itself
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CannotTell(f"{web.name}log/ does not answer with a readable list of logs") from None
    except Usage as error:
        raise CannotTell(f"{web.name}log/ names a log that cannot be fetched: {error}") from None
    if not places:
        raise CannotTell(f"{web.name}log/ names no log yet")
    return places


# --------------------------------------------------------------------------------------------------------- reporting

@dataclass
class Report:
    """What was checked, with which outcome: pass, fail, warn, n/a, or open (could not be checked)."""

    checks: List[Dict[str, str]] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)
    undecided: List[str] = field(default_factory=list)
    log: Dict[str, Any] = field(default_factory=dict)
    poll: Dict[str, Any] = field(default_factory=dict)

    def add(self, check: str, status: str, text: str) -> None:
        self.checks.append({"id": check, "status": status, "text": plain(text)})

    def run(self, check: str, function: Callable[[], str], needs: str = "") -> None:
        """Do one check, unless one of those it `needs` has failed."""
        failed = [c["id"] for c in self.checks if c["id"] in needs.split() and c["status"] in ("fail", "open")]
        if failed:
            if check not in failed:
                self.add(check, "open", f"not reached because {', '.join(sorted(set(failed)))} did not pass")
            return
        try:
            self.add(check, "pass", function())
        except Problem as problem:
            self.add(problem.check, "fail", str(problem))
            if problem.check != check:
                self.add(check, "open", f"not reached because {problem.check} did not pass")
        except CannotTell as reason:
            self.add(check, "open", str(reason))
            self.undecided.append(str(reason))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError, MemoryError) as error:
            # What hostile bytes make of a check that did not foresee them is a failed check, never a traceback.
            self.add(check, "fail", f"the published data is malformed ({type(error).__name__})")

    @property
    def verdict(self) -> str:
        if any(c["status"] == "fail" for c in self.checks):
            return "fail"
        return "cannot tell" if self.undecided or any(c["status"] == "open" for c in self.checks) else "pass"


# ------------------------------------------------------------------------------------------- what entries must look like

def whole(low: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= low


def digits(length: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{%d}" % length, value) is not None


def one_of(*allowed: Any) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(a) and value == a for a in allowed)


def or_null(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or test(value)


def word(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in value)


def text(value: Any) -> bool:
    return isinstance(value, str)


def option_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9_.-]+", value) is not None


hash_hex = digits(64)
TALLY = {"name": word, "version": word, "sha256": hash_hex}
RULES: Dict[str, Any] = {
    "pb-greedy-v1": {"mode": one_of("skip", "stop"), "threshold": whole(0), "pots": one_of(None), "groups": one_of(None)},
    "pb-mes-v1": {
        "utility": one_of("cost", "cardinality"), "integral": one_of(True, False), "step": whole(1),
        "completion": one_of([], ["add1"], ["utilitarian"], ["add1", "utilitarian"]), "stop_when_exhaustive": one_of(True, False),
    },
}
ENTRIES: Dict[str, Any] = {
    "log.opened": {"origin": word, "vkey": word, "software": {"name": word, "version": word, "commit": text}},
    "poll.created": {
        "title_sha256": hash_hex, "options": [{"id": option_id, "title_sha256": hash_hex, "cost?": whole(0)}], "method": word,
        "rule": lambda v: isinstance(v, dict), "budget?": whole(0), "opens_at": whole(0), "closes_at": whole(0),
        "ballot": {"approve": {"min": whole(0), "max": or_null(whole(0)), "max_cost": or_null(whole(0))}},
        "ballots": one_of("live"), "visibility": one_of("live", "turnout"), "secrecy": one_of("L1"),
        "revote": one_of("none", "last"), "mix": {"k": whole(1), "max_s": whole(0)}, "disclosure": one_of("full"),
        "min_cell": one_of(10), "tally": TALLY, "origin?": one_of("import"),
        "tie": {"rule": one_of("lots-v1"), "seed_source": one_of("commit-reveal"), "commit": hash_hex},
    },
    "roll.committed": {"roll": word, "count": whole(0), "root": hash_hex, "rule_sha256": hash_hex},
    "credentials.committed": {"count": whole(0), "root": hash_hex, "blob_sha256": hash_hex},
    "poll.opened": {"config": hash_hex, "roll": hash_hex},
    "ballot.cast": {"bid": digits(32), "cred": hash_hex, "rev": whole(0), "b": {"approve": [text]},
                    "origin?": one_of("import")},
    "poll.closed": {"reason": one_of("scheduled", "by_hand"), "ballots": whole(0), "last_n": whole(0),
                    "ballots_sha256": hash_hex},
    "participation.published": {"roll": word, "used": whole(0), "bitmap_sha256": hash_hex},
    "tally.published": {
        "tally": TALLY, "act": whole(1), "nonce": hash_hex, "ballots_root": hash_hex, "ballots_sha256": hash_hex,
        "counted": whole(0), "replaced": whole(0), "voided": whole(0), "invalid": whole(0), "result_sha256": hash_hex,
    },
}
AFTER: Dict[str, Set[str]] = {                             # type of a poll's entry -> types that may come right before it
    "poll.created": {""}, "roll.committed": {"poll.created"}, "credentials.committed": {"roll.committed"},
    "poll.opened": {"credentials.committed"}, "ballot.cast": {"poll.opened", "ballot.cast"},
    "poll.closed": {"poll.opened", "ballot.cast"}, "participation.published": {"poll.closed"},
    "tally.published": {"participation.published", "tally.published"},
}


def shape(value: Any, spec: Any, where: str) -> None:
    """Raises (C6) unless `value` has exactly the fields of `spec`; a name ending in `?` may be absent."""
    if callable(spec):
        if not spec(value):
            raise Problem("C6", f"{where} has a value that is not allowed")
    elif isinstance(spec, list):
        if not isinstance(value, list):
            raise Problem("C6", f"{where} is not a list")
        for index, item in enumerate(value):
            shape(item, spec[0], f"{where}[{index}]")
    else:
        if not isinstance(value, dict):
            raise Problem("C6", f"{where} is not an object")
        known = {name.rstrip("?") for name in spec}
        for name in value:
            if name not in known:
                raise Problem("C6", f"{where} has an unknown field {name}")
        for name, test in spec.items():
            if name.rstrip("?") in value:
                shape(value[name.rstrip("?")], test, f"{where}.{name.rstrip('?')}")
            elif not name.endswith("?"):
                raise Problem("C6", f"{where} lacks the field {name}")


def parse_entry(raw: bytes, index: int) -> Dict[str, Any]:
    """One entry, its envelope and fields checked (C6). Its chain and its place among others are not."""
    where = f"entry {index}"
    entry = parse_canonical(raw, "C6", where)
    kind = entry.get("type") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in ENTRIES:
        raise Problem("C6", f"{where} has a type that this program does not know: {plain(kind)}")
    envelope = {"d": lambda v: True, "n": whole(0), "poll": lambda v: v == "" or word(v), "prev": hash_hex,
                "type": one_of(kind), "v": one_of(1)}
    shape(entry, envelope if kind == "ballot.cast" else {**envelope, "t": whole(0)}, f"{where} ({kind})")
    shape(entry["d"], ENTRIES[kind], f"{where} ({kind})")
    if (kind == "log.opened") != (entry["poll"] == "") or (kind == "log.opened") != (index == 0):
        raise Problem("C6", f"{where} ({kind}) stands where its type may not: log.opened is index 0, all others name a poll")
    if kind == "poll.created":
        _check_config(entry["d"], f"{where} ({kind})")
    return entry                                           # type: ignore[no-any-return]


def _check_config(config: Dict[str, Any], where: str) -> None:
    ids = [option["id"] for option in config["options"]]
    if len(set(ids)) != len(ids) or not ids:
        raise Problem("C6", f"{where} needs options, each with an id of its own")
    if config["tally"]["sha256"] != hexhash(canonical(config["rule"])):
        raise Problem("C6", f"{where}: tally.sha256 is not the hash of the rule")
    if config["method"] in RULES:
        shape(config["rule"], RULES[config["method"]], where + ".rule")
        least = 1 if config["method"] == "pb-mes-v1" else 0
        if "budget" not in config or not all(option.get("cost", -1) >= least for option in config["options"]):
            raise Problem("C6", f"{where} is a budget poll without a budget or without the cost of every option")


# ----------------------------------------------------------------------------------------------------------- the log

@dataclass
class Log:
    source: Any
    origin: str = ""
    size: int = 0
    root: bytes = b""
    note: bytes = b""
    key: Optional[Vkey] = None
    raw: List[bytes] = field(default_factory=list)
    leaves: List[bytes] = field(default_factory=list)
    entries: List[Dict[str, Any]] = field(default_factory=list)

    def of_poll(self, poll: str) -> List[Tuple[int, Dict[str, Any]]]:
        return [(index, entry) for index, entry in enumerate(self.entries) if entry["poll"] == poll]


def tile_path(level: str, number: int, width: int) -> str:
    """Path of a tile as in tlog-tiles: `tile/0/x001/067`, with `.p/5` where it holds fewer than 256."""
    groups = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        groups = f"x{number % 1000:03d}/{groups}"
    return f"tile/{level}/{groups}" + (f".p/{width}" if width < 256 else "")


def read_tile(source: Any, level: str, number: int, width: int, limit: int) -> Tuple[bytes, bool]:
    """A tile, and whether it is the full one that replaced the partial tile we asked for."""
    path = tile_path(level, number, width)
    if width < 256:
        try:
            data: bytes = source.read(path, limit)
            if len(data) > limit:
                raise Problem("C5", f"{path} is too long")
            return data, False
        except Missing:                                    # a server may drop partial tiles once the full one exists
            try:
                return source.read(tile_path(level, number, 256), limit), True
            except Missing:
                pass
    return read(source, path, limit, "C5", "a tile"), False


def load_log(place: Place, given: Sequence[str], state_dir: Optional[str], report: Report, progress: Progress) -> Log:
    """Fetch a log whole and do C1 to C7, C9 left out. CannotTell when it cannot be fetched."""
    log = Log(place.source)
    try:
        log.note = place.source.read("checkpoint", MAX_NOTE)
    except Missing:
        raise CannotTell(f"no log is published at {log.source.name} (there is no checkpoint)") from None
    seen = _remembered(state_dir)
    report.run("C1", lambda: _parse_head(log, report))
    report.run("C5", lambda: _check_tree(log, progress), "C1")
    report.run("C1", lambda: _choose_key(log, place, given, seen, report), "C1")
    report.run("C2", lambda: _check_signature(log), "C1")
    report.add("C3", "warn", "witnesses: none. Only this log's own key vouches for the checkpoint")
    report.warnings.append("no witness has cosigned: the operator could show different people different logs, unless they "
                           "compare checkpoints or receipts (use --state to compare with what you saw before)")
    if state_dir is None:
        report.add("C4", "n/a", "same log as before (no --state given)")
    else:
        report.run("C4", lambda: _check_state(log, seen, state_dir), "C1 C2 C5")
    report.run("C6", lambda: _parse_all(log, progress), "C5")
    report.run("C7", lambda: _check_chains(log), "C5 C6")
    return log


def _parse_head(log: Log, report: Report) -> str:
    log.origin, log.size, log.root = parse_checkpoint(parse_note(log.note))
    report.log = {"origin": plain(log.origin), "size": log.size, "root": log.root.hex()}
    if log.size > MAX_LOG:
        raise CannotTell(f"a log of {log.size} entries is too large for this program")
    if log.size == 0:
        raise CannotTell("the log is empty")
    return f"checkpoint ({log.origin}, {log.size:,} entries)"


def _check_tree(log: Log, progress: Progress) -> str:
    bundles = (log.size + 255) // 256
    for number in range(bundles):
        progress.tick(f"reading entries {number * 256:,} of {log.size:,}")
        width = min(256, log.size - number * 256)
        data, longer = read_tile(log.source, "entries", number, width, 256 * (MAX_ENTRY + 2))
        at = 0
        for _ in range(width):
            length = int.from_bytes(data[at:at + 2], "big")
            if len(data) < at + 2 + length or length > MAX_ENTRY:
                raise Problem("C5", f"entry bundle {number} ends early or holds an entry that is too long")
            log.raw.append(data[at + 2:at + 2 + length])
            at += 2 + length
        if at != len(data) and not longer:
            raise Problem("C5", f"entry bundle {number} has bytes after its last entry")
    log.leaves = [leaf_hash(raw) for raw in log.raw]
    row, level = log.leaves, 0
    while row:
        for number in range((len(row) + 255) // 256):
            progress.tick(f"reading tiles of level {level}")
            expected = row[number * 256:number * 256 + 256]
            data, longer = read_tile(log.source, str(level), number, len(expected), 8192)
            if longer and len(data) != 8192:
                raise Problem("C5", f"the full tile {number} of level {level} is not 8,192 bytes long")
            if (data[:32 * len(expected)] if longer else data) != b"".join(expected):
                raise Problem("C5", f"tile {number} of level {level} does not match the entries below it")
        row = [tree_root(row[at:at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    if tree_root(log.leaves) != log.root:
        raise Problem("C5", "the entries do not have the root that the checkpoint states")
    return f"tree ({log.size:,} entries, {bundles} bundles, {level} tile levels)"


def _choose_key(log: Log, place: Place, given: Sequence[str], seen: List[Dict[str, Any]], report: Report) -> str:
    keys = [parse_vkey(text) for text in given]
    mine = [key for key in keys if key.name == log.origin]
    if keys and not mine and not all(key.name.endswith("/receipt") for key in keys):
        raise Problem("C1", f"the checkpoint is of {log.origin}, and the key given is of {keys[0].name}")
    how = "key given"
    if mine:
        log.key = mine[0]
    elif any(record["origin"] == log.origin for record in seen):
        log.key = parse_vkey(next(record["vkey"] for record in seen if record["origin"] == log.origin))
        how = "key remembered"
    if log.raw:
        opened = parse_entry(log.raw[0], 0)["d"]
        if opened["origin"] != log.origin or parse_vkey(opened["vkey"]).name != log.origin:
            raise Problem("C1", "the first entry names another origin than the checkpoint")
        if log.key is None:
            log.key, how = parse_vkey(opened["vkey"]), "key from the log itself"
            report.warnings.append("the key was taken from the log itself: it proves that the log is one piece, not whose it is. "
                                   "Get the key by another way and give it with --vkey")
        if opened["vkey"] != log.key.text:
            raise Problem("C1", f"the log states another key ({plain(opened['vkey'])}) than the one known ({log.key.text})")
    if log.key is None:
        raise CannotTell("the key is not known because the first entry could not be read")
    if place.declared and (place.declared.get("origin"), place.declared.get("vkey", log.key.text)) != (log.origin, log.key.text):
        raise Problem("C1", "the instance's list of logs names another origin or key than the log")
    return f"{how} ({log.key.text})"


def _check_signature(log: Log) -> str:
    if log.key is None:
        raise Problem("C1", "no key")
    verify_note(parse_note(log.note), log.key, "C2")
    return f"signature of the checkpoint (Ed25519, key id {log.key.key_id.hex()})"


def _state_file(directory: str) -> str:
    return os.path.join(directory, "votelog-verify.json")


def _remembered(directory: Optional[str]) -> List[Dict[str, Any]]:
    """What was stored about the logs that were looked at before."""
    if directory is None:
        return []
    try:
        with open(_state_file(directory), encoding="utf-8") as file:
            records: List[Dict[str, Any]] = json.load(file)
        return [{key: record[key] for key in ("source", "origin", "vkey", "size", "root", "note")} for record in records]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotTell(f"the saved state in {directory} cannot be read ({type(error).__name__})") from None


def _check_state(log: Log, seen: List[Dict[str, Any]], directory: str) -> str:
    if log.key is None:
        raise Problem("C1", "no key")
    text = "saved for the next time (nothing was saved before)"
    for record in seen:
        if record["source"] == log.source.name and record["origin"] != log.origin:
            raise Problem("C4", f"this place served the log {plain(record['origin'])} before, and now {log.origin}")
        if record["origin"] == log.origin:
            if record["size"] > log.size:
                raise Problem("C4", f"the log had {record['size']} entries when last seen and now shows {log.size}")
            if tree_root(log.leaves[:record["size"]]).hex() != record["root"]:
                raise Problem("C4", f"history was rewritten: the first {record['size']} entries are not those seen before")
            text = f"same log as before (grew from {record['size']:,} to {log.size:,} entries)"
    kept = [record for record in seen if record["origin"] != log.origin]
    kept.append({"source": log.source.name, "origin": log.origin, "vkey": log.key.text, "size": log.size,
                 "root": log.root.hex(), "note": log.note.decode("utf-8")})
    try:
        os.makedirs(directory, exist_ok=True)
        with open(_state_file(directory) + ".new", "w", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=False, indent=1)
        os.replace(_state_file(directory) + ".new", _state_file(directory))
    except OSError as error:
        raise CannotTell(f"the state cannot be saved in {directory}: {error.strerror}") from None
    return text


def _parse_all(log: Log, progress: Progress) -> str:
    for index, raw in enumerate(log.raw):
        progress.tick(f"parsing entry {index:,} of {log.size:,}")
        log.entries.append(parse_entry(raw, index))
    return f"canonical bytes and known fields ({log.size:,} entries)"


def _check_chains(log: Log) -> str:
    heads: Dict[str, Tuple[int, str]] = {}
    for index, entry in enumerate(log.entries):
        n, prev = heads.get(entry["poll"], (0, ZERO))
        if entry["n"] != n:
            raise Problem("C7", f"entry {index} has n = {entry['n']} where its chain is at {n}")
        if entry["prev"] != prev:
            raise Problem("C7", f"entry {index} does not name the entry before it in its chain")
        heads[entry["poll"]] = (n + 1, log.leaves[index].hex())
    return f"chains ({len(heads)} without a gap)"


# ---------------------------------------------------------------------------------------------------- counting again

def number(value: Fraction) -> str:
    """A fraction as results write it: lowest terms, `"7"` when whole."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def draw_lots(poll: str, ballots_sha256: str, nonce: str, ids: Sequence[str]) -> Tuple[str, List[str]]:
    """Seed and order of the lots, best first (lots-v1)."""
    seed = hexhash(f"lots-v1\n{poll}\n{ballots_sha256}\n{nonce}\n".encode())
    return seed, sorted(ids, key=lambda i: (sha256(f"{seed}\n{i}\n".encode()), i))


def ballot_file(poll: str, method: str, ids: Sequence[str], groups: Counter[Tuple[str, ...]]) -> bytes:
    """The canonical ballot file: three header lines and one sorted line for each different ballot."""
    lines = sorted(f"{count}\t{','.join(ballot)}\n".encode() for ballot, count in groups.items())
    return f"#contest: {poll}\n#rule: {method}\n#candidates: {','.join(ids)}\n".encode() + b"".join(lines)


@dataclass
class Contest:
    """What a budget rule counts: grouped ballots (id tuples, blank ones too), costs, money, and the order of the lots."""

    groups: Counter[Tuple[str, ...]]
    cost: Dict[str, int]
    budget: int
    lot: Dict[str, int]

    def __post_init__(self) -> None:
        self.score = dict.fromkeys(self.cost, 0)
        self.supporters: Dict[str, List[int]] = {option: [] for option in self.cost}
        self.sizes = list(self.groups.values())
        for place, (ballot, count) in enumerate(self.groups.items()):
            for option in ballot:
                self.score[option] += count
                self.supporters[option].append(place)


def walk_greedy(contest: Contest, projects: Iterable[str], money: int, threshold: int, stop: bool) -> List[Dict[str, Any]]:
    """pb-greedy-v1 over `projects` with `money`, one record a project."""
    score, cost, lot = contest.score, contest.cost, contest.lot
    rounds, stopped = [], False
    order = sorted(projects, key=lambda p: (-score[p], cost[p], lot[p]))
    for project in order:
        if score[project] < threshold:
            decision = "below_threshold"
        elif stopped:
            decision = "stopped"
        elif cost[project] <= money:
            decision, money = "funded", money - cost[project]
        else:
            decision, stopped = "unaffordable", stop
        tied = [p for p in order if (score[p], cost[p]) == (score[project], cost[project])]
        rounds.append({"option": project, "score": score[project], "cost": cost[project], "left": money,
                       "decision": decision, "tied": tied if len(tied) > 1 else []})
    return rounds


def run_equal_shares(contest: Contest, voter_budget: Fraction, by_cost: bool) -> List[Dict[str, Any]]:
    """One run of pb-mes-v1 in which every ballot starts with `voter_budget`; a record for each funded project.

    Balances are integers in units of 1/`unit`, and `unit` grows as needed: exact, and faster than fractions.
    """
    supporters, sizes = contest.supporters, contest.sizes
    unit = voter_budget.denominator
    balance = [voter_budget.numerator] * len(sizes)
    # rho can only rise within a run, since money only falls: an old rho above the best needs no second look.
    bound = dict.fromkeys((p for p in contest.cost if contest.score[p]), Fraction(0))
    rounds: List[Dict[str, Any]] = []
    while True:
        best: Optional[Fraction] = None
        found: Dict[str, Tuple[Fraction, int, int]] = {}
        for project in sorted(bound, key=lambda p: bound[p]):
            if best is not None and bound[project] > best:
                break
            due, voters = contest.cost[project] * unit, contest.score[project]
            for money, count in sorted((balance[i], sizes[i]) for i in supporters[project]):
                if money * voters >= due:                  # everyone from here on pays due / voters
                    rho = Fraction(due, voters * unit * (contest.cost[project] if by_cost else 1))
                    bound[project], found[project] = rho, (rho, due, voters)
                    best = rho if best is None else min(best, rho)
                    break
                due, voters = due - money * count, voters - count
            else:
                del bound[project]                         # its supporters together cannot pay for it any more
        if best is None:
            return rounds
        tied = sorted((contest.cost[p], -contest.score[p], contest.lot[p], p) for p in found if found[p][0] == best)
        project = tied[0][3]
        _, due, voters = found[project]
        rounds.append({"option": project, "cost": contest.cost[project], "supporters": contest.score[project],
                       "rho": number(best), "effective_votes": number(Fraction(contest.cost[project] * unit * voters, due)),
                       "tied": _alike(tied)})
        share = Fraction(due, voters)
        unit *= share.denominator
        balance = [money * share.denominator for money in balance]
        for i in supporters[project]:
            balance[i] -= min(balance[i], share.numerator)
        del bound[project]


def _alike(tied: List[Tuple[int, int, int, str]]) -> List[str]:
    alike = [entry[3] for entry in tied if entry[:2] == tied[0][:2]]
    return alike if len(alike) > 1 else []


def count_equal_shares(contest: Contest, rule: Dict[str, Any], tick: Callable[[str], None]) -> Dict[str, Any]:
    """pb-mes-v1 with its completions: the part of the result that the rule decides."""
    n = sum(contest.groups.values())
    if n == 0:
        return {"rounds": [], "voter_budget": "0", "runs": [], "winners": [], "spent": 0, "lots_used": False}
    add1 = "add1" in rule["completion"]
    share = Fraction(contest.budget // n) if add1 and rule["integral"] else Fraction(contest.budget, n)
    kept: List[Dict[str, Any]] = []
    runs: List[Dict[str, Any]] = []
    kept_share = share
    while True:
        tick(f"equal shares, run {len(runs) + 1}")
        if len(runs) >= MAX_RUNS:
            raise CannotTell(f"the count needs more than {MAX_RUNS} runs")
        rounds = run_equal_shares(contest, share, rule["utility"] == "cost")
        spent = sum(r["cost"] for r in rounds)
        runs.append({"voter_budget": number(share), "spent": spent, "winners": len(rounds)})
        if spent > contest.budget:
            break
        kept, kept_share = rounds, share
        open_costs = [contest.cost[p] for p in contest.cost if contest.score[p] and p not in {r["option"] for r in rounds}]
        if not add1 or not open_costs or (rule["stop_when_exhaustive"] and min(open_costs) > contest.budget - spent):
            break
        share += rule["step"]
    winners = [r["option"] for r in kept]
    spent = sum(r["cost"] for r in kept)
    if "utilitarian" in rule["completion"]:
        rest = walk_greedy(contest, [p for p in contest.cost if p not in winners], contest.budget - spent, 0, False)
        kept = kept + [{**r, "completion": "utilitarian"} for r in rest]
        winners += [r["option"] for r in rest if r["decision"] == "funded"]
    return {"rounds": kept, "voter_budget": number(kept_share), "runs": runs, "winners": winners,
            "spent": sum(contest.cost[p] for p in winners), "lots_used": any(r["tied"] for r in kept)}


def count_greedy(contest: Contest, rule: Dict[str, Any]) -> Dict[str, Any]:
    rounds = walk_greedy(contest, contest.cost, contest.budget, rule["threshold"], rule["mode"] == "stop")
    winners = [r["option"] for r in rounds if r["decision"] == "funded"]
    return {"rounds": rounds, "winners": winners, "spent": sum(contest.cost[p] for p in winners),
            "lots_used": any(r["tied"] for r in rounds)}


def recount(poll: str, config: Dict[str, Any], groups: Counter[Tuple[str, ...]], nonce: str,
            tick: Callable[[str], None] = lambda text: None) -> Dict[str, Any]:
    """The whole result record of a poll, from its configuration and its ballots alone. Raises CannotTell for other rules."""
    method, ids = config["method"], [option["id"] for option in config["options"]]
    if method not in RULES:
        raise CannotTell(f"this program cannot count by the rule {plain(method)}; get a newer one")
    file_hash = hexhash(ballot_file(poll, method, ids, groups))
    seed, order = draw_lots(poll, file_hash, nonce, ids)
    contest = Contest(groups, {option["id"]: option["cost"] for option in config["options"]}, config["budget"],
                      {option: place for place, option in enumerate(order)})
    total = sum(groups.values())
    rule = config["rule"]
    outcome = count_greedy(contest, rule) if method == "pb-greedy-v1" else count_equal_shares(contest, rule, tick)
    return {"v": 1, "poll": poll, "rule": method, "options": config["rule"], "budget": config["budget"],
            "ballots_sha256": file_hash, "seed": seed, "tie_order": order,
            "input": {"ballots": total, "blank": groups.get((), 0), "valid": total - groups.get((), 0), "rejected": {}}, **outcome}


# ------------------------------------------------------------------------------------------------------- one poll's checks

class Poll:
    """The entries of one poll, sorted by what they are. The order among them is C8's business."""

    def __init__(self, log: Log, name: str, progress: Progress) -> None:
        self.log, self.name, self.progress = log, name, progress
        self.entries = log.of_poll(name)
        self.casts = [(index, e["d"]) for index, e in self.entries if e["type"] == "ballot.cast"]
        self.results: List[bytes] = []                     # what a recount gives, one for each act
        self.tallies = [e["d"] for _, e in self.entries if e["type"] == "tally.published"]
        last = {cast["cred"]: place for place, (_, cast) in enumerate(self.casts)}
        self.counted = [self.casts[place] for place in sorted(last.values())]
        self.groups: Counter[Tuple[str, ...]] = Counter(tuple(sorted(cast["b"]["approve"])) for _, cast in self.counted)

    def one(self, kind: str) -> Dict[str, Any]:
        """The `d` of the poll's entry of this type."""
        for _, entry in self.entries:
            if entry["type"] == kind:
                d: Dict[str, Any] = entry["d"]
                return d
        raise Problem("C8", f"the poll has no {kind}")

    @property
    def ids(self) -> List[str]:
        return [option["id"] for option in self.one("poll.created")["options"]]

    def blob_text(self, name: str, what: str, report: Report) -> str:
        """The text of a salted blob in its languages, or "" (with a warning) where the log no longer has it."""
        try:
            data = self.log.source.read("blob/" + name, MAX_NOTE)
        except Missing:
            report.warnings.append(f"{what} is no longer served (it may have been erased); nothing counted depends on it")
            return ""
        if len(data) > MAX_NOTE or hexhash(data) != name:
            raise Problem("C6", f"the bytes of {what} do not have the SHA-256 that the log names ({name[:16]}…)")
        texts = parse_canonical(data[16:], "C6", what, MAX_NOTE)
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise Problem("C6", f"{what} is not a text by language")
        return plain(" / ".join(texts.values()))


def check_texts(poll: Poll, report: Report, titles: Dict[str, str]) -> str:
    config = poll.one("poll.created")
    titles[""] = poll.blob_text(config["title_sha256"], "the poll's title", report)
    for option in config["options"]:
        titles[option["id"]] = poll.blob_text(option["title_sha256"], f"the title of {option['id']}", report)
    rules = [e["d"]["rule_sha256"] for _, e in poll.entries if e["type"] == "roll.committed"]
    for name in rules:
        titles["\nroll"] = poll.blob_text(name, "the eligibility rule", report)
    return f"texts ({len(config['options'])} titles as the log names them)"


def check_order(poll: Poll) -> str:
    leaf: Dict[str, str] = {}
    before = ""
    for index, entry in poll.entries:
        kind = entry["type"]
        if before not in AFTER[kind]:
            raise Problem("C8", f"entry {index}: {kind} may not follow {before or 'nothing'}")
        if kind == "poll.opened" and (entry["d"]["config"], entry["d"]["roll"]) != (leaf["poll.created"], leaf["roll.committed"]):
            raise Problem("C8", f"entry {index}: poll.opened does not name this poll's configuration and roll")
        leaf[kind] = poll.log.leaves[index].hex()
        before = kind
    return f"order of events ({len(poll.entries):,} entries, the last is {before})"


def check_credentials(poll: Poll) -> str:
    if "credentials.committed" not in {entry["type"] for _, entry in poll.entries}:
        return "credentials (not committed yet, and no ballot cast)"
    committed, roll = poll.one("credentials.committed"), poll.one("roll.committed")
    if committed["count"] != roll["count"]:
        raise Problem("C10", f"{committed['count']} credentials were made for a roll of {roll['count']}")
    size = 16 + 32 * committed["count"]
    data = read_blob(poll.log.source, committed["blob_sha256"], size, "C10", "the credential list")
    leaves = [data[at:at + 32] for at in range(16, len(data), 32)]
    if len(data) != size or leaves != sorted(set(leaves)):
        raise Problem("C10", "the credential list is not a sorted list of different hashes of the stated length")
    if tree_root(leaves).hex() != committed["root"]:
        raise Problem("C10", "the credential list does not have the committed root")
    known = set(leaves)
    for index, cast in poll.casts:
        if leaf_hash(sha256(bytes.fromhex(cast["cred"]))) not in known:
            raise Problem("C10", f"entry {index} was cast with a credential that is not in the committed list")
    return f"credentials ({committed['count']:,} committed, {len(poll.counted):,} used)"


def check_revisions(poll: Poll) -> str:
    bids: Set[str] = set()
    next_rev: Counter[str] = Counter()
    may_revote = poll.one("poll.created")["revote"] == "last"
    for index, cast in poll.casts:
        if cast["bid"] in bids:
            raise Problem("C11", f"entry {index} repeats the receipt number {cast['bid']}")
        if cast["rev"] != next_rev[cast["cred"]]:
            raise Problem("C11", f"entry {index} has revision {cast['rev']} where {next_rev[cast['cred']]} is next")
        if cast["rev"] and not may_revote:
            raise Problem("C11", f"entry {index} is a second ballot in a poll without revoting")
        bids.add(cast["bid"])
        next_rev[cast["cred"]] += 1
    return f"one ballot for each credential ({len(poll.casts):,} cast, {len(poll.casts) - len(poll.counted):,} replaced)"


def check_ballots(poll: Poll) -> str:
    config = poll.one("poll.created")
    cost = {option["id"]: option.get("cost", 0) for option in config["options"]}
    limits = config["ballot"]["approve"]
    for index, cast in poll.casts:
        marks = cast["b"]["approve"]
        if marks != sorted(set(marks)) or not set(marks) <= set(cost):
            raise Problem("C12", f"entry {index} is not a sorted list of different options of this poll")
        if len(marks) < limits["min"] or (limits["max"] is not None and len(marks) > limits["max"]):
            raise Problem("C12", f"entry {index} approves {len(marks)} options, outside the limits")
        if limits["max_cost"] is not None and sum(cost[mark] for mark in marks) > limits["max_cost"]:
            raise Problem("C12", f"entry {index} costs more than a ballot may")
    return f"valid ballots ({len(poll.casts):,})"


def check_sums(poll: Poll) -> str:
    closed, casts, counted = poll.one("poll.closed"), len(poll.casts), len(poll.counted)
    n_of_close = next(entry["n"] for _, entry in poll.entries if entry["type"] == "poll.closed")
    if (closed["ballots"], closed["last_n"]) != (casts, n_of_close - 1):
        raise Problem("C15", f"poll.closed states {closed['ballots']} ballots up to n = {closed['last_n']}; "
                             f"there are {casts} up to {n_of_close - 1}")
    file_hash = hexhash(ballot_file(poll.name, poll.one("poll.created")["method"], poll.ids, poll.groups))
    root = tree_root(poll.log.leaves[index] for index, _ in poll.counted).hex()
    if closed["ballots_sha256"] != file_hash:
        raise Problem("C15", "poll.closed names another ballot file than the ballots in the log make")
    for tally in poll.tallies:
        if tally["ballots_sha256"] != file_hash:
            raise Problem("C15", "tally.published names another ballot file than the ballots in the log make")
        if tally["ballots_root"] != root:
            raise Problem("C15", "tally.published names another root of the counted ballots")
        if (tally["counted"], tally["replaced"], tally["voided"], tally["invalid"]) != (counted, casts - counted, 0, 0):
            raise Problem("C15", f"the tally counts {tally['counted']} ballots, {tally['replaced']} replaced, {tally['voided']} "
                                 f"voided, {tally['invalid']} invalid; the log holds {counted}, {casts - counted}, 0 and 0")
    return f"sums ({casts:,} cast = {counted:,} counted + {casts - counted:,} replaced)"


def check_tally(poll: Poll) -> str:
    """Recount, and compare with what was published, field by field, so that the report names what differs."""
    config, result = poll.one("poll.created"), {}
    for act, tally in enumerate(poll.tallies, 1):
        if tally["act"] != act:
            raise Problem("C16", f"result act number {tally['act']} stands where act {act} is next")
        if tally["tally"] != config["tally"]:
            raise Problem("C16", "the tally names another counting rule than the poll did when it was created")
        if hexhash(bytes.fromhex(tally["nonce"])) != config["tie"]["commit"]:
            raise Problem("C16", "the nonce behind the lots is not the one committed to when the poll was created")
        result = recount(poll.name, config, poll.groups, tally["nonce"], poll.progress.tick)
        poll.results.append(canonical(result))
        published = _published_result(poll, tally, "C16")
        for name in sorted(set(result) | set(published)):
            if name not in published or name not in result or canonical(result[name]) != canonical(published[name]):
                raise Problem("C16", f"a recount differs from the published result in: {name}")
    runs = f"{len(result['runs']):,} run{'' if len(result['runs']) == 1 else 's'}, " if "runs" in result else ""
    return f"tally ({config['method']}, {runs}{result['input']['ballots']:,} ballots)"


def _published_result(poll: Poll, tally: Dict[str, Any], check: str) -> Dict[str, Any]:
    data = read_blob(poll.log.source, tally["result_sha256"], MAX_BLOB, "C17", "the published result")
    result = parse_canonical(data, "C17", "the published result", MAX_BLOB)
    if not isinstance(result, dict):
        raise Problem(check, "the published result is not an object")
    return result


def check_result(poll: Poll) -> str:
    if [tally["result_sha256"] for tally in poll.tallies] != [hexhash(result) for result in poll.results]:
        raise Problem("C17", "the published result is not, byte for byte, what a recount writes")
    return f"result file ({len(poll.results[-1]):,} bytes, {poll.tallies[-1]['result_sha256'][:16]}…)"


def check_mix(poll: Poll) -> str:
    config = poll.one("poll.created")
    if config["visibility"] == "turnout" and poll.casts:
        raise Problem("C18", f"{len(poll.casts)} ballots are in the log before the close of a poll that holds them all back")
    if 0 < len(poll.casts) < config["mix"]["k"]:
        raise Problem("C18", f"only {len(poll.casts)} ballots are in the log of an open poll: a group of fewer than was promised")
    return f"mix (while open: {len(poll.casts):,} ballots, groups of at least {config['mix']['k']} are possible)"


def check_participation(poll: Poll) -> str:
    stated, roll = poll.one("participation.published"), poll.one("roll.committed")
    if stated["roll"] != roll["roll"]:
        raise Problem("C19", "participation is stated for another roll")
    size = (roll["count"] + 7) // 8
    bits = read_blob(poll.log.source, stated["bitmap_sha256"], size, "C19", "the participation bitmap")
    ones = bin(int.from_bytes(bits, "big")).count("1")
    if len(bits) != size or int.from_bytes(bits, "big") & ((1 << (8 * size - roll["count"])) - 1):
        raise Problem("C19", "the participation bitmap does not have one bit for each roll entry")
    if not ones == stated["used"] == len(poll.counted):
        raise Problem("C19", f"{len(poll.counted)} credentials cast a ballot, {stated['used']} are stated, {ones} are marked")
    return f"participation ({ones:,} of {roll['count']:,})"


BLIND_SPOTS = (
    "not checked: whether the people on the roll exist and may vote, and whether somebody was left out",
    "not checked: whether anyone was paid or pressed (a receipt in this kind of poll shows how one voted)",
    "not checked: ghost voters. Whoever did not vote should look up the own participation bit",
)


def verify_poll(base: str, name: str, vkeys: Sequence[str], state: Optional[str], progress: Progress) -> Report:
    """All checks of one poll. CannotTell when nothing could be looked at."""
    for place in find_logs(base):
        report = Report()
        log = load_log(place, vkeys, state, report, progress)
        if any(entry["poll"] == name for entry in log.entries) or report.verdict == "fail":
            break
    if len(log.entries) == log.size and not any(c["id"] in ("C6", "C7") and c["status"] == "fail" for c in report.checks):
        poll = Poll(log, name, progress)
        if poll.entries:
            _run_poll_checks(poll, report)
        else:
            report.undecided.append(f"there is no poll {plain(name)} in this log, or not yet")
    report.warnings.extend(BLIND_SPOTS)
    return report


def _run_poll_checks(poll: Poll, report: Report) -> None:
    titles: Dict[str, str] = {}
    report.run("C6", lambda: check_texts(poll, report, titles))
    report.run("C8", lambda: check_order(poll))
    report.add("C9", "n/a", "two officials (no entry of this kind of poll needs two)")
    report.run("C10", lambda: check_credentials(poll), "C8")
    report.run("C11", lambda: check_revisions(poll), "C8")
    report.run("C12", lambda: check_ballots(poll), "C8")
    report.add("C13", "n/a", "voided ballots (no poll of this kind has any)")
    report.add("C14", "n/a", "openings (ballots are not sealed)")
    kinds = {entry["type"] for _, entry in poll.entries}
    state = ("published" if poll.tallies else "closed" if "poll.closed" in kinds
             else "still open" if "poll.opened" in kinds else "not open yet")
    if "poll.closed" in kinds:
        report.run("C15", lambda: check_sums(poll), "C8")
    if poll.tallies:
        report.run("C16", lambda: check_tally(poll), "C8 C12")
        report.run("C17", lambda: check_result(poll), "C8 C16")
        report.run("C19", lambda: check_participation(poll), "C8")
    else:
        report.undecided.append(f"the poll is {state}; its tally is not published yet")
    if "poll.closed" in kinds or any(e["d"].get("origin") == "import" for _, e in poll.entries if e["type"] == "poll.created"):
        report.add("C18", "n/a", "mix: cannot tell from the entries of a closed poll how large the groups were")
    else:
        report.run("C18", lambda: check_mix(poll), "C8")
    report.poll = {"id": poll.name, "title": titles.get("", ""), "state": state, "cast": len(poll.casts),
                   "counted": len(poll.counted)}
    if report.verdict != "fail" and poll.tallies:
        _describe_result(poll, report, titles)


def _describe_result(poll: Poll, report: Report, titles: Dict[str, str]) -> None:
    config, tally = poll.one("poll.created"), poll.tallies[-1]
    report.poll.update(method=config["method"], act=tally["act"], ballots_sha256=tally["ballots_sha256"],
                       result_sha256=tally["result_sha256"])
    if config["method"] in RULES and report.verdict == "pass":
        result = _published_result(poll, tally, "C17")
        cost = {option["id"]: option["cost"] for option in config["options"]}
        report.poll.update(budget=result["budget"], spent=result["spent"], winners=[
            {"id": option, "title": titles.get(option, ""), "cost": cost[option]} for option in result["winners"]])


# -------------------------------------------------------------------------------------------------------------- receipts

def verify_receipt(
    raw: bytes, base: Optional[str], vkeys: Sequence[str], progress: Progress, now: Optional[int] = None
) -> Report:
    """A proof or a signed promise. With `base` it is also compared with the log as it stands today."""
    report = Report()
    if raw.startswith(b"c2sp.org/tlog-proof@"):
        _verify_proof(raw, base, vkeys, report, progress)
    else:
        _verify_promise(raw, base, vkeys, report, progress, int(time.time()) if now is None else now)
    return report


def _log_of(origin: str, base: str, vkeys: Sequence[str], report: Report, progress: Progress) -> Optional[Log]:
    """The log of this origin, its own checks added to the report; None when one of them did not pass."""
    places = find_logs(base)
    named = [place for place in places if place.declared.get("origin", origin) == origin]
    if not named:
        raise CannotTell(f"{plain(base)} does not list the log {plain(origin)}")
    log = load_log(named[0], vkeys, None, report, progress)
    return log if report.verdict == "pass" else None


def parse_proof(raw: bytes) -> Tuple[bytes, int, List[bytes], bytes]:
    """Entry, index, hashes and checkpoint of a tlog-proof file."""
    head, gap, checkpoint = raw.partition(b"\n\n")
    if len(raw) > MAX_NOTE + 2 * MAX_ENTRY or not gap:
        raise Problem("C20", "the file is not a complete tlog-proof")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Problem("C20", "the proof is not plain text") from None
    if len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("extra "):
        raise Problem("C20", "the file is not a tlog-proof with an entry in it")
    index = re.fullmatch(r"index (0|[1-9][0-9]{0,17})", lines[2])
    hashes = [unbase64(line, "C20", "a hash of the proof") for line in lines[3:]]
    if not index or len(hashes) > 63 or any(len(h) != 32 for h in hashes):
        raise Problem("C20", "the proof's index or hashes are malformed")
    return unbase64(lines[1][6:], "C20", "the entry in the proof"), int(index[1]), hashes, checkpoint


def _verify_proof(raw: bytes, base: Optional[str], vkeys: Sequence[str], report: Report, progress: Progress) -> None:
    found: Dict[str, Any] = {}

    def read_proof() -> str:
        found["entry"], found["index"], found["path"], found["note"] = parse_proof(raw)
        found["origin"], found["size"], found["root"] = parse_checkpoint(parse_note(found["note"]))
        check_inclusion(leaf_hash(found["entry"]), found["index"], found["size"], found["path"], found["root"], "C20")
        return f"receipt (entry {found['index']} is in the tree of {found['size']} entries)"

    def signature() -> str:
        keys = [key for key in map(parse_vkey, vkeys) if key.name == found["origin"]]
        if not keys and vkeys and not base:
            raise Problem("C1", f"the receipt is of {found['origin']}, and the key given is not")
        if not keys and log is not None and log.key is not None:
            keys = [log.key]
        if not keys:
            raise CannotTell("without --vkey or --url the signature cannot be checked")
        verify_note(parse_note(found["note"]), keys[0], "C2")
        return f"signature of the receipt's checkpoint (key id {keys[0].key_id.hex()})"

    def still_there() -> str:
        if log is None or log.size < found["size"]:
            raise Problem("C4", f"the log is smaller now than the {found['size']} entries of this receipt. This file is evidence")
        if log.raw[found["index"]] != found["entry"]:
            raise Problem("C4", f"entry {found['index']} of the log is not the one in this receipt. This file is evidence")
        if tree_root(log.leaves[:found["size"]]) != found["root"]:
            raise Problem("C4", "the log is not the one that this receipt was given for. This file is evidence")
        return f"the log still holds it (now {log.size:,} entries)"

    report.run("C20", read_proof)
    log = None
    if report.verdict == "pass" and base:
        log = _log_of(found["origin"], base, vkeys, report, progress)
    report.run("C2", signature, "C20")
    if log is not None:
        report.run("C4", still_there, "C20")
    report.run("C6", lambda: _read_out(found["entry"], found["index"], log, report, progress), "C20")


def _read_out(raw: bytes, index: int, log: Optional[Log], report: Report, progress: Progress) -> str:
    """The ballot in the receipt in plain words, into report.poll."""
    entry = parse_entry(raw, index)
    if entry["type"] != "ballot.cast":
        raise Problem("C6", f"the receipt is for an entry of type {entry['type']}, not for a ballot")
    ballot = entry["d"]
    titles: Dict[str, str] = {}
    marks = ballot["b"]["approve"]
    report.poll = {"id": entry["poll"], "bid": ballot["bid"], "rev": ballot["rev"], "index": index, "approve": marks}
    if log is not None and log.entries:
        poll = Poll(log, entry["poll"], progress)
        check_texts(poll, report, titles)
        later = [d["rev"] for _, d in poll.casts if d["cred"] == ballot["cred"] and d["rev"] > ballot["rev"]]
        report.poll.update(title=titles[""], replaced=bool(later))
    report.poll["words"] = [plain(f"{mark} ({titles[mark]})" if titles.get(mark) else mark) for mark in marks]
    return f"ballot {ballot['bid']} in poll {entry['poll']}"


def _verify_promise(raw: bytes, base: Optional[str], vkeys: Sequence[str], report: Report, progress: Progress, now: int) -> None:
    found: Dict[str, Any] = {}

    def read_promise() -> str:
        note = parse_note(raw, "C20")
        lines = note.text[:-1].split("\n")
        deadline = re.fullmatch(r"deadline (0|[1-9][0-9]{0,17})", lines[3]) if len(lines) == 4 else None
        if not deadline or lines[1] != "ballot.cast" or not lines[0].endswith("/receipt"):
            raise Problem("C20", "the file is neither a proof nor a promise of a ballot")
        found.update(note=note, name=lines[0], origin=lines[0][:-len("/receipt")], deadline=int(deadline[1]),
                     hash=unbase64(lines[2], "C20", "the hash of the ballot"))
        if len(found["hash"]) != 32:
            raise Problem("C20", "the hash of the ballot is not 32 bytes")
        return f"promise of {found['origin']}, due at {moment(found['deadline'])}"

    def signature() -> str:
        keys = [key for key in map(parse_vkey, vkeys) if key.name == found["name"]]
        if not keys and base:
            for place in find_logs(base):
                if place.declared.get("origin") == found["origin"]:
                    keys = [parse_vkey(str(place.declared.get("receipt_vkey", "none stated")))]
                    report.warnings.append("the receipt key was taken from the instance itself. "
                                           "Get it by another way and give it with --vkey")
        if not keys:
            raise CannotTell("the receipt key is not known; give it with --vkey")
        if keys[0].name != found["name"]:
            raise Problem("C1", f"the receipt key is of {keys[0].name} and the promise of {found['name']}")
        verify_note(found["note"], keys[0], "C2")
        return f"signature of the promise (key id {keys[0].key_id.hex()})"

    def kept() -> str:
        entries = log.entries if log else []
        for index, entry in enumerate(entries):
            if log and entry["type"] == "ballot.cast" and sha256(canonical(entry["d"])) == found["hash"]:
                _read_out(log.raw[index], index, log, report, progress)
                return f"promise kept: the ballot is entry {index}"
        if now <= found["deadline"]:
            raise CannotTell(f"promised, not yet due: the ballot is not in the log yet and has until {moment(found['deadline'])}")
        raise Problem("C20", f"the promise was broken: due at {moment(found['deadline'])}, and the ballot is not in the log. "
                             "This file is evidence: keep it")

    report.run("C20", read_promise)
    report.run("C2", signature, "C20")
    if report.verdict == "fail":
        return
    if not base:
        report.undecided.append("without --url nobody can look whether the ballot is in the log")
        return
    log_keys = [key for key in vkeys if key.partition("+")[0] != found["name"]]
    log = None if report.undecided else _log_of(found["origin"], base, log_keys, report, progress)
    if log is not None:
        report.run("C20", kept)


def moment(seconds: int) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"


# ---------------------------------------------------------------------------------------------------------- command line

def show(report: Report) -> str:
    """The report for people."""
    words = {"pass": "PASS", "fail": "FAIL", "warn": "WARN", "n/a": "N/A ", "open": "SKIP"}
    lines = [f"{words[check['status']]} {check['id']:<3} {check['text']}"
             for check in sorted(report.checks, key=lambda check: int(check["id"][1:]))]
    lines += [f"NOTE {plain(warning)}" for warning in report.warnings]
    poll = report.poll
    if poll.get("title"):
        lines.append(f"Poll {plain(poll['id'])}: {poll['title']}")
    if "winners" in poll:
        lines.append(f"Funded, in this order ({poll['spent']:,} of {poll['budget']:,} spent):")
        lines += [f"  {place}. {w['id']}  {w['title']}  {w['cost']:,}" for place, w in enumerate(poll["winners"], 1)]
        lines += [] if poll["winners"] else ["  nothing"]
    if "words" in poll:
        words_of_ballot = "; ".join(poll["words"]) or "nothing (a blank ballot)"
        lines.append(f"The ballot with receipt number {poll['bid']} approves: {words_of_ballot}")
        if poll.get("replaced"):
            lines.append("A later ballot with the same credential replaces it.")
    lines += [f"CANNOT TELL: {plain(sentence)}" for sentence in report.undecided]
    return "\n".join([*lines, report.verdict.upper()]) + "\n"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(message)


def _arguments(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = _Parser(prog="verifier", description="Recheck and recount a poll of a public vote log.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    poll = commands.add_parser("poll", help="everything the log says about one poll")
    poll.add_argument("base", metavar="BASE_URL", help="address of the instance or of its log, or a directory of its files")
    poll.add_argument("poll", metavar="POLL")
    poll.add_argument("--state", metavar="DIR", help="remember the log here and compare with what was seen before")
    receipt = commands.add_parser("receipt", help="a receipt: a proof or a signed promise")
    receipt.add_argument("file", metavar="FILE")
    receipt.add_argument("--url", metavar="BASE_URL", help="also compare with the log as it stands today")
    for command in (poll, receipt):
        command.add_argument("--vkey", action="append", default=[], help="key of the log (or of its receipts), may be repeated")
        command.add_argument("--json", action="store_true", help="the report for programs")
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    progress, report, as_json = Progress(), Report(), False
    try:
        arguments = _arguments(argv)
        as_json = arguments.json
        try:
            for text in arguments.vkey:
                parse_vkey(text)
        except Problem as problem:
            raise Usage(str(problem)) from None
        if arguments.command == "poll":
            report = verify_poll(arguments.base, arguments.poll, arguments.vkey, arguments.state, progress)
        else:
            try:
                with open(arguments.file, "rb") as file:
                    raw = file.read(MAX_NOTE + 2 * MAX_ENTRY + 1)
            except OSError as error:
                raise Usage(f"cannot read {arguments.file}: {error.strerror}") from None
            report = verify_receipt(raw, arguments.url, arguments.vkey, progress)
    except Usage as error:
        sys.stderr.write(f"verifier: {error}\n")
        return 3
    except CannotTell as reason:
        report.undecided.append(str(reason))
    except Problem as problem:
        report.add(problem.check, "fail", str(problem))
    progress.clear()
    if as_json:
        answer = {"verdict": report.verdict, "checks": report.checks, "log": report.log, "poll": report.poll,
                  "warnings": report.warnings + report.undecided}
        sys.stdout.write(json.dumps(answer, ensure_ascii=True, indent=1) + "\n")
    else:
        sys.stdout.write(show(report))
    return {"pass": 0, "fail": 1, "cannot tell": 2}[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
