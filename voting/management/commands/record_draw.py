"""`manage.py record_draw POLL`: what was drawn after the close, so that the lots can be drawn and the result be published."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common.refusal import Refusal
from voting import actions
from voting.models import Poll


class Command(BaseCommand):
    help = "Record the draw that a closed poll awaits, once and for good. The worker then counts and publishes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("poll", help="id of the poll, as in its address")
        drawn = parser.add_mutually_exclusive_group(required=True)
        drawn.add_argument("--text", type=Path, metavar="FILE", help="the record of a draw before witnesses: plain text, UTF-8")
        drawn.add_argument(
            "--drand", type=Path, metavar="FILE", nargs="+", help="chain and round as drand serves them: JSON, one file or two"
        )

    def handle(self, *args: Any, poll: str, text: Path | None, drand: list[Path] | None, **options: Any) -> None:
        found = Poll.objects.filter(public_id=poll).first()
        if found is None:
            raise CommandError(f"There is no poll {poll}.")
        try:
            actions.record_draw(
                poll=found,
                by=None,
                at=timezone.now(),
                text=None if text is None else _read(text),
                drand=None if drand is None else _merged(drand),
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"The draw of poll {poll} is recorded. The worker counts and publishes.")


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text.") from error


def _merged(files: list[Path]) -> dict[str, Any]:
    """All fields of all files. No two of drand's answers share one."""
    merged: dict[str, Any] = {}
    for file in files:
        try:
            served = json.loads(_read(file))
        except ValueError as error:
            raise CommandError(f"{file} is not JSON.") from error
        if not isinstance(served, dict):
            raise CommandError(f"{file} does not hold an answer of drand.")
        merged |= served
    return merged
