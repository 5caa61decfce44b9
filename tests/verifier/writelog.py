"""A small log writer for tests: builds the files of a log prefix from entries that a test may spoil first.

It shares nothing with the server, and with the verifier only canonical JSON and the recount that fills in the result;
what a right recount is, test_recount.py knows from worked examples.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verifier import __main__ as verifier

ORIGIN = "vote.example.org/log/2026"
NONCE = bytes(range(32))
GREEDY = {"mode": "skip", "threshold": 0, "pots": None, "groups": None}
MES = {"utility": "cost", "completion": ["add1", "utilitarian"], "integral": True, "step": 1, "stop_when_exhaustive": True}
READING: dict[str, Any] = {"overvote": "exhaust", "max_skipped": None, "duplicate": "skip", "withdrawn": [], "quorum": 0}
SEATS: dict[str, Any] = {"seats": 1, "quorum": 0}
PAIRS = {**SEATS, "withdrawn": []}
OPTIONS: dict[str, dict[str, Any]] = {  # rule -> its options as these tests mostly have them
    "irv-v1": {**READING, "until_two": False, "batch": False},
    "stv-scottish-v1": {**READING, "seats": 2, "quota": "droop_int", "decimals": 5},
    "stv-meek-prf-v1": {**READING, "seats": 2},
    "schulze-wv-v1": PAIRS,
    "ranked-pairs-v1": PAIRS,
    "borda-v1": {**PAIRS, "unranked": "zero"},
    "approval-v1": {**SEATS, "min": 0, "max": None, "majority": None},
    "score-v1": {**SEATS, "max": None},
    "cumulative-v1": {**SEATS, "max_sum": None, "exact_sum": False, "max_points": None, "min_options": 0},
    "seqpav-v1": SEATS,
    "seqphragmen-v1": SEATS,
    "equal-shares-v1": {**SEATS, "completion": "add1"},
    "pb-greedy-v1": GREEDY,
    "pb-mes-v1": MES,
}
APPROVE = {"approve": {"min": 0, "max": 3, "max_cost": None}}
PROJECTS = {"approve": {"min": 0, "max": 3, "max_cost": 100}}
RANK = {"rank": {"min": 0, "max": 4, "ties": False, "raw": False}}
ALLOC = {"alloc": {"sum": 10, "exact": False, "max": None, "min": 0}}
BALLOTS: dict[str, dict[str, dict[str, Any]]] = {  # rule -> the `ballot` of its polls in these tests
    **dict.fromkeys(("irv-v1", "stv-scottish-v1", "stv-meek-prf-v1", "schulze-wv-v1", "ranked-pairs-v1", "borda-v1"), RANK),
    **dict.fromkeys(("approval-v1", "seqpav-v1", "seqphragmen-v1", "equal-shares-v1"), APPROVE),
    "score-v1": {"score": {"max": 5}},
    "cumulative-v1": ALLOC,
    "pb-greedy-v1": PROJECTS,
    "pb-mes-v1": PROJECTS,
}
DRAW = "Drawn in the town hall on 2 December: 4 8 15 16 23 42.\n"
CHAIN, SIGNATURE = "52" * 32, "b4" * 96
COSTS = {"o1": 40, "o2": 30, "o3": 30, "o4": 25, "o5": 90}
CHOICES = ["o1,o2", "o2,o3", "", "o4", "o1,o3", "o2", "o5", "o3,o4", "o1", "o2,o3", "o5", "o1,o2", "o4", "o3"]

LATER = [(3, "o1,o4", 1), (6, "o2", 1), (3, "o3", 2)]  # who votes again

NAMED = {"config": "poll.created", "roll": "roll.committed"}  # what poll.opened names


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canon(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 as the RFC defines it, by recursion (the verifier folds)."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + root(leaves[:half]) + root(leaves[half:])).digest()


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The RFC 6962 inclusion path of a leaf, lowest first."""
    if len(leaves) < 2:
        return []
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if index < half:
        return [*path(leaves[:half], index), root(leaves[half:])]
    return [*path(leaves[half:], index - half), root(leaves[:half])]


class Signer:
    def __init__(self, name: str, seed: int = 1) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.name = name
        public = b"\x01" + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{base64.b64encode(public).decode()}"

    def sign(self, text: str) -> bytes:
        signature = base64.b64encode(self.key_id + self.key.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n".encode()


RECEIPTS = Signer(ORIGIN + "/receipt", 2)


@dataclass
class Scene:
    """Everything a log will hold. Tests change `entries` and `blobs`, then `write` chains, hashes and signs it all."""

    entries: list[dict[str, Any]] = field(default_factory=list)  # envelopes without n and prev
    blobs: dict[str, bytes] = field(default_factory=dict)
    signer: Signer = field(default_factory=lambda: Signer(ORIGIN))
    raw: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    checkpoint: bytes = b""

    def blob(self, data: bytes) -> str:
        self.blobs[sha(data)] = data
        return sha(data)

    def text(self, **by_language: str) -> str:
        return self.blob(hashlib.sha256(canon(by_language)).digest()[:16] + canon(by_language))

    def add(self, type: str, poll: str = "p1", **d: Any) -> None:
        entry = {"type": type, "poll": poll, "v": 1, "d": d}
        self.entries.append(entry if type == "ballot.cast" else {**entry, "t": 1795900000})

    def d(self, type: str) -> dict[str, Any]:
        """The `d` of the first entry of this type, to be changed in place."""
        found: dict[str, Any] = next(entry["d"] for entry in self.entries if entry["type"] == type)
        return found

    def chain(self) -> None:
        """Give every entry its n, prev and bytes, and `poll.opened` the leaves it names unless it names some."""
        heads: dict[str, tuple[int, str]] = {}
        named: dict[tuple[str, str], str] = {}
        self.raw, self.leaves = [], []
        for entry in self.entries:
            n, prev = heads.get(entry["poll"], (0, "0" * 64))
            before = {key: named.get((entry["poll"], kind), "0" * 64) for key, kind in NAMED.items()}
            d = {**before, **entry["d"]} if entry["type"] == "poll.opened" else entry["d"]
            raw = canon({"n": n, "prev": prev, **entry, "d": d})
            self.raw.append(raw)
            self.leaves.append(hashlib.sha256(b"\x00" + raw).digest())
            heads[entry["poll"]] = (n + 1, self.leaves[-1].hex())
            named[entry["poll"], entry["type"]] = self.leaves[-1].hex()

    def seal(self, *, rechain: bool = True) -> Scene:
        if rechain:
            self.chain()
        else:
            self.leaves = [hashlib.sha256(b"\x00" + raw).digest() for raw in self.raw]
        body = f"{ORIGIN}\n{len(self.raw)}\n{base64.b64encode(root(self.leaves)).decode()}\n"
        self.checkpoint = self.signer.sign(body)
        return self

    def files(self) -> dict[str, bytes]:
        files = {"checkpoint": self.checkpoint, **{f"blob/{name}": data for name, data in self.blobs.items()}}
        for at in range(0, len(self.raw), 256):
            bundle = self.raw[at : at + 256]
            tail = "" if len(bundle) == 256 else f".p/{len(bundle)}"
            files[f"tile/entries/{at // 256:03d}{tail}"] = b"".join(len(r).to_bytes(2, "big") + r for r in bundle)
        row, level = self.leaves, 0
        while row:
            for at in range(0, len(row), 256):
                tile = row[at : at + 256]
                tail = "" if len(tile) == 256 else f".p/{len(tile)}"
                files[f"tile/{level}/{at // 256:03d}{tail}"] = b"".join(tile)
            row, level = [root(row[at : at + 256]) for at in range(0, len(row) // 256 * 256, 256)], level + 1
        return files

    def write(self, directory: Path) -> Path:
        for name, data in self.files().items():
            file = directory / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return directory

    def proof(self, index: int) -> bytes:
        hashes = [base64.b64encode(node).decode() for node in path(self.leaves, index)]
        extra = base64.b64encode(self.raw[index]).decode()
        return (
            "\n".join(["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {index}", *hashes, "", ""]).encode() + self.checkpoint
        )

    def promise(self, d: dict[str, Any], deadline: int) -> bytes:
        name = ORIGIN + "/receipt"
        digest = base64.b64encode(hashlib.sha256(canon(d)).digest()).decode()
        return Signer(name, 2).sign(f"{name}\nballot.cast\n{digest}\ndeadline {deadline}\n")


def credential(number: int) -> str:
    return sha(b"credential %d" % number)


def b_of(kind: str, choice: str) -> dict[str, Any]:
    """The `b` of a ballot written as in a ballot file: `o1,o3`, `o2>o1=o3>->o4` or `o1:3,o2:1`."""
    if kind == "approve":
        return {kind: sorted(filter(None, choice.split(",")))}
    if kind == "rank":
        ranks = choice.split(">") if choice else []
        return {kind: [[] if rank == "-" else sorted(rank.split("=")) for rank in ranks]}
    pairs = [mark.split(":") for mark in choice.split(",") if mark]
    return {kind: {option: int(points) for option, points in pairs}}


def marks(b: dict[str, Any]) -> tuple[Any, ...]:
    """A ballot as the verifier's recount takes it."""
    if "approve" in b:
        return tuple(b["approve"])
    return tuple(map(tuple, b["rank"])) if "rank" in b else tuple(sorted(next(iter(b.values())).items()))


def line(b: dict[str, Any]) -> str:
    """A ballot as in the ballot file."""
    if "approve" in b:
        return ",".join(b["approve"])
    if "rank" in b:
        return ">".join("=".join(rank) or "-" for rank in b["rank"])
    return ",".join(f"{option}:{points}" for option, points in sorted(next(iter(b.values())).items()))


def cast(number: int, choice: str, rev: int = 0, kind: str = "approve") -> dict[str, Any]:
    bid = sha(f"bid {number} {rev}".encode())[:32]
    return {"bid": bid, "cred": credential(number), "rev": rev, "b": b_of(kind, choice)}


def rewritten(choice: str, kind: str) -> str:
    """The approvals of CHOICES as a ballot of another kind: in the order written, or with 5 points and fewer for the next."""
    if kind in ("approve", "rank"):
        return choice if kind == "approve" else choice.replace(",", ">")
    return ",".join(f"{option}:{5 - place}" for place, option in enumerate(filter(None, choice.split(","))))


def open_log() -> Scene:
    scene = Scene()
    software = {"name": "deliberate", "version": "0.1.0", "commit": ""}
    scene.add("log.opened", poll="", origin=ORIGIN, vkey=scene.signer.vkey, receipt_vkey=RECEIPTS.vkey, software=software)
    return scene


def open_poll(
    scene: Scene,
    *,
    poll: str = "p1",
    method: str = "pb-greedy-v1",
    rule: dict[str, Any] | None = None,
    budget: int = 100,
    costs: dict[str, int] | None = None,
    roll: int = 20,
    revote: str = "last",
    visibility: str = "live",
    k: int = 10,
    limits: dict[str, Any] | None = None,
    ballot: dict[str, Any] | None = None,
    seed_source: str = "commit-reveal",
) -> None:
    """The four entries before the first ballot."""
    rule = rule or OPTIONS[method]
    costs = costs or COSTS
    options: list[dict[str, Any]] = [
        {"id": o, "cost": c, "title_sha256": scene.text(en=f"Project {o}", fa=f"پروژه {o}")} for o, c in costs.items()
    ]
    spends: dict[str, Any] = {"budget": budget}
    if not method.startswith("pb-"):
        spends = {}
        for option in options:
            del option["cost"]
    tie = {"commit-reveal": {"commit": sha(NONCE)}, "public-draw": {}, "drand": {"chain": CHAIN}}[seed_source]
    scene.add(
        "poll.created",
        poll=poll,
        title_sha256=scene.text(en="What to build?"),
        options=options,
        method=method,
        rule=rule,
        ballot=ballot or ({"approve": limits} if limits else json.loads(json.dumps(BALLOTS[method]))),
        **spends,
        opens_at=1,
        closes_at=2,
        ballots="live",
        visibility=visibility,
        secrecy="L1",
        revote=revote,
        mix={"k": k, "max_s": 3600},
        disclosure="full",
        min_cell=10,
        tie={"rule": "lots-v1", "seed_source": seed_source, **tie},
        tally={"name": "deliberate", "version": "0.1.0", "sha256": sha(canon(rule))},
    )
    scene.add("roll.committed", poll=poll, roll="r1", count=roll, root=sha(b"roll"), rule_sha256=scene.text(en="Residents"))
    hashes = sorted(hashlib.sha256(b"\x00" + bytes.fromhex(sha(bytes.fromhex(credential(i))))).digest() for i in range(roll))
    scene.add(
        "credentials.committed",
        poll=poll,
        count=roll,
        root=root(hashes).hex(),
        blob_sha256=scene.blob(bytes(16) + b"".join(hashes)),
    )
    scene.add("poll.opened", poll=poll)


def cast_all(scene: Scene, ballots: Iterable[dict[str, Any]], *, poll: str = "p1") -> None:
    for ballot in ballots:
        scene.add("ballot.cast", poll=poll, **ballot)


def close_poll(scene: Scene, *, poll: str = "p1") -> None:
    """Close, participation, tally: right for the casts the scene holds."""
    mine = [entry for entry in scene.entries if entry["poll"] == poll]
    casts = [entry["d"] for entry in mine if entry["type"] == "ballot.cast"]
    config = next(entry["d"] for entry in mine if entry["type"] == "poll.created")
    roll = next(entry["d"] for entry in mine if entry["type"] == "roll.committed")
    last = {d["cred"]: d for d in casts}
    groups = Counter(marks(d["b"]) for d in last.values())
    written = Counter(line(d["b"]) for d in last.values())
    lines = sorted(f"{count}\t{ballot}\n".encode() for ballot, count in written.items())
    ids = ",".join(o["id"] for o in config["options"])
    file_hash = sha(f"#contest: {poll}\n#rule: {config['method']}\n#candidates: {ids}\n".encode() + b"".join(lines))
    scene.add("poll.closed", poll=poll, reason="scheduled", ballots=len(casts), last_n=len(mine) - 1, ballots_sha256=file_hash)
    bits = sum(
        1 << (7 - i % 8) << (8 * ((roll["count"] + 7) // 8 - 1 - i // 8)) for i in range(roll["count"]) if credential(i) in last
    )
    scene.add(
        "participation.published",
        poll=poll,
        roll="r1",
        used=len(last),
        bitmap_sha256=scene.blob(bits.to_bytes((roll["count"] + 7) // 8, "big")),
    )
    scene.chain()
    counted = [
        leaf
        for entry, leaf in zip(scene.entries, scene.leaves, strict=True)
        if entry["poll"] == poll and any(entry["d"] is d for d in last.values())
    ]
    source = config["tie"]["seed_source"]
    secret: dict[str, Any] = {"nonce": NONCE.hex()}
    beacon = NONCE.hex()
    if source == "public-draw":
        beacon = scene.blob(DRAW.encode())
        secret = {"draw_sha256": beacon}
    elif source == "drand":
        beacon = sha(bytes.fromhex(SIGNATURE))
        secret = {"drand": {"chain": CHAIN, "round": 1234, "signature": SIGNATURE}}
    result = verifier.recount(poll, config, groups, beacon)
    scene.add(
        "tally.published",
        poll=poll,
        tally=config["tally"],
        act=1,
        **secret,
        ballots_root=root(counted).hex(),
        ballots_sha256=file_hash,
        counted=len(last),
        replaced=len(casts) - len(last),
        voided=0,
        invalid=0,
        result_sha256=scene.blob(canon(result)),
    )


def republish(scene: Scene, change: dict[str, Any]) -> None:
    """Replace fields of the published result, as an operator would: blob and hash fit together again."""
    tally = scene.d("tally.published")
    tally["result_sha256"] = scene.blob(canon({**json.loads(scene.blobs.pop(tally["result_sha256"])), **change}))


def finished(method: str = "pb-greedy-v1", **options: Any) -> Scene:
    """A poll of fourteen voters, two of whom vote again, closed and counted."""
    scene = open_log()
    open_poll(scene, method=method, **options)
    kind = next(iter(scene.d("poll.created")["ballot"]))
    cast_all(scene, [cast(i, rewritten(choice, kind), kind=kind) for i, choice in enumerate(CHOICES)])
    cast_all(scene, [cast(i, rewritten(choice, kind), rev, kind) for i, choice, rev in LATER])
    close_poll(scene)
    return scene
