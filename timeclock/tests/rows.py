"""Rows of every model that this app keeps of a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accounts.models import User
from timeclock.models import WorkLog


def make_rows(user: User) -> None:
    start = datetime(2026, 2, 2, 9, tzinfo=UTC)
    WorkLog.objects.start(
        user_id=user.pk,
        started_at=start,
        ended_at=start + timedelta(hours=8),
        notes="Wrote the quux",
    )
