"""Work logs: from clocking in to clocking out, each owned by one user.

The database guarantees that a user has at most one open log, that no two logs of a user
overlap (an open one runs for ever), that a log does not end before it starts, and that
its breaks are at most as long as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DecimalRangeField, RangeOperators
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import (
    Case,
    Deferrable,
    Expression,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, Greatest, Least, Length, Now
from django.db.models.lookups import IsNull
from django.utils import timezone

from accounts.locks import in_turn
from accounts.models import SignIn, User
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from pomodoro.models import PomodoroSession
from timeclock.exceptions import (
    AlreadyClockedIn,
    AlreadyOnBreak,
    BreakExceedsDuration,
    EndsBeforeStart,
    NotClockedIn,
    NotOnBreak,
    Overlap,
)

MAX_BREAK = 86_400  # seconds, one day
MAX_NOTES = 2000

CLOSED_NOTE = "Closed automatically at the last sign of life: the clock was left on."

ONE_OPEN_PER_USER = "timeclock_worklog_one_open_per_user"
NO_OVERLAP = "timeclock_worklog_no_overlap"
ENDS_AFTER_START = "timeclock_worklog_ends_after_start"
BREAK_WITHIN_DURATION = "timeclock_worklog_break_within_duration"

# What a client reads when one of the constraints decides.
CONSTRAINT_ERRORS = {
    ONE_OPEN_PER_USER: AlreadyClockedIn,
    NO_OVERLAP: Overlap,
    ENDS_AFTER_START: EndsBeforeStart,
    BREAK_WITHIN_DURATION: BreakExceedsDuration,
}


def seconds(start: Any, end: Any, rounding: str) -> Func:
    """Return the whole seconds between two instants; null if one of them is."""
    return Func(
        end,
        start,
        template=f"{rounding}(extract(epoch FROM %(expressions)s))::bigint",
        arg_joiner=" - ",
        output_field=models.IntegerField(),
    )


def forgotten_at(cutoff: Any) -> Q:
    """Return the condition for a log to be open since a moment or slot, or longer."""
    return Q(ended_at=None, started_at__lte=cutoff)


def forgotten_since(at: datetime, hours: int | None = None) -> datetime:
    """Return since when a clock must have been running to count as forgotten."""
    return at - timedelta(hours=hours or settings.CLOCK_FORGOTTEN_HOURS)


class WorkLogQuerySet(models.QuerySet):
    def owned_by(self, user: User) -> WorkLogQuerySet:
        return self.filter(user=user)

    def open(self) -> WorkLogQuerySet:
        return self.filter(ended_at=None)

    def forgotten(self, *, hours: int, at: datetime) -> WorkLogQuerySet:
        """Keep the clocks that have been running for so many hours or more."""
        return self.filter(forgotten_at(forgotten_since(at, hours)))

    def in_turn_of(self, user_id: str) -> WorkLogQuerySet:
        """Keep the user's logs, for a change that waits for others of the user's."""
        return self.filter(user_id=in_turn(bytes.fromhex(user_id)))

    def draft(
        self, *, user: User, at: datetime | None = None, **fields: Any
    ) -> WorkLog:
        """Return a new log, not saved yet, that starts now unless told otherwise."""
        now = at or timezone.now()
        given = {"started_at": now, "created_at": now, "updated_at": now} | fields
        return WorkLog(user=user, **given)

    def changes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Say what to set when an owner gives these fields, values or expressions.

        With an end the log closes, see `closing`; with an end of null it is open again.
        """
        changes = {**given, "updated_at": Now()}
        if "ended_at" in given:
            end = Cast(given["ended_at"], MillisecondDateTimeField())
            changes |= self.closing(end, given)
        return changes

    def closing(self, end: Expression, given: Mapping[str, Any]) -> dict[str, Any]:
        """Say what to set when a log ends, besides what is given.

        A break under way ends with it. Unless `break_seconds` is given, the breaks of
        a log that was open are what was measured, at most as long as the log.
        """
        end_is_null = IsNull(end, True)
        changes = {
            **given,
            "ended_at": end,
            "break_started_at": Case(
                When(end_is_null, then=F("break_started_at")), default=None
            ),
        }
        if "break_seconds" not in given:
            start = Cast(
                given.get("started_at", F("started_at")), MillisecondDateTimeField()
            )
            # Greatest and Least pass over what is null, as all is without an end.
            longest = Least(seconds(start, end, "round"), Value(MAX_BREAK))
            fitting = Greatest(Least(breaks_until(end), longest), Value(0))
            changes["break_seconds"] = Case(
                When(ended_at=None, then=fitting),
                default=F("break_seconds"),
                output_field=models.IntegerField(),
            )
        return changes

    def start_break(self, *, user: User, at: datetime | None = None) -> None:
        """Begin to measure a break. Raises NotClockedIn or AlreadyOnBreak."""
        mine = self.open().in_turn_of(user.pk)
        begun = mine.filter(break_started_at=None).update(
            break_started_at=at or timezone.now(), updated_at=Now()
        )
        if not begun:
            raise AlreadyOnBreak if mine.exists() else NotClockedIn

    def stop_break(self, *, user: User, at: datetime | None = None) -> None:
        """Add the break under way to the others. Raises NotClockedIn or NotOnBreak."""
        end = at or timezone.now()
        mine = self.open().in_turn_of(user.pk)
        ended = mine.exclude(break_started_at=None).update(
            break_seconds=Least(breaks_until(Value(end)), Value(MAX_BREAK)),
            break_started_at=None,
            break_ended_at=end,
            updated_at=Now(),
        )
        if not ended:
            raise NotOnBreak if mine.exists() else NotClockedIn

    def with_last_sign(self, *, at: datetime) -> WorkLogQuerySet:
        """Annotate `last_sign_at`: when the owner of an open log was last seen.

        That is the latest of its start, its breaks, the uses of the owner's sign-ins
        and the ends of the focus sessions since it started; at most `at`.
        """
        sign_ins = SignIn.objects.filter(user=OuterRef("user"))
        sessions = PomodoroSession.objects.filter(
            user=OuterRef("user"),
            started_at__gte=OuterRef("started_at"),
            ended_at__lte=at,
        )
        latest = Greatest(
            "started_at",
            "break_started_at",
            "break_ended_at",
            Subquery(sign_ins.order_by("-last_used_at").values("last_used_at")[:1]),
            Subquery(sessions.order_by("-ended_at").values("ended_at")[:1]),
        )
        return self.annotate(last_sign_at=Least(latest, at))


def breaks_until(instant: Any) -> Expression:
    """Return the seconds of all measured breaks, with the one that runs until then."""
    # Rounded down: together they are not longer than a log that is all breaks.
    running = seconds(
        F("break_started_at"), Cast(instant, MillisecondDateTimeField()), "floor"
    )
    return F("break_seconds") + Greatest(running, Value(0))


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
        expression=seconds(F("started_at"), F("ended_at"), "round"),
        output_field=models.BigIntegerField(),
        db_persist=True,
        null=True,
    )
    # Of a log with breaks under way: of those that are over.
    break_seconds = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(MAX_BREAK)]
    )
    # Of the break that is running, and the end of the last one that was measured.
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
            # Deferrable, so that a second open log is refused as such: constraints of
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
                # An end before the start is for the constraint above to refuse.
                condition=Q(ended_at=None)
                | Q(ended_at__lt=F("started_at"))
                | Q(break_seconds__lte=F("duration")),
                name=BREAK_WITHIN_DURATION,
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

    def close_at(self, end: datetime) -> bool:
        """Close it with a note that nobody did, unless somebody has by now.

        A single conditional UPDATE: of this and a stop at the same moment one wins.
        """
        mine = WorkLog.objects.open().in_turn_of(self.user_id)
        still_open = mine.filter(pk=self.pk, started_at__lte=end)
        room = MAX_NOTES - len(CLOSED_NOTE) - 1
        notes = Case(
            When(notes="", then=Value(CLOSED_NOTE)),
            # Where both do not fit, the person's own words are worth more.
            When(length__gt=room, then=F("notes")),
            default=Concat("notes", Value("\n"), Value(CLOSED_NOTE)),
        )
        changes = still_open.closing(Value(end), {"notes": notes, "updated_at": Now()})
        return bool(still_open.annotate(length=Length("notes")).update(**changes))
