"""Who may do what in PostgreSQL: a role for the web processes and one for the sequencer, beside the owner of the tables.

Every table of every app is named, so that a new one is usable at once; those of the log and the ballots get the least. The
triggers (migrations `0002` of votelog and voting) refuse changes of them to everybody, the owner included.
"""

from collections.abc import Iterable

from django.apps import apps
from django.db.backends.utils import truncate_name

APP, SEQUENCER = "vapp", "vseq"

_ALL = "select, insert, update, delete"
APP_RIGHTS = {
    "votelog_event": "select",
    "votelog_checkpoint": "select",
    "votelog_cosignature": "select",
    "votelog_abandoned": "select",
    "votelog_pending": "select, insert",
    "votelog_blob": "select, insert, delete",  # delete: erasure
    "voting_ballot": "select, insert",
    "django_migrations": "select",
}
SEQUENCER_RIGHTS = {
    "votelog_event": "select, insert",
    "votelog_checkpoint": "select, insert",
    "votelog_cosignature": "select, insert",
    "votelog_abandoned": "select, insert",
    "votelog_pending": "select, delete",
}


def tables() -> list[str]:
    """Every table that the apps have, and the one of Django's migrations."""
    found = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    return sorted(truncate_name(name, 63) for name in {*found, "django_migrations"})


def statements(*, app: str = APP, sequencer: str = SEQUENCER) -> list[str]:
    """SQL for the owner of the tables, in order. Executed again it changes nothing. Raises ValueError for a name that is none."""
    for name in (app, sequencer):
        if not (name.isascii() and name.isidentifier() and name == name.lower()):
            raise ValueError(f"{name} is not a plain name of a role")
    known = tables()
    if missing := {*APP_RIGHTS, *SEQUENCER_RIGHTS} - set(known):
        raise ValueError(f"no app has the table {', '.join(sorted(missing))}")
    granted = {app: dict.fromkeys(known, _ALL) | APP_RIGHTS, sequencer: SEQUENCER_RIGHTS}
    return [statement for role, rights in granted.items() for statement in _for(role, rights.items())]


def _for(role: str, rights: Iterable[tuple[str, str]]) -> list[str]:
    return [
        f"do $$ begin if not exists (select from pg_roles where rolname = '{role}') "
        f"then create role {role} login; end if; end $$",
        f"revoke all on all tables in schema public from {role}",
        f"revoke all on all sequences in schema public from {role}",
        f"revoke create on schema public from {role}",
        f"grant usage on schema public to {role}",
        *[f'grant {right} on "{table}" to {role}' for table, right in rights],
    ]
