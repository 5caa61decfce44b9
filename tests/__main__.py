"""`make test`: the whole suite with whatever services this machine has.

1. on SQLite, one process, nothing else; 2. what a database matters to, on PostgreSQL with Redis; 3. in a real browser;
4. instances of their own that are killed. `make prove` (`-m prove`): the long ones of these at full length.
What is missing is skipped with one sentence, or fails where REQUIRE (postgres,redis,browser) names it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from tests import services

OWN_PARTS = ("browser", "prove")
NO_DATABASE = ("bench", "counting", "fuzz", "merkle", "verifier", "webverifier", "witness")


def without(*folders: str) -> list[str]:
    return [f"--ignore=tests/{folder}" for folder in folders]


def run(title: str, arguments: list[str], environment: Mapping[str, str]) -> bool:
    print(f"\n== {title}", flush=True)
    command = [sys.executable, "-m", "pytest", *arguments, *sys.argv[1:]]
    code = subprocess.run(command, env={**os.environ, **environment}).returncode
    # 5: nothing to run, as when the arguments name tests of another part.
    return code == 0 or (code == 5 and len(sys.argv) > 1)


def main() -> int:
    required = set(filter(None, os.environ.get("REQUIRE", "").split(",")))
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    passed = True
    with services.postgres() as postgres, services.redis() as redis:
        found = {"postgres": postgres, "redis": redis, "browser": services.chromium()}
        for name, where in found.items():
            print(f"{name}: {where or services.MISSING[name]}", flush=True)
        if lacking := sorted(name for name in required if not found[name]):
            print(f"REQUIRE names {', '.join(lacking)}, so this run has failed.")
            return 1
        passed &= run("SQLite", ["-n", "2", *without(*OWN_PARTS)], {})
        if postgres:
            passed &= run(
                "PostgreSQL" + (" and Redis" if redis else ""),
                ["-n", "2", *without(*OWN_PARTS, *NO_DATABASE)],
                {"DATABASE_URL": postgres, **({"REDIS_URL": redis} if redis else {})},
            )
        if found["browser"]:
            passed &= run(
                "Browser",
                ["tests/browser"],
                {
                    "CHROMIUM": str(found["browser"]),
                    **({"TEST_POSTGRES_URL": postgres} if postgres else {}),
                    **({"TEST_REDIS_URL": redis} if redis else {}),
                },
            )
        passed &= run("Killed at any moment", ["tests/prove"], {})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
