from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from focusmaster.dates.zones import zone_named
from pomodoro.models import PomodoroSession

PRODUCTIVITY = "/api/analytics/productivity"
SESSIONS = "/api/sessions"
STATS = "/api/sessions/stats"
NOTHING = {"totalFocusTime": 0, "totalSessions": 0, "averageSessionDuration": 0}

DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def unsaved(user: User, start: datetime, duration: int = 1500, **fields):
    given = {"type": "focus", "started_at": start, "duration": duration}
    return PomodoroSession(user=user, **given | fields)


def log(user: User, *starts: datetime, **fields) -> list[str]:
    """Log a session at each start; return their ids."""
    sessions = [unsaved(user, start, **fields) for start in starts]
    return [one.pk for one in PomodoroSession.objects.bulk_create(sessions)]


def day(text: str | date, *durations: int) -> dict:
    return {"date": f"{text}", "focusTime": sum(durations), "sessions": len(durations)}


def breakdown_of(response) -> list[dict]:
    assert response.status_code == 200, response.json()
    return response.json()["dailyBreakdown"]


def fields_of(response) -> set[str]:
    assert response.status_code == 400, response.json()
    return {error["field"] for error in response.json()["errors"]}


@pytest.fixture
def noon_zone(alice) -> ZoneInfo:
    """Alice's zone, in which it is about noon: today cannot end during a test."""
    hours_to_noon = 12 - timezone.now().hour
    alice.timezone = f"Etc/GMT{-hours_to_noon:+d}"
    alice.save(update_fields=["timezone"])
    return zone_named(alice.timezone)


@pytest.fixture
def midnight(noon_zone) -> datetime:
    """The instant at which alice's day began."""
    today = timezone.now().astimezone(noon_zone).date()
    return datetime.combine(today, time(), noon_zone)


# What works


def test_published_week_has_every_day_oldest_first(api, alice, midnight):
    log(alice, midnight, midnight + TICK, midnight - 2 * DAY, duration=1200)
    log(alice, midnight - 6 * DAY, duration=1801)

    response = api.get(f"{PRODUCTIVITY}?range=week")

    today = midnight.date()
    assert response.status_code == 200
    assert response.json() == {
        "totalFocusTime": 5401,
        "totalSessions": 4,
        "averageSessionDuration": 1350,
        "dailyBreakdown": [
            day(today - 6 * DAY, 1801),
            day(today - 5 * DAY),
            day(today - 4 * DAY),
            day(today - 3 * DAY),
            day(today - 2 * DAY, 1200),
            day(today - 1 * DAY),
            day(today, 1200, 1200),
        ],
    }


def test_range_is_a_week_by_default(api, alice, midnight):
    log(alice, midnight)

    assert (
        api.get(PRODUCTIVITY).content == api.get(f"{PRODUCTIVITY}?range=week").content
    )


@pytest.mark.parametrize(("name", "days"), [("today", 1), ("week", 7), ("month", 30)])
def test_range_holds_its_local_days_and_nothing_else(api, alice, midnight, name, days):
    first, end = midnight - (days - 1) * DAY, midnight + DAY
    inside = log(alice, first, end - TICK, duration=60)
    log(alice, first - TICK, end, duration=7000)

    listed = api.get(f"{SESSIONS}?range={name}").json()
    stats = api.get(f"{STATS}?range={name}").json()
    productivity = api.get(f"{PRODUCTIVITY}?range={name}")

    assert {session["_id"] for session in listed} == set(inside)
    assert stats == {"totalFocusTime": 120, "totalSessions": 2}
    breakdown = breakdown_of(productivity)
    dates = [midnight.date() - n * DAY for n in reversed(range(days))]
    assert [entry["date"] for entry in breakdown] == [f"{date}" for date in dates]
    on_edges = {
        entry["date"]: entry["sessions"] for entry in breakdown if entry["sessions"]
    }
    assert on_edges == {f"{first.date()}": 1} | {f"{midnight.date()}": 2 - (days > 1)}


def test_nothing_is_zero_on_every_day(api):
    response = api.get(f"{PRODUCTIVITY}?from=2026-02-02&to=2026-02-03")

    assert response.json() == NOTHING | {
        "dailyBreakdown": [day("2026-02-02"), day("2026-02-03")]
    }


def test_only_the_callers_focus_counts(api, alice, bob):
    start = instant("2026-02-02T10:00:00Z")
    log(alice, start, duration=100)
    log(alice, start, duration=20, completed=False)
    log(alice, start, duration=3000, type="shortBreak")
    log(alice, start, duration=4000, type="longBreak")
    log(bob, start, duration=5000)

    response = api.get(f"{PRODUCTIVITY}?from=2026-02-02&to=2026-02-02")

    assert breakdown_of(response) == [day("2026-02-02", 100, 20)]


@pytest.mark.parametrize(
    ("durations", "average"),
    [([1], 1), ([1, 2], 2), ([2, 3], 3), ([1, 1, 2], 1), ([1, 2, 2], 2), ([0, 0], 0)],
)
def test_average_is_rounded_half_up(api, alice, durations, average):
    start = instant("2026-02-02T10:00:00Z")
    for duration in durations:
        log(alice, start, duration=duration)

    response = api.get(f"{PRODUCTIVITY}?from=2026-02-02&to=2026-02-02")

    assert response.json()["averageSessionDuration"] == average


def test_session_belongs_to_the_day_on_which_it_starts(api, alice):
    start = instant("2026-02-02T23:59:59.999Z")
    log(alice, start, duration=7200, ended_at=start + timedelta(hours=2))

    response = api.get(f"{PRODUCTIVITY}?from=2026-02-01&to=2026-02-03")

    assert breakdown_of(response) == [
        day("2026-02-01"),
        day("2026-02-02", 7200),
        day("2026-02-03"),
    ]


def test_days_are_those_of_the_settings_unless_tz_says_otherwise(api, alice):
    log(alice, instant("2026-02-02T18:15:00Z"))
    User.objects.update(timezone="Asia/Kathmandu")

    period = "from=2026-02-02&to=2026-02-03"
    at_home = api.get(f"{PRODUCTIVITY}?{period}")
    elsewhere = api.get(f"{PRODUCTIVITY}?{period}&tz=Asia/Kolkata")
    alone = api.get(f"{PRODUCTIVITY}?from=2026-02-03&to=2026-02-03").json()

    assert breakdown_of(at_home) == [day("2026-02-02"), day("2026-02-03", 1500)]
    assert breakdown_of(elsewhere) == [day("2026-02-02", 1500), day("2026-02-03")]
    assert alone["totalSessions"] == 1


def test_day_with_a_change_of_clocks_has_its_23_or_25_hours(api, alice):
    log(alice, *(instant("2026-03-28T12:30:00Z") + n * DAY / 24 for n in range(48)))
    log(alice, *(instant("2026-10-24T12:30:00Z") + n * DAY / 24 for n in range(48)))

    counts = [
        [entry["sessions"] for entry in breakdown_of(api.get(PRODUCTIVITY, query))]
        for query in [
            {"from": "2026-03-28", "to": "2026-03-30", "tz": "Europe/Berlin"},
            {"from": "2026-10-24", "to": "2026-10-26", "tz": "Europe/Berlin"},
        ]
    ]

    assert counts == [[11, 23, 14], [10, 25, 13]]


def test_rules_of_zones_are_not_those_that_postgresql_came_with(api, alice):
    # PostgreSQL takes EET for a fixed offset of two hours, also in summer.
    log(alice, instant("2026-07-01T21:30:00Z"))

    query = {"from": "2026-07-01", "to": "2026-07-02", "tz": "EET"}
    response = api.get(PRODUCTIVITY, query)

    assert breakdown_of(response) == [day("2026-07-01"), day("2026-07-02", 1500)]


def test_period_from_one_instant_to_another_holds_both(api, alice):
    start, end = instant("2026-02-02T23:00:00Z"), instant("2026-02-04T01:00:00.25Z")
    log(alice, start, end, duration=60)
    log(alice, start - TICK, end + TICK, duration=7000)

    query = {"from": "2026-02-02T23:00:00Z", "to": "2026-02-04T02:00:00.25+01:00"}
    response = api.get(PRODUCTIVITY, query)
    listed = api.get(SESSIONS, query).json()

    assert breakdown_of(response) == [
        day("2026-02-02", 60),
        day("2026-02-03"),
        day("2026-02-04", 60),
    ]
    assert len(listed) == 2


def test_period_without_an_end_ends_today(api, alice, midnight):
    log(alice, midnight + DAY - TICK, duration=60)
    log(alice, midnight + DAY, duration=7000)
    since = midnight.date() - 3 * DAY

    response = api.get(PRODUCTIVITY, {"from": f"{since}"})

    assert breakdown_of(response) == [
        day(since),
        day(since + DAY),
        day(since + 2 * DAY),
        day(midnight.date(), 60),
    ]


def test_period_without_a_start_is_a_week(api, alice):
    log(alice, instant("2026-02-02T00:00:00Z"), duration=60)
    log(alice, instant("2026-02-01T23:59:59Z"), duration=7000)

    response = api.get(f"{PRODUCTIVITY}?to=2026-02-08")

    breakdown = breakdown_of(response)
    assert breakdown[0] == day("2026-02-02", 60)
    assert breakdown[-1] == day("2026-02-08")
    assert len(breakdown) == 7


# Against a plain reading of the rule

# A zone, and a day on which something happens to its clocks.
PLACES = [
    ("UTC", "2026-02-02"),
    ("Asia/Kolkata", "2026-02-02"),
    ("Asia/Kathmandu", "2026-02-02"),
    ("Pacific/Kiritimati", "2026-01-01"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2025-11-02"),
    ("America/Vancouver", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Africa/Cairo", "2025-04-25"),  # Midnight is skipped.
    ("Asia/Beirut", "2025-03-30"),
    ("America/Havana", "2025-03-09"),
    ("America/Havana", "2025-11-02"),  # Midnight comes twice.
    ("Africa/Cairo", "2025-10-31"),  # So does the hour before.
    ("Asia/Beirut", "2025-10-26"),
    ("EET", "2026-07-01"),
]
near_midnight = st.tuples(
    st.integers(-4, 4), st.sampled_from([-3_600_000, -1, 0, 1, 1_800_000, 3_600_000])
).map(lambda drawn: drawn[0] * DAY + drawn[1] * TICK)
anywhen = st.integers(-4 * 86_400_000, 4 * 86_400_000).map(lambda ms: ms * TICK)
durations = st.integers(0, 86_400)
types = st.sampled_from(["focus", "focus", "shortBreak"])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    place=st.sampled_from(PLACES),
    drawn=st.lists(st.tuples(near_midnight | anywhen, durations, types), max_size=12),
    bounds=st.tuples(st.integers(-3, 3), st.integers(0, 4)),
)
def test_days_are_those_that_a_clock_on_the_wall_shows(
    api, alice, place, drawn, bounds
):
    zone, middle = zone_named(place[0]), date.fromisoformat(place[1])
    first = middle + bounds[0] * DAY
    days = [first + n * DAY for n in range(bounds[1] + 1)]
    base = datetime.combine(middle, time(), zone).astimezone(UTC)
    PomodoroSession.objects.all().delete()
    sessions = [
        unsaved(alice, base + shift, duration, type=type_)
        for shift, duration, type_ in drawn
    ]
    PomodoroSession.objects.bulk_create(sessions)

    query = {"from": f"{days[0]}", "to": f"{days[-1]}", "tz": place[0]}
    productivity = api.get(PRODUCTIVITY, query)
    stats = api.get(STATS, query)
    listed = api.get(SESSIONS, query)

    shown = [one for one in sessions if local_day(one, zone) in days]
    focus = [one for one in shown if one.type == "focus"]
    on_day = {
        each: [one.duration for one in focus if local_day(one, zone) == each]
        for each in days
    }
    assert breakdown_of(productivity) == [day(each, *on_day[each]) for each in days]
    totals = {
        "totalFocusTime": sum(one.duration for one in focus),
        "totalSessions": len(focus),
    }
    assert stats.json() == totals
    assert productivity.json() == productivity.json() | totals
    newest_first = sorted(shown, key=lambda one: (one.started_at, one.pk), reverse=True)
    assert [one["_id"] for one in listed.json()] == [one.pk for one in newest_first]


def local_day(session: PomodoroSession, zone: ZoneInfo) -> date:
    return session.started_at.astimezone(zone).date()


# Refusals

EACH_CALL = [PRODUCTIVITY, SESSIONS, STATS]


@pytest.mark.parametrize("path", EACH_CALL)
def test_wrong_period_is_refused_by_its_parameter(api, path):
    for query, field in [
        ("range=year", "range"),
        ("range=", "range"),
        ("range=week&from=2026-02-02", "range"),
        ("range=week&to=2026-02-02", "range"),
        ("from=2026-02-03&to=2026-02-02", "to"),
        ("from=2026-02-02T10:00:00", "from"),
        ("to=02-02-2026", "to"),
        ("to=2026-02-30", "to"),
        ("from=%00", "from"),
        ("from=", "from"),
        ("tz=Mars/Olympus", "tz"),
        ("tz=UTC%2B25", "tz"),
        ("tz=", "tz"),
        ("range=week&tz=%00", "tz"),
    ]:
        response = api.get(f"{path}?{query}")

        assert fields_of(response) == {field}, query


@pytest.mark.parametrize("query", ["from=0002-01-01", "from=2000-01-01&to=2026-01-01"])
def test_period_of_more_than_ten_years_is_not_broken_down(api, query):
    refused = api.get(f"{PRODUCTIVITY}?{query}")
    listed = api.get(f"{SESSIONS}?{query}")

    assert fields_of(refused) == {"from"}
    assert listed.status_code == 200


def test_ten_years_are_broken_down(api, alice):
    log(alice, instant("2016-01-01T00:00:00Z"), instant("2025-12-31T23:59:59Z"))

    response = api.get(f"{PRODUCTIVITY}?from=2016-01-01&to=2025-12-31")

    breakdown = breakdown_of(response)
    assert len(breakdown) == 3653
    assert [entry for entry in breakdown if entry["sessions"]] == [
        day("2016-01-01", 1500),
        day("2025-12-31", 1500),
    ]


@pytest.mark.parametrize("path", EACH_CALL)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_edges_of_time_are_answered(api, alice, path, zone):
    first, last = instant("0002-01-01T00:00:00Z"), instant("9998-12-31T23:59:59Z")
    log(alice, first, last)

    for edge in ["0002-01-01", "9998-12-31", "0002-01-01T00:00:00Z"]:
        response = api.get(path, {"from": edge, "to": edge, "tz": zone})

        assert response.status_code == 200
    for edge in ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "0000-01-01"]:
        for query in ({"from": edge}, {"to": edge}, {"from": edge, "to": edge}):
            response = api.get(path, query | {"tz": zone})

            assert response.status_code == 400


@pytest.mark.parametrize("path", EACH_CALL)
def test_anonymous_caller_is_unauthorized(anonymous, path):
    response = anonymous.get(f"{path}?range=week")

    assert response.status_code == 401
    assert response.json()["message"] == "Not authorized, token failed"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_productivity_is_only_read(api, method):
    response = getattr(api, method)(PRODUCTIVITY)

    assert response.status_code == 405


@pytest.mark.parametrize("count", [0, 1, 30])
@pytest.mark.parametrize("query", ["", "?range=month", "?from=2020-01-01"])
def test_productivity_takes_two_queries_whatever_there_is(
    api, alice, django_assert_num_queries, query, count
):
    log(alice, *(timezone.now() for _ in range(count)))

    with django_assert_num_queries(2):  # the sign-in and the days
        response = api.get(f"{PRODUCTIVITY}{query}")

    assert response.json()["totalSessions"] == count
