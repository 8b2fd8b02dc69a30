"""Badges: what a person has earned by completed focus sessions, and keeps.

Days and hours are those that the clocks of the person's time zone show when a session
starts: before 08:00 is early, from 22:00 on, until midnight, is late.

A badge that was earned stays, also when its sessions are edited or deleted or the
person moves to another zone: it is an achievement, not a count. So badges are no
function of the rows, but what the rows earn is always among them: every change by which
rows could earn one looks at them in its own transaction, with the user's row locked.
These are a new session, an edit and another time zone. `recount` therefore only adds,
and finds nothing to add where nothing went wrong. A fresh start takes all away.

They are listed in the order in which they were earned; of those that one change earned,
in the order below. Names from elsewhere, as an imported database may have, stay too.

Nearly every new session earns nothing. `Outlook` tells from the caller's own row what a
session might earn; where that depends on nothing but its day, the statement that
inserts it finds out by itself (see `pomodoro.documents`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import BooleanField, Func

from accounts.models import User
from focusmaster.dates.periods import (
    DAY_LENGTH,
    Period,
    local_bounds,
    local_day,
    local_midnight,
    zone_named,
)
from focusmaster.dates.utc_offsets import LocalDay, LocalHour, offset_table
from focusmaster.db.json_rows import Text
from focusmaster.db.statements import Param, Statement, select_statement
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

EARLY_BEFORE = 8  # o'clock
LATE_FROM = 22
TEN_A_DAY = 10
WEEK, MONTH = 7, 30  # days in a row
SECONDS_OF_HUNDRED_HOURS = 360_000


class SessionStats(NamedTuple):
    """What badges are given for: completed focus sessions of one person."""

    sessions: int
    seconds: int
    most_in_a_day: int
    days_in_a_row: int
    early: int
    late: int

    def badges(self) -> list[str]:
        return [
            name
            for name, (what, least) in BADGES.items()
            if getattr(self, what) >= least
        ]


# What of the tally has to reach how much.
BADGES = {
    "first-focus": ("sessions", 1),
    "ten-a-day": ("most_in_a_day", TEN_A_DAY),
    "week-streak": ("days_in_a_row", WEEK),
    "month-streak": ("days_in_a_row", MONTH),
    "hundred-hours": ("seconds", SECONDS_OF_HUNDRED_HOURS),
    "early-bird": ("early", 10),
    "night-owl": ("late", 10),
}
STREAKS = {"week-streak", "month-streak"}

# A streak that a day belongs to is not longer to either side than that, with a day to
# spare for one that the zone skipped.
DAYS_AROUND = timedelta(days=MONTH + 1)

# What an edit must set for the rows to earn more than before.
EARNING = {"type", "started_at", "duration", "completed"}


def is_counted(session: PomodoroSession) -> bool:
    return session.completed and session.type == PomodoroSession.Type.FOCUS


def may_earn(given: Mapping[str, Any]) -> bool:
    """Tell whether a session that gets these values may earn what it did not before."""
    return (
        not EARNING.isdisjoint(given)
        and given.get("completed", True)
        and given.get("type", PomodoroSession.Type.FOCUS) == PomodoroSession.Type.FOCUS
    )


@dataclass(frozen=True)
class Outlook:
    """What a person might earn by one more counted session."""

    missing: AbstractSet[str]
    zone: ZoneInfo
    day: date
    # It may be the one that a badge over the whole history is waiting for.
    needs_history: bool

    @classmethod
    def of(cls, user: User, session: PomodoroSession) -> Outlook:
        """Look at the row of the user as it is before the session; no query."""
        zone = zone_named(user.timezone)
        missing = BADGES.keys() - set(user.badges)
        hour = session.started_at.astimezone(zone).hour
        seconds = user.focus_seconds + session.duration  # Also of what was broken off.
        needs_history = (
            ("early-bird" in missing and hour < EARLY_BEFORE)
            or ("night-owl" in missing and hour >= LATE_FROM)
            or ("hundred-hours" in missing and seconds >= SECONDS_OF_HUNDRED_HOURS)
        )
        day = local_day(session.started_at, zone)
        return cls(missing, zone, day, needs_history)

    @property
    def is_open(self) -> bool:
        """Whether more than the number of sessions that day decides."""
        return self.needs_history or "first-focus" in self.missing

    def uneventful(self) -> dict[str, Any]:
        """Say how many counted sessions the day must hold for one more to earn nothing.

        At least `least`: a streak becomes longer only by the first of a day. And not
        `tenth`, when ten are a badge. More than `limit` need not be counted.
        """
        least = 0 if STREAKS.isdisjoint(self.missing) else 1
        tenth = TEN_A_DAY - 1 if "ten-a-day" in self.missing else -1
        begins, ends = local_bounds(self.day, self.zone)
        return {
            "least": least,
            "tenth": tenth,
            "limit": max(least, tenth),
            "day_begins": begins,
            "day_ends": ends,
        }

    def period(self) -> Period:
        """Return the sessions to look at: all, or those that make up the streaks."""
        if self.needs_history:
            return Period(None, None, self.zone)
        first, end = self.day - DAYS_AROUND, self.day + DAYS_AROUND + DAY_LENGTH
        return Period(
            local_midnight(first, self.zone), local_midnight(end, self.zone), self.zone
        )


def lock_user(user_id: str) -> User | None:
    """Take the user's turn; return what their badges depend on. In a transaction."""
    users = User.objects.select_for_update(no_key=True)
    columns = users.only("badges", "timezone", "focus_seconds")
    return columns.filter(pk=user_id).first()


def award(user: User, period: Period | None = None) -> None:
    """Give a user, whose row is locked, what the sessions of a period earn.

    Of all time without one. One query, and another when there is something to give.
    """
    for _, badges in unearned_by([user], period):
        give(user, badges)


def award_after_move(user: User) -> None:
    """Give what the sessions earn by the clocks of another time zone.

    In the transaction that has changed the zone, and so locked the user's row.
    """
    if locked := lock_user(user.pk):
        award(locked)


def award_all(users: Iterable[User]) -> None:
    """Give users, whose rows are locked, what all of their sessions earn."""
    for user, badges in unearned_by(users):
        give(user, badges)


def give(user: User, badges: list[str]) -> None:
    User.objects.filter(pk=user.pk).update(badges=[*user.badges, *badges])


def unearned_by(
    users: Iterable[User], period: Period | None = None
) -> Iterator[tuple[User, list[str]]]:
    """Yield users with the badges that they have earned in a period and lack.

    Without a period, of all time. One query for each time zone among the users.
    """
    by_zone = defaultdict(list)
    for user in users:
        if not BADGES.keys() <= set(user.badges):
            by_zone[user.timezone].append(user)
    for zone, people in by_zone.items():
        within = period or Period(None, None, zone_named(zone))
        found = earned([user.pk for user in people], within)
        for user in people:
            new = [name for name in found.get(user.pk, ()) if name not in user.badges]
            if new:
                yield user, new


def earned(user_ids: Iterable[str], period: Period) -> dict[str, list[str]]:
    """Return what the sessions of a period earn, by user; one query.

    A user who has no counted session is left out.
    """
    clock = offset_table(period)
    lookups = period.lookups("started_at")
    users = [f"\\x{user_id}" for user_id in user_ids]
    values = lookups | clock.values() | {"skipped": clock.skipped, "users": users}
    rows = _tallies(tuple(lookups)).rows(values)
    return {user_id: SessionStats(*numbers).badges() for user_id, *numbers in rows}


# Days in a row keep their distance from their rank; see `pomodoro.totals`.
TALLIES = """
WITH counted AS (
    {counted}
), days AS (
    SELECT user_id, day, count(*) AS sessions, sum(duration) AS seconds,
        count(*) FILTER (WHERE hour < {early}) AS early,
        count(*) FILTER (WHERE hour >= {late}) AS late
    FROM counted GROUP BY user_id, day
), numbered AS (
    SELECT *, day - width_bucket(day::float8, %s::float8[])
        - row_number() OVER (PARTITION BY user_id ORDER BY day) AS run
    FROM days
), runs AS (
    SELECT user_id, sum(sessions) AS sessions, sum(seconds) AS seconds,
        max(sessions) AS most, count(*) AS length, sum(early) AS early,
        sum(late) AS late
    FROM numbered GROUP BY user_id, run
)
SELECT encode(user_id, 'hex'), sum(sessions)::bigint, sum(seconds)::bigint, max(most),
    max(length), sum(early)::bigint, sum(late)::bigint
FROM runs GROUP BY user_id
"""


@cache
def _tallies(lookups: tuple[str, ...]) -> Statement:
    of_users = Func(
        "user_id",
        Param("users"),
        arg_joiner=" = ANY(",
        template="%(expressions)s::bytea[])",
        output_field=BooleanField(),
    )
    # The type is written into the SQL, for the index that has focus sessions alone.
    counted = PomodoroSession.objects.filter(
        of_users, type=Text(PomodoroSession.Type.FOCUS), completed=True
    ).filter(**{name: Param(name) for name in lookups})
    rows = counted.order_by().annotate(
        day=LocalDay("started_at"), hour=LocalHour("started_at")
    )
    inner = select_statement(rows.values("user_id", "day", "hour", "duration"))
    sql = TALLIES.format(counted=inner.sql, early=EARLY_BEFORE, late=LATE_FROM)
    return Statement(sql, (*inner.params, Param("skipped")))
