from typing import Any

from django.core.management.base import BaseCommand, CommandError

from votelog import fsck


class Command(BaseCommand):
    help = "Compare entries, checkpoints and files of the vote log with each other. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = fsck.findings()
        for finding in findings:
            self.stderr.write(finding)
        if findings:
            raise CommandError(f"The vote log is damaged: {len(findings)} finding(s).")
        self.stdout.write("The vote log is sound.")
