"""The productivity of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.caching import cached_by_version
from pomodoro.totals import focus_by_day

if TYPE_CHECKING:
    from focusmaster.dates.periods import BoundedPeriod


@cached_by_version
def productivity_by_day(user_id: str, period: BoundedPeriod) -> dict[str, Any]:
    """Return the sums of a bounded period's focus sessions, in total and by day.

    Durations are in seconds. Days are local to the period's zone, oldest first; those
    without a session have zeros. One query.
    """
    days = focus_by_day(user_id, period)
    time = sum(day["focusTime"] for day in days)
    count = sum(day["sessions"] for day in days)
    return {
        "totalFocusTime": time,
        "totalSessions": count,
        # Rounded half up, like the durations that clients send.
        "averageSessionDuration": (2 * time + count) // (2 * count) if count else 0,
        "dailyBreakdown": days,
    }
