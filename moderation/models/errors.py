"""Errors: requests that crashed, grouped by where and how.

Kept for 30 days; each new one clears away a few that are older, and a job the rest. A
storm of errors writes little: of each group only the first in a minute are kept one by
one, the others are counted, and there are at most so many groups.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone

from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import (
    MillisecondDateTimeField,
    ObjectIdField,
    ObjectIdPrimaryKey,
)
from focusmaster.db.statement_timeout import statement_timeout

KEPT = timedelta(days=30)
# With stacks of at most 20 kB, some 20 MB.
MOST_GROUPS = 1000
MOST_A_MINUTE = 20
MAX_MESSAGE = 500
MAX_STACK = 20_000
MAX_PATH = 500
# For which an answer may wait for each step of storing its error.
PATIENCE = timedelta(seconds=1)


class ErrorGroupQuerySet(ExpiringRows):
    age_column = "last_seen_at"

    def kept(self, *, at: datetime | None = None) -> ErrorGroupQuerySet:
        """Leave out what is too old, though nothing has cleared it away yet."""
        return self.filter(last_seen_at__gt=(at or timezone.now()) - KEPT)

    @statement_timeout(PATIENCE)
    def note(
        self,
        *,
        fingerprint: bytes,
        message: str,
        stack: str,
        at: datetime | None = None,
        **request: Any,
    ) -> None:
        """Count an error of a request; keep what is known of it.

        `request` has path, method, status_code, user_id and request_id. The texts must
        have been freed of secrets.
        """
        now = at or timezone.now()
        self._clear(at=now)
        latest = {
            "message": message[:MAX_MESSAGE],
            "stack": stack[-MAX_STACK:],
            "last_seen_at": now,
            **request,
        }
        latest["path"] = latest["path"][:MAX_PATH]
        group, is_new = self.get_or_create(
            fingerprint=fingerprint,
            defaults={**latest, "first_seen_at": now, "count": 1},
        )
        if not is_new:
            self.filter(pk=group.pk).update(**latest, count=F("count") + 1)
        last_minute = group.occurrences.filter(
            created_at__gt=now - timedelta(minutes=1)
        )
        if last_minute[:MOST_A_MINUTE].count() < MOST_A_MINUTE:
            del latest["stack"], latest["last_seen_at"], latest["status_code"]
            group.occurrences.create(**latest, created_at=now)

    def _clear(self, *, at: datetime) -> None:
        """Delete a few that are too old or too many."""
        newest = self.order_by("-last_seen_at").values_list("last_seen_at", flat=True)
        last_kept = newest[MOST_GROUPS - 1 : MOST_GROUPS]
        self.delete_expired(before=max([at - KEPT, *last_kept]))
        ErrorOccurrence.objects.delete_expired(before=at - KEPT)


class ErrorGroup(models.Model):
    """One fault of ours, with what is known of the last request that met it."""

    id = ObjectIdPrimaryKey()
    fingerprint = models.BinaryField(max_length=32, unique=True)
    count = models.PositiveBigIntegerField()
    first_seen_at = MillisecondDateTimeField()
    last_seen_at = MillisecondDateTimeField()
    message = models.CharField(max_length=MAX_MESSAGE)
    stack = models.TextField()
    path = models.CharField(max_length=MAX_PATH)
    method = models.CharField(max_length=10)
    status_code = models.PositiveSmallIntegerField()
    # Without a foreign key: a person who goes leaves an id, and only for 30 days.
    user_id = ObjectIdField(null=True)
    request_id = models.CharField(max_length=128)

    objects = ErrorGroupQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at", "-id"]
        indexes = [
            # Serves the list, newest first, and clearing.
            models.Index(
                fields=["-last_seen_at", "-id"], name="moderation_error_newest"
            ),
        ]

    def __str__(self) -> str:
        return self.message


class ErrorOccurrence(models.Model):
    """One request that met a fault; found by the id that its answer named."""

    id = ObjectIdPrimaryKey()
    group = models.ForeignKey(
        ErrorGroup,
        on_delete=models.CASCADE,
        related_name="occurrences",
        db_index=False,  # The index by minute begins with it.
    )
    message = models.CharField(max_length=MAX_MESSAGE)
    path = models.CharField(max_length=MAX_PATH)
    method = models.CharField(max_length=10)
    user_id = ObjectIdField(null=True)
    request_id = models.CharField(max_length=128)
    created_at = MillisecondDateTimeField()

    objects = ExpiringRows.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # Serves the count of a group's last minute.
            models.Index(
                fields=["group", "-created_at"], name="moderation_error_of_group"
            ),
            # Serves the count of a day, and clearing.
            models.Index(fields=["created_at"], name="moderation_error_by_age"),
            # Serves staff's search for what a person reports.
            models.Index(fields=["request_id"], name="moderation_error_request"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}, {self.created_at:%Y-%m-%d %H:%M} UTC"
