"""Work logs as rows of a table, for people who send or bill their hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from timeclock.models import WorkLogQuerySet

# Times are those of the clock on the wall, with their offset. Durations are there in
# seconds, to count with, and as h:mm, to read.
HEADER = (
    "date",
    "startTime",
    "endTime",
    "duration",
    "breakTime",
    "workTime",
    "duration h:mm",
    "breakTime h:mm",
    "workTime h:mm",
    "notes",
    "_id",
)
COLUMNS = ("started_at", "ended_at", "duration", "break_seconds", "notes", "id")

# Rows fetched at a time.
CHUNK = 500


def table_rows(logs: WorkLogQuerySet, zone: ZoneInfo) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each log, with empty cells for what an open one does not have."""
    for start, end, duration, rest, notes, pk in logs.values_list(*COLUMNS).iterator(
        CHUNK
    ):
        work = None if duration is None else duration - rest
        times = (duration, rest, work)
        yield (
            start.astimezone(zone).date().isoformat(),
            local_time(start, zone),
            local_time(end, zone),
            *times,
            *map(hours_and_minutes, times),
            notes,
            pk,
        )


def local_time(instant: datetime | None, zone: ZoneInfo) -> str:
    if instant is None:
        return ""
    return instant.astimezone(zone).isoformat(timespec="seconds")


def hours_and_minutes(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"
