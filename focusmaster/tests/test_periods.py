from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from shutil import copyfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from focusmaster.dates.periods import (
    MAX_DAYS,
    RANGES,
    TICK,
    BoundedPeriod,
    closed,
    current_week,
    last_days,
    local_day,
    local_midnight,
    period_of,
)
from focusmaster.dates.zones import is_timezone, timezone_names, zone_named
from focusmaster.exceptions import InvalidValue

HOUR = timedelta(hours=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def field_refused(query: dict[str, str], *, at: datetime | None = None) -> str:
    with pytest.raises(InvalidValue) as refusal:
        closed(period_of(query, "UTC", default="week", at=at), 7, at=at).days()
    return refusal.value.field


# Zones


def test_every_zone_that_is_accepted_can_be_used():
    zones = [zone_named(name) for name in timezone_names()]

    assert len(zones) > 500
    assert {"UTC", "Asia/Kolkata", "America/Argentina/Ushuaia"} <= timezone_names()
    for zone in zones:
        assert is_timezone(zone.key)
        assert isinstance(local_midnight(date(2026, 7, 1), zone), datetime)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "utc",
        "UTC+25",
        "UTC\n",
        " UTC",
        "Europe",
        "Europe/berlin",
        "Europe/Berlin\0",
        "posix/Europe/Berlin",
        "../zoneinfo/UTC",
        "/usr/share/zoneinfo/UTC",
        "<+03>-3",
    ],
)
def test_other_names_are_no_zones(name):
    assert not is_timezone(name)
    assert field_refused({"tz": name}) == "tz"


def test_rules_are_those_of_the_locked_package_whatever_the_system_has(tmp_path):
    wrong = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo")
    (tmp_path / "Asia").mkdir()
    copyfile(wrong, tmp_path / "Asia" / "Thimphu")
    zone_named.cache_clear()
    zoneinfo.reset_tzpath([tmp_path])

    try:
        offset = zone_named("Asia/Thimphu").utcoffset(datetime(2026, 7, 1, tzinfo=UTC))
    finally:
        zoneinfo.reset_tzpath()

    assert offset == timedelta(hours=6)


# Days


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("UTC", "2026-02-02", "2026-02-02T00:00:00+00:00", 24),
        ("Asia/Kathmandu", "2026-02-02", "2026-02-02T00:00:00+05:45", 24),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00+01:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T00:00:00+02:00", 25),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-04T00:00:00+10:30", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-05T00:00:00+11:00", 24.5),
        # Midnight is skipped: the day begins at one.
        ("Africa/Cairo", "2025-04-25", "2025-04-25T01:00:00+03:00", 23),
        ("Asia/Beirut", "2025-03-30", "2025-03-30T01:00:00+03:00", 23),
        ("America/Havana", "2025-03-09", "2025-03-09T01:00:00-04:00", 23),
        # Midnight comes twice: the day begins at the first.
        ("America/Havana", "2025-11-02", "2025-11-02T00:00:00-04:00", 25),
        # The hour before midnight comes twice: it belongs to the day before.
        ("Africa/Cairo", "2025-10-30", "2025-10-30T00:00:00+03:00", 25),
        ("Africa/Cairo", "2025-10-31", "2025-10-31T00:00:00+02:00", 24),
        # The whole day is skipped.
        ("Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00", 0),
    ],
)
def test_day_begins_at_its_first_moment(zone, day, begins, hours):
    zone, day = zone_named(zone), date.fromisoformat(day)

    begin = local_midnight(day, zone)
    end = local_midnight(day + timedelta(days=1), zone)

    assert begin == instant(begins)
    assert end - begin == hours * HOUR


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2010-11-07T02:29:59.999Z", "2010-11-06"),
        ("2010-11-07T02:30:00Z", "2010-11-07"),
        # From one past midnight clocks went back to one past eleven.
        ("2010-11-07T02:31:00Z", "2010-11-07"),
        ("2010-11-07T03:29:59.999Z", "2010-11-07"),
        ("2010-11-07T03:30:00Z", "2010-11-07"),
        ("2010-11-08T03:30:00Z", "2010-11-08"),
    ],
)
def test_day_that_has_begun_goes_on_when_clocks_go_back_over_midnight(at, day):
    zone, at, day = zone_named("America/St_Johns"), instant(at), date.fromisoformat(day)

    today = last_days(1, zone, at=at)

    assert local_day(at, zone) == day
    assert today.start <= at < today.end
    assert today.days() == [day]


@pytest.mark.parametrize(
    ("first_weekday", "at", "first"),
    [
        (0, "2026-03-29T21:59:59.999Z", "2026-03-23"),
        (0, "2026-03-29T22:00:00Z", "2026-03-30"),
        (6, "2026-03-28T22:59:59.999Z", "2026-03-22"),
        (6, "2026-03-28T23:00:00Z", "2026-03-29"),
        (6, "2026-04-01T12:00:00Z", "2026-03-29"),
    ],
)
def test_week_has_seven_local_days_from_its_first(first_weekday, at, first):
    zone, first = zone_named("Europe/Berlin"), date.fromisoformat(first)

    week = current_week(first_weekday, zone, at=instant(at))

    assert week.days() == [first + timedelta(days=n) for n in range(7)]
    assert week.start == local_midnight(first, zone)
    assert week.end == local_midnight(first + timedelta(days=7), zone)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("today", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("week", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("month", "2026-02-28T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
    ],
)
@pytest.mark.parametrize(
    "at", ["2026-03-28T23:00:00+00:00", "2026-03-29T12:00:00Z", "2026-03-29T21:59:59Z"]
)
def test_range_is_of_local_days_that_end_today(name, start, end, at):
    period = period_of({"range": name}, "Europe/Berlin", at=instant(at))

    assert period == BoundedPeriod(
        instant(start), instant(end), zone_named("Europe/Berlin")
    )
    assert len(period.days()) == RANGES[name]
    assert period.days()[-1] == date(2026, 3, 29)


# Around changes of clocks, where a plain reading and arithmetic may differ.
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2025-11-02T06:00:00Z"),
    ("Africa/Cairo", "2025-04-24T22:00:00Z"),
    ("Africa/Cairo", "2025-10-30T21:00:00Z"),
    ("America/Havana", "2025-03-09T05:00:00Z"),
    ("America/Havana", "2025-11-02T05:00:00Z"),
    ("Asia/Beirut", "2025-03-29T22:00:00Z"),
    ("Asia/Beirut", "2025-10-25T21:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("America/Nuuk", "2025-03-30T01:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
]
milliseconds = st.integers(0, 800_000_000_000).map(
    lambda ms: datetime(2012, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
offsets = st.one_of(
    st.integers(-40 * 86_400_000, 10 * 86_400_000),
    st.integers(-7_200_000, 7_200_000),
    st.sampled_from([0, -1, 1]),
).map(lambda ms: timedelta(milliseconds=ms))
anywhere = st.tuples(st.sampled_from(sorted(timezone_names())), milliseconds)
at_a_change = st.tuples(
    st.sampled_from(CHANGES), st.integers(-3 * 86_400_000, 3 * 86_400_000)
).map(lambda drawn: (drawn[0][0], instant(drawn[0][1]) + drawn[1] * TICK))


@settings(max_examples=300, deadline=None)
@given(place=anywhere | at_a_change, name=st.sampled_from(list(RANGES)), by=offsets)
@example(("Africa/Cairo", instant("2025-10-30T20:30:00Z")), "today", HOUR)
@example(("America/Havana", instant("2025-11-02T04:00:00Z")), "today", HOUR)
@example(("Africa/Cairo", instant("2025-04-24T22:00:00Z")), "today", -TICK)
def test_range_holds_exactly_the_instants_on_its_local_days(place, name, by):
    home, at = place
    zone, moment = zone_named(home), at + by
    days = (at.astimezone(zone).date() - moment.astimezone(zone).date()).days

    period = period_of({"range": name}, home, at=at)

    assert (period.start <= moment < period.end) is (0 <= days < RANGES[name])
    assert len(period.days()) == RANGES[name]


# From and to


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({"from": "2026-02-02", "to": "2026-02-02"}, "02T00:00:00", "03T00:00:00"),
        ({"from": "2026-02-02", "to": "2026-02-08"}, "02T00:00:00", "09T00:00:00"),
        (
            {"from": "2026-02-02T10:00:00.5Z", "to": "2026-02-02T10:00:00.500Z"},
            "02T15:30:00.500",
            "02T15:30:00.501",
        ),
        (
            {"from": "2026-02-02T12:00:00+05:30", "to": "2026-02-02"},
            "02T12:00:00",
            "03T00:00:00",
        ),
        (
            # What arrives when a client does not escape the "+".
            {"from": "2026-02-02", "to": "2026-02-02T12:00:00 05:30"},
            "02T00:00:00",
            "02T12:00:00.001",
        ),
    ],
)
def test_from_and_to_are_days_or_instants_and_both_count(query, start, end):
    period = period_of(query, "Asia/Kolkata")

    assert period.start == instant(f"2026-02-{start}+05:30")
    assert period.end == instant(f"2026-02-{end}+05:30")


def test_period_without_bounds_is_all_time():
    assert period_of({}, "UTC").lookups("started_at") == {}


def test_period_has_one_bound_where_one_is_given():
    since = period_of({"from": "2026-02-02"}, "UTC").lookups("started_at")
    until = period_of({"to": "2026-02-02"}, "UTC").lookups("started_at")

    assert since == {"started_at__gte": instant("2026-02-02T00:00:00Z")}
    assert until == {"started_at__lt": instant("2026-02-03T00:00:00Z")}


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({"from": "2026-03-20"}, "2026-03-20", "2026-03-29"),
        ({"to": "2026-03-20"}, "2026-03-14", "2026-03-20"),
        ({"to": "2026-03-20T00:00:00+01:00"}, "2026-03-14", "2026-03-20"),
        ({"to": "2026-03-19T23:59:59.999+01:00"}, "2026-03-13", "2026-03-19"),
    ],
)
def test_period_of_one_bound_is_closed_by_today_or_by_its_length(query, first, last):
    at = instant("2026-03-29T12:00:00Z")

    days = closed(period_of(query, "Europe/Berlin", at=at), 7, at=at).days()

    assert days[0] == date.fromisoformat(first)
    assert days[-1] == date.fromisoformat(last)
    assert len(days) == (days[-1] - days[0]).days + 1


def test_tz_takes_the_place_of_home():
    period = period_of({"from": "2026-02-02", "tz": "Asia/Kathmandu"}, "Europe/Berlin")

    assert period.start == instant("2026-02-02T00:00:00+05:45")


def test_longest_period_can_be_broken_down_and_no_longer_one():
    first = date(2026, 3, 29) - timedelta(days=MAX_DAYS - 1)
    at = instant("2026-03-29T12:00:00Z")

    days = closed(period_of({"from": f"{first}"}, "UTC", at=at), 7, at=at).days()
    longer = {"from": f"{first - timedelta(days=1)}"}

    assert len(days) == MAX_DAYS
    assert field_refused(longer, at=at) == "from"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"range": ""}, "range"),
        ({"range": "year"}, "range"),
        ({"range": "Week"}, "range"),
        ({"range": "week", "from": "2026-02-02"}, "range"),
        ({"range": "week", "to": "2026-02-02"}, "range"),
        ({"from": "2026-02-03", "to": "2026-02-02"}, "to"),
        ({"from": "2026-02-02T10:00:00.001Z", "to": "2026-02-02T10:00:00Z"}, "to"),
        ({"from": "2026-02-03", "to": "2026-02-02T23:59:59.999Z"}, "to"),
        ({"from": "9000-01-01"}, "from"),
        ({"from": "0002-01-01", "to": "9998-12-31"}, "from"),
        *(
            ({name: text}, name)
            for name in ("from", "to")
            for text in [
                "",
                "today",
                "2026-02-30",
                "2026-2-2",
                "02-02-2026",
                "2026-02-02\n",
                "2026-02-02\0",
                "2026-02-02T10:00:00",
                "2026-02-02 10:00:00Z",
                "0001-12-31",
                "9999-01-01",
                "0001-12-31T23:59:59Z",
                "9999-01-01T00:00:00Z",
                "1770026400",
            ]
        ),
    ],
)
def test_other_periods_are_refused_by_their_parameter(query, field):
    assert field_refused(query) == field


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"from": "2011-12-30", "to": "2011-12-30"}, "from: there was no such day in"),
        ({"from": "2011-12-29", "to": "2011-12-30"}, "to: there was no such day in"),
        ({"from": "2012-01-01", "to": "2011-12-31"}, "to: the period must not end"),
        ({"from": "2026-03-30"}, "from: without to, it must not be after today"),
    ],
)
def test_refusal_says_what_is_wrong_with_a_period(query, message):
    at = instant("2026-03-29T12:00:00+13:00")

    with pytest.raises(InvalidValue, match=message):
        closed(period_of(query, "Pacific/Apia", at=at), 7, at=at)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize(
    "day", ["0002-01-01", "9998-12-31", "0002-01-01T00:00:00Z", "9998-12-31T23:59:59Z"]
)
def test_first_and_last_days_that_are_taken_are_periods_in_any_zone(zone, day):
    period = closed(period_of({"from": day, "to": day}, zone), 7)

    assert period.start < period.end
    assert len(period.days()) == 1
    assert len(closed(period_of({"to": day}, zone), 7).days()) == 7
