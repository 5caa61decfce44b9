"""The worker as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import PROJECT


def test_the_worker_outlives_an_outage_of_the_database_and_ends_cleanly_on_sigterm() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    command = [sys.executable, "manage.py", "worker"]
    with subprocess.Popen(command, env=environment, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("The database does not answer" in line for line in process.stderr)
        process.terminate()
        assert process.wait(30) == 0
