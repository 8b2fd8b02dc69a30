from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focusmaster.dates.periods import Period, local_day
from focusmaster.dates.utc_offsets import offset_table
from focusmaster.dates.zones import timezone_names, zone_named

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
FIRST = datetime(1840, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def numbers(array: str) -> list[int]:
    return [int(number) for number in array.strip("{}").split(",") if number]


def shown(shifts: str, changes: str, at: datetime) -> datetime:
    """Read a clock as the database does."""
    passed = [change for change in numbers(changes) if EPOCH + change * SECOND <= at]
    shift = numbers(shifts)[len(passed)]
    since_year_one = at - EPOCH + shift * SECOND
    return (YEAR_ONE + since_year_one).replace(tzinfo=None)


zones = st.sampled_from(sorted(timezone_names()))
instants = st.integers(0, 187 * 365 * 86_400).map(
    lambda number: FIRST + number * SECOND
)


@settings(max_examples=40, deadline=None)
@given(name=zones, at=instants, spare=st.integers(0, 400))
def test_clock_shows_what_the_zone_does_in_every_year(name, at, spare):
    zone = zone_named(name)
    period = Period(at, at + timedelta(days=1 + spare), zone)

    for clock in (offset_table(period), offset_table(Period(None, None, zone))):
        on_the_wall = shown(clock.shifts, clock.changes, at)

        assert on_the_wall == at.astimezone(zone).replace(tzinfo=None)


@pytest.mark.parametrize("name", ["America/St_Johns", "America/Havana", "Africa/Cairo"])
def test_days_of_a_clock_are_those_of_periods(name):
    zone, begin = zone_named(name), datetime(2010, 11, 6, tzinfo=UTC)
    clock = offset_table(Period(None, None, zone))

    for minutes in range(0, 3 * 24 * 60, 7):
        at = begin + timedelta(minutes=minutes)
        day = shown(clock.shifts, clock.day_changes, at).date()

        assert day == local_day(at, zone)


def test_skipped_days_are_those_that_never_came():
    apia = offset_table(Period(None, None, zone_named("Pacific/Apia")))
    berlin = offset_table(Period(None, None, zone_named("Europe/Berlin")))

    assert [date.fromordinal(day) for day in apia.skipped] == [date(2011, 12, 30)]
    assert berlin.skipped == ()
