"""Rows that PostgreSQL writes as JSON, in the shape that a serializer declares.

A list of 100 sessions costs 3.5 ms in Python and 1.3 ms this way
(docs/decisions/1-json-by-postgresql.md). The serializer stays the one place that names
the fields: `json_object` turns it into an SQL expression, and `JSONRows` runs it for
the rows that match some lookups, as a prepared statement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, cast

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import (
    BooleanField,
    Expression,
    F,
    Func,
    Model,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.functions import Coalesce
from rest_framework import serializers

from focusmaster.db.fields import ObjectIdField
from focusmaster.db.statements import CompiledQuery, Param, Statement

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

# Rows that are fetched at once where all of them might not fit into memory.
CHUNK_ROWS = 500
# Shapes of statements that one JSONRows keeps.
MAX_SHAPES = 100

ESCAPED = (
    models.CharField,
    models.TextField,
    models.FloatField,
    models.GenericIPAddressField,
    models.JSONField,
    ArrayField,
)


SortExpression = Expression | Callable[..., Expression]


class Constant(Expression):
    """A constant of our own, written into the SQL rather than sent as a parameter."""

    def __init__(self, text: str) -> None:
        super().__init__(output_field=TextField())
        self.text = text

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        quoted = self.text.replace("'", "''").replace("%", "%%")
        return f"'{quoted}'", []


class Joined(Func):
    """Text put together; null as soon as one part is null."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


class AsText(Func):
    template = "%(expressions)s::text"
    arity = 1
    output_field = TextField()


class Escaped(AsText):
    """A JSON string, array or number with everything escaped that needs it."""

    template = "to_json(%(expressions)s)::text"


class IsAmong(Func):
    """Whether a value is one of those in an array."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


class Hex(AsText):
    template = "encode(%(expressions)s, 'hex')"


class Instant(AsText):
    """RFC 3339 in UTC; milliseconds unless they are zero. See `format_instant`."""

    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), '.000Z', 'Z')"
    )


def json_object(
    serializer: serializers.Serializer[Any], model: type[Model], prefix: str = ""
) -> Expression:
    """Return the JSON text of one row, in the shape that the serializer declares.

    Every field is there; what has no value is `null`. Write-only fields are left out.
    """
    parts: list[Expression] = []
    for name, field in serializer.fields.items():
        if not field.write_only:
            parts.append(Constant(f'{"," if parts else "{"}"{name}":'))
            parts += _value(field, model, prefix)
    return joined(*parts, Constant("}"))


def joined(*parts: Expression) -> Expression:
    """Put parts together, with neighbouring constants as one."""
    merged: list[Expression] = []
    for part in parts:
        if merged and isinstance(part, Constant) and isinstance(merged[-1], Constant):
            merged[-1] = Constant(merged[-1].text + part.text)
        else:
            merged.append(part)
    return Joined(*merged)


def _value(
    field: serializers.Field[Any, Any, Any, Any], model: type[Model], prefix: str
) -> list[Expression]:
    if hasattr(field, "as_json"):  # It depends on more than its column.
        parts: list[Expression] = field.as_json(prefix)
        return parts
    source = str(field.source)
    if isinstance(field, serializers.Serializer):
        if source == "*":
            return [json_object(field, model, prefix)]
        inner = json_object(field, related(model, source), f"{prefix}{source}__")
        return [Coalesce(inner, Constant("null"))]
    *path, last = source.split(".")
    for step in path:
        model = related(model, step)
    column = column_named(model, last)
    parts = _encoded(column, F(prefix + "__".join([*path, last])))
    if column.null or path:
        return [Coalesce(joined(*parts), Constant("null"))]
    return parts


def related(model: type[Model], name: str) -> type[Model]:
    return cast("type[Model]", model._meta.get_field(name).related_model)


def column_named(model: type[Model], name: str) -> models.Field[Any, Any]:
    return cast("models.Field[Any, Any]", model._meta.get_field(name))


def _encoded(column: models.Field[Any, Any], value: F) -> list[Expression]:
    if isinstance(column, models.ForeignKey):
        column = column.target_field
    if isinstance(column, models.GeneratedField):
        column = cast("models.Field[Any, Any]", column.output_field)
    quote = Constant('"')
    if isinstance(column, ObjectIdField):
        return [quote, Hex(value), quote]
    if isinstance(column, models.DateTimeField):
        return [quote, Instant(value), quote]
    if column.choices:  # A constraint keeps to the words; none needs escaping.
        return [quote, AsText(value), quote]
    if isinstance(column, models.IntegerField | models.BooleanField):
        return [AsText(value)]
    if isinstance(column, ESCAPED):
        return [Escaped(value)]
    raise TypeError(f"{column} has no JSON form yet")


class JSONRows:
    """The rows of a model as JSON, one SELECT for each shape of a question.

    A shape is the lookups, the order and, for a page, where nulls are. Each is compiled
    at its first use and bound from then on. Clients choose shapes by what they filter
    and sort: past `MAX_SHAPES`, another one is compiled each time and not prepared.
    """

    def __init__(
        self,
        model: type[Model],
        serializer_class: type[serializers.Serializer[Any]],
        order: Sequence[str] = (),
        sort_expressions: Mapping[str, SortExpression] | None = None,
        named_filters: Mapping[str, Callable[..., Q]] | None = None,
    ) -> None:
        """Say what the rows are and how they are sorted and filtered.

        An order names columns or `sort_expressions`, which are never null; its last
        key is unique. A named filter is a function from keyword arguments to a
        condition; used as a lookup, its value is a dict of these arguments. A sort
        expression that depends on the arguments of such a filter is a function of them.
        """
        self.model = model
        self.serializer_class = serializer_class
        self.order = tuple(order)
        self.sort_expressions = sort_expressions or {}
        self.named_filters = named_filters or {}
        self._statements: dict[tuple[Hashable, ...], Statement] = {}

    def get(self, **lookups: Any) -> bytes | None:
        """Return the JSON text of the row that matches, or None; one query."""
        rows = self.all((), 1, **lookups)
        return rows[0] if rows else None

    def all(
        self,
        order: tuple[str, ...] | None = None,
        at_most: int | None = None,
        **lookups: Any,
    ) -> list[bytes]:
        """Return the JSON text of each row that matches; one query.

        Lookups are the ORM's, such as `started_at__gte=…`. A malformed id raises
        MalformedId. `at_most` is part of the shape: a constant of the caller's.
        """
        order = self.order if order is None else order
        statement, values = self._compiled(self._select, lookups, order, at_most)
        return statement.fetch_scalars(values)

    def page(
        self,
        order: tuple[str, ...],
        limit: int,
        after: Sequence[str | None] | None = None,
        **lookups: Any,
    ) -> tuple[list[bytes], Sequence[str | None] | None]:
        """Return the JSON texts of one page, and the cursor of its last row.

        The cursor is what the row has in the columns of the order, as PostgreSQL's
        text; the next page begins after it. It is None on the last page. One query.
        """
        nulls = None if after is None else tuple(value is None for value in after)
        statement, values = self._compiled(self._page, lookups, order, nulls)
        values |= {f"after_{n}": value for n, value in enumerate(after or ())}
        rows = statement.fetch_rows(values | {"limit": limit + 1})
        texts = [text.encode() for text, *_ in rows[:limit]]
        last = rows[limit - 1][1:] if len(rows) > limit else None
        return texts, last

    def chunks(self, order: tuple[str, ...], **lookups: Any) -> Iterator[list[bytes]]:
        """Yield the JSON texts of all rows that match, some at a time.

        They are from one moment: one query, whose cursor stays on the server. In a
        transaction.
        """
        statement, values = self._compiled(self._select, lookups, order, None)
        with connection.chunked_cursor() as cursor:
            cursor.execute(statement.sql, statement.bind(values))
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield [text.encode() for (text,) in rows]

    def _compiled(
        self,
        build: Callable[..., Statement],
        lookups: Mapping[str, Any],
        *more: Hashable,
    ) -> tuple[Statement, dict[str, Any]]:
        """Return the statement of a shape, and the values of its Params by name."""
        values: dict[str, Any] = {}
        shape: list[Hashable] = [build, *more]
        for name, value in lookups.items():
            if name in self.named_filters:
                values |= value
                shape.append((name, *value))
            else:
                values[name] = value
                shape.append(name)
        statement = self._statements.get(tuple(shape))
        if statement is None:
            statement = build(lookups, *more)
            statement.prepare = len(self._statements) < MAX_SHAPES
            if statement.prepare:
                self._statements[tuple(shape)] = statement
        return statement, values

    def _select(
        self, lookups: Mapping[str, Any], order: Sequence[str], at_most: int | None
    ) -> Statement:
        return CompiledQuery(self._rows(lookups, order)[:at_most])

    def _rows(
        self, lookups: Mapping[str, Any], order: Sequence[str]
    ) -> QuerySet[Any, Any]:
        expressions = {
            key: self._sort_expression(key)
            for key in keys_of(order)
            if key in self.sort_expressions
        }
        rows: QuerySet[Any, Any] = self.model._default_manager.alias(**expressions)
        rows = rows.filter(self._condition(lookups))
        rows = rows.order_by(*(self._ordered(name) for name in order))
        document = json_object(self.serializer_class(), self.model)
        documents = rows.annotate(document=document).values_list("document")
        return cast("QuerySet[Any, Any]", documents)

    def _condition(self, lookups: Mapping[str, Any]) -> Q:
        """Return the lookups with Params in place of their values."""
        condition = Q()
        for name, value in lookups.items():
            if name in self.named_filters:
                params = {argument: Param(argument) for argument in value}
                condition &= self.named_filters[name](**params)
            elif name.endswith("__in"):
                condition &= Q(IsAmong(F(name.removesuffix("__in")), Param(name)))
            else:
                condition &= Q(**{name: Param(name, self._field(name))})
        return condition

    def _sort_expression(self, key: str) -> Expression:
        expression = self.sort_expressions[key]
        if isinstance(expression, Expression):
            return expression
        return expression(
            **{name: Param(name) for name in signature(expression).parameters}
        )

    def _field(self, lookup: str) -> models.Field[Any, Any]:
        name = lookup.partition("__")[0]
        pk = self.model._meta.pk
        return pk if name == "pk" else column_named(self.model, name)

    def _ordered(self, name: str) -> Expression:
        key = F(name.removeprefix("-"))
        # What has no value comes last in both directions.
        last = True if self._is_nullable(key.name) else None
        if name.startswith("-"):
            return key.desc(nulls_last=last)
        return key.asc(nulls_last=last)

    def _is_nullable(self, key: str) -> bool:
        expression = self.sort_expressions.get(key)
        if expression is None:
            return column_named(self.model, key).null
        return isinstance(expression, Expression) and expression.output_field.null

    def _page(
        self,
        lookups: Mapping[str, Any],
        order: Sequence[str],
        nulls: Sequence[bool] | None,
    ) -> Statement:
        rows = self._rows(lookups, order)
        if nulls is not None:
            rows = rows.filter(self._beyond(order, nulls))
        keys = [AsText(F(key)) for key in keys_of(order)]
        rows = rows.values_list("document", *keys)
        return CompiledQuery(rows, "{query} LIMIT %s", [Param("limit")])

    def _beyond(self, order: Sequence[str], nulls: Sequence[bool], n: int = 0) -> Q:
        """Return the condition for a row to come after the cursor in the Params."""
        key, comes_after = keys_of(order)[n], "lt" if order[n][0] == "-" else "gt"
        param = Param(f"after_{n}")
        if nulls[n]:  # Those without a value are last: only they are left.
            return Q(**{f"{key}__isnull": True}) & self._beyond(order, nulls, n + 1)
        beyond = Q(**{f"{key}__{comes_after}": param})
        if self._is_nullable(key):
            beyond |= Q(**{f"{key}__isnull": True})
        if n + 1 == len(order):
            return beyond
        beyond |= Q(**{key: param}) & self._beyond(order, nulls, n + 1)
        if self._is_nullable(key):
            return beyond
        # Says nothing new, but in a form from which an index knows where to begin.
        return Q(**{f"{key}__{comes_after}e": param}) & beyond


def keys_of(order: Sequence[str]) -> list[str]:
    """Return the names in an order without their directions."""
    return [name.removeprefix("-") for name in order]
