"""How the OpenAPI document describes the calls of this app."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from focusmaster.api.fields import IdField
from focusmaster.openapi.texts import (
    PERIOD,
    Call,
    answer,
    body,
    conflict,
    describe,
    document,
    invalid,
)
from kanban.exceptions import NotInColumn
from kanban.filters import DUE_FILTERS, MAX_SEARCH, ORDERS
from kanban.serializers import MoveSerializer, TaskSerializer
from kanban.views import TaskViewSet


class DeletedTaskSerializer(serializers.Serializer):
    message = serializers.CharField()
    id = IdField()


MIDNIGHT = "An instant, or a day (`2026-02-02`), which means its midnight in UTC."

describe(
    TaskSerializer,
    "A card on the board.",
    example={
        "_id": "507f1f77bcf86cd799439012",
        "user": "507f1f77bcf86cd799439011",
        "title": "Implement feature X",
        "description": "Add new authentication flow",
        "status": "todo",
        "isCompleted": False,
        "priority": "high",
        "tags": ["backend", "auth"],
        "category": "Work",
        "estimatedPomodoros": 4,
        "completedPomodoros": 0,
        "deadline": None,
        "dueDate": None,
        "isAllDay": False,
        "position": -1024,
        "completedAt": None,
        "createdAt": "2026-02-02T09:30:00Z",
        "updatedAt": "2026-02-02T09:30:00Z",
    },
    fields={
        "isCompleted": "The same fact as the status `done`.",
        "completedPomodoros": "The completed focus sessions on the task, or what you "
        "corrected their number to, and those since.",
        "position": "The place within the status, the smallest on top.",
    },
    given={
        "description": {"default": ""},
        "status": {"default": "todo"},
        "isCompleted": "The same fact as the status `done`: when both are given, they "
        "must agree. False puts a done task back to `todo`.",
        "priority": {"default": "medium"},
        "tags": {
            "description": "Duplicates are dropped; the order is kept.",
            "default": [],
        },
        "category": {"default": "Work"},
        "estimatedPomodoros": {"default": 1},
        "completedPomodoros": {"default": 0},
        "deadline": MIDNIGHT,
        "dueDate": MIDNIGHT,
        "isAllDay": {"default": False},
        "position": "A new card goes on top, whatever this says.",
    },
)
describe(
    DeletedTaskSerializer,
    "What was deleted.",
    name="DeletedTask",
    example={
        "message": "Task deleted successfully",
        "id": "507f1f77bcf86cd799439012",
    },
)

CHANGES = "Takes any of the fields, at least one; what is left out stays."
CHANGE = {
    "request": body(
        TaskSerializer(partial=True), {"status": "in-progress", "priority": "high"}
    ),
    "responses": {
        200: answer("The task as it is now.", TaskSerializer),
        400: invalid("isCompleted", "it does not agree with status"),
    },
}

describe(
    MoveSerializer,
    "Where a card was dropped.",
    name="Move",
    given={
        "status": "The column; by default the neighbour's, or else its own.",
        "before": "The id of the card that it lies over.",
        "after": "The id of the card that it lies under.",
    },
)

*_, TZ = PERIOD
TEXT = {"type": "string"}
FILTERS = [
    OpenApiParameter("status", {"$ref": "#/components/schemas/TaskStatus"}),
    OpenApiParameter("priority", {"$ref": "#/components/schemas/Priority"}),
    OpenApiParameter("tag", TEXT, description="Only tasks that have this tag."),
    OpenApiParameter("category", TEXT, description="Only tasks of this category."),
    OpenApiParameter(
        "search",
        {"type": "string", "maxLength": MAX_SEARCH},
        description="Beginnings of words, all of which the title, tags, category or "
        "description have; the best match comes first.",
    ),
    OpenApiParameter(
        "due",
        {"type": "string", "enum": list(DUE_FILTERS)},
        description="By the earlier of `deadline` and `dueDate`, in your time zone: "
        "past and not done; today; today and the six days after. One at midnight UTC "
        "is a day; with `isAllDay` any other is the local day that it lies in.",
    ),
    OpenApiParameter(
        "sort",
        {"type": "string", "enum": [*ORDERS, *(f"-{name}" for name in ORDERS)]},
        description="`-` is for descending. Tasks without a deadline come last.",
    ),
    TZ,
]

document(
    TaskViewSet,
    "Tasks",
    list=Call(
        "listTasks",
        "List the tasks",
        "Newest first; without parameters, all of them.",
        parameters=FILTERS,
        responses={
            200: answer("The tasks.", TaskSerializer(many=True)),
            400: invalid("limit", "give a number from 1 to 1000"),
        },
    ),
    create=Call(
        "createTask",
        "Put a task on the board",
        "It goes on top of its column.",
        request=body(
            TaskSerializer,
            {
                "title": "Implement feature X",
                "description": "Add new authentication flow",
                "status": "todo",
                "priority": "high",
                "tags": ["backend", "auth"],
                "estimatedPomodoros": 4,
            },
        ),
        responses={
            201: answer("The new task.", TaskSerializer),
            400: invalid("title", "give at least one character"),
        },
    ),
    retrieve=Call(
        "getTask",
        "Read a task",
        "One of your own.",
        responses={200: answer("The task.", TaskSerializer)},
    ),
    update=Call(
        "putTask", "Change a task", f"The same as `PATCH`. {CHANGES}", **CHANGE
    ),
    partial_update=Call("updateTask", "Change a task", CHANGES, **CHANGE),
    move=Call(
        "moveTask",
        "Drop a task somewhere on the board",
        "It goes right under `after`, or else right over `before`, or else on top of "
        "its column.",
        request=body(MoveSerializer, {"after": "507f1f77bcf86cd799439012"}),
        responses={
            200: answer("The task as it is now.", TaskSerializer),
            400: invalid("", "give a status, or a card beside it"),
            409: conflict(NotInColumn),
        },
    ),
    destroy=Call(
        "deleteTask",
        "Delete a task",
        "Its sessions stay, without a task.",
        responses={200: answer("It is deleted.", DeletedTaskSerializer)},
    ),
)
