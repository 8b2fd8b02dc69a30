"""The numbers of all advisory locks that the project takes in PostgreSQL."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from datetime import timedelta

RETRY_SECONDS = 0.1


class LockTimeout(Exception):
    """Another process has held the lock all the time."""


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
    return _answer("SELECT pg_try_advisory_xact_lock(%s)", number)


@contextmanager
def advisory_lock(
    number: int,
    *,
    timeout: timedelta | None = None,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold a lock over transactions until the block ends; `on_wait` if it is not free.

    It is tried anew rather than waited for: CREATE INDEX CONCURRENTLY of the process
    that has it waits for statements that wait. Raises LockTimeout if it is not free by
    then.
    """
    seconds = math.inf if timeout is None else timeout.total_seconds()
    give_up_at = time.monotonic() + seconds
    is_waiting = False
    while not _answer("SELECT pg_try_advisory_lock(%s)", number):
        if time.monotonic() > give_up_at:
            raise LockTimeout
        if not is_waiting:
            on_wait()
            is_waiting = True
        time.sleep(RETRY_SECONDS)
    try:
        yield
    finally:
        _answer("SELECT pg_advisory_unlock(%s)", number)


def _answer(question: str, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [number])
        return bool(cursor.fetchone()[0])
