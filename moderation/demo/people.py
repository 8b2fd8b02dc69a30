"""Demo people: where they live, how they work, what they set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import User
from focusmaster.db.fields import new_object_id
from moderation.demo.vocabulary import FIRST_NAMES, LAST_NAMES, TRADES, Subject

ZONES = (
    "America/Chicago",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Lagos",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Madrid",
    "UTC",
)
# Where weeks commonly begin on Sunday.
SUNDAY_ZONES = {zone for zone in ZONES if zone.startswith("America/")} | {"Asia/Tokyo"}

# Local hours at which a day begins: for early birds, for most, for night owls.
STARTS = (6.5, 8, 8.5, 9, 9, 9.5, 10, 13, 17)

# What a new person takes to fill the board before the first session.
FIRST_MINUTES = 10

# Of focus on an ordinary day.
MAX_FOCUS_MINUTES = 330
# Focus sessions on the hardest day.
MAX_BLOCKS = 14

ONE_DAY = timedelta(days=1)


class Timer(NamedTuple):
    """The settings of the timer: minutes, and focus sessions up to a long break."""

    focus: int
    short_break: int
    long_break: int
    interval: int


# The classic one is what most people stay with.
TIMERS = (*[Timer(25, 5, 15, 4)] * 7, Timer(20, 5, 15, 3), Timer(30, 5, 20, 4))
LONG_TIMERS = (Timer(45, 10, 20, 3), Timer(50, 10, 30, 2))


@dataclass(frozen=True, slots=True)
class Person:
    """One demo person. All chance in their life comes from `random`."""

    random: Random
    id: str
    name: str
    email: str
    # Encoded, as the database keeps it.
    password: str
    created_at: datetime
    zone: ZoneInfo
    timer: Timer
    theme: str
    has_sound: bool
    joined_on: date
    # Hours after local midnight.
    day_starts: float
    # Focus sessions on an ordinary day.
    pace: float
    # The chance that they work on a day of a weekend.
    weekends: float
    # The chance that they pick a mood after a focus session.
    openness: float
    subjects: tuple[Subject, ...]

    @classmethod
    def made(
        cls, *, random: Random, email: str, password: str, days: int, at: datetime
    ) -> Person:
        """Make up a person who joined at most `days` local days before `at`."""
        zone = ZoneInfo(random.choice(ZONES))
        timer = random.choice(LONG_TIMERS if random.random() < 0.1 else TIMERS)
        pace = min(random.uniform(9, 13), MAX_FOCUS_MINUTES / timer.focus)
        day_starts = random.choice(STARTS)
        # Most were there from the first day on; the others came later.
        missed = 0 if random.random() < 0.85 else random.randrange(days)
        joined_on = at.astimezone(zone).date() - ONE_DAY * (days - 1 - missed)
        first_morning = local_instant(joined_on, day_starts, zone)
        created_at = min(first_morning, at)
        created_at -= timedelta(minutes=random.uniform(FIRST_MINUTES, 40))
        return cls(
            random=random,
            id=new_object_id(created_at),
            name=f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}",
            email=email,
            password=password,
            created_at=created_at,
            zone=zone,
            timer=timer,
            theme=random.choice(User.Theme.values),
            has_sound=random.random() < 0.7,
            joined_on=joined_on,
            day_starts=day_starts,
            pace=pace,
            weekends=random.uniform(0.1, 0.6),
            openness=random.uniform(0.55, 0.95),
            subjects=random.choice(TRADES),
        )

    def account(self) -> dict[str, Any]:
        """Return the fields of their user."""
        is_sunday = self.zone.key in SUNDAY_ZONES
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "password": self.password,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "theme": self.theme,
            "timezone": self.zone.key,
            "week_start": User.WeekStart.SUNDAY if is_sunday else User.WeekStart.MONDAY,
            "focus_minutes": self.timer.focus,
            "short_break_minutes": self.timer.short_break,
            "long_break_minutes": self.timer.long_break,
            "long_break_interval": self.timer.interval,
            "daily_goal": max(1, round(self.pace)),
            "sound_enabled": self.has_sound,
        }

    def working_days(self, until: datetime) -> Iterator[tuple[date, int]]:
        """Yield the local days on which they work, each with its focus sessions.

        Weekends are quieter, and now and then they are away for some days.
        """
        random = self.random
        last = until.astimezone(self.zone).date()
        day = self.joined_on
        while day <= last:
            if random.random() < 1 / 150:
                day += ONE_DAY * random.randint(3, 11)
                continue
            is_weekend = day.weekday() >= 5
            if random.random() < (self.weekends if is_weekend else 0.95):
                pace = self.pace * (0.5 if is_weekend else 1)
                blocks = round(random.gauss(pace, pace / 6))
                yield day, min(max(1, blocks), MAX_BLOCKS)
            day += ONE_DAY


def local_instant(day: date, hours: float, zone: ZoneInfo) -> datetime:
    """Return the instant that many hours after a day's midnight, by the local clock."""
    naive = datetime.combine(day, time()) + timedelta(hours=hours)
    return naive.replace(tzinfo=zone).astimezone(UTC)
