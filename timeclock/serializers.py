from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from focusmaster.api.fields import (
    IdField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
    not_after,
)
from timeclock.models import MAX_BREAK, MAX_NOTES

# Clocks of devices are wrong by some minutes.
near_future = not_after(timedelta(minutes=5), "at most 5 minutes from now")


def lately(instant: datetime) -> None:
    """Validate that an instant is of the last 24 hours."""
    now = timezone.now()
    if not now - timedelta(hours=24) <= instant <= now:
        raise serializers.ValidationError("give an instant of the last 24 hours")


class NotesField(StrictCharField):
    def __init__(self, **kwargs: Any) -> None:
        limits = {"max_length": MAX_NOTES, "allow_blank": True}
        options = {"required": False, "trim_whitespace": False, "lines": True}
        super().__init__(**options | limits | kwargs)


class BreakTimeField(RoundedIntegerField):
    def __init__(self, **kwargs: Any) -> None:
        limits = {"min_value": 0, "max_value": MAX_BREAK}
        super().__init__(source="break_seconds", required=False, **limits | kwargs)


class WorkLogSerializer(StrictSerializer):
    """A stretch of work."""

    _id = IdField(source="id", read_only=True)
    user = IdField(source="user_id", read_only=True)
    startTime = RFC3339Field(source="started_at", validators=[near_future])
    endTime = RFC3339Field(source="ended_at", allow_null=True, validators=[near_future])
    duration = serializers.IntegerField(read_only=True, allow_null=True)
    breakTime = BreakTimeField()
    notes = NotesField()
    createdAt = RFC3339Field(source="created_at", read_only=True)
    updatedAt = RFC3339Field(source="updated_at", read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("started_at"), attrs.get("ended_at")
        if start and end and end < start:
            raise serializers.ValidationError(
                {"endTime": ["it must not be before startTime"]}
            )
        return attrs


# Fields of a log that a client may send to the clock's endpoints; they are ignored.
OF_LOGS = frozenset(WorkLogSerializer().fields)


class StartSerializer(StrictSerializer):
    """The body of a start."""

    startTime = RFC3339Field(source="started_at", required=False, validators=[lately])
    notes = NotesField()

    class Meta:
        ignored = OF_LOGS


class StopSerializer(StrictSerializer):
    """The body of a stop; an end of null, as an open log has, is now."""

    endTime = RFC3339Field(
        source="at", required=False, allow_null=True, validators=[near_future]
    )
    breakTime = BreakTimeField()
    notes = NotesField()

    class Meta:
        ignored = OF_LOGS


class ClockSerializer(serializers.Serializer):
    """The state of the clock."""

    clockedIn = StrictBooleanField()
    log = WorkLogSerializer(allow_null=True)
    elapsed = serializers.IntegerField()
    onBreak = StrictBooleanField()
    breakStartedAt = RFC3339Field(allow_null=True)
    forgotten = StrictBooleanField()
