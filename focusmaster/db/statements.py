"""Querysets that are compiled to SQL once and run many times.

Building and compiling a queryset costs more than PostgreSQL needs to answer it. The
hot paths (the token's owner, lists, single objects, writes) therefore say what they
want with the ORM once, with a `Param` wherever a value comes in, and later only bind
the values, given as the database takes them (an id as bytes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.sql import InsertQuery, UpdateQuery
from psycopg.adapt import Transformer

from focusmaster.db.prepared import PreparedStatement, can_run

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler


class Param(Expression):
    """The place of a value that is given when the compiled query runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler, connection) -> tuple[str, list[Param]]:
        return "%s", [self]


class Statement:
    """SQL with slots among its parameters."""

    def __init__(self, sql: str, params: Sequence[Any]) -> None:
        self.sql = sql
        self.params = params
        self.prepared = PreparedStatement(sql)

    def rows(self, values: Mapping[str, Any]) -> list[tuple]:
        """Fill the slots, run, and return the rows; one round trip."""
        wrapper = connections[DEFAULT_DB_ALIAS]
        if not can_run(wrapper):
            return self._rows_of_cursor(values)
        result = self.prepared.run(wrapper, self.filled(values))
        reader = reader_on(wrapper)
        reader.set_pgresult(result)
        try:
            return reader.load_rows(0, result.ntuples, tuple)
        finally:
            reader.set_pgresult(None)

    def texts(self, values: Mapping[str, Any]) -> list[bytes]:
        """The same for one column of text, which comes as UTF-8."""
        wrapper = connections[DEFAULT_DB_ALIAS]
        if not can_run(wrapper):
            return [text.encode() for (text,) in self._rows_of_cursor(values)]
        result = self.prepared.run(wrapper, self.filled(values))
        return [result.get_value(row, 0) for row in range(result.ntuples)]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters, with the values in the place of their slots."""
        return [values[p.name] if isinstance(p, Param) else p for p in self.params]

    def _rows_of_cursor(self, values: Mapping[str, Any]) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.filled(values))
            return cursor.fetchall()


def reader_on(connection: BaseDatabaseWrapper) -> Transformer:
    """Return what reads columns; it remembers how for the types of its connection."""
    driver = vars(connection.connection)
    if "_focusmaster_reader" not in driver:
        driver["_focusmaster_reader"] = Transformer(connection.connection)
    return driver["_focusmaster_reader"]


class CompiledQuery:
    """A queryset of `values_list` with slots, compiled at its first run.

    It can stand within a larger statement: in `around`, at `{query}`, and what slots
    come after that are `more`. Columns that are added come last.
    """

    def __init__(
        self, queryset: QuerySet, around: str = "{query}", more: Sequence[Any] = ()
    ) -> None:
        self._queryset = queryset
        self._around = around
        self._more = more

    @cached_property
    def _compiled(self) -> tuple[Statement, SQLCompiler, dict]:
        compiler = self._queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        statement = Statement(self._around.format(query=sql), (*params, *self._more))
        columns = [column for column, *_ in compiler.select]
        return statement, compiler, compiler.get_converters(columns)

    def rows(self, values: Mapping[str, Any]) -> list[Sequence]:
        """Fill the slots and return the rows as the ORM would give them; one query."""
        statement, compiler, converters = self._compiled
        rows = statement.rows(values)
        return list(compiler.apply_converters(rows, converters)) if converters else rows


def stored_fields(model: type[Model]) -> list[Field]:
    """Return the fields that a row is saved with: all but the generated."""
    return [field for field in model._meta.concrete_fields if not field.generated]


def select_statement(queryset: QuerySet) -> Statement:
    return Statement(*queryset.query.get_compiler(connection=connection).as_sql())


def limited(statement: Statement) -> Statement:
    """Return the same for as many rows as the slot `limit` says."""
    return Statement(f"{statement.sql} LIMIT %s", (*statement.params, Param("limit")))


def insert_then_select(
    model: type[Model], expressions: Mapping[str, Expression], queryset: QuerySet
) -> Statement:
    """Compile an INSERT of one row and a SELECT from what it wrote, as one statement.

    Each column is a slot of its own name, but for those that `expressions` compute.
    """
    fields = stored_fields(model)
    row = SimpleNamespace(
        **{f.attname: expressions.get(f.attname, Param(f.attname)) for f in fields}
    )
    query = InsertQuery(model)
    query.insert_values(fields, [row], raw=True)
    ((sql, params),) = query.get_compiler(connection=connection).as_sql()
    return _written_then_selected(sql, params, queryset)


def update_then_select(
    rows: QuerySet, changes: Mapping[str, Any], queryset: QuerySet
) -> Statement:
    """Compile an UPDATE of some rows and a SELECT from what it wrote, as one."""
    query = rows.query.chain(UpdateQuery)
    query.add_update_values(changes)
    sql, params = query.get_compiler(connection=connection).as_sql()
    return _written_then_selected(sql, params, queryset)


def _written_then_selected(
    sql: str, params: Sequence[Any], queryset: QuerySet
) -> Statement:
    """Let the SELECT read what the write returns.

    The write goes under the table's own name, which hides the table from the SELECT.
    """
    table = connection.ops.quote_name(queryset.model._meta.db_table)
    selected, more = queryset.query.get_compiler(connection=connection).as_sql()
    return Statement(
        f"WITH {table} AS ({sql} RETURNING *) {selected}", (*params, *more)
    )
