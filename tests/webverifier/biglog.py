"""A right log of one poll with very many ballots, made fast; and any log as a bundle."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from hashlib import sha256
from typing import Any

from tests.verifier import writelog as w
from verifier import __main__ as verifier


def bundle(scene: w.Scene, *, poll: str = "p1", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """One poll to take along, as docs/reference/vote-log.md says."""
    declared = {"origin": w.ORIGIN, "prefix": "/log/2026/", "vkey": scene.signer.vkey, "receipt_vkey": w.receipts(w.ORIGIN).vkey}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as file:
        file.writestr("bundle.json", json.dumps({"v": 1, "origin": w.ORIGIN, "poll": poll}))
        file.writestr("log/index.json", json.dumps({"logs": [declared]}))
        for path, data in scene.files().items():
            file.writestr(f"log/2026/{path}", data)
    return held.getvalue()


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def commitment(poll: str, d: dict[str, Any], nonce: bytes, b: dict[str, Any]) -> str:
    parts = [poll.encode(), bytes.fromhex(d["cred"])]
    head = b"".join(u32(len(part)) + part for part in parts) + u32(d["rev"])
    tail = b"".join(u32(len(part)) + part for part in (nonce, w.canon(b)))
    return w.sha(b"votelog/v1/ballot-commit\x00" + head + tail)


def big_scene(ballots: int, *, sealed: bool = False, group: int = 50) -> w.Scene:
    """A decided poll (pb-greedy) in which `ballots` people voted once each, released in groups."""
    scene = w.open_log()
    w.open_poll(scene, roll=ballots)
    config = scene.d("poll.created")
    if sealed:
        config.update(ballots="sealed", visibility="sealed")
    groups: Counter[Any] = Counter()
    lines = []
    for at in range(0, ballots, group):
        numbers = range(at, min(at + group, ballots))
        for number in numbers:
            d = w.cast(number, w.CHOICES[number % len(w.CHOICES)])
            groups[w.marks(d["b"])] += 1
            if sealed:
                b = d.pop("b")
                nonce = sha256(b"nonce %d" % number).digest()
                d["c"] = commitment("p1", d, nonce, b)
                lines.append((d["bid"], w.canon({"b": b, "bid": d["bid"], "nonce": nonce.hex()}) + b"\n"))
            scene.add("ballot.cast", **d)
        scene.add("intake.summary", accepted=len(numbers), voters=len(numbers))
    ids = [option["id"] for option in config["options"]]
    file_hash = w.sha(verifier.ballot_file("p1", config["method"], ids, groups))
    last_n = sum(entry["poll"] == "p1" for entry in scene.entries) - 1
    scene.add("poll.closed", reason="scheduled", ballots=ballots, last_n=last_n, ballots_sha256=file_hash)
    if sealed:
        opened = b"".join(line for _, line in sorted(lines))
        scene.add("openings.published", count=ballots, bytes=len(opened), sha256=scene.blob(opened))
    size = (ballots + 7) // 8
    bits = ((1 << ballots) - 1) << (8 * size - ballots)
    scene.add("participation.published", roll="r1", used=ballots, bitmap_sha256=scene.blob(bits.to_bytes(size, "big")))
    scene.chain()
    leaves = [leaf for entry, leaf in zip(scene.entries, scene.leaves, strict=True) if entry["type"] == "ballot.cast"]
    scene.add(
        "tally.published",
        tally=config["tally"],
        act=1,
        nonce=w.NONCE.hex(),
        ballots_root=w.root(leaves).hex(),
        ballots_sha256=file_hash,
        counted=ballots,
        replaced=0,
        voided=0,
        invalid=0,
        result_sha256=scene.blob(w.canon(verifier.recount("p1", config, groups, w.NONCE.hex()))),
    )
    return scene.seal()
