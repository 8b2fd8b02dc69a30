"""How the OpenAPI document describes the calls of this app."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from focusmaster.openapi.components import ID
from focusmaster.openapi.texts import (
    PERIOD,
    Call,
    MessageSerializer,
    answer,
    body,
    describe,
    document,
    invalid,
    refusal,
)
from pomodoro.serializers import SessionSerializer, SessionTaskField
from pomodoro.views import SessionViewSet

TASK_ID = "507f1f77bcf86cd799439012"
EXAMPLE = {
    "_id": "507f1f77bcf86cd799439013",
    "user": "507f1f77bcf86cd799439011",
    "task": {"_id": TASK_ID, "title": "Write documentation"},
    "type": "focus",
    "startTime": "2026-02-02T10:00:00Z",
    "endTime": "2026-02-02T10:25:00Z",
    "duration": 1500,
    "mood": "focused",
    "tag": "Work",
    "completed": True,
    "createdAt": "2026-02-02T10:25:00.318Z",
    "updatedAt": "2026-02-02T10:25:00.318Z",
}


class SessionTaskExtension(OpenApiSerializerFieldExtension):
    """An id on the way in, an object on the way out."""

    target_class = "pomodoro.serializers.SessionTaskField"

    def map_serializer_field(self, auto_schema, direction):
        if direction == "request":
            return ID
        return auto_schema.resolve_serializer(self.target, direction).ref


class TotalsSerializer(serializers.Serializer):
    totalFocusTime = serializers.IntegerField()
    totalSessions = serializers.IntegerField()


describe(SessionTaskField, "A task in short.", name="TaskInShort")
describe(
    SessionSerializer,
    "A block of focus or rest.",
    example=EXAMPLE,
    fields={
        "task": "Null for none, or when it was deleted.",
        "duration": "Seconds; less than from start to end when the timer was paused.",
        "tag": "The category of its task.",
        "completed": "A completed focus session is worth 10 points to you and one of "
        "`completedPomodoros` to its task.",
    },
    given={
        "task": "The id of a task of your own.",
        "startTime": "At most 24 hours from now.",
        "endTime": "Not before `startTime`.",
        "duration": "Seconds. A new session may leave it out when it has an `endTime`.",
        "completed": {"default": True},
    },
)
describe(
    TotalsSerializer,
    "What focus sessions add up to.",
    name="Totals",
    example={"totalFocusTime": 18000, "totalSessions": 12},
    fields={"totalFocusTime": "Seconds."},
)

FILTERS = [
    OpenApiParameter("type", {"$ref": "#/components/schemas/SessionType"}),
    OpenApiParameter("mood", {"$ref": "#/components/schemas/Mood"}),
    OpenApiParameter("task", ID, description="Only sessions on this task."),
]

document(
    SessionViewSet,
    "Sessions",
    list=Call(
        "listSessions",
        "List the sessions",
        "Newest first; without parameters, all of them. A session belongs "
        "to the day on which it starts.",
        parameters=[*PERIOD, *FILTERS],
        responses={
            200: answer("The sessions.", SessionSerializer(many=True)),
            400: invalid("range", "give one of: today, week, month"),
            404: refusal("The `task` is no id.", not_found="Resource not found"),
        },
    ),
    create=Call(
        "createSession",
        "Log a session",
        "A block that is posted again with a `mood` is not counted twice: "
        "when it overlaps a session of the same type, task and duration that has no "
        "mood yet, that one gets the mood.",
        request=body(
            SessionSerializer,
            {
                "type": "focus",
                "startTime": "2026-02-02T10:00:00Z",
                "endTime": "2026-02-02T10:25:00Z",
                "duration": 1500,
                "task": TASK_ID,
                "mood": "focused",
            },
        ),
        responses={
            200: answer("An earlier one, which got the mood.", SessionSerializer),
            201: answer("The new session.", SessionSerializer),
            400: invalid("startTime", "give a time zone, as in 2026-02-02T10:00:00Z"),
        },
    ),
    retrieve=Call(
        "getSession",
        "Read a session",
        "One of your own.",
        responses={200: answer("The session.", SessionSerializer)},
    ),
    partial_update=Call(
        "updateSession",
        "Change a session",
        "Takes any of the fields; what is left out stays. Points and "
        "`completedPomodoros` follow.",
        request=body(
            SessionSerializer(partial=True), {"mood": "happy", "duration": 1800}
        ),
        responses={
            200: answer(
                "The session as it is now.",
                SessionSerializer,
            ),
            400: invalid("endTime", "it must not be before startTime"),
        },
    ),
    destroy=Call(
        "deleteSession",
        "Delete a session",
        "What it was worth goes with it.",
        responses={
            200: answer(
                "It is deleted.",
                MessageSerializer,
                {"message": "Session deleted successfully"},
            )
        },
    ),
    stats=Call(
        "getSessionStats",
        "Add up the focus sessions",
        "Without parameters, all of them.",
        parameters=PERIOD,
        responses={
            200: answer("Their totals.", TotalsSerializer),
            400: invalid("range", "give either a range or from and to"),
        },
    ),
)
