from __future__ import annotations

import pytest

from accounts.models import Progress
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession

STATS = "/api/auth/profile/stats"
BLOCK = {"type": "focus", "startTime": "2026-02-02T10:00:00Z", "duration": 1500}


def work(client) -> str:
    """Focus on a new task of the client's; return its id."""
    task = client.post("/api/tasks", {"title": "Write"}).json()["_id"]
    assert client.post("/api/sessions", {**BLOCK, "task": task}).status_code == 201
    return task


def test_everything_achieved_is_taken_back(api, alice):
    work(api)
    Progress.objects.filter(pk=alice.pk).update(points=170, badges=["early bird"])

    response = api.delete(STATS)

    assert response.status_code == 200
    assert response.json() == api.get("/api/auth/me").json()
    assert (response.json()["points"], response.json()["badges"]) == (0, [])
    assert api.get("/api/sessions").json() == []
    assert api.get("/api/sessions/stats").json() == {
        "totalFocusTime": 0,
        "totalSessions": 0,
    }
    productivity = api.get("/api/analytics/productivity?from=2026-02-02&to=2026-02-02")
    assert productivity.json()["totalSessions"] == 0
    assert not PomodoroSession.objects.exists()


@pytest.mark.parametrize("own_count", [0, 1, 7])
def test_tasks_stay_with_no_completed_pomodoros(api, own_count):
    task = f"/api/tasks/{work(api)}"
    api.patch(task, {"completedPomodoros": own_count, "tags": ["a"]})

    api.delete(STATS)

    assert api.get(task).json()["completedPomodoros"] == 0
    assert api.get(task).json()["tags"] == ["a"]
    stored = Task.objects.get()
    assert (stored.session_count, stored.pomodoro_correction) == (0, 0)


def test_profile_stays(api):
    api.patch("/api/auth/me", {"name": "Alicia", "settings": {"dailyGoal": 3}})

    profile = api.delete(STATS).json()

    assert profile["name"] == "Alicia"
    assert profile["settings"]["dailyGoal"] == 3


def test_others_keep_theirs(api, bob):
    friend = client_of(bob)
    task = work(friend)
    work(api)

    api.delete(STATS)

    assert friend.get("/api/auth/me").json()["points"] == 10
    assert len(friend.get("/api/sessions").json()) == 1
    assert friend.get(f"/api/tasks/{task}").json()["completedPomodoros"] == 1


def test_new_sessions_count_from_zero(api):
    work(api)
    api.delete(STATS)

    task = work(api)

    assert api.get("/api/auth/me").json()["points"] == 10
    assert api.get(f"/api/tasks/{task}").json()["completedPomodoros"] == 1


def test_fresh_start_with_nothing_to_take_back_is_harmless(api):
    api.delete(STATS)

    response = api.delete(STATS)

    assert response.status_code == 200


def test_anonymous_caller_is_unauthorized(anonymous):
    response = anonymous.delete(STATS)

    assert response.status_code == 401


@pytest.mark.parametrize("method", ["get", "post", "put", "patch"])
def test_other_methods_are_refused(api, method):
    response = getattr(api, method)(STATS)

    assert response.status_code == 405


def test_number_of_queries_does_not_grow(api, django_assert_num_queries):
    for _ in range(5):
        work(api)

    # The token; the lock, the sessions, the tasks, points and badges in a transaction;
    # in another the look for badges: the lock, the sessions, what was looked at; the
    # profile.
    with django_assert_num_queries(13):
        api.delete(STATS)


@pytest.mark.django_db(transaction=True)
def test_session_recorded_at_the_same_moment_counts_wholly_or_not_at_all(alice):
    clients = [client_of(alice) for _ in range(6)]
    for client in clients:
        work(client)
    tasks = list(Task.objects.values_list("pk", flat=True))

    responses = run_concurrently(
        lambda: clients[0].delete(STATS),
        *(
            lambda client=client, task=task: client.post(
                "/api/sessions", {**BLOCK, "task": task}
            )
            for client, task in zip(clients[1:], tasks[1:], strict=True)
        ),
    )

    assert [response.status_code for response in responses] == [200] + [201] * 5
    left = PomodoroSession.objects.count()
    alice.refresh_from_db()
    assert alice.progress.points == 10 * left
    assert (alice.progress.focus_count, alice.progress.focus_seconds) == (
        left,
        1500 * left,
    )
    assert sum(task.completed_pomodoros for task in Task.objects.all()) == left
