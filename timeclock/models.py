"""Work logs: from clocking in to clocking out, each owned by one user.

The database guarantees that a user has at most one open log, that no two logs of a user
overlap (an open one runs for ever), that a log does not end before it starts, that it
lasts at most seven days, and that its breaks are at most as long as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DecimalRangeField, RangeOperators
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import Deferrable, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from accounts.locks import lock_owner, lock_owners
from accounts.models import User
from focusmaster.dates.rfc3339 import present, rounded_seconds
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from focusmaster.db.writes import insert_many
from focusmaster.exceptions import RowNotFound, constraint_errors
from kanban.models import Task
from pomodoro.models import PomodoroSession
from timeclock.exceptions import (
    AlreadyClockedIn,
    AlreadyOnBreak,
    BreakExceedsDuration,
    EndsBeforeStart,
    LongerThanAWeek,
    NotClockedIn,
    NotOnBreak,
    Overlap,
)

MAX_BREAK = 86_400  # seconds, one day
MAX_LENGTH = timedelta(days=7)
MAX_NOTES = 2000

CLOSED_NOTE = "Closed automatically at the last sign of life: the clock was left on."

ONE_OPEN_PER_USER = "timeclock_worklog_one_open_per_user"
NO_OVERLAP = "timeclock_worklog_no_overlap"
ENDS_AFTER_START = "timeclock_worklog_ends_after_start"
BREAK_WITHIN_DURATION = "timeclock_worklog_break_within_duration"
AT_MOST_A_WEEK = "timeclock_worklog_at_most_a_week"

# What a client reads when one of the constraints decides.
CONSTRAINT_ERRORS: dict[str, type[Exception]] = {
    ONE_OPEN_PER_USER: AlreadyClockedIn,
    NO_OVERLAP: Overlap,
    ENDS_AFTER_START: EndsBeforeStart,
    BREAK_WITHIN_DURATION: BreakExceedsDuration,
    AT_MOST_A_WEEK: LongerThanAWeek,
}


class WorkLogQuerySet(models.QuerySet):
    def owned_by(self, user: User | str) -> Self:
        return self.filter(user=user)

    def open(self) -> Self:
        return self.filter(ended_at=None)

    def forgotten(self, *, hours: int | None = None, at: datetime) -> Self:
        """Keep the clocks that have been running for so many hours or more.

        The default is the setting CLOCK_FORGOTTEN_HOURS.
        """
        running = timedelta(hours=hours or settings.CLOCK_FORGOTTEN_HOURS)
        return self.open().filter(started_at__lte=at - running)

    def start(self, *, user_id: str, **fields: Any) -> WorkLog:
        """Write down a log; unless told otherwise it starts now and is open.

        Takes the owner's lock; 2 queries. Raises AlreadyClockedIn, Overlap,
        EndsBeforeStart, BreakExceedsDuration, OwnerGone.
        """
        log = WorkLog.drafted(user_id=user_id, **fields)
        with constraint_errors(CONSTRAINT_ERRORS), transaction.atomic():
            lock_owner(user_id)
            log.save(force_insert=True)
        return log

    def start_many(self, *, user_id: str, logs: Iterable[Mapping[str, Any]]) -> int:
        """Write down a log for each set of fields, as `start` does with one.

        Returns how many. Takes the owner's lock; 3 queries. Raises what `start` does.
        """
        new = (WorkLog.drafted(user_id=user_id, **fields) for fields in logs)
        with constraint_errors(CONSTRAINT_ERRORS), transaction.atomic():
            lock_owner(user_id)
            return insert_many(WorkLog, new)

    def stop(
        self, *, user_id: str, at: datetime | None = None, **fields: Any
    ) -> WorkLog:
        """Close the user's open log, now or `at` a moment, and return it.

        A clock that was left on for longer than MAX_LENGTH ends that long after its
        start. Takes the owner's lock; 3 queries. Raises NotClockedIn, EndsBeforeStart,
        BreakExceedsDuration, OwnerGone.
        """
        with constraint_errors(CONSTRAINT_ERRORS), self._open_log(user_id) as log:
            # A log may start ahead of our clock, by that of a device.
            end = at or max(present(), log.started_at)
            log.write(ended_at=min(end, log.started_at + MAX_LENGTH), **fields)
        return log

    def change(self, pk: str, **fields: Any) -> WorkLog:
        """Change one of these logs and return it; see `WorkLog.write`.

        Takes the owner's lock; 3 queries. Raises RowNotFound, AlreadyClockedIn,
        Overlap, EndsBeforeStart, BreakExceedsDuration.
        """
        with constraint_errors(CONSTRAINT_ERRORS), transaction.atomic():
            lock_owners(self.filter(pk=pk))
            log = self.filter(pk=pk).locked()
            if log is None:
                raise RowNotFound
            log.write(**fields)
        return log

    def start_break(self, *, user_id: str, at: datetime | None = None) -> None:
        """Begin to measure a break. Takes the owner's lock; 3 queries.

        Raises NotClockedIn, AlreadyOnBreak, OwnerGone.
        """
        with self._open_log(user_id) as log:
            if log.break_started_at:
                raise AlreadyOnBreak
            log.write(break_started_at=at or present())

    def stop_break(self, *, user_id: str, at: datetime | None = None) -> None:
        """Add the running break to `break_seconds`. Takes the owner's lock; 3 queries.

        Raises NotClockedIn, NotOnBreak, OwnerGone.
        """
        end = at or present()
        with self._open_log(user_id) as log:
            if log.break_started_at is None:
                raise NotOnBreak
            log.write(
                break_seconds=min(log.break_seconds_until(end), MAX_BREAK),
                break_started_at=None,
                break_ended_at=end,
            )

    def locked(self) -> WorkLog | None:
        """Return the one log in this set, or None, with its row locked.

        The owner's lock does not suffice: the deletion of a log does not take it.
        """
        return self.select_for_update(no_key=True).first()

    @contextmanager
    def _open_log(self, user_id: str) -> Iterator[WorkLog]:
        """Yield the user's open log in a transaction that has the owner's lock."""
        with transaction.atomic():
            lock_owner(user_id)
            log = self.open().owned_by(user_id).locked()
            if log is None:
                raise NotClockedIn
            yield log

    def with_last_sign(self, *, at: datetime) -> Self:
        """Annotate `last_sign_at`: when the owner of an open log was last active.

        That is the latest of the log's start and breaks, the end of a session, and the
        last change of a session, a task or a log of theirs; at most `at`. Requests that
        change nothing do not count: a tab that is left open sends them, too.
        """
        sessions = PomodoroSession.objects.filter(user=OuterRef("user"))
        latest = Greatest(
            "started_at",
            "break_started_at",
            "break_ended_at",
            latest_of(sessions.filter(ended_at__lte=at), "ended_at"),
            *(
                latest_of(model.objects.filter(user=OuterRef("user")), "updated_at")
                for model in (PomodoroSession, Task, WorkLog)
            ),
        )
        return self.annotate(last_sign_at=Least(latest, Value(at)))


class WorkLog(models.Model):
    id = ObjectIdPrimaryKey()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # The index of the list begins with it.
        related_name="work_logs",
    )
    started_at = MillisecondDateTimeField()
    # Null while the clock is running.
    ended_at = MillisecondDateTimeField(null=True, blank=True)
    # Seconds, like those of a session: rounded, breaks included.
    duration = models.GeneratedField(
        expression=Func(
            F("ended_at"),
            F("started_at"),
            template="round(extract(epoch FROM %(expressions)s))::bigint",
            arg_joiner=" - ",
            output_field=models.IntegerField(),
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
        null=True,
    )
    # Seconds; while a break is running, those of the breaks before it.
    break_seconds = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(MAX_BREAK)]
    )
    # The start of the running break, and the end of the last measured one.
    break_started_at = MillisecondDateTimeField(null=True, blank=True, editable=False)
    break_ended_at = MillisecondDateTimeField(null=True, blank=True, editable=False)
    notes = models.CharField(max_length=MAX_NOTES, blank=True)
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)
    updated_at = MillisecondDateTimeField(default=timezone.now, editable=False)

    objects = WorkLogQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name=ONE_OPEN_PER_USER
            ),
            # A range of numbers that no other user's logs have: sql/no_overlap.sql.
            # Deferrable, so that ONE_OPEN_PER_USER decides first: constraints of
            # this kind are checked after the others, at the end of the statement.
            ExclusionConstraint(
                name=NO_OVERLAP,
                expressions=[
                    (
                        Func(
                            "user",
                            "started_at",
                            "ended_at",
                            function="timeclock_span",
                            output_field=DecimalRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name=ENDS_AFTER_START,
            ),
            models.CheckConstraint(
                condition=Q(break_seconds__range=(0, MAX_BREAK)),
                name="timeclock_worklog_break_in_range",
            ),
            models.CheckConstraint(
                # An end before the start violates ENDS_AFTER_START alone.
                condition=Q(ended_at=None)
                | Q(ended_at__lt=F("started_at"))
                | Q(break_seconds__lte=F("duration")),
                name=BREAK_WITHIN_DURATION,
            ),
            # Not validated: logs from before it may be longer.
            models.CheckConstraint(
                condition=Q(ended_at=None)
                | Q(ended_at__lte=F("started_at") + MAX_LENGTH),
                name=AT_MOST_A_WEEK,
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(break_started_at=None),
                name="timeclock_worklog_break_runs_only_in_open",
            ),
        ]
        indexes = [
            # Serves the owner's list, newest first.
            models.Index(
                fields=["user", "-started_at", "-id"], name="timeclock_worklog_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"work from {self.started_at:%Y-%m-%d %H:%M} UTC"

    @classmethod
    def drafted(
        cls, *, user_id: str, at: datetime | None = None, **fields: Any
    ) -> WorkLog:
        """Return a log, not saved, that starts now or `at` a moment."""
        now = at or present()
        given = {"started_at": now, "created_at": now, "updated_at": now} | fields
        return cls(user_id=user_id, **given)

    def is_forgotten(self, *, at: datetime) -> bool:
        """Whether it has been open for CLOCK_FORGOTTEN_HOURS or longer."""
        running = timedelta(hours=settings.CLOCK_FORGOTTEN_HOURS)
        return self.ended_at is None and self.started_at <= at - running

    def write(self, **fields: Any) -> None:
        """Set these fields and what follows from them, and save; one query.

        Needs the owner's lock. An end closes an open log: the running break ends with
        it, and unless `break_seconds` is given, the measured breaks count, at most as
        long as the log. An end of None opens the log again.
        """
        end = fields.get("ended_at")
        if end is not None:
            if self.ended_at is None and "break_seconds" not in fields:
                start = fields.get("started_at", self.started_at)
                longest = min(rounded_seconds(start, end), MAX_BREAK)
                measured = min(self.break_seconds_until(end), longest)
                fields["break_seconds"] = max(measured, 0)
            fields["break_started_at"] = None
        for name, value in fields.items():
            setattr(self, name, value)
        self.updated_at = present()
        self.save(update_fields=[*fields, "updated_at"])

    def break_seconds_until(self, instant: datetime) -> int:
        """Return the seconds of all measured breaks, the one under way until then."""
        if self.break_started_at is None:
            return self.break_seconds
        # Rounded down: together they are not longer than a log that is all breaks.
        running = (instant - self.break_started_at) // timedelta(seconds=1)
        return self.break_seconds + max(running, 0)

    def close_at(self, end: datetime) -> bool:
        """Close an open log with a note that says so; return whether it still was open.

        Takes the owner's lock, so of this and a concurrent stop one wins. 3 queries.
        """
        with transaction.atomic():
            lock_owner(self.user_id)
            still_open = WorkLog.objects.open().filter(pk=self.pk, started_at__lte=end)
            log = still_open.locked()
            if log is None:
                return False
            end = min(end, log.started_at + MAX_LENGTH)
            log.write(ended_at=end, notes=log.notes_with(CLOSED_NOTE))
        return True

    def notes_with(self, note: str) -> str:
        """Return the notes and the note, or the notes alone if both do not fit."""
        notes = f"{self.notes}\n{note}" if self.notes else note
        return notes if len(notes) <= MAX_NOTES else self.notes


def latest_of(rows: models.QuerySet, field: str) -> Subquery:
    """Return the latest value of a field, or null, as part of another query."""
    return Subquery(rows.order_by(F(field).desc()).values(field)[:1])
