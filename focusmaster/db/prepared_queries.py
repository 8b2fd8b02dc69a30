"""Functions that return querysets, compiled once and run many times.

Building and compiling a queryset costs more than PostgreSQL needs to run it. This is
what an app takes where a request that users send often needs the speed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Self

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Field, QuerySet

from focusmaster.db.statements import CompiledQuery, Param

# Sets of arguments that one prepared query is compiled for.
MAX_SHAPES = 64


class PreparedQuery:
    """A function from keyword arguments to a queryset of `values_list`, compiled.

    The function is called once for each set of arguments that are not None, with
    Params in their place; a call then binds the values and returns the rows. `fields`
    names the model field of an argument that is not stored as it is, such as an id.

        @PreparedQuery.of(user_id=ObjectIdField())
        def titles(user_id, status=None):
            tasks = Task.objects.filter(user_id=user_id)
            if status:
                tasks = tasks.filter(status=status)
            return tasks.values_list("title")

        rows = titles(user_id=user.pk, status="done")
    """

    def __init__(
        self,
        build: Callable[..., QuerySet[Any, Any]],
        fields: Mapping[str, Field[Any, Any]],
    ) -> None:
        self._build = build
        self._fields = fields
        self._compiled = lru_cache(maxsize=MAX_SHAPES)(self._compile)

    @classmethod
    def of(
        cls, **fields: Field[Any, Any]
    ) -> Callable[[Callable[..., QuerySet[Any, Any]]], Self]:
        return lambda build: cls(build, fields)

    def __call__(self, **values: Any) -> Any:
        given = {name: value for name, value in values.items() if value is not None}
        return self._compiled(tuple(given)).fetch_rows(given)

    def _compile(self, names: tuple[str, ...]) -> CompiledQuery:
        return CompiledQuery(self._queryset(names))

    def _queryset(self, names: tuple[str, ...]) -> QuerySet[Any, Any]:
        params = {name: Param(name, self._fields.get(name)) for name in names}
        return self._build(**params)


class PreparedRow(PreparedQuery):
    """The same for a function that returns a queryset of model rows.

    A call returns the first row, or None. Generated columns are deferred.
    """

    def __call__(self, **values: Any) -> Any:
        rows = super().__call__(**values)
        if not rows:
            return None
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, rows[0])

    def _compile(self, names: tuple[str, ...]) -> CompiledQuery:
        queryset = self._queryset(names)
        self._model = queryset.model
        fields = self._model._meta.concrete_fields
        self._names = [field.attname for field in fields if not field.generated]
        return CompiledQuery(queryset.values_list(*self._names))
