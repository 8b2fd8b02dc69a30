"""Querysets that are compiled to SQL once and run many times.

Building and compiling a queryset costs more than PostgreSQL needs to answer it. A
`Statement` is SQL with a `Param` wherever a value comes in. It runs prepared (see
`prepared`), or by an ordinary cursor while queries are logged or counted, or where a
pooler forbids prepared statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Field, QuerySet
from psycopg.pq import TransactionStatus

from focusmaster.db.prepared import PreparedStatements, positional

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    from focusmaster.postgresql.base import DatabaseWrapper


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

    def bind(self, values: Mapping[str, Any]) -> Any:
        value = values[self.name]
        if self.model_field is None:
            return value
        return self.model_field.get_db_prep_value(value, connection)


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

    def fetch_rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Bind the Params, run, and return the rows; one query."""
        wrapper = default_connection()
        prepared = prepared_statements(wrapper) if self.prepare else None
        if prepared is None:
            return self._rows_of_cursor(values)
        wrapper.validate_no_broken_transaction()
        with wrapper.wrap_database_errors:
            return prepared.fetch_rows(self.positional, self.bind(values))

    def fetch_scalars(self, values: Mapping[str, Any]) -> list[bytes]:
        """Do the same for one column of text; return its UTF-8."""
        wrapper = default_connection()
        prepared = prepared_statements(wrapper) if self.prepare else None
        if prepared is None:
            return [text.encode() for (text,) in self._rows_of_cursor(values)]
        wrapper.validate_no_broken_transaction()
        with wrapper.wrap_database_errors:
            return prepared.fetch_scalars(self.positional, self.bind(values))

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters, with values in the place of the Params."""
        return [p.bind(values) if isinstance(p, Param) else p for p in self.params]

    def _rows_of_cursor(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.bind(values))
            return cursor.fetchall() if cursor.description else []


def default_connection() -> DatabaseWrapper:
    return cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])


def prepared_statements(wrapper: DatabaseWrapper) -> PreparedStatements | None:
    """Return the prepared statements of a connection that is open and alive.

    None where a cursor has to be used: while somebody logs or wraps queries, and where
    a pooler forbids prepared statements. Sends the BEGIN of a transaction, which the
    driver sends with the first query of a cursor.
    """
    wrapper.close_if_health_check_failed()
    if wrapper.connection is None:
        wrapper.ensure_connection()
    if (
        wrapper.queries_logged
        or wrapper.execute_wrappers
        or not wrapper.prepares_statements
    ):
        return None
    driver = wrapper.connection
    status = driver.pgconn.transaction_status
    if status == TransactionStatus.IDLE and not driver.autocommit:
        with wrapper.wrap_database_errors:
            wrapper.prepared_statements.begin()
    return wrapper.prepared_statements


class CompiledQuery:
    """A queryset of `values_list` with Params, compiled at its first run.

    It can stand within a larger statement: in `around`, at `{query}`, and the Params
    after that are `more`. Columns that are added come last.
    """

    def __init__(
        self,
        queryset: QuerySet[Any, Any],
        around: str = "{query}",
        more: Sequence[Any] = (),
    ) -> None:
        self._queryset = queryset
        self._around = around
        self._more = more

    @cached_property
    def _compiled(self) -> tuple[Statement, SQLCompiler, dict[int, Any]]:
        compiler = self._queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        statement = Statement(self._around.format(query=sql), (*params, *self._more))
        columns = [column for column, *_ in compiler.select]
        return statement, compiler, compiler.get_converters(columns)

    def fetch_rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows as the ORM would give them; one query."""
        statement, compiler, converters = self._compiled
        rows = statement.fetch_rows(values)
        if not converters:
            return rows
        return [tuple(row) for row in compiler.apply_converters(rows, converters)]
