"""Periods: which instants `?range=`, `?from=`, `?to=` and `?tz=` mean (API.md §1).

A day is a day in the caller's time zone, so it has 23 or 25 hours where clocks change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from focusmaster.dates.rfc3339 import DAY, parse_day, parse_instant
from focusmaster.dates.utc_offsets import first_change
from focusmaster.dates.zones import is_timezone, zone_named
from focusmaster.exceptions import InvalidValue

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# Local days of each range; all of them end today.
RANGES = {"today": 1, "week": 7, "month": 30}

# Ten years: the longest period that is broken down by day.
MAX_DAYS = 3660

DAYS_OF_WEEK = 7
DAY_LENGTH = timedelta(days=1)
# Instants are kept to the millisecond, so this is the step to the next one.
TICK = timedelta(milliseconds=1)


@lru_cache(maxsize=4096)  # Most people of a zone ask about the same few days.
def local_midnight(day: date, zone: ZoneInfo, day_start: int = 0) -> datetime:
    """Return the instant at which a local day begins, in UTC.

    It begins at the hour `day_start` on the wall. Where clocks skip that, it is the
    moment of the skip, and where it comes twice, the first. A date that the zone never
    had, such as 30 December 2011 in Samoa, begins where the next one does.
    """
    if day_start and is_skipped(day, zone):
        return local_midnight(day + DAY_LENGTH, zone, day_start)
    wall = datetime.combine(day, time(day_start))
    begin = wall.replace(tzinfo=zone).astimezone(UTC)
    if begin.astimezone(zone).replace(tzinfo=None) == wall:
        return begin
    # In a gap, `begin` goes by the offset before it, and fold=1 by the one after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    change = first_change(zone, int(before.timestamp()), int(begin.timestamp()))
    return datetime.fromtimestamp(change, UTC)


def is_skipped(day: date, zone: ZoneInfo) -> bool:
    """Tell whether the zone never had this date."""
    return local_midnight(day, zone) == local_midnight(day + DAY_LENGTH, zone)


def local_bounds(
    day: date, zone: ZoneInfo, day_start: int = 0
) -> tuple[datetime, datetime]:
    """Return the instants at which a local day and the next one begin."""
    following = local_midnight(day + DAY_LENGTH, zone, day_start)
    return local_midnight(day, zone, day_start), following


def local_day(instant: datetime, zone: ZoneInfo, day_start: int = 0) -> date:
    """Return the local day that an instant belongs to: the last to begin before it.

    Where clocks go back over the beginning of a day, that is not the one they show
    again.
    """
    day = instant.astimezone(zone).date() + DAY_LENGTH
    while local_midnight(day, zone, day_start) > instant:
        day -= DAY_LENGTH
    return day


def first_of_days(count: int, last: date, zone: ZoneInfo, day_start: int = 0) -> date:
    """Return the first of `count` local days up to `last`; no skipped date counts."""
    first = last - DAY_LENGTH * (count - 1)
    end = local_midnight(last, zone, day_start)
    missing = DAY_LENGTH * (count - 1) - (end - local_midnight(first, zone, day_start))
    # Offsets differ by hours otherwise.
    return first - DAY_LENGTH * max(0, round(missing / DAY_LENGTH))


@dataclass(frozen=True)
class Period:
    """The instants from `start` up to, not including, `end`; None is without bound."""

    start: datetime | None
    end: datetime | None
    zone: ZoneInfo
    # The hour at which a day begins.
    day_start: int = 0

    def lookups(self, field: str) -> dict[str, Any]:
        """Return the ORM lookups that keep the rows whose `field` is in this period."""
        bounds = {f"{field}__gte": self.start, f"{field}__lt": self.end}
        return {name: bound for name, bound in bounds.items() if bound is not None}


@dataclass(frozen=True)
class BoundedPeriod(Period):
    """A period that begins and ends."""

    start: datetime
    end: datetime

    def days(self) -> list[date]:
        """Return its local days, oldest first; raise InvalidValue for too many."""
        first = local_day(self.start, self.zone, self.day_start)
        last = local_day(self.end - TICK, self.zone, self.day_start)
        count = (last - first).days + 1
        if count > MAX_DAYS:
            raise InvalidValue("from", f"give at most {MAX_DAYS} days")
        days = [first + DAY_LENGTH * n for n in range(count)]
        return [day for day in days if not is_skipped(day, self.zone)]


def zone_of(query: Mapping[str, str], home: str) -> ZoneInfo:
    """Return the zone that the request names, or else the caller's own."""
    name = query.get("tz", home)
    if not is_timezone(name):
        raise InvalidValue("tz", "give an IANA time zone such as Europe/Berlin")
    return zone_named(name)


def period_of(
    query: Mapping[str, str],
    home: str,
    *,
    default: str | None = None,
    at: datetime | None = None,
    day_start: int = 0,
) -> Period:
    """Read the period from a request's query parameters.

    Without any, it is the `default` range, or all time. Its days begin at the hour
    `day_start`. Raises InvalidValue.
    """
    zone = zone_of(query, home)
    name = query.get("range")
    explicit = "from" in query or "to" in query
    if name is not None and explicit:
        raise InvalidValue("range", "give either a range or from and to")
    if explicit:
        return _from_to(query, zone, day_start)
    name = default if name is None else name
    if name is None:
        return Period(None, None, zone, day_start)
    if name not in RANGES:
        raise InvalidValue("range", f"give one of: {', '.join(RANGES)}")
    return last_days(RANGES[name], zone, at=at, day_start=day_start)


def last_days(
    count: int, zone: ZoneInfo, *, at: datetime | None = None, day_start: int = 0
) -> BoundedPeriod:
    """Return the local days, `count` of them, that end today."""
    today = local_day(at or timezone.now(), zone, day_start)
    first = first_of_days(count, today, zone, day_start)
    return _whole_days(first, today, zone, day_start)


def current_week(
    first_weekday: int,
    zone: ZoneInfo,
    *,
    at: datetime | None = None,
    day_start: int = 0,
) -> BoundedPeriod:
    """Return the local days of a week from the last such weekday on; Monday is 0."""
    today = local_day(at or timezone.now(), zone, day_start)
    first = today - DAY_LENGTH * ((today.weekday() - first_weekday) % DAYS_OF_WEEK)
    last = first + DAY_LENGTH * (DAYS_OF_WEEK - 1)
    return _whole_days(first, last, zone, day_start)


def closed(period: Period, days: int, *, at: datetime | None = None) -> BoundedPeriod:
    """Give a period of `from` or `to` alone its other bound.

    It ends today, or begins so that it has `days` local days.
    """
    start, end, zone, day_start = (
        period.start,
        period.end,
        period.zone,
        period.day_start,
    )
    if end is None:
        end = last_days(1, zone, at=at, day_start=day_start).end
    if start is None:
        last = local_day(end - TICK, zone, day_start)
        first = first_of_days(days, last, zone, day_start)
        start = local_midnight(first, zone, day_start)
    if start >= end:
        raise InvalidValue("from", "without to, it must not be after today")
    return BoundedPeriod(start, end, zone, day_start)


def _whole_days(
    first: date, last: date, zone: ZoneInfo, day_start: int
) -> BoundedPeriod:
    start = local_midnight(first, zone, day_start)
    end = local_midnight(last + DAY_LENGTH, zone, day_start)
    return BoundedPeriod(start, end, zone, day_start)


def _from_to(query: Mapping[str, str], zone: ZoneInfo, day_start: int) -> Period:
    start = end = None
    if "from" in query:
        start, _ = _bounds("from", query["from"], zone, day_start)
    if "to" in query:
        _, end = _bounds("to", query["to"], zone, day_start)
    if start and end and start >= end:
        raise InvalidValue("to", "the period must not end before it begins")
    return Period(start, end, zone, day_start)


def _bounds(
    name: str, text: str, zone: ZoneInfo, day_start: int
) -> tuple[datetime, datetime]:
    """Return where the day or the instant begins, and where what follows it does."""
    try:
        if DAY.fullmatch(text):
            day = parse_day(text)
            if is_skipped(day, zone):
                raise InvalidValue(name, f"there was no such day in {zone.key}")
            return local_bounds(day, zone, day_start)
        # A "+" that a client did not escape arrives as a blank.
        instant = parse_instant(text.replace(" ", "+"))
    except ValueError as exc:
        raise InvalidValue(name, str(exc)) from None
    return instant, instant + TICK
