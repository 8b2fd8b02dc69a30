"""Writing rows past the ORM, where `save` and `bulk_create` cost too much.

`insert` and `update` write one row by a prepared statement, at a third of the cost of
`save`: for the verbs that clients use most. `save` sends the signals of a model, which
nobody here listens to, and compiles its statement each time; these compile it once for
a model and its columns. `insert_many` is for imports and demo data.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, ForeignKey, JSONField, Model
from django.db.models.sql import InsertQuery, UpdateQuery

from focusmaster.db.fields import ObjectIdField
from focusmaster.db.json_rows import column_named
from focusmaster.db.statements import Param, Statement

# Sets of columns that are kept compiled: clients choose what they change.
MAX_SHAPES = 64


def insert(row: Model) -> None:
    """Insert a new row, as `save(force_insert=True)` does; one query."""
    _insert(type(row)).fetch_rows(vars(row))
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: Model, names: Iterable[str]) -> None:
    """Write these columns of a row, as `save(update_fields=…)` does; one query."""
    _update(type(row), tuple(names)).fetch_rows(vars(row))


def insert_many(model: type[Model], rows: Iterable[Model]) -> int:
    """Insert new rows by COPY, as `bulk_create` does; return how many. 2 queries.

    Takes one row after the other from `rows`. A session costs the client 30 µs; by
    `bulk_create`, which makes and parses a statement with a parameter for each value,
    100 µs.
    """
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    # The driver takes other values as they are.
    converters = [
        (field.attname, field.get_db_prep_save if is_converted(field) else None)
        for field in fields
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, connection.cursor() as cursor:
        # The binary form has to match the columns' types.
        cursor.execute(f"SELECT {columns} FROM {table} LIMIT 0")
        types = [column.type_code for column in cursor.description]
        with cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                values = vars(row)
                copy.write_row(
                    [
                        convert(values[name], connection) if convert else values[name]
                        for name, convert in converters
                    ]
                )
        return int(cursor.rowcount)


def is_converted(field: Field[Any, Any]) -> bool:
    """Whether the database stores another value than the field's."""
    target = field.target_field if isinstance(field, ForeignKey) else field
    return isinstance(target, ObjectIdField | JSONField)


def analyze(*models: type[Model]) -> None:
    """Have the query planner learn how many rows these tables have."""
    tables = (connection.ops.quote_name(model._meta.db_table) for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def discard_plans() -> None:
    """Have this session plan anew; a plan for small tables reads all of them.

    The server keeps plans, such as those that check foreign keys.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


@lru_cache(maxsize=MAX_SHAPES)
def _insert(model: type[Model]) -> Statement:
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    query = InsertQuery(model)
    params = {field.attname: param_of(field) for field in fields}
    # Only the attributes are read.
    rows = [cast("Model", SimpleNamespace(**params))]
    query.insert_values(fields, rows, raw=True)
    ((sql, params),) = query.get_compiler(connection=connection).as_sql()
    return Statement(sql, params)


@lru_cache(maxsize=MAX_SHAPES)
def _update(model: type[Model], names: tuple[str, ...]) -> Statement:
    meta = model._meta
    fields = [column_named(model, name) for name in names]
    rows = model._base_manager.filter(pk=param_of(meta.pk))
    query = cast("UpdateQuery", rows.query.chain(UpdateQuery))
    # The stubs expect a CASE in place of a Param.
    values: list[Any] = [(field, None, param_of(field)) for field in fields]
    query.add_update_fields(values)
    return Statement(*query.get_compiler(connection=connection).as_sql())


def param_of(field: Field[Any, Any]) -> Param:
    return Param(field.attname, field)
