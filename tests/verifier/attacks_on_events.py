"""Attacks on a log in which everything happens (writelog.eventful), each with the check that has to see it.

Everything is chained, hashed and signed again afterwards, as the operator can.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.verifier.attacks import Attack
from tests.verifier.writelog import (
    ACTORS,
    DAY,
    NOW,
    Scene,
    canon,
    cast,
    close_poll,
    commit,
    commit_credentials,
    counted,
    credential,
    group,
    marks,
    says,
    seal_ballot,
    sha,
    void,
)
from verifier import __main__ as verifier

LIVE: list[tuple[str, str, Attack]] = []
SEALED: list[tuple[str, str, Attack]] = []


def attack(name: str, check: str, table: list[tuple[str, str, Attack]] = LIVE) -> Callable[[Attack], Attack]:
    def keep(function: Attack) -> Attack:
        table.append((name, check, function))
        return function

    return keep


def at(scene: Scene, type: str, which: int = 0, poll: str = "p1") -> int:
    """The position of an entry of a type; `which` -1 is the last."""
    return [i for i, e in enumerate(scene.entries) if (e["type"], e["poll"]) == (type, poll)][which]


def change(type: str, which: int = 0, **fields: Any) -> Attack:
    return lambda scene: scene.d(type, which).update(fields)


def put(type: str, which: int, write: Attack) -> Attack:
    """What `write` appends, moved to just before an entry."""

    def apply(scene: Scene) -> None:
        place, size = at(scene, type, which), len(scene.entries)
        write(scene)
        new = scene.entries[size:]
        del scene.entries[size:]
        scene.entries[place:place] = new

    return apply


def remove(type: str, which: int = 0) -> Attack:
    return lambda scene: scene.entries.pop(at(scene, type, which))


def cut(type: str, which: int = -1) -> Attack:
    """Everything of p1 from an entry on left out."""

    def apply(scene: Scene) -> None:
        place = at(scene, type, which)
        scene.entries[place:] = [entry for entry in scene.entries[place:] if entry["poll"] != "p1"]

    return apply


def ballots(scene: Scene, poll: str = "p1") -> list[dict[str, Any]]:
    return [entry["d"] for entry in scene.entries if (entry["type"], entry["poll"]) == ("ballot.cast", poll)]


# ------------------------------------------------------------------------------------------------ voids and corrections


@attack("a void of a ballot of another poll", "C13")
def foreign_void(scene: Scene) -> None:
    other = cast(19, "o1")
    scene.entries.insert(at(scene, "poll.closed", poll="p2"), {"type": "ballot.cast", "poll": "p2", "v": 1, "d": other})
    scene.d("ballot.voided")["bid"] = other["bid"]


@attack("a void that the tally passes over", "C15")
def silent_void(scene: Scene) -> None:
    first = dict(scene.d("tally.published"))
    scene.d("tally.published", 1).update({**first, "act": 2})


@attack("a void after the result, and a second result without superseding the first", "C8")
def not_superseded(scene: Scene) -> None:
    remove("tally.superseded")(scene)


@attack("lots drawn again after a void", "C16")
def redrawn(scene: Scene) -> None:
    """The seed from the ballots of the correction instead of those of the close."""
    tally = scene.d("tally.published", 1)
    groups = Counter(marks(says(scene, d)) for d in counted(scene))
    result = verifier.recount("p1", scene.d("poll.created"), groups, tally["nonce"])
    tally["result_sha256"] = scene.blob(canon(result))


@attack("a ballot revived that was replaced by a voided one", "C15")
def revived(scene: Scene) -> None:
    scene.d("tally.published", 1).update(counted=17, voided=1)


LIVE += [
    ("a void by one official", "C9", change("ballot.voided", actors=ACTORS[:1])),
    ("a void by one official named twice", "C9", change("ballot.voided", actors=[ACTORS[0]] * 2)),
    ("a void by three officials", "C9", change("ballot.voided", actors=[*ACTORS, "0c" * 16])),
    ("an extension by one official", "C9", change("poll.extended", actors=ACTORS[1:])),
    ("a void of a ballot that is not there", "C13", change("ballot.voided", bid="0" * 32)),
    ("a void of a ballot voided before", "C13", change("ballot.voided", 1, bid=cast(2, "")["bid"])),
    ("a void of a ballot still to come", "C13", change("ballot.voided", bid=cast(30, "")["bid"])),
    ("a void for a reason that no rule knows", "C6", change("ballot.voided", reason_code="inconvenient")),
    ("a void before the poll opened", "C8", put("poll.opened", 0, lambda s: void(s, cast(0, "")["bid"]))),
    ("a void after the result, which stands as it was", "C8", cut("tally.superseded")),
    ("a void after the last correction", "C8", lambda s: void(s, cast(31, "")["bid"])),
    ("a void called a replacement", "C15", change("tally.published", voided=0, replaced=1)),
    ("a correction before there is a result", "C8", put("poll.closed", 0, lambda s: s.act("tally.superseded", act=1))),
    ("the wrong act superseded", "C8", change("tally.superseded", act=2)),
    ("a correction with the number of the first act", "C8", change("tally.published", 1, act=1)),
    ("the lots of a correction from another secret", "C16", change("tally.published", 1, nonce="11" * 32)),
    ("a correction superseded and no other result", "open", lambda s: s.act("tally.superseded", act=2)),
    ("grounds exchanged", "C6", lambda s: s.blobs.update({s.d("ballot.voided")["evidence_sha256"]: bytes(16) + b'{"en":"x"}'})),
    ("grounds not served and no erasure recorded", "C6", lambda s: s.blobs.pop(s.d("ballot.voided")["evidence_sha256"])),
    (
        "grounds that are no text by language",
        "C6",
        lambda s: s.d("ballot.voided").update(evidence_sha256=s.blob(bytes(16) + b"[]")),
    ),
]

# ------------------------------------------------------------------------------------------------------ groups of ballots


@attack("a group of one voter fewer than promised", "C18")
def small_group(scene: Scene) -> None:
    scene.entries.pop(at(scene, "ballot.cast"))
    scene.d("poll.created")["mix"]["k"] = 6
    scene.d("intake.summary").update(accepted=5, voters=5)
    scene.d("roll.changed").update(added_count=5)


@attack("two groups in the place of one", "C18")
def split(scene: Scene) -> None:
    place = at(scene, "poll.paused")
    scene.entries[place - 1]["d"].update(accepted=1, voters=1)
    summary = {"type": "intake.summary", "poll": "p1", "v": 1, "t": NOW, "d": {"accepted": 2, "voters": 2}}
    scene.entries.insert(place - 2, summary)


@attack("a group of one voter who votes three times", "C18")
def one_voter(scene: Scene) -> None:
    place = at(scene, "poll.paused")
    for rev, entry in enumerate(scene.entries[place - 4 : place - 1]):
        entry["d"].update(cred=credential(20), rev=rev)
    scene.entries[place - 1]["d"].update(voters=1)


@attack("all ballots shown before the close", "C18")
def nobody_kept_back(scene: Scene) -> None:
    entry = {"type": "objection.filed", "poll": "p1", "v": 1, "t": NOW}
    scene.entries.insert(at(scene, "poll.closed"), {**entry, "d": {"objection": "late1", "text_sha256": scene.text(en="Late")}})


LIVE += [
    ("a summary that states more ballots", "C18", change("intake.summary", accepted=7)),
    ("a summary that states more voters", "C18", change("intake.summary", voters=5)),
    ("a group without its summary", "C18", remove("intake.summary", 1)),
    ("a summary without a group", "C8", put("poll.extended", 0, lambda s: s.add("intake.summary", accepted=1, voters=1))),
    ("a larger k than the groups have", "C18", lambda s: s.d("poll.created")["mix"].update(k=5)),
]

# --------------------------------------------------------------------------------------------- time, pauses and the roll


def pause_again(scene: Scene) -> None:
    scene.act("poll.paused")


LIVE += [
    (
        "ballots that enter the log while the poll is paused",
        "C8",
        put("poll.resumed", 0, lambda s: group(s, [cast(i, "o1") for i in (40, 41, 42)])),
    ),
    ("ballots cast after the close", "C8", put("participation.published", 0, lambda s: group(s, [cast(50, "o1")]))),
    ("paused twice", "C8", put("poll.resumed", 0, pause_again)),
    ("resumed without a pause", "C8", put("poll.closed", 0, lambda s: s.act("poll.resumed"))),
    ("paused after the close", "C8", put("participation.published", 0, pause_again)),
    ("an early close called scheduled", "C8", lambda s: s.entries[at(s, "poll.closed")].update(t=NOW - 51)),
    ("closed by hand and nobody named", "C6", change("poll.closed", reason="by_hand")),
    (
        "closed by hand by one",
        "C9",
        lambda s: s.d("poll.closed").update(reason="by_hand", text_sha256=s.text(en="x"), actors=[ACTORS[0]] * 2),
    ),
    ("extended to the same time", "C8", change("poll.extended", closes_at=NOW - 100)),
    ("extended after the close", "C8", put("participation.published", 0, lambda s: s.act("poll.extended", closes_at=NOW + 9))),
    ("amended after it was opened", "C8", put("poll.extended", 0, lambda s: s.act("poll.amended", **s.d("poll.created")))),
    (
        "another source of lots by amendment",
        "C8",
        put(
            "roll.committed",
            0,
            lambda s: s.act("poll.amended", **{**s.d("poll.created"), "tie": {"rule": "lots-v1", "seed_source": "public-draw"}}),
        ),
    ),
    (
        "the poll opened with what stood before the amendment",
        "C8",
        lambda s: (
            s.d("poll.opened").update(config=s.leaves[1].hex()),
            put("roll.committed", 0, lambda t: t.act("poll.amended", **t.d("poll.created")))(s),
        ),
    ),
    ("the roll grown by fewer than k", "C10", lambda s: s.d("poll.created")["mix"].update(k=6)),
    ("more credentials than new places", "C10", change("roll.changed", added_count=4)),
    ("new places without credentials", "C8", remove("credentials.committed", 1)),
    ("credentials without new places", "C8", remove("roll.changed")),
    ("people removed from the roll", "C6", change("roll.changed", removed=[3])),
    ("another roll grown", "C10", change("roll.changed", roll="r2")),
    ("the roll grown by one official", "C9", change("roll.changed", actors=[])),
    (
        "a roll that is not grown in the participation",
        "C19",
        lambda s: s.d("participation.published").update(
            bitmap_sha256=s.blob(s.blobs[s.d("participation.published")["bitmap_sha256"]][:-1])
        ),
    ),
    ("the voter of a voided ballot called absent", "C19", change("participation.published", used=16)),
    ("the same objection filed again", "C8", lambda s: s.add("objection.filed", objection="ob7f", text_sha256=s.text(en="x"))),
    ("a second answer to an objection", "C8", lambda s: s.add("objection.answered", **s.d("objection.answered"))),
    ("an answer to an objection that nobody filed", "C8", change("objection.answered", objection="zzzz")),
    (
        "an objection before there is a poll",
        "C8",
        put("poll.created", 0, lambda s: s.add("objection.filed", objection="early", text_sha256=s.text(en="x"))),
    ),
    ("a staff action said to be of a poll", "C6", lambda s: s.entries[at(s, "staff.action", 0, "")].update(poll="p1")),
    ("a release other than its hash", "C6", change("config.changed", public_value="{}")),
    (
        "openings of ballots that are not sealed",
        "C8",
        put("participation.published", 0, lambda s: s.add("openings.published", count=0, sha256=s.blob(b""), bytes=0)),
    ),
    ("ballots called sealed in a live poll", "C6", lambda s: s.d("poll.created").update(ballots="sealed")),
    ("a commitment in a live poll", "C12", lambda s: (ballots(s)[0].pop("b"), ballots(s)[0].update(c="0" * 64))),
]


@attack("a ballot by a credential committed only later", "C10")
def too_early(scene: Scene) -> None:
    first = ballots(scene)[0]
    first["cred"] = credential(63)


@attack("a credential of the roll committed a second time", "C10")
def twice_committed(scene: Scene) -> None:
    place, size = at(scene, "credentials.committed", 1), len(scene.entries)
    commit_credentials(scene, [59, 61, 62, 63, 64])
    scene.entries[place] = scene.entries.pop(size)


@attack("a second ballot though the first was not voided", "C11")
def second_ballot(scene: Scene) -> None:
    scene.d("ballot.voided")["bid"] = cast(3, "")["bid"]


@attack("a second ballot whose forerunner was voided only afterwards", "C11")
def voided_too_late(scene: Scene) -> None:
    late = scene.entries.pop(at(scene, "ballot.voided"))
    scene.entries.insert(at(scene, "poll.closed") + 1, late)


@attack("extended beyond thirty days", "C8")
def far_away(scene: Scene) -> None:
    scene.d("poll.extended")["closes_at"] = NOW - 100 + 30 * DAY + 1
    scene.entries[at(scene, "poll.closed")]["t"] = NOW + 40 * DAY


@attack("a ballot after a void that starts anew", "C11")
def restarted(scene: Scene) -> None:
    next(d for d in ballots(scene) if d["rev"] == 1)["rev"] = 0


# ------------------------------------------------------------------------------------------------------- sealed ballots


def opened(scene: Scene) -> list[dict[str, Any]]:
    return [json.loads(line) for line in scene.blobs[scene.d("openings.published")["sha256"]].splitlines()]


def reopen(scene: Scene, lines: list[dict[str, Any]], **further: Any) -> None:
    data = b"".join(canon(line) + b"\n" for line in lines)
    scene.d("openings.published").update({"count": len(lines), "sha256": scene.blob(data), "bytes": len(data), **further})


def line_of(scene: Scene, d: dict[str, Any]) -> dict[str, Any]:
    return {"bid": d["bid"], **scene.openings[d["bid"]]}


def also_open(number: int, rev: int = 0) -> Attack:
    """One more opening, of a ballot that did not count at the close."""

    def apply(scene: Scene) -> None:
        more = line_of(scene, next(d for d in ballots(scene) if d["bid"] == cast(number, "", rev)["bid"]))
        reopen(scene, sorted([*opened(scene), more], key=lambda line: str(line["bid"])))

    return apply


@attack("an opening with another ballot", "C14", SEALED)
def other_ballot(scene: Scene) -> None:
    lines = opened(scene)
    lines[0]["b"] = {"approve": ["o1", "o2", "o3"] if lines[0]["b"] != {"approve": ["o1", "o2", "o3"]} else []}
    reopen(scene, lines)


@attack("a commitment copied from another voter, with the copied opening", "C14", SEALED)
def copied(scene: Scene) -> None:
    """What Helios suffered from: under another credential the copy does not open."""
    mine, theirs = ballots(scene)[3], ballots(scene)[4]
    mine["c"] = theirs["c"]
    scene.openings[mine["bid"]] = scene.openings[theirs["bid"]]
    reopen(scene, sorted((line_of(scene, d) for d in counted_at_close(scene)), key=lambda line: str(line["bid"])))


def counted_at_close(scene: Scene) -> list[dict[str, Any]]:
    early = Scene(entries=scene.entries[: at(scene, "poll.closed")])
    return counted(early)


@attack("an opened ballot that is not valid", "C12", SEALED)
def invalid_inside(scene: Scene) -> None:
    mine = next(d for d in ballots(scene) if d["bid"] == cast(31, "")["bid"])
    b = {"approve": ["o1", "o2", "o3", "o4"]}
    nonce = scene.openings[mine["bid"]]["nonce"]
    mine["c"] = commit("p1", mine["cred"], 0, nonce, b)
    scene.openings[mine["bid"]]["b"] = b
    reopen(scene, sorted((line_of(scene, d) for d in counted_at_close(scene)), key=lambda line: str(line["bid"])))


@attack("a commitment made for another poll", "C14", SEALED)
def other_poll(scene: Scene) -> None:
    mine = ballots(scene)[5]
    plain = {**mine, "b": scene.openings[mine["bid"]]["b"]}
    mine["c"] = seal_ballot(scene, plain, "p2")["c"]


@attack("the result published before the openings", "C8", SEALED)
def no_openings(scene: Scene) -> None:
    scene.entries.pop(at(scene, "openings.published"))


def open_again(scene: Scene) -> None:
    scene.add("openings.published", **scene.d("openings.published"))


def spoil_openings(spoil: Callable[[bytes], bytes], **further: Any) -> Attack:
    def apply(scene: Scene) -> None:
        data = spoil(scene.blobs[scene.d("openings.published")["sha256"]])
        scene.d("openings.published").update({"sha256": scene.blob(data), "bytes": len(data), **further})

    return apply


SEALED += [
    ("an opening left out", "C14", lambda s: reopen(s, opened(s)[1:])),
    ("an opening twice", "C14", lambda s: reopen(s, [opened(s)[0], *opened(s)])),
    ("openings in another order", "C14", lambda s: reopen(s, opened(s)[::-1])),
    ("an opening of a ballot voided before the close", "C14", also_open(2)),
    ("an opening of a ballot that nobody cast", "C14", lambda s: reopen(s, [{**opened(s)[0], "bid": "0" * 32}, *opened(s)])),
    ("an opening with another nonce", "C14", lambda s: reopen(s, [{**opened(s)[0], "nonce": "0" * 64}, *opened(s)[1:]])),
    ("an opening with a further field", "C14", lambda s: reopen(s, [{**opened(s)[0], "who": "x"}, *opened(s)[1:]])),
    ("another number of openings", "C14", change("openings.published", count=3)),
    ("openings of fewer bytes than there are", "C14", change("openings.published", bytes=9)),
    ("openings of more bytes than there are", "C14", lambda s: s.d("openings.published").update(bytes=10_000)),
    ("openings without the last LF", "C14", spoil_openings(lambda data: data[:-1])),
    ("openings that are not canonical", "C14", spoil_openings(lambda data: data.replace(b'{"b":', b'{ "b":', 1))),
    ("openings that are not served", "C14", lambda s: s.blobs.pop(s.d("openings.published")["sha256"])),
    ("openings of more bytes than allowed", "C6", change("openings.published", bytes=2**28 + 1)),
    ("openings before the close", "C8", put("poll.closed", 0, open_again)),
    ("openings twice", "C8", put("participation.published", 0, open_again)),
    ("a ballot in the clear among sealed ones", "C12",
     lambda s: (ballots(s)[0].pop("c"), ballots(s)[0].update(b=s.openings[ballots(s)[0]["bid"]]["b"]))),
    ("another fingerprint of the sealed ballots at the close", "C15", change("poll.closed", ballots_sha256=sha(b"x"))),
    ("a void by one official in a sealed poll", "C9", change("ballot.voided", actors=ACTORS[:1])),
]  # fmt: skip


@attack("an opening of a ballot that was replaced", "C14", SEALED)
def replaced_too(scene: Scene) -> None:
    """With revoting: one voter of the closing group casts again, and both ballots are opened."""
    scene.d("poll.created")["revote"] = "last"
    again = seal_ballot(scene, cast(35, "o1", 1))
    place = at(scene, "poll.closed")
    scene.entries.insert(place - 1, {"type": "ballot.cast", "poll": "p1", "v": 1, "d": again})
    scene.entries[place]["d"]["accepted"] += 1
    del scene.entries[place + 1 :]
    scene.entries.pop(place)
    close_poll(scene)
    also_open(35)(scene)
