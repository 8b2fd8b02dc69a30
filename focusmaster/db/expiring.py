"""Rows that are kept for a while, and deleted a few at a time once they are too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models.functions import Now

# Few enough to delay no request that adds a row, and more than one request adds.
AT_ONCE = 10


class ExpiringRows(models.QuerySet[Any]):
    """Rows whose age is that of one column, which has an index."""

    age_column = "created_at"

    def expired(self, *, before: datetime | Now) -> Self:
        return self.filter(**{f"{self.age_column}__lt": before})

    def delete_expired(self, count: int = AT_ONCE, *, before: datetime | Now) -> int:
        """Delete at most `count` of the oldest rows; return how many were deleted.

        Rows that another transaction has locked are skipped (SKIP LOCKED), so that
        requests that delete at the same moment do not wait for each other. 1 query,
        more where other rows are deleted with these.
        """
        with transaction.atomic(savepoint=False):
            oldest = self.expired(before=before).order_by(self.age_column)
            free = oldest.select_for_update(skip_locked=True).values("pk")[:count]
            _, deleted = self.filter(pk__in=free).delete()
        return deleted.get(self.model._meta.label, 0)
