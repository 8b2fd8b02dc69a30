"""What the mechanisms of the API keep, whichever app answers.

A counter belongs to one key, which names a limit, who is counted and a window of time.
A stored answer belongs to one `Idempotency-Key` of one caller.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField


class CounterQuerySet(ExpiringRows):
    age_column = "expires_at"


class Counter(models.Model):
    """How often something happened; see `focusmaster.db.counters`."""

    key = models.CharField(primary_key=True, max_length=255)
    count = models.PositiveBigIntegerField()
    expires_at = models.DateTimeField()

    objects = CounterQuerySet.as_manager()

    class Meta:
        indexes = [
            # Serves the look for counters to clear away.
            models.Index(fields=["expires_at"], name="focusmaster_counter_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class StoredAnswerQuerySet(ExpiringRows):
    def kept_since(self, at: datetime) -> StoredAnswerQuerySet:
        return self.filter(created_at__gte=at)


class StoredAnswer(models.Model):
    """What a request was answered, to answer it again; see `api.idempotency`.

    The answer may hold a token, so it is encrypted.
    """

    # A hash of the caller and the key.
    id = models.BinaryField(primary_key=True, max_length=32)
    # Null for a caller without an account.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="stored_answers",
    )
    # A hash of the request.
    fingerprint = models.BinaryField(max_length=32)
    answer = models.BinaryField()
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)

    objects = StoredAnswerQuerySet.as_manager()

    class Meta:
        indexes = [
            # Serves the look for those to clear away.
            models.Index(fields=["created_at"], name="focusmaster_storedanswer_age"),
        ]

    def __str__(self) -> str:
        return f"answer of {self.created_at:%Y-%m-%d %H:%M} UTC"
