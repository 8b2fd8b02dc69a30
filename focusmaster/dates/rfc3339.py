"""Instants as text: RFC 3339, to the millisecond, in UTC on the way out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

# An hour of 24 and an offset of 60 minutes are none, though some Pythons take them.
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?!24)\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)",
    re.ASCII,
)
NAIVE_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def format_instant(instant: datetime | None) -> str | None:
    """Write an aware instant: UTC with `Z`, the fraction left out when it is zero."""
    if instant is None:
        return None
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00").removesuffix(".000") + "Z"


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant, cut to milliseconds, as UTC.

    Raises ValueError with a message for people. The first and the last year that
    datetime knows are refused, so that any zone can show the instant.
    """
    if NAIVE_INSTANT.fullmatch(text):
        raise ValueError("give a time zone, as in 2026-02-02T10:00:00Z")
    if not INSTANT.fullmatch(text):
        raise ValueError("give an instant such as 2026-02-02T10:00:00Z")
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such date or time") from None
    if not 1 < instant.year < 9999:
        raise ValueError("there is no such date or time")
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def present() -> datetime:
    """Return the present instant in UTC, to the millisecond that columns keep."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def rounded_seconds(start: datetime, end: datetime) -> int:
    """Return the seconds between two instants, rounded half up."""
    return ((end - start) + timedelta(milliseconds=500)) // timedelta(seconds=1)


def parse_day(text: str) -> date:
    """Read a day such as 2026-02-02. Raises ValueError with a message for people."""
    if not DAY.fullmatch(text):
        raise ValueError("give a day such as 2026-02-02")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day") from None
    if not 1 < day.year < 9999:
        raise ValueError("there is no such day")
    return day
