"""The analytics calls read plainly: a list of sessions, a clock and a calendar.

It shares no code with the service, groups in loops and is in no hurry. What it answers
is what API.md says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
RANGES = {"today": 1, "week": 7, "month": 30}
# As far as any clock in these tests goes back: by two hours at most, with some to the
# minute, but for a whole day in Juneau.
LATELY = [
    *(timedelta(minutes=minutes) for minutes in range(120)),
    *(timedelta(hours=hours) for hours in range(2, 25)),
]

# A bound of a period: a local day, an instant, or none.
Bound = date | datetime | None


class Refused(Exception):
    """The period is none."""


@dataclass(frozen=True)
class Block:
    """A session; `task` is the index of one, or None."""

    id: str
    type: str
    start: datetime
    duration: int
    mood: str | None
    completed: bool
    task: int | None


@dataclass(frozen=True)
class Card:
    """A task; `correction` is what its owner added to its completed Pomodoros."""

    id: str
    title: str
    priority: str
    estimated: int
    correction: int


@cache
def zone_by_name(name: str) -> ZoneInfo:
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules)


@cache
def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day on the calendar at home.

    Its leaf is torn off when the clock strikes midnight, and not put back when the
    clock is set back.
    """
    return max((instant - ago).astimezone(zone).date() for ago in LATELY)


def exists(day: date, zone: ZoneInfo) -> bool:
    noon = datetime.combine(day, time(12), zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


@dataclass(frozen=True)
class Period:
    first: Bound
    last: Bound
    zone: ZoneInfo

    def holds(self, instant: datetime) -> bool:
        return self._reaches(self.first, instant) and (
            self.last is None or self._day_or_instant(self.last, instant) <= self.last
        )

    def _reaches(self, first: Bound, instant: datetime) -> bool:
        return first is None or self._day_or_instant(first, instant) >= first

    def _day_or_instant(self, like: Bound, instant: datetime) -> date | datetime:
        return instant if isinstance(like, datetime) else day_of(instant, self.zone)

    def days(self) -> list[date]:
        days = days_between(self._day(self.first), self._day(self.last))
        return [day for day in days if exists(day, self.zone)]

    def closed(self, length: int, today: date) -> Period:
        """Give it both bounds; raise Refused when it is empty or over ten years."""
        self.check()
        last = today if self.last is None else self.last
        first = self.first
        if first is None:
            end = self._day(last)
            while not exists(end, self.zone):
                end -= DAY
            first = days_back(end, length - 1, self.zone)
        period = Period(first, last, self.zone)
        if not 1 <= len(period.days()) <= 3660:
            raise Refused
        return period

    def check(self) -> None:
        """Raise Refused for a bound that is no day of the zone."""
        for bound in (self.first, self.last):
            is_day = bound is not None and not isinstance(bound, datetime)
            if is_day and not exists(bound, self.zone):
                raise Refused

    def _day(self, bound: date | datetime) -> date:
        return day_of(bound, self.zone) if isinstance(bound, datetime) else bound


def days_back(day: date, count: int, zone: ZoneInfo) -> date:
    """Return the day that many days earlier, not counting dates that never were."""
    while count:
        day -= DAY
        count -= exists(day, zone)
    return day


def days_between(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


@dataclass(frozen=True)
class Diary:
    """A person's sessions and tasks, and what they have set."""

    blocks: list[Block]
    cards: list[Card]
    zone: ZoneInfo
    now: datetime
    daily_goal: int
    week_start: str

    @property
    def today(self) -> date:
        return day_of(self.now, self.zone)

    def focus(self, period: Period | None = None) -> list[Block]:
        if period:
            period.check()
        if period and period.first and period.last and not period.days():
            raise Refused
        return [
            block
            for block in self.blocks
            if block.type == "focus" and (not period or period.holds(block.start))
        ]

    def on(self, day: date) -> list[Block]:
        return [one for one in self.focus() if day_of(one.start, self.zone) == day]

    def last_days(self, count: int) -> Period:
        first = days_back(self.today, count - 1, self.zone)
        return Period(first, self.today, self.zone)

    # The calls

    def read_productivity(self, period: Period) -> dict[str, Any]:
        period = period.closed(7, self.today)
        focus = self.focus(period)
        seconds = sum(block.duration for block in focus)
        average = int(seconds / len(focus) + 0.5) if focus else 0
        return {
            "totalFocusTime": seconds,
            "totalSessions": len(focus),
            "averageSessionDuration": average,
            "dailyBreakdown": [
                {"date": str(day)} | totals(self._of_day(day, focus))
                for day in period.days()
            ],
        }

    def read_today(self) -> dict[str, Any]:
        """Return the ids of the sessions rather than the sessions."""
        blocks = self.on(self.today)
        blocks.sort(key=lambda block: (block.start, block.id), reverse=True)
        return {
            "totalDuration": sum(block.duration for block in blocks),
            "sessionCount": len(blocks),
            "sessions": [block.id for block in blocks],
        }

    def read_week(self) -> list[dict[str, Any]]:
        first = self.today
        while first.strftime("%A").lower() != self.week_start:
            first -= DAY
        return [
            {
                "name": day.strftime("%a"),
                "date": str(day),
                "duration": int(totals(self.on(day))["focusTime"] / 60 + 0.5),
            }
            for day in days_between(first, first + 6 * DAY)
            if exists(day, self.zone)
        ]

    def read_distribution(self) -> list[dict[str, Any]]:
        priorities = [card.priority for card in self.cards]
        return [
            {"name": name, "value": priorities.count(name.lower())}
            for name in ("High", "Medium", "Low")
        ]

    def read_heatmap(self, period: Period) -> list[dict[str, Any]]:
        period = period.closed(365, self.today)
        focus = self.focus(period)
        counts = [(day, len(self._of_day(day, focus))) for day in period.days()]
        return [{"date": str(day), "count": count} for day, count in counts if count]

    def read_goal(self, period: Period) -> dict[str, Any]:
        period = period.closed(7, self.today)
        done = [block for block in self.focus(period) if block.completed]
        counts = [(day, len(self._of_day(day, done))) for day in period.days()]
        return {
            "dailyGoal": self.daily_goal,
            "completedToday": sum(block.completed for block in self.on(self.today)),
            "days": [
                {"date": str(day), "sessions": count, "met": count >= self.daily_goal}
                for day, count in counts
            ],
        }

    def read_streaks(self) -> dict[str, Any]:
        done = (block for block in self.focus() if block.completed)
        days = {day_of(block.start, self.zone) for block in done}
        active = sorted(day for day in days if day <= self.today)
        if not active:
            return {"current": 0, "longest": 0, "lastActiveDay": None}
        lengths = {day: self._streak_until(day, days) for day in active}
        last, yesterday = active[-1], self._day_before(self.today)
        return {
            "current": lengths[last] if last >= yesterday else 0,
            "longest": max(lengths.values()),
            "lastActiveDay": str(last),
        }

    def _streak_until(self, day: date, active: set[date]) -> int:
        length = 0
        while day in active:
            length += 1
            day = self._day_before(day)
        return length

    def _day_before(self, day: date) -> date:
        day -= DAY
        return day if exists(day, self.zone) else self._day_before(day)

    def read_hours(self, period: Period) -> list[dict[str, int]]:
        at_hour: dict[int, list[Block]] = {hour: [] for hour in range(24)}
        for block in self.focus(period):
            at_hour[block.start.astimezone(self.zone).hour].append(block)
        return [{"hour": hour} | totals(blocks) for hour, blocks in at_hour.items()]

    def read_moods(self, period: Period) -> list[dict[str, Any]]:
        focus = self.focus(period)
        shares = [
            {"mood": mood} | totals(block for block in focus if block.mood == mood)
            for mood in {block.mood for block in focus}
        ]
        return most_time_first(shares, lambda share: share["mood"])

    def read_tasks(self, period: Period) -> list[dict[str, Any]]:
        focus = self.focus(period)
        shares = []
        for task in {block.task for block in focus}:
            card = None if task is None else self.cards[task]
            share = totals(block for block in focus if block.task == task)
            shares.append(
                share
                | {
                    "task": card and {"_id": card.id, "title": card.title},
                    "estimated": card and card.estimated,
                    "completed": card and self._completed(task) + card.correction,
                }
            )
        return most_time_first(shares, lambda one: one["task"] and one["task"]["_id"])

    def _completed(self, task: int) -> int:
        return sum(block.completed for block in self.focus() if block.task == task)

    def _of_day(self, day: date, blocks: list[Block]) -> list[Block]:
        return [one for one in blocks if day_of(one.start, self.zone) == day]


def totals(blocks: Iterable[Block]) -> dict[str, int]:
    durations = [block.duration for block in blocks]
    return {"focusTime": sum(durations), "sessions": len(durations)}


def most_time_first(shares: list[dict[str, Any]], name) -> list[dict[str, Any]]:
    """Sort by time, then by number, then by name, with what has none at the end."""
    return sorted(
        shares,
        key=lambda share: (
            -share["focusTime"],
            -share["sessions"],
            name(share) is None,
            name(share) or "",
        ),
    )
