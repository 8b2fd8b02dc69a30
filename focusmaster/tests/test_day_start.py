"""Where days begin: at an hour of one's own, and where clocks skip or repeat it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from focusmaster.dates.periods import is_skipped, local_day, local_midnight
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.dates.zones import zone_named
from kanban.models import Task
from pomodoro.models import PomodoroSession

ME = "/api/auth/me"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
ZONES = [
    *("UTC", "Europe/Berlin", "America/Toronto", "America/Sao_Paulo", "Africa/Cairo"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Kathmandu"),
]


@pytest.mark.parametrize(
    ("zone", "day", "day_start", "begins"),
    [
        ("Europe/Berlin", "2026-03-29", 0, "2026-03-28T23:00:00Z"),
        # Clocks skip from two to three.
        ("Europe/Berlin", "2026-03-29", 2, "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-03-29", 4, "2026-03-29T02:00:00Z"),
        # It is two twice.
        ("Europe/Berlin", "2026-10-25", 2, "2026-10-25T00:00:00Z"),
        ("Europe/Berlin", "2026-10-25", 3, "2026-10-25T02:00:00Z"),
        # Half past eleven is followed by half past midnight.
        ("America/Toronto", "1919-03-31", 0, "1919-03-31T04:30:00Z"),
        ("America/Sao_Paulo", "2018-11-04", 0, "2018-11-04T03:00:00Z"),
        ("Africa/Cairo", "2023-04-28", 0, "2023-04-27T22:00:00Z"),
        ("Pacific/Apia", "2011-12-29", 5, "2011-12-29T15:00:00Z"),
        ("Pacific/Apia", "2011-12-31", 0, "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", 6, "2011-12-30T16:00:00Z"),
    ],
)
def test_day_begins_at_its_hour_or_after_the_gap(zone, day, day_start, begins):
    start = local_midnight(date.fromisoformat(day), zone_named(zone), day_start)

    assert format_instant(start) == begins


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(ZONES),
    day_start=st.integers(0, 6),
    timestamp=st.integers(-1_640_000_000, 1_900_000_000),  # From 1918 to 2030.
)
def test_day_of_an_instant_is_the_last_that_began(name, day_start, timestamp):
    zone, instant = zone_named(name), datetime.fromtimestamp(timestamp, UTC)

    day = local_day(instant, zone, day_start)

    assert not is_skipped(day, zone)
    start = local_midnight(day, zone, day_start)
    following = local_midnight(day + DAY, zone, day_start)
    assert start <= instant < following
    # Before its first moment, the wall has not shown this hour of this day yet.
    wall = datetime.combine(day, datetime.min.time()) + timedelta(hours=day_start)
    shown = start.astimezone(zone).replace(tzinfo=None)
    before = (start - MINUTE).astimezone(zone).replace(tzinfo=None)
    assert shown >= wall > before


@pytest.mark.parametrize("hour", range(7))
def test_start_of_the_day_is_chosen(api, hour):
    response = api.patch(ME, {"settings": {"dayStart": hour}})

    assert response.status_code == 200
    assert api.get(ME).json()["settings"]["dayStart"] == hour


@pytest.mark.parametrize("hour", [-1, 7, 24, None, "4", True, [], 1.6e9])
def test_other_starts_of_the_day_are_refused(api, hour):
    response = api.patch(ME, {"settings": {"dayStart": hour}})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "settings.dayStart"


@pytest.fixture
def night(api, alice) -> PomodoroSession:
    """A session at three in the night of the second of February, in Kolkata."""
    User.objects.filter(pk=alice.pk).update(timezone="Asia/Kolkata", day_start=4)
    return PomodoroSession.objects.create(
        user=alice,
        type="focus",
        started_at=datetime(2026, 2, 1, 21, 30, tzinfo=UTC),
        duration=1500,
    )


@pytest.mark.parametrize(
    "path",
    ["analytics/productivity", "sessions", "analytics/heatmap", "analytics/goal"],
)
def test_work_after_midnight_belongs_to_the_day_before(api, night, path):
    def found(day: str) -> int:
        response = api.get(f"/api/{path}", {"from": day, "to": day})
        assert response.status_code == 200
        body = response.json()
        if path == "sessions" or path == "analytics/heatmap":
            return len(body)
        days = body["days"] if path == "analytics/goal" else body["dailyBreakdown"]
        assert [one["date"] for one in days] == [day]
        return days[0]["sessions"]

    assert (found("2026-02-01"), found("2026-02-02")) == (1, 0)


def test_hours_on_the_wall_stay(api, night):
    hours = api.get("/api/analytics/hours").json()

    assert [one["hour"] for one in hours if one["sessions"]] == [3]


def test_streak_goes_by_these_days(api, night):
    assert api.get("/api/analytics/streaks").json()["lastActiveDay"] == "2026-02-01"


def test_goal_of_today_counts_from_the_start_of_the_day(api, alice):
    now = timezone.now()
    User.objects.filter(pk=alice.pk).update(day_start=6)
    begun = local_midnight(local_day(now, zone_named("UTC"), 6), zone_named("UTC"), 6)
    for at in (begun, begun - timedelta(seconds=1)):
        PomodoroSession.objects.create(
            user=alice, type="focus", started_at=at, duration=60
        )

    assert api.get("/api/analytics/today").json()["sessionCount"] == 1
    assert api.get("/api/analytics/goal").json()["completedToday"] == 1


def test_what_is_due_today_goes_by_the_start_of_the_day(api, alice):
    User.objects.filter(pk=alice.pk).update(day_start=6)
    zone = zone_named("UTC")
    begun = local_midnight(local_day(timezone.now(), zone, 6), zone, 6)
    for title, due in [("last", begun + DAY - MINUTE), ("next", begun + DAY)]:
        Task.objects.add(user=alice, title=title, deadline=due)

    found = api.get("/api/tasks", {"due": "today"}).json()

    assert [task["title"] for task in found] == ["last"]


@pytest.mark.parametrize(
    ("zone", "today", "names"),
    [("Europe/Berlin", "saturday", "Sat Sun Mon Tue Wed Thu Fri")],
)
def test_week_begins_on_saturday(api, alice, zone, today, names):
    User.objects.filter(pk=alice.pk).update(timezone=zone, week_start=today)

    week = api.get("/api/analytics/week").json()

    assert [day["name"] for day in week] == names.split()


@pytest.mark.parametrize("call", ["analytics/productivity", "sessions", "clock/logs"])
@pytest.mark.parametrize("bound", ["from", "to"])
def test_day_that_never_was_is_refused(api, call, bound):
    query = {"from": "2011-12-20", "to": "2012-01-05", "tz": "Pacific/Apia"}

    response = api.get(f"/api/{call}", query | {bound: "2011-12-30"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == bound


def test_day_that_never_was_is_not_listed(api):
    query = {"from": "2011-12-28", "to": "2012-01-01", "tz": "Pacific/Apia"}

    days = api.get("/api/analytics/productivity", query).json()["dailyBreakdown"]

    assert [day["date"] for day in days] == [
        *("2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01")
    ]


@pytest.mark.parametrize(
    "name", ["Factory", "localtime", "posixrules", "posix/UTC", "right/Europe/Berlin"]
)
def test_zones_for_machines_are_none_for_people(api, name):
    chosen = api.patch(ME, {"settings": {"timezone": name}})
    asked = api.get("/api/analytics/today", {"tz": name})

    assert (chosen.status_code, asked.status_code) == (400, 400)
    assert api.get(ME).json()["settings"]["timezone"] == "UTC"
