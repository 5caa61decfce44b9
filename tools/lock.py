"""Compile the hash-pinned locks in requirements/ from pyproject.toml. `--check` tells whether they are up to date.

No address of a package index is written: an installer uses the one it is set up with.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = {
    "base": [],
    "production": ["production"],
    "dev": ["production", "dev"],
    "oracles": ["production", "dev", "oracles"],
}


def main() -> int:
    changed = []
    previous = ""
    for name, extras in LOCKS.items():
        target = PROJECT / "requirements" / f"{name}.txt"
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.txt"
            if target.exists():
                out.write_bytes(target.read_bytes())  # keeps the pins there are
            command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--generate-hashes", "--no-header"]
            command += ["--no-annotate", "--no-emit-index-url", "-q", "--python-version", "3.11", "-o", str(out)]
            for extra in extras:
                command += ["--extra", extra]
            if previous:
                command += ["-c", str(PROJECT / "requirements" / f"{previous}.txt")]
            subprocess.run(command, cwd=PROJECT, check=True)
            if not target.exists() or target.read_bytes() != out.read_bytes():
                changed.append(name)
                if "--check" not in sys.argv:
                    target.write_bytes(out.read_bytes())
        previous = name
    print(f"changed: {', '.join(changed)}" if changed else "locks are up to date")
    return 1 if changed and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
