"""How the service is used, in numbers for staff: today, and day by day."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from accounts.models import User
from focusmaster.periods import DAY_LENGTH, last_days, local_midnight
from moderation.models import DailyUse, ErrorOccurrence
from moderation.models.usage import LATE, Span, Use
from moderation.people import count
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

log = logging.getLogger("focusmaster.usage")

DAYS = 30
RECENT = timedelta(hours=24)
# Below, a day is as quickly counted as looked up, and then always right.
MANY = 1000
# From so many on, to count a day that is not over takes longer than staff should wait:
# they see what was counted last, and once that is a minute old it is counted anew
# meanwhile, for the next look.
BUSY = 50_000
FRESH = timedelta(minutes=1)

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

# Held while a thread counts.
_counting = Lock()

# By the clock of the system, which no correction of the time moves.
_started = time.monotonic()


def kpis(zone: ZoneInfo, *, at: datetime | None = None) -> dict[str, int]:
    """Return the numbers that matter first; today is that of the zone.

    The totals are exact up to some ten thousand, and PostgreSQL's estimates beyond.
    """
    now = at or timezone.now()
    today = last_days(1, zone, at=now)
    known = DailyUse.objects.of([(today.start, today.end)])
    recent = ErrorOccurrence.objects.filter(created_at__gt=now - RECENT)
    return {
        "totalUsers": count(User.objects.all()),
        "totalSessions": count(PomodoroSession.objects.all()),
        "activeToday": (
            known.popitem()[1].active if known else active_in(today.start, today.end)
        ),
        "recentErrors": recent.count(),
    }


def active_in(start: datetime, end: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, [start, start, end])
        return cursor.fetchone()[0]


def traffic(zone: ZoneInfo, *, at: datetime | None = None) -> list[dict[str, Any]]:
    """Return the sessions of each of the last days, and how many people had them.

    What a day long past had is kept, and not counted again; what a busy day has that
    is not over is as of a while ago.
    """
    now = at or timezone.now()
    days = last_days(DAYS, zone, at=now).days()
    spans = [
        (local_midnight(day, zone), local_midnight(day + DAY_LENGTH, zone))
        for day in days
    ]
    known = DailyUse.objects.of(spans)
    found: dict[Span, DailyUse | Use] = dict(known)
    found |= recount([span for span in spans if span not in known], at=now)
    old = [
        span
        for span, use in known.items()
        if not use.is_final() and use.counted_at < now - FRESH
    ]
    if old and _counting.acquire(blocking=False):
        Thread(target=_recount, args=[old, now], daemon=True).start()
    return [
        {"date": day.isoformat(), "sessions": use.sessions, "visitors": use.visitors}
        for day, span in zip(days, spans, strict=True)
        for use in [found[span]]
    ]


def _recount(spans: list[Span], at: datetime) -> None:
    try:
        recount(spans, at=at)
    except DatabaseError:
        log.exception("The use of busy days was not counted")
    finally:
        connections.close_all()
        _counting.release()


def recount(spans: list[Span], *, at: datetime) -> dict[Span, Use]:
    """Count these days, and keep those for which that is worth it."""
    uses = {}
    for (start, end), (sessions, visitors) in counts(spans).items():
        is_today = start <= at < end and sessions >= BUSY
        active = active_in(start, end) if is_today else visitors
        uses[start, end] = Use(sessions, visitors, active)
    over = at - LATE
    kept = {
        span: use
        for span, use in uses.items()
        if use.sessions >= (MANY if span[1] <= over else BUSY)
    }
    DailyUse.objects.keep(kept, at=at)
    return uses


def counts(spans: list[Span]) -> dict[Span, tuple[int, int]]:
    """Count the sessions that begin in each span, and whose they are."""
    if not spans:
        return {}
    with connection.cursor() as cursor:
        starts, ends = [one[0] for one in spans], [one[1] for one in spans]
        cursor.execute(TRAFFIC, [starts, ends])
        found = {number: tuple(use) for number, *use in cursor.fetchall()}
    return {span: found.get(n, (0, 0)) for n, span in enumerate(spans, start=1)}


def uptime() -> int:
    """Return for how many seconds this worker has been up."""
    return int(time.monotonic() - _started)
