"""How the OpenAPI document describes the endpoints of this app."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from focusmaster.api.fields import IdField
from focusmaster.openapi.errors import conflict_response, invalid_response
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    request_body,
    request_rules,
    request_texts,
    response_example,
)
from kanban.exceptions import NotInColumn
from kanban.serializers import MoveSerializer, TaskSerializer
from kanban.views import TaskViewSet


@extend_schema_serializer(
    description="What was deleted.",
    examples=response_example(
        message="Task deleted successfully", id="507f1f77bcf86cd799439012"
    ),
)
class DeletedTaskSerializer(serializers.Serializer):
    message = serializers.CharField()
    id = IdField()


MIDNIGHT = "An instant, or a day (`2026-02-02`), which means its midnight in UTC."

extend_schema_serializer(
    description="A card on the board.",
    examples=response_example(
        _id="507f1f77bcf86cd799439012",
        user="507f1f77bcf86cd799439011",
        title="Implement feature X",
        description="Add new authentication flow",
        status="todo",
        isCompleted=False,
        priority="high",
        tags=["backend", "auth"],
        category="Work",
        estimatedPomodoros=4,
        completedPomodoros=0,
        deadline=None,
        dueDate=None,
        isAllDay=False,
        position=-1024,
        completedAt=None,
        createdAt="2026-02-02T09:30:00Z",
        updatedAt="2026-02-02T09:30:00Z",
    ),
    extensions=field_texts(
        isCompleted="The same fact as the status `done`.",
        completedPomodoros="The completed focus sessions on the task, or what you "
        "corrected their number to, and those since.",
        position="The place within the status, the smallest on top.",
    )
    | request_texts(
        description={"default": ""},
        status={"default": "todo"},
        isCompleted="The same fact as the status `done`: when both are given, they "
        "must agree. False puts a done task back to `todo`.",
        priority={"default": "medium"},
        tags={
            "description": "Duplicates are dropped; the order is kept.",
            "default": [],
        },
        category={"default": "Work"},
        estimatedPomodoros={"default": 1},
        completedPomodoros={"default": 0},
        deadline=MIDNIGHT,
        dueDate=MIDNIGHT,
        isAllDay={"default": False},
        position="A new card goes on top, whatever this says.",
    )
    | request_rules(minProperties=1),
)(TaskSerializer)
extend_schema_serializer(
    description="Where a card was dropped.",
    extensions=request_texts(
        status="The column; by default the neighbour's, or else its own.",
        before="The id of the card that it lies over.",
        after="The id of the card that it lies under.",
    )
    | request_rules(
        anyOf=[{"required": [name]} for name in ("status", "before", "after")]
    ),
)(MoveSerializer)

CHANGES = "Takes any of the fields, at least one; what is left out stays."
CHANGE: dict[str, Any] = {
    "request": request_body(
        TaskSerializer(partial=True), status="in-progress", priority="high"
    ),
    "responses": {
        200: OpenApiResponse(TaskSerializer, "The task as it is now."),
        400: invalid_response("isCompleted", "it does not agree with status"),
    },
}

extend_view(
    TaskViewSet,
    list=extend_schema(
        operation_id="listTasks",
        summary="List the tasks",
        description="Newest first; without parameters, all of them.",
        responses={
            200: OpenApiResponse(TaskSerializer(many=True), "The tasks."),
            400: invalid_response("limit", "give a number from 1 to 1000"),
        },
    ),
    create=extend_schema(
        operation_id="createTask",
        summary="Put a task on the board",
        description="It goes on top of its column.",
        request=request_body(
            TaskSerializer,
            title="Implement feature X",
            description="Add new authentication flow",
            status="todo",
            priority="high",
            tags=["backend", "auth"],
            estimatedPomodoros=4,
        ),
        responses={
            201: OpenApiResponse(TaskSerializer, "The new task."),
            400: invalid_response("title", "give at least one character"),
        },
    ),
    retrieve=extend_schema(
        operation_id="getTask",
        summary="Read a task",
        description="One of your own.",
        responses={200: OpenApiResponse(TaskSerializer, "The task.")},
    ),
    update=extend_schema(
        methods=["PUT"],  # It is the same function as `partial_update`.
        operation_id="putTask",
        summary="Change a task",
        description=f"The same as `PATCH`. {CHANGES}",
        **CHANGE,
    ),
    partial_update=extend_schema(
        methods=["PATCH"],
        operation_id="updateTask",
        summary="Change a task",
        description=CHANGES,
        **CHANGE,
    ),
    move=extend_schema(
        operation_id="moveTask",
        summary="Drop a task somewhere on the board",
        description="It goes right under `after`, or else right over `before`, or "
        "else on top of its column.",
        request=request_body(MoveSerializer, after="507f1f77bcf86cd799439012"),
        responses={
            200: OpenApiResponse(TaskSerializer, "The task as it is now."),
            400: invalid_response("", "give a status, or a card beside it"),
            409: conflict_response(NotInColumn),
        },
    ),
    destroy=extend_schema(
        operation_id="deleteTask",
        summary="Delete a task",
        description="Its sessions stay, without a task.",
        responses={200: OpenApiResponse(DeletedTaskSerializer, "It is deleted.")},
    ),
)
