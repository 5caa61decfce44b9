"""An instance whose parts can be killed: PostgreSQL, web servers, sequencer, ballot box; or one process on SQLite."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests import services
from tests.conftest import PROJECT


class Part:
    """A process that is started, killed and started again. It is up when it has said `ready`."""

    def __init__(self, arguments: list[str], environment: dict[str, str], ready: str) -> None:
        self.arguments, self.environment, self.ready = arguments, environment, ready
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *self.arguments],
            cwd=PROJECT,
            env=services.environment(**self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said.append(line)
            if self.ready in line:
                threading.Thread(target=self._drain, args=[self.process], daemon=True).start()
                return
        raise AssertionError(f"{self.arguments} did not start:\n" + "".join(said))

    @staticmethod
    def _drain(process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for _ in process.stdout:
            pass

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Postgres:
    """A cluster of its own, with fsync on, that can be torn down as by a power cut."""

    def __init__(self) -> None:
        found = services._postgres_bin()
        assert found is not None
        self.binaries, self.port = found, services.free_port()
        self.user = services._other_user() if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="deliberate-pg-"))  # where its own user gets to, unlike the folder of a test
        if self.user:
            shutil.chown(self.folder, self.user)
        options = ["-U", "deliberate", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run(self.binaries / "initdb", "-D", self.folder / "data", *options)
        self.url = f"postgres://deliberate@127.0.0.1:{self.port}/postgres"

    def _run(self, *command: Any) -> None:
        subprocess.run(command, user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, check=True)

    def _ctl(self, *command: Any) -> None:
        self._run(self.binaries / "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", *command)

    def start(self) -> None:
        self._ctl("-o", f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=100", "start")

    def kill(self) -> None:
        self._ctl("-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Instance:
    """`parts` by name; `addresses` of its web servers."""

    def __init__(self, folder: Path, postgres: Postgres | None) -> None:
        self.folder = folder
        self.environment = {"DEBUG": "1", "DATA_DIR": str(folder / "data"), "LOG_HOST": "vote.example.org", "LOG_LEVEL": "INFO"}
        self.parts: dict[str, Part | Postgres] = {}
        self.ports = [services.free_port() for _ in range(2 if postgres else 1)]
        if postgres:
            self.parts["database"] = postgres
            self.environment |= {
                "DATABASE_URL": postgres.url,
                "EMBEDDED_SEQUENCER": "0",
                "BALLOTBOX_SOCKET": str(folder / "box.socket"),
            }
            self.parts["ballot box"] = Part(["manage.py", "ballotbox"], self.environment, "The ballot box is open.")
            self.parts["sequencer"] = Part(["manage.py", "sequencer"], self.environment, "The sequencer is running.")
        for number, port in enumerate(self.ports):
            arguments = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "1", "deliberate.asgi:application"]
            self.parts[f"web {number}"] = Part(arguments, self.environment | {"PORT": str(port)}, "Listening on TCP address")

    def start(self) -> None:
        names = list(self.parts)
        for name in names:
            if name == "sequencer" or (name.startswith("web") and "sequencer" not in names):
                self.manage("migrate", "-v", "0")
            self.parts[name].start()

    def kill(self) -> None:
        for part in reversed(list(self.parts.values())):
            part.kill()

    def manage(self, *arguments: str) -> str:
        return self._python("manage.py", *arguments)

    def town(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._python("-m", "tests.prove.town", *arguments).splitlines()[-1])
        return found

    def _python(self, *arguments: str) -> str:
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=services.environment(**self.environment),
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout
