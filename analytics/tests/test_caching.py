"""Summaries are remembered, and yet never out of date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession

pytestmark = pytest.mark.django_db

PRODUCTIVITY = "/api/analytics/productivity?range=month"
YEARS = "/api/analytics/productivity?from=2020-01-01"
SESSIONS = "/api/sessions"


@pytest.fixture
def session(alice) -> PomodoroSession:
    return PomodoroSession.objects.create(
        user=alice,
        task=Task.objects.add(user=alice, title="Write"),
        type="focus",
        started_at=timezone.now() - timedelta(days=3),
        duration=1500,
    )


def busy_days(api, path: str = PRODUCTIVITY) -> list[tuple[str, int]]:
    """Return the days with a session and their seconds, as the API tells them."""
    days = api.get(path).json()["dailyBreakdown"]
    return [(day["date"], day["focusTime"]) for day in days if day["sessions"]]


def test_unchanged_summary_takes_no_query_of_its_own(
    api, session, django_assert_num_queries
):
    first = api.get(PRODUCTIVITY).json()

    with django_assert_num_queries(1):  # the sign-in
        second = api.get(PRODUCTIVITY).json()

    assert second == first
    assert second["totalFocusTime"] == 1500


def test_long_period_is_not_kept(api, session, django_assert_num_queries):
    busy_days(api, YEARS)

    with django_assert_num_queries(2):
        found = busy_days(api, YEARS)

    assert len(found) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"duration": 60},
        {"type": "shortBreak"},
        # Points and totals stay as they are.
        {"startTime": f"{timezone.now() - timedelta(days=5):%Y-%m-%dT%H:%M:%SZ}"},
    ],
)
def test_change_of_a_session_shows_at_once(api, session, change):
    before = busy_days(api)

    response = api.patch(f"{SESSIONS}/{session.pk}", change)

    assert response.status_code == 200
    assert busy_days(api) != before


def test_new_and_deleted_session_show_at_once(api, session):
    before = busy_days(api)
    now = f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}"

    added = api.post(SESSIONS, {"type": "focus", "startTime": now, "duration": 60})
    between = busy_days(api)
    api.delete(f"{SESSIONS}/{added.json()['_id']}")

    assert len(between) == len(before) + 1
    assert busy_days(api) == before


def test_summaries_of_two_people_and_zones_are_kept_apart(api, bob, session):
    mine = busy_days(api)

    theirs = busy_days(client_of(bob))
    elsewhere = api.get(f"{PRODUCTIVITY}&tz=Pacific/Kiritimati").json()

    assert mine
    assert theirs == []
    assert elsewhere["totalFocusTime"] == 1500


@pytest.mark.parametrize("many", [1, 3])
def test_each_kind_of_write_gives_a_new_version(alice, session, many):
    def version() -> int:
        alice.refresh_from_db()
        return alice.progress.version

    mine = PomodoroSession.objects.filter(user=alice)
    blocks = [
        PomodoroSession(
            user=alice, type="focus", started_at=session.started_at, duration=60
        )
        for _ in range(many)
    ]

    versions = [version()]
    PomodoroSession.objects.bulk_create(blocks)
    versions.append(version())
    mine.update(mood="good")
    versions.append(version())
    mine.delete()
    versions.append(version())

    assert versions == sorted(set(versions))


def test_break_leaves_the_version(alice, session):
    alice.refresh_from_db()
    before = alice.progress.version

    PomodoroSession.objects.create(
        user=alice, type="shortBreak", started_at=session.started_at, duration=60
    )

    alice.refresh_from_db()
    assert alice.progress.version == before > 0
