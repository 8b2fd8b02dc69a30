"""How the OpenAPI document describes the calls of this app."""

from __future__ import annotations

from rest_framework import serializers

from focusmaster.schema.words import (
    Call,
    answer,
    body,
    describe,
    document,
    invalid,
)
from focusmaster.serializers import IdField
from kanban.serializers import TaskSerializer
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

document(
    TaskViewSet,
    "Tasks",
    list=Call(
        "listTasks",
        "List the tasks",
        "All of them, newest first.",
        responses={200: answer("The tasks.", TaskSerializer(many=True))},
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
    destroy=Call(
        "deleteTask",
        "Delete a task",
        "Its sessions stay, without a task.",
        responses={200: answer("It is deleted.", DeletedTaskSerializer)},
    ),
)
