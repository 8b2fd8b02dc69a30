"""What the timer keeps of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from focusmaster.personal_data import Holding, Section
from pomodoro.badges import award_after_move
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SessionSerializer

if TYPE_CHECKING:
    from accounts.models import User


def forget_sessions(user: User) -> None:
    """Delete the sessions; a trigger takes back what they were worth."""
    PomodoroSession.objects.owned_by(user).delete()


HOLDINGS = [
    Holding(
        PomodoroSession,
        sections=[Section("sessions", SessionSerializer)],
        start_afresh=forget_sessions,
        after_move=award_after_move,
    ),
]
