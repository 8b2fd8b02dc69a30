"""Work logs as rows of a CSV table, to send or to bill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from timeclock.models import WorkLogQuerySet

# Times are local, with their offset. Durations are in seconds, and again as h:mm.
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
    """Yield a row for each log, with dates and times of the zone; one query.

    Cells that an open log has no value for are empty.
    """
    rows = logs.values_list(*COLUMNS).iterator(CHUNK)
    for start, end, duration, rest, notes, pk in rows:
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
