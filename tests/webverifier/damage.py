"""Logs with something wrong in them: the named attacks of tests/verifier, and random damage that follows from a seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.verifier.attacks import ATTACKS
from tests.verifier.attacks_on_events import LIVE, SEALED
from tests.verifier.writelog import Scene, eventful, finished, sha
from verifier import __main__ as verifier


def by_python(files: dict[str, bytes], poll: str, **asked: Any) -> verifier.Report:
    """What the command-line verifier makes of these files."""
    from tests.verifier.writelog import Memory

    report = verifier.Report()
    try:
        return verifier.verify_poll(Memory(files), poll, verifier.Asked(**asked), verifier.Progress())
    except verifier.CannotTell as reason:
        report.undecided.append(str(reason))
    except verifier.Problem as problem:
        report.add(problem.check, "fail", str(problem))
    return report


def attacked() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Every named attack, on an open and on a sealed poll; those that make no sense in a sealed poll left out there."""
    for visibility in ("live", "sealed"):
        for name, _check, apply in ATTACKS:
            scene = finished("pb-greedy-v1" if visibility == "live" else "pb-mes-v1", visibility=visibility)
            scene.chain()
            try:
                apply(scene)
                files = scene.seal().files()
            except (KeyError, AttributeError):
                if visibility == "live":
                    raise
                continue
            yield f"{name} ({visibility})", files


def attacked_on_its_way() -> Iterator[tuple[str, dict[str, bytes]]]:
    """The named attacks on polls in which everything happens."""
    for visibility, tables in (("live", LIVE), ("sealed", LIVE + SEALED)):
        for name, _check, apply in tables:
            scene = eventful(visibility=visibility)
            scene.chain()
            try:
                apply(scene)
                files = scene.seal().files()
            except (KeyError, IndexError, StopIteration):
                continue
            yield f"{name} ({visibility})", files


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where values stand within a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*path, key)
        yield from places(part, (*path, key))


def other(value: Any, dice: random.Random) -> Any:
    """Something else in the place of a value, often of the same look."""
    strange: list[Any] = [None, -1, 0, "", [], {}, True, "__proto__", "é", 2**53 - 1]
    if dice.random() < 0.2:
        return dice.choice(strange)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + dice.choice([-1, 1, 100])
    if isinstance(value, str):
        if len(value) in (32, 64):
            return sha(value.encode())[: len(value)]
        return dice.choice(["o1", "o2", "o9", "p2", "live", "sealed", "last", "none", value + "x"])
    if isinstance(value, list):
        return dice.choice([value[::-1], value[:-1], value + value[:1]])
    return dice.choice(strange)


def change(scene: Scene, dice: random.Random) -> str:
    """One random change of an entry, chained, hashed and signed again afterwards."""
    entry = scene.entries[dice.randrange(1, len(scene.entries))]
    path = dice.choice(list(places(entry["d"])) or [("x",)])
    holder: Any = entry["d"]
    for key in path[:-1]:
        holder = holder[key]
    if path[-1:] == ("x",) or (isinstance(holder, dict) and dice.random() < 0.1):
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
    else:
        holder[path[-1]] = other(holder[path[-1]], dice)
    return f"{entry['type']} {'.'.join(map(str, path))}"


def reorder(scene: Scene, dice: random.Random) -> str:
    at, to = dice.randrange(1, len(scene.entries)), dice.randrange(1, len(scene.entries))
    what = dice.choice(["moved", "left out", "repeated"])
    entry = copy.deepcopy(scene.entries[at])
    if what != "repeated":
        del scene.entries[at]
    if what != "left out":
        scene.entries.insert(min(to, len(scene.entries)), entry)
    return f"{entry['type']} {what}"


def spoil(files: dict[str, bytes], dice: random.Random) -> str:
    """A file changed or lost, nothing made to fit again."""
    path = dice.choice(sorted(files))
    data = bytearray(files[path])
    if dice.random() < 0.25 or not data:
        del files[path]
        return f"{path} lost"
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    files[path] = bytes(data)
    return f"{path} changed"


def damaged(seed: int, count: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Random damage to polls in which everything happens."""
    whole = {visibility: eventful(visibility=visibility) for visibility in ("live", "sealed")}
    for number in range(count):
        dice = random.Random(f"{seed} {number}")
        visibility = dice.choice(["live", "sealed"])
        scene = copy.deepcopy(whole[visibility])
        kind = dice.choice(["change", "change", "change", "reorder", "cut", "spoil"])
        if kind == "cut":
            del scene.entries[dice.randrange(1, len(scene.entries)) :]
            files, said = scene.seal().files(), f"only {len(scene.entries)} entries"
        elif kind == "spoil":
            files = scene.seal().files()
            said = spoil(files, dice)
        else:
            said = change(scene, dice) if kind == "change" else reorder(scene, dice)
            try:
                files = scene.seal().files()
            except (ValueError, TypeError):
                continue
        yield f"{number}: {said} ({visibility})", files
