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
MAX_BLOB = 2**28
MAX_RUNS = 100_000
MAX_STORY = 100
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


def matching(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*allowed: Any) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(a) and value == a for a in allowed)


class or_null:
    """`null`, or what the specification inside says."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec


def word(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in value)


def text(value: Any) -> bool:
    return isinstance(value, str)


def option_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9_.-]+", value) is not None and value != "-"


def points(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) is int for number in value.values())


def share_of_votes(value: Any) -> bool:
    """`>a/b` with 0 < a/b < 1, or `>=a/b`, where 1 is allowed."""
    match = re.fullmatch(r"(>=?)([0-9]{1,16})/([0-9]{1,16})", value) if isinstance(value, str) else None
    return match is not None and 0 < int(match[2]) < int(match[3]) + (match[1] == ">=")


def even_hex(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("([0-9a-f]{2})+", value) is not None


hash_hex = digits(64)
TALLY = {"name": word, "version": word, "sha256": hash_hex}
boolean = one_of(True, False)
READING = {"overvote": one_of("exhaust", "skip", "exhaust_if_multiple_continuing"), "max_skipped": or_null(whole(0)),
           "duplicate": one_of("skip", "exhaust"), "withdrawn": [option_id], "quorum": whole(0)}
SEATS = {"seats": whole(1), "quorum": whole(0)}
RULES: Dict[str, Any] = {
    "irv-v1": {**READING, "until_two": boolean, "batch": boolean},
    "stv-scottish-v1": {**READING, "seats": whole(1), "quota": one_of("droop_int", "hare_int", "nb_exact"),
                        "decimals": one_of(5, 4, "exact")},
    "stv-meek-prf-v1": {**READING, "seats": whole(1), "overvote": one_of("exhaust", "skip")},
    "schulze-wv-v1": {**SEATS, "withdrawn": [option_id]},
    "ranked-pairs-v1": {**SEATS, "withdrawn": [option_id]},
    "borda-v1": {**SEATS, "withdrawn": [option_id], "unranked": one_of("zero", "average")},
    "approval-v1": {**SEATS, "min": whole(0), "max": or_null(whole(1)), "majority": or_null(share_of_votes)},
    "score-v1": {**SEATS, "max": or_null(whole(1))},
    "cumulative-v1": {**SEATS, "max_sum": or_null(whole(1)), "exact_sum": boolean, "max_points": or_null(whole(1)),
                      "min_options": whole(0)},
    "seqpav-v1": SEATS,
    "seqphragmen-v1": SEATS,
    "equal-shares-v1": {**SEATS, "completion": one_of("seqphragmen", "add1", "none")},
    "pb-greedy-v1": {
        "mode": one_of("skip", "stop"), "threshold": whole(0),
        "pots": or_null([{"id": word, "budget": whole(0), "options": [option_id]}]), "groups": or_null([[option_id]]),
    },
    "pb-mes-v1": {
        "utility": one_of("cost", "cardinality", "points"), "integral": boolean, "step": whole(1),
        "completion": lambda v: isinstance(v, list) and v == [c for c in ("add1", "utilitarian", "comparison") if c in v],
        "stop_when_exhaustive": boolean,
    },
}
BALLOTS = {                                                # rule -> the kinds of ballots that it counts
    **dict.fromkeys(("irv-v1", "stv-scottish-v1", "stv-meek-prf-v1", "schulze-wv-v1", "ranked-pairs-v1", "borda-v1"), ("rank",)),
    **dict.fromkeys(("approval-v1", "seqpav-v1", "seqphragmen-v1", "equal-shares-v1"), ("approve",)),
    "score-v1": ("score", "alloc"), "cumulative-v1": ("score", "alloc"), "pb-greedy-v1": ("approve", "score", "alloc"),
    "pb-mes-v1": ("approve",),                             # with utility "points": score, alloc
}
TIE = {"rule": one_of("lots-v1")}
RESULT = {
    "tally": TALLY, "act": whole(1), "ballots_root": hash_hex, "ballots_sha256": hash_hex, "counted": whole(0),
    "replaced": whole(0), "voided": whole(0), "invalid": whole(0), "result_sha256": hash_hex,
}
ACTOR = digits(32)
ACTS = {"text_sha256": hash_hex, "actors": [ACTOR]}        # what two members of staff did, and why
CONFIG: Dict[str, Any] = {
    "title_sha256": hash_hex, "options": [{"id": option_id, "title_sha256": hash_hex, "cost?": whole(0)}], "method": word,
    "rule": lambda v: isinstance(v, dict), "budget?": whole(0), "opens_at": whole(0), "closes_at": whole(0),
    "ballot": (
        {"approve": {"min": whole(0), "max": or_null(whole(0)), "max_cost": or_null(whole(0))}},
        {"rank": {"min": whole(0), "max": or_null(whole(0)), "ties": boolean, "raw": boolean}},
        {"score": {"max": or_null(whole(1))}},
        {"alloc": {"sum": or_null(whole(1)), "exact": boolean, "max": or_null(whole(1)), "min": whole(0)}},
    ),
    "ballots": one_of("live", "sealed"), "visibility": one_of("live", "turnout", "sealed"), "secrecy": one_of("L1"),
    "revote": one_of("none", "last"), "mix": {"k": whole(1), "max_s": whole(0)}, "disclosure": one_of("full"),
    "min_cell": one_of(10), "tally": TALLY, "origin?": one_of("import"),
    "tie": (
        {**TIE, "seed_source": one_of("commit-reveal"), "commit": hash_hex},
        {**TIE, "seed_source": one_of("public-draw")},
        {**TIE, "seed_source": one_of("drand"), "chain": hash_hex},
    ),
}
MARKS = ({"approve": [text]}, {"rank": [[text]]}, {"score": points}, {"alloc": points})
CAST = {"bid": digits(32), "cred": hash_hex, "rev": whole(0), "origin?": one_of("import")}
CLOSED = {"ballots": whole(0), "last_n": whole(0), "ballots_sha256": hash_hex}
OBJECTION = matching(r"[a-z0-9]{4,16}")
ENTRIES: Dict[str, Any] = {
    "log.opened": {"origin": word, "vkey": word, "receipt_vkey": word,
                   "software": {"name": word, "version": word, "commit": text},
                   "prev?": {"origin": word, "size": whole(1), "root": hash_hex}},
    "log.closed": {"next_origin": word},
    "config.changed": {"scope": word, "key": word, "old_sha256": hash_hex, "new_sha256": hash_hex,
                       "public_value?": lambda v: True, "actors": [ACTOR]},
    "incident.declared": {"code": one_of("data_loss", "key_compromise", "outage", "wrong_information", "other"), **ACTS},
    "erasure.recorded": {"target": hash_hex, "basis_code": one_of("consent_withdrawn", "legal_order", "content_removed"),
                         "actors": [ACTOR]},
    "moderation.action": {"object_sha256": hash_hex, "action": one_of("hide", "restore"), "rule": word, "actor": ACTOR},
    "staff.action": {"action": word, "object_sha256": hash_hex, "actor": ACTOR},
    "poll.created": CONFIG,
    "poll.amended": {**CONFIG, **ACTS},
    "roll.committed": {"roll": word, "count": whole(0), "root": hash_hex, "rule_sha256": hash_hex},
    "credentials.committed": {"count": whole(0), "root": hash_hex, "blob_sha256": hash_hex},
    "roll.changed": {"roll": word, "added_count": whole(1), "added_root": hash_hex, "removed": lambda v: v == [], **ACTS},
    "poll.opened": {"config": hash_hex, "roll": hash_hex},
    "ballot.cast": ({**CAST, "b": MARKS}, {**CAST, "c": hash_hex}),
    "intake.summary": {"accepted": whole(1), "voters": whole(1)},
    "ballot.voided": {"bid": digits(32), "rule_sha256": hash_hex, "evidence_sha256": hash_hex, "actors": [ACTOR],
                      "reason_code": one_of("cast_by_another", "double_identity", "not_eligible", "court_order",
                                            "technical_fault")},
    "poll.extended": {"closes_at": whole(0), **ACTS},
    "poll.paused": ACTS,
    "poll.resumed": ACTS,
    "poll.closed": ({"reason": one_of("scheduled"), **CLOSED}, {"reason": one_of("by_hand"), **CLOSED, **ACTS}),
    "openings.published": {"count": whole(0), "sha256": hash_hex, "bytes": lambda v: whole(0)(v) and v <= MAX_BLOB},
    "participation.published": {"roll": word, "used": whole(0), "bitmap_sha256": hash_hex},
    "tally.published": (
        {**RESULT, "nonce": hash_hex}, {**RESULT, "draw_sha256": hash_hex},
        {**RESULT, "drand": {"chain": hash_hex, "round": whole(1), "signature": even_hex}},
    ),
    "tally.superseded": {"act": whole(1), **ACTS},
    "objection.filed": {"objection": OBJECTION, "text_sha256": hash_hex},
    "objection.answered": {"objection": OBJECTION, "finding": one_of("upheld", "partly", "rejected"), "text_sha256": hash_hex,
                           "actor": ACTOR},
}
NO_POLL = {"log.opened", "log.closed", "config.changed", "erasure.recorded", "moderation.action", "staff.action"}
AFTER: Dict[str, Set[str]] = {                             # type of a poll's entry -> types that may come right before it
    "poll.created": {""}, "roll.committed": {"poll.created"}, "credentials.committed": {"roll.committed"},
    "poll.opened": {"credentials.committed"}, "ballot.cast": {"poll.opened", "ballot.cast"},
    "poll.closed": {"poll.opened", "ballot.cast"}, "participation.published": {"poll.closed"},
    "tally.published": {"participation.published", "tally.published"},
}


def _fits(spec: Dict[str, Any], value: Dict[str, Any]) -> bool:
    return {name for name in spec if name[-1] != "?"} <= set(value) <= {name.rstrip("?") for name in spec}


def shape(value: Any, spec: Any, where: str) -> None:
    """Raises (C6) unless `value` has exactly the fields of `spec`; a name ending in `?` may be absent.

    Of several specifications in a tuple, the first with the fields of the value counts, or else the first of all.
    """
    if isinstance(spec, tuple):
        fitting = [s for s in spec if isinstance(value, dict) and _fits(s, value)]
        shape(value, (fitting or spec)[0], where)
    elif isinstance(spec, or_null):
        if value is not None:
            shape(value, spec.spec, where)
    elif callable(spec):
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
    if (kind == "log.opened") != (index == 0):
        raise Problem("C6", f"{where} ({kind}) stands where its type may not: log.opened is index 0 and nowhere else")
    if kind != "incident.declared" and (kind in NO_POLL) != (entry["poll"] == ""):
        raise Problem("C6", f"{where} ({kind}) {'names a poll' if kind in NO_POLL else 'names no poll'}, which its type may not")
    if kind in ("poll.created", "poll.amended"):
        _check_config(entry["d"], f"{where} ({kind})")
    if kind == "config.changed" and entry["d"]["scope"] == "software":
        _check_software(entry["d"], f"{where} ({kind})")
    return entry                                           # type: ignore[no-any-return]


def _check_software(d: Dict[str, Any], where: str) -> None:
    """What the sequencer writes when it starts under other software: the release itself stands beside its hash."""
    if d["key"] not in ("release", "assets"):
        raise Problem("C6", f"{where} has a key that is not known in the scope software")
    if d["key"] == "release":
        value = d.get("public_value")
        raw = value.encode() if isinstance(value, str) else canonical(value)
        if hexhash(raw) != d["new_sha256"]:
            raise Problem("C6", f"{where} does not show the release that its hash names")


def _check_config(config: Dict[str, Any], where: str) -> None:
    ids = [option["id"] for option in config["options"]]
    if len(set(ids)) != len(ids) or not ids:
        raise Problem("C6", f"{where} needs options, each with an id of its own")
    if config["tally"]["sha256"] != hexhash(canonical(config["rule"])):
        raise Problem("C6", f"{where}: tally.sha256 is not the hash of the rule")
    if (config["ballots"] == "sealed") != (config["visibility"] == "sealed"):
        raise Problem("C6", f"{where} seals its ballots or its course, and not both")
    method, rule, (kind, limits) = config["method"], config["rule"], next(iter(config["ballot"].items()))
    if kind == "alloc" and limits["exact"] and limits["sum"] is None:
        raise Problem("C6", f"{where} asks for an exact sum and names none")
    if method not in RULES:
        return
    shape(rule, RULES[method], where + ".rule")
    costs = [option.get("cost") for option in config["options"]]
    if method in ("pb-greedy-v1", "pb-mes-v1"):
        if "budget" not in config or any(cost is None or cost < 1 for cost in costs):
            raise Problem("C6", f"{where} is a budget poll without a budget or without the cost of every option")
    elif "budget" in config or any(cost is not None for cost in costs):
        raise Problem("C6", f"{where} names a budget or costs, and its rule spends nothing")
    kinds = ("score", "alloc") if rule.get("utility") == "points" else BALLOTS[method]
    if kind not in kinds:
        raise Problem("C6", f"{where} asks for ballots ({kind}) that its rule does not count")
    _check_rule(rule, ids, config.get("budget", 0), where)


def _check_rule(rule: Dict[str, Any], ids: List[str], budget: int, where: str) -> None:
    """What a rule's options must be beyond their types."""
    withdrawn = rule.get("withdrawn", [])
    if len(set(withdrawn)) != len(withdrawn) or not set(withdrawn) <= set(ids):
        raise Problem("C6", f"{where}.rule withdraws something that is no option, or withdraws it twice")
    if rule.get("exact_sum") and rule["max_sum"] is None:
        raise Problem("C6", f"{where}.rule asks for an exact sum and names none")
    if rule.get("max") is not None and rule.get("min", 0) > rule["max"]:
        raise Problem("C6", f"{where}.rule asks for more marks than it allows")
    pots, groups = rule.get("pots"), rule.get("groups")
    if pots is not None:
        if sorted(p for pot in pots for p in pot["options"]) != sorted(ids) or len({pot["id"] for pot in pots}) != len(pots):
            raise Problem("C6", f"{where}.rule has pots that do not hold every project exactly once")
        if sum(pot["budget"] for pot in pots) > budget:
            raise Problem("C6", f"{where}.rule has pots that hold more than the budget")
    if groups is not None:
        grouped = [p for group in groups for p in group]
        if len(set(grouped)) != len(grouped) or not set(grouped) <= set(ids) or not groups or min(map(len, groups)) < 2:
            raise Problem("C6", f"{where}.rule has groups that are not two or more projects each, in no other group")


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

# What stands on a ballot, so that equal ballots are equal: ids (approvals), tuples of ids (ranks), or pairs of id and points.
Ballot = Tuple[Any, ...]
Tally = Dict[str, Any]                                     # votes by option: whole numbers, units, or fractions


def number(value: Any) -> str:
    """A whole number or fraction as results write it: lowest terms, `"7"` when whole."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def fixed(places: int) -> Callable[[int], str]:
    """How results write a number of units of 10^-places: always that many decimals."""
    return lambda units: f"{units // 10**places}.{units % 10**places:0{places}d}"


def up(a: int, b: int) -> int:
    """a/b, rounded up."""
    return -(-a // b)


def draw_lots(poll: str, ballots_sha256: str, beacon: str, ids: Sequence[str]) -> Tuple[str, List[str]]:
    """Seed and order of the lots, best first (lots-v1)."""
    seed = hexhash(f"lots-v1\n{poll}\n{ballots_sha256}\n{beacon}\n".encode())
    return seed, sorted(ids, key=lambda i: (sha256(f"{seed}\n{i}\n".encode()), i))


def marks_of(b: Dict[str, Any]) -> Ballot:
    """The ballot in a `b` of the log."""
    (kind, marks), = b.items()
    if kind == "approve":
        return tuple(sorted(marks))
    return tuple(tuple(sorted(rank)) for rank in marks) if kind == "rank" else tuple(sorted(marks.items()))


def ballot_line(ballot: Ballot) -> str:
    if ballot and isinstance(ballot[0], str):
        return ",".join(ballot)
    if ballot and len(ballot[0]) == 2 and isinstance(ballot[0][1], int):
        return ",".join(f"{option}:{points}" for option, points in ballot)
    return ">".join("=".join(rank) or "-" for rank in ballot)


def ballot_file(poll: str, method: str, ids: Sequence[str], groups: Counter[Ballot]) -> bytes:
    """The canonical ballot file: three header lines and one sorted line for each different ballot."""
    lines = sorted(f"{count}\t{ballot_line(ballot)}\n".encode() for ballot, count in groups.items())
    return f"#contest: {poll}\n#rule: {method}\n#candidates: {','.join(ids)}\n".encode() + b"".join(lines)


@dataclass
class Count:
    """What every rule counts: options in ballot order, grouped ballots (blank ones too), the rule's options and the lots."""

    ids: List[str]
    groups: Counter[Ballot]
    rule: Dict[str, Any]
    lot: Dict[str, int]
    tick: Callable[[str], None]

    @property
    def candidates(self) -> List[str]:
        return [c for c in self.ids if c not in self.rule.get("withdrawn", ())]

    def by_lot(self, options: Iterable[str]) -> List[str]:
        return sorted(options, key=lambda c: self.lot[c])


def a_round(tally: Tally, write: Callable[[Any], str] = number, **fields: Any) -> Dict[str, Any]:
    return {"tallies": {c: write(votes) for c, votes in tally.items()}, "elected": [], "excluded": [], "transfers": {},
            "exhausted": {}, "ties": [], **fields}


def a_tie(reason: str, tied: List[str], chosen: List[str], lot: bool, lookback: Sequence[Any] = ()) -> Dict[str, Any]:
    return {"for": reason, "tied": tied, "chosen": chosen, "lot": lot, "lookback": list(lookback)}


def break_tie(count: Count, reason: str, tied: List[str], history: List[Tally], ties: List[Dict[str, Any]]) -> str:
    """The one of `tied` (in ballot order) that is taken: by looking back through `history`, then by lot. Adds to `ties`."""
    if len(tied) == 1:
        return tied[0]
    extreme = min if reason == "exclude" else max
    left, lookback = tied, []
    for place in range(len(history), 0, -1):
        if len(left) == 1:
            break
        then = history[place - 1]
        best = extreme(then[c] for c in left)
        if any(then[c] != best for c in left):
            left = [c for c in left if then[c] == best]
            lookback.append({"round": place, "left": left})
    lots = count.by_lot(left)
    chosen = lots[-1] if reason == "exclude" else lots[0]
    ties.append(a_tie(reason, tied, [chosen], len(left) > 1, lookback))
    return chosen


def outcome(rounds: List[Dict[str, Any]], rejected: Dict[str, int], **further: Any) -> Dict[str, Any]:
    """What a rule without a budget decides. Winners are those elected in the rounds."""
    winners = [c for r in rounds for c in r["elected"]]
    lots_used = any(tie["lot"] for r in rounds for tie in r["ties"])
    return {"rounds": rounds, "winners": winners, "lots_used": lots_used, "rejected": rejected, **further}


def seats_by_score(count: Count, tally: Tally) -> Tuple[List[str], List[Dict[str, Any]]]:
    """Whom the highest scores elect, and a tie for each group of equals that somebody is elected from."""
    elected: List[str] = []
    ties = []
    for score in sorted(set(tally.values()), reverse=True):
        group = [c for c in tally if tally[c] == score]
        chosen = count.by_lot(group)[:count.rule["seats"] - len(elected)]
        if len(group) > 1 and chosen:
            ties.append(a_tie("elect", group, chosen, True))
        elected += chosen
    return elected, ties


# --- ranked ballots that move from option to option

REASONS = ("overvote", "skipped", "duplicate", "choices")


def read_ranking(ranking: Ballot, rule: Dict[str, Any]) -> Tuple[Tuple[Tuple[str, ...], ...], str]:
    """The preferences on a ballot and the reason why they end. A preference is one id, or several that are judged later."""
    preferences: List[Tuple[str, ...]] = []
    earlier: Set[str] = set()
    empty = 0
    for rank in ranking:
        if not rank:
            empty += 1
            continue
        if rule["max_skipped"] is not None and empty > rule["max_skipped"]:
            return tuple(preferences), "skipped"
        empty = 0
        marks = [mark for mark in rank if mark not in rule["withdrawn"]]
        fresh = [mark for mark in marks if mark not in earlier]
        if rule["duplicate"] == "exhaust" and fresh != marks:
            return tuple(preferences), "duplicate"
        overvote = len(fresh) > 1
        if overvote and rule["overvote"] == "exhaust":
            return tuple(preferences), "overvote"
        passed_over = overvote and rule["overvote"] == "skip"
        if not passed_over or rule["duplicate"] == "exhaust":
            earlier.update(fresh)
        if fresh and not passed_over:
            preferences.append(tuple(fresh))
    return tuple(preferences), "choices"


@dataclass
class Paper:
    """All ballots that read alike: how many, and where they stand now. `value` is that of each single one."""

    number: int
    preferences: Tuple[Tuple[str, ...], ...]
    end: str
    value: Any
    at: int = -1

    def move(self, continuing: Iterable[str]) -> Optional[str]:
        """The option it counts for next; None when it is out, by the reason `end`."""
        while self.at + 1 < len(self.preferences):
            self.at += 1
            left = [c for c in self.preferences[self.at] if c in continuing]
            if len(left) > 1:
                self.end = "overvote"
                return None
            if left:
                return left[0]
        return None


class Desk:
    """The counting table: papers lie with an option, or are out of the count by a reason."""

    def __init__(self, count: Count, whole_vote: Any) -> None:
        self.candidates = count.candidates
        self.held: Dict[str, List[Paper]] = {c: [] for c in self.candidates}
        self.out: Tally = dict.fromkeys(REASONS, 0 * whole_vote)
        read: Counter[Any] = Counter()
        for ranking, ballots in count.groups.items():
            if ranking:
                read[read_ranking(ranking, count.rule)] += ballots
        papers = [Paper(ballots, preferences, end, whole_vote) for (preferences, end), ballots in read.items()]
        self.move(papers, set(self.candidates))
        self.rejected = {reason: int(votes // whole_vote) for reason, votes in self.out.items() if votes}
        self.valid = sum(paper.number for papers in self.held.values() for paper in papers)

    def move(self, papers: Iterable[Paper], continuing: Set[str]) -> Tuple[Tally, Tally]:
        """Each paper to its next option: the votes that went to whom, and out by which reason."""
        to: Tally = {}
        exhausted: Tally = {}
        for paper in papers:
            votes = paper.number * paper.value
            option = paper.move(continuing)
            if option is None:
                exhausted[paper.end] = exhausted.get(paper.end, 0) + votes
                self.out[paper.end] += votes
            else:
                to[option] = to.get(option, 0) + votes
                self.held[option].append(paper)
        return to, exhausted

    def take(self, option: str) -> List[Paper]:
        papers, self.held[option] = self.held[option], []
        return papers


def written(moved: Tuple[Tally, Tally], write: Callable[[Any], str] = number) -> Dict[str, Any]:
    to, exhausted = ({name: write(votes) for name, votes in part.items() if votes} for part in moved)
    return {"to": to, "exhausted": exhausted}


def count_irv(count: Count) -> Dict[str, Any]:
    """irv-v1."""
    desk, rule = Desk(count, 1), count.rule
    if not desk.valid:
        return outcome([], desk.rejected)
    rounds: List[Dict[str, Any]] = []
    history: List[Tally] = []
    continuing = desk.candidates
    while True:
        count.tick(f"counting round {len(rounds) + 1}")
        tally = {c: sum(paper.number for paper in desk.held[c]) for c in continuing}
        total, most, least = sum(tally.values()), max(tally.values()), min(tally.values())
        exhausted = {reason: number(votes) for reason, votes in desk.out.items()}
        this = a_round(tally, exhausted=exhausted, threshold=number(total // 2 + 1))
        rounds.append(this)
        if len(continuing) <= 2 or (2 * most > total and not rule["until_two"]):
            this["elected"] = [break_tie(count, "elect", [c for c in continuing if tally[c] == most], [], this["ties"])]
            return outcome(rounds, desk.rejected)
        losers = _hopeless(tally, 2 if rule["until_two"] else 1) if rule["batch"] else []
        if len(losers) < 2:
            losers = [break_tie(count, "exclude", [c for c in continuing if tally[c] == least], history, this["ties"])]
        continuing = [c for c in continuing if c not in losers]
        this["excluded"] = losers
        for loser in losers:
            this["transfers"][loser] = written(desk.move(desk.take(loser), set(continuing)))
        history.append(tally)


def _hopeless(tally: Tally, keep: int) -> List[str]:
    """The longest run of smallest groups that together have fewer votes than the next group."""
    for votes in sorted(set(tally.values()), reverse=True):
        below = [c for c in tally if tally[c] < votes]
        if len(tally) - len(below) >= keep and sum(tally[c] for c in below) < votes:
            return sorted(below, key=lambda c: tally[c])   # stable: then in ballot order
    return []


def count_scottish(count: Count) -> Dict[str, Any]:
    """stv-scottish-v1. Votes are integers of 10^-decimals, or fractions where nothing is rounded."""
    rule, seats = count.rule, count.rule["seats"]
    exact = rule["decimals"] == "exact"
    one: Any = Fraction(1) if exact else 10 ** rule["decimals"]
    write: Callable[[Any], str] = number if exact else fixed(rule["decimals"])
    desk = Desk(count, one)
    quota: Any
    if rule["quota"] == "droop_int":
        quota = (desk.valid // (seats + 1) + 1) * one
    elif rule["quota"] == "hare_int":
        quota = max(1, desk.valid // seats) * one
    else:
        quota = desk.valid * one / (seats + 1) if exact else up(desk.valid * one, seats + 1)
    if not desk.valid:
        return outcome([], desk.rejected, quota=write(quota))
    desk.out["rounding"] = 0 * one
    tally: Tally = {c: sum((paper.number * paper.value for paper in desk.held[c]), 0 * one) for c in desk.candidates}
    rounds: List[Dict[str, Any]] = []
    history: List[Tally] = []
    continuing = list(desk.candidates)
    elected: List[str] = []
    waiting: List[str] = []                                # elected, with a surplus that may still be passed on

    def elect(least: Any) -> None:
        while len(elected) < seats and any(tally[c] >= least for c in continuing):
            most = max(tally[c] for c in continuing)
            winner = break_tie(count, "elect", [c for c in continuing if tally[c] == most], history, this["ties"])
            continuing.remove(winner)
            elected.append(winner)
            waiting.append(winner)
            this["elected"].append(winner)

    while True:
        count.tick(f"counting stage {len(rounds) + 1}")
        exhausted = {reason: write(votes) for reason, votes in desk.out.items()}
        this = a_round(tally, write, exhausted=exhausted, surplus=None)
        rounds.append(this)
        before = dict(tally)
        elect(quota)
        if len(elected) == seats or len(continuing) <= seats - len(elected):
            elect(0)
            return outcome(rounds, desk.rejected, quota=write(quota))
        largest = max((tally[c] for c in waiting), default=quota)
        if largest > quota:
            giver = break_tie(count, "surplus", [c for c in desk.candidates if c in waiting and tally[c] == largest],
                              history, this["ties"])
            surplus, papers = largest - quota, desk.take(giver)
            for paper in papers:
                paper.value = surplus * paper.value / largest if exact else surplus * paper.value // largest
            to, exhausted_now = desk.move(papers, set(continuing))
            lost = surplus - sum(to.values()) - sum(exhausted_now.values())
            desk.out["rounding"] += lost
            exhausted_now["rounding"] = lost
            waiting.remove(giver)
            this["surplus"] = giver
            tally[giver] = quota
        else:
            least = min(tally[c] for c in continuing)
            giver = break_tie(count, "exclude", [c for c in continuing if tally[c] == least], history, this["ties"])
            continuing.remove(giver)
            this["excluded"] = [giver]
            to, exhausted_now = desk.move(desk.take(giver), set(continuing))
            del tally[giver]
        for option, votes in to.items():
            tally[option] += votes
        this["transfers"][giver] = written((to, exhausted_now), write)
        history.append(before)


def count_meek(count: Count) -> Dict[str, Any]:
    """stv-meek-prf-v1, in integers of 10^-9."""
    one, omega, write, seats = 10**9, 10**3, fixed(9), count.rule["seats"]
    desk = Desk(count, 1)
    if not desk.valid:
        return outcome([], desk.rejected)
    papers = [paper for held in desk.held.values() for paper in held]
    keep = dict.fromkeys(desk.candidates, one)
    hopeful = list(desk.candidates)
    elected: List[str] = []
    ties: List[Dict[str, Any]]
    rounds: List[Dict[str, Any]] = []

    def elect(options: List[str]) -> None:
        while options and len(elected) < seats:
            most = max(tally[c] for c in options)
            winner = break_tie(count, "elect", [c for c in options if tally[c] == most], [], this["ties"])
            options.remove(winner)
            hopeful.remove(winner)
            elected.append(winner)
            this["elected"].append(winner)

    few = len(hopeful) <= seats
    while True:
        count.tick(f"counting round {len(rounds) + 1}")
        excluded, ties, surplus, iterations = "", [], 0, 0
        paths: Counter[Tuple[str, ...]] = Counter()        # nothing passes a hopeful: it keeps all that reaches it
        for paper in papers:
            paths[_path(paper, keep, hopeful)] += paper.number
        while True:
            iterations += 1
            tally = {c: 0 for c in desk.candidates if keep[c]}
            for path, times in paths.items():
                weight = one
                for option in path:
                    gift = up(weight * keep[option], one)
                    tally[option] += gift * times
                    weight -= gift
            quota = sum(tally.values()) // (seats + 1) + 1
            reached = [c for c in hopeful if tally[c] >= quota]
            if few or reached:
                break
            previous, surplus = surplus, max(0, sum(tally[c] - quota for c in elected))
            if surplus < omega or (iterations > 1 and surplus >= previous):
                least = min(tally[c] for c in hopeful)
                excluded = break_tie(count, "exclude", [c for c in hopeful if tally[c] <= least + surplus], [], ties)
                break
            for c in elected:
                keep[c] = min(one, up(up(keep[c] * quota, one) * one, tally[c]))
        unspent = desk.valid * one - sum(tally.values())
        this = a_round(tally, write, exhausted={"unspent": write(unspent)}, ties=ties, excluded=[excluded] if excluded else [],
                       quota=write(quota), surplus=write(surplus), iterations=iterations,
                       keep={c: write(keep[c]) for c in tally})
        rounds.append(this)
        elect(list(hopeful) if few else reached)
        if excluded:
            keep[excluded] = 0
            hopeful.remove(excluded)
        if len(elected) < seats and len(hopeful) + len(elected) <= seats:
            elect(list(hopeful))
        if len(elected) >= seats or not hopeful:
            return outcome(rounds, desk.rejected)


def _path(paper: Paper, keep: Dict[str, int], hopeful: List[str]) -> Tuple[str, ...]:
    """The options that may take a part of this paper, in their order."""
    path = []
    for (option,) in paper.preferences:
        if keep[option]:
            path.append(option)
        if option in hopeful:
            break
    return tuple(path)


# --- ranked ballots compared pair by pair, and by position

def read_preferences(count: Count) -> Tuple[List[Tuple[List[List[str]], int]], Dict[str, int]]:
    """Each ballot as ranks of equals, best first, with how many there are of it; and how many name withdrawn options only."""
    ballots, only_withdrawn = [], 0
    candidates = set(count.candidates)
    for ranking, times in count.groups.items():
        seen: Set[str] = set()
        ranks: List[List[str]] = []
        for rank in ranking:
            fresh = [mark for mark in rank if mark in candidates and mark not in seen]
            seen.update(fresh)
            if fresh:
                ranks.append(fresh)
        if ranks:
            ballots.append((ranks, times))
        elif ranking:
            only_withdrawn += times
    return ballots, {"choices": only_withdrawn} if only_withdrawn else {}


def duels(count: Count, ballots: List[Tuple[List[List[str]], int]]) -> Dict[str, Dict[str, int]]:
    """How many ballots rank one option above another."""
    above = {i: dict.fromkeys(count.candidates, 0) for i in count.candidates}
    for place, (ranks, times) in enumerate(ballots):
        if place % 1000 == 0:
            count.tick(f"comparing pairs, ballot {place:,}")
        below = set(count.candidates)
        for rank in ranks:
            below.difference_update(rank)
            for i in rank:
                row = above[i]
                for j in below:
                    row[j] += times
    return above


def _matrix(table: Dict[str, Dict[str, int]]) -> List[List[int]]:
    return [list(row.values()) for row in table.values()]


def _condorcet(d: Dict[str, Dict[str, int]]) -> Optional[str]:
    return next((i for i in d if all(d[i][j] > d[j][i] for j in d if j != i)), None)


def count_schulze(count: Count) -> Dict[str, Any]:
    """schulze-wv-v1."""
    ballots, rejected = read_preferences(count)
    d, options = duels(count, ballots), count.candidates
    path = {i: {j: d[i][j] if d[i][j] > d[j][i] else 0 for j in options} for i in options}
    for via in options:
        for i in options:
            for j in options:
                if i != j:
                    path[i][j] = max(path[i][j], min(path[i][via], path[via][j]))
    ranking: List[List[str]] = []
    left = list(options)
    while left:
        best = [i for i in left if not any(path[j][i] > path[i][j] for j in left)]
        ranking.append(count.by_lot(best))
        left = [i for i in left if i not in best]
    elected: List[str] = []
    ties = []
    for equals in ranking:
        chosen = equals[:count.rule["seats"] - len(elected)]
        if chosen and len(equals) > 1:
            ties.append(a_tie("elect", [c for c in options if c in equals], chosen, True))
        elected += chosen
    rounds = [a_round({}, elected=elected, ties=ties)] if ballots else []
    return outcome(rounds, rejected, candidates=options, matrix=_matrix(d), paths=_matrix(path), condorcet_winner=_condorcet(d),
                   ranking=ranking)


def count_ranked_pairs(count: Count) -> Dict[str, Any]:
    """ranked-pairs-v1."""
    ballots, rejected = read_preferences(count)
    d, options, lot = duels(count, ballots), count.candidates, count.lot
    pairs = [(i, j) for i in options for j in options
             if d[i][j] > d[j][i] or (d[i][j] == d[j][i] and lot[i] < lot[j])]
    pairs.sort(key=lambda p: (d[p[1]][p[0]] - d[p[0]][p[1]], -d[p[0]][p[1]], lot[p[0]], lot[p[1]]))
    alike = Counter((d[i][j] - d[j][i], d[i][j]) for i, j in pairs)
    beaten: Dict[str, Set[str]] = {i: set() for i in options}   # by locked pairs, over any number of steps
    records = []
    for i, j in pairs:
        locked = i not in beaten[j]
        if locked:
            for upper in [i, *(u for u in options if i in beaten[u])]:
                beaten[upper] |= {j} | beaten[j]
        margin = d[i][j] - d[j][i]
        records.append({"over": i, "under": j, "votes": d[i][j], "margin": margin, "locked": locked,
                        "tied": margin == 0 or alike[margin, d[i][j]] > 1})
    ranking = sorted(options, key=lambda i: -len(beaten[i]))
    rounds = [a_round({}, elected=ranking[:count.rule["seats"]])] if ballots else []
    found = outcome(rounds, rejected, candidates=options, matrix=_matrix(d), condorcet_winner=_condorcet(d), pairs=records,
                    ranking=ranking)
    return {**found, "lots_used": any(record["tied"] for record in records)}


def count_borda(count: Count) -> Dict[str, Any]:
    """borda-v1."""
    ballots, rejected = read_preferences(count)
    tally = dict.fromkeys(count.candidates, Fraction(0))
    for ranks, times in ballots:
        if count.rule["unranked"] == "average":
            marked = {option for rank in ranks for option in rank}
            ranks = [*ranks, [option for option in tally if option not in marked]]
        above = 0
        for rank in ranks:
            for option in rank:
                tally[option] += times * Fraction(2 * (len(tally) - above - 1) - len(rank) + 1, 2)
            above += len(rank)
    elected, ties = seats_by_score(count, tally)
    return outcome([a_round(tally, elected=elected, ties=ties)] if ballots else [], rejected)


# --- approvals and points added up

def _sum_up(count: Count, fault: Callable[[Ballot], str]) -> Tuple[Dict[str, Any], int]:
    """One round by the sums of all ballots that have no fault, and how many those are."""
    tally = dict.fromkeys(count.ids, 0)
    rejected: Counter[str] = Counter()
    valid = 0
    for ballot, times in count.groups.items():
        if ballot and fault(ballot):
            rejected[fault(ballot)] += times
        elif ballot:
            valid += times
            for option, points in points_on(ballot):
                tally[option] += points * times
    elected, ties = seats_by_score(count, tally)
    return outcome([a_round(tally, elected=elected, ties=ties)] if valid else [], dict(rejected)), valid


def points_on(ballot: Ballot) -> List[Tuple[str, int]]:
    """What a ballot gives to whom. An approval is one point."""
    return [(mark, 1) if isinstance(mark, str) else mark for mark in ballot]


def count_approval(count: Count) -> Dict[str, Any]:
    """approval-v1."""
    rule = count.rule

    def fault(ballot: Ballot) -> str:
        if len(ballot) < rule["min"]:
            return "too_few"
        return "too_many" if rule["max"] is not None and len(ballot) > rule["max"] else ""

    found, valid = _sum_up(count, fault)
    if rule["majority"] is not None and found["rounds"]:
        a, b = map(int, rule["majority"].lstrip(">=").split("/"))
        this = found["rounds"][0]
        reaches = {c: int(votes) * b >= valid * a if "=" in rule["majority"] else int(votes) * b > valid * a
                   for c, votes in this["tallies"].items()}
        this["elected"] = [c for c in this["elected"] if reaches[c]]
        found["winners"] = this["elected"]
    return found


def count_score(count: Count) -> Dict[str, Any]:
    """score-v1."""
    most = count.rule["max"]
    return _sum_up(count, lambda ballot: "too_much" if most is not None and max(p for _, p in ballot) > most else "")[0]


def count_cumulative(count: Count) -> Dict[str, Any]:
    """cumulative-v1."""
    rule = count.rule
    most, whole_sum = rule["max_points"], rule["max_sum"]

    def fault(ballot: Ballot) -> str:
        points = [p for _, p in ballot]
        if (most is not None and max(points) > most) or (whole_sum is not None and sum(points) > whole_sum):
            return "too_much"
        if rule["exact_sum"] and sum(points) != whole_sum:
            return "wrong_sum"
        return "too_few" if len(points) < rule["min_options"] else ""

    return _sum_up(count, fault)[0]


# --- proportional rules for approvals

@dataclass
class Approvals:
    """The ballots that approve something, each kind with its number, and who approves what."""

    count: Count

    def __post_init__(self) -> None:
        self.kinds = [(frozenset(ballot), times) for ballot, times in self.count.groups.items() if ballot]
        self.of = {c: [place for place, (ballot, _) in enumerate(self.kinds) if c in ballot] for c in self.count.ids}
        self.votes = {c: sum(self.kinds[place][1] for place in self.of[c]) for c in self.count.ids}

    def choose(self, tied: List[str], this: Dict[str, Any]) -> str:
        """Most approvals, then the best lot. Writes election and tie into the round."""
        most = max(self.votes[c] for c in tied)
        best = self.count.by_lot(c for c in tied if self.votes[c] == most)
        if len(tied) > 1:
            this["ties"].append(a_tie("elect", tied, [best[0]], len(best) > 1))
        this["elected"] = [best[0]]
        return best[0]


def count_seqpav(count: Count) -> Dict[str, Any]:
    """seqpav-v1."""
    votes = Approvals(count)
    rounds: List[Dict[str, Any]] = []
    open_options = list(count.ids) if votes.kinds else []
    elected: Set[str] = set()
    while open_options and len(elected) < count.rule["seats"]:
        weight = [Fraction(times, 1 + len(ballot & elected)) for ballot, times in votes.kinds]
        tally = {c: sum((weight[place] for place in votes.of[c]), Fraction(0)) for c in open_options}
        rounds.append(a_round(tally))
        best = max(tally.values())
        winner = votes.choose([c for c in tally if tally[c] == best], rounds[-1])
        elected.add(winner)
        open_options.remove(winner)
    return outcome(rounds, {})


def phragmen_rounds(votes: Approvals, load: List[Fraction], open_options: List[str], seats: int) -> List[Dict[str, Any]]:
    """Rounds of seqphragmen-v1 for `seats` more, from the loads that the kinds of ballots already carry."""
    rounds: List[Dict[str, Any]] = []
    open_options = list(open_options)
    while open_options and len(rounds) < seats:
        tally = {c: (1 + sum(load[place] * votes.kinds[place][1] for place in votes.of[c])) / Fraction(votes.votes[c])
                 for c in open_options if votes.votes[c]}
        rounds.append(a_round(tally))
        least = min(tally.values(), default=Fraction(0))
        winner = votes.choose([c for c in tally if tally[c] == least] or open_options[:], rounds[-1])
        for place in votes.of[winner]:
            load[place] = least
        open_options.remove(winner)
    return rounds


def count_seqphragmen(count: Count) -> Dict[str, Any]:
    """seqphragmen-v1."""
    votes = Approvals(count)
    load = [Fraction(0)] * len(votes.kinds)
    return outcome(phragmen_rounds(votes, load, count.ids if votes.kinds else [], count.rule["seats"]), {})


def shares_run(votes: Approvals, share: Fraction) -> Tuple[List[Dict[str, Any]], List[Fraction]]:
    """Rounds of one run of equal-shares-v1 in which every ballot holds `share`, and what a ballot of each kind has spent."""
    money = [share] * len(votes.kinds)
    rounds: List[Dict[str, Any]] = []
    open_options = list(votes.count.ids)
    while True:
        tally = {}
        for option in open_options:
            due, payers = Fraction(1), votes.votes[option]
            for place in sorted(votes.of[option], key=lambda place: money[place]):
                if money[place] * payers >= due:
                    tally[option] = due / payers
                    break
                due, payers = due - money[place] * votes.kinds[place][1], payers - votes.kinds[place][1]
        if not tally:
            return rounds, [share - rest for rest in money]
        rounds.append(a_round(tally))
        least = min(tally.values())
        winner = votes.choose([c for c in tally if tally[c] == least], rounds[-1])
        for place in votes.of[winner]:
            money[place] -= min(money[place], least)
        open_options.remove(winner)


def count_shares(count: Count) -> Dict[str, Any]:
    """equal-shares-v1."""
    votes, seats, completion = Approvals(count), count.rule["seats"], count.rule["completion"]
    raised = {"raises": 0} if completion == "add1" else {}
    if not votes.kinds:
        return outcome([], {}, voter_budget="0", **raised)
    ballots = sum(count.groups.values())
    share = Fraction(seats, ballots)
    rounds, spent = shares_run(votes, share)
    elsewhere = False                                      # whether a lot decided in a run that is not shown
    if completion == "add1":
        approvals = sorted((votes.votes[c] for c in count.ids if votes.votes[c]), reverse=True)
        supported = len(approvals)
        first = max(0, -(-ballots // approvals[min(seats, supported) - 1]) - seats - 1)
        while len(rounds) not in (seats, supported):
            elsewhere = elsewhere or (raised["raises"] >= first and outcome(rounds, {})["lots_used"])
            count.tick(f"equal shares, run {raised['raises'] + 2}")
            more, _ = shares_run(votes, share + Fraction(1, ballots))
            if len(more) > seats:
                elsewhere = elsewhere or outcome(more, {})["lots_used"]
                break
            raised["raises"] += 1
            rounds, share = more, share + Fraction(1, ballots)
    elif completion == "seqphragmen":
        taken = {c for r in rounds for c in r["elected"]}
        rest = phragmen_rounds(votes, spent, [c for c in count.ids if c not in taken], seats - len(rounds))
        rounds += [{**r, "completion": "seqphragmen"} for r in rest]
    found = outcome(rounds, {}, voter_budget=number(share), **raised)
    return {**found, "lots_used": found["lots_used"] or elsewhere}


# --- budget rules

@dataclass
class Purse(Count):
    """What a budget rule counts besides: costs, money, scores (approvals or points), and who supports what, how much."""

    cost: Dict[str, int]
    budget: int

    def __post_init__(self) -> None:
        self.score = dict.fromkeys(self.ids, 0)
        self.votes = dict.fromkeys(self.ids, 0)            # ballots that support it
        self.supporters: Dict[str, List[Tuple[int, int]]] = {option: [] for option in self.ids}   # kind of ballot, points
        self.sizes = list(self.groups.values())
        for place, (ballot, times) in enumerate(self.groups.items()):
            for option, points in points_on(ballot):
                self.score[option] += times * points
                self.votes[option] += times
                self.supporters[option].append((place, points))


def walk_greedy(purse: Purse, projects: Iterable[str], money: int, *, threshold: int = 0, stop: bool = False,
                rivals: Optional[Dict[str, Set[str]]] = None, taken: Optional[Set[str]] = None) -> List[Dict[str, Any]]:
    """pb-greedy-v1 over `projects` with `money`, one record a project. Nobody whose rival is `taken` is funded."""
    score, cost = purse.score, purse.cost
    rivals, taken = rivals or {}, set() if taken is None else taken
    rounds, stopped = [], False
    order = sorted(projects, key=lambda p: (-score[p], cost[p], purse.lot[p]))
    for project in order:
        if score[project] < threshold:
            decision = "below_threshold"
        elif stopped:
            decision = "stopped"
        elif rivals.get(project, set()) & taken:
            decision = "group_taken"
        elif cost[project] <= money:
            decision, money = "funded", money - cost[project]
            taken.add(project)
        else:
            decision, stopped = "unaffordable", stop
        tied = [p for p in order if (score[p], cost[p]) == (score[project], cost[project])]
        rounds.append({"option": project, "score": score[project], "cost": cost[project], "left": money,
                       "decision": decision, "tied": tied if len(tied) > 1 else []})
    return rounds


def funded(rounds: List[Dict[str, Any]]) -> List[str]:
    return [r["option"] for r in rounds if r["decision"] == "funded"]


def count_greedy(purse: Purse) -> Dict[str, Any]:
    """pb-greedy-v1."""
    rule = purse.rule
    rivals = {p: set(group) - {p} for group in rule["groups"] or [] for p in group}
    taken: Set[str] = set()
    rounds = []
    for pot in rule["pots"] or [{"budget": purse.budget, "options": purse.ids}]:
        walk = walk_greedy(purse, pot["options"], pot["budget"], threshold=rule["threshold"], stop=rule["mode"] == "stop",
                           rivals=rivals, taken=taken)
        rounds += [{**r, "pot": pot["id"]} for r in walk] if "id" in pot else walk
    return {"rounds": rounds, "winners": funded(rounds)}


def run_equal_shares(purse: Purse, voter_budget: Fraction) -> List[Dict[str, Any]]:
    """One run of pb-mes-v1 in which every ballot starts with `voter_budget`; a record for each funded project.

    Balances are integers in units of 1/`unit`, and `unit` grows as needed: exact, and faster than fractions.
    """
    sizes, utility = purse.sizes, purse.rule["utility"]
    weights = {p: {place: points if utility == "points" else 1 for place, points in purse.supporters[p]} for p in purse.ids}
    factor = {p: purse.cost[p] if utility == "cost" else 1 for p in purse.ids}
    unit = voter_budget.denominator
    balance = [voter_budget.numerator] * len(sizes)
    # rho can only rise within a run, since money only falls: an old rho above the best needs no second look.
    bound = dict.fromkeys((p for p in purse.ids if purse.votes[p]), Fraction(0))
    rounds: List[Dict[str, Any]] = []
    while True:
        best: Optional[Fraction] = None
        found: Dict[str, Tuple[Fraction, Fraction]] = {}
        for project in sorted(bound, key=lambda p: bound[p]):
            if best is not None and bound[project] > best:
                break
            share = _least_share(purse.cost[project] * unit, weights[project], balance, sizes, utility == "points")
            if share is None:
                del bound[project]                         # its supporters together cannot pay for it any more
                continue
            rho = share / (unit * factor[project])
            bound[project], found[project] = rho, (rho, share)
            best = rho if best is None else min(best, rho)
        if best is None:
            return rounds
        tied = sorted((purse.cost[p], -purse.votes[p], purse.lot[p], p) for p in found if found[p][0] == best)
        project = tied[0][3]
        alike = [entry[3] for entry in tied if entry[:2] == tied[0][:2]]
        share = found[project][1]
        largest = max(min(Fraction(balance[i]), share * weight) for i, weight in weights[project].items())
        rounds.append({"option": project, "cost": purse.cost[project], "supporters": purse.votes[project], "rho": number(best),
                       "effective_votes": number(Fraction(purse.cost[project] * unit) / largest),
                       "tied": alike if len(alike) > 1 else []})
        unit *= share.denominator
        balance = [money * share.denominator for money in balance]
        for i, weight in weights[project].items():
            balance[i] -= min(balance[i], share.numerator * weight)
        del bound[project]


def _least_share(due: int, weights: Dict[int, int], balance: List[int], sizes: List[int], unequal: bool) -> Optional[Fraction]:
    """The smallest share with which `due` is paid when each pays share × weight or all it has; None when that is too little."""
    def ruin(place: int) -> Any:                           # the share above which this ballot pays all it has
        return Fraction(balance[place], weights[place]) if unequal else balance[place]

    weight_left = sum(weight * sizes[place] for place, weight in weights.items())
    for place in sorted(weights, key=ruin):
        if balance[place] * weight_left >= due * weights[place]:
            return Fraction(due, weight_left)              # everyone from here on can pay it
        due -= balance[place] * sizes[place]
        weight_left -= weights[place] * sizes[place]
    return None


def count_equal_shares(purse: Purse) -> Dict[str, Any]:
    """pb-mes-v1 with its completions."""
    n, rule = sum(purse.sizes), purse.rule
    compare = "comparison" in rule["completion"]
    if n == 0:
        verdict = {"comparison": {"prefer_mes": 0, "prefer_greedy": 0, "chosen": "mes"}} if compare else {}
        return {"rounds": [], "voter_budget": "0", "runs": [], "winners": [], **verdict}
    add1 = "add1" in rule["completion"]
    share = Fraction(purse.budget // n) if add1 and rule["integral"] else Fraction(purse.budget, n)
    kept: List[Dict[str, Any]] = []
    runs: List[Dict[str, Any]] = []
    kept_share = share
    lots_used = False
    while True:
        purse.tick(f"equal shares, run {len(runs) + 1}")
        if len(runs) >= MAX_RUNS:
            raise CannotTell(f"the count needs more than {MAX_RUNS} runs")
        rounds = run_equal_shares(purse, share)
        spent = sum(r["cost"] for r in rounds)
        lots_used = lots_used or any(r["tied"] for r in rounds)
        runs.append({"voter_budget": number(share), "spent": spent, "winners": len(rounds)})
        if spent > purse.budget:
            break
        kept, kept_share = rounds, share
        bought = {r["option"] for r in rounds}
        open_costs = [purse.cost[p] for p in purse.ids if purse.votes[p] and p not in bought]
        if not add1 or not open_costs or (rule["stop_when_exhaustive"] and min(open_costs) > purse.budget - spent):
            break
        share += rule["step"]
    winners = [r["option"] for r in kept]
    found: Dict[str, Any] = {"voter_budget": number(kept_share), "runs": runs, "lots_used": lots_used}
    if "utilitarian" in rule["completion"]:
        money = purse.budget - sum(purse.cost[p] for p in winners)
        walk = walk_greedy(purse, [p for p in purse.ids if p not in winners], money)
        kept = kept + [{**r, "completion": "utilitarian"} for r in walk]
        winners += funded(walk)
    if compare:
        walk = walk_greedy(purse, purse.ids, purse.budget)
        kept = kept + [{**r, "completion": "comparison"} for r in walk]
        found["comparison"] = _compare(purse, set(winners), set(funded(walk)))
        winners = funded(walk) if found["comparison"]["chosen"] == "greedy" else winners
    return {**found, "rounds": kept, "winners": winners}


def _compare(purse: Purse, ours: Set[str], theirs: Set[str]) -> Dict[str, Any]:
    """Of how many ballots more projects are among `ours`, of how many more among `theirs`."""
    prefer = {1: 0, 0: 0, -1: 0}
    for ballot, times in purse.groups.items():
        projects = {option for option, _ in points_on(ballot)}
        more = len(projects & ours) - len(projects & theirs)
        prefer[(more > 0) - (more < 0)] += times
    return {"prefer_mes": prefer[1], "prefer_greedy": prefer[-1], "chosen": "greedy" if prefer[-1] > prefer[1] else "mes"}


COUNTS: Dict[str, Callable[[Count], Dict[str, Any]]] = {
    "irv-v1": count_irv, "stv-scottish-v1": count_scottish, "stv-meek-prf-v1": count_meek, "schulze-wv-v1": count_schulze,
    "ranked-pairs-v1": count_ranked_pairs, "borda-v1": count_borda, "approval-v1": count_approval, "score-v1": count_score,
    "cumulative-v1": count_cumulative, "seqpav-v1": count_seqpav, "seqphragmen-v1": count_seqphragmen,
    "equal-shares-v1": count_shares,
}
BUDGET_COUNTS: Dict[str, Callable[[Purse], Dict[str, Any]]] = {
    "pb-greedy-v1": count_greedy, "pb-mes-v1": count_equal_shares,
}


def recount(poll: str, config: Dict[str, Any], groups: Counter[Ballot], beacon: str,
            tick: Callable[[str], None] = lambda text: None) -> Dict[str, Any]:
    """The whole result record of a poll, from its configuration and its ballots alone. Raises CannotTell for other rules."""
    method, rule, ids = config["method"], config["rule"], [option["id"] for option in config["options"]]
    file_hash = hexhash(ballot_file(poll, method, ids, groups))
    seed, order = draw_lots(poll, file_hash, beacon, ids)
    lot = {option: place for place, option in enumerate(order)}
    total, blank = sum(groups.values()), groups.get((), 0)
    if method in BUDGET_COUNTS:
        cost = {option["id"]: option["cost"] for option in config["options"]}
        found = BUDGET_COUNTS[method](Purse(ids, groups, rule, lot, tick, cost, config["budget"]))
        found.update(budget=config["budget"], spent=sum(cost[p] for p in found["winners"]),
                     lots_used=found.get("lots_used", False) or any(r["tied"] for r in found["rounds"]))
    elif method in COUNTS:
        found = COUNTS[method](Count(ids, groups, rule, lot, tick))
        if total < rule["quorum"]:
            found["winners"] = []
    else:
        raise CannotTell(f"this program cannot count by the rule {plain(method)}; get a newer one")
    rejected = found.pop("rejected", {})
    return {"v": 1, "poll": poll, "rule": method, "options": rule, "ballots_sha256": file_hash, "seed": seed, "tie_order": order,
            "input": {"ballots": total, "blank": blank, "valid": total - blank - sum(rejected.values()), "rejected": rejected},
            **found}


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
        self.groups: Counter[Ballot] = Counter(marks_of(cast["b"]) for _, cast in self.counted)

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
    kind, limits = next(iter(config["ballot"].items()))
    for index, cast in poll.casts:
        if kind not in cast["b"]:
            raise Problem("C12", f"entry {index} is not the kind of ballot that the poll asks for ({kind})")
        check = _check_approvals if kind == "approve" else _check_ranking if kind == "rank" else _check_points
        check(cast["b"][kind], limits, cost, f"entry {index}")
    return f"valid ballots ({len(poll.casts):,})"


def _check_approvals(marks: List[str], limits: Dict[str, Any], cost: Dict[str, int], where: str) -> None:
    if marks != sorted(set(marks)) or not set(marks) <= set(cost):
        raise Problem("C12", f"{where} is not a sorted list of different options of this poll")
    if len(marks) < limits["min"] or (limits["max"] is not None and len(marks) > limits["max"]):
        raise Problem("C12", f"{where} approves {len(marks)} options, outside the limits")
    if limits["max_cost"] is not None and sum(cost[mark] for mark in marks) > limits["max_cost"]:
        raise Problem("C12", f"{where} costs more than a ballot may")


def _check_ranking(ranks: List[List[str]], limits: Dict[str, Any], cost: Dict[str, int], where: str) -> None:
    marks = [mark for rank in ranks for mark in rank]
    if not set(marks) <= set(cost) or any(rank != sorted(set(rank)) for rank in ranks) or (ranks and not ranks[-1]):
        raise Problem("C12", f"{where} does not consist of ranks with sorted, different options of this poll")
    if limits["raw"]:
        return
    if len(set(marks)) != len(marks) or not all(ranks):
        raise Problem("C12", f"{where} leaves a rank empty or ranks an option twice")
    if not limits["ties"] and len(ranks) != len(marks):
        raise Problem("C12", f"{where} ranks options as equal, which this poll does not allow")
    if len(marks) < limits["min"] or (limits["max"] is not None and len(marks) > limits["max"]):
        raise Problem("C12", f"{where} ranks {len(marks)} options, outside the limits")


def _check_points(marks: Dict[str, int], limits: Dict[str, Any], cost: Dict[str, int], where: str) -> None:
    whole_sum = limits.get("sum")
    if not set(marks) <= set(cost) or any(points < 1 for points in marks.values()):
        raise Problem("C12", f"{where} gives points to what is no option of this poll, or fewer than one")
    if limits["max"] is not None and any(points > limits["max"] for points in marks.values()):
        raise Problem("C12", f"{where} gives an option more points than a ballot may")
    if whole_sum is not None and sum(marks.values()) > whole_sum:
        raise Problem("C12", f"{where} gives more points than a ballot has")
    if marks and limits.get("exact") and sum(marks.values()) != whole_sum:
        raise Problem("C12", f"{where} does not give exactly {whole_sum} points")
    if marks and len(marks) < limits.get("min", 0):
        raise Problem("C12", f"{where} gives points to {len(marks)} options, fewer than it must")


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


def check_tally(poll: Poll, report: Report) -> str:
    """Recount, and compare with what was published, field by field, so that the report names what differs."""
    config, result, first = poll.one("poll.created"), {}, ""
    for act, tally in enumerate(poll.tallies, 1):
        if tally["act"] != act:
            raise Problem("C16", f"result act number {tally['act']} stands where act {act} is next")
        if tally["tally"] != config["tally"]:
            raise Problem("C16", "the tally names another counting rule than the poll did when it was created")
        beacon = _beacon(poll, config["tie"], tally, report)
        first = first or beacon
        if beacon != first:
            raise Problem("C16", f"result act {act} draws the lots a second time")
        result = recount(poll.name, config, poll.groups, beacon, poll.progress.tick)
        poll.results.append(canonical(result))
        published = _published_result(poll, tally, "C16")
        for name in sorted(set(result) | set(published)):
            if name not in published or name not in result or canonical(result[name]) != canonical(published[name]):
                raise Problem("C16", f"a recount differs from the published result in: {name}")
    unit = "run" if "runs" in result else "round"
    times = len(result[unit + "s"])
    return f"tally ({config['method']}, {times:,} {unit}{'' if times == 1 else 's'}, {result['input']['ballots']:,} ballots)"


def _beacon(poll: Poll, tie: Dict[str, Any], tally: Dict[str, Any], report: Report) -> str:
    """The 64 hex digits that the lots follow from, checked as far as they can be from the log alone."""
    source = tie["seed_source"]
    field = {"commit-reveal": "nonce", "public-draw": "draw_sha256", "drand": "drand"}[source]
    if field not in tally:
        raise Problem("C16", f"the lots were to come from {source}, and the tally has no {field}")
    if source == "commit-reveal":
        if hexhash(bytes.fromhex(tally["nonce"])) != tie["commit"]:
            raise Problem("C16", "the nonce behind the lots is not the one committed to when the poll was created")
        return str(tally["nonce"])
    if source == "public-draw":
        data = read_blob(poll.log.source, tally["draw_sha256"], MAX_NOTE, "C16", "the text of the draw")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Problem("C16", "the text of the draw is not UTF-8") from None
        if "\r" in text or not text:
            raise Problem("C16", "the text of the draw is empty or has lines that do not end with LF")
        report.poll["draw"] = plain(text)
        warning = "not checked: whether the draw was made before witnesses, after the ballots were fixed, and came out as stated"
    else:
        drand = tally["drand"]
        if drand["chain"] != tie["chain"]:
            raise Problem("C16", "the randomness is of another drand chain than the one named when the poll was created")
        report.poll["drand"] = drand
        warning = ("not checked: the BLS signature of the drand round, and whether that round was the one due after the close. "
                   f"Compare round {drand['round']} of chain {drand['chain'][:16]}… with a drand node")
    if warning not in report.warnings:
        report.warnings.append(warning)
    return hexhash(bytes.fromhex(tally["drand"]["signature"])) if source == "drand" else str(tally["draw_sha256"])


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
        report.run("C16", lambda: check_tally(poll, report), "C8 C12")
        report.run("C17", lambda: check_result(poll), "C8 C16")
        report.run("C19", lambda: check_participation(poll), "C8")
    else:
        report.undecided.append(f"the poll is {state}; its tally is not published yet")
    if "poll.closed" in kinds or any(e["d"].get("origin") == "import" for _, e in poll.entries if e["type"] == "poll.created"):
        report.add("C18", "n/a", "mix: cannot tell from the entries of a closed poll how large the groups were")
    else:
        report.run("C18", lambda: check_mix(poll), "C8")
    report.poll.update(id=poll.name, title=titles.get("", ""), state=state, cast=len(poll.casts), counted=len(poll.counted))
    if report.verdict != "fail" and poll.tallies:
        _describe_result(poll, report, titles)


def _describe_result(poll: Poll, report: Report, titles: Dict[str, str]) -> None:
    config, tally = poll.one("poll.created"), poll.tallies[-1]
    report.poll.update(method=config["method"], act=tally["act"], ballots_sha256=tally["ballots_sha256"],
                       result_sha256=tally["result_sha256"])
    if report.verdict == "pass":
        result = _published_result(poll, tally, "C17")
        cost = {option["id"]: option.get("cost") for option in config["options"]}
        report.poll.update(story=tell_rounds(result), winners=[
            {"id": option, "title": titles.get(option, ""), **({} if cost[option] is None else {"cost": cost[option]})}
            for option in result["winners"]])
        if "budget" in result:
            report.poll.update(budget=result["budget"], spent=result["spent"])
        elif result["input"]["ballots"] < result["options"]["quorum"]:
            report.poll["quorum"] = result["options"]["quorum"]


def tell_rounds(result: Dict[str, Any]) -> List[str]:
    """A result's way to its winners, a line for each round, or for each project that was paid for."""
    if "budget" in result:
        paid = {"funded": "funded", "group_taken": "left out, another of its group is funded"}
        return [f"{r['option']}: " + (f"paid for by {r['supporters']:,} at rho {r['rho']}" if "rho" in r else
                                      f"score {r['score']:,}, {paid.get(r['decision'], r['decision'].replace('_', ' '))}")
                for r in result["rounds"]]
    if "ranking" in result:
        equals = [[place] if isinstance(place, str) else place for place in result["ranking"]]
        return ["Ranking: " + " > ".join(" = ".join(place) for place in equals)]
    lines = []
    for place, this in enumerate(result["rounds"], 1):
        votes = sorted(this["tallies"].items(), key=lambda item: -Fraction(item[1]))
        words = [", ".join(f"{option} {tally}" for option, tally in votes)]
        words += [f"{what} {', '.join(this[what])}" for what in ("elected", "excluded") if this[what]]
        words += [f"surplus of {this['surplus']} passed on"] if this.get("transfers") and this.get("surplus") else []
        words += ["by lot"] if any(tie["lot"] for tie in this["ties"]) else []
        lines.append(f"Round {place}: " + "; ".join(filter(None, words)))
    return lines


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
    report.poll = {"id": entry["poll"], "bid": ballot["bid"], "rev": ballot["rev"], "index": index, **ballot["b"]}
    if log is not None and log.entries:
        poll = Poll(log, entry["poll"], progress)
        check_texts(poll, report, titles)
        later = [d["rev"] for _, d in poll.casts if d["cred"] == ballot["cred"] and d["rev"] > ballot["rev"]]
        report.poll.update(title=titles[""], replaced=bool(later))
    report.poll["words"] = [plain(words) for words in _ballot_words(ballot["b"], titles)]
    return f"ballot {ballot['bid']} in poll {entry['poll']}"


def _ballot_words(b: Dict[str, Any], titles: Dict[str, str]) -> List[str]:
    def name(option: str) -> str:
        return f"{option} ({titles[option]})" if titles.get(option) else option

    (kind, marks), = b.items()
    if kind == "approve":
        return [name(option) for option in marks]
    if kind == "rank":
        return [f"{place}. {' = '.join(map(name, rank))}" for place, rank in enumerate(marks, 1) if rank]
    return [f"{name(option)}: {given}" for option, given in marks.items()]


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
        lines += [plain(line) for line in poll["story"][:MAX_STORY]]
        lines += [f"({len(poll['story']) - MAX_STORY:,} more lines; --json has all)"] if len(poll["story"]) > MAX_STORY else []
        spends = "budget" in poll
        lines.append(f"Funded, in this order ({poll['spent']:,} of {poll['budget']:,} spent):" if spends else
                     "Elected, in this order:")
        lines += [f"  {place}. {w['id']}  {w['title']}" + (f"  {w['cost']:,}" if spends else "")
                  for place, w in enumerate(poll["winners"], 1)]
        lines += [] if poll["winners"] else ["  nothing" if spends else "  nobody"]
        lines += [f"Too few ballots: {poll['quorum']:,} are needed."] if "quorum" in poll else []
    if "words" in poll:
        words_of_ballot = "; ".join(poll["words"]) or "nothing (a blank ballot)"
        verb = "approves" if "approve" in poll else "ranks" if "rank" in poll else "gives points"
        lines.append(f"The ballot with receipt number {poll['bid']} {verb}: {words_of_ballot}")
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
