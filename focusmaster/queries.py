"""Querysets that are compiled to SQL once and run many times.

Building and compiling a queryset costs more than PostgreSQL needs to answer it. The
hot paths (the token's owner, lists, single objects) therefore say what they want with
the ORM once, with a `Slot` wherever a value comes in, and later only fill the slots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Expression, QuerySet

if TYPE_CHECKING:
    from django.db.models.sql.compiler import SQLCompiler


class Slot(Expression):
    """The place of a value that is given when the compiled query runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler, connection) -> tuple[str, list[Slot]]:
        return "%s", [self]


class CompiledQuery:
    """A queryset of `values_list` with slots, compiled at its first run."""

    def __init__(self, queryset: QuerySet) -> None:
        self._queryset = queryset

    @cached_property
    def _compiled(self) -> tuple[SQLCompiler, str, tuple, dict]:
        compiler = self._queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        return compiler, sql, params, converters

    def rows(self, values: Mapping[str, Any]) -> list[Sequence]:
        """Fill the slots and return the rows; one query.

        Values are given as the database takes them (an id as bytes), for no field
        converts what fills a slot. Rows come as the ORM would give them.
        """
        compiler, sql, params, converters = self._compiled
        filled = [values[p.name] if isinstance(p, Slot) else p for p in params]
        with connection.cursor() as cursor:
            cursor.execute(sql, filled)
            rows = cursor.fetchall()
        return list(compiler.apply_converters(rows, converters)) if converters else rows
