from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import SignIn, User
from focusmaster.dates.periods import last_days
from focusmaster.dates.zones import zone_named
from focusmaster.tests.people import person
from moderation import traffic
from moderation.models import DailyActivity, ErrorGroup
from moderation.tests.browser import signed_in, text_of
from pomodoro.models import PomodoroSession

STATS = "/api/admin/stats"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BERLIN = zone_named("Europe/Berlin")
UTC_ZONE = zone_named("UTC")


def session(user: User, at: datetime) -> None:
    PomodoroSession.objects.create(
        user=user, type="focus", started_at=at, duration=1500, completed=True
    )


def busy(days: list[dict]) -> list[dict]:
    return [day for day in days if day["sessions"]]


def test_stats_have_the_shape_of_the_contract(staff, api, alice):
    session(alice, timezone.now())

    response = staff.get(STATS)

    assert response.status_code == 200
    stats = response.json()
    assert list(stats) == ["kpis", "traffic"]
    assert stats["kpis"] == {
        "totalUsers": 2,
        "totalSessions": 1,
        "activeToday": 2,
        "recentErrors": 0,
    }
    today = datetime.now(UTC).date().isoformat()
    assert len(stats["traffic"]) == 30
    assert stats["traffic"][-1] == {"date": today, "sessions": 1, "visitors": 1}


def test_traffic_counts_sessions_and_people_of_each_local_day(alice, bob):
    evening = NOON.replace(day=8, hour=23, minute=30)  # The 9th in Berlin.
    for user, at in [(alice, NOON), (alice, NOON), (bob, NOON), (alice, evening)]:
        session(user, at)

    by_berlin = traffic.traffic(BERLIN, at=NOON).days
    by_utc = traffic.traffic(UTC_ZONE, at=NOON).days

    assert (by_utc[0]["date"], by_utc[-1]["date"]) == ("2026-02-09", "2026-03-10")
    assert busy(by_utc) == [
        {"date": "2026-03-08", "sessions": 1, "visitors": 1},
        {"date": "2026-03-10", "sessions": 3, "visitors": 2},
    ]
    assert [day["date"] for day in busy(by_berlin)] == ["2026-03-09", "2026-03-10"]


def test_stats_are_by_the_days_of_who_asks(staff):
    staff.patch("/api/auth/me", {"settings": {"timezone": "Pacific/Kiritimati"}})

    theirs = staff.get(STATS).json()["traffic"][-1]["date"]
    asked_for = staff.get(f"{STATS}?tz=Pacific/Niue").json()["traffic"][-1]["date"]

    assert theirs != asked_for
    assert staff.get(f"{STATS}?tz=Mars").status_code == 400


def test_busy_day_that_is_long_past_is_not_counted_again(alice, monkeypatch):
    monkeypatch.setattr(traffic, "MANY", 2)
    past, yesterday = NOON - timedelta(days=5), NOON - timedelta(days=1)
    for at in (past, yesterday):
        session(alice, at)
        session(alice, at)
    first = traffic.traffic(UTC_ZONE, at=NOON).days
    for at in (past, yesterday, NOON):
        session(alice, at)

    second = traffic.traffic(UTC_ZONE, at=NOON).days

    assert [day["sessions"] for day in busy(first)] == [2, 2]
    assert [day["sessions"] for day in busy(second)] == [2, 3, 1]
    assert DailyActivity.objects.get().sessions == 2


@pytest.mark.django_db(transaction=True)
def test_busy_day_is_shown_as_it_was_and_counted_anew_meanwhile(alice, monkeypatch):
    monkeypatch.setattr(traffic, "BUSY", 1)
    seen = []

    def look() -> None:
        use = traffic.traffic(UTC_ZONE)
        seen.append((use.days[-1]["sessions"], traffic.kpis(use)["activeToday"]))

    session(alice, timezone.now())
    look()
    session(person("Carol"), timezone.now())
    look()
    DailyActivity.objects.update(counted_at=timezone.now() - timedelta(minutes=2))
    look()
    with traffic.counting:  # Once the thread is done.
        look()

    assert seen == [(1, 1), (1, 1), (1, 1), (2, 2)]


def test_quiet_day_that_was_kept_is_counted_again_at_each_look(alice):
    now = timezone.now()
    session(alice, now)
    today = last_days(1, UTC_ZONE, at=now)
    traffic.recount([(today.start, today.end)], at=now, keeps_all=True)
    session(alice, now)

    use = traffic.traffic(UTC_ZONE, at=now)

    assert (use.days[-1]["sessions"], use.active) == (2, 1)
    assert use.as_of is None


def test_day_that_is_no_longer_shown_is_deleted(alice, monkeypatch):
    monkeypatch.setattr(traffic, "MANY", 1)
    session(alice, NOON - timedelta(days=5))

    kept = []
    for days in (0, 27, 35):
        later = NOON + timedelta(days=days)
        session(alice, later - timedelta(days=5))
        traffic.traffic(UTC_ZONE, at=later)
        kept.append(DailyActivity.objects.count())

    assert kept == [1, 2, 2]


def home_of(user: User) -> tuple[list[str], str]:
    """Return the numbers on staff's first page, and its text."""
    try:
        page = signed_in(user).get("/admin/")
        return [tile["number"] for tile in page.context["tiles"]], text_of(page)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_first_page_does_not_wait_for_a_count_that_takes_long(
    moderator, alice, monkeypatch
):
    monkeypatch.setattr(traffic, "BUSY", 1)
    now = timezone.now()
    session(alice, now)
    session(alice, now - timedelta(days=7))

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic(), connection.cursor() as cursor:
            # So what was counted cannot be kept.
            cursor.execute("LOCK moderation_dailyuse IN SHARE MODE")
            early = [thread.submit(home_of, moderator).result() for _ in range(2)]
        with traffic.counting:  # Once the thread is done.
            numbers, text = home_of(moderator)

    for early_numbers, early_text in early:
        assert early_numbers == ["2", "…", "0", "0"]
        assert (
            "day.</strong> 30 days still being counted: look again soon." in early_text
        )
        assert f"{now:%Y-%m-%d}: being counted</title>" in early_text
    assert numbers == ["2", "1", "0", "0"]
    assert "2 sessions in 30 days; days are those of UTC. Busy days as of " in text
    assert "still being counted" not in text


def test_quiet_days_are_always_counted(alice):
    past = NOON - timedelta(days=5)
    for expected in (1, 2):
        session(alice, past)

        (day,) = busy(traffic.traffic(UTC_ZONE, at=NOON).days)

        assert day["sessions"] == expected
    assert not DailyActivity.objects.exists()


def test_active_today_are_those_with_a_session_or_a_sign_in_in_use(alice, bob):
    for user, used_at in [(alice, NOON), (bob, NOON - timedelta(days=1))]:
        sign_in = SignIn.objects.start(user=user, user_agent="", ip_address=None)
        SignIn.objects.filter(pk=sign_in.pk).update(last_used_at=used_at)
    session(alice, NOON)

    before = traffic.traffic(UTC_ZONE, at=NOON).active
    session(bob, NOON)
    after = traffic.traffic(UTC_ZONE, at=NOON).active

    assert (before, after) == (1, 2)


@pytest.mark.usefixtures("db")
def test_recent_errors_are_those_of_a_day():
    for at in (NOON, NOON - timedelta(hours=23), NOON - timedelta(hours=25)):
        ErrorGroup.objects.note(
            fingerprint=b"x",
            message="KeyError",
            stack="",
            path="/",
            method="GET",
            status_code=500,
            user_id=None,
            request_id="1",
            at=at,
        )

    assert traffic.kpis(traffic.traffic(UTC_ZONE), at=NOON)["recentErrors"] == 2


def test_query_count_does_not_grow(staff, alice, bob, django_assert_num_queries):
    for user in (alice, bob):
        session(user, timezone.now())

    # The token's owner, four numbers, what is kept of days, the other days.
    with django_assert_num_queries(7):
        staff.get(STATS)
