"""A log with one large poll, right in every respect: to measure with.

python -m tests.verifier.biglog DIRECTORY [BALLOTS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.verifier.writelog import cast, close_poll, group, open_log, open_poll

GROUP = 50
K = 10


def write(directory: Path, ballots: int = 100_000, visibility: str = "live") -> Path:
    """A log prefix under `directory` with the poll `p1`: so many voters, of whom every tenth votes again; groups of about 50."""
    voters = ballots * 10 // 11
    scene = open_log()
    open_poll(scene, roll=voters + 7, budget=130, k=K, visibility=visibility)
    choices = ["o1,o2", "o2,o3", "", "o4", "o1,o3", "o2", "o5", "o3,o4", "o1", "o2,o3,o4"]
    todo = [cast(i, choices[(i * 7 + i // 10) % 10]) for i in range(voters)]
    todo += [cast(i * 10, choices[i % 10], rev=1) for i in range(ballots - voters)]
    for at in range(0, len(todo), GROUP):
        if len(todo) - at < 2 * GROUP:
            group(scene, todo[at:])
            break
        group(scene, todo[at : at + GROUP])
    close_poll(scene)
    return scene.seal().write(directory)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
