from __future__ import annotations

from typing import Any

from rest_framework import serializers

from focusmaster.api.fields import (
    FlagField,
    IdField,
    InstantField,
    InstantOrDayField,
    NumberField,
    StrictSerializer,
    TextField,
    TextListField,
    WholeNumberField,
    WordField,
)
from kanban import models
from kanban.models import Task
from kanban.ordering import MAX_POSITION


class TaskSerializer(StrictSerializer):
    """A card on the board."""

    _id = IdField(source="id", read_only=True)
    user = IdField(source="user_id", read_only=True)
    title = TextField(max_length=models.MAX_TITLE)
    description = TextField(
        max_length=models.MAX_DESCRIPTION,
        allow_blank=True,
        required=False,
        trim_whitespace=False,
    )
    status = WordField(Task.Status.choices, required=False)
    isCompleted = FlagField(source="is_completed", required=False)
    priority = WordField(Task.Priority.choices, required=False)
    tags = TextListField(
        child=TextField(max_length=models.MAX_TAG),
        max_length=models.MAX_TAGS,
        required=False,
    )
    category = TextField(
        max_length=models.MAX_CATEGORY, allow_blank=True, required=False
    )
    estimatedPomodoros = WholeNumberField(
        source="estimated_pomodoros",
        min_value=1,
        max_value=models.MAX_ESTIMATE,
        required=False,
    )
    completedPomodoros = WholeNumberField(
        source="completed_pomodoros",
        min_value=0,
        max_value=models.MAX_COMPLETED,
        required=False,
    )
    deadline = InstantOrDayField(required=False, allow_null=True)
    dueDate = InstantOrDayField(source="due_date", required=False, allow_null=True)
    isAllDay = FlagField(source="is_all_day", required=False)
    position = NumberField(
        min_value=-MAX_POSITION, max_value=MAX_POSITION, required=False
    )
    completedAt = InstantField(source="completed_at", read_only=True, allow_null=True)
    createdAt = InstantField(source="created_at", read_only=True)
    updatedAt = InstantField(source="updated_at", read_only=True)

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

    status = WordField(Task.Status.choices, required=False)
    before = IdField(required=False)
    after = IdField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("give a status, or a card beside it")
        return attrs
