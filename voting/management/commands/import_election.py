"""`manage.py import_election FILE --rule RULE`: an election from a ballot file, held again here, ballot by ballot."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from common.refusal import Refusal
from counting.formats import READABLE
from counting.options import read_setting
from counting.pb_mes import TooManyRuns
from merkle.errors import NotCanonical
from votelog import sequencer
from voting import election_imports, imports


class Command(BaseCommand):
    help = "Import an election from a ballot file: every ballot as it was marked; closed, counted by the rule and published."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--rule", required=True, help="id of a counting rule, for example irv-v1")
        parser.add_argument("--seats", type=int, default=None, help="how many win; else as the file says")
        parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="an option of the rule")
        parser.add_argument("--format", choices=READABLE, default=None, help="where the file could be of several formats")
        parser.add_argument("--contest", default=None, help="which contest of a file with several")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            chosen = dict(read_setting(text) for text in options["set"])
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        try:
            poll = election_imports.import_election(
                name=file.name,
                data=data,
                method=options["rule"],
                chosen=chosen,
                at=timezone.now(),
                seats=options["seats"],
                format=options["format"],
                contest=options["contest"],
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
        titles = {option.key: str(option) for option in poll.options.all()}
        won = ", ".join(titles[key] for key in result.outcome["winners"]) or "nobody"
        ballots = result.outcome["input"]["ballots"]
        self.stdout.write(f"{file.name}: poll {poll.public_id}, {ballots} ballots, counted by {poll.method}. Won: {won}.")
