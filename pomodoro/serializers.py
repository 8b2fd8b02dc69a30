from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from focusmaster.api.fields import (
    IdField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
    not_after,
)
from focusmaster.db.json_rows import JSONRows
from pomodoro.models import MAX_DURATION, PomodoroSession

# Clocks of devices are wrong, by hours where the zone is.
near_future = not_after(timedelta(hours=24), "at most 24 hours from now")

TASK_ID = IdField()


class SessionTaskField(StrictSerializer):
    """A task: written by its id, read as an object with id and title, or null.

    A client may send back the object that it read: its id counts.
    """

    _id = IdField(source="id")
    title = StrictCharField(read_only=True)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            super().to_internal_value(data)  # Raises for unknown names.
            data = data.get("_id")
        return TASK_ID.run_validation(data)


class SessionSerializer(StrictSerializer):
    """A block of focus or rest."""

    _id = IdField(source="id", read_only=True)
    user = IdField(source="user_id", read_only=True)
    task = SessionTaskField(required=False, allow_null=True)
    type = StrictChoiceField(PomodoroSession.Type.choices)
    startTime = RFC3339Field(source="started_at", validators=[near_future])
    endTime = RFC3339Field(
        source="ended_at", required=False, allow_null=True, validators=[near_future]
    )
    duration = RoundedIntegerField(min_value=0, max_value=MAX_DURATION, required=False)
    mood = StrictChoiceField(
        PomodoroSession.Mood.choices, required=False, allow_null=True
    )
    tag = StrictCharField(source="task.category", read_only=True, allow_null=True)
    completed = StrictBooleanField(required=False)
    createdAt = RFC3339Field(source="created_at", read_only=True)
    updatedAt = RFC3339Field(source="updated_at", read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "task" in attrs:
            attrs["task_id"] = attrs.pop("task")
        start, end = attrs.get("started_at"), attrs.get("ended_at")
        if start and end and end < start:
            raise serializers.ValidationError(
                {"endTime": ["it must not be before startTime"]}
            )
        if not self.partial and "duration" not in attrs:
            attrs["duration"] = self._measured(start, end)
        return attrs

    def _measured(self, start, end) -> int:
        """Return the seconds from start to end, which are the default duration."""
        if end is None:
            raise serializers.ValidationError(
                {"duration": ["give a duration, or an endTime"]}
            )
        field = self.fields["duration"]
        try:
            return field.run_validation((end - start).total_seconds())
        except serializers.ValidationError as exc:
            raise serializers.ValidationError({"duration": exc.detail}) from None


SESSION_ROWS = JSONRows(
    PomodoroSession, SessionSerializer, order=["-started_at", "-id"]
)
