from __future__ import annotations

from typing import Any

from rest_framework import serializers

from focusmaster.api.fields import (
    IdField,
    InstantOrDayField,
    NumberField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
    TextListField,
)
from kanban import models
from kanban.models import Task
from kanban.ordering import MAX_POSITION


class TaskSerializer(StrictSerializer):
    """A card on the board."""

    _id = IdField(source="id", read_only=True)
    user = IdField(source="user_id", read_only=True)
    title = StrictCharField(max_length=models.MAX_TITLE)
    description = StrictCharField(
        max_length=models.MAX_DESCRIPTION,
        allow_blank=True,
        required=False,
        trim_whitespace=False,
        lines=True,
    )
    status = StrictChoiceField(Task.Status.choices, required=False)
    isCompleted = StrictBooleanField(source="is_completed", required=False)
    priority = StrictChoiceField(Task.Priority.choices, required=False)
    tags = TextListField(
        child=StrictCharField(max_length=models.MAX_TAG),
        max_length=models.MAX_TAGS,
        required=False,
    )
    category = StrictCharField(
        max_length=models.MAX_CATEGORY, allow_blank=True, required=False
    )
    estimatedPomodoros = RoundedIntegerField(
        source="estimated_pomodoros",
        min_value=1,
        max_value=models.MAX_ESTIMATE,
        required=False,
    )
    completedPomodoros = RoundedIntegerField(
        source="completed_pomodoros",
        min_value=0,
        max_value=models.MAX_COMPLETED,
        required=False,
    )
    deadline = InstantOrDayField(required=False, allow_null=True)
    dueDate = InstantOrDayField(source="due_date", required=False, allow_null=True)
    isAllDay = StrictBooleanField(source="is_all_day", required=False)
    position = NumberField(
        min_value=-MAX_POSITION, max_value=MAX_POSITION, required=False
    )
    completedAt = RFC3339Field(source="completed_at", read_only=True, allow_null=True)
    createdAt = RFC3339Field(source="created_at", read_only=True)
    updatedAt = RFC3339Field(source="updated_at", read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        status, is_completed = attrs.get("status"), attrs.get("is_completed")
        if None not in (status, is_completed) and is_completed != (
            status == Task.Status.DONE
        ):
            raise serializers.ValidationError(
                {"isCompleted": ["it does not agree with status"]}
            )
        return attrs


class MoveSerializer(StrictSerializer):
    """Where a card was dropped: in a column, under one card, over another."""

    status = StrictChoiceField(Task.Status.choices, required=False)
    before = IdField(required=False)
    after = IdField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("give a status, or a card beside it")
        return attrs
