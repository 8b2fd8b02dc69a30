"""How long statements may take before they are given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled


class StatementTimeout(Exception):
    """A statement was given up, and what was done with it undone."""


@contextmanager
def statement_timeout(limit: timedelta) -> Iterator[None]:
    """Run what is within as a transaction, none of whose statements takes longer.

    Raises TookTooLong where one would.
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
