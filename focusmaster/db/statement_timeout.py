"""How long statements may take before they are given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

if TYPE_CHECKING:
    from focusmaster.postgresql.base import DatabaseWrapper

# What a statement of a request may take, also waiting for a lock; what one of staff's
# pages, of an export or of an erasure may take; and what any may wait for a lock. Only
# web workers have these limits: a migration or a command takes as long as it takes.
REQUEST_SECONDS = 5
LONG_SECONDS = 30
LOCK_SECONDS = 5
SET_LIMITS = (
    f"SET statement_timeout = '{REQUEST_SECONDS}s'; "
    f"SET lock_timeout = '{LOCK_SECONDS}s'"
)


class StatementTimeout(Exception):
    """A statement was given up, and what was done with it undone."""


@contextmanager
def statement_timeout(limit: timedelta) -> Iterator[None]:
    """Run what is within as a transaction, none of whose statements takes longer.

    Raises StatementTimeout where one would.
    """
    milliseconds = limit // timedelta(milliseconds=1)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")
            yield
            # Where this is within a transaction, the limit would stay with that.
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as exc:
        if isinstance(exc.__cause__, QueryCanceled):
            raise StatementTimeout from exc
        raise


@contextmanager
def long_statements() -> Iterator[None]:
    """Let statements within take LONG_SECONDS, where they may take REQUEST_SECONDS.

    Two queries there, none elsewhere.
    """
    is_longer = _limit_statements(LONG_SECONDS)
    try:
        yield
    finally:
        if is_longer:
            _limit_statements(REQUEST_SECONDS)


def _limit_statements(seconds: int) -> bool:
    """Set the limit of the session; return False where it has none.

    A transaction that failed has set it back by itself.
    """
    if not connection.settings_dict.get("HAS_LIMITS"):
        return False
    with suppress(DatabaseError), connection.cursor() as cursor:
        if cast("DatabaseWrapper", connection).is_limited:
            cursor.execute(f"SET statement_timeout = '{seconds}s'")
            return True
    return False
