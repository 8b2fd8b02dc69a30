"""The calls beside productivity, each by example; see test_against_plain_reading."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from focusmaster.dates.zones import zone_named
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(milliseconds=1)

OF_A_PERIOD = ["heatmap", "goal", "hours", "tasks", "moods"]
BY_DAY = ["heatmap", "goal"]
IN_A_ZONE = [*OF_A_PERIOD, "today", "week", "streaks"]
EACH_CALL = [*IN_A_ZONE, "distribution"]
KEPT = ["week", "heatmap", "goal", "streaks", "hours", "moods"]


def log(user: User, *starts: datetime, **fields) -> None:
    given = {"type": "focus", "duration": 1500} | fields
    PomodoroSession.objects.bulk_create(
        PomodoroSession(user=user, started_at=start, **given) for start in starts
    )


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def read(api, call: str, **query: str):
    response = api.get(f"/api/analytics/{call}", query)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def noon_zone(alice) -> ZoneInfo:
    """Alice's zone, in which it is about noon: today cannot end during a test."""
    alice.timezone = f"Etc/GMT{timezone.now().hour - 12:+d}"
    alice.save(update_fields=["timezone"])
    return zone_named(alice.timezone)


@pytest.fixture
def midnight(noon_zone) -> datetime:
    """The instant at which alice's day began."""
    today = timezone.now().astimezone(noon_zone).date()
    return datetime.combine(today, time(), noon_zone)


# Today


def test_today_has_the_sessions_of_the_local_day_newest_first(api, alice, midnight):
    task = Task.objects.add(user=alice, title="Write", category="Study")
    log(alice, midnight, duration=100)
    log(alice, midnight + DAY - TICK, duration=20, completed=False, task=task)
    log(alice, midnight - TICK, midnight + DAY, duration=7000)
    log(alice, midnight, type="shortBreak")

    today = read(api, "today")

    listed = api.get("/api/sessions?range=today&type=focus").json()
    assert today == {"totalDuration": 120, "sessionCount": 2, "sessions": listed}
    assert [one["duration"] for one in listed] == [20, 100]
    assert today["sessions"][0]["task"] == {"_id": task.pk, "title": "Write"}
    assert today["sessions"][0]["tag"] == "Study"


def test_title_of_a_task_shows_in_today_at_once(api, alice, midnight):
    task = Task.objects.add(user=alice, title="Write")
    log(alice, midnight, task=task)
    read(api, "today")

    api.patch(f"/api/tasks/{task.pk}", {"title": "Rewrite"})

    (session,) = read(api, "today")["sessions"]
    assert session["task"]["title"] == "Rewrite"


def test_today_without_a_session_is_empty(api):
    assert read(api, "today") == {
        "totalDuration": 0,
        "sessionCount": 0,
        "sessions": [],
    }


# Week


@pytest.mark.parametrize(
    ("start", "names"),
    [
        ("monday", "Mon Tue Wed Thu Fri Sat Sun"),
        ("sunday", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_week_begins_on_the_day_that_the_settings_say(
    api, alice, midnight, start, names
):
    api.patch("/api/auth/me", {"settings": {"weekStart": start}})
    log(alice, midnight, duration=600)

    week = read(api, "week")

    days = [date.fromisoformat(day["date"]) for day in week]
    assert [day["name"] for day in week] == names.split()
    assert [day.strftime("%a") for day in days] == names.split()
    assert days == [days[0] + n * DAY for n in range(7)]
    assert {day["date"]: day["duration"] for day in week if day["duration"]} == {
        f"{midnight.date()}": 10
    }


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(29, 0), (30, 1), (89, 1), (90, 2), (86_400, 1440)]
)
def test_minutes_of_a_week_are_rounded_half_up(api, alice, midnight, seconds, minutes):
    log(alice, midnight, duration=seconds)

    week = read(api, "week")

    assert sum(day["duration"] for day in week) == minutes


# Distribution


def test_distribution_counts_all_tasks_by_priority(api, alice, bob):
    for priority in ("low", "high", "low"):
        Task.objects.add(user=alice, title="Write", priority=priority)
    Task.objects.add(user=alice, title="Read", priority="high", status="done")
    Task.objects.add(user=bob, title="Sleep", priority="medium")

    assert read(api, "distribution") == [
        {"name": "High", "value": 2},
        {"name": "Medium", "value": 0},
        {"name": "Low", "value": 2},
    ]


# Heatmap


def test_heatmap_has_the_days_of_a_year_that_have_a_session(api, alice, midnight):
    first = midnight - 364 * DAY
    log(alice, midnight, midnight + HOUR, first)
    log(alice, first, completed=False)
    log(alice, first - TICK, midnight + DAY)

    assert read(api, "heatmap") == [
        {"date": f"{first.date()}", "count": 2},
        {"date": f"{midnight.date()}", "count": 2},
    ]


def test_heatmap_of_another_year_can_be_asked_for(api, alice):
    log(alice, instant("2024-02-29T23:59:59Z"), instant("2025-01-01T00:00:00Z"))

    year = read(api, "heatmap", **{"from": "2024-01-01", "to": "2024-12-31"})

    assert year == [{"date": "2024-02-29", "count": 1}]


# Streaks


@pytest.mark.parametrize(
    ("days_ago", "current", "longest"),
    [
        ([], 0, 0),
        ([0], 1, 1),
        ([1], 1, 1),
        ([2], 0, 1),
        ([0, 1, 2, 4], 3, 3),
        ([1, 2, 5, 6, 7, 8], 2, 4),
        ([2, 3, 4], 0, 3),
        ([-1, 0, 1], 2, 2),  # Tomorrow has still to come.
    ],
)
def test_streak_goes_on_until_a_day_is_over_without_a_session(
    api, alice, midnight, days_ago, current, longest
):
    log(alice, *(midnight + 12 * HOUR - ago * DAY for ago in days_ago))
    log(alice, *(midnight - ago * DAY for ago in days_ago))

    streaks = read(api, "streaks")

    past = [ago for ago in days_ago if ago >= 0]
    last = f"{midnight.date() - min(past) * DAY}" if past else None
    assert streaks == {"current": current, "longest": longest, "lastActiveDay": last}


def test_only_completed_focus_makes_a_day_of_a_streak(api, alice, bob, midnight):
    log(alice, midnight, midnight - 2 * DAY)
    log(alice, midnight - DAY, completed=False)
    log(alice, midnight - DAY, type="longBreak")
    log(bob, midnight - DAY)

    assert read(api, "streaks")["longest"] == 1


def test_day_that_a_zone_skipped_breaks_no_streak(api, alice):
    # Samoa went from 29 December 2011 to the 31st.
    log(alice, instant("2011-12-29T12:00:00-10:00"), instant("2011-12-31T12:00+14:00"))

    at_home = read(api, "streaks", tz="Pacific/Apia")
    elsewhere = read(api, "streaks", tz="Pacific/Kiritimati")

    assert at_home == {"current": 0, "longest": 2, "lastActiveDay": "2011-12-31"}
    assert elsewhere["longest"] == 2


def test_person_who_moves_sees_the_days_of_the_new_zone_at_once(api, alice):
    # In Tokyo one morning and the next evening; in Honolulu one day and the day after
    # the next.
    log(alice, instant("2026-02-02T00:00:00Z"), instant("2026-02-03T10:30:00Z"))
    api.patch("/api/auth/me", {"settings": {"timezone": "Asia/Tokyo"}})
    before = read(api, "streaks"), read(api, "heatmap", **{"from": "2026-02-01"})

    api.patch("/api/auth/me", {"settings": {"timezone": "Pacific/Honolulu"}})

    after = read(api, "streaks"), read(api, "heatmap", **{"from": "2026-02-01"})
    assert [before[0]["longest"], after[0]["longest"]] == [2, 1]
    assert [day["date"] for day in before[1]] == ["2026-02-02", "2026-02-03"]
    assert [day["date"] for day in after[1]] == ["2026-02-01", "2026-02-03"]


# Hours


def busy_hours(hours: list[dict]) -> dict[int, int]:
    assert [hour["hour"] for hour in hours] == list(range(24))
    return {hour["hour"]: hour["sessions"] for hour in hours if hour["sessions"]}


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("UTC", {23: 1}),
        ("Asia/Kathmandu", {5: 1}),
        ("America/St_Johns", {20: 1}),
        ("Pacific/Kiritimati", {13: 1}),
        ("Etc/GMT+12", {11: 1}),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(api, alice, zone, hours):
    log(alice, instant("2026-02-02T23:59:59.999Z"), duration=7200)

    found = read(api, "hours", tz=zone)

    assert busy_hours(found) == hours
    assert sum(hour["focusTime"] for hour in found) == 7200


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        # There was no hour from two to three,
        ("2026-03-29", {0: 2, 1: 2, 3: 2, 4: 2}),
        # and here it came twice.
        ("2026-10-25", {0: 2, 1: 2, 2: 4, 3: 2}),
    ],
)
def test_hours_follow_both_changes_of_clocks(api, alice, day, hours):
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone_named("Europe/Berlin"))
    first = midnight.astimezone(UTC)
    count = sum(hours.values())
    log(alice, *(first + n * HOUR / 2 for n in range(count)))

    found = read(api, "hours", tz="Europe/Berlin", **{"from": day, "to": day})

    assert busy_hours(found) == hours


def test_rules_of_hours_are_not_those_that_postgresql_came_with(api, alice):
    # PostgreSQL takes EET for a fixed offset of two hours, also in summer.
    log(alice, instant("2026-07-01T21:30:00Z"))

    assert busy_hours(read(api, "hours", tz="EET")) == {0: 1}


# Tasks and moods


def test_tasks_come_with_most_time_first_and_what_has_none_is_a_task_too(
    api, alice, bob
):
    write = Task.objects.add(user=alice, title="Write", estimated_pomodoros=4)
    gone = Task.objects.add(user=alice, title="Forget")
    Task.objects.add(user=alice, title="Never begun")
    at = instant("2026-02-02T10:00:00Z")
    log(alice, at, at + HOUR, task=write, duration=60)
    log(alice, at, task=write, duration=20, completed=False)
    log(alice, at, task=gone, duration=3000)
    log(alice, at, duration=500)
    log(alice, at, task=write, type="shortBreak", duration=9000)
    log(bob, at, duration=9000)
    api.delete(f"/api/tasks/{gone.pk}")

    assert read(api, "tasks") == [
        {
            "task": None,
            "focusTime": 3500,
            "sessions": 2,
            "estimated": None,
            "completed": None,
        },
        {
            "task": {"_id": write.pk, "title": "Write"},
            "focusTime": 140,
            "sessions": 3,
            "estimated": 4,
            "completed": 2,
        },
    ]


def test_tasks_of_others_are_not_read_to_find_ones_own(api, alice, bob):
    at = instant("2026-02-02T10:00:00Z")
    tasks = [Task(user=alice if n < 20 else bob, title=f"{n}") for n in range(1000)]
    for task in Task.objects.bulk_create(tasks)[:20]:
        log(alice, *(at + n * HOUR for n in range(20)), task=task)
    sent = []

    def note(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        read(api, "tasks")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE kanban_task, pomodoro_pomodorosession")
        sql, params = sent[-1]
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan on kanban_task" not in plan


def test_moods_add_up_to_all_focus(api, alice):
    at = instant("2026-02-02T10:00:00Z")
    log(alice, at, at + HOUR, mood="tired", duration=60)
    log(alice, at, mood="good", duration=500)
    log(alice, at, mood=None, duration=10)
    log(alice, at, mood="sad", type="longBreak")

    assert read(api, "moods") == [
        {"mood": "good", "focusTime": 500, "sessions": 1},
        {"mood": "tired", "focusTime": 120, "sessions": 2},
        {"mood": None, "focusTime": 10, "sessions": 1},
    ]


def test_mood_that_is_picked_shows_at_once(api, alice):
    log(alice, instant("2026-02-02T10:00:00Z"))
    assert read(api, "moods")[0]["mood"] is None

    (session,) = PomodoroSession.objects.all()
    api.patch(f"/api/sessions/{session.pk}", {"mood": "good"})

    assert [share["mood"] for share in read(api, "moods")] == ["good"]


@pytest.mark.parametrize("call", ["hours", "tasks", "moods"])
def test_share_is_of_the_period_or_of_all_time(api, alice, call):
    log(alice, instant("2020-02-02T10:00:00Z"), instant("2026-02-02T23:30:00Z"))

    def sessions(**query: str) -> int:
        return sum(share["sessions"] for share in read(api, call, **query))

    assert sessions() == 2
    assert sessions(**{"from": "2026-02-02"}) == 1
    assert sessions(**{"from": "2026-02-03"}) == 0
    assert sessions(**{"from": "2026-02-03"}, tz="Asia/Kolkata") == 1
    assert sessions(to="2026-02-01") == 1


# Goal


def test_goal_is_met_by_as_many_completed_sessions(api, alice, midnight):
    api.patch("/api/auth/me", {"settings": {"dailyGoal": 2}})
    log(alice, midnight, midnight + HOUR, midnight - DAY, midnight - 6 * DAY)
    log(alice, midnight - DAY, completed=False)
    log(alice, midnight - DAY, type="shortBreak")
    log(alice, midnight - 6 * DAY - TICK, midnight + DAY)

    goal = read(api, "goal")

    counts = [1, 0, 0, 0, 0, 1, 2]
    assert goal == {
        "dailyGoal": 2,
        "completedToday": 2,
        "days": [
            {
                "date": f"{midnight.date() - (6 - n) * DAY}",
                "sessions": count,
                "met": count == 2,
            }
            for n, count in enumerate(counts)
        ],
    }


def test_changed_goal_shows_at_once(api, alice, midnight):
    log(alice, midnight)
    before = read(api, "goal", range="today")

    api.patch("/api/auth/me", {"settings": {"dailyGoal": 1}})

    after = read(api, "goal", range="today")
    assert (before["dailyGoal"], before["days"][0]["met"]) == (8, False)
    assert (after["dailyGoal"], after["days"][0]["met"]) == (1, True)


def test_goal_of_a_past_period_tells_today_too(api, alice, midnight):
    log(alice, midnight, midnight - 20 * DAY)
    day = f"{midnight.date() - 20 * DAY}"

    goal = read(api, "goal", **{"from": day, "to": day})

    assert goal["completedToday"] == 1
    assert goal["days"] == [{"date": day, "sessions": 1, "met": False}]


# All of them


@pytest.mark.parametrize("call", EACH_CALL)
def test_nobody_sees_what_is_someone_elses(api, bob, call):
    log(bob, timezone.now())
    Task.objects.add(user=bob, title="Sleep")
    empty = read(api, call)

    theirs = read(client_of(bob), call)

    assert theirs != empty
    PomodoroSession.objects.all().delete()
    Task.objects.all().delete()
    assert read(api, call) == empty


@pytest.mark.parametrize("call", EACH_CALL)
def test_anonymous_caller_is_unauthorized(anonymous, call):
    response = anonymous.get(f"/api/analytics/{call}")

    assert response.status_code == 401


@pytest.mark.parametrize("call", EACH_CALL)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_summary_is_only_read(api, call, method):
    response = getattr(api, method)(f"/api/analytics/{call}")

    assert response.status_code == 405


def refused_field(api, call: str, query: str) -> str:
    response = api.get(f"/api/analytics/{call}?{query}")
    assert response.status_code == 400, query
    (error,) = response.json()["errors"]
    return error["field"]


@pytest.mark.parametrize("call", IN_A_ZONE)
@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "UTC%2B25", "%00"])
def test_wrong_zone_is_refused(api, call, zone):
    assert refused_field(api, call, f"tz={zone}") == "tz"


@pytest.mark.parametrize("call", OF_A_PERIOD)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=year", "range"),
        ("range=week&from=2026-02-02", "range"),
        ("from=2026-02-03&to=2026-02-02", "to"),
        ("from=2026-02-02T10:00:00", "from"),
        ("to=%00", "to"),
    ],
)
def test_wrong_period_is_refused_by_its_parameter(api, call, query, field):
    assert refused_field(api, call, query) == field


@pytest.mark.parametrize("call", BY_DAY)
def test_period_of_more_than_ten_years_is_not_broken_down(api, call):
    assert refused_field(api, call, "from=2001-01-01") == "from"


@pytest.mark.parametrize("call", OF_A_PERIOD)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_edges_of_time_are_answered(api, alice, call, zone):
    edges = date(2, 1, 1), date(9998, 12, 31)
    noons = (datetime.combine(edge, time(12), zone_named(zone)) for edge in edges)
    log(alice, *noons)

    for edge in ("0002-01-01", "9998-12-31"):
        found = read(api, call, **{"from": edge, "to": edge}, tz=zone)

        entries = found["days"] if call == "goal" else found
        name = "count" if call == "heatmap" else "sessions"
        assert sum(entry[name] for entry in entries) == 1
    assert read(api, "streaks", tz=zone)["lastActiveDay"] == "0002-01-01"


@pytest.mark.parametrize("call", EACH_CALL)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_queries_of_a_summary_do_not_grow_with_the_rows(
    api, alice, django_assert_num_queries, call, count
):
    tasks = [Task.objects.add(user=alice, title=f"Task {n}") for n in range(count)]
    for n, task in enumerate(tasks):
        log(alice, timezone.now() - n * DAY, task=task)

    # The sign-in and the summary, and for the shares of tasks their titles.
    with django_assert_num_queries(3 if call == "tasks" else 2):
        api.get(f"/api/analytics/{call}")


def test_goal_of_a_past_period_takes_a_third_query(api, django_assert_num_queries):
    with django_assert_num_queries(3):
        api.get("/api/analytics/goal?from=2026-01-01&to=2026-01-07")


@pytest.mark.parametrize("call", KEPT)
def test_unchanged_summary_takes_no_query_of_its_own(
    api, alice, midnight, django_assert_num_queries, call
):
    log(alice, midnight)
    first = read(api, call)

    with django_assert_num_queries(1):  # the sign-in
        second = read(api, call)

    assert second == first
    log(alice, midnight + HOUR, midnight - DAY)
    assert read(api, call) != first
