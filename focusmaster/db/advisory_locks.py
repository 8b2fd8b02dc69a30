"""The numbers of all advisory locks that the project takes in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class AdvisoryLock(IntEnum):
    """What a lock protects. A number that two of them shared would be one lock."""

    MIGRATE = 4_702_111_234
    DEMO_EMAILS = 4_702_111_235
    # Taken by triggers, see moderation's migration.
    APPEND_TO_AUDIT_LOG = 4_702_111_236
    ARCHIVE_AUDIT_LOG = 4_702_111_237


def try_advisory_lock(number: int) -> bool:
    """Take a lock until the transaction ends, without waiting; one query.

    Return False if another transaction has it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


@contextmanager
def advisory_lock(number: int) -> Iterator[None]:
    """Wait for a lock and hold it, over transactions, until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
