"""What a busy day had, kept so that it need not be counted again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils import timezone

from focusmaster.db.expiring import ExpiringRows

# Longer than the last 30 local days, in any time zone.
KEPT = timedelta(days=33)
# How long after its end sessions of a day still come in, from devices without network.
LATE = timedelta(hours=24)

Span = tuple[datetime, datetime]


class Use(NamedTuple):
    """What a day had."""

    sessions: int
    # People who had them, and who had them or used a sign-in.
    visitors: int
    active: int


class DailyActivityQuerySet(ExpiringRows):
    age_column = "starts_at"

    def of(self, spans: list[Span]) -> dict[Span, DailyActivity]:
        """Return those of these days that are kept."""
        rows = self.filter(starts_at__in=[start for start, _ in spans])
        found = {(one.starts_at, one.ends_at): one for one in rows}
        return {span: found[span] for span in spans if span in found}

    def keep(self, counted: dict[Span, Use], *, at: datetime) -> None:
        """Keep what was counted at a moment, in place of what was known before."""
        if not counted:
            return
        self.bulk_create(
            [
                self.model(starts_at=start, ends_at=end, **use._asdict(), counted_at=at)
                for (start, end), use in counted.items()
            ],
            update_conflicts=True,
            unique_fields=["starts_at", "ends_at"],
            update_fields=[*Use._fields, "counted_at"],
        )
        self.delete_expired(before=at - KEPT)


class DailyActivity(models.Model):
    """How many sessions began on a local day, and how many people had them."""

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sessions = models.PositiveIntegerField()
    visitors = models.PositiveIntegerField()
    active = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField(default=timezone.now)

    objects = DailyActivityQuerySet.as_manager()

    class Meta:
        db_table = "moderation_dailyuse"
        constraints = [
            models.UniqueConstraint(
                fields=["starts_at", "ends_at"], name="moderation_dailyuse_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d}: {self.sessions}"

    def is_final(self) -> bool:
        return self.counted_at >= self.ends_at + LATE
