"""The numbers of all advisory locks that the project takes in PostgreSQL."""

from __future__ import annotations

from enum import IntEnum

from django.db import connection


class AdvisoryLock(IntEnum):
    """What a lock protects. A number that two of them shared would be one lock."""

    MIGRATE = 4_702_111_234
    DEMO_EMAILS = 4_702_111_235
    # Taken by triggers, see moderation's migration.
    APPEND_TO_AUDIT_LOG = 4_702_111_236
    ARCHIVE_AUDIT_LOG = 4_702_111_237

    def try_to_take(self) -> bool:
        """Take the lock until the transaction ends, without waiting; one query.

        Return False if another transaction has it.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [self])
            return cursor.fetchone()[0]
