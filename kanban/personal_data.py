"""What the board keeps of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from focusmaster.personal_data import Holding, Section
from kanban.models import Task
from kanban.serializers import TaskSerializer

if TYPE_CHECKING:
    from accounts.models import User


def forget_counts(user: User) -> None:
    """Take back the owner's own counts; those of sessions go with the sessions."""
    Task.objects.owned_by(user).update(pomodoro_correction=0)


COUNTED = "A part of completedPomodoros."

HOLDINGS = [
    Holding(
        Task,
        sections=[Section("tasks", TaskSerializer)],
        left_out={
            "session_count": COUNTED,
            "pomodoro_correction": COUNTED,
            "search": "The same text, made ready to be searched.",
        },
        start_afresh=forget_counts,
    ),
]
