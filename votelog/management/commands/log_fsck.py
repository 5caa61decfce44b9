from typing import Any

from django.core.management.base import BaseCommand, CommandError

from votelog import fsck, start
from votelog.models import Abandoned


class Command(BaseCommand):
    help = "Compare entries, checkpoints and files of every vote log with each other. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        for row in Abandoned.objects.order_by("shard"):
            self.stdout.write(f"log {row.shard} was given up and is not looked at: {row.because}")
        findings = fsck.findings()
        for finding in findings:
            self.stderr.write(finding)
        if findings:
            raise CommandError(f"The vote log is damaged: {len(findings)} finding(s). {start.HOW_TO} says what to do.")
        self.stdout.write("The vote log is sound.")
