"""Periods: which instants `?range=`, `?from=`, `?to=` and `?tz=` mean (API.md §1).

A day is a day in the caller's time zone, so it has 23 or 25 hours where clocks change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from focusmaster.dates.rfc3339 import DAY, parse_day, parse_instant
from focusmaster.exceptions import InvalidValue

# Local days of each range; all of them end today.
RANGES = {"today": 1, "week": 7, "month": 30}

# Ten years: the longest period that is broken down by day.
MAX_DAYS = 3660

DAYS_OF_WEEK = 7
DAY_LENGTH = timedelta(days=1)
# Instants are kept to the millisecond, so this is the step to the next one.
TICK = timedelta(milliseconds=1)


@cache
def timezone_names() -> frozenset[str]:
    """Return the IANA names, the same on every system."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def is_timezone(name: str) -> bool:
    return name in timezone_names()


@cache
def zone_named(name: str) -> ZoneInfo:
    """Return a zone by the rules of the locked package, the same on every system.

    ZoneInfo(name) would prefer the system's rules, which may be years older, or lack
    the zone.
    """
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@lru_cache(maxsize=4096)  # Most people of a zone ask about the same few days.
def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a local day begins, in UTC.

    Where clocks skip midnight it is the moment of the skip, and where midnight comes
    twice it is the first.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def local_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants at which a local day and the next one begin."""
    return local_midnight(day, zone), local_midnight(day + DAY_LENGTH, zone)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local day that an instant belongs to: the last to begin before it.

    Where clocks go back over midnight, that is not the one they show again.
    """
    shown = instant.astimezone(zone).date()
    following = shown + DAY_LENGTH
    return following if local_midnight(following, zone) <= instant else shown


@dataclass(frozen=True)
class Period:
    """The instants from `start` up to, not including, `end`; None is without bound."""

    start: datetime | None
    end: datetime | None
    zone: ZoneInfo

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
        first = local_day(self.start, self.zone)
        last = local_day(self.end - TICK, self.zone)
        count = (last - first).days + 1
        if count > MAX_DAYS:
            raise InvalidValue("from", f"give at most {MAX_DAYS} days")
        return [first + DAY_LENGTH * n for n in range(count)]


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
) -> Period:
    """Read the period from a request's query parameters.

    Without any, it is the `default` range, or all time. Raises InvalidValue.
    """
    zone = zone_of(query, home)
    name = query.get("range")
    explicit = "from" in query or "to" in query
    if name is not None and explicit:
        raise InvalidValue("range", "give either a range or from and to")
    if explicit:
        return _from_to(query, zone)
    name = default if name is None else name
    if name is None:
        return Period(None, None, zone)
    if name not in RANGES:
        raise InvalidValue("range", f"give one of: {', '.join(RANGES)}")
    return last_days(RANGES[name], zone, at=at)


def last_days(
    count: int, zone: ZoneInfo, *, at: datetime | None = None
) -> BoundedPeriod:
    """Return the local days, `count` of them, that end today."""
    today = local_day(at or timezone.now(), zone)
    first = today - DAY_LENGTH * (count - 1)
    end = local_midnight(today + DAY_LENGTH, zone)
    return BoundedPeriod(local_midnight(first, zone), end, zone)


def current_week(
    first_weekday: int, zone: ZoneInfo, *, at: datetime | None = None
) -> BoundedPeriod:
    """Return the seven local days from the last such weekday on; Monday is 0."""
    today = local_day(at or timezone.now(), zone)
    first = today - DAY_LENGTH * ((today.weekday() - first_weekday) % DAYS_OF_WEEK)
    end = local_midnight(first + DAY_LENGTH * DAYS_OF_WEEK, zone)
    return BoundedPeriod(local_midnight(first, zone), end, zone)


def closed(period: Period, days: int, *, at: datetime | None = None) -> BoundedPeriod:
    """Give a period of `from` or `to` alone its other bound.

    It ends today, or begins so that it has `days` local days.
    """
    start, end, zone = period.start, period.end, period.zone
    if end is None:
        end = last_days(1, zone, at=at).end
    if start is None:
        last = local_day(end - TICK, zone)
        start = local_midnight(last - DAY_LENGTH * (days - 1), zone)
    if start >= end:
        raise InvalidValue("from", "without to, it must not be after today")
    return BoundedPeriod(start, end, zone)


def _from_to(query: Mapping[str, str], zone: ZoneInfo) -> Period:
    start = end = None
    if "from" in query:
        start, _ = _bounds("from", query["from"], zone)
    if "to" in query:
        _, end = _bounds("to", query["to"], zone)
    if start and end and start >= end:
        if query["from"] == query["to"]:
            # Clocks went past it, as in Samoa past 30 December 2011.
            raise InvalidValue("to", f"there was no such day in {zone.key}")
        raise InvalidValue("to", "the period must not end before it begins")
    return Period(start, end, zone)


def _bounds(name: str, text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return where the day or the instant begins, and where what follows it does."""
    try:
        if DAY.fullmatch(text):
            return local_bounds(parse_day(text), zone)
        # A "+" that a client did not escape arrives as a blank.
        instant = parse_instant(text.replace(" ", "+"))
    except ValueError as exc:
        raise InvalidValue(name, str(exc)) from None
    return instant, instant + TICK
