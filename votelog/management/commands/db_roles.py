from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from votelog import roles


class Command(BaseCommand):
    help = "Print, or execute, the SQL that separates the database roles of web processes and sequencer (PostgreSQL)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="execute it, as the owner of the tables")
        parser.add_argument("--app", default=roles.APP, help="role of web processes and worker (%(default)s)")
        parser.add_argument("--sequencer", default=roles.SEQUENCER, help="role of the sequencer (%(default)s)")

    def handle(self, *args: Any, apply: bool, app: str, sequencer: str, **options: Any) -> None:
        try:
            statements = roles.statements(app=app, sequencer=sequencer)
        except ValueError as error:
            raise CommandError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
        if not apply:
            self.stdout.write("".join(f"{statement};\n" for statement in statements))
            return
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles.")
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        self.stdout.write(f"Rights of {app} and {sequencer} are set on {len(roles.tables())} tables.")
