"""How the service is used, in numbers for staff: today, and day by day."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from focusmaster.periods import DAY_LENGTH, last_days, local_midnight
from moderation.models import DailyUse, ErrorOccurrence
from moderation.people import count
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from focusmaster.periods import Period

DAYS = 30
RECENT = timedelta(hours=24)
# How long after its end sessions of a day still come in, from devices without network.
LATE = timedelta(hours=24)
# Below, a day is as quickly counted as looked up, and then always right.
MANY = 1000

# By person first: to count the distinct ones would sort all sessions.
TRAFFIC = """
SELECT day.number, sum(of_person.sessions)::bigint, count(*)
FROM unnest(%s::timestamptz[], %s::timestamptz[])
    WITH ORDINALITY AS day (starts_at, ends_at, number),
LATERAL (
    SELECT user_id, count(*) AS sessions FROM pomodoro_pomodorosession
    WHERE started_at >= day.starts_at AND started_at < day.ends_at
    GROUP BY user_id
) AS of_person
GROUP BY day.number
"""

# Who used a sign-in or began a session since.
ACTIVE = """
SELECT count(*) FROM (
    SELECT user_id FROM accounts_signin WHERE last_used_at >= %s
    UNION
    SELECT user_id FROM pomodoro_pomodorosession
    WHERE started_at >= %s AND started_at < %s
) AS active
"""

Span = tuple[datetime, datetime]

# By the clock of the system, which no correction of the time moves.
_started = time.monotonic()


def kpis(zone: ZoneInfo, *, at: datetime | None = None) -> dict[str, int]:
    """Return the numbers that matter first; today is that of the zone.

    The totals are exact up to some ten thousand, and PostgreSQL's estimates beyond.
    """
    now = at or timezone.now()
    recent = ErrorOccurrence.objects.filter(created_at__gt=now - RECENT)
    return {
        "totalUsers": count(User.objects.all()),
        "totalSessions": count(PomodoroSession.objects.all()),
        "activeToday": active_in(last_days(1, zone, at=now)),
        "recentErrors": recent.count(),
    }


def active_in(day: Period) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, [day.start, day.start, day.end])
        return cursor.fetchone()[0]


def traffic(zone: ZoneInfo, *, at: datetime | None = None) -> list[dict[str, Any]]:
    """Return the sessions of each of the last days, and how many people had them.

    What a busy day long past had is kept, and not counted again.
    """
    now = at or timezone.now()
    days = last_days(DAYS, zone, at=now).days()
    spans = [
        (local_midnight(day, zone), local_midnight(day + DAY_LENGTH, zone))
        for day in days
    ]
    known = DailyUse.objects.of(spans)
    counted = counts([span for span in spans if span not in known])
    over = now - LATE
    DailyUse.objects.keep(
        {
            span: use
            for span, use in counted.items()
            if span[1] <= over and use[0] >= MANY
        }
    )
    found = known | counted
    return [
        {"date": day.isoformat(), "sessions": sessions, "visitors": visitors}
        for day, span in zip(days, spans, strict=True)
        for sessions, visitors in [found[span]]
    ]


def counts(spans: list[Span]) -> dict[Span, tuple[int, int]]:
    """Count the sessions that begin in each span, and whose they are."""
    with connection.cursor() as cursor:
        starts, ends = [one[0] for one in spans], [one[1] for one in spans]
        cursor.execute(TRAFFIC, [starts, ends])
        found = {number: tuple(use) for number, *use in cursor.fetchall()}
    return {span: found.get(n, (0, 0)) for n, span in enumerate(spans, start=1)}


def uptime() -> int:
    """Return for how many seconds this worker has been up."""
    return int(time.monotonic() - _started)
