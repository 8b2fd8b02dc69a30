"""Prepared statements for the few queries that nearly every request runs.

A cursor of the driver is built for any query: it parses the SQL, picks adapters, waits
in a loop that can be interrupted, and costs about three times as much as the question
and answer themselves. Here the statement is prepared once per connection, and run with
one call into libpq, which frees the interpreter's lock while it waits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any

from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ExecStatus, Format, TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from psycopg.pq.abc import PGresult


def positional(sql: str) -> bytes:
    """Turn the placeholders of Django (`%s`) into those of PostgreSQL (`$1`)."""
    first, *rest = sql.split("%s")
    numbered = (f"${number}{part}" for number, part in enumerate(rest, start=1))
    return "".join([first, *numbered]).replace("%%", "%").encode()


def quoted_element(item: str | datetime) -> bytes:
    """Return an element of an array as PostgreSQL's text form of the array has it."""
    escaped = str(item).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()


def can_run(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether the connection may be used without a cursor.

    Not while someone counts or wraps its queries, nor where a pooler forbids prepared
    statements, nor before the BEGIN that the driver sends with a cursor's first query.
    """
    connection.close_if_health_check_failed()
    if connection.connection is None:
        connection.ensure_connection()
    driver = connection.connection
    status = driver.pgconn.transaction_status
    return not (
        connection.queries_logged
        or connection.execute_wrappers
        or not connection.prepares_statements
        or (status == TransactionStatus.IDLE and not driver.autocommit)
    )


def encoded_array(items: list[str | datetime]) -> bytes:
    return b"{%b}" % b",".join(map(quoted_element, items))


def encoded_text(value: Any) -> bytes:
    return str(value).encode()


# How PostgreSQL reads a parameter, whose type comes from its place. What is most often
# given is left to functions that are no Python.
ENCODERS: dict[type, Callable[[Any], bytes | None]] = defaultdict(
    lambda: encoded_text,
    {
        NoneType: lambda nothing: None,
        bytes: bytes,
        str: str.encode,
        int: b"%d".__mod__,
        datetime: lambda instant: instant.isoformat().encode(),
        list: encoded_array,
    },
)


class PreparedStatement:
    """One statement, prepared on each connection at its first run there."""

    def __init__(self, sql: str) -> None:
        self.sql = positional(sql)
        self.name = f"focusmaster_{id(self):x}".encode()

    def run(self, connection: BaseDatabaseWrapper, params: Sequence[Any]) -> PGresult:
        """Return the result, or raise what Django raises for the driver's error."""
        connection.validate_no_broken_transaction()
        pgconn = connection.connection.pgconn
        values = [ENCODERS[type(value)](value) for value in params]
        formats = [
            Format.BINARY if isinstance(value, bytes) else Format.TEXT
            for value in params
        ]
        with connection.wrap_database_errors:
            if self not in prepared_on(connection):
                checked(pgconn.prepare(self.name, self.sql))
                prepared_on(connection).add(self)
            return checked(pgconn.exec_prepared(self.name, values, formats))


def prepared_on(connection: BaseDatabaseWrapper) -> set[PreparedStatement]:
    """Return what is prepared on the present connection; a new one has nothing."""
    return vars(connection.connection).setdefault("_focusmaster_prepared", set())


def checked(result: PGresult) -> PGresult:
    """Return the result, or raise the driver's error for it.

    Without a code it comes not from the server but from libpq: the connection is lost.
    """
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    error = error_from_result(result)
    raise error if error.sqlstate else OperationalError(str(error).strip())
