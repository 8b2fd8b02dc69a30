"""How the service is used, in numbers for staff: today, and day by day."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from accounts.models import User
from focusmaster.periods import DAY_LENGTH, last_days, local_midnight
from focusmaster.postgresql.patience import TookTooLong, patience
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


class Traffic(NamedTuple):
    """The use of the last days, oldest first, the last of them today.

    A day has `date`, `sessions` and `visitors`; without numbers, it is being counted.
    """

    days: list[dict[str, Any]]
    # When those numbers were counted that may have changed since, if there are any.
    as_of: datetime | None

    @property
    def is_whole(self) -> bool:
        return all(day["sessions"] is not None for day in self.days)


def kpis(
    zone: ZoneInfo, *, at: datetime | None = None, counts_active: bool = True
) -> dict[str, int | None]:
    """Return the numbers that matter first; today is that of the zone.

    The totals are exact up to some ten thousand, and PostgreSQL's estimates beyond.
    Who is active today is None where that would have to be counted and shall not be.
    """
    now = at or timezone.now()
    today = last_days(1, zone, at=now)
    known = DailyUse.objects.of([(today.start, today.end)])
    recent = ErrorOccurrence.objects.filter(created_at__gt=now - RECENT)
    active = None
    if known:
        active = known.popitem()[1].active
    elif counts_active:
        active = active_in(today.start, today.end)
    return {
        "totalUsers": count(User.objects.all()),
        "totalSessions": count(PomodoroSession.objects.all()),
        "activeToday": active,
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
    days = last_days(DAYS, zone, at=now).days()
    spans = [
        (local_midnight(day, zone), local_midnight(day + DAY_LENGTH, zone))
        for day in days
    ]
    known = DailyUse.objects.of(spans)
    missing = [span for span in spans if span not in known]
    found = known | _found(missing, at=now, limit=limit)
    changing = {span: use for span, use in known.items() if not use.is_final()}
    as_of = min((use.counted_at for use in changing.values()), default=None)
    old = [span for span, use in changing.items() if use.counted_at < now - FRESH]
    uncounted = [span for span in missing if span not in found]
    if (old or uncounted) and _counting.acquire(blocking=False):
        newest_first = sorted([*old, *uncounted], reverse=True)
        Thread(target=_recount, args=[newest_first, now], daemon=True).start()
    nothing = Use(None, None, None)
    return Traffic(
        [
            {
                "date": day.isoformat(),
                "sessions": use.sessions,
                "visitors": use.visitors,
            }
            for day, span in zip(days, spans, strict=True)
            for use in [found.get(span, nothing)]
        ],
        as_of,
    )


def _found(
    spans: list[Span], *, at: datetime, limit: timedelta | None
) -> dict[Span, Use]:
    """Count these days, or none of them if that takes too long."""
    if limit is None:
        return recount(spans, at=at)
    if _counting.locked():  # Because it took too long a moment ago.
        return {}
    try:
        with patience(limit):
            return recount(spans, at=at)
    except TookTooLong:
        return {}


def _recount(spans: list[Span], at: datetime) -> None:
    """Count these days one after the other; whoever looks sees those that are done."""
    try:
        for span in spans:
            recount([span], at=at, keeps_all=True)
    except DatabaseError:
        log.exception("The use of busy days was not counted")
    finally:
        connections.close_all()
        _counting.release()


def recount(
    spans: list[Span], *, at: datetime, keeps_all: bool = False
) -> dict[Span, Use]:
    """Count these days, and keep those for which that is worth it, or all."""
    over, uses, kept = at - LATE, {}, {}
    for span, (sessions, visitors) in counts(spans).items():
        start, end = span
        is_kept = keeps_all or sessions >= (MANY if end <= over else BUSY)
        is_today = start <= at < end
        active = active_in(start, end) if is_kept and is_today else visitors
        uses[span] = Use(sessions, visitors, active)
        if is_kept:
            kept[span] = uses[span]
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
