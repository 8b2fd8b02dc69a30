"""Objects that PostgreSQL writes as JSON, in the shape that a serializer declares.

A list of 100 sessions costs several times more when Python makes objects, dicts and
text of it than when the database writes the text. A serializer stays the one place
that says which names an object has; `document_of` turns it into an SQL expression, and
`DocumentQuery` runs it for the rows that match some lookups.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Expression, F, Func, Model, TextField
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from rest_framework import serializers

from focusmaster.fields import ObjectIdField
from focusmaster.queries import CompiledQuery, Slot

ESCAPED = (models.CharField, models.TextField, models.FloatField, ArrayField)


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
    template = "'\"' || encode(%(expressions)s, 'hex') || '\"'"


class Quoted(AsText):
    """A JSON string of a value that needs no escaping: a word of a fixed set, a day."""

    template = "'\"' || %(expressions)s || '\"'"


class Instant(AsText):
    """RFC 3339 in UTC; milliseconds unless they are zero. See `format_instant`."""

    template = (
        "'\"' || replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), '.000Z', 'Z') || '\"'"
    )


def document_of(
    serializer: serializers.Serializer, model: type[Model], prefix: str = ""
) -> Expression:
    """Return the JSON text of one row, in the shape that the serializer declares.

    Every field is there; what has no value is `null`. Write-only fields are left out.
    """
    parts: list[Expression] = []
    for name, field in serializer.fields.items():
        if field.write_only:
            continue
        parts.append(Text(f'{"," if parts else "{"}"{name}":'))
        parts.append(_value(field, model, prefix))
    return Joined(*parts, Text("}"))


def _value(field: serializers.Field, model: type[Model], prefix: str) -> Expression:
    if isinstance(field, serializers.Serializer):
        if field.source == "*":
            return document_of(field, model, prefix)
        related = model._meta.get_field(field.source)
        inner = document_of(field, related.related_model, f"{prefix}{field.source}__")
        return Coalesce(inner, Text("null"))
    *path, last = field.source.split(".")
    for step in path:
        model = model._meta.get_field(step).related_model
    column = model._meta.get_field(last)
    value = _encoded(column, F(prefix + "__".join([*path, last])))
    return Coalesce(value, Text("null")) if column.null or path else value


def _encoded(column: models.Field, value: F) -> Expression:
    if column.is_relation:
        column = column.target_field
    if isinstance(column, models.GeneratedField):
        column = column.output_field
    if isinstance(column, ObjectIdField):
        return Hex(value)
    if isinstance(column, models.DateTimeField):
        return Instant(value)
    if column.choices:
        return Quoted(value)
    if isinstance(column, models.IntegerField | models.BooleanField):
        return AsText(value)
    if isinstance(column, ESCAPED):
        return Escaped(value)
    raise TypeError(f"{column} has no JSON form yet")


class DocumentQuery:
    """The rows of a model as JSON documents, newest or otherwise ordered.

    A set of lookups is compiled at its first use and only filled from then on. The
    names of lookups come from code, so there are finitely many sets.
    """

    def __init__(
        self,
        serializer_class: type[serializers.Serializer],
        model: type[Model],
        *order: str,
    ) -> None:
        self.serializer_class = serializer_class
        self.model = model
        self.order = order
        self._compiled = lru_cache(maxsize=None)(self._compile)

    def rows(self, **lookups: Any) -> list[str]:
        """Return the JSON text of each row that matches; one query.

        Lookups are the ORM's, such as `started_at__gte=…`. A malformed id raises
        MalformedId.
        """
        values = {
            lookup: self._column(lookup).get_db_prep_value(value, connection)
            for lookup, value in lookups.items()
        }
        return [row[0] for row in self._compiled(tuple(lookups)).rows(values)]

    def _column(self, lookup: str) -> models.Field:
        name = lookup.partition("__")[0]
        meta = self.model._meta
        return meta.pk if name == "pk" else meta.get_field(name)

    def _compile(self, lookups: tuple[str, ...]) -> CompiledQuery:
        document = document_of(self.serializer_class(), self.model)
        rows = self.model.objects.filter(**{name: Slot(name) for name in lookups})
        return CompiledQuery(
            rows.order_by(*self.order)
            .annotate(document=document)
            .values_list("document")
        )


class JSONAnswer(HttpResponse):
    """An answer whose JSON text is there already."""

    def __init__(self, text: str, status: int = 200) -> None:
        super().__init__(text, content_type="application/json", status=status)
