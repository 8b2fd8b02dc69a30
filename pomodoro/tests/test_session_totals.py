"""A completed focus session: 10 points to its user, one pomodoro to its task."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice

import pytest
from django.db import connection
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Progress, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession

SESSIONS = "/api/sessions"
TASKS = "/api/tasks"
TEN = datetime(2026, 2, 2, 10, tzinfo=UTC)
BLOCK = {"type": "focus", "startTime": "2026-02-02T10:00:00Z", "duration": 1500}


def points_of(user: User) -> int:
    return Progress.objects.values_list("points", flat=True).get(pk=user.pk)


def count_of(task: Task) -> int:
    return Task.objects.values_list("completed_pomodoros", flat=True).get(pk=task.pk)


def worth(user: User, *tasks: Task) -> tuple[int, ...]:
    return points_of(user), *(count_of(task) for task in tasks)


def unsaved(user: User, task: Task | None = None, **fields) -> PomodoroSession:
    given = {"type": "focus", "duration": 1500, "started_at": TEN}
    return PomodoroSession(user=user, task=task, **given | fields)


def assert_in_step() -> None:
    """Compare what is kept with what the rows say, for everyone."""
    for user in User.objects.all():
        focus = user.sessions.filter(type="focus")
        assert user.progress.points == 10 * worthy(user.sessions)
        assert user.progress.focus_count == focus.count()
        assert (
            user.progress.focus_seconds
            == focus.aggregate(s=Sum("duration", default=0))["s"]
        )
    for task in Task.objects.all():
        assert task.session_count == worthy(task.sessions)


def worthy(sessions) -> int:
    return sessions.filter(type="focus", completed=True).count()


@pytest.fixture
def task(alice) -> Task:
    return Task.objects.add(user=alice, title="Write")


@pytest.fixture
def other(alice) -> Task:
    return Task.objects.add(user=alice, title="Read")


# One session


@pytest.mark.parametrize(
    ("given", "points", "count"),
    [
        ({}, 10, 1),
        ({"completed": True, "duration": 0}, 10, 1),
        ({"completed": False}, 0, 0),
        ({"type": "shortBreak"}, 0, 0),
        ({"type": "longBreak", "completed": True}, 0, 0),
    ],
)
def test_only_a_completed_focus_session_is_worth_something(
    api, alice, task, given, points, count
):
    response = api.post(SESSIONS, BLOCK | {"task": task.pk} | given)

    assert response.status_code == 201
    assert worth(alice, task) == (points, count)
    assert api.get("/api/auth/me").json()["points"] == points
    assert api.get(f"{TASKS}/{task.pk}").json()["completedPomodoros"] == count


def test_session_without_a_task_is_worth_its_points(api, alice, task):
    api.post(SESSIONS, BLOCK)

    assert worth(alice, task) == (10, 0)


def test_refused_session_is_worth_nothing(api, alice, bob, task):
    his = Task.objects.add(user=bob, title="His")

    api.post(SESSIONS, BLOCK | {"task": his.pk})
    api.post(SESSIONS, BLOCK | {"task": task.pk, "duration": -1})

    assert worth(alice, task) == (0, 0)
    assert worth(bob, his) == (0, 0)


@pytest.mark.parametrize(
    ("before", "change", "points", "count"),
    [
        ({}, {"completed": False}, 0, 0),
        ({"completed": False}, {"completed": True}, 10, 1),
        ({}, {"type": "shortBreak"}, 0, 0),
        ({"type": "longBreak"}, {"type": "focus"}, 10, 1),
        ({"type": "longBreak"}, {"type": "focus", "completed": False}, 0, 0),
        ({"completed": False}, {"type": "shortBreak", "completed": True}, 0, 0),
        ({}, {"task": None}, 10, 0),
        (
            {},
            {"mood": "sad", "duration": 1, "startTime": "2026-02-01T10:00:00Z"},
            10,
            1,
        ),
        ({}, {"completed": True, "type": "focus"}, 10, 1),
    ],
)
def test_edited_session_is_worth_what_it_is_now(
    api, alice, task, before, change, points, count
):
    created = api.post(SESSIONS, BLOCK | {"task": task.pk} | before).json()

    response = api.patch(f"{SESSIONS}/{created['_id']}", change)

    assert response.status_code == 200
    assert worth(alice, task) == (points, count)


def test_session_that_moves_takes_its_worth_along(api, alice, task, other):
    created = api.post(SESSIONS, BLOCK | {"task": task.pk}).json()
    path = f"{SESSIONS}/{created['_id']}"

    worths = []
    for target in (other.pk, None, task.pk):
        api.patch(path, {"task": target})
        worths.append(worth(alice, task, other))

    assert worths == [(10, 0, 1), (10, 0, 0), (10, 1, 0)]


def test_refused_edit_leaves_the_worth(api, alice, bob, task):
    his = Task.objects.add(user=bob, title="His")
    created = api.post(SESSIONS, BLOCK | {"task": task.pk}).json()

    response = api.patch(
        f"{SESSIONS}/{created['_id']}", {"task": his.pk, "completed": False}
    )

    assert response.status_code == 400
    assert worth(alice, task) == (10, 1)
    assert count_of(his) == 0


def test_deleted_session_is_worth_nothing(api, alice, task):
    created = [api.post(SESSIONS, BLOCK | {"task": task.pk}).json() for _ in range(2)]

    api.delete(f"{SESSIONS}/{created[0]['_id']}")

    assert worth(alice, task) == (10, 1)


def test_deleted_task_leaves_its_sessions_and_their_points(api, alice, task, other):
    for on in (task, task, other):
        api.post(SESSIONS, BLOCK | {"task": on.pk})

    response = api.delete(f"{TASKS}/{task.pk}")

    assert response.status_code == 200
    assert worth(alice, other) == (30, 1)
    listed = api.get(SESSIONS).json()
    assert [session["task"] for session in listed].count(None) == 2
    assert [session["tag"] for session in listed].count(None) == 2


# Many rows, written past the API


def test_rows_that_are_loaded_in_bulk_count(alice, bob, task, other):
    his = Task.objects.add(user=bob, title="His")

    PomodoroSession.objects.bulk_create(
        [
            *(unsaved(alice, task) for _ in range(5)),
            *(unsaved(alice, other, completed=False) for _ in range(3)),
            *(unsaved(alice, other, type="longBreak") for _ in range(3)),
            *(unsaved(alice) for _ in range(2)),
            *(unsaved(bob, his) for _ in range(4)),
        ]
    )

    assert worth(alice, task, other) == (70, 5, 0)
    assert worth(bob, his) == (40, 4)


def test_rows_that_are_updated_at_once_count(alice, bob, task, other):
    PomodoroSession.objects.bulk_create(
        [
            *(unsaved(alice, task) for _ in range(5)),
            *(unsaved(alice, other, completed=False) for _ in range(3)),
            *(unsaved(bob) for _ in range(2)),
        ]
    )

    PomodoroSession.objects.owned_by(alice).update(task=other)
    moved = worth(alice, task, other)
    PomodoroSession.objects.update(completed=True)
    completed = worth(alice, task, other), points_of(bob)
    PomodoroSession.objects.update(type="shortBreak")

    assert moved == (50, 0, 5)
    assert completed == ((80, 0, 8), 20)
    assert worth(alice, task, other) == (0, 0, 0)
    assert points_of(bob) == 0


def test_rows_that_change_hands_take_their_points_along(alice, bob):
    PomodoroSession.objects.bulk_create(unsaved(alice) for _ in range(3))

    PomodoroSession.objects.update(user=bob)

    assert (points_of(alice), points_of(bob)) == (0, 30)


def test_rows_that_are_deleted_at_once_count(alice, bob, task):
    PomodoroSession.objects.bulk_create(
        [*(unsaved(alice, task) for _ in range(5)), unsaved(alice), unsaved(bob)]
    )

    PomodoroSession.objects.filter(task=task).delete()

    assert worth(alice, task) == (10, 0)
    assert points_of(bob) == 10


def test_rows_written_in_plain_sql_count(alice, task):
    PomodoroSession.objects.bulk_create(unsaved(alice, task) for _ in range(3))

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pomodoro_pomodorosession SET completed = false "
            "WHERE id = (SELECT id FROM pomodoro_pomodorosession LIMIT 1)"
        )

    assert worth(alice, task) == (20, 2)


steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "delete", "delete task"]),
        st.integers(0, 9),
        st.sampled_from([None, 0, 1]),
        st.sampled_from(PomodoroSession.Type.values),
        st.booleans(),
    ),
    max_size=8,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
def test_worth_agrees_with_the_rows_after_any_history(alice, bob, steps):
    Task.objects.all().delete()
    PomodoroSession.objects.all().delete()
    tasks = [Task.objects.add(user=alice, title=title) for title in "ab"]

    for verb, number, on, type_, completed in steps:
        chosen = PomodoroSession.objects.order_by("pk")[number : number + 3]
        rows = PomodoroSession.objects.filter(pk__in=[one.pk for one in chosen])
        task = None if on is None else tasks[on]
        fields = {"task": task, "type": type_, "completed": completed}
        if verb == "create":
            PomodoroSession.objects.bulk_create(
                unsaved(alice, **fields) for _ in range(number % 3 + 1)
            )
        elif verb == "update":
            rows.update(**fields)
        elif verb == "delete":
            rows.delete()
        elif task is not None:
            task.delete()
            tasks[on] = Task.objects.add(user=alice, title="again")

        assert_in_step()


# The owner's own count


def test_corrected_count_goes_on_from_there(api, alice, task):
    body = BLOCK | {"task": task.pk}
    sessions = [api.post(SESSIONS, body).json()["_id"] for _ in range(3)]

    counts = [
        api.put(f"{TASKS}/{task.pk}", {"completedPomodoros": 7}).json()[
            "completedPomodoros"
        ]
    ]
    api.post(SESSIONS, body)
    counts.append(count_of(task))
    api.delete(f"{SESSIONS}/{sessions[0]}")
    api.delete(f"{SESSIONS}/{sessions[1]}")
    counts.append(count_of(task))

    assert counts == [7, 8, 6]
    assert points_of(alice) == 20


def test_count_of_a_new_task_goes_on_from_what_it_was_given(api):
    created = api.post(TASKS, {"title": "Write", "completedPomodoros": 4}).json()

    api.post(SESSIONS, BLOCK | {"task": created["_id"]})

    after = api.get(f"{TASKS}/{created['_id']}").json()
    assert created["completedPomodoros"] == 4
    assert after["completedPomodoros"] == 5


def test_count_that_was_corrected_down_stays_at_least_zero(api, alice, task):
    session = api.post(SESSIONS, BLOCK | {"task": task.pk}).json()["_id"]

    api.put(f"{TASKS}/{task.pk}", {"completedPomodoros": 0})
    corrected = count_of(task)
    api.delete(f"{SESSIONS}/{session}")

    assert corrected == 0
    assert count_of(task) == 0
    assert api.get(f"{TASKS}/{task.pk}").json()["completedPomodoros"] == 0


def test_count_stays_at_most_a_thousand(api, alice, task):
    api.put(f"{TASKS}/{task.pk}", {"completedPomodoros": 1000})

    api.post(SESSIONS, BLOCK | {"task": task.pk})

    assert worth(alice, task) == (10, 1000)


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_fifty_sessions_at_once_on_one_task_all_count(alice, task):
    clients = [client_of(alice) for _ in range(50)]
    body = BLOCK | {"task": task.pk}

    answers = run_concurrently(
        *(partial(client.post, SESSIONS, body) for client in clients)
    )

    assert [answer.status_code for answer in answers] == [201] * 50
    assert worth(alice, task) == (500, 50)
    assert_in_step()


@pytest.mark.django_db(transaction=True)
def test_sessions_that_move_in_both_directions_at_once_all_count(alice, task, other):
    PomodoroSession.objects.bulk_create(
        unsaved(alice, on) for on in islice(cycle([task, other]), 10)
    )
    moves = [
        (client_of(alice), session.pk, other if session.task_id == task.pk else task)
        for session in PomodoroSession.objects.all()
    ]

    def move_there_and_back(client, pk, target):
        home = {task: other, other: task}[target]
        return [
            client.patch(f"{SESSIONS}/{pk}", {"task": to.pk}).status_code
            for to in (target, home, target)
        ]

    answers = run_concurrently(*(partial(move_there_and_back, *move) for move in moves))

    assert answers == [[200, 200, 200]] * 10
    assert worth(alice, task, other) == (100, 5, 5)
    assert_in_step()


@pytest.mark.django_db(transaction=True)
def test_one_session_that_is_edited_at_once_counts_once(alice, task, other):
    session = unsaved(alice, task)
    session.save()
    changes = [
        {"completed": False},
        {"completed": True},
        {"task": other.pk},
        {"task": None},
        {"type": "shortBreak"},
        {"type": "focus"},
    ]
    path = f"{SESSIONS}/{session.pk}"

    answers = run_concurrently(
        *(partial(client_of(alice).patch, path, change) for change in changes)
    )

    assert [answer.status_code for answer in answers] == [200] * 6
    assert_in_step()


@pytest.mark.django_db(transaction=True)
def test_task_that_is_deleted_while_sessions_are_logged_on_it(alice, task):
    PomodoroSession.objects.bulk_create(unsaved(alice, task) for _ in range(6))
    mine = list(PomodoroSession.objects.values_list("pk", flat=True))
    body = BLOCK | {"task": task.pk}

    def log_some(client):
        return [client.post(SESSIONS, body).status_code for _ in range(4)]

    def toggle(client, pk):
        path = f"{SESSIONS}/{pk}"
        return [
            client.patch(path, {"completed": completed}).status_code
            for completed in (False, True, False, True)
        ]

    answers = run_concurrently(
        *(partial(log_some, client_of(alice)) for _ in range(6)),
        *(partial(toggle, client_of(alice), pk) for pk in mine),
        partial(client_of(alice).delete, f"{TASKS}/{task.pk}"),
    )

    logged = [status for statuses in answers[:6] for status in statuses]
    assert set(logged) <= {201, 400}
    assert answers[6:12] == [[200] * 4] * 6
    assert answers[12].status_code == 200
    assert not Task.objects.exists()
    assert PomodoroSession.objects.filter(task=None).count() == 6 + logged.count(201)
    assert_in_step()


@pytest.mark.django_db(transaction=True)
def test_sessions_and_tasks_of_two_users_do_not_meet(alice, bob):
    hers, his = (Task.objects.add(user=user, title="Write") for user in (alice, bob))
    posts = [
        (client_of(user), BLOCK | {"task": task.pk})
        for user, task in [(alice, hers), (bob, his)] * 5
    ]

    answers = run_concurrently(
        *(partial(client.post, SESSIONS, body) for client, body in posts)
    )

    assert [answer.status_code for answer in answers] == [201] * 10
    assert worth(alice, hers) == worth(bob, his) == (50, 5)
