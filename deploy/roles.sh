#!/bin/sh
# Run once by the PostgreSQL image, when it makes the database: the two roles and their passwords. What they may do is set
# by `manage.py db_roles --apply` after each migration. For a database that is there already, as its owner:
#   alter role vapp login password '…'; alter role vseq login password '…';
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "${POSTGRES_DB:-$POSTGRES_USER}" -v vapp="$VAPP_PASSWORD" -v vseq="$VSEQ_PASSWORD" <<'SQL'
create role vapp login password :'vapp';
create role vseq login password :'vseq';
SQL
