"""The numbers of all advisory locks that the project takes in PostgreSQL."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

from django.db import connection

from focusmaster.db.statements import checked

if TYPE_CHECKING:
    from datetime import timedelta

    from psycopg.pq.abc import PGconn

RETRY_SECONDS = 0.1

# The transaction is idle for as long as the lock is held.
TAKE = b"""
BEGIN;
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout');
SELECT pg_try_advisory_xact_lock(%d)
"""
HOLDER = """
SELECT pid FROM pg_locks JOIN pg_database ON oid = database
WHERE locktype = 'advisory' AND granted AND datname = current_database()
    AND (classid::bigint << 32) + objid::bigint = %s
"""


class LockTimeout(Exception):
    """Another process, which the message names, has held the lock all the time."""


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
def advisory_lock(
    number: int,
    *,
    timeout: timedelta | None = None,
    on_wait: Callable[[str], None] = lambda holder: None,
) -> Iterator[None]:
    """Hold a lock over transactions until the block ends.

    It belongs to an open transaction on a connection of its own, and so ends with this
    process. A session's lock does not behind a pooler, which keeps the session.

    Where another process holds it, `on_wait` is told which, once. It is tried anew
    rather than waited for: CREATE INDEX CONCURRENTLY of the process that has it waits
    for statements that wait. Raises LockTimeout, with the holder, if it is not free by
    then.
    """
    seconds = math.inf if timeout is None else timeout.total_seconds()
    give_up_at = time.monotonic() + seconds
    own = connection.copy()
    own.ensure_connection()
    is_waiting = False
    try:
        with own.wrap_database_errors:
            while not _try(own.connection.pgconn, number):
                holder = _holder(number)
                if time.monotonic() > give_up_at:
                    raise LockTimeout(holder)
                if not is_waiting:
                    on_wait(holder)
                    is_waiting = True
                time.sleep(RETRY_SECONDS)
        yield
    finally:
        own.close()


def _try(pgconn: PGconn, number: int) -> bool:
    """Begin a transaction that holds the lock, or none.

    By the simple protocol: a statement of the other keeps its snapshot as long as the
    transaction, and CREATE INDEX CONCURRENTLY waits for old snapshots.
    """
    held = checked(pgconn.exec_(TAKE % number)).get_value(0, 0) == b"t"
    if not held:
        checked(pgconn.exec_(b"ROLLBACK"))
    return held


def _holder(number: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(HOLDER, [number])
        found = cursor.fetchone()
    return f"process {found[0]} of PostgreSQL" if found else "a process that has ended"
