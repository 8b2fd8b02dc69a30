"""The web client posts a block at its end, and again once a mood is picked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from accounts.models import Progress, User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.fields import new_object_id
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.exceptions import EndsBeforeStart, NoSuchTask
from pomodoro.models import PomodoroSession

SESSIONS = "/api/sessions"
TEN = datetime(2026, 2, 2, 10, tzinfo=UTC)


def block(start: float = 0, end: float | None = 25, **more) -> dict:
    """A focus block of 25 minutes, from and to so many minutes after ten."""
    body = {
        "type": "focus",
        "startTime": format_instant(TEN + timedelta(minutes=start)),
        "duration": 1500,
    }
    if end is not None:
        body["endTime"] = format_instant(TEN + timedelta(minutes=end))
    return body | more


def points_of(user: User) -> int:
    return Progress.objects.values_list("points", flat=True).get(pk=user.pk)


@pytest.fixture
def task(alice) -> Task:
    return Task.objects.add(user=alice, title="Write")


def test_second_post_with_a_mood_completes_the_first(api, alice, task):
    first = api.post(SESSIONS, block(task=task.pk))
    second = api.post(SESSIONS, block(-0.1, 25.2, task=task.pk, mood="great"))

    assert first.status_code == 201
    assert second.status_code == 200
    differs = {"mood": "great", "updatedAt": second.json()["updatedAt"]}
    assert second.json() == first.json() | differs
    row = PomodoroSession.objects.get()
    assert row.mood == "great"
    assert row.started_at == TEN
    task.refresh_from_db()
    assert (points_of(alice), task.completed_pomodoros) == (10, 1)


def test_third_post_is_a_block_of_its_own(api, alice):
    codes = [
        api.post(SESSIONS, body).status_code
        for body in (block(), block(mood="great"), block(mood="great"))
    ]

    assert codes == [201, 200, 201]
    assert PomodoroSession.objects.count() == 2
    assert points_of(alice) == 20


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (-60, 1.001),
        (23.99, 60),
        (-60, 60),
        (10, 11.5),
        (10, None),
        (-23.99, None),
        (23.99, None),
    ],
)
def test_overlap_of_more_than_a_minute_will_do(api, start, end):
    first = api.post(SESSIONS, block()).json()

    response = api.post(SESSIONS, block(start, end, mood="sad"))

    assert response.status_code == 200
    assert response.json()["_id"] == first["_id"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        *[(25, 50), (-25, 0), (25, None), (-25, None), (0, 0), (-1440, -1430)],
        # The last seconds of one are the first of the other.
        *[(24.96, 50), (-25, 0.04), (24, 50), (-60, 1), (24.01, None)],
    ],
)
def test_block_that_only_touches_is_a_new_one(api, start, end):
    api.post(SESSIONS, block())

    response = api.post(SESSIONS, block(start, end, mood="sad"))

    assert response.status_code == 201
    assert PomodoroSession.objects.filter(mood=None).count() == 1


@pytest.mark.parametrize(
    ("start", "code"), [(23.9, 200), (24, 201), (25, 201), (600, 201)]
)
def test_session_without_an_end_lasts_its_duration(api, start, code):
    api.post(SESSIONS, block(end=None))

    response = api.post(SESSIONS, block(start, start + 25, mood="sad"))

    assert response.status_code == code


@pytest.mark.parametrize(
    ("length", "shift", "code"),
    [
        *[(60, 20, 200), (60, 29, 200), (60, 31, 201), (100, 45, 200)],
        *[(100, 55, 201), (10, 4, 200), (10, 6, 201), (200, 139, 200)],
        (200, 141, 201),
    ],
)
def test_short_blocks_overlap_by_more_than_half(api, length, shift, code):
    def seconds(start: int, **more) -> dict:
        return block(start / 60, (start + length) / 60, duration=length, **more)

    api.post(SESSIONS, seconds(0))

    response = api.post(SESSIONS, seconds(shift, mood="sad"))

    assert response.status_code == code


@pytest.mark.parametrize("nearest", ["first", "second"])
def test_nearest_of_two_sessions_gets_the_mood(api, nearest):
    posted = {
        "first": api.post(SESSIONS, block(0, 25)).json(),
        "second": api.post(SESSIONS, block(25, 50)).json(),
    }
    start = {"first": 0, "second": 25}[nearest]

    response = api.post(SESSIONS, block(start - 0.1, start + 25.1, mood="good"))

    assert response.status_code == 200
    assert response.json()["_id"] == posted[nearest]["_id"]


@pytest.mark.parametrize(
    "differs",
    [
        {"type": "shortBreak"},
        {"duration": 1501},
        {"task": None},
        {"mood": None},
    ],
)
def test_block_that_differs_is_a_new_one(api, task, differs):
    api.post(SESSIONS, block(task=task.pk))

    response = api.post(SESSIONS, block(task=task.pk, mood="sad") | differs)

    assert response.status_code == 201
    assert PomodoroSession.objects.count() == 2


def test_session_that_has_a_mood_keeps_it(api):
    first = api.post(SESSIONS, block(mood="happy")).json()

    response = api.post(SESSIONS, block(mood="sad"))

    assert response.status_code == 201
    assert api.get(f"{SESSIONS}/{first['_id']}").json() == first


def test_another_users_session_stays_as_it_is(api, bob):
    client_of(bob).post(SESSIONS, block())

    response = api.post(SESSIONS, block(mood="sad"))

    assert response.status_code == 201
    assert PomodoroSession.objects.get(user=bob).mood is None


def test_blocks_without_a_mood_are_all_kept(api, alice):
    codes = [api.post(SESSIONS, block()).status_code for _ in range(2)]

    assert codes == [201, 201]
    assert points_of(alice) == 20


def test_mood_for_an_unknown_task_is_refused(api):
    api.post(SESSIONS, block())

    response = api.post(SESSIONS, block(mood="sad", task="0" * 24))

    assert response.status_code == 400
    assert PomodoroSession.objects.get().mood is None


@pytest.mark.django_db(transaction=True)
def test_mood_that_is_posted_twice_at_once_completes_the_session_once(alice):
    PomodoroSession.objects.create(
        user=alice, type="focus", started_at=TEN, duration=1500
    )
    clients = [client_of(alice) for _ in range(4)]
    moods = ["happy", "sad", "great", "tired"]

    answers = run_concurrently(
        *(
            partial(client.post, SESSIONS, block(mood=mood))
            for client, mood in zip(clients, moods, strict=True)
        )
    )

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 201, 201, 201]
    kept = PomodoroSession.objects.values_list("mood", flat=True)
    assert sorted(kept) == sorted(moods)
    assert points_of(alice) == 40


def stored(start: float, **fields) -> dict:
    """The fields of a focus block of 25 minutes, so many minutes after ten."""
    started_at = TEN + timedelta(minutes=start)
    return {"type": "focus", "started_at": started_at, "duration": 1500} | fields


def test_many_blocks_count_like_single_ones(alice, task):
    blocks = [
        stored(0, task_id=task.pk),
        stored(30, task_id=task.pk, mood="good"),
        stored(60, completed=False),
        stored(90, type="shortBreak", duration=300),
    ]

    number = PomodoroSession.objects.log_many(user_id=alice.pk, blocks=blocks)

    progress = Progress.objects.get(pk=alice.pk)
    task.refresh_from_db()
    assert number == PomodoroSession.objects.owned_by(alice).count() == 4
    assert (progress.points, progress.focus_count) == (20, 3)
    assert progress.focus_seconds == 3 * 1500
    assert task.completed_pomodoros == 2


def test_many_blocks_complete_the_sessions_that_they_repeat(alice, bob):
    log = PomodoroSession.objects.log
    (first, _), _ = log(user_id=alice.pk, **stored(0)), log(user_id=bob.pk, **stored(0))

    number = PomodoroSession.objects.log_many(
        user_id=alice.pk,
        blocks=[stored(0.1, mood="great"), stored(1), stored(60, mood="sad")],
    )

    first.refresh_from_db()
    assert number == 2
    assert first.mood == "great"
    assert PomodoroSession.objects.owned_by(alice).count() == 3
    assert PomodoroSession.objects.owned_by(bob).get().mood is None


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"task_id": new_object_id()}, NoSuchTask),
        ({"ended_at": TEN - timedelta(days=1)}, EndsBeforeStart),
    ],
)
def test_one_wrong_block_among_many_refuses_all(alice, wrong, error):
    with pytest.raises(error):
        PomodoroSession.objects.log_many(
            user_id=alice.pk, blocks=[stored(0), stored(30) | wrong]
        )

    assert not PomodoroSession.objects.exists()
    assert points_of(alice) == 0
