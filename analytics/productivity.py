"""How much was focused on which day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from focusmaster.periods import Period
    from pomodoro.models import PomodoroSessionQuerySet


def summarise_productivity(
    *, sessions: PomodoroSessionQuerySet, period: Period
) -> dict[str, Any]:
    """Sum up the focus sessions of a period, in total and for each of its days.

    Durations in seconds. Days are local to the period's zone, oldest first, and those
    without a session are there with zeros. One query.
    """
    focus = sessions.focus().filter(**period.lookups("started_at"))
    found = {day["date"]: day for day in focus.by_day(period.zone)}
    days = [
        found.get(day, {"date": day, "focusTime": 0, "sessions": 0})
        for day in period.days()
    ]
    time = sum(day["focusTime"] for day in days)
    count = sum(day["sessions"] for day in days)
    return {
        "totalFocusTime": time,
        "totalSessions": count,
        "averageSessionDuration": round(time / count) if count else 0,
        "dailyBreakdown": days,
    }
