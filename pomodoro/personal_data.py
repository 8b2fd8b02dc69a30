"""What the timer keeps of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from focusmaster.personal_data import PersonalDataEntry, Section
from pomodoro.badges import award_after_move
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SessionSerializer

if TYPE_CHECKING:
    from accounts.models import User


def forget_sessions(user: User) -> None:
    """Delete the sessions; a trigger takes back what they were worth."""
    PomodoroSession.objects.owned_by(user).delete()


PERSONAL_DATA = [
    PersonalDataEntry(
        PomodoroSession,
        sections=[Section("sessions", SessionSerializer)],
        on_progress_reset=forget_sessions,
        on_timezone_change=award_after_move,
    ),
]
