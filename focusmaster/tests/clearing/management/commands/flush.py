"""Delete what a test has committed; Django calls this after each test that commits.

Its own `flush` truncates every table and makes content types and permissions anew, a
quarter of a second each time. This one deletes from the tables that have rows, and
keeps content types and permissions.
"""

from __future__ import annotations

from functools import cache

from django.core.management.commands import flush
from django.db import connection

# Its tables refuse to be cleared, and no reference leads to them from another.
LOG = [f"moderation_audit{name}" for name in ("entry", "particulars", "archive")]
KEPT = {*LOG, "django_content_type", "auth_permission"}


class Command(flush.Command):
    help = "Delete all rows of the tests' database."

    def handle(self, *args, **options) -> None:
        with connection.cursor() as cursor:
            cursor.execute(clearing())


@cache
def clearing() -> str:
    """Return the statement that deletes all rows, from the tables that have some."""
    tables = connection.introspection.django_table_names(include_views=False)
    guards = [f"ALTER TABLE {table} {{}} TRIGGER {table}_guard" for table in LOG]
    log = [guard.format("DISABLE") for guard in guards]
    log.append(f"TRUNCATE {', '.join(LOG)}")
    log += [guard.format("ENABLE ALWAYS") for guard in guards]
    steps = [cleared([table], [f"DELETE FROM {table}"]) for table in {*tables} - KEPT]
    # Else each row deleted would be looked for in the tables that may refer to it.
    steps.insert(0, "SET LOCAL session_replication_role = replica;")
    return f"DO $$ BEGIN {' '.join([*steps, cleared(LOG, log)])} END $$"


def cleared(tables: list[str], statements: list[str]) -> str:
    """Return what runs the statements if one of the tables has a row."""
    has_row = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    return f"IF {has_row} THEN {'; '.join(statements)}; END IF;"
