"""`manage.py import_pabulib FILE`: a published participatory-budgeting round, held again here, ballot by ballot."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from common.refusal import Refusal
from counting.pb_mes import TooManyRuns
from merkle.errors import NotCanonical
from votelog import sequencer
from voting import imports


class Command(BaseCommand):
    help = "Import a Pabulib file (.pb): process, projects, roll, every ballot; closed, counted and published."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        try:
            poll = imports.import_round(
                name=file.name,
                data=data,
                at=timezone.now(),
                progress=lambda votes: tqdm(votes, desc="Casting ballots", unit=" ballots", delay=2, leave=False, disable=None),
            )
            result = imports.finish(poll, at=timezone.now(), sequence=sequencer.settle)
        except imports.AlreadyImported as refusal:
            self.stdout.write(str(refusal))
            return
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except (NotCanonical, TooManyRuns) as error:
            raise CommandError(f"{file.name} cannot be held here: {error}.") from error
        winners = result.outcome["winners"]
        self.stdout.write(
            f"{file.name}: poll {poll.public_id}, {result.outcome['input']['ballots']} ballots, "
            f"{len(winners)} of {poll.options.count()} projects funded by {poll.method}."
        )
        published = (poll.source or {}).get("selected")
        if published is not None:
            same = set(published) == set(winners)
            self.stdout.write(
                "The result equals the file's column `selected`."
                if same
                else f"The result differs from the file's column `selected`: {', '.join(sorted(set(published) ^ set(winners)))}."
            )
