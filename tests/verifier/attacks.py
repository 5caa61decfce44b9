"""Attacks on a poll, each with the check that has to see it. Everything is chained, hashed and signed again afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.verifier.writelog import (
    ORIGIN,
    Scene,
    Signer,
    canon,
    cast,
    close_poll,
    counted,
    credential,
    marks,
    republish,
    root,
    says,
    sha,
)
from verifier import __main__ as verifier

Attack = Callable[[Scene], object]
ATTACKS: list[tuple[str, str, Attack]] = []


def attack(name: str, check: str) -> Callable[[Attack], Attack]:
    def keep(function: Attack) -> Attack:
        ATTACKS.append((name, check, function))
        return function

    return keep


def change(type: str, **fields: Any) -> Attack:
    return lambda scene: scene.d(type).update(fields)


def casts(scene: Scene) -> list[dict[str, Any]]:
    return [entry for entry in scene.entries if entry["type"] == "ballot.cast"]


def place(scene: Scene, type: str) -> int:
    return next(i for i, entry in enumerate(scene.entries) if entry["type"] == type)


def reblob(type: str, field: str, spoil: Callable[[bytes], bytes]) -> Attack:
    """Other bytes under another name, and the entry names them: only the content is wrong."""

    def apply(scene: Scene) -> None:
        d = scene.d(type)
        d[field] = scene.blob(spoil(scene.blobs[d[field]]))

    return apply


def recast(index: int, **fields: Any) -> Attack:
    return lambda scene: casts(scene)[index]["d"].update(fields)


def approve(*ids: str) -> Attack:
    return recast(0, b={"approve": list(ids)})


def insert(at: str, entry: dict[str, Any]) -> Attack:
    return lambda scene: scene.entries.insert(place(scene, at), {"poll": "p1", "v": 1, "t": 1, **entry})


def swap(one: str, two: str) -> Attack:
    def apply(scene: Scene) -> None:
        i, j = place(scene, one), place(scene, two)
        scene.entries[i], scene.entries[j] = scene.entries[j], scene.entries[i]

    return apply


def repeat(type: str) -> Attack:
    return lambda scene: scene.entries.insert(place(scene, type) + 1, json.loads(json.dumps(scene.entries[place(scene, type)])))


def envelope(index: int, **fields: Any) -> Attack:
    return lambda scene: scene.entries[index].update(fields)


def result(**fields: Any) -> Attack:
    return lambda scene: republish(scene, fields)


def redo_close(scene: Scene) -> None:
    """What an operator does who has touched the casts: last group, close, participation and tally all made again to fit."""
    del scene.entries[place(scene, "poll.closed") :]
    last = max((i for i, entry in enumerate(scene.entries) if entry["type"] == "intake.summary"), default=None)
    if last is not None:
        del scene.entries[last]
    close_poll(scene)


@attack("a ballot dropped, everything signed again", "C15")
def drop(scene: Scene) -> None:
    scene.entries.remove(casts(scene)[1])


@attack("a ballot dropped and the tally redone, participation as it was", "C19")
def drop_and_recount(scene: Scene) -> None:
    participation = dict(scene.d("participation.published"))
    drop(scene)
    redo_close(scene)
    scene.d("participation.published").update(participation)


@attack("a ballot by a credential that was never committed", "C10")
def stuff(scene: Scene) -> None:
    scene.entries.insert(place(scene, "poll.closed"), {"type": "ballot.cast", "poll": "p1", "v": 1, "d": cast(999, "o5")})
    redo_close(scene)


@attack("a ballot changed after the tally", "C15")
def alter(scene: Scene) -> None:
    casts(scene)[0]["d"]["b"] = {"approve": ["o4"]}


@attack("a ballot cast after the close", "C8")
def late(scene: Scene) -> None:
    scene.entries.append({"type": "ballot.cast", "poll": "p1", "v": 1, "d": cast(19, "o1")})


@attack("a second ballot where nobody may vote twice", "C11")
def twice(scene: Scene) -> None:
    scene.d("poll.created")["revote"] = "none"
    redo_close(scene)


@attack("an unsorted list of credentials", "C10")
def unsorted_credentials(scene: Scene) -> None:
    reblob("credentials.committed", "blob_sha256", lambda b: b[:16] + b[48:80] + b[16:48] + b[80:])(scene)


@attack("a title whose bytes were exchanged", "C6")
def retitle(scene: Scene) -> None:
    scene.blobs[scene.d("poll.created")["options"][0]["title_sha256"]] = bytes(16) + canon({"en": "Another project"})


@attack("the rule of the count exchanged with its hash unchanged", "C6")
def other_rule(scene: Scene) -> None:
    rule = scene.d("poll.created")["rule"]
    scene.d("poll.created")["rule"] = {**rule, "mode": "stop"} if "mode" in rule else {**rule, "step": 2}


@attack("the lots drawn again with another nonce, the result redone to fit", "C16")
def grind(scene: Scene) -> None:
    tally = scene.d("tally.published")
    tally["nonce"] = "11" * 32
    tally["result_sha256"] = scene.blob(canon(verifier.recount("p1", scene.d("poll.created"), groups(scene), "11" * 32)))


def log_of(scene: Scene) -> verifier.Log:
    """The scene as the verifier sees a log that it has read."""
    scene.chain()
    log = verifier.Log(None, raw=scene.raw, leaves=scene.leaves, size=len(scene.raw))
    verifier.read_entries(log, verifier.Progress())
    return log


def groups(scene: Scene) -> Counter[verifier.Ballot]:
    return Counter(marks(says(scene, d)) for d in counted(scene))


@attack("a credential listed twice, under the root of that list", "C10")
def double_credential(scene: Scene) -> None:
    d = scene.d("credentials.committed")
    blob = scene.blobs[d["blob_sha256"]]
    leaves = [blob[at : at + 32] for at in range(16, len(blob), 32)]
    first, unused = (bytes.fromhex(sha(b"\0" + bytes.fromhex(sha(bytes.fromhex(credential(i)))))) for i in (0, 19))
    leaves = sorted(first if leaf == unused else leaf for leaf in leaves)
    d.update(blob_sha256=scene.blob(blob[:16] + b"".join(leaves)), root=root(leaves).hex())


@attack("a blank ballot where at least one mark is asked for", "C12")
def too_few(scene: Scene) -> None:
    scene.d("poll.created")["ballot"]["approve"]["min"] = 1


@attack("the log opened under another origin", "C1")
def other_origin(scene: Scene) -> None:
    scene.d("log.opened")["origin"] = "vote.example.net/log/2026"


@attack("signed with a key that is not the log's", "C2")
def other_key(scene: Scene) -> None:
    scene.signer = Signer(ORIGIN, 9)


@attack("the key exchanged for one of another name", "C1")
def other_name(scene: Scene) -> None:
    scene.d("log.opened")["vkey"] = Signer("vote.example.net/log/2026").vkey


@attack("two options with one id", "C6")
def twin(scene: Scene) -> None:
    scene.d("poll.created")["options"].append(scene.d("poll.created")["options"][0])


@attack("a budget poll without a cost", "C6")
def free(scene: Scene) -> None:
    del scene.d("poll.created")["options"][0]["cost"]


@attack("an entry type nobody knows", "C6")
def unknown(scene: Scene) -> None:
    scene.add("ballot.replaced", bid="00")


ATTACKS += [
    ("a receipt number used twice", "C11", lambda s: recast(1, bid=casts(s)[0]["d"]["bid"])(s)),
    ("a revision left out", "C11", recast(14, rev=2)),
    ("a revision repeated", "C11", recast(16, rev=1)),
    ("a ballot above its budget", "C12", approve("o2", "o5")),
    ("a ballot with too many marks", "C12", approve("o1", "o2", "o3", "o4")),
    ("a ballot with an unknown option", "C12", approve("o9")),
    ("an unsorted ballot", "C12", approve("o3", "o2")),
    ("a ballot that marks one option twice", "C12", approve("o1", "o1")),
    ("a mark that is no text", "C6", recast(0, b={"approve": [1]})),
    ("a time on a ballot", "C6", envelope(6, t=1795900000)),
    ("a credential in upper case", "C6", recast(0, cred="AB" * 32)),
    ("a boolean revision", "C6", recast(0, rev=False)),
    ("an unknown field", "C6", change("poll.opened", note="x")),
    ("an unknown field of the envelope", "C6", envelope(4, w=1)),
    ("another version", "C6", envelope(4, v=2)),
    ("a missing field", "C6", lambda s: s.d("tally.published").pop("nonce")),
    ("a poll entry that names no poll", "C6", envelope(-1, poll="")),
    ("a second log.opened", "C6", lambda s: s.entries.append(s.entries[0])),
    ("a gap in n", "C7", envelope(-1, n=99)),
    ("a chain that is broken", "C7", envelope(-1, prev="f" * 64)),
    ("a chain of another poll", "C7", envelope(-1, poll="p2", n=24)),
    ("more credentials than people", "C10", change("roll.committed", count=19)),
    ("another root of the credentials", "C10", change("credentials.committed", root="0" * 64)),
    ("a credential listed twice", "C10", reblob("credentials.committed", "blob_sha256", lambda b: b[:48] + b[16:48] + b[80:])),
    ("a credential list cut short", "C10", reblob("credentials.committed", "blob_sha256", lambda b: b[:-32])),
    ("the credential list not served", "C10", lambda s: s.blobs.pop(s.d("credentials.committed")["blob_sha256"])),
    ("a poll opened with another configuration", "C8", change("poll.opened", config="0" * 64)),
    ("a poll opened with another roll", "C8", change("poll.opened", roll="0" * 64)),
    ("opened before there is a roll", "C8", swap("roll.committed", "poll.opened")),
    ("credentials before the roll", "C8", swap("roll.committed", "credentials.committed")),
    ("closed twice", "C8", repeat("poll.closed")),
    ("created twice", "C8", repeat("poll.created")),
    ("opened twice", "C8", repeat("poll.opened")),
    ("participation after the tally", "C8", swap("participation.published", "tally.published")),
    ("no participation at all", "C8", lambda s: s.entries.pop(place(s, "participation.published"))),
    ("the poll never opened", "C8", lambda s: s.entries.pop(place(s, "poll.opened"))),
    ("no configuration", "C8", lambda s: s.entries.pop(place(s, "poll.created"))),
    ("too few ballots at the close", "C15", change("poll.closed", ballots=16)),
    ("another last entry at the close", "C15", change("poll.closed", last_n=3)),
    ("another ballot file at the close", "C15", change("poll.closed", ballots_sha256="0" * 64)),
    ("another ballot file in the tally", "C15", change("tally.published", ballots_sha256="0" * 64)),
    ("another root of the counted ballots", "C15", change("tally.published", ballots_root="0" * 64)),
    ("a wrong number counted", "C15", change("tally.published", counted=15)),
    ("a wrong number replaced", "C15", change("tally.published", replaced=2)),
    ("a ballot called void", "C15", change("tally.published", voided=1)),
    ("a ballot called invalid", "C15", change("tally.published", invalid=1)),
    ("a nonce that was not committed to", "C16", change("tally.published", nonce="11" * 32)),
    (
        "another counting rule in the tally",
        "C16",
        change("tally.published", tally={"name": "x", "version": "1", "sha256": "0" * 64}),
    ),
    ("a second result though the first was not superseded", "C8", repeat("tally.published")),
    ("the first result called the second", "C8", change("tally.published", act=2)),
    ("other winners", "C16", result(winners=["o5"])),
    ("winners in another order", "C16", lambda s: result(winners=published(s)["winners"][::-1])(s)),
    ("another sum", "C16", result(spent=99)),
    ("another seed", "C16", result(seed="0" * 64)),
    ("another order of lots", "C16", result(tie_order=["o1", "o2", "o3", "o4", "o5"])),
    ("a round left out", "C16", lambda s: result(rounds=published(s)["rounds"][1:])(s)),
    ("a field too many in the result", "C16", result(comment="x")),
    ("true instead of one", "C16", result(v=True)),
    ("lots denied", "C16", result(lots_used=False)),
    ("result bytes changed in place", "C17", lambda s: s.blobs.update({s.d("tally.published")["result_sha256"]: b"{}"})),
    ("the result not served", "C17", lambda s: s.blobs.pop(s.d("tally.published")["result_sha256"])),
    ("a result that is not canonical", "C17", reblob("tally.published", "result_sha256", lambda b: b + b"\n")),
    ("a result that is no object", "C16", reblob("tally.published", "result_sha256", lambda b: b"[]")),
    ("a result nested deeply", "C17", reblob("tally.published", "result_sha256", lambda b: b"[" * 100_000 + b"]" * 100_000)),
    ("a wrong number of participants", "C19", change("participation.published", used=13)),
    ("another roll of participants", "C19", change("participation.published", roll="r2")),
    ("a bit too many", "C19", reblob("participation.published", "bitmap_sha256", lambda b: b[:-1] + bytes([b[-1] | 0x10]))),
    (
        "a bit beyond the roll",
        "C19",
        reblob("participation.published", "bitmap_sha256", lambda b: bytes([b[0] & 127]) + b[1:-1] + bytes([b[-1] | 1])),
    ),
    ("a bitmap that is too long", "C19", reblob("participation.published", "bitmap_sha256", lambda b: b + b"\0")),
    ("a bitmap that is too short", "C19", reblob("participation.published", "bitmap_sha256", lambda b: b[:-1])),
    ("the bitmap not served", "C19", lambda s: s.blobs.pop(s.d("participation.published")["bitmap_sha256"])),
]


def published(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scene.blobs[scene.d("tally.published")["result_sha256"]])
    return found
