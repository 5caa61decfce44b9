"""`manage.py freeze_poll POLL`: announce a draft; it opens by itself when its time has come."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.refusal import Refusal
from voting import actions
from voting.models import Poll


class Command(BaseCommand):
    help = "Announce a draft: its rules enter the public log, and it opens by itself when its time has come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("poll", help="id of the poll, as in its address")

    def handle(self, *args: Any, poll: str, **options: Any) -> None:
        found = Poll.objects.filter(public_id=poll).first()
        if found is None:
            raise CommandError(f"There is no poll {poll}.")
        try:
            actions.freeze_poll(poll=found, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Poll {poll} is announced. It opens on {found.opens_at.isoformat()}.")
