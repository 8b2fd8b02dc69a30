"""Changes of many rows, in batches that others need not wait long for.

For commands, and for migrations that are not atomic: each batch is a transaction of
its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import QuerySet


def update_in_batches(rows: QuerySet[Any], size: int, **values: Any) -> None:
    """Update these rows in the order of their ids; two queries a batch."""
    for ids in batches(rows, size):
        rows.order_by().filter(pk__in=ids).update(**values)


def execute_in_batches(rows: QuerySet[Any], size: int, statement: str) -> None:
    """Execute a statement with the ids of each batch, for `ANY(%s)`; as above."""
    column = rows.model._meta.pk
    for ids in batches(rows, size):
        with connection.cursor() as cursor:
            values = [column.get_db_prep_value(pk, connection) for pk in ids]
            cursor.execute(statement, [values])


def batches(rows: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """Yield the ids of the rows in their order, `size` of them at a time."""
    ordered, last = rows.order_by("pk"), None
    while True:
        rest = ordered if last is None else ordered.filter(pk__gt=last)
        ids = list(rest.values_list("pk", flat=True)[:size])
        if not ids:
            return
        yield ids
        last = ids[-1]
