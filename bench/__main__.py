"""`python -m bench`: what was aimed at, what was measured, whether that is enough. Ratios are of one run on one machine."""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import log_table
from bench.ballots import ranked_bytes, scattered_bytes
from bench.oracles import SHARED
from bench.tasks import RANKED_RULES
from counting.rules import RULES

MEMORY = 400
"""Megabytes that a count of this size may need."""
TIMES_FASTER = 10
_WIDTHS = (45, 9, 42)


def line(what: str, goal: str, measured: str, verdict: str) -> str:
    """One line of the table."""
    cells = [text.ljust(width) for text, width in zip((what, goal, measured), _WIDTHS, strict=True)]
    return f"{'  '.join(cells)}  {verdict}".rstrip()


def table(sizes: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Every line as soon as it is known."""
    yield line("what", "goal", "measured (CPU)", "")
    yield f"{sizes.ballots:,} ranked ballots, 10 candidates; {sizes.voters:,} voters, {sizes.projects} projects"
    tasks = [("grouping", "grouping ranked ballots", 5.0, "ranked")]
    tasks += [(rule, rule, goal, "ranked") for rule, goal in RANKED_RULES.items()]
    for rule in ("irv-v1", "stv-scottish-v1"):
        tasks.append((rule, f"{rule}, ballots scattered as nowhere", RANKED_RULES[rule], "scattered"))
    tasks += [("mes-run", "pb-mes-v1, one run", 0.2, ""), ("mes-add1", "pb-mes-v1 with add1", 10.0, "")]
    for name, what, goal, file in tasks:
        if name in RANKED_RULES and name not in RULES:
            yield line(what, f"≤ {goal:g} s", "there is no such rule yet", "missing")
            continue
        found = child("bench.tasks", name, str(folder / file), str(sizes.voters), str(sizes.projects))[0]
        enough = "ok" if found["seconds"] <= goal else "missed"
        yield line(what, f"≤ {goal:g} s", f"{found['seconds']:.3f} s ({found['note']})", enough)
        enough = "ok" if found["megabytes"] <= MEMORY else "missed"
        yield line("    most memory", f"≤ {MEMORY} MB", f"{found['megabytes']} MB", enough)
    yield ""
    yield f"{sizes.side:,} ballots, {sizes.side_projects} projects: from the same lists in memory to the result"
    answers = child("bench.oracles", str(sizes.side), str(sizes.side_projects))
    for answer in answers:
        yield from side_by_side(answer)
    for rule in [rule for rule in SHARED if rule not in {answer["rule"] for answer in answers}]:
        yield line(rule, f"≥ {TIMES_FASTER} ×", "was not measured", "missed")
    yield ""
    yield f"the vote log: {sizes.events:,} entries to check, {sizes.casts:,} ballots to cast"
    for cells in log_table.lines(sizes.events, sizes.casts, folder):
        yield line(*cells)


def side_by_side(answer: dict[str, Any]) -> Iterator[str]:
    """The lines of one rule beside other libraries."""
    rule, theirs, goal = answer["rule"], answer["theirs"], f"≥ {TIMES_FASTER} ×"
    if answer["ours"] is None:
        yield line(rule, goal, "there is no such rule yet", "missing")
    elif not theirs:
        yield line(rule, goal, f"not installed: {', '.join(answer['missing'])}", "missing")
    else:
        notes = "".join(f"; {note}" for note in [*answer["notes"], *(f"{name} not installed" for name in answer["missing"])])
        whole, alone = ({"ours": answer["ours"][part], **{name: theirs[name][part] for name in theirs}} for part in (0, 1))
        ratio = _times_faster(whole)
        said = f"ours {ratio:.1f} × faster than the fastest of them"
        yield line(rule, goal, said, "ok" if ratio >= TIMES_FASTER else "missed")
        yield f"    {_each(whole)}{notes}"
        yield f"    counting alone, their objects and our groups ready: {_times_faster(alone):.1f} ×; {_each(alone)}"


def _times_faster(seconds: dict[str, float]) -> float:
    return min(seconds[name] for name in seconds if name != "ours") / max(seconds["ours"], 1e-6)


def _each(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {spent:.4f} s" for name, spent in seconds.items())


def child(*arguments: str) -> list[dict[str, Any]]:
    """What a measuring process printed, line by line; its own words go to the terminal."""
    run = subprocess.run([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(text) for text in run.stdout.splitlines()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything; goals stay, and say little")
    for name, size, what in (
        ("ballots", 1_000_000, "ranked ballots"),
        ("voters", 90_000, "voters of the budget poll"),
        ("projects", 160, "projects of the budget poll"),
        ("side", 10_000, "ballots counted side by side with other libraries"),
        ("events", 100_000, "entries of the log that is checked"),
        ("casts", 2_000, "ballots that are cast on each database"),
        ("side-projects", 40, "projects of the budget poll counted side by side"),
    ):
        parser.add_argument(f"--{name}", type=int, default=size, metavar="N", help=f"{what} ({size:,})")
    sizes = parser.parse_args(arguments)
    if sizes.quick:
        sizes.ballots, sizes.voters, sizes.side = sizes.ballots // 10, sizes.voters // 10, sizes.side // 10
        sizes.events, sizes.casts = sizes.events // 10, sizes.casts // 10
    about = f"Python {platform.python_version()}, {platform.machine()}; CPU time of one process, unless it says otherwise\n"
    print(about, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ranked").write_bytes(ranked_bytes(sizes.ballots))
        (Path(folder) / "scattered").write_bytes(scattered_bytes(sizes.ballots))
        for text in table(sizes, Path(folder)):
            print(text, flush=True)


if __name__ == "__main__":
    main()
