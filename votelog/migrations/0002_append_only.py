"""Events and checkpoints can be added, in order, and nothing else; nothing follows `log.closed`; blobs cannot be changed. On both
databases.

A later migration that makes SQLite rebuild one of these tables drops its triggers: it must put them back.
"""

from collections.abc import Callable

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# "The one before is there, and this one is not" is "no gaps", and stays one index lookup however large the table is.
# On SQLite, REPLACE deletes the row it conflicts with, without firing delete triggers unless recursive_triggers is on.
# So no insert may conflict: not by index, not by poll and number, not by size (before), nor by rowid (after).
SQLITE = """
create trigger votelog_event_no_update before update on votelog_event begin
  select raise(abort, 'the log is append-only: update of votelog_event refused');
end;;
create trigger votelog_event_no_delete before delete on votelog_event begin
  select raise(abort, 'the log is append-only: delete of votelog_event refused');
end;;
create trigger votelog_event_in_order before insert on votelog_event begin
  select raise(abort, 'the log has no gaps: insert into votelog_event refused')
  where new.idx is null or new.idx < 0 or new.n is null or new.n < 0
    or exists (select 1 from votelog_event where shard = new.shard and idx = new.idx)
    or exists (select 1 from votelog_event where shard = new.shard and poll = new.poll and n = new.n)
    or (new.idx > 0 and not exists (select 1 from votelog_event where shard = new.shard and idx = new.idx - 1))
    or (new.n > 0 and not exists
      (select 1 from votelog_event where shard = new.shard and poll = new.poll and n = new.n - 1));
  select raise(abort, 'not an entry: insert into votelog_event refused')
  where length(cast(new.body as blob)) > 16384 or length(new.leaf) is not 32;
end;;
create trigger votelog_event_not_closed before insert on votelog_event begin
  select raise(abort, 'the log is closed: insert into votelog_event refused')
  where exists (select 1 from votelog_event where shard = new.shard and idx = new.idx - 1 and kind = 'log.closed');
end;;
create trigger votelog_event_no_replace after insert on votelog_event begin
  select raise(abort, 'the log is append-only: replace in votelog_event refused')
  where new.rowid is not (select max(rowid) from votelog_event)
    or (new.idx > 0 and not exists (select 1 from votelog_event where shard = new.shard and idx = new.idx - 1));
end;;
create trigger votelog_checkpoint_no_update before update on votelog_checkpoint begin
  select raise(abort, 'the log is append-only: update of votelog_checkpoint refused');
end;;
create trigger votelog_checkpoint_no_delete before delete on votelog_checkpoint begin
  select raise(abort, 'the log is append-only: delete of votelog_checkpoint refused');
end;;
create trigger votelog_checkpoint_grows before insert on votelog_checkpoint begin
  select raise(abort, 'checkpoints grow: insert into votelog_checkpoint refused')
  where new.size <= coalesce((select max(size) from votelog_checkpoint where shard = new.shard), 0)
    or not exists (select 1 from votelog_event where shard = new.shard and idx = new.size - 1)
    or length(new.root) is not 32;
end;;
create trigger votelog_checkpoint_no_replace after insert on votelog_checkpoint begin
  select raise(abort, 'the log is append-only: replace in votelog_checkpoint refused')
  where new.rowid is not (select max(rowid) from votelog_checkpoint)
    or new.rowid is not (select rowid from votelog_checkpoint where shard = new.shard order by size desc limit 1);
end;;
create trigger votelog_abandoned_no_update before update on votelog_abandoned begin
  select raise(abort, 'an abandoned log stays so: update of votelog_abandoned refused');
end;;
create trigger votelog_abandoned_no_delete before delete on votelog_abandoned begin
  select raise(abort, 'an abandoned log stays so: delete of votelog_abandoned refused');
end;;
create trigger votelog_abandoned_no_replace before insert on votelog_abandoned begin
  select raise(abort, 'an abandoned log stays so: replace in votelog_abandoned refused')
  where exists (select 1 from votelog_abandoned where shard = new.shard);
end;;
create trigger votelog_abandoned_no_rowid after insert on votelog_abandoned begin
  select raise(abort, 'an abandoned log stays so: replace in votelog_abandoned refused')
  where new.rowid is not (select max(rowid) from votelog_abandoned);
end;;
create trigger votelog_blob_no_update before update on votelog_blob begin
  select raise(abort, 'a blob is its hash: update of votelog_blob refused');
end
"""

UNDO_SQLITE = """
drop trigger votelog_blob_no_update;;
drop trigger votelog_abandoned_no_rowid;;
drop trigger votelog_abandoned_no_replace;;
drop trigger votelog_abandoned_no_delete;;
drop trigger votelog_abandoned_no_update;;
drop trigger votelog_checkpoint_no_replace;;
drop trigger votelog_checkpoint_grows;;
drop trigger votelog_checkpoint_no_delete;;
drop trigger votelog_checkpoint_no_update;;
drop trigger votelog_event_no_replace;;
drop trigger votelog_event_not_closed;;
drop trigger votelog_event_in_order;;
drop trigger votelog_event_no_delete;;
drop trigger votelog_event_no_update
"""

# force_custom_plan: a plan made while the table was small scans all of it for every row of a large import.
# ENABLE ALWAYS: also fires under session_replication_role = replica, which would switch ordinary triggers off.
POSTGRESQL = """
create function votelog_deny() returns trigger language plpgsql as $$ begin
  raise exception 'the log is append-only: % of % refused', lower(tg_op), tg_table_name using errcode = '23001';
end $$;;
create function votelog_in_order() returns trigger language plpgsql set plan_cache_mode = force_custom_plan as $$ begin
  if exists (select 1 from added where idx < 0 or n < 0
    or (idx > 0 and not exists
      (select 1 from votelog_event e where e.shard = added.shard and e.idx = added.idx - 1))
    or (n > 0 and not exists
      (select 1 from votelog_event e where e.shard = added.shard and e.poll = added.poll and e.n = added.n - 1))) then
    raise exception 'the log has no gaps: insert into votelog_event refused' using errcode = '23001';
  end if;
  if exists (select 1 from added join votelog_event e on e.shard = added.shard and e.idx = added.idx - 1
    where e.kind = 'log.closed') then
    raise exception 'the log is closed: insert into votelog_event refused' using errcode = '23001';
  end if;
  if exists (select 1 from added where octet_length(body) > 16384 or octet_length(leaf) <> 32) then
    raise exception 'not an entry: insert into votelog_event refused' using errcode = '23001';
  end if;
  return null;
end $$;;
create function votelog_grows() returns trigger language plpgsql as $$ begin
  if new.size <= coalesce((select max(size) from votelog_checkpoint where shard = new.shard), 0)
    or not exists (select 1 from votelog_event where shard = new.shard and idx = new.size - 1)
    or octet_length(new.root) <> 32 then
    raise exception 'checkpoints grow: insert into votelog_checkpoint refused' using errcode = '23001';
  end if;
  return new;
end $$;;
create trigger votelog_event_row before update or delete on votelog_event
  for each row execute function votelog_deny();;
create trigger votelog_event_truncate before truncate on votelog_event
  for each statement execute function votelog_deny();;
create trigger votelog_event_in_order after insert on votelog_event
  referencing new table as added for each statement execute function votelog_in_order();;
create trigger votelog_checkpoint_row before update or delete on votelog_checkpoint
  for each row execute function votelog_deny();;
create trigger votelog_checkpoint_truncate before truncate on votelog_checkpoint
  for each statement execute function votelog_deny();;
create trigger votelog_checkpoint_grows before insert on votelog_checkpoint
  for each row execute function votelog_grows();;
create trigger votelog_abandoned_row before update or delete on votelog_abandoned
  for each row execute function votelog_deny();;
create trigger votelog_abandoned_truncate before truncate on votelog_abandoned
  for each statement execute function votelog_deny();;
create trigger votelog_blob_row before update on votelog_blob
  for each row execute function votelog_deny();;
alter table votelog_event enable always trigger votelog_event_row;;
alter table votelog_event enable always trigger votelog_event_truncate;;
alter table votelog_event enable always trigger votelog_event_in_order;;
alter table votelog_checkpoint enable always trigger votelog_checkpoint_row;;
alter table votelog_checkpoint enable always trigger votelog_checkpoint_truncate;;
alter table votelog_checkpoint enable always trigger votelog_checkpoint_grows;;
alter table votelog_abandoned enable always trigger votelog_abandoned_row;;
alter table votelog_abandoned enable always trigger votelog_abandoned_truncate;;
alter table votelog_blob enable always trigger votelog_blob_row
"""

UNDO_POSTGRESQL = """
drop trigger votelog_blob_row on votelog_blob;;
drop trigger votelog_abandoned_truncate on votelog_abandoned;;
drop trigger votelog_abandoned_row on votelog_abandoned;;
drop trigger votelog_checkpoint_grows on votelog_checkpoint;;
drop trigger votelog_checkpoint_truncate on votelog_checkpoint;;
drop trigger votelog_checkpoint_row on votelog_checkpoint;;
drop trigger votelog_event_in_order on votelog_event;;
drop trigger votelog_event_truncate on votelog_event;;
drop trigger votelog_event_row on votelog_event;;
drop function votelog_grows();;
drop function votelog_in_order();;
drop function votelog_deny()
"""

APPLY = {"sqlite": SQLITE.split(";;"), "postgresql": POSTGRESQL.split(";;")}
UNDO = {"sqlite": UNDO_SQLITE.split(";;"), "postgresql": UNDO_POSTGRESQL.split(";;")}


def run(statements: dict[str, list[str]]) -> Callable[[object, BaseDatabaseSchemaEditor], None]:
    def on_this_database(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return on_this_database


class Migration(migrations.Migration):
    dependencies = [("votelog", "0001_log")]
    operations = [migrations.RunPython(run(APPLY), run(UNDO), elidable=False)]
