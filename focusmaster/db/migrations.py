"""Which migrations the database has, and why it does not let a role apply more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

# Names in a message; further ones are counted.
MOST_NAMES = 5


class MigrationState(NamedTuple):
    """Names such as `kanban.0001_tasks`, in the order of the names."""

    # In the code, and not applied.
    pending: list[str]
    # Applied, and not in the code: it is older than the database.
    unknown: list[str]
    # None is applied yet.
    is_new: bool


def read_migration_state() -> MigrationState:
    """Compare the database with the code; 2 queries."""
    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    replaced = {
        name for squashed in loader.replacements.values() for name in squashed.replaces
    }
    known = set(loader.disk_migrations) | replaced
    return MigrationState(
        pending=[".".join(name) for name in sorted(set(loader.graph.nodes) - applied)],
        unknown=[".".join(name) for name in sorted(applied - known)],
        is_new=not applied,
    )


def joined(names: list[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def denial(exc: BaseException) -> str:
    """Return what the database does not let us do; "" for another error."""
    for cause in causes(exc):
        if isinstance(cause, InsufficientPrivilege | ReadOnlySqlTransaction):
            return cause.diag.message_primary or str(cause)
    return ""


def causes(exc: BaseException | None) -> Iterable[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def role_and_database() -> tuple[str, str]:
    """Return as whom we are connected, and to which database; one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        role, database = cursor.fetchone()
    return role, database
