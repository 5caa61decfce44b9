"""A ballot, once in the box, is neither changed nor taken out. On both databases."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = [
    "create trigger voting_ballot_no_update before update on voting_ballot begin"
    " select raise(abort, 'a ballot stays as it was cast: update refused'); end",
    "create trigger voting_ballot_no_delete before delete on voting_ballot begin"
    " select raise(abort, 'a ballot stays as it was cast: delete refused'); end",
]
UNDO_SQLITE = ["drop trigger voting_ballot_no_delete", "drop trigger voting_ballot_no_update"]
# ENABLE ALWAYS: also fires under session_replication_role = replica.
POSTGRESQL = [
    "create function voting_deny() returns trigger language plpgsql as $$ begin"
    " raise exception 'a ballot stays as it was cast: % refused', lower(tg_op) using errcode = '23001'; end $$",
    "create trigger voting_ballot_row before update or delete on voting_ballot for each row execute function voting_deny()",
    "create trigger voting_ballot_truncate before truncate on voting_ballot for each statement execute function voting_deny()",
    "alter table voting_ballot enable always trigger voting_ballot_row",
    "alter table voting_ballot enable always trigger voting_ballot_truncate",
]
UNDO_POSTGRESQL = [
    "drop trigger voting_ballot_truncate on voting_ballot",
    "drop trigger voting_ballot_row on voting_ballot",
    "drop function voting_deny()",
]


APPLY = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
UNDO = {"sqlite": UNDO_SQLITE, "postgresql": UNDO_POSTGRESQL}


def forwards(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in APPLY[editor.connection.vendor]:
        editor.execute(statement, params=None)


def backwards(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in UNDO[editor.connection.vendor]:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("voting", "0001_polls_and_ballots")]
    operations = [migrations.RunPython(forwards, backwards)]
