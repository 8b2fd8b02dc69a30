"""What focus sessions add up to: in total, and by day, hour, mood, task."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import models
from django.db.models import Count, F, Func, Sum

from focusmaster.dates.utc_offsets import LocalDay, LocalHour, offset_table
from focusmaster.db.json_rows import Text
from focusmaster.db.statements import Param, Statement, select_statement
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from accounts.models import User
    from focusmaster.dates.periods import Period
    from pomodoro.models import PomodoroSessionQuerySet


class Streaks(NamedTuple):
    """Runs of local days with a completed focus session; None for no such day."""

    longest: int
    latest: int | None
    last_day: date | None


def focus_totals(*, user: User, period: Period, **more: Any) -> dict[str, int]:
    """Return the seconds and the number of focus sessions in a period.

    `more` lookups keep some of them. Of all time they are known with the user; else
    one query.
    """
    lookups = period.lookups("started_at") | more
    if lookups:
        ((time, count),) = _totals(tuple(lookups)).rows(_values(user.pk, lookups))
    else:
        time, count = user.focus_seconds, user.focus_count
    return {"totalFocusTime": time, "totalSessions": count}


def focus_by_day(user_id: str, period: Period, **more: Any) -> list[dict[str, Any]]:
    """Return date, seconds and number for each day of a bounded period; one query.

    Oldest first; days without a session are there with zeros. `more` lookups keep some
    of the sessions.
    """
    days = _days(period)
    lookups = period.lookups("started_at") | more
    values = _values(user_id, lookups) | offset_table(period).values()
    found = {day: totals for day, *totals in _by_day(tuple(lookups)).rows(values)}
    totals = (found.get(day.toordinal(), (0, 0)) for day in days)
    return [
        {"date": day, "focusTime": time, "sessions": count}
        for day, (time, count) in zip(days, totals, strict=True)
    ]


def focus_by_hour(user_id: str, period: Period) -> list[dict[str, int]]:
    """Return seconds and number for each hour on the wall; one query.

    An hour that came twice, when clocks went back, is one.
    """
    lookups = period.lookups("started_at")
    values = _values(user_id, lookups) | offset_table(period).values()
    found = {hour: totals for hour, *totals in _by_hour(tuple(lookups)).rows(values)}
    totals = (found.get(hour, (0, 0)) for hour in range(24))
    return [
        {"hour": hour, "focusTime": time, "sessions": count}
        for hour, (time, count) in enumerate(totals)
    ]


def focus_by_mood(user_id: str, period: Period) -> list[dict[str, Any]]:
    """Return seconds and number for each mood there is, none included; one query.

    Most time first.
    """
    lookups = period.lookups("started_at")
    rows = _by_mood(tuple(lookups)).rows(_values(user_id, lookups))
    return [
        {"mood": mood, "focusTime": time, "sessions": count}
        for mood, time, count in rows
    ]


def focus_by_task(user_id: str, period: Period) -> list[dict[str, Any]]:
    """Return seconds and number for each task focused on, none included; one query.

    Most time first. Of a task its Pomodoros come along, estimated and completed.
    """
    lookups = period.lookups("started_at")
    rows = _by_task(tuple(lookups)).rows(_values(user_id, lookups))
    return [
        {
            "task": {"_id": task, "title": title} if task else None,
            "focusTime": time,
            "sessions": count,
            "estimated": estimated,
            "completed": completed,
        }
        for task, title, time, count, estimated, completed in rows
    ]


def focus_streaks(user_id: str, period: Period) -> Streaks:
    """Return the longest and the latest run of days in a period; one query.

    A day that never came, because the zone skipped it, breaks no run.
    """
    clock = offset_table(period)
    lookups = period.lookups("started_at") | {"completed": True}
    values = _values(user_id, lookups) | clock.values() | {"skipped": clock.skipped}
    ((longest, latest, last),) = _streaks(tuple(lookups)).rows(values)
    return Streaks(longest, latest, last and date.fromordinal(last))


@lru_cache(maxsize=256)
def _days(period: Period) -> list[date]:
    """Return a period's days. Most people of a zone ask for the same few periods."""
    return period.days()


# Grouped before the tasks are joined, which are few. Their owner is named, who is that
# of the sessions, or all people's tasks might be read to find them.
BY_TASK = """
SELECT encode(task.id, 'hex'), task.title, spent.seconds, spent.number,
    task.estimated_pomodoros, task.completed_pomodoros
FROM ({spent}) AS spent
LEFT JOIN kanban_task AS task ON task.id = spent.task_id AND task.user_id = %s
ORDER BY spent.seconds DESC, spent.number DESC, task.id NULLS LAST
"""
# Days in a row keep their distance from their rank. The days that never came are taken
# out of the numbers first.
STREAKS = """
WITH active AS (
    {days}
), numbered AS (
    SELECT day, day - width_bucket(day::float8, %s::float8[])
        - row_number() OVER (ORDER BY day) AS run
    FROM active
), runs AS (
    SELECT count(*) AS length, max(day) AS last FROM numbered GROUP BY run
)
SELECT coalesce(max(length), 0), (array_agg(length ORDER BY last DESC))[1], max(last)
FROM runs
"""
SECONDS = Sum("duration")
NUMBER = Count("*")


@cache
def _totals(lookups: tuple[str, ...]) -> Statement:
    # Without a GROUP BY, so that no session gives a row of zeros.
    seconds = Func("duration", template="COALESCE(SUM(%(expressions)s), 0)")
    number = Func(template="COUNT(*)", output_field=models.IntegerField())
    return select_statement(_focus(lookups).values_list(seconds, number))


@cache
def _by_day(lookups: tuple[str, ...]) -> Statement:
    days = _focus(lookups).annotate(day=LocalDay("started_at")).values_list("day")
    return select_statement(days.annotate(seconds=SECONDS, number=NUMBER))


@cache
def _by_hour(lookups: tuple[str, ...]) -> Statement:
    hours = _focus(lookups).annotate(hour=LocalHour("started_at")).values_list("hour")
    return select_statement(hours.annotate(seconds=SECONDS, number=NUMBER))


@cache
def _by_mood(lookups: tuple[str, ...]) -> Statement:
    moods = _focus(lookups).values_list("mood")
    moods = moods.annotate(seconds=SECONDS, number=NUMBER)
    return select_statement(
        moods.order_by("-seconds", "-number", F("mood").asc(nulls_last=True))
    )


@cache
def _by_task(lookups: tuple[str, ...]) -> Statement:
    tasks = _focus(lookups).values_list("task_id")
    spent = select_statement(tasks.annotate(seconds=SECONDS, number=NUMBER))
    sql = BY_TASK.format(spent=spent.sql)
    return Statement(sql, (*spent.params, Param("user")))


@cache
def _streaks(lookups: tuple[str, ...]) -> Statement:
    days = _focus(lookups).annotate(day=LocalDay("started_at")).values_list("day")
    active = select_statement(days.distinct())
    params = (*active.params, Param("skipped"))
    return Statement(STREAKS.format(days=active.sql), params)


def _focus(lookups: tuple[str, ...]) -> PomodoroSessionQuerySet:
    # The type is written into the SQL: as a parameter it would keep a plan for any
    # values from the index that has focus sessions alone.
    focus = Text(PomodoroSession.Type.FOCUS)
    mine = PomodoroSession.objects.owned_by(Param("user")).filter(type=focus).order_by()
    return mine.filter(**{name: Param(name) for name in lookups})


def _values(user_id: str, lookups: dict[str, Any]) -> dict[str, Any]:
    return {"user": bytes.fromhex(user_id), **lookups}
