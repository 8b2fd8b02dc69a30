"""How the service is used, in numbers for staff: today, and day by day."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from datetime import date, datetime, timedelta
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from accounts.models import User
from focusmaster.dates.periods import last_days, local_bounds
from focusmaster.db.statement_timeout import (
    StatementTimeout,
    long_statements,
    statement_timeout,
)
from moderation.models import DailyActivity, ErrorOccurrence
from moderation.models.traffic import LATE, Counts, Span
from moderation.people_search import count
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

log = logging.getLogger("focusmaster.usage")

DAYS = 30
RECENT = timedelta(hours=24)
# Sessions of a day. Below, counting a day that is over is as quick as looking it up,
# and always right.
MANY = 1000
# From here on, counting a day that is not over takes longer than staff should wait.
# They see the last counts, and a thread counts again once those are a minute old.
BUSY = 50_000
FRESH = timedelta(minutes=1)

# Grouped by person first: a count of distinct people would sort all sessions.
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

# People who used a sign-in since an instant, or began a session since then.
ACTIVE = """
SELECT count(*) FROM (
    SELECT user_id FROM accounts_signin WHERE last_used_at >= %s
    UNION
    SELECT user_id FROM pomodoro_pomodorosession
    WHERE started_at >= %s AND started_at < %s
) AS active
"""

# Held while a thread counts.
counting = Lock()

# By the monotonic clock, which corrections of the system time do not move.
_started = time.monotonic()


class Traffic(NamedTuple):
    """The activity of the last days, oldest first, the last of them today.

    A day has `date`, `sessions` and `visitors`. They are None while the day is being
    counted, as `active`, today's people, is then.
    """

    days: list[dict[str, Any]]
    active: int | None
    # When the oldest count was taken that may have changed since.
    as_of: datetime | None


def kpis(shown: Traffic, *, at: datetime | None = None) -> dict[str, int | None]:
    """Return the numbers that matter first.

    The totals are exact up to some ten thousand, and PostgreSQL's estimates beyond.
    """
    now = at or timezone.now()
    recent = ErrorOccurrence.objects.filter(created_at__gt=now - RECENT)
    return {
        "totalUsers": count(User.objects.all()),
        "totalSessions": count(PomodoroSession.objects.all()),
        "activeToday": shown.active,
        "recentErrors": recent.count(),
    }


def traffic(
    zone: ZoneInfo, *, at: datetime | None = None, limit: timedelta | None = None
) -> Traffic:
    """Return the activity on each of the last days, which are those of the time zone.

    Counts of a day long past are kept and read. Counts of a busy day that is not over
    are those of up to a minute ago, or older. Other days are counted now; those that
    take longer than the limit, if there is one, are counted in a thread.
    """
    now = at or timezone.now()
    days = days_until(now, zone)
    kept = DailyActivity.objects.of([*days.values()])
    missing = [span for span in days.values() if not is_settled(kept.get(span))]
    found = recount_within(limit, missing, at=now)
    changing = {
        span: row
        for span, row in kept.items()
        if span not in found and not row.is_final()
    }
    late = [span for span in missing if span not in found]
    old = [span for span, row in changing.items() if row.counted_at < now - FRESH]
    count_later({*late, *old}, at=now)
    known = kept | found
    today = known.get([*days.values()][-1])
    return Traffic(
        [row_of(day, known.get(span)) for day, span in days.items()],
        today.active if today else None,
        min((row.counted_at for row in changing.values()), default=None),
    )


def is_settled(row: DailyActivity | None) -> bool:
    """Tell whether a day need not be counted before it is shown.

    A quiet day that is not over has a row only if counting it took long at that time.
    """
    return row is not None and (row.is_final() or row.sessions >= BUSY)


def row_of(day: date, counts: DailyActivity | Counts | None) -> dict[str, Any]:
    return {
        "date": day.isoformat(),
        "sessions": counts.sessions if counts else None,
        "visitors": counts.visitors if counts else None,
    }


def days_until(now: datetime, zone: ZoneInfo) -> dict[date, Span]:
    """Return the last local days, oldest first, each with its bounds."""
    return {
        day: local_bounds(day, zone) for day in last_days(DAYS, zone, at=now).days()
    }


def count_now(zone: ZoneInfo) -> None:
    """Count the last days, also those that are kept."""
    now = timezone.now()
    recount([*days_until(now, zone).values()], at=now)


def count_later(spans: Iterable[Span], *, at: datetime) -> None:
    """Count these days in a thread, newest first, unless a thread is counting."""
    newest_first = sorted(spans, reverse=True)
    if not newest_first or not counting.acquire(blocking=False):
        return
    try:
        Thread(target=_recount, args=[newest_first, at], daemon=True).start()
    except RuntimeError:  # The system cannot start another thread.
        counting.release()


def _recount(spans: list[Span], at: datetime) -> None:
    """Count these days one by one, so that each is shown as soon as it is counted."""
    try:
        with long_statements():
            for span in spans:
                recount([span], at=at, keeps_all=True)
    except DatabaseError:
        log.exception("The use of busy days was not counted")
    finally:
        connections.close_all()
        counting.release()


def recount_within(
    limit: timedelta | None, spans: list[Span], *, at: datetime
) -> dict[Span, Counts]:
    """Count these days; return nothing if a statement takes longer than the limit."""
    if not spans:
        return {}
    limited = statement_timeout(limit) if limit else nullcontext()
    with suppress(StatementTimeout), limited:
        return recount(spans, at=at)
    return {}


def recount(
    spans: list[Span], *, at: datetime, keeps_all: bool = False
) -> dict[Span, Counts]:
    """Count these days; keep the counts of days with many sessions, or of all."""
    over, found, kept = at - LATE, {}, {}
    for span, (sessions, visitors) in counts(spans).items():
        start, end = span
        is_today = start <= at < end
        active = active_in(start, end) if is_today else visitors
        found[span] = Counts(sessions, visitors, active)
        if keeps_all or sessions >= (MANY if end <= over else BUSY):
            kept[span] = found[span]
    DailyActivity.objects.keep(kept, at=at)
    return found


def counts(spans: list[Span]) -> dict[Span, tuple[int, int]]:
    """Return the sessions that begin in each span, and the people who have them."""
    with connection.cursor() as cursor:
        starts, ends = [one[0] for one in spans], [one[1] for one in spans]
        cursor.execute(TRAFFIC, [starts, ends])
        found = {number: tuple(row) for number, *row in cursor.fetchall()}
    return {span: found.get(n, (0, 0)) for n, span in enumerate(spans, start=1)}


def active_in(start: datetime, end: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, [start, start, end])
        return cursor.fetchone()[0]


def uptime() -> int:
    """Return for how many seconds this worker has been up."""
    return int(time.monotonic() - _started)
