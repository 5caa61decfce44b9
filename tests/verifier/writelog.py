"""A small log writer for tests: builds the files of a log prefix from entries that a test may spoil first.

It shares nothing with the server, and with the verifier only canonical JSON and the recount that fills in the result;
what a right recount is, test_recount.py knows from worked examples.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verifier import __main__ as verifier

ORIGIN = "vote.example.org/log/2026"
NEXT_ORIGIN = "vote.example.org/log/2027"
ACTORS = ["0a" * 16, "0b" * 16]
NOW = 1795900000
DAY = 86_400
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


class Witness:
    """Signs checkpoints as C2SP cosignature/v1."""

    def __init__(self, name: str, seed: int) -> None:
        self.key, self.name = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), name
        public = b"\x04" + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{base64.b64encode(public).decode()}"

    def line(self, checkpoint: bytes, at: int) -> bytes:
        body = checkpoint.partition(b"\n\n")[0] + b"\n"
        signature = self.key.sign(b"cosignature/v1\ntime %d\n" % at + body)
        return f"— {self.name} {base64.b64encode(self.key_id + at.to_bytes(8, 'big') + signature).decode()}\n".encode()


WITNESSES = [Witness(f"witness{i}.example", 20 + i) for i in range(3)]


def policy(quorum: str = "group two 2 w0 w1 w2\nquorum two") -> str:
    lines = [f"witness w{i} {witness.vkey} https://{witness.name}/" for i, witness in enumerate(WITNESSES)]
    return "\n".join(["# two of three", f"log {Signer(ORIGIN).vkey}", *lines, quorum, ""])


@dataclass
class Memory:
    """The files of a log, or of an instance, as a source of the verifier."""

    files: dict[str, bytes]
    name: str = "memory"

    def read(self, path: str, limit: int) -> bytes:
        if path not in self.files:
            raise verifier.Missing(path)
        return self.files[path][: limit + 1]


@dataclass
class Scene:
    """Everything a log will hold. Tests change `entries` and `blobs`, then `write` chains, hashes and signs it all."""

    entries: list[dict[str, Any]] = field(default_factory=list)  # envelopes without n and prev
    blobs: dict[str, bytes] = field(default_factory=dict)
    origin: str = ORIGIN
    signer: Signer = field(default_factory=lambda: Signer(ORIGIN))
    openings: dict[str, dict[str, Any]] = field(default_factory=dict)  # bid -> what a commitment hides
    raw: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    checkpoint: bytes = b""

    def blob(self, data: bytes) -> str:
        self.blobs[sha(data)] = data
        return sha(data)

    def text(self, **by_language: str) -> str:
        return self.blob(hashlib.sha256(canon(by_language)).digest()[:16] + canon(by_language))

    def add(self, type: str, poll: str = "p1", at: int = NOW, **d: Any) -> None:
        entry = {"type": type, "poll": poll, "v": 1, "d": d}
        self.entries.append(entry if type == "ballot.cast" else {**entry, "t": at})

    def act(self, type: str, poll: str = "p1", at: int = NOW, **d: Any) -> None:
        """Something that two officials do, and why."""
        self.add(type, poll, at, **{"text_sha256": self.text(en=f"Why {type}"), "actors": ACTORS, **d})

    def d(self, type: str, which: int = 0) -> dict[str, Any]:
        """The `d` of the first entry of this type, or of another one, to be changed in place."""
        found: dict[str, Any] = [entry["d"] for entry in self.entries if entry["type"] == type][which]
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
            named[entry["poll"], entry["type"].replace("amended", "created")] = self.leaves[-1].hex()

    def seal(self, *, rechain: bool = True) -> Scene:
        if rechain:
            self.chain()
        else:
            self.leaves = [hashlib.sha256(b"\x00" + raw).digest() for raw in self.raw]
        body = f"{self.origin}\n{len(self.raw)}\n{base64.b64encode(root(self.leaves)).decode()}\n"
        self.checkpoint = self.signer.sign(body)
        return self

    def cosign(self, *witnesses: int, at: int = NOW) -> Scene:
        self.checkpoint += b"".join(WITNESSES[i].line(self.checkpoint, at) for i in witnesses)
        return self

    def files(self, prefix: str = "") -> dict[str, bytes]:
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
        return {prefix + name: data for name, data in files.items()}

    def write(self, directory: Path) -> Path:
        return write_files(self.files(), directory)

    def memory(self) -> Memory:
        return Memory(self.files())

    def listing(self) -> dict[str, str]:
        prefix = "/" + self.origin.partition("/")[2] + "/"
        return {"origin": self.origin, "prefix": prefix, "vkey": self.signer.vkey, "receipt_vkey": receipts(self.origin).vkey}

    def bundle(self, poll: str = "p1") -> dict[str, bytes]:
        """What the zip of a poll holds."""
        return {
            "bundle.json": canon({"v": 1, "origin": self.origin, "poll": poll}),
            **instance(self),
            "README.txt": b"How to check this.\n",
        }

    def proof(self, index: int) -> bytes:
        hashes = [base64.b64encode(node).decode() for node in path(self.leaves, index)]
        extra = base64.b64encode(self.raw[index]).decode()
        return (
            "\n".join(["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {index}", *hashes, "", ""]).encode() + self.checkpoint
        )

    def promise(self, d: dict[str, Any], deadline: int) -> bytes:
        digest = base64.b64encode(hashlib.sha256(canon(d)).digest()).decode()
        name = self.origin + "/receipt"
        return receipts(self.origin).sign(f"{name}\nballot.cast\n{digest}\ndeadline {deadline}\n")

    def receipt(self, d: dict[str, Any], deadline: int, poll: str = "p1", **further: Any) -> bytes:
        """The file that a voter keeps."""
        secret = self.openings.get(d["bid"], {"b": d.get("b")})
        promise = self.promise(d, deadline).decode()
        return json.dumps({"v": 1, "poll": poll, "d": d, **secret, "promise": promise, **further}, indent=1).encode()


def receipts(origin: str) -> Signer:
    return Signer(origin + "/receipt", 2)


def instance(*scenes: Scene) -> dict[str, bytes]:
    """The files of an instance with these logs, oldest first."""
    files = {"log/index.json": json.dumps({"logs": [scene.listing() for scene in scenes]}).encode()}
    for scene in scenes:
        files.update(scene.files(scene.listing()["prefix"][1:]))
    return files


def write_files(files: dict[str, bytes], directory: Path) -> Path:
    for name, data in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return directory


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


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


def seal_ballot(scene: Scene, d: dict[str, Any], poll: str = "p1") -> dict[str, Any]:
    """The ballot with a commitment in the place of what it says; the scene keeps what opens it."""
    nonce = sha(b"nonce of " + d["bid"].encode())
    c = commit(poll, d["cred"], d["rev"], nonce, d["b"])
    scene.openings[d["bid"]] = {"b": d["b"], "nonce": nonce}
    return {**{name: value for name, value in d.items() if name != "b"}, "c": c}


def commit(poll: str, cred: str, rev: int, nonce: str, b: dict[str, Any]) -> str:
    parts = [poll.encode(), bytes.fromhex(cred), bytes.fromhex(nonce), canon(b)]
    sized = [len(part).to_bytes(4, "big") + part for part in parts]
    return sha(b"votelog/v1/ballot-commit\x00" + sized[0] + sized[1] + rev.to_bytes(4, "big") + sized[2] + sized[3])


def rewritten(choice: str, kind: str) -> str:
    """The approvals of CHOICES as a ballot of another kind: in the order written, or with 5 points and fewer for the next."""
    if kind in ("approve", "rank"):
        return choice if kind == "approve" else choice.replace(",", ">")
    return ",".join(f"{option}:{5 - place}" for place, option in enumerate(filter(None, choice.split(","))))


def open_log(origin: str = ORIGIN, **further: Any) -> Scene:
    scene = Scene(origin=origin, signer=Signer(origin))
    software = {"name": "deliberate", "version": "0.1.0", "commit": ""}
    keys: dict[str, Any] = {"vkey": scene.signer.vkey, "receipt_vkey": receipts(origin).vkey}
    scene.add("log.opened", poll="", origin=origin, **keys, software=software, **further)
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
    **further: Any,
) -> None:
    """The four entries before the first ballot. `further` is of poll.created."""
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
        **{"opens_at": 1, "closes_at": 2, **further},
        ballots="sealed" if visibility == "sealed" else "live",
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
    commit_credentials(scene, range(roll), poll=poll)
    scene.add("poll.opened", poll=poll)


def commit_credentials(scene: Scene, numbers: Iterable[int], *, poll: str = "p1") -> None:
    digests = (hashlib.sha256(bytes.fromhex(credential(i))).digest() for i in numbers)
    hashes = sorted(hashlib.sha256(b"\x00" + digest).digest() for digest in digests)
    blob = scene.blob(bytes(16) + b"".join(hashes))
    scene.add("credentials.committed", poll=poll, count=len(hashes), root=root(hashes).hex(), blob_sha256=blob)


def grow_roll(scene: Scene, numbers: range, *, poll: str = "p1") -> None:
    scene.act("roll.changed", poll, roll="r1", added_count=len(numbers), added_root=sha(b"more of the roll"), removed=[])
    commit_credentials(scene, numbers, poll=poll)


def cast_all(scene: Scene, ballots: Iterable[dict[str, Any]], *, poll: str = "p1") -> None:
    """Ballots without the summary that ends their group; sealed where the poll is."""
    sealed = config_of(scene, poll)["ballots"] == "sealed"
    for ballot in ballots:
        scene.add("ballot.cast", poll=poll, **(seal_ballot(scene, ballot, poll) if sealed else ballot))


def summarise(scene: Scene, *, poll: str = "p1") -> None:
    """End the newest group, if it has not ended."""
    mine = of_poll(scene, poll)
    run: list[dict[str, Any]] = []
    while mine and mine[-1]["type"] == "ballot.cast":
        run.append(mine.pop()["d"])
    if run:
        scene.add("intake.summary", poll=poll, accepted=len(run), voters=len({d["cred"] for d in run}))


def group(scene: Scene, ballots: Iterable[dict[str, Any]], *, poll: str = "p1") -> None:
    cast_all(scene, ballots, poll=poll)
    summarise(scene, poll=poll)


def of_poll(scene: Scene, poll: str) -> list[dict[str, Any]]:
    return [entry for entry in scene.entries if entry["poll"] == poll]


def config_of(scene: Scene, poll: str) -> dict[str, Any]:
    found: dict[str, Any] = [e["d"] for e in of_poll(scene, poll) if e["type"] in ("poll.created", "poll.amended")][-1]
    return found


def counted(scene: Scene, poll: str = "p1") -> list[dict[str, Any]]:
    """The ballots (`d`) that count by what the scene holds so far, in log order."""
    casts = [entry["d"] for entry in of_poll(scene, poll) if entry["type"] == "ballot.cast"]
    voided = {entry["d"]["bid"] for entry in of_poll(scene, poll) if entry["type"] == "ballot.voided"}
    last = {d["cred"]: d["bid"] for d in casts}
    return [d for d in casts if last[d["cred"]] == d["bid"] and d["bid"] not in voided]


def says(scene: Scene, d: dict[str, Any]) -> dict[str, Any]:
    b: dict[str, Any] = d["b"] if "b" in d else scene.openings[d["bid"]]["b"]
    return b


def ballot_file_hash(scene: Scene, poll: str) -> str:
    config = config_of(scene, poll)
    written = Counter(line(says(scene, d)) for d in counted(scene, poll))
    lines = sorted(f"{count}\t{ballot}\n".encode() for ballot, count in written.items())
    ids = ",".join(o["id"] for o in config["options"])
    return sha(f"#contest: {poll}\n#rule: {config['method']}\n#candidates: {ids}\n".encode() + b"".join(lines))


def close_poll(scene: Scene, *, poll: str = "p1", **further: Any) -> None:
    """Close, openings, participation, tally: right for the casts the scene holds. `further` is of poll.closed."""
    summarise(scene, poll=poll)
    mine = of_poll(scene, poll)
    cast = sum(entry["type"] == "ballot.cast" for entry in mine)
    stated = {"reason": "scheduled", "ballots": cast, "last_n": len(mine) - 1, "ballots_sha256": ballot_file_hash(scene, poll)}
    scene.add("poll.closed", poll=poll, **{**stated, **further})
    if config_of(scene, poll)["ballots"] == "sealed":
        open_ballots(scene, poll=poll)
    participate(scene, poll=poll)
    publish(scene, poll=poll)


def open_ballots(scene: Scene, *, poll: str = "p1") -> None:
    due = sorted(d["bid"] for d in counted(scene, poll))
    data = b"".join(canon({"bid": bid, **scene.openings[bid]}) + b"\n" for bid in due)
    scene.add("openings.published", poll=poll, count=len(due), sha256=scene.blob(data), bytes=len(data))


def participate(scene: Scene, *, poll: str = "p1") -> None:
    mine = of_poll(scene, poll)
    count = sum(
        e["d"].get("added_count", e["d"]["count"] if e["type"] == "roll.committed" else 0) for e in mine if "roll" in e["d"]
    )
    cast = {entry["d"]["cred"] for entry in mine if entry["type"] == "ballot.cast"}
    bits = bytearray((count + 7) // 8)
    for place in range(count):
        bits[place // 8] |= (credential(place) in cast) << (7 - place % 8)
    scene.add("participation.published", poll=poll, roll="r1", used=len(cast), bitmap_sha256=scene.blob(bytes(bits)))


def publish(scene: Scene, *, poll: str = "p1") -> None:
    """The next result act, right for what the scene holds so far."""
    mine, config, standing = of_poll(scene, poll), config_of(scene, poll), counted(scene, poll)
    cast = [entry["d"] for entry in mine if entry["type"] == "ballot.cast"]
    voided = {entry["d"]["bid"] for entry in mine if entry["type"] == "ballot.voided"} & {d["bid"] for d in cast}
    closed = next(entry["d"] for entry in mine if entry["type"] == "poll.closed")
    scene.chain()
    ids = {id(d) for d in standing}
    leaves = [leaf for entry, leaf in zip(scene.entries, scene.leaves, strict=True) if id(entry["d"]) in ids]
    source = config["tie"]["seed_source"]
    secret: dict[str, Any] = {"nonce": NONCE.hex()}
    beacon = NONCE.hex()
    if source == "public-draw":
        beacon = scene.blob(DRAW.encode())
        secret = {"draw_sha256": beacon}
    elif source == "drand":
        beacon = sha(bytes.fromhex(SIGNATURE))
        secret = {"drand": {"chain": CHAIN, "round": 1234, "signature": SIGNATURE}}
    groups = Counter(marks(says(scene, d)) for d in standing)
    result = verifier.recount(poll, config, groups, beacon, closed_sha256=closed["ballots_sha256"])
    scene.add(
        "tally.published",
        poll=poll,
        tally=config["tally"],
        act=1 + sum(entry["type"] == "tally.published" for entry in mine),
        **secret,
        ballots_root=root(leaves).hex(),
        ballots_sha256=ballot_file_hash(scene, poll),
        counted=len(standing),
        replaced=len(cast) - len(voided) - len(standing),
        voided=len(voided),
        invalid=0,
        result_sha256=scene.blob(canon(result)),
    )


def void(scene: Scene, bid: str, *, poll: str = "p1", **further: Any) -> None:
    texts = {"rule_sha256": scene.text(en="Voiding rule"), "evidence_sha256": scene.text(en=f"Grounds for {bid}")}
    scene.add("ballot.voided", poll=poll, **{"bid": bid, "reason_code": "not_eligible", "actors": ACTORS, **texts, **further})


def correct(scene: Scene, *, poll: str = "p1") -> None:
    """The published result superseded, and the next act."""
    act = sum(entry["type"] == "tally.published" for entry in of_poll(scene, poll))
    scene.act("tally.superseded", poll, act=act)
    publish(scene, poll=poll)


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


def eventful(*, visibility: str = "live") -> Scene:
    """Two polls, and everything that can happen: `p1` extended, paused, its roll grown, ballots voided before and after the
    close, objections and a correction; `p2` runs beside it. Entries of the log itself stand in between."""
    scene = open_log()
    release = canon({"commit": "abc", "name": "deliberate", "version": "0.2.0"})
    open_poll(scene, roll=60, k=3, visibility=visibility, revote="none", closes_at=NOW - 100)
    scene.add(
        "config.changed",
        poll="",
        scope="software",
        key="release",
        old_sha256="0" * 64,
        new_sha256=sha(release),
        public_value=release.decode(),
        actors=[],
    )
    group(scene, [cast(i, CHOICES[i]) for i in range(6)])
    scene.add("config.changed", poll="", scope="mail", key="sender", old_sha256="1" * 64, new_sha256="2" * 64, actors=ACTORS)
    open_poll(scene, poll="p2", k=2)
    scene.act("poll.extended", closes_at=NOW - 50)
    grow_roll(scene, range(60, 65))
    scene.add("moderation.action", poll="", object_sha256=sha(b"comment:71"), action="hide", rule="insult", actor=ACTORS[0])
    group(scene, [cast(i, "o2,o4") for i in (61, 20, 64)])
    scene.act("poll.paused")
    scene.add("objection.filed", objection="ob7f", text_sha256=scene.text(en="This is wrong."))
    void(scene, cast(2, "o1")["bid"])
    scene.act("poll.resumed")
    group(scene, [cast(i, "o1") for i in range(4)], poll="p2")
    group(scene, [cast(2, "o5", 1), cast(21, "o3"), cast(22, "")])
    scene.act("incident.declared", code="outage")
    scene.act("incident.declared", poll="", code="other")
    scene.add("staff.action", poll="", action="poll.draft", object_sha256=sha(b"poll:p1"), actor=ACTORS[1])
    cast_all(scene, [cast(i, "o1,o3") for i in range(30, 36)])
    close_poll(scene)
    scene.add("objection.answered", objection="ob7f", finding="partly", text_sha256=scene.text(en="In part."), actor=ACTORS[0])
    void(scene, cast(30, "o1")["bid"])
    correct(scene)
    text = scene.text(fa="متنی که پاک شد")
    scene.act("incident.declared", poll="p2", code="wrong_information", text_sha256=text)
    cast_all(scene, [cast(i, "o2") for i in range(4, 8)], poll="p2")
    close_poll(scene, poll="p2", reason="by_hand", text_sha256=scene.text(en="By hand."), actors=ACTORS)
    del scene.blobs[text]
    scene.add("erasure.recorded", poll="", target=text, basis_code="legal_order", actors=ACTORS)
    return scene


def two_logs() -> tuple[Scene, Scene]:
    """A log that was closed, and the one that follows it."""
    old = eventful()
    old.seal()
    prev = {"origin": old.origin, "size": len(old.raw), "root": root(old.leaves).hex()}
    new = open_log(NEXT_ORIGIN, prev=prev)
    open_poll(new, poll="p9")
    cast_all(new, [cast(i, "o1") for i in range(12)], poll="p9")
    close_poll(new, poll="p9")
    old.add("log.closed", poll="", next_origin=NEXT_ORIGIN)
    return old.seal(), new.seal()
