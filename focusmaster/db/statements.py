"""SQL that is compiled once and run many times, as prepared statements.

A `Statement` is SQL with a `Param` wherever a value comes in. Two costs go: building
and compiling a queryset, which takes longer than PostgreSQL needs to answer it, and the
driver's cursor, which parses the SQL, picks adapters and waits in a loop that can be
interrupted. Without the cursor a request costs 30 to 45 % less CPU
(docs/decisions/2-prepared-statements.md). libpq releases the GIL while it waits.

A connection keeps the `MAX_STATEMENTS` statements that it ran last; an older one is
deallocated. While queries are logged or counted, or where a pooler forbids prepared
statements, an ordinary cursor runs the same SQL.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from itertools import count
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Field, QuerySet
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
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler
    from psycopg.pq.abc import PGresult

    from focusmaster.postgresql.base import DatabaseWrapper

MAX_STATEMENTS = 200
# A cached plan that no longer fits its tables, and a statement that somebody else
# deallocated: preparing again mends both.
OUTDATED = (FeatureNotSupported, InvalidSqlStatementName)
DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Param(Expression):
    """The place of a value that is given when the compiled query runs.

    A model field, where there is one, converts the value as it does in a lookup.
    """

    def __init__(self, name: str, model_field: Field[Any, Any] | None = None) -> None:
        super().__init__()
        self.name = name
        self.model_field = model_field

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        return "%s", [self]


class Statement:
    """SQL with Params among its parameters.

    With `prepare` off it always takes an ordinary cursor: for SQL that is unlikely to
    come again.
    """

    def __init__(
        self, sql: str, params: Sequence[Any], *, prepare: bool = True
    ) -> None:
        self.sql = sql
        self.params = params
        self.prepare = prepare
        self.positional = positional(sql)

    def fetch_rows(self, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Bind the Params, run, and return the rows; one query."""
        prepared = prepared_statements() if self.prepare else None
        if prepared is None:
            return self._rows_of_cursor(values)
        result = prepared.run(self.positional, self.bind(values))
        prepared.reader.set_pgresult(result)
        try:
            return prepared.reader.load_rows(0, result.ntuples, tuple)
        finally:
            prepared.reader.set_pgresult(None)

    def fetch_scalars(self, values: Mapping[str, Any]) -> list[bytes]:
        """Do the same for one column of text without nulls; return its UTF-8."""
        prepared = prepared_statements() if self.prepare else None
        if prepared is None:
            return [text.encode() for (text,) in self._rows_of_cursor(values)]
        result = prepared.run(self.positional, self.bind(values))
        texts = [result.get_value(row, 0) for row in range(result.ntuples)]
        return cast("list[bytes]", texts)

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters, with values in the place of the Params."""
        bound = []
        for param in self.params:
            if not isinstance(param, Param):
                bound.append(param)
            elif param.model_field is None:
                bound.append(values[param.name])
            else:
                value = values[param.name]
                bound.append(param.model_field.get_db_prep_value(value, connection))
        return bound

    def _rows_of_cursor(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.bind(values))
            return cursor.fetchall() if cursor.description else []


class CompiledQuery(Statement):
    """A queryset of `values_list` with Params; its rows are those of the ORM.

    It can stand within a larger statement: in `around`, at `{query}`, and the Params
    after that are `more`. Columns that are added come last.
    """

    def __init__(
        self,
        queryset: QuerySet[Any, Any],
        around: str = "{query}",
        more: Sequence[Any] = (),
    ) -> None:
        self.compiler: SQLCompiler = queryset.query.get_compiler(connection=connection)
        sql, params = self.compiler.as_sql()
        super().__init__(around.format(query=sql), (*params, *more))
        columns = [column for column, *_ in self.compiler.select]
        self.converters = self.compiler.get_converters(columns)

    def fetch_rows(self, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        rows = super().fetch_rows(values)
        if not self.converters:
            return rows
        return list(self.compiler.apply_converters(rows, self.converters))


def prepared_statements() -> PreparedStatements | None:
    """Return the prepared statements of this thread's connection, opened if need be.

    None where a cursor has to be used: while somebody logs or wraps queries, and where
    a pooler forbids prepared statements. Sends the BEGIN of a transaction, which the
    driver sends with the first query of a cursor. Raises what Django raises for a
    connection that is lost, or a transaction that is broken.
    """
    wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
    wrapper.close_if_health_check_failed()
    if wrapper.connection is None:
        wrapper.ensure_connection()
    if (
        wrapper.queries_logged
        or wrapper.execute_wrappers
        or not wrapper.prepares_statements
    ):
        return None
    wrapper.validate_no_broken_transaction()
    prepared: PreparedStatements = wrapper.prepared_statements
    status = prepared.pgconn.transaction_status
    if status == TransactionStatus.IDLE and not wrapper.connection.autocommit:
        if wrapper.connection.isolation_level is not None:
            return None  # The driver's BEGIN names it.
        prepared.begin()
    return prepared


class PreparedStatements:
    """The prepared statements of one connection."""

    def __init__(
        self, wrapper: BaseDatabaseWrapper, driver: psycopg.Connection
    ) -> None:
        self.pgconn = driver.pgconn
        # Reads columns; it remembers how for the types of its connection.
        self.reader = Transformer(driver)
        self._errors = wrapper.wrap_database_errors
        self._names: OrderedDict[bytes, bytes] = OrderedDict()
        self._numbers = count()

    def begin(self) -> None:
        with self._errors:
            checked(self.pgconn.exec_(b"BEGIN"))

    def run(self, sql: bytes, values: Sequence[Any]) -> PGresult:
        """Run a statement with `$1` placeholders; return its result.

        Raises what Django raises for the driver's error, and TypeError for a value
        whose type has no encoder. A statement that PostgreSQL calls outdated is run
        once more without being prepared, and prepared anew the next time; unless the
        error has broken a transaction: see `is_outdated`.
        """
        # psycopg's annotation forgets that a parameter may be null.
        encoded: list[Any] = [ENCODERS[type(value)](value) for value in values]
        formats = [
            Format.BINARY if isinstance(value, bytes) else Format.TEXT
            for value in values
        ]
        with self._errors:
            name = self._names.get(sql)
            if name is None:
                name = self._prepare(sql)
            else:
                self._names.move_to_end(sql)
            result = self.pgconn.exec_prepared(name, encoded, formats)
            if result.status in DONE:
                return result
            try:
                return checked(result)
            except OUTDATED:
                self._forget(sql)
                if self._is_broken():
                    raise
                # Parsed and run at once, under the locks that keep its tables as they
                # are in between.
                return checked(self.pgconn.exec_params(sql, encoded, None, formats))

    def _prepare(self, sql: bytes) -> bytes:
        name = b"focusmaster_%d" % next(self._numbers)
        checked(self.pgconn.prepare(name, sql))
        self._names[sql] = name
        if len(self._names) > MAX_STATEMENTS:
            self._forget(next(iter(self._names)))
        return name

    def _forget(self, sql: bytes) -> None:
        """Deallocate a statement, by the protocol: poolers that keep them see that."""
        name = self._names.pop(sql, None)
        if name is not None:
            self.pgconn.close_prepared(name)

    def _is_broken(self) -> bool:
        return self.pgconn.transaction_status == TransactionStatus.INERROR


def checked(result: PGresult) -> PGresult:
    """Return the result, or raise the driver's error for it.

    An error without an SQLSTATE comes from libpq: the connection is lost.
    """
    if result.status in DONE:
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
