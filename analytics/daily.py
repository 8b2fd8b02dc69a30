"""Summaries by day: today, the week, the year, the goal and streaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from analytics.caching import cached_by_version
from focusmaster.dates.periods import TICK, Period, local_day
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SESSION_ROWS
from pomodoro.totals import focus_by_day, focus_streaks

if TYPE_CHECKING:
    from datetime import date

    from focusmaster.dates.periods import BoundedPeriod

# Part of the contract, so not of the locale.
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def focus_log(user_id: str, period: BoundedPeriod) -> bytes:
    """Return a bounded period's focus sessions, newest first, and their sum, as JSON.

    Duration in seconds. One query. Not cached: the titles of tasks are in it.
    """
    lookups = period.lookups("started_at")
    sessions = SESSION_ROWS.all(
        user_id=user_id, type=PomodoroSession.Type.FOCUS, **lookups
    )
    return orjson.dumps(
        {
            "totalDuration": sum(orjson.loads(one)["duration"] for one in sessions),
            "sessionCount": len(sessions),
            "sessions": [orjson.Fragment(one) for one in sessions],
        }
    )


@cached_by_version
def minutes_by_weekday(user_id: str, period: BoundedPeriod) -> list[dict[str, Any]]:
    """Return name, date and minutes of focus for each day of a bounded period.

    Minutes are rounded half up. One query.
    """
    return [
        {
            "name": WEEKDAYS[day["date"].weekday()],
            "date": day["date"],
            "duration": (day["focusTime"] + 30) // 60,
        }
        for day in focus_by_day(user_id, period)
    ]


@cached_by_version
def heatmap(user_id: str, period: BoundedPeriod) -> list[dict[str, Any]]:
    """Return the number of focus sessions of each local day with one; one query."""
    return [
        {"date": day["date"], "count": day["sessions"]}
        for day in focus_by_day(user_id, period)
        if day["sessions"]
    ]


@cached_by_version
def goal_by_day(
    user_id: str, period: BoundedPeriod, today: BoundedPeriod, daily_goal: int
) -> dict[str, Any]:
    """Return the completed sessions of today and of each day of a bounded period.

    One query, and another when today is not in the period.
    """
    days = [
        {
            "date": day["date"],
            "sessions": day["sessions"],
            "met": day["sessions"] >= daily_goal,
        }
        for day in focus_by_day(user_id, period, completed=True)
    ]
    return {
        "dailyGoal": daily_goal,
        "completedToday": _completed(user_id, today, period, days),
        "days": days,
    }


def _completed(
    user_id: str,
    today: BoundedPeriod,
    period: BoundedPeriod,
    days: list[dict[str, Any]],
) -> int:
    (date_today,) = today.days()
    if period.start <= today.start and today.end <= period.end:
        return next(day["sessions"] for day in days if day["date"] == date_today)
    (day,) = focus_by_day(user_id, today, completed=True)
    return day["sessions"]


@cached_by_version
def streaks(user_id: str, today: BoundedPeriod) -> dict[str, int | date | None]:
    """Return the current and the longest run of days with a completed focus session.

    Today does not break a run before it is over. Days are local to the zone of the
    period. One query.
    """
    found = focus_streaks(user_id, Period(None, today.end, today.zone, today.day_start))
    yesterday = local_day(today.start - TICK, today.zone, today.day_start)
    goes_on = found.last_day is not None and found.last_day >= yesterday
    return {
        "current": found.latest if goes_on else 0,
        "longest": found.longest,
        "lastActiveDay": found.last_day,
    }
