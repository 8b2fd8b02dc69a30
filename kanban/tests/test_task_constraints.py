"""What the database refuses by itself, whoever writes to it."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from kanban.models import Task


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("kanban_task_has_title", {"title": ""}),
        ("kanban_task_status_known", {"status": "open"}),
        ("kanban_task_priority_known", {"priority": "urgent"}),
        ("kanban_task_tags_at_most_20", {"tags": [f"{n}" for n in range(21)]}),
        ("kanban_task_tags_not_blank", {"tags": ["fine", ""]}),
        ("kanban_task_estimate_in_range", {"estimated_pomodoros": 0}),
        ("kanban_task_estimate_in_range", {"estimated_pomodoros": 101}),
        ("kanban_task_completed_at_iff_done", {"status": "done"}),
        ("kanban_task_completed_at_iff_done", {"completed_at": timezone.now()}),
        ("kanban_task_session_count_check", {"session_count": -1}),
    ],
)
def test_database_refuses_a_task_that_breaks(alice, constraint, fields):
    with pytest.raises(IntegrityError, match=constraint):
        Task.objects.create(**{"user": alice, "title": "Write"} | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "t" * 121},
        {"description": "d" * 2001},
        {"category": "c" * 121},
    ],
)
def test_database_refuses_text_that_is_too_long(alice, fields):
    with pytest.raises(DataError, match="value too long"):
        Task.objects.create(**{"user": alice, "title": "Write"} | fields)


def test_database_refuses_an_id_of_another_length(alice):
    task = Task.objects.add(user=alice, title="Write")

    with (
        pytest.raises(IntegrityError, match="kanban_task_id_check"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE kanban_task SET id = %s", [bytes.fromhex(task.pk)[1:]])


def test_database_refuses_a_second_task_of_the_same_id(alice, bob):
    task = Task.objects.add(user=alice, title="Write")

    with pytest.raises(IntegrityError, match="kanban_task_pkey"):
        Task.objects.add(user=bob, title="Write", id=task.pk)


def test_sessions_can_point_at_a_task_together_with_its_user(db):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "kanban_task")

    pair = constraints["kanban_task_id_of_user"]
    assert pair["unique"]
    assert pair["columns"] == ["id", "user_id"]


@pytest.mark.parametrize(
    ("sessions", "correction", "shown"),
    [(3, 0, 3), (3, 2, 5), (3, -2, 1), (1, -5, 0), (990, 20, 1000), (1500, 0, 1000)],
)
def test_completed_pomodoros_are_sessions_and_correction_within_limits(
    alice, sessions, correction, shown
):
    task = Task.objects.add(user=alice, title="Write")

    Task.objects.update(session_count=sessions, pomodoro_correction=correction)

    task.refresh_from_db()
    assert task.completed_pomodoros == shown
