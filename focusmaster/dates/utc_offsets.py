"""What the clocks of a zone show, for PostgreSQL to group by.

That is not left to PostgreSQL, which has time zone rules of its own, older or newer
than Python's: a session would fall on a day that no period has. It is told what to add
to an instant, and from when on, by the rules of the locked package.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Expression, F, FloatField, Func, IntegerField, Value
from django.utils import timezone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from focusmaster.dates.periods import Period

HOUR = 3600  # seconds
DAY = 24 * HOUR
# Once changed, an offset stays for longer than this: for 6.96 days at least, which it
# did in Boa Vista in October 2000.
STEP = 6 * DAY
# Seconds from the first day of the calendar, whose ordinal is 1, to the Unix epoch.
UNIX_EPOCH = (datetime(1970, 1, 1, tzinfo=UTC) - datetime.min.replace(tzinfo=UTC)) // (
    timedelta(seconds=1)
)

# An array in PostgreSQL's text form, or an expression for one.
Array = str | Expression

# No zone changed its offset before; each had the mean time of its city.
FIRST_YEAR = 1840
# The last whole year that `datetime` knows in every zone.
LAST_YEAR = 9998
# A period by days touches so many years at most.
LONGEST_BY_DAYS = 12


class OffsetTable(NamedTuple):
    """The clock on the wall over a period, as texts of PostgreSQL arrays.

    `shifts` are seconds to add to Unix time, each from its place in `changes` on but
    for the first, which is from ever. The sum counts seconds since the year 1 began.
    `day_shifts` and `day_changes` are the same for the day, which begins at an hour of
    its own: after a change that takes the clock back over that hour, the day that had
    begun goes on, and so it does where the next date never came. `skipped` are the
    ordinals of these dates, such as 30 December 2011 in Samoa.
    """

    shifts: Array
    changes: Array
    day_shifts: Array
    day_changes: Array
    skipped: tuple[int, ...]


class SecondsShown(Func):
    """Seconds since the year 1 began, by a clock on the wall."""

    arg_joiner = " + "
    template = "(%(expressions)s)"
    output_field = FloatField()

    def __init__(self, field: str, shifts: Array, changes: Array) -> None:
        # Not extract(), whose exact numbers take several times as long; milliseconds
        # fit into a float.
        instant = Func(F(field), template="date_part('epoch', %(expressions)s)")
        place = Func(
            instant,
            expression_of(changes),
            template="width_bucket(%(expressions)s::float8[])",
        )
        shift = Func(
            expression_of(shifts),
            place,
            arg_joiner="::float8[])[1 + ",
            template="(%(expressions)s]",
        )
        super().__init__(instant, shift)


def expression_of(array: Array) -> Expression:
    return Value(array) if isinstance(array, str) else array


class LocalDay(Func):
    """The ordinal of the local day of an instant, by a zone's `day_shifts`."""

    template = "(floor(%(expressions)s / 86400)::int + 1)"
    output_field = IntegerField()

    def __init__(self, field: str, shifts: Array, day_changes: Array) -> None:
        super().__init__(SecondsShown(field, shifts, day_changes))


class LocalHour(Func):
    """The hour of an instant, from 0 to 23, by the `changes` of a zone."""

    template = "mod(floor(%(expressions)s / 3600)::bigint, 24)::int"
    output_field = IntegerField()

    def __init__(self, field: str, shifts: Array, changes: Array) -> None:
        super().__init__(SecondsShown(field, shifts, changes))


def offset_table(period: Period) -> OffsetTable:
    """Return the clock of a period's zone.

    It is right for all of the period, but where that has no end or is longer than what
    is broken down by day: there it is right until the end of the next year.
    """
    next_year = timezone.now().year + 1
    first = FIRST_YEAR if period.start is None else period.start.year
    first = max(first, FIRST_YEAR)
    last = min(max(next_year, first + LONGEST_BY_DAYS), LAST_YEAR)
    if period.end is not None:
        last = min(last, period.end.year)
    return _clock(period.zone, first, last, period.day_start)


@lru_cache(maxsize=1024)
def _clock(zone: ZoneInfo, first: int, last: int, day_start: int) -> OffsetTable:
    shifts = [_shift(zone, _new_year(first))]
    changes: list[int] = []
    day_changes: list[int] = []
    skipped: list[int] = []
    back = day_start * HOUR
    for year in range(first, last + 1):
        for at in _changes_in(zone, year):
            shift = _shift(zone, at)
            day, new_day = (at - 1 + shifts[-1]) // DAY, (at + shift) // DAY
            skipped += range(day + 2, new_day + 1)
            changes.append(at)
            day_changes.append(
                _day_change(at, shifts[-1] - back, shift - back, skipped)
            )
            shifts.append(shift)
    return OffsetTable(
        _array(shifts),
        _array(changes),
        _array(shift - back for shift in shifts),
        _array(day_changes),
        tuple(skipped),
    )


def _day_change(at: int, before: int, after: int, skipped: list[int]) -> int:
    """Return from when on the shift `after` a change gives the day."""
    day, new_day = (at - 1 + before) // DAY, (at + after) // DAY
    if new_day + 1 in skipped:
        return (new_day + 1) * DAY - after
    return at if day <= new_day else day * DAY - after


@lru_cache(maxsize=16_384)
def _changes_in(zone: ZoneInfo, year: int) -> list[int]:
    """Return after which seconds of Unix time clocks change in a year of UTC."""
    end = _new_year(year + 1)
    marks = [*range(_new_year(year), end, STEP), end]
    offsets = [datetime.fromtimestamp(mark, zone).utcoffset() for mark in marks]
    return [
        first_change(zone, *marks[n : n + 2])
        for n in range(len(marks) - 1)
        if offsets[n] != offsets[n + 1]
    ]


def first_change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the second of Unix time from which the offset is no longer that before."""
    shift = _shift(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _shift(zone, middle) == shift:
            before = middle
        else:
            after = middle
    return after


def _shift(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset() or timedelta()
    return offset // timedelta(seconds=1) + UNIX_EPOCH


def _new_year(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"
