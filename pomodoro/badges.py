"""Badges: earned by completed focus sessions, and kept.

Days and hours are local to the person's time zone and those of a session's start; a day
begins at the person's `day_start`. Before 08:00 is early, from 22:00 is late.

Badges are awarded when somebody looks at them: before a profile, an export or a staff
page shows them (`award`, as `before_shown` in `personal_data`), and by `recount`. A
badge that was shown is kept, also when its sessions are edited or deleted or the person
moves to another zone or start of the day. A fresh start takes all away.

They are listed in the order in which they were earned; of those that are awarded
together, in the order below. Names from elsewhere, as an imported database may have,
stay too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Q, Sum

from accounts.models import Progress
from focusmaster.dates.periods import Period
from focusmaster.dates.utc_offsets import LocalDay, LocalHour, offset_table
from focusmaster.dates.zones import zone_named
from pomodoro.models import PomodoroSession
from pomodoro.totals import runs_of_days

if TYPE_CHECKING:
    from accounts.models import User

EARLY_BEFORE = 8  # o'clock
LATE_FROM = 22
SECONDS_OF_HUNDRED_HOURS = 360_000


@dataclass
class SessionStats:
    """What badges are given for, of one person's completed focus sessions."""

    sessions: int = 0
    seconds: int = 0
    most_in_a_day: int = 0
    days_in_a_row: int = 0
    early: int = 0
    late: int = 0

    def badges(self) -> list[str]:
        return [
            name
            for name, (what, least) in BADGES.items()
            if getattr(self, what) >= least
        ]


# The field of SessionStats that a badge is given for, and the least value.
BADGES = {
    "first-focus": ("sessions", 1),
    "ten-a-day": ("most_in_a_day", 10),
    "week-streak": ("days_in_a_row", 7),
    "month-streak": ("days_in_a_row", 30),
    "hundred-hours": ("seconds", SECONDS_OF_HUNDRED_HOURS),
    "early-bird": ("early", 10),
    "night-owl": ("late", 10),
}


def award(user: User) -> None:
    """Give a user the badges that the sessions earn and that are missing.

    Does nothing if no session has changed since the last time. Locks the progress, so
    that no session changes meanwhile. Up to 3 queries.
    """
    with transaction.atomic():
        rows = Progress.objects.select_related("user")
        locked = rows.select_for_update(no_key=True, of=["self"])
        progress = locked.filter(pk=user.pk).first()
        if progress is None or not progress.has_unseen_sessions:
            return
        for _, badges in unearned_by([progress.user], {user.pk: progress.badges}):
            progress.badges += badges
        progress.badges_version = progress.version
        progress.save(update_fields=["badges", "badges_version"])


def look_again(user: User) -> None:
    """Have `award` look at all sessions again, by other days; one query."""
    Progress.objects.filter(pk=user.pk).update(badges_version=0)


def unearned_by(
    users: Iterable[User], badges: dict[str, list[str]]
) -> Iterator[tuple[User, list[str]]]:
    """Yield each user who lacks earned badges, with these.

    `badges` holds, by id, those that a user has. One query for each zone and start
    of the day.
    """
    by_day = defaultdict(list)
    for user in users:
        if not BADGES.keys() <= set(badges[user.pk]):
            by_day[user.timezone, user.day_start].append(user)
    for (zone, day_start), people in by_day.items():
        stats = session_stats([user.pk for user in people], zone, day_start)
        for user in people:
            earned = stats[user.pk].badges() if user.pk in stats else []
            if new := [name for name in earned if name not in badges[user.pk]]:
                yield user, new


def session_stats(
    user_ids: Iterable[str], zone: str, day_start: int
) -> dict[str, SessionStats]:
    """Return the stats of all time by user id, with days and hours of a zone.

    A user without a completed focus session is left out. One query.
    """
    table = offset_table(Period(None, None, zone_named(zone), day_start))
    day = LocalDay("started_at", table.day_shifts, table.day_changes)
    hour = LocalHour("started_at", table.shifts, table.changes)
    sessions = PomodoroSession.objects.focus().filter(user__in=user_ids, completed=True)
    days = sessions.annotate(day=day, hour=hour).values_list("user_id", "day")
    days = days.annotate(
        number=Count("*"),
        seconds=Sum("duration"),
        early=Count("pk", filter=Q(hour__lt=EARLY_BEFORE)),
        late=Count("pk", filter=Q(hour__gte=LATE_FROM)),
    ).order_by("user_id", "day")
    found: dict[str, SessionStats] = defaultdict(SessionStats)
    ordinals = defaultdict(list)
    for user_id, day, number, seconds, early, late in days:
        stats = found[user_id]
        stats.sessions += number
        stats.seconds += seconds
        stats.most_in_a_day = max(stats.most_in_a_day, number)
        stats.early += early
        stats.late += late
        ordinals[user_id].append(day)
    for user_id, stats in found.items():
        stats.days_in_a_row = max(runs_of_days(ordinals[user_id], table.skipped))[0]
    return found
