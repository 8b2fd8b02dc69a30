"""Updates of many rows, in batches that others need not wait long for."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


def update_in_batches(rows: QuerySet[Any], size: int, **values: Any) -> None:
    """Update these rows in the order of their ids, `size` of them in a transaction.

    For migrations that are not atomic. Two queries a batch.
    """
    ordered, last = rows.order_by("pk"), None
    while True:
        rest = ordered if last is None else ordered.filter(pk__gt=last)
        ids = list(rest.values_list("pk", flat=True)[:size])
        if not ids:
            return
        rows.order_by().filter(pk__in=ids).update(**values)
        last = ids[-1]
