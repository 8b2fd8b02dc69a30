"""Errors: requests that crashed, grouped by where and how.

They are kept for 30 days, unless the settings say otherwise. Each new error deletes a
few that are older, and the command `prune` the rest. Many errors at once write little:
of each group the first of a minute have a row each, the others are counted, and the
number of groups is limited.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
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

# With stacks of at most 20 kB, some 20 MB.
MOST_GROUPS = 1000
MOST_A_MINUTE = 20
MAX_MESSAGE = 500
MAX_STACK = 20_000
MAX_PATH = 500
# How long storing an error may delay the response, for each statement.
STATEMENT_TIMEOUT = timedelta(seconds=1)


def kept_for() -> timedelta:
    return settings.RETENTION["errors"]


class ErrorGroupQuerySet(ExpiringRows):
    age_column = "last_seen_at"

    def kept(self, *, at: datetime | None = None) -> ErrorGroupQuerySet:
        """Leave out groups that are too old and not deleted yet."""
        return self.filter(last_seen_at__gt=(at or timezone.now()) - kept_for())

    @statement_timeout(STATEMENT_TIMEOUT)
    def note(
        self,
        *,
        fingerprint: bytes,
        message: str,
        stack: str,
        at: datetime | None = None,
        **request: Any,
    ) -> None:
        """Count an error and keep what is known of its request.

        `request` has path, method, status_code, user_id and request_id. The texts must
        be free of secrets and of ids that open an account.
        """
        now = at or timezone.now()
        self._delete_old(at=now)
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

    def _delete_old(self, *, at: datetime) -> None:
        """Delete a few groups and occurrences that are too old, or too many."""
        newest = self.order_by("-last_seen_at").values_list("last_seen_at", flat=True)
        last_kept = newest[MOST_GROUPS - 1 : MOST_GROUPS]
        self.delete_expired(before=max([at - kept_for(), *last_kept]))
        ErrorOccurrence.objects.delete_expired(before=at - kept_for())


class ErrorGroup(models.Model):
    """Errors from one place in the code, with the last request that met them."""

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
    # What logs call the user: the id, which outlives the account by 30 days at most; of
    # a guest a digest of it (`named_in_logs` finds them).
    user_id = ObjectIdField(null=True)
    request_id = models.CharField(max_length=128)

    objects = ErrorGroupQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at", "-id"]
        indexes = [
            # Serves the list, newest first, and the deletion of old groups.
            models.Index(
                fields=["-last_seen_at", "-id"], name="moderation_error_newest"
            ),
        ]

    def __str__(self) -> str:
        return self.message


class ErrorOccurrence(models.Model):
    """One request that crashed; found by the request id in its response."""

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
            # Serves the count of a day, and the deletion of old rows.
            models.Index(fields=["created_at"], name="moderation_error_by_age"),
            # Serves the search for a request id that a person reports.
            models.Index(fields=["request_id"], name="moderation_error_request"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}, {self.created_at:%Y-%m-%d %H:%M} UTC"
