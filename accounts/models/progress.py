"""What a person has achieved: points, totals of focus sessions, badges."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Progress(models.Model):
    """One narrow row a person, beside the wide one with the twenty checks.

    Each focus session updates it, so it is cheap to update. It lives here because the
    query that finds the caller and the profile read it; only pomodoro writes it: the
    trigger of `pomodoro/sql/session_totals.sql` the numbers, `pomodoro.badges` the
    badges. A trigger on `accounts_user` makes the row (`accounts/sql/progress.sql`).
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="progress",
    )
    # 10 for each completed focus session.
    points = models.PositiveIntegerField(default=0)
    # Seconds and number of all focus sessions, also of those that were broken off.
    focus_seconds = models.PositiveBigIntegerField(default=0)
    focus_count = models.PositiveIntegerField(default=0)
    # The microsecond of Unix time at which one of these sessions last changed: what was
    # made of them holds as long as this does. A mere count could come again after a
    # backup was restored.
    version = models.PositiveBigIntegerField(default=0)
    badges = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    # The version of the sessions that have been looked at for badges.
    badges_version = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "progress"

    def __str__(self) -> str:
        return f"{self.points} points"

    @property
    def has_unseen_sessions(self) -> bool:
        """Whether sessions have changed since they were looked at for badges."""
        return self.version != self.badges_version
