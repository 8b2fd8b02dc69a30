"""What a busy day had, kept so that it need not be counted again."""

from __future__ import annotations

from datetime import datetime

from django.db import models

# Who asks by another time zone has other days, and a reader reads the last 30.
KEPT_DAYS = 500


class DailyUseQuerySet(models.QuerySet):
    def of(
        self, spans: list[tuple[datetime, datetime]]
    ) -> dict[tuple[datetime, datetime], tuple[int, int]]:
        """Return the sessions and visitors of each of these days that is kept."""
        rows = self.filter(starts_at__in=[start for start, _ in spans])
        found = {
            (one.starts_at, one.ends_at): (one.sessions, one.visitors) for one in rows
        }
        return {span: found[span] for span in spans if span in found}

    def keep(self, counted: dict[tuple[datetime, datetime], tuple[int, int]]) -> None:
        if not counted:
            return
        self.bulk_create(
            [
                self.model(
                    starts_at=start, ends_at=end, sessions=count, visitors=people
                )
                for (start, end), (count, people) in counted.items()
            ],
            ignore_conflicts=True,
        )
        newest = self.order_by("-starts_at").values("pk")[:KEPT_DAYS]
        self.exclude(pk__in=newest).delete()


class DailyUse(models.Model):
    """How many sessions began on a local day, and how many people had them."""

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sessions = models.PositiveIntegerField()
    visitors = models.PositiveIntegerField()

    objects = DailyUseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["starts_at", "ends_at"], name="moderation_dailyuse_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d}: {self.sessions}"
