"""Objects that PostgreSQL writes as JSON, in the shape that a serializer declares.

A list of 100 sessions costs several times more when Python makes objects, dicts and
text of it than when the database writes the text. A serializer stays the one place
that says which names an object has; `json_object` turns it into an SQL expression, and
`JSONRows` runs it for the rows that match some lookups, or that it has just written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Expression, F, Func, Model, Q, QuerySet, TextField
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import HttpResponse, SimpleCookie
from django.http.response import ResponseHeaders
from rest_framework import serializers

from focusmaster.db.fields import ObjectIdField
from focusmaster.db.statements import (
    Param,
    Statement,
    insert_then_select,
    limited,
    select_statement,
    stored_fields,
    update_then_select,
)

# Rows that are fetched at once where all of them might not fit into memory.
CHUNK_ROWS = 500

ESCAPED = (
    models.CharField,
    models.TextField,
    models.FloatField,
    models.GenericIPAddressField,
    models.JSONField,
    ArrayField,
)


class Text(Expression):
    """A constant of our own, written into the SQL rather than sent as a parameter."""

    def __init__(self, text: str) -> None:
        super().__init__(output_field=TextField())
        self.text = text

    def as_sql(self, compiler, connection) -> tuple[str, list]:
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


class Hex(AsText):
    template = "encode(%(expressions)s, 'hex')"


class Instant(AsText):
    """RFC 3339 in UTC; milliseconds unless they are zero. See `format_instant`."""

    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), '.000Z', 'Z')"
    )


def json_object(
    serializer: serializers.Serializer, model: type[Model], prefix: str = ""
) -> Expression:
    """Return the JSON text of one row, in the shape that the serializer declares.

    Every field is there; what has no value is `null`. Write-only fields are left out.
    """
    parts: list[Expression] = []
    for name, field in serializer.fields.items():
        if not field.write_only:
            parts.append(Text(f'{"," if parts else "{"}"{name}":'))
            parts += _value(field, model, prefix)
    return joined(*parts, Text("}"))


def joined(*parts: Expression) -> Expression:
    """Put parts together, with neighbouring constants as one."""
    merged: list[Expression] = []
    for part in parts:
        if merged and isinstance(part, Text) and isinstance(merged[-1], Text):
            merged[-1] = Text(merged[-1].text + part.text)
        else:
            merged.append(part)
    return Joined(*merged)


def _value(
    field: serializers.Field, model: type[Model], prefix: str
) -> list[Expression]:
    if hasattr(field, "as_document"):  # It depends on more than its column.
        return field.as_document(prefix)
    if isinstance(field, serializers.Serializer):
        if field.source == "*":
            return [json_object(field, model, prefix)]
        related = model._meta.get_field(field.source)
        inner = json_object(field, related.related_model, f"{prefix}{field.source}__")
        return [Coalesce(inner, Text("null"))]
    *path, last = field.source.split(".")
    for step in path:
        model = model._meta.get_field(step).related_model
    column = model._meta.get_field(last)
    parts = _encoded(column, F(prefix + "__".join([*path, last])))
    if column.null or path:
        return [Coalesce(joined(*parts), Text("null"))]
    return parts


def _encoded(column: models.Field, value: F) -> list[Expression]:
    if column.is_relation:
        column = column.target_field
    if isinstance(column, models.GeneratedField):
        column = column.output_field
    quote = Text('"')
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
    """The rows of a model as JSON documents: read, inserted and updated.

    Each shape of a statement (the lookups, or the columns that change) is compiled at
    its first use and only filled from then on. Names come from code, so there are
    finitely many.
    """

    def __init__(
        self,
        serializer_class: type[serializers.Serializer],
        model: type[Model],
        order: Sequence[str] = (),
        computed: Mapping[str, Expression] | None = None,
        ranks: Mapping[str, Expression] | None = None,
        conditions: Mapping[str, Q] | None = None,
    ) -> None:
        """Take the columns that PostgreSQL computes on insert as `computed`.

        The slots in these expressions have the names of columns. An order names
        columns, or expressions that are never null and given as `ranks`; the last is
        unique. What no lookup can say is a condition with a name, which then is used
        like one: its value is what fills its slots, by name.
        """
        self.serializer_class = serializer_class
        self.model = model
        self.order = tuple(order)
        self.computed = computed or {}
        self.ranks = ranks or {}
        self.conditions = conditions or {}
        self._select = cache(self._compile_select)
        self._page = cache(self._compile_page)
        self._insert = cache(self._compile_insert)
        self._update = cache(self._compile_update)

    def rows(
        self,
        order: tuple[str, ...] | None = None,
        at_most: int | None = None,
        **lookups: Any,
    ) -> list[bytes]:
        """Return the JSON text of each row that matches; one query.

        Lookups are the ORM's, such as `started_at__gte=…`. A malformed id raises
        MalformedId. `at_most` is part of the shape: a constant of the caller's.
        """
        statement = self._select(tuple(lookups), order or self.order, at_most)
        return statement.texts(self._for_database(lookups))

    def page(
        self,
        order: tuple[str, ...],
        limit: int,
        after: Sequence[str | None] | None = None,
        **lookups: Any,
    ) -> tuple[list[bytes], Sequence[str | None] | None]:
        """Return the JSON texts of one page, and the place of its last row.

        The next page begins after that place: what the row has in the columns of the
        order, as PostgreSQL's text. It is None when this is the last page. One query.
        """
        nulls = after and tuple(value is None for value in after)
        statement = self._page(tuple(lookups), order, nulls)
        values = self._for_database(lookups) | {"limit": limit + 1}
        values |= {f"after_{n}": value for n, value in enumerate(after or ())}
        rows = statement.rows(values)
        texts = [text.encode() for text, *_ in rows[:limit]]
        return texts, rows[limit - 1][1:] if len(rows) > limit else None

    def chunks(self, order: tuple[str, ...], **lookups: Any) -> Iterator[list[bytes]]:
        """Yield the JSON texts of all rows that match, some at a time.

        They are from one moment: one query, whose cursor stays on the server.
        """
        statement = self._select(tuple(lookups), order, None)
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            values = statement.filled(self._for_database(lookups))
            cursor.execute(statement.sql, values)
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield [text.encode() for (text,) in rows]

    def insert(self, row: Model) -> bytes:
        """Save a new row and return its JSON text; one round trip."""
        values = {
            field.attname: value
            for field in stored_fields(self.model)
            if not isinstance(value := getattr(row, field.attname), Combinable)
        }
        return self._insert().texts(self._for_database(values))[0]

    def update(self, given: Mapping[str, Any], **lookups: Any) -> list[bytes]:
        """Change what is given in each row that matches; return their JSON texts.

        The queryset's `changes` says what that means for the columns. One round trip.
        """
        statement = self._update(tuple(given), tuple(lookups))
        slots = {f"new_{name}": value for name, value in self._prepared(given)}
        return statement.texts(slots | self._for_database(lookups))

    def _for_database(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._prepared(values))

    def _prepared(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        meta = self.model._meta
        for name, value in values.items():
            if name in self.conditions:
                yield from value.items()
            elif not name.endswith("__isnull"):
                column = name.partition("__")[0]
                field = meta.pk if column == "pk" else meta.get_field(column)
                yield name, field.get_db_prep_value(value, connection)

    def _documents(self, order: Sequence[str] = ()) -> QuerySet:
        document = json_object(self.serializer_class(), self.model)
        rows = self.model.objects.alias(
            **{key: self.ranks[key] for key in keys_of(order) if key in self.ranks}
        )
        rows = rows.order_by(*(self._ordered(name) for name in order))
        return rows.annotate(document=document).values_list("document")

    def _ordered(self, name: str) -> Expression:
        key = F(name.removeprefix("-"))
        # What has no value comes last, whichever way round.
        last = True if self._is_nullable(key.name) else None
        if name.startswith("-"):
            return key.desc(nulls_last=last)
        return key.asc(nulls_last=last)

    def _is_nullable(self, key: str) -> bool:
        return key not in self.ranks and self.model._meta.get_field(key).null

    def _beyond(self, order: Sequence[str], nulls: Sequence[bool], n: int = 0) -> Q:
        """Return the condition for a row to come after the place in the slots."""
        key, comes_after = keys_of(order)[n], "lt" if order[n][0] == "-" else "gt"
        slot = Param(f"after_{n}")
        if nulls[n]:  # Those without a value are last: only they are left.
            return Q(**{f"{key}__isnull": True}) & self._beyond(order, nulls, n + 1)
        beyond = Q(**{f"{key}__{comes_after}": slot})
        if self._is_nullable(key):
            beyond |= Q(**{f"{key}__isnull": True})
        if n + 1 == len(order):
            return beyond
        beyond |= Q(**{key: slot}) & self._beyond(order, nulls, n + 1)
        if self._is_nullable(key):
            return beyond
        # Says nothing new, but in a form from which an index knows where to begin.
        return Q(**{f"{key}__{comes_after}e": slot}) & beyond

    def _matching(self, lookups: Iterable[str]) -> Q:
        """Return lookups with slots; whether a column is null is part of the shape."""
        matching = Q()
        for name in lookups:
            value = True if name.endswith("__isnull") else Param(name)
            matching &= self.conditions.get(name) or Q(**{name: value})
        return matching

    def _rows_to_change(self, lookups: Iterable[str]) -> QuerySet:
        return self.model.objects.filter(self._matching(lookups))

    def _compile_select(
        self, lookups: tuple[str, ...], order: tuple[str, ...], at_most: int | None
    ) -> Statement:
        rows = self._documents(order).filter(self._matching(lookups))
        return select_statement(rows[:at_most])

    def _compile_page(
        self,
        lookups: tuple[str, ...],
        order: tuple[str, ...],
        nulls: tuple[bool, ...] | None,
    ) -> Statement:
        rows = self._documents(order).filter(self._matching(lookups))
        if nulls is not None:
            rows = rows.filter(self._beyond(order, nulls))
        keys = [AsText(F(key)) for key in keys_of(order)]
        return limited(select_statement(rows.values_list("document", *keys)))

    def _compile_insert(self) -> Statement:
        return insert_then_select(self.model, self.computed, self._documents())

    def _compile_update(
        self, given: tuple[str, ...], lookups: tuple[str, ...]
    ) -> Statement:
        rows = self._rows_to_change(lookups)
        changes = rows.changes({name: Param(f"new_{name}") for name in given})
        return update_then_select(rows, changes, self._documents())


def keys_of(order: Sequence[str]) -> list[str]:
    """Return the names in an order without their directions."""
    return [name.removeprefix("-") for name in order]


def json_response(data: Any, status: int = 200) -> JSONResponse:
    """Answer with plain data, past the renderers that a DRF Response goes through."""
    return JSONResponse(orjson.dumps(data), status)


class JSONResponse(HttpResponse):
    """An answer whose JSON text is there already."""

    # What Django makes of such an answer, whatever its text.
    empty = vars(HttpResponse(content_type="application/json"))

    def __init__(self, text: bytes | str, status: int = 200) -> None:
        vars(self).update(self.empty)
        self.headers = ResponseHeaders({})
        self.headers._store = dict(self.empty["headers"]._store)
        self.cookies, self._resource_closers = SimpleCookie(), []
        self.status_code = status
        # Django would look into the headers for how to encode it.
        self._container = [text.encode() if isinstance(text, str) else text]

    def items(self) -> Iterable[tuple[str, str]]:
        """Return the headers, without going through a view of a mapping for each."""
        return self.headers._store.values()
