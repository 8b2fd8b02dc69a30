"""The personal data of the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from focusmaster.personal_data import PersonalDataEntry, Section
from kanban.models import Task
from kanban.serializers import TaskSerializer

if TYPE_CHECKING:
    from accounts.models import User


def forget_counts(user: User) -> None:
    """Reset the owner's own counts; those of sessions go with the sessions."""
    Task.objects.owned_by(user).update(pomodoro_correction=0)


COUNTED = "A part of completedPomodoros."

PERSONAL_DATA = [
    PersonalDataEntry(
        Task,
        sections=[Section("tasks", TaskSerializer)],
        excluded_columns={
            "session_count": COUNTED,
            "pomodoro_correction": COUNTED,
            "search_text": "The same text, made ready to be searched.",
        },
        on_progress_reset=forget_counts,
    ),
]
