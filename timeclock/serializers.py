from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from focusmaster.api.fields import (
    FlagField,
    IdField,
    InstantField,
    StrictSerializer,
    TextField,
    WholeNumberField,
    not_after,
)
from timeclock.models import MAX_BREAK, MAX_NOTES

# Clocks of devices are wrong, by hours where the zone is.
near_future = not_after(timedelta(hours=24), "at most 24 hours from now")


class NotesField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        limits = {"max_length": MAX_NOTES, "allow_blank": True}
        super().__init__(required=False, trim_whitespace=False, **limits | kwargs)


class BreakTimeField(WholeNumberField):
    def __init__(self, **kwargs: Any) -> None:
        limits = {"min_value": 0, "max_value": MAX_BREAK}
        super().__init__(source="break_seconds", required=False, **limits | kwargs)


class WorkLogSerializer(StrictSerializer):
    """A stretch of work."""

    _id = IdField(source="id", read_only=True)
    user = IdField(source="user_id", read_only=True)
    startTime = InstantField(source="started_at", validators=[near_future])
    endTime = InstantField(source="ended_at", allow_null=True, validators=[near_future])
    duration = serializers.IntegerField(read_only=True, allow_null=True)
    breakTime = BreakTimeField()
    notes = NotesField()
    createdAt = InstantField(source="created_at", read_only=True)
    updatedAt = InstantField(source="updated_at", read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("started_at"), attrs.get("ended_at")
        if start and end and end < start:
            raise serializers.ValidationError(
                {"endTime": ["it must not be before startTime"]}
            )
        return attrs


# A client may send what it knows of the log along with a call to the clock.
OF_LOGS = frozenset(WorkLogSerializer().fields)


class StartSerializer(StrictSerializer):
    """What there is to say when the clock starts."""

    notes = NotesField()

    class Meta:
        ignored = OF_LOGS


class StopSerializer(StrictSerializer):
    """What there is to say when the clock stops."""

    breakTime = BreakTimeField()
    notes = NotesField()

    class Meta:
        ignored = OF_LOGS


class ClockSerializer(serializers.Serializer):
    """Whether the clock is running, and what it shows."""

    clockedIn = FlagField()
    log = WorkLogSerializer(allow_null=True)
    elapsed = serializers.IntegerField()
    onBreak = FlagField()
    breakStartedAt = InstantField(allow_null=True)
    forgotten = FlagField()
