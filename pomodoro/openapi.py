"""How the OpenAPI document describes the endpoints of this app."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from focusmaster.openapi.components import ID
from focusmaster.openapi.errors import WRONG_RANGE, error_response, invalid_response
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    message_response,
    request_body,
    request_texts,
    response_example,
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


@extend_schema_serializer(
    description="What focus sessions add up to.",
    examples=response_example(totalFocusTime=18000, totalSessions=12),
)
class TotalsSerializer(serializers.Serializer):
    totalFocusTime = serializers.IntegerField(help_text="Seconds.")
    totalSessions = serializers.IntegerField()


extend_schema_serializer(description="A task in short.", component_name="TaskInShort")(
    SessionTaskField
)
extend_schema_serializer(
    description="A block of focus or rest.",
    examples=response_example(**EXAMPLE),
    extensions=field_texts(
        task="Null for none, or when it was deleted.",
        duration="Seconds; less than from start to end when the timer was paused.",
        tag="The category of its task.",
        completed="A completed focus session is worth 10 points to you and one of "
        "`completedPomodoros` to its task.",
    )
    | request_texts(
        task="The id of a task of your own.",
        startTime="At most 24 hours from now.",
        endTime="Not before `startTime`, and at most 24 hours from now.",
        duration="Seconds. A new session may leave it out when it has an `endTime`. A "
        "change of a time without it moves it along where it was the difference of the "
        "two, and else keeps it, at most their difference.",
        completed={"default": True},
    ),
)(SessionSerializer)

extend_view(
    SessionViewSet,
    list=extend_schema(
        operation_id="listSessions",
        summary="List the sessions",
        description="Newest first; without parameters, all of them. A session belongs "
        "to the day on which it starts.",
        responses={
            200: OpenApiResponse(SessionSerializer(many=True), "The sessions."),
            400: WRONG_RANGE,
            404: error_response(
                "The `task` is no id.", ("not_found", "Resource not found")
            ),
        },
    ),
    create=extend_schema(
        operation_id="createSession",
        summary="Log a session",
        description="A block that is posted again with a `mood` is not counted twice: "
        "when it overlaps a session of the same type, task and duration that has no "
        "mood yet, that one gets the mood.",
        request=request_body(
            SessionSerializer,
            type="focus",
            startTime="2026-02-02T10:00:00Z",
            endTime="2026-02-02T10:25:00Z",
            duration=1500,
            task=TASK_ID,
            mood="focused",
        ),
        responses={
            200: OpenApiResponse(
                SessionSerializer, "An earlier one, which got the mood."
            ),
            201: OpenApiResponse(SessionSerializer, "The new session."),
            400: invalid_response(
                "startTime", "give a time zone, as in 2026-02-02T10:00:00Z"
            ),
        },
    ),
    retrieve=extend_schema(
        operation_id="getSession",
        summary="Read a session",
        description="One of your own.",
        responses={200: OpenApiResponse(SessionSerializer, "The session.")},
    ),
    partial_update=extend_schema(
        operation_id="updateSession",
        summary="Change a session",
        description="Takes any of the fields; what is left out stays. Points and "
        "`completedPomodoros` follow.",
        request=request_body(
            SessionSerializer(partial=True), mood="happy", duration=1800
        ),
        responses={
            200: OpenApiResponse(SessionSerializer, "The session as it is now."),
            400: invalid_response("endTime", "it must not be before startTime"),
        },
    ),
    destroy=extend_schema(
        operation_id="deleteSession",
        summary="Delete a session",
        description="What it was worth goes with it.",
        responses={
            200: message_response("It is deleted.", "Session deleted successfully")
        },
    ),
    stats=extend_schema(
        operation_id="getSessionStats",
        summary="Add up the focus sessions",
        description="Without parameters, all of them.",
        responses={
            200: OpenApiResponse(TotalsSerializer, "Their totals."),
            400: invalid_response("range", "give either a range or from and to"),
        },
    ),
)
