"""Badges are given with the session that earns them, once, and kept."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Progress, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of, person
from pomodoro.models import PomodoroSession

SESSIONS = "/api/sessions"
ME = "/api/auth/me"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 2, 2, 10, tzinfo=UTC)
HUNDRED_HOURS = 360_000  # seconds
LONGEST = 86_400


def past(user: User, *starts: datetime, **fields) -> list[PomodoroSession]:
    """Store sessions that nobody has looked at for badges."""
    values = {"type": "focus", "duration": 60, "completed": True} | fields
    return PomodoroSession.objects.bulk_create(
        PomodoroSession(user=user, started_at=start, **values) for start in starts
    )


def log(client, start: datetime, **fields) -> str:
    body = {"type": "focus", "startTime": start.isoformat(), "duration": 60} | fields
    response = client.post(SESSIONS, body)
    assert response.status_code == 201
    return response.json()["_id"]


def badges_of(client) -> list[str]:
    return client.get(ME).json()["badges"]


def in_zone(user: User, name: str) -> ZoneInfo:
    User.objects.filter(pk=user.pk).update(timezone=name)
    return ZoneInfo(name)


def days(first: datetime, count: int) -> list[datetime]:
    return [first + DAY * n for n in range(count)]


# What earns each


def test_first_session_earns_the_first_badge_in_its_own_answer_already(api):
    log(api, MONDAY)

    assert badges_of(api) == ["first-focus"]


@pytest.mark.parametrize(
    "fields", [{"type": "shortBreak"}, {"type": "longBreak"}, {"completed": False}]
)
def test_breaks_and_what_was_broken_off_earn_nothing(api, alice, fields):
    past(alice, *days(MONDAY - 29 * DAY, 29), **fields)

    for hour in range(10):
        log(api, MONDAY.replace(hour=22) - HOUR * hour, **fields, duration=LONGEST)

    assert badges_of(api) == []


@pytest.mark.parametrize(("before", "earned"), [(8, False), (9, True), (12, True)])
def test_tenth_session_of_a_day_earns_a_badge(api, alice, before, earned):
    past(alice, *(MONDAY + n * timedelta(minutes=10) for n in range(before)))

    log(api, MONDAY)

    assert ("ten-a-day" in badges_of(api)) is earned


@pytest.mark.parametrize(("minute", "earned"), [(-1, False), (0, True), (1439, True)])
def test_day_is_one_of_the_persons_zone(api, alice, minute, earned):
    zone = in_zone(alice, "Asia/Kolkata")
    midnight = datetime(2026, 2, 2, tzinfo=zone)
    past(alice, *(midnight + n * HOUR for n in range(9)))

    log(api, midnight + timedelta(minutes=minute))

    assert ("ten-a-day" in badges_of(api)) is earned


@pytest.mark.parametrize(
    ("badge", "length"), [("week-streak", 7), ("month-streak", 30)]
)
@pytest.mark.parametrize("last", ["at its end", "at its start", "in its middle"])
def test_days_in_a_row_earn_a_badge_whichever_came_last(
    api, alice, badge, length, last
):
    streak = days(MONDAY, length)
    place = {"at its end": -1, "at its start": 0, "in its middle": length // 2}[last]
    missing = streak.pop(place)
    past(alice, *streak)
    log(api, streak[0])
    before = badges_of(api)

    log(api, missing)

    assert badge not in before
    assert badge in badges_of(api)


def test_day_between_breaks_the_streak(api, alice):
    past(alice, *days(MONDAY, 6), *days(MONDAY + 7 * DAY, 5))

    log(api, MONDAY + 12 * DAY)

    assert badges_of(api) == ["first-focus"]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Europe/Berlin", date(2026, 3, 26)),
        ("America/New_York", date(2026, 10, 29)),
        ("Australia/Lord_Howe", date(2026, 4, 2)),
    ],
)
def test_streak_goes_on_through_a_clock_change(api, alice, name, first):
    zone = in_zone(alice, name)
    nights = [datetime.combine(first + n * DAY, time(23, 30), zone) for n in range(7)]
    past(alice, *nights[:-1])

    log(api, nights[-1])

    assert "week-streak" in badges_of(api)


def test_day_that_a_zone_skipped_breaks_no_streak(api, alice):
    zone = in_zone(alice, "Pacific/Apia")  # There was no 30 December 2011.
    december = [datetime(2011, 12, day, 12, tzinfo=zone) for day in (27, 28, 29, 31)]
    january = [datetime(2012, 1, day, 12, tzinfo=zone) for day in (1, 2, 3)]
    past(alice, *december, *january[:-1])

    log(api, january[-1])

    assert "week-streak" in badges_of(api)


@pytest.mark.parametrize(("last", "earned"), [(1499, False), (1500, True)])
def test_hundred_hours_earn_a_badge(api, alice, last, earned):
    past(alice, *days(MONDAY, 4), duration=LONGEST)
    past(alice, MONDAY, duration=HUNDRED_HOURS - 4 * LONGEST - 1500)

    log(api, MONDAY + 90 * DAY, duration=last)

    assert ("hundred-hours" in badges_of(api)) is earned


def test_hours_that_were_broken_off_are_not_among_the_hundred(api, alice):
    past(alice, *days(MONDAY, 4), duration=LONGEST)
    past(alice, MONDAY, duration=LONGEST, completed=False)

    log(api, MONDAY, duration=1500)

    assert "hundred-hours" not in badges_of(api)


@pytest.mark.parametrize(
    ("clock", "badge"),
    [
        (time(0, 0), "early-bird"),
        (time(7, 59, 59), "early-bird"),
        (time(8, 0), None),
        (time(21, 59, 59), None),
        (time(22, 0), "night-owl"),
        (time(23, 59, 59), "night-owl"),
    ],
)
def test_ten_early_or_late_sessions_earn_a_badge(api, alice, clock, badge):
    zone = in_zone(alice, "America/St_Johns")
    # Every other day, so that they are no streak.
    starts = [
        datetime.combine(date(2026, 2, 2) + 2 * n * DAY, clock, zone) for n in range(10)
    ]
    past(alice, *starts[:-2])
    log(api, starts[-2])
    before = badges_of(api)

    log(api, starts[-1])

    assert before == ["first-focus"]
    assert badges_of(api) == ["first-focus"] + ([badge] if badge else [])


# In which order, how often


def test_badges_stand_in_the_order_in_which_they_were_earned(api):
    for start in days(MONDAY, 7):
        log(api, start)
    assert badges_of(api) == ["first-focus", "week-streak"]
    for minute in range(9):
        log(api, MONDAY + timedelta(minutes=minute))

    assert badges_of(api) == ["first-focus", "week-streak", "ten-a-day"]


def test_badge_is_given_once(api, alice):
    past(alice, *(MONDAY + timedelta(minutes=n) for n in range(9)))

    for _ in range(3):
        log(api, MONDAY)
        assert badges_of(api) == ["first-focus", "ten-a-day"]


def test_badges_from_elsewhere_stay(api, alice):
    Progress.objects.filter(pk=alice.pk).update(badges=["pioneer"])

    log(api, MONDAY)

    assert badges_of(api) == ["pioneer", "first-focus"]


def test_sessions_of_others_earn_nothing(api, alice, bob):
    past(alice, *(MONDAY + timedelta(minutes=n) for n in range(9)))

    log(client_of(bob), MONDAY)

    assert badges_of(client_of(bob)) == ["first-focus"]
    assert badges_of(api) == ["first-focus"]


# Changes


@pytest.mark.parametrize(
    ("stored", "change"),
    [
        ({"completed": False}, {"completed": True}),
        ({"type": "shortBreak"}, {"type": "focus"}),
        ({"started_at": MONDAY - DAY}, {"startTime": "2026-02-02T10:00:00Z"}),
    ],
)
def test_change_of_a_session_earns_what_it_makes_complete(api, alice, stored, change):
    past(alice, *(MONDAY + timedelta(minutes=n) for n in range(9)))
    fields = {"started_at": MONDAY} | stored
    (session,) = past(alice, fields.pop("started_at"), **fields)

    response = api.patch(f"{SESSIONS}/{session.pk}", change)

    assert response.status_code == 200
    assert badges_of(api) == ["first-focus", "ten-a-day"]


def test_longer_session_earns_the_hundred_hours(api, alice):
    past(alice, *days(MONDAY, 4), duration=LONGEST)
    (session,) = past(alice, MONDAY, duration=60)

    api.patch(f"{SESSIONS}/{session.pk}", {"duration": HUNDRED_HOURS - 4 * LONGEST})

    assert badges_of(api) == ["first-focus", "hundred-hours"]


@pytest.mark.parametrize(
    "change", [{"completed": False}, {"type": "longBreak"}, {"duration": 0}, None]
)
def test_badges_outlive_the_sessions_that_earned_them(api, change):
    session = log(api, MONDAY)
    assert badges_of(api) == ["first-focus"]

    if change is None:
        response = api.delete(f"{SESSIONS}/{session}")
    else:
        response = api.patch(f"{SESSIONS}/{session}", change)

    assert response.status_code == 200
    assert badges_of(api) == ["first-focus"]


def test_move_to_another_zone_earns_what_its_clocks_show(api, alice):
    midnight = datetime(2026, 2, 3, tzinfo=UTC)
    past(alice, *(midnight + n * timedelta(minutes=10) for n in range(-5, 5)))
    api.patch(ME, {"settings": {"timezone": "Europe/Lisbon"}})
    before = badges_of(api)

    response = api.patch(ME, {"settings": {"timezone": "Asia/Tokyo"}})

    assert before == ["first-focus"]
    assert response.json()["badges"] == ["first-focus", "ten-a-day"]
    assert badges_of(api) == ["first-focus", "ten-a-day"]


def test_fresh_start_takes_all_badges_and_they_can_be_earned_again(api):
    log(api, MONDAY)

    response = api.delete("/api/auth/profile/stats")
    before = badges_of(api)
    log(api, MONDAY)

    assert response.status_code == 200
    assert before == []
    assert badges_of(api) == ["first-focus"]


def test_badge_that_nobody_has_seen_goes_with_its_session(api):
    session = log(api, MONDAY)

    api.delete(f"{SESSIONS}/{session}")

    assert badges_of(api) == []


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_session_is_stored_also_if_its_badge_cannot_be(api, alice):
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE accounts_progress ADD CONSTRAINT none CHECK (badges = '{}')"
        )
    try:
        log(api, MONDAY)
        with pytest.raises(IntegrityError, match="none"):
            badges_of(api)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_progress DROP CONSTRAINT none")

    alice.refresh_from_db()
    assert (alice.progress.points, alice.progress.badges) == (10, [])
    assert badges_of(api) == ["first-focus"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("stored", "badges"), [(0, ["first-focus"]), (8, ["first-focus", "ten-a-day"])]
)
def test_badge_is_neither_lost_nor_doubled_by_two_at_once(stored, badges):
    for number in range(6):
        user = person(f"User{number}")
        if stored:
            past(user, *(MONDAY + timedelta(minutes=n) for n in range(stored - 1)))
            log(client_of(user), MONDAY)
        calls = [partial(log, client_of(user), MONDAY) for _ in range(2)]
        looks = [partial(badges_of, client_of(user)) for _ in range(2)]

        run_concurrently(*calls, *looks)

        assert badges_of(client_of(user)) == badges


@pytest.mark.django_db(transaction=True)
def test_badge_is_not_lost_between_a_session_and_a_move(alice):
    midnight = datetime(2026, 2, 3, tzinfo=UTC)
    starts = [midnight + n * timedelta(minutes=10) for n in range(-5, 5)]
    for number in range(6):
        user = person(f"User{number}")
        past(user, *starts[:-1])
        Progress.objects.filter(pk=user.pk).update(badges=["first-focus"])
        tokyo = {"settings": {"timezone": "Asia/Tokyo"}}

        run_concurrently(
            partial(log, client_of(user), starts[-1]),
            partial(client_of(user).patch, ME, tokyo),
        )

        assert badges_of(client_of(user)) == ["first-focus", "ten-a-day"]


# Whatever the history


def read_plainly(user: User) -> set[str]:
    """Say what the rows earn, with nothing but Python."""
    zone = ZoneInfo(user.timezone)
    counted = user.sessions.filter(type="focus", completed=True)
    starts = [session.started_at.astimezone(zone) for session in counted]
    by_day = Counter(start.date() for start in starts)
    longest = run = 0
    for day in sorted(by_day):
        run = run + 1 if day - DAY in by_day else 1
        longest = max(longest, run)
    reached = {
        "first-focus": len(starts) >= 1,
        "ten-a-day": max(by_day.values(), default=0) >= 10,
        "week-streak": longest >= 7,
        "month-streak": longest >= 30,
        "hundred-hours": sum(one.duration for one in counted) >= HUNDRED_HOURS,
        "early-bird": sum(start.hour < 8 for start in starts) >= 10,
        "night-owl": sum(start.hour >= 22 for start in starts) >= 10,
    }
    return {badge for badge, is_reached in reached.items() if is_reached}


histories = st.lists(
    st.tuples(
        st.integers(0, 9),  # days
        st.sampled_from([0, 7, 8, 21, 22, 23]),  # o'clock
        st.sampled_from(["focus", "focus", "focus", "longBreak"]),
        st.booleans() | st.just(True),
        st.sampled_from([60, LONGEST]),
    ),
    max_size=30,
)


@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    history=histories,
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
    look=st.booleans(),
)
def test_badges_are_what_a_plain_reading_of_the_rows_says(
    alice, api, history, zone, look
):
    PomodoroSession.objects.all().delete()
    User.objects.filter(pk=alice.pk).update(timezone=zone)
    Progress.objects.filter(pk=alice.pk).update(badges=[])
    alice.refresh_from_db()

    for day, hour, kind, completed, duration in history:
        start = datetime(2026, 3, 4 + day, hour, 30, tzinfo=ZoneInfo(zone))
        log(api, start, type=kind, completed=completed, duration=duration)
        if look:
            badges_of(api)

    assert set(badges_of(api)) == read_plainly(alice)
