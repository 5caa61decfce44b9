"""Recheck and recount a poll of a public vote log, without trusting the server that published it.

    python -m verifier poll https://vote.example.org p1        everything the log says about one poll
    python -m verifier log https://vote.example.org            the whole log, without counting
    python -m verifier receipt my-receipt.json --url https://vote.example.org
    python -m verifier place my-place.json --url https://vote.example.org
    python -m verifier diff old-checkpoint.txt https://vote.example.org
    python -m verifier watch https://vote.example.org --state seen

One file, standard library only, Python 3.9 or newer: it also runs alone as `python votelog_verify.py …`. It was written
from the published specification and shares no line with the server. Exit code 0: pass, 1: fail, 2: cannot tell, 3: usage.

A check returns a sentence, or its status and a sentence, or raises: `Problem` (the log is wrong: fail) or `CannotTell` (we
could not look). It never returns a truth value that a caller could forget to read.
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
import struct
import sys
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, List, NoReturn, Optional, Sequence, Set, Tuple, Union

MAX_ENTRY = 16_384
MAX_LOG = 20_000_000
MAX_NOTE = 65_536
MAX_BLOB = 2**28
MAX_RESULT = 16 * 1024 * 1024
MAX_ZIP = 2**30
MAX_ZIP_LIST = 2**25
MAX_UNZIPPED = 2**31
MAX_RUNS = 100_000
MAX_STORY = 100
ZERO = "0" * 64
TIMEOUT_S = 30
DAY = 86_400


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


@lru_cache(maxsize=4096)
def _good_key(key: str) -> bool:
    return re.fullmatch(r"[a-z0-9_.-]+", key) is not None


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    value = dict(pairs)
    if not all(map(_good_key, value)):
        raise ValueError("a key outside [a-z0-9_.-]")
    if len(value) != len(pairs):
        raise ValueError("a key twice")
    return value


def parse_canonical(raw: bytes, check: str, what: str, limit: int = MAX_ENTRY) -> Any:
    """The value of canonical JSON; anything that would serialise to other bytes is a Problem."""
    if len(raw) > limit:
        raise Problem(check, f"{what} is longer than {limit} bytes")
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_int=_whole, parse_float=_no_float, parse_constant=_no_float)
        if not raw.isascii() and unicodedata.normalize("NFC", text) != text and not _all_nfc(value):
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


@lru_cache(maxsize=256)                                    # the same checkpoint is looked at more than once
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
    """A C2SP verifier key: `name+<key id, 8 hex>+<base64 of the type and the Ed25519 key>`."""

    text: str
    name: str
    key_id: bytes
    public: bytes


def parse_vkey(text: str, check: str = "C1", kind: int = 1) -> Vkey:
    """`kind`: 1 for keys that sign, 4 for those of witnesses."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not _good_name(name) or not re.fullmatch(r"[0-9a-f]{8}", key_id):
        raise Problem(check, f"not a verifier key: {plain(text)}")
    key = unbase64(encoded, check, "the verifier key")
    if len(key) != 33 or key[0] != kind:
        raise Problem(check, f"the verifier key is not of type 0x{kind:02x} ({'Ed25519' if kind == 1 else 'cosignature/v1'})")
    if sha256(name.encode() + b"\n" + key)[:4].hex() != key_id:
        raise Problem(check, "the key id does not match the verifier key")
    return Vkey(text, name, bytes.fromhex(key_id), key[1:])


def _good_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


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
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
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


class Bundle:
    """The files in a zip. Whoever made it may mean harm: its size, its names and what it unpacks to are looked at first."""

    def __init__(self, file: str) -> None:
        self.name = os.path.abspath(file)
        self.files: Dict[str, zipfile.ZipInfo] = {}
        try:
            with open(file, "rb") as raw:
                size = raw.seek(0, os.SEEK_END)
                raw.seek(max(0, size - 42))
                tail = raw.read()
            end = tail[-22:]
            if size > MAX_ZIP or len(end) < 22 or not end.startswith(b"PK\5\6") or end[20:] != b"\0\0" or b"PK\6\7" in tail:
                raise CannotTell(f"{file} is not a plain zip of at most {MAX_ZIP:,} bytes")
            if int.from_bytes(end[12:16], "little") > MAX_ZIP_LIST:          # before anything of it is read into memory
                raise CannotTell(f"{file} lists too many files")
            self.zip = zipfile.ZipFile(file)
        except OSError as error:
            raise CannotTell(f"cannot read {file}: {error.strerror}") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise CannotTell(f"{file} cannot be read as a zip: {plain(error)}") from None
        total = 0
        for info in self.zip.infolist():
            total += info.file_size
            kind = info.external_attr >> 28
            if not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?", info.filename) or kind not in (0, 4, 8) or \
                    {".", ".."} & set(info.filename.split("/")) or info.filename in self.files:
                raise CannotTell(f"{file} holds a name that no bundle has, or holds it twice: {plain(info.filename)}")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise CannotTell(f"{file} holds a file that is encrypted or packed in an unknown way")
            if total > MAX_UNZIPPED:
                raise CannotTell(f"{file} unpacks to more than {MAX_UNZIPPED:,} bytes")
            self.files[info.filename] = info

    def read(self, path: str, limit: int) -> bytes:
        """As Directory.read."""
        info = self.files.get(path)
        if info is None or path.endswith("/"):
            raise Missing(path)
        try:
            with self.zip.open(info) as file:
                return file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise CannotTell(f"{path} in {self.name} is damaged: {plain(error)}") from None


class Inside:
    """A part of a source: the paths that begin with `prefix`."""

    def __init__(self, source: Any, prefix: str) -> None:
        self.source, self.prefix, self.name = source, prefix, f"{source.name}/{prefix}".rstrip("/")

    def read(self, path: str, limit: int) -> bytes:
        data: bytes = self.source.read(self.prefix + path, limit)
        return data


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
    if limit > MAX_BLOB:
        raise CannotTell(f"{what} is too large for this program")
    data = read(source, "blob/" + name, limit, check, what)
    if hexhash(data) != name:
        raise Problem(check, f"the bytes of {what} do not have the SHA-256 that the log names ({name[:16]}…)")
    return data


@dataclass(frozen=True)
class Place:
    """A log that can be read, and what the instance says about it (empty when only the log itself was named)."""

    source: Any
    declared: Dict[str, Any]


def open_source(base: Any) -> Any:
    """What can be read at an address, in a directory or in a zip. A source that is one already stays as it is."""
    if not isinstance(base, str):
        return base
    if "://" in base:
        return Web(base)
    if os.path.isdir(base):
        return Directory(base)
    if os.path.isfile(base):
        return Bundle(base)
    raise Usage(f"neither a directory, a zip nor an http(s) address: {plain(base)}")


def find_logs(base: Any) -> List[Place]:
    """The logs of a source, oldest first: of an instance, of a bundle, or the one log that it is itself."""
    source = open_source(base)
    return _listed(source, isinstance(source, Web))


def _listed(source: Any, web: bool) -> List[Place]:
    listing = "log/" if web else "log/index.json"
    try:
        raw = source.read(listing, MAX_NOTE)
    except Missing:
        return [Place(source, {})]                         # no list of logs here, so this must be a log itself
    try:
        answer = json.loads(raw.decode("utf-8"))
        common = {"receipt_vkey": answer["receipt_vkey"]} if "receipt_vkey" in answer else {}
        logs = [{**common, **log} for log in answer["logs"]]
        for log in logs:
            if not all(isinstance(log.get(name, ""), str) for name in ("origin", "prefix", "vkey", "receipt_vkey")):
                raise ValueError("not text")
        if web:
            places = [Place(Web(urllib.parse.urljoin(source.name, log["prefix"])), log) for log in logs]
        else:
            if not all(re.fullmatch(r"/?log/[A-Za-z0-9_-]+/?", log["prefix"]) for log in logs):
                raise ValueError("a prefix outside the bundle")
            places = [Place(Inside(source, log["prefix"].strip("/") + "/"), log) for log in logs]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CannotTell(f"{source.name.rstrip('/')}/{listing} is not a readable list of logs") from None
    except Usage as error:
        raise CannotTell(f"{source.name}log/ names a log that cannot be fetched: {error}") from None
    if not places:
        raise CannotTell(f"{source.name.rstrip('/')}/{listing} names no log yet")
    return places


def bundled_poll(base: Any) -> str:
    """The poll that a bundle was made for, or "" where the source is no bundle."""
    source = open_source(base)
    if isinstance(source, Web):
        return ""
    try:
        about = json.loads(source.read("bundle.json", MAX_NOTE).decode("utf-8"))
        if about["v"] != 1 or not isinstance(about["poll"], str):
            raise ValueError("not version 1")
        if [place.declared.get("origin") for place in find_logs(source)] != [about["origin"]]:
            raise ValueError("another log")
    except Missing:
        return ""
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CannotTell(f"bundle.json in {source.name} is not readable, or not of the log beside it ({plain(error)})") from None
    return str(about["poll"])


def of_this_bundle(log: Log, name: str) -> None:
    """Raises CannotTell where the log was read from a bundle that was made for another poll: it lacks what the entries of
    this one name, and that is nobody's fault."""
    bundled = bundled_poll(log.source.source if isinstance(log.source, Inside) else log.source)
    if bundled not in ("", name):
        raise CannotTell(f"the file in hand is of the poll {plain(name)}, and this bundle holds what belongs to {plain(bundled)}")


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

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def join(self, other: Report) -> None:
        """Take over what another report says; of two logs the last is shown."""
        self.checks.extend(other.checks)
        self.undecided.extend(other.undecided)
        self.log = other.log or self.log
        for text in other.warnings:
            self.warn(text)

    def run(self, check: str, function: Callable[[], Union[str, Tuple[str, str]]], needs: str = "") -> None:
        """Do one check, unless one of those it `needs` has failed."""
        failed = [c["id"] for c in self.checks if c["id"] in needs.split() and c["status"] in ("fail", "open")]
        if failed:
            if check not in failed:
                self.add(check, "open", f"not reached because {', '.join(sorted(set(failed)))} did not pass")
            return
        try:
            said = function()
            self.add(check, *(said if isinstance(said, tuple) else ("pass", said)))
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


# ----------------------------------------------------------------------------------------- witnesses and their policy

@dataclass(frozen=True)
class Policy:
    """A C2SP tlog-policy: which logs are meant, and whose cosignatures are enough."""

    logs: Tuple[Vkey, ...]
    witnesses: Dict[str, Vkey]
    groups: Dict[str, Tuple[int, Tuple[str, ...]]]         # name -> how many of which members
    quorum: str

    def satisfied(self, signed: Set[str], name: str) -> bool:
        """Whether the witness or group `name` counts as having signed, given the witnesses that did."""
        if name == "none":
            return True
        if name in self.witnesses:
            return name in signed
        need, members = self.groups[name]
        return sum(self.satisfied(signed, member) for member in members) >= need


def parse_policy(raw: bytes) -> Policy:
    """Raises Usage: the file is the user's own."""
    logs: List[Vkey] = []
    witnesses: Dict[str, Vkey] = {}
    groups: Dict[str, Tuple[int, Tuple[str, ...]]] = {}
    quorum: List[str] = []
    grouped: Set[str] = set()
    try:
        if len(raw) > MAX_NOTE:
            raise ValueError("it is too long")
        for octets in raw.split(b"\n"):
            if not re.fullmatch(rb"[\t\x20-\x7e\x80-\xff]*", octets):
                raise ValueError("a line has control characters")
            line = octets.decode("utf-8", "surrogateescape")
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            kind, rest = words[0], words[1:]
            if kind == "log" and len(rest) in (1, 2):
                logs.append(parse_vkey(rest[0]))
            elif kind == "witness" and len(rest) in (2, 3) and rest[0] != "none" and rest[0] not in {*witnesses, *groups}:
                witnesses[rest[0]] = parse_vkey(rest[1], "C3", 4)
            elif kind == "group" and len(rest) > 2 and rest[0] != "none" and rest[0] not in {*witnesses, *groups}:
                members = rest[2:]
                if not set(members) <= {*witnesses, *groups} or len(set(members)) != len(members) or grouped & set(members):
                    raise ValueError(f"the group {rest[0]} has a member that is unknown so far, or in a group already")
                need = {"any": "1", "all": str(len(members))}.get(rest[1], rest[1])
                if not re.fullmatch(r"[1-9][0-9]{0,5}", need) or int(need) > len(members):
                    raise ValueError(f"the group {rest[0]} asks for a number of members that it does not have")
                groups[rest[0]] = (int(need), tuple(members))
                grouped |= set(members)
            elif kind == "quorum" and len(rest) == 1 and rest[0] in {"none", *witnesses, *groups}:
                quorum.append(rest[0])
            else:
                raise ValueError(f"a line makes no sense: {line.strip()}")
        if len(quorum) != 1:
            raise ValueError("it needs exactly one line that begins with quorum")
        if len({key.public for key in witnesses.values()}) != len(witnesses) or len({key.public for key in logs}) != len(logs):
            raise ValueError("two witnesses, or two logs, have one key")
    except (ValueError, Problem) as error:
        raise Usage(f"the policy cannot be read: {plain(error)}") from None
    return Policy(tuple(logs), witnesses, groups, quorum[0])


def cosignatures(note: Note, policy: Policy) -> Dict[str, int]:
    """The newest time at which each witness of the policy signed this note. Raises (C3) for a bad signature of one of them."""
    times: Dict[str, int] = {}
    for name, key in policy.witnesses.items():
        for signer, key_id, blob in note.signatures:
            if (signer, key_id) != (key.name, key.key_id):
                continue
            at = int.from_bytes(blob[:8], "big")
            try:
                ed25519_verify(key.public, f"cosignature/v1\ntime {at}\n{note.text}".encode(), blob[8:])
            except ValueError as error:
                raise Problem("C3", f"bad cosignature by {signer}: {error}") from None
            times[name] = max(at, times.get(name, 0))
    return times


# ----------------------------------------------------------------------------------------------------------- the log

@dataclass
class Asked:
    """What whoever asks knows beforehand, and the time it is."""

    vkeys: Sequence[str] = ()
    policy: Optional[Policy] = None
    state: Optional[str] = None
    now: int = field(default_factory=lambda: int(time.time()))

    @property
    def keys(self) -> List[Vkey]:
        return [*map(parse_vkey, self.vkeys), *(self.policy.logs if self.policy else ())]


class Entry:
    """An entry that is no ballot: what is left of it once its bytes and its chain have been looked at."""

    __slots__ = ("d", "index", "kind", "n", "t")

    def __init__(self, index: int, kind: str, n: int, t: int, d: Dict[str, Any]) -> None:
        self.index, self.kind, self.n, self.t, self.d = index, kind, n, t, d


class Cast:
    """A `ballot.cast`. There may be hundreds of thousands; `b` is shared among equal ballots, and filled in when opened."""

    __slots__ = ("b", "bid", "c", "cred", "index", "rev")
    kind = "ballot.cast"

    def __init__(self, index: int, bid: str, cred: str, rev: int, b: Optional[Dict[str, Any]], c: str) -> None:
        self.index, self.bid, self.cred, self.rev, self.b, self.c = index, bid, cred, rev, b, c


Step = Union[Entry, Cast]


@dataclass
class Log:
    source: Any
    origin: str = ""
    size: int = 0
    root: bytes = b""
    note: bytes = b""
    key: Optional[Vkey] = None
    receipt_key: Optional[Vkey] = None
    raw: List[bytes] = field(default_factory=list)
    leaves: List[bytes] = field(default_factory=list)
    polls: Dict[str, List[Step]] = field(default_factory=dict)   # the chain of each poll, and under "" that of no poll
    broken_chain: str = ""                                 # what C7 has found, if anything
    parsed: bool = False                                   # all entries were read without a Problem
    grown_from: int = 0                                    # size when last seen
    shared: Dict[bytes, Dict[str, Any]] = field(default_factory=dict)

    def share(self, b: Dict[str, Any]) -> Dict[str, Any]:
        """`b`, or the equal one that stood in an earlier ballot."""
        return self.shared.setdefault(canonical(b), b)

    def own(self, kind: str) -> List[Entry]:
        """The entries of a type that belong to no poll."""
        return [e for e in self.polls.get("", []) if isinstance(e, Entry) and e.kind == kind]

    @property
    def closed(self) -> bool:
        return bool(self.own("log.closed"))


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


def load_log(place: Place, asked: Asked, report: Report, progress: Progress) -> Log:
    """Fetch a log whole and do C1 to C7. CannotTell when it cannot be fetched."""
    log = Log(place.source)
    try:
        log.note = place.source.read("checkpoint", MAX_NOTE)
    except Missing:
        raise CannotTell(f"no log is published at {log.source.name} (there is no checkpoint)") from None
    seen = _remembered(asked.state)
    report.run("C1", lambda: _parse_head(log, report))
    report.run("C5", lambda: _check_tree(log, progress), "C1")
    report.run("C1", lambda: _choose_key(log, place, asked, seen, report), "C1")
    report.run("C2", lambda: _check_signature(log), "C1")
    if asked.state is None:
        report.add("C4", "n/a", "same log as before (no --state given)")
    else:
        report.run("C4", lambda: _check_state(log, seen, str(asked.state)), "C1 C2 C5")
    report.run("C6", lambda: read_entries(log, progress), "C5")
    report.run("C7", lambda: _check_chains(log), "C5 C6")
    _check_witnesses(log, asked, report)
    return log


def _parse_head(log: Log, report: Report) -> str:
    log.origin, log.size, log.root = parse_checkpoint(parse_note(log.note))
    report.log = {"origin": plain(log.origin), "size": log.size, "root": log.root.hex(), "witnesses": []}
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


def _choose_key(log: Log, place: Place, asked: Asked, seen: List[Dict[str, Any]], report: Report) -> str:
    keys = asked.keys
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
        log.receipt_key = parse_vkey(opened["receipt_vkey"])
        if log.receipt_key.name != log.origin + "/receipt":
            raise Problem("C1", "the first entry names a receipt key of another name than this log's")
        if log.key is None:
            log.key, how = parse_vkey(opened["vkey"]), "key from the log itself"
            report.warn("the key was taken from the log itself: it proves that the log is one piece, not whose it is. "
                        "Get the key by another way and give it with --vkey")
        if opened["vkey"] != log.key.text:
            raise Problem("C1", f"the log states another key ({plain(opened['vkey'])}) than the one known ({log.key.text})")
        if place.declared.get("receipt_vkey", log.receipt_key.text) != log.receipt_key.text:
            raise Problem("C1", "the instance's list of logs names another receipt key than the log")
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


def _check_witnesses(log: Log, asked: Asked, report: Report) -> None:
    """C3. Cosignatures are worth nothing where the log's own signature is not good."""
    alone = ("the operator could show different people different logs, unless they compare checkpoints or receipts "
             "(use --state to compare with what you saw before)")
    if any(c["id"] in ("C1", "C2") and c["status"] in ("fail", "open") for c in report.checks):
        report.add("C3", "open", "not reached because the checkpoint's own signature did not pass")
        return
    note, policy = parse_note(log.note), asked.policy
    if policy is None or policy.quorum == "none":
        others = len(note.signatures) - sum((name, key_id) == (log.key.name, log.key.key_id) if log.key else 0
                                            for name, key_id, _ in note.signatures)
        if policy is None and others:
            report.add("C3", "warn", "witnesses: not checked, because no --policy was given (the checkpoint has "
                                     f"{others} further signatures)")
            report.warn("no witness policy was given, so no cosignature was checked: " + alone)
        else:
            report.add("C3", "warn", "witnesses: none. Only this log's own key vouches for the checkpoint")
            report.warn("no witness has cosigned: " + alone)
        return

    def quorum() -> Tuple[str, str]:
        times = cosignatures(note, policy)
        report.log["witnesses"] = sorted(policy.witnesses[name].name for name in times)
        future = [name for name, at in times.items() if at > asked.now + 600]
        if future:
            raise Problem("C3", f"the cosignature of {future[0]} is dated in the future ({moment(times[future[0]])})")
        if not policy.satisfied(set(times), policy.quorum):
            raise Problem("C3", f"{len(times)} of {len(policy.witnesses)} witnesses have cosigned the checkpoint, and the policy "
                                "asks for more")
        stale = not policy.satisfied({name for name, at in times.items() if at >= asked.now - DAY}, policy.quorum)
        if stale and not log.closed:
            report.warn("the witnessed checkpoint is old: what was added since is not witnessed, or is being held back")
            return "warn", (f"witnesses: {len(times)} of {len(policy.witnesses)} have cosigned, but not enough of them within a "
                            f"day (the newest at {moment(max(times.values()))})")
        return "pass", f"witnesses ({len(times)} of {len(policy.witnesses)} have cosigned, as the policy asks)"

    report.run("C3", quorum)


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
            log.grown_from = record["size"]
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


def read_entries(log: Log, progress: Progress) -> str:
    """Parse `log.raw` into `log.polls` (C6). What is wrong with a chain is kept for C7."""
    heads: Dict[str, Tuple[int, str]] = {}
    for index, raw in enumerate(log.raw):
        if index % 256 == 0:
            progress.tick(f"parsing entry {index:,} of {log.size:,}")
        entry = parse_entry(raw, index)
        poll, kind, d = entry["poll"], entry["type"], entry["d"]
        n, prev = heads.get(poll, (0, ZERO))
        if entry["n"] != n:
            log.broken_chain = log.broken_chain or f"entry {index} has n = {entry['n']} where its chain is at {n}"
        elif entry["prev"] != prev:
            log.broken_chain = log.broken_chain or f"entry {index} does not name the entry before it in its chain"
        heads[poll] = (n + 1, log.leaves[index].hex())
        chain = log.polls.setdefault(poll, [])
        if kind == "ballot.cast":
            chain.append(Cast(index, d["bid"], d["cred"], d["rev"], log.share(d["b"]) if "b" in d else None, d.get("c", "")))
        else:
            chain.append(Entry(index, kind, n, entry["t"], d))
    log.parsed = True
    return f"canonical bytes and known fields ({log.size:,} entries)"


def _check_chains(log: Log) -> str:
    if log.broken_chain:
        raise Problem("C7", log.broken_chain)
    return f"chains ({len(log.polls)} without a gap)"


def check_log_order(log: Log) -> None:
    """C8 for what belongs to the log and to no poll."""
    closed = log.own("log.closed")
    if closed and closed[0].index != log.size - 1:
        further = log.size - 1 - closed[0].index
        raise Problem("C8", f"entry {closed[0].index}: log.closed is not the last entry, {further} follow it")


def check_officials(steps: Iterable[Step]) -> Tuple[str, str]:
    """C9: status and text."""
    acts = 0
    for step in steps:
        if not isinstance(step, Entry) or "actors" not in step.d:
            continue
        acts += 1
        actors = step.d["actors"]
        if step.kind == "config.changed" and step.d["scope"] == "software":
            if actors:
                raise Problem("C9", f"entry {step.index}: config.changed of the scope software names people")
            acts -= 1
        elif len(actors) != 2 or actors[0] == actors[1]:
            raise Problem("C9", f"entry {step.index}: {step.kind} does not name two different officials")
    return ("pass", f"two officials ({acts} act{'' if acts == 1 else 's'} by two different people each)") if acts else (
        "n/a", "two officials (nothing here needed two)")


def log_text(log: Log, name: str, what: str, report: Report) -> str:
    """The text of a salted blob in its languages, or "" (with a warning) where it was erased."""
    try:
        data = log.source.read("blob/" + name, MAX_NOTE)
    except Missing:
        if any(e.d["target"] == name for e in log.own("erasure.recorded")):
            report.warn(f"{what} was erased, as the log records; nothing counted depends on it")
        elif log.closed:
            report.warn(f"{what} is no longer served, and this log, which is closed, records no erasure of it; "
                        "nothing counted depends on it")
        else:
            raise Problem("C6", f"{what} is not served, and the log records no erasure of it ({name[:16]}…)") from None
        return ""
    if len(data) > MAX_NOTE or hexhash(data) != name:
        raise Problem("C6", f"the bytes of {what} do not have the SHA-256 that the log names ({name[:16]}…)")
    texts = parse_canonical(data[16:], "C6", what, MAX_NOTE)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise Problem("C6", f"{what} is not a text by language")
    return plain(" / ".join(texts.values()))


TEXT_FIELDS = {"text_sha256": "the text", "rule_sha256": "the rule", "evidence_sha256": "the grounds"}


def check_log_itself(log: Log, older: List[Log], report: Report) -> None:
    """C6, C8 and C9 of a log for what belongs to no poll (C9: of all entries), and C4 against the logs before it."""
    if not log.parsed:
        return

    def texts() -> str:
        incidents = log.own("incident.declared")
        for e in incidents:
            text = log_text(log, e.d["text_sha256"], f"the text of entry {e.index} (incident.declared)", report)
            report.warn(f"incident declared at {moment(e.t)} ({e.d['code']}): {text}")
        return f"texts of the log itself ({len(incidents)} as the log names them)"

    def order() -> str:
        check_log_order(log)
        return f"order of events in the log ({len(log.polls.get('', [])):,} of {log.size:,} entries belong to no poll)"

    report.run("C6", texts)
    report.run("C8", order)
    report.run("C9", lambda: check_officials(step for steps in log.polls.values() for step in steps))
    if older or "prev" in log.own("log.opened")[0].d:
        report.run("C4", lambda: _check_before(log, older, report), "C5")


def verify_log(base: Any, asked: Asked, progress: Progress) -> Tuple[Report, List[Log]]:
    """Every log of a source, whole, and that each goes on from the one before it; where keys are given, the logs they are of."""
    whole = Report()
    logs: List[Log] = []
    places, known = find_logs(base), {key.name for key in asked.keys}
    some = any(place.declared.get("origin") in known for place in places)
    for place in places:
        if some and place.declared.get("origin") not in known:
            whole.warn(f"{plain(place.declared.get('origin'))} was not checked, because the keys given are of another log")
            continue
        report = Report()
        log = load_log(place, asked, report, progress)
        check_log_itself(log, logs, report)
        logs.append(log)
        whole.join(report)
    return whole, logs


def _check_before(log: Log, older: List[Log], report: Report) -> str:
    """C4: this log stands on what the one before it had signed."""
    prev = log.own("log.opened")[0].d.get("prev")
    if any(other.origin == log.origin for other in older):
        raise Problem("C4", f"two logs have the name {log.origin}")
    if prev is None:
        raise Problem("C4", f"{log.origin} does not say which log it follows, and {older[-1].origin} stands before it")
    before = next((other for other in older if other.origin == prev["origin"]), None)
    if before is None:
        report.warn(f"{log.origin} follows {plain(prev['origin'])}, which is not here: how it ended was not checked")
        return "the log before it is not here"
    if prev["size"] > before.size or tree_root(before.leaves[:prev["size"]]).hex() != prev["root"]:
        raise Problem("C4", f"{log.origin} follows a state of {before.origin} that this log never had")
    if before is older[-1] and before.closed and before.own("log.closed")[0].d["next_origin"] != log.origin:
        raise Problem("C4", f"{before.origin} says that another log follows it than {log.origin}")
    return f"the log follows {before.origin} at {prev['size']:,} entries"


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
    approvals = sorted((votes.votes[c] for c in count.ids if votes.votes[c]), reverse=True)
    if completion == "add1":                               # no earlier run elects enough: its last option cannot be paid
        raised["raises"] = max(0, -(-ballots // approvals[min(seats, len(approvals)) - 1]) - seats - 1)
    share = Fraction(seats + raised.get("raises", 0), ballots)
    rounds, spent = shares_run(votes, share)
    elsewhere = False                                      # whether a lot decided in a run that is not shown
    if completion == "add1":
        while len(rounds) not in (seats, len(approvals)):
            elsewhere = elsewhere or outcome(rounds, {})["lots_used"]
            count.tick(f"equal shares, run {raised['raises'] + 1}")
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
            tick: Callable[[str], None] = lambda text: None, closed_sha256: str = "") -> Dict[str, Any]:
    """The whole result record of a poll, from its configuration and its ballots alone. Raises CannotTell for other rules.

    The lots follow from the ballot file at the close, `closed_sha256`, also where ballots were voided since.
    """
    method, rule, ids = config["method"], config["rule"], [option["id"] for option in config["options"]]
    file_hash = hexhash(ballot_file(poll, method, ids, groups))
    seed, order = draw_lots(poll, closed_sha256 or file_hash, beacon, ids)
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

MEANWHILE = {"ballot.cast", "intake.summary", "poll.extended", "poll.paused", "poll.resumed", "roll.changed"}
AFTER: Dict[str, Set[str]] = {                             # type of entry -> how far the poll may be when it comes
    "poll.created": {""}, "poll.amended": {"poll.created", "roll.committed", "credentials.committed"},
    "roll.committed": {"poll.created"}, "credentials.committed": {"roll.committed"}, "poll.opened": {"credentials.committed"},
    **{kind: {"poll.opened"} for kind in MEANWHILE}, "poll.closed": {"poll.opened"}, "openings.published": {"poll.closed"},
    "participation.published": {"poll.closed", "openings.published"},
    "tally.published": {"participation.published", "tally.superseded"}, "tally.superseded": {"tally.published"},
}
ANY_TIME = {"objection.filed", "objection.answered", "incident.declared"}
STAGES = set(AFTER) - MEANWHILE - {"poll.amended"}         # what takes a poll further


class Poll:
    """The entries of one poll, sorted by what they are. The order among them is C8's business."""

    def __init__(self, log: Log, name: str, progress: Progress) -> None:
        self.log, self.name, self.progress = log, name, progress
        self.entries: List[Step] = log.polls.get(name, [])
        self.casts = [step for step in self.entries if isinstance(step, Cast)]
        self.others = [step for step in self.entries if isinstance(step, Entry)]
        self.by_kind: Dict[str, List[Entry]] = {}
        for entry in self.others:
            self.by_kind.setdefault(entry.kind, []).append(entry)
        self.last: Dict[str, Cast] = {cast.cred: cast for cast in self.casts}
        self.voids: Dict[str, int] = {}                    # bid -> index of the entry that voided it
        for void in self.all("ballot.voided"):
            self.voids.setdefault(void.d["bid"], void.index)
        self.results: List[bytes] = []                     # what a recount gives, one for each act
        self.opened = False                                # the commitments were opened, and fit

    def all(self, kind: str) -> List[Entry]:
        return self.by_kind.get(kind, [])

    def entry(self, kind: str) -> Entry:
        """The poll's first entry of this type."""
        if kind not in self.by_kind:
            raise Problem("C8", f"the poll has no {kind}")
        return self.by_kind[kind][0]

    def one(self, kind: str) -> Dict[str, Any]:
        return self.entry(kind).d

    def has(self, kind: str) -> bool:
        return kind in self.by_kind

    @property
    def config(self) -> Dict[str, Any]:
        """The configuration as last amended."""
        return [self.entry("poll.created"), *self.all("poll.amended")][-1].d

    @property
    def sealed(self) -> bool:
        return bool(self.config["ballots"] == "sealed")

    @property
    def imported(self) -> bool:
        return "origin" in self.config

    @property
    def places(self) -> List[int]:
        """How many places the roll has, batch by batch."""
        return [self.one("roll.committed")["count"], *(e.d["added_count"] for e in self.all("roll.changed"))]

    @property
    def closes_at(self) -> int:
        extended = self.all("poll.extended")
        return int((extended[-1].d if extended else self.config)["closes_at"])

    def counted(self, before: int) -> List[Cast]:
        """The ballots that count, as far as the entries with a lower index say, in log order."""
        return [cast for cast in self.casts if self.last[cast.cred] is cast and not self.voided(cast, before)]

    def voided(self, cast: Cast, before: int) -> bool:
        return self.voids.get(cast.bid, before) < before

    def groups(self, before: int) -> Counter[Ballot]:
        """The counted ballots, equal ones together. What was not opened is not there."""
        return Counter(marks_of(cast.b) for cast in self.counted(before) if cast.b is not None)

    @property
    def state(self) -> str:
        kinds = [entry.kind for entry in self.others]
        if "tally.published" in kinds:
            newest = max(place for place, kind in enumerate(kinds) if kind == "tally.published")
            return "superseded" if "tally.superseded" in kinds[newest:] else "published"
        if "poll.closed" in kinds:
            return "closed"
        paused = kinds.count("poll.paused") > kinds.count("poll.resumed")
        return ("paused" if paused else "still open") if "poll.opened" in kinds else "not open yet"


def check_texts(poll: Poll, report: Report, titles: Dict[str, str]) -> str:
    """C6 for the texts. Titles go into `titles` by option id, the poll's own under "", other texts under `\\n<index>`."""
    seen: Dict[str, str] = {}
    further: Set[str] = set()

    def look(name: str, what: str) -> str:
        if name not in seen:
            seen[name] = log_text(poll.log, name, what, report)
        return seen[name]

    for entry in poll.others:
        if entry.kind in ("poll.created", "poll.amended"):
            titles[""] = look(entry.d["title_sha256"], "the poll's title")
            for option in entry.d["options"]:
                titles[option["id"]] = look(option["title_sha256"], f"the title of {option['id']}")
        for name, what in TEXT_FIELDS.items():
            if name in entry.d:
                what = f"{what} of entry {entry.index} ({entry.kind})"
                titles[f"\n{entry.index} {name}"] = look(entry.d[name], what)
                further.add(entry.d[name])
    return f"texts ({len(poll.config['options'])} titles and {len(further)} further texts as the log names them)"


def check_order(poll: Poll) -> str:
    """C8: the entries of a poll, one after another, against what may follow what."""
    check_log_order(poll.log)
    at, before, objections, acts = "", "", {}, 0
    config: Dict[str, Any] = {}
    leaf: Dict[str, str] = {}
    paused = adding = voided = False
    held = -1                                              # a ballot that entered the log while the poll was paused
    closes_at = first_close = 0
    for step in poll.entries:
        kind, where = step.kind, f"entry {step.index}"
        again = kind == "credentials.committed" and adding
        fits = at in AFTER.get(kind, ()) or again or (kind in ANY_TIME and at != "")
        if not fits and not (kind == "ballot.voided" and "poll.opened" in leaf):
            raise Problem("C8", f"{where}: {kind} may not follow {before or 'nothing'}")
        if isinstance(step, Cast):
            held = step.index if paused else -1
            before = kind
            continue
        d = step.d
        if kind == "intake.summary":
            if before != "ballot.cast":
                raise Problem("C8", f"{where}: intake.summary does not follow a group of ballots")
            before = kind
            continue
        if held >= 0 and kind != "poll.closed":
            raise Problem("C8", f"entry {held} is a ballot that entered the log while the poll was paused")
        if adding and kind != "credentials.committed":
            raise Problem("C8", f"{where}: {kind} stands where the credentials of the new places on the roll are due")
        if kind in ("poll.created", "poll.amended"):
            if config and any(config.get(name) != d.get(name) for name in ("tie", "origin", "secrecy")):
                raise Problem("C8", f"{where}: poll.amended changes what may not be amended (tie, origin or secrecy)")
            config, first_close, closes_at = d, d["closes_at"], d["closes_at"]
            leaf["config"] = poll.log.leaves[step.index].hex()
        elif kind == "poll.opened":
            if (d["config"], d["roll"]) != (leaf["config"], leaf["roll.committed"]):
                raise Problem("C8", f"{where}: poll.opened does not name this poll's configuration and roll")
        elif kind == "roll.changed":
            adding = True
        elif kind == "credentials.committed":
            adding = False
        elif kind == "poll.extended":
            if not closes_at < d["closes_at"] <= first_close + 30 * DAY:
                raise Problem("C8", f"{where}: poll.extended does not move the close to a later time within 30 days")
            closes_at = d["closes_at"]
        elif kind in ("poll.paused", "poll.resumed"):
            if paused == (kind == "poll.paused"):
                raise Problem("C8", f"{where}: {kind} in a poll that is {'' if paused else 'not '}paused")
            paused = not paused
        elif kind == "poll.closed":
            held = -1
            if d["reason"] == "scheduled" and step.t < closes_at:
                raise Problem("C8", f"{where}: the close is called scheduled, at {moment(step.t)}, "
                                    f"and was due at {moment(closes_at)}")
        elif kind == "openings.published" and config["ballots"] != "sealed":
            raise Problem("C8", f"{where}: openings.published in a poll whose ballots are not sealed")
        elif kind == "participation.published" and config["ballots"] == "sealed" and at != "openings.published":
            raise Problem("C8", f"{where}: participation.published comes before the openings of a sealed poll")
        elif kind == "ballot.voided":
            voided = voided or at == "tally.published"
        elif kind == "tally.published":
            acts += 1
            if d["act"] != acts:
                raise Problem("C8", f"{where}: result act number {d['act']} stands where act {acts} is next")
        elif kind == "tally.superseded":
            voided = False
            if d["act"] != acts:
                raise Problem("C8", f"{where}: act {d['act']} is superseded, and the newest is act {acts}")
        elif kind == "objection.filed":
            if d["objection"] in objections:
                raise Problem("C8", f"{where}: the objection {d['objection']} was filed before")
            objections[d["objection"]] = "filed"
        elif kind == "objection.answered":
            was = objections.get(d["objection"], "never filed")
            if was != "filed":
                raise Problem("C8", f"{where}: the objection {d['objection']} was {was}")
            objections[d["objection"]] = "answered before"
        leaf[kind] = poll.log.leaves[step.index].hex()
        before = kind
        if kind in STAGES and not again:
            at = kind
    if voided:
        raise Problem("C8", "a ballot was voided after the result was published, and the result was not superseded")
    return f"order of events ({len(poll.entries):,} entries, the last is {before})"


def check_credentials(poll: Poll) -> str:
    """C10: what was committed, batch by batch, and that every ballot comes from it."""
    if not poll.has("credentials.committed"):
        return "credentials (not committed yet, and no ballot cast)"
    known: Set[bytes] = set()
    due, k = poll.one("roll.committed")["count"], poll.config["mix"]["k"]
    for step in poll.entries:
        if isinstance(step, Cast):
            if leaf_hash(sha256(bytes.fromhex(step.cred))) not in known:
                raise Problem("C10", f"entry {step.index} was cast with a credential that is not in the committed list")
        elif step.kind == "roll.changed":
            due = step.d["added_count"]
            if due < k:
                raise Problem("C10", f"entry {step.index} adds {due} places to the roll, fewer than {k} at once")
            if step.d["roll"] != poll.one("roll.committed")["roll"]:
                raise Problem("C10", f"entry {step.index} changes another roll than this poll's")
        elif step.kind == "credentials.committed":
            leaves = _credential_list(poll, step.d, due)
            if not known.isdisjoint(leaves):
                raise Problem("C10", f"entry {step.index} commits to a credential that was committed before")
            known.update(leaves)
    return f"credentials ({len(known):,} committed, {len(poll.last):,} used)"


def _credential_list(poll: Poll, committed: Dict[str, Any], due: int) -> List[bytes]:
    if committed["count"] != due:
        raise Problem("C10", f"{committed['count']} credentials were made for a roll of {due}")
    size = 16 + 32 * due
    data = read_blob(poll.log.source, committed["blob_sha256"], size, "C10", "the credential list")
    leaves = [data[at:at + 32] for at in range(16, len(data), 32)]
    if len(data) != size or leaves != sorted(set(leaves)):
        raise Problem("C10", "the credential list is not a sorted list of different hashes of the stated length")
    if tree_root(leaves).hex() != committed["root"]:
        raise Problem("C10", "the credential list does not have the committed root")
    return leaves


def check_revisions(poll: Poll) -> str:
    """C11. Without revoting a credential casts again only after its last ballot was voided."""
    bids: Set[str] = set()
    newest: Dict[str, Cast] = {}
    may_revote = poll.config["revote"] == "last"
    for cast in poll.casts:
        if cast.bid in bids:
            raise Problem("C11", f"entry {cast.index} repeats the receipt number {cast.bid}")
        old = newest.get(cast.cred)
        if cast.rev != (old.rev + 1 if old else 0):
            raise Problem("C11", f"entry {cast.index} has revision {cast.rev} where {old.rev + 1 if old else 0} is next")
        if old and not may_revote and not poll.voided(old, cast.index):
            raise Problem("C11", f"entry {cast.index} is a second ballot in a poll without revoting")
        bids.add(cast.bid)
        newest[cast.cred] = cast
    replaced = sum(newest[cast.cred] is not cast and cast.bid not in poll.voids for cast in poll.casts)
    return f"one ballot for each credential ({len(poll.casts):,} cast, {replaced:,} replaced)"


def check_ballots(poll: Poll) -> str:
    """C12: what ballots say is allowed. Those of a sealed poll are looked at once they are opened."""
    config, sealed, good, looked = poll.config, poll.sealed, set(), 0
    cost = {option["id"]: option.get("cost", 0) for option in config["options"]}
    kind, limits = next(iter(config["ballot"].items()))
    check = _check_approvals if kind == "approve" else _check_ranking if kind == "rank" else _check_points
    for cast in poll.casts:
        if (cast.c != "") != sealed:
            raise Problem("C12", f"entry {cast.index} is {'not ' if sealed else ''}sealed, unlike the ballots of this poll")
        if cast.b is None:
            continue
        looked += 1
        if id(cast.b) in good:                             # equal ballots are one object, see Log.share
            continue
        if kind not in cast.b:
            raise Problem("C12", f"entry {cast.index} is not the kind of ballot that the poll asks for ({kind})")
        check(cast.b[kind], limits, cost, f"entry {cast.index}")
        good.add(id(cast.b))
    return f"valid ballots ({looked:,})" + (f", {len(poll.casts) - looked:,} sealed" if looked < len(poll.casts) else "")


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


def check_voids(poll: Poll) -> Tuple[str, str]:
    """C13: status and text."""
    cast: Set[str] = set()
    voided: Set[str] = set()
    for step in poll.entries:
        if isinstance(step, Cast):
            cast.add(step.bid)
        elif step.kind == "ballot.voided":
            if step.d["bid"] not in cast:
                raise Problem("C13", f"entry {step.index} voids {step.d['bid']}, which is no ballot that this poll had by then")
            if step.d["bid"] in voided:
                raise Problem("C13", f"entry {step.index} voids {step.d['bid']} a second time")
            voided.add(step.d["bid"])
    return ("pass", f"voided ballots ({len(voided):,})") if voided else ("n/a", "voided ballots (there are none)")


def commitment(poll: str, cred: str, rev: int, nonce: str, b: Dict[str, Any]) -> str:
    """What a sealed ballot shows of itself, in hex. Raises ValueError, OverflowError for what cannot stand in one."""
    def sized(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    whose = sized(poll.encode()) + sized(bytes.fromhex(cred)) + rev.to_bytes(4, "big")
    return hexhash(b"votelog/v1/ballot-commit\0" + whose + sized(bytes.fromhex(nonce)) + sized(canonical(b)))


def check_openings(poll: Poll) -> Tuple[str, str]:
    """C14: status and text. Fills in what the opened ballots say."""
    if not poll.sealed:
        return "n/a", "openings (ballots are not sealed)"
    clear = next((cast for cast in poll.casts if not cast.c), None)
    if clear is not None:
        raise Problem("C12", f"entry {clear.index} is not sealed, unlike the ballots of this poll")
    if not poll.has("openings.published"):
        return "n/a", f"openings (not published yet, {len(poll.casts):,} ballots are sealed)"
    stated = poll.one("openings.published")
    data = read_blob(poll.log.source, stated["sha256"], stated["bytes"], "C14", "the openings")
    due = {cast.bid: cast for cast in poll.counted(poll.entry("poll.closed").index)}
    if len(data) != stated["bytes"]:
        raise Problem("C14", f"the openings are {len(data)} bytes long, and {stated['bytes']} are stated")
    at, count, last = 0, 0, ""
    while at < len(data):
        end = data.find(b"\n", at)
        if end < 0:
            raise Problem("C14", "the openings do not end with LF")
        where, count = f"opening {count + 1}", count + 1
        line = parse_canonical(data[at:end], "C14", where)
        at = end + 1
        try:
            shape(line, {"b": MARKS, "bid": digits(32), "nonce": hash_hex}, where)
        except Problem as problem:
            raise Problem("C14", str(problem)) from None
        if line["bid"] <= last:
            raise Problem("C14", f"{where} is not sorted by receipt number, or stands twice")
        last = line["bid"]
        cast = due.pop(last, None)
        if cast is None:
            raise Problem("C14", f"{where} opens {last}, which is no ballot that counted at the close")
        if commitment(poll.name, cast.cred, cast.rev, line["nonce"], line["b"]) != cast.c:
            raise Problem("C14", f"{where} does not fit the commitment of {last} (entry {cast.index})")
        cast.b = poll.log.share(line["b"])
    if count != stated["count"]:
        raise Problem("C14", f"{count} openings are published, and {stated['count']} are stated")
    if due:
        raise Problem("C14", f"{len(due)} ballots that counted at the close are not opened, such as {min(due)}")
    poll.opened = True
    return "pass", f"openings ({count:,}, each fits its commitment)"


def check_sums(poll: Poll) -> str:
    """C15, at the close and for each act of the result."""
    closed, cast = poll.entry("poll.closed"), len(poll.casts)
    if (closed.d["ballots"], closed.d["last_n"]) != (cast, closed.n - 1):
        raise Problem("C15", f"poll.closed states {closed.d['ballots']} ballots up to n = {closed.d['last_n']}; "
                             f"there are {cast} up to {closed.n - 1}")
    if poll.sealed and not poll.opened:
        raise CannotTell("the ballots are sealed until the openings are published, so their fingerprint cannot be checked")
    ids, method = [option["id"] for option in poll.config["options"]], poll.config["method"]
    sums = ""
    for entry in [closed, *poll.all("tally.published")]:
        file_hash = hexhash(ballot_file(poll.name, method, ids, poll.groups(entry.index)))
        if entry.d["ballots_sha256"] != file_hash:
            raise Problem("C15", f"{entry.kind} names another ballot file than the ballots in the log make")
        if entry is closed:
            continue
        counted, tally = poll.counted(entry.index), entry.d
        if tally["ballots_root"] != tree_root(poll.log.leaves[ballot.index] for ballot in counted).hex():
            raise Problem("C15", "tally.published names another root of the counted ballots")
        voided = sum(poll.voided(ballot, entry.index) for ballot in poll.casts)
        replaced = cast - voided - len(counted)
        if (tally["counted"], tally["replaced"], tally["voided"], tally["invalid"]) != (len(counted), replaced, voided, 0):
            raise Problem("C15", f"the tally counts {tally['counted']} ballots, {tally['replaced']} replaced, {tally['voided']} "
                                 f"voided, {tally['invalid']} invalid; the log holds {len(counted)}, {replaced}, {voided} and 0")
        sums = f" = {len(counted):,} counted + {replaced:,} replaced" + (f" + {voided:,} voided" if voided else "")
    return f"sums ({cast:,} cast{sums})"


def check_tally(poll: Poll, report: Report) -> str:
    """Recount, and compare with what was published, field by field, so that the report names what differs."""
    config, result, first = poll.config, {}, ""
    for entry in poll.all("tally.published"):
        tally = entry.d
        if tally["tally"] != config["tally"]:
            raise Problem("C16", "the tally names another counting rule than the poll did when it was created")
        beacon = _beacon(poll, config["tie"], tally, report)
        first = first or beacon
        if beacon != first:
            raise Problem("C16", f"result act {tally['act']} draws the lots a second time")
        result = recount(poll.name, config, poll.groups(entry.index), beacon, poll.progress.tick,
                         poll.one("poll.closed")["ballots_sha256"])
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
        report.warn("not checked: whether the draw was made before witnesses, after the ballots were fixed, and came out as "
                    "stated")
        return str(tally["draw_sha256"])
    drand = tally["drand"]
    if drand["chain"] != tie["chain"]:
        raise Problem("C16", "the randomness is of another drand chain than the one named when the poll was created")
    report.poll["drand"] = drand
    report.warn("not checked: the BLS signature of the drand round, and whether that round was the one due after the close. "
                f"Compare round {drand['round']} of chain {drand['chain'][:16]}… with a drand node")
    return hexhash(bytes.fromhex(drand["signature"]))


def _published_result(poll: Poll, tally: Dict[str, Any], check: str) -> Dict[str, Any]:
    data = read_blob(poll.log.source, tally["result_sha256"], MAX_RESULT, "C17", "the published result")
    result = parse_canonical(data, "C17", "the published result", MAX_RESULT)
    if not isinstance(result, dict):
        raise Problem(check, "the published result is not an object")
    return result


def check_result(poll: Poll) -> str:
    named = [entry.d["result_sha256"] for entry in poll.all("tally.published")]
    if named != [hexhash(result) for result in poll.results]:
        raise Problem("C17", "the published result is not, byte for byte, what a recount writes")
    return f"result file ({len(poll.results[-1]):,} bytes, {named[-1][:16]}…)"


def check_mix(poll: Poll, report: Report) -> Tuple[str, str]:
    """C18: status and text. Every group with its summary, and none so small that it shows whose ballots it holds."""
    k, turnout = poll.config["mix"]["k"], poll.config["visibility"] == "turnout"
    sizes: List[int] = []                                  # voters in each group
    run: List[Cast] = []
    at_close = False                                       # the newest group stands right before the close
    for place, step in enumerate(poll.entries):
        if isinstance(step, Cast):
            run.append(step)
            continue
        if step.kind == "intake.summary":
            voters = len({cast.cred for cast in run})
            if (step.d["accepted"], step.d["voters"]) != (len(run), voters):
                raise Problem("C18", f"entry {step.index} states a group of {step.d['accepted']} ballots of {step.d['voters']} "
                                     f"voters; it follows {len(run)} of {voters}")
            at_close = place + 1 < len(poll.entries) and poll.entries[place + 1].kind == "poll.closed"
            sizes.append(voters)
        elif run and not poll.imported:
            raise Problem("C18", f"entry {step.index}: a group of {len(run)} ballots ends without its intake.summary")
        run = []
    if poll.imported:
        return "n/a", "mix (the ballots were imported)"
    closed = poll.has("poll.closed")
    if turnout and (sizes or run) and (len(sizes) != 1 or not at_close):
        raise Problem("C18", "ballots are in the log before the close of a poll that holds them all back")
    small = [size for size in sizes if size < k]
    if small and not (len(sizes) == 1 and at_close):
        raise Problem("C18", f"a group holds ballots of only {small[0]} voters, fewer than the {k} that were promised")
    if run:
        raise CannotTell("the newest group of ballots has no intake.summary yet")
    if closed and sizes and k > 1 and not at_close:
        raise Problem("C18", "nobody's ballot was kept back for the close, so the newest group was not chosen at random")
    if len(sizes) == 1 and sizes[0] < 2 * k:
        report.warn(f"the ballots of all {sizes[0]} voters entered the log as one group: in so small a poll, who knows how some "
                    "voted may guess the others")
    if not sizes:
        return "pass", "mix (no ballots in the log)" if closed else f"mix (no ballots in the log yet, k = {k})"
    return "pass", f"mix ({len(sizes):,} group{'' if len(sizes) == 1 else 's'} of ballots, the smallest of {min(sizes):,} voters)"


def check_participation(poll: Poll) -> str:
    stated, count = poll.one("participation.published"), sum(poll.places)
    if stated["roll"] != poll.one("roll.committed")["roll"]:
        raise Problem("C19", "participation is stated for another roll")
    bits = participation_bits(poll)
    ones = bin(int.from_bytes(bits, "big")).count("1")
    if int.from_bytes(bits, "big") & ((1 << (8 * len(bits) - count)) - 1):
        raise Problem("C19", "the participation bitmap does not have one bit for each roll entry")
    if not ones == stated["used"] == len(poll.last):
        raise Problem("C19", f"{len(poll.last)} credentials cast a ballot, {stated['used']} are stated, {ones} are marked")
    return f"participation ({ones:,} of {count:,})"


def participation_bits(poll: Poll) -> bytes:
    size, name = (sum(poll.places) + 7) // 8, poll.one("participation.published")["bitmap_sha256"]
    bits = read_blob(poll.log.source, name, size, "C19", "the participation bitmap")
    if len(bits) != size:
        raise Problem("C19", "the participation bitmap does not have one bit for each roll entry")
    return bits


BLIND_SPOTS = (
    "not checked: whether the people on the roll exist and may vote, and whether somebody was left out",
    "not checked: whether anyone was paid or pressed (a receipt in this kind of poll shows how one voted)",
    "not checked: ghost voters. Whoever did not vote should look up the own participation bit",
    "not checked: secrecy. At level L1 whoever holds the poll's secret key can link a ballot to a person until that key is "
    "destroyed, which no log can show",
)


def verify_poll(base: Any, name: str, asked: Asked, progress: Progress) -> Report:
    """All checks of one poll, in whichever of the source's logs it stands. CannotTell when nothing could be looked at."""
    base = open_source(base)
    bundled = bundled_poll(base)
    if bundled and bundled != name:
        raise CannotTell(f"this bundle holds what belongs to the poll {plain(bundled)}, and not to {plain(name)}")
    found: Optional[Tuple[Report, Log]] = None
    for place in find_logs(base):
        report = Report()
        log = load_log(place, asked, report, progress)
        if name in log.polls:
            found = report, log
            break
        if found is None or report.verdict == "fail" != found[0].verdict:
            found = report, log
    if found is None:
        raise CannotTell("there is no log")
    report, log = found
    if log.parsed and not log.broken_chain:
        poll = Poll(log, name, progress)
        if poll.entries and name:
            _run_poll_checks(poll, report)
        else:
            report.undecided.append(f"there is no poll {plain(name)} in this log, or not yet")
    for sentence in BLIND_SPOTS:
        report.warn(sentence)
    return report


def _run_poll_checks(poll: Poll, report: Report) -> None:
    titles: Dict[str, str] = {}
    report.run("C6", lambda: check_texts(poll, report, titles))
    report.run("C8", lambda: check_order(poll))
    report.run("C9", lambda: check_officials(poll.entries))
    report.run("C10", lambda: check_credentials(poll), "C8")
    report.run("C11", lambda: check_revisions(poll), "C8")
    report.run("C13", lambda: check_voids(poll), "C8")
    report.run("C14", lambda: check_openings(poll), "C8 C11 C13")
    report.run("C12", lambda: check_ballots(poll), "C8 C14")
    if poll.has("poll.closed"):
        report.run("C15", lambda: check_sums(poll), "C8 C14")
    if poll.has("tally.published"):
        report.run("C16", lambda: check_tally(poll, report), "C8 C12 C14")
        report.run("C17", lambda: check_result(poll), "C8 C16")
    if poll.has("participation.published"):
        report.run("C19", lambda: check_participation(poll), "C8")
    report.run("C18", lambda: check_mix(poll, report), "C8")
    state = poll.state
    if state == "superseded":
        report.undecided.append("the result was superseded; the corrected one is not published yet")
    elif state != "published":
        report.undecided.append(f"the poll is {state}; its tally is not published yet")
    _describe(poll, report, titles)


def _describe(poll: Poll, report: Report, titles: Dict[str, str]) -> None:
    """What people want to know of a poll besides the checks, into report.poll."""
    counted = len(poll.counted(poll.log.size))
    report.poll.update(id=poll.name, title=titles.get("", ""), state=poll.state, cast=len(poll.casts), counted=counted,
                       events=[tell_event(entry, titles) for entry in poll.others
                               if entry.kind in TOLD or entry.d.get("reason") == "by_hand"])
    tallies = poll.all("tally.published")
    if report.verdict == "fail" or not tallies:
        return
    config, tally = poll.config, tallies[-1].d
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


TOLD = {"poll.amended", "roll.changed", "ballot.voided", "poll.extended", "poll.paused", "poll.resumed", "tally.superseded",
        "objection.filed", "objection.answered", "incident.declared"}


def tell_event(entry: Entry, titles: Dict[str, str]) -> str:
    """An act of officials, or an objection, in a sentence."""
    d = entry.d
    why = " ".join(filter(None, (titles.get(f"\n{entry.index} {name}", "") for name in ("text_sha256", "evidence_sha256"))))
    what = {"ballot.voided": f"{d.get('bid')} ({d.get('reason_code')})", "poll.extended": f"to {moment(d.get('closes_at', 0))}",
            "roll.changed": f"{d.get('added_count')} places added", "tally.superseded": f"act {d.get('act')}",
            "objection.filed": str(d.get("objection")), "objection.answered": f"{d.get('objection')} ({d.get('finding')})",
            "incident.declared": str(d.get("code")), "poll.closed": "by hand"}.get(entry.kind, "")
    return plain(f"{moment(entry.t)} {entry.kind} {what}".rstrip() + (f": {why}" if why else ""))


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


# ---------------------------------------------------------------------------------------- receipts, promises and places

@dataclass
class Noted:
    """What somebody noted of a ballot: what it says, and in sealed polls the nonce."""

    b: Optional[Dict[str, Any]] = None
    nonce: str = ""
    poll: str = ""

    def fits(self, poll: str, d: Dict[str, Any]) -> str:
        """Raises (C20) unless the ballot `d` of the log holds what was noted; otherwise says so in a few words."""
        if self.b is None:
            return ""
        if "b" in d:
            if canonical(d["b"]) != canonical(self.b):
                raise Problem("C20", "the ballot says something else than the one that was noted")
            return ", and says what was noted"
        if not self.nonce:
            raise CannotTell("the ballot is sealed; without its nonce nobody can see whether it holds what was noted")
        if commitment(poll, d["cred"], d["rev"], self.nonce, self.b) != d["c"]:
            raise Problem("C20", "the sealed ballot does not hold what was noted (its commitment is of another ballot or nonce)")
        return ", and its commitment holds what was noted"


def typed_ballot(text: Optional[str], nonce: Optional[str]) -> Noted:
    """What stands on a command line. Raises Usage."""
    if text is None:
        if nonce is not None:
            raise Usage("--nonce needs --ballot: what the ballot says")
        return Noted()
    try:
        b = json.loads(text, parse_float=_no_float, parse_constant=_no_float, parse_int=_whole, object_pairs_hook=_unique)
        shape(b, MARKS, "--ballot")
    except (ValueError, RecursionError, Problem) as error:
        raise Usage(f"--ballot is not a ballot, such as {{\"approve\":[\"o1\"]}}: {plain(error)}") from None
    if nonce is not None and not hash_hex(nonce.lower()):
        raise Usage("--nonce is not 64 hexadecimal digits")
    return Noted(b, (nonce or "").lower())


def verify_receipt(
    raw: bytes, base: Any, asked: Asked, progress: Progress, noted: Optional[Noted] = None
) -> Report:
    """A proof, a signed promise or a receipt file. With `base` it is also compared with the log as it stands today."""
    report = Report()
    try:
        _verify_file(raw, base, asked, report, progress, noted or Noted())
    except CannotTell as reason:
        report.undecided.append(str(reason))
    return report


def _verify_file(raw: bytes, base: Any, asked: Asked, report: Report, progress: Progress, noted: Noted) -> None:
    if raw.startswith(b"c2sp.org/tlog-proof@"):
        _verify_proof(raw, base, asked, report, progress, noted)
    elif raw.lstrip().startswith(b"{"):
        found: Dict[str, Any] = {}
        report.run("C20", lambda: _read_receipt(raw, found))
        if report.verdict == "pass":
            _verify_promise(found["promise"], base, asked, report, progress, found["noted"], found["d"])
    else:
        _verify_promise(raw, base, asked, report, progress, noted, None)


def _file_of_json(raw: bytes, spec: Dict[str, Any], what: str) -> Dict[str, Any]:
    """A JSON file of the voter's own: any spacing and order, but just the fields of the page. Raises Problem C20."""
    try:
        if len(raw) > MAX_NOTE:
            raise ValueError("it is too long")
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_int=_whole, parse_float=_no_float,
                           parse_constant=_no_float)
        shape(value, spec, what)
    except (ValueError, RecursionError, Problem) as error:
        raise Problem("C20", f"the file is not a readable {what}: {plain(error)}") from None
    return value                                           # type: ignore[no-any-return]


def _read_receipt(raw: bytes, found: Dict[str, Any]) -> str:
    file = _file_of_json(raw, {"v": one_of(1), "poll": word, "d": ENTRIES["ballot.cast"], "b": MARKS, "nonce?": hash_hex,
                               "promise": text}, "receipt file")
    found.update(promise=file["promise"].encode(), d=file["d"], noted=Noted(file["b"], file.get("nonce", ""), file["poll"]))
    note = parse_note(found["promise"], "C20")
    if note.text.split("\n")[2:3] != [base64.b64encode(sha256(canonical(file["d"]))).decode()]:
        raise Problem("C20", "the promise in the receipt file is for another ballot")
    return f"receipt file (the promise is for this ballot{found['noted'].fits(file['poll'], file['d'])})"


def _log_of(origin: str, base: Any, asked: Asked, report: Report, progress: Progress) -> Optional[Log]:
    """The log of this origin, its own checks added to the report; None when one of them did not pass."""
    places = find_logs(base)
    named = [place for place in places if place.declared.get("origin", origin) == origin]
    if not named:
        raise CannotTell(f"{plain(base)} does not list the log {plain(origin)}")
    log = load_log(named[0], asked, report, progress)
    if report.verdict == "pass" and log.origin != origin:
        raise CannotTell(f"{plain(base)} holds the log {log.origin}, and not {plain(origin)}")
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
    index = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines[2])
    hashes = [unbase64(line, "C20", "a hash of the proof") for line in lines[3:]]
    if not index or len(hashes) > 63 or any(len(h) != 32 for h in hashes):
        raise Problem("C20", "the proof's index or hashes are malformed")
    return unbase64(lines[1][6:], "C20", "the entry in the proof"), int(index[1]), hashes, checkpoint


def _verify_proof(raw: bytes, base: Any, asked: Asked, report: Report, progress: Progress, noted: Noted) -> None:
    found: Dict[str, Any] = {}

    def read_proof() -> str:
        found["entry"], found["index"], found["path"], found["note"] = parse_proof(raw)
        found["origin"], found["size"], found["root"] = parse_checkpoint(parse_note(found["note"]))
        check_inclusion(leaf_hash(found["entry"]), found["index"], found["size"], found["path"], found["root"], "C20")
        return f"receipt (entry {found['index']} is in the tree of {found['size']} entries)"

    def signature() -> str:
        keys = [key for key in asked.keys if key.name == found["origin"]]
        if not keys and asked.keys and not base:
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

    def says() -> str:
        entry = parse_entry(found["entry"], found["index"])
        return f"receipt (the ballot is in the tree{noted.fits(entry['poll'], entry['d'])})"

    report.run("C20", read_proof)
    log = None
    if report.verdict == "pass" and base:
        log = _log_of(found["origin"], base, asked, report, progress)
    report.run("C2", signature, "C20")
    if log is not None:
        report.run("C4", still_there, "C20")
    report.run("C6", lambda: _read_out(found["entry"], found["index"], log, report, progress, noted), "C20")
    if noted.b is not None:
        report.run("C20", says, "C6")


def _read_out(raw: bytes, index: int, log: Optional[Log], report: Report, progress: Progress, noted: Noted) -> str:
    """The ballot in the receipt in plain words, and what became of it, into report.poll."""
    entry = parse_entry(raw, index)
    if entry["type"] != "ballot.cast":
        raise Problem("C6", f"the receipt is for an entry of type {entry['type']}, not for a ballot")
    ballot = entry["d"]
    titles: Dict[str, str] = {}
    report.poll = {"id": entry["poll"], "bid": ballot["bid"], "rev": ballot["rev"], "index": index}
    b = ballot.get("b", noted.b)
    if log is not None and log.parsed:
        of_this_bundle(log, entry["poll"])
        poll = Poll(log, entry["poll"], progress)
        check_texts(poll, report, titles)
        mine = [cast for cast in poll.casts if cast.index == index]
        if poll.sealed and poll.has("openings.published"):
            check_openings(poll)
            b = mine[0].b or b if mine else b
        report.poll.update(title=titles.get("", ""), replaced=any(poll.last[cast.cred] is not cast for cast in mine),
                           voided=any(poll.voided(cast, log.size) for cast in mine))
    if b is not None:
        report.poll.update(b)
        report.poll["words"] = [plain(words) for words in _ballot_words(b, titles)]
    else:
        report.poll["sealed"] = ballot["c"]
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


def _verify_promise(
    raw: bytes, base: Any, asked: Asked, report: Report, progress: Progress, noted: Noted, expected: Optional[Dict[str, Any]]
) -> None:
    """A promise note; `expected` is the `d` that it is for, where the receipt file says so."""
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
        keys = [key for key in asked.keys if key.name == found["name"]]
        if not keys and log is not None and log.receipt_key is not None:
            keys = [log.receipt_key]
            report.warn("the receipt key was taken from the log itself. Get it by another way and give it with --vkey")
        if not keys:
            raise CannotTell("the receipt key is not known; give it with --vkey")
        if keys[0].name != found["name"]:
            raise Problem("C1", f"the receipt key is of {keys[0].name} and the promise of {found['name']}")
        verify_note(found["note"], keys[0], "C2")
        return f"signature of the promise (key id {keys[0].key_id.hex()})"

    def kept() -> str:
        if log is None:
            raise CannotTell("the log could not be looked at")
        for name, steps in log.polls.items():
            for step in steps:
                if isinstance(step, Cast) and (expected is None or step.bid == expected["bid"]):
                    d = json.loads(log.raw[step.index])["d"]
                    if sha256(canonical(d)) == found["hash"]:
                        if noted.poll not in ("", name):
                            raise Problem("C20", f"the ballot stands in the poll {name}, and the receipt is of {noted.poll}. "
                                                 "This file is evidence: keep it")
                        _read_out(log.raw[step.index], step.index, log, report, progress, noted)
                        return f"promise kept: the ballot is entry {step.index}{noted.fits(name, d)}"
        due = _moved_deadline(log, noted.poll, found["deadline"])
        if asked.now <= due:
            late = "promised, not yet due" if due == found["deadline"] else "promised, and a poll of this log was extended"
            raise CannotTell(f"{late}: the ballot is not in the log yet and has until {moment(due)}")
        if not isinstance(log.source, Web) and _newest(log) <= due:
            raise CannotTell(f"the ballot was due at {moment(due)}; this copy of the log is not from later")
        raise Problem("C20", f"the promise was broken: due at {moment(due)}, and the ballot is not in the log. "
                             "This file is evidence: keep it")

    report.run("C20", read_promise)
    log = None
    alone = not base or any(key.name == found.get("name") for key in asked.keys)
    if alone:
        report.run("C2", signature, "C20")
    if report.verdict != "fail" and base:
        log_asked = Asked([key for key in asked.vkeys if key.partition("+")[0] != found["name"]], asked.policy, None, asked.now)
        log = _log_of(found["origin"], base, log_asked, report, progress)
    if not alone:
        report.run("C2", signature, "C20")
    if report.verdict == "fail":
        return
    if not base:
        report.undecided.append("without --url nobody can look whether the ballot is in the log")
    elif log is not None:
        report.run("C20", kept, "C2")


def _moved_deadline(log: Log, poll: str, deadline: int) -> int:
    """When a promise falls due, an extension of its poll counted in; of any poll where the promise does not say which."""
    for name in log.polls if not poll else {poll} & set(log.polls):
        mine = Poll(log, name, Progress()) if name else None
        if mine and mine.has("poll.created") and mine.has("poll.extended"):
            deadline = max(deadline, mine.closes_at + mine.config["mix"]["max_s"])
    return deadline


def _newest(log: Log) -> int:
    """The newest time that an entry states."""
    return max((step.t for steps in log.polls.values() for step in steps if isinstance(step, Entry)), default=0)


def verify_place(raw: bytes, base: Any, asked: Asked, progress: Progress) -> Report:
    """A place file: that this person stands on the roll, and whether the log says that they cast a ballot."""
    spec = {"v": one_of(1), "poll": word, "roll": word, "index": whole(0), "count": whole(1), "salt": digits(32),
            "uid": digits(32), "hashes": [hash_hex], "batch?": whole(1)}
    file: Dict[str, Any] = {}
    report = Report()

    def read_place() -> str:
        file.update(_file_of_json(raw, spec, "place file"))
        return f"place file (place {file['index']} of {file['count']} on the roll {plain(file['roll'])})"

    report.run("C20", read_place)
    if report.verdict == "fail":
        return report
    poll: Optional[Poll] = None
    for at in find_logs(base):
        inner = Report(checks=list(report.checks))
        log = load_log(at, asked, inner, progress)
        if poll is None or file["poll"] in log.polls:
            poll, final = Poll(log, file["poll"], progress), inner
        if file["poll"] in log.polls:
            break
    if poll is None:
        raise CannotTell("there is no log")
    if not poll.log.parsed or not poll.entries:
        final.undecided.append(f"the poll {plain(file['poll'])} could not be looked at")
        return final
    of_this_bundle(poll.log, poll.name)

    def on_the_roll() -> str:
        batch = file.get("batch", 0)
        entries = [poll.entry("roll.committed"), *poll.all("roll.changed")]
        if batch >= len(entries):
            raise Problem("C20", f"the roll has no batch {batch} of later places")
        d = entries[batch].d
        count, root = (d["added_count"], d["added_root"]) if batch else (d["count"], d["root"])
        if (d["roll"], count) != (file["roll"], file["count"]):
            raise Problem("C20", f"the log commits to the roll {plain(d['roll'])} with {count} places there")
        leaf = leaf_hash(b"roll/v1" + bytes.fromhex(file["salt"]) + bytes.fromhex(file["uid"]))
        check_inclusion(leaf, file["index"], count, [bytes.fromhex(h) for h in file["hashes"]], bytes.fromhex(root), "C20")
        place = sum(poll.places[:batch]) + file["index"]
        final.poll.update(id=poll.name, roll=d["roll"], place=place, voted=None)
        if poll.has("participation.published"):
            bits = participation_bits(poll)
            final.poll["voted"] = bool(bits[place // 8] >> (7 - place % 8) & 1)
        return f"place {place} of the roll is as it was committed to (entry {entries[batch].index})"

    final.run("C8", lambda: check_order(poll))
    if poll.has("participation.published"):
        final.run("C19", lambda: check_participation(poll), "C8")
    final.run("C20", on_the_roll, "C8 C19")
    return final


def moment(seconds: int) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"


# ------------------------------------------------------------------------------------- the same log, later or elsewhere

def verify_diff(old: str, new: Any, asked: Asked, progress: Progress) -> Report:
    """That `new` is the log of `old`, and has only grown. `old` is a source, or a file with a checkpoint."""
    notes: List[bytes] = []
    if isinstance(old, str) and "://" not in old and os.path.isfile(old) and not zipfile.is_zipfile(old):
        with open(old, "rb") as file:
            notes.append(file.read(MAX_NOTE + 1))
    else:
        for place in find_logs(old):
            try:
                notes.append(place.source.read("checkpoint", MAX_NOTE))
            except Missing:
                raise CannotTell(f"no log is published at {place.source.name} (there is no checkpoint)") from None
    report, logs = verify_log(new, asked, progress)
    for raw in notes:
        report.run("C4", lambda: _grown(raw, logs), "C5")  # noqa: B023 - run at once
    return report


def _grown(raw: bytes, logs: List[Log]) -> str:
    note = parse_note(raw, "C4")
    origin, size, root = parse_checkpoint(note, "C4")
    log = next((log for log in logs if log.origin == origin), None)
    if log is None or log.key is None:
        raise Problem("C4", f"the newer source does not have the log {plain(origin)}")
    verify_note(note, log.key, "C2")
    if size > log.size:
        raise Problem("C4", f"{origin} had {size} entries and now shows {log.size}")
    if tree_root(log.leaves[:size]) != root:
        raise Problem("C4", f"history was rewritten: the first {size} entries are not those of the older checkpoint. Both "
                            "checkpoints together are evidence: keep them")
    return f"{origin} has only grown (from {size:,} to {log.size:,} entries)"


def watch(base: Any, asked: Asked, every: int, times: int, tell: Callable[[Report, str], None]) -> str:
    """Check a source again and again, `times` times (0: for ever). Stops at the first failure. Returns the last verdict."""
    verdict, done = "", 0
    before: Dict[str, str] = {}
    while True:
        try:
            now = {place.source.name: parse_note(place.source.read("checkpoint", MAX_NOTE)).text for place in find_logs(base)}
        except (Missing, CannotTell, Problem):
            now = {}                                       # the whole check below says what is wrong
        if verdict == "pass" and now and now == before:
            tell(Report(), "nothing new")
        else:
            report = Report()
            try:
                fresh = Asked(asked.vkeys, asked.policy, asked.state)
                report, logs = verify_log(base, fresh, Progress())
                news = "; ".join(filter(None, map(_news, logs)))
            except CannotTell as reason:
                report.undecided.append(str(reason))
                news = ""
            verdict, before = report.verdict, now
            tell(report, news or "nothing new")
        done += 1
        if verdict == "fail" or done == times:
            return verdict
        time.sleep(every)


def _news(log: Log) -> str:
    """What was added to a log since it was last seen."""
    if not log.parsed or log.size == log.grown_from:
        return ""
    words = []
    for name, steps in sorted(log.polls.items()):
        kinds = Counter(step.kind for step in steps if step.index >= log.grown_from)
        listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
        words += [f"{name or 'the log itself'}: {listed}"] if kinds else []
    return f"{log.origin} grew from {log.grown_from:,} to {log.size:,} entries ({'; '.join(words)})"


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
    lines += [f"  {event}" for event in poll.get("events", [])[:MAX_STORY]]
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
    elif "sealed" in poll:
        lines.append(f"The ballot with receipt number {poll['bid']} is sealed (commitment {poll['sealed']})")
    lines += ["A later ballot with the same credential replaces it."] if poll.get("replaced") else []
    lines += ["It was voided."] if poll.get("voided") else []
    if "voted" in poll:
        cast = {None: "It is not published yet whether a ballot was cast from it.", True: "A ballot was cast from it.",
                False: "No ballot was cast from it."}[poll["voted"]]
        lines.append(f"Place {poll['place']} of the roll {plain(poll['roll'])}: {cast} Is that so?")
    lines += [f"CANNOT TELL: {plain(sentence)}" for sentence in report.undecided]
    return "\n".join([*lines, report.verdict.upper()]) + "\n"


def as_json(report: Report) -> Dict[str, Any]:
    return {"verdict": report.verdict, "checks": report.checks, "log": report.log, "poll": report.poll,
            "warnings": report.warnings + report.undecided}


EXIT = {"pass": 0, "fail": 1, "cannot tell": 2}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(message)


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise argparse.ArgumentTypeError("not a whole number")
    return int(text)


def _arguments(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = _Parser(prog="verifier", description="Recheck and recount a poll of a public vote log.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    where = "address of the instance or of its log, a directory of its files, or a zip of a poll"
    poll = commands.add_parser("poll", help="everything the log says about one poll")
    poll.add_argument("base", metavar="SOURCE", help=where)
    poll.add_argument("poll", metavar="POLL")
    log = commands.add_parser("log", help="a whole log, without counting its polls")
    log.add_argument("base", metavar="SOURCE", help=where)
    receipt = commands.add_parser("receipt", help="a receipt: a file that the voter kept, a proof or a signed promise")
    receipt.add_argument("file", metavar="FILE")
    receipt.add_argument("--url", metavar="SOURCE", help="also compare with the log as it stands today")
    receipt.add_argument("--ballot", metavar="JSON", help='what the ballot says, such as {"approve":["o1"]}')
    receipt.add_argument("--nonce", metavar="HEX", help="the nonce of a sealed ballot")
    place = commands.add_parser("place", help="a file that tells where somebody stands on the roll")
    place.add_argument("file", metavar="FILE")
    place.add_argument("--url", metavar="SOURCE", required=True, help=where)
    diff = commands.add_parser("diff", help="whether a log has only grown")
    diff.add_argument("old", metavar="OLD", help="a source, or a file with a checkpoint that was kept")
    diff.add_argument("base", metavar="NEW", help=where)
    again = commands.add_parser("watch", help="check a log again and again, and say what is new")
    again.add_argument("base", metavar="SOURCE", help=where)
    again.add_argument("--every", metavar="SECONDS", type=_seconds, default=60)
    again.add_argument("--times", metavar="N", type=_seconds, default=0, help="how often (0: until it is stopped)")
    for command in (poll, log, again):
        command.add_argument("--state", metavar="DIR", required=command is again,
                             help="remember the log here and compare with what was seen before")
    for command in (poll, log, receipt, place, diff, again):
        command.add_argument("--vkey", action="append", default=[], help="key of the log (or of its receipts), may be repeated")
        command.add_argument("--policy", metavar="FILE", help="whose cosignatures the checkpoint needs (C2SP tlog-policy)")
        command.add_argument("--json", action="store_true", help="the report for programs")
    return parser.parse_args(argv)


def _own_file(name: str, limit: int) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise Usage(f"cannot read {name}: {error.strerror}") from None


def _print(report: Report, json_wanted: bool, **further: str) -> None:
    if json_wanted:
        sys.stdout.write(json.dumps({**as_json(report), **further}, ensure_ascii=True, indent=None if further else 1) + "\n")
    else:
        sys.stdout.write(show(report))
    sys.stdout.flush()


def _do(arguments: argparse.Namespace, progress: Progress) -> Report:
    """One command other than `watch`. What cannot be told is raised."""
    asked = _asked(arguments)
    if arguments.command == "poll":
        return verify_poll(arguments.base, arguments.poll, asked, progress)
    if arguments.command == "log":
        return verify_log(arguments.base, asked, progress)[0]
    if arguments.command == "diff":
        return verify_diff(arguments.old, arguments.base, asked, progress)
    if arguments.command == "place":
        return verify_place(_own_file(arguments.file, MAX_NOTE), arguments.url, asked, progress)
    noted = typed_ballot(arguments.ballot, arguments.nonce)
    return verify_receipt(_own_file(arguments.file, MAX_NOTE + 2 * MAX_ENTRY), arguments.url, asked, progress, noted)


def _watch(arguments: argparse.Namespace) -> str:
    def tell(report: Report, news: str) -> None:
        at = moment(int(time.time()))
        if arguments.json:
            _print(report, True, at=at, news=plain(news))
            return
        lines = [f"{at} {report.verdict.upper()} {plain(news)}"]
        lines += [f"  {check['id']} {check['text']}" for check in report.checks if check["status"] in ("fail", "open")]
        sys.stdout.write("\n".join([*lines, *(f"  {plain(sentence)}" for sentence in report.undecided)]) + "\n")
        sys.stdout.flush()

    return watch(arguments.base, _asked(arguments), max(1, arguments.every), arguments.times, tell)


def _asked(arguments: argparse.Namespace) -> Asked:
    policy = parse_policy(_own_file(arguments.policy, MAX_NOTE)) if arguments.policy else None
    return Asked(arguments.vkey, policy, getattr(arguments, "state", None))


def main(argv: Optional[Sequence[str]] = None) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    progress, report, json_wanted = Progress(), Report(), False
    try:
        arguments = _arguments(argv)
        json_wanted = arguments.json
        try:
            for key in arguments.vkey:
                parse_vkey(key)
        except Problem as problem:
            raise Usage(str(problem)) from None
        if arguments.command == "watch":
            return EXIT[_watch(arguments)]
        report = _do(arguments, progress)
    except Usage as error:
        sys.stderr.write(f"verifier: {error}\n")
        return 3
    except CannotTell as reason:
        report.undecided.append(str(reason))
    except Problem as problem:
        report.add(problem.check, "fail", str(problem))
    except KeyboardInterrupt:
        return 2
    progress.clear()
    _print(report, json_wanted)
    return EXIT[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
