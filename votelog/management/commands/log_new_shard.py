from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from votelog import files, fsck, log, shards
from votelog.instance import Instance
from votelog.models import Abandoned, Event


class Command(BaseCommand):
    help = "Give up a damaged log, for good, so that a new one is begun after it. Stop the sequencer first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--because", required=True, help="what happened, in a sentence for those who come after you")
        parser.add_argument(
            "--give-up", metavar="SHARD", help="the log to give up, as 2026; needed where the check finds no damage (a lost key)"
        )

    def handle(self, *args: Any, because: str, give_up: str | None, **options: Any) -> None:
        instance = Instance()
        if not instance.acquire():
            raise CommandError("A sequencer is at work on this database: stop it first.")
        try:
            self._give_up(give_up or self._damaged(), because)
        finally:
            instance.release()

    def _damaged(self) -> str:
        found = fsck.damaged_shards()
        if len(found) != 1:
            what = f"Several logs are damaged ({', '.join(found)})" if found else "The check finds no damage"
            raise CommandError(f"{what}: name the log to give up with --give-up.")
        return found[0]

    def _give_up(self, shard: str, because: str) -> None:
        if shard not in {*log.shards(), *files.published_shards()}:
            raise CommandError(f"There is no log {shard}.")
        if shard in shards.abandoned():
            raise CommandError(f"Log {shard} was given up before.")
        if not because.strip():
            raise CommandError("Say why, with --because: it cannot be undone.")
        lost = self._unfinished(shard)
        with transaction.atomic():
            Abandoned.objects.create(shard=shard, because=because.strip(), at=int(timezone.now().timestamp()))
            try:
                following = shards.current()
            except ValueError as error:
                raise CommandError(f"{error}.") from None
        self.stdout.write(f"Log {shard} is given up. What was published of it stays where it is.")
        self.stdout.write(f"New polls go into log {following}: {log.origin(following)}. The sequencer opens it when it starts.")
        if lost:
            self.stdout.write(f"These polls had no result and can have none now: {', '.join(lost)}.")
        self.stdout.write("Two members of staff must now declare the incident: docs/how-to/recover-the-log.md.")

    def _unfinished(self, shard: str) -> list[str]:
        known = Event.objects.filter(shard=shard).exclude(poll="")
        polls = set(known.filter(n=0).values_list("poll", flat=True))
        return sorted(polls - set(known.filter(kind="tally.published").values_list("poll", flat=True)))

