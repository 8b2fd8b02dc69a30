"""Pomodoro sessions: one block of focus or rest, owned by one user.

The database guarantees the limits of every field, that a session does not end before
it starts, and that its task is one of the same user's. A trigger keeps in step with
the rows what they are worth: 10 points to the user and one to the task's
`session_count` for each completed focus session, in the transaction of the change.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from focusmaster.exceptions import InvalidValue, refusals
from focusmaster.fields import InstantField, ObjectIdPrimaryKey

if TYPE_CHECKING:
    from accounts.models import User

MAX_DURATION = 86_400  # seconds, one day

TASK_OF_SAME_USER = "pomodoro_session_task_of_same_user"
ENDS_AFTER_START = "pomodoro_session_ends_after_start"


REFUSALS = {
    TASK_OF_SAME_USER: InvalidValue("task", "there is no such task"),
    ENDS_AFTER_START: InvalidValue("endTime", "it must not be before startTime"),
}


class PomodoroSessionQuerySet(models.QuerySet):
    def owned_by(self, user: User) -> PomodoroSessionQuerySet:
        return self.filter(user=user)

    def focus(self) -> PomodoroSessionQuerySet:
        return self.filter(type=PomodoroSession.Type.FOCUS)

    def totals(self) -> dict[str, int]:
        """Return the seconds and the number of the sessions in this set; one query."""
        return self.aggregate(
            totalFocusTime=Sum("duration", default=0), totalSessions=Count("pk")
        )

    def by_day(self, zone: tzinfo) -> list[dict[str, Any]]:
        """Return date, seconds and number for each local day that has sessions."""
        return list(
            self.order_by()
            .annotate(date=TruncDate("started_at", tzinfo=zone))
            .values("date")
            .annotate(focusTime=Sum("duration"), sessions=Count("pk"))
        )

    def log(
        self, *, user: User, at: datetime | None = None, **fields: Any
    ) -> tuple[PomodoroSession, bool]:
        """Record a block; return its session and whether it is a new one.

        The web client posts a block at its end and, once a mood is picked, again. So a
        block with a mood completes the session that overlaps it, is alike and has no
        mood yet. Raises InvalidValue for a task that is not the user's.
        """
        now = at or timezone.now()
        with refusals(REFUSALS):
            if fields.get("mood") and (earlier := self._awaiting_mood(user, fields)):
                earlier.mood, earlier.updated_at = fields["mood"], now
                earlier.save(update_fields=["mood", "updated_at"])
                return earlier, False
            return self.create(
                user=user, created_at=now, updated_at=now, **fields
            ), True

    def _awaiting_mood(self, user: User, block: dict) -> PomodoroSession | None:
        """Return the session that this block repeats, locked, or None."""
        alike = self.owned_by(user).filter(
            mood=None,
            type=block["type"],
            task_id=block.get("task_id"),
            duration=block["duration"],
        )
        start = block["started_at"]
        end = block.get("ended_at") or start + timedelta(seconds=block["duration"])
        overlapping = alike.filter(
            # The first bound keeps the search from reading the whole history.
            started_at__gt=start - timedelta(seconds=MAX_DURATION),
            started_at__lt=end,
        ).filter(Q(ended_at=None) | Q(ended_at__gt=start))
        return overlapping.order_by("-started_at").select_for_update().first()

    def change(self, **fields: Any) -> int:
        """Change the fields given, in one UPDATE; return how many sessions there were.

        Raises InvalidValue for a task that is not the user's, and for an end before
        the start.
        """
        with refusals(REFUSALS):
            return self.update(**fields, updated_at=timezone.now())


class PomodoroSession(models.Model):
    class Type(models.TextChoices):
        FOCUS = "focus"
        SHORT_BREAK = "shortBreak"
        LONG_BREAK = "longBreak"

    class Mood(models.TextChoices):
        HAPPY = "happy"
        NEUTRAL = "neutral"
        SAD = "sad"
        FOCUSED = "focused"
        DISTRACTED = "distracted"
        GREAT = "great"
        GOOD = "good"
        TIRED = "tired"

    id = ObjectIdPrimaryKey()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions"
    )
    # The foreign key that the migration adds is stricter: to a task of the same user.
    task = models.ForeignKey(
        "kanban.Task",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="sessions",
    )
    type = models.CharField(max_length=10, choices=Type)
    started_at = InstantField()
    ended_at = InstantField(null=True, blank=True)
    # Seconds; less than the time between start and end when the timer was paused.
    duration = models.PositiveIntegerField(validators=[MaxValueValidator(MAX_DURATION)])
    mood = models.CharField(max_length=10, choices=Mood, null=True, blank=True)  # noqa: DJ001 (null on the wire too)
    completed = models.BooleanField(default=True)
    created_at = InstantField(default=timezone.now, editable=False)
    updated_at = InstantField(default=timezone.now, editable=False)

    objects = PomodoroSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=["focus", "shortBreak", "longBreak"]),
                name="pomodoro_session_type_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    mood__in=[
                        "happy",
                        "neutral",
                        "sad",
                        "focused",
                        "distracted",
                        "great",
                        "good",
                        "tired",
                    ]
                ),
                name="pomodoro_session_mood_known",
            ),
            models.CheckConstraint(
                condition=Q(duration__range=(0, MAX_DURATION)),
                name="pomodoro_session_duration_in_range",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name=ENDS_AFTER_START,
            ),
        ]
        indexes = [
            # Serves the owner's list, newest first, and the ranges of analytics.
            models.Index(
                fields=["user", "-started_at", "-id"], name="pomodoro_session_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} from {self.started_at:%Y-%m-%d %H:%M} UTC"
