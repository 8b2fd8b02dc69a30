"""The counts of busy days, kept so that they need not be counted again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils import timezone

from focusmaster.db.expiring import ExpiringRows

# Longer than the last 30 local days, in any time zone.
KEPT = timedelta(days=33)
# How long after the end of a day its sessions still come in, from offline devices.
LATE = timedelta(hours=24)

# Where a day begins, and where the next one does.
Span = tuple[datetime, datetime]


class Counts(NamedTuple):
    """What a day had: its sessions, the people who began them, the active people.

    Active are those who began a session or used a sign-in.
    """

    sessions: int
    visitors: int
    active: int


class DailyActivityQuerySet(ExpiringRows):
    age_column = "starts_at"

    def of(self, spans: list[Span]) -> dict[Span, DailyActivity]:
        """Return the rows of these days, as far as there are any."""
        rows = self.filter(starts_at__in=[start for start, _ in spans])
        found = {(row.starts_at, row.ends_at): row for row in rows}
        return {span: found[span] for span in spans if span in found}

    def keep(self, counted: dict[Span, Counts], *, at: datetime) -> None:
        """Save what was counted at a moment, and replace earlier counts of the days."""
        if not counted:
            return
        self.bulk_create(
            [
                self.model(starts_at=start, ends_at=end, **row._asdict(), counted_at=at)
                for (start, end), row in counted.items()
            ],
            update_conflicts=True,
            unique_fields=["starts_at", "ends_at"],
            update_fields=[*Counts._fields, "counted_at"],
        )
        self.delete_expired(before=at - KEPT)


class DailyActivity(models.Model):
    """How many sessions began on a local day, and how many people were active."""

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
        """Tell whether it was counted when no more sessions were to come in."""
        return self.counted_at >= self.ends_at + LATE
