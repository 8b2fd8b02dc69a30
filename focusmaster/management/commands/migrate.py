"""Django's `migrate`, which also says how long each migration took.

It warns where newer code has migrated the database, as after a rollback, and says who
has to migrate where this role may not. A second run finds nothing to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError

from focusmaster.db.migrations import (
    MigrationState,
    denial,
    joined,
    read_migration_state,
    role_and_database,
)

log = logging.getLogger("focusmaster.migrate")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with denial_explained():
            # Part of the way, or only a look, is what helps out of it.
            is_whole = not options["app_label"] and not (
                options["plan"] or options["check_unapplied"]
            )
            check_known(read_migration_state(), is_whole=is_whole)
            super().handle(*args, **options)

    def migration_progress_callback(
        self, action: str, migration: Any = None, fake: bool = False
    ) -> None:
        """Write the name of each migration and its seconds, unless all is silent."""
        # Django tells them from verbosity 2 on, with much else.
        given = self.verbosity
        self.verbosity = 2 if given else 0
        super().migration_progress_callback(action, migration, fake)
        self.verbosity = given


def check_known(state: MigrationState, *, is_whole: bool) -> None:
    """Log a warning where the database is newer than this code.

    Raises CommandError where it has gone another way, so that more migrations would
    make it a database of no version.
    """
    if not state.unknown:
        return
    if state.pending and is_whole:
        raise CommandError(
            "The database has migrations of another version of FocusMaster "
            f"({joined(state.unknown)}) and not all of this one "
            f"({joined(state.pending)}). Start the version that migrated it."
        )
    log.warning(
        "The database is newer than this version of FocusMaster, which does not know "
        "these migrations: %s. Requests that need what they changed fail.",
        joined(state.unknown),
    )


@contextmanager
def denial_explained() -> Iterator[None]:
    """Raise CommandError where the database does not let this role migrate it.

    It says which role, which migrations are to be applied, and what to do.
    """
    try:
        yield
    except DatabaseError as exc:
        if not (reason := denial(exc)):
            raise
        role, database = role_and_database()
        raise CommandError(
            f"The role {role} may not migrate the database {database}: {reason}. "
            f"{to_be_applied()}Run manage.py migrate as the owner of the tables, grant "
            f"{role} its rights again (README, Operations), then start again."
        ) from exc


def to_be_applied() -> str:
    """Return a sentence, or "" where the role may not even read what is applied."""
    try:
        return f"To be applied: {joined(read_migration_state().pending)}. "
    except DatabaseError:
        return ""
