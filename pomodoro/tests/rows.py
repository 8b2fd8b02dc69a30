"""Rows of every model that this app keeps of a person."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts.models import User
from kanban.models import Task
from pomodoro.models import PomodoroSession


def make_rows(user: User) -> None:
    task = Task.objects.add(user=user, title="Write the quux")
    start = datetime(2026, 2, 2, 10, tzinfo=UTC)
    PomodoroSession.objects.log(
        user_id=user.pk, task=task, type="focus", started_at=start, duration=1500
    )
