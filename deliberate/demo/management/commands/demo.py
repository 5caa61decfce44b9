"""`make demo`: build the invented city once, then serve it on one process."""

import hashlib
import os
import shutil
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from common.refusal import Refusal
from counting.pb_mes import TooManyRuns
from deliberate.demo import build
from merkle.errors import NotCanonical
from votelog import start
from votelog.errors import VoteLogError
from voting import imports


class Command(BaseCommand):
    help = "Build the demo city where there is none yet, and serve it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pb", type=Path, default=None, help="a Pabulib file to add as a finished round")
        parser.add_argument("--build-only", action="store_true", help="do not serve")

    def handle(self, *args: Any, pb: Path | None, build_only: bool, **options: Any) -> None:
        if not build_only:
            self._require_free_port()
        if pb is not None:
            try:
                imports.read_round(pb.name, pb.read_bytes())
            except OSError as error:
                raise CommandError(f"{pb} cannot be read: {error.strerror}.") from error
            except Refusal as refusal:
                raise CommandError(str(refusal)) from refusal
        self._static_files()
        built = Path(settings.DATA_DIR) / "built"
        if not built.exists():
            self.stdout.write("Building the demo city (once; about half a minute) …")
            self._start_afresh()
            call_command("migrate", verbosity=0)
            build.build()
            built.touch()
        else:
            call_command("migrate", verbosity=0)
            try:
                start.check()
            except VoteLogError as error:
                raise CommandError(f"The demo does not start: {error}") from error
        if pb is not None:
            try:
                poll = build.import_file(pb)
                self.stdout.write(f"{pb.name} is now poll {poll.public_id}.")
            except imports.AlreadyImported as refusal:
                self.stdout.write(str(refusal))
            except Refusal as refusal:
                raise CommandError(str(refusal)) from refusal
            except (NotCanonical, TooManyRuns) as error:
                raise CommandError(f"{pb.name} cannot be held here: {error}.") from error
        if not build_only:
            self._serve()

    def _require_free_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", settings.PORT))
            except OSError as error:
                raise CommandError(
                    f"Port {settings.PORT} is in use: stop what runs there, or choose another with PORT={settings.PORT + 1}."
                ) from error

    def _start_afresh(self) -> None:
        """A build that was interrupted leaves half a city, and a log that belongs to it: both go."""
        connection.close()
        name = Path(settings.DATABASES["default"]["NAME"])
        for path in [name, name.with_name(f"{name.name}-wal"), name.with_name(f"{name.name}-shm")]:
            path.unlink(missing_ok=True)
        for folder in (settings.LOG_DIR, settings.KEYS_DIR):
            shutil.rmtree(folder, ignore_errors=True)

    def _static_files(self) -> None:
        digest = hashlib.sha256()
        for path in sorted(path for path in (settings.BASE_DIR / "static").rglob("*") if path.is_file()):
            digest.update(f"{path}\0{path.stat().st_mtime_ns}\0".encode())
        stamp = Path(settings.DATA_DIR) / "static.stamp"
        if not stamp.exists() or stamp.read_text() != digest.hexdigest():
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            stamp.write_text(digest.hexdigest())

    def _serve(self) -> None:
        address = f"http://localhost:{settings.PORT}"
        self.stdout.write(f"\n  The demo city:  {address}/\n\n  One click signs you in at {address}/en/demo/ as:")
        for account in build.ACCOUNTS:
            self.stdout.write(f"    {account.display_name} <{account.email}>: {account.about['en']}")
        self.stdout.write(f"  Invitation codes for a newcomer: {', '.join(build.CODES)}")
        self.stdout.write("  Mail is shown at /en/demo/mail/. Stop with Ctrl+C.\n")
        self.stdout.flush()
        connection.close()
        server = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(settings.PORT), "-v", "0", "deliberate.asgi:application"]
        os.execv(sys.executable, [sys.executable, *server])  # noqa: S606
