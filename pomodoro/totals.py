"""Sums of focus sessions: in total, and by day, hour, mood and task.

Durations are in seconds. Days and hours are those of the period's time zone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, F, Sum

from focusmaster.dates.utc_offsets import LocalDay, LocalHour, offset_table
from focusmaster.db.fields import ObjectIdField
from focusmaster.db.prepared_queries import PreparedQuery
from kanban.models import Task
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from accounts.models import User
    from focusmaster.dates.periods import BoundedPeriod, Period
    from pomodoro.models import PomodoroSessionQuerySet

SECONDS = Sum("duration")
NUMBER = Count("*")


class Streaks(NamedTuple):
    """Runs of local days with a completed focus session; None for no such day."""

    longest: int
    latest: int | None
    last_day: date | None


def focus_totals(user: User, period: Period, **more: Any) -> dict[str, int]:
    """Return the seconds and the number of focus sessions in a period.

    `more` lookups keep some of them. One query; none for all time, because the user's
    progress has these totals.
    """
    lookups = period.lookups("started_at") | more
    if lookups:
        sessions = _focus(user.pk, period).filter(**more)
        totals = sessions.aggregate(time=SECONDS, count=NUMBER)
        time, count = totals["time"] or 0, totals["count"]
    else:
        time, count = user.progress.focus_seconds, user.progress.focus_count
    return {"totalFocusTime": time, "totalSessions": count}


def focus_by_day(
    user_id: str, period: BoundedPeriod, *, completed: bool | None = None
) -> list[dict[str, Any]]:
    """Return date, seconds and number for each day of a bounded period; one query.

    Oldest first; days without a session are there with zeros. `completed` keeps the
    sessions that were completed, or that were not.
    """
    days = _days(period)
    table = offset_table(period)
    rows = _by_day(
        user_id=user_id,
        day_shifts=table.day_shifts,
        day_changes=table.day_changes,
        start=period.start,
        end=period.end,
        completed=completed,
    )
    found = {day: totals for day, *totals in rows}
    totals = (found.get(day.toordinal(), (0, 0)) for day in days)
    return [
        {"date": day, "focusTime": time, "sessions": count}
        for day, (time, count) in zip(days, totals, strict=True)
    ]


def focus_by_hour(user_id: str, period: Period) -> list[dict[str, int]]:
    """Return seconds and number for each of the 24 local hours; one query.

    The hour that comes twice when clocks go back is one.
    """
    table = offset_table(period)
    hour = LocalHour("started_at", table.shifts, table.changes)
    rows = _focus(user_id, period).annotate(hour=hour).values_list("hour")
    rows = rows.annotate(seconds=SECONDS, number=NUMBER)
    found = {hour: totals for hour, *totals in rows}
    totals = (found.get(hour, (0, 0)) for hour in range(24))
    return [
        {"hour": hour, "focusTime": time, "sessions": count}
        for hour, (time, count) in enumerate(totals)
    ]


def focus_by_mood(user_id: str, period: Period) -> list[dict[str, Any]]:
    """Return seconds and number for each mood, and for none; one query.

    Most time first; moods without a session are left out.
    """
    moods = _focus(user_id, period).values_list("mood")
    moods = moods.annotate(seconds=SECONDS, number=NUMBER)
    moods = moods.order_by("-seconds", "-number", F("mood").asc(nulls_last=True))
    return [
        {"mood": mood, "focusTime": time, "sessions": count}
        for mood, time, count in moods
    ]


def focus_by_task(user_id: str, period: Period) -> list[dict[str, Any]]:
    """Return seconds and number for each task with a session, and for none; 2 queries.

    Most time first. Each has the task's estimated and completed Pomodoros.
    """
    rows = _focus(user_id, period).values_list("task_id")
    rows = rows.annotate(seconds=SECONDS, number=NUMBER)
    rows = rows.order_by("-seconds", "-number", F("task_id").asc(nulls_last=True))
    columns = ("title", "estimated_pomodoros", "completed_pomodoros")
    tasks = Task.objects.owned_by(user_id).values_list("pk", *columns)
    known = {pk: columns for pk, *columns in tasks}
    return [_task_share(pk, known.get(pk), time, count) for pk, time, count in rows]


def _task_share(
    pk: str | None, task: list[Any] | None, time: int, count: int
) -> dict[str, Any]:
    title, estimated, completed = task or (None, None, None)
    return {
        "task": {"_id": pk, "title": title} if task else None,
        "focusTime": time,
        "sessions": count,
        "estimated": estimated,
        "completed": completed,
    }


def focus_streaks(user_id: str, period: Period) -> Streaks:
    """Return the runs of local days with a completed session; one query."""
    table = offset_table(period)
    day = LocalDay("started_at", table.day_shifts, table.day_changes)
    days = _focus(user_id, period).filter(completed=True).annotate(day=day)
    ordinals = days.values_list("day", flat=True).distinct().order_by("day")
    runs = runs_of_days(ordinals, table.skipped)
    if not runs:
        return Streaks(0, None, None)
    length, last = runs[-1]
    return Streaks(max(runs)[0], length, date.fromordinal(last))


def runs_of_days(
    ordinals: Iterable[int], skipped: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Return the length and the last day of each run of ascending days.

    A day that the zone skipped breaks no run.
    """
    runs: list[tuple[int, int]] = []
    next_number = None
    for day in ordinals:
        # Days are numbered without those that the zone skipped.
        number = day - bisect_left(skipped, day)
        if number == next_number:
            runs[-1] = (runs[-1][0] + 1, day)
        else:
            runs.append((1, day))
        next_number = number + 1
    return runs


def _focus(user_id: str, period: Period) -> PomodoroSessionQuerySet:
    mine = PomodoroSession.objects.owned_by(user_id).focus().order_by()
    return mine.filter(**period.lookups("started_at"))


@lru_cache(maxsize=256)
def _days(period: BoundedPeriod) -> list[date]:
    """Return a period's days, cached: people of a zone ask for the same periods."""
    return period.days()


@PreparedQuery.of(user_id=ObjectIdField())
def _by_day(user_id, day_shifts, day_changes, start, end, completed=None):
    sessions = PomodoroSession.objects.owned_by(user_id).focus().order_by()
    sessions = sessions.filter(started_at__gte=start, started_at__lt=end)
    if completed is not None:
        sessions = sessions.filter(completed=completed)
    days = sessions.annotate(day=LocalDay("started_at", day_shifts, day_changes))
    return days.values_list("day").annotate(seconds=SECONDS, number=NUMBER)
