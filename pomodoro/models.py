"""Pomodoro sessions: one block of focus or rest, owned by one user.

The database guarantees the limits of every field, that a session does not end before
it starts, and that its task is one of the same user's. A trigger keeps the totals in
step with the rows (`sql/session_totals.sql`): 10 points for the user and one more in
the task's `session_count` for each completed focus session, and the number and seconds
of the user's focus sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from accounts.locks import lock_owner, lock_owners
from accounts.models import User
from focusmaster.dates.rfc3339 import present, rounded_seconds
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from focusmaster.db.json_rows import Constant
from focusmaster.db.writes import insert, insert_many
from focusmaster.exceptions import RowNotFound, constraint_errors
from pomodoro.exceptions import EndsBeforeStart, LongerThanADay, NoSuchTask

MAX_DURATION = 86_400  # seconds, one day
# Blocks that share no more than this are two; of shorter blocks, half their length.
MIN_OVERLAP = timedelta(minutes=1)

TASK_OF_SAME_USER = "pomodoro_session_task_of_same_user"
ENDS_AFTER_START = "pomodoro_session_ends_after_start"

# What a client reads when one of the constraints decides.
CONSTRAINT_ERRORS = {TASK_OF_SAME_USER: NoSuchTask, ENDS_AFTER_START: EndsBeforeStart}


class PomodoroSessionQuerySet(models.QuerySet):
    def owned_by(self, user: User | str) -> Self:
        return self.filter(user=user)

    def focus(self) -> Self:
        # A constant, not a parameter: a prepared plan then takes the index that has
        # focus sessions alone.
        return self.filter(type=Constant(PomodoroSession.Type.FOCUS))

    def log(self, *, user_id: str, **fields: Any) -> tuple[PomodoroSession, bool]:
        """Record a block; return its session and whether that is a new one.

        The web client posts a block at its end and, once a mood is picked, again, with
        a slightly wider interval: a block with a mood completes the session that it
        repeats. Takes the owner's lock, so that of two such posts one completes it.
        2 queries, 3 with a mood. Raises NoSuchTask, EndsBeforeStart, OwnerGone.
        """
        block = PomodoroSession.drafted(user_id=user_id, **fields)
        with constraint_errors(CONSTRAINT_ERRORS), transaction.atomic():
            lock_owner(user_id)
            if repeated := self._complete_repeated(block):
                return repeated, False
            insert(block)
        return block, True

    def log_many(self, *, user_id: str, blocks: Iterable[Mapping[str, Any]]) -> int:
        """Record a block for each set of fields, as `log` does with one.

        Returns how many sessions are new. The blocks must not repeat each other; what
        they repeat of earlier sessions, they complete. Takes the owner's lock; 4
        queries, and if the owner has sessions without a mood, up to 2 for each block.
        Raises NoSuchTask, EndsBeforeStart, OwnerGone.
        """
        new: Iterable[PomodoroSession] = (
            PomodoroSession.drafted(user_id=user_id, **fields) for fields in blocks
        )
        with constraint_errors(CONSTRAINT_ERRORS), transaction.atomic():
            lock_owner(user_id)
            if self.filter(user_id=user_id, mood=None).exists():
                new = [block for block in new if not self._complete_repeated(block)]
            return insert_many(PomodoroSession, new)

    def _complete_repeated(self, block: PomodoroSession) -> PomodoroSession | None:
        """Give the session that the block repeats the block's mood, and return it."""
        if not block.mood or not (repeated := self.repeated_by(block).first()):
            return None
        repeated.mood, repeated.updated_at = block.mood, block.updated_at
        repeated.save(update_fields=["mood", "updated_at"])
        return repeated

    def change(self, pk: str, **fields: Any) -> PomodoroSession:
        """Change one of these sessions and return it.

        A new start or end without a duration moves the duration along; see
        `PomodoroSession.duration_after`. Takes the owner's lock; 3 queries. Raises
        RowNotFound, NoSuchTask, EndsBeforeStart, LongerThanADay.
        """
        with constraint_errors(CONSTRAINT_ERRORS), transaction.atomic():
            lock_owners(self.filter(pk=pk))
            session = self.filter(pk=pk).first()
            if session is None:
                raise RowNotFound
            fields |= session.duration_after(fields)
            for name, value in fields.items():
                setattr(session, name, value)
            session.updated_at = present()
            session.save(update_fields=[*fields, "updated_at"])
        return session

    @transaction.atomic
    def discard(self) -> int:
        """Delete these sessions and return how many; takes the owners' locks."""
        lock_owners(self)
        return self.delete()[0]

    def repeated_by(self, block: PomodoroSession) -> Self:
        """Keep the sessions without a mood that a block repeats, the nearest first.

        They have the block's user, type, task and duration, and overlap it by more than
        a minute, or by more than half of a duration under two minutes.
        """
        start, length = block.started_at, timedelta(seconds=block.duration)
        end = block.ended_at or start + length
        margin = min(MIN_OVERLAP, length / 2)
        if end - start <= margin:
            return self.none()
        # Without an end, a session of the same duration lasts that long.
        overlapping = Q(ended_at=None, started_at__gt=start + margin - length) | Q(
            ended_at__gt=Greatest(Value(start), F("started_at")) + margin
        )
        distance = Greatest("started_at", Value(start)) - Least(
            "started_at", Value(start)
        )
        return self.filter(
            overlapping,
            user_id=block.user_id,
            type=block.type,
            task_id=block.task_id,
            duration=block.duration,
            mood=None,
            # Keeps the search from reading the whole history.
            started_at__gt=start - timedelta(seconds=MAX_DURATION),
            started_at__lt=end - margin,
        ).order_by(distance)


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
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # The index of the list begins with it.
        related_name="sessions",
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
    started_at = MillisecondDateTimeField()
    ended_at = MillisecondDateTimeField(null=True, blank=True)
    # Seconds; less than the time between start and end when the timer was paused.
    duration = models.PositiveIntegerField(validators=[MaxValueValidator(MAX_DURATION)])
    mood = models.CharField(max_length=10, choices=Mood, null=True, blank=True)  # noqa: DJ001 (null on the wire too)
    completed = models.BooleanField(default=True)
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)
    updated_at = MillisecondDateTimeField(default=timezone.now, editable=False)

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
            # Serves the sums of pomodoro.totals over a long history without reading
            # the table.
            models.Index(
                fields=["user", "started_at"],
                include=["duration", "completed", "mood", "task"],
                condition=Q(type="focus"),
                name="pomodoro_session_focus",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} from {self.started_at:%Y-%m-%d %H:%M} UTC"

    @classmethod
    def drafted(
        cls, *, user_id: str, at: datetime | None = None, **fields: Any
    ) -> PomodoroSession:
        """Return a session, not saved, that is recorded now or `at` a moment."""
        now = at or present()
        return cls(user_id=user_id, **{"created_at": now, "updated_at": now} | fields)

    def duration_after(self, fields: Mapping[str, Any]) -> dict[str, int]:
        """Return the duration, if any, that a change of these fields brings with it.

        In seconds. It follows the start and the end where it was their difference; else
        it stays, but is at most their difference. Raises LongerThanADay.
        """
        if "duration" in fields or not {"started_at", "ended_at"} & fields.keys():
            return {}
        start = fields.get("started_at", self.started_at)
        end = fields.get("ended_at", self.ended_at)
        if end is None or end < start:  # A constraint refuses the latter.
            return {}
        difference = rounded_seconds(start, end)
        if difference > MAX_DURATION:
            raise LongerThanADay("endTime" if "ended_at" in fields else "startTime")
        if self.ended_at and self.duration == rounded_seconds(
            self.started_at, self.ended_at
        ):
            return {"duration": difference}
        return {"duration": min(self.duration, difference)}
