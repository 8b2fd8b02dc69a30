"""The personal data of the timer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from focusmaster.personal_data import PersonalDataEntry, Section
from pomodoro.badges import award, look_again
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SessionSerializer

if TYPE_CHECKING:
    from accounts.models import User


def delete_sessions(user: User) -> None:
    """Delete the sessions; a trigger takes back their points and totals."""
    PomodoroSession.objects.owned_by(user).delete()


PERSONAL_DATA = [
    PersonalDataEntry(
        PomodoroSession,
        sections=[Section("sessions", SessionSerializer)],
        on_progress_reset=delete_sessions,
        on_timezone_change=look_again,
        before_shown=award,
    ),
]
