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
from focusmaster.db.statement_timeout import StatementTimeout, statement_timeout
from moderation.models import DailyUse, ErrorOccurrence
from moderation.models.traffic import LATE, Span, Use
from moderation.people_search import count
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
counting = Lock()

# By the clock of the system, which no correction of the time moves.
_started = time.monotonic()


class Traffic(NamedTuple):
    """The use of the last days, oldest first, the last of them today.

    A day has `date`, `sessions` and `visitors`. Without numbers it is being counted,
    and without `active` so are today's people.
    """

    days: list[dict[str, Any]]
    active: int | None
    # When the oldest number that may have changed since was counted.
    as_of: datetime | None


def kpis(use: Traffic, *, at: datetime | None = None) -> dict[str, int | None]:
    """Return the numbers that matter first.

    The totals are exact up to some ten thousand, and PostgreSQL's estimates beyond.
    """
    now = at or timezone.now()
    recent = ErrorOccurrence.objects.filter(created_at__gt=now - RECENT)
    return {
        "totalUsers": count(User.objects.all()),
        "totalSessions": count(PomodoroSession.objects.all()),
        "activeToday": use.active,
        "recentErrors": recent.count(),
    }


def active_in(start: datetime, end: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, [start, start, end])
        return cursor.fetchone()[0]


def traffic(
    zone: ZoneInfo, *, at: datetime | None = None, limit: timedelta | None = None
) -> Traffic:
    """Return the sessions of each of the last days, and how many people had them.

    What a day long past had is kept, and not counted again; what a busy day has that
    is not over is as of a while ago. What nobody has counted yet is counted now; where
    that takes longer than the limit, it is gone on with after the answer.
    """
    now = at or timezone.now()
    days = days_until(now, zone)
    kept = DailyUse.objects.of([*days.values()])
    # A quiet day is kept only where it took long to count; that may be over.
    settled = {
        span for span, use in kept.items() if use.is_final() or use.sessions >= BUSY
    }
    missing = [span for span in days.values() if span not in settled]
    found: dict[Span, Use] = {}
    if missing:
        with (
            suppress(StatementTimeout),
            statement_timeout(limit) if limit else nullcontext(),
        ):
            found = recount(missing, at=now)
    changing = {
        span: use
        for span, use in kept.items()
        if span not in found and not use.is_final()
    }
    late = [span for span in missing if span not in found]
    old = [span for span, use in changing.items() if use.counted_at < now - FRESH]
    count_later({*late, *old}, at=now)
    uses = {day: (kept | found).get(span) for day, span in days.items()}
    *_, today = uses.values()
    return Traffic(
        [
            {
                "date": day.isoformat(),
                "sessions": use and use.sessions,
                "visitors": use and use.visitors,
            }
            for day, use in uses.items()
        ],
        today and today.active,
        min((use.counted_at for use in changing.values()), default=None),
    )


def days_until(now: datetime, zone: ZoneInfo) -> dict[date, Span]:
    """Return the last local days, oldest first, each with its bounds."""
    return {
        day: local_bounds(day, zone) for day in last_days(DAYS, zone, at=now).days()
    }


def count_now(zone: ZoneInfo) -> None:
    """Count the last days, those too that are kept already."""
    now = timezone.now()
    recount([*days_until(now, zone).values()], at=now)


def count_later(spans: Iterable[Span], *, at: datetime) -> None:
    """Count these days in a thread, newest first, unless one is at it already."""
    newest_first = sorted(spans, reverse=True)
    if not newest_first or not counting.acquire(blocking=False):
        return
    try:
        Thread(target=_recount, args=[newest_first, at], daemon=True).start()
    except RuntimeError:  # The system has no thread for us.
        counting.release()


def _recount(spans: list[Span], at: datetime) -> None:
    """Count these days one after the other; whoever looks sees those that are done."""
    try:
        for span in spans:
            recount([span], at=at, keeps_all=True)
    except DatabaseError:
        log.exception("The use of busy days was not counted")
    finally:
        connections.close_all()
        counting.release()


def recount(
    spans: list[Span], *, at: datetime, keeps_all: bool = False
) -> dict[Span, Use]:
    """Count these days, and keep those for which that is worth it, or all."""
    over, uses, kept = at - LATE, {}, {}
    for span, (sessions, visitors) in counts(spans).items():
        start, end = span
        is_today = start <= at < end
        active = active_in(start, end) if is_today else visitors
        uses[span] = Use(sessions, visitors, active)
        if keeps_all or sessions >= (MANY if end <= over else BUSY):
            kept[span] = uses[span]
    DailyUse.objects.keep(kept, at=at)
    return uses


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
