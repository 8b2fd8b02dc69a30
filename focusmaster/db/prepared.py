"""Prepared statements, run with one call into libpq.

A driver cursor serves any query: it parses the SQL, picks adapters and waits in a loop
that can be interrupted. Without it a request costs 30 to 45 % less CPU
(docs/decisions/2-prepared-statements.md). libpq releases the GIL while it waits.

A connection keeps the `MAX_STATEMENTS` statements that it ran last; an older one is
deallocated.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import count
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from psycopg.adapt import Transformer
from psycopg.errors import (
    FeatureNotSupported,
    InvalidSqlStatementName,
    OperationalError,
    error_from_result,
)
from psycopg.pq import ExecStatus, Format, TransactionStatus

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

MAX_STATEMENTS = 200
# A cached plan that no longer fits its tables, and a statement that somebody else
# deallocated: preparing again mends both.
OUTDATED = (FeatureNotSupported, InvalidSqlStatementName)


class PreparedStatements:
    """The prepared statements of one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.pgconn = connection.pgconn
        self._reader = Transformer(connection)
        self._names: OrderedDict[bytes, bytes] = OrderedDict()
        self._numbers = count()

    def begin(self) -> None:
        checked(self.pgconn.exec_(b"BEGIN"))

    def fetch_rows(self, sql: bytes, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows as Python values."""
        result = self.run(sql, values)
        self._reader.set_pgresult(result)
        try:
            return self._reader.load_rows(0, result.ntuples, tuple)
        finally:
            self._reader.set_pgresult(None)

    def fetch_scalars(self, sql: bytes, values: Sequence[Any]) -> list[bytes]:
        """Run a statement and return its first column as PostgreSQL's UTF-8 text.

        The column holds no null.
        """
        result = self.run(sql, values)
        texts = [result.get_value(row, 0) for row in range(result.ntuples)]
        return cast("list[bytes]", texts)

    def run(self, sql: bytes, values: Sequence[Any]) -> PGresult:
        """Run a statement with `$1` placeholders, or raise the driver's error.

        Raises TypeError for a value whose type has no encoder. A statement that
        PostgreSQL calls outdated is prepared again and run once more, unless the error
        has broken a transaction.
        """
        encoded = [ENCODERS[type(value)](value) for value in values]
        formats = [
            Format.BINARY if isinstance(value, bytes) else Format.TEXT
            for value in values
        ]
        was_prepared = sql in self._names
        try:
            return self._execute(sql, encoded, formats)
        except OUTDATED:
            self._forget(sql)
            if not was_prepared or self._is_broken():
                raise
            return self._execute(sql, encoded, formats)

    def _execute(
        self, sql: bytes, encoded: list[bytes | None], formats: list[Format]
    ) -> PGresult:
        name = self._names.get(sql)
        if name is None:
            name = self._prepare(sql)
        else:
            self._names.move_to_end(sql)
        result = self.pgconn.exec_prepared(
            name,
            encoded,  # type: ignore[arg-type]  # psycopg's annotation forgets null
            formats,
        )
        return checked(result)

    def _prepare(self, sql: bytes) -> bytes:
        name = b"focusmaster_%d" % next(self._numbers)
        checked(self.pgconn.prepare(name, sql))
        self._names[sql] = name
        if len(self._names) > MAX_STATEMENTS:
            self._forget(next(iter(self._names)))
        return name

    def _forget(self, sql: bytes) -> None:
        """Deallocate a statement; in a broken transaction, only forget its name."""
        name = self._names.pop(sql, None)
        if name is not None and not self._is_broken():
            self.pgconn.exec_(b"DEALLOCATE " + name)

    def _is_broken(self) -> bool:
        return self.pgconn.transaction_status == TransactionStatus.INERROR


def checked(result: PGresult) -> PGresult:
    """Return the result, or raise the driver's error for it.

    An error without an SQLSTATE comes from libpq: the connection is lost.
    """
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    error = error_from_result(result)
    raise error if error.sqlstate else OperationalError(str(error).strip())


def positional(sql: str) -> bytes:
    """Turn the placeholders of Django (`%s`) into those of PostgreSQL (`$1`)."""
    first, *rest = sql.split("%s")
    numbered = (f"${number}{part}" for number, part in enumerate(rest, start=1))
    return "".join([first, *numbered]).replace("%%", "%").encode()


def encoded_array(items: list[Any]) -> bytes:
    return b"{%b}" % b",".join(map(quoted_element, items))


def quoted_element(item: Any) -> bytes:
    """Return an element in the text form of PostgreSQL's arrays."""
    encoded = ENCODERS[type(item)](item)
    if encoded is None:
        return b"NULL"
    return b'"%b"' % encoded.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def encoded_number(number: float) -> bytes:
    return repr(number).encode()


def encoded_date(value: date) -> bytes:
    return value.isoformat().encode()


Encoder = Callable[[Any], bytes | None]


class Encoders(dict[type, Encoder]):
    """The encoder of each type; a type without one has that of its nearest base."""

    def __missing__(self, kind: type) -> Encoder:
        for base in kind.__mro__:
            if base in self:
                self[kind] = self[base]
                return self[kind]
        raise TypeError(f"a prepared statement takes no {kind.__name__} as a parameter")


# The text form of a parameter; PostgreSQL infers its type from its place. Bytes are
# sent in binary.
BASE_ENCODERS: dict[type, Encoder] = {
    NoneType: lambda nothing: None,
    bytes: bytes,
    str: str.encode,
    bool: lambda flag: b"t" if flag else b"f",
    int: b"%d".__mod__,
    float: encoded_number,
    datetime: encoded_date,
    date: encoded_date,
    list: encoded_array,
}
ENCODERS = Encoders(BASE_ENCODERS)
